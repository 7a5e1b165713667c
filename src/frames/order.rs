//! Columns that order rows: by number, by time, or by text.

use std::cmp::Ordering;

use polars::prelude::*;

use super::cells::{Texts, is_text};
use super::config::Common;
use super::times::{TimeCell, TimeReader};
use crate::error::Result;
use crate::time::glance;

/// Ascending ranks of an order column, from 1 on: by time if all are times as the table has them, by number if all are
/// numbers, else by text. Empty cells come first, with rank 0.
///
/// # Errors
/// [`crate::Error::Schema`] if there is no such column, or if it has dates whose order of day and month is not decided.
pub(super) fn order_ranks(reader: &TimeReader<'_>, column: &str) -> Result<Vec<u32>> {
    let table = reader.table;
    let kind = table.dtype(column)?;
    if matches!(kind, DataType::Date | DataType::Datetime(..)) {
        if let Some(times) = times(reader, column)? {
            return Ok(ranks(&times, Ord::cmp));
        }
        // Some are too far from today to be times, and are in order all the same.
        let ticks = table.column(column)?.to_physical_repr().cast(&DataType::Int64);
        let failed = |e: PolarsError| reader.failed(column, &e);
        let ticks = ticks.map_err(failed)?;
        return Ok(ranks(&ticks.i64().map_err(failed)?.iter().collect::<Vec<_>>(), Ord::cmp));
    }
    if reader.common.time_format.is_some()
        && let Ok(Some(times)) = times(reader, column)
    {
        return Ok(ranks(&times, Ord::cmp));
    }
    let texts = Texts::as_written(table, column, &reader.common.nulls)?.collect();
    // Numbers that are no texts have no marks.
    let marks = Some(&reader.common.reading).filter(|_| is_text(&kind));
    let number = |t: &str| marks.map_or_else(|| t.parse().ok(), |marks| marks.number(t));
    // Ids of 64 bits are more than a number with a fraction can tell apart.
    if let Some(whole) = parsed(&texts, |t| t.parse::<i128>().ok()) {
        return Ok(ranks(&whole, Ord::cmp));
    }
    if let Some(numbers) = parsed(&texts, |t| number(t).filter(|x| x.is_finite()).map(|x| x + 0.0)) {
        return Ok(ranks(&numbers, f64::total_cmp));
    }
    // The format and unit of the table's other times are not always those of this column.
    let common = Common { time_format: None, unit: None, ..reader.common.clone() };
    let all_dates = || texts.iter().flatten().all(|text| glance(text).1.is_some());
    match times(&TimeReader { common: &common, ..*reader }, column) {
        Ok(Some(times)) => Ok(ranks(&times, Ord::cmp)),
        Err(undecided) if all_dates() => Err(undecided),
        _ => Ok(ranks(&texts, Ord::cmp)),
    }
}

/// The times of a column of which all cells that are not empty are times.
fn times(reader: &TimeReader<'_>, column: &str) -> Result<Option<Vec<Option<i64>>>> {
    let cell = |cell: TimeCell| match cell {
        TimeCell::At(at) => Some(Some(at)),
        TimeCell::Null => Some(None),
        TimeCell::Bad(_) => None,
    };
    Ok(reader.read(column)?.0.cells().map(cell).collect())
}

/// Cells as something else; `None` if one cannot be that.
fn parsed<T>(texts: &[Option<String>], parse: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
    let cell = |text: &Option<String>| text.as_deref().map_or(Some(None), |t| parse(t).map(Some));
    texts.iter().map(cell).collect()
}

/// Ranks of cells, the same for equal ones; that of empty cells is 0.
fn ranks<T>(cells: &[Option<T>], compare: impl Fn(&T, &T) -> Ordering) -> Vec<u32> {
    let cell = |i: &usize| cells.get(*i).and_then(Option::as_ref);
    let by_cell = |a: &usize, b: &usize| cell(a).zip(cell(b)).map_or(Ordering::Equal, |(a, b)| compare(a, b));
    let mut order: Vec<usize> = (0..cells.len()).filter(|i| cell(i).is_some()).collect();
    order.sort_by(by_cell);
    let mut ranks = vec![0; cells.len()];
    for (rank, equal) in (1..).zip(order.chunk_by(|a, b| by_cell(a, b) == Ordering::Equal)) {
        for i in equal {
            if let Some(slot) = ranks.get_mut(*i) {
                *slot = rank;
            }
        }
    }
    ranks
}
