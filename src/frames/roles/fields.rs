//! Fields that change over time.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataType;

use super::chosen::chosen;
use super::lookup::{LeadFinder, Resolver};
use crate::config::{DayMeans, FieldsSpec};
use crate::error::{Error, Result, nearest};
use crate::frames::columns::field::{FieldReader, NumberCells, category};
use crate::frames::columns::order::order_ranks;
use crate::frames::columns::text::TextColumn;
use crate::frames::columns::time::{TimeCell, TimeReader};
use crate::frames::columns::where_clause;
use crate::frames::files::catalog::Tables;
use crate::frames::files::table::Table;
use crate::journeys::{FieldHistory, Leads, TableCheck};
use crate::schema::{Column, NONE};
use crate::time::{NO_TIME, Zone};

/// Rows of one history before they are sorted: lead, from, to, row of the table.
type HistoryRow = (u32, i64, i64, u32);
/// A field's name, rows and values.
type FieldEntries = (String, Vec<HistoryRow>, Column);

/// Reads a table of fields that change over time.
pub(in crate::frames) fn read_history(
    spec: &FieldsSpec,
    leads: &Leads,
    tables: &mut Tables,
    zone: &Zone,
) -> Result<(Vec<FieldHistory>, TableCheck)> {
    let table = tables.get(&spec.table)?;
    let mut audit = TableCheck::new(&table.name, "fields", table.rows());
    audit.remarks.extend(table.remarks.iter().cloned());
    if spec.name.is_some() != spec.value.is_some() {
        return Err(Error::schema(&table.name, None, "a table of fields in long form needs both name= and value="));
    }
    let keep = where_clause::keep(&table, &spec.common, zone)?;
    let finder = LeadFinder::new(&spec.lead, &spec.cells, spec.common.normalize, leads, tables, zone)?;
    audit.remarks.extend(finder.remarks());
    let mut resolver = finder.rows_of(&table, &spec.common)?;
    let times = TimeReader { table: &table, common: &spec.common, zone, day: DayMeans::Start };
    let names =
        spec.name.as_ref().map(|c| TextColumn::of(&table, c, &spec.common.nulls).map(|t| t.collect())).transpose()?;
    let mut entries = entries(spec, &times, (names.as_deref(), &keep), &mut resolver, &mut audit)?;
    // Later rows of one instant win: the sort is by order and row last, and the last known row is used.
    let orders = spec.common.order.as_ref().map(|c| order_ranks(&times, c)).transpose()?;
    let order = |row: u32| orders.as_ref().and_then(|o| o.get(row as usize).copied()).unwrap_or(0);
    entries.sort_unstable_by_key(|e| (e.0, e.1, order(e.3), e.3));
    let reader = FieldReader { table: &table, common: &spec.common, zone, categories: &spec.categories, asked: false };
    let fields = match (&names, &spec.value) {
        (Some(names), Some(value)) => long_form(spec, &reader, (names, value), &entries, &mut audit)?,
        _ => wide_form(spec, &reader, &entries, &mut audit)?,
    };
    let mut tied = BTreeSet::new();
    let history = |(name, entries, values): FieldEntries| {
        let (entries, values) = by_value(&entries, &values, order, &mut tied);
        history(&name, &entries, values, leads.len())
    };
    let histories = fields.into_iter().map(history).collect();
    audit.note(
        "same lead and time as another row with another value, not decided by order=; the largest value counts",
        tied.len(),
    );
    Ok((histories, audit))
}

/// The usable rows; the others are counted with their reasons.
fn entries(
    spec: &FieldsSpec,
    times: &TimeReader<'_>,
    (names, keep): (Option<&[Option<String>]>, &[bool]),
    resolver: &mut Resolver<'_>,
    audit: &mut TableCheck,
) -> Result<Vec<HistoryRow>> {
    let nameless = |row: usize| names.is_some_and(|n| n.get(row).is_none_or(Option::is_none));
    let (from, remarks) = times.read(&spec.valid_from)?;
    let to = spec.valid_to.as_ref().map(|c| times.read(c)).transpose()?.map(|(column, _)| column);
    audit.remarks.extend(remarks);
    let mut found = Vec::new();
    let mut entries: Vec<HistoryRow> = Vec::new();
    for (row, (cell, keep)) in from.cells().zip(keep).enumerate() {
        if !keep {
            audit.filtered += 1;
            continue;
        }
        if nameless(row) {
            audit.quarantine("null field name", row, String::new);
            continue;
        }
        let from = match cell {
            TimeCell::At(t) => t,
            TimeCell::Null => {
                audit.quarantine("null valid_from", row, String::new);
                continue;
            }
            TimeCell::Bad(why) => {
                audit.quarantine(&format!("unparsable valid_from: {why}"), row, String::new);
                continue;
            }
        };
        let to = match to.as_ref().map(|t| t.cell(row)) {
            Some(TimeCell::At(t)) => t,
            Some(TimeCell::Bad(why)) => {
                audit.quarantine(&format!("unparsable valid_to: {why}"), row, String::new);
                continue;
            }
            _ => NO_TIME,
        };
        if let Some(why) = resolver.resolve(row, from, &mut found) {
            audit.quarantine(why, row, || resolver.key(row));
            continue;
        }
        audit.used += 1;
        audit.saw(from);
        entries.extend(found.iter().map(|lead| (*lead, from, to, row as u32)));
    }
    resolver.report(audit);
    Ok(entries)
}

/// The fields of a table with a column of names and one of values. Fields of all types share the column: each is what its
/// own values are.
fn long_form(
    spec: &FieldsSpec,
    reader: &FieldReader<'_>,
    (names, value): (&[Option<String>], &str),
    entries: &[HistoryRow],
    audit: &mut TableCheck,
) -> Result<Vec<FieldEntries>> {
    let all: BTreeSet<&str> = names.iter().flatten().map(String::as_str).collect();
    let wanted = wanted(spec, reader.table, &all.iter().copied().collect::<Vec<_>>())?;
    let mut by_name: BTreeMap<&str, Vec<HistoryRow>> = BTreeMap::new();
    let mut unused = 0;
    for e in entries {
        match names.get(e.3 as usize) {
            Some(Some(name)) if wanted.contains(name.as_str()) => by_name.entry(name).or_default().push(*e),
            _ => unused += 1,
        }
    }
    check_categories(spec, reader.table, all.iter().copied())?;
    let column = match reader.table.dtype(value)? {
        DataType::Date | DataType::Datetime(..) => reader.column(value, audit)?,
        _ => category(&reader.texts(value)?),
    };
    let numbers = match &column {
        Column::Category { levels, .. } => reader.numbers_of(value, levels)?,
        _ => NumberCells::default(),
    };
    audit.note("rows of fields that are not used", unused);
    let mut field = |(name, entries): (&str, Vec<HistoryRow>)| {
        let rows: Vec<u32> = entries.iter().map(|e| e.3).collect();
        let values = reader.of_shared(name, &column, &numbers, &rows, audit);
        (name.to_owned(), entries, values)
    };
    Ok(by_name.into_iter().map(&mut field).collect())
}

/// The fields of a table with a column for each.
fn wide_form(
    spec: &FieldsSpec,
    reader: &FieldReader<'_>,
    entries: &[HistoryRow],
    audit: &mut TableCheck,
) -> Result<Vec<FieldEntries>> {
    let used: Vec<&String> = spec.columns().collect();
    let names = reader.table.field_names();
    let free: Vec<&str> = names.iter().filter(|n| !used.contains(n)).map(String::as_str).collect();
    check_categories(spec, reader.table, free.iter().copied())?;
    let wanted = wanted(spec, reader.table, &free)?;
    let rows: Vec<u32> = entries.iter().map(|e| e.3).collect();
    let fields = names.iter().filter(|n| wanted.contains(n.as_str()));
    fields.map(|name| Ok((name.clone(), entries.to_vec(), reader.column(name, audit)?.take(&rows)))).collect()
}

/// Sorts entries of one lead, time and place in the order by their values: the largest is known last, in any order of rows;
/// a missing value is the smallest. Rows that differ from the one before are added to `tied`.
fn by_value(
    entries: &[HistoryRow],
    values: &Column,
    order: impl Fn(u32) -> u32,
    tied: &mut BTreeSet<u32>,
) -> (Vec<HistoryRow>, Column) {
    let key = |e: &HistoryRow| (e.0, e.1, order(e.3));
    let compare = |a: u32, b: u32| {
        let (a, b) = (a as usize, b as usize);
        match values {
            Column::Number(cells) => match (cells.get(a), cells.get(b)) {
                (Some(a), Some(b)) => (!a.is_nan()).cmp(&!b.is_nan()).then(a.partial_cmp(b).unwrap_or(Ordering::Equal)),
                _ => Ordering::Equal,
            },
            Column::Time(cells) => cells.get(a).cmp(&cells.get(b)),
            Column::Category { codes, levels } => {
                let level =
                    |i: usize| codes.get(i).filter(|code| **code != NONE).map(|code| levels.get(*code as usize));
                level(a).cmp(&level(b))
            }
        }
    };
    let mut places: Vec<u32> = (0..entries.len() as u32).collect();
    let entry = |place: u32| entries.get(place as usize).copied().unwrap_or_default();
    for same in places.chunk_by_mut(|a, b| key(&entry(*a)) == key(&entry(*b))).filter(|same| same.len() > 1) {
        // The end of what is valid decides between equal values.
        same.sort_by(|a, b| compare(*a, *b).then(entry(*a).2.cmp(&entry(*b).2)));
        let pairs = same.iter().zip(same.iter().skip(1));
        tied.extend(pairs.filter(|(a, b)| compare(**a, **b).is_ne()).map(|(_, b)| entry(*b).3));
    }
    let sorted = places.iter().map(|place| entry(*place)).collect();
    (sorted, values.take(&places))
}

/// The fields to read, out of all fields of the table.
fn wanted<'a>(spec: &FieldsSpec, table: &Table, all: &[&'a str]) -> Result<BTreeSet<&'a str>> {
    let chosen = |option: &str, entries: &[String]| chosen((&table.name, spec.name.as_deref()), option, entries, all);
    let ignored = chosen("ignore", &spec.ignore)?;
    let fields = match &spec.fields {
        Some(fields) => chosen("fields", fields)?,
        None => all.iter().copied().collect(),
    };
    Ok(fields.difference(&ignored).copied().collect())
}

/// Refuses a category that is not a field of the table.
fn check_categories<'n>(spec: &FieldsSpec, table: &Table, fields: impl Iterator<Item = &'n str> + Clone) -> Result<()> {
    match spec.categories.iter().find(|c| !fields.clone().any(|name| name == *c)) {
        Some(unknown) => {
            let near = nearest(unknown, fields).map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
            let problem = format!("categories= contains '{unknown}', which is not a field of this table{near}");
            Err(Error::schema(&table.name, spec.name.as_deref(), problem))
        }
        None => Ok(()),
    }
}

fn history(name: &str, entries: &[HistoryRow], values: Column, leads: usize) -> FieldHistory {
    let mut offsets = vec![0usize; leads + 1];
    for e in entries {
        if let Some(o) = offsets.get_mut(e.0 as usize + 1) {
            *o += 1;
        }
    }
    let mut total = 0;
    for o in &mut offsets {
        total += *o;
        *o = total;
    }
    FieldHistory {
        name: name.to_owned(),
        offsets,
        valid_from: entries.iter().map(|e| e.1).collect(),
        valid_to: entries.iter().map(|e| e.2).collect(),
        values,
    }
}
