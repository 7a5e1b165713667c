//! `leadlens train`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::context::{Answer, Context, Failed, TOP};
use crate::cli::flags::{CommonFlags, Shown};
use crate::cli::project::Project;
use crate::cli::training::{ModelFlags, SideFlags};
use crate::error::Result;
use crate::evaluate::Evaluation;
use crate::fit::{evaluate_snapshot, train};
use crate::frames::{calibration_frame, estimates_frame, lift_frame, terms_frame};
use crate::model::LeadModel;
use crate::progress::Task;
use crate::report::{Show, model_text};
use crate::snapshot::Snapshot;

#[derive(Debug, Args)]
pub(in crate::cli) struct Train {
    #[command(flatten)]
    common: CommonFlags,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    sides: SideFlags,
    #[command(flatten)]
    options: ModelFlags,
    /// File for the model [default: file in [model] of the configuration].
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// A model, the two sets of its snapshot, and its evaluation on the test set.
pub(super) struct Trained {
    pub(super) model: LeadModel,
    pub(super) sides: (Snapshot, Snapshot),
    pub(super) evaluation: Evaluation,
}

impl Trained {
    pub(super) fn new(project: &Project, sides: (Snapshot, Snapshot), task: &Task) -> Result<Self> {
        let options = project.model.options()?;
        let model = train(&sides.0, &options, task)?;
        let evaluation = evaluate_snapshot(&model, &sides.1, None, &TOP, task)?;
        Ok(Self { model, sides, evaluation })
    }
}

pub(super) fn run(command: &Train, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
    let mut project = Context::project(&command.common)?;
    command.sides.apply(&mut project)?;
    command.options.apply(&mut project)?;
    // What can be refused is refused before tables are read.
    project.model.options()?;
    let mut inputs = project.inputs();
    let (option, file) = command.model.as_ref().map_or(("file", &project.model.file), |file| ("model", file));
    let model_file = Context::destination(option, file, &command.shown.files, &inputs)?;
    inputs.file("the model file", file);
    let showing = Context::showing(&command.shown, &["terms", "measures", "lift", "calibration"], &inputs)?;
    let journeys = context.journeys(&project)?;
    let sides = context.sides(&project, &journeys)?;
    let trained = context.work(|task| Trained::new(&project, sides, task))?;
    let (model, evaluation) = (&trained.model, &trained.evaluation);
    let text = format!(
        "{}\n\n{}\n\n{}\n\nmodel saved to {}",
        trained.sides.0.text(),
        model_text(model, 15),
        evaluation.text(),
        file.display()
    );
    let json = json!({
        "training": model.data().training,
        "evaluation": evaluation,
        "model": file.to_string_lossy(),
    });
    let tables = vec![
        ("terms", terms_frame(model, &BTreeMap::new())?),
        ("measures", estimates_frame(evaluation)?),
        ("lift", lift_frame(&evaluation.lift)?),
        ("calibration", calibration_frame(&evaluation.calibration)?),
    ];
    let staged = model_file.stage_text(&model.to_json()?)?;
    context.show(&showing, &Answer::new(text, &json, tables)?, vec![staged])
}
