//! `leadlens call-list`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::score::{leads_to_score, options};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::flags::{CommonFlags, Shown};
use crate::cli::project::with_flags;
use crate::frames::{call_design_frame, call_list_frame, call_lists, call_reps_frame};
use crate::report::Show;
use crate::schema::SnapshotSpec;

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct CallListArgs {
    #[command(flatten)]
    #[serde(skip)]
    common: CommonFlags,
    #[command(flatten)]
    #[serde(skip)]
    shown: Shown,
    /// Model file [default: file in [model] of the configuration].
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    model: Option<PathBuf>,
    /// Cutoff of the leads [default: the end of observation].
    #[arg(long, value_name = "TIME")]
    #[serde(skip)]
    as_of: Option<String>,
    /// Calls of each rep and day.
    #[arg(long, value_name = "CALLS")]
    per_rep: Option<usize>,
    /// The reps, separated by commas [default: the owners of the leads].
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    reps: Vec<String>,
    /// Number of days.
    #[arg(long)]
    days: Option<usize>,
    /// Order of the leads: probability or expected_value.
    #[arg(long)]
    rank: Option<String>,
    /// Largest number of leads of one account.
    #[arg(long, value_name = "LEADS")]
    per_account: Option<usize>,
    /// Ids of leads not to call, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "IDS")]
    exclude: Vec<String>,
    /// Do not list leads that sales worked on within this time.
    #[arg(long, value_name = "SPAN")]
    recycle_after: Option<String>,
    /// Share of the calls that go to leads drawn at random, 0 to 1.
    #[arg(long, value_name = "SHARE")]
    explore: Option<f64>,
    /// Seed of the draw.
    #[arg(long)]
    seed: Option<u64>,
    /// Give reasons in words too.
    #[arg(long)]
    #[serde(skip)]
    words: bool,
    /// List leads even if many are outside the ages of training.
    #[arg(long)]
    #[serde(skip)]
    allow_extrapolation: bool,
}

pub(super) fn run(command: &CallListArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut project = Context::project(&command.common)?;
    project.score.words |= command.words;
    let file = command.model.as_ref().unwrap_or(&project.model.file);
    let mut inputs = project.inputs();
    inputs.file("the model file", file);
    let showing = Context::showing(&command.shown, &["calls", "design", "reps"], &inputs)?;
    let spec = with_flags(&project.call_list, command)?;
    let as_of = with_flags(&SnapshotSpec::default(), &json!({"as_of": command.as_of}))?.as_of;
    let options = options(&project.score, command.allow_extrapolation || project.score.allow_extrapolation)?;
    let model = Context::model(file)?;
    let journeys = context.journeys(&project)?;
    let lists = context.work(|task| {
        let leads = leads_to_score(&project, &journeys, &model, as_of, task)?;
        call_lists(&model, &leads, &spec, &options, task)
    })?;
    let tables = vec![
        ("calls", call_list_frame(&lists)?),
        ("design", call_design_frame(&lists)?),
        ("reps", call_reps_frame(&lists.list)?),
    ];
    context.show(&showing, &Answer::new(lists.list.text(), &lists.list, tables)?, Vec::new())
}
