//! Parameters of a fit: unchecked, checked, and the fit itself.

use serde::{Deserialize, Serialize};

use super::matrix::Matrix;
use super::newton::{self, Solution};
use crate::error::{Error, Result};
use crate::task::Task;

/// Which algorithm finds the coefficients. Both minimise the same objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    /// Newton's method with a Cholesky factor and a line search.
    #[default]
    Newton,
    /// linfa-logistic's L-BFGS: the baseline. It knows no weights.
    Linfa,
}

/// Parameters of a logistic fit; [`LogisticParams::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogisticParams {
    /// Inverse strength of the L2 penalty: the objective is Σ w·log loss + ‖coefficients‖²/(2C), the intercept
    /// free. `None` is no penalty.
    pub c: Option<f64>,
    /// Algorithm.
    pub solver: Solver,
    /// Largest infinity norm of the gradient of the weighted mean loss.
    pub tolerance: f64,
    /// Most iterations.
    pub max_iterations: usize,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self { c: Some(1.0), solver: Solver::Newton, tolerance: 1e-9, max_iterations: 100 }
    }
}

/// Parameters that were checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidLogisticParams(LogisticParams);

impl LogisticParams {
    /// # Errors
    /// [`Error::InvalidOption`] naming the parameter that is out of range.
    pub fn check(self) -> Result<ValidLogisticParams> {
        // Written so that NaN fails.
        if let Some(c) = self.c
            && !(c > 0.0 && c.is_finite())
        {
            return Err(Error::option("C", format!("{c} is not a positive number (no penalty is C = infinity)")));
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Error::option("tolerance", format!("{} is not a positive number", self.tolerance)));
        }
        if self.max_iterations == 0 {
            return Err(Error::option("max_iterations", "must be at least 1"));
        }
        Ok(ValidLogisticParams(self))
    }
}

impl ValidLogisticParams {
    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &LogisticParams {
        &self.0
    }

    /// Fits labels `y` with row weights on the columns of `x`.
    ///
    /// # Errors
    /// [`Error::OneClass`], [`Error::Length`], [`Error::NonFinite`]; [`Error::Singular`] without a penalty if
    /// columns are collinear; [`Error::NotConverged`]; [`Error::Interrupted`].
    pub fn fit(&self, x: &Matrix, y: &[bool], weight: Option<&[f64]>, task: &Task) -> Result<Solution> {
        let w = crate::evaluate::checked(y, &vec![0.0; y.len()], weight)?;
        if x.rows() != y.len() {
            return Err(Error::Length { what: "labels".into(), expected: x.rows(), got: y.len() });
        }
        x.check_finite()?;
        let counted = || y.iter().zip(w.iter()).filter(|(_, w)| **w > 0.0);
        let (rows, positives) = (counted().count(), counted().filter(|(y, _)| **y).count());
        if positives == 0 || positives == rows {
            return Err(Error::OneClass { rows, positives });
        }
        match self.0.solver {
            Solver::Newton => newton::solve(x, y, &w, &self.0, task),
            Solver::Linfa => super::linfa::solve(x, y, &w, &self.0),
        }
    }
}
