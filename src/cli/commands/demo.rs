//! `leadlens demo`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::report::{ReportParts, sections};
use super::score::score;
use super::train::Trained;
use crate::cli::context::{Context, Failed, json_summary, stage_table};
use crate::cli::flags::{Overwrite, Settings, Summary};
use crate::cli::output::{Folder, commit};
use crate::frames::{TableForm, sort_by_probability};
use crate::report::{Show, check_text, model_text};

#[derive(Debug, Args)]
pub(in crate::cli) struct Demo {
    /// Folder with the tables and leadlens.toml.
    #[arg(long)]
    data: PathBuf,
    /// Folder for model, scores and report.
    #[arg(long, default_value = "demo-output")]
    output: PathBuf,
    /// Format of the printed summary.
    #[arg(long, value_enum, default_value = "text")]
    format: Summary,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    files: Overwrite,
}

pub(super) fn run(command: &Demo, context: &mut Context<'_>) -> Result<(), Failed> {
    let project = Context::project_at(&command.data.join("leadlens.toml"), &command.settings)?;
    let inputs = project.inputs();
    let _folder = Folder::make(&command.output)?;
    let place = |name: &str| Context::destination("output", &command.output.join(name), &command.files, &inputs);
    let (model_file, scores_file, report_file) = (place("model.json")?, place("scores.csv")?, place("report.html")?);
    let journeys = context.journeys(&project)?;
    let sides = context.sides(&project, &journeys)?;
    let (summary, staged) = context.work(|task| {
        let trained = Trained::new(&project, sides, task)?;
        let steps = !project.funnel.steps.is_empty();
        let funnel = steps.then(|| journeys.funnel(&project.funnel, task)).transpose()?;
        let sections = sections(&project, &journeys, task)?;
        // The demo shows the whole list: leads outside the trained ages are marked in it.
        let (mut scores, best) = score(&project, &journeys, &trained.model, None, true, task)?;
        sort_by_probability(&mut scores)?;
        let text = format!(
            "{}\n\n{}\n\n{}\n\n{}\n\n{}{}",
            check_text(&journeys),
            trained.sides.0.text(),
            model_text(&trained.model, 12),
            trained.evaluation.text(),
            funnel.as_ref().map(|f| f.text() + "\n\n").unwrap_or_default(),
            best.text()
        );
        let parts = ReportParts {
            journeys: &journeys,
            model: &trained.model,
            counts: &trained.sides.0.counts,
            evaluation: &trained.evaluation,
            sections: &sections,
            best: &best,
        };
        let staged = vec![
            model_file.stage_text(&trained.model.to_json()?)?,
            stage_table(&scores_file, TableForm::Csv, &scores)?,
            report_file.stage_text(&parts.page(&project.report.title))?,
        ];
        let summary = match command.format {
            Summary::Text => format!(
                "{text}\n\nmodel:  {}\nscores: {}\nreport: {}\n",
                model_file.path.display(),
                scores_file.path.display(),
                report_file.path.display()
            ),
            Summary::Json => json_summary(&json!({
                "model": model_file.path.to_string_lossy(),
                "scores": scores_file.path.to_string_lossy(),
                "report": report_file.path.to_string_lossy(),
                "rows": scores.height(),
                "training": trained.model.data().training,
                "evaluation": trained.evaluation,
                "about": best.about,
                "best": best.rows,
            }))?,
        };
        Ok((summary, staged))
    })?;
    commit(staged, context.task)?;
    context.print(&summary)
}
