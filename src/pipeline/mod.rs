//! The stage funnel: how leads move through the pipeline, what is skipped, lost, re-opened, and how fast.

mod counts;
mod cycles;
mod pass;
mod result;
mod tally;

pub use pass::StageFunnelSpec;
pub use result::{Cohort, FlowRow, StageFunnel, StageGroup, StageRow, StageTime, Velocity, WinRow, velocity};
pub use tally::StageTally;
