//! What rows weigh, and what follows from it.

use super::snapshot::{Row, Snapshot};
use crate::design::{CutoffRule, Maturity, SnapshotSpec, Weighting};
use crate::math;

/// Whether the rows of a lead share its weight; other rules give a lead one row.
pub(super) fn is_by_lead(spec: &SnapshotSpec, rule: &CutoffRule) -> bool {
    spec.weight == Weighting::Lead && matches!(rule, CutoffRule::Every { .. } | CutoffRule::Table)
}

/// Rows of one lead, which stand side by side, share its weight.
pub(super) fn weigh_by_lead(rows: &[Row], mut weight: &mut [f64]) {
    for rows in rows.chunk_by(|a, b| a.lead == b.lead) {
        let own = weight.split_off_mut(..rows.len()).unwrap_or(&mut []);
        own.iter_mut().for_each(|w| *w /= rows.len() as f64);
    }
}

/// Largest weight, and the effective number of rows (Σw)²/Σw²: as many rows of equal weight would say as much.
///
/// L. Kish, "Survey Sampling", 1965, section 11.7.
pub(super) fn diagnose(weight: &[f64]) -> (f64, f64) {
    let at = |i: usize| weight.get(i).copied().unwrap_or(0.0);
    let (total, squares) = (math::sum(weight), math::sum_by(weight.len(), |i| at(i) * at(i)));
    (weight.iter().copied().fold(0.0, f64::max), if squares > 0.0 { total * total / squares } else { 0.0 })
}

impl Snapshot {
    /// Share of positives, by weight; `None` without labels or rows.
    #[must_use]
    pub fn base_rate(&self) -> Option<f64> {
        let label = self.label.as_ref()?;
        let total = math::sum(&self.weight);
        let hits = math::sum_by(label.len(), |i| match (label.get(i), self.weight.get(i)) {
            (Some(true), Some(w)) => *w,
            _ => 0.0,
        });
        (total > 0.0).then(|| hits / total)
    }

    /// What the weights of the rows assume, or depend on.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if is_by_lead(&self.spec, &self.rule) {
            remarks.push(
                "weight='lead' is outcome-dependent: a lead that converts soon has few rows, and each of them weighs \
                 more, so rates and probabilities of young leads are too high; weight='row' estimates the rate of the \
                 leads at risk"
                    .to_owned(),
            );
        }
        if self.spec.maturity == Maturity::Ipcw && self.label.is_some() {
            remarks.push(format!(
                "maturity='ipcw' assumes that leads of the same age convert alike at every cutoff date (no drift); the \
                 largest weight is {:.1}, and {} rows count as {:.0} of equal weight",
                self.counts.largest_weight, self.counts.rows, self.counts.effective_rows
            ));
        }
        remarks
    }
}
