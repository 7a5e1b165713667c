//! Evaluation of a model on a snapshot.

use crate::counted::counted;
use crate::encoding::MISSING;
use crate::error::{Error, Result};
use crate::evaluate::{Clusters, Evaluation, ScoreComparison, compare_scores, evaluate_clustered};
use crate::model::LeadModel;
use crate::progress::Task;
use crate::schema::{Column, NONE};
use crate::snapshot::{Snapshot, SplitBy};

use super::covariances::clusters;
use super::rows::{labels, log_odds};
use super::seen::share_seen;

/// Age bands of `by = "age"`, days.
const AGE_BANDS: [(f64, f64, &str); 6] = [
    (0.0, 7.0, "0–7 days"),
    (7.0, 14.0, "7–14 days"),
    (14.0, 30.0, "14–30 days"),
    (30.0, 60.0, "30–60 days"),
    (60.0, 120.0, "60–120 days"),
    (120.0, f64::INFINITY, "120 days and more"),
];

/// Evaluates a model on a labelled snapshot, optionally by `age` or by a lead field.
///
/// # Errors
/// [`Error::NoRows`], [`Error::OneClass`]; [`Error::InvalidOption`] without labels; [`Error::UnknownName`] for a
/// field the leads do not have.
pub fn evaluate_snapshot(
    model: &LeadModel,
    snapshot: &Snapshot,
    by: Option<&str>,
    top: &[usize],
    task: &Task,
) -> Result<Evaluation> {
    let y = labels(snapshot)?;
    if snapshot.is_empty() {
        return Err(Error::NoRows { what: "evaluate", why: snapshot.counts.why() });
    }
    let p = probabilities(model, snapshot, task)?;
    let w = Some(snapshot.weight.as_slice());
    let of_row = clusters(snapshot);
    let mut evaluation = evaluate_clustered(y, &p, w, top, Some(Clusters { of_row: &of_row, unit: unit(snapshot) }))?;
    if let Some(by) = by {
        let (names, group) = groups(snapshot, by)?;
        evaluation = evaluation.grouped(by, (&names, &group), y, &p, w, Some(&of_row))?;
    }
    evaluation.remarks.extend(held_out(&[model], snapshot));
    if !model.interactions().is_empty() && snapshot.split.as_ref().is_some_and(|s| s.by != SplitBy::Time) {
        evaluation.remarks.push(
            "the test rows cover the same period as the training rows, so interactions with dates or campaigns can learn \
             single weeks that a later period will not repeat; evaluate with split(by=\"time\")"
                .to_owned(),
        );
    }
    let outside = (0..snapshot.len()).filter(|i| model.is_out_of_range(snapshot.age_days(*i))).count();
    if outside > 0 {
        evaluation.remarks.push(format!(
            "{outside} of {} {} outside the ages the model was trained on",
            counted(snapshot.len(), "row", "rows"),
            if outside == 1 { "is" } else { "are" }
        ));
    }
    Ok(evaluation)
}

/// Compares two models on the same rows: each measure, and its difference with a paired standard error.
///
/// # Errors
/// As [`evaluate_snapshot`].
pub fn compare_models(
    first: &LeadModel,
    second: &LeadModel,
    snapshot: &Snapshot,
    top: &[usize],
    task: &Task,
) -> Result<ScoreComparison> {
    let y = labels(snapshot)?;
    if snapshot.is_empty() {
        return Err(Error::NoRows { what: "compare", why: snapshot.counts.why() });
    }
    let (p, q) = (probabilities(first, snapshot, task)?, probabilities(second, snapshot, task)?);
    let of_row = clusters(snapshot);
    let clustered = Some(Clusters { of_row: &of_row, unit: unit(snapshot) });
    let mut comparison = compare_scores(y, [&p, &q], Some(&snapshot.weight), top, clustered)?;
    comparison.remarks.extend(held_out(&[first, second], snapshot));
    Ok(comparison)
}

fn probabilities(model: &LeadModel, snapshot: &Snapshot, task: &Task) -> Result<Vec<f64>> {
    let columns = model.columns(snapshot, task)?;
    Ok(log_odds(model, &columns, snapshot.len(), task)?.into_iter().map(|e| model.probability(e)).collect())
}

/// What counts as independent.
fn unit(snapshot: &Snapshot) -> &'static str {
    if snapshot.journeys.leads.account.is_some() { "accounts" } else { "leads" }
}

/// How the rows were held out of the training, if they were.
fn held_out(models: &[&LeadModel], snapshot: &Snapshot) -> Vec<String> {
    let mut remarks = snapshot.remarks();
    remarks.extend(snapshot.split.as_ref().map(|split| split.remark.clone()));
    let seen = models.iter().map(|m| share_seen(&m.data().trained_on, snapshot)).fold(0.0, f64::max);
    if seen > 0.0 {
        remarks.push(format!(
            "about {:.0} % of these leads are training leads of the same period; estimates are optimistic",
            (100.0 * seen).max(1.0)
        ));
    }
    remarks
}

fn groups(snapshot: &Snapshot, by: &str) -> Result<(Vec<String>, Vec<u32>)> {
    if by == "age" {
        let band = |i: usize| {
            let age = snapshot.age_days(i);
            AGE_BANDS.iter().position(|(low, high, _)| age >= *low && age < *high).map_or(NONE, |b| b as u32)
        };
        return Ok((AGE_BANDS.map(|b| b.2.to_owned()).into(), (0..snapshot.len()).map(band).collect()));
    }
    let leads = &snapshot.journeys.leads;
    let field = leads
        .field(by)
        .ok_or_else(|| Error::unknown("field", by, leads.fields.iter().map(|f| f.name.as_str()).chain(["age"])))?;
    let rows: Vec<u32> = snapshot.rows.iter().map(|r| r.lead).collect();
    match field.column.take(&rows) {
        Column::Category { codes, levels } => {
            let missing = levels.len() as u32;
            let names = levels.iter().cloned().chain([MISSING.to_owned()]).collect();
            Ok((names, codes.iter().map(|c| (*c).min(missing)).collect()))
        }
        _ => Err(Error::option("by", format!("'{by}' is not a text field"))),
    }
}
