//! `leadlens stage-funnel`.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::analysis;
use crate::cli::breakdown::ByFlags;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::AnalysisFlags;
use crate::cli::project::with_flags;
use crate::report::stage_funnel_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct StageFunnel {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    #[command(flatten)]
    #[serde(skip)]
    by: ByFlags,
    /// Stages, first to last, separated by commas; those of the configuration if not given.
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    pipeline: Vec<String>,
    /// Calendar period of cohorts and of the flow: day, week, month, quarter or year.
    #[arg(long)]
    period: Option<String>,
    /// A lead that enters a stage again so long after its last one starts a new cycle.
    #[arg(long, value_name = "SPAN")]
    recycle_after: Option<String>,
    /// Only what happens within this time of a cycle's start counts.
    #[arg(long, value_name = "SPAN")]
    window: Option<String>,
    /// Stage that makes an opportunity.
    #[arg(long, value_name = "STAGE")]
    opportunity: Option<String>,
    /// Which table csv, parquet and arrow hold unless --table says so: cycles by start, or what happened in each period.
    #[arg(long, value_enum)]
    #[serde(skip)]
    view: Option<View>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum View {
    Cohort,
    Flow,
}

pub(super) fn run(command: &StageFunnel, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut flags = command.flags.clone();
    flags.shown.view = matches!(command.view, Some(View::Flow)).then_some("flow");
    analysis::run(
        context,
        &flags,
        |project| with_flags(&project.stage_funnel, command),
        |_, journeys, mut spec, task| {
            command.by.apply(&mut spec.by, journeys);
            command.flags.leads.apply(&mut spec.filter, journeys)?;
            journeys.stage_funnel(&spec, task)
        },
        stage_funnel_text,
    )
}
