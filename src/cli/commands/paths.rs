//! `leadlens paths`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::AnalysisFlags;
use crate::cli::project::with_flags;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct PathsArgs {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    /// Nodes of a path: kind, channel, or a property of events.
    #[arg(long)]
    by: Option<String>,
    /// Event kinds and stages that count, separated by commas [default: events of buyer and marketing].
    #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
    events: Vec<String>,
    /// Unit of a path: lead or session.
    #[arg(long)]
    unit: Option<String>,
    /// Longest time between two events of a session.
    #[arg(long, value_name = "SPAN")]
    session_gap: Option<String>,
    /// Stages or event kinds that count as won, separated by commas [default: the won stages].
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
    /// Keep consecutive repeats.
    #[arg(long)]
    #[serde(skip)]
    no_collapse: bool,
    /// Largest number of nodes of a path before its end.
    #[arg(long)]
    length: Option<usize>,
    /// Number of paths and loops to list.
    #[arg(long)]
    top: Option<usize>,
}

pub(super) fn run(command: &PathsArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.flags,
        |project| with_flags(&project.paths, command),
        |_, journeys, mut spec, task| {
            command.flags.leads.apply(&mut spec.filter, journeys)?;
            spec.collapse &= !command.no_collapse;
            journeys.paths(&spec, task)
        },
    )
}
