//! A part of a source, its rows sorted by partition: what waits in memory, or on disk, until all rows are read.

use std::io::{Read, Write};
use std::ops::Range;

use bytemuck::Pod;

use super::codes::{Codes, narrow, widen};
use super::rows::Rows;
use crate::journeys::index::mapped_column::MappedColumn;
use crate::schema::NONE;

/// How leads are cut into partitions, each of which is ordered in cache.
#[derive(Debug, Clone, Copy)]
pub struct Partitioning {
    shift: u32,
    /// Number of partitions.
    pub(super) count: usize,
}

impl Partitioning {
    /// Partitions of `leads` leads: 2,048 leads each, or more where there would be very many partitions.
    #[must_use]
    pub fn new(leads: usize) -> Self {
        let shift = (leads >> 10).max(1).ilog2().clamp(11, u16::BITS);
        Self { shift, count: (leads >> shift) + 1 }
    }

    /// Leads of a partition.
    pub(super) fn leads(self) -> usize {
        1 << self.shift
    }

    fn of(self, lead: u32) -> usize {
        (lead >> self.shift) as usize
    }

    /// The lead's number within its partition.
    fn within(self, lead: u32) -> u16 {
        (lead & ((1 << self.shift) - 1)) as u16
    }
}

/// Codes of a block, and what they are in the whole.
#[derive(Debug, Clone)]
pub(super) struct CodedColumn {
    codes: Codes,
    /// Code in the whole of each code of the block; empty if they are the same.
    whole: Vec<u32>,
}

impl CodedColumn {
    fn new(codes: &[u32], place: &[u32]) -> Self {
        // No code is the largest, and becomes 0.
        let bound = codes.iter().map(|c| c.wrapping_add(1)).max().unwrap_or(0) as usize;
        let codes = codes.iter().copied();
        // Narrow cells are moved faster.
        let codes = if bound < usize::from(u8::MAX) {
            Codes::U8(scatter(codes.map(|c| narrow(c, u8::MAX)), place, u8::MAX))
        } else if bound < usize::from(u16::MAX) {
            Codes::U16(scatter(codes.map(|c| narrow(c, u16::MAX)), place, u16::MAX))
        } else {
            Codes::U32(scatter(codes, place, NONE))
        };
        Self { codes, whole: Vec::new() }
    }

    /// Adds the codes of some rows, as they are in the whole, as `to` gives them.
    pub(super) fn append<O>(&self, rows: &Chosen<'_>, out: &mut Vec<O>, to: impl Fn(u32) -> O) {
        let whole = self.whole.as_slice();
        let code = |code: u32| match whole.get(code as usize) {
            Some(code) => to(*code),
            // Either the numbers refer to the whole, or the value is missing.
            None => to(if whole.is_empty() { code } else { NONE }),
        };
        match &self.codes {
            Codes::U8(codes) => rows.append(codes, out, |c| code(widen(c, u8::MAX))),
            Codes::U16(codes) => rows.append(codes, out, |c| code(widen(c, u16::MAX))),
            Codes::U32(codes) => rows.append(codes, out, code),
        }
    }
}

/// Rows of a block.
#[derive(Debug, Clone)]
pub(super) enum Chosen<'a> {
    All(Range<usize>),
    Some(&'a [u32]),
}

impl Chosen<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::All(rows) => rows.len(),
            Self::Some(rows) => rows.len(),
        }
    }

    /// Adds their cells of a column, as `to` gives them.
    #[inline(never)]
    pub(super) fn append<T: Copy, O>(&self, column: &[T], out: &mut Vec<O>, to: impl Fn(T) -> O) {
        match self {
            Self::All(rows) => out.extend(cells(column, rows.clone()).iter().map(|cell| to(*cell))),
            Self::Some(rows) => {
                out.extend(rows.iter().filter_map(|row| column.get(*row as usize)).map(|cell| to(*cell)));
            }
        }
    }
}

/// Codes of a block's own dictionaries in the numbers of the whole.
#[derive(Debug, Clone, Default)]
pub struct Renumbering {
    /// Per kind of the block.
    pub kinds: Vec<u32>,
    /// Per channel of the block.
    pub channels: Vec<u32>,
    /// Per property, in the order of the rows' properties, per level of the block.
    pub props: Vec<Vec<u32>>,
}

/// Rows of one table, sorted by partition, in the order of the table within one.
#[derive(Debug, Clone)]
pub struct Block {
    /// First partition that it can have rows of.
    first: usize,
    /// Where the rows of each partition start, from `first` on; one more than partitions.
    starts: Vec<u32>,
    /// The lead within its partition.
    pub(super) lead: MappedColumn<u16>,
    pub(super) at: MappedColumn<i64>,
    /// Rank among equal times, if it is not the place in the blocks.
    pub(super) order: Option<MappedColumn<u32>>,
    /// Which values of order columns the ranks are codes of.
    pub(super) ordered: Option<u32>,
    pub(super) kind: CodedColumn,
    pub(super) channel: Option<CodedColumn>,
    pub(super) values: Vec<(usize, MappedColumn<f64>)>,
    pub(super) props: Vec<(usize, CodedColumn)>,
    /// Deals and amounts, if the rows are stage entries.
    pub(super) stage: Option<(CodedColumn, MappedColumn<f64>)>,
}

/// The cells of a column, cell i at `place[i]`.
fn scatter<T: Copy + Send + Sync + 'static>(
    column: impl Iterator<Item = T>,
    place: &[u32],
    none: T,
) -> MappedColumn<T> {
    let mut out = vec![none; place.len()];
    for (cell, place) in column.zip(place) {
        if let Some(slot) = out.get_mut(*place as usize) {
            *slot = cell;
        }
    }
    out.into()
}

/// Some cells of a column; none if it has fewer.
fn cells<T>(column: &[T], range: Range<usize>) -> &[T] {
    column.get(range).unwrap_or(&[])
}

impl Block {
    /// Sorts rows by partition.
    #[must_use]
    pub fn new(rows: &Rows, partitions: Partitioning) -> Self {
        let mut next = vec![0u32; partitions.count + 1];
        for lead in &rows.lead {
            if let Some(count) = next.get_mut(partitions.of(*lead) + 1) {
                *count += 1;
            }
        }
        let mut total = 0;
        for start in &mut next {
            total += *start;
            *start = total;
        }
        let starts = next.clone();
        let mut take = |lead: &u32| {
            let Some(next) = next.get_mut(partitions.of(*lead)) else { return 0 };
            *next += 1;
            *next - 1
        };
        let place: Vec<u32> = rows.lead.iter().map(&mut take).collect();
        let has_channel = rows.channel.iter().any(|c| *c != NONE);
        let numbers = |column: &[f64]| scatter(column.iter().copied(), &place, f64::NAN);
        let order = || scatter(rows.order.iter().copied(), &place, 0);
        Self {
            first: 0,
            starts,
            lead: scatter(rows.lead.iter().map(|l| partitions.within(*l)), &place, 0),
            at: scatter(rows.at.iter().copied(), &place, 0),
            order: (!rows.order.is_empty()).then(order),
            ordered: rows.ordered,
            kind: CodedColumn::new(&rows.kind, &place),
            channel: has_channel.then(|| CodedColumn::new(&rows.channel, &place)),
            values: rows.values.iter().map(|(v, c)| (*v, numbers(c))).collect(),
            props: rows.props.iter().map(|(p, c)| (*p, CodedColumn::new(c, &place))).collect(),
            stage: rows.stage.as_ref().map(|(d, a)| (CodedColumn::new(d, &place), numbers(a))),
        }
    }

    /// Says what the codes of the block are in the whole.
    pub fn renumber(&mut self, numbers: Renumbering) {
        self.kind.whole = numbers.kinds;
        if let Some(channel) = &mut self.channel {
            channel.whole = numbers.channels;
        }
        for ((_, prop), whole) in self.props.iter_mut().zip(numbers.props) {
            prop.whole = whole;
        }
    }

    /// Where the rows of a partition are.
    pub(super) fn run(&self, partition: usize) -> Range<usize> {
        self.rows(&(partition..partition + 1))
    }

    fn rows(&self, partitions: &Range<usize>) -> Range<usize> {
        let start = |p: usize| p.checked_sub(self.first).and_then(|p| self.starts.get(p)).map(|s| *s as usize);
        match (start(partitions.start), start(partitions.end)) {
            (Some(a), Some(b)) => a..b,
            _ => 0..0,
        }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.starts.last().map_or(0, |n| *n as usize)
    }

    /// Bytes of a row.
    pub(super) fn bytes(&self) -> usize {
        let coded = |c: &CodedColumn| c.codes.bytes();
        let order = if self.order.is_some() { 4 } else { 0 };
        let mut bytes = self.len() * (2 + 8 + order + 8 * self.values.len()) + coded(&self.kind);
        bytes += self.channel.as_ref().map_or(0, coded) + self.props.iter().map(|(_, c)| coded(c)).sum::<usize>();
        bytes + self.stage.as_ref().map_or(0, |(d, a)| coded(d) + 8 * a.len()) + 4 * self.starts.len()
    }

    /// Writes the rows of some partitions.
    pub(super) fn write(&self, out: &mut impl Write, partitions: &Range<usize>) -> std::io::Result<()> {
        let rows = self.rows(partitions);
        write_cells(out, &self.lead, &rows)?;
        write_cells(out, &self.at, &rows)?;
        self.order.iter().try_for_each(|o| write_cells(out, o, &rows))?;
        write_codes(out, &self.kind, &rows)?;
        self.channel.iter().try_for_each(|c| write_codes(out, c, &rows))?;
        self.values.iter().try_for_each(|(_, v)| write_cells(out, v, &rows))?;
        self.props.iter().try_for_each(|(_, p)| write_codes(out, p, &rows))?;
        match &self.stage {
            Some((deals, amounts)) => write_codes(out, deals, &rows).and_then(|()| write_cells(out, amounts, &rows)),
            None => Ok(()),
        }
    }

    /// Reads what [`Block::write`] wrote of some partitions of the block whose shell this is.
    pub(super) fn read(&self, from: &mut impl Read, partitions: &Range<usize>) -> std::io::Result<Self> {
        let rows = self.rows(partitions);
        let first = rows.start as u32;
        let starts = partitions.clone().chain([partitions.end]).map(|p| self.rows(&(p..p)).start as u32 - first);
        let n = rows.len();
        Ok(Self {
            first: partitions.start,
            starts: starts.collect(),
            lead: take(from, n)?,
            at: take(from, n)?,
            order: self.order.as_ref().map(|_| take(from, n)).transpose()?,
            ordered: self.ordered,
            kind: take_codes(from, &self.kind, n)?,
            channel: self.channel.as_ref().map(|c| take_codes(from, c, n)).transpose()?,
            values: self.values.iter().map(|(v, _)| Ok((*v, take(from, n)?))).collect::<std::io::Result<_>>()?,
            props: self.props.iter().map(|(p, c)| Ok((*p, take_codes(from, c, n)?))).collect::<std::io::Result<_>>()?,
            stage: match &self.stage {
                Some((deals, _)) => Some((take_codes(from, deals, n)?, take(from, n)?)),
                None => None,
            },
        })
    }

    /// The block without its cells, once they are written: where its rows were, and of what widths.
    pub(super) fn into_shell(self) -> Self {
        let empty = |c: CodedColumn| CodedColumn {
            codes: match c.codes {
                Codes::U8(_) => Codes::U8(MappedColumn::default()),
                Codes::U16(_) => Codes::U16(MappedColumn::default()),
                Codes::U32(_) => Codes::U32(MappedColumn::default()),
            },
            whole: c.whole,
        };
        Self {
            lead: MappedColumn::default(),
            at: MappedColumn::default(),
            order: self.order.map(|_| MappedColumn::default()),
            kind: empty(self.kind),
            channel: self.channel.map(empty),
            values: self.values.into_iter().map(|(v, _)| (v, MappedColumn::default())).collect(),
            props: self.props.into_iter().map(|(p, c)| (p, empty(c))).collect(),
            stage: self.stage.map(|(d, _)| (empty(d), MappedColumn::default())),
            ..self
        }
    }
}

fn write_cells<T: Pod>(out: &mut impl Write, column: &[T], rows: &Range<usize>) -> std::io::Result<()> {
    out.write_all(bytemuck::cast_slice(cells(column, rows.clone())))
}

fn write_codes(out: &mut impl Write, column: &CodedColumn, rows: &Range<usize>) -> std::io::Result<()> {
    match &column.codes {
        Codes::U8(v) => write_cells(out, v, rows),
        Codes::U16(v) => write_cells(out, v, rows),
        Codes::U32(v) => write_cells(out, v, rows),
    }
}

fn take<T: Pod + Send + Sync>(from: &mut impl Read, n: usize) -> std::io::Result<MappedColumn<T>> {
    let mut column = vec![T::zeroed(); n];
    from.read_exact(bytemuck::cast_slice_mut(&mut column))?;
    Ok(column.into())
}

fn take_codes(from: &mut impl Read, like: &CodedColumn, n: usize) -> std::io::Result<CodedColumn> {
    let codes = match &like.codes {
        Codes::U8(_) => Codes::U8(take(from, n)?),
        Codes::U16(_) => Codes::U16(take(from, n)?),
        Codes::U32(_) => Codes::U32(take(from, n)?),
    };
    Ok(CodedColumn { codes, whole: like.whole.clone() })
}
