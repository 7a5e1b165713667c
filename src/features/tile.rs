//! The events of some rows as one list, read and counted without asking where a row ends.
//!
//! Rows are computed a tile at a time. Their events stand side by side in flat arrays with the row of each, so that
//! loops run over hundreds of events instead of ten: the end of a short loop cannot be guessed, and costs as much as
//! its work. The events of each row are counted by class of kind first; [`super::cells`] then fills each feature for
//! all rows of the tile, so that what a feature is is asked once per tile, and its cells are written side by side.

use std::hint::select_unpredictable;

use super::plan::{JourneyView, Plan};
use crate::journeys::{CodeSlice, ROWS, number_rows};
use crate::math::exp_each;
use crate::time::{NO_TIME, Zone};

/// A lead at a cutoff.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowView {
    pub(super) created: i64,
    pub(super) cutoff: i64,
    /// Number of its events that are looked at: all before the cutoff, and perhaps some after.
    pub(super) events: usize,
    /// How many of them, the first ones, are those of the row before: all that it looks at.
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
pub(super) struct Place {
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
    pub(super) places: Vec<Place>,
    /// The row of each event.
    pub(super) row: Vec<u8>,
    /// Class of the kind of each event; 0 for events that are not before the cutoff.
    pub(super) class: Vec<u16>,
    /// The same, with 0 for those beyond the daily cap of their kind; empty without a cap.
    pub(super) capped: Vec<u16>,
    /// Microseconds before the cutoff.
    pub(super) age: Vec<f64>,
    /// Local day, where days are needed.
    pub(super) day: Vec<i64>,
    /// Per kind: the day and number of a row's latest events.
    caps: Vec<(i64, u32)>,
    /// Per class and row.
    pub(super) count: Vec<u32>,
    pub(super) first: Vec<f64>,
    pub(super) last: Vec<f64>,
    /// Per window, class and row.
    pub(super) within: Vec<Vec<u32>>,
    /// The same for no window.
    none: Vec<u32>,
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
    /// Classes of events that count under the daily cap.
    pub(super) fn counted(&self) -> &[u16] {
        if self.capped.is_empty() { &self.class } else { &self.capped }
    }
}

impl Plan {
    /// Reads the events of up to [`ROWS`] rows, and counts them by class and row.
    pub(super) fn read<J: JourneyView>(&self, rows: &[RowView], runs: &[Run<J>], w: &mut Working) {
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
            exp_each(weights);
        }
    }

    /// Says where the events of each row are, and of which row each event is.
    fn place<J>(rows: &[RowView], runs: &[Run<J>], w: &mut Working) {
        w.places.clear();
        let mut start = 0;
        let mut next = rows.iter();
        for (run, number) in runs.iter().zip(0..) {
            let mut in_run = 0;
            for row in next.by_ref().take(run.rows) {
                w.places.push(Place { start, in_run, run: number, events: row.events });
                start += row.events;
                in_run += row.events;
            }
        }
        let mut ends = [0; ROWS];
        ends.iter_mut().zip(&w.places).for_each(|(end, place)| *end = place.start + place.events);
        number_rows(0, ends.get(..rows.len()).unwrap_or(&[]), &mut w.row);
    }

    /// Finds the age and class of each event.
    fn classify<J: JourneyView>(&self, rows: &[RowView], runs: &[Run<J>], w: &mut Working) {
        // Without a cutoff nothing is before it; from half of the smallest number any time can be subtracted.
        let mut cutoffs = [i64::MIN / 2; ROWS];
        cutoffs.iter_mut().zip(rows).for_each(|(cutoff, row)| *cutoff = row.cutoff.max(*cutoff));
        w.age.clear();
        w.class.clear();
        let Working { row, age, class, .. } = w;
        let mut row = row.as_slice();
        for run in runs {
            let at = run.journey.at();
            let events = at.iter().zip(row.split_off(..at.len()).unwrap_or(&[]));
            let events = events.map(|(at, row)| (*at, cutoffs.get(usize::from(*row) % ROWS).copied().unwrap_or(0)));
            age.extend(events.clone().map(|(at, cutoff)| (cutoff - at) as f64));
            // Without a branch, which would be guessed wrong once per lead.
            let class_of = |kind: u32, (at, cutoff)| select_unpredictable(at < cutoff, self.class(kind), 0);
            match run.journey.kinds() {
                CodeSlice::U8(kinds) => {
                    class.extend(kinds.iter().zip(events).map(|(k, event)| class_of(u32::from(*k), event)));
                }
                CodeSlice::U16(kinds) => {
                    class.extend(kinds.iter().zip(events).map(|(k, event)| class_of(u32::from(*k), event)));
                }
                CodeSlice::U32(kinds) => class.extend(kinds.iter().zip(events).map(|(k, event)| class_of(*k, event))),
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
                w.caps.resize(self.kinds(), (NO_TIME, 0));
            }
            w.capped.extend_from_within(before);
            let days = w.day.get(events.clone()).unwrap_or(&[]);
            let classes = w.class.get(events).unwrap_or(&[]);
            for ((day, class), i) in days.iter().zip(classes).zip(in_run) {
                let within = w.caps.get_mut(run.journey.kind(i) as usize).is_none_or(|c| {
                    *c = if c.0 == *day { (*day, c.1 + 1) } else { (*day, 1) };
                    c.1 <= cap
                });
                w.capped.push(if within { *class } else { 0 });
            }
        }
    }

    /// Counts events by class and row, in all and within windows; notes the first and last age of each class.
    fn count(&self, w: &mut Working) {
        let cells = ROWS * self.classes;
        refill(&mut w.count, cells, 0);
        refill(&mut w.last, cells, f64::NAN);
        refill(&mut w.first, if self.needs_first { cells } else { 0 }, f64::NAN);
        w.within.resize(self.windows.len(), Vec::new());
        w.within.iter_mut().for_each(|within| refill(within, cells, 0));
        let counted = if w.capped.is_empty() { &w.class } else { &w.capped };
        let (window, within, more) = match (self.windows.as_slice(), w.within.as_mut_slice()) {
            ([window, windows @ ..], [within, others @ ..]) => (*window as f64, within, windows.iter().zip(others)),
            _ => (f64::NEG_INFINITY, &mut w.none, [].iter().zip(&mut [])),
        };
        within.resize(cells, 0);
        let events = counted.iter().zip(&w.row).zip(&w.age);
        for (((counts, row), age), class) in events.clone().zip(&w.class) {
            let (counts, seen) = (cell(*counts, *row), cell(*class, *row));
            if let (Some(count), Some(within), Some(last)) =
                (w.count.get_mut(counts), within.get_mut(counts), w.last.get_mut(seen))
            {
                *count += 1;
                *within += u32::from(*age <= window);
                *last = *age;
            }
        }
        for (window, within) in more {
            let window = *window as f64;
            for ((class, row), age) in events.clone() {
                if let Some(within) = within.get_mut(cell(*class, *row)) {
                    *within += u32::from(*age <= window);
                }
            }
        }
        if self.needs_first {
            for ((class, row), age) in w.class.iter().zip(&w.row).zip(&w.age).rev() {
                if let Some(first) = w.first.get_mut(cell(*class, *row)) {
                    *first = *age;
                }
            }
        }
    }
}

/// Place in a table by class and row.
fn cell(class: u16, row: u8) -> usize {
    usize::from(class) * ROWS + usize::from(row)
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
