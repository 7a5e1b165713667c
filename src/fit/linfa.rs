//! The baseline solver: linfa-logistic 0.8.1 (L-BFGS).
//!
//! It takes no weights, keeps no state of convergence, and names the more frequent class positive
//! (<https://github.com/rust-ml/linfa/issues/393>). So the matrix is expanded, the class is oriented by
//! `labels()`, and gradient and objective are computed again at its solution.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use super::matrix::{Dense, Matrix};
use super::newton::Stop;
use super::objective::{Objective, norm};
use super::solution::Solution;
use crate::error::{Error, Result};

pub(super) fn solve(f: &Objective<'_>, stop: Stop) -> Result<Solution> {
    let only = |problem: &str| Err(Error::option("solver", format!("'linfa' knows no {problem}; use solver='newton'")));
    let scale = f.observed.weight.and_then(|w| w.first().copied()).unwrap_or(1.0);
    if f.observed.weight.is_some_and(|w| w.iter().any(|v| *v != scale)) {
        return only("weights (a snapshot can be fitted with weight='row')");
    }
    if f.observed.offset.is_some() {
        return only("offsets");
    }
    let failed = |e: linfa_logistic::error::Error| Error::option("solver", format!("linfa failed: {e}"));
    let data = DatasetBase::new(expand(f.x), Array1::from(f.observed.y.to_vec()));
    let fitted = LogisticRegression::default()
        // A common weight scales the loss against the penalty.
        .alpha(f.ridge / scale)
        .with_intercept(!f.is_pinned(0))
        .max_iterations(stop.max_iterations as u64)
        // Its tolerance is on the summed gradient.
        .gradient_tolerance(stop.tolerance * f.x.rows() as f64)
        .fit(&data)
        .map_err(failed)?;
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let beta: Vec<f64> =
        [sign * fitted.intercept()].into_iter().chain(fitted.params().iter().map(|c| sign * c)).collect();
    let (point, _) = f.at(beta, None);
    let gradient = norm(&point.gradient, &vec![1.0; point.gradient.len()], f.total);
    // It does not tell its iterations.
    Ok(Solution::at(f, point, gradient, 0, gradient <= stop.tolerance))
}

/// All columns as one dense array.
fn expand(x: &Matrix<'_>) -> Array2<f64> {
    let mut expanded = Array2::<f64>::zeros((x.rows(), x.width()));
    for (i, mut row) in expanded.rows_mut().into_iter().enumerate() {
        x.each_in_row(i, |j, v| {
            if let Some(slot) = row.get_mut(j) {
                *slot = v;
            }
        });
    }
    expanded
}

impl From<Matrix<'_>> for Array2<f64> {
    /// All columns as one dense array, texts and sparse columns expanded.
    fn from(x: Matrix<'_>) -> Self {
        expand(&x)
    }
}

impl TryFrom<&Array2<f64>> for Matrix<'_> {
    type Error = Error;

    /// A dense matrix of an array, for instance of the records of a linfa `Dataset`.
    fn try_from(array: &Array2<f64>) -> Result<Self> {
        let numbers: Vec<f64> = array.iter().copied().collect();
        Self::new(Some(Dense::by_rows(numbers, array.nrows(), array.ncols())?), Vec::new(), None)
    }
}
