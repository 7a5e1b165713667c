//! Options of a training.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::interactions::Interactions;
use crate::fit::calibration::Calibrator;
use crate::fit::cross_validation::PenaltyChoice;
use crate::fit::params::LogisticParams;

/// The shape of the effect of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nonlinear {
    /// Counts as ln(1 + count), other numbers straight.
    Log,
    /// The same, and straight lines between quantile knots, where values are many enough.
    Linear,
    /// The same with restricted cubic splines.
    Cubic,
    /// The one of these, or all straight, that has the lowest log loss on held-out rows.
    Auto,
}

impl Nonlinear {
    pub(super) fn name(shape: Option<Self>) -> &'static str {
        match shape {
            None => "straight",
            Some(Self::Log) => "log of counts",
            Some(Self::Linear) => "linear splines",
            Some(Self::Cubic) => "restricted cubic splines",
            Some(Self::Auto) => "auto",
        }
    }
}

/// Which way the effect of a number runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Log-odds do not fall as it grows.
    Increasing,
    /// Log-odds do not rise as it grows.
    Decreasing,
}

/// Options of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainOptions {
    /// Parameters of the logistic fit.
    pub logistic: LogisticParams,
    /// Whether C is chosen on held-out rows; then [`LogisticParams::c`] does not count.
    pub choose_c: Option<PenaltyChoice>,
    /// The shape of the effect of numbers; straight if not given.
    pub nonlinear: Option<Nonlinear>,
    /// Interactions of pairs of features, if there shall be any.
    pub interactions: Option<Interactions>,
    /// Numbers of which the effect runs one way, by feature.
    pub monotone: BTreeMap<String, Direction>,
    /// Whether the model keeps the covariance of its coefficients, for intervals of probabilities.
    pub intervals: bool,
    /// Whether probabilities are calibrated on the last fifth of the period.
    pub calibration: Option<Calibrator>,
    /// Smallest number of converted leads, and of other leads.
    pub min_leads: usize,
    /// Levels with fewer rows, counting each lead once, are grouped as other.
    pub min_level_rows: usize,
    /// Largest number of levels of a text.
    pub max_levels: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            logistic: LogisticParams::default(),
            choose_c: None,
            nonlinear: None,
            interactions: None,
            monotone: BTreeMap::new(),
            intervals: false,
            calibration: None,
            min_leads: 40,
            min_level_rows: 20,
            max_levels: 1000,
        }
    }
}

impl TrainOptions {
    /// The options that differ from their defaults and that no other fact of the training names, as a remark.
    pub(super) fn remark(&self) -> Option<String> {
        let default = Self::default();
        let mut all = Vec::new();
        if self.choose_c == Some(PenaltyChoice::OneStandardError) {
            all.push("choice=\"one_standard_error\"".to_owned());
        }
        if self.max_levels != default.max_levels {
            all.push(format!("max_levels={}", self.max_levels));
        }
        if self.min_level_rows != default.min_level_rows {
            all.push(format!("min_level_rows={}", self.min_level_rows));
        }
        if !self.monotone.is_empty() {
            let direction = |(feature, direction): (&String, &Direction)| {
                let name = if *direction == Direction::Increasing { "increasing" } else { "decreasing" };
                format!("{feature:?}: \"{name}\"")
            };
            let directions: Vec<String> = self.monotone.iter().map(direction).collect();
            all.push(format!("monotone={{{}}}", directions.join(", ")));
        }
        if self.logistic.firth {
            all.push("penalty=\"firth\"".to_owned());
        }
        (!all.is_empty()).then(|| format!("options: {}", all.join(", ")))
    }
}
