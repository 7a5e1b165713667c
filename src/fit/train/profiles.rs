//! Profiles: how the training rows lie over the values of each feature.

use rayon::prelude::*;

use super::layout::Encoded;
use crate::encoding::{Encoder, ValueGroups};
use crate::error::Result;
use crate::math::quantile_sorted;
use crate::model::{Profile, Term};
use crate::progress::Task;
use crate::schema::Column;
use crate::snapshot::Snapshot;

/// Rows from which the ranges of a number are drawn.
const SAMPLE: usize = 20_000;
/// A number with at most so many values has a range for each.
const VALUES: usize = 24;
/// Else quantiles of the rows: sixteenths, and finer at the ends, where few rows have large effects.
const TAILS: [f64; 3] = [0.005, 0.015, 0.03];

/// Gives each term its profile.
pub(super) fn profiled(
    terms: &mut [Term],
    encoded: &[Encoded],
    snapshot: &Snapshot,
    label: &[bool],
    task: &Task,
) -> Result<()> {
    let profiles = encoded.par_iter().map(|e| {
        task.check()?;
        let cuts = cuts(&e.encoder, &e.column);
        Ok(profile(&ValueGroups::of(&e.encoder, &cuts), cuts, &e.column, snapshot, label))
    });
    let profiles = profiles.collect::<Result<Vec<Profile>>>()?;
    for (term, profile) in terms.iter_mut().zip(profiles) {
        term.profile = Some(profile);
    }
    Ok(())
}

/// Where the ranges of a number begin, but for the first: those of its bins, if it has any, since its effect may jump there.
fn cuts(encoder: &Encoder, column: &Column) -> Vec<f64> {
    let Column::Number(values) = column else { return Vec::new() };
    if !encoder.bin_edges().is_empty() {
        return encoder.bin_edges().to_vec();
    }
    let stride = values.len().div_ceil(SAMPLE).max(1);
    let mut sorted: Vec<f64> = values.iter().step_by(stride).copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= VALUES {
        return distinct.split_off(1.min(distinct.len()));
    }
    let sixteenths = (1..16).map(|k| f64::from(k) / 16.0);
    let mut shares: Vec<f64> = TAILS.into_iter().chain(sixteenths).chain(TAILS.map(|tail| 1.0 - tail)).collect();
    shares.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> = shares.into_iter().map(|share| quantile_sorted(&sorted, share)).collect();
    cuts.retain(|cut| sorted.first().is_some_and(|lowest| cut > lowest));
    cuts.dedup();
    cuts
}

/// Rows whose outcome is unknown have no weight and are not counted.
fn profile(groups: &ValueGroups, cuts: Vec<f64>, column: &Column, snapshot: &Snapshot, label: &[bool]) -> Profile {
    let count = groups.count();
    let (mut weights, mut positives, mut leads) = (vec![0.0; count], vec![0.0; count], vec![0u64; count]);
    let mut sums = vec![(0.0, 0.0); count];
    let mut last = vec![None; count];
    let values: &[f64] = if let Column::Number(values) = column { values } else { &[] };
    let rows = snapshot.rows.iter().zip(&snapshot.weight).zip(label);
    let reader = groups.reader(column);
    for (row, ((of, weight), positive)) in rows.enumerate() {
        let at = reader.at(row);
        let known = *weight > 0.0;
        let (Some(w), Some(p), Some(n)) = (weights.get_mut(at), positives.get_mut(at), leads.get_mut(at)) else {
            continue;
        };
        *w += weight;
        *p += if *positive { *weight } else { 0.0 };
        // Rows of a lead stand side by side.
        if let Some(last) = last.get_mut(at).filter(|last| known && **last != Some(of.lead)) {
            *last = Some(of.lead);
            *n += 1;
        }
        if let (Some(sum), Some(x)) = (sums.get_mut(at).filter(|_| known), values.get(row)) {
            *sum = (sum.0 + x, sum.1 + 1.0);
        }
    }
    let centres = match groups {
        ValueGroups::Ranges(_) => {
            sums.iter().take(count - 1).enumerate().map(|(at, sum)| centre(*sum, &cuts, at)).collect()
        }
        ValueGroups::Levels(_) => Vec::new(),
    };
    Profile { cuts, centres, weights, positives, leads }
}

/// The mean of a range; without rows its middle, or its end.
fn centre((sum, count): (f64, f64), cuts: &[f64], at: usize) -> f64 {
    let mean = sum / count;
    if mean.is_finite() {
        return mean;
    }
    match (at.checked_sub(1).and_then(|i| cuts.get(i)), cuts.get(at)) {
        (Some(from), Some(to)) => from + (to - from) / 2.0,
        (Some(end), None) | (None, Some(end)) => *end,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::LevelRule;

    fn cuts_of(values: Vec<f64>) -> Vec<f64> {
        let leads: Vec<u32> = (0..values.len() as u32).collect();
        let rule = LevelRule { leads: &leads, min_rows: 1, max_levels: 10, reference: false };
        let weights = vec![1.0; values.len()];
        let column = Column::Number(values);
        let encoder = Encoder::fit(&column, &weights, rule, 0.0).unwrap();
        cuts(&encoder, &column)
    }

    #[test]
    fn ranges_of_numbers() {
        assert_eq!(cuts_of(vec![2.0, 0.0, 1.0, f64::NAN, 1.0]), [1.0, 2.0]);
        let many = cuts_of((0..100_000).map(f64::from).collect());
        assert_eq!(many.len(), 21);
        assert!(many.is_sorted_by(|a, b| a < b) && (many[10] - 50_000.0).abs() < 100.0, "{many:?}");
        // Nine tenths are 0: no cut is there, and the rest has cuts.
        let zeros = cuts_of((0..10_000).map(|i| if i % 10 == 0 { f64::from(i) } else { 0.0 }).collect());
        assert!(zeros.first().is_some_and(|c| *c > 0.0) && zeros.len() >= 3, "{zeros:?}");
    }

    #[test]
    fn centres_of_ranges_without_rows() {
        let cuts = [1.0, 3.0];
        assert_eq!(centre((4.0, 2.0), &cuts, 1), 2.0);
        assert_eq!([0, 1, 2].map(|at| centre((0.0, 0.0), &cuts, at)), [1.0, 2.0, 3.0]);
        assert_eq!(centre((0.0, 0.0), &[], 0), 0.0);
    }
}
