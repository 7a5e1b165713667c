//! `leadlens evaluate`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::context::{Answer, Context, Failed, TOP};
use crate::cli::flags::{CommonFlags, Shown};
use crate::cli::training::SideFlags;
use crate::error::Error;
use crate::fit::{compare_models, evaluate_snapshot};
use crate::frames::{calibration_frame, estimates_frame, groups_frame, lift_frame, score_comparison_frame};
use crate::model::LeadModel;
use crate::report::Show;

#[derive(Debug, Args)]
pub(in crate::cli) struct Evaluate {
    #[command(flatten)]
    common: CommonFlags,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    sides: SideFlags,
    /// Model file [default: file in [model] of the configuration].
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Also evaluate by age, or by a lead field.
    #[arg(long)]
    by: Option<String>,
    /// Values of k for precision at k, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "ROWS", default_values_t = TOP)]
    precision_at: Vec<usize>,
    /// Another model file to compare with on the same rows.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

pub(super) fn run(command: &Evaluate, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut project = Context::project(&command.common)?;
    command.sides.apply(&mut project)?;
    let file = command.model.as_ref().unwrap_or(&project.model.file);
    let mut inputs = project.inputs();
    inputs.file("the model file", file);
    let mut tables = vec!["measures", "lift", "calibration"];
    tables.extend(command.by.as_ref().map(|_| "groups"));
    if let Some(other) = &command.against {
        inputs.file("the other model file", other);
        tables.push("comparison");
    }
    let showing = Context::showing(&command.shown, &tables, &inputs)?;
    let model = Context::model(file)?;
    let other = command.against.as_ref().map(|file| Context::model(file)).transpose()?;
    let journeys = context.journeys(&project)?;
    let (_, test) = context.sides(&project, &journeys)?;
    let (evaluation, comparison) = context.work(|task| {
        let evaluation = evaluate_snapshot(&model, &test, command.by.as_deref(), &command.precision_at, task)?;
        let compare = |other: &LeadModel| compare_models(&model, other, &test, &command.precision_at, task);
        Ok((evaluation, other.as_ref().map(compare).transpose()?))
    })?;
    let mut tables = vec![
        ("measures", estimates_frame(&evaluation)?),
        ("lift", lift_frame(&evaluation.lift)?),
        ("calibration", calibration_frame(&evaluation.calibration)?),
    ];
    if evaluation.by.is_some() {
        tables.push(("groups", groups_frame(&evaluation.groups)?));
    }
    let mut text = evaluation.text();
    let mut json = serde_json::to_value(&evaluation).map_err(|e| Error::option("evaluation", e.to_string()))?;
    if let Some(c) = &comparison {
        text = format!("{text}\n\n{}", c.text());
        tables.push(("comparison", score_comparison_frame(c)?));
        json = json!({"evaluation": json, "comparison": c});
    }
    context.show(&showing, &Answer::new(text, &json, tables)?, Vec::new())
}
