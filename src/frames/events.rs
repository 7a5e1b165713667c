//! Tables of events.

use std::ops::Range;

use rayon::prelude::*;

use super::build::Dictionaries;
use super::cells::{Texts, numbers};
use super::config::{DayMeans, EventsSpec, KindSpec};
use super::leads::order_ranks;
use super::lookup::{Resolved, Resolver};
use super::table::Tables;
use super::times::{TimeCell, TimeColumn, TimeReader};
use crate::design::NONE;
use crate::error::Result;
use crate::journeys::{Leads, Rows, TableAudit, Texts as Ids, event_id};
use crate::task::Task;
use crate::time::{NO_TIME, Zone};

/// Rows between two looks at whether the work is to end.
pub(super) const CHECK_EVERY: usize = 1 << 16;

/// Why an event is left out.
pub(super) const DUPLICATE_ID: &str = "duplicate event id";

/// Reads one table of events.
pub(super) fn read_events(
    spec: &EventsSpec,
    leads: &Leads,
    dict: &mut Dictionaries,
    tables: &mut Tables,
    zone: &Zone,
    task: &Task,
) -> Result<(Rows, TableAudit)> {
    let table = tables.get(&spec.table)?;
    let c = &spec.common;
    let mut audit = TableAudit::new(&table.name, "events", table.rows());
    audit.remarks.extend(table.remarks.iter().cloned());
    let keep = super::filter::keep(&table, c)?;
    let resolver = Resolver::new(&table, &spec.lead, c, &leads.ids, tables, zone)?;
    let times = TimeReader { table: &table, common: c, zone, day: DayMeans::End }.read(&spec.at)?;
    audit.remarks.extend_from_slice(&times.remarks);
    let source = spec.name.clone().unwrap_or_else(|| match &spec.kind {
        KindSpec::Literal { literal } => literal.clone(),
        KindSpec::Column(column) => column.clone(),
    });
    dict.source(&table.name, &source, spec.side)?;
    // Kinds are numbered when a used row has them: those of rows that are left out do not exist.
    let mut local = Ids::new();
    let kinds: Vec<u32> = match &spec.kind {
        KindSpec::Literal { literal } => vec![local.intern(literal); table.rows()],
        KindSpec::Column(column) => Texts::of(&table, column, &c.nulls)?.intern(&mut local),
    };
    let ids = spec.id.as_ref().map(|column| Texts::of(&table, column, &c.nulls).map(|t| t.collect())).transpose()?;
    let orders = c.order.as_ref().map(|column| order_ranks(&table, column)).transpose()?;
    let reader = Rowwise { table: &table, spec, times: &times, keep: &keep, kinds: &kinds, resolver: &resolver };
    let ranges: Vec<Range<usize>> =
        (0..table.rows()).step_by(CHECK_EVERY).map(|start| start..(start + CHECK_EVERY).min(table.rows())).collect();
    let parts: Vec<Part> = ranges
        .into_par_iter()
        .map(|range| {
            task.check()?;
            Ok(reader.read(range))
        })
        .collect::<Result<_>>()?;
    let n = parts.iter().map(|p| p.used.len()).sum();
    let mut rows = Rows {
        lead: Vec::with_capacity(n),
        at: Vec::with_capacity(n),
        order: Vec::with_capacity(n),
        kind: Vec::with_capacity(n),
        ..Rows::default()
    };
    let mut used: Vec<u32> = Vec::with_capacity(n);
    let mut before_creation = 0;
    // Kinds have numbers in the order in which used rows have them first.
    let mut global: Vec<Option<u32>> = vec![None; local.len()];
    for part in parts {
        audit.merge(part.audit);
        for ((row, lead), at) in part.used.into_iter().zip(part.lead).zip(part.at) {
            if let Some(Some(id)) = ids.as_ref().and_then(|i| i.get(row as usize))
                && !dict.event_ids.insert(event_id(&source, id))
            {
                audit.quarantine(DUPLICATE_ID, row as usize, || id.clone());
                continue;
            }
            let created = leads.created_at(lead);
            before_creation += usize::from(created != NO_TIME && at < created);
            audit.saw(at);
            rows.lead.push(lead);
            rows.at.push(at);
            rows.order.push(orders.as_ref().and_then(|o| o.get(row as usize).copied()).unwrap_or(row));
            let kind = kinds.get(row as usize).copied().unwrap_or(NONE);
            if let Some(slot) = global.get_mut(kind as usize) {
                rows.kind.push(*slot.get_or_insert_with(|| dict.kind(local.get(kind), &source, spec.side, false)));
            }
            used.push(row);
        }
    }
    // Tables are large: what the loop needed is freed before the other columns are read.
    drop((times, kinds, resolver, keep, ids, orders));
    audit.used = used.len();
    audit.note("before the lead's creation, kept", before_creation);
    if let Some(column) = &spec.channel {
        let codes = Texts::of(&table, column, &c.nulls)?.intern(&mut dict.channels);
        rows.channel = pick(codes, &used);
        audit.note("without a channel", rows.channel.iter().filter(|c| **c == NONE).count());
    } else {
        rows.channel = vec![NONE; used.len()];
    }
    for name in &spec.values {
        let (values, unusable) = numbers(&table, name, &c.nulls)?;
        audit.note(&format!("value '{name}': not a finite number, read as missing"), unusable);
        rows.values.push((dict.value(name), pick(values, &used)));
    }
    let named = spec
        .props
        .iter()
        .map(|p| (p.as_str(), p))
        .chain(spec.campaign.iter().map(|c| ("campaign", c)))
        .chain(spec.rep.iter().map(|r| ("rep", r)));
    for (name, column) in named {
        rows.props.push(read_prop(&table, name, column, &c.nulls, &used, dict)?);
    }
    Ok((rows, audit))
}

/// What is needed to judge rows one by one.
struct Rowwise<'a> {
    table: &'a super::table::Table,
    spec: &'a EventsSpec,
    times: &'a TimeColumn,
    keep: &'a [bool],
    kinds: &'a [u32],
    resolver: &'a Resolver,
}

/// Rows of a part that can be used, and what became of the others.
struct Part {
    used: Vec<u32>,
    lead: Vec<u32>,
    at: Vec<i64>,
    audit: TableAudit,
}

impl Rowwise<'_> {
    fn read(&self, range: Range<usize>) -> Part {
        let n = range.len();
        let mut part = Part {
            used: Vec::with_capacity(n),
            lead: Vec::with_capacity(n),
            at: Vec::with_capacity(n),
            audit: TableAudit::default(),
        };
        let audit = &mut part.audit;
        for row in range {
            if !self.keep.get(row).copied().unwrap_or(false) {
                audit.filtered += 1;
                continue;
            }
            let at = match self.times.cell(row) {
                TimeCell::At(t) => t,
                TimeCell::Null => {
                    audit.quarantine("null time", row, || self.resolver.key(row));
                    continue;
                }
                TimeCell::Bad(why) => {
                    let value = || cell_text(self.table, &self.spec.at, row);
                    audit.quarantine(&format!("unparsable time: {why}"), row, value);
                    continue;
                }
            };
            let lead = match self.resolver.resolve(row, at) {
                Resolved::Lead(lead) => lead,
                Resolved::Not(why) => {
                    audit.quarantine(why, row, || self.resolver.key(row));
                    continue;
                }
            };
            if self.kinds.get(row).is_none_or(|k| *k == NONE) {
                audit.quarantine("null kind", row, || self.resolver.key(row));
                continue;
            }
            part.used.push(row as u32);
            part.lead.push(lead);
            part.at.push(at);
        }
        part
    }
}

/// A property of the used rows.
pub(super) fn read_prop(
    table: &super::table::Table,
    name: &str,
    column: &str,
    nulls: &[String],
    used: &[u32],
    dict: &mut Dictionaries,
) -> Result<(usize, Vec<u32>)> {
    let number = dict.prop(name);
    let texts = Texts::of(table, column, nulls)?;
    let codes = dict.props.get_mut(number).map(|(_, levels)| texts.intern(levels)).unwrap_or_default();
    Ok((number, pick(codes, used)))
}

/// The cells of `rows`, ascending row numbers; the column itself where all are wanted.
pub(super) fn pick<T: Copy>(column: Vec<T>, rows: &[u32]) -> Vec<T> {
    if rows.len() == column.len() {
        return column;
    }
    rows.iter().filter_map(|r| column.get(*r as usize).copied()).collect()
}

/// The text of a cell, for messages.
pub(super) fn cell_text(table: &super::table::Table, column: &str, row: usize) -> String {
    table.column(column).ok().and_then(|s| s.get(row).ok().map(|v| v.str_value().to_string())).unwrap_or_default()
}
