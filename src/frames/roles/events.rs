//! Tables of events, part by part.

use rayon::prelude::*;

use super::lookup::{AttributeReader, LeadFinder, NO_MATCH, NO_MATCH_REASON};
use super::reading::Reading;
use crate::config::{DayMeans, EventsSpec};
use crate::error::Result;
use crate::frames::columns::order::{add_orders, order_values};
use crate::frames::columns::text::{INEXACT_ID, TextColumn, cell_text, numbers};
use crate::frames::columns::time::{DayCells, Decided, Tally, TimeCell, TimeColumn, TimeReader};
use crate::frames::columns::where_clause::Filter;
use crate::frames::dictionaries::Dictionaries;
use crate::frames::extent::Extent;
use crate::frames::files::catalog::Tables;
use crate::frames::files::chunked_table::{Source, TableChunk};
use crate::frames::files::table::Table;
use crate::journeys::{
    Block, IndexBuilder, Leads, Partitioning, Renumbering, Rows, StringTable as Ids, TableCheck, event_id,
};
use crate::schema::NONE;
use crate::time::NO_TIME;

/// Why an event is left out.
pub(in crate::frames) const DUPLICATE_ID: &str = "duplicate event id";

/// What tables of events are read with.
pub(in crate::frames) struct EventsReader<'a> {
    pub(in crate::frames) reading: &'a Reading<'a>,
    /// Whether no other table has rows in the index.
    pub(in crate::frames) alone: bool,
}

impl EventsReader<'_> {
    /// Reads one table of events into the index; says what became of its rows, and when they end.
    pub(in crate::frames) fn read(
        &self,
        spec: &EventsSpec,
        dict: &mut Dictionaries,
        tables: &mut Tables,
        index: &mut IndexBuilder,
    ) -> Result<(TableCheck, Extent)> {
        let source = tables.source(&spec.table)?;
        let head = &source.head;
        let mut audit = TableCheck::new(&head.name, "events", source.rows());
        audit.remarks.extend(head.remarks.iter().cloned());
        let name = spec.name.clone().unwrap_or_else(|| spec.kind.name().to_owned());
        spec.names.check(&["kind", "channel", "campaign", "rep"])?;
        dict.source(&head.name, &name, spec.side)?;
        let of = SourceOfEvents { spec, source: &source, name: &name };
        let reader = self.part_reader(&of, dict, tables, index, &mut audit)?;
        let task = self.reading.task;
        let (mut extent, mut tally, mut days) = (Extent::default(), Tally::default(), DayCells::default());
        for wave in waves(source.parts(), index.rows_at_once()) {
            task.check()?;
            let read = |part| {
                task.check()?;
                reader.read(part)
            };
            let mut parts: Vec<Cleaned> = wave.par_iter().map(read).collect::<Result<_>>()?;
            if spec.id.is_some() {
                // Which of two rows with an id comes first is known only in order.
                parts.iter_mut().for_each(|part| part.drop_known(dict, &mut audit));
                parts.par_iter_mut().for_each(|part| part.sort(&reader));
            }
            for mut part in parts {
                task.check()?;
                let renumbering = part.join(dict, &reader);
                extent.merge(part.extent);
                tally.merge(part.tally);
                days.merge(std::mem::take(&mut part.days));
                audit.merge(part.audit);
                if let Some(mut block) = part.block.take() {
                    block.renumber(renumbering);
                    index.push(block)?;
                }
            }
        }
        audit.remarks.extend(reader.times.conclude(&spec.at, &reader.decided, tally)?);
        audit.days.extend(days.has_days().then(|| spec.at.clone()));
        dict.saw_source(&name, days);
        Ok((audit, extent))
    }

    /// Reads what all parts share: the form of times, ranks of the order column, lookup tables.
    fn part_reader<'s>(
        &'s self,
        of: &SourceOfEvents<'s>,
        dict: &mut Dictionaries,
        tables: &mut Tables,
        index: &mut IndexBuilder,
        audit: &mut TableCheck,
    ) -> Result<PartReader<'s>> {
        let SourceOfEvents { spec, source, name } = *of;
        let Reading { leads, zone, task, .. } = *self.reading;
        let mut columns: Vec<&str> = spec.columns().map(String::as_str).collect();
        columns.sort_unstable();
        columns.dedup();
        let times = TimeReader { table: &source.head, common: &spec.common, zone, day: DayMeans::End };
        let looked_at = |part: &TableChunk| {
            task.check()?;
            source.read(part, &[&spec.at])
        };
        let decided = times.decide(&spec.at, source.parts(), looked_at)?;
        let orders = match &spec.common.order {
            Some(column) => {
                let zones = spec.common.timezone_column.as_ref().filter(|zones| *zones != column);
                let columns: Vec<&str> = [column].into_iter().chain(zones).map(String::as_str).collect();
                Some(order_values(&TimeReader { table: &source.columns(&columns)?, ..times }, column)?)
            }
            None => None,
        };
        let (orders, values) = orders.unzip();
        let column = spec.common.order.as_deref();
        let ordered = values.map(|values| add_orders(index, values, &audit.table, column)).transpose()?;
        let mut attribute = |part, attribute| {
            let reader = AttributeReader::new(part, attribute, &spec.names, &spec.common, tables, zone)?;
            audit.remarks.extend(reader.remarks());
            Ok(reader)
        };
        let kind = attribute("kind", &spec.kind)?;
        let channel = spec.channel.as_ref().map(|given| attribute("channel", given)).transpose()?;
        let campaign = spec.campaign.as_ref().map(|given| attribute("campaign", given)).transpose()?;
        let rep = spec.rep.as_ref().map(|given| attribute("rep", given)).transpose()?;
        let finder = LeadFinder::new(&spec.lead, &spec.cells, spec.common.normalize, leads, tables, zone)?;
        audit.remarks.extend(finder.remarks());
        let named = [("campaign", campaign), ("rep", rep)].into_iter();
        let named = named.filter_map(|(name, reader)| Some((name, Prop::Attribute(reader?))));
        let own = spec.props.iter().map(|column| (column.as_str(), Prop::Column(column)));
        Ok(PartReader {
            leads,
            finder,
            filter: Filter::of_source(source, &spec.common, zone)?,
            kind,
            channel,
            props: own.chain(named).map(|(prop, how)| (dict.prop(prop), prop, how)).collect(),
            values: spec.values.iter().map(|v| (dict.value(v), v.as_str())).collect(),
            partitions: index.partitions(),
            all_created: leads.created.iter().copied().max().unwrap_or(NO_TIME),
            orders,
            ordered,
            alone: self.alone,
            source,
            columns,
            times,
            decided,
            spec,
            name,
        })
    }
}

/// A table of events, whose rows are read part by part.
#[derive(Clone, Copy)]
struct SourceOfEvents<'a> {
    spec: &'a EventsSpec,
    source: &'a Source,
    /// Name of the source of the events.
    name: &'a str,
}

/// Parts that are read side by side before their dictionaries are joined: of so many rows, where parts are not larger.
fn waves(mut parts: &[TableChunk], rows: usize) -> Vec<&[TableChunk]> {
    let mut waves = Vec::new();
    while let Some(first) = parts.first() {
        let until = first.rows.start + rows;
        let n = parts.iter().take_while(|part| part.rows.end <= until).count().max(1);
        let (wave, rest) = parts.split_at(n);
        waves.push(wave);
        parts = rest;
    }
    waves
}

/// Where a property of events is found.
enum Prop<'a> {
    Column(&'a str),
    Attribute(AttributeReader<'a>),
}

/// What the parts of a table are read with.
struct PartReader<'a> {
    spec: &'a EventsSpec,
    source: &'a Source,
    columns: Vec<&'a str>,
    leads: &'a Leads,
    finder: LeadFinder<'a>,
    filter: Filter<'a>,
    kind: AttributeReader<'a>,
    channel: Option<AttributeReader<'a>>,
    times: TimeReader<'a>,
    decided: Decided,
    /// Rank of each row of the table among equal times.
    orders: Option<Vec<u32>>,
    /// Which values they are ranks of.
    ordered: Option<u32>,
    /// Whether no other table has rows in the index.
    alone: bool,
    /// Number and column.
    values: Vec<(usize, &'a str)>,
    /// Number, name, and where they are found.
    props: Vec<(usize, &'a str, Prop<'a>)>,
    partitions: Partitioning,
    /// When the last lead was created.
    all_created: i64,
    /// Name of the source of the events.
    name: &'a str,
}

/// The usable rows of a part, with dictionaries of its own, and what became of the others.
struct Cleaned {
    rows: Rows,
    block: Option<Block>,
    kinds: Ids,
    /// Kinds in the order of their first used row; kinds of other rows are not kept.
    kinds_seen: Vec<u32>,
    channels: Ids,
    props: Vec<Ids>,
    /// Hash of each used row's id.
    ids: Vec<Option<u128>>,
    /// Ids as texts, and the row of each used row in it and in the table.
    id_texts: Option<TextColumn>,
    used: Vec<u32>,
    /// Rows of the table that are used, each once.
    rows_used: usize,
    first_row: usize,
    audit: TableCheck,
    extent: Extent,
    tally: Tally,
    days: DayCells,
}

impl PartReader<'_> {
    fn read(&self, part: &TableChunk) -> Result<Cleaned> {
        let spec = self.spec;
        let nulls = &spec.common.nulls;
        let table = self.source.read(part, &self.columns)?;
        let n = table.rows();
        let times = self.times.read_part(&table, &spec.at, &self.decided)?;
        let at = |row: usize| match times.cell(row) {
            TimeCell::At(at) => Some(at),
            _ => None,
        };
        let (kind, kinds) = self.kind.read(&table, nulls, at)?;
        let channel = self.channel.as_ref().map(|channel| channel.read(&table, nulls, at)).transpose()?;
        let mut props = Vec::with_capacity(self.props.len());
        for (_, _, how) in &self.props {
            props.push(match how {
                Prop::Attribute(reader) => reader.read(&table, nulls, at)?,
                Prop::Column(column) => {
                    let mut levels = Ids::new();
                    (TextColumn::values(&table, column, &spec.common)?.intern(&mut levels), levels)
                }
            });
        }
        let mut cleaned = self.usable_rows(&table, part.rows.start, &kind, times)?;
        cleaned.kinds = kinds;
        let used = std::mem::take(&mut cleaned.used);
        cleaned.rows_used = distinct(&used);
        cleaned.rows.kind = pick(kind, &used);
        if let Some((codes, channels)) = channel {
            cleaned.channels = channels;
            cleaned.rows.channel = pick(codes, &used);
            if self.channel.as_ref().is_some_and(AttributeReader::looks_up) {
                matched(&mut cleaned.rows.channel, "channel", &mut cleaned.audit);
            }
        }
        for (value, column) in &self.values {
            let (cells, unusable) = numbers(&table, column, &spec.common)?;
            cleaned.audit.not_numbers(&format!("value '{column}'"), unusable);
            cleaned.rows.values.push((*value, pick(cells, &used)));
        }
        for ((prop, name, how), (codes, levels)) in self.props.iter().zip(props) {
            let mut codes = pick(codes, &used);
            if matches!(how, Prop::Attribute(reader) if reader.looks_up()) {
                matched(&mut codes, name, &mut cleaned.audit);
            }
            cleaned.rows.props.push((*prop, codes));
            cleaned.props.push(levels);
        }
        if let Some(column) = &spec.id {
            let texts = TextColumn::ids(&table, column, nulls)?;
            let mut all = Vec::with_capacity(n);
            let mut inexact = 0;
            texts.each(|row, id| {
                inexact += usize::from(id.is_none() && texts.no_id(row, "") == INEXACT_ID);
                all.push(id.map(|id| event_id(self.name, id)));
            });
            cleaned.audit.note(&format!("{INEXACT_ID}; the row is kept and not checked for duplicates"), inexact);
            cleaned.ids = pick(all, &used);
            cleaned.id_texts = Some(texts);
            cleaned.used = used;
        } else {
            cleaned.sort(self);
        }
        Ok(cleaned)
    }

    /// Finds the rows that have a lead, a time and a kind, and quarantines the others with a reason.
    fn usable_rows(&self, table: &Table, first_row: usize, kinds: &[u32], times: TimeColumn) -> Result<Cleaned> {
        let keep = self.filter.keep(table)?;
        let mut resolver = self.finder.rows_of(table, &self.spec.common)?;
        let mut audit = TableCheck::default();
        let mut rows = Rows::default();
        let (tally, days) = (times.tally, times.days.clone());
        let faultless =
            self.spec.common.filter.is_empty() && times.all_readable() && !kinds.iter().any(|kind| *kind >= NO_MATCH);
        // As nearly all parts of large tables are.
        if let Some(lead) = faultless.then(|| resolver.take_all()).flatten() {
            (rows.lead, rows.at) = (lead, times.into_times());
            return Ok(self.cleaned(rows, (0..kinds.len() as u32).collect(), first_row, audit, (tally, days)));
        }
        let (mut used, mut leads) = (Vec::with_capacity(kinds.len()), Vec::new());
        let mut unused = Vec::new();
        for ((row, kind), keep) in kinds.iter().enumerate().zip(keep) {
            if !keep {
                audit.filtered += 1;
                continue;
            }
            let at = match times.cell(row) {
                TimeCell::At(t) => t,
                TimeCell::Null => {
                    audit.quarantine("null time", first_row + row, || resolver.key(row));
                    continue;
                }
                TimeCell::Bad(why) => {
                    let value = || cell_text(table, &self.spec.at, row);
                    audit.quarantine(&format!("unparsable time: {why}"), first_row + row, value);
                    continue;
                }
            };
            if *kind >= NO_MATCH {
                let why = if *kind == NONE { "null kind" } else { NO_MATCH_REASON };
                audit.quarantine(why, first_row + row, || resolver.key(row));
                unused.push(at);
                continue;
            }
            if let Some(why) = resolver.resolve(row, at, &mut leads) {
                audit.quarantine(why, first_row + row, || resolver.key(row));
                unused.push(at);
                continue;
            }
            // A row of several leads is an event of each.
            for lead in &leads {
                used.push(row as u32);
                rows.lead.push(*lead);
                rows.at.push(at);
            }
        }
        resolver.report(&mut audit);
        let cleaned = self.cleaned(rows, used, first_row, audit, (tally, days));
        Ok(Cleaned { extent: Extent::of(&unused), ..cleaned })
    }

    fn cleaned(
        &self,
        mut rows: Rows,
        used: Vec<u32>,
        first_row: usize,
        audit: TableCheck,
        (tally, days): (Tally, DayCells),
    ) -> Cleaned {
        if !self.alone || self.orders.is_some() {
            let rank = |row: usize| self.orders.as_ref().and_then(|o| o.get(row).copied()).unwrap_or(row as u32);
            rows.ordered = self.ordered;
            rows.order = used.iter().map(|row| rank(first_row + *row as usize)).collect();
        }
        Cleaned {
            rows,
            used,
            rows_used: 0,
            first_row,
            audit,
            tally,
            days,
            block: None,
            kinds: Ids::new(),
            kinds_seen: Vec::new(),
            channels: Ids::new(),
            props: Vec::new(),
            ids: Vec::new(),
            id_texts: None,
            extent: Extent::default(),
        }
    }
}

impl Cleaned {
    /// Drops rows whose event is known.
    fn drop_known(&mut self, dict: &mut Dictionaries, audit: &mut TableCheck) {
        let mut new = |id: &Option<u128>| id.is_none_or(|id| dict.event_ids.insert(id));
        let mut keep: Vec<bool> = Vec::with_capacity(self.ids.len());
        let mut before = None;
        for (row, id) in self.used.iter().zip(&self.ids) {
            // One row is that of several leads.
            let again = keep.last().copied().filter(|_| before == Some(*row));
            before = Some(*row);
            keep.push(again.unwrap_or_else(|| new(id)));
            if again.is_none() && keep.last() == Some(&false) {
                let text = || self.id_texts.as_ref().map_or_else(String::new, |t| t.at(*row as usize));
                audit.quarantine(DUPLICATE_ID, self.first_row + *row as usize, text);
            }
        }
        if keep.contains(&false) {
            self.rows.retain(&keep);
            let mut kept = keep.iter();
            self.used.retain(|_| kept.next().is_some_and(|keep| *keep));
            self.rows_used = distinct(&self.used);
        }
    }

    /// Makes a block of the rows, which need not be in memory any more.
    fn sort(&mut self, reader: &PartReader<'_>) {
        let rows = std::mem::take(&mut self.rows);
        self.audit.used = self.rows_used;
        let (low, high) = rows.at.iter().fold((i64::MAX, i64::MIN), |(low, high), at| (low.min(*at), high.max(*at)));
        if !rows.is_empty() {
            self.audit.saw(low);
            self.audit.saw(high);
        }
        // Most events are after the creation of all leads, or leads would have to be looked up.
        let early = |(lead, at): &(&u32, &i64)| {
            **at < reader.all_created && {
                let created = reader.leads.created_at(**lead);
                created != NO_TIME && **at < created
            }
        };
        let early = if low < reader.all_created { rows.lead.iter().zip(&rows.at).filter(early).count() } else { 0 };
        self.audit.note("before the lead's creation; kept", early);
        self.audit.note("missing channel", rows.channel.iter().filter(|c| **c == NONE).count());
        // Rows that are not used say how far the table goes, too.
        self.extent.merge(Extent::of(&rows.at));
        let mut seen = vec![false; self.kinds.len()];
        for kind in &rows.kind {
            if let Some(seen) = seen.get_mut(*kind as usize).filter(|seen| !**seen) {
                *seen = true;
                self.kinds_seen.push(*kind);
                if self.kinds_seen.len() == self.kinds.len() {
                    break;
                }
            }
        }
        self.block = Some(Block::new(&rows, reader.partitions));
    }

    /// Adds the part's dictionaries to the whole's.
    fn join(&self, dict: &mut Dictionaries, reader: &PartReader<'_>) -> Renumbering {
        let mut kinds = vec![NONE; self.kinds.len()];
        for kind in &self.kinds_seen {
            if let Some(slot) = kinds.get_mut(*kind as usize) {
                *slot = dict.kind(self.kinds.get(*kind), reader.name, reader.spec.side, false);
            }
        }
        let levels = |(own, (number, ..)): (&Ids, &(usize, &str, Prop<'_>))| match dict.props.get_mut(*number) {
            Some((_, levels)) => own.iter().map(|t| levels.intern(t)).collect(),
            None => Vec::new(),
        };
        let props = self.props.iter().zip(&reader.props).map(levels).collect();
        Renumbering { kinds, channels: self.channels.iter().map(|t| dict.channels.intern(t)).collect(), props }
    }
}

/// Number of rows, counting a row of several leads once per lead.
fn distinct(rows: &[u32]) -> usize {
    let changes = rows.iter().zip(rows.iter().skip(1)).filter(|(a, b)| a != b).count();
    changes + usize::from(!rows.is_empty())
}

/// Makes "no value" of keys without a match, which are counted.
fn matched(codes: &mut [u32], part: &str, audit: &mut TableCheck) {
    let (mut unmatched, mut keys) = (0, 0);
    for code in codes.iter_mut().filter(|code| **code != NONE) {
        keys += 1;
        if *code == NO_MATCH {
            *code = NONE;
            unmatched += 1;
        }
    }
    audit.looked_up(&format!("lookup of {part}"), (unmatched, keys));
    audit.note(&format!("{part}: key not found in the lookup table; read as missing"), unmatched);
}

/// The cells of `rows`, ascending row numbers; the column itself where all are wanted.
pub(in crate::frames) fn pick<T: Copy>(column: Vec<T>, rows: &[u32]) -> Vec<T> {
    // A row of several leads is there as often.
    if rows.len() == column.len() && rows.iter().copied().eq(0..rows.len() as u32) {
        return column;
    }
    rows.iter().filter_map(|r| column.get(*r as usize).copied()).collect()
}
