//! From declared tables to the index of journeys.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{SystemTime, UNIX_EPOCH};

use rayon::prelude::*;

use super::accounts::join_accounts;
use super::config::{Common, Config, DayMeans, EventsSpec, LeadsFrom, LookupSpec, StagesSpec};
use super::derived_leads::derive_leads;
use super::events::{DUPLICATE_ID, EventsReader};
use super::fields::read_history;
use super::leads::read_leads;
use super::stages::{Setting, read_stages};
use super::table::Tables;
use crate::design::{Kind, Side, canonical_text};
use crate::error::{Error, Result, Violation};
use crate::journeys::{
    Arrivals, Audit, Closed, Extended, Field, IndexBuilder, Journeys, Leads, Sizes, Status, TableAudit, Texts, misread,
    separation, status_before, status_log, suspect, withhold,
};
use crate::task::Task;
use crate::time::{DAY, NO_TIME, Timestamp, Zone};

/// Dictionaries that rows point into while tables are read.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    pub(super) kinds: Vec<Kind>,
    by_name: HashMap<(String, String, bool), u32>,
    pub(super) channels: Texts,
    pub(super) deals: Texts,
    pub(super) value_names: Vec<String>,
    pub(super) props: Vec<(String, Texts)>,
    /// Hashes of (source, id) of all events with an id.
    pub(super) event_ids: HashSet<u128>,
    /// Events of one source come from tables of one side.
    sides: HashMap<String, Side>,
}

impl Dictionaries {
    fn of(journeys: &Journeys) -> Self {
        let key = |(k, code): (&Kind, u32)| ((k.source.clone(), k.plain.clone(), k.stage), code);
        Self {
            kinds: journeys.kinds.clone(),
            by_name: journeys.kinds.iter().zip(0u32..).map(key).collect(),
            channels: journeys.channels.clone(),
            deals: journeys.deals.clone(),
            value_names: journeys.value_names.clone(),
            props: journeys.props.clone(),
            event_ids: journeys.event_ids.clone(),
            sides: journeys.kinds.iter().filter(|k| !k.stage).map(|k| (k.source.clone(), k.side)).collect(),
        }
    }

    /// Declares a source of events.
    ///
    /// # Errors
    /// [`Error::Schema`] if another table of that name has another side.
    pub(super) fn source(&mut self, table: &str, source: &str, side: Side) -> Result<()> {
        match *self.sides.entry(source.to_owned()).or_insert(side) {
            known if known == side => Ok(()),
            known => Err(Error::schema(
                table,
                None,
                format!(
                    "its events are called '{source}' like those of another table, but are by {side}, not by {known}; say name="
                ),
            )),
        }
    }

    /// Code of a kind, new if it has none.
    pub(super) fn kind(&mut self, plain: &str, source: &str, side: Side, stage: bool) -> u32 {
        let kinds = &mut self.kinds;
        *self.by_name.entry((source.to_owned(), plain.to_owned(), stage)).or_insert_with(|| {
            kinds.push(Kind { plain: plain.to_owned(), source: source.to_owned(), side, stage, shared: false });
            kinds.len() as u32 - 1
        })
    }

    pub(super) fn value(&mut self, name: &str) -> usize {
        position_or_push(&mut self.value_names, |v| v == name, || name.to_owned())
    }

    pub(super) fn prop(&mut self, name: &str) -> usize {
        position_or_push(&mut self.props, |p| p.0 == name, || (name.to_owned(), Texts::new()))
    }
}

fn position_or_push<T>(list: &mut Vec<T>, is: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    list.iter().position(is).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    })
}

/// Reads all declared tables and builds the index.
///
/// # Errors
/// [`Error::Schema`] with every violation of the first role that has any, [`Error::Read`], [`Error::FutureDated`],
/// [`Error::InvalidOption`], [`Error::Interrupted`].
pub fn build(config: &Config, tables: &mut Tables, task: &Task) -> Result<Journeys> {
    let _here = task.here();
    let zone = Zone::new(&config.timezone)?;
    let calendar_zone = Zone::new(&config.calendar_zone)?;
    config.expect(tables)?;
    check_columns(config, tables)?;
    let (mut leads, lead_audit) = match derived_from(config) {
        Some(events) => derive_leads(&config.leads, events, tables, &zone)?,
        None => read_leads(&config.leads, &columns_elsewhere(config), tables, &zone)?,
    };
    let mut audit = Audit { tables: vec![lead_audit], ..Audit::default() };
    if let Some(spec) = &config.accounts {
        audit.tables.push(join_accounts(spec, &config.leads.include, &mut leads, tables, &zone)?);
    }
    for spec in &config.fields {
        let (histories, history_audit) = read_history(spec, &leads, tables, &zone)?;
        audit.tables.push(history_audit);
        for history in histories {
            // The column of the lead table is the value of today; the history says what was known when.
            let name = history.name.clone();
            if leads.histories.iter().any(|h| h.name == name) {
                return Err(Error::schema(&config.leads.table, Some(&name), "two tables give this field a history"));
            }
            if leads.field(&name).is_some() {
                leads.fields.retain(|f| f.name != name);
                // Also an empty column of that name, which would stand before the history.
                leads.hidden.retain(|f| f.name != name);
                leads.withheld.retain(|(n, _)| *n != name);
                leads.withheld.push((name, "its history is used instead".into()));
            }
            leads.histories.push(history);
        }
    }
    let mut dict = Dictionaries::default();
    let mut read = Reading::default();
    let mut index = IndexBuilder::new(leads.len(), config.memory.map(|m| m.0));
    read.roles(&config.events, &config.stages, config, &leads, &zone, &mut dict, tables, &mut index, task)?;
    let stated = config.observed_until.map(|t| t.at(&zone));
    let (observed_until, mut remarks) = observed_until(stated, &read.ends, &leads)?;
    audit.tables.append(&mut read.audits);
    audit.check_quarantined(config.max_bad)?;
    audit.remarks.append(&mut remarks);
    Journeys::mark_shared(&mut dict.kinds);
    for name in config.won.iter().chain(&config.lost) {
        let called = |stage: bool| dict.kinds.iter().any(|k| k.stage == stage && k.is_called(name));
        if called(false) && !called(true) {
            return Err(Error::option(
                "won",
                format!("'{name}' is a kind of event; won= and lost= are stages (Stages)"),
            ));
        }
    }
    let sizes = Sizes {
        leads: leads.len(),
        kinds: dict.kinds.len(),
        channels: dict.channels.len(),
        deals: dict.deals.len(),
        values: dict.value_names.len(),
        props: dict.props.iter().map(|(_, levels)| levels.len()).collect(),
    };
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
        pipeline: stage_names(&config.pipeline),
        won: stage_names(&config.won),
        lost: stage_names(&config.lost),
        observed_until,
        outcomes_from: config.outcomes_from.map_or(NO_TIME, |t| t.at(&zone).0),
        timezone: zone,
        calendar_zone,
        audit,
    };
    journeys.check_declared()?;
    withhold_fields(&mut journeys);
    remark(&mut journeys);
    Ok(journeys)
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
    let zone = Zone::new(&config.timezone)?;
    Config::expect_rows(events, stages, tables)?;
    let mut violations = Vec::new();
    check_roles(events, stages, tables, &mut violations)?;
    if !violations.is_empty() {
        return Err(Error::Schema { violations });
    }
    let mut dict = Dictionaries::of(journeys);
    let mut read = Reading::default();
    let mut index = journeys.extending()?;
    read.roles(events, stages, config, &journeys.leads, &zone, &mut dict, tables, &mut index, task)?;
    tables.unchanged()?;
    Audit { tables: read.audits.clone(), ..Audit::default() }.check_quarantined(config.max_bad)?;
    if let Some(e) = read.ends.values().find(|e| e.future > 0 && config.observed_until.is_none()) {
        return Err(Error::FutureDated { table: e.name.clone(), rows: e.future, latest: Timestamp(e.end).to_string() });
    }
    let observed_until = match config.observed_until {
        Some(t) => t.at(&zone).0,
        // Outcomes are known up to the end of the stages that arrived, and no further than the other new tables.
        None if stages.is_empty() => journeys.observed_until,
        None => read.ends.values().map(|e| e.end).min().unwrap_or(NO_TIME).max(journeys.observed_until),
    };
    let known_ids = read.audits.iter().filter_map(|a| a.quarantined.get(DUPLICATE_ID)).map(|q| q.rows).sum();
    let arrivals = Arrivals {
        kinds: dict.kinds,
        channels: dict.channels,
        deals: dict.deals,
        value_names: dict.value_names,
        props: dict.props,
        event_ids: dict.event_ids,
        known_ids,
        observed_until,
    };
    let (mut extended, report) = journeys.extended(index, arrivals, task)?;
    extended.audit.tables.append(&mut read.audits);
    Ok((extended, report))
}

/// Names of stages as cells give them: 7.0 and True are 7 and true.
fn stage_names(names: &[String]) -> Vec<String> {
    names.iter().map(|name| canonical_text(name).to_owned()).collect()
}

/// The events that leads are derived from, where no table lists them.
fn derived_from(config: &Config) -> Option<&[EventsSpec]> {
    match config.leads.from.as_ref()? {
        LeadsFrom::Events(_) => Some(&config.events),
        LeadsFrom::Tables(events) => Some(events),
    }
}

/// Checks the columns of all roles before any is read, so that all missing ones are listed at once.
fn check_columns(config: &Config, tables: &mut Tables) -> Result<()> {
    let mut violations = Vec::new();
    match derived_from(config) {
        Some(events) => check_roles(events, &[], tables, &mut violations)?,
        None if config.leads.table.is_empty() || config.leads.id.is_empty() => {
            return Err(Error::option(
                "leads",
                "give table= and id=, or derive the leads from events (from = \"events\")",
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

fn check_roles(
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
fn columns_elsewhere(config: &Config) -> BTreeSet<String> {
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

/// How far some rows go in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Latest time, [`NO_TIME`] without a row.
    latest: i64,
    /// Whether all times are midnights.
    whole_days: bool,
    /// Rows more than a day after now.
    future: usize,
}

impl Default for Extent {
    fn default() -> Self {
        Self { latest: NO_TIME, whole_days: true, future: 0 }
    }
}

impl Extent {
    pub(super) fn of(times: &[i64]) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(i64::MAX, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX));
        let tomorrow = now.saturating_add(DAY);
        let latest = times.iter().copied().max().unwrap_or(NO_TIME);
        Self {
            latest,
            whole_days: times.iter().all(|t| t % DAY == 0),
            future: if latest > tomorrow { times.iter().filter(|t| **t > tomorrow).count() } else { 0 },
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.latest = self.latest.max(other.latest);
        self.whole_days &= other.whole_days;
        self.future += other.future;
    }
}

/// End of one source table over all its roles.
struct Ended {
    name: String,
    end: i64,
    future: usize,
}

#[derive(Default)]
struct Reading {
    audits: Vec<TableAudit>,
    ends: BTreeMap<String, Ended>,
}

impl Reading {
    #[allow(clippy::too_many_arguments, reason = "shared by build and extend, which own different parts of it")]
    fn roles(
        &mut self,
        events: &[EventsSpec],
        stages: &[StagesSpec],
        config: &Config,
        leads: &Leads,
        zone: &Zone,
        dict: &mut Dictionaries,
        tables: &mut Tables,
        index: &mut IndexBuilder,
        task: &Task,
    ) -> Result<()> {
        task.begin("reading tables", events.len() + stages.len());
        let days_start = |c: &Common| c.day == Some(DayMeans::Start);
        let alone = events.len() + stages.len() == 1 && index.is_empty();
        let reader = EventsReader { leads, zone, alone, task };
        for spec in events {
            task.check()?;
            let (audit, extent) = reader.read(spec, dict, tables, index)?;
            self.saw(&spec.table, &audit, extent, days_start(&spec.common));
            self.audits.push(audit);
            task.advance(1);
        }
        let setting =
            Setting { leads, zone, pipeline: &config.pipeline, before_creation: config.before_creation, task };
        for spec in stages {
            task.check()?;
            let (rows, audit) = read_stages(spec, &setting, dict, tables)?;
            for r in rows {
                self.saw(&spec.table, &audit, Extent::of(&r.at), days_start(&spec.common));
                index.push_rows(&r)?;
            }
            self.audits.push(audit);
            task.advance(1);
        }
        Ok(())
    }

    fn saw(&mut self, table: &str, audit: &TableAudit, extent: Extent, days_start: bool) {
        if extent.latest == NO_TIME {
            return;
        }
        // A day that means its start lasts until the next one.
        let whole_days = days_start && extent.whole_days;
        let end = extent.latest.saturating_add(if whole_days { DAY } else { 1 });
        let entry = self.ends.entry(table.to_owned()).or_insert(Ended { name: audit.table.clone(), end, future: 0 });
        entry.end = entry.end.max(end);
        entry.future += extent.future;
    }
}

/// End of observation: as said, else the earliest of the ends of the source tables.
fn observed_until(
    stated: Option<Timestamp>,
    ends: &BTreeMap<String, Ended>,
    leads: &Leads,
) -> Result<(i64, Vec<String>)> {
    let mut remarks = Vec::new();
    if let Some(given) = stated {
        for e in ends.values().filter(|e| e.end > given.0) {
            remarks.push(format!(
                "table '{}' goes on to {}, after observed_until {given}: what lies after is not used as an outcome",
                e.name,
                Timestamp(e.end)
            ));
        }
        return Ok((given.0, remarks));
    }
    if let Some(e) = ends.values().find(|e| e.future > 0) {
        return Err(Error::FutureDated { table: e.name.clone(), rows: e.future, latest: Timestamp(e.end).to_string() });
    }
    let created = leads.created.iter().copied().filter(|c| *c != NO_TIME).max();
    let end = ends.values().map(|e| e.end).min().or(created.map(|c| c.saturating_add(1)));
    if let Some(end) = end {
        if let Some(first) = ends.values().find(|e| e.end == end) {
            remarks.push(format!(
                "observed until {}: the end of table '{}', which ends first",
                Timestamp(end),
                first.name
            ));
        }
        for e in ends.values().filter(|e| e.end > end) {
            remarks.push(format!("table '{}' goes on to {}; say observed_until= to use it", e.name, Timestamp(e.end)));
        }
    }
    Ok((end.unwrap_or(NO_TIME), remarks))
}

/// Takes fields that look like outcomes away, unless the user named them.
fn withhold_fields(journeys: &mut Journeys) {
    let won_codes = journeys.codes_known(&journeys.won);
    // Stages only can mean won.
    let entries = &journeys.timeline.stages;
    let ever_won = |lead: u32| {
        let positions = entries.position.get(journeys.timeline.stage_range(lead)).unwrap_or(&[]);
        positions.iter().any(|p| won_codes.contains(&journeys.timeline.kind.get(*p as usize)))
    };
    let won = LazyCell::new(|| -> Vec<bool> {
        match &journeys.leads.outcome {
            Some(outcome) => outcome.iter().map(|o| *o == Some(true)).collect(),
            None => (0..journeys.leads.len() as u32).map(ever_won).collect(),
        }
    });
    let stages: Vec<String> = journeys
        .pipeline
        .iter()
        .chain(&journeys.won)
        .chain(&journeys.lost)
        .cloned()
        .chain(journeys.kinds.iter().filter(|k| k.stage).map(|k| k.plain.clone()))
        .collect();
    let closed = closed_leads(journeys);
    let judged = |f: &Field| {
        let auc = LazyCell::new(|| separation(&f.column, &won));
        let reason = withhold(&f.name, &f.column, &journeys.leads, &stages, || *auc).filter(|_| !f.asked);
        let suspects = match &reason {
            // Many different texts may be dates or numbers; a column that names an outcome is withheld whatever it holds.
            Some(why) if why.ends_with("an identifier") => misread(&f.name, &f.column).into_iter().collect(),
            Some(_) => Vec::new(),
            None => suspect(&f.name, &f.column, closed.as_ref(), &won, *auc),
        };
        (reason, suspects)
    };
    let (reasons, suspects): (Vec<_>, Vec<Vec<_>>) = journeys.leads.fields.iter().map(judged).unzip();
    journeys.audit.suspects = suspects.into_iter().flatten().collect();
    let fields = std::mem::take(&mut journeys.leads.fields);
    for (field, reason) in fields.into_iter().zip(reasons) {
        match reason {
            Some(reason) => {
                journeys.leads.withheld.push((field.name.clone(), reason));
                journeys.leads.hidden.push(field);
            }
            None => journeys.leads.fields.push(field),
        }
    }
}

/// Which leads are closed at the end of observation, where outcomes or stages tell won and lost ones from open ones.
fn closed_leads(journeys: &Journeys) -> Option<Closed> {
    let created = &journeys.leads.created;
    if let Some(outcome) = &journeys.leads.outcome {
        return Closed::new(outcome.iter().map(Option::is_some).collect(), created);
    }
    let (won, lost) = (journeys.codes_known(&journeys.won), journeys.codes_known(&journeys.lost));
    if won.is_empty() || lost.is_empty() {
        return None;
    }
    let mut log = Vec::new();
    let closed = (0..journeys.leads.len() as u32).map(|lead| {
        status_log(&journeys.timeline, lead, &won, &lost, &mut log);
        status_before(&log, journeys.observed_until) != Status::Open
    });
    Closed::new(closed.collect(), created)
}

/// Remarks on the whole: ties, outcomes that start late, stages that do not occur.
fn remark(journeys: &mut Journeys) {
    let mut remarks = Vec::new();
    let t = &journeys.timeline;
    let ties: usize = (0..journeys.leads.len() as u32)
        .into_par_iter()
        .map(|lead| t.at.get(t.range(lead)).map_or(0, |at| at.windows(2).filter(|w| w.first() == w.last()).count()))
        .sum();
    if ties > 0 {
        remarks.push(format!("{ties} consecutive entries of a lead have the same time: their order is the order column's where one is given, else that of the rows"));
    }
    for (what, names) in [("won", &journeys.won), ("lost", &journeys.lost)] {
        for name in names.iter().filter(|n| !journeys.kinds.iter().any(|k| k.is_called(n))) {
            remarks.push(format!("no lead ever reached '{name}', which means {what}"));
        }
    }
    let closing: BTreeSet<u32> = journeys.codes_known(&journeys.won);
    // Stages only can mean won.
    let entries = t.stages.position.iter().map(|p| *p as usize);
    let first_won = entries.filter(|i| closing.contains(&t.kind.get(*i))).filter_map(|i| t.at.get(i)).min();
    let first_lead = journeys.leads.created.iter().filter(|c| **c != NO_TIME).min();
    if let (Some(won), Some(lead)) = (first_won, first_lead)
        && won - lead > 30 * DAY
    {
        remarks.push(format!(
            "the first win is at {}, {} days after the first lead: if outcomes were not recorded before, say outcomes_from=",
            Timestamp(*won),
            (won - lead) / DAY
        ));
    }
    for (name, why) in &journeys.leads.withheld {
        remarks.push(format!("column '{name}' is not used as a field: {why}"));
    }
    journeys.audit.remarks.extend(remarks);
}
