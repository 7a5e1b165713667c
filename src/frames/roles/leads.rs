//! The table of leads.

use std::collections::BTreeSet;

use polars::prelude::Int64Chunked;
use rayon::prelude::*;

use super::chosen::chosen;
use crate::config::{DayMeans, Duplicates, LeadsSpec};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::columns::field::FieldReader;
use crate::frames::columns::order::order_ranks;
use crate::frames::columns::text::TextColumn;
use crate::frames::columns::time::{DayCells, TimeCell, TimeColumn, TimeReader};
use crate::frames::files::{Table, Tables};
use crate::journeys::{
    DayLeads, Days, Field, Leads, Normalize, StringTable as Ids, TableCheck, canonical_order, normalized,
};
use crate::schema::{NONE, canonical_id, is_pattern, truth};
use crate::time::{NO_TIME, Zone};

/// Reads the leads. `elsewhere` are columns of the same table that other roles use; they are left out of the fields.
pub(in crate::frames) fn read_leads(
    spec: &LeadsSpec,
    elsewhere: &BTreeSet<String>,
    tables: &mut Tables,
    zone: &Zone,
) -> Result<(Leads, TableCheck, Days)> {
    let table = tables.get(&spec.table)?;
    let mut audit = TableCheck::new(&table.name, "leads", table.rows());
    audit.remarks.extend(table.remarks.iter().cloned());
    if spec.rows == Duplicates::Earliest && spec.created.is_none() {
        return Err(Error::option("rows", "'earliest' needs created="));
    }
    if table.rows() == 0 {
        return Err(Error::schema(&table.name, None, "the table is empty; at least one lead is needed"));
    }
    let reading = LeadRows { spec, table: &table, zone };
    let keep = crate::frames::columns::where_clause::keep(&table, &spec.common, zone)?;
    let created = reading.created(&mut audit)?;
    let order = spec.common.order.as_ref();
    let ranks = order.map(|column| order_ranks(&reading.times(), column)).transpose()?;
    let rule = KeepRule { rows: spec.rows, ranks: ranks.as_deref(), created: created.as_ref() };
    let Distinct { ids, kept: rows, .. } = reading.distinct(&keep, &rule, &mut audit)?;
    audit.used = rows.len();
    let days = created.as_ref().map(|c| created_days(&c.days, &rows)).unwrap_or_default();
    let in_order = rows.len() == table.rows() && rows.iter().zip(0..).all(|(row, i)| *row == i);
    let mut leads = Leads {
        ids,
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
        normalize: spec.common.normalize,
        account: spec.account.as_ref().map(|column| reading.ids(column, &rows)).transpose()?,
        owner: spec.owner.as_ref().map(|column| reading.ids(column, &rows)).transpose()?,
        order: ranks.map(|ranks| rows.iter().map(|r| ranks.get(*r as usize).copied().unwrap_or(0)).collect()),
        ..Leads::default()
    };
    let known = || leads.created.iter().copied().filter(|t| *t != NO_TIME);
    known().min().into_iter().chain(known().max()).for_each(|t| audit.saw(t));
    if let Some((codes, _)) = &leads.account {
        audit.note("missing account", codes.iter().filter(|a| **a == NONE).count());
    }
    if let Some(column) = &spec.outcome {
        leads.outcome = Some(read_outcome(&table, column, &spec.common.nulls, &rows)?);
    }
    reading.fields(elsewhere, (!in_order).then_some(&rows), &mut leads, &mut audit)?;
    Ok((leads, audit, days))
}

/// The table of leads while it is read.
struct LeadRows<'a> {
    spec: &'a LeadsSpec,
    table: &'a Table,
    zone: &'a Zone,
}

impl LeadRows<'_> {
    fn times(&self) -> TimeReader<'_> {
        TimeReader { table: self.table, common: &self.spec.common, zone: self.zone, day: DayMeans::Start }
    }

    /// Times of creation, where a column has them.
    fn created(&self, audit: &mut TableCheck) -> Result<Option<TimeColumn>> {
        let Some(column) = &self.spec.created else { return Ok(None) };
        let (times, remarks) = self.times().read(column)?;
        audit.days.extend(times.days.has_days().then(|| column.clone()));
        audit.remarks.extend(remarks);
        Ok(Some(times))
    }

    /// The leads that can be used, each once; other rows are quarantined.
    fn distinct(&self, keep: &[bool], rule: &KeepRule<'_>, audit: &mut TableCheck) -> Result<Distinct> {
        let (spec, c) = (self.spec, &self.spec.common);
        let texts = TextColumn::ids(self.table, &spec.id, &c.nulls)?;
        let mut usable = |row: usize, id: Option<&dyn Fn() -> String>| -> bool {
            if keep.get(row) != Some(&true) {
                audit.filtered += 1;
                return false;
            }
            let Some(id) = id else {
                audit.quarantine(texts.no_id(row, "null lead id"), row, || texts.at(row));
                return false;
            };
            match rule.created.map(|c| c.cell(row)) {
                Some(TimeCell::Null) => audit.quarantine("missing creation time", row, id),
                Some(TimeCell::Bad(why)) => audit.quarantine(&format!("unparsable creation time: {why}"), row, id),
                _ => return true,
            }
            false
        };
        let faultless = c.filter.is_empty() && rule.created.is_none_or(TimeColumn::all_readable);
        let numbers = texts.whole_numbers().filter(|_| c.normalize.is_none());
        let ascending = numbers.filter(|_| faultless).and_then(Distinct::of_ascending);
        let distinct = match (ascending, numbers) {
            (Some(distinct), _) => distinct,
            (None, Some(numbers)) => Distinct::of_numbers(numbers, rule, &mut usable),
            (None, None) => Distinct::of_texts(&texts, c.normalize, rule, &mut usable),
        };
        if let (Duplicates::Error, Some(first)) = (spec.rows, distinct.repeats.first()) {
            return Err(Error::schema(
                &self.table.name,
                Some(&spec.id),
                format!(
                    "{} an earlier lead id (first: '{}'); set rows='first', 'last' or 'earliest' to keep one row per lead",
                    counted(distinct.repeats.len(), "row repeats", "rows repeat"),
                    canonical_id(&texts.at(*first as usize))
                ),
            ));
        }
        let reason = rule.reason(c.order.as_deref());
        for row in &distinct.repeats {
            audit.quarantine(&reason, *row as usize, || canonical_id(&texts.at(*row as usize)).to_owned());
        }
        Ok(distinct)
    }

    /// The ids of a column in these rows, as codes, and their texts.
    fn ids(&self, column: &str, rows: &[u32]) -> Result<(Vec<u32>, Ids)> {
        let c = &self.spec.common;
        let mut names = Ids::new();
        let mut codes = Vec::new();
        TextColumn::ids(self.table, column, &c.nulls)?.each(|_, t| {
            codes.push(t.and_then(|t| normalized(t, c.normalize)).map_or(NONE, |t| names.intern(&t)));
        });
        Ok((rows.iter().map(|r| codes.get(*r as usize).copied().unwrap_or(NONE)).collect(), names))
    }

    /// Names of the fields: those of `fields=`, or all columns that no role uses.
    fn field_names(&self, elsewhere: &BTreeSet<String>) -> Result<Vec<String>> {
        let spec = self.spec;
        if let Some(fields) = &spec.fields {
            let repeated = fields.iter().enumerate().find(|(i, f)| fields.iter().take(*i).any(|o| o == *f));
            if let Some((_, name)) = repeated {
                return Err(Error::schema(&self.table.name, Some(name), "listed twice in fields="));
            }
            return Ok(fields
                .iter()
                .chain(spec.include.iter().filter(|name| !fields.contains(name)))
                .cloned()
                .collect());
        }
        let used: Vec<&String> = spec.roles().collect();
        let names = self.table.names();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        // Columns that are ignored by name are not even read.
        let patterns: Vec<String> = spec.ignore.iter().filter(|entry| is_pattern(entry)).cloned().collect();
        let ignored = chosen((&self.table.name, None), "ignore", &patterns, &all)?;
        let free = |n: &String| {
            let taken = used.contains(&n) || spec.ignore.contains(n) || elsewhere.contains(n);
            let taken = taken || ignored.contains(n.as_str());
            let taken = taken || self.table.index.contains(n);
            !taken || spec.include.contains(n)
        };
        Ok(names.iter().filter(|n| free(n)).cloned().collect())
    }

    /// Adds the fields to `leads`: of all rows of the table, or of `rows` in their order.
    fn fields(
        &self,
        elsewhere: &BTreeSet<String>,
        rows: Option<&Vec<u32>>,
        leads: &mut Leads,
        audit: &mut TableCheck,
    ) -> Result<()> {
        let (spec, table) = (self.spec, self.table);
        let asked = |name: &String| spec.fields.is_some() || spec.include.contains(name);
        let reader =
            FieldReader { table, common: &spec.common, zone: self.zone, categories: &spec.categories, asked: false };
        let own_zone = reader.common.own_zone()?;
        for name in self.field_names(elsewhere)? {
            if let Some(dtype) = unusable(table, &name).filter(|_| !asked(&name)) {
                leads.withheld.push((name, format!("its type is {dtype}")));
                continue;
            }
            let column = FieldReader { asked: asked(&name), ..reader }.column(&name, audit)?;
            let column = match rows {
                Some(rows) => column.take(rows),
                None => column,
            };
            leads.zones.extend(own_zone.clone().map(|zone| (name.clone(), zone)));
            let missing = column.missing();
            let field = Field { name: name.clone(), column, asked: asked(&name) };
            if missing == leads.ids.len() {
                leads.withheld.push((name, "empty".into()));
                leads.hidden.push(field);
                continue;
            }
            audit.note(&format!("field '{name}': missing"), missing);
            leads.fields.push(field);
        }
        Ok(())
    }
}

/// Which leads, by their rows, are created on a day.
fn created_days(cells: &DayCells, rows: &[u32]) -> Days {
    let is_day = |lead: usize| rows.get(lead).is_some_and(|row| cells.is_day(*row as usize));
    let created = if cells.has_days() { DayLeads::of(rows.len(), is_day) } else { DayLeads::None };
    Days { created, dates: cells.dates.clone(), ..Days::default() }
}

/// The ids of a table, each once, in canonical order, and their rows.
struct Distinct {
    ids: Ids,
    /// The row of each that is kept.
    kept: Vec<u32>,
    /// The other rows, ascending.
    repeats: Vec<u32>,
}

/// Which of several rows of a lead is kept.
struct KeepRule<'a> {
    rows: Duplicates,
    /// Ranks of the order column; 0 is an empty cell.
    ranks: Option<&'a [u32]>,
    created: Option<&'a TimeColumn>,
}

impl KeepRule<'_> {
    /// Whether `row` replaces `kept`, an earlier row of the table.
    fn prefers(&self, row: u32, kept: u32) -> bool {
        let rank = |row: u32| self.ranks.and_then(|r| r.get(row as usize)).copied().unwrap_or(0);
        let created = |row: u32| match self.created.map(|c| c.cell(row as usize)) {
            Some(TimeCell::At(t)) => t,
            _ => i64::MAX,
        };
        let (new, old) = (rank(row), rank(kept));
        match self.rows {
            Duplicates::Error => false,
            // A row whose place in the order is not known is kept only if all are like that.
            Duplicates::First => new != 0 && (old == 0 || new < old),
            Duplicates::Last => new >= old,
            Duplicates::Earliest => {
                created(row) < created(kept) || created(row) == created(kept) && new != 0 && (old == 0 || new < old)
            }
        }
    }

    /// Why the other rows are left out.
    fn reason(&self, order: Option<&str>) -> String {
        let by = order.map(|column| format!(" by '{column}'")).unwrap_or_default();
        match self.rows {
            Duplicates::Last if by.is_empty() => "duplicate lead id; a later row was kept".to_owned(),
            Duplicates::Last => format!("duplicate lead id; the last row{by} was kept"),
            Duplicates::Earliest => "duplicate lead id; the row created first was kept".to_owned(),
            Duplicates::First | Duplicates::Error => format!("duplicate lead id; the first row{by} was kept"),
        }
    }
}

impl Distinct {
    /// Rows without a fault whose ids are numbers in ascending order.
    fn of_ascending(numbers: &Int64Chunked) -> Option<Self> {
        let numbers = numbers.cont_slice().ok().filter(|numbers| numbers.is_sorted_by(|a, b| a < b))?;
        let rows: Vec<u32> = (0..numbers.len() as u32).collect();
        Some(Self { ids: Ids::of_distinct_numbers(numbers), kept: rows, repeats: Vec::new() })
    }

    fn of_numbers(
        numbers: &Int64Chunked,
        rule: &KeepRule<'_>,
        usable: &mut impl FnMut(usize, Option<&dyn Fn() -> String>) -> bool,
    ) -> Self {
        let mut keyed: Vec<(i64, u32)> = Vec::with_capacity(numbers.len());
        for (row, n) in numbers.iter().enumerate() {
            let text = n.map(|n| move || n.to_string());
            if usable(row, text.as_ref().map(|t| t as &dyn Fn() -> String)) {
                keyed.extend(n.map(|n| (n, row as u32)));
            }
        }
        keyed.par_sort_unstable();
        let (mut kept, mut repeats) = (Vec::with_capacity(keyed.len()), Vec::new());
        for rows in keyed.chunk_by(|a, b| a.0 == b.0) {
            let rows = || rows.iter().map(|r| r.1);
            let Some(best) = rows().reduce(|kept, row| if rule.prefers(row, kept) { row } else { kept }) else {
                continue;
            };
            kept.push(best);
            repeats.extend(rows().filter(|row| *row != best));
        }
        repeats.sort_unstable();
        keyed.dedup_by_key(|k| k.0);
        let numbers: Vec<i64> = keyed.into_iter().map(|k| k.0).collect();
        Self { ids: Ids::of_distinct_numbers(&numbers), kept, repeats }
    }

    fn of_texts(
        texts: &TextColumn,
        normalize: Option<Normalize>,
        rule: &KeepRule<'_>,
        usable: &mut impl FnMut(usize, Option<&dyn Fn() -> String>) -> bool,
    ) -> Self {
        let mut ids = Ids::new();
        // In order of first sight.
        let (mut kept, mut repeats) = (Vec::new(), Vec::new());
        texts.each(|row, text| {
            let text = text.and_then(|text| normalized(text, normalize));
            let owned = text.as_ref().map(|t| move || t.to_string());
            let (true, Some(text)) = (usable(row, owned.as_ref().map(|t| t as &dyn Fn() -> String)), &text) else {
                return;
            };
            let row = row as u32;
            match kept.get_mut(ids.intern(text) as usize) {
                None => kept.push(row),
                Some(kept) if rule.prefers(row, *kept) => repeats.push(std::mem::replace(kept, row)),
                Some(_) => repeats.push(row),
            }
        });
        repeats.sort_unstable();
        let order = canonical_order(&ids);
        Self {
            ids: Ids::of_distinct(order.iter().map(|code| ids.get(*code))),
            kept: order.iter().filter_map(|code| kept.get(*code as usize).copied()).collect(),
            repeats,
        }
    }
}

/// The type of a column that cannot be a field.
fn unusable(table: &crate::frames::files::table::Table, name: &str) -> Option<String> {
    use polars::prelude::DataType as D;
    let dtype = table.dtype(name).ok()?;
    matches!(dtype, D::Duration(_) | D::Time).then(|| dtype.to_string())
}

fn read_outcome(
    table: &crate::frames::files::table::Table,
    column: &str,
    nulls: &[String],
    rows: &[u32],
) -> Result<Vec<Option<bool>>> {
    let (mut outcome, mut bad, mut example) = (Vec::new(), 0usize, None);
    TextColumn::of(table, column, nulls)?.each(|_, text| {
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
            format!("{bad} outcomes are not 1/0, true/false or yes/no (first: '{example}')"),
        ));
    }
    Ok(rows.iter().map(|r| outcome.get(*r as usize).copied().flatten()).collect())
}
