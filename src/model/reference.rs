//! Levels of a text against one of them: what odds ratios of levels are of.

use super::{ActiveColumn, LeadModel, Term};
use crate::encoding::Encoder;
use crate::error::{Error, Result};
use crate::schema::named;

/// The level that others are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its name.
    pub level: String,
    /// Its column within the term; `None` for the level that was left out in training.
    pub column: Option<usize>,
}

impl Term {
    /// The reference called `level`, by default the most frequent one; `None` for a number.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a level that the term does not have.
    pub fn reference(&self, level: Option<&str>) -> Result<Option<Reference>> {
        let Encoder::Category { reference: left_out, .. } = &self.encoder else { return Ok(None) };
        let names = self.encoder.column_names();
        let Some(level) = level else {
            // The most frequent level was left out, or is first.
            return Ok(match left_out {
                Some(level) => Some(Reference { level: level.clone(), column: None }),
                None => names.into_iter().next().map(|level| Reference { level, column: Some(0) }),
            });
        };
        let all: Vec<&String> = names.iter().chain(left_out).collect();
        match named(level, &all).and_then(|at| Some((at, all.get(at)?))) {
            Some((at, own)) => Ok(Some(Reference { level: (*own).clone(), column: (at < names.len()).then_some(at) })),
            None => Err(Error::unknown("level", level, all.into_iter().map(String::as_str))),
        }
    }

    /// Difference of the coefficient of `column` to that of the reference.
    #[must_use]
    pub fn contrast(&self, column: usize, reference: &Reference) -> f64 {
        difference(&self.coefficients, column, reference)
    }

    /// The estimate that the standard error of `column` is of; with a reference the difference to that.
    #[must_use]
    pub fn estimate(&self, column: usize, reference: Option<&Reference>) -> f64 {
        let estimates = if self.estimates.is_empty() { &self.coefficients } else { &self.estimates };
        match reference {
            Some(reference) => difference(estimates, column, reference),
            None => estimates.get(column).copied().unwrap_or(f64::NAN),
        }
    }
}

fn difference(of: &[f64], column: usize, reference: &Reference) -> f64 {
    let at = |j: usize| of.get(j).copied().unwrap_or(0.0);
    at(column) - reference.column.map_or(0.0, at)
}

impl LeadModel {
    /// Standard error of the difference of two levels of a term; NaN where the model does not hold it: for a reference other
    /// than the most frequent level, without the covariance.
    #[must_use]
    pub fn contrast_error(&self, term: usize, column: usize, reference: &Reference) -> f64 {
        let Some(t) = self.terms().get(term) else { return f64::NAN };
        let at = |v: &[f64]| v.get(column).copied().unwrap_or(f64::NAN);
        let Some(other) = reference.column else { return at(&t.standard_errors) };
        if let Some(covariance) = &self.data().covariance {
            let first = 1 + self.terms().iter().take(term).map(|t| t.encoder.width()).sum::<usize>();
            let columns = [(column, 1.0), (other, -1.0)].map(|(j, value)| ActiveColumn { place: first + j, value });
            return covariance.variance(&columns).sqrt();
        }
        if other == 0 { at(&t.contrast_errors) } else { f64::NAN }
    }
}
