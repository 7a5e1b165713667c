//! Calibration maps: from the log-odds of a model to a probability.

use serde::{Deserialize, Serialize};

use crate::math::{log1pexp, sigmoid};

/// A monotone map from log-odds to probabilities. A sigmoid map is not among them: it is a new scale of coefficients
/// and intercept, so contributions keep adding up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "MapForm", tag = "type", rename_all = "snake_case")]
pub enum CalibrationMap {
    /// Steps joined by straight lines, constant beyond the ends.
    Isotonic {
        /// Log-odds, ascending.
        log_odds: Vec<f64>,
        /// Probability at each of them, ascending.
        probability: Vec<f64>,
    },
    /// σ(a·ln p − b·ln(1 − p) + c), p the probability before; a, b ≥ 0.
    ///
    /// M. Kull, T. Silva Filho, P. Flach, "Beta calibration", AISTATS 2017.
    Beta {
        /// Exponent of p.
        a: f64,
        /// Exponent of 1 − p.
        b: f64,
        /// Intercept of the log-odds.
        c: f64,
    },
}

/// The keys of all maps, read as a plain struct as those of [`crate::encoding::Encoder`] are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapForm {
    #[serde(rename = "type")]
    kind: String,
    log_odds: Option<Vec<f64>>,
    probability: Option<Vec<f64>>,
    a: Option<f64>,
    b: Option<f64>,
    c: Option<f64>,
}

impl TryFrom<MapForm> for CalibrationMap {
    type Error = String;

    fn try_from(form: MapForm) -> Result<Self, String> {
        match (form.kind.as_str(), form.log_odds, form.probability, form.a, form.b, form.c) {
            ("isotonic", Some(log_odds), Some(probability), None, None, None) => {
                Ok(Self::Isotonic { log_odds, probability })
            }
            ("beta", None, None, Some(a), Some(b), Some(c)) => Ok(Self::Beta { a, b, c }),
            (kind, ..) => Err(format!(
                "unknown calibration '{kind}', or keys are missing; expected 'isotonic' with log_odds and probability, or 'beta' with a, b and c"
            )),
        }
    }
}

impl CalibrationMap {
    /// The probability for log-odds.
    #[must_use]
    pub fn probability(&self, log_odds: f64) -> f64 {
        match self {
            // ln p = −ln(1 + e^−η), −ln(1 − p) = ln(1 + e^η).
            Self::Beta { a, b, c } => sigmoid(b * log1pexp(log_odds) - a * log1pexp(-log_odds) + c),
            Self::Isotonic { log_odds: x, probability: y } => {
                let above = x.partition_point(|v| *v <= log_odds);
                let at = |i: usize| (x.get(i).copied().unwrap_or(0.0), y.get(i).copied().unwrap_or(0.0));
                match above {
                    0 => at(0).1,
                    i if i == x.len() => at(i - 1).1,
                    i => {
                        let ((x0, y0), (x1, y1)) = (at(i - 1), at(i));
                        y0 + (y1 - y0) * (log_odds - x0) / (x1 - x0)
                    }
                }
            }
        }
    }

    /// What breaks an invariant, if anything does.
    pub(super) fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Beta { a, b, c } => (!(*a >= 0.0 && *b >= 0.0 && a.is_finite() && b.is_finite() && c.is_finite()))
                .then_some("the beta calibration must be monotone and finite"),
            Self::Isotonic { log_odds, probability } => {
                let fine = !log_odds.is_empty()
                    && log_odds.len() == probability.len()
                    && log_odds.iter().all(|v| v.is_finite())
                    && log_odds.is_sorted_by(|a, b| a < b)
                    && probability.is_sorted()
                    && probability.iter().all(|p| (0.0..=1.0).contains(p));
                (!fine).then_some("the isotonic calibration must ascend within 0 and 1")
            }
        }
    }
}

/// How probabilities were calibrated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationFacts {
    /// `sigmoid`, `isotonic` or `beta`, or `none` with the reason in the remark.
    pub method: String,
    /// Rows of the later slice it was fitted on; with `none`, of a slice on which the scores do not hold.
    pub rows: usize,
    /// Positive rows of it.
    pub positives: usize,
    /// Weighted share of positives in it: what calibrated probabilities average to there.
    pub base_rate: f64,
    /// How the slice was taken, or why the model is not calibrated.
    pub remark: String,
}

/// Losses by C on held-out rows, from which C was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Values of C, ascending.
    pub cs: Vec<f64>,
    /// Weighted mean log loss by fold, then by C.
    pub losses: Vec<Vec<f64>>,
    /// Mean over folds by C.
    pub mean: Vec<f64>,
    /// Standard error of that mean by C.
    pub standard_error: Vec<f64>,
    /// The C taken.
    pub c: f64,
    /// How rows were held out.
    pub folds: String,
}
