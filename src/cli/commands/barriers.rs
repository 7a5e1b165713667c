//! `leadlens barriers`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::breakdown::ByFlags;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::{AnalysisFlags, FunnelFlags, PropertyFlags};
use crate::cli::project::with_flags;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct BarriersArgs {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    #[command(flatten)]
    #[serde(skip)]
    by: ByFlags,
    #[command(flatten)]
    #[serde(skip)]
    funnel: SegmentFlags,
    /// Segment to compare with [default: all other leads].
    #[arg(long, value_name = "SEGMENT")]
    reference: Option<String>,
    /// Value of a conversion [default: the mean amount of won leads].
    #[arg(long)]
    value: Option<f64>,
    /// Smallest number of leads of a segment at a step.
    #[arg(long, value_name = "LEADS")]
    min_support: Option<u64>,
}

/// The funnel by segments.
#[derive(Debug, Args, Serialize)]
struct SegmentFlags {
    #[command(flatten)]
    #[serde(flatten)]
    steps: FunnelFlags,
    #[command(flatten)]
    #[serde(flatten)]
    property: PropertyFlags,
}

pub(super) fn run(command: &BarriersArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.flags,
        |project| {
            let mut spec = with_flags(&project.barriers, command)?;
            spec.funnel = with_flags(&spec.funnel, &command.funnel)?;
            Ok(spec)
        },
        |_, journeys, mut spec, task| {
            command.by.apply(&mut spec.funnel.by, journeys);
            command.flags.leads.apply(&mut spec.funnel.filter, journeys)?;
            journeys.barriers(&spec, task)
        },
    )
}
