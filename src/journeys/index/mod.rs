//! The index of all journeys: events and stages of each lead, in order, as columns.
//!
//! Build: each part of a source is sorted by partition of leads (stable, in parallel), each partition is ordered by
//! `(lead, time, order, table, row)` in cache, and its cells are written to their place in the columns.

mod block;
mod builder;
mod bytes;
mod codes;
mod edits;
mod mapped_column;
mod merge;
mod orders;
mod rows;
mod same_day;
mod sort;
mod undecided;

pub use block::{Block, Partitioning, Renumbering};
pub use builder::{Extended, IndexBuilder, build};
pub use bytes::Bytes;
pub(crate) use codes::CodeSlice;
pub use codes::Codes;
pub use edits::Edits;
pub use mapped_column::MappedColumn;
pub use orders::{OrderNumbers, Orders};
pub use rows::{Rows, Sizes};
pub(super) use same_day::DayOrder;

use crate::schema::NONE;

/// Stage entries of all leads, in the order of the timeline.
#[derive(Debug, Clone)]
pub struct StageLog {
    /// Where each lead's entries start; one more than leads.
    pub offsets: MappedColumn<usize>,
    /// Position in the timeline.
    pub position: MappedColumn<u32>,
    /// Deal code, [`crate::schema::NONE`] if the entry is the lead's own.
    pub deal: Codes,
    /// Amount, NaN if none.
    pub amount: MappedColumn<f64>,
    /// Code of the order column's value, if a table of stages has one.
    pub order: Option<Codes>,
    /// Rows that repeat the stage of their deal: edits of entries.
    pub edits: Edits,
    /// Rows of stages that were given twice, and left out.
    pub repeated: usize,
}

/// Everything that happened, lead by lead, in order.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Where each lead's events start; one more than leads.
    pub offsets: MappedColumn<usize>,
    /// UTC microseconds.
    pub at: MappedColumn<i64>,
    /// Kind code.
    pub kind: Codes,
    /// Channel code, if any source has channels.
    pub channel: Option<Codes>,
    /// Values by number; NaN where the event has none.
    pub values: Vec<MappedColumn<f64>>,
    /// Properties by number.
    pub props: Vec<Codes>,
    /// Code of the order column's value, if a table of events has one.
    pub order: Option<Codes>,
    /// Values of the order columns of all tables.
    pub orders: Orders,
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
        if self.stages.position.is_empty() {
            // Known without a look at memory, lead by lead.
            return 0..0;
        }
        let i = lead as usize;
        match (self.stages.offsets.get(i), self.stages.offsets.get(i + 1)) {
            (Some(a), Some(b)) => *a..*b,
            _ => 0..0,
        }
    }

    /// Code of the order column's value of the row at `position`, which may be a stage entry of this number.
    #[must_use]
    pub fn order_code(&self, position: usize, entry: Option<usize>) -> u32 {
        match entry {
            Some(entry) => self.stages.order.as_ref().map_or(NONE, |o| o.get(entry)),
            None => self.order.as_ref().map_or(NONE, |o| o.get(position)),
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
