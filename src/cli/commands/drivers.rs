//! `leadlens drivers`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::{AnalysisFlags, FunnelFlags};
use crate::cli::project::with_flags;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct DriversArgs {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    #[command(flatten)]
    #[serde(skip)]
    steps: FunnelFlags,
    /// Lead fields to compare, separated by commas [default: all].
    #[arg(long, value_delimiter = ',')]
    fields: Vec<String>,
    /// Smallest number of leads with, and without, a property.
    #[arg(long, value_name = "LEADS")]
    min_support: Option<u64>,
}

pub(super) fn run(command: &DriversArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.flags,
        |project| {
            let mut spec = with_flags(&project.drivers, command)?;
            spec.funnel = with_flags(&spec.funnel, &command.steps)?;
            Ok(spec)
        },
        |_, journeys, mut spec, task| {
            command.flags.leads.apply(&mut spec.funnel.filter, journeys)?;
            journeys.drivers(&spec, task)
        },
    )
}
