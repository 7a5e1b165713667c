//! Weights of rows and their consequences.

use super::row::Row;
use crate::math;
use crate::schema::{CutoffRule, SnapshotSpec, Weighting};

/// Whether the rows of a lead share its weight; other rules give a lead one row.
pub(super) fn is_by_lead(spec: &SnapshotSpec, rule: &CutoffRule) -> bool {
    spec.weight == Weighting::Lead && matches!(rule, CutoffRule::Every { .. } | CutoffRule::Table)
}

/// Adjacent rows of one lead share its weight.
pub(super) fn weigh_by_lead(rows: &[Row], mut weight: &mut [f64]) {
    for rows in rows.chunk_by(|a, b| a.lead == b.lead) {
        let own = weight.split_off_mut(..rows.len()).unwrap_or(&mut []);
        own.iter_mut().for_each(|w| *w /= rows.len() as f64);
    }
}

/// Largest weight, and the effective number of rows (Σw)²/Σw².
///
/// L. Kish, "Survey Sampling", 1965, section 11.7.
pub(super) fn diagnose(weight: &[f64]) -> (f64, f64) {
    let at = |i: usize| weight.get(i).copied().unwrap_or(0.0);
    let (total, squares) = (math::sum(weight), math::sum_by(weight.len(), |i| at(i) * at(i)));
    (weight.iter().copied().fold(0.0, f64::max), if squares > 0.0 { total * total / squares } else { 0.0 })
}
