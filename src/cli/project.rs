//! A project file: the declaration of the tables, and what to do with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::design::{FeatureSet, SnapshotSpec};
use crate::error::{Error, Result};
use crate::fit::{
    Calibrator, Choice, Collinear, Direction, Interactions, LogisticParams, Nonlinear, Solver, TrainOptions,
};
use crate::frames::{Config, Tables, build, with_nearest};
use crate::funnel::FunnelSpec;
use crate::journeys::{Journeys, Snapshot, SplitBy};
use crate::task::Task;

/// How a snapshot is split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitSection {
    /// Share of the test side.
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
#[serde(untagged)]
pub enum Strength {
    /// Its inverse strength; 0 is no penalty.
    Fixed(f64),
    /// Chosen on held-out rows.
    Chosen(CrossValidated),
}

/// The word `cv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CrossValidated {
    /// It.
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
    /// Inverse strength of the penalty; 0 is no penalty, `"cv"` chooses it on held-out rows.
    #[serde(rename = "C")]
    pub c: Strength,
    /// Which C is taken with `"cv"`.
    pub choice: Choice,
    /// Kind of penalty.
    pub penalty: Penalty,
    /// Share of the penalty that is L1.
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
    /// Solver.
    pub solver: Solver,
    /// Fewest converted, and fewest other leads.
    pub min_leads: usize,
    /// Levels with fewer rows are grouped.
    pub min_level_rows: usize,
    /// At most this many levels of a text.
    pub max_levels: usize,
    /// The model file.
    pub file: PathBuf,
}

impl Default for ModelSection {
    fn default() -> Self {
        let o = TrainOptions::default();
        Self {
            c: Strength::Fixed(1.0),
            choice: Choice::Lowest,
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
    /// Where the scores go.
    pub output: PathBuf,
}

impl Default for ScoreSection {
    fn default() -> Self {
        Self { snapshot: SnapshotSpec::default(), reasons: 5, output: "scores.parquet".into() }
    }
}

/// A project file.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Tables.
    pub config: Config,
    /// Labelled snapshot that is split into training and test.
    pub snapshot: SnapshotSpec,
    /// The split.
    pub split: SplitSection,
    /// The features.
    pub features: FeatureSet,
    /// The model.
    pub model: ModelSection,
    /// The scoring.
    pub score: ScoreSection,
    /// The funnel.
    pub funnel: FunnelSpec,
    folder: PathBuf,
}

impl Project {
    /// Reads a project file; tables are relative to its folder.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Config`].
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::Read {
            path: path.to_owned(),
            missing: e.kind() == std::io::ErrorKind::NotFound,
            reason: e.to_string(),
        })?;
        let bad = |e: toml::de::Error| Error::Config { problem: with_nearest(e.to_string().trim_end()) };
        let mut table: toml::Table = toml::from_str(&text).map_err(bad)?;
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let project = Self {
            snapshot: section(&mut table, "snapshot")?,
            split: section(&mut table, "split")?,
            features: section(&mut table, "features")?,
            model: section(&mut table, "model")?,
            score: section(&mut table, "score")?,
            funnel: section(&mut table, "funnel")?,
            config: {
                let value = serde_json::to_value(&table).map_err(|e| Error::Config { problem: e.to_string() })?;
                Config::check_keys(&value)?;
                table.try_into().map_err(bad)?
            },
            folder,
        };
        Ok(project)
    }

    /// Builds the journeys.
    ///
    /// # Errors
    /// As [`build`].
    pub fn journeys(&self, task: &Task) -> Result<std::sync::Arc<Journeys>> {
        Ok(build(&self.config, &mut Tables::new(&self.folder), task)?.shared())
    }

    /// The labelled snapshot, split.
    ///
    /// # Errors
    /// As [`Journeys::snapshot`] and [`Snapshot::split`].
    pub fn sides(&self, journeys: &std::sync::Arc<Journeys>, task: &Task) -> Result<(Snapshot, Snapshot)> {
        let snapshot = journeys.snapshot(&self.snapshot, None, self.features.clone(), task)?;
        snapshot.split(self.split.test, self.split.by, self.split.seed)
    }

    /// Options of the training.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] where Firth's correction has a C to choose.
    pub fn train_options(&self) -> Result<TrainOptions> {
        let m = &self.model;
        let firth = m.penalty == Penalty::Firth;
        let (c, choose_c) = match m.c {
            Strength::Chosen(CrossValidated::Cv) if firth => {
                return Err(Error::option("C", "Firth's correction has no C to choose"));
            }
            Strength::Chosen(CrossValidated::Cv) => (Some(1.0), Some(m.choice)),
            Strength::Fixed(c) => ((c != 0.0 && !firth).then_some(c), None),
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

fn section<T: Default + for<'de> Deserialize<'de>>(table: &mut toml::Table, key: &str) -> Result<T> {
    match table.remove(key) {
        None => Ok(T::default()),
        Some(value) => value.try_into().map_err(|e: toml::de::Error| Error::Config {
            problem: format!("[{key}] {}", with_nearest(e.to_string().trim_end())),
        }),
    }
}
