//! `leadlens attribution`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::context::{Context, Failed};
use crate::cli::flags::AnalysisFlags;
use crate::cli::project::with_flags;
use crate::report::attribution_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct Attribution {
    #[command(flatten)]
    #[serde(skip)]
    flags: AnalysisFlags,
    /// Methods, separated by commas, such as first,linear,markov.
    #[arg(long, value_delimiter = ',')]
    methods: Vec<String>,
    /// What gets the credit: channel, kind, or a property of events such as campaign.
    #[arg(long)]
    by: Option<String>,
    /// Stages or event kinds that are conversions, separated by commas; the won stages if not given.
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
    /// Which conversions of a lead count: first or every.
    #[arg(long, value_name = "WHICH")]
    conversions: Option<String>,
    /// Event kinds and stages that are touches, separated by commas; what buyer and marketing did if not given.
    #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
    touches: Vec<String>,
    /// Channels that count, separated by commas; wildcards allowed.
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    include: Vec<String>,
    /// Channels that do not count, separated by commas; wildcards allowed.
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    exclude: Vec<String>,
    /// Repeats of a channel on a path: all, collapse or unique.
    #[arg(long, value_name = "FORM")]
    path: Option<String>,
    /// Which paths that did not convert count for Markov chains: all, lost or none.
    #[arg(long, value_name = "WHICH")]
    nulls: Option<String>,
    /// Channels that last_non_direct passes over, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    direct: Vec<String>,
    /// Stage that is the milestone of w_shaped and full_path.
    #[arg(long, value_name = "STAGE")]
    opportunity: Option<String>,
    /// Longest time from a touch to the end of its path.
    #[arg(long, value_name = "SPAN")]
    lookback: Option<String>,
    /// Half-life of time_decay.
    #[arg(long, value_name = "SPAN")]
    half_life: Option<String>,
    /// Stage whose leads have a cost of their own, where the configuration has spend.
    #[arg(long, value_name = "STAGE")]
    #[serde(skip)]
    qualified: Option<String>,
    /// Bootstrap samples for intervals.
    #[arg(long, value_name = "SAMPLES")]
    bootstrap: Option<usize>,
    /// Seed of the samples.
    #[arg(long)]
    seed: Option<u64>,
}

pub(super) fn run(command: &Attribution, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.flags,
        |project| with_flags(&project.attribution.credit, command),
        |project, journeys, mut spec, task| {
            command.flags.leads.apply(&mut spec.filter, journeys)?;
            project.credit(&spec, command.qualified.as_ref(), journeys, task)
        },
        attribution_text,
    )
}
