//! `leadlens stage-funnel`.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::analysis;
use crate::cli::breakdown::ByFlags;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::AnalysisFlags;
use crate::cli::project::with_flags;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct StageFunnelArgs {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    #[command(flatten)]
    #[serde(skip)]
    by: ByFlags,
    /// Stages, first to last, separated by commas [default: pipeline of the configuration].
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    pipeline: Vec<String>,
    /// Calendar period of cohorts and flow: day, week, month, quarter or year.
    #[arg(long)]
    period: Option<String>,
    /// Start a new cycle if a lead enters a stage this long after its last one.
    #[arg(long, value_name = "SPAN")]
    recycle_after: Option<String>,
    /// Count only what happens within this time of a cycle's start.
    #[arg(long, value_name = "SPAN")]
    window: Option<String>,
    /// Stage at which a cycle becomes an opportunity.
    #[arg(long, value_name = "STAGE")]
    opportunity: Option<String>,
    /// Default table for csv, parquet and arrow: cycles by start (cohort), or changes per period (flow).
    #[arg(long, value_enum)]
    #[serde(skip)]
    view: Option<TableView>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TableView {
    Cohort,
    Flow,
}

pub(super) fn run(command: &StageFunnelArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut flags = command.flags.clone();
    flags.shown.view = matches!(command.view, Some(TableView::Flow)).then_some("flow");
    analysis::run(
        context,
        &flags,
        |project| with_flags(&project.stage_funnel, command),
        |_, journeys, mut spec, task| {
            command.by.apply(&mut spec.by, journeys);
            command.flags.leads.apply(&mut spec.filter, journeys)?;
            journeys.stage_funnel(&spec, task)
        },
    )
}
