//! `leadlens funnel`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::args::{Common, FunnelFlags, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::project::with_flags;
use crate::frames::{funnel_frame, funnel_periods_frame, funnel_times_frame};
use crate::report::funnel_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct Funnel {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    #[command(flatten)]
    #[serde(flatten)]
    steps: FunnelFlags,
    /// Lead field, event property or `channel` to break down by.
    #[arg(long)]
    by: Option<String>,
    /// Calendar period of entry, for conversion over time: day, week, month, quarter or year.
    #[arg(long, value_name = "PERIOD")]
    over: Option<String>,
}

pub(super) fn run(command: &Funnel, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.common,
        &command.shown,
        &["steps", "times", "periods"],
        |project| with_flags(&project.funnel, command),
        |_, journeys, spec, task| {
            let funnel = journeys.funnel(spec, task)?;
            let tables = vec![
                ("steps", funnel_frame(&funnel)?),
                ("times", funnel_times_frame(&funnel)?),
                ("periods", funnel_periods_frame(&funnel)?),
            ];
            Answer::new(funnel_text(&funnel), &funnel, tables)
        },
    )
}
