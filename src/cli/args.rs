//! Arguments of the command line.

use clap::{Parser, Subcommand};

use super::commands::{
    Attribution, Barriers, Check, Completions, Demo, Drivers, Evaluate, Funnel, Paths, Report, Score, StageFunnel,
    TimeTo, Train,
};

/// Lead-scoring analytics: one history of marketing and sales, an explainable model, funnels.
#[derive(Debug, Parser)]
#[command(
    name = "leadlens",
    version,
    about,
    after_help = "Exit codes: 0 success, 2 usage, 3 data, 4 model, 70 internal error, 130 SIGINT, 143 SIGTERM."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read all tables and say what became of every row.
    Check(Check),
    /// Train a model on the training side of the snapshot, evaluate it on the test side, and save it.
    Train(Train),
    /// Evaluate a saved model on the test side of the snapshot.
    Evaluate(Evaluate),
    /// Score open leads with a saved model.
    Score(Score),
    /// Count how far leads get.
    Funnel(Funnel),
    /// Count how leads move through the pipeline: reached, skipped, lost, open; win rate, velocity.
    StageFunnel(StageFunnel),
    /// Measure how long leads take to convert.
    TimeTo(TimeTo),
    /// Find what leads that went on had more, or less, often.
    Drivers(Drivers),
    /// Rank segments by what they lose at each step.
    Barriers(Barriers),
    /// List the paths that leads take to won and to lost.
    Paths(Paths),
    /// Share the credit for conversions among channels.
    Attribution(Attribution),
    /// Write one HTML page: evaluation, best open leads, funnel, model, input tables.
    Report(Report),
    /// Run everything once on a folder of tables with a leadlens.toml: train, evaluate, funnel, score, report.
    Demo(Demo),
    /// Print a completion script for a shell.
    Completions(Completions),
}
