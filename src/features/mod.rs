//! Behaviour features: the set resolved against the data, and the one pass that computes it.

mod cells;
mod compute;
mod live;
mod loops;
mod plan;
mod resolve;
mod tile;

pub use compute::compute;
pub use live::{Event, LiveLead, Pushed, Scratch};
pub use plan::Plan;
