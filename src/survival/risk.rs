//! Who is at risk when: spells, and the table of times at which something ends.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a spell ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// Still open when last seen.
    Censored,
    /// The event asked for.
    Event,
    /// Another event, after which the one asked for cannot come.
    Competing,
}

/// Time under observation of one lead.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spell {
    /// Age from which it is observed (exclusive); `None` from the start.
    pub entry: Option<f64>,
    /// Age at which it ends (inclusive).
    pub exit: f64,
    /// How.
    pub end: End,
}

/// Per distinct time at which spells end: how many were at risk, and how they ended.
///
/// At risk at time t are spells with entry < t ≤ exit; those observed from the start are at risk at every t ≤ exit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RiskTable {
    /// Times, ascending.
    pub time: Vec<f64>,
    /// At risk just before each.
    pub at_risk: Vec<u64>,
    /// Events.
    pub events: Vec<u64>,
    /// Competing events.
    pub competing: Vec<u64>,
    /// Censored.
    pub censored: Vec<u64>,
}

/// Checked spells in order of their ends.
pub(super) struct Sorted {
    pub(super) ends: Vec<(f64, End)>,
    entries: Vec<f64>,
    from_start: usize,
}

/// Bits that are in the order of numbers: of finite ones, as `total_cmp`.
fn key(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

impl Sorted {
    pub(super) fn new(spells: &[Spell]) -> Result<Self> {
        let wild = spells.iter().filter(|s| !s.exit.is_finite() || s.entry.is_some_and(|e| !e.is_finite())).count();
        if wild > 0 {
            return Err(Error::NonFinite { what: "durations".into(), count: wild });
        }
        let empty = spells.iter().filter(|s| s.entry.is_some_and(|e| e >= s.exit)).count();
        if empty > 0 {
            return Err(Error::option("entry", format!("{empty} spells end before or when they are entered")));
        }
        let mut ends: Vec<(f64, End)> = spells.iter().map(|s| (s.exit, s.end)).collect();
        ends.par_sort_unstable_by_key(|e| key(e.0));
        let mut entries: Vec<f64> = spells.iter().filter_map(|s| s.entry).collect();
        entries.par_sort_unstable_by_key(|e| key(*e));
        Ok(Self { ends, from_start: spells.len() - entries.len(), entries })
    }

    /// What ends at each time at which something does, in order.
    pub(super) fn steps(&self) -> Steps<'_> {
        Steps { sorted: self, gone: 0, entered: 0 }
    }

    /// The table at its own times.
    pub(super) fn table(&self) -> RiskTable {
        let mut table = RiskTable::default();
        for step in self.steps() {
            table.time.push(step.time);
            table.at_risk.push(step.at_risk);
            table.events.push(step.events);
            table.competing.push(step.competing);
            table.censored.push(step.censored);
        }
        table
    }
}

/// See [`Sorted::steps`].
pub(super) struct Steps<'a> {
    sorted: &'a Sorted,
    gone: usize,
    entered: usize,
}

impl Steps<'_> {
    /// The next time at which a spell ends.
    fn next_time(&self) -> Option<f64> {
        self.sorted.ends.get(self.gone).map(|e| e.0)
    }

    /// How many are at risk at `time`, which is not before the last step.
    pub(super) fn at_risk(&mut self, time: f64) -> u64 {
        let entries = self.sorted.entries.get(self.entered..).unwrap_or(&[]);
        self.entered += entries.iter().take_while(|e| **e < time).count();
        (self.sorted.from_start + self.entered - self.gone) as u64
    }
}

impl Iterator for Steps<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let time = self.next_time()?;
        let mut step = Row { time, at_risk: self.at_risk(time), events: 0, competing: 0, censored: 0 };
        let ends = self.sorted.ends.get(self.gone..).unwrap_or(&[]);
        for (_, end) in ends.iter().take_while(|e| e.0 == time) {
            self.gone += 1;
            match end {
                End::Censored => step.censored += 1,
                End::Event => step.events += 1,
                End::Competing => step.competing += 1,
            }
        }
        Some(step)
    }
}

/// Groups side by side: calls `visit` at each time at which something other than censoring ends in one of them, with
/// what each has then.
pub(super) fn side_by_side(groups: &[&Sorted], mut visit: impl FnMut(&[Row])) {
    let mut steps: Vec<Steps<'_>> = groups.iter().map(|g| g.steps()).collect();
    let mut rows = Vec::with_capacity(steps.len());
    loop {
        let times = steps.iter().filter_map(Steps::next_time);
        let Some(time) = times.min_by(f64::total_cmp) else { return };
        rows.clear();
        for step in &mut steps {
            rows.push(match step.next_time() {
                Some(own) if own == time => {
                    let Some(row) = step.next() else { return };
                    row
                }
                _ => Row { time, at_risk: step.at_risk(time), events: 0, competing: 0, censored: 0 },
            });
        }
        if rows.iter().any(|r| r.events + r.competing > 0) {
            visit(&rows);
        }
    }
}

/// What a table has at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) time: f64,
    pub(super) at_risk: u64,
    pub(super) events: u64,
    pub(super) competing: u64,
    pub(super) censored: u64,
}

impl RiskTable {
    /// Tabulates spells.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for times that are NaN or infinite, [`Error::InvalidOption`] for spells that end before or
    /// when they are entered.
    pub fn new(spells: &[Spell]) -> Result<Self> {
        Ok(Sorted::new(spells)?.table())
    }

    /// The same table with competing ends taken as still open.
    pub(super) fn with_competing_open(&self) -> Self {
        let censored = self.censored.iter().zip(&self.competing).map(|(a, b)| a + b).collect();
        Self { censored, competing: vec![0; self.competing.len()], ..self.clone() }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        let ends = self.events.iter().zip(&self.competing).zip(&self.censored);
        self.time.iter().zip(&self.at_risk).zip(ends).map(|((time, at_risk), ((events, competing), censored))| Row {
            time: *time,
            at_risk: *at_risk,
            events: *events,
            competing: *competing,
            censored: *censored,
        })
    }
}

/// Where the risk set of spells entered late empties before the last time: the first later age at which `least` are at
/// risk, or as many as ever are.
///
/// A product over ages ends where everybody at risk ends. With late entry that can happen early, when few have entered,
/// and says nothing about the rest.
pub(super) fn late_start(spells: &[Spell], least: u64) -> Result<Option<f64>> {
    if spells.iter().all(|s| s.entry.is_none()) {
        return Ok(None);
    }
    let table = RiskTable::new(spells)?;
    let last = table.time.last().copied();
    let empties = |r: &Row| r.events + r.competing >= r.at_risk && Some(r.time) != last;
    let emptied = table.rows().filter(empties).last().map(|r| r.time);
    let Some(emptied) = emptied else { return Ok(None) };
    let later = || table.rows().filter(|r| r.time > emptied);
    // Where fewer are ever at risk, the most that are.
    let reachable = later().map(|r| r.at_risk).max().unwrap_or(0).min(least);
    Ok(later().find(|r| r.at_risk >= reachable).map(|r| r.time))
}
