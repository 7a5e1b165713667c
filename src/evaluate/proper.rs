//! Proper scores of probabilities.

use super::checked_probabilities;
use crate::error::{Error, Result};
use crate::math::{ln, sum, sum_by};

fn total(w: &[f64], metric: &'static str) -> Result<f64> {
    let total = sum(w);
    if total > 0.0 { Ok(total) } else { Err(Error::Undefined { metric, why: "all weights are 0".into() }) }
}

/// Weighted mean of −ln of the probability given to what happened.
///
/// Probabilities are clipped to [ε, 1 − ε], ε = 2⁻⁵², as scikit-learn does: one certain mistake costs 36.04.
///
/// # Errors
/// [`Error::Length`], [`Error::NonFinite`]; [`Error::Undefined`] without rows.
pub fn log_loss(y: &[bool], p: &[f64], weight: Option<&[f64]>) -> Result<f64> {
    let w = checked_probabilities(y, p, weight)?;
    let total = total(&w, "log_loss")?;
    let loss = |i: usize| match (y.get(i), p.get(i), w.get(i)) {
        (Some(y), Some(p), Some(w)) => {
            let given = if *y { *p } else { 1.0 - *p };
            -w * ln(given.clamp(f64::EPSILON, 1.0 - f64::EPSILON))
        }
        _ => 0.0,
    };
    Ok(sum_by(y.len(), loss) / total)
}

/// Weighted mean of (p − y)².
///
/// # Errors
/// As [`log_loss`].
pub fn brier(y: &[bool], p: &[f64], weight: Option<&[f64]>) -> Result<f64> {
    let w = checked_probabilities(y, p, weight)?;
    let total = total(&w, "brier")?;
    let square = |i: usize| match (y.get(i), p.get(i), w.get(i)) {
        (Some(y), Some(p), Some(w)) => {
            let d = p - f64::from(u8::from(*y));
            w * d * d
        }
        _ => 0.0,
    };
    Ok(sum_by(y.len(), square) / total)
}
