//! The one pass: all event features of some leads at their cutoffs, from the events before them.
//!
//! Rows are computed a tile at a time. The events of each row are counted by class of kind first; then each feature is
//! computed for all rows of the tile, so that what a feature is is asked once per tile, and its cells are written side
//! by side.

use super::plan::{JourneyView, Looks, Op, Plan};
use crate::design::{NONE, ValueOp};
use crate::math::exp_each;
use crate::math::vector::{Kernel, Vector, dispatch};
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
    /// Per class and row.
    count: Vec<u32>,
    first: Vec<i64>,
    last: Vec<i64>,
    /// Per window, class and row.
    within: Vec<Vec<u32>>,
    /// Per decay, the weight of each visible event of each row.
    weights: Vec<Vec<f64>>,
    channels: Vec<u32>,
    cutoffs: Vec<i64>,
}

impl Plan {
    /// Computes all features of up to [`TILE`] rows; those of one lead stand side by side.
    pub(super) fn tile<J: JourneyView>(&self, rows: &[RowView<J>], w: &mut Working, out: &mut impl Sheet) {
        w.cutoffs.clear();
        w.cutoffs.extend(rows.iter().map(|row| row.cutoff));
        self.read(rows, w);
        self.count(rows, w);
        self.weigh(rows, w);
        for (feature, (op, looks)) in self.ops.iter().enumerate() {
            match out.cells(feature) {
                Cells::Numbers(cells) => Self::numbers(*op, looks, rows, w, cells),
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
                        w.caps.resize(self.kinds(), (NO_TIME, 0));
                    }
                    Place { start: w.class.len(), visible: 0, weights: 0 }
                }
            };
            let new = row.journey.at().get(place.visible..).unwrap_or(&[]);
            let seen = new.iter().take_while(|at| **at < row.cutoff).count();
            let events = place.visible..place.visible + seen;
            row.journey.each_kind(events.clone(), |kind| w.class.push(self.class(kind)));
            place.visible = events.end;
            let timed = if self.needs_days { new.get(..seen).unwrap_or(&[]) } else { &[] };
            for (at, i) in timed.iter().zip(events) {
                if *at < from || *at >= to {
                    day = self.zone.day(*at);
                    from = self.zone.day_start(day).unwrap_or(i64::MIN);
                    to = self.zone.day_start(day + 1).unwrap_or(i64::MAX);
                }
                w.days.push(day);
                if let (Some(cap), Some(c)) = (self.cap, w.caps.get_mut(row.journey.kind(i) as usize)) {
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

    /// Counts events by class and row, in all and within windows; notes the first and last of each class.
    fn count<J: JourneyView>(&self, rows: &[RowView<J>], w: &mut Working) {
        let stride = rows.len();
        let cells = stride * self.classes;
        refill(&mut w.count, cells, 0);
        refill(&mut w.last, cells, NO_TIME);
        refill(&mut w.first, if self.needs_first { cells } else { 0 }, i64::MAX);
        w.within.resize(self.windows.len(), Vec::new());
        w.within.iter_mut().for_each(|within| refill(within, cells, 0));
        for ((row, place), r) in rows.iter().zip(&w.places).zip(0..) {
            let seen = place.start..place.start + place.visible;
            let times = row.journey.at().get(..place.visible).unwrap_or(&[]);
            let classes = w.class.get(seen.clone()).unwrap_or(&[]);
            let cell = |class: u16| usize::from(class) * stride + r;
            for (at, class) in times.iter().zip(classes) {
                let cell = cell(*class);
                if let (Some(n), Some(last)) = (w.count.get_mut(cell), w.last.get_mut(cell)) {
                    *n += 1;
                    *last = *at;
                }
            }
            if self.needs_first {
                for (at, class) in times.iter().zip(classes) {
                    if let Some(first) = w.first.get_mut(cell(*class)) {
                        *first = (*first).min(*at);
                    }
                }
            }
            let counted = w.counted.get(seen).unwrap_or(&[]);
            // What the cap leaves out was counted with the rest.
            for (class, _) in classes.iter().zip(counted).filter(|(_, counted)| !**counted) {
                if let Some(n) = w.count.get_mut(cell(*class)) {
                    *n -= 1;
                }
            }
            for (window, within) in self.windows.iter().zip(&mut w.within) {
                // Backwards: as a rule few events are within a window.
                for (i, (at, class)) in times.iter().zip(classes).enumerate().rev() {
                    if row.cutoff - at > *window {
                        break;
                    }
                    if let Some(n) = within.get_mut(cell(*class)) {
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

    fn numbers<J: JourneyView>(op: Op, looks: &Looks, rows: &[RowView<J>], w: &mut Working, out: &mut [f64]) {
        match op {
            Op::Count => sum_classes(&w.count, looks, out),
            Op::CountWithin(window) => {
                if let Some(within) = w.within.get(window) {
                    sum_classes(within, looks, out);
                }
            }
            Op::Momentum(week, month) => {
                let (Some(within_week), Some(within_month)) = (w.within.get(week), w.within.get(month)) else { return };
                let mut week = [0.0; TILE];
                sum_classes(within_week, looks, week.get_mut(..rows.len()).unwrap_or(&mut []));
                sum_classes(within_month, looks, out);
                for (cell, week) in out.iter_mut().zip(week) {
                    *cell = week - (*cell - week) / 3.0;
                }
            }
            Op::First | Op::Last => {
                let (table, none) = if op == Op::First { (&w.first, i64::MAX) } else { (&w.last, NO_TIME) };
                let n = rows.len();
                if let [class] = looks.classes.as_slice() {
                    days_each(&w.cutoffs, of_class(table, *class, n), none, out);
                    return;
                }
                let mut best = [none; TILE];
                for class in &looks.classes {
                    for (best, at) in best.iter_mut().zip(of_class(table, *class, n)) {
                        *best = if op == Op::First { (*best).min(*at) } else { (*best).max(*at) };
                    }
                }
                days_each(&w.cutoffs, &best, none, out);
            }
            Op::Age => {
                let mut created = [NO_TIME; TILE];
                created.iter_mut().zip(rows).for_each(|(c, row)| *c = row.created);
                days_each(&w.cutoffs, &created, NO_TIME, out);
            }
            Op::Decayed(decay) => {
                let Some(weights) = w.weights.get(decay) else { return };
                for (place, cell) in w.places.iter().zip(out) {
                    let seen = place.start..place.start + place.visible;
                    let classes = w.class.get(seen.clone()).unwrap_or(&[]);
                    let weights = weights.get(place.weights..place.weights + place.visible).unwrap_or(&[]);
                    let counted = w.counted.get(seen).unwrap_or(&[]);
                    let weights = weights.iter().zip(classes).map(|(x, class)| x * looks.weight(*class));
                    *cell = match counted {
                        [] => total(weights),
                        counted => total(weights.zip(counted).map(|(x, counted)| if *counted { x } else { 0.0 })),
                    };
                }
            }
            Op::Value(what, value, window) => {
                for ((row, place), cell) in rows.iter().zip(&w.places).zip(out) {
                    let classes = w.class.get(place.start..place.start + place.visible).unwrap_or(&[]);
                    let values = row.journey.value(value).iter().zip(classes).zip(row.journey.at());
                    let within = |at: i64| window.is_none_or(|w| row.cutoff - at <= w);
                    let counts = |v: f64, class: u16, at: i64| looks.has(class) & !v.is_nan() & within(at);
                    let mut counted = values.map(|((v, class), at)| (*v, counts(*v, *class, *at)));
                    *cell = match what {
                        // Without a branch: which events count cannot be guessed.
                        ValueOp::Sum => total(counted.map(|(v, counts)| if counts { v } else { 0.0 })),
                        ValueOp::Max => counted.filter(|c| c.1).fold(f64::NAN, |a, (v, _)| a.max(v)),
                        ValueOp::Last => counted.rfind(|c| c.1).map_or(f64::NAN, |(v, _)| v),
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
                    *cell = since.map_or(f64::NAN, |(_, at)| (row.cutoff - at) as f64 / DAY as f64);
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

    /// 1 for a class that is looked at, else 0.
    fn weight(&self, class: u16) -> f64 {
        f64::from(u8::from(self.has(class)))
    }
}

impl Op {
    /// True if the feature's cells are codes of channels or stages.
    pub(super) fn gives_codes(self) -> bool {
        matches!(self, Self::FirstChannel | Self::LastChannel | Self::Stage)
    }
}

/// The sum in order; of nothing it is 0, where that of the standard library is −0.
fn total(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |a, x| a + x)
}

fn refill<T: Copy>(list: &mut Vec<T>, len: usize, with: T) {
    list.clear();
    list.resize(len, with);
}

/// Cells of a class, one per row.
fn of_class<T>(table: &[T], class: u16, rows: usize) -> &[T] {
    let start = usize::from(class) * rows;
    table.get(start..start + rows).unwrap_or(&[])
}

/// Per row, the sum over the classes that a feature looks at.
fn sum_classes(table: &[u32], looks: &Looks, out: &mut [f64]) {
    let n = out.len();
    match looks.classes.as_slice() {
        [class] => out.iter_mut().zip(of_class(table, *class, n)).for_each(|(cell, count)| *cell = f64::from(*count)),
        classes => {
            let mut sums = [0u32; TILE];
            for class in classes {
                sums.iter_mut().zip(of_class(table, *class, n)).for_each(|(sum, n)| *sum += n);
            }
            out.iter_mut().zip(sums).for_each(|(cell, n)| *cell = f64::from(n));
        }
    }
}

/// Code of a channel or stage.
fn code<J: JourneyView>(op: Op, looks: &Looks, row: &RowView<J>, place: Place, class: &[u16]) -> u32 {
    let classes = class.get(place.start..place.start + place.visible).unwrap_or(&[]);
    let mut seen = classes.iter().enumerate().filter(|(_, c)| looks.has(**c)).map(|(i, _)| i);
    let channel = |i: usize| Some(row.journey.channel(i)).filter(|c| *c != NONE);
    let code = match op {
        Op::FirstChannel => seen.find_map(channel),
        Op::LastChannel => seen.rev().find_map(channel),
        Op::Stage => seen.next_back().map(|i| row.journey.kind(i)),
        _ => None,
    };
    code.unwrap_or(NONE)
}

fn distinct_channels<J: JourneyView>(row: &RowView<J>, classes: &[u16], looks: &Looks, found: &mut Vec<u32>) -> f64 {
    // Few channels as a rule: those below 64 are a set in one number.
    let mut small = 0u64;
    found.clear();
    let mut class = classes.iter();
    row.journey.each_channel(0..classes.len(), |channel| {
        let looked_at = class.next().is_some_and(|c| looks.has(*c));
        if channel < u64::BITS {
            small |= u64::from(looked_at) << channel;
        } else if looked_at && channel != NONE {
            found.push(channel);
        }
    });
    found.sort_unstable();
    found.dedup();
    f64::from(small.count_ones()) + found.len() as f64
}

/// (cutoff − at) in days, NaN where `at` is `none`.
fn days_each(cutoffs: &[i64], at: &[i64], none: i64, out: &mut [f64]) {
    struct Days<'a> {
        cutoffs: &'a [i64],
        at: &'a [i64],
        none: i64,
        out: &'a mut [f64],
    }
    impl Kernel for Days<'_> {
        type Output = ();
        #[inline(always)]
        fn run<V: Vector>(self) {
            for ((cell, cutoff), at) in self.out.iter_mut().zip(self.cutoffs).zip(self.at) {
                // Wraps where there is no time only.
                let days = cutoff.wrapping_sub(*at) as f64 / DAY as f64;
                *cell = if *at == self.none { f64::NAN } else { days };
            }
        }
    }
    dispatch(Days { cutoffs, at, none, out });
}
