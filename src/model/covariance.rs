//! Covariance of the coefficients of a model.

use serde::{Deserialize, Serialize};

/// Covariance of intercept, coefficients in the order of terms, and effects of interactions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoefficientCovariance {
    /// The estimates it belongs to, from a fit with a weaker penalty, because an interval around shrunken
    /// coefficients does not hold the truth. Empty where they are the coefficients of the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub centre: Vec<f64>,
    /// From the inverse Hessian: on and below the diagonal, by rows.
    pub lower: Vec<f64>,
    /// Robust to dependent rows, in the same order; empty in files that hold one covariance only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub robust: Vec<f64>,
}

/// A design column that differs from 0 in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActiveColumn {
    /// Its place: 0 is the intercept, then all columns of all terms, then all cells of all interactions.
    pub place: usize,
    /// Its value.
    pub value: f64,
}

impl CoefficientCovariance {
    /// What makes it unusable for `k` coefficients, if anything does.
    pub(super) fn problem(&self, k: usize) -> Option<String> {
        if !(self.centre.is_empty() || self.centre.len() == k) || !self.centre.iter().all(|v| v.is_finite()) {
            return Some(format!("the estimates of the covariance must be {k} finite numbers"));
        }
        let robust = (!self.robust.is_empty()).then_some(&self.robust);
        [&self.lower].into_iter().chain(robust).find_map(|matrix| problem_of(matrix, k))
    }

    /// Σ value × estimate over `columns`.
    #[must_use]
    pub fn estimate(&self, columns: &[ActiveColumn]) -> f64 {
        columns.iter().map(|c| c.value * self.centre.get(c.place).copied().unwrap_or(0.0)).sum()
    }

    /// The same for log-odds that are slope·η + intercept.
    pub(crate) fn rescale(&mut self, slope: f64, intercept: f64) {
        self.centre.iter_mut().for_each(|c| *c *= slope);
        if let Some(first) = self.centre.first_mut() {
            *first += intercept;
        }
        self.lower.iter_mut().chain(&mut self.robust).for_each(|v| *v *= slope * slope);
    }

    /// Variance of Σ value × coefficient over `columns`: the larger of the two covariances.
    #[must_use]
    pub fn variance(&self, columns: &[ActiveColumn]) -> f64 {
        variance_by(&self.lower, columns).max(if self.robust.is_empty() {
            0.0
        } else {
            variance_by(&self.robust, columns)
        })
    }
}

fn variance_by(lower: &[f64], columns: &[ActiveColumn]) -> f64 {
    let at = |a: usize, b: usize| {
        let (high, low) = (a.max(b), a.min(b));
        lower.get(high * (high + 1) / 2 + low).copied().unwrap_or(f64::NAN)
    };
    let mut sum = 0.0;
    for (i, a) in columns.iter().enumerate() {
        sum += a.value * a.value * at(a.place, a.place);
        sum += columns.iter().take(i).map(|b| 2.0 * a.value * b.value * at(a.place, b.place)).sum::<f64>();
    }
    sum.max(0.0)
}

fn problem_of(lower: &[f64], k: usize) -> Option<String> {
    if lower.len() != k * (k + 1) / 2 {
        return Some(format!("the covariance has {} numbers for {k} coefficients", lower.len()));
    }
    let at = |i: usize, j: usize| lower.get(i * (i + 1) / 2 + j).copied().unwrap_or(f64::NAN);
    // If a variance is almost 0, it and its covariances are rounding errors of the others.
    let rounding = 1e-9 * (0..k).map(|i| at(i, i)).fold(0.0, f64::max);
    let usable = (0..k).all(|i| {
        let own = at(i, i);
        own >= 0.0 && (0..i).all(|j| at(i, j).abs() <= 1.000_001 * (own * at(j, j)).sqrt() + rounding)
    });
    (!usable).then(|| "the covariance is invalid: a variance is negative or a correlation above 1".to_owned())
}
