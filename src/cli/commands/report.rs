//! `leadlens report`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::score::score;
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
use crate::report::{
    self, BestLeads, attribution_shown, barriers_shown, drivers_shown, funnel_shown, page, paths_shown,
    stage_funnel_shown, time_to_shown,
};
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
            audit: Some(&self.journeys.audit),
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
    let mut add = |title: &str, wanted: bool, made: &dyn Fn() -> Result<report::Shown>| -> Result<()> {
        if !wanted {
            return Ok(());
        }
        sections.push(match made() {
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => report::missing_section(title, &error),
            Ok(shown) => shown.section,
        });
        Ok(())
    };
    add("Funnel", !project.funnel.steps.is_empty(), &|| Ok(funnel_shown(&journeys.funnel(&project.funnel, task)?)))?;
    add("Drivers of drop-off", has_steps, &|| Ok(drivers_shown(&journeys.drivers(&project.drivers, task)?)))?;
    add("Barriers", has_steps && project.barriers.funnel.by.is_some(), &|| {
        Ok(barriers_shown(&journeys.barriers(&project.barriers, task)?))
    })?;
    let has_pipeline = !project.stage_funnel.pipeline.is_empty() || !journeys.pipeline.is_empty();
    add("Pipeline", has_pipeline, &|| Ok(stage_funnel_shown(&journeys.stage_funnel(&project.stage_funnel, task)?)))?;
    add("Time to convert", has_won || !project.time_to.target.is_empty(), &|| {
        Ok(time_to_shown(&journeys.time_to(&project.time_to, task)?))
    })?;
    add("Paths", has_events, &|| Ok(paths_shown(&journeys.paths(&project.paths, task)?)))?;
    let credit = &project.attribution.credit;
    let has_channels = journeys.timeline.channel.is_some() || credit.by != "channel";
    add("Attribution", has_events && has_channels && (has_won || !credit.target.is_empty()), &|| {
        Ok(attribution_shown(&project.credit(credit, None, journeys, task)?))
    })?;
    Ok(sections)
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
        let sections = sections(&project, &journeys, task)?;
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
