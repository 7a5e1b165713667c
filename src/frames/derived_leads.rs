//! Leads that no table lists: those that have events.

use rayon::prelude::*;

use super::cells::Texts;
use super::config::{DayMeans, EventsSpec, LeadsSpec};
use super::filter::Filter;
use super::lookup::{AttributeReader, LeadFinder, NO_MATCH, collect_ids};
use super::table::Tables;
use super::times::{TimeCell, TimeReader};
use crate::error::{Error, Result};
use crate::journeys::{Leads, TableAudit, Texts as Ids, canonical_order};
use crate::time::{NO_TIME, Zone};

/// The leads of some tables of events: each that has an event with a time and a kind, created at its first. A day means
/// its start, so that no event is before the creation.
pub(super) fn derive_leads(
    spec: &LeadsSpec,
    events: &[EventsSpec],
    tables: &mut Tables,
    zone: &Zone,
) -> Result<(Leads, TableAudit)> {
    let alone = LeadsSpec { from: spec.from.clone(), ..LeadsSpec::default() };
    if *spec != alone {
        return Err(Error::option("leads", "leads derived from events have no table, columns or fields of their own"));
    }
    if events.is_empty() {
        return Err(Error::option("leads", "leads are derived from events, but no events are given"));
    }
    let mut ids = Ids::new();
    for spec in events {
        let source = tables.source(&spec.table)?;
        let cells = |column: &str, take: &mut dyn FnMut(&str)| {
            for part in source.parts() {
                let texts = Texts::ids(&source.read(part, &[column])?, column, &spec.common.nulls)?;
                texts.each(|_, text| text.into_iter().for_each(&mut *take));
            }
            Ok(())
        };
        collect_ids(&spec.lead, spec.cells.split.as_deref(), spec.common.normalize, tables, &mut ids, &cells)?;
    }
    let candidates = Leads { ids, ..Leads::default() };
    let ids = &candidates.ids;
    let mut created = vec![NO_TIME; ids.len()];
    // Whether the first event is known to the day.
    let mut by_day = vec![false; ids.len()];
    let mut names: Vec<String> = Vec::new();
    for spec in events {
        let (first, whole_days) = first_events(spec, &candidates, tables, zone)?;
        for (lead, at) in first {
            let (Some(slot), Some(day)) = (created.get_mut(lead as usize), by_day.get_mut(lead as usize)) else {
                continue;
            };
            if *slot == NO_TIME || at < *slot {
                (*slot, *day) = (at, whole_days);
            } else if at == *slot {
                *day |= whole_days;
            }
        }
        let name = tables.source(&spec.table)?.head.name.clone();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let known = |code: &u32| created.get(*code as usize).is_some_and(|t| *t != NO_TIME);
    let order: Vec<u32> = canonical_order(ids).into_iter().filter(known).collect();
    let name = names.join(", ");
    if order.is_empty() {
        return Err(Error::schema(&name, None, "no row has a lead, a time and a kind, so no lead can be derived"));
    }
    let mut audit = TableAudit::new(&name, "leads", order.len());
    audit.used = order.len();
    if order.iter().any(|code| by_day.get(*code as usize) == Some(&true)) {
        audit.days.insert("created".into());
    }
    audit.remarks.push(format!("{} leads are derived from events, each created at its first", order.len()));
    let leads = Leads {
        ids: Ids::of_distinct(order.iter().map(|code| ids.get(*code))),
        created: order.iter().filter_map(|code| created.get(*code as usize).copied()).collect(),
        source_row: (0..order.len() as u32).collect(),
        ..Leads::default()
    };
    [leads.created.iter().min(), leads.created.iter().max()].into_iter().flatten().for_each(|t| audit.saw(*t));
    Ok((leads, audit))
}

/// Leads and times of the first usable rows of a table of events, and whether they are known to the day.
fn first_events(spec: &EventsSpec, leads: &Leads, tables: &mut Tables, zone: &Zone) -> Result<(Vec<(u32, i64)>, bool)> {
    let (common, nulls) = (&spec.common, &spec.common.nulls);
    let finder = LeadFinder::new(&spec.lead, &spec.cells, common.normalize, leads, tables, zone)?;
    let kinds = AttributeReader::new("kind", &spec.kind, &spec.names, common, tables, zone)?;
    let source = tables.source(&spec.table)?;
    let filter = Filter::of_source(&source, common)?;
    let reader = TimeReader { table: &source.head, common, zone, day: DayMeans::Start };
    let decided = reader.decide(&spec.at, source.parts(), |part| source.read(part, &[&spec.at]))?;
    let mut columns: Vec<&str> = spec.columns().map(String::as_str).collect();
    columns.sort_unstable();
    columns.dedup();
    let parts = source.parts().par_iter().map(|part| {
        let table = source.read(part, &columns)?;
        let keep = filter.keep(&table)?;
        let times = reader.read_part(&table, &spec.at, &decided)?;
        let at = |row: usize| match times.cell(row) {
            TimeCell::At(at) => Some(at),
            _ => None,
        };
        let (kind, _) = kinds.read(&table, nulls, at)?;
        let mut resolver = finder.rows_of(&table, common)?;
        // The first event of each lead is enough.
        let mut first: hashbrown::HashMap<u32, i64> = hashbrown::HashMap::new();
        let mut found = Vec::new();
        for (row, (keep, kind)) in keep.iter().zip(&kind).enumerate() {
            let Some(at) = at(row).filter(|_| *keep && *kind < NO_MATCH) else { continue };
            if resolver.resolve(row, at, &mut found).is_none() {
                for lead in &found {
                    first.entry(*lead).and_modify(|t| *t = at.min(*t)).or_insert(at);
                }
            }
        }
        Ok(first.into_iter().collect::<Vec<_>>())
    });
    Ok((parts.collect::<Result<Vec<_>>>()?.concat(), decided.whole_days))
}
