//! The index of all journeys: events and stages of each lead, in order, as columns.
//!
//! Build: rows are partitioned by lead (stable, in parallel, fixed chunks), each partition is ordered by
//! `(lead, time, order, table)`, and the columns are gathered through that order. The result does not depend
//! on the number of threads.

use rayon::prelude::*;

use super::codes::Codes;
use crate::design::NONE;
use crate::error::{Error, Result};
use crate::task::Task;

/// Rows of one source in one role, already cleaned: every row has a known lead and a time.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Lead number per row.
    pub lead: Vec<u32>,
    /// UTC microseconds.
    pub at: Vec<i64>,
    /// Rank among equal times: the order column's rank, else the row number in the source.
    pub order: Vec<u32>,
    /// Kind code.
    pub kind: Vec<u32>,
    /// Channel code, empty if the source has none.
    pub channel: Vec<u32>,
    /// Value columns: number of the value and one number per row.
    pub values: Vec<(usize, Vec<f64>)>,
    /// Property columns: number of the property and one code per row.
    pub props: Vec<(usize, Vec<u32>)>,
    /// For stages: deal code ([`NONE`] for the lead itself) and amount (NaN if none).
    pub stage: Option<(Vec<u32>, Vec<f64>)>,
}

/// Sizes of the dictionaries that codes in [`Rows`] point into.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    /// Leads.
    pub leads: usize,
    /// Kinds.
    pub kinds: usize,
    /// Channels.
    pub channels: usize,
    /// Deals.
    pub deals: usize,
}

/// Stage entries of all leads, in the order of the timeline.
#[derive(Debug, Clone)]
pub struct StageLog {
    /// Where each lead's entries start; one more than leads.
    pub offsets: Vec<usize>,
    /// Position in the timeline.
    pub position: Vec<u32>,
    /// Deal code, [`NONE`] if the entry is the lead's own.
    pub deal: Codes,
    /// Amount, NaN if none.
    pub amount: Vec<f64>,
}

/// Everything that happened, lead by lead, in order.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Where each lead's events start; one more than leads.
    pub offsets: Vec<usize>,
    /// UTC microseconds.
    pub at: Vec<i64>,
    /// Kind code.
    pub kind: Codes,
    /// Channel code, if any source has channels.
    pub channel: Option<Codes>,
    /// Values by number; NaN where the event has none.
    pub values: Vec<Vec<f64>>,
    /// Properties by number.
    pub props: Vec<Codes>,
    /// Stage entries.
    pub stages: StageLog,
}

impl Timeline {
    /// Range of positions of `lead`.
    #[must_use]
    pub fn range(&self, lead: u32) -> std::ops::Range<usize> {
        let i = lead as usize;
        match (self.offsets.get(i), self.offsets.get(i + 1)) {
            (Some(a), Some(b)) => *a..*b,
            _ => 0..0,
        }
    }

    /// Range of stage entries of `lead`.
    #[must_use]
    pub fn stage_range(&self, lead: u32) -> std::ops::Range<usize> {
        let i = lead as usize;
        match (self.stages.offsets.get(i), self.stages.offsets.get(i + 1)) {
            (Some(a), Some(b)) => *a..*b,
            _ => 0..0,
        }
    }

    /// Number of events and stage entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// True if nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Bytes of memory per event of the core index: offsets, times, kinds, channels.
    #[must_use]
    pub fn core_bytes_per_event(&self) -> f64 {
        let bytes = 8 * (self.offsets.len() + self.at.len())
            + self.kind.bytes()
            + self.channel.as_ref().map_or(0, Codes::bytes);
        bytes as f64 / self.len().max(1) as f64
    }
}

/// A row on its way: 16 bytes. Its order among equal times is looked up only where times are equal.
#[derive(Clone, Copy)]
struct Record {
    at: i64,
    row: u32,
    /// The lead within its partition.
    lead: u16,
    table: u16,
}

/// Leads per partition: small enough that a partition is ordered in cache.
const PARTITION_SHIFT: u32 = 10;
/// Leads of one partition.
const LEADS: u32 = 1 << PARTITION_SHIFT;
/// Rows per chunk of the partition pass; fixed, so that the result does not depend on threads.
const CHUNK: usize = 1 << 16;

/// Builds the timeline from cleaned rows. Tables are in order of declaration.
///
/// Takes the rows, so that each column is freed as soon as it is in the index.
///
/// # Errors
/// [`Error::InvalidOption`] if there are 2³² rows or more, or 65,536 tables; [`Error::Interrupted`].
pub fn build(mut tables: Vec<Rows>, sizes: Sizes, values: usize, props: usize, task: &Task) -> Result<Timeline> {
    let n: usize = tables.iter().map(|t| t.lead.len()).sum();
    if tables.len() > usize::from(u16::MAX) {
        return Err(Error::option("events", format!("{} tables; one index takes 65,535", tables.len())));
    }
    if n >= NONE as usize {
        return Err(Error::option("events", format!("{n} rows; one index holds fewer than 4,294,967,295")));
    }
    let partitions = (sizes.leads >> PARTITION_SHIFT) + 1;
    let chunks: Vec<(u16, std::ops::Range<usize>)> = tables
        .iter()
        .enumerate()
        .flat_map(|(t, rows)| {
            let len = rows.lead.len();
            (0..len.div_ceil(CHUNK)).map(move |c| (t as u16, c * CHUNK..((c + 1) * CHUNK).min(len)))
        })
        .collect();
    task.begin("ordering events", n);
    let parted: Vec<(Vec<Record>, Vec<u32>)> =
        chunks.par_iter().map(|(t, range)| partition_chunk(&tables, *t, range.clone(), partitions)).collect();
    task.check()?;

    let mut records = vec![Record { at: 0, row: 0, lead: 0, table: 0 }; n];
    let mut offsets = vec![0usize; sizes.leads + 1];
    {
        let mut slices = Vec::with_capacity(partitions);
        let mut rest = records.as_mut_slice();
        for p in 0..partitions {
            let len: usize = parted.iter().map(|(_, starts)| run(starts, p).len()).sum();
            let (head, tail) = rest.split_at_mut(len);
            slices.push(head);
            rest = tail;
        }
        let counts: Vec<Vec<u32>> = slices
            .into_par_iter()
            .enumerate()
            .map(|(p, out)| {
                let counts = order_partition(&tables, &parted, p, out);
                task.advance(out.len());
                counts
            })
            .collect();
        let mut total = 0usize;
        for (slot, count) in offsets.iter_mut().skip(1).zip(counts.iter().flatten()) {
            total += *count as usize;
            *slot = total;
        }
    }
    drop(parted);
    task.check()?;
    Ok(gather(&mut tables, &records, offsets, sizes, values, props))
}

fn run(starts: &[u32], p: usize) -> std::ops::Range<usize> {
    match (starts.get(p), starts.get(p + 1)) {
        (Some(a), Some(b)) => *a as usize..*b as usize,
        _ => 0..0,
    }
}

/// Stable counting sort of one chunk's rows by partition; returns the records and where each partition starts.
fn partition_chunk(
    tables: &[Rows],
    table: u16,
    range: std::ops::Range<usize>,
    partitions: usize,
) -> (Vec<Record>, Vec<u32>) {
    let empty = Rows::default();
    let rows = tables.get(usize::from(table)).unwrap_or(&empty);
    let leads = rows.lead.get(range.clone()).unwrap_or(&[]);
    let mut starts = vec![0u32; partitions + 1];
    for lead in leads {
        if let Some(s) = starts.get_mut((lead >> PARTITION_SHIFT) as usize + 1) {
            *s += 1;
        }
    }
    let mut total = 0;
    for s in &mut starts {
        total += *s;
        *s = total;
    }
    let mut next = starts.clone();
    let mut out = vec![Record { at: 0, row: 0, lead: 0, table }; leads.len()];
    for ((row, lead), at) in range.clone().zip(leads).zip(rows.at.get(range).unwrap_or(&[])) {
        if let Some(slot) = next.get_mut((lead >> PARTITION_SHIFT) as usize) {
            if let Some(o) = out.get_mut(*slot as usize) {
                *o = Record { at: *at, row: row as u32, lead: (lead & (LEADS - 1)) as u16, table };
            }
            *slot += 1;
        }
    }
    (out, starts)
}

/// Collects partition `p` from all chunks, orders it by lead and time into `out`; returns events per lead.
fn order_partition(tables: &[Rows], parted: &[(Vec<Record>, Vec<u32>)], p: usize, out: &mut [Record]) -> Vec<u32> {
    let runs = || parted.iter().flat_map(|(records, starts)| records.get(run(starts, p)).unwrap_or(&[]));
    let local = |r: &Record| usize::from(r.lead);
    let order = |r: &Record| tables.get(usize::from(r.table)).and_then(|t| t.order.get(r.row as usize)).copied();
    let mut counts = vec![0u32; LEADS as usize];
    for r in runs() {
        if let Some(c) = counts.get_mut(local(r)) {
            *c += 1;
        }
    }
    let mut next = vec![0u32; LEADS as usize];
    let mut total = 0;
    for (slot, count) in next.iter_mut().zip(&counts) {
        *slot = total;
        total += count;
    }
    for r in runs() {
        if let Some(slot) = next.get_mut(local(r)) {
            if let Some(o) = out.get_mut(*slot as usize) {
                *o = *r;
            }
            *slot += 1;
        }
    }
    let mut rest = out;
    for count in &counts {
        let (journey, tail) = rest.split_at_mut(*count as usize);
        // (time, order, table, row) is unique, so an unstable sort is as good as a stable one.
        let compare = |a: &Record, b: &Record| {
            a.at.cmp(&b.at).then_with(|| (order(a), a.table, a.row).cmp(&(order(b), b.table, b.row)))
        };
        if !journey.is_sorted_by(|a, b| compare(a, b).is_le()) {
            journey.sort_unstable_by(compare);
        }
        rest = tail;
    }
    counts
}

fn gather(
    tables: &mut [Rows],
    records: &[Record],
    offsets: Vec<usize>,
    sizes: Sizes,
    values: usize,
    props: usize,
) -> Timeline {
    // The times are in the records already, the order is done with.
    for t in tables.iter_mut() {
        (t.lead, t.at, t.order) = (Vec::new(), Vec::new(), Vec::new());
    }
    let at = records.par_iter().map(|r| r.at).collect();
    let kinds: Vec<Vec<u32>> = tables.iter_mut().map(|t| std::mem::take(&mut t.kind)).collect();
    let kind = codes(records, &kinds, sizes.kinds);
    drop(kinds);
    let channels: Vec<Vec<u32>> = tables.iter_mut().map(|t| std::mem::take(&mut t.channel)).collect();
    let has_channel = channels.iter().flatten().any(|c| *c != NONE);
    let channel = has_channel.then(|| codes(records, &channels, sizes.channels));
    drop(channels);
    let value = |v: usize| -> Vec<f64> {
        let columns: Vec<Vec<f64>> = tables.iter_mut().map(|t| take_column(&mut t.values, v)).collect();
        let cell = |r: &Record| columns.get(usize::from(r.table)).and_then(|c| c.get(r.row as usize)).copied();
        records.par_iter().map(|r| cell(r).unwrap_or(f64::NAN)).collect()
    };
    let values = (0..values).map(value).collect();
    let prop = |p: usize| -> Codes {
        let columns: Vec<Vec<u32>> = tables.iter_mut().map(|t| take_column(&mut t.props, p)).collect();
        let bound = columns.iter().flatten().filter(|c| **c != NONE).max().map_or(0, |m| *m as usize + 1);
        codes(records, &columns, bound)
    };
    let props = (0..props).map(prop).collect();
    let stages = gather_stages(tables, records, &offsets, sizes);
    Timeline { offsets, at, kind, channel, values, props, stages }
}

/// Takes column `id` out of a list of columns; empty if it is not there.
fn take_column<T>(columns: &mut Vec<(usize, Vec<T>)>, id: usize) -> Vec<T> {
    let place = columns.iter().position(|(i, _)| *i == id);
    place.map(|p| columns.swap_remove(p).1).unwrap_or_default()
}

/// Codes in the order of the records.
fn codes(records: &[Record], columns: &[Vec<u32>], bound: usize) -> Codes {
    let code = |r: &Record| columns.get(usize::from(r.table)).and_then(|c| c.get(r.row as usize)).copied();
    Codes::build(records.len(), bound, |i| records.get(i).and_then(code).unwrap_or(NONE))
}

fn gather_stages(tables: &[Rows], records: &[Record], offsets: &[usize], sizes: Sizes) -> StageLog {
    let mut log_offsets = Vec::with_capacity(offsets.len());
    log_offsets.push(0);
    let (mut position, mut deal, mut amount) = (Vec::new(), Vec::new(), Vec::new());
    for window in offsets.windows(2) {
        if let [start, end] = window {
            for (i, r) in records.iter().enumerate().take(*end).skip(*start) {
                if let Some((deals, amounts)) = tables.get(usize::from(r.table)).and_then(|t| t.stage.as_ref()) {
                    position.push(i as u32);
                    deal.push(deals.get(r.row as usize).copied().unwrap_or(NONE));
                    amount.push(amounts.get(r.row as usize).copied().unwrap_or(f64::NAN));
                }
            }
        }
        log_offsets.push(position.len());
    }
    let deals = Codes::build(deal.len(), sizes.deals, |i| deal.get(i).copied().unwrap_or(NONE));
    StageLog { offsets: log_offsets, position, deal: deals, amount }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_a_plain_sort(rows in prop::collection::vec((0u32..3000, 0i64..50, 0u32..5), 0..400)) {
            let half = rows.len() / 2;
            let table = |part: &[(u32, i64, u32)]| Rows {
                lead: part.iter().map(|r| r.0).collect(),
                at: part.iter().map(|r| r.1).collect(),
                order: (0..part.len() as u32).collect(),
                kind: part.iter().map(|r| r.2).collect(),
                ..Rows::default()
            };
            let tables = [table(&rows[..half]), table(&rows[half..])];
            let sizes = Sizes { leads: 3000, kinds: 5, ..Sizes::default() };
            let timeline = build(tables.to_vec(), sizes, 0, 0, &Task::new()).unwrap();
            let mut expected: Vec<(u32, i64, u32, u32, u32)> = tables.iter().enumerate().flat_map(|(t, r)| {
                (0..r.lead.len()).map(move |i| (r.lead[i], r.at[i], r.order[i], t as u32, r.kind[i]))
            }).collect();
            expected.sort_unstable();
            let mut got = Vec::new();
            for lead in 0..3000 {
                for i in timeline.range(lead) {
                    got.push((lead, timeline.at[i], timeline.kind.get(i)));
                }
            }
            let want: Vec<_> = expected.iter().map(|e| (e.0, e.1, e.4)).collect();
            prop_assert_eq!(got, want);
        }
    }
}
