//! Time to an event: how many have converted by an age, with losing as a competing end.

mod by_account;
mod cure;
mod curve;
mod generalized_gamma;
mod gray;
mod left_out;
mod log_rank;
mod risk;

pub(crate) use by_account::Blocks;
pub use cure::{Ceiling, ParametricFit, Plateau, ceiling, fit_parametric};
pub use curve::{Curve, RestrictedMean};
pub use generalized_gamma::{EventTimes, Family};
pub use gray::gray;
pub(crate) use gray::gray_pooled;
pub(crate) use log_rank::log_rank_pooled;
pub use log_rank::{GroupTest, log_rank};
pub use risk::{End, RiskTable, Subject};
pub(crate) use risk::{Pooled, late_start};
