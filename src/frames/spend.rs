//! A table of spend.

use serde::{Deserialize, Serialize};

use super::cells::{Texts, numbers};
use super::config::{Common, DayMeans};
use super::table::Tables;
use super::times::{TimeCell, TimeReader};
use crate::attribution::{Spend, SpendRow};
use crate::error::{Error, Result, Violation};
use crate::time::{Period, TimeUnit, Zone};

/// How a table of spend is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpendSpec {
    /// The table.
    pub table: String,
    /// Column of the day, or the first day of the time, that the amount is for.
    pub at: String,
    /// Column of the amount.
    pub amount: String,
    /// Column of the end of that time (exclusive): the amount is spread evenly over its days.
    #[serde(default)]
    pub until: Option<String>,
    /// strptime pattern of texts that are times.
    #[serde(default)]
    pub time_format: Option<String>,
    /// Unit of numbers that are times.
    #[serde(default)]
    pub unit: Option<TimeUnit>,
    /// Column of the channel, or of whatever else gets the credit.
    #[serde(default)]
    pub channel: Option<String>,
    /// Column of the campaign.
    #[serde(default)]
    pub campaign: Option<String>,
    /// Period by which spend is joined.
    #[serde(default = "month")]
    pub period: Period,
}

fn month() -> Period {
    Period::Month
}

/// Reads spend on `by`: `campaign`, or `channel`, whose column has the values of any other property, too.
///
/// # Errors
/// [`Error::Schema`] for missing columns and rows without a time or an amount, [`Error::InvalidOption`] if the table has no
/// column for `by`.
pub fn read_spend(tables: &mut Tables, spec: &SpendSpec, by: &str, zone: &Zone) -> Result<Spend> {
    let table = tables.get(&spec.table)?;
    let (option, column) =
        if by == "campaign" { ("campaign", spec.campaign.as_ref()) } else { ("channel", spec.channel.as_ref()) };
    let Some(column) = column else {
        let problem = format!("credit is by {by}; name the column of spend that holds it ({option}=)");
        return Err(Error::option("spend", problem));
    };
    let violations = table.check([&spec.at, &spec.amount, column].into_iter().chain(&spec.until));
    if !violations.is_empty() {
        return Err(Error::Schema { violations });
    }
    let common = Common { time_format: spec.time_format.clone(), unit: spec.unit, ..Common::default() };
    let reader = TimeReader { table: &table, common: &common, zone, day: DayMeans::Start };
    let (at, _) = reader.read(&spec.at)?;
    let until = spec.until.as_ref().map(|u| reader.read(u)).transpose()?.map(|(times, _)| times);
    let (amounts, unreadable) = numbers(&table, &spec.amount, &[])?;
    if unreadable > 0 {
        return Err(Error::schema(
            &table.name,
            Some(&spec.amount),
            format!("{unreadable} rows are not finite numbers"),
        ));
    }
    let names = Texts::of(&table, column, &[])?.collect();
    let mut rows = Vec::with_capacity(table.rows());
    let (mut timeless, mut without_amount, mut backwards) = (0usize, 0usize, 0usize);
    for (row, (amount, channel)) in amounts.iter().zip(names).enumerate() {
        without_amount += usize::from(amount.is_nan());
        let TimeCell::At(start) = at.cell(row) else {
            timeless += 1;
            continue;
        };
        let first = zone.day(start);
        let end = match until.as_ref().map(|u| u.cell(row)) {
            None | Some(TimeCell::Null) => first + 1,
            // A time within a day counts the day.
            Some(TimeCell::At(end)) => zone.day(end - 1) + 1,
            Some(TimeCell::Bad(_)) => first,
        };
        if end <= first {
            backwards += 1;
            continue;
        }
        // Whole periods at once, so that a year of spend is twelve rows.
        let mut day = first;
        while day < end {
            let start_day = zone.day_start(day).map_or(day, |t| spec.period.start_day(zone, t));
            let next = spec.period.next_day(start_day).min(end);
            let share = (next - day) as f64 / (end - first) as f64;
            rows.push(SpendRow { day: start_day, channel: channel.clone(), amount: amount * share });
            day = next;
        }
    }
    let faults = [
        (timeless, &spec.at, "have no readable time"),
        (without_amount, &spec.amount, "have no amount"),
        (backwards, spec.until.as_ref().unwrap_or(&spec.at), "have no readable end, or end before they start"),
    ];
    let violations: Vec<Violation> = faults
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, column, what)| Violation {
            table: table.name.clone(),
            column: Some(column.clone()),
            problem: format!("{n} rows {what}"),
        })
        .collect();
    if !violations.is_empty() {
        return Err(Error::Schema { violations });
    }
    Ok(Spend { rows, period: spec.period })
}
