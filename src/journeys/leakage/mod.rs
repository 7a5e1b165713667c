//! Columns that know the outcome.

mod suspicion;
mod withholding;

pub(in crate::journeys) use suspicion::is_marked_number;
pub use suspicion::{Closed, Suspect, Suspicion, misread, suspect};
pub use withholding::{Withholding, names_outcome, separation, withhold};
