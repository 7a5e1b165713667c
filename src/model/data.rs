//! The data of a model, as its file holds it.

use serde::{Deserialize, Serialize};

use super::calibration::{CalibrationFacts, CalibrationMap, Validation};
use super::covariance::CoefficientCovariance;
use super::profile::Profile;
use super::sample::LeadSample;
use crate::encoding::{Encoder, ValueGroups};
use crate::schema::{CutoffRule, Feature, Kind, Part, SnapshotSpec};
use crate::time::{Timestamp, Zone};

/// One feature with its encoding and coefficients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The feature.
    pub feature: Feature,
    /// The part of the score it belongs to.
    pub part: Part,
    /// How its values become columns.
    pub encoder: Encoder,
    /// One coefficient per column, log-odds.
    pub coefficients: Vec<f64>,
    /// Standard error of each coefficient; empty where none are made.
    pub standard_errors: Vec<f64>,
    /// The coefficients that standard errors belong to, from a fit with a weaker penalty. Empty if they are the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<f64>,
    /// Standard error of the difference of each level of a text to the first, the most frequent; empty for numbers, and where
    /// none are made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contrast_errors: Vec<f64>,
    /// Weighted mean of each column in training.
    pub means: Vec<f64>,
    /// How the training rows lie over its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

impl Term {
    /// The groups that its profile counts; one range for a number without a profile.
    #[must_use]
    pub fn groups(&self) -> ValueGroups {
        ValueGroups::of(&self.encoder, self.profile.as_ref().map_or(&[], |p| p.cuts.as_slice()))
    }
}

/// What the model was trained on, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The snapshot that was asked for.
    pub snapshot: SnapshotSpec,
    /// Its cutoff rule.
    pub rule: CutoffRule,
    /// Stages or events that made the label positive.
    pub target: Vec<String>,
    /// Number of training rows.
    pub rows: usize,
    /// Number of leads with training rows.
    pub leads: usize,
    /// Positive rows.
    pub positives: usize,
    /// Weighted share of positives.
    pub base_rate: f64,
    /// Youngest and oldest age at a cutoff, days; `None` without times.
    pub ages: Option<(f64, f64)>,
    /// Earliest and latest cutoff; `None` without times.
    pub cutoffs: Option<(Timestamp, Timestamp)>,
    /// Name of the solver.
    pub solver: String,
    /// Inverse strength of the penalty; `None` for no penalty.
    pub c: Option<f64>,
    /// Share of L1 in the penalty.
    #[serde(default)]
    pub l1_ratio: f64,
    /// How C was chosen, if it was.
    pub validation: Option<Validation>,
    /// Whether numbers have curved columns, and why, if that was asked for.
    pub nonlinear: Option<String>,
    /// How interactions were found, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interactions: Option<String>,
    /// How probabilities were calibrated, if that was asked for.
    pub calibration: Option<CalibrationFacts>,
    /// What the standard errors assume, and whether they are approximate.
    pub inference: Option<String>,
    /// Iterations of the solver.
    pub iterations: usize,
    /// Infinity norm of the gradient of the weighted mean loss at the solution.
    pub gradient: f64,
    /// Σ w·log loss + ‖coefficients‖²/(2C) at the solution.
    pub objective: f64,
    /// Whether the solver reached its tolerance.
    pub converged: bool,
    /// Features that said nothing and were left out, with the reason.
    pub dropped: Vec<(String, String)>,
    /// The assumptions behind the weights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// A grade and the lowest score, or probability, that earns it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// Its name.
    pub name: String,
    /// Lowest score, 0–100, or probability, 0–1.
    pub from: f64,
}

/// What the cut-offs of grades are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradeScale {
    /// Scores: percentiles among the training rows.
    #[default]
    Score,
    /// Probabilities of the target.
    Probability,
}

/// Quartiles of a part of the score among the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartQuartiles {
    /// The part.
    pub part: Part,
    /// Its quartiles, log-odds, ascending.
    pub quartiles: [f64; 3],
}

/// A table of log-odds over the groups of two terms: bins of a number, levels of a text.
///
/// It is pure: weighted by training rows, each row and column of it sums to 0, since what one feature says alone
/// belongs to its own term. B. Lengerich et al., "Purifying interaction effects with the functional ANOVA", AISTATS 2020.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// Place of the first term.
    pub first: usize,
    /// Place of the second term, above that of the first.
    pub second: usize,
    /// The part of the score it belongs to.
    pub part: Part,
    /// Log-odds by group of the first term, then of the second; each has one more group at its end for values without one.
    pub effects: Vec<f64>,
    /// Standard error of each; empty where none are made.
    pub standard_errors: Vec<f64>,
    /// The effects that standard errors belong to, from a fit with a weaker penalty. Empty if they are the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<f64>,
    /// Weight of the training rows in each cell.
    pub weights: Vec<f64>,
}

impl Interaction {
    /// Groups of both terms, with the one for no group.
    #[must_use]
    pub fn shape(&self, data: &ModelData) -> (usize, usize) {
        let groups = |i: usize| data.terms.get(i).map_or(0, |t| t.encoder.groups() + 1);
        (groups(self.first), groups(self.second))
    }
}

/// What a model file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelData {
    /// Log-odds where all columns are 0.
    pub intercept: f64,
    /// Terms, in the order in which contributions are summed.
    pub terms: Vec<Term>,
    /// Interactions; their contributions follow the terms'.
    #[serde(default)]
    pub interactions: Vec<Interaction>,
    /// Covariance of all coefficients, where intervals of probabilities are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance: Option<CoefficientCovariance>,
    /// Event kinds and stages known in training; others are ignored.
    pub kinds: Vec<Kind>,
    /// Event values used, in the order of their numbers.
    pub values: Vec<String>,
    /// Daily cap of events of one kind.
    pub daily_cap: Option<u32>,
    /// Zone of calendar days.
    pub calendar_zone: Zone,
    /// Map from log-odds to probabilities, unless the calibration is a sigmoid.
    pub calibration: Option<CalibrationMap>,
    /// Log-odds at the 0th, 1st, …, 100th percentile of the training rows.
    pub percentiles: Vec<f64>,
    /// Grades, best first.
    pub grades: Vec<Grade>,
    /// What the cut-offs of the grades are of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grade_scale: GradeScale,
    /// Quartiles of the parts for which there are terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_quartiles: Vec<PartQuartiles>,
    /// Facts of the training.
    pub training: Training,
    /// The leads it was trained on.
    #[serde(default)]
    pub trained_on: LeadSample,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Number of coefficients of a model, the intercept and cells of interactions with them.
pub(super) fn coefficients(data: &ModelData) -> usize {
    let terms: usize = data.terms.iter().map(|t| t.encoder.width()).sum();
    let cells = data.interactions.iter().map(|i| i.effects.len()).sum::<usize>();
    1 + terms + cells
}
