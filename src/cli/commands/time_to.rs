//! `leadlens time-to`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::args::{Common, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::project::with_flags;
use crate::frames::{time_to_ages_frame, time_to_ceilings_frame, time_to_curves_frame, time_to_frame};
use crate::report::time_to_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct TimeTo {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    /// Stages or event kinds that are the event, separated by commas; the won stages if not given.
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
    /// Stages or event kinds that end a lead otherwise, separated by commas; losing if not given.
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    competing: Vec<String>,
    /// Stage or event kind with which the clock starts; creation if not given.
    #[arg(long, value_name = "STAGE")]
    start: Option<String>,
    /// Lead field to compare by.
    #[arg(long)]
    by: Option<String>,
    /// Leads that started before outcomes were recorded enter when recording began.
    #[arg(long)]
    late_entry: bool,
    /// Ages at which the share is told, separated by commas, such as 30d,90d.
    #[arg(long, value_delimiter = ',', value_name = "SPANS")]
    at: Vec<String>,
    /// Age up to which mean times are taken.
    #[arg(long, value_name = "SPAN")]
    until: Option<String>,
    /// Confidence of the intervals.
    #[arg(long)]
    confidence: Option<f64>,
    /// Family of a parametric curve that tells the share that will ever convert, such as weibull.
    #[arg(long, value_name = "FAMILY")]
    ceiling: Option<String>,
}

pub(super) fn run(command: &TimeTo, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.common,
        &command.shown,
        &["groups", "ages", "ceilings", "curves"],
        |project| with_flags(&project.time_to, command),
        |_, journeys, spec, task| {
            let times = journeys.time_to(spec, task)?;
            let tables = vec![
                ("groups", time_to_frame(&times)?),
                ("ages", time_to_ages_frame(&times)?),
                ("ceilings", time_to_ceilings_frame(&times)?),
                ("curves", time_to_curves_frame(&times)?),
            ];
            Answer::new(time_to_text(&times), &times, tables)
        },
    )
}
