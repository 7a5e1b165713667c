//! A funnel as counted.

use serde::{Deserialize, Serialize};

use super::spec::FunnelSpec;
use crate::math::{Interval, quantile_sorted};
use crate::query::ClusterCounts;
use crate::time::DAY;

/// How times are spread, in days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub n: u64,
    /// Mean time.
    pub mean: f64,
    /// Tenth percentile.
    pub p10: f64,
    /// First quartile.
    pub p25: f64,
    /// Median time.
    pub median: f64,
    /// Third quartile.
    pub p75: f64,
    /// Ninetieth percentile.
    pub p90: f64,
}

impl Spread {
    /// Spread of times in microseconds; NaN without times.
    #[must_use]
    pub fn of(mut micros: Vec<i64>) -> Self {
        micros.sort_unstable();
        let total: i128 = micros.iter().map(|t| i128::from(*t)).sum();
        let days: Vec<f64> = micros.iter().map(|t| *t as f64 / DAY as f64).collect();
        let at = |q: f64| quantile_sorted(&days, q);
        let n = days.len();
        let mean = if n == 0 { f64::NAN } else { total as f64 / n as f64 / DAY as f64 };
        Self { n: n as u64, mean, p10: at(0.1), p25: at(0.25), median: at(0.5), p75: at(0.75), p90: at(0.9) }
    }
}

/// Times to a step, of the leads that did it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepTimes {
    /// Since the step done before it.
    pub from_previous: Spread,
    /// Since step 1.
    pub from_first: Spread,
}

/// One step of a funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelStep {
    /// Its name; `any 2 of 3` where steps have no order.
    pub step: String,
    /// Whether it may be passed over.
    pub optional: bool,
    /// Leads that did it (attempts, with `totals`).
    pub leads: u64,
    /// Share of the leads of step 1.
    pub of_first: f64,
    /// Wilson's 95 % interval of that share; for the effective number where leads have accounts or each attempt counts.
    pub of_first_interval: Interval,
    /// Share of the leads of the last step before it that is not optional.
    pub of_previous: f64,
    /// Wilson's 95 % interval of that share; for the effective number where leads have accounts or each attempt counts.
    pub of_previous_interval: Interval,
    /// Times to it; `None` for step 1, or if they were not asked for.
    pub times: Option<StepTimes>,
}

/// The funnel of one value of the breakdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelGroup {
    /// The value; `(missing)` where leads have none.
    pub value: String,
    /// Its steps.
    pub steps: Vec<FunnelStep>,
    /// By calendar period of entry, if asked for. Entrants that are left out have a value where it is one of a lead field.
    pub periods: Vec<FunnelPeriod>,
    /// Leads that did each step by account, if accounts are declared; by lead where one can count more than once.
    #[serde(skip)]
    pub(crate) clusters: ClusterCounts,
}

/// The funnel of the leads that entered in one calendar period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelPeriod {
    /// First day of the period, local day number (0 is 1970-01-01).
    pub start_day: i64,
    /// Leads per step.
    pub leads: Vec<u64>,
    /// 95 % intervals of their shares of step 1.
    pub of_first_intervals: Vec<Interval>,
    /// Entrants that are left out because their window is not over.
    pub immature: u64,
    /// Entrants that are left out because outcomes were not recorded yet.
    pub before_outcomes: u64,
}

/// How many leads got how far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Funnel {
    /// The options of the analysis.
    pub spec: FunnelSpec,
    /// All leads.
    pub steps: Vec<FunnelStep>,
    /// One funnel per value of the breakdown; most leads first.
    pub groups: Vec<FunnelGroup>,
    /// One funnel per calendar period of entry, if asked for; they add up to all entrants.
    pub periods: Vec<FunnelPeriod>,
    /// Entrants whose window was not over at the end of observation; they are left out.
    pub immature: u64,
    /// Entrants that are left out because they entered before outcomes were recorded.
    pub before_outcomes: u64,
    /// Leads that never entered.
    pub never_entered: u64,
    /// Leads that an exclusion took out.
    pub removed: u64,
    /// Remarks on exclusions and assumptions.
    pub remarks: Vec<String>,
    /// Leads that did each step by account, if accounts are declared; by lead where one can count more than once.
    #[serde(skip)]
    pub(crate) clusters: ClusterCounts,
}
