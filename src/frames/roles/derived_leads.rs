//! Leads derived from events, without a table of leads.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rayon::prelude::*;

use super::lookup::{AttributeReader, LeadFinder, NO_MATCH, collect_ids};
use crate::config::{DayMeans, EventsSpec, LeadsSpec};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::columns::text::TextColumn;
use crate::frames::columns::time::{TimeCell, TimeReader};
use crate::frames::columns::where_clause::Filter;
use crate::frames::files::catalog::Tables;
use crate::journeys::{DayLeads, Days, Leads, StringTable as Ids, TableCheck, canonical_order};
use crate::time::{NO_TIME, Zone};

/// The leads of some tables of events: each that has an event with a time and a kind, created at its first. A day means
/// its start, so that no event is before the creation.
pub(in crate::frames) fn derive_leads(
    spec: &LeadsSpec,
    events: &[EventsSpec],
    tables: &mut Tables,
    zone: &Zone,
) -> Result<(Leads, TableCheck, Days)> {
    let alone = LeadsSpec { from: spec.from.clone(), ..LeadsSpec::default() };
    if *spec != alone {
        return Err(Error::option("leads", "leads derived from events have no table, columns or fields of their own"));
    }
    if events.is_empty() {
        return Err(Error::option("leads", "leads can only be derived from events if a table of events is given"));
    }
    let mut ids = Ids::new();
    for spec in events {
        let source = tables.source(&spec.table)?;
        let cells = |column: &str, take: &mut dyn FnMut(&str)| {
            for part in source.parts() {
                let texts = TextColumn::ids(&source.read(part, &[column])?, column, &spec.common.nulls)?;
                texts.each(|_, text| text.into_iter().for_each(&mut *take));
            }
            Ok(())
        };
        collect_ids(&spec.lead, spec.cells.split.as_deref(), spec.common.normalize, tables, &mut ids, &cells)?;
    }
    let candidates = Leads { ids, ..Leads::default() };
    let ids = &candidates.ids;
    let mut created = vec![NO_TIME; ids.len()];
    // Which of them are whole days.
    let (mut day, mut dates) = (vec![false; ids.len()], BTreeMap::new());
    let mut names: Vec<String> = Vec::new();
    for spec in events {
        for (first, own) in first_events(spec, &candidates, tables, zone)? {
            for (lead, (at, is_day)) in first {
                let (Some(slot), Some(day)) = (created.get_mut(lead as usize), day.get_mut(lead as usize)) else {
                    continue;
                };
                if *slot == NO_TIME || at < *slot {
                    (*slot, *day) = (at, is_day);
                } else if at == *slot {
                    *day |= is_day;
                }
            }
            dates.extend(own);
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
        return Err(Error::schema(&name, None, "leads cannot be derived: every row lacks a lead, a time or a kind"));
    }
    let mut audit = TableCheck::new(&name, "leads", order.len());
    audit.used = order.len();
    if order.iter().any(|code| day.get(*code as usize) == Some(&true)) {
        audit.days.insert("created".into());
    }
    audit.remarks.push(format!(
        "{} derived from events and created at the first of them",
        counted(order.len(), "lead is", "leads are")
    ));
    let leads = Leads {
        ids: Ids::of_distinct(order.iter().map(|code| ids.get(*code))),
        created: order.iter().filter_map(|code| created.get(*code as usize).copied()).collect(),
        source_row: (0..order.len() as u32).collect(),
        ..Leads::default()
    };
    [leads.created.iter().min(), leads.created.iter().max()].into_iter().flatten().for_each(|t| audit.saw(*t));
    let is_day = |lead: usize| order.get(lead).is_some_and(|code| day.get(*code as usize) == Some(&true));
    let days = Days { created: DayLeads::of(order.len(), is_day), dates, ..Days::default() };
    Ok((leads, audit, days))
}

/// When each lead has its first event, and whether that is a whole day; the instants that stand for days, and the days.
type FirstEvents = (HashMap<u32, (i64, bool)>, BTreeMap<i64, i64>);

/// Leads and times of the usable rows of a table of events.
fn first_events(spec: &EventsSpec, leads: &Leads, tables: &mut Tables, zone: &Zone) -> Result<Vec<FirstEvents>> {
    let (common, nulls) = (&spec.common, &spec.common.nulls);
    let finder = LeadFinder::new(&spec.lead, &spec.cells, common.normalize, leads, tables, zone)?;
    let kinds = AttributeReader::new("kind", &spec.kind, &spec.names, common, tables, zone)?;
    let source = tables.source(&spec.table)?;
    let filter = Filter::of_source(&source, common, zone)?;
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
        let mut first: HashMap<u32, (i64, bool)> = HashMap::new();
        let mut found = Vec::new();
        for (row, (keep, kind)) in keep.iter().zip(&kind).enumerate() {
            let Some(at) = at(row).filter(|_| *keep && *kind < NO_MATCH) else { continue };
            if resolver.resolve(row, at, &mut found).is_none() {
                for lead in &found {
                    let is_day = times.days.is_day(row);
                    let known = first.entry(*lead).or_insert((at, is_day));
                    if at < known.0 {
                        *known = (at, is_day);
                    } else if at == known.0 {
                        known.1 |= is_day;
                    }
                }
            }
        }
        Ok((first, times.days.dates.clone()))
    });
    parts.collect()
}
