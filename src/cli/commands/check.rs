//! `leadlens check`.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::context::{Answer, Context, Failed};
use crate::cli::flags::{CommonFlags, Shown};
use crate::error::Error;
use crate::frames::{check_frame, show_frame};
use crate::journeys::{MaxBad, TimelineEntry};
use crate::report::{check_text, timeline_text};
use crate::time::{NO_TIME, Timestamp};

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    #[command(flatten)]
    common: CommonFlags,
    #[command(flatten)]
    shown: Shown,
    /// Also print the timeline of this lead.
    #[arg(long, value_name = "LEAD")]
    show: Option<String>,
}

/// Entries with their times as texts.
fn timeline(entries: &[TimelineEntry]) -> Vec<Value> {
    let entry = |e: &TimelineEntry| {
        let at = (e.at != NO_TIME).then(|| Timestamp(e.at).to_string());
        json!({"at": at, "what": e.what, "source": e.source, "channel": e.channel, "deal": e.deal, "amount": e.amount})
    };
    entries.iter().map(entry).collect()
}

pub(super) fn run(command: &CheckArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut project = Context::project(&command.common)?;
    let tables: &[&str] = if command.show.is_some() { &["timeline", "check"] } else { &["check"] };
    let showing = Context::showing(&command.shown, tables, &project.inputs())?;
    // Problems are shown before the command fails.
    let max_bad = project.config.max_bad.replace(1.0);
    let journeys = context.work(|task| project.journeys(task))?;
    let check = check_frame(&journeys.check)?;
    let answer = match &command.show {
        None => Answer::new(check_text(&journeys), &journeys.check, vec![("check", check)])?,
        Some(id) => {
            let entries = journeys.show(id)?;
            let text = format!("{}\n\nLead {id}\n{}", check_text(&journeys), timeline_text(&entries));
            let json = json!({"check": journeys.check, "lead": id, "timeline": timeline(&entries)});
            Answer::new(text, &json, vec![("timeline", show_frame(&entries)?), ("check", check)])?
        }
    };
    context.show(&showing, &answer, Vec::new())?;
    journeys.check.check_quarantined(max_bad.map_or(MaxBad::Half, MaxBad::Stated)).map_err(Error::into)
}
