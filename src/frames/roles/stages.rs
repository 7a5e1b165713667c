//! Tables of stage entries.

use std::collections::BTreeSet;

use super::events::{DUPLICATE_ID, pick};
use super::lookup::{AttributeReader, LeadFinder, NO_MATCH};
use super::undated::UndatedRows;
use crate::config::{At, Attribute, BeforeCreation, DayMeans, Renames, StagesSpec, Undated, Unmapped};
use crate::error::{Error, Result};
use crate::frames::columns::order::order_values;
use crate::frames::columns::text::{INEXACT_ID, TextColumn, cell_text, numbers};
use crate::frames::columns::time::{TimeCell, TimeReader};
use crate::frames::dictionaries::Dictionaries;
use crate::frames::extent::Extent;
use crate::frames::files::catalog::Tables;
use crate::frames::files::table::Table;
use crate::journeys::{Leads, Orders, Ranks, Rows, TableAudit, event_id, normalized};
use crate::progress::Task;
use crate::schema::{NONE, Side, canonical_id, canonical_text};
use crate::time::{NO_TIME, Zone};

/// What rows without a time are.
const NOT_REACHED: &str = "null time; the stage was not reached";
const UNDATED: &str = "won or lost without a time; read as not reached (undated=)";
/// When the leads and stages of rows without a time are looked up: as known last.
const KNOWN_LAST: i64 = i64::MAX - 1;
/// Rows between two looks at whether the work is to end.
const CHECK_EVERY: usize = 1 << 16;

/// What all stage tables share.
pub(in crate::frames) struct StageSetting<'a> {
    pub(in crate::frames) leads: &'a Leads,
    pub(in crate::frames) zone: &'a Zone,
    pub(in crate::frames) ranks: Ranks<'a>,
    pub(in crate::frames) before_creation: BeforeCreation,
    pub(in crate::frames) task: &'a Task,
}

/// What a table of stages gives.
pub(in crate::frames) struct StageRows {
    /// One set of rows per column of times; columns of a wide table are in pipeline order.
    pub(in crate::frames) rows: Vec<Rows>,
    pub(in crate::frames) audit: TableAudit,
    /// Values of the order column.
    pub(in crate::frames) orders: Option<Orders>,
    /// How far all its rows go, used or not.
    pub(in crate::frames) extent: Extent,
    /// Stages that are reached at a time that other rows say.
    pub(in crate::frames) undated: Option<UndatedRows>,
}

/// Reads one table of stages.
pub(in crate::frames) fn read_stages(
    spec: &StagesSpec,
    setting: &StageSetting<'_>,
    dict: &mut Dictionaries,
    tables: &mut Tables,
) -> Result<StageRows> {
    let table = tables.get(&spec.table)?;
    let c = &spec.common;
    let columns: Vec<(Option<String>, String)> = match &spec.at {
        At::Column(column) => vec![(None, column.clone())],
        At::Columns(map) => {
            let rank = |stage: &String| {
                setting.ranks.pipeline.iter().position(|p| *p == canonical_text(stage)).unwrap_or(usize::MAX)
            };
            let mut all: Vec<_> = map.iter().map(|(stage, column)| (Some(stage.clone()), column.clone())).collect();
            all.sort_by_key(|(stage, _)| (stage.as_ref().map(rank), stage.clone()));
            all
        }
    };
    let mut audit = TableAudit::new(&table.name, "stages", table.rows() * columns.len());
    let closes = |stage: &str| setting.ranks.won.iter().chain(setting.ranks.lost).any(|name| name == stage);
    audit.remarks.extend(table.remarks.iter().cloned());
    match (&spec.at, &spec.stage) {
        (At::Columns(map), _) if map.is_empty() => {
            return Err(Error::schema(&table.name, None, "at= is an empty mapping; map each stage to its column"));
        }
        (At::Column(_), None) => {
            return Err(Error::schema(
                &table.name,
                None,
                "set stage= to the column with the stage, or at= to a mapping of stages to columns",
            ));
        }
        (At::Columns(_), None) if spec.undated != Undated::Drop => {
            let problem = "undated= applies only with stage=; with at= as a mapping an empty cell means that the stage was not reached";
            return Err(Error::option("undated", problem));
        }
        (At::Columns(_), Some(_)) => {
            return Err(Error::schema(
                &table.name,
                None,
                "stage= cannot be combined with at= as a mapping of stages to columns; leave one of them out",
            ));
        }
        _ => {}
    }
    let keep = crate::frames::columns::where_clause::keep(&table, c, setting.zone)?;
    let finder = LeadFinder::new(&spec.lead, &spec.cells, c.normalize, setting.leads, tables, setting.zone)?;
    audit.remarks.extend(finder.remarks());
    let mut resolver = finder.rows_of(&table, c)?;
    let reader = TimeReader { table: &table, common: c, zone: setting.zone, day: DayMeans::End };
    let (orders, values) = c.order.as_ref().map(|column| order_values(&reader, column)).transpose()?.unzip();
    spec.names.check(&["stage"])?;
    let no_names = Renames::default();
    let stage =
        spec.stage.as_ref().map(|stage| AttributeReader::new("stage", stage, &no_names, c, tables, setting.zone));
    let stage = stage.transpose()?;
    audit.remarks.extend(stage.iter().flat_map(AttributeReader::remarks));
    let deal_texts = spec.deal.as_ref().map(|column| TextColumn::ids(&table, column, &c.nulls)).transpose()?;
    let deals = deal_texts.as_ref().map(TextColumn::collect);
    let amounts = match &spec.amount {
        Some(column) => {
            let (values, unusable) = numbers(&table, column, c)?;
            audit.not_numbers(&format!("amount '{column}'"), unusable);
            Some(values)
        }
        None => None,
    };
    let ids =
        spec.id.as_ref().map(|column| TextColumn::ids(&table, column, &c.nulls).map(|t| t.collect())).transpose()?;
    let is_literal = matches!(spec.stage, Some(Attribute::Literal { .. }));
    let mut all = Vec::new();
    let mut undated = UndatedRows::new(spec.undated);
    let mut read = Vec::new();
    for (fixed, column) in &columns {
        let (times, remarks) = reader.read(column)?;
        audit.remarks.extend(remarks);
        let time = |row: usize| match times.cell(row) {
            TimeCell::At(at) => Some(at),
            TimeCell::Null => Some(KNOWN_LAST),
            TimeCell::Bad(_) => None,
        };
        let stages = stage.as_ref().map(|stage| stage.read(&table, &c.nulls, time)).transpose()?;
        audit.days.extend(times.days.has_days().then(|| column.clone()));
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
                TimeCell::Null if fixed.is_none() && spec.undated != Undated::Drop => NO_TIME,
                TimeCell::Null => {
                    let code = stages.as_ref().and_then(|(codes, names)| Some((codes.get(row).copied()?, names)));
                    let raw = code.filter(|c| c.0 < NO_MATCH && fixed.is_none()).map(|(code, names)| names.get(code));
                    let stage = raw.map(|raw| spec.names.name("stage", raw).unwrap_or(raw));
                    audit.note(
                        if stage.is_some_and(|stage| closes(&canonical_text(stage))) { UNDATED } else { NOT_REACHED },
                        1,
                    );
                    continue;
                }
                TimeCell::Bad(why) => {
                    audit.quarantine(&format!("unparsable time: {why}"), row, || cell_text(&table, column, row));
                    continue;
                }
            };
            read.extend((at != NO_TIME).then_some(at));
            let as_of = if at == NO_TIME { KNOWN_LAST } else { at };
            if let Some(why) = resolver.resolve(row, as_of, &mut leads) {
                audit.quarantine(why, row, || resolver.key(row));
                continue;
            }
            let code = stages.as_ref().and_then(|(codes, names)| Some((codes.get(row).copied()?, names)));
            let raw = fixed.as_deref().or_else(|| code.filter(|c| c.0 < NO_MATCH).map(|(code, names)| names.get(code)));
            let Some(raw) = raw else {
                let no_match = code.is_some_and(|(code, _)| code == NO_MATCH);
                let why = if no_match { "stage key not found in the lookup table" } else { "null stage" };
                audit.quarantine(why, row, || resolver.key(row));
                continue;
            };
            let stage = match (spec.names.name("stage", raw), spec.unmapped) {
                (Some(name), _) => name,
                (None, Unmapped::Keep) => raw,
                (None, _) if spec.names.is_empty() || fixed.is_some() || is_literal => raw,
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
                        format!("row {row}: names= has no entry for stage '{raw}'{hint}"),
                    ));
                }
            };
            // One name, however the mapping or the table writes it.
            let stage = canonical_text(stage);
            let stage = stage.as_ref();
            if at == NO_TIME && !closes(stage) {
                audit.note(NOT_REACHED, 1);
                continue;
            }
            let id = ids.as_ref().and_then(|ids| ids.get(row)).and_then(|id| id.as_deref());
            let hash = id.map(|id| {
                // Other tables may count their rows alike.
                let of = leads.first().map_or("", |lead| setting.leads.ids.get(*lead));
                event_id(&format!("stage {stage} of {of}"), canonical_id(id))
            });
            if hash.is_some_and(|hash| dict.event_ids.contains(&hash)) {
                audit.quarantine(DUPLICATE_ID, row, || id.unwrap_or_default().to_owned());
                continue;
            }
            let order = orders.as_ref().and_then(|o| o.get(row).copied()).unwrap_or(0);
            let deal = deals.as_ref().and_then(|d| d.get(row)).and_then(|d| d.as_deref());
            if let (None, Some(texts)) = (deal, &deal_texts)
                && texts.no_id(row, "") == INEXACT_ID
            {
                audit.quarantine(INEXACT_ID, row, || texts.at(row));
                continue;
            }
            let deal = deal.and_then(|deal| normalized(canonical_id(deal), c.normalize));
            let deal = deal.map_or(NONE, |deal| dict.deals.intern(&deal));
            let kind = dict.kind(stage, "", Side::Sales, true);
            let amount = amounts.as_ref().and_then(|a| a.get(row)).copied().unwrap_or(f64::NAN);
            if at == NO_TIME {
                leads.iter().for_each(|lead| undated.push(row, *lead, order, kind, deal, amount, hash));
                dict.event_ids.extend(hash);
                audit.used += 1;
                continue;
            }
            let date = times.days.dates.get(&at).copied().filter(|_| times.days.is_day(row));
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
                    audit.note(&format!("before the lead's creation; {what}"), 1);
                }
                let (at, date) = if clamp {
                    // Moved rows have the resolution of their destination.
                    let is_day = dict.days.created.contains(*lead);
                    (created, dict.days.dates.get(&created).copied().filter(|_| is_day))
                } else {
                    (at, date)
                };
                dict.saw(kind, at, date);
                audit.saw(at);
                rows.lead.push(*lead);
                rows.at.push(at);
                rows.order.push(order);
                rows.kind.push(kind);
                deal_codes.push(deal);
                amount_values.push(amount);
                used.push(row as u32);
            }
            if early == leads.len() {
                audit.quarantine("before the lead's creation", row, || resolver.key(row));
            } else {
                audit.note("before the creation of one of several leads; left out for that lead", early);
                // A row that is left out may be delivered again.
                dict.event_ids.extend(hash);
                audit.used += 1;
            }
        }
        resolver.report(&mut audit);
        if spec.deal.is_some() {
            audit.note("missing deal; assigned to the lead itself", deal_codes.iter().filter(|d| **d == NONE).count());
        }
        rows.channel = vec![NONE; used.len()];
        for (name, column) in [("currency", &spec.currency), ("reason", &spec.reason), ("rep", &spec.rep)] {
            if let Some(column) = column {
                let prop = read_prop(&table, name, column, &c.nulls, &used, dict)?;
                if !undated.is_empty() {
                    undated.props.push(read_prop(&table, name, column, &c.nulls, undated.rows(), dict)?);
                }
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
    let undated = undated.checked(spec, &audit)?;
    Ok(StageRows { rows: all, audit, orders: values, extent: Extent::of(&read), undated })
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
    let texts = TextColumn::of(table, column, nulls)?;
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
        format!(
            "amounts are in {} currencies ({list}) and are added without conversion; convert them first",
            used.len()
        )
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
    let said = TextColumn::of(table, column, &spec.common.nulls)?.collect();
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
    audit.note("previous stage differs from the log", differs);
    Ok(())
}

fn pick_text(texts: &[Option<String>], row: Option<u32>) -> Option<&str> {
    texts.get(row? as usize)?.as_deref()
}
