//! The cells of each feature for the rows of a tile, from their events.

#![allow(clippy::needless_bitwise_bool, reason = "both sides are cheaper than a branch")]

use super::plan::{FeaturePlan, JourneyView, Op, ReadsOf};
use crate::features::batch::{CellPlace, RowView, Run, Spare, Working};
use crate::features::kernels::{Bin, add_channels, add_up, mask, mask_values};
use crate::journeys::{CodeSlice, ROWS};
use crate::math::vector::{Kernel, LANES, Vector, dispatch};
use crate::schema::{NONE, ValueOp};
use crate::time::{DAY, NO_TIME};

/// Where the cells of a tile go.
pub(super) trait Sheet {
    /// Takes the cells of feature number `feature`, one per row.
    fn numbers(&mut self, feature: usize, cells: &[f64]);
    /// Takes cells that are codes of channels or stages.
    fn codes(&mut self, feature: usize, cells: &[u32]);
}

/// A tile whose events are read.
struct FeatureTile<'a, J> {
    rows: &'a [RowView],
    runs: &'a [Run<J>],
    w: &'a Working,
}

impl FeaturePlan {
    /// Computes all features of up to [`ROWS`] rows, whose events are given by `runs`, in order.
    pub(super) fn tile<J: JourneyView>(
        &self,
        rows: &[RowView],
        runs: &[Run<J>],
        w: &mut Working,
        out: &mut impl Sheet,
    ) {
        dispatch(WholeJourney { plan: self, rows, runs, w, out });
    }
}

struct WholeJourney<'a, J, S> {
    plan: &'a FeaturePlan,
    rows: &'a [RowView],
    runs: &'a [Run<J>],
    w: &'a mut Working,
    out: &'a mut S,
}

impl<J: JourneyView, S: Sheet> Kernel for WholeJourney<'_, J, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { plan, rows, runs, w, out } = self;
        plan.read::<V, J>(rows, runs, w);
        let mut spare = std::mem::take(&mut w.spare);
        let tile = FeatureTile { rows, runs, w };
        for (feature, (op, looks)) in plan.ops.iter().enumerate() {
            if op.gives_codes() {
                let mut codes = [NONE; ROWS];
                codes.iter_mut().zip(&w.places).for_each(|(cell, place)| *cell = tile.code(*op, looks, place));
                out.codes(feature, codes.get(..rows.len()).unwrap_or(&[]));
            } else if *op != Op::Field {
                let mut numbers = [0.0; ROWS];
                tile.numbers::<V>(*op, looks, &mut spare, &mut numbers);
                out.numbers(feature, numbers.get(..rows.len()).unwrap_or(&[]));
            }
        }
        w.spare = spare;
    }
}

impl<J: JourneyView> FeatureTile<'_, J> {
    /// Fills the cells of a feature, which start as zeros; cells beyond the rows of the tile are not read.
    #[inline(always)]
    fn numbers<V: Vector>(&self, op: Op, looks: &ReadsOf, spare: &mut Spare, out: &mut [f64; ROWS]) {
        let w = self.w;
        match op {
            Op::Count(window) => count_within(w, window, looks, out),
            Op::Momentum(week, month) => {
                let mut recent = [0.0; ROWS];
                count_within(w, week, looks, &mut recent);
                count_within(w, month, looks, out);
                for (cell, week) in out.iter_mut().zip(recent) {
                    *cell = week - (*cell - week) / 3.0;
                }
            }
            // A class without an event has no age, NaN, which both pass over.
            Op::First => days_each::<V>(&w.first, looks, f64::NEG_INFINITY, V::max, out),
            Op::Last => days_each::<V>(&w.last, looks, f64::INFINITY, V::min, out),
            Op::Age => {
                for (row, cell) in self.rows.iter().zip(out) {
                    let known = row.created != NO_TIME;
                    *cell = if known { (row.cutoff - row.created) as f64 / DAY as f64 } else { f64::NAN };
                }
            }
            Op::Decayed(decay) => {
                spare.numbers.clear();
                let weights = w.weights.get(decay).map_or(&[][..], Vec::as_slice);
                mask(weights, w.counted(), &looks.mask, &mut spare.numbers);
                sum_rows(&mut spare.numbers, w, out);
            }
            Op::Value(ValueOp::Sum, value, window) => {
                spare.numbers.clear();
                let (mut ages, mut bins) = (w.age.as_slice(), w.bins.as_slice());
                for run in self.runs {
                    let events = run.journey.at().len();
                    let ages = ages.split_off(..events).unwrap_or(&[]);
                    let bins = bins.split_off(..events).unwrap_or(&[]);
                    let before = spare.numbers.len();
                    let (values, masked) = (run.journey.value(value), &mut spare.numbers);
                    match window {
                        None => mask_values((values, ages), |_| true, bins, &looks.mask, masked),
                        Some(window) => {
                            let window = window as f64;
                            mask_values((values, ages), |age| age <= window, bins, &looks.mask, masked);
                        }
                    }
                    // Where no event has the value.
                    spare.numbers.resize(before + events, 0.0);
                }
                sum_rows(&mut spare.numbers, w, out);
            }
            Op::Value(what, value, window) => {
                let window = window.map_or(f64::INFINITY, |w| w as f64);
                self.each_row(out, |place, run, bins| {
                    let values = run.journey.value(value).iter().skip(place.in_run);
                    let ages = w.age.iter().skip(place.start);
                    let counts = |v: f64, bin: Bin, age: f64| looks.has(bin) & !v.is_nan() & (age <= window);
                    let events = bins.iter().zip(values.zip(ages));
                    let mut counted = events.filter(|(bin, (v, age))| counts(**v, **bin, **age)).map(|(_, (v, _))| *v);
                    match what {
                        ValueOp::Max => counted.fold(f64::NAN, f64::max),
                        _ => counted.next_back().unwrap_or(f64::NAN),
                    }
                });
            }
            Op::DistinctChannels => self.distinct_channels(looks, &mut spare.channels, out),
            Op::ActiveDays(window) => {
                let window = window.map_or(f64::INFINITY, |w| w as f64);
                self.each_row(out, |place, _, bins| {
                    let events = w.day.iter().zip(&w.age).skip(place.start);
                    let (mut active, mut last) = (0.0, NO_TIME);
                    for (bin, (day, age)) in bins.iter().zip(events) {
                        if looks.has(*bin) && *day != last && *age <= window {
                            active += 1.0;
                            last = *day;
                        }
                    }
                    active
                });
            }
            Op::DaysInStage => self.each_row(out, |place, run, bins| {
                let mut since = None;
                let events = bins.iter().zip(w.age.iter().skip(place.start)).zip(place.in_run..);
                for ((_, age), i) in events.filter(|((bin, _), _)| looks.has(**bin)) {
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

    /// Fills the cell of each row from its place, its run, and the bins of its events.
    #[inline(always)]
    fn each_row(&self, out: &mut [f64; ROWS], cell: impl Fn(&CellPlace, &Run<J>, &[Bin]) -> f64) {
        for (place, slot) in self.w.places.iter().zip(out) {
            let bins = self.w.bins.get(place.start..place.start + place.events).unwrap_or(&[]);
            if let Some(run) = self.runs.get(place.run) {
                *slot = cell(place, run, bins);
            }
        }
    }

    /// Code of a channel or stage.
    #[inline(always)]
    fn code(&self, op: Op, looks: &ReadsOf, place: &CellPlace) -> u32 {
        let Some(run) = self.runs.get(place.run) else { return NONE };
        let bins = self.w.bins.get(place.start..place.start + place.events).unwrap_or(&[]);
        let mut seen = bins.iter().enumerate().filter(|(_, c)| looks.has(**c)).map(|(i, _)| place.in_run + i);
        let channel = |i: usize| Some(run.journey.channel(i)).filter(|c| *c != NONE);
        let code = match op {
            Op::FirstChannel => seen.find_map(channel),
            Op::LastChannel => seen.rev().find_map(channel),
            Op::Stage => seen.next_back().map(|i| run.journey.kind(i)),
            _ => None,
        };
        code.unwrap_or(NONE)
    }

    #[inline(always)]
    fn distinct_channels(&self, looks: &ReadsOf, found: &mut Vec<(u8, u32)>, out: &mut [f64; ROWS]) {
        // Usually few channels: codes below 64 form a set in one number.
        let mut small = [0u64; ROWS];
        found.clear();
        let mut bins = self.w.bins.as_slice();
        for run in self.runs {
            let bins = bins.split_off(..run.journey.at().len()).unwrap_or(&[]);
            match run.journey.channels() {
                CodeSlice::U8(c) => add_channels(c, u8::MAX, bins, &looks.mask, (&mut small, found)),
                CodeSlice::U16(c) => add_channels(c, u16::MAX, bins, &looks.mask, (&mut small, found)),
                CodeSlice::U32(c) => add_channels(c, u32::MAX, bins, &looks.mask, (&mut small, found)),
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

impl ReadsOf {
    fn has(&self, bin: Bin) -> bool {
        self.mask.get(bin.class()).is_some_and(|mask| *mask != 0)
    }
}

impl Op {
    /// True if the feature's cells are codes of channels or stages.
    pub(super) fn gives_codes(self) -> bool {
        matches!(self, Self::FirstChannel | Self::LastChannel | Self::Stage)
    }
}

/// Per row, the sum of the numbers of its events, in order: zeros do not change its bits. Leaves running
/// sums in `numbers`.
fn sum_rows(numbers: &mut [f64], w: &Working, out: &mut [f64; ROWS]) {
    // Cut into four parts, each of whole rows.
    let events = numbers.len();
    let cut = |number: usize| {
        let row = w.places.partition_point(|place| place.start < events * number / 4);
        w.places.get(row).map_or(events, |place| place.start)
    };
    add_up(numbers, &w.same_row, [1, 2, 3].map(cut));
    for (place, cell) in w.places.iter().zip(out) {
        let last = place.events.checked_sub(1).and_then(|i| numbers.get(place.start + i));
        *cell = last.copied().unwrap_or(0.0);
    }
}

/// Per row, the age in days of the classes that a feature looks at, of which `choose` takes one, `none` at first and
/// never NaN; NaN if none has one.
#[inline(always)]
fn days_each<V: Vector>(ages: &[f64], looks: &ReadsOf, none: f64, choose: impl Fn(V, V) -> V, out: &mut [f64; ROWS]) {
    for (number, cells) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut best = V::splat(none);
        for ages in lanes_of(ages, &looks.classes, number) {
            // SAFETY: eight numbers.
            best = choose(unsafe { V::load(ages.as_ptr()) }, best);
        }
        // SAFETY: eight numbers.
        unsafe { best.store(cells.as_mut_ptr()) };
    }
    out.iter_mut().for_each(|age| *age = if *age == none { f64::NAN } else { *age } / DAY as f64);
}

/// Per row, the events within a window of the classes that a feature looks at.
#[inline(always)]
fn count_within(w: &Working, window: usize, looks: &ReadsOf, out: &mut [f64; ROWS]) {
    let counts = w.counts.get(window / 2).map_or(&[][..], Vec::as_slice);
    let half = if window.is_multiple_of(2) { 0 } else { 32 };
    for (number, cells) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut sums = [0; LANES];
        for counts in lanes_of(counts, &looks.classes, number) {
            sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
        }
        *cells = sums.map(|sum| lower_half(sum >> half));
    }
}

/// Lanes `number` of a table by class and row, for some classes.
#[inline(always)]
fn lanes_of<'a, T>(table: &'a [T], classes: &'a [usize], number: usize) -> impl Iterator<Item = &'a [T; LANES]> {
    let (lanes, _) = table.as_chunks();
    classes.iter().filter_map(move |class| lanes.get(class * (ROWS / LANES) + number))
}

/// The lower 32 bits as a number: the bits of a fraction of 2⁵², less 2⁵², because no instruction does it.
#[inline(always)]
fn lower_half(x: u64) -> f64 {
    const BINADE: f64 = (1u64 << 52) as f64;
    f64::from_bits(x & u64::from(u32::MAX) | BINADE.to_bits()) - BINADE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::vector::on_every_unit;
    use crate::schema::{Feature, Kind, Side};
    use crate::time::Zone;

    /// Events of all leads, one after the other.
    #[derive(Debug, Default)]
    struct Events {
        at: Vec<i64>,
        kind: Vec<u8>,
        channel: Vec<u8>,
        value: Vec<f64>,
    }

    impl JourneyView for &Events {
        fn at(&self) -> &[i64] {
            &self.at
        }
        fn kind(&self, i: usize) -> u32 {
            u32::from(self.kind[i])
        }
        fn kinds(&self) -> CodeSlice<'_> {
            CodeSlice::U8(&self.kind)
        }
        fn channel(&self, i: usize) -> u32 {
            u32::from(self.channel[i])
        }
        fn channels(&self) -> CodeSlice<'_> {
            CodeSlice::U8(&self.channel)
        }
        fn value(&self, _: usize) -> &[f64] {
            &self.value
        }
    }

    /// The bits of all cells of all features.
    #[derive(Default)]
    struct Bits(Vec<u64>);

    impl Sheet for Bits {
        fn numbers(&mut self, _: usize, cells: &[f64]) {
            self.0.extend(cells.iter().map(|x| x.to_bits()));
        }
        fn codes(&mut self, _: usize, cells: &[u32]) {
            self.0.extend(cells.iter().map(|c| u64::from(*c)));
        }
    }

    #[derive(Clone)]
    struct Cells<'a>(&'a FeaturePlan, &'a [RowView], &'a Events);

    impl Kernel for Cells<'_> {
        type Output = Vec<u64>;
        #[inline(always)]
        fn run<V: Vector>(self) -> Vec<u64> {
            let Self(plan, rows, events) = self;
            let (mut w, mut out) = (Working::default(), Bits::default());
            let runs = [Run { journey: events, rows: rows.len() }];
            WholeJourney { plan, rows, runs: &runs, w: &mut w, out: &mut out }.run::<V>();
            out.0
        }
    }

    #[test]
    fn every_vector_unit_gives_the_same_bits() {
        let names = [
            "count(*)",
            "count(a, 7d)",
            "count(b, 20d)",
            "momentum(*)",
            "days_since_first(*)",
            "days_since_last(*)",
            "days_since_last(b)",
            "decayed(*, 9d)",
            "decayed(c, 30d)",
            "sum(*.value)",
            "sum(web:a.value, 10d)",
            "max(*.value)",
            "distinct_channels(*)",
            "active_days(*)",
            "age_days",
            "last_channel",
        ];
        let features: Vec<Feature> = names.iter().map(|n| n.parse().unwrap()).collect();
        let kind = |name: &str| Kind {
            plain: name.into(),
            source: "web".into(),
            side: Side::Buyer,
            stage: false,
            shared: false,
        };
        let kinds = ["a", "b", "c"].map(kind);
        let known = |kind: &Kind| Some(kind.clone());
        let plan = FeaturePlan::new(&features, &kinds, known, &["value".into()], None, &Zone::utc());
        let mut events = Events::default();
        let mut rows = Vec::new();
        for row in 0..ROWS as i64 {
            let n = row * row % 23;
            for i in 0..n {
                let x = row * 31 + i * 17;
                events.at.push(i * DAY * 3 / 2 + x % 7 * 1_000_003);
                events.kind.push((x % 3) as u8);
                events.channel.push((x * x % 70) as u8);
                events.value.push(if x % 5 == 0 { f64::NAN } else { x as f64 / 7.0 });
            }
            // Some events are at or after the cutoff.
            rows.push(RowView { created: -row * DAY, cutoff: 25 * DAY, events: n as usize, known: 0 });
        }
        let mut units = on_every_unit(&Cells(&plan, &rows, &events)).into_iter();
        let (first, bits) = units.next().unwrap();
        assert_eq!(bits.len(), features.len() * ROWS);
        for (unit, others) in units {
            assert!(others == bits, "{unit} and {first}");
        }
    }
}
