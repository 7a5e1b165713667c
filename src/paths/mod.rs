//! Paths: sessions, transitions, the ways to won and to lost, and loops.

mod pass;
mod result;
mod tally;

pub use pass::{PathsSpec, Unit};
pub use result::{Ending, Loop, PathRow, Paths, SessionFacts, StepShare, Transition};
pub use tally::PathsTally;
