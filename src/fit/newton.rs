//! Newton's method for the penalised logistic loss.
//!
//! Minimises f(b) = Σ wᵢ·[log(1 + e^ηᵢ) − yᵢηᵢ] + ‖b₁…ₚ‖²/(2C), η = b₀ + X·b. Steps:
//!
//! 1. gradient g = Σ wᵢ(pᵢ − yᵢ)xᵢ + b/C and Hessian H = Σ wᵢpᵢ(1 − pᵢ)xᵢxᵢᵀ + I/C;
//! 2. stop if ‖g‖∞ ≤ tolerance·Σw and the Newton step H⁻¹g is small: rare levels have little curvature, so the
//!    gradient alone does not bound their coefficients;
//! 3. step d = −H⁻¹g, halved until f falls enough (Armijo). f is convex, so this converges from zero.
//!
//! Source: T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2009, eq. 4.26; the line
//! search is J. Nocedal, S. Wright, "Numerical Optimization", 2006, algorithm 3.1.

use super::cholesky::{self, NotPositive};
use super::matrix::Matrix;
use super::params::LogisticParams;
use crate::error::{Error, Result};
use crate::math::{log1pexp, sigmoid, sum, sum_by};
use crate::task::Task;

/// A fitted model of the columns of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Intercept.
    pub intercept: f64,
    /// One coefficient per column.
    pub coefficients: Vec<f64>,
    /// Objective at the solution.
    pub objective: f64,
    /// Infinity norm of the gradient of the weighted mean loss.
    pub gradient: f64,
    /// Iterations.
    pub iterations: usize,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

/// Newton steps below this, relative to 1 + the largest coefficient, count as none.
const STEP_TOLERANCE: f64 = 1e-9;

pub(super) fn solve(x: &Matrix, y: &[bool], w: &[f64], params: &LogisticParams, task: &Task) -> Result<Solution> {
    let size = x.width() + 1;
    let ridge = params.c.map_or(0.0, |c| 1.0 / c);
    let total = sum(w);
    // Start: all coefficients 0, the intercept at the log-odds of the base rate.
    let hits = sum_by(y.len(), |i| if y.get(i) == Some(&true) { w.get(i).copied().unwrap_or(0.0) } else { 0.0 });
    let mut beta = vec![0.0; size];
    if let Some(b0) = beta.first_mut() {
        *b0 = crate::math::logit(hits / total);
    }
    let mut point = Point::at(x, y, w, ridge, beta);
    task.begin("fitting", params.max_iterations);
    for iteration in 1..=params.max_iterations {
        task.check()?;
        task.advance(1);
        let (gradient, mut hessian) = point.derivatives(x, y, w, ridge);
        let norm = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs())) / total;
        cholesky::factor(&mut hessian, size)
            .map_err(|NotPositive(column)| Error::Singular { column: x.name(column.wrapping_sub(1)) })?;
        let mut step = gradient.clone();
        cholesky::solve(&hessian, &mut step);
        let largest = point.beta.iter().fold(0.0f64, |m, b| m.max(b.abs()));
        let length = step.iter().fold(0.0f64, |m, s| m.max(s.abs()));
        if norm <= params.tolerance && length <= STEP_TOLERANCE * (1.0 + largest) {
            return Ok(point.solution(norm, iteration - 1, true));
        }
        // Slope along −step; positive because H is positive definite.
        let slope: f64 = gradient.iter().zip(&step).map(|(g, s)| g * s).sum();
        match point.search(x, y, w, ridge, &step, slope) {
            Some(next) => point = next,
            // f cannot fall further in floating point: done if the gradient says so.
            None if norm <= params.tolerance => return Ok(point.solution(norm, iteration, true)),
            None => {
                return Err(Error::NotConverged { iterations: iteration, gradient: norm, tolerance: params.tolerance });
            }
        }
        // Without a penalty, separated classes send coefficients to infinity.
        if params.c.is_none() && point.beta.iter().any(|b| b.abs() > 1e3) {
            return Err(Error::NotConverged { iterations: iteration, gradient: norm, tolerance: params.tolerance });
        }
    }
    let gradient = gradient_norm(x, y, w, ridge, &point.beta) / total;
    Err(Error::NotConverged { iterations: params.max_iterations, gradient, tolerance: params.tolerance })
}

struct Point {
    beta: Vec<f64>,
    eta: Vec<f64>,
    objective: f64,
}

impl Point {
    fn at(x: &Matrix, y: &[bool], w: &[f64], ridge: f64, beta: Vec<f64>) -> Self {
        let eta = x.predict(&beta);
        let objective = objective(y, w, &eta, ridge, &beta);
        Self { beta, eta, objective }
    }

    fn derivatives(&self, x: &Matrix, y: &[bool], w: &[f64], ridge: f64) -> (Vec<f64>, Vec<f64>) {
        let (residual, curvature): (Vec<f64>, Vec<f64>) = residuals(y, w, &self.eta);
        let mut part = x.accumulate(&residual, Some(&curvature));
        for (j, (g, b)) in part.gradient.iter_mut().zip(&self.beta).enumerate().skip(1) {
            *g += ridge * b;
            if let Some(d) = part.hessian.get_mut(j * (j + 1) / 2 + j) {
                *d += ridge;
            }
        }
        (part.gradient, part.hessian)
    }

    /// The first point along −step, −step/2, −step/4, … at which f falls by a ten-thousandth of what the slope promises.
    fn search(&self, x: &Matrix, y: &[bool], w: &[f64], ridge: f64, step: &[f64], slope: f64) -> Option<Self> {
        let mut t = 1.0;
        for _ in 0..40 {
            let beta = self.beta.iter().zip(step).map(|(b, s)| b - t * s).collect();
            let next = Self::at(x, y, w, ridge, beta);
            // Close to the minimum the fall is below the rounding of f; then any point that is not worse will do.
            let rounding = 1e-14 * self.objective.abs();
            if next.objective <= self.objective - 1e-4 * t * slope + rounding {
                return Some(next);
            }
            t /= 2.0;
        }
        None
    }

    fn solution(self, gradient: f64, iterations: usize, converged: bool) -> Solution {
        let mut beta = self.beta.into_iter();
        let intercept = beta.next().unwrap_or(0.0);
        Solution { intercept, coefficients: beta.collect(), objective: self.objective, gradient, iterations, converged }
    }
}

/// wᵢ(pᵢ − yᵢ) and wᵢpᵢ(1 − pᵢ).
fn residuals(y: &[bool], w: &[f64], eta: &[f64]) -> (Vec<f64>, Vec<f64>) {
    use rayon::prelude::*;
    y.par_iter()
        .zip(w)
        .zip(eta)
        .map(|((y, w), eta)| {
            let p = sigmoid(*eta);
            // 1 − p without cancellation; for a positive p − 1 = −(1 − p).
            let q = sigmoid(-*eta);
            (if *y { -w * q } else { w * p }, w * p * q)
        })
        .unzip()
}

/// Σ w·log loss + ridge·‖b₁…ₚ‖²/2.
pub(super) fn objective(y: &[bool], w: &[f64], eta: &[f64], ridge: f64, beta: &[f64]) -> f64 {
    let loss = sum_by(y.len(), |i| match (y.get(i), w.get(i), eta.get(i)) {
        (Some(y), Some(w), Some(eta)) => w * log1pexp(if *y { -*eta } else { *eta }),
        _ => 0.0,
    });
    loss + ridge / 2.0 * beta.iter().skip(1).map(|b| b * b).sum::<f64>()
}

/// Infinity norm of the gradient of the summed objective.
pub(super) fn gradient_norm(x: &Matrix, y: &[bool], w: &[f64], ridge: f64, beta: &[f64]) -> f64 {
    let (residual, _) = residuals(y, w, &x.predict(beta));
    let gradient = x.accumulate(&residual, None).gradient;
    let penalty = |j: usize| if j == 0 { 0.0 } else { ridge * beta.get(j).copied().unwrap_or(0.0) };
    gradient.iter().enumerate().fold(0.0, |m, (j, g)| m.max((g + penalty(j)).abs()))
}
