//! Snapshots: leads at cutoffs, with what became of them after.

mod censoring;
mod counts;
mod grid;
mod row;
mod rows;
mod split;
mod take;
mod weights;

pub use counts::SnapshotCounts;
pub use row::Row;
pub use rows::{Snapshot, Split, SplitBy};
pub use split::ForwardFold;
