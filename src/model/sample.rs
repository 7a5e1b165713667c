//! Which leads a model was trained on, as a sample of hashes: enough to see that it is evaluated on them.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The leads whose hashes are the smallest: of any leads, those with hashes up to the largest here are a random sample, and
/// so is what they share with the leads of the training.
///
/// A. Broder, "On the resemblance and containment of documents", 1997.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeadSample {
    /// Ascending; all of them, if there are fewer than [`LeadSample::SIZE`].
    pub hashes: Vec<u64>,
    /// End of the last label window; none without times.
    pub outcomes_until: Option<Timestamp>,
}

impl LeadSample {
    /// Most hashes.
    pub const SIZE: usize = 256;

    /// A sample of leads, given by their hashes.
    #[must_use]
    pub fn new(mut hashes: Vec<u64>, outcomes_until: Option<Timestamp>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        hashes.truncate(Self::SIZE);
        Self { hashes, outcomes_until }
    }

    /// Share of leads that were trained on. `leads` are hashes of all leads, `exposed` of those looked at before the end of
    /// the last label window of the training: others are known by their earlier life only, as in practice.
    #[must_use]
    pub fn share(&self, leads: &[u64], exposed: &[u64]) -> f64 {
        let limit = if self.hashes.len() < Self::SIZE { None } else { self.hashes.last() };
        let sampled = leads.iter().filter(|h| limit.is_none_or(|limit| *h <= limit)).count();
        let found = exposed.iter().filter(|h| self.hashes.binary_search(h).is_ok()).count();
        if sampled == 0 { 0.0 } else { found as f64 / sampled as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look drawn.
    fn hashes(from: u64, to: u64) -> Vec<u64> {
        (from..to).map(|i| (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16).collect()
    }

    #[test]
    fn shares_are_estimated() {
        let sample = LeadSample::new(hashes(0, 10_000), None);
        assert_eq!(sample.hashes.len(), LeadSample::SIZE);
        let share = |leads: &[u64]| sample.share(leads, leads);
        assert_eq!(share(&hashes(0, 10_000)), 1.0);
        assert_eq!(share(&hashes(10_000, 20_000)), 0.0);
        assert!((share(&hashes(5_000, 15_000)) - 0.5).abs() < 0.1);
        let few = LeadSample::new(hashes(0, 20), None);
        assert_eq!(few.share(&hashes(10, 30), &hashes(10, 30)), 0.5);
        // Looked at later only.
        assert_eq!(few.share(&hashes(0, 20), &[]), 0.0);
        assert_eq!(few.share(&[], &[]), 0.0);
    }
}
