//! What the audit says of the tables and of the journeys as a whole.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use crate::counted::counted;
use crate::error::Result;
use crate::journeys::Journeys;
use crate::progress::Task;
use crate::schema::NONE;
use crate::time::{DAY, NO_TIME, Timestamp};

/// Remarks on the whole: ties, outcomes that start late, stages that do not occur.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub(super) fn remarks_on(journeys: &Journeys, task: &Task) -> Result<Vec<String>> {
    let mut remarks = Vec::new();
    let t = &journeys.timeline;
    let (classes, places) =
        (journeys.ranks().classes(journeys.stage_order, &journeys.kinds), journeys.ranks().ties(&journeys.kinds));
    let of = |list: &[u32], i: usize| list.get(t.kind.get(i) as usize).copied().unwrap_or(0);
    let place = |lead: u32, i: usize| (of(&classes, i), t.order_code(i, journeys.stage_entry(lead, i)), of(&places, i));
    // Entries of one stage at one instant belong to different deals, so their order does not matter.
    let tied = |lead: u32, i: usize| {
        let (a, b) = (t.kind.get(i), t.kind.get(i + 1));
        let stage = journeys.kinds.get(a as usize).is_some_and(|k| k.stage);
        !(stage && a == b) && place(lead, i) == place(lead, i + 1)
    };
    let ties: usize = (0..journeys.leads.len() as u32)
        .into_par_iter()
        .map(|lead| {
            let range = t.range(lead);
            let at = t.at.get(range.clone()).unwrap_or(&[]);
            at.windows(2).zip(range).filter(|(w, i)| w.first() == w.last() && tied(lead, *i)).count()
        })
        .sum();
    if ties > 0 {
        remarks.push(format!(
            "{}, and stage order does not decide between them; ordered by order= if given, else events by row, and stages by amount and name, wins last",
            counted(
                ties,
                "entry shares its timestamp with the lead's previous entry",
                "entries share their timestamp with the lead's previous entry",
            )
        ));
    }
    let (edits, repeated) = (t.stages.edits.len(), t.stages.repeated);
    if edits > 0 {
        remarks.push(format!(
            "{}; the last amount counts",
            counted(
                edits,
                "row repeats the current stage of its deal and is read as an edit",
                "rows repeat the current stage of their deal and are read as edits"
            )
        ));
    }
    if repeated > 0 {
        remarks.push(counted(repeated, "duplicate row of stages was dropped", "duplicate rows of stages were dropped"));
    }
    let tied_amounts = tied_amounts(journeys) + tied_wins(journeys);
    if tied_amounts > 0 {
        remarks.push(format!(
            "amounts at the same time as another amount of the same stage and deal, not decided by order=: {tied_amounts}; the largest counts"
        ));
    }
    remarks.extend(journeys.reversed_remark(&journeys.reversed(task)?));
    for (what, names) in [("won", &journeys.won), ("lost", &journeys.lost)] {
        for name in names.iter().filter(|n| !journeys.kinds.iter().any(|k| k.is_called(n))) {
            remarks.push(format!("{what}= stage '{name}' never occurs in the data"));
        }
    }
    let closing: BTreeSet<u32> = journeys.codes_known(&journeys.won);
    // Stages only can mean won.
    let entries = t.stages.position.iter().map(|p| *p as usize);
    let first_won = entries.filter(|i| closing.contains(&t.kind.get(*i))).filter_map(|i| t.at.get(i)).min();
    let first_lead = journeys.leads.created.iter().filter(|c| **c != NO_TIME).min();
    if journeys.outcomes_from == NO_TIME
        && let (Some(won), Some(lead)) = (first_won, first_lead)
        && won - lead > 30 * DAY
    {
        remarks.push(format!(
            "the first win is at {}, {} days after the first lead; set outcomes_from= if earlier outcomes were not recorded",
            Timestamp(*won),
            (won - lead) / DAY
        ));
    }
    for (name, why) in &journeys.leads.withheld {
        remarks.push(format!("column '{name}' is not used as a field: {why}"));
    }
    Ok(remarks)
}

/// How many wins of one deal and instant have another amount than the one before, so that nothing decides which counts.
fn tied_wins(journeys: &Journeys) -> usize {
    let won = journeys.codes_known(&journeys.won);
    if won.len() < 2 {
        return 0;
    }
    let (timeline, stages) = (&journeys.timeline, &journeys.timeline.stages);
    let of_lead = |lead: u32| {
        let mut last: HashMap<u32, (i64, u32, f64)> = HashMap::new();
        let mut tied = 0;
        for entry in timeline.stage_range(lead) {
            let Some(position) = stages.position.get(entry).map(|p| *p as usize) else { break };
            let (Some(at), Some(amount)) = (timeline.at.get(position), stages.amount.get(entry)) else { break };
            if won.contains(&timeline.kind.get(position)) {
                let order = timeline.order_code(position, Some(entry));
                let before = last.insert(stages.deal.get(entry), (*at, order, *amount));
                tied += usize::from(before.is_some_and(|(t, o, before)| {
                    (t, o) == (*at, order) && amount.partial_cmp(&before).is_some_and(Ordering::is_ne)
                }));
            }
        }
        tied
    };
    (0..journeys.leads.len() as u32).into_par_iter().map(of_lead).sum()
}

/// How many amounts are given at the time of another of the same entry, so that only the order of rows decides.
fn tied_amounts(journeys: &Journeys) -> usize {
    let stages = &journeys.timeline.stages;
    let edits = &stages.edits;
    let edit = |i: usize| Some((*edits.at.get(i)?, edits.order.get(i).copied().unwrap_or(NONE), *edits.amount.get(i)?));
    let before = |i: usize| {
        let entry = *edits.entry.get(i)? as usize;
        if let Some(last) = i.checked_sub(1).filter(|last| edits.entry.get(*last).is_some_and(|e| *e as usize == entry))
        {
            return edit(last);
        }
        let position = *stages.position.get(entry)? as usize;
        let order = journeys.timeline.order_code(position, Some(entry));
        Some((*journeys.timeline.at.get(position)?, order, *stages.amount.get(entry)?))
    };
    let is_tied = |i: &usize| {
        edit(*i).zip(before(*i)).is_some_and(|((at, order, amount), (at_before, order_before, amount_before))| {
            (at, order) == (at_before, order_before) && amount.partial_cmp(&amount_before).is_some_and(Ordering::is_ne)
        })
    };
    (0..edits.len()).filter(is_tied).count()
}
