//! Flags of the labelled snapshot, its split, and the training of a model.

use std::collections::BTreeMap;
use std::convert::Infallible;

use clap::Args;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::project::{Project, with_flags};
use crate::error::Result;

/// The labelled snapshot and its split.
#[derive(Debug, Args)]
pub(super) struct SideFlags {
    #[command(flatten)]
    rule: RuleFlags,
    #[command(flatten)]
    snapshot: SnapshotFlags,
    #[command(flatten)]
    split: SplitFlags,
}

/// The cutoff rule; overrides the rule of the project file.
#[derive(Debug, Args, Serialize)]
struct RuleFlags {
    /// Step of a regular grid of cutoffs, such as 7d.
    #[arg(long, value_name = "SPAN")]
    every: Option<String>,
    /// One cutoff per lead, this long after its creation.
    #[arg(long, value_name = "SPAN")]
    after: Option<String>,
    /// One cutoff per lead: its first entry of this stage or event kind.
    #[arg(long, value_name = "STAGE")]
    at: Option<String>,
    /// One cutoff for all leads.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
}

#[derive(Debug, Args, Serialize)]
struct SnapshotFlags {
    /// Earliest cutoff.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Latest cutoff (exclusive).
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Ignore all data at or after this time, also in label windows.
    #[arg(long, value_name = "TIME")]
    known_by: Option<String>,
    /// Length of the label window, such as 60d.
    #[arg(long, value_name = "SPAN")]
    horizon: Option<String>,
    /// Stages or event kinds that make the label positive, separated by commas [default: the won stages].
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
    /// Treatment of rows with an unfinished label window: drop or ipcw.
    #[arg(long, value_name = "HOW")]
    maturity: Option<String>,
}

#[derive(Debug, Args, Serialize)]
struct SplitFlags {
    /// Share of the test set.
    #[arg(long, value_name = "SHARE")]
    test: Option<f64>,
}

impl SideFlags {
    /// Overrides keys of the project.
    pub(super) fn apply(&self, project: &mut Project) -> Result<()> {
        let rule = &self.rule;
        if [&rule.every, &rule.after, &rule.at, &rule.as_of].iter().any(|given| given.is_some()) {
            let own = &mut project.snapshot;
            (own.every, own.after, own.at, own.as_of) = (None, None, None, None);
            project.cutoffs = None;
        }
        project.snapshot = with_flags(&with_flags(&project.snapshot, rule)?, &self.snapshot)?;
        project.split = with_flags(&project.split, &self.split)?;
        Ok(())
    }
}

/// How the model is trained.
#[derive(Debug, Args, Serialize)]
pub(super) struct ModelFlags {
    /// Inverse strength of the penalty; 0 for no penalty, cv to choose it on held-out rows.
    #[arg(id = "C", long = "C", value_name = "NUMBER|cv", value_parser = number_or_word)]
    #[serde(rename = "C")]
    c: Option<Value>,
    /// Rule that picks C with cv: lowest or one_standard_error.
    #[arg(long, value_name = "RULE")]
    choice: Option<String>,
    /// Penalty: l2 or firth.
    #[arg(long, value_name = "KIND")]
    penalty: Option<String>,
    /// Share of L1 in the penalty.
    #[arg(long, value_name = "SHARE")]
    l1_ratio: Option<f64>,
    /// Calibration on the last fifth of the period: sigmoid, isotonic or beta.
    #[arg(long, value_name = "METHOD")]
    calibration: Option<String>,
    /// Shape of numeric effects: log, linear, cubic or auto.
    #[arg(long, value_name = "SHAPE")]
    nonlinear: Option<String>,
    /// Interactions: auto, or their largest number.
    #[arg(long, value_name = "NUMBER|auto", value_parser = number_or_word)]
    interactions: Option<Value>,
    /// Monotone effect of a feature: increasing or decreasing. Can be repeated.
    #[arg(long, value_name = "FEATURE=DIRECTION", value_parser = direction)]
    #[serde(serialize_with = "as_map")]
    monotone: Vec<(String, String)>,
    /// Compute intervals of probabilities.
    #[arg(long)]
    intervals: bool,
    /// Solver: newton or linfa.
    #[arg(long)]
    solver: Option<String>,
    /// Smallest number of converted leads, and of other leads.
    #[arg(long, value_name = "LEADS")]
    min_leads: Option<usize>,
    /// Group levels with fewer rows.
    #[arg(long, value_name = "ROWS")]
    min_level_rows: Option<usize>,
    /// Largest number of levels of a text.
    #[arg(long, value_name = "LEVELS")]
    max_levels: Option<usize>,
}

impl ModelFlags {
    /// Overrides keys of the project.
    pub(super) fn apply(&self, project: &mut Project) -> Result<()> {
        // A path need not be a text, as all else is.
        let file = std::mem::take(&mut project.model.file);
        project.model = with_flags(&project.model, self)?;
        project.model.file = file;
        Ok(())
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a parser of an argument may fail")]
fn number_or_word(text: &str) -> std::result::Result<Value, Infallible> {
    let number = text.parse::<u64>().ok().map(Value::from).or_else(|| text.parse::<f64>().ok().map(Value::from));
    Ok(number.filter(Value::is_number).unwrap_or_else(|| Value::from(text)))
}

fn direction(text: &str) -> std::result::Result<(String, String), String> {
    let (feature, direction) = text.rsplit_once('=').ok_or("write FEATURE=increasing or FEATURE=decreasing")?;
    Ok((feature.trim().to_owned(), direction.trim().to_owned()))
}

fn as_map<S: Serializer>(pairs: &[(String, String)], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(feature, direction)| (feature, direction)).collect::<BTreeMap<_, _>>())
}
