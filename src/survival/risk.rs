//! Who is at risk when: spells, and the table of times at which something ends.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::counted::counted;
use crate::error::{Error, Result};
use crate::math::vector::LANES;
use crate::progress::Task;

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
pub struct Subject {
    /// Age from which it is observed (exclusive); `None` from the start.
    pub entry: Option<f64>,
    /// Age at which it ends (inclusive).
    pub exit: f64,
    /// How the spell ended.
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
    /// Number of events at each time.
    pub events: Vec<u64>,
    /// Competing events.
    pub competing: Vec<u64>,
    /// Number censored at each time.
    pub censored: Vec<u64>,
    /// Ages at which spells that are not observed from the start are entered, ascending.
    pub entries: Vec<f64>,
}

/// Bits that are in the order of numbers: of finite ones, as `total_cmp`.
fn key(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Spells with a time of NaN, and spells that do not end after their entry.
fn faults<'a>(spells: impl Iterator<Item = &'a Subject>) -> (usize, usize) {
    spells.fold((0, 0), |(wild, empty), s| {
        let no_number = !s.exit.is_finite() || s.entry.is_some_and(|e| !e.is_finite());
        (wild + usize::from(no_number), empty + usize::from(s.entry.is_some_and(|e| e >= s.exit)))
    })
}

fn check((wild, empty): (usize, usize)) -> Result<()> {
    if wild > 0 {
        return Err(Error::NonFinite { what: "durations".into(), count: wild });
    }
    if empty > 0 {
        return Err(Error::option(
            "entry",
            counted(empty, "spell does not end after its entry", "spells do not end after their entry"),
        ));
    }
    Ok(())
}

/// Checked spells of several groups in order of their ends: sorted once, for all of them, and for each.
pub(crate) struct Pooled {
    /// Time, group, how.
    pub(super) ends: Vec<(f64, u32, End)>,
    /// Time and group of entries after the start.
    pub(super) entries: Vec<(f64, u32)>,
    /// Of each group, how many are observed from the start.
    pub(super) from_start: Vec<usize>,
}

impl Pooled {
    pub(crate) fn new(groups: &[&[Subject]]) -> Result<Self> {
        check(faults(groups.iter().copied().flatten()))?;
        let tagged = || groups.iter().zip(0u32..).flat_map(|(spells, group)| spells.iter().map(move |s| (s, group)));
        let mut ends = Vec::with_capacity(groups.iter().map(|g| g.len()).sum());
        ends.extend(tagged().map(|(s, group)| (s.exit, group, s.end)));
        ends.par_sort_unstable_by_key(|e| key(e.0));
        let mut entries: Vec<(f64, u32)> = tagged().filter_map(|(s, group)| Some((s.entry?, group))).collect();
        entries.par_sort_unstable_by_key(|e| key(e.0));
        let mut from_start: Vec<usize> = groups.iter().map(|g| g.len()).collect();
        for (_, group) in &entries {
            if let Some(n) = from_start.get_mut(*group as usize) {
                *n -= 1;
            }
        }
        Ok(Self { ends, entries, from_start })
    }

    /// Of spells that are all observed from the start, in runs, with the places of their groups in `numbers`; `sizes`
    /// says how many each place has.
    pub(crate) fn of_runs(runs: &[Vec<(u32, Subject)>], numbers: &[u32], sizes: Vec<usize>) -> Result<Self> {
        let both = |a: (usize, usize), b: (usize, usize)| (a.0 + b.0, a.1 + b.1);
        check(runs.par_iter().map(|run| faults(run.iter().map(|(_, s)| s))).reduce(|| (0, 0), both))?;
        let mut ends = vec![(0.0, 0, End::Censored); runs.iter().map(Vec::len).sum()];
        let mut rest = ends.as_mut_slice();
        let own: Vec<_> = runs.iter().map(|run| rest.split_off_mut(..run.len()).unwrap_or(&mut [])).collect();
        runs.par_iter().zip(own).for_each(|(run, own)| {
            for ((group, spell), end) in run.iter().zip(own) {
                *end = (spell.exit, numbers.get(*group as usize).copied().unwrap_or(0), spell.end);
            }
        });
        ends.par_sort_unstable_by_key(|e| key(e.0));
        Ok(Self { ends, entries: Vec::new(), from_start: sizes })
    }

    /// Number of groups.
    pub(super) fn groups(&self) -> usize {
        self.from_start.len()
    }

    /// Events of each group.
    pub(super) fn events(&self) -> Vec<f64> {
        let mut events = vec![0.0; self.groups()];
        let happened = self.ends.iter().filter(|(.., end)| *end == End::Event);
        happened.for_each(|(_, group, _)| add(&mut events, *group, 1.0));
        events
    }

    /// The table of all of them as one group.
    pub(crate) fn together(&self) -> RiskTable {
        self.tables(1, |_| 0).pop().unwrap_or_default()
    }

    /// The table of each group, at its own times.
    pub(crate) fn apart(&self) -> Vec<RiskTable> {
        self.tables(self.groups(), |group| group as usize)
    }

    fn tables(&self, n: usize, table_of: impl Fn(u32) -> usize) -> Vec<RiskTable> {
        let (mut at_risk, mut sizes) = (vec![0u64; n], vec![0; n]);
        for (from_start, group) in self.from_start.iter().zip(0..) {
            if let Some(sum) = at_risk.get_mut(table_of(group)) {
                *sum += *from_start as u64;
            }
        }
        for (_, group, _) in &self.ends {
            if let Some(n) = sizes.get_mut(table_of(*group)) {
                *n += 1;
            }
        }
        let mut tables: Vec<RiskTable> = sizes.into_iter().map(RiskTable::with_room).collect();
        for (entry, group) in &self.entries {
            if let Some(table) = tables.get_mut(table_of(*group)) {
                table.entries.push(*entry);
            }
        }
        let mut entries = self.entries.iter().peekable();
        for (time, group, end) in &self.ends {
            while let Some((_, group)) = entries.next_if(|(entry, _)| entry < time) {
                if let Some(n) = at_risk.get_mut(table_of(*group)) {
                    *n += 1;
                }
            }
            let table = table_of(*group);
            if let (Some(table), Some(at_risk)) = (tables.get_mut(table), at_risk.get_mut(table)) {
                table.push(*time, *at_risk, *end);
                *at_risk -= 1;
            }
        }
        tables
    }

    /// Calls `visit` at each time at which something other than censoring ends, with what all groups have then.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    #[inline(always)]
    pub(super) fn side_by_side(&self, task: &Task, mut visit: impl FnMut(&Abreast)) -> Result<()> {
        let room = self.groups().next_multiple_of(LANES);
        let mut now = Abreast {
            at_risk: self.from_start.iter().map(|n| *n as f64).collect(),
            events: vec![0.0; room],
            competing: vec![0.0; room],
        };
        now.at_risk.resize(room, 0.0);
        let mut entered = 0;
        for (number, same) in self.ends.chunk_by(|a, b| a.0 == b.0).enumerate() {
            if number % 4096 == 0 {
                task.check()?;
            }
            let Some((time, ..)) = same.first() else { continue };
            let entries = self.entries.get(entered..).unwrap_or(&[]).iter().take_while(|e| e.0 < *time);
            for (_, group) in entries {
                entered += 1;
                add(&mut now.at_risk, *group, 1.0);
            }
            let mut ended = false;
            for (_, group, end) in same {
                match end {
                    End::Event => add(&mut now.events, *group, 1.0),
                    End::Competing => add(&mut now.competing, *group, 1.0),
                    End::Censored => continue,
                }
                ended = true;
            }
            if ended {
                visit(&now);
            }
            for (_, group, _) in same {
                add(&mut now.at_risk, *group, -1.0);
            }
            if ended {
                now.events.fill(0.0);
                now.competing.fill(0.0);
            }
        }
        Ok(())
    }
}

fn add(counts: &mut [f64], group: u32, n: f64) {
    if let Some(count) = counts.get_mut(group as usize) {
        *count += n;
    }
}

/// What groups have at one time, one number per group, and zeros up to a multiple of the lanes of a vector.
#[derive(Debug)]
pub(super) struct Abreast {
    pub(super) at_risk: Vec<f64>,
    pub(super) events: Vec<f64>,
    pub(super) competing: Vec<f64>,
}

/// What a table has at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct RiskRow {
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
    pub fn new(spells: &[Subject]) -> Result<Self> {
        Ok(Pooled::new(&[spells])?.together())
    }

    fn with_room(n: usize) -> Self {
        Self {
            time: Vec::with_capacity(n),
            at_risk: Vec::with_capacity(n),
            events: Vec::with_capacity(n),
            competing: Vec::with_capacity(n),
            censored: Vec::with_capacity(n),
            entries: Vec::new(),
        }
    }

    /// Adds an end; `at_risk` is of just before it. Times ascend.
    fn push(&mut self, time: f64, at_risk: u64, end: End) {
        let (event, competing) = (u64::from(end == End::Event), u64::from(end == End::Competing));
        let censored = u64::from(end == End::Censored);
        match (self.events.last_mut(), self.competing.last_mut(), self.censored.last_mut()) {
            (Some(e), Some(c), Some(open)) if self.time.last() == Some(&time) => {
                *e += event;
                *c += competing;
                *open += censored;
            }
            _ => {
                self.time.push(time);
                self.at_risk.push(at_risk);
                self.events.push(event);
                self.competing.push(competing);
                self.censored.push(censored);
            }
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = RiskRow> {
        let ends = self.events.iter().zip(&self.competing);
        self.time.iter().zip(&self.at_risk).zip(ends).map(|((time, at_risk), (events, competing))| RiskRow {
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
/// A product over ages becomes 0 where all leads at risk end. With late entry that can happen early, when few have entered,
/// and says nothing about the rest.
pub(crate) fn late_start(spells: &[Subject], least: u64) -> Result<Option<f64>> {
    if spells.iter().all(|s| s.entry.is_none()) {
        return Ok(None);
    }
    let table = RiskTable::new(spells)?;
    let last = table.time.last().copied();
    let empties = |r: &RiskRow| r.events + r.competing >= r.at_risk && Some(r.time) != last;
    let emptied = table.rows().filter(empties).last().map(|r| r.time);
    let Some(emptied) = emptied else { return Ok(None) };
    let later = || table.rows().filter(|r| r.time > emptied);
    // Where fewer are ever at risk, the most that are.
    let reachable = later().map(|r| r.at_risk).max().unwrap_or(0).min(least);
    Ok(later().find(|r| r.at_risk >= reachable).map(|r| r.time))
}
