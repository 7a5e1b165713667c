//! Observations of each row besides the design.

use super::matrix::Matrix;
use crate::error::{Error, Result};

/// Observations of each row besides the design.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// Label of each row.
    pub y: &'a [bool],
    /// Weights, not negative; `None` for ones.
    pub weight: Option<&'a [f64]>,
    /// Log-odds known beforehand, added to the model's; `None` for zeros.
    pub offset: Option<&'a [f64]>,
    /// Intercept and coefficients to start from.
    pub start: Option<&'a [f64]>,
}

impl<'a> Response<'a> {
    /// Labels alone.
    #[must_use]
    pub fn new(y: &'a [bool]) -> Self {
        Self { y, weight: None, offset: None, start: None }
    }

    /// The same with weights.
    #[must_use]
    pub fn weighted(self, weight: &'a [f64]) -> Self {
        Self { weight: Some(weight), ..self }
    }

    /// The same with offsets.
    #[must_use]
    pub fn offset(self, offset: &'a [f64]) -> Self {
        Self { offset: Some(offset), ..self }
    }

    /// The same with a start.
    #[must_use]
    pub fn start(self, start: &'a [f64]) -> Self {
        Self { start: Some(start), ..self }
    }

    /// # Errors
    /// [`Error::Length`], [`Error::NonFinite`], [`Error::InvalidOption`] for a negative weight, [`Error::OneClass`].
    pub(super) fn check(&self, x: &Matrix<'_>) -> Result<f64> {
        let (n, w) = (x.rows(), |i: usize| self.weight.map_or(1.0, |w| w.get(i).copied().unwrap_or(0.0)));
        let lengths = [("labels", Some(self.y.len())), ("weight", self.weight.map(<[f64]>::len))];
        for (what, got) in lengths.into_iter().chain([("offset", self.offset.map(<[f64]>::len))]) {
            if let Some(got) = got.filter(|got| *got != n) {
                return Err(Error::Length { what: what.into(), expected: n, got });
            }
        }
        if let Some(got) = self.start.map(<[f64]>::len).filter(|got| *got != x.width() + 1) {
            return Err(Error::Length { what: "start".into(), expected: x.width() + 1, got });
        }
        for (what, values) in [("weight", self.weight), ("offset", self.offset), ("start", self.start)] {
            let count = values.unwrap_or(&[]).iter().filter(|v| !v.is_finite()).count();
            if count > 0 {
                return Err(Error::NonFinite { what: what.into(), count });
            }
        }
        let negative = self.weight.unwrap_or(&[]).iter().filter(|w| **w < 0.0).count();
        if negative > 0 {
            return Err(Error::option("weight", format!("{negative} weights are negative")));
        }
        let (mut rows, mut positives) = (0, 0);
        for (_, y) in self.y.iter().enumerate().filter(|(i, _)| w(*i) > 0.0) {
            rows += 1;
            positives += usize::from(*y);
        }
        if positives == 0 || positives == rows {
            return Err(Error::OneClass { rows, positives });
        }
        Ok(self.weight.map_or(n as f64, crate::math::sum))
    }
}
