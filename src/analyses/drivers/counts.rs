//! Counts of leads that reached a step, and of those with each property.

use super::at_risk::AtRisk;
use super::dependence::Gathering;
use super::exposure::Stays;

/// Counts per step: leads and how many went on, in all and with each property.
#[derive(Clone)]
pub(super) struct PropertyCounts {
    pub(super) all: (u64, u64),
    pub(super) with: Vec<(u64, u64)>,
    /// The same by account, if accounts are declared.
    pub(super) gathering: Option<Gathering>,
    /// How long leads were at the step, and what they did there.
    pub(super) stays: Stays,
}

impl PropertyCounts {
    /// A lead, and whether it went on.
    pub(super) fn begin(&mut self, account: Option<u64>, went_on: bool) {
        self.all = (self.all.0 + 1, self.all.1 + u64::from(went_on));
        if let (Some(gathering), Some(account)) = (&mut self.gathering, account) {
            gathering.begin(account, went_on);
        }
    }

    /// A property of that lead.
    pub(super) fn add(&mut self, place: usize, went_on: bool) {
        if let Some(c) = self.with.get_mut(place) {
            *c = (c.0 + 1, c.1 + u64::from(went_on));
        }
        if let Some(gathering) = &mut self.gathering {
            gathering.add(place, went_on);
        }
    }
}

/// A step, and the next one that is not optional.
pub(super) struct StepPair<'a> {
    pub(super) step: usize,
    pub(super) next: usize,
    pub(super) at_risk: AtRisk<'a>,
}
