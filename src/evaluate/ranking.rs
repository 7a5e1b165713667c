//! Measures of order: ROC-AUC, average precision, Kolmogorov–Smirnov. Ties are treated as scikit-learn does.

use super::{TieGroup, checked, tie_groups};
use crate::error::{Error, Result};

fn totals(groups: &[TieGroup], metric: &'static str) -> Result<(f64, f64)> {
    let positive: f64 = groups.iter().map(|g| g.positive).sum();
    let negative: f64 = groups.iter().map(|g| g.negative).sum();
    if positive <= 0.0 || negative <= 0.0 {
        return Err(Error::Undefined { metric, why: "both classes are needed".into() });
    }
    Ok((positive, negative))
}

/// Area under the ROC curve: P(score of a positive > score of a negative) + ½ P(equal), by weight.
///
/// Arguments: labels, scores (any order-preserving scale), weights ≥ 0.
///
/// # Errors
/// [`Error::Undefined`] with one class only, [`Error::Length`], [`Error::NonFinite`].
///
/// ```
/// let auc = leadlens::evaluate::roc_auc(&[false, true, true], &[0.1, 0.1, 0.9], None)?;
/// assert_eq!(auc, 0.75);
/// # Ok::<(), leadlens::Error>(())
/// ```
///
/// Source: J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.
pub fn roc_auc(y: &[bool], p: &[f64], weight: Option<&[f64]>) -> Result<f64> {
    let w = checked(y, p, weight)?;
    let groups = tie_groups(y, p, &w);
    let (positive, negative) = totals(&groups, "roc_auc")?;
    let mut above = 0.0;
    let mut area = 0.0;
    for g in &groups {
        // Negatives of this group are beaten by all positives above, and tie with the positives of the group.
        area += g.negative * (above + g.positive / 2.0);
        above += g.positive;
    }
    Ok(area / (positive * negative))
}

/// Average precision (PR-AUC): Σ (Rₙ − Rₙ₋₁)·Pₙ over distinct scores, highest first; no interpolation.
///
/// # Errors
/// As [`roc_auc`], but one class of positives only is allowed.
pub fn average_precision(y: &[bool], p: &[f64], weight: Option<&[f64]>) -> Result<f64> {
    let w = checked(y, p, weight)?;
    let groups = tie_groups(y, p, &w);
    let positive: f64 = groups.iter().map(|g| g.positive).sum();
    if positive <= 0.0 {
        return Err(Error::Undefined { metric: "average_precision", why: "no row is positive".into() });
    }
    let (mut hits, mut all, mut area) = (0.0, 0.0, 0.0);
    for g in &groups {
        hits += g.positive;
        all += g.positive + g.negative;
        if all > 0.0 {
            area += g.positive / positive * (hits / all);
        }
    }
    Ok(area)
}

/// Kolmogorov–Smirnov distance of the scores of positives and negatives: max |TPR − FPR|.
///
/// # Errors
/// As [`roc_auc`].
pub fn ks(y: &[bool], p: &[f64], weight: Option<&[f64]>) -> Result<f64> {
    let w = checked(y, p, weight)?;
    let groups = tie_groups(y, p, &w);
    let (positive, negative) = totals(&groups, "ks")?;
    let (mut tp, mut fp, mut best) = (0.0, 0.0, 0.0f64);
    for g in &groups {
        tp += g.positive;
        fp += g.negative;
        best = best.max((tp / positive - fp / negative).abs());
    }
    Ok(best)
}
