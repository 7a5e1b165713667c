//! Reads the rows of a table of stages; rows that enter no stage are counted with the reason.

use std::borrow::Cow;

use super::entries::{Entries, StageEntry};
use super::properties::{check_previous, mixed_currencies, read_prop};
use super::undated::UndatedRows;
use crate::config::{BeforeCreation, DayMeans, Renames, StagesSpec, Undated, Unmapped};
use crate::error::{Error, Result};
use crate::frames::columns::order::order_values;
use crate::frames::columns::text::{INEXACT_ID, TextColumn, cell_text, numbers};
use crate::frames::columns::time::{TimeCell, TimeColumn, TimeReader};
use crate::frames::columns::where_clause;
use crate::frames::dictionaries::Dictionaries;
use crate::frames::files::catalog::Tables;
use crate::frames::files::table::Table;
use crate::frames::roles::events::DUPLICATE_ID;
use crate::frames::roles::lookup::{AttributeReader, LeadFinder, NO_MATCH, Resolver};
use crate::frames::roles::reading::Reading;
use crate::journeys::{Orders, Rows, StringTable, TableCheck, event_id, normalized};
use crate::schema::{NONE, Side, canonical_id, canonical_text};
use crate::time::NO_TIME;

/// What rows without a time are.
const NOT_REACHED: &str = "null time; the stage was not reached";
const UNDATED: &str = "won or lost without a time; read as not reached (undated=)";
/// When the leads and stages of rows without a time are looked up: as known last.
const KNOWN_LAST: i64 = i64::MAX - 1;
/// Rows between two looks at whether the work is to end.
const CHECK_EVERY: usize = 1 << 16;
/// Stages are renamed after they are read, so that one without a new name is known.
static NO_NAMES: Renames = Renames::none();

/// The columns of a table of stages that all its columns of times share.
pub(super) struct StageReader<'a> {
    spec: &'a StagesSpec,
    reading: &'a Reading<'a>,
    table: &'a Table,
    keep: Vec<bool>,
    finder: LeadFinder<'a>,
    times: TimeReader<'a>,
    /// `None` in a wide table.
    stage: Option<AttributeReader<'a>>,
    /// Rank of each row among equal times.
    orders: Option<Vec<u32>>,
    deals: Option<(TextColumn, Vec<Option<String>>)>,
    amounts: Option<Vec<f64>>,
    ids: Option<Vec<Option<String>>>,
}

/// A column of times, and the stage of each row.
pub(super) struct TimedColumn<'a> {
    /// The stage of all rows in a wide table.
    fixed: Option<&'a str>,
    column: &'a str,
    times: TimeColumn,
    /// Code of each row, and the stages that codes stand for.
    stages: Option<(Vec<u32>, StringTable)>,
}

/// What the rows are added to.
pub(super) struct Found<'a> {
    pub(super) dict: &'a mut Dictionaries,
    pub(super) audit: &'a mut TableCheck,
    pub(super) undated: &'a mut UndatedRows,
    /// Times of all rows, used or not.
    pub(super) times: &'a mut Vec<i64>,
}

impl<'a> TimedColumn<'a> {
    /// Reads the times of one column, and the stages as of them.
    pub(super) fn read(
        reader: &StageReader<'_>,
        fixed: Option<&'a str>,
        column: &'a str,
        audit: &mut TableCheck,
    ) -> Result<Self> {
        let (times, remarks) = reader.times.read(column)?;
        audit.remarks.extend(remarks);
        let time = |row: usize| match times.cell(row) {
            TimeCell::At(at) => Some(at),
            TimeCell::Null => Some(KNOWN_LAST),
            TimeCell::Bad(_) => None,
        };
        let nulls = &reader.spec.common.nulls;
        let stages = reader.stage.as_ref().map(|stage| stage.read(reader.table, nulls, time)).transpose()?;
        audit.days.extend(times.days.has_days().then(|| column.to_owned()));
        Ok(Self { fixed, column, times, stages })
    }

    fn code(&self, row: usize) -> Option<u32> {
        self.stages.as_ref().and_then(|(codes, _)| codes.get(row).copied())
    }

    /// The stage of a row as the table writes it.
    fn stage(&self, row: usize) -> Option<&str> {
        let named = || {
            let (_, names) = self.stages.as_ref()?;
            self.code(row).filter(|code| *code < NO_MATCH).map(|code| names.get(code))
        };
        self.fixed.or_else(named)
    }
}

impl<'a> StageReader<'a> {
    /// Reads the columns that all rows share; gives the values of the order column too.
    pub(super) fn new(
        spec: &'a StagesSpec,
        reading: &'a Reading<'a>,
        table: &'a Table,
        tables: &mut Tables,
        audit: &mut TableCheck,
    ) -> Result<(Self, Option<Orders>)> {
        let (c, zone) = (&spec.common, reading.zone);
        let keep = where_clause::keep(table, c, zone)?;
        let finder = LeadFinder::new(&spec.lead, &spec.cells, c.normalize, reading.leads, tables, zone)?;
        audit.remarks.extend(finder.remarks());
        let times = TimeReader { table, common: c, zone, day: DayMeans::End };
        let (orders, values) = c.order.as_ref().map(|column| order_values(&times, column)).transpose()?.unzip();
        let stage = spec.stage.as_ref().map(|stage| AttributeReader::new("stage", stage, &NO_NAMES, c, tables, zone));
        let stage = stage.transpose()?;
        audit.remarks.extend(stage.iter().flat_map(AttributeReader::remarks));
        let texts = |column: &Option<String>| {
            let read = column.as_ref().map(|column| TextColumn::ids(table, column, &c.nulls));
            Ok(read.transpose()?.map(|texts| {
                let all = texts.collect();
                (texts, all)
            }))
        };
        let deals = texts(&spec.deal)?;
        let amounts = match &spec.amount {
            Some(column) => {
                let (values, unusable) = numbers(table, column, c)?;
                audit.not_numbers(&format!("amount '{column}'"), unusable);
                Some(values)
            }
            None => None,
        };
        let ids = texts(&spec.id)?.map(|(_, ids)| ids);
        Ok((Self { spec, reading, table, keep, finder, times, stage, orders, deals, amounts, ids }, values))
    }

    /// The leads of the rows.
    pub(super) fn resolver(&self) -> Result<Resolver<'_>> {
        self.finder.rows_of(self.table, &self.spec.common)
    }

    /// The usable rows of one column of times; the others are counted with their reasons.
    pub(super) fn rows(
        &self,
        column: &TimedColumn<'_>,
        resolver: &mut Resolver<'_>,
        found: &mut Found<'_>,
    ) -> Result<Rows> {
        let mut entries = Entries::default();
        let mut leads = Vec::new();
        for (row, (cell, keep)) in column.times.cells().zip(&self.keep).enumerate() {
            if row % CHECK_EVERY == 0 {
                self.reading.task.check()?;
            }
            if !keep {
                found.audit.filtered += 1;
                continue;
            }
            let Some(at) = self.time(column, row, cell, found.audit) else { continue };
            found.times.extend((at != NO_TIME).then_some(at));
            let as_of = if at == NO_TIME { KNOWN_LAST } else { at };
            if let Some(why) = resolver.resolve(row, as_of, &mut leads) {
                found.audit.quarantine(why, row, || resolver.key(row));
                continue;
            }
            let Some(stage) = self.stage(column, row, resolver, found.audit)? else { continue };
            if at == NO_TIME && !self.closes(&stage) {
                found.audit.note(NOT_REACHED, 1);
                continue;
            }
            let Some(entry) = self.entry(row, &stage, &leads, found) else { continue };
            if at == NO_TIME {
                leads.iter().for_each(|lead| found.undated.push(*lead, &entry));
                found.dict.event_ids.extend(entry.id);
                found.audit.used += 1;
            } else if self.enter(&entry, (at, column), &leads, &mut entries, found) {
                // A row that is left out may be delivered again.
                found.dict.event_ids.extend(entry.id);
                found.audit.used += 1;
            } else {
                found.audit.quarantine("before the lead's creation", row, || resolver.key(row));
            }
        }
        resolver.report(found.audit);
        self.with_properties(entries, found)
    }

    /// Whether a stage means won or lost.
    fn closes(&self, stage: &str) -> bool {
        let ranks = self.reading.ranks();
        ranks.won.iter().chain(ranks.lost).any(|name| name == stage)
    }

    /// When the stage of a row was reached, [`NO_TIME`] if other rows say; `None` for a row that is left out.
    fn time(&self, column: &TimedColumn<'_>, row: usize, cell: TimeCell, audit: &mut TableCheck) -> Option<i64> {
        match cell {
            TimeCell::At(at) => Some(at),
            TimeCell::Null if column.fixed.is_none() && self.spec.undated != Undated::Drop => Some(NO_TIME),
            TimeCell::Null => {
                let raw = column.stage(row).filter(|_| column.fixed.is_none());
                let stage = raw.map(|raw| self.spec.names.name("stage", raw).unwrap_or(raw));
                let closed = stage.is_some_and(|stage| self.closes(&canonical_text(stage)));
                audit.note(if closed { UNDATED } else { NOT_REACHED }, 1);
                None
            }
            TimeCell::Bad(why) => {
                let value = || cell_text(self.table, column.column, row);
                audit.quarantine(&format!("unparsable time: {why}"), row, value);
                None
            }
        }
    }

    /// The stage of a row by its own name; `None` for a row that is left out.
    ///
    /// # Errors
    /// [`Error::Schema`] for a stage that `names=` does not list, if that is to be refused.
    fn stage<'c>(
        &'c self,
        column: &'c TimedColumn<'_>,
        row: usize,
        resolver: &Resolver<'_>,
        audit: &mut TableCheck,
    ) -> Result<Option<Cow<'c, str>>> {
        let spec = self.spec;
        let Some(raw) = column.stage(row) else {
            let no_match = column.code(row) == Some(NO_MATCH);
            let why = if no_match { "stage key not found in the lookup table" } else { "null stage" };
            audit.quarantine(why, row, || resolver.key(row));
            return Ok(None);
        };
        let unlisted = !spec.names.is_empty() && column.fixed.is_none() && !self.is_literal();
        let stage = match (spec.names.name("stage", raw), spec.unmapped) {
            (Some(name), _) => name,
            (None, Unmapped::Drop) if unlisted => {
                audit.quarantine("stage not in names=", row, || raw.to_owned());
                return Ok(None);
            }
            (None, Unmapped::Error) if unlisted => {
                let near = crate::error::nearest(raw, spec.names.listed("stage"));
                let hint = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                return Err(Error::schema(
                    &self.table.name,
                    spec.stage.as_ref().and_then(|stage| stage.column()).map(String::as_str),
                    format!("row {row}: names= has no entry for stage '{raw}'{hint}"),
                ));
            }
            (None, _) => raw,
        };
        // One name, however the mapping or the table writes it.
        Ok(Some(canonical_text(stage)))
    }

    fn is_literal(&self) -> bool {
        matches!(self.spec.stage, Some(crate::config::Attribute::Literal { .. }))
    }

    /// Deal, amount and id of a row; `None` for a row that is left out.
    fn entry(&self, row: usize, stage: &str, leads: &[u32], found: &mut Found<'_>) -> Option<StageEntry> {
        let id = self.ids.as_ref().and_then(|ids| ids.get(row)).and_then(|id| id.as_deref());
        let hash = id.map(|id| {
            // Other tables may count their rows alike.
            let of = leads.first().map_or("", |lead| self.reading.leads.ids.get(*lead));
            event_id(&format!("stage {stage} of {of}"), canonical_id(id))
        });
        if hash.is_some_and(|hash| found.dict.event_ids.contains(&hash)) {
            found.audit.quarantine(DUPLICATE_ID, row, || id.unwrap_or_default().to_owned());
            return None;
        }
        let deal = self.deals.as_ref().and_then(|(_, deals)| deals.get(row)).and_then(|d| d.as_deref());
        if let (None, Some((texts, _))) = (deal, &self.deals)
            && texts.no_id(row, "") == INEXACT_ID
        {
            found.audit.quarantine(INEXACT_ID, row, || texts.at(row));
            return None;
        }
        let deal = deal.and_then(|deal| normalized(canonical_id(deal), self.spec.common.normalize));
        Some(StageEntry {
            row: row as u32,
            order: self.orders.as_ref().and_then(|o| o.get(row).copied()).unwrap_or(0),
            deal: deal.map_or(NONE, |deal| found.dict.deals.intern(&deal)),
            kind: found.dict.kind(stage, "", Side::Sales, true),
            amount: self.amounts.as_ref().and_then(|a| a.get(row)).copied().unwrap_or(f64::NAN),
            id: hash,
        })
    }

    /// Adds an entry for each lead of its row, by the rule for entries before the creation; `false` if none is left.
    fn enter(
        &self,
        entry: &StageEntry,
        (at, column): (i64, &TimedColumn<'_>),
        leads: &[u32],
        entries: &mut Entries,
        found: &mut Found<'_>,
    ) -> bool {
        let days = &column.times.days;
        let date = days.dates.get(&at).copied().filter(|_| days.is_day(entry.row as usize));
        let mut early = 0;
        for lead in leads {
            let created = self.reading.leads.created_at(*lead);
            let is_early = created != NO_TIME && at < created;
            let rule = self.reading.config.before_creation;
            if is_early && rule == BeforeCreation::Quarantine {
                early += 1;
                continue;
            }
            let clamp = is_early && rule == BeforeCreation::Clamp;
            if is_early {
                let what = if clamp { "moved to it" } else { "kept" };
                found.audit.note(&format!("before the lead's creation; {what}"), 1);
            }
            let (at, date) = if clamp {
                // Moved rows have the resolution of their destination.
                let is_day = found.dict.days.created.contains(*lead);
                (created, found.dict.days.dates.get(&created).copied().filter(|_| is_day))
            } else {
                (at, date)
            };
            found.dict.saw(entry.kind, at, date);
            found.audit.saw(at);
            entries.push(*lead, at, entry);
        }
        let some = early < leads.len();
        if some {
            found.audit.note("before the creation of one of several leads; left out for that lead", early);
        }
        some
    }

    /// The rows with currency, reason and rep.
    fn with_properties(&self, mut entries: Entries, found: &mut Found<'_>) -> Result<Rows> {
        let (spec, table) = (self.spec, self.table);
        if spec.deal.is_some() {
            let own = entries.deals.iter().filter(|d| **d == NONE).count();
            found.audit.note("missing deal; assigned to the lead itself", own);
        }
        entries.rows.channel = vec![NONE; entries.used.len()];
        for (name, column) in [("currency", &spec.currency), ("reason", &spec.reason), ("rep", &spec.rep)] {
            let Some(column) = column else { continue };
            let texts = TextColumn::of(table, column, &spec.common.nulls)?;
            let prop = read_prop(&texts, name, &entries.used, found.dict);
            if !found.undated.is_empty() {
                let undated = read_prop(&texts, name, found.undated.rows(), found.dict);
                found.undated.props.push(undated);
            }
            if name == "currency" {
                found.audit.remarks.extend(mixed_currencies(&prop, &entries.amounts, found.dict));
            }
            entries.rows.props.push(prop);
        }
        if let Some(column) = &spec.previous {
            let said = TextColumn::of(table, column, &spec.common.nulls)?.collect();
            check_previous(&said, spec, &entries, found.dict, found.audit);
        }
        entries.rows.stage = Some((entries.deals, entries.amounts));
        Ok(entries.rows)
    }
}
