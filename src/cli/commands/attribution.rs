//! `leadlens attribution`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::AnalysisFlags;
use crate::cli::project::with_flags;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct AttributionArgs {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    /// Methods, separated by commas, such as first,linear,markov.
    #[arg(long, value_delimiter = ',')]
    methods: Vec<String>,
    /// Key of the credit: channel, kind, or a property of events such as campaign.
    #[arg(long)]
    by: Option<String>,
    /// Stages or event kinds that count as conversions, separated by commas [default: the won stages].
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
    /// Conversions of a lead that count: first or every.
    #[arg(long, value_name = "WHICH")]
    conversions: Option<String>,
    /// Event kinds and stages that count as touches, separated by commas [default: events of buyer and marketing].
    #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
    touches: Vec<String>,
    /// Channels to include, separated by commas, with wildcards.
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    include: Vec<String>,
    /// Channels to exclude, separated by commas, with wildcards.
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    exclude: Vec<String>,
    /// Repeated channels on a path: all, collapse or unique.
    #[arg(long, value_name = "FORM")]
    path: Option<String>,
    /// Paths without a conversion that Markov chains use: all, lost or none.
    #[arg(long, value_name = "WHICH")]
    nulls: Option<String>,
    /// Channels that last_non_direct skips, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    direct: Vec<String>,
    /// Milestone stage of w_shaped and full_path.
    #[arg(long, value_name = "STAGE")]
    opportunity: Option<String>,
    /// Longest time from a touch to the end of its path.
    #[arg(long, value_name = "SPAN")]
    lookback: Option<String>,
    /// Half-life of time_decay.
    #[arg(long, value_name = "SPAN")]
    half_life: Option<String>,
    /// Stage for the cost per qualified lead; needs spend in the project file.
    #[arg(long, value_name = "STAGE")]
    #[serde(skip)]
    qualified: Option<String>,
    /// Bootstrap samples for intervals.
    #[arg(long, value_name = "SAMPLES")]
    bootstrap: Option<usize>,
    /// Seed of the bootstrap.
    #[arg(long)]
    seed: Option<u64>,
}

pub(super) fn run(command: &AttributionArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.flags,
        |project| with_flags(&project.attribution.credit, command),
        |project, journeys, mut spec, task| {
            command.flags.leads.apply(&mut spec.filter, journeys)?;
            project.credit(&spec, command.qualified.as_ref(), journeys, task)
        },
    )
}
