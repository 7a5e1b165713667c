//! `leadlens funnel`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::breakdown::ByFlags;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::{AnalysisFlags, FunnelFlags, PropertyFlags};
use crate::cli::project::with_flags;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct FunnelArgs {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    #[command(flatten)]
    #[serde(skip)]
    by: ByFlags,
    #[command(flatten)]
    #[serde(flatten)]
    steps: FunnelFlags,
    #[command(flatten)]
    #[serde(flatten)]
    property: PropertyFlags,
    /// Also count by calendar period of entry: day, week, month, quarter or year.
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
    /// Leave out times between steps.
    #[arg(long)]
    #[serde(skip)]
    no_times: bool,
    /// Count by the rules of another system: clickhouse.
    #[arg(long, value_name = "SYSTEM")]
    compat: Option<String>,
    /// Modes of the other system, separated by commas, such as strict_order.
    #[arg(long, value_delimiter = ',')]
    modes: Vec<String>,
}

pub(super) fn run(command: &FunnelArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.flags,
        |project| with_flags(&project.funnel, command),
        |_, journeys, mut spec, task| {
            command.by.apply(&mut spec.by, journeys);
            command.flags.leads.apply(&mut spec.filter, journeys)?;
            spec.times &= !command.no_times;
            journeys.funnel(&spec, task)
        },
    )
}
