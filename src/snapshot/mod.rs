//! Snapshots: leads at cutoffs, with their outcomes afterwards.

mod censoring;
mod counts;
mod grid;
mod pass;
mod row;
mod rows;
mod split;
mod take;
mod weights;

pub use counts::SnapshotCounts;
pub use row::Row;
pub use rows::{Snapshot, Split, SplitBy};
pub use split::ForwardFold;
