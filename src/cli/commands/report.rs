//! `leadlens report`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::score::score;
use crate::audit::audit;
use crate::cli::context::{Context, Failed, TOP, json_summary};
use crate::cli::flags::{CommonFlags, Overwrite, Summary};
use crate::cli::output::commit;
use crate::cli::project::Project;
use crate::cli::training::SideFlags;
use crate::error::{Error, Result};
use crate::evaluate::Evaluation;
use crate::fit::evaluate_snapshot;
use crate::journeys::Journeys;
use crate::model::LeadModel;
use crate::progress::Task;
use crate::report::{self, BestLeads, Show, page};
use crate::snapshot::SnapshotCounts;

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    #[command(flatten)]
    common: CommonFlags,
    /// Format of the printed summary.
    #[arg(long, value_enum, default_value = "text")]
    format: Summary,
    #[command(flatten)]
    sides: SideFlags,
    /// Model file [default: file in [model] of the configuration].
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Also evaluate by age, or by a lead field.
    #[arg(long)]
    by: Option<String>,
    /// File for the report [default: output in [report] of the configuration].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Heading of the report.
    #[arg(long)]
    title: Option<String>,
    #[command(flatten)]
    files: Overwrite,
}

/// The contents of the page.
pub(super) struct ReportParts<'a> {
    pub(super) journeys: &'a Arc<Journeys>,
    pub(super) model: &'a LeadModel,
    pub(super) counts: &'a SnapshotCounts,
    pub(super) evaluation: &'a Evaluation,
    pub(super) sections: &'a [String],
    pub(super) best: &'a BestLeads,
}

impl ReportParts<'_> {
    pub(super) fn page(&self, title: &str) -> String {
        page(&report::Report {
            title,
            about: &self.journeys.describe(),
            check: Some(&self.journeys.check),
            counts: Some(self.counts),
            model: Some(self.model),
            evaluation: Some(self.evaluation),
            sections: self.sections,
            best: Some(self.best),
        })
    }
}

/// The analyses that the data and the project have something for, as sections of the page; analyses that the data is too
/// small for say so.
pub(super) fn sections(project: &Project, journeys: &Journeys, task: &Task) -> Result<Vec<String>> {
    let mut sections = Vec::new();
    let has_steps = project.funnel.steps.len() >= 2;
    let has_won = journeys.won.iter().any(|name| journeys.kinds.iter().any(|k| k.stage && k.is_called(name)));
    let has_events = journeys.kinds.iter().any(|k| !k.stage);
    add(&mut sections, !project.funnel.steps.is_empty(), || journeys.funnel(&project.funnel, task))?;
    add(&mut sections, has_steps, || journeys.drivers(&project.drivers, task))?;
    add(&mut sections, has_steps && project.barriers.funnel.by.is_some(), || {
        journeys.barriers(&project.barriers, task)
    })?;
    let has_pipeline = !project.stage_funnel.pipeline.is_empty() || !journeys.pipeline.is_empty();
    add(&mut sections, has_pipeline, || journeys.stage_funnel(&project.stage_funnel, task))?;
    add(&mut sections, has_won || !project.time_to.target.is_empty(), || journeys.time_to(&project.time_to, task))?;
    add(&mut sections, has_events, || journeys.paths(&project.paths, task))?;
    let credit = &project.attribution.credit;
    let has_channels = journeys.timeline.channel.is_some() || credit.by != "channel";
    add(&mut sections, has_events && has_channels && (has_won || !credit.target.is_empty()), || {
        project.credit(credit, None, journeys, task)
    })?;
    Ok(sections)
}

/// Adds an analysis, or why there is none, if it is wanted.
fn add<R: Show>(sections: &mut Vec<String>, wanted: bool, find: impl FnOnce() -> Result<R>) -> Result<()> {
    if wanted {
        sections.push(match find() {
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => report::missing_section(R::TITLE, &error),
            Ok(found) => found.shown().section,
        });
    }
    Ok(())
}

pub(super) fn run(command: &ReportArgs, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
    let mut project = Context::project(&command.common)?;
    command.sides.apply(&mut project)?;
    let model_file = command.model.as_ref().unwrap_or(&project.model.file);
    let mut inputs = project.inputs();
    inputs.file("the model file", model_file);
    let output = command.output.as_ref().unwrap_or(&project.report.output);
    let destination = Context::destination("output", output, &command.files, &inputs)?;
    let model = Context::model(model_file)?;
    let journeys = context.journeys(&project)?;
    let title = command.title.as_ref().unwrap_or(&project.report.title);
    let (train, test) = context.sides(&project, &journeys)?;
    let (html, evaluation, best) = context.work(|task| {
        let evaluation = evaluate_snapshot(&model, &test, command.by.as_deref(), &TOP, task)?;
        let mut sections = sections(&project, &journeys, task)?;
        add(&mut sections, true, || audit(&train, Some(&test), None, &project.audit, task))?;
        let (_, best) = score(&project, &journeys, &model, None, true, task)?;
        let parts = ReportParts {
            journeys: &journeys,
            model: &model,
            counts: &train.counts,
            evaluation: &evaluation,
            sections: &sections,
            best: &best,
        };
        let html = parts.page(title);
        Ok((html, evaluation, best))
    })?;
    commit(vec![destination.stage_text(&html)?], context.task)?;
    context.print(&match command.format {
        Summary::Text => format!("report written to {}\n", output.display()),
        Summary::Json => json_summary(&json!({
            "report": output.to_string_lossy(),
            "title": title,
            "model": model_file.to_string_lossy(),
            "evaluation": evaluation,
            "about": best.about,
            "best": best.rows,
        }))?,
    })
}
