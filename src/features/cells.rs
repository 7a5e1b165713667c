//! The cells of each feature for the rows of a tile, from what was read of their events.

#![allow(clippy::needless_bitwise_bool, reason = "both sides are cheaper than a branch")]

use std::hint::select_unpredictable;

use super::plan::{JourneyView, Looks, Op, Plan};
use super::tile::{Place, RowView, Run, Spare, Working};
use crate::design::{NONE, ValueOp};
use crate::journeys::{CodeSlice, ROWS, widen};
use crate::time::{DAY, NO_TIME};

/// Where the cells of a tile go.
pub(super) trait Sheet {
    /// Takes the cells of feature number `feature`, one per row.
    fn numbers(&mut self, feature: usize, cells: &[f64]);
    /// Takes cells that are codes of channels or stages.
    fn codes(&mut self, feature: usize, cells: &[u32]);
}

/// A tile whose events are read.
struct Tile<'a, J> {
    rows: &'a [RowView],
    runs: &'a [Run<J>],
    w: &'a Working,
}

impl Plan {
    /// Computes all features of up to [`ROWS`] rows, whose events are those of `runs`, in order.
    pub(super) fn tile<J: JourneyView>(
        &self,
        rows: &[RowView],
        runs: &[Run<J>],
        w: &mut Working,
        out: &mut impl Sheet,
    ) {
        self.read(rows, runs, w);
        let mut spare = std::mem::take(&mut w.spare);
        let tile = Tile { rows, runs, w };
        for (feature, (op, looks)) in self.ops.iter().enumerate() {
            if op.gives_codes() {
                let mut codes = [NONE; ROWS];
                codes.iter_mut().zip(&w.places).for_each(|(cell, place)| *cell = tile.code(*op, looks, place));
                out.codes(feature, codes.get(..rows.len()).unwrap_or(&[]));
            } else if *op != Op::Field {
                let mut numbers = [0.0; ROWS];
                let numbers = numbers.get_mut(..rows.len()).unwrap_or(&mut []);
                tile.numbers(*op, looks, &mut spare, numbers);
                out.numbers(feature, numbers);
            }
        }
        w.spare = spare;
    }
}

impl<J: JourneyView> Tile<'_, J> {
    /// Fills the cells of a feature, which are zeros.
    fn numbers(&self, op: Op, looks: &Looks, spare: &mut Spare, out: &mut [f64]) {
        let w = self.w;
        match op {
            Op::Count => sum_classes(&w.count, looks, out),
            Op::CountWithin(window) => {
                if let Some(within) = w.within.get(window) {
                    sum_classes(within, looks, out);
                }
            }
            Op::Momentum(week, month) => {
                let (Some(within_week), Some(within_month)) = (w.within.get(week), w.within.get(month)) else { return };
                let mut week = [0.0; ROWS];
                sum_classes(within_week, looks, week.get_mut(..out.len()).unwrap_or(&mut []));
                sum_classes(within_month, looks, out);
                for (cell, week) in out.iter_mut().zip(week) {
                    *cell = week - (*cell - week) / 3.0;
                }
            }
            // A class without an event has no age, NaN, which both pass over.
            Op::First => days_each(&w.first, looks, f64::max, out),
            Op::Last => days_each(&w.last, looks, f64::min, out),
            Op::Age => {
                for (row, cell) in self.rows.iter().zip(out) {
                    let known = row.created != NO_TIME;
                    *cell = if known { (row.cutoff - row.created) as f64 / DAY as f64 } else { f64::NAN };
                }
            }
            Op::Decayed(decay) => {
                if let Some(weights) = w.weights.get(decay) {
                    sum_rows(weights, w.counted(), &w.row, looks, out);
                }
            }
            Op::Value(ValueOp::Sum, value, window) => {
                let window = window.map_or(f64::INFINITY, |w| w as f64);
                let mut age = w.age.as_slice();
                spare.numbers.clear();
                for run in self.runs {
                    let events = run.journey.at().len();
                    let age = age.split_off(..events).unwrap_or(&[]);
                    let before = spare.numbers.len();
                    let values = run.journey.value(value).iter().zip(age);
                    spare.numbers.extend(values.map(|(v, age)| {
                        let counts = !v.is_nan() & (*age <= window);
                        if counts { *v } else { 0.0 }
                    }));
                    // Where no event has the value.
                    spare.numbers.resize(before + events, 0.0);
                }
                sum_rows(&spare.numbers, &w.class, &w.row, looks, out);
            }
            Op::Value(what, value, window) => {
                let window = window.map_or(f64::INFINITY, |w| w as f64);
                self.each_row(out, |place, run, class| {
                    let values = run.journey.value(value).iter().skip(place.in_run);
                    let ages = w.age.iter().skip(place.start);
                    let counts = |v: f64, class: u16, age: f64| looks.has(class) & !v.is_nan() & (age <= window);
                    let events = class.iter().zip(values.zip(ages));
                    let mut counted = events.filter(|(c, (v, age))| counts(**v, **c, **age)).map(|(_, (v, _))| *v);
                    match what {
                        ValueOp::Max => counted.fold(f64::NAN, f64::max),
                        _ => counted.next_back().unwrap_or(f64::NAN),
                    }
                });
            }
            Op::DistinctChannels => self.distinct_channels(looks, &mut spare.channels, out),
            Op::ActiveDays(window) => {
                let window = window.map_or(f64::INFINITY, |w| w as f64);
                self.each_row(out, |place, _, class| {
                    let events = w.day.iter().zip(&w.age).skip(place.start);
                    let (mut active, mut last) = (0.0, NO_TIME);
                    for (class, (day, age)) in class.iter().zip(events) {
                        if looks.has(*class) && *day != last && *age <= window {
                            active += 1.0;
                            last = *day;
                        }
                    }
                    active
                });
            }
            Op::DaysInStage => self.each_row(out, |place, run, class| {
                let mut since = None;
                let events = class.iter().zip(w.age.iter().skip(place.start)).zip(place.in_run..);
                for ((_, age), i) in events.filter(|((class, _), _)| looks.has(**class)) {
                    let kind = run.journey.kind(i);
                    if since.is_none_or(|(before, _)| before != kind) {
                        since = Some((kind, *age));
                    }
                }
                since.map_or(f64::NAN, |(_, age)| age / DAY as f64)
            }),
            Op::FirstChannel | Op::LastChannel | Op::Stage | Op::Field => {}
        }
    }

    /// Fills the cell of each row from its place, its run, and the classes of its events.
    fn each_row(&self, out: &mut [f64], cell: impl Fn(&Place, &Run<J>, &[u16]) -> f64) {
        for (place, slot) in self.w.places.iter().zip(out) {
            let class = self.w.class.get(place.start..place.start + place.events).unwrap_or(&[]);
            if let Some(run) = self.runs.get(place.run) {
                *slot = cell(place, run, class);
            }
        }
    }

    /// Code of a channel or stage.
    fn code(&self, op: Op, looks: &Looks, place: &Place) -> u32 {
        let Some(run) = self.runs.get(place.run) else { return NONE };
        let classes = self.w.class.get(place.start..place.start + place.events).unwrap_or(&[]);
        let mut seen = classes.iter().enumerate().filter(|(_, c)| looks.has(**c)).map(|(i, _)| place.in_run + i);
        let channel = |i: usize| Some(run.journey.channel(i)).filter(|c| *c != NONE);
        let code = match op {
            Op::FirstChannel => seen.find_map(channel),
            Op::LastChannel => seen.rev().find_map(channel),
            Op::Stage => seen.next_back().map(|i| run.journey.kind(i)),
            _ => None,
        };
        code.unwrap_or(NONE)
    }

    fn distinct_channels(&self, looks: &Looks, found: &mut Vec<(u8, u32)>, out: &mut [f64]) {
        // Few channels as a rule: those below 64 are a set in one number.
        let mut small = [0u64; ROWS];
        found.clear();
        let (mut class, mut row) = (self.w.class.as_slice(), self.w.row.as_slice());
        for run in self.runs {
            let events = run.journey.at().len();
            let class = class.split_off(..events).unwrap_or(&[]);
            let row = row.split_off(..events).unwrap_or(&[]);
            match run.journey.channels() {
                CodeSlice::U8(c) => {
                    add_channels(c.iter().map(|c| widen(*c, u8::MAX)), class, row, looks, &mut small, found);
                }
                CodeSlice::U16(c) => {
                    add_channels(c.iter().map(|c| widen(*c, u16::MAX)), class, row, looks, &mut small, found);
                }
                CodeSlice::U32(c) => add_channels(c.iter().copied(), class, row, looks, &mut small, found),
            }
        }
        out.iter_mut().zip(small).for_each(|(cell, set)| *cell = f64::from(set.count_ones()));
        found.sort_unstable();
        found.dedup();
        for (row, _) in found {
            if let Some(cell) = out.get_mut(usize::from(*row)) {
                *cell += 1.0;
            }
        }
    }
}

impl Looks {
    /// All bits for a class that is looked at, else none.
    fn bits(&self, class: u16) -> u64 {
        self.mask.get(usize::from(class)).copied().unwrap_or(0)
    }

    fn has(&self, class: u16) -> bool {
        self.bits(class) != 0
    }

    /// `x` for a class that is looked at, else 0; without a branch, as classes cannot be guessed.
    fn only(&self, class: u16, x: f64) -> f64 {
        f64::from_bits(x.to_bits() & self.bits(class))
    }
}

impl Op {
    /// True if the feature's cells are codes of channels or stages.
    pub(super) fn gives_codes(self) -> bool {
        matches!(self, Self::FirstChannel | Self::LastChannel | Self::Stage)
    }
}

/// A sum of numbers in order, one row after the other.
struct RowSum {
    /// A number too, so that it is compared where the sum is: moving the sum would take longer than adding to it.
    row: f64,
    sum: f64,
}

impl RowSum {
    fn new() -> Self {
        Self { row: f64::NAN, sum: 0.0 }
    }

    #[inline]
    fn add(&mut self, x: f64, row: u8, out: &mut [f64]) {
        let number = f64::from(row);
        self.sum = if number == self.row { self.sum } else { 0.0 } + x;
        self.row = number;
        if let Some(cell) = out.get_mut(usize::from(row)) {
            *cell = self.sum;
        }
    }
}

/// Sums the numbers of events whose class is looked at, in order, by row; rows ascend.
fn sum_rows(numbers: &[f64], class: &[u16], row: &[u8], looks: &Looks, out: &mut [f64]) {
    let middle = row.get(row.len() / 2).copied().unwrap_or(0);
    let half = row.partition_point(|row| *row < middle);
    // Two rows at once, one of each half: an addition waits for the one before it.
    let ((x, y), (class_x, class_y), (row_x, row_y)) =
        (numbers.split_at(half.min(numbers.len())), class.split_at(half.min(class.len())), row.split_at(half));
    let (mut early, mut late) = (RowSum::new(), RowSum::new());
    let both = x.iter().zip(class_x).zip(row_x).zip(y.iter().zip(class_y).zip(row_y));
    for (((x, class), row), ((y, other), below)) in both {
        early.add(looks.only(*class, *x), *row, out);
        late.add(looks.only(*other, *y), *below, out);
    }
    let done = x.len().min(y.len());
    let rest = |x: &[f64], class: &[u16], row: &[u8], sum: &mut RowSum, out: &mut [f64]| {
        for ((x, class), row) in x.iter().zip(class).zip(row).skip(done) {
            sum.add(looks.only(*class, *x), *row, out);
        }
    };
    rest(x, class_x, row_x, &mut early, out);
    rest(y, class_y, row_y, &mut late, out);
}

/// Adds the channels of events to the sets of their rows, those with large codes to `found`.
fn add_channels(
    channels: impl Iterator<Item = u32> + Clone,
    class: &[u16],
    row: &[u8],
    looks: &Looks,
    small: &mut [u64; ROWS],
    found: &mut Vec<(u8, u32)>,
) {
    let (mut set, mut current, mut large) = (0u64, u8::MAX, false);
    let events = channels.zip(class).zip(row);
    for ((channel, class), row) in events.clone() {
        let bit = (u64::from(channel < u64::BITS) << (channel % u64::BITS)) & looks.bits(*class);
        // Not read back: it would wait for the write before.
        set = select_unpredictable(*row == current, set, 0) | bit;
        current = *row;
        if let Some(own) = small.get_mut(usize::from(*row)) {
            *own = set;
        }
        large |= (channel >= u64::BITS) & (channel != NONE);
    }
    if large {
        let others = events.filter(|((c, class), _)| *c >= u64::BITS && *c != NONE && looks.has(**class));
        found.extend(others.map(|((channel, _), row)| (*row, channel)));
    }
}

/// Per row, the age in days of the classes that a feature looks at, of which `choose` takes one; NaN if none has one.
#[inline]
fn days_each(ages: &[f64], looks: &Looks, choose: impl Fn(f64, f64) -> f64, out: &mut [f64]) {
    out.fill(f64::NAN);
    for class in &looks.classes {
        out.iter_mut().zip(of_class(ages, *class)).for_each(|(best, age)| *best = choose(*best, *age));
    }
    out.iter_mut().for_each(|age| *age /= DAY as f64);
}

/// Cells of a class, one per row.
fn of_class<T>(table: &[T], class: u16) -> &[T] {
    let start = usize::from(class) * ROWS;
    table.get(start..start + ROWS).unwrap_or(&[])
}

/// Per row, the sum over the classes that a feature looks at.
fn sum_classes(table: &[u32], looks: &Looks, out: &mut [f64]) {
    match looks.classes.as_slice() {
        [class] => out.iter_mut().zip(of_class(table, *class)).for_each(|(cell, count)| *cell = f64::from(*count)),
        classes => {
            let mut sums = [0u32; ROWS];
            for class in classes {
                sums.iter_mut().zip(of_class(table, *class)).for_each(|(sum, n)| *sum += n);
            }
            out.iter_mut().zip(sums).for_each(|(cell, n)| *cell = f64::from(n));
        }
    }
}
