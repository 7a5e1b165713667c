//! Arguments of the command line.

use clap::{Parser, Subcommand};

use super::commands::{
    AttributionArgs, BarriersArgs, CheckArgs, Completions, Demo, DriversArgs, Evaluate, FunnelArgs, PathsArgs,
    ReportArgs, Score, StageFunnelArgs, TimeToArgs, Train,
};

/// Lead analytics on the history of marketing and sales: explainable scores, funnels, attribution.
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
    /// Read all tables and report what happened to every row.
    Check(CheckArgs),
    /// Train a model on the training set of the snapshot, evaluate it on the test set, and save it.
    Train(Train),
    /// Evaluate a saved model on the test set of the snapshot.
    Evaluate(Evaluate),
    /// Score open leads with a saved model.
    Score(Score),
    /// Count how many leads reach each step of a funnel.
    Funnel(FunnelArgs),
    /// Count how leads move through the pipeline: reached, skipped, lost and open per stage, win rate, velocity.
    StageFunnel(StageFunnelArgs),
    /// Measure how long leads take to convert.
    TimeTo(TimeToArgs),
    /// Find the properties that differ between leads that go on and leads that drop off.
    Drivers(DriversArgs),
    /// Rank segments by the conversions they lose at each step.
    Barriers(BarriersArgs),
    /// List the most frequent paths to won and to lost.
    Paths(PathsArgs),
    /// Distribute credit for conversions among channels.
    Attribution(AttributionArgs),
    /// Write an HTML report: evaluation, best open leads, analyses, model, input tables.
    Report(ReportArgs),
    /// Train, evaluate, score and report on a folder that has tables and a leadlens.toml.
    Demo(Demo),
    /// Print a shell completion script.
    Completions(Completions),
}
