//! Time to an event: how many have converted by an age, with losing as a competing end.

mod by_account;
mod ceiling;
mod clock;
mod compare;
mod curve;
mod family;
mod gathered;
mod gray;
mod left_out;
mod risk;
mod spec;
mod time_to;

pub(crate) use by_account::Blocks;
pub use ceiling::{Ceiling, ParametricFit, Plateau, ceiling, fit_parametric};
pub use compare::{GroupTest, log_rank};
pub use curve::{Curve, RestrictedMean};
pub use family::{Family, Times};
pub use gray::gray;
pub use risk::{End, RiskTable, Spell};
pub use spec::{CompetingAs, TimeToSpec};
pub use time_to::{AtAge, TimeTo, TimeToGroup, TimeToTally};
