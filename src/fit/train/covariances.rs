//! The covariances of a model's coefficients, purified.

use super::purify::Purifier;
use crate::error::Result;
use crate::model::CoefficientCovariance;
use crate::task::Task;

/// From the inverse Hessian, and the sandwich, of intercept, coefficients in the order of terms, and effects of interactions;
/// empty where none are made. Of each variance the larger counts.
pub(super) struct Covariances(Vec<Vec<Vec<f64>>>);

impl Covariances {
    pub(super) fn of(of_layout: Option<&[Vec<f64>; 2]>, purifier: &Purifier<'_>, task: &Task) -> Result<Self> {
        let mut both = Vec::new();
        for matrix in of_layout.into_iter().flatten() {
            let mut purified = purifier.covariance(matrix, task)?;
            // A variance that is 0 may have been rounded below it.
            purified.iter_mut().enumerate().filter_map(|(j, row)| row.get_mut(j)).for_each(|v| *v = v.max(0.0));
            both.push(purified);
        }
        Ok(Self(both))
    }

    fn largest(&self, of: impl Fn(&dyn Fn(usize, usize) -> f64) -> f64) -> f64 {
        let variances = self.0.iter().map(|matrix| {
            of(&|i: usize, j: usize| matrix.get(i).and_then(|row| row.get(j)).copied().unwrap_or(f64::NAN))
        });
        variances.fold(0.0, f64::max).sqrt()
    }

    /// Standard errors of all coefficients.
    pub(super) fn errors(&self) -> Vec<f64> {
        let count = self.0.first().map_or(0, Vec::len);
        (0..count).map(|j| self.largest(|at| at(j, j))).collect()
    }

    /// Standard error of the difference of two coefficients.
    pub(super) fn of_difference(&self, first: usize, second: usize) -> f64 {
        self.largest(|at| at(second, second) + at(first, first) - 2.0 * at(first, second))
    }

    /// Both as a model keeps them.
    pub(super) fn lower(&self) -> CoefficientCovariance {
        let mut lower = self.0.iter().map(|matrix| {
            matrix.iter().enumerate().flat_map(|(j, row)| row.iter().take(j + 1).copied()).collect::<Vec<f64>>()
        });
        CoefficientCovariance { lower: lower.next().unwrap_or_default(), robust: lower.next().unwrap_or_default() }
    }
}
