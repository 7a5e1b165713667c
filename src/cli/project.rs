//! A project file: the declaration of the tables, and what to do with them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::design::{FeatureSet, SnapshotSpec};
use crate::error::{Error, Result};
use crate::fit::{LogisticParams, Solver, TrainOptions};
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

/// How a model is trained, and where it lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSection {
    /// Inverse strength of the penalty; 0 is no penalty.
    #[serde(rename = "C")]
    pub c: f64,
    /// Solver.
    pub solver: Solver,
    /// Fewest converted, and fewest other leads.
    pub min_leads: usize,
    /// Levels with fewer rows are grouped.
    pub min_level_rows: usize,
    /// The model file.
    pub file: PathBuf,
}

impl Default for ModelSection {
    fn default() -> Self {
        let o = TrainOptions::default();
        Self {
            c: 1.0,
            solver: Solver::Newton,
            min_leads: o.min_leads,
            min_level_rows: o.min_level_rows,
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
    #[must_use]
    pub fn train_options(&self) -> TrainOptions {
        TrainOptions {
            logistic: LogisticParams {
                c: (self.model.c != 0.0).then_some(self.model.c),
                solver: self.model.solver,
                ..LogisticParams::default()
            },
            min_leads: self.model.min_leads,
            min_level_rows: self.model.min_level_rows,
            ..TrainOptions::default()
        }
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
