//! Curves without each block of accounts, at all times of the whole curve in one sweep over the ends of spells.

#![allow(clippy::indexing_slicing, reason = "all vectors have one number per block")]

use rayon::prelude::*;

use super::risk::{End, Subject};

/// Standard errors by leaving out blocks.
pub(super) struct LeftOut {
    /// Of the share at each time.
    pub(super) errors: Vec<f64>,
    /// Of the restricted mean.
    pub(super) mean_error: f64,
}

/// Spells that are not in a block, and the share with the event among them so far.
#[derive(Debug, Clone)]
struct Without {
    at_risk: u64,
    free: f64,
    share: f64,
    competing: f64,
    /// ∫F dt.
    area: f64,
}

/// What ends at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct EndsLeftOut {
    all: u64,
    events: u64,
    competing: u64,
}

impl EndsLeftOut {
    fn add(&mut self, end: End) {
        self.all += 1;
        self.events += u64::from(end == End::Event);
        self.competing += u64::from(end == End::Competing);
    }
}

impl Without {
    /// One step of Aalen–Johansen's share, as in [`super::curve::Curve::new`].
    fn step(&mut self, ends: EndsLeftOut) {
        let (n, d, c) = (self.at_risk as f64, ends.events as f64, ends.competing as f64);
        if n > 0.0 && self.free > 0.0 && d + c > 0.0 {
            self.competing += self.free * c / n;
            let step = self.free * d / n;
            self.share = if d + c < n || self.competing > 0.0 { self.share + step } else { 1.0 };
            self.free *= (n - d - c) / n;
        }
        self.at_risk -= ends.all;
    }
}

/// √((B − 1)/B·Σ(v − v̄)²).
fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let (count, sum) = values.clone().fold((0.0, 0.0), |(n, sum), v| (n + 1.0, sum + v));
    let mean: f64 = sum / count;
    ((count - 1.0) / count * values.map(|v| (v - mean) * (v - mean)).sum::<f64>()).sqrt()
}

/// Leaves out each of `blocks` from spells with the number of their block: what the share at `times`, ascending, and the mean
/// up to `until` vary by.
pub(super) fn without_each(
    spells: impl Iterator<Item = (u32, Subject)> + Clone,
    blocks: &[u32],
    times: &[f64],
    until: f64,
) -> LeftOut {
    let most = blocks.iter().max().map_or(0, |b| *b as usize + 1);
    let mut place = vec![0; most];
    blocks.iter().enumerate().for_each(|(i, block)| place[*block as usize] = i);
    let place = |block: u32| place[block as usize];
    let mut entries: Vec<(f64, usize)> = spells.clone().filter_map(|(b, s)| Some((s.entry?, place(b)))).collect();
    entries.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let from_start = spells.clone().filter(|(_, s)| s.entry.is_none());
    let new = Without { at_risk: from_start.clone().count() as u64, free: 1.0, share: 0.0, competing: 0.0, area: 0.0 };
    let mut without = vec![new; blocks.len()];
    from_start.for_each(|(block, _)| without[place(block)].at_risk -= 1);
    // Only what the sweep needs: less to sort.
    let mut ends: Vec<(f64, u32, End)> = spells.map(|(block, s)| (s.exit, place(block) as u32, s.end)).collect();
    ends.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut entries = entries.into_iter().peekable();
    let (mut errors, mut error, mut before) = (Vec::with_capacity(times.len()), 0.0, 0.0);
    let mut own = vec![EndsLeftOut::default(); blocks.len()];
    for same in ends.chunk_by(|a, b| a.0 == b.0) {
        let Some(now) = same.first().map(|(exit, ..)| *exit) else { continue };
        // Until now nothing has changed.
        while times.get(errors.len()).is_some_and(|t| *t < now) {
            errors.push(error);
        }
        while let Some((_, block)) = entries.next_if(|(entry, _)| *entry < now) {
            without.iter_mut().enumerate().filter(|(b, _)| *b != block).for_each(|(_, w)| w.at_risk += 1);
        }
        let mut all = EndsLeftOut::default();
        for (_, block, end) in same {
            all.add(*end);
            own[*block as usize].add(*end);
        }
        let width = now.min(until) - before;
        let changes = all.events + all.competing > 0;
        for (w, own) in without.iter_mut().zip(&mut own) {
            if changes && width > 0.0 {
                w.area += width * w.share;
            }
            let EndsLeftOut { all: ended, events, competing } = std::mem::take(own);
            w.step(EndsLeftOut {
                all: all.all - ended,
                events: all.events - events,
                competing: all.competing - competing,
            });
        }
        if changes {
            before = before.max(now.min(until));
            error = spread(without.iter().map(|w| w.share));
        }
    }
    errors.resize(times.len(), error);
    let rest = until - before;
    let mean_error = spread(without.iter().map(|w| w.area + rest.max(0.0) * w.share));
    LeftOut { errors, mean_error }
}

#[cfg(test)]
mod tests {
    use super::super::curve::Curve;
    use super::super::risk::RiskTable;
    use super::*;

    /// As curves made anew without each block.
    #[test]
    fn the_sweep_is_the_jackknife() {
        let spell = |i: u64| Subject {
            entry: i.is_multiple_of(5).then_some((i % 7) as f64),
            exit: 8.0 + (i * 37 % 41) as f64,
            end: [End::Event, End::Censored, End::Competing, End::Event][i as usize % 4],
        };
        let spells: Vec<(u32, Subject)> = (0..120).map(|i| ((i * 11 % 6) as u32 + 2, spell(i))).collect();
        let table = |without: Option<u32>| {
            let kept: Vec<Subject> = spells.iter().filter(|(b, _)| Some(*b) != without).map(|(_, s)| *s).collect();
            Curve::new(RiskTable::new(&kept).unwrap(), 0.95)
        };
        let (whole, blocks) = (table(None), [2, 3, 4, 5, 6, 7]);
        let curves: Vec<Curve> = blocks.iter().map(|b| table(Some(*b))).collect();
        for until in [0.0, 20.0, 100.0] {
            let found = without_each(spells.iter().copied(), &blocks, &whole.time, until);
            for (t, error) in whole.time.iter().zip(&found.errors) {
                let expected = spread(curves.iter().map(|c| c.by(*t).0));
                assert!((error - expected).abs() < 1e-12, "{t}: {error} {expected}");
            }
            let expected = spread(curves.iter().map(|c| c.restricted_mean(until).mean));
            assert!((found.mean_error - expected).abs() < 1e-9, "{until}: {} {expected}", found.mean_error);
        }
    }
}
