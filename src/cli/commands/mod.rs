//! The commands, one file each: arguments, and what they do.

mod analysis;
mod attribution;
mod audit;
mod barriers;
mod call_list;
mod check;
mod completions;
mod demo;
mod drivers;
mod evaluate;
mod funnel;
mod paths;
mod report;
mod score;
mod scorecard;
mod stage_funnel;
mod time_to;
mod train;

use clap::{CommandFactory, Parser, Subcommand};

use super::context::{Context, Failed};

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
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read all tables and report what happened to every row.
    Check(check::CheckArgs),
    /// Audit the training set: fields that may leak the outcome, drift, duplicates, too few leads.
    Audit(audit::AuditArgs),
    /// Train a model on the training set of the snapshot, evaluate it on the test set, and save it.
    Train(train::Train),
    /// Evaluate a saved model on the test set of the snapshot.
    Evaluate(evaluate::Evaluate),
    /// Score open leads with a saved model.
    Score(score::Score),
    /// List the leads that each rep calls next.
    CallList(call_list::CallListArgs),
    /// Print a saved model as a table of whole points per value.
    Scorecard(scorecard::ScorecardArgs),
    /// Count how many leads reach each step of a funnel.
    Funnel(funnel::FunnelArgs),
    /// Count how leads move through the pipeline: reached, skipped, lost and open per stage, win rate, velocity.
    StageFunnel(stage_funnel::StageFunnelArgs),
    /// Measure how long leads take to convert.
    TimeTo(time_to::TimeToArgs),
    /// Find the properties that differ between leads that go on and leads that drop off.
    Drivers(drivers::DriversArgs),
    /// Rank segments by the conversions they lose at each step.
    Barriers(barriers::BarriersArgs),
    /// List the most frequent paths to won and to lost.
    Paths(paths::PathsArgs),
    /// Distribute credit for conversions among channels.
    Attribution(attribution::AttributionArgs),
    /// Write an HTML report: evaluation, best open leads, analyses, model, input tables.
    Report(report::ReportArgs),
    /// Train, evaluate, score and report on a folder that has tables and a leadlens.toml.
    Demo(demo::Demo),
    /// Print a shell completion script.
    Completions(completions::Completions),
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<(), Failed> {
    match &arguments.command {
        Command::Check(c) => check::run(c, context),
        Command::Audit(c) => audit::run(c, context),
        Command::Train(c) => train::run(c, context),
        Command::Evaluate(c) => evaluate::run(c, context),
        Command::Score(c) => score::run(c, context),
        Command::CallList(c) => call_list::run(c, context),
        Command::Scorecard(c) => scorecard::run(c, context),
        Command::Funnel(c) => funnel::run(c, context),
        Command::StageFunnel(c) => stage_funnel::run(c, context),
        Command::TimeTo(c) => time_to::run(c, context),
        Command::Drivers(c) => drivers::run(c, context),
        Command::Barriers(c) => barriers::run(c, context),
        Command::Paths(c) => paths::run(c, context),
        Command::Attribution(c) => attribution::run(c, context),
        Command::Report(c) => report::run(c, context),
        Command::Demo(c) => demo::run(c, context),
        Command::Completions(c) => completions::run(c, Arguments::command(), context),
    }
}
