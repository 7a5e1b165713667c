//! Columns of times of any type, as UTC microseconds.
//!
//! Instants are kept; naive times are read in the zone of the table, else in that of the journeys. Dates are calendar days,
//! whether they are texts or of a type, and stay days beside points in time; midnights without a zone are days only in a
//! column that has nothing else ([`Decided::midnights`]).

mod column;
mod decide;
mod read;

use polars::prelude::*;
use rayon::prelude::*;

use crate::config::{Common, DayMeans};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::files::table::Table;
use crate::time::{TimeFormat, Zone};

pub(in crate::frames) use column::{DayCells, Tally, TimeCell, TimeColumn};

/// Rows of a part that is read by one thread.
const PART: usize = 1 << 16;

/// How a role reads times.
#[derive(Clone, Copy)]
pub(in crate::frames) struct TimeReader<'a> {
    /// The table, or its head where it is read in parts.
    pub(in crate::frames) table: &'a Table,
    pub(in crate::frames) common: &'a Common,
    pub(in crate::frames) zone: &'a Zone,
    /// What a whole day means unless the table says otherwise.
    pub(in crate::frames) day: DayMeans,
}

/// What only the whole column can say of how it is to be read.
#[derive(Debug, Clone, Default)]
pub(in crate::frames) struct Decided {
    /// Whether midnights are calendar days, not points in time.
    midnights: bool,
    /// Format of texts.
    format: Option<TimeFormat>,
    remarks: Vec<String>,
}

impl TimeReader<'_> {
    /// Reads `column` of the whole table; with remarks on what users should know of how it was read.
    ///
    /// # Errors
    /// As [`TimeReader::decide`] and [`TimeReader::conclude`].
    pub(in crate::frames) fn read(&self, column: &str) -> Result<(TimeColumn, Vec<String>)> {
        let rows = self.table.rows();
        let parts: Vec<usize> = (0..rows.max(1)).step_by(PART).collect();
        let part = |start: &usize| self.table.slice(*start, PART);
        let decided = self.decide(column, &parts, |p| Ok(part(p)))?;
        let read: Vec<TimeColumn> =
            parts.par_iter().map(|p| self.read_part(&part(p), column, &decided)).collect::<Result<_>>()?;
        let read = TimeColumn::concat(read, rows);
        let remarks = self.conclude(column, &decided, read.tally)?;
        Ok((read, remarks))
    }

    fn bad(&self, column: &str, problem: impl Into<String>) -> Error {
        Error::schema(&self.table.name, Some(column), problem.into())
    }

    /// An error of polars with a column.
    pub(in crate::frames) fn failed(&self, column: &str, e: &PolarsError) -> Error {
        self.bad(column, e.to_string())
    }

    /// Remarks on a column whose parts are all read.
    ///
    /// # Errors
    /// [`Error::Schema`] if it has values, and none is a readable time, or the stated unit is plainly another.
    pub(in crate::frames) fn conclude(&self, column: &str, decided: &Decided, tally: Tally) -> Result<Vec<String>> {
        self.check_unit(column, &tally.epochs)?;
        if let (0, Some(why)) = (tally.readable, tally.reason) {
            let values = tally.unreadable;
            return Err(self.bad(
                column,
                format!(
                    "none of its {} can be read as a time ({why}); set time_format= or unit=",
                    counted(values, "value", "values")
                ),
            ));
        }
        let own_zone = self.common.own_zone()?;
        let zone = self.zone_label(own_zone.as_ref().unwrap_or(self.zone));
        let mut remarks = decided.remarks.clone();
        remarks.extend(self.doubtful_unit(column, &tally.epochs));
        let Tally { readable, days, naive, offsets, epochs, .. } = tally;
        if naive > 0 && offsets > 0 {
            remarks.push(format!(
                "'{column}' mixes {} with an offset and {naive} without; the latter are read as {zone}",
                counted(offsets, "time", "times")
            ));
        } else if naive > 0 || matches!(self.table.dtype(column)?, DataType::Datetime(_, None)) && !decided.midnights {
            remarks.push(format!("'{column}' has no time zone and is read as {zone}"));
        }
        if epochs.inexact > 0 {
            remarks.push(format!(
                "'{column}' has {} beyond 2^53, where floats are no longer exact; store them as integers",
                counted(epochs.inexact, "epoch number as a float", "epoch numbers as floats")
            ));
        }
        if days > 0 {
            let means = match self.day() {
                DayMeans::End => "last",
                DayMeans::Start => "first",
            };
            let which = if days == readable {
                "dates: each".to_owned()
            } else {
                format!(
                    "times, and {}: each of the latter",
                    counted(days, "date without a time", "dates without a time")
                )
            };
            remarks.push(format!("'{column}' has {which} counts as the {means} microsecond of its day, {zone}"));
        }
        Ok(remarks)
    }

    fn zone_label(&self, zone: &Zone) -> String {
        match &self.common.timezone_column {
            Some(column) => format!("in the zone of column '{column}'"),
            None => zone.name().to_owned(),
        }
    }

    fn day(&self) -> DayMeans {
        self.common.day.unwrap_or(self.day)
    }
}

/// Ticks as microseconds.
fn micros(ticks: i64, unit: TimeUnit) -> Option<i64> {
    to_time_unit(unit).to_micros(ticks)
}

fn to_time_unit(unit: TimeUnit) -> crate::time::TimeUnit {
    match unit {
        TimeUnit::Nanoseconds => crate::time::TimeUnit::Nanos,
        TimeUnit::Microseconds => crate::time::TimeUnit::Micros,
        TimeUnit::Milliseconds => crate::time::TimeUnit::Millis,
    }
}
