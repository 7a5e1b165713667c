//! Time from one step to another: curves, medians, competing ends.

mod clock;
mod gathered;
mod grouped;
mod pass;
mod remarks;
mod result;
mod spec;
mod subjects;
mod tally;

pub use result::{AtAge, TimeTo, TimeToGroup};
pub use spec::{CompetingAs, TimeToSpec};
pub use tally::TimeToTally;
