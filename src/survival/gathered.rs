//! Spells as a pass gathers them, and leads that have none.

use serde::{Deserialize, Serialize};

use super::risk::Spell;
use crate::journeys::Status;

/// Leads by why they have no spell, or another one than they might.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeftOut {
    pub(super) no_start: u64,
    pub(super) ended_before: u64,
    pub(super) event_after_competing: u64,
    pub(super) before_outcomes: u64,
    pub(super) censored_by_competing: u64,
    /// Deals whose win, which is the target, was taken back.
    pub(super) reversed: u64,
}

impl LeftOut {
    pub(super) fn add(&mut self, other: Self) {
        self.no_start += other.no_start;
        self.ended_before += other.ended_before;
        self.event_after_competing += other.event_after_competing;
        self.before_outcomes += other.before_outcomes;
        self.censored_by_competing += other.censored_by_competing;
        self.reversed += other.reversed;
    }
}

/// What the pass gathers: spells with their groups, in runs that are joined once.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) runs: Vec<Vec<(u32, Spell)>>,
    pub(super) clusters: Vec<Vec<u64>>,
    pub(super) left_out: LeftOut,
    pub(super) log: Vec<(i64, Status)>,
}

impl Gathered {
    pub(super) fn new() -> Self {
        Self { runs: vec![Vec::new()], clusters: vec![Vec::new()], ..Self::default() }
    }

    pub(super) fn push(&mut self, group: u32, spell: Spell, cluster: Option<u64>) {
        if let Some(run) = self.runs.last_mut() {
            run.push((group, spell));
        }
        if let (Some(run), Some(cluster)) = (self.clusters.last_mut(), cluster) {
            run.push(cluster);
        }
    }

    pub(super) fn join(mut self, later: Self) -> Self {
        self.runs.extend(later.runs);
        self.clusters.extend(later.clusters);
        self.left_out.add(later.left_out);
        self
    }
}
