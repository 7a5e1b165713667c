//! Counts over cycles of some leads, and the resulting tables.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::result::{Cohort, FlowRow, StageGroup, StageRow, StageTime, Velocity, WinRow, velocity};
use crate::analyses::funnel::{Spread, share_interval};
use crate::error::Result;
use crate::math::wilson;
use crate::query::ClusterCounts;
use crate::survival::{Curve, RiskTable, Subject, widen_by_account};
use crate::time::{DAY, Period};

/// Cycles that started together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) cycles: u64,
    /// Cycles left out as too young.
    pub(super) immature: u64,
    /// Cycles left out because they started before outcomes were recorded.
    pub(super) before_outcomes: u64,
    /// Per stage: cycles that got exactly so far and are lost, recycled, open, or won.
    pub(super) lost: Vec<u64>,
    pub(super) recycled: Vec<u64>,
    pub(super) open: Vec<u64>,
    pub(super) won: Vec<u64>,
    /// Per stage: cycles that entered it.
    pub(super) entered: Vec<u64>,
    /// Cycles that reached each stage by account where accounts are declared, by lead where one can have several.
    #[serde(default, skip_serializing_if = "ClusterCounts::is_empty")]
    pub(super) clusters: ClusterCounts,
}

impl Started {
    pub(super) fn new(stages: usize) -> Self {
        let zero = vec![0; stages];
        Self {
            cycles: 0,
            immature: 0,
            before_outcomes: 0,
            lost: zero.clone(),
            recycled: zero.clone(),
            open: zero.clone(),
            won: zero.clone(),
            entered: zero,
            clusters: ClusterCounts::default(),
        }
    }

    fn join(&mut self, later: &Self) {
        self.cycles += later.cycles;
        self.immature += later.immature;
        self.before_outcomes += later.before_outcomes;
        for (mine, theirs) in [
            (&mut self.lost, &later.lost),
            (&mut self.recycled, &later.recycled),
            (&mut self.open, &later.open),
            (&mut self.won, &later.won),
            (&mut self.entered, &later.entered),
        ] {
            mine.resize(mine.len().max(theirs.len()), 0);
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
        self.clusters.join(&later.clusters);
    }

    fn rows(&self, names: &[String]) -> Vec<StageRow> {
        let of = |v: &[u64], k: usize| v.get(k).copied().unwrap_or(0);
        let reached: Vec<u64> = (0..names.len())
            .map(|k| {
                let ends = [&self.lost, &self.recycled, &self.open, &self.won];
                (k..names.len()).map(|j| ends.map(|list| of(list, j)).iter().sum::<u64>()).sum()
            })
            .collect();
        let first = of(&reached, 0);
        names
            .iter()
            .enumerate()
            .map(|(k, stage)| {
                let here = of(&reached, k);
                let before = k.saturating_sub(1);
                let previous = of(&reached, before);
                let share = |n: u64| if n == 0 { f64::NAN } else { here as f64 / n as f64 };
                StageRow {
                    stage: stage.clone(),
                    reached: here,
                    entered: of(&self.entered, k),
                    skipped: here.saturating_sub(of(&self.entered, k)),
                    moved_on: of(&reached, k + 1),
                    lost: of(&self.lost, k),
                    recycled: of(&self.recycled, k),
                    open: of(&self.open, k),
                    won: of(&self.won, k),
                    of_first: share(first),
                    of_first_interval: share_interval((here, first), &self.clusters, k, 0),
                    of_previous: share(previous),
                    of_previous_interval: share_interval((here, previous), &self.clusters, k, before),
                }
            })
            .collect()
    }
}

/// What happened in one period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Flow {
    /// Per stage: visits that began, and that ended forward, back, lost, or with a new cycle.
    pub(super) entered: Vec<u64>,
    pub(super) forward: Vec<u64>,
    pub(super) back: Vec<u64>,
    pub(super) lost: Vec<u64>,
    pub(super) recycled: Vec<u64>,
    /// Opportunities won and lost in it, and the value won.
    pub(super) cycles_won: u64,
    pub(super) cycles_lost: u64,
    pub(super) value: f64,
    /// Wins whose value is known.
    pub(super) values_known: u64,
    /// Cycles won and closed by account, or lead.
    #[serde(default, skip_serializing_if = "ClusterCounts::is_empty")]
    pub(super) clusters: ClusterCounts,
}

impl Flow {
    pub(super) fn new(stages: usize) -> Self {
        let zero = vec![0; stages];
        let (entered, forward, back, lost) = (zero.clone(), zero.clone(), zero.clone(), zero.clone());
        Self { entered, forward, back, lost, recycled: zero, ..Self::default() }
    }

    fn join(&mut self, later: &Self) {
        for (mine, theirs) in [
            (&mut self.entered, &later.entered),
            (&mut self.forward, &later.forward),
            (&mut self.back, &later.back),
            (&mut self.lost, &later.lost),
            (&mut self.recycled, &later.recycled),
        ] {
            mine.resize(mine.len().max(theirs.len()), 0);
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
        self.cycles_won += later.cycles_won;
        self.cycles_lost += later.cycles_lost;
        self.value += later.value;
        self.values_known += later.values_known;
        self.clusters.join(&later.clusters);
    }
}

/// Cycles that reached the opportunity's stage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Opportunities {
    pub(super) all: u64,
    /// Open when their time, if it is limited, is over.
    pub(super) open: u64,
    /// Open at the end of observation.
    pub(super) open_now: u64,
    pub(super) won: u64,
    pub(super) lost: u64,
    pub(super) value_won: f64,
    pub(super) values_known: u64,
    /// Days from that stage to the win, for cycles that entered it.
    pub(super) to_win: Vec<f64>,
    /// Cycles won, closed, and all of them by account, or lead.
    #[serde(default, skip_serializing_if = "ClusterCounts::is_empty")]
    pub(super) clusters: ClusterCounts,
}

impl Opportunities {
    fn join(&mut self, later: Self) {
        self.all += later.all;
        self.open += later.open;
        self.open_now += later.open_now;
        self.won += later.won;
        self.lost += later.lost;
        self.value_won += later.value_won;
        self.values_known += later.values_known;
        self.to_win.extend(later.to_win);
        self.clusters.join(&later.clusters);
    }

    /// Where nothing can be lost, all that is closed is won: a rate among closed cycles would be meaningless, so it is
    /// one of all of them, and nothing has a pace.
    fn velocity(&self, can_lose: bool) -> Velocity {
        let of = if can_lose { self.won + self.lost } else { self.all };
        let mean = |v: &[f64]| if v.is_empty() { f64::NAN } else { crate::math::sum(v) / v.len() as f64 };
        let rate = if of == 0 { f64::NAN } else { self.won as f64 / of as f64 };
        let value = if self.values_known == 0 { f64::NAN } else { self.value_won / self.values_known as f64 };
        let days = mean(&self.to_win);
        let pace = if can_lose { velocity(self.open_now as f64, rate, value, days) } else { f64::NAN };
        Velocity {
            opportunities: self.all,
            won: self.won,
            lost: self.lost,
            open: self.open,
            open_now: self.open_now,
            of,
            win_rate: rate,
            win_rate_interval: share_interval((self.won, of), &self.clusters, 0, if can_lose { 1 } else { 2 }),
            value_won: if self.values_known == 0 { f64::NAN } else { self.value_won },
            values_known: self.values_known,
            value,
            days_known: self.to_win.len() as u64,
            cycle_days: days,
            per_day: pace,
        }
    }
}

/// Counts of all leads, or of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CycleCounts {
    pub(super) started: Started,
    pub(super) cohorts: BTreeMap<i64, Started>,
    pub(super) flow: BTreeMap<i64, Flow>,
    /// Per stage: visits in days, whether they ended.
    pub(super) visits: Vec<Vec<Subject>>,
    /// Per stage: the accounts of these visits if accounts are declared, else their leads; visits of one lead follow
    /// each other.
    pub(super) visitors: Vec<Vec<u64>>,
    pub(super) opportunities: Opportunities,
}

/// What all groups of a stage funnel share.
pub(super) struct Frame<'a> {
    pub(super) names: &'a [String],
    pub(super) can_lose: bool,
    /// Whether accounts are declared.
    pub(super) accounts: bool,
    pub(super) period: Period,
    /// Period in which observation ends.
    pub(super) last_day: i64,
}

impl CycleCounts {
    pub(super) fn new(stages: usize) -> Self {
        Self {
            started: Started::new(stages),
            cohorts: BTreeMap::new(),
            flow: BTreeMap::new(),
            visits: vec![Vec::new(); stages],
            visitors: vec![Vec::new(); stages],
            opportunities: Opportunities::default(),
        }
    }

    /// Cycles that started in the period of this first day.
    pub(super) fn cohort(&mut self, day: i64) -> &mut Started {
        let stages = self.visits.len();
        self.cohorts.entry(day).or_insert_with(|| Started::new(stages))
    }

    /// A visit to a stage by a lead of a cluster.
    pub(super) fn visit(&mut self, stage: usize, spell: Subject, cluster: u64) {
        if let (Some(visits), Some(visitors)) = (self.visits.get_mut(stage), self.visitors.get_mut(stage)) {
            visits.push(spell);
            visitors.push(cluster);
        }
    }

    pub(super) fn join(&mut self, later: Self) {
        self.started.join(&later.started);
        later.cohorts.into_iter().for_each(|(k, s)| self.cohorts.entry(k).or_default().join(&s));
        later.flow.into_iter().for_each(|(k, f)| self.flow.entry(k).or_default().join(&f));
        self.visits.resize(self.visits.len().max(later.visits.len()), Vec::new());
        self.visits.iter_mut().zip(later.visits).for_each(|(a, b)| append(a, b));
        self.visitors.resize(self.visitors.len().max(later.visitors.len()), Vec::new());
        self.visitors.iter_mut().zip(later.visitors).for_each(|(a, b)| append(a, b));
        self.opportunities.join(later.opportunities);
    }

    /// Puts clusters in order.
    pub(super) fn settle(&mut self) {
        self.started.clusters.settle();
        self.cohorts.values_mut().for_each(|started| started.clusters.settle());
        self.flow.values_mut().for_each(|flow| flow.clusters.settle());
        self.opportunities.clusters.settle();
    }

    fn stage_time(&self, k: usize, stage: &str, accounts: bool) -> Result<StageTime> {
        let spells = self.visits.get(k).map_or(&[][..], Vec::as_slice);
        let ended = spells.iter().filter(|s| s.end == crate::survival::End::Event);
        let left: Vec<i64> = ended.map(|s| (s.exit * DAY as f64).round() as i64).collect();
        let mut curve = Curve::new(RiskTable::new(spells)?, 0.95);
        // A lead that was here before: its visits are not independent.
        let repeated = |visitors: &&Vec<u64>| accounts || visitors.windows(2).any(|pair| pair.first() == pair.last());
        if let Some(visitors) = self.visitors.get(k).filter(repeated).filter(|_| !spells.is_empty()) {
            widen_by_account(&mut curve, spells, visitors, 0.95);
        }
        Ok(StageTime {
            stage: stage.to_owned(),
            visits: spells.len() as u64,
            still_in: (spells.len() - left.len()) as u64,
            left: Spread::of(left),
            quantiles: [0.25, 0.5, 0.75].map(|q| curve.quantile(q)),
        })
    }

    /// # Errors
    /// As [`RiskTable::new`].
    pub(super) fn finish(&self, value: &str, frame: &Frame<'_>) -> Result<StageGroup> {
        let names = frame.names;
        let cohort = |(day, s): (&i64, &Started)| Cohort {
            start_day: *day,
            cycles: s.cycles,
            open: s.open.iter().sum(),
            immature: s.immature,
            before_outcomes: s.before_outcomes,
            stages: s.rows(names),
        };
        let wins = periods(&self.flow, frame).map(|day| win_row(day, self.flow.get(&day), frame.can_lose)).collect();
        Ok(StageGroup {
            value: value.to_owned(),
            cycles: self.started.cycles,
            stages: self.started.rows(names),
            cohorts: self.cohorts.iter().map(cohort).collect(),
            flow: flow_rows(&self.flow, frame),
            wins,
            times: names
                .par_iter()
                .enumerate()
                .map(|(k, stage)| self.stage_time(k, stage, frame.accounts))
                .collect::<Result<_>>()?,
            velocity: self.opportunities.velocity(frame.can_lose),
        })
    }
}

/// Appends a list; without a copy where there is nothing to append to.
fn append<T>(list: &mut Vec<T>, later: Vec<T>) {
    if list.is_empty() {
        *list = later;
    } else {
        list.extend(later);
    }
}

/// First days of every period from the first with an event to the end of observation, quiet ones included.
fn periods(flow: &BTreeMap<i64, Flow>, frame: &Frame<'_>) -> impl Iterator<Item = i64> + use<> {
    let (period, last) = (frame.period, frame.last_day);
    let first = flow.keys().next().copied();
    std::iter::successors(first, move |day| Some(period.next_day(*day))).take_while(move |day| *day <= last)
}

fn flow_rows(flow: &BTreeMap<i64, Flow>, frame: &Frame<'_>) -> Vec<FlowRow> {
    let names = frame.names;
    let mut stock = vec![0i64; names.len()];
    let mut rows = Vec::new();
    let quiet = Flow::new(names.len());
    for day in periods(flow, frame) {
        let f = flow.get(&day).unwrap_or(&quiet);
        let of = |v: &[u64], k: usize| v.get(k).copied().unwrap_or(0);
        for (k, (stage, stock)) in names.iter().zip(&mut stock).enumerate() {
            let (entered, forward) = (of(&f.entered, k), of(&f.forward, k));
            let (back, lost, recycled) = (of(&f.back, k), of(&f.lost, k), of(&f.recycled, k));
            *stock += entered as i64 - (forward + back + lost + recycled) as i64;
            rows.push(FlowRow {
                start_day: day,
                stage: stage.clone(),
                entered,
                moved_on: forward,
                moved_back: back,
                lost,
                recycled,
                stock: (*stock).max(0) as u64,
            });
        }
    }
    rows
}

fn win_row(day: i64, flow: Option<&Flow>, can_lose: bool) -> WinRow {
    let (won, lost) = flow.map_or((0, 0), |f| (f.cycles_won, f.cycles_lost));
    let closed = if can_lose { won + lost } else { 0 };
    WinRow {
        start_day: day,
        won,
        lost,
        win_rate: if closed == 0 { f64::NAN } else { won as f64 / closed as f64 },
        interval: match flow {
            Some(f) if closed > 0 => share_interval((won, closed), &f.clusters, 0, 1),
            _ => wilson(0, 0, 0.95),
        },
        value: flow.filter(|f| f.values_known > 0).map(|f| f.value),
    }
}
