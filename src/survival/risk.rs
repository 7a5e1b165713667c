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
        ends.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut entries: Vec<f64> = spells.iter().filter_map(|s| s.entry).collect();
        entries.par_sort_unstable_by(f64::total_cmp);
        Ok(Self { ends, from_start: spells.len() - entries.len(), entries })
    }

    /// The table at given times, ascending.
    pub(super) fn tabulate(&self, times: Vec<f64>) -> RiskTable {
        let n = times.len();
        let mut table = RiskTable {
            at_risk: Vec::with_capacity(n),
            events: Vec::with_capacity(n),
            competing: Vec::with_capacity(n),
            censored: Vec::with_capacity(n),
            time: Vec::new(),
        };
        let (mut entered, mut gone) = (0usize, 0usize);
        for time in &times {
            entered += self.entries.get(entered..).unwrap_or(&[]).iter().take_while(|e| *e < time).count();
            gone += self.ends.get(gone..).unwrap_or(&[]).iter().take_while(|e| e.0 < *time).count();
            let mut counts = [0u64; 3];
            for (_, end) in self.ends.get(gone..).unwrap_or(&[]).iter().take_while(|e| e.0 == *time) {
                match end {
                    End::Censored => counts[0] += 1,
                    End::Event => counts[1] += 1,
                    End::Competing => counts[2] += 1,
                }
            }
            table.at_risk.push((self.from_start + entered - gone) as u64);
            table.censored.push(counts[0]);
            table.events.push(counts[1]);
            table.competing.push(counts[2]);
        }
        table.time = times;
        table
    }
}

/// What ends at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) time: f64,
    pub(super) at_risk: u64,
    pub(super) events: u64,
    pub(super) competing: u64,
}

impl RiskTable {
    /// Tabulates spells.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for times that are NaN or infinite, [`Error::InvalidOption`] for spells that end before or
    /// when they are entered.
    pub fn new(spells: &[Spell]) -> Result<Self> {
        let sorted = Sorted::new(spells)?;
        let mut times: Vec<f64> = sorted.ends.iter().map(|e| e.0).collect();
        times.dedup();
        Ok(sorted.tabulate(times))
    }

    /// The same table with competing ends taken as still open.
    pub(super) fn with_competing_open(&self) -> Self {
        let censored = self.censored.iter().zip(&self.competing).map(|(a, b)| a + b).collect();
        Self { censored, competing: vec![0; self.competing.len()], ..self.clone() }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        let counts = self.at_risk.iter().zip(self.events.iter().zip(&self.competing));
        self.time.iter().zip(counts).map(|(time, (at_risk, (events, competing)))| Row {
            time: *time,
            at_risk: *at_risk,
            events: *events,
            competing: *competing,
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
