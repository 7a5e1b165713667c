//! Attribution: what share of conversions and value each channel is given credit for.

mod chain;
mod labels;
mod markov;
mod pass;
mod paths;
mod result;
mod rules;
mod shapley;
mod spec;
mod spend;
mod tally;

pub use result::{Attribution, Credit, MethodCredits, Range};
pub use spec::{AttributionSpec, Conversions, CustomRule, Method, NullPaths, PathForm, Weights};
pub use spend::{Costed, Spend, SpendRow, UnitCost, UnitCosts};
pub use tally::AttributionTally;
