//! `leadlens stage-funnel`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::args::{Common, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::project::with_flags;
use crate::frames::{
    stage_cohorts_frame, stage_flow_frame, stage_funnel_frame, stage_summary_frame, stage_times_frame, stage_wins_frame,
};
use crate::report::stage_funnel_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct StageFunnel {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    /// Stages, first to last, separated by commas; those of the configuration if not given.
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    pipeline: Vec<String>,
    /// Lead field to break down by.
    #[arg(long)]
    by: Option<String>,
    /// Calendar period of cohorts and of the flow: day, week, month, quarter or year.
    #[arg(long)]
    period: Option<String>,
    /// A lead that enters a stage again so long after its last one starts a new cycle.
    #[arg(long, value_name = "SPAN")]
    recycle_after: Option<String>,
    /// Only what happens within this time of a cycle's start counts.
    #[arg(long, value_name = "SPAN")]
    within: Option<String>,
    /// Stage that makes an opportunity.
    #[arg(long, value_name = "STAGE")]
    opportunity: Option<String>,
}

pub(super) fn run(command: &StageFunnel, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.common,
        &command.shown,
        &["stages", "summary", "cohorts", "flow", "wins", "times"],
        |project| with_flags(&project.stage_funnel, command),
        |_, journeys, spec, task| {
            let funnel = journeys.stage_funnel(spec, task)?;
            let tables = vec![
                ("stages", stage_funnel_frame(&funnel)?),
                ("summary", stage_summary_frame(&funnel)?),
                ("cohorts", stage_cohorts_frame(&funnel)?),
                ("flow", stage_flow_frame(&funnel)?),
                ("wins", stage_wins_frame(&funnel)?),
                ("times", stage_times_frame(&funnel)?),
            ];
            Answer::new(stage_funnel_text(&funnel), &funnel, tables)
        },
    )
}
