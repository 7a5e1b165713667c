//! `leadlens attribution`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::args::{Common, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::project::with_flags;
use crate::frames::{attribution_frame, read_spend, unit_cost_frame};
use crate::report::attribution_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct Attribution {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    /// Methods, separated by commas, such as first,linear,markov.
    #[arg(long, value_delimiter = ',')]
    methods: Vec<String>,
    /// What gets the credit: channel, kind, or a property of events such as campaign.
    #[arg(long)]
    by: Option<String>,
    /// Stages or event kinds that are conversions, separated by commas; the won stages if not given.
    #[arg(long, value_delimiter = ',', value_name = "STAGES")]
    target: Vec<String>,
    /// Longest time from a touch to the end of its path.
    #[arg(long, value_name = "SPAN")]
    lookback: Option<String>,
    /// Half-life of time_decay.
    #[arg(long, value_name = "SPAN")]
    half_life: Option<String>,
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
        &command.common,
        &command.shown,
        &["credits", "costs", "costs_by_period"],
        |project| with_flags(&project.attribution.credit, command),
        |project, journeys, spec, task| {
            let section = &project.attribution;
            let result = if section.spend.is_empty() {
                journeys.attribution(spec, task)?
            } else {
                let rows = read_spend(&mut project.tables(), &section.spend, &spec.by, &journeys.calendar_zone)?;
                journeys.attribution_with_spend(spec, &rows, section.qualified.as_ref(), task)?
            };
            let mut tables = vec![("credits", attribution_frame(&result)?)];
            if let Some(costs) = &result.costs {
                tables.push(("costs", unit_cost_frame(&result, &costs.total, false)?));
                tables.push(("costs_by_period", unit_cost_frame(&result, &costs.by_period, true)?));
            }
            Answer::new(attribution_text(&result), &result, tables)
        },
    )
}
