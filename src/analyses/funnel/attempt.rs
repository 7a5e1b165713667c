//! How far a lead got: its attempts, and the chains of events they are made of.

use super::plan::MAX_STEPS;
use crate::journeys::DayMoment;

/// How far an attempt got: steps done as bits, and the position in `seen` of the event of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) done: u32,
    pub(super) path: [u32; MAX_STEPS],
    /// The event by which each step was first reached, in any attempt.
    pub(super) reached: [u32; MAX_STEPS],
}

/// What became of one lead.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// None if it never entered; several for `totals`.
    pub(super) attempts: Vec<Attempt>,
    /// An entry's window is not over at the end of observation.
    pub(super) immature: Option<i64>,
    /// Starts of attempts before outcomes were recorded, one unless every attempt counts.
    pub(super) early: Vec<i64>,
    /// An exclusion took the lead out.
    pub(super) removed: bool,
}

impl Walked {
    pub(super) fn clear(&mut self) {
        self.attempts.clear();
        self.early.clear();
        (self.immature, self.removed) = (None, false);
    }
}

/// Events of which each is the next step of the one before.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepChain {
    pub(super) start: DayMoment,
    pub(super) at: DayMoment,
    pub(super) seq: u32,
    pub(super) path: [u32; MAX_STEPS],
}
