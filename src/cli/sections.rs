//! Sections of a project file: the split, the model, the scoring, attribution with spend, the report.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::analyses::attribution::AttributionSpec;
use crate::error::{Error, Result};
use crate::fit::{
    Calibrator, Collinear, Direction, Interactions, LogisticParams, Nonlinear, PenaltyChoice, Solver, TrainOptions,
};
use crate::frames::SpendSpec;
use crate::schema::SnapshotSpec;
use crate::snapshot::SplitBy;

/// How a snapshot is split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitSection {
    /// Share of the test set.
    pub test: f64,
    /// What it is made by.
    pub by: SplitBy,
    /// Seed of the drawn ones.
    pub seed: u64,
}

impl Default for SplitSection {
    fn default() -> Self {
        Self { test: 0.2, by: SplitBy::Time, seed: 0 }
    }
}

/// The penalty: a number, or chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "C must be a number or \"cv\"")]
pub enum Strength {
    /// Its inverse strength; 0 for no penalty.
    Fixed(f64),
    /// Chosen on held-out rows.
    Chosen(CrossValidated),
}

/// The word `cv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CrossValidated {
    /// Cross-validation.
    Cv,
}

/// Kinds of penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Penalty {
    /// Ridge, or elastic net with `l1_ratio`.
    L2,
    /// Firth's correction.
    Firth,
}

/// How a model is trained, and where it lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSection {
    /// Inverse strength of the penalty; 0 for no penalty, `"cv"` to choose it on held-out rows; 1 by default.
    #[serde(rename = "C")]
    pub c: Option<Strength>,
    /// Which C is taken with `"cv"`.
    pub choice: PenaltyChoice,
    /// Kind of penalty.
    pub penalty: Penalty,
    /// Share of L1 in the penalty.
    pub l1_ratio: f64,
    /// Calibration on the last fifth of the period.
    pub calibration: Option<Calibrator>,
    /// Shape of the effects of numbers.
    pub nonlinear: Option<Nonlinear>,
    /// `"auto"`, a number, or pairs of features.
    pub interactions: Option<Interactions>,
    /// `increasing` or `decreasing` by feature.
    pub monotone: BTreeMap<String, Direction>,
    /// Whether scores have intervals of the probability.
    pub intervals: bool,
    /// Solver of the coefficients.
    pub solver: Solver,
    /// Smallest number of converted leads, and of other leads.
    pub min_leads: usize,
    /// Group levels with fewer rows.
    pub min_level_rows: usize,
    /// Largest number of levels of a text.
    pub max_levels: usize,
    /// The model file.
    pub file: PathBuf,
}

impl Default for ModelSection {
    fn default() -> Self {
        let o = TrainOptions::default();
        Self {
            c: None,
            choice: PenaltyChoice::Lowest,
            penalty: Penalty::L2,
            l1_ratio: 0.0,
            calibration: None,
            nonlinear: None,
            interactions: None,
            monotone: BTreeMap::new(),
            intervals: false,
            solver: Solver::Newton,
            min_leads: o.min_leads,
            min_level_rows: o.min_level_rows,
            max_levels: o.max_levels,
            file: "model.json".into(),
        }
    }
}

/// How leads are scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoreSection {
    /// When leads are looked at: any rule of a snapshot. If none is given, all open leads at the end of observation.
    pub snapshot: SnapshotSpec,
    /// Number of reasons.
    pub reasons: usize,
    /// Give reasons in words too.
    pub words: bool,
    /// Phrases of these words in the place of the English ones.
    pub phrases: BTreeMap<String, String>,
    /// Fields of the leads beside their scores; `owner`, `account` and `created` are these roles.
    pub fields: Vec<String>,
    /// Score even if many leads are outside the ages of training.
    pub allow_extrapolation: bool,
    /// Where the scores go.
    pub output: PathBuf,
}

impl Default for ScoreSection {
    fn default() -> Self {
        Self {
            snapshot: SnapshotSpec::default(),
            reasons: 5,
            words: false,
            phrases: BTreeMap::new(),
            fields: Vec::new(),
            allow_extrapolation: false,
            output: "scores.parquet".into(),
        }
    }
}

impl ModelSection {
    /// Options of the training.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] where Firth's correction stands beside a C.
    pub fn options(&self) -> Result<TrainOptions> {
        let m = self;
        let firth = m.penalty == Penalty::Firth;
        let (c, choose_c) = match m.c {
            Some(_) if firth => {
                return Err(Error::option("C", "penalty=\"firth\" cannot be combined with C; leave one of them out"));
            }
            None if firth => (None, None),
            None => (Some(1.0), None),
            Some(Strength::Chosen(CrossValidated::Cv)) => (Some(1.0), Some(m.choice)),
            Some(Strength::Fixed(c)) => ((c != 0.0).then_some(c), None),
        };
        let logistic = LogisticParams {
            c,
            l1_ratio: m.l1_ratio,
            firth,
            collinear: Collinear::Drop,
            solver: m.solver,
            ..LogisticParams::default()
        };
        Ok(TrainOptions {
            logistic,
            choose_c,
            nonlinear: m.nonlinear,
            interactions: m.interactions.clone(),
            monotone: m.monotone.clone(),
            intervals: m.intervals,
            calibration: m.calibration,
            min_leads: m.min_leads,
            min_level_rows: m.min_level_rows,
            max_levels: m.max_levels,
        })
    }
}

/// Attribution: its options, and spend if there is any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttributionSection {
    /// Options of the attribution.
    pub credit: AttributionSpec,
    /// Tables of spend.
    pub spend: Vec<SpendSpec>,
    /// Stage of qualified leads, for costs per qualified lead.
    pub qualified: Option<String>,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportSection {
    /// Heading of the report.
    pub title: String,
    /// The page.
    pub output: PathBuf,
}

impl Default for ReportSection {
    fn default() -> Self {
        Self { title: "Lead report".into(), output: "report.html".into() }
    }
}
