//! Spells as a pass gathers them, and leads that have none.

use serde::{Deserialize, Serialize};

use crate::journeys::Status;
use crate::survival::Subject;

/// Leads by why they have no spell, or another one than they might.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeadsLeftOut {
    pub(crate) no_start: u64,
    pub(crate) ended_before: u64,
    pub(crate) event_after_competing: u64,
    pub(crate) before_outcomes: u64,
    pub(crate) censored_by_competing: u64,
    /// Deals whose win, which is the target, was taken back.
    pub(crate) reversed: u64,
}

impl LeadsLeftOut {
    pub(crate) fn add(&mut self, other: Self) {
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
pub(crate) struct Gathered {
    pub(crate) runs: Vec<Vec<(u32, Subject)>>,
    pub(crate) clusters: Vec<Vec<u64>>,
    pub(crate) left_out: LeadsLeftOut,
    pub(crate) log: Vec<(i64, Status)>,
}

impl Gathered {
    pub(crate) fn new() -> Self {
        Self { runs: vec![Vec::new()], clusters: vec![Vec::new()], ..Self::default() }
    }

    pub(crate) fn push(&mut self, group: u32, spell: Subject, cluster: Option<u64>) {
        if let Some(run) = self.runs.last_mut() {
            run.push((group, spell));
        }
        if let (Some(run), Some(cluster)) = (self.clusters.last_mut(), cluster) {
            run.push(cluster);
        }
    }

    pub(crate) fn join(mut self, later: Self) -> Self {
        self.runs.extend(later.runs);
        self.clusters.extend(later.clusters);
        self.left_out.add(later.left_out);
        self
    }
}
