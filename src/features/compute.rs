//! Features of all rows of a snapshot, as columns.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::plan::{JourneyView, Plan, Value, Working};
use crate::design::{Column, Feature, Kind, NONE};
use crate::error::{Error, Result};
use crate::journeys::{Row, Snapshot, Timeline};
use crate::model::LeadModel;
use crate::task::Task;
use crate::time::{DAY, NO_TIME, Zone};

/// Rows per task; a lead's rows are never in two tasks at once for the same state, each task keeps its own.
const CHUNK: usize = 2048;

struct Slice<'a> {
    timeline: &'a Timeline,
    start: usize,
    len: usize,
}

impl JourneyView for Slice<'_> {
    fn len(&self) -> usize {
        self.len
    }
    fn at(&self, i: usize) -> i64 {
        self.timeline.at.get(self.start + i).copied().unwrap_or(i64::MAX)
    }
    fn kind(&self, i: usize) -> u32 {
        self.timeline.kind.get(self.start + i)
    }
    fn channel(&self, i: usize) -> u32 {
        self.timeline.channel.as_ref().map_or(NONE, |c| c.get(self.start + i))
    }
    fn value(&self, value: usize, i: usize) -> f64 {
        self.timeline.values.get(value).and_then(|v| v.get(self.start + i)).copied().unwrap_or(f64::NAN)
    }
}

/// Computes `features` for every row; one column per feature, in order.
///
/// `known` gives each kind as the names of the features mean it; those without one are ignored by every feature (a
/// model knows the kinds it was trained on).
///
/// # Errors
/// [`Error::UnknownName`] for a field the leads do not have, [`Error::Interrupted`].
pub fn compute(
    snapshot: &Snapshot,
    features: &[Feature],
    known: impl Fn(&Kind) -> Option<Kind>,
    cap: Option<u32>,
    zone: &Zone,
    task: &Task,
) -> Result<Vec<Column>> {
    let journeys = &snapshot.journeys;
    let plan = Plan::new(features, &journeys.kinds, known, &journeys.value_names, cap, zone);
    let from_events = features.iter().any(|f| !matches!(f, Feature::Field(_) | Feature::DaysSinceField(_)));
    task.begin("computing features", snapshot.len());
    let chunks: Vec<Vec<Vec<Value>>> = if from_events {
        snapshot
            .rows
            .par_chunks(CHUNK)
            .map(|rows| {
                task.check()?;
                let columns = compute_chunk(snapshot, &plan, rows, features.len());
                task.advance(rows.len());
                Ok(columns)
            })
            .collect::<Result<_>>()?
    } else {
        Vec::new()
    };
    features
        .par_iter()
        .enumerate()
        .map(|(f, feature)| match feature {
            Feature::Field(name) | Feature::DaysSinceField(name) => field_column(snapshot, name, feature),
            _ => Ok(assemble(snapshot, feature, chunks.iter().filter_map(|c| c.get(f)))),
        })
        .collect()
}

fn compute_chunk(snapshot: &Snapshot, plan: &Plan, rows: &[Row], features: usize) -> Vec<Vec<Value>> {
    let timeline = &snapshot.journeys.timeline;
    let mut columns: Vec<Vec<Value>> = (0..features).map(|_| Vec::with_capacity(rows.len())).collect();
    let (mut working, mut values) = (Working::default(), Vec::new());
    let mut lead = None;
    for row in rows {
        let range = timeline.range(row.lead);
        let slice = Slice { timeline, start: range.start, len: range.len() };
        if lead.replace(row.lead) != Some(row.lead) {
            plan.open(&slice, &mut working);
        }
        plan.row(&slice, snapshot.journeys.leads.created_at(row.lead), row.cutoff, &mut working, &mut values);
        for (column, value) in columns.iter_mut().zip(&values) {
            column.push(*value);
        }
    }
    columns
}

fn assemble<'a>(snapshot: &Snapshot, feature: &Feature, parts: impl Iterator<Item = &'a Vec<Value>>) -> Column {
    let values = parts.flatten();
    let code = |v: &Value| match v {
        Value::Channel(c) | Value::Stage(c) => *c,
        _ => NONE,
    };
    match feature {
        Feature::FirstChannel | Feature::LastChannel => Column::Category {
            codes: values.map(code).collect(),
            levels: snapshot.journeys.channels.iter().map(str::to_owned).collect(),
        },
        Feature::Stage => Column::Category {
            codes: values.map(code).collect(),
            levels: snapshot.journeys.kinds.iter().map(|k| k.plain.clone()).collect(),
        },
        _ => Column::Number(
            values
                .map(|v| match v {
                    Value::Number(x) => *x,
                    _ => f64::NAN,
                })
                .collect(),
        ),
    }
}

fn field_column(snapshot: &Snapshot, name: &str, feature: &Feature) -> Result<Column> {
    let leads = &snapshot.journeys.leads;
    let column = if let Some(field) = leads.field(name) {
        field.column.take(&snapshot.rows.iter().map(|r| r.lead).collect::<Vec<u32>>())
    } else if let Some(history) = leads.histories.iter().find(|h| h.name == name) {
        let as_of = |r: &Row| history.row_as_of(r.lead as usize, leads.created_at(r.lead), r.cutoff).unwrap_or(NONE);
        history.values.take(&snapshot.rows.iter().map(as_of).collect::<Vec<u32>>())
    } else {
        return Err(Error::unknown("field", name, leads.field_names()));
    };
    Ok(match (feature, column) {
        (Feature::DaysSinceField(_), Column::Time(times)) => {
            let days = |(t, r): (&i64, &Row)| {
                // A date after the cutoff is not known yet.
                if *t == NO_TIME || r.cutoff == NO_TIME || *t > r.cutoff {
                    f64::NAN
                } else {
                    (r.cutoff - t) as f64 / DAY as f64
                }
            };
            Column::Number(times.iter().zip(&snapshot.rows).map(days).collect())
        }
        (Feature::DaysSinceField(_), _) => {
            return Err(Error::option("feature", format!("days_since({name}): '{name}' is not a date")));
        }
        (_, Column::Time(_)) => {
            return Err(Error::option("feature", format!("'{name}' is a date; use days_since({name})")));
        }
        (_, Column::Category { codes, levels }) => Column::Category { codes, levels: Arc::clone(&levels) },
        (_, number) => number,
    })
}

impl LeadModel {
    /// The model's features of the rows of `snapshot`, in the order of its terms.
    ///
    /// # Errors
    /// As [`compute`].
    pub fn columns(&self, snapshot: &Snapshot, task: &Task) -> Result<Vec<Column>> {
        let d = self.data();
        let known: HashMap<(&str, &str, bool), &Kind> =
            d.kinds.iter().map(|k| ((k.source.as_str(), k.plain.as_str(), k.stage), k)).collect();
        let known = |k: &Kind| known.get(&(k.source.as_str(), k.plain.as_str(), k.stage)).map(|k| (*k).clone());
        compute(snapshot, &self.features(), known, d.daily_cap, &d.calendar_zone, task)
    }
}
