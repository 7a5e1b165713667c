//! A stage funnel as asked for.

use serde::{Deserialize, Serialize};

use crate::query::{By, Where};
use crate::time::{Period, Span};

/// A stage funnel as asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StageFunnelSpec {
    /// Stages, first to last; that of the journeys if empty. `created` as the first means creation, as does `lead` unless
    /// a stage of the data is called so.
    pub pipeline: Vec<String>,
    /// Lead fields to break down by.
    pub by: Option<By>,
    /// Leads that count.
    #[serde(rename = "where")]
    pub filter: Where,
    /// Calendar period of cohorts and of the flow.
    pub period: Period,
    /// A lead that enters a stage again (at or before where it was, or after closing) so long after its last stage starts
    /// a new cycle; never if not given.
    pub recycle_after: Option<Span>,
    /// Only what happens within this time of a cycle's start counts, and cycles younger than it are left out. Where one of
    /// the two times is known to the day only, it is so many calendar days.
    pub window: Option<Span>,
    /// Stage that makes an opportunity: win rate and velocity are of cycles that reached it; all cycles if not given.
    pub opportunity: Option<String>,
}

impl Default for StageFunnelSpec {
    fn default() -> Self {
        Self {
            pipeline: Vec::new(),
            by: None,
            filter: Where::default(),
            period: Period::Month,
            recycle_after: None,
            window: None,
            opportunity: None,
        }
    }
}

/// What the win rate is of, in words.
pub(super) fn win_rate_of(spec: &StageFunnelSpec, can_lose: bool) -> String {
    let unit = if spec.recycle_after.is_some() { "cycles" } else { "leads" };
    let which = if can_lose { "closed" } else { "all" };
    let reached = spec.opportunity.as_ref().map_or_else(String::new, |stage| format!(" that reached '{stage}'"));
    let within = spec.window.map_or_else(String::new, |span| format!(" within {span} of their start"));
    format!("{which} {unit}{reached}{within}")
}
