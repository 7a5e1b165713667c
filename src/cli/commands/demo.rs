//! `leadlens demo`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::report::{Parts, sections};
use super::score::score;
use super::train::Trained;
use crate::cli::args::{Common, Overwrite};
use crate::cli::context::{Context, Failed, stage_table};
use crate::cli::output::commit;
use crate::error::Error;
use crate::frames::{TableForm, sort_by_probability};
use crate::report::{evaluation_text, funnel_text, model_text, snapshot_text};

#[derive(Debug, Args)]
pub(in crate::cli) struct Demo {
    /// The folder with the tables and leadlens.toml.
    #[arg(long)]
    data: PathBuf,
    /// The folder that model, scores and report go to.
    #[arg(long, default_value = "demo-output")]
    output: PathBuf,
    #[command(flatten)]
    files: Overwrite,
}

/// A folder that is removed again if nothing comes into it.
struct Folder<'a> {
    path: &'a Path,
    made: bool,
}

impl<'a> Folder<'a> {
    fn make(path: &'a Path) -> Result<Self, Error> {
        let made = !path.exists();
        fs::create_dir_all(path).map_err(|e| Error::Write { path: path.to_owned(), reason: e.to_string() })?;
        Ok(Self { path, made })
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        if self.made {
            // It stays if there is something in it.
            let _ = fs::remove_dir(self.path);
        }
    }
}

pub(super) fn run(command: &Demo, context: &mut Context<'_>) -> Result<(), Failed> {
    let project = Context::project(&Common { config: command.data.join("leadlens.toml"), max_bad: None })?;
    let inputs = project.inputs();
    let _folder = Folder::make(&command.output)?;
    let place = |name: &str| Context::destination("output", &command.output.join(name), &command.files, &inputs);
    let (model_file, scores_file, report_file) = (place("model.json")?, place("scores.csv")?, place("report.html")?);
    let journeys = context.journeys(&project)?;
    let sides = context.sides(&project, &journeys)?;
    let (text, staged) = context.work(|task| {
        let trained = Trained::new(&project, sides, task)?;
        let steps = !project.funnel.steps.is_empty();
        let funnel = steps.then(|| journeys.funnel(&project.funnel, task)).transpose()?;
        let sections = sections(&project, &journeys, task)?;
        // The demo shows the whole list: leads outside the trained ages are marked in it.
        let (mut scores, best) = score(&project, &journeys, &trained.model, None, true, task)?;
        sort_by_probability(&mut scores)?;
        let text = format!(
            "{}\n\n{}\n\n{}\n\n{}\n\n{}{}",
            journeys.check_text(),
            snapshot_text(&trained.sides.0),
            model_text(&trained.model, 12),
            evaluation_text(&trained.evaluation),
            funnel.as_ref().map(|f| funnel_text(f) + "\n\n").unwrap_or_default(),
            best.text()
        );
        let parts = Parts {
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
        Ok((text, staged))
    })?;
    commit(staged, context.task)?;
    context.print(&format!(
        "{text}\n\nmodel:  {}\nscores: {}\nreport: {}\n",
        model_file.path.display(),
        scores_file.path.display(),
        report_file.path.display()
    ))
}
