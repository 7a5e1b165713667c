//! Flags that commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Serialize, Serializer};

use super::breakdown::LeadFlags;

/// How it is printed what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Summary {
    Text,
    Json,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    Csv,
}

/// Which tables are read.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// Declaration of the tables.
    #[arg(long, default_value = "leadlens.toml")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// What takes the place of keys of the configuration.
#[derive(Debug, Clone, Args)]
pub(super) struct Settings {
    /// Largest share of quarantined rows in a table, 0 to 1; `max_bad` of the configuration if not given.
    #[arg(long, value_name = "SHARE")]
    pub(super) max_bad: Option<f64>,
    /// Set any key of the configuration, such as snapshot.horizon=60d, 'model.monotone.employees=increasing',
    /// `pipeline=["mql", "sql"]` or attribution.spend.0.scale=1e-6: a value of TOML, or else a text. Paths are relative to
    /// the configuration. Can be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
}

/// Where files go.
#[derive(Debug, Clone, Args)]
pub(super) struct Overwrite {
    /// Replace output files that exist.
    #[arg(long)]
    pub(super) overwrite: bool,
}

/// How the result is shown.
#[derive(Debug, Clone, Args)]
pub(super) struct Shown {
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
    /// Which table of the result csv, parquet and arrow hold; the first if not given.
    #[arg(long, value_name = "NAME")]
    pub(super) table: Option<String>,
    /// Also write the result here; the ending says how: .csv, .parquet, .arrow, .json, .txt.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) files: Overwrite,
    /// The table that csv, parquet and arrow hold if none is asked for; the first if empty.
    #[arg(skip)]
    pub(super) view: Option<&'static str>,
}

/// Flags of every analysis.
#[derive(Debug, Clone, Args)]
pub(super) struct AnalysisFlags {
    #[command(flatten)]
    pub(super) common: Common,
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
    /// sequential, strict or any.
    #[arg(long)]
    pub(super) order: Option<String>,
    /// best, first or totals.
    #[arg(long)]
    pub(super) entry: Option<String>,
    /// Events that end an attempt between two steps, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
    #[serde(serialize_with = "as_exclusions")]
    pub(super) exclude: Vec<String>,
    /// Property of events, or `channel`, that must have one value in all steps.
    #[arg(long, value_name = "PROPERTY")]
    pub(super) hold: Option<String>,
}

fn as_exclusions<S: Serializer>(events: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(events.iter().map(|event| serde_json::json!({"event": event})))
}

/// Whose property counts where a funnel is broken down by one of events.
#[derive(Debug, Args, Serialize)]
pub(super) struct PropertyFlags {
    /// Value of a lead where --by is a property of events: first, last, all, "step 1", "step 2", …
    #[arg(long, value_name = "WHICH")]
    pub(super) attribution: Option<String>,
}
