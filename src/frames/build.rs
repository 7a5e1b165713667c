//! From declared tables to the index of journeys.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use rayon::prelude::*;

use super::accounts::join_accounts;
use super::config::{Common, Config, EventsSpec, LeadsFrom, LookupSpec, StagesSpec, Undated};
use super::derived_leads::derive_leads;
use super::events::{DUPLICATE_ID, EventsReader};
use super::extent::{Ends, Extent, Role, starts};
use super::fields::read_history;
use super::leads::read_leads;
use super::stages::{Setting, read_stages};
use super::table::Tables;
use super::undated::{LastTimes, UndatedRows, note_time, note_times};
use crate::design::{Kind, Side};
use crate::error::{Error, Result, Violation};
use crate::journeys::{
    Arrivals, Audit, Closed, Days, Extended, Field, IndexBuilder, Journeys, Leads, MaxBad, Ranks, Sizes, StageOrder,
    Status, Suspect, TableAudit, Texts, misread, separation, status_before, status_log, suspect, withhold,
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
    /// Kinds that are known to the day only.
    pub(super) days: BTreeSet<u32>,
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
            days: journeys.days.kinds.clone(),
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

    /// Says that events of a source are known to the day only.
    pub(super) fn mark_days(&mut self, source: &str) {
        let own = self.kinds.iter().zip(0u32..).filter(|(k, _)| !k.stage && k.source == source);
        self.days.extend(own.map(|(_, code)| code));
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
    let config = &config.canonical();
    let zone = Zone::new(&config.timezone)?;
    let calendar_zone = Zone::new(&config.calendar_zone)?;
    config.expect(tables)?;
    check_columns(config, tables)?;
    let (mut leads, lead_audit) = match derived_from(config) {
        Some(events) => derive_leads(&config.leads, events, tables, &zone)?,
        None => read_leads(&config.leads, &columns_elsewhere(config), tables, &zone)?,
    };
    let created_days = !lead_audit.days.is_empty();
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
    let stage_order = stage_order(&config.events, &config.stages);
    read.roles(
        &config.events,
        &config.stages,
        config,
        &leads,
        &zone,
        stage_order,
        &mut dict,
        tables,
        &mut index,
        task,
    )?;
    if let Some(audit) = audit.tables.first() {
        let created: Vec<i64> = leads.created.iter().copied().filter(|c| *c != NO_TIME).collect();
        read.saw(Role::Leads, &config.leads.table, &config.leads.common, audit, Extent::of(&created));
    }
    let mut observed = read.ends.observed_until(config.observed_until.map(|t| t.at(&zone)))?;
    read.add_undated(observed.until, &mut dict, &mut index)?;
    audit.tables.append(&mut read.audits);
    audit.check_quarantined(config.max_bad.map_or(MaxBad::Unlimited, MaxBad::Stated))?;
    audit.remarks.append(&mut observed.remarks);
    audit.warnings.append(&mut observed.warnings);
    audit.warnings.append(&mut hardly_used(&audit.tables));
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
        classes: Ranks { pipeline: &config.pipeline, won: &config.won, lost: &config.lost }
            .classes(stage_order, &dict.kinds),
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
        pipeline: config.pipeline.clone(),
        won: config.won.clone(),
        lost: config.lost.clone(),
        days: Days { created: created_days, kinds: dict.days },
        stage_order,
        observed_until: observed.until,
        outcomes_from: config.outcomes_from.map_or(NO_TIME, |t| t.at(&zone).0),
        timezone: zone,
        calendar_zone,
        audit,
    };
    journeys.check_declared()?;
    withhold_fields(&mut journeys, task)?;
    remark(&mut journeys, task)?;
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
    let config = &config.canonical();
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
    let stage_order = stage_order(events, stages).max(journeys.stage_order);
    read.roles(events, stages, config, &journeys.leads, &zone, stage_order, &mut dict, tables, &mut index, task)?;
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
    Audit { tables: read.audits.clone(), ..Audit::default() }
        .check_quarantined(config.max_bad.map_or(MaxBad::Unlimited, MaxBad::Stated))?;
    let known_ids = read.audits.iter().filter_map(|a| a.quarantined.get(DUPLICATE_ID)).map(|q| q.rows).sum();
    let arrivals = Arrivals {
        kinds: dict.kinds,
        channels: dict.channels,
        deals: dict.deals,
        value_names: dict.value_names,
        props: dict.props,
        event_ids: dict.event_ids,
        known_ids,
        days: Days { created: journeys.days.created, kinds: dict.days },
        stage_order,
        observed_until: observed.until,
    };
    let (mut extended, report) = journeys.extended(index, arrivals, task)?;
    extended.audit.warnings = observed.warnings;
    extended.audit.warnings.append(&mut hardly_used(&read.audits));
    extended.audit.tables.append(&mut read.audits);
    Ok((extended, report))
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

#[derive(Default)]
struct Reading {
    audits: Vec<TableAudit>,
    ends: Ends,
    undated: Vec<UndatedRows>,
    last: LastTimes,
}

/// What orders stages of one instant, given what tables say.
fn stage_order(events: &[EventsSpec], stages: &[StagesSpec]) -> StageOrder {
    let shared = |s: &StagesSpec| events.iter().any(|e| e.table == s.table && e.common.order == s.common.order);
    let ordered = || stages.iter().filter(|s| s.common.order.is_some());
    if ordered().next().is_none() {
        StageOrder::Pipeline
    } else if ordered().all(shared) && ordered().count() == stages.len() {
        StageOrder::Shared
    } else {
        StageOrder::Column
    }
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
        order: StageOrder,
        dict: &mut Dictionaries,
        tables: &mut Tables,
        index: &mut IndexBuilder,
        task: &Task,
    ) -> Result<()> {
        task.begin("reading tables", events.len() + stages.len());
        let alone = events.len() + stages.len() == 1 && index.is_empty();
        let reader = EventsReader { leads, zone, alone, task };
        for spec in events {
            task.check()?;
            let (audit, extent) = reader.read(spec, dict, tables, index)?;
            self.saw(Role::Events, &spec.table, &spec.common, &audit, extent);
            self.audits.push(audit);
            task.advance(1);
        }
        let ranks = Ranks { pipeline: &config.pipeline, won: &config.won, lost: &config.lost };
        let setting = Setting { leads, zone, ranks, order, before_creation: config.before_creation, task };
        let dates_by_last = stages.iter().any(|s| s.undated == Undated::Last);
        for spec in stages {
            task.check()?;
            let read = read_stages(spec, &setting, dict, tables)?;
            self.saw(Role::Stages, &spec.table, &spec.common, &read.audit, read.extent);
            for rows in read.rows {
                if dates_by_last {
                    note_times(&rows, &mut self.last);
                }
                index.push_rows(&rows)?;
            }
            self.undated.extend(read.undated.map(|rows| rows.counted_by(self.audits.len())));
            self.audits.push(read.audit);
            task.advance(1);
        }
        Ok(())
    }

    fn saw(&mut self, role: Role, key: &str, common: &Common, audit: &TableAudit, extent: Extent) {
        let days = starts(common, role) && !audit.days.is_empty();
        self.ends.add(role, key, &audit.table, extent, days);
    }

    /// Adds the rows that have no time of their own.
    fn add_undated(&mut self, until: i64, dict: &mut Dictionaries, index: &mut IndexBuilder) -> Result<()> {
        for undated in std::mem::take(&mut self.undated) {
            index.push_rows(&undated.dated(&self.last, until, dict, &mut self.audits))?;
        }
        Ok(())
    }
}

/// Tables of which fewer than half the rows are used.
fn hardly_used(audits: &[TableAudit]) -> Vec<String> {
    let told = audits.iter().filter_map(|a| {
        // What was delivered twice is used once.
        let again: usize =
            a.quarantined.iter().filter(|(why, _)| why.starts_with("duplicate")).map(|(_, q)| q.rows).sum();
        let (used, left_out) = (a.used, a.left_out() - again);
        let (most, rows) = a.quarantined.iter().map(|(why, q)| (why, q.rows)).max_by_key(|(_, rows)| *rows)?;
        (left_out > used).then(|| {
            let n = used + left_out;
            format!(
                "table '{}' ({}): {used} of {n} rows are used; {rows} were left out because of: {most}. Check the key columns",
                a.table, a.role
            )
        })
    });
    told.collect()
}

/// Of each field, why it is withheld if it is, and what is suspect about it.
fn judge_fields(journeys: &Journeys, task: &Task) -> Result<Vec<(Option<String>, Vec<Suspect>)>> {
    let won_codes = journeys.codes_known(&journeys.won);
    // Stages only can mean won.
    let entries = &journeys.timeline.stages;
    let ever_won = |lead: u32| {
        let positions = entries.position.get(journeys.timeline.stage_range(lead)).unwrap_or(&[]);
        positions.iter().any(|p| won_codes.contains(&journeys.timeline.kind.get(*p as usize)))
    };
    let won = LazyLock::new(|| -> Vec<bool> {
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
        task.check()?;
        let auc = LazyCell::new(|| separation(&f.column, &won));
        let reason = withhold(&f.name, &f.column, &journeys.leads, &stages, || *auc).filter(|_| !f.asked);
        let suspects = match &reason {
            // Many different texts may be dates or numbers; a column that names an outcome is withheld whatever it holds.
            Some(why) if why.ends_with("an identifier") => misread(&f.name, &f.column).into_iter().collect(),
            Some(_) => Vec::new(),
            None => suspect(&f.name, &f.column, closed.as_ref(), &won, *auc),
        };
        Ok((reason, suspects))
    };
    journeys.leads.fields.par_iter().map(judged).collect()
}

/// Takes fields that look like outcomes away, unless the user named them.
fn withhold_fields(journeys: &mut Journeys, task: &Task) -> Result<()> {
    let (reasons, suspects): (Vec<_>, Vec<Vec<_>>) = judge_fields(journeys, task)?.into_iter().unzip();
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
    Ok(())
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
fn remark(journeys: &mut Journeys, task: &Task) -> Result<()> {
    let mut remarks = Vec::new();
    let t = &journeys.timeline;
    let classes = journeys.ranks().classes(journeys.stage_order, &journeys.kinds);
    let class = |i: usize| classes.get(t.kind.get(i) as usize).copied().unwrap_or(0);
    // Entries of one stage at one instant are of different deals, and in whatever order the same.
    let tied = |i: usize| {
        let (a, b) = (t.kind.get(i), t.kind.get(i + 1));
        let stage = journeys.kinds.get(a as usize).is_some_and(|k| k.stage);
        class(i) == class(i + 1) && !(stage && a == b)
    };
    let ties: usize = (0..journeys.leads.len() as u32)
        .into_par_iter()
        .map(|lead| {
            let range = t.range(lead);
            let at = t.at.get(range.clone()).unwrap_or(&[]);
            at.windows(2).zip(range).filter(|(w, i)| w.first() == w.last() && tied(*i)).count()
        })
        .sum();
    if ties > 0 {
        remarks.push(format!(
            "{ties} consecutive entries of a lead share a time and stage order does not decide between them; ordered by order= if given, else by row"
        ));
    }
    let (edits, repeated) = (t.stages.edits.len(), t.stages.repeated);
    if edits > 0 {
        remarks.push(format!(
            "{edits} rows repeat the stage of their deal: they are edits (the last amount counts), not entries"
        ));
    }
    if repeated > 0 {
        remarks.push(format!("{repeated} rows of stages are the same as another row and were dropped"));
    }
    remarks.extend(journeys.reversed_remark(&journeys.reversed(task)?));
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
    Ok(())
}
