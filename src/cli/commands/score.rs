//! `leadlens score`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use polars::prelude::{Column, DataFrame};
use serde_json::json;

use crate::cli::context::{Context, Failed, json_summary, stage_table};
use crate::cli::flags::{CommonFlags, Format, Overwrite};
use crate::cli::output::commit;
use crate::cli::project::{Project, with_flags};
use crate::cli::sections::ScoreSection;
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::{
    ScoreOptions, TableForm, best_leads, csv_text, score_frame, sort_by_probability, with_lead_fields,
};
use crate::journeys::Journeys;
use crate::model::LeadModel;
use crate::progress::Task;
use crate::report::BestLeads;
use crate::schema::{OutcomeRows, SnapshotSpec};
use crate::score::Phrases;
use crate::snapshot::Snapshot;
use crate::time::{Moment, NO_TIME, Timestamp};
use crate::whole_file::is_stream;

#[derive(Debug, Args)]
pub(in crate::cli) struct Score {
    #[command(flatten)]
    common: CommonFlags,
    /// Format of the printed result: the best leads (text), a summary (json) or all scores (csv).
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Model file [default: file in [model] of the configuration].
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Cutoff of the leads [default: the end of observation].
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Number of reasons per lead [default: reasons in [score] of the configuration].
    #[arg(long, value_name = "NUMBER")]
    reasons: Option<usize>,
    /// Give reasons in words too: rates of training leads with the same values.
    #[arg(long)]
    words: bool,
    /// Fields of the leads beside their scores, separated by commas [default: fields in [score] of the configuration].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    fields: Vec<String>,
    /// File for the scores (.parquet, .arrow or .csv) [default: output in [score] of the configuration].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    files: Overwrite,
    /// Score even if many leads are outside the ages of training.
    #[arg(long)]
    allow_extrapolation: bool,
}

/// Leads that the text names.
const SHOWN: usize = 10;

/// The leads to score: as of a time, by the rule of [score.snapshot], or all open ones at the end of observation.
pub(super) fn leads_to_score(
    project: &Project,
    journeys: &Arc<Journeys>,
    model: &LeadModel,
    as_of: Option<Moment>,
    task: &Task,
) -> Result<Snapshot> {
    let timed = journeys.leads.created.iter().any(|c| *c != NO_TIME);
    let mut spec = project.score.snapshot.clone();
    let cutoffs = project.score_cutoffs.as_ref().filter(|_| as_of.is_none());
    if as_of.is_some() {
        spec = SnapshotSpec { as_of, ..SnapshotSpec::default() };
    } else if spec == SnapshotSpec::default() && timed && cutoffs.is_none() {
        spec.as_of = Some(Timestamp(journeys.observed_until).into());
    } else if !timed {
        let open = journeys.leads.outcome.as_ref().is_some_and(|o| o.iter().any(Option::is_none));
        spec.outcome = if open { OutcomeRows::Open } else { OutcomeRows::Any };
    }
    // Leads that have reached the model's target are not to be scored for it.
    if spec.target.is_empty() && timed {
        spec.target.clone_from(&model.data().training.snapshot.target);
    }
    project.snapshot(&spec, cutoffs, journeys, task)
}

/// How leads are scored.
pub(super) fn options(section: &ScoreSection, allow_extrapolation: bool) -> Result<ScoreOptions> {
    let phrases = section.words.then(|| Phrases::with(&section.phrases)).transpose()?;
    Ok(ScoreOptions { reasons: section.reasons, allow_extrapolation, phrases })
}

/// All scores, in the order of the leads, and the best of them.
pub(super) fn score(
    project: &Project,
    journeys: &Arc<Journeys>,
    model: &LeadModel,
    as_of: Option<Moment>,
    allow_extrapolation: bool,
    task: &Task,
) -> Result<(DataFrame, BestLeads)> {
    let leads = leads_to_score(project, journeys, model, as_of, task)?;
    let fields = &project.score.fields;
    let options = options(&project.score, allow_extrapolation)?;
    let scores = score_frame(model, &leads, &options, task)?;
    let scores = with_lead_fields(&scores, &leads, fields)?;
    let mut sorted = scores.clone();
    sort_by_probability(&mut sorted)?;
    let best = BestLeads::new(model, &leads, fields, best_leads(&sorted, SHOWN, fields)?);
    Ok((scores, best))
}

pub(super) fn run(command: &Score, context: &mut Context<'_>) -> std::result::Result<(), Failed> {
    let mut project = Context::project(&command.common)?;
    project.score.reasons = command.reasons.unwrap_or(project.score.reasons);
    project.score.words |= command.words;
    if !command.fields.is_empty() {
        project.score.fields.clone_from(&command.fields);
    }
    let model_file = command.model.as_ref().unwrap_or(&project.model.file);
    let mut inputs = project.inputs();
    inputs.file("the model file", model_file);
    let output = command.output.as_ref().unwrap_or(&project.score.output);
    let form = TableForm::of(output).or_else(|| is_stream(output).then_some(TableForm::Csv)).ok_or_else(|| {
        Error::option("output", format!("'{}' must end in .parquet, .arrow or .csv", output.display()))
    })?;
    let destination = Context::destination("output", output, &command.files, &inputs)?;
    let as_of = with_flags(&SnapshotSpec::default(), &json!({"as_of": command.as_of}))?.as_of;
    let model = Context::model(model_file)?;
    let journeys = context.journeys(&project)?;
    let extrapolate = command.allow_extrapolation || project.score.allow_extrapolation;
    let (scores, best) = context.work(|task| score(&project, &journeys, &model, as_of, extrapolate, task))?;
    let staged = stage_table(&destination, form, &scores)?;
    let rows = scores.height();
    let text = match command.format {
        Format::Text => {
            let leads = scores.column("lead_id").and_then(Column::n_unique).unwrap_or(rows);
            let of_leads = counted(leads, "lead", "leads");
            let scored = if rows == leads { of_leads } else { format!("{rows} rows of {of_leads}") };
            format!("{}\n\n{scored} scored, written to {}\n", best.text(), output.display())
        }
        Format::Json => {
            let json =
                json!({"rows": rows, "output": output.to_string_lossy(), "about": best.about, "best": best.rows});
            json_summary(&json)?
        }
        Format::Csv => csv_text(&scores)?,
    };
    commit(vec![staged], context.task)?;
    context.print(&text)
}
