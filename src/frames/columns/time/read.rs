//! Reading the parts of a column of times.

use polars::prelude::*;

use super::column::{Epochs, ReadCell, Tally, TimeCell, TimeColumn};
use super::{Decided, TimeReader, micros, to_time_unit};
use crate::config::DayMeans;
use crate::error::{Error, Result};
use crate::frames::columns::text::TextColumn;
use crate::frames::files::table::Table;
use crate::time::{
    Decimal, Instant, Moment, Resolution, TimeFormat, TimeUnit as EpochUnit, Zone, in_range, is_expected, is_inexact,
    parse,
};

/// Reason for an epoch number out of range.
const TOO_FAR: &str = "time out of range";

impl TimeReader<'_> {
    /// Reads `column` of `table`, the whole or a part.
    ///
    /// # Errors
    /// [`Error::Schema`] if the column's type cannot hold times, or it has numbers without a unit.
    pub(in crate::frames) fn read_part(&self, table: &Table, column: &str, decided: &Decided) -> Result<TimeColumn> {
        let own_zone = self.common.own_zone()?;
        let zone = own_zone.as_ref().unwrap_or(self.zone);
        let zones = self.row_zones(table)?;
        let zone_of = |row: usize| zones.as_ref().and_then(|z| z.get(row)).and_then(Option::as_ref).unwrap_or(zone);
        let n = table.rows();
        let mut read = match table.dtype(column)? {
            DataType::Null => TimeColumn::of(std::iter::repeat_n(TimeCell::Null, n), n),
            DataType::Date => self.read_dates(table, column, &zone_of)?,
            DataType::Datetime(unit, tz) => {
                let utc = tz.is_some() || zones.is_none() && zone.is_utc() && !decided.midnights;
                self.read_datetimes(table, column, decided, (unit, tz.is_some(), utc), &zone_of)?
            }
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) if self.common.unit.is_none() => {
                self.read_texts(table, column, decided, &zone_of)?
            }
            t if t.is_primitive_numeric() && decided.format.is_some() => {
                self.read_texts(table, column, decided, &zone_of)?
            }
            t if t.is_primitive_numeric()
                || t.is_decimal()
                || t.is_string()
                || matches!(t, DataType::Categorical(..) | DataType::Enum(..)) =>
            {
                let unit = self.common.unit.ok_or_else(|| self.no_unit(column, None))?;
                self.read_epochs(table, column, unit)?
            }
            other => return Err(self.bad(column, format!("columns of type {other} cannot be read as times"))),
        };
        self.forget_nulls(&mut read, table, column, &zone_of)?;
        Ok(read)
    }

    /// Makes "no value" of the times that a null means: texts and numbers were already compared as written.
    fn forget_nulls<'z>(
        &self,
        read: &mut TimeColumn,
        table: &Table,
        column: &str,
        zone_of: &impl Fn(usize) -> &'z Zone,
    ) -> Result<()> {
        let nulls: Vec<Moment> = self.common.nulls.iter().filter_map(|null| null.trim().parse().ok()).collect();
        if nulls.is_empty() {
            return Ok(());
        }
        let is_null =
            |row: usize, at: Option<i64>| at.is_some_and(|at| nulls.iter().any(|null| null.at(zone_of(row)).0 == at));
        let physical = table.column(column)?.to_physical_repr().into_owned();
        match (table.dtype(column)?, physical.i32(), physical.i64()) {
            (DataType::Date, Ok(days), _) => {
                for (row, day) in days.iter().enumerate() {
                    read.forget(row, is_null(row, day.and_then(|day| zone_of(row).day_start(i64::from(day)))));
                }
            }
            (DataType::Datetime(unit, zone), _, Ok(ticks)) => {
                for (row, t) in ticks.iter().enumerate() {
                    let at = t.and_then(|t| micros(t, unit));
                    let at = if zone.is_some() { at } else { at.and_then(|at| zone_of(row).to_utc(at)) };
                    read.forget(row, is_null(row, at));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn read_dates<'z>(&self, table: &Table, column: &str, zone_of: &impl Fn(usize) -> &'z Zone) -> Result<TimeColumn> {
        let physical = table.column(column)?.to_physical_repr().into_owned();
        let dates = physical.i32().map_err(|e| self.bad(column, e.to_string()))?;
        let cells = dates.iter().enumerate().map(|(row, d)| match d {
            None => TimeCell::Null.into(),
            Some(d) => self.day_cell(zone_of(row).day_start(i64::from(d)), zone_of(row)),
        });
        Ok(TimeColumn::of(cells, table.rows()))
    }

    /// `kind` is the unit, whether the column has a zone, and whether its numbers are UTC.
    fn read_datetimes<'z>(
        &self,
        table: &Table,
        column: &str,
        decided: &Decided,
        (unit, zoned, utc): (TimeUnit, bool, bool),
        zone_of: &impl Fn(usize) -> &'z Zone,
    ) -> Result<TimeColumn> {
        let physical = table.column(column)?.to_physical_repr().into_owned();
        let ticks = physical.i64().map_err(|e| self.bad(column, e.to_string()))?;
        let whole = match (utc, unit, ticks.cont_slice()) {
            // As nearly all columns of large tables are.
            (true, TimeUnit::Microseconds, Ok(times)) if times.iter().all(|t| in_range(*t)) => {
                Some(TimeColumn::of_times(times))
            }
            _ => None,
        };
        let mut read = whole.unwrap_or_else(|| {
            let cells = ticks.iter().enumerate().map(|(row, t)| match t.map(|t| micros(t, unit)) {
                None => TimeCell::Null.into(),
                Some(None) => TimeCell::Bad(TOO_FAR).into(),
                Some(Some(t)) if zoned => TimeCell::At(t).into(),
                Some(Some(t)) => match zone_of(row).to_utc(t) {
                    Some(utc) if decided.midnights => self.day_cell(Some(utc), zone_of(row)),
                    Some(utc) => TimeCell::At(utc).into(),
                    None => TimeCell::Bad(TOO_FAR).into(),
                },
            });
            TimeColumn::of(cells, table.rows())
        });
        let expected = |t: i64| micros(t, unit).is_some_and(is_expected);
        if ticks.iter().flatten().any(expected) {
            read.tally.epochs.expected += 1;
        } else {
            let epochs = &mut read.tally.epochs;
            let unit = to_time_unit(unit);
            ticks.iter().flatten().for_each(|t| epochs.add(Decimal::from(t), unit.to_micros(t)));
        }
        Ok(read)
    }

    /// Epoch numbers: integers, floats, decimals, or their texts. None passes through a float that is none.
    fn read_epochs(&self, table: &Table, column: &str, unit: EpochUnit) -> Result<TimeColumn> {
        let failed = |e: PolarsError| self.bad(column, e.to_string());
        let mut epochs = Epochs::default();
        let mut cell = |number: Decimal, at: Option<i64>| {
            epochs.add(number, at);
            at.map_or(TimeCell::Bad(TOO_FAR), TimeCell::At)
        };
        let mut cells: Vec<TimeCell> = Vec::with_capacity(table.rows());
        let dtype = table.dtype(column)?;
        let mut inexact = 0;
        let nulls = &self.common.nulls;
        if nulls.is_empty()
            && dtype.is_integer()
            && !matches!(dtype, DataType::UInt64 | DataType::Int128 | DataType::UInt128)
        {
            let whole = table.column(column)?.cast(&DataType::Int64).map_err(failed)?;
            let numbers = whole.i64().map_err(failed)?.iter();
            cells.extend(numbers.map(|x| x.map_or(TimeCell::Null, |x| cell(Decimal::from(x), unit.to_micros(x)))));
        } else if let (true, DataType::UInt64, Ok(numbers)) = (nulls.is_empty(), &dtype, table.column(column)?.u64()) {
            let read = |x: u64| (Decimal::from(x), unit.micros_of(Decimal::from(x)));
            cells.extend(numbers.iter().map(|x| x.map(read).map_or(TimeCell::Null, |(x, at)| cell(x, at))));
        } else if dtype.is_float() {
            let floats = table.column(column)?.cast(&DataType::Float64).map_err(failed)?;
            let numbers = floats.f64().map_err(failed)?.iter();
            let missing: Vec<f64> = nulls.iter().filter_map(|null| null.parse().ok()).collect();
            cells.extend(numbers.map(|x| match x.filter(|x| !x.is_nan() && !missing.contains(x)) {
                None => TimeCell::Null,
                Some(x) => {
                    inexact += usize::from(is_inexact(x));
                    Decimal::of_float(x).map_or(TimeCell::Bad(TOO_FAR), |number| cell(number, unit.micros_of(number)))
                }
            }));
        } else {
            let read = |text: &str| match Decimal::parse(text) {
                Some(number) => (Some(number), unit.micros_of(number)),
                None => (None, None),
            };
            let texts = TextColumn::as_written(table, column, &self.common.nulls)?;
            texts.each_read(read, |_, read| {
                cells.push(match read {
                    None => TimeCell::Null,
                    Some((None, _)) => TimeCell::Bad("not an epoch number"),
                    Some((Some(number), at)) => cell(number, at),
                });
            });
        }
        epochs.inexact = inexact;
        let mut read = TimeColumn::of(cells.into_iter(), table.rows());
        read.tally.epochs = epochs;
        Ok(read)
    }

    fn read_texts<'z>(
        &self,
        table: &Table,
        column: &str,
        decided: &Decided,
        zone_of: &impl Fn(usize) -> &'z Zone,
    ) -> Result<TimeColumn> {
        let format = decided.format.as_ref().unwrap_or(&TimeFormat::Iso);
        let texts = TextColumn::as_written(table, column, &self.common.nulls)?;
        let mut cells: Vec<ReadCell> = Vec::with_capacity(table.rows());
        let mut tally = Tally::default();
        let mut add = |row: usize, read: Option<std::result::Result<Instant, &'static str>>| {
            cells.push(match read {
                None => TimeCell::Null.into(),
                Some(Err(why)) => TimeCell::Bad(why).into(),
                Some(Ok(Instant { micros, resolution, .. })) if decided.midnights || resolution == Resolution::Day => {
                    self.day_cell(Some(micros), zone_of(row))
                }
                Some(Ok(Instant { micros, offset, .. })) => {
                    *if offset { &mut tally.offsets } else { &mut tally.naive } += 1;
                    TimeCell::At(micros).into()
                }
            });
        };
        if self.common.timezone_column.is_some() {
            // What a text means depends on its row.
            texts.each(|row, text| add(row, text.map(|t| parse(t, format, zone_of(row)))));
        } else {
            texts.each_read(|text| parse(text, format, zone_of(0)), add);
        }
        let mut read = TimeColumn::of(cells.into_iter(), table.rows());
        read.tally.merge(tally);
        Ok(read)
    }

    fn row_zones(&self, table: &Table) -> Result<Option<Vec<Option<Zone>>>> {
        let Some(column) = &self.common.timezone_column else { return Ok(None) };
        let mut known: std::collections::HashMap<String, Zone> = std::collections::HashMap::new();
        let mut zones = Vec::new();
        for name in TextColumn::as_written(table, column, &self.common.nulls)?.collect() {
            zones.push(match name {
                None => None,
                Some(name) => match known.get(&name) {
                    Some(zone) => Some(zone.clone()),
                    None => {
                        let zone = Zone::new(&name)
                            .map_err(|e| Error::schema(&self.table.name, Some(column), e.to_string()))?;
                        known.insert(name, zone.clone());
                        Some(zone)
                    }
                },
            });
        }
        Ok(Some(zones))
    }

    /// The instant that a day, given by its first microsecond, means.
    fn day_cell(&self, start: Option<i64>, zone: &Zone) -> ReadCell {
        let Some(start) = start else { return TimeCell::Bad(TOO_FAR).into() };
        let day = zone.day(start);
        match self.day() {
            DayMeans::Start => ReadCell::Day(start, day),
            DayMeans::End => match zone.day_start(day + 1) {
                Some(next) => ReadCell::Day(next - 1, day),
                None => TimeCell::Bad(TOO_FAR).into(),
            },
        }
    }
}
