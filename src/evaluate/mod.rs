//! How good scores are: ranking, proper scores, calibration, lift. Works on plain slices.

mod calibration;
mod clusters;
mod estimates;
mod evaluation;
mod influence;
mod lift;
mod proper;
mod ranking;
mod verdict;

pub use calibration::{
    Binning, CalibrationBin, calibration_error_by_chance, calibration_table, expected_calibration_error,
};
pub use clusters::Clusters;
pub use estimates::{Difference, Estimate, ScoreComparison, compare_scores};
pub use evaluation::{Evaluation, Group, evaluate, evaluate_clustered};
pub use lift::{LiftRow, lift_table, precision_at};
pub use proper::{brier, log_loss};
pub use ranking::{average_precision, ks, roc_auc};
pub use verdict::{Check, Finding, Verdict};

use crate::counted::counted;
use crate::error::{Error, Result};

/// Checks labels, predictions and weights; returns the weights, 1 for each row if there are none.
pub(crate) fn checked<'a>(y: &[bool], p: &[f64], weight: Option<&'a [f64]>) -> Result<std::borrow::Cow<'a, [f64]>> {
    if p.len() != y.len() {
        return Err(Error::Length { what: "predictions".into(), expected: y.len(), got: p.len() });
    }
    let bad = p.iter().filter(|v| v.is_nan()).count();
    if bad > 0 {
        return Err(Error::NonFinite { what: "predictions".into(), count: bad });
    }
    match weight {
        None => Ok(vec![1.0; y.len()].into()),
        Some(w) if w.len() != y.len() => Err(Error::Length { what: "weights".into(), expected: y.len(), got: w.len() }),
        Some(w) => {
            let bad = w.iter().filter(|v| !v.is_finite() || **v < 0.0).count();
            if bad > 0 {
                return Err(Error::option("weights", format!("{bad} are negative, NaN or infinite")));
            }
            Ok(w.into())
        }
    }
}

/// As [`checked`], and predictions must be probabilities.
pub(crate) fn checked_probabilities<'a>(
    y: &[bool],
    p: &[f64],
    weight: Option<&'a [f64]>,
) -> Result<std::borrow::Cow<'a, [f64]>> {
    let outside = p.iter().filter(|v| **v < 0.0 || **v > 1.0).count();
    if outside > 0 {
        return Err(Error::option(
            "predictions",
            format!("{} outside [0, 1]; pass probabilities", counted(outside, "value is", "values are")),
        ));
    }
    checked(y, p, weight)
}

/// Rows grouped by equal prediction, highest first: (prediction, weight of positives, weight of negatives, rows).
pub(crate) fn tie_groups(y: &[bool], p: &[f64], w: &[f64]) -> Vec<TieGroup> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    let at = |i: &usize| p.get(*i).copied().unwrap_or(0.0);
    order.sort_by(|a, b| at(b).total_cmp(&at(a)));
    let mut groups: Vec<TieGroup> = Vec::new();
    for i in order {
        let (Some(p), Some(y), Some(w)) = (p.get(i), y.get(i), w.get(i)) else { continue };
        match groups.last_mut() {
            // -0.0 and 0.0 are one prediction.
            Some(g) if g.prediction == *p => g.add(*y, *w),
            _ => {
                let mut g = TieGroup { prediction: *p, positive: 0.0, negative: 0.0, rows: 0.0 };
                g.add(*y, *w);
                groups.push(g);
            }
        }
    }
    groups
}

pub(crate) struct TieGroup {
    pub(crate) prediction: f64,
    pub(crate) positive: f64,
    pub(crate) negative: f64,
    pub(crate) rows: f64,
}

impl TieGroup {
    fn add(&mut self, y: bool, w: f64) {
        if y {
            self.positive += w;
        } else {
            self.negative += w;
        }
        self.rows += 1.0;
    }
}
