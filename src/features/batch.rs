//! The events of some rows as one list, read and counted without asking where a row ends.
//!
//! Rows are computed a tile at a time. Their events stand side by side in flat arrays with the row of each, so
//! loops run over hundreds of events instead of ten: the end of a short loop cannot be guessed, and costs as much as
//! its work. The events of each row are counted by class of kind first; [`super::cells`] then fills each feature for
//! all rows of the tile, so a feature is dispatched once per tile, and its cells are written contiguously.

use super::plan::{FeaturePlan, JourneyView};
use crate::features::kernels::{Bin, classify, count, count_and_note_last, note_first, note_last};
use crate::journeys::{CodeSlice, ROWS, number_rows};
use crate::math::exp_all;
use crate::math::vector::Vector;
use crate::time::{NO_TIME, Zone};

/// A lead at a cutoff.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowView {
    pub(super) created: i64,
    pub(super) cutoff: i64,
    /// Number of its events that are looked at: all before the cutoff, and perhaps some after.
    pub(super) events: usize,
    /// How many of the first ones belong to the previous row, which looks at no others.
    pub(super) known: usize,
}

/// Rows of a tile whose events stand side by side.
pub(super) struct Run<J> {
    /// The events of its rows, row after row.
    pub(super) journey: J,
    /// Number of its rows.
    pub(super) rows: usize,
}

/// Where a row's events are.
#[derive(Debug, Clone, Copy)]
pub(super) struct CellPlace {
    /// Of its first event, in the arrays of the tile.
    pub(super) start: usize,
    /// Of its first event, in its run.
    pub(super) in_run: usize,
    pub(super) run: usize,
    pub(super) events: usize,
}

/// Working memory; keeps its allocations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Working {
    pub(super) places: Vec<CellPlace>,
    /// The row of each event.
    row: Vec<u8>,
    /// 1 for events of the row of the one before, 0 for the first of a row.
    pub(super) same_row: Vec<f64>,
    /// The bin of each event; of class 0 for events that are not before the cutoff.
    pub(super) bins: Vec<Bin>,
    /// The same, of class 0 for those beyond the daily cap of their kind; empty without a cap.
    pub(super) capped: Vec<Bin>,
    /// Microseconds before the cutoff.
    pub(super) age: Vec<f64>,
    /// Local day, where days are needed.
    pub(super) day: Vec<i64>,
    /// Per kind: the day and number of a row's latest events.
    caps: Vec<(i64, u32)>,
    /// Per two windows and bin: the events within the first in the lower half, within the second in the upper.
    pub(super) counts: Vec<Vec<u64>>,
    /// Per bin, the age of the first and last event; NaN if there is none.
    pub(super) first: Vec<f64>,
    pub(super) last: Vec<f64>,
    /// Per decay, the weight of each event.
    pub(super) weights: Vec<Vec<f64>>,
    pub(super) spare: Spare,
}

/// Room for what single features need.
#[derive(Debug, Clone, Default)]
pub(super) struct Spare {
    /// Channels with large codes, with their rows.
    pub(super) channels: Vec<(u8, u32)>,
    /// A number per event.
    pub(super) numbers: Vec<f64>,
}

impl Working {
    /// Bins of events, of class 0 for events above the daily cap.
    pub(super) fn counted(&self) -> &[Bin] {
        if self.capped.is_empty() { &self.bins } else { &self.capped }
    }
}

impl FeaturePlan {
    /// Reads the events of up to [`ROWS`] rows, and counts them by class and row.
    #[inline(always)]
    pub(super) fn read<V: Vector, J: JourneyView>(&self, rows: &[RowView], runs: &[Run<J>], w: &mut Working) {
        Self::place(rows, runs, w);
        self.classify(rows, runs, w);
        if self.needs_days {
            self.find_days(rows, runs, w);
        }
        self.count(w);
        w.weights.resize(self.decays.len(), Vec::new());
        for (decay, weights) in self.decays.iter().zip(&mut w.weights) {
            weights.clear();
            weights.extend(w.age.iter().map(|age| age * decay));
            exp_all::<V>(weights);
        }
    }

    /// Says where the events of each row are, and of which row each event is.
    fn place<J>(rows: &[RowView], runs: &[Run<J>], w: &mut Working) {
        let set = |same_row: &mut [f64], places: &[CellPlace], to: f64| {
            for place in places {
                if let Some(same) = same_row.get_mut(place.start) {
                    *same = to;
                }
            }
        };
        set(&mut w.same_row, &w.places, 1.0);
        w.places.clear();
        let mut start = 0;
        let mut next = rows.iter();
        for (run, number) in runs.iter().zip(0..) {
            let mut in_run = 0;
            for row in next.by_ref().take(run.rows) {
                w.places.push(CellPlace { start, in_run, run: number, events: row.events });
                start += row.events;
                in_run += row.events;
            }
        }
        let mut ends = [0; ROWS];
        ends.iter_mut().zip(&w.places).for_each(|(end, place)| *end = place.start + place.events);
        number_rows(0, ends.get(..rows.len()).unwrap_or(&[]), &mut w.row);
        w.same_row.resize(start, 1.0);
        set(&mut w.same_row, &w.places, 0.0);
    }

    /// Finds the age and class of each event.
    fn classify<J: JourneyView>(&self, rows: &[RowView], runs: &[Run<J>], w: &mut Working) {
        // Without a cutoff nothing is before it; from half of the smallest number any time can be subtracted.
        let mut cutoffs = [i64::MIN / 2; ROWS];
        cutoffs.iter_mut().zip(rows).for_each(|(cutoff, row)| *cutoff = row.cutoff.max(*cutoff));
        // Every place is written below, so old contents are not cleared.
        w.age.resize(w.row.len(), 0.0);
        w.bins.resize(w.row.len(), Bin::default());
        let (mut rows, mut ages, mut bins) = (w.row.as_slice(), w.age.as_mut_slice(), w.bins.as_mut_slice());
        for run in runs {
            let at = run.journey.at();
            let (Some(rows), Some(ages), Some(bins)) =
                (rows.split_off(..at.len()), ages.split_off_mut(..at.len()), bins.split_off_mut(..at.len()))
            else {
                continue;
            };
            let (to, first_bins) = ((ages, bins), &self.first_bins);
            match run.journey.kinds() {
                CodeSlice::U8(k) => classify((at, k.iter().map(|k| u32::from(*k)), rows), &cutoffs, first_bins, to),
                CodeSlice::U16(k) => classify((at, k.iter().map(|k| u32::from(*k)), rows), &cutoffs, first_bins, to),
                CodeSlice::U32(k) => classify((at, k.iter().copied(), rows), &cutoffs, first_bins, to),
            }
        }
    }

    /// Finds local days, and which events are beyond the daily cap of their kind.
    fn find_days<J: JourneyView>(&self, rows: &[RowView], runs: &[Run<J>], w: &mut Working) {
        w.day.clear();
        w.capped.clear();
        let mut days = LocalDays::new(&self.zone);
        for (row, place) in rows.iter().zip(&w.places) {
            let Some(run) = runs.get(place.run) else { continue };
            // Of the row before, which is of the same lead.
            let before = place.start - row.known..place.start;
            let events = place.start + row.known..place.start + place.events;
            let in_run = place.in_run + row.known..place.in_run + place.events;
            let at = run.journey.at().get(in_run.clone()).unwrap_or(&[]);
            w.day.extend_from_within(before.clone());
            w.day.extend(at.iter().map(|at| days.of(*at)));
            let Some(cap) = self.cap else { continue };
            if row.known == 0 {
                w.caps.clear();
                w.caps.resize(self.first_bins.len(), (NO_TIME, 0));
            }
            for (i, before) in before.enumerate() {
                let beyond = w.capped.get(before).is_some_and(|bin| bin.class() == 0);
                let bin = w.bins.get(place.start + i).copied().unwrap_or_default();
                w.capped.push(if beyond { bin.without_class() } else { bin });
            }
            let days = w.day.get(events.clone()).unwrap_or(&[]);
            let bins = w.bins.get(events).unwrap_or(&[]);
            for ((day, bin), i) in days.iter().zip(bins).zip(in_run) {
                let within = w.caps.get_mut(run.journey.kind(i) as usize).is_none_or(|c| {
                    *c = if c.0 == *day { (*day, c.1 + 1) } else { (*day, 1) };
                    c.1 <= cap
                });
                w.capped.push(if within { *bin } else { bin.without_class() });
            }
        }
    }

    /// Counts events within windows by bin; notes the first and last age of each.
    fn count(&self, w: &mut Working) {
        let cells = ROWS * self.classes;
        refill(&mut w.last, cells, f64::NAN);
        w.counts.resize(self.windows.len(), Vec::new());
        let counted = if w.capped.is_empty() { &w.bins } else { &w.capped };
        let mut tables = self.windows.iter().zip(&mut w.counts);
        if w.capped.is_empty()
            && let Some((windows, counts)) = tables.next()
        {
            refill(counts, cells, 0);
            count_and_note_last(&w.bins, &w.age, windows, (counts, &mut w.last));
        } else {
            note_last(&w.bins, &w.age, &mut w.last);
        }
        for (windows, counts) in tables {
            refill(counts, cells, 0);
            count(counted, &w.age, windows, counts);
        }
        if self.needs_first {
            refill(&mut w.first, cells, f64::NAN);
            note_first(&w.bins, &w.age, &mut w.first);
        }
    }
}

/// Local days of times; a day's start and end are looked up once per day, not per event.
struct LocalDays<'a> {
    zone: &'a Zone,
    day: i64,
    from: i64,
    to: i64,
}

impl<'a> LocalDays<'a> {
    fn new(zone: &'a Zone) -> Self {
        Self { zone, day: 0, from: i64::MAX, to: i64::MIN }
    }

    fn of(&mut self, at: i64) -> i64 {
        if at < self.from || at >= self.to {
            self.day = self.zone.day(at);
            self.from = self.zone.day_start(self.day).unwrap_or(i64::MIN);
            self.to = self.zone.day_start(self.day + 1).unwrap_or(i64::MAX);
        }
        self.day
    }
}

fn refill<T: Copy>(list: &mut Vec<T>, len: usize, with: T) {
    list.clear();
    list.resize(len, with);
}
