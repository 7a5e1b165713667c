//! What a fit finds.

use super::objective::{Objective, Point};

/// A fitted model of the columns of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Intercept of the log-odds.
    pub intercept: f64,
    /// One coefficient per column.
    pub coefficients: Vec<f64>,
    /// Objective at the solution.
    pub objective: f64,
    /// Σ w·log loss at the solution: minus the log-likelihood.
    pub loss: f64,
    /// Infinity norm of the gradient of the weighted mean loss; of columns whose root mean square is above 1, divided by
    /// it.
    pub gradient: f64,
    /// Firth's own intercept, where the intercept was refitted after it.
    pub firth_intercept: Option<f64>,
    /// Columns left out since they are constant or combinations of others; their coefficients are 0.
    pub dropped: Vec<usize>,
    /// Whether it is not known if columns together separate the classes, in which case coefficients without a penalty have no
    /// finite values: the search in a design of more than 2,500 columns ended at its bound of work.
    pub separation_unknown: bool,
    /// Difference between the objective and the best lower bound known (the duality gap), relative to Σw, where the
    /// solver has one.
    pub gap: Option<f64>,
    /// Number of iterations.
    pub iterations: usize,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

impl Solution {
    pub(in crate::fit) fn at(
        f: &Objective<'_>,
        point: Point,
        gradient: f64,
        iterations: usize,
        converged: bool,
    ) -> Self {
        let mut beta = point.beta.into_iter();
        let intercept = beta.next().unwrap_or(0.0);
        let coefficients: Vec<f64> = beta.take(f.x.width()).collect();
        Self {
            intercept,
            coefficients,
            objective: point.value,
            loss: point.loss,
            gradient,
            firth_intercept: None,
            dropped: Vec::new(),
            separation_unknown: false,
            gap: None,
            iterations,
            converged,
        }
    }

    /// What could not be settled about the fit.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let unknown = "columns may separate the classes together: the search was stopped, since the design is too wide, and no \
                       column does so by itself. If they do, coefficients and intervals mean nothing; fit with a penalty";
        self.separation_unknown.then(|| unknown.to_owned()).into_iter().collect()
    }

    /// Intercept and coefficients in one list.
    #[must_use]
    pub fn beta(&self) -> Vec<f64> {
        self.with(self.intercept)
    }

    /// Where the objective has its minimum: with Firth's own intercept.
    pub(in crate::fit) fn minimum(&self) -> Vec<f64> {
        self.with(self.firth_intercept.unwrap_or(self.intercept))
    }

    fn with(&self, intercept: f64) -> Vec<f64> {
        [intercept].into_iter().chain(self.coefficients.iter().copied()).collect()
    }
}
