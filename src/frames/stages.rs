//! Tables of stage entries.

use std::collections::BTreeSet;

use super::build::Dictionaries;
use super::cells::{Texts, cell_text, numbers};
use super::config::{At, BeforeCreation, DayMeans, Renames, StagesSpec, Unmapped};
use super::events::pick;
use super::leads::order_ranks;
use super::lookup::{AttributeReader, LeadFinder, NO_MATCH};
use super::table::{Table, Tables};
use super::times::{TimeCell, TimeReader};
use crate::design::{NONE, Side, canonical_text};
use crate::error::{Error, Result};
use crate::journeys::{Leads, Rows, TableAudit, normalized};
use crate::task::Task;
use crate::time::{NO_TIME, Zone};

/// Rows between two looks at whether the work is to end.
const CHECK_EVERY: usize = 1 << 16;

/// What all stage tables share.
pub(super) struct Setting<'a> {
    pub(super) leads: &'a Leads,
    pub(super) zone: &'a Zone,
    pub(super) pipeline: &'a [String],
    pub(super) before_creation: BeforeCreation,
    pub(super) task: &'a Task,
}

/// Reads one table of stages; a wide table gives one set of rows per stage, in the order of the pipeline.
pub(super) fn read_stages(
    spec: &StagesSpec,
    setting: &Setting<'_>,
    dict: &mut Dictionaries,
    tables: &mut Tables,
) -> Result<(Vec<Rows>, TableAudit)> {
    let table = tables.get(&spec.table)?;
    let c = &spec.common;
    let columns: Vec<(Option<String>, String)> = match &spec.at {
        At::Column(column) => vec![(None, column.clone())],
        At::Columns(map) => {
            let rank = |stage: &String| setting.pipeline.iter().position(|p| p == stage).unwrap_or(usize::MAX);
            let mut all: Vec<_> = map.iter().map(|(stage, column)| (Some(stage.clone()), column.clone())).collect();
            all.sort_by_key(|(stage, _)| (stage.as_ref().map(rank), stage.clone()));
            all
        }
    };
    let mut audit = TableAudit::new(&table.name, "stages", table.rows() * columns.len());
    audit.remarks.extend(table.remarks.iter().cloned());
    match (&spec.at, &spec.stage) {
        (At::Columns(map), _) if map.is_empty() => {
            return Err(Error::schema(&table.name, None, "at= is an empty mapping; give stage → column"));
        }
        (At::Column(_), None) => {
            return Err(Error::schema(
                &table.name,
                None,
                "say which column holds the stage (stage=), or give at= as a mapping stage → column",
            ));
        }
        (At::Columns(_), Some(_)) => {
            return Err(Error::schema(&table.name, None, "at= maps stages to columns, so stage= means nothing"));
        }
        _ => {}
    }
    let keep = super::filter::keep(&table, c)?;
    let finder = LeadFinder::new(&spec.lead, &spec.cells, c.normalize, setting.leads, tables, setting.zone)?;
    audit.remarks.extend(finder.remarks());
    let mut resolver = finder.rows_of(&table, c)?;
    let orders = c.order.as_ref().map(|column| order_ranks(&table, column)).transpose()?;
    spec.names.check(&["stage"])?;
    let no_names = Renames::default();
    let stage =
        spec.stage.as_ref().map(|stage| AttributeReader::new("stage", stage, &no_names, c, tables, setting.zone));
    let stage = stage.transpose()?;
    audit.remarks.extend(stage.iter().flat_map(AttributeReader::remarks));
    let deals =
        spec.deal.as_ref().map(|column| Texts::of(&table, column, &c.nulls).map(|t| t.collect())).transpose()?;
    let amounts = match &spec.amount {
        Some(column) => {
            let (values, unusable) = numbers(&table, column, c)?;
            audit.note(&format!("amount '{column}': not a finite number, read as missing"), unusable);
            Some(values)
        }
        None => None,
    };
    let mut all = Vec::new();
    for (fixed, column) in &columns {
        let reader = TimeReader { table: &table, common: c, zone: setting.zone, day: DayMeans::End };
        let (times, remarks) = reader.read(column)?;
        audit.remarks.extend(remarks);
        let time = |row: usize| match times.cell(row) {
            TimeCell::At(at) => Some(at),
            _ => None,
        };
        let stages = stage.as_ref().map(|stage| stage.read(&table, &c.nulls, time)).transpose()?;
        let mut rows = Rows::default();
        let mut leads = Vec::new();
        let (mut deal_codes, mut amount_values, mut used) = (Vec::new(), Vec::new(), Vec::new());
        for (row, (cell, keep)) in times.cells().zip(&keep).enumerate() {
            if row % CHECK_EVERY == 0 {
                setting.task.check()?;
            }
            if !keep {
                audit.filtered += 1;
                continue;
            }
            let at = match cell {
                TimeCell::At(t) => t,
                TimeCell::Null => {
                    audit.note("null time: the stage was not reached", 1);
                    continue;
                }
                TimeCell::Bad(why) => {
                    audit.quarantine(&format!("unparsable time: {why}"), row, || cell_text(&table, column, row));
                    continue;
                }
            };
            if let Some(why) = resolver.resolve(row, at, &mut leads) {
                audit.quarantine(why, row, || resolver.key(row));
                continue;
            }
            let code = stages.as_ref().and_then(|(codes, names)| Some((codes.get(row).copied()?, names)));
            let raw = fixed.as_deref().or_else(|| code.filter(|c| c.0 < NO_MATCH).map(|(code, names)| names.get(code)));
            let Some(raw) = raw else {
                let no_match = code.is_some_and(|(code, _)| code == NO_MATCH);
                let why = if no_match { "key of the stage not in the lookup table" } else { "null stage" };
                audit.quarantine(why, row, || resolver.key(row));
                continue;
            };
            let stage = match (spec.names.name("stage", raw), spec.unmapped) {
                (Some(name), _) => name,
                (None, Unmapped::Keep) => raw,
                (None, _) if spec.names.is_empty() || fixed.is_some() => raw,
                (None, Unmapped::Drop) => {
                    audit.quarantine("stage not in names=", row, || raw.to_owned());
                    continue;
                }
                (None, Unmapped::Error) => {
                    let near = crate::error::nearest(raw, spec.names.listed("stage"));
                    let hint = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                    return Err(Error::schema(
                        &table.name,
                        spec.stage.as_ref().and_then(|stage| stage.column()).map(String::as_str),
                        format!("row {row}: stage '{raw}' is not in names={hint}"),
                    ));
                }
            };
            let deal = deals.as_ref().and_then(|d| d.get(row)).and_then(|d| d.as_deref());
            let deal = deal.and_then(|deal| normalized(canonical_text(deal), c.normalize));
            let deal = deal.map_or(NONE, |deal| dict.deals.intern(&deal));
            let kind = dict.kind(stage, "", Side::Sales, true);
            let mut early = 0;
            // A row of several leads is an entry of each.
            for lead in &leads {
                let created = setting.leads.created_at(*lead);
                let is_early = created != NO_TIME && at < created;
                if is_early && setting.before_creation == BeforeCreation::Quarantine {
                    early += 1;
                    continue;
                }
                let clamp = is_early && setting.before_creation == BeforeCreation::Clamp;
                if is_early {
                    let what = if clamp { "moved to it" } else { "kept" };
                    audit.note(&format!("before the lead's creation, {what}"), 1);
                }
                let at = if clamp { created } else { at };
                audit.saw(at);
                rows.lead.push(*lead);
                rows.at.push(at);
                rows.order.push(orders.as_ref().and_then(|o| o.get(row).copied()).unwrap_or(row as u32));
                rows.kind.push(kind);
                deal_codes.push(deal);
                amount_values.push(amounts.as_ref().and_then(|a| a.get(row)).copied().unwrap_or(f64::NAN));
                used.push(row as u32);
            }
            if early == leads.len() {
                audit.quarantine("before the lead's creation", row, || resolver.key(row));
            } else {
                audit.note("before the creation of one of several leads, left out for it", early);
                audit.used += 1;
            }
        }
        resolver.tell(&mut audit);
        if spec.deal.is_some() {
            audit.note("without a deal: the lead's own", deal_codes.iter().filter(|d| **d == NONE).count());
        }
        rows.channel = vec![NONE; used.len()];
        for (name, column) in [("currency", &spec.currency), ("reason", &spec.reason), ("rep", &spec.rep)] {
            if let Some(column) = column {
                let prop = read_prop(&table, name, column, &c.nulls, &used, dict)?;
                if name == "currency" {
                    audit.remarks.extend(mixed_currencies(&prop, &amount_values, dict));
                }
                rows.props.push(prop);
            }
        }
        if let Some(column) = &spec.previous {
            check_previous(&table, column, spec, &rows, &deal_codes, &used, dict, &mut audit)?;
        }
        rows.stage = Some((deal_codes, amount_values));
        all.push(rows);
    }
    Ok((all, audit))
}

/// A property of the used rows.
fn read_prop(
    table: &Table,
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

/// What to say of amounts in several currencies.
fn mixed_currencies((prop, codes): &(usize, Vec<u32>), amounts: &[f64], dict: &Dictionaries) -> Option<String> {
    let known = codes.iter().zip(amounts).filter(|(code, amount)| **code != NONE && !amount.is_nan());
    let used: BTreeSet<u32> = known.map(|(code, _)| *code).collect();
    let (_, names) = dict.props.get(*prop)?;
    let some: Vec<&str> = used.iter().take(5).map(|code| names.get(*code)).collect();
    (used.len() > 1).then(|| {
        let list = some.join(", ");
        format!("amounts are in {} currencies ({list}) and taken as if in one: convert them first", used.len())
    })
}

/// Counts entries whose column of the stage before is not the stage the log had before.
#[allow(clippy::too_many_arguments, reason = "one call site; a struct for it would only rename them")]
fn check_previous(
    table: &Table,
    column: &str,
    spec: &StagesSpec,
    rows: &Rows,
    deals: &[u32],
    used: &[u32],
    dict: &Dictionaries,
    audit: &mut TableAudit,
) -> Result<()> {
    let said = Texts::of(table, column, &spec.common.nulls)?.collect();
    let mut order: Vec<usize> = (0..used.len()).collect();
    let owner = |i: usize| (rows.lead.get(i).copied(), deals.get(i).copied());
    order.sort_by_key(|i| (owner(*i), rows.at.get(*i).copied(), rows.order.get(*i).copied()));
    let mut before: Option<usize> = None;
    let mut differs = 0;
    for i in order {
        let last = before.filter(|b| owner(*b) == owner(i)).and_then(|b| rows.kind.get(b));
        let said = pick_text(&said, used.get(i).copied()).map(|s| spec.names.name("stage", s).unwrap_or(s));
        if let (Some(last), Some(said)) = (last.and_then(|k| dict.kinds.get(*k as usize)), said)
            && last.plain != said
        {
            differs += 1;
        }
        before = Some(i);
    }
    audit.note("the stage before is not the one the log had", differs);
    Ok(())
}

fn pick_text(texts: &[Option<String>], row: Option<u32>) -> Option<&str> {
    texts.get(row? as usize)?.as_deref()
}
