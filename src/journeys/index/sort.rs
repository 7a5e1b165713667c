//! Orders the rows of each lead by time.

use rayon::prelude::*;

use crate::math::vector::{Kernel, Vector, dispatch};

/// Events of a lead up to which they are sorted by their ranks.
const RANKED: usize = 24;
/// Bits of a place among so many.
const PLACE: u32 = 5;
/// Times less than so many microseconds apart, 9,135 years, have a place beside them in one number, and numbers above it
/// are left.
const SPAN: u64 = (1 << (63 - PLACE)) - 1;
/// Events of a lead from which on they are sorted by all threads.
const SORTED_BY_ALL: usize = 1 << 16;

/// Memory of one thread, used again for every partition.
#[derive(Default)]
pub(super) struct Sorter {
    keys: Vec<u64>,
    moved: Vec<u32>,
    wide: Vec<(i64, u32, u32)>,
}

impl Sorter {
    /// Sorts `times`, and `rows` with them, of each of some leads; `counts` says how many each has. Rows of equal times
    /// stay as they are, or are in order of `rank`, if it is given.
    pub(super) fn sort(&mut self, counts: &[u32], times: &mut [i64], rows: &mut [u32], rank: &[u64]) {
        if dispatch(Short { counts, times, rows }) {
            each_journey(counts, times, rows, |times, rows| {
                if !is_short(times) {
                    self.sort_long(times, rows);
                }
            });
        }
        if !rank.is_empty() {
            each_journey(counts, times, rows, |times, rows| sort_ties(times, rows, rank));
        }
    }

    fn sort_long(&mut self, times: &mut [i64], rows: &mut [u32]) {
        let n = times.len();
        if times.is_sorted() {
            return;
        }
        let (low, high) = bounds(times);
        // Time and place in one number, where they fit; times do, as they are of the years 1000 to 9999.
        let bits = n.ilog2() + 1;
        if high.abs_diff(low).leading_zeros() < bits {
            self.wide.clear();
            self.wide.extend(times.iter().zip(0u32..).zip(rows.iter()).map(|((t, i), row)| (*t, i, *row)));
            self.wide.par_sort_unstable();
            for ((slot, time), (t, _, row)) in rows.iter_mut().zip(times.iter_mut()).zip(&self.wide) {
                (*slot, *time) = (*row, *t);
            }
            return;
        }
        self.keys.clear();
        self.keys.extend(times.iter().zip(0u64..).map(|(t, i)| t.abs_diff(low) << bits | i));
        if n < SORTED_BY_ALL {
            self.keys.sort_unstable();
        } else {
            self.keys.par_sort_unstable();
        }
        self.moved.clear();
        let mask = (1u64 << bits) - 1;
        self.moved.extend(self.keys.iter().filter_map(|k| rows.get((k & mask) as usize)));
        for (time, key) in times.iter_mut().zip(&self.keys) {
            *time = low.wrapping_add((key >> bits) as i64);
        }
        rows.copy_from_slice(&self.moved);
    }
}

/// Calls `visit` with the times and rows of each lead that has any.
#[inline(always)]
fn each_journey(counts: &[u32], times: &mut [i64], rows: &mut [u32], mut visit: impl FnMut(&mut [i64], &mut [u32])) {
    let (mut times, mut rows) = (times, rows);
    for n in counts {
        let n = (*n as usize).min(times.len()).min(rows.len());
        let ((own_times, later_times), (own_rows, later_rows)) = (times.split_at_mut(n), rows.split_at_mut(n));
        (times, rows) = (later_times, later_rows);
        visit(own_times, own_rows);
    }
}

/// The earliest and the latest time.
#[inline(always)]
fn bounds(times: &[i64]) -> (i64, i64) {
    times.iter().fold((i64::MAX, i64::MIN), |(low, high), t| (low.min(*t), high.max(*t)))
}

/// True if a lead is sorted by ranks.
#[inline(always)]
fn is_short(times: &[i64]) -> bool {
    let (low, high) = bounds(times);
    times.len() <= RANKED && high.abs_diff(low) < SPAN
}

/// Sorts the journeys that are short, by ranks; true if there are others.
struct Short<'a> {
    counts: &'a [u32],
    times: &'a mut [i64],
    rows: &'a mut [u32],
}

impl Kernel for Short<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Vector>(self) -> bool {
        let (mut times, mut rows) = (self.times, self.rows);
        let mut others = false;
        for n in self.counts {
            let n = (*n as usize).min(times.len()).min(rows.len());
            others |= match n {
                0 | 1 => false,
                2..=8 => !sort_by_ranks::<V, 8>(n, times, rows),
                9..=16 => !sort_by_ranks::<V, 16>(n, times, rows),
                17..=RANKED => !sort_by_ranks::<V, RANKED>(n, times, rows),
                _ => true,
            };
            (times, rows) = (times.split_at_mut(n).1, rows.split_at_mut(n).1);
        }
        others
    }
}

/// Sorts the first `n` rows, at most W, by counting how many are before each; false if they are too far apart.
///
/// Nothing depends on `n` but which rows keep their places: branches and the ends of loops would be guessed wrong.
#[inline(always)]
fn sort_by_ranks<V: Vector, const W: usize>(n: usize, times: &mut [i64], rows: &mut [u32]) -> bool {
    let (mut own_times, mut own_rows) = ([0i64; W], [0u32; W]);
    match (times.first_chunk::<W>(), rows.first_chunk::<W>()) {
        (Some(times), Some(rows)) => (own_times, own_rows) = (*times, *rows),
        // At the end.
        _ => {
            own_times.iter_mut().zip(times.iter()).for_each(|(own, time)| *own = *time);
            own_rows.iter_mut().zip(rows.iter()).for_each(|(own, row)| *own = *row);
        }
    }
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for (i, time) in own_times.iter().enumerate() {
        low = low.min(if i < n { *time } else { i64::MAX });
        high = high.max(if i < n { *time } else { i64::MIN });
    }
    if high.abs_diff(low) >= SPAN {
        return false;
    }
    let mut keys = [0i64; W];
    for (i, (key, time)) in keys.iter_mut().zip(&own_times).enumerate() {
        // Rows of later leads stay where they are.
        *key = if i < n { time.wrapping_sub(low) << PLACE | i as i64 } else { i64::MAX - (W - i) as i64 };
    }
    // Fewer different ends of the loop.
    let others = n.next_multiple_of(4).min(W);
    let mut ranks = [0i64; W];
    for (i, rank) in ranks.iter_mut().enumerate() {
        *rank = i.saturating_sub(others) as i64;
    }
    V::add_ranks(&keys, others, &mut ranks);
    let (mut sorted_times, mut sorted_rows) = ([0i64; W], [0u32; W]);
    for ((rank, time), row) in ranks.iter().zip(&own_times).zip(&own_rows) {
        // Below W the keys are exhausted.
        if let (Some(slot), Some(row_slot)) =
            (sorted_times.get_mut(*rank as usize), sorted_rows.get_mut(*rank as usize))
        {
            (*slot, *row_slot) = (*time, *row);
        }
    }
    match (times.first_chunk_mut::<W>(), rows.first_chunk_mut::<W>()) {
        (Some(times), Some(rows)) => (*times, *rows) = (sorted_times, sorted_rows),
        _ => {
            times.iter_mut().zip(&sorted_times).for_each(|(time, sorted)| *time = *sorted);
            rows.iter_mut().zip(&sorted_rows).for_each(|(row, sorted)| *row = *sorted);
        }
    }
    true
}

/// Orders the rows of equal times.
fn sort_ties(times: &[i64], rows: &mut [u32], rank: &[u64]) {
    if times.windows(2).all(|pair| pair.first() != pair.last()) {
        return;
    }
    let mut first = 0;
    for same in times.chunk_by(|a, b| a == b) {
        if same.len() > 1
            && let Some(tied) = rows.get_mut(first..first + same.len())
        {
            tied.sort_by_key(|row| rank.get(*row as usize).copied());
        }
        first += same.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_a_stable_sort(
            journeys in prop::collection::vec(prop::collection::vec(0i64..40, 0..60), 0..20),
            far in any::<bool>(),
            ranked in any::<bool>(),
        ) {
            let time = |t: i64| if far && t % 3 == 0 { i64::MIN / 2 + t } else { t };
            let counts: Vec<u32> = journeys.iter().map(|j| j.len() as u32).collect();
            let given: Vec<i64> = journeys.iter().flatten().map(|t| time(*t)).collect();
            let rank: Vec<u64> = if ranked { (0..given.len() as u64).map(|i| i * 7 % 5).collect() } else { Vec::new() };
            let (mut times, mut rows) = (given.clone(), (0..given.len() as u32).collect::<Vec<_>>());
            Sorter::default().sort(&counts, &mut times, &mut rows, &rank);
            let mut expected: Vec<u32> = (0..given.len() as u32).collect();
            each_journey(&counts, &mut given.clone(), &mut expected, |_, rows| {
                rows.sort_by_key(|row| (given[*row as usize], rank.get(*row as usize)));
            });
            prop_assert_eq!(&rows, &expected);
            prop_assert!(times.iter().eq(expected.iter().map(|row| &given[*row as usize])));
        }
    }

    #[test]
    fn every_vector_unit_sorts_alike() {
        /// Sorts copies.
        #[derive(Clone)]
        struct Copied(Vec<u32>, Vec<i64>);
        impl Kernel for Copied {
            type Output = (bool, Vec<i64>, Vec<u32>);
            #[inline(always)]
            fn run<V: Vector>(self) -> Self::Output {
                let (counts, mut times) = (self.0, self.1);
                let mut rows: Vec<u32> = (0..times.len() as u32).collect();
                let others = Short { counts: &counts, times: &mut times, rows: &mut rows }.run::<V>();
                (others, times, rows)
            }
        }
        let counts: Vec<u32> = (0..=26).collect();
        let times = (0..counts.iter().sum::<u32>()).map(|i| i64::from(i * 7919 % 31)).collect();
        let all = crate::math::vector::on_every_unit(&Copied(counts, times));
        for (unit, sorted) in &all {
            assert!(sorted.0, "two leads have more than {RANKED}");
            assert_eq!(*sorted, all[0].1, "{unit}");
        }
    }
}
