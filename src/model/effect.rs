//! Contributions of one term with their standard errors.

use super::{ActiveColumn, LeadModel};
use crate::encoding::Encoder;

/// The estimate that an interval of a contribution is around, and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EstimatedEffect {
    /// Σ (column − mean) × estimate. It is not the contribution if the model is shrunk by a strong penalty, because the
    /// estimates come from a fit with a weaker one.
    pub estimate: f64,
    /// Standard error; NaN where the model does not hold it.
    pub error: f64,
}

impl LeadModel {
    /// Estimates of the contributions of a term, each with its design columns that differ from 0: their places within the
    /// term, and values. Contributions are relative to the average training row.
    ///
    /// Without the covariance of the coefficients, errors exist for a straight number only. With an indicator of missing
    /// values they are sums of two standard errors, which is the most that the error can be.
    #[must_use]
    pub fn estimated_effects(&self, term: usize, rows: &[Vec<(usize, f64)>]) -> Vec<EstimatedEffect> {
        let Some(t) = self.terms().get(term) else { return Vec::new() };
        let at = |v: &[f64], i: usize| v.get(i).copied().unwrap_or(f64::NAN);
        let estimates = if t.estimates.is_empty() { &t.coefficients } else { &t.estimates };
        let average: f64 = estimates.iter().zip(&t.means).map(|(e, m)| e * m).sum();
        let first = 1 + self.terms().iter().take(term).map(|t| t.encoder.width()).sum::<usize>();
        let placed = |(i, value): (usize, f64)| ActiveColumn { place: first + i, value };
        let means: Vec<ActiveColumn> = t.means.iter().copied().enumerate().map(placed).collect();
        let actives: Vec<Vec<ActiveColumn>> = rows.iter().map(|r| r.iter().copied().map(placed).collect()).collect();
        let straight = matches!(t.encoder, Encoder::Number { spline: None, bins: None, .. });
        let errors: Vec<f64> = match &self.data().covariance {
            Some(covariance) => covariance.centred_variances(&means, &actives).into_iter().map(f64::sqrt).collect(),
            None if straight && !t.standard_errors.is_empty() => {
                let value = |row: &[(usize, f64)], j: usize| row.iter().find(|c| c.0 == j).map_or(0.0, |c| c.1);
                let part = |row: &[(usize, f64)], j: usize| (value(row, j) - at(&t.means, j)).abs();
                let error = |row: &Vec<(usize, f64)>| {
                    t.standard_errors.iter().enumerate().map(|(j, e)| e * part(row, j)).sum::<f64>()
                };
                rows.iter().map(error).collect()
            }
            None => vec![f64::NAN; rows.len()],
        };
        let estimate = |row: &Vec<(usize, f64)>| row.iter().map(|(i, v)| v * at(estimates, *i)).sum::<f64>() - average;
        rows.iter().zip(errors).map(|(row, error)| EstimatedEffect { estimate: estimate(row), error }).collect()
    }
}
