//! Fields that are withheld from the features, and fields that are suspect.

use std::cell::LazyCell;

use rayon::prelude::*;

use crate::error::Result;
use crate::journeys::{
    Closed, Field, Journeys, Status, Suspect, Withholding, misread, separation, status_before, status_log, suspect,
    withhold,
};
use crate::progress::Task;

/// What fields are judged by.
struct Judge<'a> {
    journeys: &'a Journeys,
    /// Of each lead, whether it was ever won.
    won: Vec<bool>,
    /// Names of stages.
    stages: Vec<String>,
    closed: Option<Closed>,
}

impl<'a> Judge<'a> {
    fn of(journeys: &'a Journeys) -> Self {
        let codes = journeys.codes_known(&journeys.won);
        // Stages only can mean won.
        let entries = &journeys.timeline.stages;
        let ever_won = |lead: u32| {
            let positions = entries.position.get(journeys.timeline.stage_range(lead)).unwrap_or(&[]);
            positions.iter().any(|p| codes.contains(&journeys.timeline.kind.get(*p as usize)))
        };
        let won = match &journeys.leads.outcome {
            Some(outcome) => outcome.iter().map(|o| *o == Some(true)).collect(),
            None => (0..journeys.leads.len() as u32).map(ever_won).collect(),
        };
        let declared = journeys.pipeline.iter().chain(&journeys.won).chain(&journeys.lost).cloned();
        let stages = declared.chain(journeys.kinds.iter().filter(|k| k.stage).map(|k| k.plain.clone())).collect();
        Self { journeys, won, stages, closed: closed_leads(journeys) }
    }

    /// Why a field is withheld, if it is, and its suspicious properties.
    fn judge(&self, f: &Field) -> (Option<Withholding>, Vec<Suspect>) {
        let auc = LazyCell::new(|| separation(&f.column, &self.won));
        let why = withhold(&f.name, &f.column, &self.journeys.leads, &self.stages, || *auc).filter(|_| !f.asked);
        let suspects = match &why {
            // Many different texts may be dates or numbers; a column that names an outcome is always withheld.
            Some(why) if why.identifier => misread(&f.name, &f.column).into_iter().collect(),
            Some(_) => Vec::new(),
            None => self.suspects(f, *auc),
        };
        (why, suspects)
    }

    /// Suspicious properties of a field in use.
    fn suspects(&self, f: &Field, auc: Option<f64>) -> Vec<Suspect> {
        suspect(&f.name, &f.column, self.closed.as_ref(), &self.won, auc)
    }
}

/// Takes fields that look like outcomes away, unless the user named them, and records suspicious properties of the others.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub(super) fn withhold_fields(journeys: &mut Journeys, task: &Task) -> Result<()> {
    let judge = Judge::of(journeys);
    let judged = journeys.leads.fields.par_iter().map(|f| task.check().map(|()| judge.judge(f)));
    let judged = judged.collect::<Result<Vec<_>>>()?;
    let mut of_withheld = Vec::new();
    for (field, (why, suspects)) in std::mem::take(&mut journeys.leads.fields).into_iter().zip(judged) {
        if let Some(why) = why {
            journeys.leads.withheld.push((field.name.clone(), why.reason));
            journeys.leads.hidden.push(field);
            of_withheld.extend(suspects);
        } else {
            journeys.leads.fields.push(field);
            journeys.check.suspects.extend(suspects);
        }
    }
    journeys.check.suspects.append(&mut of_withheld);
    Ok(())
}

/// Recomputes the suspicious properties of the fields in use when more is known about the leads. Which fields are withheld
/// stays as it is: models were fitted on the fields in use.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub(super) fn suspect_fields(journeys: &mut Journeys, task: &Task) -> Result<()> {
    let judge = Judge::of(journeys);
    let suspects = journeys.leads.fields.par_iter().map(|f| {
        task.check()?;
        Ok(judge.suspects(f, separation(&f.column, &judge.won)))
    });
    let mut suspects = suspects.collect::<Result<Vec<_>>>()?.concat();
    // The suspicious properties of other fields depend only on their texts.
    let of_withheld =
        journeys.check.suspects.iter().filter(|s| journeys.leads.hidden.iter().any(|f| f.name == s.column));
    suspects.extend(of_withheld.cloned());
    journeys.check.suspects = suspects;
    Ok(())
}

/// Which leads are closed at the end of observation, if outcomes or stages distinguish won and lost leads from open ones.
fn closed_leads(journeys: &Journeys) -> Option<Closed> {
    let created = &journeys.leads.created;
    if let Some(outcome) = &journeys.leads.outcome {
        return Closed::new(outcome.iter().map(Option::is_some).collect(), created);
    }
    let (won, lost) = (journeys.codes_known(&journeys.won), journeys.codes_known(&journeys.lost));
    if won.is_empty() || lost.is_empty() {
        return None;
    }
    let mut log = Vec::new();
    let closed = (0..journeys.leads.len() as u32).map(|lead| {
        status_log(&journeys.timeline, lead, &won, &lost, &mut log);
        status_before(&log, journeys.observed_until) != Status::Open
    });
    Closed::new(closed.collect(), created)
}
