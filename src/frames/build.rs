//! From declared tables to the index of journeys.

use rayon::prelude::*;

use super::declared::{check_columns, check_roles, columns_elsewhere, derived_from};
use super::dictionaries::Dictionaries;
use super::extent::{Extent, ObservedRange, TableRole};
use super::remarks::remarks_on;
use super::withheld::{suspect_fields, withhold_fields};
use crate::config::{AccountsSpec, Config, EventsSpec, FieldsSpec, LeadsSpec, StagesSpec, Undated, place_of, within};
use crate::error::{Error, Result};
use crate::frames::files::catalog::Tables;
use crate::frames::roles::accounts::join_accounts;
use crate::frames::roles::derived_leads::derive_leads;
use crate::frames::roles::events::DUPLICATE_ID;
use crate::frames::roles::fields::read_history;
use crate::frames::roles::leads::read_leads;
use crate::frames::roles::reading::Reading;
use crate::frames::roles::rows::{RowsReading, stage_order};
use crate::frames::roles::stages::undated::note_time;
use crate::journeys::{Arrivals, Check, Extended, IndexBuilder, Journeys, Leads, MaxBad, Sizes, TableCheck};
use crate::progress::Task;
use crate::time::{NO_TIME, Zone};

/// Reads all declared tables and builds the index.
///
/// # Errors
/// [`Error::Schema`] with every violation of the first role that has any, [`Error::Read`], [`Error::FutureDated`],
/// [`Error::InvalidOption`], [`Error::Interrupted`].
pub fn build(config: &Config, tables: &mut Tables, task: &Task) -> Result<Journeys> {
    let _here = task.here();
    let config = &config.canonical();
    let zone = Zone::new(&config.timezone)?;
    let calendar_zone = Zone::new(&config.calendar_zone).map_err(|e| match e {
        Error::InvalidOption { problem, .. } => Error::option("calendar_zone", problem),
        other => other,
    })?;
    config.expect(tables)?;
    check_columns(config, tables)?;
    let (mut leads, lead_audit, days) = match derived_from(config) {
        Some(events) => derive_leads(&config.leads, events, tables, &zone)?,
        None => read_leads(&config.leads, &columns_elsewhere(config), tables, &zone)
            .map_err(|e| within::<LeadsSpec>(e, "leads"))?,
    };
    let mut audit = Check { tables: vec![lead_audit], ..Check::default() };
    if let Some(spec) = &config.accounts {
        let joined = join_accounts(spec, &config.leads.include, &mut leads, tables, &zone);
        audit.tables.push(joined.map_err(|e| within::<AccountsSpec>(e, "accounts"))?);
    }
    add_histories(config, &mut leads, tables, &zone, &mut audit)?;
    let mut dict = Dictionaries::with(days);
    let mut read = RowsReading::default();
    let mut index = IndexBuilder::new(leads.len(), config.memory.map(|m| m.0));
    let stage_order = stage_order(&config.events, &config.stages);
    let reading = Reading { config, leads: &leads, zone: &zone, task };
    read.roles((&config.events, &config.stages), &reading, &mut dict, tables, &mut index)?;
    if let Some(audit) = audit.tables.first() {
        let created: Vec<i64> = leads.created.iter().copied().filter(|c| *c != NO_TIME).collect();
        read.saw(TableRole::Leads, &config.leads.common, audit, &config.leads.table, Extent::of(&created), &zone)?;
    }
    let observed = read.ends.observed_until(config.observed_until.map(|t| t.at(&zone)))?;
    read.add_undated(observed.until, &mut dict, &mut index)?;
    audit.tables.append(&mut read.audits);
    audit.check_quarantined(config.max_bad.map_or(MaxBad::Unlimited, MaxBad::Stated))?;
    Journeys::mark_shared(&mut dict.kinds);
    let ranks = reading.ranks();
    let sizes = Sizes {
        leads: leads.len(),
        kinds: dict.kinds.len(),
        channels: dict.channels.len(),
        deals: dict.deals.len(),
        values: dict.value_names.len(),
        props: dict.props.iter().map(|(_, levels)| levels.len()).collect(),
        classes: ranks.classes(stage_order, &dict.kinds),
        ties: ranks.ties(&dict.kinds),
        last_resort: ranks.last_resort(&dict.kinds),
    };
    let mut days = dict.all_days();
    ranks.order_days(&mut index, &dict.kinds, (&leads.created, &zone), &mut days);
    tables.unchanged()?;
    // Tables are in the rows now; their memory is needed for the index.
    tables.forget();
    let timeline = index.finish(&sizes, task)?;
    let mut journeys = Journeys {
        leads,
        timeline,
        kinds: dict.kinds,
        channels: dict.channels,
        deals: dict.deals,
        value_names: dict.value_names,
        props: dict.props,
        event_ids: dict.event_ids,
        pipeline: config.pipeline.clone(),
        won: config.won.clone(),
        lost: config.lost.clone(),
        days,
        stage_order,
        observed_until: observed.until,
        outcomes_from: config.outcomes_from.map_or(NO_TIME, |t| t.at(&zone).0),
        timezone: zone,
        calendar_zone,
        check: audit,
    };
    journeys.check_declared()?;
    withhold_fields(&mut journeys, task)?;
    conclude(&mut journeys, observed, task)?;
    Ok(journeys)
}

/// Reads the tables of fields that change over time, and puts each history in the place of the field of its name.
fn add_histories(
    config: &Config,
    leads: &mut Leads,
    tables: &mut Tables,
    zone: &Zone,
    audit: &mut Check,
) -> Result<()> {
    for (i, spec) in config.fields.iter().enumerate() {
        let read = read_history(spec, leads, tables, zone);
        let place = place_of("fields", i, config.fields.len());
        let (histories, history_audit) = read.map_err(|e| within::<FieldsSpec>(e, &place))?;
        audit.tables.push(history_audit);
        let own_zone = spec.common.own_zone()?;
        for history in histories {
            // The column of the lead table is the value of today; the history says what was known when.
            let name = history.name.clone();
            if leads.histories.iter().any(|h| h.name == name) {
                return Err(Error::schema(
                    &config.leads.table,
                    Some(&name),
                    "the history of this field is given by two tables; keep it in one",
                ));
            }
            if leads.field(&name).is_some() {
                leads.fields.retain(|f| f.name != name);
                // Also an empty column of that name, which would stand before the history.
                leads.hidden.retain(|f| f.name != name);
                leads.withheld.retain(|(n, _)| *n != name);
                leads.withheld.push((name.clone(), "replaced by its history".into()));
            }
            match own_zone.clone() {
                Some(zone) => leads.zones.insert(name, zone),
                None => leads.zones.remove(&name),
            };
            leads.histories.push(history);
        }
    }
    Ok(())
}

/// Records facts about the whole table in the audit.
fn conclude(journeys: &mut Journeys, observed: ObservedRange, task: &Task) -> Result<()> {
    journeys.check.warnings = observed.warnings;
    journeys.check.warnings.extend(journeys.check.tables.iter().flat_map(TableCheck::warnings));
    journeys.check.remarks = observed.remarks;
    let mut on_all = remarks_on(journeys, task)?;
    journeys.check.remarks.append(&mut on_all);
    Ok(())
}

/// Adds new rows of events and stages to an index.
///
/// # Errors
/// As [`build`].
pub fn extend(
    journeys: &Journeys,
    events: &[EventsSpec],
    stages: &[StagesSpec],
    config: &Config,
    tables: &mut Tables,
    task: &Task,
) -> Result<(Journeys, Extended)> {
    let _here = task.here();
    let config = &config.canonical();
    let zone = Zone::new(&config.timezone)?;
    Config::expect_rows(events, stages, tables)?;
    let mut violations = Vec::new();
    check_roles(events, stages, tables, &mut violations)?;
    if !violations.is_empty() {
        return Err(Error::Schema { violations });
    }
    let mut dict = Dictionaries::of(journeys);
    let mut read = RowsReading::default();
    let mut index = journeys.extending()?;
    let stage_order = stage_order(events, stages).max(journeys.stage_order);
    let reading = Reading { config, leads: &journeys.leads, zone: &zone, task };
    read.roles((events, stages), &reading, &mut dict, tables, &mut index)?;
    tables.unchanged()?;
    let t = &journeys.timeline;
    let stage_times: Vec<i64> = t.stages.position.iter().filter_map(|p| t.at.get(*p as usize).copied()).collect();
    let known = t.at.par_iter().max().map_or(NO_TIME, |at| at.saturating_add(1));
    let observed = read.ends.extended_until(
        config.observed_until.map(|t| t.at(&zone)),
        journeys.observed_until,
        known,
        &stage_times,
    )?;
    if stages.iter().any(|s| s.undated == Undated::Last) {
        journeys.note_stage_times(|lead, deal, at, kind| note_time(&mut read.last, (lead, deal), at, kind));
    }
    read.add_undated(observed.until, &mut dict, &mut index)?;
    Check { tables: read.audits.clone(), ..Check::default() }
        .check_quarantined(config.max_bad.map_or(MaxBad::Unlimited, MaxBad::Stated))?;
    let known_ids = read.audits.iter().filter_map(|a| a.quarantined.get(DUPLICATE_ID)).map(|q| q.rows).sum();
    let days = dict.all_days();
    let arrivals = Arrivals {
        kinds: dict.kinds,
        channels: dict.channels,
        deals: dict.deals,
        value_names: dict.value_names,
        props: dict.props,
        event_ids: dict.event_ids,
        known_ids,
        days,
        stage_order,
        observed_until: observed.until,
    };
    let (mut extended, report) = journeys.extended(index, arrivals, task)?;
    extended.check.tables.append(&mut read.audits);
    extended.check_declared()?;
    suspect_fields(&mut extended, task)?;
    conclude(&mut extended, observed, task)?;
    Ok((extended, report))
}
