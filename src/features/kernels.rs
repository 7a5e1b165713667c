//! The loops over the events of a tile.
//!
//! Each is a function of its own, of plain slices: within a larger one its pointers would not fit into the registers
//! and be read again for every event. None has a branch that depends on an event, which would be mispredicted.

#![allow(clippy::needless_bitwise_bool, reason = "both sides are cheaper than a branch")]

use std::hint::select_unpredictable;

use crate::journeys::ROWS;

/// Class of the kind of an event, and its row in the tile: its place in tables by class and row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bin(u32);

impl Bin {
    /// The first one of a class: that of row 0.
    pub(super) fn first_of(class: usize) -> Self {
        Self((class * ROWS) as u32)
    }

    pub(super) fn class(self) -> usize {
        self.index() / ROWS
    }

    pub(super) fn row(self) -> usize {
        self.index() % ROWS
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    /// The same row with class 0.
    pub(super) fn without_class(self) -> Self {
        Self(self.0 % ROWS as u32)
    }
}

/// Finds age and bin of each event of a run, from the first bin of each kind.
#[inline(never)]
pub(super) fn classify(
    (at, kinds, rows): (&[i64], impl Iterator<Item = u32>, &[u8]),
    cutoffs: &[i64; ROWS],
    first_bins: &[Bin],
    (ages, bins): (&mut [f64], &mut [Bin]),
) {
    for ((((at, kind), row), age), bin) in at.iter().zip(kinds).zip(rows).zip(ages).zip(bins) {
        let cutoff = cutoffs.get(usize::from(*row) % ROWS).copied().unwrap_or(0);
        *age = (cutoff - at) as f64;
        let first = first_bins.get(kind as usize).copied().unwrap_or_default();
        *bin = Bin(select_unpredictable(*at < cutoff, first.0, 0) | u32::from(*row));
    }
}

/// Events within two windows, the first in the lower half.
#[inline(always)]
fn within(age: f64, windows: &[f64; 2]) -> u64 {
    u64::from(age <= windows[0]) | u64::from(age <= windows[1]) << 32
}

/// Counts events within two windows by bin.
#[inline(never)]
pub(super) fn count(bins: &[Bin], ages: &[f64], windows: &[f64; 2], counts: &mut [u64]) {
    for (bin, age) in bins.iter().zip(ages) {
        if let Some(counts) = counts.get_mut(bin.index()) {
            *counts += within(*age, windows);
        }
    }
}

/// Notes the age of the last event of each bin.
#[inline(never)]
pub(super) fn note_last(bins: &[Bin], ages: &[f64], last: &mut [f64]) {
    for (bin, age) in bins.iter().zip(ages) {
        if let Some(last) = last.get_mut(bin.index()) {
            *last = *age;
        }
    }
}

/// [`count`] and [`note_last`] in one walk.
#[inline(never)]
pub(super) fn count_and_note_last(
    bins: &[Bin],
    ages: &[f64],
    windows: &[f64; 2],
    (counts, last): (&mut [u64], &mut [f64]),
) {
    let both = counts.len().min(last.len());
    let (Some(counts), Some(last)) = (counts.get_mut(..both), last.get_mut(..both)) else { return };
    for (bin, age) in bins.iter().zip(ages) {
        if let (Some(counts), Some(last)) = (counts.get_mut(bin.index()), last.get_mut(bin.index())) {
            *counts += within(*age, windows);
            *last = *age;
        }
    }
}

/// Notes the age of the first event of each bin.
#[inline(never)]
pub(super) fn note_first(bins: &[Bin], ages: &[f64], first: &mut [f64]) {
    for (bin, age) in bins.iter().zip(ages).rev() {
        if let Some(first) = first.get_mut(bin.index()) {
            *first = *age;
        }
    }
}

/// Appends the numbers of events, with 0 for those whose class is not looked at.
#[inline(never)]
pub(super) fn mask(numbers: &[f64], bins: &[Bin], looks: &[u64], masked: &mut Vec<f64>) {
    masked.extend(numbers.iter().zip(bins).map(|(x, bin)| only(*x, *bin, looks)));
}

/// The same, with 0 for NaN and for events of another age too.
#[inline(never)]
pub(super) fn mask_values(
    (values, ages): (&[f64], &[f64]),
    has_age: impl Fn(f64) -> bool,
    bins: &[Bin],
    looks: &[u64],
    masked: &mut Vec<f64>,
) {
    masked.extend(values.iter().zip(ages).zip(bins).map(|((x, age), bin)| {
        let counts = !x.is_nan() & has_age(*age);
        only(if counts { *x } else { 0.0 }, *bin, looks)
    }));
}

#[inline(always)]
fn only(x: f64, bin: Bin, looks: &[u64]) -> f64 {
    f64::from_bits(x.to_bits() & looks.get(bin.class()).copied().unwrap_or(0))
}

/// Replaces numbers by their running sums, which start again where `same_row` is 0, and at three ascending cuts.
///
/// The four parts are added up side by side, as an addition waits for the one before it.
#[inline(never)]
pub(super) fn add_up(mut numbers: &mut [f64], mut same_row: &[f64], [a, b, c]: [usize; 3]) {
    let mut part = |len: usize| {
        let len = len.min(numbers.len()).min(same_row.len());
        (numbers.split_off_mut(..len).unwrap_or(&mut []), same_row.split_off(..len).unwrap_or(&[]))
    };
    let parts = [part(a), part(b.saturating_sub(a)), part(c.saturating_sub(b)), part(usize::MAX)];
    let shortest = parts.iter().map(|(numbers, _)| numbers.len()).min().unwrap_or(0);
    let [a, b, c, d] = parts.map(|(numbers, same)| {
        let ((numbers, more), (same, more_same)) = (numbers.split_at_mut(shortest), same.split_at(shortest));
        (numbers.iter_mut().zip(same), more.iter_mut().zip(more_same))
    });
    let [mut sum_a, mut sum_b, mut sum_c, mut sum_d] = [0.0; 4];
    for ((a, b), (c, d)) in a.0.zip(b.0).zip(c.0.zip(d.0)) {
        add_to(&mut sum_a, a);
        add_to(&mut sum_b, b);
        add_to(&mut sum_c, c);
        add_to(&mut sum_d, d);
    }
    for (mut sum, rest) in [(sum_a, a.1), (sum_b, b.1), (sum_c, c.1), (sum_d, d.1)] {
        rest.for_each(|number| add_to(&mut sum, number));
    }
}

/// Adds a number to a sum, or to 0 in another row, and puts the sum in its place.
#[inline(always)]
fn add_to(sum: &mut f64, (number, same_row): (&mut f64, &f64)) {
    // Numbers are compared: what was chosen by a flag would have to be moved from one register to another, which takes
    // longer than the addition.
    *sum = select_unpredictable(*same_row != 0.0, *sum, 0.0) + *number;
    *number = *sum;
}

/// Adds the channels of events to the sets of their rows: those below 64 to bits of a number, others to `found`.
#[inline(never)]
pub(super) fn add_channels<T: Copy + Into<u32> + PartialEq>(
    channels: &[T],
    none: T,
    bins: &[Bin],
    looks: &[u64],
    (small, found): (&mut [u64; ROWS], &mut Vec<(u8, u32)>),
) {
    let seen = |bin: Bin| looks.get(bin.class()).copied().unwrap_or(0);
    let (mut set, mut current) = (0u64, usize::MAX);
    for (channel, bin) in channels.iter().zip(bins) {
        let bit = BITS.get((*channel).into() as usize).copied().unwrap_or(0) & seen(*bin);
        // Not read back: it would wait for the write before.
        set = select_unpredictable(bin.row() == current, set, 0) | bit;
        current = bin.row();
        if let Some(own) = small.get_mut(current) {
            *own = set;
        }
    }
    let is_large = |channel: T| (channel.into() >= u64::BITS) & (channel != none);
    if channels.iter().fold(false, |any, channel| any | is_large(*channel)) {
        let large = channels.iter().zip(bins).filter(|(channel, bin)| is_large(**channel) && seen(**bin) != 0);
        found.extend(large.map(|(channel, bin)| (bin.row() as u8, (*channel).into())));
    }
}

/// Bit of each channel that is given one.
#[allow(clippy::indexing_slicing, reason = "when compiled")]
const BITS: [u64; 256] = {
    let (mut bits, mut channel) = ([0; 256], 0);
    while channel < 64 {
        bits[channel] = 1 << channel;
        channel += 1;
    }
    bits
};
