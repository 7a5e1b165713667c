//! Tables of spend.

use serde::{Deserialize, Serialize};

use crate::analyses::attribution::{Spend, SpendRow};
use crate::config::{Attribute, Common, DayMeans, Reading, Renames, place_of, within};
use crate::counted::counted;
use crate::error::{Error, Result, Violation};
use crate::frames::columns::text::{TextColumn, numbers};
use crate::frames::columns::time::{TimeCell, TimeColumn, TimeReader};
use crate::frames::files::Wanted;
use crate::frames::files::catalog::Tables;
use crate::frames::files::table::Table;
use crate::journeys::Journeys;
use crate::time::{Period, TimeUnit};

/// How a table of spend is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendSpec {
    /// The table.
    pub table: String,
    /// Column of the day, or the first day of the time, that the amount is for; a month (`2024-08`) or a quarter
    /// (`2024-Q3`) is all of its days.
    pub at: String,
    /// Column of the amount.
    pub amount: String,
    /// What amounts are multiplied with: 1e-6 for micros.
    #[serde(default = "one")]
    pub scale: f64,
    /// Column of the end of that time (exclusive): the amount is spread evenly over its days.
    #[serde(default)]
    pub until: Option<String>,
    /// Zone of times without an offset; the zone of the journeys by default.
    #[serde(default)]
    pub timezone: Option<String>,
    /// strptime pattern of texts that are times; one without a day is of months, one of the year alone of years.
    #[serde(default)]
    pub time_format: Option<String>,
    /// Unit of numbers that are times.
    #[serde(default)]
    pub unit: Option<TimeUnit>,
    /// Column of the channel, or of another key of credit; or one channel for all rows.
    #[serde(default)]
    pub channel: Option<Attribute>,
    /// Likewise of the campaign.
    #[serde(default)]
    pub campaign: Option<Attribute>,
    /// Names of channels and campaigns in the table → names of events.
    #[serde(default)]
    pub names: Renames,
    /// How its texts are read.
    #[serde(flatten)]
    pub reading: Reading,
    /// Period by which spend is joined.
    #[serde(default = "month")]
    pub period: Period,
}

impl Default for SpendSpec {
    fn default() -> Self {
        Self {
            table: String::new(),
            at: String::new(),
            amount: String::new(),
            scale: one(),
            until: None,
            timezone: None,
            time_format: None,
            unit: None,
            channel: None,
            campaign: None,
            names: Renames::default(),
            reading: Reading::default(),
            period: month(),
        }
    }
}

/// Registers with `tables` the columns that tables of spend use, and how their files are read.
///
/// # Errors
/// [`Error::InvalidOption`] if an option of reading is wrong.
pub fn expect_spend(specs: &[SpendSpec], tables: &mut Tables) -> Result<()> {
    let mut each = specs.iter().enumerate();
    each.try_for_each(|(i, spec)| spec.expect(tables, &place_of("spend", i, specs.len())))
}

impl SpendSpec {
    fn expect(&self, tables: &mut Tables, place: &str) -> Result<()> {
        let attributes = [&self.channel, &self.campaign].into_iter().flatten().filter_map(Attribute::column);
        let named = [&self.at, &self.amount].into_iter().chain(&self.until).chain(attributes);
        tables.expect(&self.table, Wanted::named(named), &self.reading, place)
    }
}

fn month() -> Period {
    Period::Month
}

fn one() -> f64 {
    1.0
}

/// Reads spend on `by`: `campaign`, or `channel`, whose column has the values of any other property, too.
///
/// # Errors
/// [`Error::Schema`] for missing columns and rows without a time, [`Error::InvalidOption`] if a table has no column for
/// `by`, or tables have different periods.
pub fn read_spend(tables: &mut Tables, specs: &[SpendSpec], by: &str, journeys: &Journeys) -> Result<Spend> {
    let Some(first) = specs.first() else { return Err(Error::option("spend", "at least one table is required")) };
    let mut spend = Spend { rows: Vec::new(), period: first.period, remarks: Vec::new() };
    expect_spend(specs, tables)?;
    for (i, spec) in specs.iter().enumerate() {
        if spec.period != first.period {
            return Err(Error::option("spend", "tables have different periods; set the same period= for all"));
        }
        let read = read_table(tables, spec, by, journeys, &mut spend);
        read.map_err(|e| within::<SpendSpec>(e, &place_of("spend", i, specs.len())))?;
    }
    Ok(spend)
}

fn read_table(tables: &mut Tables, spec: &SpendSpec, by: &str, journeys: &Journeys, spend: &mut Spend) -> Result<()> {
    let table = tables.get(&spec.table)?;
    tables.unchanged()?;
    let (option, given) =
        if by == "campaign" { ("campaign", spec.campaign.as_ref()) } else { ("channel", spec.channel.as_ref()) };
    let Some(given) = given else {
        let problem = format!("credit is by {by}; set {option}= to the column of the spend table that holds it");
        return Err(Error::option("spend", problem));
    };
    if !spec.scale.is_finite() || spec.scale <= 0.0 {
        return Err(Error::option("scale", format!("must be a finite number above 0, not {}", spec.scale)));
    }
    let violations = table.check([&spec.at, &spec.amount].into_iter().chain(given.column()).chain(&spec.until));
    if !violations.is_empty() {
        return Err(Error::Schema { violations });
    }
    let days = read_days(&table, spec, journeys)?;
    let common = Common { reading: spec.reading.clone(), ..Common::default() };
    let (amounts, unreadable) = numbers(&table, &spec.amount, &common)?;
    if unreadable.rows > 0 {
        return Err(Error::schema(&table.name, Some(&spec.amount), unreadable.to_string()));
    }
    let names: Vec<Option<String>> = match given {
        Attribute::Column(column) => TextColumn::of(&table, column, &[])?.collect(),
        Attribute::Literal { literal } => vec![Some(literal.clone()); table.rows()],
        Attribute::Lookup(_) => {
            return Err(Error::option(option, "lookups are not supported here; give a column or a literal"));
        }
    };
    let (mut timeless, mut without_amount, mut backwards) = (0usize, 0usize, 0usize);
    for (row, (amount, channel)) in amounts.iter().zip(names).enumerate() {
        let Some((from, until)) = days.get(row).copied().flatten() else {
            timeless += 1;
            continue;
        };
        if until <= from {
            backwards += 1;
            continue;
        }
        if amount.is_nan() {
            without_amount += 1;
            continue;
        }
        let channel = channel.map(|name| spec.names.name(option, &name).unwrap_or(&name).to_owned());
        spend.rows.push(SpendRow { from, until, channel, amount: amount * spec.scale });
    }
    let faults = [
        (timeless, &spec.at, "row has a missing or unreadable time", "rows have a missing or unreadable time"),
        (
            backwards,
            spec.until.as_ref().unwrap_or(&spec.at),
            "row has a missing or unreadable end, or ends before it starts",
            "rows have a missing or unreadable end, or end before they start",
        ),
    ];
    let violations: Vec<Violation> = faults
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, column, one, more)| Violation {
            table: table.name.clone(),
            column: Some(column.clone()),
            problem: counted(n, one, more),
        })
        .collect();
    if !violations.is_empty() {
        return Err(Error::Schema { violations });
    }
    if without_amount > 0 {
        let (table, column) = (&table.name, &spec.amount);
        let (rows, are) =
            (counted(without_amount, "row has", "rows have"), if without_amount == 1 { "is" } else { "are" });
        spend.remarks.push(format!("spend table '{table}': {rows} a missing '{column}' and {are} left out"));
    }
    Ok(())
}

/// First day, and the day after the last, of each row; [`None`] if the time is missing.
type SpendDays = Vec<Option<(i64, i64)>>;

fn read_days(table: &Table, spec: &SpendSpec, journeys: &Journeys) -> Result<SpendDays> {
    if let Some(periods) = whole_periods(table, spec)? {
        return Ok(periods);
    }
    let common = Common {
        timezone: spec.timezone.clone(),
        time_format: spec.time_format.clone(),
        unit: spec.unit,
        ..Common::default()
    };
    let reader = TimeReader { table, common: &common, zone: &journeys.timezone, day: DayMeans::Start };
    let zone = &journeys.calendar_zone;
    let (at, _) = reader.read(&spec.at)?;
    let until = spec.until.as_ref().map(|u| reader.read(u)).transpose()?.map(|(times, _)| times);
    let days = |row: usize| {
        let TimeCell::At(start) = at.cell(row) else { return None };
        // A day is the one that the table has, whichever zone it is in.
        let date = |times: &TimeColumn, at: i64| times.days.dates.get(&at).copied().filter(|_| times.days.is_day(row));
        let first = date(&at, start).unwrap_or_else(|| zone.day(start));
        let end = match until.as_ref().map(|u| (u, u.cell(row))) {
            None | Some((_, TimeCell::Null)) => first + 1,
            // A time within a day counts the day.
            Some((until, TimeCell::At(end))) => date(until, end).unwrap_or_else(|| zone.day(end - 1) + 1),
            Some((_, TimeCell::Bad(_))) => first,
        };
        Some((first, end))
    };
    Ok((0..table.rows()).map(days).collect())
}

/// The days of cells that are months or quarters, or years if the format says so, if all of a column are.
fn whole_periods(table: &Table, spec: &SpendSpec) -> Result<Option<SpendDays>> {
    use polars::prelude::DataType as D;
    let dtype = table.dtype(&spec.at)?;
    if !(dtype.is_integer() || matches!(dtype, D::String | D::Categorical(..) | D::Enum(..))) || spec.unit.is_some() {
        return Ok(None);
    }
    let period_of = |text: &str| match &spec.time_format {
        Some(pattern) => stated_period(text, pattern),
        None => period_of(text),
    };
    let mut days = Vec::with_capacity(table.rows());
    let (mut known, mut others) = (0usize, 0usize);
    TextColumn::as_written(table, &spec.at, &[])?.each(|_, text| {
        let period = text.map(str::trim).and_then(period_of);
        known += usize::from(period.is_some());
        others += usize::from(text.is_some() && period.is_none());
        days.push(period);
    });
    if known == 0 {
        return Ok(None);
    }
    let problem = if others > 0 {
        let known = counted(known, "row covers a whole month or quarter", "rows cover whole months or quarters");
        format!("{known} and {}; split the table in two", counted(others, "does not", "do not"))
    } else if spec.until.is_some() {
        "rows of whole months or quarters need no end; leave until= out".to_owned()
    } else {
        return Ok(Some(days));
    };
    Err(Error::schema(&table.name, Some(&spec.at), problem))
}

/// First day, and the day after the last, of a text in a format that says no day.
fn stated_period(text: &str, pattern: &str) -> Option<(i64, i64)> {
    let read = jiff::fmt::strtime::parse(pattern, text).ok()?;
    if read.to_date().is_ok() || read.to_timestamp().is_ok() {
        return None;
    }
    let period = if read.month().is_some() { Period::Month } else { Period::Year };
    let first = Period::first_day(read.year()?, read.month().unwrap_or(1))?;
    Some((first, period.next_day(first)))
}

/// First day, and the day after the last, of `2024-08`, `2024/08`, `08/2024`, `202408` or `2024-Q3`.
fn period_of(text: &str) -> Option<(i64, i64)> {
    let digits = |t: &str, n: usize| (t.len() == n && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse().ok())?;
    let year_first = |year: &str, rest: &str| -> Option<(i16, i8, Period)> {
        let year = digits(year, 4)?;
        if let Some(quarter) = rest.strip_prefix(['Q', 'q']) {
            let quarter = digits(quarter, 1).filter(|q| (1..=4).contains(q))?;
            return Some((year, (3 * quarter - 2) as i8, Period::Quarter));
        }
        Some((year, digits(rest, 2)? as i8, Period::Month))
    };
    let (year, month, period) = match text.split_once(['-', '/']) {
        Some((year, rest)) => year_first(year, rest).or_else(|| year_first(rest, year))?,
        None => year_first(text.get(..4)?, text.get(4..)?)?,
    };
    let first = Period::first_day(year, month)?;
    Some((first, period.next_day(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_without_a_day_are_of_months_or_years() {
        let days = |text, pattern| stated_period(text, pattern).map(|(from, until)| (from, until - from));
        let august = period_of("2024-08").map(|(from, until)| (from, until - from));
        for (text, pattern) in
            [("2024-08", "%Y-%m"), ("Aug 2024", "%b %Y"), ("8/24", "%m/%y"), ("August 2024", "%B %Y")]
        {
            assert_eq!(days(text, pattern), august, "{text}");
        }
        assert_eq!(days("2024", "%Y"), Some((19_723, 366)));
        for (text, pattern) in [("2024-08-01", "%Y-%m-%d"), ("1722470400", "%s"), ("08", "%m"), ("2024-13", "%Y-%m")] {
            assert_eq!(days(text, pattern), None, "{text}");
        }
    }

    #[test]
    fn months_and_quarters_are_all_of_their_days() {
        let days = |text| period_of(text).map(|(from, until)| (from, until - from));
        let august = days("2024-08");
        assert_eq!(august, Some((19_936, 31)));
        for text in ["2024/08", "08/2024", "202408", "08-2024"] {
            assert_eq!(days(text), august, "{text}");
        }
        assert_eq!(days("2024-Q3"), Some((19_905, 92)));
        assert_eq!(days("2024-02"), Some((19_754, 29)));
        for text in ["2024-13", "2024-00", "2024", "2024-08-01", "08", "2024-Q5", "", "éé24-08", "20240801"] {
            assert_eq!(days(text), None, "{text}");
        }
    }
}
