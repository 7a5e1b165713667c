//! Paths: sessions, transitions, the ways to won and to lost, and loops.

mod pass;
mod result;
mod spec;
mod tally;

pub use result::{Ending, Loop, PathRow, Paths, SessionFacts, StepShare, Transition};
pub use spec::{PathUnit, PathsSpec};
pub use tally::PathsTally;
