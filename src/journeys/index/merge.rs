//! The rows of one partition, from all blocks, in the order of the index.

use std::ops::Range;

use super::block::{Block, Chosen, CodedColumn, Partitioning};
use super::codes::{CodesMut, CodesPart, cut, narrow};
use super::orders::Ranking;
use super::rows::Sizes;
use super::sort::Sorter;
use crate::error::Result;
use crate::journeys::index::mapped_column::{ColumnPlace, SlabMut};
use crate::schema::NONE;

/// Rows of a partition from which on it is cut: where few leads have nearly all events, all threads take part.
const HEAVY: usize = 1 << 18;
/// Cuts of a partition at most, about; each looks for its rows among all.
const CUTS: usize = 8;

/// The columns of the index while they are built.
pub(super) struct Columns {
    pub(super) at: SlabMut<i64>,
    pub(super) kind: CodesMut,
    pub(super) channel: Option<CodesMut>,
    pub(super) values: Vec<SlabMut<f64>>,
    pub(super) props: Vec<CodesMut>,
    pub(super) order: Option<CodesMut>,
}

impl Columns {
    /// Room for `n` rows, of which events may have one of so many values of order columns.
    pub(super) fn zeroed(
        n: usize,
        sizes: &Sizes,
        has_channel: bool,
        orders: Option<usize>,
        place: &ColumnPlace,
    ) -> Result<Self> {
        let codes = |bound: usize| CodesMut::zeroed(n, bound, place);
        Ok(Self {
            at: SlabMut::zeroed(n, place)?,
            kind: codes(sizes.kinds)?,
            channel: has_channel.then(|| codes(sizes.channels)).transpose()?,
            values: (0..sizes.values).map(|_| SlabMut::zeroed(n, place)).collect::<Result<_>>()?,
            props: sizes.props.iter().map(|levels| codes(*levels)).collect::<Result<_>>()?,
            order: orders.map(codes).transpose()?,
        })
    }

    /// Bytes of a row.
    pub(super) fn bytes_per_row(sizes: &Sizes) -> usize {
        let code = |bound: usize| {
            if bound < 255 {
                1
            } else if bound < 65_535 {
                2
            } else {
                4
            }
        };
        8 + 8 * sizes.values
            + code(sizes.kinds)
            + code(sizes.channels)
            + sizes.props.iter().map(|p| code(*p)).sum::<usize>()
    }

    /// Cuts the columns into parts of these lengths.
    pub(super) fn parts(&mut self, lengths: &[usize]) -> Vec<IndexPart<'_>> {
        let mut rest = IndexPart {
            start: 0,
            at: &mut self.at,
            kind: self.kind.part(),
            channel: self.channel.as_mut().map(CodesMut::part),
            values: self.values.iter_mut().map(|v| &mut **v).collect(),
            props: self.props.iter_mut().map(CodesMut::part).collect(),
            order: self.order.as_mut().map(CodesMut::part),
        };
        lengths.iter().map(|len| rest.cut(*len)).collect()
    }
}

/// Cells of the index that one thread fills.
pub(super) struct IndexPart<'a> {
    /// Position of the first.
    start: usize,
    at: &'a mut [i64],
    kind: CodesPart<'a>,
    channel: Option<CodesPart<'a>>,
    values: Vec<&'a mut [f64]>,
    props: Vec<CodesPart<'a>>,
    order: Option<CodesPart<'a>>,
}

impl IndexPart<'_> {
    /// Cuts off the first `len` cells of each column.
    pub(super) fn cut(&mut self, len: usize) -> Self {
        let start = self.start;
        self.start += len;
        Self {
            start,
            at: cut(&mut self.at, len),
            kind: self.kind.cut(len),
            channel: self.channel.as_mut().map(|c| c.cut(len)),
            values: self.values.iter_mut().map(|v| cut(v, len)).collect(),
            props: self.props.iter_mut().map(|p| p.cut(len)).collect(),
            order: self.order.as_mut().map(|o| o.cut(len)),
        }
    }
}

/// Some leads of a partition, which one thread orders.
pub(super) struct Cut {
    pub(super) partition: usize,
    /// Numbers of the leads within the partition.
    leads: Range<usize>,
    /// Whether they are all of it.
    whole: bool,
    /// Number of rows.
    pub(super) rows: usize,
}

impl Cut {
    /// A partition of `rows` rows in parts of about equal work.
    pub(super) fn of(blocks: &[&Block], partition: usize, partitions: Partitioning, rows: usize) -> Vec<Self> {
        let leads = partitions.leads();
        if rows < HEAVY {
            return vec![Self { partition, leads: 0..leads, whole: true, rows }];
        }
        let mut counts = vec![0usize; leads];
        for lead in blocks.iter().flat_map(|b| b.lead.get(b.run(partition)).unwrap_or(&[])) {
            if let Some(n) = counts.get_mut(usize::from(*lead)) {
                *n += 1;
            }
        }
        let (mut cuts, mut start, mut own) = (Vec::new(), 0, 0);
        for (count, next) in counts.into_iter().zip(1..) {
            own += count;
            if own * CUTS >= rows || next == leads {
                cuts.push(Self { partition, leads: start..next, whole: false, rows: own });
                (start, own) = (next, 0);
            }
        }
        cuts
    }
}

/// Which rows of each block are of a cut.
#[derive(Default)]
struct Picks {
    rows: Vec<u32>,
    /// Where the rows of each block end; empty for all rows.
    ends: Vec<usize>,
}

impl Picks {
    fn pick(&mut self, blocks: &[&Block], cut: &Cut) {
        self.rows.clear();
        self.ends.clear();
        if cut.whole {
            return;
        }
        for block in blocks {
            let run = block.run(cut.partition);
            let leads = block.lead.get(run.clone()).unwrap_or(&[]);
            let before = self.rows.len();
            // Written whether it is one or not: a branch would be guessed wrong.
            self.rows.resize(before + leads.len() + 1, 0);
            let mut next = before;
            for (lead, row) in leads.iter().zip(run.start as u32..) {
                if let Some(slot) = self.rows.get_mut(next) {
                    *slot = row;
                }
                next += usize::from(cut.leads.contains(&usize::from(*lead)));
            }
            self.rows.truncate(next);
            self.ends.push(next);
        }
    }

    /// Each block with its rows.
    fn of<'a>(&'a self, blocks: &'a [&Block], partition: usize) -> impl Iterator<Item = (&'a Block, Chosen<'a>)> {
        let mut start = 0;
        blocks.iter().enumerate().map(move |(i, block)| match self.ends.get(i) {
            Some(end) => {
                let own = self.rows.get(start..*end).unwrap_or(&[]);
                start = *end;
                (*block, Chosen::Some(own))
            }
            None => (*block, Chosen::All(block.run(partition))),
        })
    }
}

/// What a partition has besides the cells of its columns.
#[derive(Default)]
pub(super) struct Merged {
    /// Rows of each lead.
    pub(super) counts: Vec<u32>,
    /// Stage entries of each lead; empty if the partition has none.
    pub(super) entries: Vec<u32>,
    /// Of each stage entry, the position in the timeline.
    pub(super) position: Vec<u32>,
    pub(super) deal: Vec<u32>,
    pub(super) amount: Vec<f64>,
    /// Of each stage entry, the code of the order column's value.
    pub(super) order: Vec<u32>,
}

/// Memory of one thread, used again for every partition.
#[derive(Default)]
pub(super) struct MergeScratch {
    ranks: Vec<u64>,
    /// The row at each place of the partition.
    rows: Vec<u32>,
    sorter: Sorter,
    narrow: Vec<u8>,
    middle: Vec<u16>,
    codes: Vec<u32>,
    numbers: Vec<f64>,
    picks: Picks,
}

impl MergeScratch {
    /// Orders the rows that `blocks` have of a cut, and writes them to `out`.
    pub(super) fn merge(
        &mut self,
        blocks: &[&Block],
        cut_of: &Cut,
        ranking: &Ranking,
        out: &mut IndexPart<'_>,
    ) -> Merged {
        let mut picks = std::mem::take(&mut self.picks);
        picks.pick(blocks, cut_of);
        let chosen: Vec<(&Block, Chosen<'_>)> = picks.of(blocks, cut_of.partition).collect();
        let mut merged = Merged { counts: vec![0; cut_of.leads.len()], ..Merged::default() };
        self.line_up(&chosen, cut_of, &mut merged.counts, out.at);
        self.rank(blocks, &chosen, ranking);
        self.sorter.sort(&merged.counts, out.at, &mut self.rows, &self.ranks);
        self.write_codes(&chosen, |b| Some(&b.kind), &mut out.kind);
        if let Some(channel) = &mut out.channel {
            self.write_codes(&chosen, |b| b.channel.as_ref(), channel);
        }
        for (p, out) in out.props.iter_mut().enumerate() {
            self.write_codes(&chosen, |b| b.props.iter().find(|(i, _)| *i == p).map(|(_, c)| c), out);
        }
        for (v, out) in out.values.iter_mut().enumerate() {
            self.numbers.clear();
            for (block, rows) in &chosen {
                match block.values.iter().find(|(i, _)| *i == v) {
                    Some((_, column)) => rows.append(column, &mut self.numbers, |x| x),
                    None => self.numbers.extend(std::iter::repeat_n(f64::NAN, rows.len())),
                }
            }
            gather(&self.numbers, &self.rows, out);
        }
        if let Some(order) = &mut out.order {
            self.write_order(&chosen, ranking, order);
        }
        self.gather_stages(&chosen, ranking, out.start, &mut merged);
        drop(chosen);
        self.picks = picks;
        merged
    }

    /// Ranks rows among rows of the same time; empty if they are in order.
    fn rank(&mut self, blocks: &[&Block], chosen: &[(&Block, Chosen<'_>)], ranking: &Ranking) {
        self.ranks.clear();
        if blocks.iter().all(|block| block.order.is_none()) {
            return;
        }
        for (block, rows) in chosen {
            match &block.order {
                Some(order) => rows.append(order, &mut self.ranks, |o| ranking.of_order(block.ordered, o)),
                None => self.ranks.extend(std::iter::repeat_n(0, rows.len())),
            }
        }
        if ranking.by_kind() {
            append_codes(chosen, |b| Some(&b.kind), &mut self.codes, |c| c);
            for (slot, kind) in self.ranks.iter_mut().zip(&self.codes) {
                *slot |= ranking.of_kind(*kind);
            }
        }
    }

    /// Writes the codes of the values of order columns.
    fn write_order(&mut self, chosen: &[(&Block, Chosen<'_>)], ranking: &Ranking, out: &mut CodesPart<'_>) {
        self.codes.clear();
        for (block, rows) in chosen {
            match &block.order {
                Some(order) => rows.append(order, &mut self.codes, |o| ranking.code(block.ordered, o)),
                None => self.codes.extend(std::iter::repeat_n(NONE, rows.len())),
            }
        }
        let code = |row: &u32| self.codes.get(*row as usize).copied().unwrap_or(NONE);
        match out {
            CodesPart::U8(out) => out.iter_mut().zip(&self.rows).for_each(|(o, r)| *o = narrow(code(r), u8::MAX)),
            CodesPart::U16(out) => out.iter_mut().zip(&self.rows).for_each(|(o, r)| *o = narrow(code(r), u16::MAX)),
            CodesPart::U32(out) => out.iter_mut().zip(&self.rows).for_each(|(o, r)| *o = code(r)),
        }
    }

    /// Counts the rows of each lead, and lines rows and times up by lead, in the order in which they came.
    fn line_up(&mut self, chosen: &[(&Block, Chosen<'_>)], cut_of: &Cut, counts: &mut [u32], times: &mut [i64]) {
        let first = cut_of.leads.start as u16;
        for (block, rows) in chosen {
            match rows {
                Chosen::All(rows) => count(block.lead.get(rows.clone()).unwrap_or(&[]).iter(), first, counts),
                Chosen::Some(rows) => count(rows.iter().filter_map(|r| block.lead.get(*r as usize)), first, counts),
            }
        }
        let mut total = 0;
        let start = |count: &u32| {
            total += count;
            total - count
        };
        let mut next: Vec<u32> = counts.iter().map(start).collect();
        self.rows.resize(times.len(), 0);
        let mut row = 0;
        for (block, rows) in chosen {
            let (lead, at) = (&*block.lead, &*block.at);
            match rows {
                Chosen::All(range) => {
                    let events =
                        lead.get(range.clone()).unwrap_or(&[]).iter().zip(at.get(range.clone()).unwrap_or(&[]));
                    place_events(events, first, row, &mut next, times, &mut self.rows);
                }
                Chosen::Some(rows) => {
                    let events = rows.iter().filter_map(|r| lead.get(*r as usize).zip(at.get(*r as usize)));
                    place_events(events, first, row, &mut next, times, &mut self.rows);
                }
            }
            row += rows.len() as u32;
        }
    }

    /// Writes the codes of a column.
    fn write_codes(
        &mut self,
        chosen: &[(&Block, Chosen<'_>)],
        column: impl Fn(&Block) -> Option<&CodedColumn>,
        out: &mut CodesPart<'_>,
    ) {
        match out {
            CodesPart::U8(out) => {
                append_codes(chosen, column, &mut self.narrow, |c| narrow(c, u8::MAX));
                gather(&self.narrow, &self.rows, out);
            }
            CodesPart::U16(out) => {
                append_codes(chosen, column, &mut self.middle, |c| narrow(c, u16::MAX));
                gather(&self.middle, &self.rows, out);
            }
            CodesPart::U32(out) => {
                append_codes(chosen, column, &mut self.codes, |c| c);
                gather(&self.codes, &self.rows, out);
            }
        }
    }

    fn gather_stages(&mut self, chosen: &[(&Block, Chosen<'_>)], ranking: &Ranking, start: usize, merged: &mut Merged) {
        if !chosen.iter().any(|(block, rows)| block.stage.is_some() && rows.len() > 0) {
            return;
        }
        self.codes.clear();
        self.numbers.clear();
        // Only rows of stage entries are numbered here.
        let mut number: Vec<u32> = Vec::with_capacity(self.rows.len());
        let mut orders: Vec<u32> = Vec::new();
        for (block, rows) in chosen {
            match &block.stage {
                Some((deals, amounts)) => {
                    number.extend((self.codes.len() as u32..).take(rows.len()));
                    deals.append(rows, &mut self.codes, |c| c);
                    rows.append(amounts, &mut self.numbers, |x| x);
                    match &block.order {
                        Some(order) => rows.append(order, &mut orders, |o| ranking.code(block.ordered, o)),
                        None => orders.extend(std::iter::repeat_n(NONE, rows.len())),
                    }
                }
                None => number.extend(std::iter::repeat_n(NONE, rows.len())),
            }
        }
        let mut rows = self.rows.iter().zip(start as u32..);
        for count in &merged.counts {
            let before = merged.position.len();
            for (row, position) in rows.by_ref().take(*count as usize) {
                let Some(n) = number.get(*row as usize).copied().filter(|n| *n != NONE) else { continue };
                merged.position.push(position);
                merged.deal.push(self.codes.get(n as usize).copied().unwrap_or(NONE));
                merged.amount.push(self.numbers.get(n as usize).copied().unwrap_or(f64::NAN));
                merged.order.push(orders.get(n as usize).copied().unwrap_or(NONE));
            }
            merged.entries.push((merged.position.len() - before) as u32);
        }
    }
}

// The loops over rows are functions of their own, of plain slices: in a large one their pointers would be read again
// for every row.

/// Adds to each lead's count.
#[inline(never)]
fn count<'a>(leads: impl Iterator<Item = &'a u16>, first: u16, counts: &mut [u32]) {
    for lead in leads {
        if let Some(count) = counts.get_mut(usize::from(lead.wrapping_sub(first))) {
            *count += 1;
        }
    }
}

/// Writes each event's time, and its number from `row` on, to the next place of its lead.
#[inline(never)]
fn place_events<'a>(
    events: impl Iterator<Item = (&'a u16, &'a i64)>,
    first: u16,
    row: u32,
    next: &mut [u32],
    times: &mut [i64],
    rows: &mut [u32],
) {
    for ((lead, at), row) in events.zip(row..) {
        let Some(next) = next.get_mut(usize::from(lead.wrapping_sub(first))) else { continue };
        let place = *next as usize;
        if let (Some(time), Some(slot)) = (times.get_mut(place), rows.get_mut(place)) {
            (*time, *slot) = (*at, row);
            *next += 1;
        }
    }
}

/// The codes of all chosen rows.
fn append_codes<'a, T: Clone>(
    chosen: &[(&'a Block, Chosen<'_>)],
    column: impl Fn(&'a Block) -> Option<&'a CodedColumn>,
    out: &mut Vec<T>,
    to: impl Fn(u32) -> T + Copy,
) {
    out.clear();
    for (block, rows) in chosen {
        match column(block) {
            Some(coded) => coded.append(rows, out, to),
            None => out.extend(std::iter::repeat_n(to(NONE), rows.len())),
        }
    }
}

/// Writes the cells of some rows side by side.
#[inline(never)]
fn gather<T: Copy>(cells: &[T], rows: &[u32], out: &mut [T]) {
    for (slot, row) in out.iter_mut().zip(rows) {
        if let Some(cell) = cells.get(*row as usize) {
            *slot = *cell;
        }
    }
}
