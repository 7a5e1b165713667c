//! The table of leads.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use polars::prelude::Int64Chunked;
use rayon::prelude::*;

use super::cells::{Texts, truth};
use super::config::{DayMeans, Duplicates, LeadsSpec};
use super::fields::field_column;
use super::table::Tables;
use super::times::{TimeCell, TimeColumn, TimeReader};
use crate::design::NONE;
use crate::error::{Error, Result};
use crate::journeys::{Field, Leads, Normalize, TableAudit, Texts as Ids, canonical_id, canonical_order, normalized};
use crate::time::{NO_TIME, Zone};

/// Reads the leads. `elsewhere` are columns of the same table that other roles use, which are no fields.
pub(super) fn read_leads(
    spec: &LeadsSpec,
    elsewhere: &BTreeSet<String>,
    tables: &mut Tables,
    zone: &Zone,
) -> Result<(Leads, TableAudit)> {
    let table = tables.get(&spec.table)?;
    let mut audit = TableAudit::new(&table.name, "leads", table.rows());
    audit.remarks.extend(table.remarks.iter().cloned());
    let c = &spec.common;
    if table.rows() == 0 {
        return Err(Error::schema(&table.name, None, "the table of leads has no row"));
    }
    let keep = super::filter::keep(&table, c)?;
    let created = match &spec.created {
        Some(column) => {
            let reader = TimeReader { table: &table, common: c, zone, day: DayMeans::Start };
            let (times, remarks) = reader.read(column)?;
            audit.remarks.extend(remarks);
            Some(times)
        }
        None => None,
    };

    let texts = Texts::of(&table, &spec.id, &c.nulls)?;
    let mut usable = |row: usize, id: Option<&dyn Fn() -> String>| -> bool {
        if keep.get(row) != Some(&true) {
            audit.filtered += 1;
            return false;
        }
        let Some(id) = id else {
            audit.quarantine("null lead id", row, String::new);
            return false;
        };
        match created.as_ref().map(|c| c.cell(row)) {
            Some(TimeCell::Null) => audit.quarantine("no creation time", row, id),
            Some(TimeCell::Bad(why)) => audit.quarantine(&format!("unparsable creation time: {why}"), row, id),
            _ => return true,
        }
        false
    };
    let faultless = c.filter.is_empty() && created.as_ref().is_none_or(TimeColumn::all_readable);
    let numbers = texts.whole_numbers().filter(|_| c.normalize.is_none());
    let ascending = numbers.filter(|_| faultless).and_then(Distinct::of_ascending);
    let distinct = match (ascending, numbers) {
        (Some(distinct), _) => distinct,
        (None, Some(numbers)) => Distinct::of_numbers(numbers, &mut usable),
        (None, None) => Distinct::of_texts(&texts, c.normalize, &mut usable),
    };
    if let (Duplicates::Error, Some(first)) = (spec.rows, distinct.repeats.first()) {
        return Err(Error::schema(
            &table.name,
            Some(&spec.id),
            format!(
                "{} rows repeat the id of another lead (first: '{}'); say rows='first' or 'last' to keep one",
                distinct.repeats.len(),
                canonical_id(&texts.at(*first as usize))
            ),
        ));
    }
    for row in &distinct.repeats {
        let reason = match spec.rows {
            Duplicates::Last => "duplicate lead id, a later row was kept",
            _ => "duplicate lead id, the first row was kept",
        };
        audit.quarantine(reason, *row as usize, || canonical_id(&texts.at(*row as usize)).to_owned());
    }
    let rows = if spec.rows == Duplicates::Last { distinct.last } else { distinct.first };
    audit.used = rows.len();
    let in_order = rows.len() == table.rows() && rows.iter().zip(0..).all(|(row, i)| *row == i);
    let mut leads = Leads {
        ids: distinct.ids,
        created: match created {
            None => vec![NO_TIME; rows.len()],
            Some(cells) if in_order && cells.all_readable() => cells.into_times(),
            Some(cells) => rows
                .iter()
                .map(|r| match cells.cell(*r as usize) {
                    TimeCell::At(t) => t,
                    _ => NO_TIME,
                })
                .collect(),
        },
        source_row: rows.clone(),
        normalize: c.normalize,
        ..Leads::default()
    };
    let known = || leads.created.iter().copied().filter(|t| *t != NO_TIME);
    known().min().into_iter().chain(known().max()).for_each(|t| audit.saw(t));
    let coded = |column: &Option<String>| -> Result<Option<(Vec<u32>, Ids)>> {
        let Some(column) = column else { return Ok(None) };
        let mut names = Ids::new();
        let mut codes = Vec::new();
        Texts::of(&table, column, &c.nulls)?.each_id(|_, t| {
            codes.push(t.and_then(|t| normalized(t, c.normalize)).map_or(NONE, |t| names.intern(&t)));
        });
        Ok(Some((rows.iter().map(|r| codes.get(*r as usize).copied().unwrap_or(NONE)).collect(), names)))
    };
    leads.account = coded(&spec.account)?;
    leads.owner = coded(&spec.owner)?;
    if let Some((codes, _)) = &leads.account {
        audit.note("leads without an account", codes.iter().filter(|a| **a == NONE).count());
    }
    if let Some(column) = &c.order {
        let ranks = order_ranks(&table, column)?;
        leads.order = Some(rows.iter().map(|r| ranks.get(*r as usize).copied().unwrap_or(0)).collect());
    }
    if let Some(column) = &spec.outcome {
        leads.outcome = Some(read_outcome(&table, column, &c.nulls, &rows)?);
    }
    let used: Vec<&String> = spec.roles().collect();
    let names: Vec<String> = match &spec.fields {
        Some(fields) => {
            let repeated = fields.iter().enumerate().find(|(i, f)| fields.iter().take(*i).any(|o| o == *f));
            if let Some((_, name)) = repeated {
                return Err(Error::schema(&table.name, Some(name), "named twice in fields="));
            }
            fields.iter().chain(spec.include.iter().filter(|name| !fields.contains(name))).cloned().collect()
        }
        None => {
            let free = |n: &String| {
                let taken = used.contains(&n) || spec.ignore.contains(n) || elsewhere.contains(n);
                !taken || spec.include.contains(n)
            };
            table.names().into_iter().filter(free).collect()
        }
    };
    let asked = |name: &String| spec.fields.is_some() || spec.include.contains(name);
    for name in names {
        if let Some(dtype) = unusable(&table, &name).filter(|_| !asked(&name)) {
            leads.withheld.push((name, format!("its type is {dtype}")));
            continue;
        }
        let column = field_column(&table, &name, c, zone, &mut audit)?;
        let column = if in_order { column } else { column.take(&rows) };
        let missing = column.missing();
        let field = Field { name: name.clone(), column, asked: asked(&name) };
        if missing == rows.len() {
            leads.withheld.push((name, "empty".into()));
            leads.hidden.push(field);
            continue;
        }
        audit.note(&format!("field '{name}': missing"), missing);
        leads.fields.push(field);
    }
    Ok((leads, audit))
}

/// The ids of a table, each once, in canonical order, and their rows.
struct Distinct {
    ids: Ids,
    /// First and last row of each.
    first: Vec<u32>,
    last: Vec<u32>,
    /// Rows that repeat the id of an earlier one, ascending.
    repeats: Vec<u32>,
}

impl Distinct {
    /// Rows without a fault whose ids are numbers in ascending order.
    fn of_ascending(numbers: &Int64Chunked) -> Option<Self> {
        let numbers = numbers.cont_slice().ok().filter(|numbers| numbers.is_sorted_by(|a, b| a < b))?;
        let rows: Vec<u32> = (0..numbers.len() as u32).collect();
        Some(Self { ids: Ids::of_distinct_numbers(numbers), first: rows.clone(), last: rows, repeats: Vec::new() })
    }

    fn of_numbers(numbers: &Int64Chunked, usable: &mut impl FnMut(usize, Option<&dyn Fn() -> String>) -> bool) -> Self {
        let mut keyed: Vec<(i64, u32)> = Vec::with_capacity(numbers.len());
        for (row, n) in numbers.iter().enumerate() {
            let text = n.map(|n| move || n.to_string());
            if usable(row, text.as_ref().map(|t| t as &dyn Fn() -> String)) {
                keyed.extend(n.map(|n| (n, row as u32)));
            }
        }
        keyed.par_sort_unstable();
        let mut first = Vec::with_capacity(keyed.len());
        let (mut last, mut repeats) = (Vec::with_capacity(keyed.len()), Vec::new());
        for rows in keyed.chunk_by(|a, b| a.0 == b.0) {
            first.extend(rows.first().map(|r| r.1));
            last.extend(rows.last().map(|r| r.1));
            repeats.extend(rows.iter().skip(1).map(|r| r.1));
        }
        repeats.sort_unstable();
        keyed.dedup_by_key(|k| k.0);
        let numbers: Vec<i64> = keyed.into_iter().map(|k| k.0).collect();
        Self { ids: Ids::of_distinct_numbers(&numbers), first, last, repeats }
    }

    fn of_texts(
        texts: &Texts,
        normalize: Option<Normalize>,
        usable: &mut impl FnMut(usize, Option<&dyn Fn() -> String>) -> bool,
    ) -> Self {
        let mut ids = Ids::new();
        // In order of first sight.
        let (mut first, mut last, mut repeats) = (Vec::new(), Vec::new(), Vec::new());
        texts.each_id(|row, text| {
            let text = text.and_then(|text| normalized(text, normalize));
            let owned = text.as_ref().map(|t| move || t.to_string());
            let (true, Some(text)) = (usable(row, owned.as_ref().map(|t| t as &dyn Fn() -> String)), &text) else {
                return;
            };
            match last.get_mut(ids.intern(text) as usize) {
                None => {
                    first.push(row as u32);
                    last.push(row as u32);
                }
                Some(last) => {
                    repeats.push(row as u32);
                    *last = row as u32;
                }
            }
        });
        let order = canonical_order(&ids);
        let by_order = |rows: &[u32]| order.iter().filter_map(|code| rows.get(*code as usize).copied()).collect();
        Self {
            ids: Ids::of_distinct(order.iter().map(|code| ids.get(*code))),
            first: by_order(&first),
            last: by_order(&last),
            repeats,
        }
    }
}

/// The type of a column that cannot be a field.
fn unusable(table: &super::table::Table, name: &str) -> Option<String> {
    use polars::prelude::DataType as D;
    let dtype = table.dtype(name).ok()?;
    matches!(dtype, D::Duration(_) | D::Time).then(|| dtype.to_string())
}

fn read_outcome(
    table: &super::table::Table,
    column: &str,
    nulls: &[String],
    rows: &[u32],
) -> Result<Vec<Option<bool>>> {
    let (mut outcome, mut bad, mut example) = (Vec::new(), 0usize, None);
    Texts::of(table, column, nulls)?.each(|_, text| {
        let value = text.and_then(truth);
        if let (Some(text), None) = (text, value) {
            bad += 1;
            example.get_or_insert_with(|| text.to_owned());
        }
        outcome.push(value);
    });
    if let Some(example) = example {
        return Err(Error::schema(
            &table.name,
            Some(column),
            format!("{bad} outcomes such as '{example}' are not 1/0, true/false or yes/no"),
        ));
    }
    Ok(rows.iter().map(|r| outcome.get(*r as usize).copied().flatten()).collect())
}

/// Ascending ranks of an order column: by number if all are numbers, else by text. Empty cells come first.
pub(super) fn order_ranks(table: &super::table::Table, column: &str) -> Result<Vec<u32>> {
    let texts = Texts::of(table, column, &[])?.collect();
    // Ids of 64 bits are more than a number with a fraction can tell apart.
    if let Some(whole) = parsed(&texts, |t| t.parse::<i128>().ok()) {
        return Ok(ranks(&whole, Ord::cmp));
    }
    if let Some(numbers) = parsed(&texts, |t| t.parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| x + 0.0)) {
        return Ok(ranks(&numbers, f64::total_cmp));
    }
    Ok(ranks(&texts, Ord::cmp))
}

/// Cells as something else; `None` if one cannot be that.
fn parsed<T>(texts: &[Option<String>], parse: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
    let cell = |text: &Option<String>| text.as_deref().map_or(Some(None), |t| parse(t).map(Some));
    texts.iter().map(cell).collect()
}

/// Ranks of cells, the same for equal ones; those of empty cells are the lowest.
fn ranks<T>(cells: &[Option<T>], compare: impl Fn(&T, &T) -> Ordering) -> Vec<u32> {
    let cell = |i: &usize| cells.get(*i).and_then(Option::as_ref);
    let by_cell = |a: &usize, b: &usize| match (cell(a), cell(b)) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(by_cell);
    let mut ranks = vec![0; cells.len()];
    for (rank, equal) in order.chunk_by(|a, b| by_cell(a, b) == Ordering::Equal).enumerate() {
        for i in equal {
            if let Some(slot) = ranks.get_mut(*i) {
                *slot = rank as u32;
            }
        }
    }
    ranks
}
