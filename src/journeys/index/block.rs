//! A part of a source, its rows sorted by partition: what waits in memory, or on disk, until all rows are read.

use std::io::{Read, Write};
use std::ops::Range;

use bytemuck::Pod;

use super::codes::Codes;
use super::rows::Rows;
use super::slab::Slab;
use crate::design::NONE;

/// How leads are cut into partitions, each of which is ordered in cache.
#[derive(Debug, Clone, Copy)]
pub struct Partitioning {
    shift: u32,
    /// Number of partitions.
    pub(super) count: usize,
    /// Rows of an index that is extended: they come before all others of their time.
    pub(super) after: u32,
}

impl Partitioning {
    /// Partitions of `leads` leads: 2,048 leads each, or more where there would be very many partitions.
    #[must_use]
    pub fn new(leads: usize) -> Self {
        let shift = (leads >> 10).max(1).ilog2().clamp(11, u16::BITS);
        Self { shift, count: (leads >> shift) + 1, after: 0 }
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
pub(super) struct Coded {
    codes: Codes,
    /// Code in the whole of each code of the block; empty if they are the same.
    whole: Vec<u32>,
}

impl Coded {
    fn new(codes: &[u32], place: &[u32]) -> Self {
        let bound = codes.iter().filter(|c| **c != NONE).max().map_or(0, |m| *m as usize + 1);
        // Narrow cells are moved faster.
        let codes = match Codes::narrowest(codes, bound) {
            Codes::U8(v) => Codes::U8(scatter(&v, place, u8::MAX).into()),
            Codes::U16(v) => Codes::U16(scatter(&v, place, u16::MAX).into()),
            Codes::U32(v) => Codes::U32(scatter(&v, place, NONE).into()),
        };
        Self { codes, whole: Vec::new() }
    }

    /// Adds the codes of some rows, as they are in the whole.
    pub(super) fn append(&self, rows: &Chosen<'_>, out: &mut Vec<u32>) {
        out.reserve(rows.len());
        let mut add = |code: u32| {
            let same = code == NONE || self.whole.is_empty();
            out.push(if same { code } else { self.whole.get(code as usize).copied().unwrap_or(NONE) });
        };
        match rows {
            Chosen::All(rows) => self.codes.each(rows.clone(), add),
            Chosen::Some(rows) => rows.iter().for_each(|row| add(self.codes.get(*row as usize))),
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

    /// Adds their cells of a column.
    pub(super) fn append<T: Copy>(&self, column: &[T], out: &mut Vec<T>) {
        match self {
            Self::All(rows) => out.extend_from_slice(cells(column, rows.clone())),
            Self::Some(rows) => out.extend(rows.iter().filter_map(|row| column.get(*row as usize))),
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
    pub(super) lead: Slab<u16>,
    pub(super) at: Slab<i64>,
    pub(super) order: Slab<u32>,
    pub(super) kind: Coded,
    pub(super) channel: Option<Coded>,
    pub(super) values: Vec<(usize, Slab<f64>)>,
    pub(super) props: Vec<(usize, Coded)>,
    /// Deals and amounts, if the rows are stage entries.
    pub(super) stage: Option<(Coded, Slab<f64>)>,
}

/// `column` with cell i at `place[i]`.
fn scatter<T: Copy>(column: &[T], place: &[u32], none: T) -> Vec<T> {
    let mut out = vec![none; column.len()];
    for (cell, place) in column.iter().zip(place) {
        if let Some(slot) = out.get_mut(*place as usize) {
            *slot = *cell;
        }
    }
    out
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
        let mut place = Vec::with_capacity(rows.len());
        for lead in &rows.lead {
            if let Some(slot) = next.get_mut(partitions.of(*lead)) {
                place.push(*slot);
                *slot += 1;
            }
        }
        let within: Vec<u16> = rows.lead.iter().map(|l| partitions.within(*l)).collect();
        let has_channel = rows.channel.iter().any(|c| *c != NONE);
        let numbers = |column: &[f64]| Slab::from(scatter(column, &place, f64::NAN));
        Self {
            first: 0,
            starts,
            lead: scatter(&within, &place, 0).into(),
            at: scatter(&rows.at, &place, 0).into(),
            order: match partitions.after {
                0 => scatter(&rows.order, &place, 0).into(),
                n => scatter(&rows.order, &place, 0).into_iter().map(|o| o.saturating_add(n)).collect(),
            },
            kind: Coded::new(&rows.kind, &place),
            channel: has_channel.then(|| Coded::new(&rows.channel, &place)),
            values: rows.values.iter().map(|(v, c)| (*v, numbers(c))).collect(),
            props: rows.props.iter().map(|(p, c)| (*p, Coded::new(c, &place))).collect(),
            stage: rows.stage.as_ref().map(|(d, a)| (Coded::new(d, &place), numbers(a))),
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
        let coded = |c: &Coded| c.codes.bytes();
        let mut bytes = self.len() * (2 + 8 + 4 + 8 * self.values.len()) + coded(&self.kind);
        bytes += self.channel.as_ref().map_or(0, coded) + self.props.iter().map(|(_, c)| coded(c)).sum::<usize>();
        bytes + self.stage.as_ref().map_or(0, |(d, a)| coded(d) + 8 * a.len()) + 4 * self.starts.len()
    }

    /// Writes the rows of some partitions.
    pub(super) fn write(&self, out: &mut impl Write, partitions: &Range<usize>) -> std::io::Result<()> {
        let rows = self.rows(partitions);
        put(out, &self.lead, &rows)?;
        put(out, &self.at, &rows)?;
        put(out, &self.order, &rows)?;
        put_codes(out, &self.kind, &rows)?;
        self.channel.iter().try_for_each(|c| put_codes(out, c, &rows))?;
        self.values.iter().try_for_each(|(_, v)| put(out, v, &rows))?;
        self.props.iter().try_for_each(|(_, p)| put_codes(out, p, &rows))?;
        match &self.stage {
            Some((deals, amounts)) => put_codes(out, deals, &rows).and_then(|()| put(out, amounts, &rows)),
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
            order: take(from, n)?,
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
        let empty = |c: Coded| Coded {
            codes: match c.codes {
                Codes::U8(_) => Codes::U8(Slab::default()),
                Codes::U16(_) => Codes::U16(Slab::default()),
                Codes::U32(_) => Codes::U32(Slab::default()),
            },
            whole: c.whole,
        };
        Self {
            lead: Slab::default(),
            at: Slab::default(),
            order: Slab::default(),
            kind: empty(self.kind),
            channel: self.channel.map(empty),
            values: self.values.into_iter().map(|(v, _)| (v, Slab::default())).collect(),
            props: self.props.into_iter().map(|(p, c)| (p, empty(c))).collect(),
            stage: self.stage.map(|(d, _)| (empty(d), Slab::default())),
            ..self
        }
    }
}

fn put<T: Pod>(out: &mut impl Write, column: &[T], rows: &Range<usize>) -> std::io::Result<()> {
    out.write_all(bytemuck::cast_slice(cells(column, rows.clone())))
}

fn put_codes(out: &mut impl Write, column: &Coded, rows: &Range<usize>) -> std::io::Result<()> {
    match &column.codes {
        Codes::U8(v) => put(out, v, rows),
        Codes::U16(v) => put(out, v, rows),
        Codes::U32(v) => put(out, v, rows),
    }
}

fn take<T: Pod + Send + Sync>(from: &mut impl Read, n: usize) -> std::io::Result<Slab<T>> {
    let mut column = vec![T::zeroed(); n];
    from.read_exact(bytemuck::cast_slice_mut(&mut column))?;
    Ok(column.into())
}

fn take_codes(from: &mut impl Read, like: &Coded, n: usize) -> std::io::Result<Coded> {
    let codes = match &like.codes {
        Codes::U8(_) => Codes::U8(take(from, n)?),
        Codes::U16(_) => Codes::U16(take(from, n)?),
        Codes::U32(_) => Codes::U32(take(from, n)?),
    };
    Ok(Coded { codes, whole: like.whole.clone() })
}
