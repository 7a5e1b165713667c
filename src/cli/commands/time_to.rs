//! `leadlens time-to`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::breakdown::ByFlags;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::AnalysisFlags;
use crate::cli::project::with_flags;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct TimeToArgs {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    #[command(flatten)]
    #[serde(skip)]
    by: ByFlags,
    /// Stages or event kinds that count as the event, separated by commas [default: the won stages].
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
    /// Stages or event kinds that are competing events, separated by commas [default: the lost stages].
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    competing: Vec<String>,
    /// Treatment of competing events: event or censored.
    #[arg(long, value_name = "HOW")]
    competing_as: Option<String>,
    /// Stage or event kind that starts the clock [default: creation].
    #[arg(long, value_name = "STAGE")]
    start: Option<String>,
    /// Include leads that started before outcomes were recorded, from outcomes_from on.
    #[arg(long)]
    late_entry: bool,
    /// Ages at which the share is reported, separated by commas, such as 30d,90d.
    #[arg(long, value_delimiter = ',', value_name = "SPANS")]
    at: Vec<String>,
    /// Upper limit of restricted mean times.
    #[arg(long, value_name = "SPAN")]
    until: Option<String>,
    /// Confidence level of the intervals.
    #[arg(long)]
    confidence: Option<f64>,
    /// Family of the parametric curve that estimates the share that will eventually convert, such as weibull.
    #[arg(long, value_name = "FAMILY")]
    ceiling: Option<String>,
}

pub(super) fn run(command: &TimeToArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.flags,
        |project| with_flags(&project.time_to, command),
        |_, journeys, mut spec, task| {
            command.by.apply(&mut spec.by, journeys);
            command.flags.leads.apply(&mut spec.filter, journeys)?;
            journeys.time_to(&spec, task)
        },
    )
}
