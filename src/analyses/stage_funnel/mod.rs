//! The stage funnel: how leads move through the pipeline, with skipped, lost and re-opened stages, and how fast.

mod counts;
mod cycles;
mod pass;
mod result;
mod spec;
mod tally;

pub use result::{Cohort, FlowRow, StageFunnel, StageGroup, StageRow, StageTime, Velocity, WinRow, velocity};
pub use spec::StageFunnelSpec;
pub use tally::StageTally;
