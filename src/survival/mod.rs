//! Time to an event: how many have converted by an age, with losing as a competing end.

mod by_account;
mod cure;
mod curve;
mod generalized_gamma;
mod gray;
mod left_out;
mod log_rank;
mod permuted;
mod risk;

pub(crate) use by_account::{Blocks, widen_by_account};
pub use cure::{Ceiling, ParametricFit, Plateau, ceiling, fit_parametric};
pub use curve::{Curve, RestrictedMean};
pub use generalized_gamma::{EventTimes, Family};
pub use gray::gray;
pub use log_rank::{GroupTest, log_rank};
pub(crate) use permuted::compared;
pub use risk::{End, RiskTable, Subject};
pub(crate) use risk::{Pooled, late_start};
