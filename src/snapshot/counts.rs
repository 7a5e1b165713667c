//! Counts of the rows of a snapshot and of its exclusions.

use crate::counted::counted;
use serde::{Deserialize, Serialize};

/// Counts of (lead, cutoff) pairs, and why some were excluded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnapshotCounts {
    /// Leads of the journeys.
    pub leads: usize,
    /// Pairs that the cutoff rule names.
    pub candidates: usize,
    /// Rows of a table of cutoffs that repeat another.
    pub repeated: usize,
    /// Leads that never reach the stage or event of an `at=` rule, or are not in the table of cutoffs.
    pub without_cutoff: usize,
    /// Pairs outside `since=` and `until=`.
    pub outside_period: usize,
    /// Pairs before the lead was created.
    pub not_created: usize,
    /// Pairs at which the target was reached already.
    pub already_target: usize,
    /// Pairs at which the lead was closed as won (for another target than won).
    pub closed_won: usize,
    /// Pairs at which the lead was closed as lost.
    pub closed_lost: usize,
    /// Pairs older than `by_age=`.
    pub past_age: usize,
    /// Pairs after the end of observation, of rules other than `as_of=`.
    pub not_observed: usize,
    /// Pairs whose label window starts before `outcomes_from`.
    pub before_outcomes: usize,
    /// Pairs whose label window is not over at the end of observation.
    pub immature: usize,
    /// Pairs at ages that are rarely observed for a whole label window, if other rows stand in for immature ones.
    pub unobserved_ages: usize,
    /// Leads whose outcome is not known, for tables with an outcome column.
    pub without_outcome: usize,
    /// Leads whose outcome is known, if only open ones were requested.
    pub with_outcome: usize,
    /// Rows of the snapshot.
    pub rows: usize,
    /// Leads that have a row.
    pub leads_with_rows: usize,
    /// Positive rows.
    pub positives: usize,
    /// Leads with a positive row.
    pub positive_leads: usize,
    /// Largest weight of a row.
    pub largest_weight: f64,
    /// Effective number of rows: (Σw)²/Σw².
    pub effective_rows: f64,
}

impl SnapshotCounts {
    /// Reasons and counts of excluded pairs that are not zero.
    #[must_use]
    pub fn excluded(&self) -> Vec<(&'static str, usize)> {
        [
            ("repeated cutoff", self.repeated),
            ("no cutoff", self.without_cutoff),
            ("outside since= and until=", self.outside_period),
            ("not created yet", self.not_created),
            ("target already reached", self.already_target),
            ("closed as won", self.closed_won),
            ("closed as lost", self.closed_lost),
            ("older than by_age=", self.past_age),
            ("after the end of observation", self.not_observed),
            ("before outcomes_from", self.before_outcomes),
            ("immature", self.immature),
            ("at ages rarely observed for the whole window", self.unobserved_ages),
            ("outcome missing", self.without_outcome),
            ("outcome known", self.with_outcome),
        ]
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .collect()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.candidates += other.candidates;
        self.without_cutoff += other.without_cutoff;
        self.outside_period += other.outside_period;
        self.not_created += other.not_created;
        self.already_target += other.already_target;
        self.closed_won += other.closed_won;
        self.closed_lost += other.closed_lost;
        self.past_age += other.past_age;
        self.not_observed += other.not_observed;
        self.before_outcomes += other.before_outcomes;
        self.immature += other.immature;
    }

    /// Why no rows are left: the exclusions with their reasons, on one line.
    #[must_use]
    pub fn why(&self) -> String {
        let parts: Vec<String> = self.excluded().iter().map(|(what, n)| format!("{n} {what}")).collect();
        let excluded = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        let pairs = counted(self.candidates, "candidate", "candidates");
        format!("no rows are left of {pairs} (leads at cutoffs){excluded}")
    }
}
