//! Covariance of the coefficients of a model.

use std::collections::HashMap;

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

    /// Variances of Σ (value − mean) × coefficient over the columns of `means`, for values that are 0 outside each of
    /// `rows`: the larger of the two covariances.
    #[must_use]
    pub fn centred_variances(&self, means: &[ActiveColumn], rows: &[Vec<ActiveColumn>]) -> Vec<f64> {
        let by_hessian = centred_by(&self.lower, means, rows);
        if self.robust.is_empty() {
            return by_hessian;
        }
        by_hessian.into_iter().zip(centred_by(&self.robust, means, rows)).map(|(a, b)| a.max(b)).collect()
    }
}

/// Entry of a symmetric matrix of which the part on and below the diagonal is stored by rows.
fn entry(lower: &[f64], a: usize, b: usize) -> f64 {
    let (high, low) = (a.max(b), a.min(b));
    lower.get(high * (high + 1) / 2 + low).copied().unwrap_or(f64::NAN)
}

/// Variances of Σ (value − mean) × coefficient: vᵀVv − 2vᵀVm + mᵀVm, so that only Vm takes all columns at once.
fn centred_by(lower: &[f64], means: &[ActiveColumn], rows: &[Vec<ActiveColumn>]) -> Vec<f64> {
    let with_means = |place: usize| means.iter().map(|m| m.value * entry(lower, place, m.place)).sum::<f64>();
    let products: HashMap<usize, f64> = means.iter().map(|m| (m.place, with_means(m.place))).collect();
    let product = |place: usize| products.get(&place).copied().unwrap_or_else(|| with_means(place));
    let constant: f64 = means.iter().map(|m| m.value * product(m.place)).sum();
    let variance = |row: &Vec<ActiveColumn>| {
        let mixed: f64 = row.iter().map(|c| c.value * product(c.place)).sum();
        (variance_by(lower, row) - 2.0 * mixed + constant).max(0.0)
    };
    rows.iter().map(variance).collect()
}

fn variance_by(lower: &[f64], columns: &[ActiveColumn]) -> f64 {
    let at = |a: usize, b: usize| entry(lower, a, b);
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
    let at = |i: usize, j: usize| entry(lower, i, j);
    // If a variance is almost 0, it and its covariances are rounding errors of the others.
    let rounding = 1e-9 * (0..k).map(|i| at(i, i)).fold(0.0, f64::max);
    let usable = (0..k).all(|i| {
        let own = at(i, i);
        own >= 0.0 && (0..i).all(|j| at(i, j).abs() <= 1.000_001 * (own * at(j, j)).sqrt() + rounding)
    });
    (!usable).then(|| "the covariance is invalid: a variance is negative or a correlation above 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(place: usize, value: f64) -> ActiveColumn {
        ActiveColumn { place, value }
    }

    #[test]
    fn centred_variances_are_variances_of_the_differences_to_the_means() {
        let lower = vec![9.0, 0.5, 2.0, -0.3, 0.4, 1.5, 0.2, -0.6, 0.1, 3.0];
        let robust: Vec<f64> = lower.iter().enumerate().map(|(i, v)| v * if i < 6 { 0.5 } else { 2.0 }).collect();
        let covariance = CoefficientCovariance { centre: Vec::new(), lower, robust };
        let means = [column(1, 0.2), column(2, 0.7), column(3, -0.1)];
        let rows = [vec![column(1, 1.0)], vec![column(3, 1.0)], vec![column(2, 0.4), column(3, 2.0)], vec![]];
        for (row, variance) in rows.iter().zip(covariance.centred_variances(&means, &rows)) {
            let value = |place: usize| row.iter().find(|c| c.place == place).map_or(0.0, |c| c.value);
            let plain: Vec<ActiveColumn> = means.iter().map(|m| column(m.place, value(m.place) - m.value)).collect();
            assert!((covariance.variance(&plain) - variance).abs() < 1e-12, "{row:?}");
        }
    }
}
