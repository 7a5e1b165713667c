//! A table of (lead, cutoff).

use super::cells::Texts;
use super::config::{Common, DayMeans};
use super::table::Table;
use super::times::{TimeCell, TimeReader};
use crate::error::{Error, Result};
use crate::journeys::{Journeys, canonical_id};
use crate::time::Zone;

/// Reads pairs of lead and cutoff; every row must name a known lead and a time. Times without an offset are those of
/// `zone`.
///
/// # Errors
/// [`Error::Schema`] with the number of rows that do not.
pub fn cutoff_table(
    table: &Table,
    lead: &str,
    cutoff: &str,
    zone: &Zone,
    journeys: &Journeys,
) -> Result<Vec<(u32, i64)>> {
    let missing = table.check([&lead.to_owned(), &cutoff.to_owned()]);
    if !missing.is_empty() {
        return Err(Error::Schema { violations: missing });
    }
    let common = Common::default();
    let reader = TimeReader { table, common: &common, zone, day: DayMeans::Start };
    let (times, _) = reader.read(cutoff)?;
    let (mut pairs, mut unknown, mut timeless, mut example) = (Vec::new(), 0usize, 0usize, None);
    Texts::of(table, lead, &[])?.each(|row, text| {
        match (text.and_then(|t| journeys.leads.find(canonical_id(t))), times.cell(row)) {
            (Some(lead), TimeCell::At(t)) => pairs.push((lead, t)),
            (Some(_), _) => timeless += 1,
            (None, _) => {
                unknown += 1;
                example.get_or_insert_with(|| text.unwrap_or("null").to_owned());
            }
        }
    });
    if let Some(example) = example {
        return Err(Error::schema(
            &table.name,
            Some(lead),
            format!("{unknown} rows name no known lead (first: '{example}')"),
        ));
    }
    if timeless > 0 {
        return Err(Error::schema(&table.name, Some(cutoff), format!("{timeless} rows have no readable time")));
    }
    Ok(pairs)
}
