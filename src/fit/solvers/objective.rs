//! The penalised logistic loss of a matrix: f(b) = Σ wᵢ·[log(1 + e^ηᵢ) − yᵢηᵢ] + ridge·‖b₁…ₚ‖²/2, η = offset + b₀ + X·b.

use crate::error::{Error, Result};
use crate::fit::matrix::{Hessian, Matrix, Normal, NormalLayout, Observed};
use crate::fit::shared_passes::SharedPasses;
use crate::fit::solvers::cholesky::{Cholesky, NotFactored};
use crate::math::{logit, sigmoid};

/// The objective.
#[derive(Debug, Clone)]
pub(in crate::fit) struct Objective<'a> {
    pub(in crate::fit) x: &'a Matrix<'a>,
    pub(in crate::fit) observed: Observed<'a>,
    /// Strength of the L2 penalty.
    pub(in crate::fit) ridge: f64,
    /// Coefficients that stay 0 (0 is the intercept), ascending.
    pub(in crate::fit) pinned: Vec<usize>,
    /// Σ w.
    pub(in crate::fit) total: f64,
    /// The folds with which it shares its passes, and its own number.
    pub(in crate::fit) together: Option<(&'a SharedPasses<'a>, usize)>,
}

/// f at one point.
#[derive(Debug, Clone)]
pub(in crate::fit) struct Point {
    pub(in crate::fit) beta: Vec<f64>,
    pub(in crate::fit) value: f64,
    /// ∇f, intercept first.
    pub(in crate::fit) gradient: Vec<f64>,
    /// Σ wᵢ·log loss alone.
    pub(in crate::fit) loss: f64,
    /// The same over the test rows of its fold, where a shared pass found it.
    pub(in crate::fit) held_out: Option<f64>,
}

impl Objective<'_> {
    /// f and its gradient; if asked for also the Hessian of the loss.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub(in crate::fit) fn at(&self, beta: Vec<f64>, hessian: Option<Hessian<'_>>) -> Result<(Point, Option<Normal>)> {
        let (found, held_out) = match (self.together, hessian) {
            (Some((together, fold)), None) => {
                let found = together.ask(fold, &beta)?;
                (found.found, Some(found.held_out))
            }
            _ => (self.x.pass(&self.observed, &beta, hessian)?, None),
        };
        let mut gradient = found.gradient;
        let mut squares = 0.0;
        for (g, b) in gradient.iter_mut().zip(&beta).skip(1) {
            *g += self.ridge * b;
            squares += b * b;
        }
        for pinned in &self.pinned {
            if let Some(g) = gradient.get_mut(*pinned) {
                *g = 0.0;
            }
        }
        let value = found.loss + self.ridge / 2.0 * squares;
        Ok((Point { beta, value, gradient, loss: found.loss, held_out }, found.normal))
    }

    /// The same point under another ridge: loss and its gradient do not change.
    pub(in crate::fit) fn move_ridge(&self, before: f64, mut point: Point) -> Point {
        let change = self.ridge - before;
        let mut squares = 0.0;
        for (j, (g, b)) in point.gradient.iter_mut().zip(&point.beta).enumerate().skip(1) {
            if !self.is_pinned(j) {
                *g += change * b;
            }
            squares += b * b;
        }
        point.value = point.loss + self.ridge / 2.0 * squares;
        point
    }

    pub(in crate::fit) fn is_pinned(&self, coefficient: usize) -> bool {
        self.pinned.binary_search(&coefficient).is_ok()
    }

    /// The Hessian of f, from that of the loss.
    pub(in crate::fit) fn with_ridge(&self, mut normal: Normal, plan: &NormalLayout) -> Normal {
        for pinned in &self.pinned {
            normal.pin(plan, *pinned);
        }
        normal.add_diagonal(plan, |coefficient| if coefficient == 0 { 0.0 } else { self.ridge });
        normal
    }

    /// The Hessian of f factored, from that of the loss.
    ///
    /// # Errors
    /// [`Error::Singular`] naming a column that is a combination of others; [`Error::InvalidOption`] if sums overflowed;
    /// [`Error::Interrupted`].
    pub(in crate::fit) fn factor(&self, normal: Normal, plan: &NormalLayout) -> Result<Cholesky> {
        if normal.diagonal(plan).iter().any(|d| !d.is_finite()) {
            return Err(too_large());
        }
        // With a ridge no column is a combination of others, but rounding may hide it.
        let least = if self.ridge > 0.0 { 1e-15 } else { 1e-12 };
        Cholesky::of(self.with_ridge(normal, plan), plan, least).map_err(|failed| {
            let NotFactored::Combination(coefficient) = failed else { return Error::Interrupted };
            if self.ridge > 0.0 {
                let problem = "the mean of a column is millions of times its spread; subtract the mean, or standardise";
                return Error::option("X", problem);
            }
            let column = coefficient.checked_sub(1).map_or_else(|| "intercept".to_owned(), |c| self.x.name(c));
            Error::Singular { columns: vec![format!("'{column}' is a linear combination of others")] }
        })
    }

    /// Where no start is given: coefficients 0, the intercept the best beside the offset.
    pub(in crate::fit) fn cold_start(&self) -> Vec<f64> {
        let mut beta = vec![0.0; self.x.width() + 1];
        if !self.is_pinned(0) {
            let best = if self.observed.offset.is_some() { self.intercept_given(None) } else { logit(self.rate()) };
            if let Some(b0) = beta.first_mut() {
                *b0 = best;
            }
        }
        beta
    }

    /// Weighted share of positives.
    pub(in crate::fit) fn rate(&self) -> f64 {
        let w = |i: usize| self.observed.weight.map_or(1.0, |w| w.get(i).copied().unwrap_or(0.0));
        let y = self.observed.y;
        crate::math::sum_by(y.len(), |i| if y.get(i) == Some(&true) { w(i) } else { 0.0 }) / self.total
    }

    /// The intercept that maximises the likelihood with η = offset + `fixed` + intercept: Newton in one dimension.
    pub(in crate::fit) fn intercept_given(&self, fixed: Option<&[f64]>) -> f64 {
        let Observed { y, weight, offset } = self.observed;
        let at = |v: Option<&[f64]>, i: usize, none: f64| v.map_or(none, |v| v.get(i).copied().unwrap_or(none));
        let w = |i: usize| at(weight, i, 1.0);
        let known = |i: usize| at(fixed, i, 0.0) + at(offset, i, 0.0);
        let hit = |i: usize| f64::from(u8::from(y.get(i) == Some(&true)));
        let mean = |of: &(dyn Fn(usize) -> f64 + Sync)| crate::math::sum_by(y.len(), |i| w(i) * of(i)) / self.total;
        let mut b0 = logit(self.rate()) - mean(&known);
        for _ in 0..200 {
            let slope = mean(&|i| sigmoid(b0 + known(i)) - hit(i));
            let curvature = mean(&|i| sigmoid(b0 + known(i)) * sigmoid(-b0 - known(i)));
            // Far out the curvature is tiny and a step would overshoot.
            let step = (slope / curvature).clamp(-2.0, 2.0);
            b0 -= step;
            if step.abs() <= 1e-13 * (1.0 + b0.abs()) {
                break;
            }
        }
        b0
    }

    /// # Errors
    /// Where the gradient is not finite, the error that says which column is to blame.
    pub(in crate::fit) fn check(&self, point: &Point) -> Result<()> {
        if point.value.is_finite() && point.gradient.iter().all(|g| g.is_finite()) {
            return Ok(());
        }
        self.x.check_finite()?;
        Err(too_large())
    }
}

fn too_large() -> Error {
    Error::option("X", "sums overflow because the numbers are too large; scale the columns")
}

/// Sizes by which gradients are judged: a column of large numbers has a large gradient.
///
/// max(1, √(Hⱼⱼ/H₀₀)), about the root mean square of the column; 1 for standardised columns.
pub(in crate::fit) fn scales(normal: &Normal, plan: &NormalLayout) -> Vec<f64> {
    let diagonal = normal.diagonal(plan);
    let h0 = diagonal.first().copied().unwrap_or(1.0);
    diagonal.iter().map(|h| (h / h0).sqrt().max(1.0)).map(|s| if s.is_finite() { s } else { 1.0 }).collect()
}

/// Infinity norm of the gradient of the weighted mean loss, each column by its size.
pub(in crate::fit) fn norm(gradient: &[f64], scales: &[f64], total: f64) -> f64 {
    gradient.iter().zip(scales).fold(0.0f64, |m, (g, s)| m.max((g / s).abs())) / total
}

pub(in crate::fit) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

pub(in crate::fit) fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0f64, |m, x| m.max(x.abs()))
}
