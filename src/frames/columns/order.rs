//! Columns that order rows: by number, by time, or by text.

use std::cmp::Ordering;

use polars::prelude::*;

use crate::config::Common;
use crate::error::{Error, Result};
use crate::frames::columns::text::{TextColumn, is_text};
use crate::frames::columns::time::{TimeCell, TimeReader};
use crate::journeys::{IndexBuilder, OrderNumbers, Orders};
use crate::time::glance;

/// Ascending ranks of an order column, from 1 on: by time if all are times as the table has them, by number if all are
/// numbers, else by text. Empty cells come first, with rank 0.
///
/// The values of the ranks from 1 on are given as well.
///
/// # Errors
/// [`crate::Error::Schema`] if the column does not exist, or has dates with an undecided order of day and month.
pub(in crate::frames) fn order_values(reader: &TimeReader<'_>, column: &str) -> Result<(Vec<u32>, Orders)> {
    let table = reader.table;
    let kind = table.dtype(column)?;
    if matches!(kind, DataType::Date | DataType::Datetime(..)) {
        if let Some(times) = times(reader, column)? {
            return Ok(of_times(&times));
        }
        // Some lie outside the range of times but still sort.
        let ticks = table.column(column)?.to_physical_repr().cast(&DataType::Int64);
        let failed = |e: PolarsError| reader.failed(column, &e);
        let ticks = ticks.map_err(failed)?;
        return Ok(of_times(&ticks.i64().map_err(failed)?.iter().collect::<Vec<_>>()));
    }
    if reader.common.time_format.is_some()
        && let Ok(Some(times)) = times(reader, column)
    {
        return Ok(of_times(&times));
    }
    let texts = TextColumn::as_written(table, column, &reader.common.nulls)?.collect();
    // Only texts have decimal and thousands marks.
    let marks = Some(&reader.common.reading).filter(|_| is_text(&kind));
    let number = |t: &str| marks.map_or_else(|| t.parse().ok(), |marks| marks.number(t));
    // A float cannot represent all ids of 64 bits.
    if let Some(whole) = parsed(&texts, |t| t.parse::<i128>().ok()) {
        let (ranks, numbers) = ranks(&whole, Ord::cmp);
        return Ok((ranks, Orders { numbers: OrderNumbers::Whole(numbers), ..Orders::default() }));
    }
    if let Some(numbers) = parsed(&texts, |t| number(t).map(|x| x + 0.0)) {
        // Values other than numbers sort last.
        let numbers: Vec<Option<f64>> = numbers.into_iter().map(|x| x.filter(|x| !x.is_nan())).collect();
        let (ranks, numbers) = ranks(&numbers, f64::total_cmp);
        return Ok((ranks, Orders { numbers: OrderNumbers::Float(numbers), ..Orders::default() }));
    }
    // This column can have another format and unit than the table's other times.
    let common = Common { time_format: None, unit: None, ..reader.common.clone() };
    let all_dates = || texts.iter().flatten().all(|text| glance(text).1.is_some());
    match times(&TimeReader { common: &common, ..*reader }, column) {
        Ok(Some(times)) => Ok(of_times(&times)),
        Err(undecided) if all_dates() => Err(undecided),
        _ => {
            let (ranks, texts) = ranks(&texts, Ord::cmp);
            Ok((ranks, Orders { texts, ..Orders::default() }))
        }
    }
}

/// Adds the values of a table's order column to an index; gives what [`crate::journeys::Rows::ordered`] is to be.
///
/// # Errors
/// [`crate::Error::Schema`] if their type differs from the values that order the extended index.
pub(in crate::frames) fn add_orders(
    index: &mut IndexBuilder,
    values: Orders,
    table: &str,
    column: Option<&str>,
) -> Result<u32> {
    if let Some((new, known)) = index.unlike(&values) {
        let problem = format!("order= has the type {new}, but the journeys are ordered by {known}; give {known}");
        return Err(Error::schema(table, column, problem));
    }
    Ok(index.orders(values))
}

/// The ranks of [`order_values`].
///
/// # Errors
/// As [`order_values`].
pub(in crate::frames) fn order_ranks(reader: &TimeReader<'_>, column: &str) -> Result<Vec<u32>> {
    Ok(order_values(reader, column)?.0)
}

fn of_times(times: &[Option<i64>]) -> (Vec<u32>, Orders) {
    let (ranks, times) = ranks(times, Ord::cmp);
    (ranks, Orders { times, ..Orders::default() })
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

/// Ranks of cells, the same for equal ones, and the values of the ranks from 1 on; the rank of empty cells is 0.
fn ranks<T: Clone>(cells: &[Option<T>], compare: impl Fn(&T, &T) -> Ordering) -> (Vec<u32>, Vec<T>) {
    let cell = |i: &usize| cells.get(*i).and_then(Option::as_ref);
    let by_cell = |a: &usize, b: &usize| cell(a).zip(cell(b)).map_or(Ordering::Equal, |(a, b)| compare(a, b));
    let mut order: Vec<usize> = (0..cells.len()).filter(|i| cell(i).is_some()).collect();
    order.sort_by(by_cell);
    let (mut ranks, mut values) = (vec![0; cells.len()], Vec::new());
    for equal in order.chunk_by(|a, b| by_cell(a, b) == Ordering::Equal) {
        values.extend(equal.first().and_then(cell).cloned());
        for i in equal {
            if let Some(slot) = ranks.get_mut(*i) {
                *slot = values.len() as u32;
            }
        }
    }
    (ranks, values)
}
