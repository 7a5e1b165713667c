//! What the commands do.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::args::{Arguments, Command, Common, Format};
use super::progress::with_progress;
use super::project::Project;
use crate::design::{OutcomeRows, SnapshotSpec};
use crate::error::Error;
use crate::evaluate::Evaluation;
use crate::fit::{evaluate_snapshot, train};
use crate::frames::{
    best_leads, check_folder, check_output, funnel_frame, parse_options, score_frame, show_frame, sort_by_probability,
    write_frame,
};
use crate::funnel::{Funnel, FunnelSpec, Step};
use crate::journeys::{Journeys, Snapshot};
use crate::model::LeadModel;
use crate::report::{Report, evaluation_text, funnel_text, model_text, page, snapshot_text};
use crate::task::Task;
use crate::time::{Span, Timestamp};

/// Numbers of best rows for precision at k.
const TOP: [usize; 3] = [50, 100, 200];

struct Printer<'a> {
    out: &'a mut dyn Write,
    format: Format,
}

impl Printer<'_> {
    fn print(&mut self, text: &str, value: &impl Serialize) -> Result<(), Error> {
        let written = match self.format {
            Format::Text => writeln!(self.out, "{text}"),
            Format::Json => match serde_json::to_string_pretty(value) {
                Ok(json) => writeln!(self.out, "{json}"),
                Err(e) => return Err(Error::option("format", e.to_string())),
            },
        };
        written.map_err(|e| Error::Write { path: "standard output".into(), reason: e.to_string() })
    }
}

/// What was being read when a command failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Config,
    Model,
    Tables,
}

/// Why a command failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) reading: Reading,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, reading: Reading::Tables }
    }
}

fn load(path: &Path) -> Result<LeadModel, Failed> {
    LeadModel::from_path(path).map_err(|error| Failed { error, reading: Reading::Model })
}

pub(super) fn run(arguments: &Arguments, task: &Task, out: &mut dyn Write) -> Result<(), Failed> {
    match &arguments.command {
        Command::Check { common, show } => {
            let (mut p, project) = open(common, out)?;
            let journeys = with_progress(task, |task| project.journeys(task))?;
            match show {
                None => p.print(&journeys.check_text(), &journeys.audit)?,
                Some(id) => {
                    let entries = journeys.show(id)?;
                    let text = format!(
                        "{}

{}",
                        journeys.check_text(),
                        show_frame(&entries)?
                    );
                    p.print(&text, &json!({"audit": journeys.audit, "lead": id, "timeline": entries}))?;
                }
            }
            Ok(())
        }
        Command::Train { common, model } => {
            let (mut p, project) = open(common, out)?;
            let file = model.as_ref().unwrap_or(&project.model.file);
            check_folder(file)?;
            let (trained, sides, evaluation) = with_progress(task, |task| {
                let journeys = project.journeys(task)?;
                train_and_evaluate(&project, &journeys, task)
            })?;
            trained.save(file)?;
            let text = format!(
                "{}\n\n{}\n\n{}\n\nmodel saved to {}",
                snapshot_text(&sides.0),
                model_text(&trained, 15),
                evaluation_text(&evaluation),
                file.display()
            );
            p.print(&text, &json!({"training": trained.data().training, "evaluation": evaluation, "model": file}))?;
            Ok(())
        }
        Command::Evaluate { common, model, by } => {
            let (mut p, project) = open(common, out)?;
            let loaded = load(model.as_ref().unwrap_or(&project.model.file))?;
            let evaluation = with_progress(task, |task| {
                let journeys = project.journeys(task)?;
                let (_, test) = project.sides(&journeys, task)?;
                evaluate_snapshot(&loaded, &test, by.as_deref(), &TOP, task)
            })?;
            p.print(&evaluation_text(&evaluation), &evaluation)?;
            Ok(())
        }
        Command::Score { common, model, as_of, output, allow_extrapolation } => {
            let (mut p, project) = open(common, out)?;
            let loaded = load(model.as_ref().unwrap_or(&project.model.file))?;
            let as_of = as_of.as_deref().map(str::parse).transpose()?;
            let output = output.as_ref().unwrap_or(&project.score.output);
            check_output(output)?;
            let rows = with_progress(task, |task| {
                let journeys = project.journeys(task)?;
                let open = open_leads(&project, &journeys, as_of, task)?;
                let mut scores = score_frame(&loaded, &open, project.score.reasons, *allow_extrapolation, task)?;
                task.check()?;
                write_frame(&mut scores, output)?;
                Ok::<usize, Error>(scores.height())
            })?;
            let text = format!("{rows} leads scored, written to {}", output.display());
            p.print(&text, &json!({"rows": rows, "output": output}))?;
            Ok(())
        }
        Command::Funnel { common, steps, window, by, order, entry, output } => {
            let (mut p, project) = open(common, out)?;
            let mut spec = project.funnel.clone();
            if !steps.is_empty() {
                spec.steps = steps.iter().map(|s| Step::kind(s)).collect();
            }
            if let Some(w) = window {
                spec.window = Some(w.parse::<Span>()?);
            }
            if by.is_some() {
                spec.by.clone_from(by);
            }
            if let Some(order) = order {
                spec.order = word("order", order)?;
            }
            if let Some(entry) = entry {
                spec.entry = word("entry", entry)?;
            }
            let funnel = with_progress(task, |task| count(&project, &spec, task))?;
            if let Some(path) = output {
                write_frame(&mut funnel_frame(&funnel)?, path)?;
            }
            p.print(&funnel_text(&funnel), &funnel)?;
            Ok(())
        }
        Command::Demo { data, output } => demo(data, output, task, out),
    }
}

fn open<'a>(common: &Common, out: &'a mut dyn Write) -> Result<(Printer<'a>, Project), Failed> {
    let project = Project::read(&common.config).map_err(|error| Failed { error, reading: Reading::Config })?;
    Ok((Printer { out, format: common.format }, project))
}

fn train_and_evaluate(
    project: &Project,
    journeys: &Arc<Journeys>,
    task: &Task,
) -> Result<(LeadModel, (Snapshot, Snapshot), Evaluation), Error> {
    let sides = project.sides(journeys, task)?;
    let model = train(&sides.0, &project.train_options()?, task)?;
    let evaluation = evaluate_snapshot(&model, &sides.1, None, &TOP, task)?;
    Ok((model, sides, evaluation))
}

/// The leads to score: as of a time, by the rule of [score.snapshot], or all open ones at the end of observation.
fn open_leads(
    project: &Project,
    journeys: &Arc<Journeys>,
    as_of: Option<Timestamp>,
    task: &Task,
) -> Result<Snapshot, Error> {
    let timed = journeys.leads.created.iter().any(|c| *c != crate::time::NO_TIME);
    let mut spec = project.score.snapshot.clone();
    if as_of.is_some() {
        spec = SnapshotSpec { as_of, ..SnapshotSpec::default() };
    } else if spec == SnapshotSpec::default() && timed {
        spec.as_of = Some(Timestamp(journeys.observed_until));
    } else if !timed {
        let open = journeys.leads.outcome.as_ref().is_some_and(|o| o.iter().any(Option::is_none));
        spec.outcome = if open { OutcomeRows::Open } else { OutcomeRows::Any };
    }
    journeys.snapshot(&spec, None, project.features.clone(), task)
}

/// An option that is one of a few words.
fn word<T: serde::de::DeserializeOwned>(option: &str, text: &str) -> Result<T, Error> {
    parse_options(option, &json!(text).to_string())
}

fn count(project: &Project, spec: &FunnelSpec, task: &Task) -> Result<Funnel, Error> {
    project.journeys(task)?.funnel(spec, task)
}

fn demo(data: &Path, output: &Path, task: &Task, out: &mut dyn Write) -> Result<(), Failed> {
    let file = data.join("leadlens.toml");
    let project = Project::read(&file).map_err(|error| Failed { error, reading: Reading::Config })?;
    std::fs::create_dir_all(output).map_err(|e| Error::Write { path: output.to_owned(), reason: e.to_string() })?;
    let (scores_file, report_file, model_file) =
        (output.join("scores.csv"), output.join("report.html"), output.join("model.json"));
    let (text, html) = with_progress(task, |task| {
        let journeys = project.journeys(task)?;
        let (model, sides, evaluation) = train_and_evaluate(&project, &journeys, task)?;
        model.save(&model_file)?;
        let funnel = journeys.funnel(&project.funnel, task)?;
        let open = open_leads(&project, &journeys, None, task)?;
        // The demo shows the whole list: leads outside the trained ages are marked in it.
        let mut scores = score_frame(&model, &open, project.score.reasons, true, task)?;
        sort_by_probability(&mut scores)?;
        write_frame(&mut scores, &scores_file)?;
        let best = best_leads(&scores, 10)?;
        let top: Vec<String> = best
            .iter()
            .map(|(lead, p, grade, reasons)| format!("  {lead}  {:.1} %  {grade}  {reasons}", 100.0 * p))
            .collect();
        let text = format!(
            "{}\n\n{}\n\n{}\n\n{}\n\n{}\n\nBest open leads, with reasons\n{}",
            journeys.check_text(),
            snapshot_text(&sides.0),
            model_text(&model, 12),
            evaluation_text(&evaluation),
            funnel_text(&funnel),
            top.join("\n")
        );
        let html = page(&Report {
            title: "Lead report",
            about: &journeys.describe(),
            audit: Some(&journeys.audit),
            counts: Some(&sides.0.counts),
            model: Some(&model),
            evaluation: Some(&evaluation),
            funnel: Some(&funnel),
            best: &best,
        });
        Ok::<_, Error>((text, html))
    })?;
    std::fs::write(&report_file, html)
        .map_err(|e| Error::Write { path: report_file.clone(), reason: e.to_string() })?;
    writeln!(
        out,
        "{text}\n\nmodel:  {}\nscores: {}\nreport: {}",
        model_file.display(),
        scores_file.display(),
        report_file.display()
    )
    .map_err(|e| Error::Write { path: "standard output".into(), reason: e.to_string() })?;
    Ok(())
}
