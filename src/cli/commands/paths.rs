//! `leadlens paths`.

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::analysis;
use crate::cli::args::{Common, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::project::with_flags;
use crate::frames::{loops_frame, steps_frame, transitions_frame, ways_frame};
use crate::report::paths_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct Paths {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    /// What a place is: kind, channel, or a property of events.
    #[arg(long)]
    by: Option<String>,
    /// What one path is: lead or session.
    #[arg(long)]
    unit: Option<String>,
    /// A longer time without an event ends a session.
    #[arg(long, value_name = "SPAN")]
    gap: Option<String>,
    /// Stages or event kinds that are the win, separated by commas; the won stages if not given.
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
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
        &command.common,
        &command.shown,
        &["ways", "transitions", "steps", "loops"],
        |project| with_flags(&project.paths, command),
        |_, journeys, spec, task| {
            let found = journeys.paths(spec, task)?;
            let tables = vec![
                ("ways", ways_frame(&found)?),
                ("transitions", transitions_frame(&found)?),
                ("steps", steps_frame(&found)?),
                ("loops", loops_frame(&found)?),
            ];
            Answer::new(paths_text(&found), &json!(found), tables)
        },
    )
}
