//! Columns that the declared roles need, checked before any is read.

use std::collections::BTreeSet;

use crate::config::{Config, EventsSpec, LeadsFrom, LookupSpec, StagesSpec};
use crate::error::{Error, Result, Violation};
use crate::frames::files::catalog::Tables;

/// The events that leads are derived from, where no table lists them.
pub(super) fn derived_from(config: &Config) -> Option<&[EventsSpec]> {
    match config.leads.from.as_ref()? {
        LeadsFrom::Events(_) => Some(&config.events),
        LeadsFrom::Tables(events) => Some(events),
    }
}

/// Checks the columns of all roles before any is read, so all missing ones are listed at once.
pub(super) fn check_columns(config: &Config, tables: &mut Tables) -> Result<()> {
    let mut violations = Vec::new();
    match derived_from(config) {
        Some(events) => check_roles(events, &[], tables, &mut violations)?,
        None if config.leads.table.is_empty() || config.leads.id.is_empty() => {
            return Err(Error::option(
                "leads",
                "set table= and id=, or derive the leads from events (from = \"events\")",
            ));
        }
        None => violations.extend(tables.get(&config.leads.table)?.check(config.leads.columns())),
    }
    if let Some(a) = &config.accounts {
        violations.extend(tables.get(&a.table)?.check(a.columns()));
    }
    for f in &config.fields {
        violations.extend(tables.get(&f.table)?.check(f.columns()));
        check_lookups(f.lead.lookups(), tables, &mut violations)?;
    }
    check_roles(&config.events, &config.stages, tables, &mut violations)?;
    if violations.is_empty() { Ok(()) } else { Err(Error::Schema { violations }) }
}

/// Collects the columns of tables of events and stages, and of their lookups, that are missing.
pub(super) fn check_roles(
    events: &[EventsSpec],
    stages: &[StagesSpec],
    tables: &mut Tables,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    for e in events {
        violations.extend(tables.source(&e.table)?.head.check(e.columns()));
        check_lookups(e.lookups(), tables, violations)?;
    }
    for s in stages {
        violations.extend(tables.get(&s.table)?.check(s.columns()));
        check_lookups(s.lookups(), tables, violations)?;
    }
    Ok(())
}

fn check_lookups<'a>(
    lookups: impl IntoIterator<Item = &'a LookupSpec>,
    tables: &mut Tables,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    for spec in lookups {
        violations.extend(tables.get(&spec.table)?.check(spec.columns()));
    }
    Ok(())
}

/// Columns of the lead table that other roles use.
pub(super) fn columns_elsewhere(config: &Config) -> BTreeSet<String> {
    let table = &config.leads.table;
    let events = config.events.iter().filter(|e| e.table == *table).flat_map(EventsSpec::columns);
    let stages = config.stages.iter().filter(|s| s.table == *table).flat_map(StagesSpec::columns);
    let lookups = (config.events.iter().flat_map(EventsSpec::lookups))
        .chain(config.stages.iter().flat_map(StagesSpec::lookups))
        .chain(config.fields.iter().flat_map(|f| f.lead.lookups()));
    // An attribute of events that the table of leads holds is still a field.
    let keys = lookups.filter(|l| l.table == *table && l.lead.is_some()).flat_map(LookupSpec::columns);
    events.chain(stages).chain(keys).cloned().collect()
}
