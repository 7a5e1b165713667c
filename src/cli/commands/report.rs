//! `leadlens report`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::TOP;
use super::score::score;
use crate::cli::args::{Common, Overwrite};
use crate::cli::context::{Context, Failed};
use crate::cli::output::commit;
use crate::cli::project::Project;
use crate::error::Result;
use crate::evaluate::Evaluation;
use crate::fit::evaluate_snapshot;
use crate::funnel::Funnel;
use crate::journeys::{Journeys, SnapshotCounts};
use crate::model::LeadModel;
use crate::report::{self, BestLeads, page};

#[derive(Debug, Args)]
pub(in crate::cli) struct Report {
    #[command(flatten)]
    common: Common,
    /// The model file; `file` of [model] in the configuration if not given.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Where the page goes; `output` of [report] in the configuration if not given.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Heading.
    #[arg(long)]
    title: Option<String>,
    #[command(flatten)]
    files: Overwrite,
}

/// What is on the page.
pub(super) struct Parts<'a> {
    pub(super) journeys: &'a Arc<Journeys>,
    pub(super) model: &'a LeadModel,
    pub(super) counts: &'a SnapshotCounts,
    pub(super) evaluation: &'a Evaluation,
    pub(super) funnel: Option<&'a Funnel>,
    pub(super) best: &'a BestLeads,
}

impl Parts<'_> {
    pub(super) fn page(&self, title: &str) -> String {
        page(&report::Report {
            title,
            about: &self.journeys.describe(),
            audit: Some(&self.journeys.audit),
            counts: Some(self.counts),
            model: Some(self.model),
            evaluation: Some(self.evaluation),
            funnel: self.funnel,
            best: Some(self.best),
        })
    }
}

/// The funnel of the project, if it has one.
pub(super) fn funnel(project: &Project, journeys: &Journeys, task: &crate::task::Task) -> Result<Option<Funnel>> {
    (!project.funnel.steps.is_empty()).then(|| journeys.funnel(&project.funnel, task)).transpose()
}

pub(super) fn run(command: &Report, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
    let project = Context::project(&command.common)?;
    let model_file = command.model.as_ref().unwrap_or(&project.model.file);
    let mut inputs = project.inputs();
    inputs.file("the model file", model_file);
    let output = command.output.as_ref().unwrap_or(&project.report.output);
    let destination = Context::destination("output", output, &command.files, &inputs)?;
    let model = Context::model(model_file)?;
    let journeys = context.journeys(&project)?;
    let title = command.title.as_ref().unwrap_or(&project.report.title);
    let html = context.work(|task| {
        let (train, test) = project.sides(&journeys, task)?;
        let evaluation = evaluate_snapshot(&model, &test, None, &TOP, task)?;
        let funnel = funnel(&project, &journeys, task)?;
        let (_, best) = score(&project, &journeys, &model, None, true, task)?;
        let parts = Parts {
            journeys: &journeys,
            model: &model,
            counts: &train.counts,
            evaluation: &evaluation,
            funnel: funnel.as_ref(),
            best: &best,
        };
        Ok(parts.page(title))
    })?;
    commit(vec![destination.stage_text(&html)?], context.task)?;
    context.print(&format!("report written to {}\n", output.display()))
}
