//! A table of (lead, cutoff).

use crate::config::{CutoffsSpec, DayMeans, within};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::columns::text::{INEXACT_ID, TextColumn};
use crate::frames::columns::time::{TimeCell, TimeReader};
use crate::frames::files::catalog::Tables;
use crate::journeys::Journeys;

/// Reads pairs of lead and cutoff; every row that counts must name a known lead and a time. Naive times are read in the
/// zone that the table says, else in that of the journeys.
///
/// # Errors
/// [`Error::Schema`] with the number of rows that do not.
pub fn cutoff_table(tables: &mut Tables, spec: &CutoffsSpec, journeys: &Journeys) -> Result<Vec<(u32, i64)>> {
    read(tables, spec, journeys).map_err(|e| within::<CutoffsSpec>(e, "cutoffs"))
}

fn read(tables: &mut Tables, spec: &CutoffsSpec, journeys: &Journeys) -> Result<Vec<(u32, i64)>> {
    spec.expect(tables)?;
    let table = tables.get(&spec.table)?;
    tables.unchanged()?;
    let missing = table.check(spec.columns());
    if !missing.is_empty() {
        return Err(Error::Schema { violations: missing });
    }
    let reader = TimeReader { table: &table, common: &spec.common, zone: &journeys.timezone, day: DayMeans::Start };
    let (times, _) = reader.read(&spec.at)?;
    let keep = crate::frames::columns::where_clause::keep(&table, &spec.common, &journeys.timezone)?;
    let (mut pairs, mut unknown, mut timeless, mut inexact, mut example) = (Vec::new(), 0usize, 0usize, 0usize, None);
    let ids = TextColumn::ids(&table, &spec.lead, &spec.common.nulls)?;
    ids.each(|row, text| {
        if keep.get(row) != Some(&true) {
            return;
        }
        match (text.and_then(|t| journeys.leads.find(t)), times.cell(row)) {
            (Some(lead), TimeCell::At(t)) => pairs.push((lead, t)),
            (Some(_), _) => timeless += 1,
            (None, _) if text.is_none() && ids.no_id(row, "") == INEXACT_ID => inexact += 1,
            (None, _) => {
                unknown += 1;
                example.get_or_insert_with(|| text.unwrap_or("null").to_owned());
            }
        }
    });
    if inexact > 0 {
        return Err(Error::schema(
            &table.name,
            Some(&spec.lead),
            format!("{}: {INEXACT_ID}", counted(inexact, "row", "rows")),
        ));
    }
    if let Some(example) = example {
        return Err(Error::schema(
            &table.name,
            Some(&spec.lead),
            format!(
                "{} a lead that is not in the journeys (first: '{example}')",
                counted(unknown, "row names", "rows name")
            ),
        ));
    }
    if timeless > 0 {
        return Err(Error::schema(
            &table.name,
            Some(&spec.at),
            counted(timeless, "row has a missing or unreadable time", "rows have a missing or unreadable time"),
        ));
    }
    Ok(pairs)
}
