//! Call lists of a snapshot, as tables.

use polars::prelude::*;

use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::results::columns::{counts, frame, numbers, optional_texts, texts};
use crate::frames::results::scores::{ScoreOptions, score_frame};
use crate::journeys::Journeys;
use crate::model::LeadModel;
use crate::progress::Task;
use crate::schema::Side;
use crate::score::{CallList, CallListSpec, Candidate};
use crate::snapshot::Snapshot;
use crate::time::{NO_TIME, Span};

/// A call list, and the scores of all leads that could be on it.
#[derive(Debug)]
pub struct CallLists {
    /// The list.
    pub list: CallList,
    /// The scores, in the order of the candidates.
    pub scores: DataFrame,
}

/// Scores a snapshot and makes the call list of its leads.
///
/// # Errors
/// Those of [`score_frame`] and [`CallListSpec::draw`]; [`Error::InvalidOption`] if a lead has several rows, or sales' work is
/// asked for where no event is of sales.
pub fn call_lists(
    model: &LeadModel,
    snapshot: &Snapshot,
    spec: &CallListSpec,
    options: &ScoreOptions,
    task: &Task,
) -> Result<CallLists> {
    // Rows of a lead stand side by side.
    let several: usize = snapshot.rows.chunk_by(|a, b| a.lead == b.lead).map(|rows| rows.len() - 1).sum();
    if several > 0 {
        let problem = format!(
            "{} of a lead that is there already; take the leads as of one time, with as_of= of a snapshot",
            counted(several, "row is", "rows are")
        );
        return Err(Error::option("snapshot", problem));
    }
    let journeys = &snapshot.journeys;
    let by_sales: Vec<bool> = journeys.kinds.iter().map(|kind| !kind.stage && kind.side == Side::Sales).collect();
    if spec.recycle_after.is_some() && !by_sales.contains(&true) {
        let problem =
            "needs events of sales, and no table of events has side=\"sales\"; exclude leads by id with exclude=";
        return Err(Error::option("recycle_after", problem));
    }
    let scores = score_frame(model, snapshot, options, task)?;
    let failed = |e: PolarsError| Error::option("scores", e.to_string());
    let probabilities = scores.column("probability").and_then(|c| c.f64().cloned()).map_err(failed)?;
    let values = scores.column("value").ok().map(|c| c.f64().cloned()).transpose().map_err(failed)?;
    let owners = scores.column("owner").ok().map(|c| c.str().cloned()).transpose().map_err(failed)?;
    let accounts = journeys.leads.account.as_ref();
    let candidate = |(i, row): (usize, &crate::snapshot::Row)| Candidate {
        id: journeys.leads.ids.get(row.lead),
        probability: probabilities.get(i).unwrap_or(f64::NAN),
        value: values.as_ref().and_then(|v| v.get(i)),
        owner: owners.as_ref().and_then(|o| o.get(i)),
        account: accounts
            .and_then(|(codes, _)| codes.get(row.lead as usize).copied())
            .filter(|a| *a != crate::schema::NONE),
        since_worked: worked(journeys, row.lead, row.cutoff, &by_sales),
    };
    let candidates: Vec<Candidate<'_>> = snapshot.rows.iter().enumerate().map(candidate).collect();
    task.check()?;
    Ok(CallLists { list: spec.draw(&candidates)?, scores })
}

/// Time since the last event of sales before `t`.
fn worked(journeys: &Journeys, lead: u32, t: i64, by_sales: &[bool]) -> Option<Span> {
    if t == NO_TIME {
        return None;
    }
    let timeline = &journeys.timeline;
    let last = timeline.range(lead).rev().find_map(|position| {
        let at = timeline.at.get(position).filter(|at| **at < t)?;
        by_sales.get(timeline.kind.get(position) as usize).filter(|is| **is).map(|_| *at)
    })?;
    Some(Span::micros(t - last))
}

/// The listed leads: `rep, day, place`, the columns of the scores, `chance` and `standing`; without reps no `rep`.
///
/// # Errors
/// None is expected.
pub fn call_list_frame(lists: &CallLists) -> Result<DataFrame> {
    let CallLists { list, scores } = lists;
    let rows = IdxCa::from_vec("row".into(), list.leads.iter().map(|l| l.candidate as IdxSize).collect());
    let taken = scores.take(&rows).map_err(|e| Error::option("scores", e.to_string()))?;
    let name = |place: usize| list.reps.get(place).map(|r| r.rep.clone()).unwrap_or_default();
    let mut columns =
        vec![counts("day", list.leads.iter().map(|l| l.day)), counts("place", list.leads.iter().map(|l| l.place))];
    if list.reps.iter().any(|r| !r.rep.is_empty()) {
        columns.insert(0, texts("rep", list.leads.iter().map(|l| name(l.rep))));
    }
    columns.extend(taken.columns().iter().cloned());
    let of = |l: &crate::score::ListedLead| list.standing.get(l.candidate).map(|s| s.name().to_owned());
    columns.push(numbers(
        "chance",
        list.leads.iter().map(|l| list.chance.get(l.candidate).copied().unwrap_or(0.0)).collect(),
    ));
    columns.push(optional_texts("standing", list.leads.iter().map(of)));
    frame(columns)
}

/// Every lead of the snapshot: `lead_id, as_of, probability, standing, listed, chance`. What is to be kept to learn later
/// from the outcomes of leads that were called.
///
/// # Errors
/// None is expected.
pub fn call_design_frame(lists: &CallLists) -> Result<DataFrame> {
    let CallLists { list, scores } = lists;
    let column = |name: &str| scores.column(name).cloned().map_err(|e| Error::option("scores", e.to_string()));
    frame(vec![
        column("lead_id")?,
        column("as_of")?,
        column("probability")?,
        texts("standing", list.standing.iter().map(|s| s.name().to_owned())),
        Column::new("listed".into(), list.standing.iter().map(|s| s.is_listed()).collect::<Vec<bool>>()),
        numbers("chance", list.chance.clone()),
    ])
}

/// By rep: `rep, calls, listed, explored, expected_conversions, expected_value`.
///
/// # Errors
/// None is expected.
pub fn call_reps_frame(list: &CallList) -> Result<DataFrame> {
    frame(vec![
        optional_texts("rep", list.reps.iter().map(|r| Some(r.rep.clone()).filter(|name| !name.is_empty()))),
        counts("calls", list.reps.iter().map(|r| r.calls)),
        counts("listed", list.reps.iter().map(|r| r.listed)),
        counts("explored", list.reps.iter().map(|r| r.explored)),
        numbers("expected_conversions", list.reps.iter().map(|r| r.expected_conversions).collect()),
        numbers("expected_value", list.reps.iter().map(|r| r.expected_value).collect()),
    ])
}
