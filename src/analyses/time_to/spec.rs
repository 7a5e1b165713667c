//! The question of how long leads take.

use serde::{Deserialize, Serialize};

use crate::query::{By, Where};
use crate::survival::{End, Family};
use crate::time::Span;

/// The question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeToSpec {
    /// Stages or event kinds that are the event; the won stages if empty.
    pub target: Vec<String>,
    /// Stages or event kinds that end a lead otherwise; `None` for losing (all its deals closed, the last lost), if the
    /// data has lost stages; empty for nothing.
    pub competing: Option<Vec<String>>,
    /// What competing ends are: ends of their own, or censored.
    pub competing_as: CompetingAs,
    /// Stage or event kind that starts the clock; creation by default.
    pub start: Option<String>,
    /// Lead fields to compare by.
    pub by: Option<By>,
    /// Leads that count.
    #[serde(rename = "where")]
    pub filter: Where,
    /// Include leads that started before outcomes were recorded, from outcomes_from on. Right only if leads with earlier
    /// outcomes are not in the table; otherwise such leads are left out.
    pub late_entry: bool,
    /// Ages at which the share is reported.
    pub at: Vec<Span>,
    /// Age up to which mean times are taken; the longest that all groups were observed if not given.
    pub until: Option<Span>,
    /// Confidence level of the intervals.
    pub confidence: f64,
    /// Family of a parametric curve that estimates the share that will eventually have the event; none by default.
    pub ceiling: Option<Family>,
}

/// What competing ends are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CompetingAs {
    /// Ends of their own: the share is Aalen–Johansen's, of all leads.
    #[default]
    Event,
    /// Censored: the share is one minus Kaplan–Meier's, what would have the event if nothing competed.
    Censored,
}

impl From<CompetingAs> for End {
    fn from(competing: CompetingAs) -> Self {
        match competing {
            CompetingAs::Event => Self::Competing,
            CompetingAs::Censored => Self::Censored,
        }
    }
}

impl Default for TimeToSpec {
    fn default() -> Self {
        Self {
            target: Vec::new(),
            competing: None,
            competing_as: CompetingAs::Event,
            start: None,
            by: None,
            filter: Where::default(),
            late_entry: false,
            at: [30, 60, 90, 180, 365].map(Span::days).to_vec(),
            until: None,
            confidence: 0.95,
            ceiling: None,
        }
    }
}
