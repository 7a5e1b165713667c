//! Scorecards and the points of rows as tables.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::frames::results::columns::{cutoffs, frame, lead_ids, numbers, optional, optional_texts, texts};
use crate::model::LeadModel;
use crate::progress::Task;
use crate::score::{CardLine, ColumnScorer, Condition, Scorecard};
use crate::snapshot::Snapshot;

/// The lines of a scorecard: `term, part, feature, level, from, to`, the same of the second feature of an interaction in
/// `other_feature, other_level, other_from, other_to`, and `points`. The first line, `(base)`, is of every lead.
///
/// # Errors
/// None is expected.
pub fn scorecard_frame(card: &Scorecard) -> Result<DataFrame> {
    let lines: Vec<CardLine> = card.lines().collect();
    let of = |place: usize| lines.iter().map(move |line| line.conditions.get(place));
    // The base has no condition.
    let text = |name: &str, place: usize, get: fn(&Condition) -> Option<String>| {
        optional_texts(name, std::iter::once(None).chain(of(place).map(|c| c.and_then(get))))
    };
    let number = |name: &str, place: usize, get: fn(&Condition) -> Option<f64>| {
        optional(name, std::iter::once(None).chain(of(place).map(|c| c.and_then(get))))
    };
    let names = lines.iter().map(|line| line.term.clone());
    let parts = lines.iter().map(|line| Some(line.part.name().to_owned()));
    let points: Vec<i64> = std::iter::once(card.base()).chain(lines.iter().map(|line| line.points)).collect();
    frame(vec![
        texts("term", std::iter::once("(base)".to_owned()).chain(names)),
        optional_texts("part", std::iter::once(None).chain(parts)),
        text("feature", 0, |c| Some(c.feature.clone())),
        text("level", 0, |c| c.level.clone()),
        number("from", 0, |c| c.from),
        number("to", 0, |c| c.to),
        text("other_feature", 1, |c| Some(c.feature.clone())),
        text("other_level", 1, |c| c.level.clone()),
        number("other_from", 1, |c| c.from),
        number("other_to", 1, |c| c.to),
        Column::new("points".into(), points),
    ])
}

/// Points of every row: `lead_id, as_of, points`, the `probability` that they stand for, and `error`: points minus those of
/// the exact log-odds of the model.
///
/// # Errors
/// [`Error::NoRows`]; errors of the features; [`Error::InvalidOption`] if a contribution overflows.
pub fn points_frame(card: &Scorecard, model: &LeadModel, snapshot: &Snapshot, task: &Task) -> Result<DataFrame> {
    if snapshot.is_empty() {
        return Err(Error::NoRows { what: "score", why: snapshot.counts.why() });
    }
    let columns = model.columns(snapshot, task)?;
    let points = card.points(model, &columns)?;
    task.check()?;
    let scorer = ColumnScorer::new(model, &columns)?;
    let (scale, mut contributions) = (card.scale(), Vec::new());
    let exact = (0..snapshot.len()).map(|row| {
        if row % 4096 == 0 {
            task.check()?;
        }
        Ok(scale.offset() + scale.factor() * scorer.row(row, &mut contributions)?.log_odds)
    });
    let exact = exact.collect::<Result<Vec<f64>>>()?;
    frame(vec![
        lead_ids(snapshot, "lead_id"),
        cutoffs(snapshot, "as_of"),
        Column::new("points".into(), points.clone()),
        numbers("probability", points.iter().map(|p| model.probability(scale.log_odds(*p))).collect()),
        numbers("error", points.iter().zip(&exact).map(|(p, exact)| *p as f64 - exact).collect()),
    ])
}
