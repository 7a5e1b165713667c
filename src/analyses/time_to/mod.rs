//! Time from one step to another: curves, medians, competing ends.

mod clock;
mod gathered;
mod spec;
mod tally;

pub use spec::{CompetingAs, TimeToSpec};
pub use tally::{AtAge, TimeTo, TimeToGroup, TimeToTally};
