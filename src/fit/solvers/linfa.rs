//! The baseline solver: linfa-logistic 0.8.1 (L-BFGS).
//!
//! It takes no weights, keeps no state of convergence, and names the more frequent class positive
//! (<https://github.com/rust-ml/linfa/issues/393>). So the matrix is expanded, the class is oriented by
//! `labels()`, and gradient and objective are computed again at its solution.

use linfa::traits::Fit;
use linfa::{Dataset, DatasetBase};
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, Ix1};

use super::newton::StopRule;
use super::objective::{Objective, norm};
use super::solution::Solution;
use crate::error::{Error, Result};
use crate::fit::matrix::{Dense, Matrix};

pub(in crate::fit) fn solve(f: &Objective<'_>, stop: StopRule) -> Result<Solution> {
    let only = |problem: &str| {
        Err(Error::option("solver", format!("'linfa' does not support {problem}; use solver='newton'")))
    };
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
    let (point, _) = f.at(beta, None)?;
    let gradient = norm(&point.gradient, &vec![1.0; point.gradient.len()], f.total);
    // linfa does not report its iterations.
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

impl<'a> TryFrom<&'a Array2<f64>> for Matrix<'a> {
    type Error = Error;

    /// A dense matrix of an array, read where it lies if its rows or columns do.
    fn try_from(array: &'a Array2<f64>) -> Result<Self> {
        let (rows, columns) = array.dim();
        let dense = if let Some(numbers) = array.as_slice() {
            Dense::by_rows(numbers, rows, columns)
        } else if let Some(numbers) = array.t().to_slice() {
            Dense::by_columns(numbers, rows, columns)
        } else {
            Dense::by_rows(array.iter().copied().collect::<Vec<f64>>(), rows, columns)
        };
        Self::new(Some(dense?), Vec::new(), None)
    }
}

impl<'a> Matrix<'a> {
    /// The design, labels and weights of a linfa data set; its weights are single precision.
    ///
    /// # Errors
    /// [`Error::Length`] if it has other numbers of targets or weights than rows.
    ///
    /// # Examples
    /// ```
    /// use leadlens::Task;
    /// use leadlens::fit::{LogisticParams, Matrix, Response};
    /// use ndarray::array;
    ///
    /// let data = linfa::Dataset::new(array![[0.0], [1.0], [2.0], [3.0]], array![false, true, false, true]);
    /// let (x, y, weight) = Matrix::from_dataset(&data)?;
    /// let target = Response { weight: weight.as_deref(), ..Response::new(&y) };
    /// let fit = LogisticParams::default().check()?.fit(&x, &target, &Task::new())?;
    /// assert!(fit.coefficients[0] > 0.0);
    /// # Ok::<(), leadlens::Error>(())
    /// ```
    pub fn from_dataset(data: &'a Dataset<f64, bool, Ix1>) -> Result<(Self, Vec<bool>, Option<Vec<f64>>)> {
        let mut x = Self::try_from(&data.records)?;
        if data.feature_names().len() == x.width() {
            x = x.named(data.feature_names().to_vec())?;
        }
        let weight: Option<Vec<f64>> = data.weights().map(|w| w.iter().map(|w| f64::from(*w)).collect());
        let lengths = [("targets", Some(data.targets.len())), ("weights", weight.as_ref().map(Vec::len))];
        for (what, got) in lengths {
            if let Some(got) = got.filter(|got| *got != x.rows()) {
                return Err(Error::Length { what: what.into(), expected: x.rows(), got });
            }
        }
        Ok((x, data.targets.to_vec(), weight))
    }

    /// The matrix, texts and sparse columns expanded, with labels and weights as a linfa data set, whose weights are single
    /// precision.
    ///
    /// # Errors
    /// [`Error::Length`] for other numbers of labels or weights than rows.
    pub fn to_dataset(&self, y: &[bool], weight: Option<&[f64]>) -> Result<Dataset<f64, bool, Ix1>> {
        for (what, got) in [("labels", Some(y.len())), ("weight", weight.map(<[f64]>::len))] {
            if let Some(got) = got.filter(|got| *got != self.rows()) {
                return Err(Error::Length { what: what.into(), expected: self.rows(), got });
            }
        }
        let names = (0..self.width()).map(|j| self.name(j)).collect();
        let data = Dataset::new(expand(self), Array1::from(y.to_vec())).with_feature_names(names);
        Ok(match weight {
            Some(w) => data.with_weights(w.iter().map(|w| *w as f32).collect()),
            None => data,
        })
    }
}
