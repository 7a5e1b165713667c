//! Tables of stage entries.

mod entries;
mod properties;
mod reader;
pub(in crate::frames) mod undated;

use self::reader::{Found, StageReader, TimedColumn};
use self::undated::UndatedRows;
use super::reading::Reading;
use crate::config::{At, StagesSpec, Undated};
use crate::error::{Error, Result};
use crate::frames::dictionaries::Dictionaries;
use crate::frames::extent::Extent;
use crate::frames::files::catalog::Tables;
use crate::journeys::{Orders, Rows, TableCheck};
use crate::schema::canonical_text;

/// What a table of stages gives.
pub(in crate::frames) struct StageRows {
    /// One set of rows per column of times; columns of a wide table are in pipeline order.
    pub(in crate::frames) rows: Vec<Rows>,
    pub(in crate::frames) audit: TableCheck,
    /// Values of the order column.
    pub(in crate::frames) orders: Option<Orders>,
    /// How far all its rows go, used or not.
    pub(in crate::frames) extent: Extent,
    /// Stages that are reached at a time that other rows say.
    pub(in crate::frames) undated: Option<UndatedRows>,
}

/// Reads one table of stages.
pub(in crate::frames) fn read_stages(
    spec: &StagesSpec,
    reading: &Reading<'_>,
    dict: &mut Dictionaries,
    tables: &mut Tables,
) -> Result<StageRows> {
    let table = tables.get(&spec.table)?;
    check_form(spec, &table.name)?;
    let columns = time_columns(spec, reading);
    let mut audit = TableCheck::new(&table.name, "stages", table.rows() * columns.len());
    audit.remarks.extend(table.remarks.iter().cloned());
    let (reader, orders) = StageReader::new(spec, reading, &table, tables, &mut audit)?;
    let mut resolver = reader.resolver()?;
    let mut undated = UndatedRows::new(spec.undated);
    let mut times = Vec::new();
    let mut rows = Vec::new();
    for (stage, column) in columns {
        let column = TimedColumn::read(&reader, stage, column, &mut audit)?;
        let mut found = Found { dict, audit: &mut audit, undated: &mut undated, times: &mut times };
        rows.push(reader.rows(&column, &mut resolver, &mut found)?);
    }
    let undated = undated.checked(spec, &audit)?;
    Ok(StageRows { rows, audit, orders, extent: Extent::of(&times), undated })
}

/// Refuses options that do not fit the form of the table: one row per stage, or one column per stage.
fn check_form(spec: &StagesSpec, table: &str) -> Result<()> {
    match (&spec.at, &spec.stage) {
        (At::Columns(map), _) if map.is_empty() => {
            Err(Error::schema(table, None, "at= is an empty mapping; map each stage to its column"))
        }
        (At::Column(_), None) => Err(Error::schema(
            table,
            None,
            "set stage= to the column with the stage, or at= to a mapping of stages to columns",
        )),
        (At::Columns(_), None) if spec.undated != Undated::Drop => {
            let problem = "undated= applies only with stage=; with at= as a mapping an empty cell means that the stage was not reached";
            Err(Error::option("undated", problem))
        }
        (At::Columns(_), Some(_)) => Err(Error::schema(
            table,
            None,
            "stage= cannot be combined with at= as a mapping of stages to columns; leave one of them out",
        )),
        _ => spec.names.check(&["stage"]),
    }
}

/// The columns of times, each with its stage in a wide table; in the order of the pipeline.
fn time_columns<'a>(spec: &'a StagesSpec, reading: &Reading<'_>) -> Vec<(Option<&'a str>, &'a str)> {
    let pipeline = reading.ranks().pipeline;
    match &spec.at {
        At::Column(column) => vec![(None, column)],
        At::Columns(map) => {
            let rank = |stage: &str| pipeline.iter().position(|p| *p == canonical_text(stage)).unwrap_or(usize::MAX);
            let mut all: Vec<_> = map.iter().map(|(stage, column)| (Some(stage.as_str()), column.as_str())).collect();
            all.sort_by_key(|(stage, _)| (stage.map(rank), *stage));
            all
        }
    }
}
