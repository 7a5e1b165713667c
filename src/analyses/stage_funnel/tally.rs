//! The counts of a stage funnel: they can be merged, saved, and turned into a result.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::counts::{CycleCounts, Frame};
use super::result::{StageFunnel, StageGroup};
use super::spec::{StageFunnelSpec, win_rate_of};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::progress::Task;
use crate::query::{before_outcomes_remark, immature_remark, open_remark};
use crate::schema::ALL;

/// Leads and cycles that are left out, or of note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted {
    pub(super) leads: u64,
    pub(super) recycled: u64,
    pub(super) regressions: u64,
    pub(super) reopened: u64,
    pub(super) no_start: u64,
    pub(super) immature: u64,
    pub(super) before_outcomes: u64,
    /// Leads closed before the creation that is the first stage.
    pub(super) ended_before: u64,
    /// Wins of cycles that were won before.
    pub(super) more_wins: u64,
    /// Deals whose win was taken back.
    pub(super) reversed: u64,
}

impl Noted {
    fn add(&mut self, later: &Self) {
        for (mine, theirs) in [
            (&mut self.leads, later.leads),
            (&mut self.recycled, later.recycled),
            (&mut self.regressions, later.regressions),
            (&mut self.reopened, later.reopened),
            (&mut self.no_start, later.no_start),
            (&mut self.reversed, later.reversed),
            (&mut self.immature, later.immature),
            (&mut self.before_outcomes, later.before_outcomes),
            (&mut self.ended_before, later.ended_before),
            (&mut self.more_wins, later.more_wins),
        ] {
            *mine += theirs;
        }
    }
}

/// Counts of a pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PassTally<K: Ord> {
    pub(super) all: CycleCounts,
    pub(super) groups: BTreeMap<K, CycleCounts>,
    pub(super) noted: Noted,
}

impl<K: Ord> PassTally<K> {
    pub(super) fn new(stages: usize) -> Self {
        Self { all: CycleCounts::new(stages), groups: BTreeMap::new(), noted: Noted::default() }
    }

    /// Counts of a group, if there are groups, and of all.
    pub(super) fn of(&mut self, group: Option<K>, stages: usize) -> impl Iterator<Item = &mut CycleCounts> {
        let group = group.map(|g| self.groups.entry(g).or_insert_with(|| CycleCounts::new(stages)));
        std::iter::once(&mut self.all).chain(group)
    }

    pub(super) fn join(mut self, later: Self) -> Self {
        self.all.join(later.all);
        for (key, counts) in later.groups {
            self.groups.entry(key).or_insert_with(|| CycleCounts::new(0)).join(counts);
        }
        self.noted.add(&later.noted);
        self
    }

    pub(super) fn named<N: Ord>(self, name: impl Fn(K) -> N) -> PassTally<N> {
        let mut groups = BTreeMap::<N, CycleCounts>::new();
        for (key, counts) in self.groups {
            groups.entry(name(key)).or_insert_with(|| CycleCounts::new(0)).join(counts);
        }
        PassTally { groups, all: self.all, noted: self.noted }.settled()
    }

    /// The same with clusters in order.
    fn settled(mut self) -> Self {
        self.all.settle();
        self.groups.values_mut().for_each(CycleCounts::settle);
        self
    }
}

/// Counts over some leads: serialisable, mergeable with the counts of other leads, and turned into a [`StageFunnel`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTally {
    pub(super) spec: StageFunnelSpec,
    pub(super) names: Vec<String>,
    /// Whether a lead can be lost: a stage is declared as lost.
    pub(super) can_lose: bool,
    /// Whether accounts are declared.
    pub(super) accounts: bool,
    /// Period in which observation ends.
    pub(super) last_day: i64,
    pub(super) part: PassTally<String>,
}

impl StageTally {
    /// The counts of both. Leads must not be in both.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are of different questions.
    pub fn merge(self, later: Self) -> Result<Self> {
        if (&self.spec, &self.names, self.can_lose) != (&later.spec, &later.names, later.can_lose) {
            return Err(Error::option("tally", "the counts belong to different stage funnels"));
        }
        let last_day = self.last_day.max(later.last_day);
        let accounts = self.accounts || later.accounts;
        Ok(Self { part: self.part.join(later.part).settled(), accounts, last_day, ..self })
    }

    /// The stage funnel.
    ///
    /// # Errors
    /// As [`crate::survival::RiskTable::new`]; [`Error::Interrupted`].
    pub fn finish(self, task: &Task) -> Result<StageFunnel> {
        let Self { spec, names, can_lose, accounts, last_day, part } = self;
        let frame = Frame { names: &names, can_lose, accounts, period: spec.period, last_day };
        let all = part.all.finish(ALL, &frame)?;
        let group = |(value, counts): (&String, &CycleCounts)| {
            task.check()?;
            counts.finish(value, &frame)
        };
        let mut groups: Vec<StageGroup> = part.groups.par_iter().map(group).collect::<Result<_>>()?;
        groups.sort_by(|a, b| b.cycles.cmp(&a.cycles).then_with(|| a.value.cmp(&b.value)));
        let n = part.noted;
        let few = part.all.started.clusters.few(if accounts { "accounts" } else { "leads" });
        let mut remarks = remarks(&n, &all);
        remarks.extend(few);
        Ok(StageFunnel {
            win_rate_of: win_rate_of(&spec, can_lose),
            all,
            groups,
            can_lose,
            leads: n.leads,
            recycled: n.recycled,
            regressions: n.regressions,
            reopened: n.reopened,
            no_start: n.no_start,
            immature: n.immature,
            before_outcomes: n.before_outcomes,
            ended_before: n.ended_before,
            more_wins: n.more_wins,
            remarks,
            spec,
        })
    }
}

/// Remarks on exclusions and assumptions.
fn remarks(n: &Noted, all: &StageGroup) -> Vec<String> {
    let mut remarks: Vec<String> = [
        open_remark(all.velocity.open_now, "cycle is", "cycles are"),
        immature_remark(n.immature, "cycle started", "cycles started"),
        before_outcomes_remark(n.before_outcomes, "cycle started", "cycles started"),
    ]
    .into_iter()
    .flatten()
    .collect();
    for (n, one, more) in [
        (n.no_start, "lead never entered the pipeline", "leads never entered the pipeline"),
        (
            n.ended_before,
            "lead was won or lost before it was created and is left out",
            "leads were won or lost before they were created and are left out",
        ),
        (n.recycled, "cycle belongs to a recycled lead", "cycles belong to recycled leads"),
        (n.regressions, "move to an earlier stage", "moves to an earlier stage"),
        (n.reopened, "cycle was re-opened after a loss", "cycles were re-opened after a loss"),
        (
            n.reversed,
            "deal was won and later lost or re-opened; its first win counts",
            "deals were won and later lost or re-opened; their first win counts",
        ),
        (
            n.more_wins,
            "repeated win of a lead is not counted; set recycle_after= to count it as a new cycle",
            "repeated wins of leads are not counted; set recycle_after= to count them as new cycles",
        ),
    ] {
        if n > 0 {
            remarks.push(counted(n, one, more));
        }
    }
    remarks
}
