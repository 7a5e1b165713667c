//! The options of drivers.

use serde::{Deserialize, Serialize};

use crate::analyses::funnel::FunnelSpec;

/// The options of the analysis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DriversSpec {
    /// The funnel. Properties refer to the time when a lead first reached a step, so they do not depend on which of its
    /// entries is the best.
    pub funnel: FunnelSpec,
    /// Lead fields to compare, with their values at the step if they change over time; all if empty.
    pub fields: Vec<String>,
    /// Fewest leads with, and without, a property; the smaller of 25 and 2 % of those at the step if not given.
    pub min_support: Option<u64>,
}
