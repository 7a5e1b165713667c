//! Columns of times, whatever their type, as UTC microseconds.

use polars::prelude::*;
use rayon::prelude::*;

use super::cells::Texts;
use super::config::{Common, DayMeans};
use super::table::Table;
use crate::error::{Error, Result};
use crate::time::{DAY, Detected, Detector, Instant, Looks, NO_TIME, Resolution, TimeFormat, Zone, in_range, parse};

/// Rows of a part that is read by one thread.
const PART: usize = 1 << 16;

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
    /// What its cells were like.
    pub(super) tally: Tally,
}

/// What the cells of a column of times were like.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    readable: usize,
    unreadable: usize,
    /// Why the first unreadable one is so.
    reason: Option<&'static str>,
    /// Texts that are whole days, times of day, and among the latter those without and with an offset.
    days: usize,
    instants: usize,
    naive: usize,
    offsets: usize,
}

impl Tally {
    /// Adds that of a later part of the column.
    pub(super) fn merge(&mut self, later: Self) {
        self.readable += later.readable;
        self.unreadable += later.unreadable;
        self.reason = self.reason.or(later.reason);
        self.days += later.days;
        self.instants += later.instants;
        self.naive += later.naive;
        self.offsets += later.offsets;
    }
}

impl TimeColumn {
    fn of(cells: impl Iterator<Item = TimeCell>, rows: usize) -> Self {
        let mut column = Self { packed: Vec::with_capacity(rows), reasons: Vec::new(), tally: Tally::default() };
        for cell in cells {
            let packed = column.pack(cell);
            column.tally.readable += usize::from(in_range(packed));
            column.tally.unreadable += usize::from(!in_range(packed) && packed != NO_TIME);
            column.packed.push(packed);
        }
        column.tally.reason = column.reasons.first().copied();
        column
    }

    fn pack(&mut self, cell: TimeCell) -> i64 {
        match cell {
            TimeCell::Null => NO_TIME,
            TimeCell::At(t) if in_range(t) => t,
            TimeCell::At(_) => self.bad("outside the years 1000 to 9999"),
            TimeCell::Bad(why) => self.bad(why),
        }
    }

    fn bad(&mut self, why: &'static str) -> i64 {
        let place = self.reasons.iter().position(|r| *r == why).unwrap_or_else(|| {
            self.reasons.push(why);
            self.reasons.len() - 1
        });
        NO_TIME + 1 + place as i64
    }

    /// Parts of one column, as a whole of `rows` rows.
    fn concat(parts: Vec<Self>, rows: usize) -> Self {
        let mut whole = Self { packed: Vec::with_capacity(rows), reasons: Vec::new(), tally: Tally::default() };
        for part in parts {
            if part.reasons.is_empty() {
                whole.packed.extend_from_slice(&part.packed);
            } else {
                part.cells().for_each(|cell| {
                    let packed = whole.pack(cell);
                    whole.packed.push(packed);
                });
            }
            whole.tally.merge(part.tally);
        }
        whole
    }

    /// True if every cell is a time.
    pub(super) fn all_readable(&self) -> bool {
        self.tally.readable == self.packed.len()
    }

    /// The times of a column of which all cells are.
    pub(super) fn into_times(self) -> Vec<i64> {
        self.packed
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
#[derive(Clone, Copy)]
pub(super) struct TimeReader<'a> {
    /// The table, or its head where it is read in parts.
    pub(super) table: &'a Table,
    pub(super) common: &'a Common,
    pub(super) zone: &'a Zone,
    /// What a whole day means unless the table says otherwise.
    pub(super) day: DayMeans,
}

/// What only the whole column can say of how it is to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Decided {
    /// Points in time of which all are midnights are whole days.
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
    pub(super) fn read(&self, column: &str) -> Result<(TimeColumn, Vec<String>)> {
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

    /// Looks at all parts of `column` for what decides how it is read; at no more of them than needed.
    ///
    /// # Errors
    /// [`Error::Schema`] if the column is missing, or has texts whose order of day and month is not decided or that are
    /// numbers without a unit.
    pub(super) fn decide<P: Sync>(
        &self,
        column: &str,
        parts: &[P],
        read: impl Fn(&P) -> Result<Table> + Sync,
    ) -> Result<Decided> {
        let mut decided = Decided::default();
        match self.table.dtype(column)? {
            DataType::Datetime(unit, None) => {
                decided.midnights = self.all_midnights(column, unit, parts, read)?;
            }
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) if self.common.unit.is_none() => {
                let format = match &self.common.time_format {
                    Some(pattern) => TimeFormat::Pattern(pattern.clone()),
                    None => self.detect(column, parts, read, &mut decided.remarks)?,
                };
                decided.format = Some(format);
            }
            _ => {}
        }
        Ok(decided)
    }

    fn all_midnights<P>(
        &self,
        column: &str,
        unit: TimeUnit,
        parts: &[P],
        read: impl Fn(&P) -> Result<Table>,
    ) -> Result<bool> {
        let mut any = false;
        for part in parts {
            let physical = read(part)?.column(column)?.to_physical_repr().into_owned();
            let ticks = physical.i64().map_err(|e| self.bad(column, e.to_string()))?;
            for t in ticks.iter().flatten().filter_map(|t| micros(t, unit)) {
                if t % DAY != 0 {
                    return Ok(false);
                }
                any = true;
            }
        }
        Ok(any)
    }

    fn detect<P: Sync>(
        &self,
        column: &str,
        parts: &[P],
        read: impl Fn(&P) -> Result<Table> + Sync,
        remarks: &mut Vec<String>,
    ) -> Result<TimeFormat> {
        let look = |part: &P| {
            let mut detector = Detector::default();
            let (mut epochs, mut example) = (true, None);
            let look = |text: &str| {
                epochs = epochs && text.len() != 8 && text.parse::<f64>().is_ok();
                example.get_or_insert_with(|| text.to_owned());
                Looks::of(text)
            };
            let texts = Texts::of(&read(part)?, column, &self.common.nulls)?;
            texts.each_read(look, |_, looks| looks.into_iter().for_each(|looks| detector.add(looks)));
            Ok((detector, epochs, example))
        };
        let looks: Vec<(Detector, bool, Option<String>)> = parts.par_iter().map(look).collect::<Result<_>>()?;
        let mut detector = Detector::default();
        looks.iter().for_each(|(d, ..)| detector.merge(*d));
        let epochs = looks.iter().all(|(_, e, _)| *e);
        let example = looks.into_iter().find_map(|(.., e)| e);
        if epochs && example.is_some() {
            return Err(self.bad(column, "numbers as times need unit='s', 'ms', 'us' or 'ns'"));
        }
        match detector.decide() {
            Detected::Format(format) => {
                if format != TimeFormat::Iso {
                    let name = format.name();
                    remarks.push(format!("'{column}' reads as {name}: the values allow no other order"));
                }
                Ok(format)
            }
            Detected::Empty => Ok(TimeFormat::Iso),
            Detected::Ambiguous => {
                let example = example.unwrap_or_default();
                Err(self.bad(
                    column,
                    format!(
                        "'{example}' may be day-month or month-day, and no value decides; say time_format='%d-%m-%Y …' or '%m-%d-%Y …'"
                    ),
                ))
            }
            Detected::Contradictory => {
                Err(self.bad(column, "some values can only be day-month, others only month-day; say time_format="))
            }
        }
    }

    /// Reads `column` of `table`, the whole or a part.
    ///
    /// # Errors
    /// [`Error::Schema`] if the column has a type that is no time, or numbers without a unit.
    pub(super) fn read_part(&self, table: &Table, column: &str, decided: &Decided) -> Result<TimeColumn> {
        let own_zone = self.own_zone()?;
        let zone = own_zone.as_ref().unwrap_or(self.zone);
        let failed = |e: PolarsError| self.bad(column, e.to_string());
        let zones = self.row_zones(table)?;
        let zone_of = |row: usize| zones.as_ref().and_then(|z| z.get(row)).and_then(Option::as_ref).unwrap_or(zone);
        let n = table.rows();
        let dtype = table.dtype(column)?;
        if matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Enum(..)) {
            return self.read_text_column(table, column, decided, &zone_of);
        }
        let series = table.column(column)?;
        Ok(match series.dtype() {
            DataType::Null => TimeColumn::of(std::iter::repeat_n(TimeCell::Null, n), n),
            DataType::Date => {
                let physical = series.to_physical_repr();
                let dates = physical.i32().map_err(failed)?;
                let cells = dates.iter().enumerate().map(|(row, d)| match d {
                    None => TimeCell::Null,
                    Some(d) => self.day_cell(zone_of(row).day_start(i64::from(d)), zone_of(row)),
                });
                TimeColumn::of(cells, n)
            }
            DataType::Datetime(unit, tz) => {
                let physical = series.to_physical_repr();
                let ticks = physical.i64().map_err(failed)?;
                let utc = tz.is_some() || zones.is_none() && zone.is_utc() && !decided.midnights;
                if let (true, TimeUnit::Microseconds, Ok(times)) = (utc, unit, ticks.cont_slice())
                    && times.iter().all(|t| in_range(*t))
                {
                    // As nearly all columns of large tables are.
                    let tally = Tally { readable: n, ..Tally::default() };
                    return Ok(TimeColumn { packed: times.to_vec(), reasons: Vec::new(), tally });
                }
                let cells = ticks.iter().enumerate().map(|(row, t)| match t.map(|t| micros(t, *unit)) {
                    None => TimeCell::Null,
                    Some(None) => TimeCell::Bad("time out of range"),
                    Some(Some(t)) if tz.is_some() => TimeCell::At(t),
                    Some(Some(t)) => match zone_of(row).to_utc(t) {
                        Some(utc) if decided.midnights => self.day_cell(Some(utc), zone_of(row)),
                        Some(utc) => TimeCell::At(utc),
                        None => TimeCell::Bad("time out of range"),
                    },
                });
                TimeColumn::of(cells, n)
            }
            t if t.is_integer() && self.common.time_format.is_some() => {
                let format = self.common.time_format.clone().map_or(TimeFormat::Iso, TimeFormat::Pattern);
                self.read_texts(table, column, &format, &zone_of)?
            }
            t if t.is_integer() || t.is_float() => {
                let unit = self
                    .common
                    .unit
                    .ok_or_else(|| self.bad(column, "numbers as times need unit='s', 'ms', 'us' or 'ns'"))?;
                let cell = |at: Option<i64>| at.map_or(TimeCell::Bad("time out of range"), TimeCell::At);
                if t.is_integer() {
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
                }
            }
            other => return Err(self.bad(column, format!("type {other} is not a time"))),
        })
    }

    /// Remarks on a column whose parts are all read.
    ///
    /// # Errors
    /// [`Error::Schema`] if it has values, and none is a readable time.
    pub(super) fn conclude(&self, column: &str, decided: &Decided, tally: Tally) -> Result<Vec<String>> {
        if let (0, Some(why)) = (tally.readable, tally.reason) {
            let values = tally.unreadable;
            return Err(self.bad(
                column,
                format!("none of its {values} values is a readable time ({why}); say time_format= or unit="),
            ));
        }
        let own_zone = self.own_zone()?;
        let zone = self.zone_label(own_zone.as_ref().unwrap_or(self.zone));
        let mut remarks = decided.remarks.clone();
        let days = match self.table.dtype(column)? {
            DataType::Date => true,
            DataType::Datetime(_, None) => {
                if !decided.midnights {
                    remarks.push(format!("'{column}' has no zone: read as {zone}"));
                }
                decided.midnights
            }
            _ => tally.days > 0 && tally.instants == 0,
        };
        let Tally { days: whole, instants, naive, offsets, .. } = tally;
        if naive > 0 && offsets > 0 {
            remarks.push(format!(
                "'{column}' mixes {offsets} times with an offset and {naive} without; those without read as {zone}"
            ));
        } else if naive > 0 {
            remarks.push(format!("'{column}' has no zone: read as {zone}"));
        }
        if whole > 0 && instants > 0 {
            remarks.push(format!("'{column}' mixes {whole} whole days and {instants} times of day"));
        }
        if days {
            let means = match self.day() {
                DayMeans::End => "last",
                DayMeans::Start => "first",
            };
            remarks.push(format!("'{column}' has whole days: each counts as its {means} microsecond, {zone}"));
        }
        Ok(remarks)
    }

    fn read_text_column<'z>(
        &self,
        table: &Table,
        column: &str,
        decided: &Decided,
        zone_of: &impl Fn(usize) -> &'z Zone,
    ) -> Result<TimeColumn> {
        let Some(unit) = self.common.unit else {
            return self.read_texts(table, column, decided.format.as_ref().unwrap_or(&TimeFormat::Iso), zone_of);
        };
        // Epoch numbers in a table of texts.
        let mut cells = Vec::with_capacity(table.rows());
        let read = |text: &str| match text.parse::<f64>().ok().and_then(|x| unit.float_to_micros(x)) {
            Some(at) => TimeCell::At(at),
            None => TimeCell::Bad("not an epoch number"),
        };
        let texts = Texts::of(table, column, &self.common.nulls)?;
        texts.each_read(read, |_, cell| cells.push(cell.unwrap_or(TimeCell::Null)));
        Ok(TimeColumn::of(cells.into_iter(), table.rows()))
    }

    fn read_texts<'z>(
        &self,
        table: &Table,
        column: &str,
        format: &TimeFormat,
        zone_of: &impl Fn(usize) -> &'z Zone,
    ) -> Result<TimeColumn> {
        let texts = Texts::of(table, column, &self.common.nulls)?;
        let mut cells: Vec<TimeCell> = Vec::with_capacity(table.rows());
        let mut tally = Tally::default();
        let mut add = |row: usize, read: Option<std::result::Result<Instant, &'static str>>| {
            cells.push(match read {
                None => TimeCell::Null,
                Some(Err(why)) => TimeCell::Bad(why),
                Some(Ok(Instant { micros, resolution: Resolution::Day, .. })) => {
                    tally.days += 1;
                    self.day_cell(Some(micros), zone_of(row))
                }
                Some(Ok(Instant { micros, offset, .. })) => {
                    tally.instants += 1;
                    *if offset { &mut tally.offsets } else { &mut tally.naive } += 1;
                    TimeCell::At(micros)
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

    /// The zone that the table says itself.
    fn own_zone(&self) -> Result<Option<Zone>> {
        self.common.timezone.as_ref().map(|name| Zone::new(name)).transpose()
    }

    fn zone_label(&self, zone: &Zone) -> String {
        match &self.common.timezone_column {
            Some(column) => format!("in the zone of column '{column}'"),
            None => zone.name().to_owned(),
        }
    }

    fn row_zones(&self, table: &Table) -> Result<Option<Vec<Option<Zone>>>> {
        let Some(column) = &self.common.timezone_column else { return Ok(None) };
        let mut known: std::collections::HashMap<String, Zone> = std::collections::HashMap::new();
        let mut zones = Vec::new();
        for name in Texts::of(table, column, &self.common.nulls)?.collect() {
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

/// Ticks as microseconds.
fn micros(ticks: i64, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Nanoseconds => Some(ticks.div_euclid(1_000)),
        TimeUnit::Microseconds => Some(ticks),
        TimeUnit::Milliseconds => ticks.checked_mul(1_000),
    }
}
