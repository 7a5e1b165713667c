//! Flags that commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Serialize, Serializer};

use super::breakdown::LeadFlags;

/// Format of the printed summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Summary {
    Text,
    Json,
}

/// Format of a printed result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    Csv,
}

/// Input of a command.
#[derive(Debug, Clone, Args)]
pub(super) struct CommonFlags {
    /// Project file that declares the tables.
    #[arg(long, default_value = "leadlens.toml")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// Options that override keys of the project file.
#[derive(Debug, Clone, Args)]
pub(super) struct Settings {
    /// Largest share of quarantined rows in a table, 0 to 1 [default: max_bad of the configuration].
    #[arg(long, value_name = "SHARE")]
    pub(super) max_bad: Option<f64>,
    /// Set any key of the configuration, such as snapshot.horizon=60d, 'model.monotone.employees=increasing',
    /// `pipeline=["mql", "sql"]` or attribution.spend.0.scale=1e-6. The value is TOML, else a text. Paths are relative to
    /// the project file. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
}

/// Options of output files.
#[derive(Debug, Clone, Args)]
pub(super) struct Overwrite {
    /// Replace output files that exist.
    #[arg(long)]
    pub(super) overwrite: bool,
}

/// Options of output.
#[derive(Debug, Clone, Args)]
pub(super) struct Shown {
    /// Format of the printed result.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
    /// Table of the result to write as csv, parquet or arrow [default: the first].
    #[arg(long, value_name = "NAME")]
    pub(super) table: Option<String>,
    /// Also write the result to this file, as .csv, .parquet, .arrow, .json or .txt.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) files: Overwrite,
    /// The default table for csv, parquet and arrow; the first if empty.
    #[arg(skip)]
    pub(super) view: Option<&'static str>,
}

/// Flags of every analysis.
#[derive(Debug, Clone, Args)]
pub(super) struct AnalysisFlags {
    #[command(flatten)]
    pub(super) common: CommonFlags,
    #[command(flatten)]
    pub(super) shown: Shown,
    #[command(flatten)]
    pub(super) leads: LeadFlags,
}

/// The funnel that leads go through.
#[derive(Debug, Args, Serialize)]
pub(super) struct FunnelFlags {
    /// Event kinds or stages, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub(super) steps: Vec<String>,
    /// Longest time from the first step to the last, such as 90d.
    #[arg(long, value_name = "SPAN")]
    pub(super) window: Option<String>,
    /// Order of the steps: sequential, strict or any.
    #[arg(long)]
    pub(super) order: Option<String>,
    /// Attempts that count: best, first or totals.
    #[arg(long)]
    pub(super) entry: Option<String>,
    /// Events that end an attempt between two steps, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
    #[serde(serialize_with = "as_exclusions")]
    pub(super) exclude: Vec<String>,
    /// Property of events, or channel, that must have the same value in every step.
    #[arg(long, value_name = "PROPERTY")]
    pub(super) hold: Option<String>,
}

fn as_exclusions<S: Serializer>(events: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(events.iter().map(|event| serde_json::json!({"event": event})))
}

/// Options of a breakdown by a property of events.
#[derive(Debug, Args, Serialize)]
pub(super) struct PropertyFlags {
    /// Value of a lead if --by is a property of events: first, last, all, "step 1", "step 2", …
    #[arg(long, value_name = "WHICH")]
    pub(super) attribution: Option<String>,
}
