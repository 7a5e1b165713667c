//! A table of spend.

use serde::{Deserialize, Serialize};

use super::cells::{Texts, numbers};
use super::config::{Common, DayMeans};
use super::table::Tables;
use super::times::{TimeCell, TimeReader};
use crate::attribution::{Spend, SpendRow};
use crate::error::{Error, Result};
use crate::time::{Period, Zone};

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
    /// Column of the channel.
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

/// Reads spend on `by`: `channel`, or `campaign`.
///
/// # Errors
/// [`Error::Schema`] for missing columns and rows without a time or an amount, [`Error::InvalidOption`] if the table has no
/// column for `by`.
pub fn read_spend(tables: &mut Tables, spec: &SpendSpec, by: &str, zone: &Zone) -> Result<Spend> {
    let table = tables.get(&spec.table)?;
    let column = match by {
        "channel" => spec.channel.as_ref(),
        "campaign" => spec.campaign.as_ref(),
        _ => None,
    };
    let Some(column) = column else {
        return Err(Error::option(
            "spend",
            format!("credit is by {by}; name the column of spend that holds it ({by}=)"),
        ));
    };
    let violations = table.check([&spec.at, &spec.amount, column].into_iter().chain(&spec.until));
    if !violations.is_empty() {
        return Err(Error::Schema { violations });
    }
    let common = Common::default();
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
    let mut bad = 0usize;
    for (row, (amount, channel)) in amounts.iter().zip(names).enumerate() {
        let (TimeCell::At(start), false) = (at.cell(row), amount.is_nan()) else {
            bad += 1;
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
            bad += 1;
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
    if bad > 0 {
        let problem = format!("{bad} rows have no readable time, no amount, or end before they start");
        return Err(Error::schema(&table.name, Some(&spec.at), problem));
    }
    Ok(Spend { rows, period: spec.period })
}
