//! Tables of events.

use super::build::Dictionaries;
use super::cells::{Texts, numbers};
use super::config::{DayMeans, EventsSpec, KindSpec};
use super::leads::order_ranks;
use super::lookup::{Resolved, Resolver};
use super::table::Tables;
use super::times::{TimeCell, TimeReader};
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
    let mut global: Vec<Option<u32>> = vec![None; local.len()];
    let ids = spec.id.as_ref().map(|column| Texts::of(&table, column, &c.nulls).map(|t| t.collect())).transpose()?;
    let orders = c.order.as_ref().map(|column| order_ranks(&table, column)).transpose()?;
    let mut rows = Rows::default();
    let mut used: Vec<u32> = Vec::new();
    let mut before_creation = 0;
    for (row, ((cell, keep), kind)) in times.cells().zip(&keep).zip(&kinds).enumerate() {
        if row % CHECK_EVERY == 0 {
            task.check()?;
        }
        if !keep {
            audit.filtered += 1;
            continue;
        }
        let at = match cell {
            TimeCell::At(t) => t,
            TimeCell::Null => {
                audit.quarantine("null time", row, || resolver.key(row));
                continue;
            }
            TimeCell::Bad(why) => {
                audit.quarantine(&format!("unparsable time: {why}"), row, || cell_text(&table, &spec.at, row));
                continue;
            }
        };
        let lead = match resolver.resolve(row, at) {
            Resolved::Lead(lead) => lead,
            Resolved::Not(why) => {
                audit.quarantine(why, row, || resolver.key(row));
                continue;
            }
        };
        if *kind == NONE {
            audit.quarantine("null kind", row, || resolver.key(row));
            continue;
        }
        if let Some(Some(id)) = ids.as_ref().and_then(|i| i.get(row))
            && !dict.event_ids.insert(event_id(&source, id))
        {
            audit.quarantine(DUPLICATE_ID, row, || id.clone());
            continue;
        }
        let created = leads.created_at(lead);
        before_creation += usize::from(created != NO_TIME && at < created);
        audit.saw(at);
        rows.lead.push(lead);
        rows.at.push(at);
        rows.order.push(orders.as_ref().and_then(|o| o.get(row).copied()).unwrap_or(row as u32));
        if let Some(slot) = global.get_mut(*kind as usize) {
            rows.kind.push(*slot.get_or_insert_with(|| dict.kind(local.get(*kind), &source, spec.side, false)));
        }
        used.push(row as u32);
    }
    // Tables are large: what the loop needed is freed before the other columns are read.
    drop((times, kinds, resolver, keep, ids, orders));
    audit.used = used.len();
    audit.note("before the lead's creation, kept", before_creation);
    if let Some(column) = &spec.channel {
        let codes = Texts::of(&table, column, &c.nulls)?.intern(&mut dict.channels);
        rows.channel = pick(&codes, &used);
        audit.note("without a channel", rows.channel.iter().filter(|c| **c == NONE).count());
    } else {
        rows.channel = vec![NONE; used.len()];
    }
    for name in &spec.values {
        let (values, unusable) = numbers(&table, name, &c.nulls)?;
        audit.note(&format!("value '{name}': not a finite number, read as missing"), unusable);
        let picked = used.iter().map(|r| values.get(*r as usize).copied().unwrap_or(f64::NAN)).collect();
        rows.values.push((dict.value(name), picked));
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
    Ok((number, pick(&codes, used)))
}

pub(super) fn pick(codes: &[u32], rows: &[u32]) -> Vec<u32> {
    rows.iter().map(|r| codes.get(*r as usize).copied().unwrap_or(NONE)).collect()
}

/// The text of a cell, for messages.
pub(super) fn cell_text(table: &super::table::Table, column: &str, row: usize) -> String {
    table.column(column).ok().and_then(|s| s.get(row).ok().map(|v| v.str_value().to_string())).unwrap_or_default()
}
