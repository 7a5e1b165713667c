//! `leadlens evaluate`.

use std::path::PathBuf;

use clap::Args;

use super::TOP;
use crate::cli::args::{Common, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::fit::evaluate_snapshot;
use crate::frames::{calibration_frame, estimates_frame, lift_frame};
use crate::report::evaluation_text;

#[derive(Debug, Args)]
pub(in crate::cli) struct Evaluate {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    shown: Shown,
    /// The model file; `file` of [model] in the configuration if not given.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Also by `age` or by a lead field.
    #[arg(long)]
    by: Option<String>,
}

pub(super) fn run(command: &Evaluate, context: &mut Context<'_>) -> Result<(), Failed> {
    let project = Context::project(&command.common)?;
    let file = command.model.as_ref().unwrap_or(&project.model.file);
    let mut inputs = project.inputs();
    inputs.file("the model file", file);
    let showing = Context::showing(&command.shown, &["measures", "lift", "calibration"], &inputs)?;
    let model = Context::model(file)?;
    let journeys = context.journeys(&project)?;
    let evaluation = context.work(|task| {
        let (_, test) = project.sides(&journeys, task)?;
        evaluate_snapshot(&model, &test, command.by.as_deref(), &TOP, task)
    })?;
    let tables = vec![
        ("measures", estimates_frame(&evaluation)?),
        ("lift", lift_frame(&evaluation.lift)?),
        ("calibration", calibration_frame(&evaluation.calibration)?),
    ];
    context.show(&showing, &Answer::new(evaluation_text(&evaluation), &evaluation, tables)?, Vec::new())
}
