//! Fields: columns of values with types found, and fields that change over time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use polars::prelude::DataType;

use super::cells::{Texts, numbers};
use super::config::{Common, DayMeans, FieldsSpec};
use super::leads::order_ranks;
use super::lookup::LeadFinder;
use super::table::{Table, Tables};
use super::times::{TimeCell, TimeReader};
use crate::design::{Column, NONE, like};
use crate::error::{Error, Result, nearest};
use crate::journeys::{FieldHistory, Leads, TableAudit, Texts as Ids};
use crate::time::{Detected, NO_TIME, TimeFormat, Zone, detect, parse};

/// Texts that often stand for "no value".
const PLACEHOLDERS: [&str; 12] =
    ["unknown", "select", "n/a", "na", "none", "null", "nan", "-", "?", "not available", "not set", "undefined"];

/// A column as a field: numbers, truth values and texts as categories, times. In an untyped table (CSV) the type
/// is found from all values; numbers with a leading zero ("007") stay texts.
pub(super) fn field_column(
    table: &Table,
    name: &str,
    common: &Common,
    zone: &Zone,
    audit: &mut TableAudit,
) -> Result<Column> {
    let column = match table.dtype(name)? {
        DataType::Date | DataType::Datetime(..) => times(table, name, common, zone)?,
        t if t.is_numeric() => number(table, name, common, audit)?,
        DataType::String if table.untyped => untyped(table, name, common, zone, audit)?,
        _ => category(&Texts::of(table, name, &common.nulls)?),
    };
    if let Column::Category { codes, levels } = &column {
        for (code, level) in levels.iter().enumerate() {
            if PLACEHOLDERS.contains(&level.to_lowercase().as_str()) {
                let rows = codes.iter().filter(|c| **c as usize == code).count();
                audit
                    .remarks
                    .push(format!("field '{name}': {rows} say '{level}'; add it to nulls= if it means no value"));
            }
        }
    }
    Ok(column)
}

fn number(table: &Table, name: &str, common: &Common, audit: &mut TableAudit) -> Result<Column> {
    let (values, unusable) = numbers(table, name, &common.nulls)?;
    audit.note(&format!("field '{name}': infinite numbers, read as missing"), unusable);
    Ok(Column::Number(values))
}

fn times(table: &Table, name: &str, common: &Common, zone: &Zone) -> Result<Column> {
    let reader = TimeReader { table, common, zone, day: DayMeans::Start };
    let time = |cell: TimeCell| match cell {
        TimeCell::At(t) => t,
        _ => NO_TIME,
    };
    Ok(Column::Time(reader.read(name)?.0.cells().map(time).collect()))
}

fn category(texts: &Texts) -> Column {
    let mut levels = Ids::new();
    let codes = texts.intern(&mut levels);
    Column::Category { codes, levels: levels.iter().map(str::to_owned).collect::<Arc<[String]>>() }
}

fn untyped(table: &Table, name: &str, common: &Common, zone: &Zone, audit: &mut TableAudit) -> Result<Column> {
    let column = category(&Texts::of(table, name, &common.nulls)?);
    let Column::Category { codes, levels } = column else { return Ok(column) };
    let code_like = |t: &String| t.len() > 1 && t.starts_with('0') && t.bytes().all(|b| b.is_ascii_digit());
    let is_number = |t: &String| t.parse::<f64>().is_ok_and(f64::is_finite);
    if !levels.is_empty() && levels.iter().all(is_number) && !levels.iter().any(code_like) {
        return number(table, name, common, audit);
    }
    let is_truth = |t: &String| matches!(t.to_lowercase().as_str(), "true" | "false");
    if levels.iter().all(is_truth) {
        let mut lower = Ids::new();
        let map: Vec<u32> = levels.iter().map(|t| lower.intern(&t.to_lowercase())).collect();
        let codes = codes.iter().map(|c| map.get(*c as usize).copied().unwrap_or(NONE)).collect();
        return Ok(Column::Category { codes, levels: lower.iter().map(str::to_owned).collect() });
    }
    let iso = Detected::Format(TimeFormat::Iso);
    let is_time = |t: &String| parse(t, &TimeFormat::Iso, zone).is_ok();
    if !levels.is_empty() && detect(levels.iter().map(String::as_str)) == iso && levels.iter().all(is_time) {
        return times(table, name, common, zone);
    }
    Ok(Column::Category { codes, levels })
}

/// Rows of one history before they are sorted: lead, from, to, row of the table.
type Entry = (u32, i64, i64, u32);

/// Reads a table of fields that change over time.
pub(super) fn read_history(
    spec: &FieldsSpec,
    leads: &Leads,
    tables: &mut Tables,
    zone: &Zone,
) -> Result<(Vec<FieldHistory>, TableAudit)> {
    let table = tables.get(&spec.table)?;
    let mut audit = TableAudit::new(&table.name, "fields", table.rows());
    audit.remarks.extend(table.remarks.iter().cloned());
    if spec.name.is_some() != spec.value.is_some() {
        return Err(Error::schema(&table.name, None, "a long table of fields needs both name= and value="));
    }
    let keep = super::filter::keep(&table, &spec.common)?;
    let finder = LeadFinder::new(&spec.lead, &spec.cells, spec.common.normalize, leads, tables, zone)?;
    audit.remarks.extend(finder.remarks());
    let mut resolver = finder.rows_of(&table, &spec.common)?;
    let reader = TimeReader { table: &table, common: &spec.common, zone, day: DayMeans::Start };
    let names =
        spec.name.as_ref().map(|c| Texts::of(&table, c, &spec.common.nulls).map(|t| t.collect())).transpose()?;
    let nameless = |row: usize| names.as_ref().is_some_and(|n| n.get(row).is_none_or(Option::is_none));
    let (from, remarks) = reader.read(&spec.valid_from)?;
    let to = spec.valid_to.as_ref().map(|c| reader.read(c)).transpose()?.map(|(times, _)| times);
    audit.remarks.extend(remarks);
    let mut found = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    for (row, (cell, keep)) in from.cells().zip(&keep).enumerate() {
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
    resolver.tell(&mut audit);
    // Later rows of one instant win: the sort is by order and row last, and the last known row is used.
    let orders = spec.common.order.as_ref().map(|c| order_ranks(&table, c)).transpose()?;
    let order = |row: u32| orders.as_ref().and_then(|o| o.get(row as usize).copied()).unwrap_or(0);
    entries.sort_unstable_by_key(|e| (e.0, e.1, order(e.3), e.3));
    let mut histories = Vec::new();
    match (&names, &spec.value) {
        (Some(names), Some(value)) => {
            let column = field_column(&table, value, &spec.common, zone, &mut audit)?;
            let mut by_name: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
            let all: BTreeSet<&str> = names.iter().flatten().map(String::as_str).collect();
            let wanted = wanted(spec, &table, all.iter().copied().collect())?;
            for e in &entries {
                if let Some(Some(name)) = names.get(e.3 as usize)
                    && wanted.contains(name.as_str())
                {
                    by_name.entry(name).or_default().push(*e);
                }
            }
            let others: Vec<&str> = all.iter().copied().filter(|name| !wanted.contains(name)).collect();
            let unread = entries.iter().filter_map(|e| names.get(e.3 as usize)?.as_deref());
            audit.note("of fields that are not read", unread.filter(|name| others.contains(name)).count());
            for (name, entries) in by_name {
                histories.push(history(name, &entries, &retyped(&column, &entries), leads.len()));
            }
        }
        _ => {
            let used: Vec<&String> = spec.columns().collect();
            let names = table.names();
            let free: Vec<&str> = names.iter().filter(|n| !used.contains(n)).map(String::as_str).collect();
            let wanted = wanted(spec, &table, free)?;
            for name in names.iter().filter(|n| wanted.contains(n.as_str())) {
                let column = field_column(&table, name, &spec.common, zone, &mut audit)?;
                histories.push(history(name, &entries, &column, leads.len()));
            }
        }
    }
    Ok((histories, audit))
}

/// The fields that are to be read, of those that there are.
fn wanted<'a>(spec: &FieldsSpec, table: &Table, all: Vec<&'a str>) -> Result<BTreeSet<&'a str>> {
    let chosen = |option: &str, patterns: &[String]| -> Result<BTreeSet<&'a str>> {
        let mut chosen = BTreeSet::new();
        for pattern in patterns {
            let flags = like(pattern, &all);
            if !flags.contains(&true) {
                let near = nearest(pattern, all.iter().copied());
                let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                let problem = format!("{option}= names '{pattern}', which is not one of its fields{near}");
                return Err(Error::schema(&table.name, spec.name.as_deref(), problem));
            }
            chosen.extend(all.iter().zip(flags).filter(|(_, flag)| *flag).map(|(name, _)| *name));
        }
        Ok(chosen)
    };
    let ignored = chosen("ignore", &spec.ignore)?;
    let fields = match &spec.fields {
        Some(fields) => chosen("fields", fields)?,
        None => all.iter().copied().collect(),
    };
    Ok(fields.difference(&ignored).copied().collect())
}

/// In a long table all fields share a column of texts: a field whose values are all numbers is a number.
fn retyped(column: &Column, entries: &[Entry]) -> Column {
    let Column::Category { codes, levels } = column else { return column.clone() };
    let used = || {
        entries
            .iter()
            .filter_map(|e| codes.get(e.3 as usize))
            .filter(|c| **c != NONE)
            .filter_map(|c| levels.get(*c as usize))
    };
    if used().next().is_none() || !used().all(|t| t.parse::<f64>().is_ok_and(f64::is_finite)) {
        return column.clone();
    }
    let parsed: Vec<f64> = levels.iter().map(|t| t.parse().unwrap_or(f64::NAN)).collect();
    Column::Number(codes.iter().map(|c| parsed.get(*c as usize).copied().unwrap_or(f64::NAN)).collect())
}

fn history(name: &str, entries: &[Entry], column: &Column, leads: usize) -> FieldHistory {
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
        values: column.take(&entries.iter().map(|e| e.3).collect::<Vec<u32>>()),
    }
}
