//! Parameters of a fit, unchecked and checked.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Which algorithm finds the coefficients. All minimise the same objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    /// Newton's method: by Cholesky factors, or by conjugate gradients where the design is too wide for them.
    #[default]
    Newton,
    /// linfa-logistic's L-BFGS: the baseline. It takes no weights, and needs the feature `linfa`.
    Linfa,
}

/// Signs that a coefficient may have: a monotone effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// Any sign.
    #[default]
    Free,
    /// 0 or positive: the log-odds do not fall.
    NotNegative,
    /// 0 or negative: the log-odds do not rise.
    NotPositive,
}

/// What to do about columns that are constant or combinations of others, where no penalty decides between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Collinear {
    /// An error names them.
    #[default]
    Refuse,
    /// They are left out, later columns first, and listed.
    Drop,
}

/// Parameters of a logistic fit; [`LogisticParams::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct LogisticParams {
    /// Inverse strength of the penalty: the objective is
    /// Σ w·log loss + [(1 − l1_ratio)/2·‖coefficients‖² + l1_ratio·‖coefficients‖₁]/C, the intercept free.
    /// `None` for no penalty.
    pub c: Option<f64>,
    /// Share of the penalty that is L1: 0 is ridge, 1 is lasso, between them elastic net.
    pub l1_ratio: f64,
    /// Firth's correction instead of a penalty: for small samples and separated classes.
    pub firth: bool,
    /// With Firth's correction: whether the intercept is refitted afterwards, so that the mean probability equals the
    /// rate (FLIC).
    pub flic: bool,
    /// Signs that coefficients may have, by column; empty if all are free.
    pub signs: Vec<Sign>,
    /// Whether there is an intercept.
    pub intercept: bool,
    /// What to do, without a penalty, about columns that are constant or combinations of others.
    pub collinear: Collinear,
    /// Solver to use.
    pub solver: Solver,
    /// Largest infinity norm of the gradient of the weighted mean loss, and largest Newton step relative to 1 + the
    /// largest coefficient.
    pub tolerance: f64,
    /// Most iterations.
    pub max_iterations: usize,
    /// Whether a fit that has not reached its tolerance by then is a result with
    /// [`Solution::converged`](crate::fit::solvers::Solution::converged) false, not an error.
    pub partial: bool,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self {
            c: Some(1.0),
            l1_ratio: 0.0,
            firth: false,
            flic: true,
            signs: Vec::new(),
            intercept: true,
            collinear: Collinear::Refuse,
            solver: Solver::Newton,
            tolerance: 1e-8,
            max_iterations: 100,
            partial: false,
        }
    }
}

/// Parameters that were checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidLogisticParams(pub(super) LogisticParams);

impl LogisticParams {
    /// # Errors
    /// [`Error::InvalidOption`] naming the parameter that is out of range.
    pub fn check(self) -> Result<ValidLogisticParams> {
        // Written so that NaN fails.
        if let Some(c) = self.c
            && !(c > 0.0 && c.is_finite())
        {
            return Err(Error::option("C", format!("must be a positive number, not {c} (infinity for no penalty)")));
        }
        if self.firth && (self.c.is_some() || self.solver == Solver::Linfa || !self.signs.is_empty()) {
            return Err(Error::option("penalty", "'firth' cannot be combined with C, signs or solver='linfa'"));
        }
        if !(0.0..=1.0).contains(&self.l1_ratio) {
            return Err(Error::option("l1_ratio", format!("must be between 0 and 1, not {}", self.l1_ratio)));
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Error::option("tolerance", format!("must be a positive number, not {}", self.tolerance)));
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

    /// Whether the penalty has corners, for which standard errors have no theory.
    pub(super) fn has_l1(&self) -> bool {
        self.0.l1_ratio > 0.0 && self.0.c.is_some()
    }
}
