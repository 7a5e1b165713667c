//! One reader per role of a table.

pub(super) mod accounts;
mod chosen;
pub(super) mod cutoffs;
pub(super) mod derived_leads;
pub(super) mod events;
pub(super) mod fields;
pub(super) mod leads;
pub(super) mod lookup;
pub(super) mod reading;
pub(super) mod rows;
pub(super) mod spend;
pub(super) mod stages;

pub use cutoffs::cutoff_table;
pub use spend::{SpendSpec, expect_spend, read_spend};
