//! Steps that all commands share: read the project, build journeys, print, and write results.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use polars::prelude::DataFrame;
use serde_json::Value;

use super::exit_codes::{MODEL, USAGE, exit_code};
use super::flags::{CommonFlags, Format, Overwrite, Settings, Shown};
use super::inputs::Inputs;
use super::output::{Destination, Staged, commit};
use super::progress::with_progress;
use super::project::Project;
use super::settings::Setting;
use crate::error::{Error, Result};
use crate::frames::{TableForm, csv_text, write_frame};
use crate::journeys::{Check, Journeys, MaxBad};
use crate::model::LeadModel;
use crate::progress::Task;
use crate::snapshot::Snapshot;
use crate::whole_file::is_stream;

/// Default values of k for precision at k.
pub(super) const TOP: [usize; 3] = [50, 100, 200];

/// The activity during which a command failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProjectReading {
    Config,
    Model,
    Tables,
    /// The reader of the output has closed it.
    ClosedPipe,
}

/// Why a command failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) reading: ProjectReading,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, reading: ProjectReading::Tables }
    }
}

impl Failed {
    fn printing(e: &std::io::Error) -> Self {
        let reading =
            if e.kind() == ErrorKind::BrokenPipe { ProjectReading::ClosedPipe } else { ProjectReading::Tables };
        Self { error: Error::Write { path: "standard output".into(), reason: e.to_string() }, reading }
    }

    pub(super) fn exit_code(&self) -> i32 {
        match (&self.error, self.reading) {
            // The exit code depends on the file that could not be read.
            (Error::Read { .. }, ProjectReading::Config) => USAGE,
            (Error::Read { .. }, ProjectReading::Model) => MODEL,
            (error, _) => exit_code(error),
        }
    }
}

/// A result in all output formats.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) json: Value,
    /// By name; the first is the default.
    pub(super) tables: Vec<(&'static str, DataFrame)>,
}

impl Answer {
    /// # Errors
    /// None in practice; serde may refuse a value.
    pub(super) fn new(
        text: String,
        value: &impl serde::Serialize,
        tables: Vec<(&'static str, DataFrame)>,
    ) -> Result<Self> {
        let json = serde_json::to_value(value).map_err(|e| Error::option("format", e.to_string()))?;
        Ok(Self { text, json, tables })
    }

    pub(super) fn json_text(&self) -> Result<String> {
        serde_json::to_string_pretty(&self.json).map_err(|e| Error::option("format", e.to_string()))
    }

    fn table(&self, name: Option<&str>) -> Result<&DataFrame> {
        let found = self.tables.iter().find(|(n, _)| name.is_none_or(|name| *n == name));
        found.map(|(_, frame)| frame).ok_or_else(|| unknown_table(name, self.tables.iter().map(|(n, _)| *n)))
    }
}

fn unknown_table<'a>(name: Option<&str>, known: impl IntoIterator<Item = &'a str>) -> Error {
    Error::unknown("table", name.unwrap_or(""), known)
}

/// The output options of a result, checked before the work.
#[derive(Debug)]
pub(super) struct Showing<'a> {
    shown: &'a Shown,
    file: Option<(Destination, FileForm)>,
}

/// The format of a file, by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileForm {
    Table(TableForm),
    Json,
    Text,
}

impl FileForm {
    /// The format by the extension of the path; for a pipe or a device without one, the format of the printed result.
    fn of(path: &Path, format: Format) -> Result<Self> {
        let ending = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
        match (TableForm::of(path), ending.as_deref()) {
            (Some(form), _) => Ok(Self::Table(form)),
            (None, Some("json")) => Ok(Self::Json),
            (None, Some("txt")) => Ok(Self::Text),
            _ if is_stream(path) => Ok(match format {
                Format::Text => Self::Text,
                Format::Json => Self::Json,
                Format::Csv => Self::Table(TableForm::Csv),
            }),
            _ => {
                let problem = format!("'{}' must end in .csv, .parquet, .arrow, .json or .txt", path.display());
                Err(Error::option("output", problem))
            }
        }
    }
}

/// Output streams and the task of a command.
pub(super) struct Context<'a> {
    pub(super) out: &'a mut dyn Write,
    pub(super) err: &'a mut dyn Write,
    pub(super) task: &'a Task,
}

impl Context<'_> {
    pub(super) fn project(common: &CommonFlags) -> std::result::Result<Project, Failed> {
        Self::project_at(&common.config, &common.settings)
    }

    /// The project of a file, with the settings of the command line.
    pub(super) fn project_at(file: &Path, settings: &Settings) -> std::result::Result<Project, Failed> {
        let set = settings.set.iter().map(|text| Setting::parse(text)).collect::<Result<Vec<Setting>>>()?;
        let read = Project::read_with(file, &set);
        let mut project = read.map_err(|error| Failed { error, reading: ProjectReading::Config })?;
        if settings.max_bad.is_some() {
            project.config.max_bad = settings.max_bad;
        }
        // Before the work, not after it.
        if let Some(share) = project.config.max_bad {
            Check::default().check_quarantined(MaxBad::Stated(share))?;
        }
        Ok(project)
    }

    pub(super) fn model(path: &Path) -> std::result::Result<LeadModel, Failed> {
        LeadModel::from_path(path).map_err(|error| Failed { error, reading: ProjectReading::Model })
    }

    /// Checks the output options of a result; `tables` are the names of its tables.
    pub(super) fn showing<'s>(shown: &'s Shown, tables: &[&'static str], inputs: &Inputs) -> Result<Showing<'s>> {
        let wanted = shown.table.as_deref();
        if wanted.is_some_and(|w| !tables.contains(&w)) {
            return Err(unknown_table(wanted, tables.iter().copied()));
        }
        let file = match &shown.output {
            None => None,
            Some(path) => {
                let form = FileForm::of(path, shown.format)?;
                Some((Destination::new("output", path, shown.files.overwrite, inputs)?, form))
            }
        };
        let holds_table = matches!(file, Some((_, FileForm::Table(_))));
        if wanted.is_some() && !holds_table && shown.format != Format::Csv {
            let problem = "needs --format csv, or an output that ends in .csv, .parquet or .arrow; text and JSON hold the whole result";
            return Err(Error::option("table", problem));
        }
        Ok(Showing { shown, file })
    }

    pub(super) fn destination(option: &str, path: &Path, files: &Overwrite, inputs: &Inputs) -> Result<Destination> {
        Destination::new(option, path, files.overwrite, inputs)
    }

    /// Runs long work with a progress bar.
    pub(super) fn work<T>(&self, work: impl FnOnce(&Task) -> Result<T>) -> Result<T> {
        with_progress(self.task, work)
    }

    /// The journeys of a project, with warnings about tables that are rarely used or end early.
    pub(super) fn journeys(&mut self, project: &Project) -> Result<Arc<Journeys>> {
        let journeys = self.work(|task| project.journeys(task))?;
        for warning in journeys.check.warnings() {
            // Nothing can be done if stderr is closed.
            let _ = writeln!(self.err, "warning: {warning}");
        }
        Ok(journeys)
    }

    /// The training and test sets of the labelled snapshot, with warnings about fields that look like leaks.
    pub(super) fn sides(&mut self, project: &Project, journeys: &Arc<Journeys>) -> Result<(Snapshot, Snapshot)> {
        let sides = self.work(|task| project.sides(journeys, task))?;
        for suspect in sides.0.suspects() {
            let _ = writeln!(self.err, "warning: {suspect}");
        }
        Ok(sides)
    }

    /// Writes a result to its file, with other files of the command, and prints it.
    pub(super) fn show(
        &mut self,
        showing: &Showing<'_>,
        answer: &Answer,
        mut files: Vec<Staged>,
    ) -> std::result::Result<(), Failed> {
        let table = showing.shown.table.as_deref().or(showing.shown.view);
        if let Some((destination, form)) = &showing.file {
            files.push(match form {
                FileForm::Table(form) => stage_table(destination, *form, answer.table(table)?)?,
                FileForm::Json => destination.stage_text(&(answer.json_text()? + "\n"))?,
                FileForm::Text => destination.stage_text(&format!("{}\n", answer.text))?,
            });
        }
        let text = match showing.shown.format {
            Format::Text => answer.text.clone() + "\n",
            Format::Json => answer.json_text()? + "\n",
            Format::Csv => csv_text(answer.table(table)?)?,
        };
        commit(files, self.task)?;
        self.print(&text)
    }

    pub(super) fn print(&mut self, text: &str) -> std::result::Result<(), Failed> {
        self.out.write_all(text.as_bytes()).map_err(|e| Failed::printing(&e))
    }

    pub(super) fn flush(&mut self) -> std::result::Result<(), Failed> {
        self.out.flush().map_err(|e| Failed::printing(&e))
    }
}

/// Writes a table to a temporary file.
pub(super) fn stage_table(destination: &Destination, form: TableForm, frame: &DataFrame) -> Result<Staged> {
    destination.stage(|file| write_frame(&mut frame.clone(), form, file))
}

/// A summary of written files, as JSON.
pub(super) fn json_summary(value: &Value) -> Result<String> {
    Ok(Answer::new(String::new(), value, Vec::new())?.json_text()? + "\n")
}
