//! The baseline solver: linfa-logistic 0.8.1 (L-BFGS).
//!
//! It takes no weights, keeps no state of convergence, and names the more frequent class positive
//! (<https://github.com/rust-ml/linfa/issues/393>). So the matrix is expanded, the class is oriented by
//! `labels()`, and gradient and objective are computed again at its solution.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use super::matrix::Matrix;
use super::newton::{Solution, gradient_norm, objective};
use super::params::LogisticParams;
use crate::error::{Error, Result};
use crate::math::sum;

pub(super) fn solve(x: &Matrix, y: &[bool], w: &[f64], params: &LogisticParams) -> Result<Solution> {
    if w.iter().any(|v| Some(v) != w.first()) {
        return Err(Error::option(
            "solver",
            "'linfa' knows no weights; use solver='newton', or weight='row' with one weight for all",
        ));
    }
    // A common weight scales the loss against the penalty.
    let scale = w.first().copied().unwrap_or(1.0);
    let ridge = params.c.map_or(0.0, |c| 1.0 / c);
    let mut expanded = Array2::<f64>::zeros((x.rows(), x.width()));
    for (mut column, values) in expanded.columns_mut().into_iter().zip(x.dense()) {
        column.iter_mut().zip(values).for_each(|(slot, v)| *slot = *v);
    }
    for (block, first) in x.blocks() {
        for (i, code) in block.codes.iter().enumerate().filter(|(_, c)| (**c as usize) < block.width) {
            if let Some(slot) = expanded.get_mut((i, first + *code as usize)) {
                *slot = 1.0;
            }
        }
    }
    let failed = |e: linfa_logistic::error::Error| Error::InvalidOption {
        option: "solver".into(),
        problem: format!("linfa failed: {e}"),
    };
    let fitted = LogisticRegression::default()
        .alpha(ridge / scale)
        .max_iterations(params.max_iterations as u64)
        // Its tolerance is on the summed gradient.
        .gradient_tolerance(params.tolerance * x.rows() as f64)
        .fit(&DatasetBase::new(expanded, Array1::from(y.to_vec())))
        .map_err(failed)?;
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let intercept = sign * fitted.intercept();
    let coefficients: Vec<f64> = fitted.params().iter().map(|c| sign * c).collect();
    let beta: Vec<f64> = [intercept].into_iter().chain(coefficients.iter().copied()).collect();
    let gradient = gradient_norm(x, y, w, ridge, &beta) / sum(w);
    Ok(Solution {
        intercept,
        objective: objective(y, w, &x.predict(&beta), ridge, &beta),
        coefficients,
        gradient,
        // It does not tell.
        iterations: 0,
        converged: gradient <= params.tolerance,
    })
}
