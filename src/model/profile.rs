//! How the training rows lie over the values of a feature.

use serde::{Deserialize, Serialize};

use crate::encoding::{Encoder, ValueGroups};

/// The training rows in groups of the values of a feature ([`ValueGroups`]): how many there are, and how many of them are
/// positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where ranges of a number begin, but for the first; empty for a text.
    pub cuts: Vec<f64>,
    /// Mean of a number in each range; empty for a text.
    pub centres: Vec<f64>,
    /// Weight of the rows in each group, the group of missing values last.
    pub weights: Vec<f64>,
    /// Weight of the positive rows among them.
    pub positives: Vec<f64>,
    /// Number of leads with a row in each group.
    pub leads: Vec<u64>,
}

impl Profile {
    /// What is wrong with it as the profile of a feature, if anything is.
    pub(super) fn problem(&self, encoder: &Encoder) -> Option<&'static str> {
        let groups = ValueGroups::of(encoder, &self.cuts);
        let is_number = matches!(groups, ValueGroups::Ranges(_));
        let centres = if is_number { self.cuts.len() + 1 } else { 0 };
        let ascending = self.cuts.is_sorted_by(|a, b| a < b);
        let numbers = || self.cuts.iter().chain(&self.centres).chain(&self.weights).chain(&self.positives);
        let counts = [self.weights.len(), self.positives.len(), self.leads.len()];
        if !is_number && !self.cuts.is_empty() || !ascending || self.centres.len() != centres {
            return Some("cuts or centres");
        }
        if counts.iter().any(|n| *n != groups.count()) || numbers().any(|x| !x.is_finite()) {
            return Some("counts");
        }
        None
    }
}
