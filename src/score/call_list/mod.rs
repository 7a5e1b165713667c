//! Call lists: which leads each rep calls, on which day, and with which probability they were listed.

mod draw;
mod explore;
mod list;
mod spec;

pub use list::{CallList, ListedLead, RepSummary, Standing};
pub use spec::{CallListSpec, Candidate, Rank};
