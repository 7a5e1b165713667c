//! An attribution as computed.

use serde::{Deserialize, Serialize};

use super::spec::AttributionSpec;
use super::spend::UnitCosts;
use crate::math::quantile_sorted;

/// A 95 % range over bootstrap samples of leads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// 2.5th percentile.
    pub low: f64,
    /// 97.5th percentile.
    pub high: f64,
}

pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<Range> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| Range { low: quantile_sorted(&sorted, 0.025), high: quantile_sorted(&sorted, 0.975) })
}

/// What one channel is given credit for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Credit {
    /// The channel; `(missing)` for touches without one, `(unattributed)` for conversions without a touch.
    pub channel: String,
    /// Touches in paths.
    pub touches: u64,
    /// Paths with at least one.
    pub paths: u64,
    /// Conversions credited to the channel.
    pub conversions: f64,
    /// Their range over bootstrap samples.
    pub conversions_range: Option<Range>,
    /// Value of the credited conversions.
    pub value: f64,
    /// Its range.
    pub value_range: Option<Range>,
    /// Share of all conversions.
    pub share: f64,
    /// For Markov chains: the share of conversions that would be lost without the channel.
    pub removal_effect: Option<f64>,
}

/// The credits of one method; they add up to all conversions (but for `shapley_exact`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodCredits {
    /// The method.
    pub method: String,
    /// For Markov chains: the chance of converting, which is the share of paths that did.
    pub chance: Option<f64>,
    /// One row per channel, most credit first.
    pub credits: Vec<Credit>,
}

/// An attribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// The options of the analysis.
    pub spec: AttributionSpec,
    /// One entry per method.
    pub methods: Vec<MethodCredits>,
    /// Number of conversions.
    pub conversions: u64,
    /// Their value.
    pub value: f64,
    /// Conversions whose value is known; if none is, nothing has a value.
    pub valued: u64,
    /// Conversions without a touch.
    pub unattributed: u64,
    /// Paths that did not convert.
    pub null_paths: u64,
    /// Leads left out because they started before outcomes were recorded.
    pub before_outcomes: u64,
    /// What to know when reading it.
    pub remarks: Vec<String>,
    /// Unit costs, where spend was given.
    pub costs: Option<UnitCosts>,
}
