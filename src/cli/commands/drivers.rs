//! `leadlens drivers`.

use clap::Args;
use serde::Serialize;

use super::analysis;
use crate::cli::args::{Common, FunnelFlags, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::project::with_flags;
use crate::frames::drivers_frame;
use crate::report::drivers_text;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct Drivers {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    #[command(flatten)]
    #[serde(skip)]
    steps: FunnelFlags,
    /// Lead fields to look at, separated by commas; all if not given.
    #[arg(long, value_delimiter = ',')]
    fields: Vec<String>,
    /// Fewest leads with, and without, a property.
    #[arg(long, value_name = "LEADS")]
    min_support: Option<u64>,
}

pub(super) fn run(command: &Drivers, context: &mut Context<'_>) -> Result<(), Failed> {
    analysis::run(
        context,
        &command.common,
        &command.shown,
        &["drivers"],
        |project| {
            let mut spec = with_flags(&project.drivers, command)?;
            spec.funnel = with_flags(&spec.funnel, &command.steps)?;
            Ok(spec)
        },
        |_, journeys, spec, task| {
            let found = journeys.drivers(spec, task)?;
            Answer::new(drivers_text(&found), &found, vec![("drivers", drivers_frame(&found)?)])
        },
    )
}
