//! What a pass over cycles counts: it joins with that of other leads, can be saved, and becomes a stage funnel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pass::StageFunnelSpec;
use super::result::{Cohort, FlowRow, StageFunnel, StageRow, StageTime, Velocity, WinRow, velocity};
use crate::error::{Error, Result};
use crate::funnel::Spread;
use crate::math::wilson;
use crate::survival::{Curve, RiskTable, Spell};
use crate::time::{DAY, Period};

/// Cycles that started together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) cycles: u64,
    /// Cycles left out as too young.
    pub(super) immature: u64,
    /// Per stage: cycles that got exactly so far and are lost, recycled, open, or won.
    pub(super) lost: Vec<u64>,
    pub(super) recycled: Vec<u64>,
    pub(super) open: Vec<u64>,
    pub(super) won: Vec<u64>,
    /// Per stage: cycles that entered it.
    pub(super) entered: Vec<u64>,
}

impl Started {
    pub(super) fn new(stages: usize) -> Self {
        let zero = vec![0; stages];
        Self {
            cycles: 0,
            immature: 0,
            lost: zero.clone(),
            recycled: zero.clone(),
            open: zero.clone(),
            won: zero.clone(),
            entered: zero,
        }
    }

    fn join(&mut self, later: &Self) {
        self.cycles += later.cycles;
        self.immature += later.immature;
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
                let previous = if k == 0 { first } else { of(&reached, k - 1) };
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
                    of_first_interval: wilson(here, first, 0.95),
                    of_previous: share(previous),
                    of_previous_interval: wilson(here, previous, 0.95),
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
    /// Cycles won and lost in it, and the value won.
    pub(super) cycles_won: u64,
    pub(super) cycles_lost: u64,
    pub(super) value: f64,
    /// Wins whose value is known.
    pub(super) values_known: u64,
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
    }
}

/// Counts of a pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Part<K: Ord> {
    pub(super) all: Started,
    pub(super) groups: BTreeMap<K, Started>,
    pub(super) cohorts: BTreeMap<i64, Started>,
    pub(super) flow: BTreeMap<i64, Flow>,
    /// Per stage: visits in days, whether they ended.
    pub(super) visits: Vec<Vec<Spell>>,
    /// Days from the opportunity's stage to the win.
    pub(super) to_win: Vec<f64>,
    pub(super) opportunities_open: u64,
    pub(super) opportunities_won: u64,
    pub(super) opportunities_lost: u64,
    pub(super) value_won: f64,
    pub(super) values_known: u64,
    pub(super) leads: u64,
    pub(super) recycled: u64,
    pub(super) regressions: u64,
    pub(super) reopened: u64,
    pub(super) no_start: u64,
    pub(super) immature: u64,
    /// Wins of cycles that were won before.
    pub(super) more_wins: u64,
}

impl<K: Ord> Part<K> {
    pub(super) fn new(stages: usize) -> Self {
        Self {
            all: Started::new(stages),
            groups: BTreeMap::new(),
            cohorts: BTreeMap::new(),
            flow: BTreeMap::new(),
            visits: vec![Vec::new(); stages],
            to_win: Vec::new(),
            opportunities_open: 0,
            opportunities_won: 0,
            opportunities_lost: 0,
            value_won: 0.0,
            values_known: 0,
            leads: 0,
            recycled: 0,
            regressions: 0,
            reopened: 0,
            no_start: 0,
            immature: 0,
            more_wins: 0,
        }
    }

    pub(super) fn join(mut self, later: Self) -> Self {
        self.all.join(&later.all);
        later.groups.into_iter().for_each(|(k, s)| self.groups.entry(k).or_default().join(&s));
        later.cohorts.into_iter().for_each(|(k, s)| self.cohorts.entry(k).or_default().join(&s));
        later.flow.into_iter().for_each(|(k, f)| self.flow.entry(k).or_default().join(&f));
        self.visits.iter_mut().zip(later.visits).for_each(|(a, b)| a.extend(b));
        self.to_win.extend(later.to_win);
        for (mine, theirs) in [
            (&mut self.opportunities_open, later.opportunities_open),
            (&mut self.opportunities_won, later.opportunities_won),
            (&mut self.opportunities_lost, later.opportunities_lost),
            (&mut self.values_known, later.values_known),
            (&mut self.leads, later.leads),
            (&mut self.recycled, later.recycled),
            (&mut self.regressions, later.regressions),
            (&mut self.reopened, later.reopened),
            (&mut self.no_start, later.no_start),
            (&mut self.immature, later.immature),
            (&mut self.more_wins, later.more_wins),
        ] {
            *mine += theirs;
        }
        self.value_won += later.value_won;
        self
    }

    pub(super) fn named<N: Ord>(self, name: impl Fn(K) -> N) -> Part<N> {
        let mut groups = BTreeMap::<N, Started>::new();
        for (key, started) in self.groups {
            groups.entry(name(key)).or_default().join(&started);
        }
        Part {
            groups,
            all: self.all,
            cohorts: self.cohorts,
            flow: self.flow,
            visits: self.visits,
            to_win: self.to_win,
            opportunities_open: self.opportunities_open,
            opportunities_won: self.opportunities_won,
            opportunities_lost: self.opportunities_lost,
            value_won: self.value_won,
            values_known: self.values_known,
            leads: self.leads,
            recycled: self.recycled,
            regressions: self.regressions,
            reopened: self.reopened,
            no_start: self.no_start,
            immature: self.immature,
            more_wins: self.more_wins,
        }
    }
}

/// Counts over some leads: serialisable, joins with those of other leads, becomes a [`StageFunnel`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTally {
    pub(super) spec: StageFunnelSpec,
    pub(super) names: Vec<String>,
    /// Whether a lead can be lost: a stage is declared as lost.
    pub(super) can_lose: bool,
    /// Period in which observation ends.
    pub(super) last_day: i64,
    pub(super) part: Part<String>,
}

impl StageTally {
    /// The counts of both. Leads must not be in both.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are of different questions.
    pub fn merge(self, later: Self) -> Result<Self> {
        if (&self.spec, &self.names, self.can_lose) != (&later.spec, &later.names, later.can_lose) {
            return Err(Error::option("tally", "the counts are of different stage funnels"));
        }
        let last_day = self.last_day.max(later.last_day);
        Ok(Self { part: self.part.join(later.part), last_day, ..self })
    }

    /// The stage funnel.
    ///
    /// # Errors
    /// As [`RiskTable::new`].
    pub fn finish(self) -> Result<StageFunnel> {
        let Self { spec, names, can_lose, last_day, part } = self;
        let times =
            names.iter().zip(&part.visits).map(|(stage, spells)| stage_time(stage, spells)).collect::<Result<_>>()?;
        let mut groups: Vec<(String, Vec<StageRow>)> =
            part.groups.iter().map(|(value, s)| (value.clone(), s.rows(&names))).collect();
        let size = |rows: &[StageRow]| rows.first().map_or(0, |r| r.reached);
        groups.sort_by(|a, b| size(&b.1).cmp(&size(&a.1)).then_with(|| a.0.cmp(&b.0)));
        let cohorts = part
            .cohorts
            .iter()
            .map(|(day, s)| Cohort {
                start_day: *day,
                cycles: s.cycles,
                open: s.open.iter().sum(),
                immature: s.immature,
                stages: s.rows(&names),
            })
            .collect();
        // Where nothing can be lost, all that is closed is won: a rate that says nothing.
        let closed = if can_lose { part.opportunities_won + part.opportunities_lost } else { 0 };
        let mean = |v: &[f64]| if v.is_empty() { f64::NAN } else { crate::math::sum(v) / v.len() as f64 };
        let rate = if closed == 0 { f64::NAN } else { part.opportunities_won as f64 / closed as f64 };
        let value = if part.values_known == 0 { f64::NAN } else { part.value_won / part.values_known as f64 };
        let days = mean(&part.to_win);
        let pace = Velocity {
            opportunities: part.opportunities_open,
            win_rate: rate,
            win_rate_interval: wilson(part.opportunities_won.min(closed), closed, 0.95),
            value,
            cycle_days: days,
            per_day: velocity(part.opportunities_open as f64, rate, value, days),
        };
        Ok(StageFunnel {
            stages: part.all.rows(&names),
            groups,
            cohorts,
            flow: flow_rows(&names, &part.flow, spec.period, last_day),
            wins: periods(&part.flow, spec.period, last_day)
                .map(|day| win_row(day, part.flow.get(&day), can_lose))
                .collect(),
            can_lose,
            times,
            velocity: pace,
            leads: part.leads,
            cycles: part.all.cycles,
            recycled: part.recycled,
            regressions: part.regressions,
            reopened: part.reopened,
            no_start: part.no_start,
            immature: part.immature,
            more_wins: part.more_wins,
            spec,
        })
    }
}

fn stage_time(stage: &str, spells: &[Spell]) -> Result<StageTime> {
    let left: Vec<i64> = spells
        .iter()
        .filter(|s| s.end == crate::survival::End::Event)
        .map(|s| (s.exit * DAY as f64).round() as i64)
        .collect();
    let curve = Curve::new(RiskTable::new(spells)?, 0.95);
    Ok(StageTime {
        stage: stage.to_owned(),
        visits: spells.len() as u64,
        still_in: (spells.len() - left.len()) as u64,
        left: Spread::of(left),
        quantiles: [0.25, 0.5, 0.75].map(|q| curve.quantile(q)),
    })
}

/// First days of every period from the first with an event to the end of observation, quiet ones included.
fn periods(flow: &BTreeMap<i64, Flow>, period: Period, last: i64) -> impl Iterator<Item = i64> {
    let first = flow.keys().next().copied();
    std::iter::successors(first, move |day| Some(period.next_day(*day))).take_while(move |day| *day <= last)
}

fn flow_rows(names: &[String], flow: &BTreeMap<i64, Flow>, period: Period, last: i64) -> Vec<FlowRow> {
    let mut stock = vec![0i64; names.len()];
    let mut rows = Vec::new();
    let quiet = Flow::new(names.len());
    for day in periods(flow, period, last) {
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
        interval: wilson(won.min(closed), closed, 0.95),
        value: flow.filter(|f| f.values_known > 0).map(|f| f.value),
    }
}
