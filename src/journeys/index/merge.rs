//! The rows of one partition, from all blocks, in the order of the index.

use std::ops::Range;

use rayon::prelude::*;

use super::block::{Block, Chosen, Coded, Partitioning};
use super::codes::{CodesMut, CodesPart, cut};
use super::rows::Sizes;
use super::slab::{Place, SlabMut};
use crate::design::NONE;
use crate::error::Result;

/// Rows of a partition from which on it is cut: where few leads have nearly all events, all threads take part.
const HEAVY: usize = 1 << 18;
/// Cuts of a partition at most, about; each looks for its rows among all.
const CUTS: usize = 8;
/// Events of a lead up to which they are sorted by their ranks.
const RANKED: usize = 24;
/// Events of a lead from which on they are sorted by all threads.
const SORTED_BY_ALL: usize = 1 << 16;

/// The columns of the index while they are built.
pub(super) struct Columns {
    pub(super) at: SlabMut<i64>,
    pub(super) kind: CodesMut,
    pub(super) channel: Option<CodesMut>,
    pub(super) values: Vec<SlabMut<f64>>,
    pub(super) props: Vec<CodesMut>,
}

impl Columns {
    /// Room for `n` rows.
    pub(super) fn zeroed(n: usize, sizes: &Sizes, has_channel: bool, place: &Place) -> Result<Self> {
        let codes = |bound: usize| CodesMut::zeroed(n, bound, place);
        Ok(Self {
            at: SlabMut::zeroed(n, place)?,
            kind: codes(sizes.kinds)?,
            channel: has_channel.then(|| codes(sizes.channels)).transpose()?,
            values: (0..sizes.values).map(|_| SlabMut::zeroed(n, place)).collect::<Result<_>>()?,
            props: sizes.props.iter().map(|levels| codes(*levels)).collect::<Result<_>>()?,
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
    pub(super) fn parts(&mut self, lengths: &[usize]) -> Vec<Part<'_>> {
        let mut rest = Part {
            start: 0,
            at: &mut self.at,
            kind: self.kind.part(),
            channel: self.channel.as_mut().map(CodesMut::part),
            values: self.values.iter_mut().map(|v| &mut **v).collect(),
            props: self.props.iter_mut().map(CodesMut::part).collect(),
        };
        lengths.iter().map(|len| rest.cut(*len)).collect()
    }
}

/// Cells of the index that one thread fills.
pub(super) struct Part<'a> {
    /// Position of the first.
    start: usize,
    at: &'a mut [i64],
    kind: CodesPart<'a>,
    channel: Option<CodesPart<'a>>,
    values: Vec<&'a mut [f64]>,
    props: Vec<CodesPart<'a>>,
}

impl Part<'_> {
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
            counts.iter_mut().skip(usize::from(*lead)).take(1).for_each(|n| *n += 1);
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
    /// Where those of each block end; empty for all rows.
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
}

/// Memory of one thread, used again for every partition.
#[derive(Default)]
pub(super) struct Scratch {
    lead: Vec<u16>,
    at: Vec<i64>,
    order: Vec<u32>,
    /// The row at each place of the partition.
    rows: Vec<u32>,
    moved: Vec<u32>,
    keys: Vec<u64>,
    ranked: Vec<u64>,
    wide: Vec<(i64, u32, u32)>,
    codes: Vec<u32>,
    numbers: Vec<f64>,
    picks: Picks,
}

/// Sorts distinct keys by counting how many are smaller: without branches, which would be guessed wrong.
fn rank_sort(keys: &[u64], sorted: &mut [u64]) {
    for key in keys {
        let rank: usize = keys.iter().map(|other| usize::from(other < key)).sum();
        if let Some(slot) = sorted.get_mut(rank) {
            *slot = *key;
        }
    }
}

impl Scratch {
    /// Orders the rows that `blocks` have of a cut, and writes them to `out`.
    pub(super) fn merge(&mut self, blocks: &[&Block], cut_of: &Cut, out: &mut Part<'_>) -> Merged {
        let mut picks = std::mem::take(&mut self.picks);
        picks.pick(blocks, cut_of);
        let chosen: Vec<(&Block, Chosen<'_>)> = picks.of(blocks, cut_of.partition).collect();
        self.lead.clear();
        self.at.clear();
        self.order.clear();
        for (block, rows) in &chosen {
            rows.append(&block.lead, &mut self.lead);
            rows.append(&block.at, &mut self.at);
            rows.append(&block.order, &mut self.order);
        }
        self.lead.iter_mut().for_each(|lead| *lead -= cut_of.leads.start as u16);
        let mut merged = Merged { counts: vec![0; cut_of.leads.len()], ..Merged::default() };
        self.sort_by_lead(&mut merged.counts);
        let (mut start, mut times) = (0, &mut *out.at);
        for count in &merged.counts {
            let n = *count as usize;
            self.sort_journey(start, cut(&mut times, n));
            start += n;
        }
        self.gather(&chosen, |b| Some(&b.kind), &mut out.kind);
        if let Some(channel) = &mut out.channel {
            self.gather(&chosen, |b| b.channel.as_ref(), channel);
        }
        for (p, out) in out.props.iter_mut().enumerate() {
            self.gather(&chosen, |b| b.props.iter().find(|(i, _)| *i == p).map(|(_, c)| c), out);
        }
        for (v, out) in out.values.iter_mut().enumerate() {
            self.numbers.clear();
            for (block, rows) in &chosen {
                match block.values.iter().find(|(i, _)| *i == v) {
                    Some((_, column)) => rows.append(column, &mut self.numbers),
                    None => self.numbers.extend(std::iter::repeat_n(f64::NAN, rows.len())),
                }
            }
            for (o, row) in out.iter_mut().zip(&self.rows) {
                *o = self.numbers.get(*row as usize).copied().unwrap_or(f64::NAN);
            }
        }
        self.gather_stages(&chosen, out.start, &mut merged);
        drop(chosen);
        self.picks = picks;
        merged
    }

    /// Counts the rows of each lead, and lines rows up by lead, in the order in which they came.
    fn sort_by_lead(&mut self, counts: &mut [u32]) {
        for lead in &self.lead {
            if let Some(c) = counts.get_mut(usize::from(*lead)) {
                *c += 1;
            }
        }
        let mut next = Vec::with_capacity(counts.len());
        let mut total = 0;
        for count in counts.iter() {
            next.push(total);
            total += count;
        }
        self.rows.clear();
        self.rows.resize(self.lead.len(), 0);
        for (lead, row) in self.lead.iter().zip(0u32..) {
            if let Some(slot) = next.get_mut(usize::from(*lead)) {
                if let Some(place) = self.rows.get_mut(*slot as usize) {
                    *place = row;
                }
                *slot += 1;
            }
        }
    }

    /// Orders the rows of a lead, from place `start` on, by time, then by order, then as they came; writes their times.
    fn sort_journey(&mut self, start: usize, times: &mut [i64]) {
        let n = times.len();
        let Some(rows) = self.rows.get_mut(start..start + n) else { return };
        let at = |row: u32| self.at.get(row as usize).copied().unwrap_or(0);
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        for (time, row) in times.iter_mut().zip(rows.iter()) {
            *time = at(*row);
            (low, high) = (low.min(*time), high.max(*time));
        }
        if n < 2 {
            return;
        }
        // Time and place in one number, where they fit; times do, as they are of the years 1000 to 9999.
        let bits = (n - 1).ilog2() + 1;
        let span = high.abs_diff(low);
        if span.leading_zeros() >= bits {
            self.keys.clear();
            self.keys.extend(times.iter().zip(0u64..).map(|(t, i)| t.abs_diff(low) << bits | i));
            if n <= RANKED {
                self.ranked.clear();
                self.ranked.resize(n, 0);
                rank_sort(&self.keys, &mut self.ranked);
                std::mem::swap(&mut self.keys, &mut self.ranked);
            } else if n < SORTED_BY_ALL {
                self.keys.sort_unstable();
            } else {
                self.keys.par_sort_unstable();
            }
            self.moved.clear();
            let mask = (1u64 << bits) - 1;
            self.moved.extend(self.keys.iter().filter_map(|k| rows.get((k & mask) as usize)));
            for (time, key) in times.iter_mut().zip(&self.keys) {
                *time = low.wrapping_add((key >> bits) as i64);
            }
            rows.copy_from_slice(&self.moved);
        } else {
            self.wide.clear();
            self.wide.extend(times.iter().zip(0u32..).zip(rows.iter()).map(|((t, i), row)| (*t, i, *row)));
            self.wide.par_sort_unstable();
            for ((slot, time), (t, _, row)) in rows.iter_mut().zip(times.iter_mut()).zip(&self.wide) {
                (*slot, *time) = (*row, *t);
            }
        }
        // Rows of one time are as they came; where their order says otherwise, it is right.
        if times.windows(2).all(|pair| pair.first() != pair.last()) {
            return;
        }
        let mut first = 0;
        for same in times.chunk_by(|a, b| a == b) {
            if same.len() > 1
                && let Some(tied) = rows.get_mut(first..first + same.len())
            {
                tied.sort_by_key(|row| self.order.get(*row as usize).copied());
            }
            first += same.len();
        }
    }

    /// Writes the codes of a column.
    fn gather(
        &mut self,
        chosen: &[(&Block, Chosen<'_>)],
        column: impl Fn(&Block) -> Option<&Coded>,
        out: &mut CodesPart<'_>,
    ) {
        self.codes.clear();
        for (block, rows) in chosen {
            match column(block) {
                Some(coded) => coded.append(rows, &mut self.codes),
                None => self.codes.extend(std::iter::repeat_n(NONE, rows.len())),
            }
        }
        out.fill(self.rows.iter().map(|row| self.codes.get(*row as usize).copied().unwrap_or(NONE)));
    }

    fn gather_stages(&mut self, chosen: &[(&Block, Chosen<'_>)], start: usize, merged: &mut Merged) {
        if !chosen.iter().any(|(block, rows)| block.stage.is_some() && rows.len() > 0) {
            return;
        }
        self.codes.clear();
        self.numbers.clear();
        // Rows that are no stage entries have no number here.
        let mut number: Vec<u32> = Vec::with_capacity(self.lead.len());
        for (block, rows) in chosen {
            match &block.stage {
                Some((deals, amounts)) => {
                    number.extend((self.codes.len() as u32..).take(rows.len()));
                    deals.append(rows, &mut self.codes);
                    rows.append(amounts, &mut self.numbers);
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
            }
            merged.entries.push((merged.position.len() - before) as u32);
        }
    }
}
