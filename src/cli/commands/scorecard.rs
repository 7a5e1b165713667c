//! `leadlens scorecard`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::cli::context::{Answer, Context, Failed};
use crate::cli::flags::{CommonFlags, Shown};
use crate::cli::project::with_flags;
use crate::frames::scorecard_frame;
use crate::report::Show;
use crate::score::CardLine;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct ScorecardArgs {
    #[command(flatten)]
    #[serde(skip)]
    common: CommonFlags,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    /// Model file [default: file in [model] of the configuration].
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    model: Option<PathBuf>,
    /// Points of a lead whose odds are those of --odds.
    #[arg(long)]
    points: Option<f64>,
    /// Odds that are worth the points of --points.
    #[arg(long)]
    odds: Option<f64>,
    /// Points that double the odds.
    #[arg(long)]
    pdo: Option<f64>,
}

pub(super) fn run(command: &ScorecardArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    let project = Context::project(&command.common)?;
    let file = command.model.as_ref().unwrap_or(&project.model.file);
    let mut inputs = project.inputs();
    inputs.file("the model file", file);
    let showing = Context::showing(&command.shown, &["lines"], &inputs)?;
    let scale = with_flags(&project.scorecard, command)?;
    let card = Context::model(file)?.scorecard(scale)?;
    let lines: Vec<CardLine> = card.lines().collect();
    let json = json!({"scale": scale, "base": card.base(), "largest_error": card.largest_error(), "lines": lines});
    context.show(&showing, &Answer::new(card.text(), &json, vec![("lines", scorecard_frame(&card)?)])?, Vec::new())
}
