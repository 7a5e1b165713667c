//! Columns of times, whatever their type, as UTC microseconds.

use polars::prelude::*;

use super::cells::Texts;
use super::config::{Common, DayMeans};
use super::table::Table;
use crate::error::{Error, Result};
use crate::time::{DAY, Detected, Instant, NO_TIME, Resolution, TimeFormat, Zone, detect, in_range, parse};

/// A time cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeCell {
    /// No value.
    Null,
    /// UTC microseconds.
    At(i64),
    /// A value that is no time, and why.
    Bad(&'static str),
}

/// A column of times, read; 8 bytes a row.
pub(super) struct TimeColumn {
    /// UTC microseconds; numbers below the earliest time are [`NO_TIME`], then the places in `reasons`.
    packed: Vec<i64>,
    reasons: Vec<&'static str>,
    /// What users should know of how it was read.
    pub(super) remarks: Vec<String>,
}

impl TimeColumn {
    fn new(rows: usize) -> Self {
        Self { packed: Vec::with_capacity(rows), reasons: Vec::new(), remarks: Vec::new() }
    }

    fn of(cells: impl Iterator<Item = TimeCell>, rows: usize) -> Self {
        let mut column = Self::new(rows);
        cells.for_each(|cell| column.push(cell));
        column
    }

    fn push(&mut self, cell: TimeCell) {
        let packed = match cell {
            TimeCell::Null => NO_TIME,
            TimeCell::At(t) if in_range(t) => t,
            TimeCell::At(_) => self.bad("outside the years 1000 to 9999"),
            TimeCell::Bad(why) => self.bad(why),
        };
        self.packed.push(packed);
    }

    fn bad(&mut self, why: &'static str) -> i64 {
        let place = self.reasons.iter().position(|r| *r == why).unwrap_or_else(|| {
            self.reasons.push(why);
            self.reasons.len() - 1
        });
        NO_TIME + 1 + place as i64
    }

    /// The cell of `row`; null past the end.
    pub(super) fn cell(&self, row: usize) -> TimeCell {
        match self.packed.get(row).copied() {
            None | Some(NO_TIME) => TimeCell::Null,
            Some(t) if in_range(t) => TimeCell::At(t),
            Some(t) => TimeCell::Bad(self.reasons.get((t - NO_TIME - 1) as usize).copied().unwrap_or("")),
        }
    }

    /// All cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = TimeCell> + '_ {
        (0..self.packed.len()).map(|row| self.cell(row))
    }
}

/// How a role reads times.
pub(super) struct TimeReader<'a> {
    pub(super) table: &'a Table,
    pub(super) common: &'a Common,
    pub(super) zone: &'a Zone,
    /// What a whole day means unless the table says otherwise.
    pub(super) day: DayMeans,
}

impl TimeReader<'_> {
    /// Reads `column`.
    ///
    /// # Errors
    /// [`Error::Schema`] if the column is missing, has a type that is no time, numbers without a unit, or texts
    /// whose order of day and month is not decided.
    pub(super) fn read(&self, column: &str) -> Result<TimeColumn> {
        let series = self.table.column(column)?;
        let zone = match &self.common.timezone {
            Some(name) => &Zone::new(name)?,
            None => self.zone,
        };
        let bad = |problem: String| Error::schema(&self.table.name, Some(column), problem);
        let failed = |e: PolarsError| bad(e.to_string());
        let zones = self.row_zones()?;
        let zone_of = |row: usize| zones.as_ref().and_then(|z| z.get(row)).and_then(Option::as_ref).unwrap_or(zone);
        let mut remarks = Vec::new();
        let n = series.len();
        let (mut read, days) = match series.dtype() {
            DataType::Null => (TimeColumn::of(std::iter::repeat_n(TimeCell::Null, n), n), false),
            DataType::Date => {
                let physical = series.to_physical_repr();
                let dates = physical.i32().map_err(failed)?;
                let cells = dates.iter().enumerate().map(|(row, d)| match d {
                    None => TimeCell::Null,
                    Some(d) => self.day_cell(zone_of(row).day_start(i64::from(d)), zone_of(row)),
                });
                (TimeColumn::of(cells, n), true)
            }
            DataType::Datetime(unit, tz) => {
                let physical = series.to_physical_repr();
                let ticks = physical.i64().map_err(failed)?;
                let micros = |t: i64| match unit {
                    TimeUnit::Nanoseconds => Some(t.div_euclid(1_000)),
                    TimeUnit::Microseconds => Some(t),
                    TimeUnit::Milliseconds => t.checked_mul(1_000),
                };
                // Midnights only are whole days in a column that could say more.
                let whole = tz.is_none() && whole_days(ticks.iter().flatten().filter_map(micros));
                let cells = ticks.iter().enumerate().map(|(row, t)| match t.map(micros) {
                    None => TimeCell::Null,
                    Some(None) => TimeCell::Bad("time out of range"),
                    Some(Some(t)) if tz.is_some() => TimeCell::At(t),
                    Some(Some(t)) => match zone_of(row).to_utc(t) {
                        Some(utc) if whole => self.day_cell(Some(utc), zone_of(row)),
                        Some(utc) => TimeCell::At(utc),
                        None => TimeCell::Bad("time out of range"),
                    },
                });
                let read = TimeColumn::of(cells, n);
                if tz.is_none() && !whole {
                    remarks.push(format!("'{column}' has no zone: read as {}", self.zone_label(zone)));
                }
                (read, whole)
            }
            t if t.is_integer() && self.common.time_format.is_some() => {
                let (cells, days) = self.read_texts(column, &zone_of, &mut remarks)?;
                (TimeColumn::of(cells.into_iter(), n), days)
            }
            t if t.is_integer() || t.is_float() => {
                let unit =
                    self.common.unit.ok_or_else(|| bad("numbers as times need unit='s', 'ms', 'us' or 'ns'".into()))?;
                let cell = |at: Option<i64>| at.map_or(TimeCell::Bad("time out of range"), TimeCell::At);
                let read = if t.is_integer() {
                    let whole = series.cast(&DataType::Int64).map_err(failed)?;
                    let numbers = whole.i64().map_err(failed)?;
                    let cells = numbers.iter().map(|x| x.map_or(TimeCell::Null, |x| cell(unit.to_micros(x))));
                    TimeColumn::of(cells, n)
                } else {
                    let floats = series.cast(&DataType::Float64).map_err(failed)?;
                    let numbers = floats.f64().map_err(failed)?;
                    let known = |x: Option<f64>| x.filter(|x| !x.is_nan());
                    let cells =
                        numbers.iter().map(|x| known(x).map_or(TimeCell::Null, |x| cell(unit.float_to_micros(x))));
                    TimeColumn::of(cells, n)
                };
                (read, false)
            }
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) => {
                let (cells, days) = self.read_texts(column, &zone_of, &mut remarks)?;
                (TimeColumn::of(cells.into_iter(), n), days)
            }
            other => return Err(bad(format!("type {other} is not a time"))),
        };
        if days {
            let means = match self.day() {
                DayMeans::End => "last",
                DayMeans::Start => "first",
            };
            remarks.push(format!(
                "'{column}' has whole days: each counts as its {means} microsecond, {}",
                self.zone_label(zone)
            ));
        }
        if let Some(why) = read.reasons.first()
            && !read.packed.iter().any(|t| in_range(*t))
        {
            let values = read.packed.iter().filter(|t| **t != NO_TIME).count();
            return Err(bad(format!(
                "none of its {values} values is a readable time ({why}); say time_format= or unit="
            )));
        }
        read.remarks = remarks;
        Ok(read)
    }

    fn read_texts<'z>(
        &self,
        column: &str,
        zone_of: &impl Fn(usize) -> &'z Zone,
        remarks: &mut Vec<String>,
    ) -> Result<(Vec<TimeCell>, bool)> {
        let bad = |problem: String| Error::schema(&self.table.name, Some(column), problem);
        let texts = Texts::of(self.table, column, &self.common.nulls)?;
        if let Some(unit) = self.common.unit {
            // Epoch numbers in a table of texts.
            let mut cells = Vec::new();
            texts.each(|_, t| {
                cells.push(match t {
                    None => TimeCell::Null,
                    Some(t) => match t.parse::<f64>().ok().and_then(|x| unit.float_to_micros(x)) {
                        Some(at) => TimeCell::At(at),
                        None => TimeCell::Bad("not an epoch number"),
                    },
                });
            });
            return Ok((cells, false));
        }
        let format = match &self.common.time_format {
            Some(pattern) => TimeFormat::Pattern(pattern.clone()),
            None => {
                let values = texts.collect();
                let epoch = |t: &String| t.len() != 8 && t.parse::<f64>().is_ok();
                if values.iter().flatten().next().is_some() && values.iter().flatten().all(epoch) {
                    return Err(bad("numbers as times need unit='s', 'ms', 'us' or 'ns'".into()));
                }
                match detect(values.iter().flatten().map(String::as_str)) {
                    Detected::Format(format) => {
                        if format != TimeFormat::Iso {
                            remarks.push(format!(
                                "'{column}' reads as {}: the values allow no other order",
                                format.name()
                            ));
                        }
                        format
                    }
                    Detected::Empty => TimeFormat::Iso,
                    Detected::Ambiguous => {
                        let example = values.iter().flatten().next().cloned().unwrap_or_default();
                        return Err(bad(format!(
                            "'{example}' may be day-month or month-day, and no value decides; say time_format='%d-%m-%Y …' or '%m-%d-%Y …'"
                        )));
                    }
                    Detected::Contradictory => {
                        return Err(bad(
                            "some values can only be day-month, others only month-day; say time_format=".into()
                        ));
                    }
                }
            }
        };
        let mut cells: Vec<TimeCell> = Vec::new();
        let (mut days, mut instants, mut naive, mut offsets) = (0usize, 0usize, 0usize, 0usize);
        texts.each(|row, text| {
            cells.push(match text.map(|t| parse(t, &format, zone_of(row))) {
                None => TimeCell::Null,
                Some(Err(why)) => TimeCell::Bad(why),
                Some(Ok(Instant { micros, resolution: Resolution::Day, .. })) => {
                    days += 1;
                    self.day_cell(Some(micros), zone_of(row))
                }
                Some(Ok(Instant { micros, offset, .. })) => {
                    instants += 1;
                    if offset {
                        offsets += 1;
                    } else {
                        naive += 1;
                    }
                    TimeCell::At(micros)
                }
            });
        });
        if naive > 0 && offsets > 0 {
            remarks.push(format!(
                "'{column}' mixes {offsets} times with an offset and {naive} without; those without read as {}",
                self.zone_label(zone_of(0))
            ));
        } else if naive > 0 {
            remarks.push(format!("'{column}' has no zone: read as {}", self.zone_label(zone_of(0))));
        }
        if days > 0 && instants > 0 {
            remarks.push(format!("'{column}' mixes {days} whole days and {instants} times of day"));
        }
        Ok((cells, days > 0 && instants == 0))
    }

    fn zone_label(&self, zone: &Zone) -> String {
        match &self.common.timezone_column {
            Some(column) => format!("in the zone of column '{column}'"),
            None => zone.name().to_owned(),
        }
    }

    fn row_zones(&self) -> Result<Option<Vec<Option<Zone>>>> {
        let Some(column) = &self.common.timezone_column else { return Ok(None) };
        let mut known: std::collections::HashMap<String, Zone> = std::collections::HashMap::new();
        let mut zones = Vec::new();
        for name in Texts::of(self.table, column, &self.common.nulls)?.collect() {
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

    fn day(&self) -> DayMeans {
        self.common.day.unwrap_or(self.day)
    }

    /// The instant that a day, given by its first microsecond, means.
    fn day_cell(&self, start: Option<i64>, zone: &Zone) -> TimeCell {
        let Some(start) = start else { return TimeCell::Bad("time out of range") };
        match self.day() {
            DayMeans::Start => TimeCell::At(start),
            DayMeans::End => match zone.day_start(zone.day(start) + 1) {
                Some(next) => TimeCell::At(next - 1),
                None => TimeCell::Bad("time out of range"),
            },
        }
    }
}

/// True if there is a value and all are midnights.
fn whole_days(micros: impl Iterator<Item = i64>) -> bool {
    let mut any = false;
    for t in micros {
        if t % DAY != 0 {
            return false;
        }
        any = true;
    }
    any
}
