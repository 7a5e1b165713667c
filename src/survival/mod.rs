//! Time to an event: how many have converted by an age, with losing as a competing end.

mod ceiling;
mod compare;
mod curve;
mod family;
mod risk;
mod time_to;

pub use ceiling::{Ceiling, ParametricFit, Plateau, ceiling, fit_parametric};
pub use compare::{GroupTest, gray, log_rank};
pub use curve::{Curve, RestrictedMean};
pub use family::{Family, Times};
pub use risk::{End, RiskTable, Spell};
pub use time_to::{AtAge, TimeTo, TimeToGroup, TimeToSpec, TimeToTally};
