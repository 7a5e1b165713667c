//! Lift: how much better than chance the best-scored rows are.

use serde::{Deserialize, Serialize};

use super::clusters::check_clusters;
use super::estimates::lift;
use super::influence::InfluenceRows;
use super::{TieGroup, checked, tie_groups};
use crate::error::{Error, Result};

/// One slice of the rows, best scores first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiftRow {
    /// Number of the slice, from 1.
    pub slice: usize,
    /// Weight of its rows.
    pub weight: f64,
    /// Weight of its positives.
    pub positives: f64,
    /// Share of positives.
    pub rate: f64,
    /// Rate over the rate of all rows.
    pub lift: f64,
    /// Lower end of its 95 % interval.
    pub lift_low: f64,
    /// Upper end.
    pub lift_high: f64,
    /// Share of all positives in this and the slices before.
    pub captured: f64,
    /// Rate of this and the slices before over the rate of all rows.
    pub cumulative_lift: f64,
    /// Lowest prediction in the slice.
    pub lowest: f64,
}

/// Rows in order of score cut into `slices` of equal weight. Rows of equal score are spread evenly over the cut
/// between them, so their order does not matter. Rows of one of the `clusters` (a lead, an account) may depend on each
/// other: intervals are wider then.
///
/// # Errors
/// [`Error::Undefined`] without a positive, [`Error::Length`], [`Error::NonFinite`].
pub fn lift_table(
    y: &[bool],
    p: &[f64],
    weight: Option<&[f64]>,
    slices: usize,
    clusters: Option<&[u32]>,
) -> Result<Vec<LiftRow>> {
    let w = checked(y, p, weight)?;
    check_clusters(y, clusters)?;
    lift_table_of(&InfluenceRows::new(y, p, &w, clusters), &tie_groups(y, p, &w), slices)
}

/// The same of rows that are in order.
pub(super) fn lift_table_of(rows: &InfluenceRows<'_>, groups: &[TieGroup], slices: usize) -> Result<Vec<LiftRow>> {
    let all: f64 = groups.iter().map(|g| g.positive + g.negative).sum();
    let positive: f64 = groups.iter().map(|g| g.positive).sum();
    if positive <= 0.0 {
        return Err(Error::Undefined { metric: "lift", why: "no row is positive".into() });
    }
    let slices = slices.max(1);
    let rate = positive / all;
    let mut before = (0.0, 0.0);
    let part = |slice: usize| slice as f64 / slices as f64;
    let lifts = rows.lifts(slices);
    let table = (1..=slices).zip(&lifts).map(|(slice, of_slice)| {
        let until = if slice == slices { all } else { all * slice as f64 / slices as f64 };
        let (hits, lowest) = captured_at(groups, until, |g| g.positive + g.negative);
        let (weight, positives) = (until - before.0, hits - before.1);
        before = (until, hits);
        let (lift_low, lift_high) = lift("lift", rows, of_slice, (part(slice - 1), part(slice))).interval();
        LiftRow {
            slice,
            weight,
            positives,
            rate: positives / weight,
            lift: positives / weight / rate,
            lift_low,
            lift_high,
            captured: hits / positive,
            cumulative_lift: hits / until / rate,
            lowest,
        }
    });
    Ok(table.collect())
}

/// Positives among the first `until` units of size, and the lowest prediction reached.
fn captured_at(groups: &[TieGroup], until: f64, size: impl Fn(&TieGroup) -> f64) -> (f64, f64) {
    let (mut seen, mut hits, mut lowest) = (0.0, 0.0, f64::NAN);
    for g in groups {
        if seen >= until {
            break;
        }
        let s = size(g);
        lowest = g.prediction;
        if seen + s <= until {
            hits += g.positive;
        } else {
            hits += g.positive * (until - seen) / s;
        }
        seen += s;
    }
    (hits, lowest)
}

/// Share of positives among the `k` rows with the highest scores; rows tied at the border count in part.
///
/// # Errors
/// [`Error::InvalidOption`] unless 1 ≤ k ≤ rows; [`Error::Length`], [`Error::NonFinite`].
pub fn precision_at(y: &[bool], p: &[f64], k: usize) -> Result<f64> {
    let w = checked(y, p, None)?;
    if k == 0 || k > y.len() {
        return Err(Error::option("k", format!("must be between 1 and the number of rows ({}), not {k}", y.len())));
    }
    Ok(captured_at(&tie_groups(y, p, &w), k as f64, |g| g.rows).0 / k as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_spread() {
        let y = [true, false, true, false];
        let p = [0.5; 4];
        assert_eq!(precision_at(&y, &p, 1).unwrap(), 0.5);
        let table = lift_table(&y, &p, None, 2, None).unwrap();
        assert!(table.iter().all(|r| (r.lift - 1.0).abs() < 1e-15));
        assert_eq!(table.last().unwrap().captured, 1.0);
        assert!(precision_at(&y, &p, 5).is_err());
    }

    #[test]
    fn perfect_order() {
        let y = [true, false, false, false];
        let table = lift_table(&y, &[0.9, 0.3, 0.2, 0.1], None, 4, None).unwrap();
        assert_eq!((table[0].lift, table[0].captured, table[1].positives), (4.0, 1.0, 0.0));
    }
}
