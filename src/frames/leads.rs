//! The table of leads.

use std::collections::BTreeSet;

use super::cells::{Texts, truth};
use super::config::{DayMeans, Duplicates, LeadsSpec};
use super::fields::field_column;
use super::table::Tables;
use super::times::{TimeCell, TimeReader};
use crate::design::NONE;
use crate::error::{Error, Result};
use crate::journeys::{Field, Leads, TableAudit, Texts as Ids, canonical_order};
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

    // Row of each id; ids in order of first sight.
    let mut ids = Ids::new();
    let mut row_of: Vec<u32> = Vec::new();
    let (mut duplicates, mut first_duplicate) = (0usize, None);
    Texts::of(&table, &spec.id, &c.nulls)?.each_id(|row, text| {
        if keep.get(row) != Some(&true) {
            audit.filtered += 1;
            return;
        }
        let Some(text) = text else {
            audit.quarantine("null lead id", row, String::new);
            return;
        };
        match created.as_ref().map(|c| c.cell(row)) {
            Some(TimeCell::Null) => {
                audit.quarantine("no creation time", row, || text.to_owned());
                return;
            }
            Some(TimeCell::Bad(why)) => {
                audit.quarantine(&format!("unparsable creation time: {why}"), row, || text.to_owned());
                return;
            }
            _ => {}
        }
        let code = ids.intern(text) as usize;
        match row_of.get_mut(code) {
            None => row_of.push(row as u32),
            Some(kept) => {
                duplicates += 1;
                first_duplicate.get_or_insert_with(|| text.to_owned());
                audit.quarantine(
                    match spec.rows {
                        Duplicates::Last => "duplicate lead id, a later row was kept",
                        _ => "duplicate lead id, the first row was kept",
                    },
                    row,
                    || text.to_owned(),
                );
                if spec.rows == Duplicates::Last {
                    *kept = row as u32;
                }
            }
        }
    });
    if let (Duplicates::Error, Some(example)) = (spec.rows, first_duplicate) {
        return Err(Error::schema(
            &table.name,
            Some(&spec.id),
            format!(
                "{duplicates} rows repeat the id of another lead (first: '{example}'); say rows='first' or 'last' to keep one"
            ),
        ));
    }
    audit.used = row_of.len();

    let order = canonical_order(&ids);
    let rows: Vec<u32> = order.iter().filter_map(|code| row_of.get(*code as usize).copied()).collect();
    let mut leads = Leads {
        ids: order.iter().map(|code| ids.get(*code)).collect(),
        created: match &created {
            None => vec![NO_TIME; rows.len()],
            Some(cells) => rows
                .iter()
                .map(|r| match cells.cell(*r as usize) {
                    TimeCell::At(t) => t,
                    _ => NO_TIME,
                })
                .collect(),
        },
        source_row: rows.clone(),
        ..Leads::default()
    };
    leads.created.iter().filter(|t| **t != NO_TIME).for_each(|t| audit.saw(*t));
    let coded = |column: &Option<String>| -> Result<Option<(Vec<u32>, Ids)>> {
        let Some(column) = column else { return Ok(None) };
        let mut names = Ids::new();
        let mut codes = Vec::new();
        Texts::of(&table, column, &c.nulls)?.each_id(|_, t| codes.push(t.map_or(NONE, |t| names.intern(t))));
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
            fields.clone()
        }
        None => {
            let free = |n: &String| !used.contains(&n) && !spec.ignore.contains(n) && !elsewhere.contains(n);
            table.names().into_iter().filter(free).collect()
        }
    };
    for name in names {
        if let Some(dtype) = unusable(&table, &name).filter(|_| spec.fields.is_none()) {
            leads.withheld.push((name, format!("its type is {dtype}")));
            continue;
        }
        let column = field_column(&table, &name, c, zone, &mut audit)?.take(&rows);
        let missing = column.missing();
        let field = Field { name: name.clone(), column, asked: spec.fields.is_some() };
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

/// The type of a column that cannot be a field.
fn unusable(table: &super::table::Table, name: &str) -> Option<String> {
    use polars::prelude::DataType as D;
    let series = table.column(name).ok()?;
    matches!(series.dtype(), D::Duration(_) | D::Time).then(|| series.dtype().to_string())
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
    let numeric = texts.iter().flatten().all(|t| t.parse::<f64>().is_ok_and(f64::is_finite));
    let mut order: Vec<usize> = (0..texts.len()).collect();
    if numeric {
        let key = |i: &usize| {
            texts.get(*i).and_then(|t| t.as_ref()).and_then(|t| t.parse::<f64>().ok()).unwrap_or(f64::NEG_INFINITY)
        };
        order.sort_by(|a, b| key(a).total_cmp(&key(b)));
    } else {
        order.sort_by_key(|i| texts.get(*i).cloned().flatten());
    }
    let mut ranks = vec![0u32; texts.len()];
    let (mut rank, mut last) = (0u32, None);
    for i in order {
        let value = texts.get(i);
        if last.is_some_and(|l| l != value) {
            rank += 1;
        }
        last = Some(value);
        if let Some(slot) = ranks.get_mut(i) {
            *slot = rank;
        }
    }
    Ok(ranks)
}
