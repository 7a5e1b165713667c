//! The commands, one file each: arguments, and what they do.

mod analysis;
mod attribution;
mod barriers;
mod check;
mod completions;
mod demo;
mod drivers;
mod evaluate;
mod funnel;
mod paths;
mod report;
mod score;
mod stage_funnel;
mod time_to;
mod train;

pub(super) use attribution::AttributionArgs;
pub(super) use barriers::BarriersArgs;
pub(super) use check::CheckArgs;
pub(super) use completions::Completions;
pub(super) use demo::Demo;
pub(super) use drivers::DriversArgs;
pub(super) use evaluate::Evaluate;
pub(super) use funnel::FunnelArgs;
pub(super) use paths::PathsArgs;
pub(super) use report::ReportArgs;
pub(super) use score::Score;
pub(super) use stage_funnel::StageFunnelArgs;
pub(super) use time_to::TimeToArgs;
pub(super) use train::Train;

use clap::CommandFactory;

use super::args::{Arguments, Command};
use super::context::{Context, Failed};

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<(), Failed> {
    match &arguments.command {
        Command::Check(c) => check::run(c, context),
        Command::Train(c) => train::run(c, context),
        Command::Evaluate(c) => evaluate::run(c, context),
        Command::Score(c) => score::run(c, context),
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
