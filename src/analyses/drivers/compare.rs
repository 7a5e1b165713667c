//! Two groups of a funnel side by side.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::analyses::funnel::{Funnel, FunnelGroup, depend};
use crate::error::{Error, Result};
use crate::math::{HitsOfRows, RateComparison, compare_clustered, compare_rates};
use crate::schema::named;

/// One step of two groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepComparison {
    /// Name of the step.
    pub step: String,
    /// Leads of the first group at step 1, and here.
    pub first: (u64, u64),
    /// Leads of the second group at step 1, and here.
    pub second: (u64, u64),
    /// Shares of step 1 compared.
    pub of_first: RateComparison,
}

impl Funnel {
    /// Compares two values of the breakdown: the share of step 1 at each later step, with Newcombe's interval of the
    /// difference and the test of equal rates; both clustered by account where accounts are declared, and by
    /// lead where one can count more than once.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] without a breakdown, [`Error::UnknownName`] for a value that it does not have.
    pub fn compare(&self, first: &str, second: &str, confidence: f64) -> Result<Vec<StepComparison>> {
        if self.spec.by.is_none() {
            return Err(Error::option("compare", "the funnel has no breakdown; set by="));
        }
        if !(confidence > 0.0 && confidence < 1.0) {
            return Err(Error::option("confidence", format!("must be between 0 and 1, not {confidence}")));
        }
        let group = |value: &str| {
            let known: Vec<&str> = self.groups.iter().map(|g| g.value.as_str()).collect();
            let found = named(value, &known).and_then(|at| self.groups.get(at));
            found.ok_or_else(|| Error::unknown("group", value, known))
        };
        let (a, b) = (group(first)?, group(second)?);
        let entered = |steps: &[crate::analyses::funnel::FunnelStep]| steps.first().map_or(0, |s| s.leads);
        let (n1, n2) = (entered(&a.steps), entered(&b.steps));
        let steps = a.steps.iter().zip(&b.steps).enumerate().skip(1);
        Ok(steps
            .map(|(k, (s, t))| StepComparison {
                step: s.step.clone(),
                first: (n1, s.leads),
                second: (n2, t.leads),
                of_first: compare_groups((a, b), (k, 0), confidence),
            })
            .collect())
    }
}

/// Of two groups the shares of those at step `of` that did step `k`, compared.
pub(super) fn compare_groups(
    (a, b): (&FunnelGroup, &FunnelGroup),
    (k, of): (usize, usize),
    confidence: f64,
) -> RateComparison {
    let counts = beside(a, b, k, of);
    if depend(counts.iter().map(|(a, b)| (a.0 + b.0, a.1 + b.1))) {
        return compare_clustered(&counts, confidence);
    }
    let at = |group: &FunnelGroup, step: usize| group.steps.get(step).map_or(0, |s| s.leads);
    compare_rates((at(a, k), at(a, of)), (at(b, k), at(b, of)), confidence)
}

/// Leads that did step `of`, and how many of them did step `k`, for two groups, by account or lead.
fn beside(a: &FunnelGroup, b: &FunnelGroup, k: usize, of: usize) -> Vec<(HitsOfRows, HitsOfRows)> {
    let mut both: BTreeMap<u64, (HitsOfRows, HitsOfRows)> = BTreeMap::new();
    let at = |counts: &[u64]| (counts.get(k).copied().unwrap_or(0), counts.get(of).copied().unwrap_or(0));
    a.clusters.each().for_each(|(cluster, counts)| both.entry(cluster).or_default().0 = at(counts));
    b.clusters.each().for_each(|(cluster, counts)| both.entry(cluster).or_default().1 = at(counts));
    both.into_values().filter(|(a, b)| a.1 + b.1 > 0).collect()
}
