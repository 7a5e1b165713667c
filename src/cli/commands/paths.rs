//! `leadlens paths`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::AnalysisFlags;
use crate::cli::project::with_flags;
use crate::report::paths_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct Paths {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    /// What a place is: kind, channel, or a property of events.
    #[arg(long)]
    by: Option<String>,
    /// Event kinds and stages that count, separated by commas; what buyer and marketing did if not given.
    #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
    events: Vec<String>,
    /// What one path is: lead or session.
    #[arg(long)]
    unit: Option<String>,
    /// A longer time without an event ends a session.
    #[arg(long, value_name = "SPAN")]
    session_gap: Option<String>,
    /// Stages or event kinds that are the win, separated by commas; the won stages if not given.
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
    /// Repeats in a row are places of their own.
    #[arg(long)]
    #[serde(skip)]
    no_collapse: bool,
    /// Places of a way before its end.
    #[arg(long)]
    length: Option<usize>,
    /// Ways and loops that are listed.
    #[arg(long)]
    top: Option<usize>,
}

pub(super) fn run(command: &Paths, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.flags,
        |project| with_flags(&project.paths, command),
        |_, journeys, mut spec, task| {
            command.flags.leads.apply(&mut spec.filter, journeys)?;
            spec.collapse &= !command.no_collapse;
            journeys.paths(&spec, task)
        },
        paths_text,
    )
}
