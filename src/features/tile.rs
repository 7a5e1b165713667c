//! The one pass: all event features of some leads at their cutoffs, from the events before them.
//!
//! Rows are computed a tile at a time. The events of each row are counted by class of kind first; then each feature is
//! computed for all rows of the tile, so that what a feature is is asked once per tile, and its cells are written side
//! by side.

use super::plan::{JourneyView, Looks, NO_CODE, Op, Plan};
use crate::design::ValueOp;
use crate::math::exp_each;
use crate::time::{DAY, NO_TIME};

/// Rows of a tile.
pub(super) const TILE: usize = 64;

/// A lead at a cutoff.
pub(super) struct RowView<J> {
    pub(super) lead: u32,
    pub(super) journey: J,
    pub(super) created: i64,
    pub(super) cutoff: i64,
}

/// Cells of a feature, one per row of a tile.
pub(super) enum Cells<'a> {
    Numbers(&'a mut [f64]),
    /// Codes of channels or stages.
    Codes(&'a mut [u32]),
    /// None: a field of the lead, which journeys do not know.
    Field,
}

/// Where the cells of a tile go.
pub(super) trait Sheet {
    /// The cells of feature number `feature`, one per row.
    fn cells(&mut self, feature: usize) -> Cells<'_>;
}

/// Where a row's events are in the buffers of a tile.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Of its lead's first event.
    start: usize,
    /// How many are before the cutoff.
    visible: usize,
    /// Of its first weight.
    weights: usize,
}

/// Working memory; keeps its allocations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Working {
    places: Vec<Place>,
    class: Vec<u16>,
    days: Vec<i64>,
    counted: Vec<bool>,
    /// Per kind: the day and number of the lead's latest events.
    caps: Vec<(i64, u32)>,
    /// Per row and class.
    count: Vec<u32>,
    first: Vec<i64>,
    last: Vec<i64>,
    /// Per window, row and class.
    within: Vec<Vec<u32>>,
    /// Per decay, the weight of each visible event of each row.
    weights: Vec<Vec<f64>>,
    channels: Vec<u32>,
}

impl Plan {
    /// Computes all features of up to [`TILE`] rows; those of one lead stand side by side.
    pub(super) fn tile<J: JourneyView>(&self, rows: &[RowView<J>], w: &mut Working, out: &mut impl Sheet) {
        self.read(rows, w);
        self.count(rows, w);
        self.weigh(rows, w);
        for (feature, (op, looks)) in self.ops.iter().enumerate() {
            match out.cells(feature) {
                Cells::Numbers(cells) => self.numbers(*op, looks, rows, w, cells),
                Cells::Codes(cells) => {
                    for ((row, place), cell) in rows.iter().zip(&w.places).zip(cells.iter_mut()) {
                        *cell = code(*op, looks, row, *place, &w.class);
                    }
                }
                Cells::Field => {}
            }
        }
    }

    /// Reads the visible events of each row: classes, local days, and which are within the daily cap of their kind.
    fn read<J: JourneyView>(&self, rows: &[RowView<J>], w: &mut Working) {
        w.places.clear();
        w.class.clear();
        w.days.clear();
        w.counted.clear();
        let (mut before, mut weights) = (None, 0);
        // A day's start and end are looked up once per day, not per event.
        let (mut day, mut from, mut to) = (0, i64::MAX, i64::MIN);
        for row in rows {
            let mut place = match before {
                Some((lead, cutoff, place)) if lead == row.lead && cutoff <= row.cutoff => place,
                _ => {
                    w.caps.clear();
                    if self.cap.is_some() {
                        w.caps.resize(self.kinds, (NO_TIME, 0));
                    }
                    Place { start: w.class.len(), visible: 0, weights: 0 }
                }
            };
            let new = row.journey.at().get(place.visible..).unwrap_or(&[]);
            for (at, i) in new.iter().take_while(|at| **at < row.cutoff).zip(place.visible..) {
                let kind = row.journey.kind(i);
                w.class.push(self.class(kind));
                place.visible += 1;
                if !self.needs_days {
                    continue;
                }
                if *at < from || *at >= to {
                    day = self.zone.day(*at);
                    from = self.zone.day_start(day).unwrap_or(i64::MIN);
                    to = self.zone.day_start(day + 1).unwrap_or(i64::MAX);
                }
                w.days.push(day);
                if let (Some(cap), Some(c)) = (self.cap, w.caps.get_mut(kind as usize)) {
                    *c = if c.0 == day { (day, c.1 + 1) } else { (day, 1) };
                    w.counted.push(c.1 <= cap);
                } else {
                    w.counted.push(true);
                }
            }
            place.weights = weights;
            weights += place.visible;
            w.places.push(place);
            before = Some((row.lead, row.cutoff, place));
        }
    }

    /// Counts events by row and class, in all and within windows; notes the first and last of each class.
    fn count<J: JourneyView>(&self, rows: &[RowView<J>], w: &mut Working) {
        let cells = rows.len() * self.classes;
        refill(&mut w.count, cells, 0);
        refill(&mut w.last, cells, NO_TIME);
        refill(&mut w.first, if self.needs_first { cells } else { 0 }, i64::MAX);
        w.within.resize(self.windows.len(), Vec::new());
        w.within.iter_mut().for_each(|within| refill(within, cells, 0));
        for ((row, place), r) in rows.iter().zip(&w.places).zip(0..) {
            let seen = place.start..place.start + place.visible;
            let times = row.journey.at().get(..place.visible).unwrap_or(&[]);
            let classes = w.class.get(seen.clone()).unwrap_or(&[]);
            let own = r * self.classes..(r + 1) * self.classes;
            let (Some(count), Some(last)) = (w.count.get_mut(own.clone()), w.last.get_mut(own.clone())) else { return };
            for (at, class) in times.iter().zip(classes) {
                if let (Some(n), Some(last)) = (count.get_mut(usize::from(*class)), last.get_mut(usize::from(*class))) {
                    *n += 1;
                    *last = *at;
                }
            }
            if let Some(first) = w.first.get_mut(own.clone()) {
                for (at, class) in times.iter().zip(classes) {
                    if let Some(first) = first.get_mut(usize::from(*class)) {
                        *first = (*first).min(*at);
                    }
                }
            }
            let counted = w.counted.get(seen).unwrap_or(&[]);
            // What the cap leaves out was counted with the rest.
            for (class, _) in classes.iter().zip(counted).filter(|(_, counted)| !**counted) {
                if let Some(n) = count.get_mut(usize::from(*class)) {
                    *n -= 1;
                }
            }
            for (window, within) in self.windows.iter().zip(&mut w.within) {
                let Some(within) = within.get_mut(own.clone()) else { continue };
                // Backwards: as a rule few events are within a window.
                for (i, (at, class)) in times.iter().zip(classes).enumerate().rev() {
                    if row.cutoff - at > *window {
                        break;
                    }
                    if let Some(n) = within.get_mut(usize::from(*class)) {
                        *n += u32::from(counted.get(i).copied().unwrap_or(true));
                    }
                }
            }
        }
    }

    /// The weight of each visible event of each row, for each half-life.
    fn weigh<J: JourneyView>(&self, rows: &[RowView<J>], w: &mut Working) {
        w.weights.resize(self.decays.len(), Vec::new());
        for (decay, weights) in self.decays.iter().zip(&mut w.weights) {
            weights.clear();
            for (row, place) in rows.iter().zip(&w.places) {
                let times = row.journey.at().get(..place.visible).unwrap_or(&[]);
                weights.extend(times.iter().map(|at| (row.cutoff - at) as f64 * decay));
            }
            exp_each(weights);
        }
    }

    fn numbers<J: JourneyView>(&self, op: Op, looks: &Looks, rows: &[RowView<J>], w: &mut Working, out: &mut [f64]) {
        let per_row = self.classes;
        let days = |cutoff: i64, at: i64| (cutoff - at) as f64 / DAY as f64;
        match op {
            Op::Count => sum_classes(&w.count, per_row, looks, out),
            Op::CountWithin(window) => {
                if let Some(within) = w.within.get(window) {
                    sum_classes(within, per_row, looks, out);
                }
            }
            Op::Momentum(week, month) => {
                let (Some(week), Some(month)) = (w.within.get(week), w.within.get(month)) else { return };
                for ((cell, week), month) in
                    out.iter_mut().zip(week.chunks_exact(per_row)).zip(month.chunks_exact(per_row))
                {
                    let week = sum_of(week, looks);
                    *cell = week - (sum_of(month, looks) - week) / 3.0;
                }
            }
            Op::First | Op::Last => {
                let (table, none) = if op == Op::First { (&w.first, i64::MAX) } else { (&w.last, NO_TIME) };
                for ((row, cell), times) in rows.iter().zip(out).zip(table.chunks_exact(per_row)) {
                    let times = looks.classes.iter().filter_map(|c| times.get(usize::from(*c)).copied());
                    let at = if op == Op::First { times.min() } else { times.max() };
                    *cell = at.filter(|at| *at != none).map_or(f64::NAN, |at| days(row.cutoff, at));
                }
            }
            Op::Age => {
                for (row, cell) in rows.iter().zip(out) {
                    *cell = if row.created == NO_TIME { f64::NAN } else { days(row.cutoff, row.created) };
                }
            }
            Op::Decayed(decay) => {
                let Some(weights) = w.weights.get(decay) else { return };
                for (place, cell) in w.places.iter().zip(out) {
                    let seen = place.start..place.start + place.visible;
                    let classes = w.class.get(seen.clone()).unwrap_or(&[]);
                    let weights = weights.get(place.weights..place.weights + place.visible).unwrap_or(&[]);
                    let counted = w.counted.get(seen).unwrap_or(&[]);
                    *cell = match counted {
                        [] => weights.iter().zip(classes).filter(|(_, c)| looks.has(**c)).map(|(x, _)| x).sum(),
                        counted => {
                            let all = weights.iter().zip(classes).zip(counted);
                            all.filter(|((_, c), counted)| **counted && looks.has(**c)).map(|((x, _), _)| x).sum()
                        }
                    };
                }
            }
            Op::Value(what, value, window) => {
                for ((row, place), cell) in rows.iter().zip(&w.places).zip(out) {
                    let classes = w.class.get(place.start..place.start + place.visible).unwrap_or(&[]);
                    let values = row.journey.value(value).iter().zip(classes).zip(row.journey.at());
                    let within = |at: i64| window.is_none_or(|w| row.cutoff - at <= w);
                    let seen = values.filter(|((v, c), at)| looks.has(**c) && !v.is_nan() && within(**at));
                    let mut seen = seen.map(|((v, _), _)| *v);
                    *cell = match what {
                        ValueOp::Sum => seen.fold(0.0, |a, v| a + v),
                        ValueOp::Max => seen.fold(f64::NAN, f64::max),
                        ValueOp::Last => seen.next_back().unwrap_or(f64::NAN),
                    };
                }
            }
            Op::DistinctChannels => {
                for ((row, place), cell) in rows.iter().zip(&w.places).zip(out) {
                    let classes = w.class.get(place.start..place.start + place.visible).unwrap_or(&[]);
                    *cell = distinct_channels(row, classes, looks, &mut w.channels);
                }
            }
            Op::ActiveDays(window) => {
                for ((row, place), cell) in rows.iter().zip(&w.places).zip(out) {
                    let seen = place.start..place.start + place.visible;
                    let classes = w.class.get(seen.clone()).unwrap_or(&[]);
                    let local = w.days.get(seen).unwrap_or(&[]);
                    let (mut active, mut last) = (0.0, NO_TIME);
                    for ((class, day), at) in classes.iter().zip(local).zip(row.journey.at()) {
                        if looks.has(*class) && *day != last && window.is_none_or(|w| row.cutoff - at <= w) {
                            active += 1.0;
                            last = *day;
                        }
                    }
                    *cell = active;
                }
            }
            Op::DaysInStage => {
                for ((row, place), cell) in rows.iter().zip(&w.places).zip(out) {
                    let classes = w.class.get(place.start..place.start + place.visible).unwrap_or(&[]);
                    let mut since = None;
                    for (i, _) in classes.iter().enumerate().filter(|(_, c)| looks.has(**c)) {
                        let kind = row.journey.kind(i);
                        if since.is_none_or(|(before, _)| before != kind) {
                            since = Some((kind, row.journey.at().get(i).copied().unwrap_or(NO_TIME)));
                        }
                    }
                    *cell = since.map_or(f64::NAN, |(_, at)| days(row.cutoff, at));
                }
            }
            Op::FirstChannel | Op::LastChannel | Op::Stage | Op::Field => {}
        }
    }
}

impl Looks {
    fn has(&self, class: u16) -> bool {
        self.at.get(usize::from(class)).copied().unwrap_or(false)
    }
}

impl Op {
    /// True if the feature's cells are codes of channels or stages.
    pub(super) fn gives_codes(self) -> bool {
        matches!(self, Self::FirstChannel | Self::LastChannel | Self::Stage)
    }
}

fn refill<T: Copy>(list: &mut Vec<T>, len: usize, with: T) {
    list.clear();
    list.resize(len, with);
}

fn sum_of(counts: &[u32], looks: &Looks) -> f64 {
    f64::from(looks.classes.iter().filter_map(|c| counts.get(usize::from(*c))).sum::<u32>())
}

/// Per row, the sum over the classes that a feature looks at.
fn sum_classes(table: &[u32], per_row: usize, looks: &Looks, out: &mut [f64]) {
    for (cell, counts) in out.iter_mut().zip(table.chunks_exact(per_row)) {
        *cell = sum_of(counts, looks);
    }
}

/// Code of a channel or stage.
fn code<J: JourneyView>(op: Op, looks: &Looks, row: &RowView<J>, place: Place, class: &[u16]) -> u32 {
    let classes = class.get(place.start..place.start + place.visible).unwrap_or(&[]);
    let mut seen = classes.iter().enumerate().filter(|(_, c)| looks.has(**c)).map(|(i, _)| i);
    let channel = |i: usize| Some(row.journey.channel(i)).filter(|c| *c != NO_CODE);
    let code = match op {
        Op::FirstChannel => seen.find_map(channel),
        Op::LastChannel => seen.rev().find_map(channel),
        Op::Stage => seen.next_back().map(|i| row.journey.kind(i)),
        _ => None,
    };
    code.unwrap_or(NO_CODE)
}

fn distinct_channels<J: JourneyView>(row: &RowView<J>, classes: &[u16], looks: &Looks, found: &mut Vec<u32>) -> f64 {
    // Few channels as a rule: those below 64 are a set in one number.
    let mut small = 0u64;
    found.clear();
    for (i, _) in classes.iter().enumerate().filter(|(_, c)| looks.has(**c)) {
        match row.journey.channel(i) {
            NO_CODE => {}
            c if c < u64::BITS => small |= 1 << c,
            c => found.push(c),
        }
    }
    found.sort_unstable();
    found.dedup();
    f64::from(small.count_ones()) + found.len() as f64
}
