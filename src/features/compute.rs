//! Features of all rows of a snapshot, as columns.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::cells::Sheet;
use super::plan::{FeaturePlan, JourneyView, Op};
use crate::error::{Error, Result};
use crate::features::batch::{RowView, Run, Working};
use crate::journeys::{CodeSlice, ROWS, Timeline};
use crate::math::{BufferPart, ParallelBuffer};
use crate::model::LeadModel;
use crate::progress::Task;
use crate::schema::{Column, Feature, Kind, NONE};
use crate::snapshot::{Row, Snapshot};
use crate::time::{DAY, NO_TIME, Zone};

/// Rows per task.
const CHUNK: usize = 64 * ROWS;

struct Slice<'a> {
    timeline: &'a Timeline,
    range: Range<usize>,
}

impl JourneyView for Slice<'_> {
    fn at(&self) -> &[i64] {
        self.timeline.at.get(self.range.clone()).unwrap_or(&[])
    }
    fn kind(&self, i: usize) -> u32 {
        self.timeline.kind.get(self.range.start + i)
    }
    fn kinds(&self) -> CodeSlice<'_> {
        self.timeline.kind.slice(self.range.clone())
    }
    fn channels(&self) -> CodeSlice<'_> {
        self.timeline.channel.as_ref().map_or(CodeSlice::U8(&[]), |c| c.slice(self.range.clone()))
    }
    fn channel(&self, i: usize) -> u32 {
        self.timeline.channel.as_ref().map_or(NONE, |c| c.get(self.range.start + i))
    }
    fn value(&self, value: usize) -> &[f64] {
        self.timeline.values.get(value).and_then(|v| v.get(self.range.clone())).unwrap_or(&[])
    }
}

/// A column while it is computed.
enum Built {
    Numbers(ParallelBuffer),
    Codes(Vec<u32>),
    Field,
}

/// The cells of a column for [`CHUNK`] rows.
enum ColumnPart<'a> {
    Numbers(BufferPart<'a>),
    Codes(&'a mut [u32]),
    Field,
}

impl Built {
    fn parts(&mut self) -> Box<dyn Iterator<Item = ColumnPart<'_>> + '_> {
        match self {
            Self::Numbers(v) => Box::new(v.parts(CHUNK).map(ColumnPart::Numbers)),
            Self::Codes(v) => Box::new(v.chunks_mut(CHUNK).map(ColumnPart::Codes)),
            Self::Field => Box::new(std::iter::repeat_with(|| ColumnPart::Field)),
        }
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
    let plan = FeaturePlan::new(features, &journeys.kinds, known, &journeys.value_names, cap, zone);
    task.begin("computing features", snapshot.len());
    let n = snapshot.len();
    let mut columns: Vec<Built> = plan
        .ops
        .iter()
        .map(|(op, _)| match op {
            Op::Field => Built::Field,
            op if op.gives_codes() => Built::Codes(vec![NONE; n]),
            _ => Built::Numbers(ParallelBuffer::new(n)),
        })
        .collect();
    if columns.iter().any(|c| !matches!(c, Built::Field)) {
        let mut parts: Vec<_> = columns.iter_mut().map(Built::parts).collect();
        let chunks: Vec<(&[Row], CellsOfChunk<'_>)> = snapshot
            .rows
            .chunks(CHUNK)
            .map(|rows| (rows, CellsOfChunk(parts.iter_mut().filter_map(Iterator::next).collect())))
            .collect();
        chunks.into_par_iter().try_for_each_init(Working::default, |working, (rows, mut cells)| {
            task.check()?;
            compute_chunk(snapshot, &plan, rows, working, &mut cells);
            task.advance(rows.len());
            Ok::<(), Error>(())
        })?;
    }
    features
        .iter()
        .zip(columns)
        .map(|(feature, column)| match (feature, column) {
            (Feature::Field(name) | Feature::DaysSinceField(name), _) => field_column(snapshot, name, feature),
            (Feature::Stage, Built::Codes(codes)) => {
                Ok(Column::Category { codes, levels: journeys.kinds.iter().map(|k| k.plain.clone()).collect() })
            }
            (_, Built::Codes(codes)) => {
                Ok(Column::Category { codes, levels: journeys.channels.iter().map(str::to_owned).collect() })
            }
            (_, Built::Numbers(numbers)) => Ok(Column::Number(numbers.finish())),
            (_, Built::Field) => Ok(Column::Number(vec![f64::NAN; n])),
        })
        .collect()
}

/// The cells of [`CHUNK`] rows.
struct CellsOfChunk<'a>(Vec<ColumnPart<'a>>);

impl Sheet for CellsOfChunk<'_> {
    fn numbers(&mut self, feature: usize, cells: &[f64]) {
        if let Some(ColumnPart::Numbers(part)) = self.0.get_mut(feature) {
            part.put(cells);
        }
    }

    fn codes(&mut self, feature: usize, cells: &[u32]) {
        if let Some(ColumnPart::Codes(codes)) = self.0.get_mut(feature)
            && let Some(codes) = codes.split_off_mut(..cells.len())
        {
            codes.copy_from_slice(cells);
        }
    }
}

/// Events of a tile, after which it takes no further row; this keeps them in cache.
const EVENTS: usize = 1 << 13;
/// Events of a lead from which on the cutoff is looked for: those after it are not read. It is looked for anyway where
/// a lead has several rows.
const LONG: usize = 32;

fn compute_chunk(
    snapshot: &Snapshot,
    plan: &FeaturePlan,
    rows: &[Row],
    working: &mut Working,
    cells: &mut CellsOfChunk<'_>,
) {
    let timeline = &snapshot.journeys.timeline;
    let mut views = Vec::with_capacity(ROWS);
    let mut runs: Vec<Run<Slice<'_>>> = Vec::with_capacity(ROWS);
    let mut events = 0;
    let mut before: Option<(Row, usize)> = None;
    let mut rows = rows.iter().peekable();
    while let Some(row) = rows.next() {
        let mut range = timeline.range(row.lead);
        let earlier = before.filter(|(other, _)| other.lead == row.lead && other.cutoff <= row.cutoff);
        if earlier.is_some() || rows.peek().is_some_and(|next| next.lead == row.lead) || range.len() > LONG {
            let known = range.start + earlier.map_or(0, |(_, events)| events);
            let at = timeline.at.get(known..range.end).unwrap_or(&[]);
            range.end = known + at.partition_point(|t| *t < row.cutoff);
        }
        events += range.len();
        let created = snapshot.journeys.leads.created_at(row.lead);
        let known = earlier.filter(|_| !views.is_empty()).map_or(0, |(_, events)| events);
        views.push(RowView { created, cutoff: row.cutoff, events: range.len(), known });
        before = Some((*row, range.len()));
        match runs.last_mut().filter(|run| run.journey.range.end == range.start) {
            Some(run) => {
                run.journey.range.end = range.end;
                run.rows += 1;
            }
            None => runs.push(Run { journey: Slice { timeline, range }, rows: 1 }),
        }
        if views.len() == ROWS || events >= EVENTS || rows.peek().is_none() {
            plan.tile(&views, &runs, working, cells);
            views.clear();
            runs.clear();
            events = 0;
        }
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
        // A column that holds nothing has no type.
        (Feature::DaysSinceField(_), column) if column.missing() == column.len() => {
            Column::Number(vec![f64::NAN; column.len()])
        }
        (Feature::DaysSinceField(_), _) => {
            return Err(Error::option("feature", format!("days_since({name}): '{name}' is not a time")));
        }
        (_, Column::Time(_)) => {
            return Err(Error::option("feature", format!("'{name}' is a time; use days_since({name})")));
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
