//! Builds the index from blocks of rows, in memory or with the help of the disk.
//!
//! Blocks are pushed in the order of tables and rows. Where they would take more memory than allowed they are written
//! to a nameless file, partition by partition, and read back one range of partitions at a time. The result is the same
//! independent of memory, the number of threads and the size of blocks.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::PathBuf;

use rayon::prelude::*;

use super::block::{Block, Partitioning};
use super::codes::Codes;
use super::edits::{Edits, SeenStages, collapse, same};
use super::merge::{Columns, Cut, IndexPart, MergeScratch, Merged};
use super::orders::{Orders, Ranking};
use super::rows::{Rows, Sizes};
use super::same_day::DayOrder;
use super::{StageLog, Timeline};
use crate::error::{Error, Result};
use crate::journeys::Days;
use crate::journeys::index::mapped_column::ColumnPlace;
use crate::progress::Task;
use crate::schema::NONE;
use crate::time::NO_TIME;

/// Rows of a block, where whole tables are cut into blocks.
const BLOCK: usize = 1 << 17;
/// Most rows in flight at once, and typical bytes per row.
const AT_ONCE: usize = 1 << 23;
const ROW: usize = 64;
/// Ranges of partitions that are read back from disk one at a time.
const RANGES: usize = 64;

/// Takes blocks of rows and gives the index.
#[derive(Debug)]
pub struct IndexBuilder {
    partitions: Partitioning,
    leads: usize,
    blocks: Vec<Block>,
    /// Tables of stages, in which repeats are found when all are known.
    stages: Vec<Rows>,
    /// Values of the order columns of tables.
    orders: Vec<Orders>,
    /// Bytes of the blocks in memory.
    bytes: usize,
    rows: usize,
    /// Most bytes of working memory, if it is bounded.
    memory: Option<usize>,
    folder: PathBuf,
    spilled: Option<Spilled>,
    extends: Option<Extends>,
}

/// What the index had before it is extended.
#[derive(Debug)]
struct Extends {
    rows: usize,
    observed_until: i64,
    /// Stage rows.
    entries: SeenStages,
    report: Extended,
}

/// What became of new rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extended {
    /// Rows added.
    pub added: usize,
    /// Rows that the index had: events by their id, stage rows that are the same in all they say.
    pub duplicate: usize,
    /// Rows older than the end of observation before: snapshots taken then did not see them.
    pub late: usize,
}

/// Blocks on disk.
#[derive(Debug)]
struct Spilled {
    file: File,
    end: u64,
    batches: Vec<Batch>,
}

/// Blocks that were written together.
#[derive(Debug)]
struct Batch {
    shells: Vec<Block>,
    /// Where each range of partitions starts in the file.
    starts: Vec<u64>,
}

impl IndexBuilder {
    /// A builder for `leads` leads. With `memory`, blocks are kept within a third of so many bytes, and an index that
    /// would take more than a third is kept in a file that the system maps into memory.
    #[must_use]
    pub fn new(leads: usize, memory: Option<usize>) -> Self {
        Self {
            partitions: Partitioning::new(leads),
            leads,
            blocks: Vec::new(),
            stages: Vec::new(),
            orders: Vec::new(),
            bytes: 0,
            rows: 0,
            memory,
            folder: std::env::temp_dir(),
            spilled: None,
            extends: None,
        }
    }

    /// A builder that has the rows of an index, `events` and `stages`, observed until then, whose order columns have the
    /// values `orders`; of rows that nothing orders, what is pushed comes after them among equal times.
    ///
    /// # Errors
    /// As [`IndexBuilder::push`].
    pub(in crate::journeys) fn extending(
        leads: usize,
        events: &Rows,
        stages: &Rows,
        orders: Orders,
        observed_until: i64,
    ) -> Result<Self> {
        let mut builder = Self::new(leads, None);
        builder.orders(orders);
        builder.push_rows(events)?;
        builder.push_rows(stages)?;
        let mut extends =
            Extends { rows: builder.rows, observed_until, entries: SeenStages::default(), report: Extended::default() };
        extends.new_entries(stages, &builder.orders);
        builder.extends = Some(extends);
        Ok(builder)
    }

    /// Takes the values of a table's order column; gives what [`Rows::ordered`] of its rows is to be.
    pub fn orders(&mut self, values: Orders) -> u32 {
        self.orders.push(values);
        self.orders.len() as u32 - 1
    }

    /// A sort of values that an order column has and those of the index that is extended have not, and what they are: the
    /// two cannot be compared.
    #[must_use]
    pub fn unlike(&self, values: &Orders) -> Option<(&'static str, &'static str)> {
        self.extends.as_ref().and_then(|_| self.orders.first()).and_then(|known| known.differs(values))
    }

    /// What became of the rows pushed since.
    pub(in crate::journeys) fn extended(&self) -> Extended {
        let report = |e: &Extends| Extended { added: self.rows - e.rows, ..e.report };
        self.extends.as_ref().map(report).unwrap_or_default()
    }

    /// True if no row was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// How blocks are to be partitioned.
    #[must_use]
    pub fn partitions(&self) -> Partitioning {
        self.partitions
    }

    /// How many rows may be on their way at once.
    #[must_use]
    pub fn rows_at_once(&self) -> usize {
        self.memory.map_or(AT_ONCE, |memory| (memory / 3 / ROW).clamp(1, AT_ONCE))
    }

    /// Takes the next block.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if there are 2³² rows or more; [`Error::Write`] if memory is bounded and the disk is full.
    pub fn push(&mut self, block: Block) -> Result<()> {
        self.count(&block.at)?;
        self.keep(block)
    }

    /// Counts new rows.
    fn count(&mut self, at: &[i64]) -> Result<()> {
        self.rows += at.len();
        if self.rows >= NONE as usize {
            let rows = self.rows;
            return Err(Error::option("events", format!("{rows} rows exceed the limit of 4,294,967,294 per index")));
        }
        if let Some(extends) = self.extends.as_mut().filter(|e| e.observed_until != NO_TIME) {
            extends.report.late += at.iter().filter(|t| **t < extends.observed_until).count();
        }
        Ok(())
    }

    fn keep(&mut self, block: Block) -> Result<()> {
        self.bytes += block.bytes();
        self.blocks.push(block);
        if self.memory.is_some_and(|m| self.bytes > m / 3) { self.spill() } else { Ok(()) }
    }

    /// Takes a whole table of rows.
    ///
    /// # Errors
    /// As [`IndexBuilder::push`].
    pub fn push_rows(&mut self, rows: &Rows) -> Result<()> {
        if rows.stage.is_none() {
            self.count(&rows.at)?;
            return self.keep_rows(rows);
        }
        let mut rows = rows.clone();
        if let Some(extends) = &mut self.extends {
            let keep = extends.new_entries(&rows, &self.orders);
            extends.report.duplicate += keep.iter().filter(|keep| !**keep).count();
            rows.retain(&keep);
        }
        self.count(&rows.at)?;
        self.stages.push(rows);
        Ok(())
    }

    fn keep_rows(&mut self, rows: &Rows) -> Result<()> {
        let ranges: Vec<Range<usize>> =
            (0..rows.len()).step_by(BLOCK).map(|start| start..(start + BLOCK).min(rows.len())).collect();
        let partitions = self.partitions;
        let blocks: Vec<Block> = ranges.into_par_iter().map(|r| Block::new(&rows.part(&r), partitions)).collect();
        blocks.into_iter().try_for_each(|block| self.keep(block))
    }

    /// The partitions in `n` ranges.
    fn ranges(&self, n: usize) -> Vec<Range<usize>> {
        let len = self.partitions.count.div_ceil(n);
        (0..self.partitions.count).step_by(len).map(|p| p..(p + len).min(self.partitions.count)).collect()
    }

    /// Writes all blocks in memory to disk, range by range.
    fn spill(&mut self) -> Result<()> {
        let path = self.folder.clone();
        let failed = |e: std::io::Error| Error::Write { path: path.clone(), reason: e.to_string() };
        let mut spilled = match self.spilled.take() {
            Some(spilled) => spilled,
            None => Spilled { file: tempfile::tempfile_in(&path).map_err(failed)?, end: 0, batches: Vec::new() },
        };
        spilled.file.seek(SeekFrom::Start(spilled.end)).map_err(failed)?;
        let mut out = BufWriter::with_capacity(1 << 20, &spilled.file);
        let mut starts = Vec::with_capacity(RANGES);
        for range in self.ranges(RANGES) {
            starts.push(out.stream_position().map_err(failed)?);
            self.blocks.iter().try_for_each(|block| block.write(&mut out, &range)).map_err(failed)?;
        }
        let end = out.stream_position().map_err(failed)?;
        out.flush().map_err(failed)?;
        drop(out);
        spilled.end = end;
        let shells = std::mem::take(&mut self.blocks).into_iter().map(Block::into_shell).collect();
        spilled.batches.push(Batch { shells, starts });
        self.bytes = 0;
        self.spilled = Some(spilled);
        Ok(())
    }

    /// Orders the stages of one day of which some are known by their time and some by their day only.
    pub(in crate::journeys) fn order_days(&mut self, order: &DayOrder<'_>, days: &mut Days) {
        order.apply(&mut self.stages, &self.orders, days);
    }

    /// Finds the rows of stages that repeat what is known, and takes in the others, ordered by the values of all tables.
    fn take_stages(&mut self, ranking: &mut Ranking, values: usize, task: &Task) -> Result<(Edits, usize)> {
        let stages = std::mem::take(&mut self.stages);
        let (mut joined, edits, repeated) = collapse(&stages, ranking, &self.orders, task)?;
        drop(stages);
        joined.ordered = Some(ranking.add_joined(values));
        self.keep_rows(&joined)?;
        Ok((edits, repeated))
    }

    /// The index. `sizes` are the sizes of the dictionaries after the last block.
    ///
    /// # Errors
    /// [`Error::Write`] if memory is bounded and the disk is full, [`Error::Interrupted`].
    pub fn finish(mut self, sizes: &Sizes, task: &Task) -> Result<Timeline> {
        task.begin("ordering events", self.rows);
        let (orders, codes) = Orders::joined(&self.orders);
        let mut ranking = Ranking::of(sizes, codes);
        let (edits, repeated) = self.take_stages(&mut ranking, orders.len(), task)?;
        let shells = || self.spilled.iter().flat_map(|s| &s.batches).flat_map(|b| &b.shells).chain(&self.blocks);
        let lengths: Vec<usize> =
            (0..self.partitions.count).into_par_iter().map(|p| shells().map(|b| b.run(p).len()).sum()).collect();
        let has_channel = shells().any(|b| b.channel.is_some());
        let has_order = shells().any(|b| b.ordered.is_some() && b.stage.is_none());
        let rows = lengths.iter().sum::<usize>();
        let needed = rows.saturating_mul(Columns::bytes_per_row(sizes));
        let place = match self.memory {
            Some(memory) if needed > memory / 3 => ColumnPlace::File(self.folder.clone()),
            _ => ColumnPlace::Memory,
        };
        let mut columns = Columns::zeroed(rows, sizes, has_channel, has_order.then_some(orders.len()), &place)?;
        let mut parts: Vec<(usize, IndexPart<'_>)> = columns.parts(&lengths).into_iter().enumerate().collect();
        let mut merged: Vec<Merged> = Vec::with_capacity(parts.len());
        let ranges = self.ranges(if self.spilled.is_some() { RANGES } else { 1 });
        for (number, range) in ranges.iter().enumerate() {
            let read = match &self.spilled {
                Some(spilled) => spilled.read(number, range, &self.folder)?,
                None => Vec::new(),
            };
            let blocks: Vec<&Block> = read.iter().chain(&self.blocks).collect();
            let these: Vec<(usize, IndexPart<'_>)> = parts.drain(..range.len()).collect();
            let cuts: Vec<(Cut, IndexPart<'_>)> = these
                .into_par_iter()
                .flat_map_iter(|(partition, mut part)| {
                    let rows = lengths.get(partition).copied().unwrap_or(0);
                    let cuts = Cut::of(&blocks, partition, self.partitions, rows);
                    cuts.into_iter().map(move |cut| {
                        let part = part.cut(cut.rows);
                        (cut, part)
                    })
                })
                .collect();
            let done: Vec<Merged> = cuts
                .into_par_iter()
                .map_init(MergeScratch::default, |scratch, (cut, mut part)| {
                    task.check()?;
                    let merged = scratch.merge(&blocks, &cut, &ranking, &mut part);
                    task.advance(cut.rows);
                    Ok(merged)
                })
                .collect::<Result<_>>()?;
            merged.extend(done);
        }
        drop(parts);
        drop(self.blocks);
        let stages = StageLog { edits, repeated, ..join_stages(&merged, self.leads, sizes, orders.len()) };
        let offsets = running(merged.iter().map(|m| (m.counts.len(), m.counts.as_slice())), self.leads);
        Ok(Timeline {
            offsets: offsets.into(),
            at: columns.at.freeze(),
            kind: columns.kind.freeze(),
            channel: columns.channel.map(super::codes::CodesMut::freeze),
            values: columns.values.into_iter().map(crate::journeys::index::mapped_column::SlabMut::freeze).collect(),
            props: columns.props.into_iter().map(super::codes::CodesMut::freeze).collect(),
            order: columns.order.map(super::codes::CodesMut::freeze),
            orders,
            stages,
        })
    }
}

impl Extends {
    /// Which stage entries are new; they are known from then on.
    fn new_entries(&mut self, rows: &Rows, orders: &[Orders]) -> Vec<bool> {
        rows.lead.iter().enumerate().map(|(i, lead)| self.entries.insert(*lead, same(rows, i, orders))).collect()
    }
}

impl Spilled {
    /// The blocks of range `number` of the partitions.
    fn read(&self, number: usize, range: &Range<usize>, folder: &std::path::Path) -> Result<Vec<Block>> {
        let failed = |e: std::io::Error| Error::Read { path: folder.to_owned(), reason: e.to_string(), missing: false };
        let mut blocks = Vec::new();
        for batch in &self.batches {
            let mut from = BufReader::with_capacity(1 << 20, &self.file);
            from.seek(SeekFrom::Start(batch.starts.get(number).copied().unwrap_or(0))).map_err(failed)?;
            for shell in &batch.shells {
                blocks.push(shell.read(&mut from, range).map_err(failed)?);
            }
        }
        Ok(blocks)
    }
}

/// Where each of `n` leads starts; one more than leads. Each part of them has a number of leads, and says how many the
/// first ones have; the others have none.
fn running<'a>(parts: impl Iterator<Item = (usize, &'a [u32])>, n: usize) -> Vec<usize> {
    let mut offsets = vec![0; n + 1];
    let (mut rest, mut before) = (offsets.get_mut(1..).unwrap_or(&mut []), 0);
    let mut filled = Vec::new();
    for (leads, counts) in parts {
        // The last partition has places for more leads than there are.
        let own = rest.split_off_mut(..leads.min(rest.len())).unwrap_or(&mut []);
        filled.push((before, counts, own));
        before += counts.iter().map(|n| *n as usize).sum::<usize>();
    }
    rest.fill(before);
    filled.into_par_iter().for_each(|(mut total, counts, offsets)| {
        for (end, count) in offsets.iter_mut().zip(counts.iter().chain(std::iter::repeat(&0))) {
            total += *count as usize;
            *end = total;
        }
    });
    offsets
}

fn join_stages(merged: &[Merged], leads: usize, sizes: &Sizes, orders: usize) -> StageLog {
    let order: Vec<u32> = merged.iter().flat_map(|m| &m.order).copied().collect();
    let deals: Vec<u32> = merged.iter().flat_map(|m| &m.deal).copied().collect();
    StageLog {
        // A partition without stages has not counted them.
        offsets: running(merged.iter().map(|m| (m.counts.len(), m.entries.as_slice())), leads).into(),
        position: merged.iter().flat_map(|m| &m.position).copied().collect(),
        deal: Codes::narrowest(&deals, sizes.deals),
        amount: merged.iter().flat_map(|m| &m.amount).copied().collect(),
        order: order.iter().any(|code| *code != NONE).then(|| Codes::narrowest(&order, orders)),
        edits: Edits::default(),
        repeated: 0,
    }
}

/// The index of whole tables, in order of declaration.
///
/// # Errors
/// As [`IndexBuilder::push`] and [`IndexBuilder::finish`].
pub fn build(tables: Vec<Rows>, sizes: &Sizes, task: &Task) -> Result<Timeline> {
    let mut builder = IndexBuilder::new(sizes.leads, None);
    for rows in tables {
        task.check()?;
        builder.push_rows(&rows)?;
    }
    builder.finish(sizes, task)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lead, time, order, kind, value; every third row of the second table is a stage entry of its own deal.
    type Row = (u32, i64, u32, u32, u8);

    fn table(rows: &[Row], stages: bool) -> Rows {
        let deals = rows.iter().map(|r| r.3).collect();
        Rows {
            lead: rows.iter().map(|r| r.0).collect(),
            at: rows.iter().map(|r| r.1).collect(),
            order: rows.iter().map(|r| r.2).collect(),
            ordered: None,
            kind: rows.iter().map(|r| r.3).collect(),
            channel: if stages { Vec::new() } else { rows.iter().map(|r| r.3 * 7).collect() },
            values: vec![(usize::from(stages), rows.iter().map(|r| f64::from(r.4)).collect())],
            props: vec![(0, rows.iter().map(|r| if r.4 > 200 { NONE } else { u32::from(r.4) * 9 }).collect())],
            stage: stages.then(|| (deals, rows.iter().map(|r| f64::from(r.4)).collect())),
        }
    }

    proptest! {
        #[test]
        fn equals_a_plain_sort(
            rows in prop::collection::vec((0u32..3000, 0i64..50, 0u32..4, 0u32..5, any::<u8>()), 0..400),
            far in any::<bool>(),
            memory in prop::option::of(0usize..20_000),
            block in 1usize..100,
            alone in any::<bool>(),
        ) {
            // Times so far apart that time and place do not fit into one number, and leads of many events.
            let rows: Vec<Row> = rows.into_iter().map(|(l, t, o, k, v)| {
                if far { (l % 3, if t % 2 == 0 { i64::MIN / 2 + t } else { i64::MAX / 2 - t }, o, k, v) } else { (l, t, o, k, v) }
            }).collect();
            let (events, stages) = rows.split_at(rows.len() / 2);
            // Rows of one table alone need no ranks where theirs are their places.
            let (events, stages) = if alone { (&[] as &[Row], rows.as_slice()) } else { (events, stages) };
            let mut tables = [table(events, false), table(stages, true)];
            let ranks = tables.each_ref().map(|t| t.order.clone());
            if alone {
                tables[1].order.clear();
            }
            let sizes = Sizes { leads: 3000, kinds: 5, channels: 40, deals: 5, values: 2, props: vec![2000], ..Sizes::default() };
            let mut builder = IndexBuilder::new(3000, memory);
            for t in &tables {
                for start in (0..t.len()).step_by(block) {
                    let part = t.part(&(start..(start + block).min(t.len())));
                    builder.push(Block::new(&part, builder.partitions())).unwrap();
                }
            }
            let timeline = builder.finish(&sizes, &Task::new()).unwrap();
            // Lead, time, order, table, row.
            let mut expected: Vec<(u32, i64, u32, usize, usize)> = tables.iter().enumerate().flat_map(|(t, r)| {
                let ranks = &ranks[t];
                (0..r.len()).map(move |i| (r.lead[i], r.at[i], if alone { 0 } else { ranks[i] }, t, i))
            }).collect();
            expected.sort_unstable();
            let mut place = 0;
            let mut entry = 0;
            for lead in 0..3000 {
                for i in timeline.range(lead) {
                    let (l, at, _, t, row) = expected[place];
                    prop_assert_eq!(i, place);
                    prop_assert_eq!((lead, timeline.at[i], timeline.kind.get(i)), (l, at, tables[t].kind[row]));
                    let channel = tables[t].channel.get(row).copied().unwrap_or(NONE);
                    prop_assert_eq!(timeline.channel.as_ref().map_or(NONE, |c| c.get(i)), channel);
                    prop_assert_eq!(timeline.values[t][i], tables[t].values[0].1[row]);
                    prop_assert!(timeline.values[1 - t][i].is_nan());
                    prop_assert_eq!(timeline.props[0].get(i), tables[t].props[0].1[row]);
                    if let Some((deals, amounts)) = &tables[t].stage {
                        prop_assert!(timeline.stage_range(lead).contains(&entry));
                        prop_assert_eq!(timeline.stages.position[entry] as usize, i);
                        prop_assert_eq!(timeline.stages.deal.get(entry), deals[row]);
                        prop_assert_eq!(timeline.stages.amount[entry], amounts[row]);
                        entry += 1;
                    }
                    place += 1;
                }
            }
            prop_assert_eq!((place, entry), (rows.len(), stages.len()));
        }
    }

    #[test]
    fn codes_of_blocks_are_brought_to_those_of_the_whole() {
        let mut builder = IndexBuilder::new(1, None);
        for (at, kinds) in [(0, vec![4, 3]), (10, vec![3, 9])] {
            let rows =
                Rows { lead: vec![0; 2], at: vec![at, at + 1], order: vec![0, 1], kind: vec![1, 0], ..Rows::default() };
            let mut block = Block::new(&rows, builder.partitions());
            block.renumber(super::super::Renumbering { kinds, ..Default::default() });
            builder.push(block).unwrap();
        }
        let timeline = builder.finish(&Sizes { leads: 1, kinds: 10, ..Sizes::default() }, &Task::new()).unwrap();
        assert_eq!((0..4).map(|i| timeline.kind.get(i)).collect::<Vec<_>>(), [3, 4, 9, 3]);
    }

    #[test]
    fn a_partition_of_many_events_is_cut() {
        // One lead has half of the events, and enough to be sorted by all threads.
        const N: u32 = (1 << 18) + 7;
        let at: Vec<i64> = (0..i64::from(N)).map(|i| i * 7919 % i64::from(N)).collect();
        let lead = |t: i64| if t % 2 == 0 { 3 } else { (t / 2 % 9) as u32 };
        let rows = Rows {
            lead: at.iter().map(|t| lead(*t)).collect(),
            order: (0..N).collect(),
            kind: at.iter().map(|t| (t % 5) as u32).collect(),
            values: vec![(0, at.iter().map(|t| *t as f64).collect())],
            stage: Some(((0..N).map(|i| i % 3).collect(), at.iter().map(|t| *t as f64).collect())),
            at,
            ..Rows::default()
        };
        let sizes = Sizes { leads: 9, kinds: 5, deals: 3, values: 1, ..Sizes::default() };
        for memory in [None, Some(1 << 20)] {
            let mut builder = IndexBuilder::new(9, memory);
            for start in (0..rows.len()).step_by(100_000) {
                let part = rows.part(&(start..(start + 100_000).min(rows.len())));
                builder.push(Block::new(&part, builder.partitions())).unwrap();
            }
            let timeline = builder.finish(&sizes, &Task::new()).unwrap();
            let mut expected: Vec<(u32, i64)> = (0..i64::from(N)).map(|t| (lead(t), t)).collect();
            expected.sort_unstable();
            let mut place = 0;
            for lead in 0..9 {
                assert_eq!(timeline.stage_range(lead), timeline.range(lead));
                for i in timeline.range(lead) {
                    let (of, t) = expected[place];
                    assert_eq!((i, lead, timeline.at[i], timeline.kind.get(i)), (place, of, t, (t % 5) as u32));
                    assert_eq!((timeline.values[0][i], timeline.stages.amount[i]), (t as f64, t as f64));
                    place += 1;
                }
            }
            assert_eq!(place, N as usize);
        }
    }
}
