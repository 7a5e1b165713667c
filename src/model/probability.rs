//! Probabilities of a model: calibrated, with intervals, and for another base rate.

use super::covariance::ActiveColumn;
use super::lead_model::LeadModel;
use crate::error::{Error, Result};
use crate::math::{Interval, ln, normal_quantile, sigmoid};

impl LeadModel {
    /// Probability for log-odds: calibrated where the model is.
    #[must_use]
    pub fn probability(&self, log_odds: f64) -> f64 {
        match &self.data().calibration {
            Some(map) => map.probability(log_odds),
            None => sigmoid(log_odds),
        }
    }

    /// The model for a population in which the share of positives is `rate`, everything else being as in training: for a
    /// base rate that has changed, or negatives that were sampled for training.
    ///
    /// The intercept moves by logit(rate) − logit(rate in training, or in the slice of the calibration); contributions do not change. G. King, L. Zeng,
    /// "Logistic regression in rare events data", Political Analysis 9, 2001, eq. 7.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if `rate` is not between 0 and 1, or the model has an isotonic or beta calibration,
    /// which belongs to the old rate.
    pub fn with_base_rate(&self, rate: f64) -> Result<Self> {
        if !(rate > 0.0 && rate < 1.0) {
            return Err(Error::option("base_rate", format!("must be between 0 and 1, not {rate}")));
        }
        let mut data = self.data().clone();
        if data.calibration.is_some() {
            let problem =
                "the model's calibration is tied to the base rate of training; fit with calibration='sigmoid'";
            return Err(Error::option("base_rate", problem));
        }
        let logit = |p: f64| ln(p / (1.0 - p));
        // Calibrated probabilities refer to the later slice.
        let before = match &mut data.training.calibration {
            Some(facts) if facts.method != "none" => &mut facts.base_rate,
            _ => &mut data.training.base_rate,
        };
        let shift = logit(rate) - logit(std::mem::replace(before, rate));
        data.intercept += shift;
        if let Some(covariance) = &mut data.covariance {
            covariance.rescale(1.0, shift);
        }
        data.percentiles.iter_mut().for_each(|q| *q += shift);
        Self::new(data)
    }

    /// Interval of the probability of a row by the delta method: that of its log-odds, η ± z·√(xᵀVx), mapped to
    /// probabilities, η that of the estimates of the covariance. Where these are not the coefficients of the model, the
    /// interval is widened to hold the row's own `log_odds`. `columns` are the row's, as the scorer of columns finds them.
    /// `None` without a covariance in the model. It leaves out the error of a calibration and of the choice of C, shapes and
    /// interactions; a level that training never saw adds none.
    #[must_use]
    pub fn interval(&self, log_odds: f64, columns: &[ActiveColumn], confidence: f64) -> Option<Interval> {
        let covariance = self.data().covariance.as_ref()?;
        let half = normal_quantile(f64::midpoint(1.0, confidence)) * covariance.variance(columns).sqrt();
        let middle = if covariance.centre.is_empty() { log_odds } else { covariance.estimate(columns) };
        let (low, high) = ((middle - half).min(log_odds), (middle + half).max(log_odds));
        Some(Interval { low: self.probability(low), high: self.probability(high) })
    }
}
