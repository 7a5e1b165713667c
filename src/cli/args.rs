//! Arguments of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Lead-scoring analytics: one history of marketing and sales, an explainable model, funnels.
#[derive(Debug, Parser)]
#[command(name = "leadlens", version, about, after_help = "Exit codes: 0 ok, 2 usage, 3 data, 4 model.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// Declaration of the tables.
    #[arg(long, default_value = "leadlens.toml")]
    pub(super) config: PathBuf,
    /// How results are printed.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read all tables and say what became of every row.
    Check {
        #[command(flatten)]
        common: Common,
        /// Also print the time line of this lead.
        #[arg(long)]
        show: Option<String>,
    },
    /// Train a model on the training side of the snapshot, evaluate it on the test side, and save it.
    Train {
        #[command(flatten)]
        common: Common,
        /// Where the model goes; `file` of [model] in the configuration if not given.
        #[arg(long)]
        model: Option<PathBuf>,
    },
    /// Evaluate a saved model on the test side of the snapshot.
    Evaluate {
        #[command(flatten)]
        common: Common,
        /// The model file.
        #[arg(long)]
        model: Option<PathBuf>,
        /// Also by `age` or by a lead field.
        #[arg(long)]
        by: Option<String>,
    },
    /// Score open leads with a saved model.
    Score {
        #[command(flatten)]
        common: Common,
        /// The model file.
        #[arg(long)]
        model: Option<PathBuf>,
        /// Time at which leads are looked at; the end of observation if not given.
        #[arg(long)]
        as_of: Option<String>,
        /// Where the scores go (.parquet, .arrow, .csv).
        #[arg(long)]
        output: Option<PathBuf>,
        /// Score even if many leads are outside the ages the model was trained on.
        #[arg(long)]
        allow_extrapolation: bool,
    },
    /// Count how far leads get.
    Funnel {
        #[command(flatten)]
        common: Common,
        /// Event kinds or stages, separated by commas; `steps` of [funnel] if not given.
        #[arg(long, value_delimiter = ',')]
        steps: Vec<String>,
        /// Time from step 1 within which the last step must happen.
        #[arg(long)]
        window: Option<String>,
        /// Lead field, event property or `channel` to break down by.
        #[arg(long)]
        by: Option<String>,
        /// sequential, strict or any.
        #[arg(long)]
        order: Option<String>,
        /// best, first or totals.
        #[arg(long)]
        entry: Option<String>,
        /// Also write the table here.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Run everything once on a folder of tables with a leadlens.toml: train, evaluate, funnel, score, report.
    Demo {
        /// The folder with the tables and leadlens.toml.
        #[arg(long)]
        data: PathBuf,
        /// Where model, scores and report go.
        #[arg(long, default_value = "demo-output")]
        output: PathBuf,
    },
}
