//! `leadlens barriers`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::args::{Common, FunnelFlags, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::project::with_flags;
use crate::frames::barriers_frame;
use crate::report::barriers_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct Barriers {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    #[command(flatten)]
    #[serde(skip)]
    segments: Segments,
    /// Segment that the others are compared with; all other leads together if not given.
    #[arg(long, value_name = "SEGMENT")]
    reference: Option<String>,
    /// Value of a lead at the last step; the mean amount of won leads if not given.
    #[arg(long)]
    value: Option<f64>,
    /// Fewest leads of a segment at a step.
    #[arg(long, value_name = "LEADS")]
    min_support: Option<u64>,
}

/// The funnel by segments.
#[derive(Debug, Args, Serialize)]
struct Segments {
    #[command(flatten)]
    #[serde(flatten)]
    steps: FunnelFlags,
    /// Lead field, event property or `channel` that makes segments.
    #[arg(long)]
    by: Option<String>,
}

pub(super) fn run(command: &Barriers, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.common,
        &command.shown,
        &["barriers"],
        |project| {
            let mut spec = with_flags(&project.barriers, command)?;
            spec.funnel = with_flags(&spec.funnel, &command.segments)?;
            Ok(spec)
        },
        |_, journeys, spec, task| {
            let found = journeys.barriers(spec, task)?;
            Answer::new(barriers_text(&found), &found, vec![("barriers", barriers_frame(&found)?)])
        },
    )
}
