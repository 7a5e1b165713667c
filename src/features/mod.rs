//! Behaviour features: the set resolved against the data, and the one pass that computes it.

mod batch;
mod cells;
mod compute;
mod kernels;
mod live;
mod plan;
mod resolve;

pub use compute::compute;
pub use live::{Event, LiveLead, Pushed, Scratch};
