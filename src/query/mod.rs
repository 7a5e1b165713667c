//! Parts that analyses share: steps matched to events, conditions, breakdowns, clusters.

mod clusters;
mod conditions;
mod groups;
mod matcher;
mod population;
mod remarks;

pub(crate) use clusters::ClusterCounts;
pub(crate) use groups::no_channels;
pub use groups::{By, ByBins, ByField, Groups};
pub(crate) use matcher::Matcher;
pub use population::{Population, Where};
pub use remarks::{before_outcomes_remark, immature_remark, open_remark};
