//! How long leads take: all leads and each group.

use serde::{Deserialize, Serialize};

use super::spec::TimeToSpec;
use crate::math::Interval;
use crate::survival::{Ceiling, Curve, GroupTest, RestrictedMean};

/// The share at one age.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtAge {
    /// Age, days.
    pub days: f64,
    /// Share with the event by then.
    pub incidence: f64,
    /// Its interval.
    pub interval: Interval,
    /// Leads at risk then.
    pub at_risk: u64,
}

/// One group of leads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeToGroup {
    /// Its value; `(all)` for all leads.
    pub value: String,
    /// Number of leads.
    pub leads: u64,
    /// Number of events.
    pub events: u64,
    /// Competing ends.
    pub competing: u64,
    /// Still open.
    pub censored: u64,
    /// Share at the end of the curve, and its interval.
    pub last: AtAge,
    /// Shares at the ages asked for, as far as the group was observed.
    pub at: Vec<AtAge>,
    /// Ages in days by which a quarter, a half and three quarters have the event, with their intervals.
    pub quantiles: Vec<(f64, [Option<f64>; 3])>,
    /// Mean time without the event.
    pub restricted_mean: Option<RestrictedMean>,
    /// The share that will ever have the event, if it was asked for.
    pub ceiling: Option<Ceiling>,
    /// The curve, ages in days.
    #[serde(skip)]
    pub curve: Curve,
}

/// How long leads take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeTo {
    /// The options of the analysis.
    pub spec: TimeToSpec,
    /// Whether something competes, so curves are Aalen–Johansen's; else they are one minus Kaplan–Meier's.
    pub competes: bool,
    /// All leads, then each group, most leads first.
    pub groups: Vec<TimeToGroup>,
    /// Gray's test of the groups, or the log-rank test where nothing competes.
    pub test: Option<GroupTest>,
    /// Leads without a start, or one after the end of observation.
    pub no_start: u64,
    /// Leads that had the event, or were closed, before their start.
    pub ended_before: u64,
    /// Leads that had the event after a competing end: the competing end counts.
    pub event_after_competing: u64,
    /// Leads left out because they started, or ended, before outcomes were recorded.
    pub before_outcomes: u64,
    /// What else to know.
    pub remarks: Vec<String>,
}

impl TimeToGroup {
    /// Of a curve; mean times are until `until`, in days.
    pub(super) fn new(value: &str, spec: &TimeToSpec, until: f64, curve: Curve) -> Self {
        let total = |counts: &[u64]| counts.iter().sum::<u64>();
        let (events, competing, censored) = (total(&curve.events), total(&curve.competing), total(&curve.censored));
        let end = curve.time.last().copied().unwrap_or(0.0);
        let at = |days: f64| {
            let (incidence, interval) = curve.by(days);
            AtAge { days, incidence, interval, at_risk: curve.at_risk_at(days) }
        };
        let (from, known) = (curve.known_from(), curve.known_until());
        let is_known = |days: &f64| *days <= known && (*days > from || from == 0.0);
        let ages: Vec<f64> = spec.at.iter().map(|s| s.as_days()).filter(is_known).collect();
        Self {
            value: value.to_owned(),
            leads: events + competing + censored,
            events,
            competing,
            censored,
            last: at(end),
            at: ages.into_iter().map(at).collect(),
            quantiles: [0.25, 0.5, 0.75].map(|q| (q, curve.quantile(q))).to_vec(),
            ceiling: None,
            restricted_mean: (until <= known && until > 0.0 && from == 0.0).then(|| curve.restricted_mean(until)),
            curve,
        }
    }
}
