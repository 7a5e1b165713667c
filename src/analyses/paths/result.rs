//! Paths as counted.

use serde::{Deserialize, Serialize};

use super::spec::PathsSpec;
use crate::analyses::funnel::Spread;

/// How a path ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The lead was won.
    Won,
    /// The lead was lost.
    Lost,
    /// Neither won nor lost.
    Open,
}

/// From one place to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Where from; `(entry)` for the first.
    pub from: String,
    /// Where to; `(won)`, `(lost)`, `(open)` after the last of a lead, `(exit)` after the last of a session.
    pub to: String,
    /// How often.
    pub count: u64,
    /// Share of the transitions from there.
    pub probability: f64,
    /// Time between, days; of entries and exits there is none.
    pub time: Spread,
}

/// A way that leads took to their end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathRow {
    /// The last places before the end, oldest first.
    pub path: Vec<String>,
    /// Paths that ended so.
    pub won: u64,
    /// Paths that ended so.
    pub lost: u64,
    /// Paths that ended so.
    pub open: u64,
}

/// A place at one step from the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepShare {
    /// Step, from 1.
    pub step: usize,
    /// Place; `(ended)` for paths that are over.
    pub place: String,
    /// Paths that are there.
    pub count: u64,
    /// Share of all paths.
    pub share: f64,
}

/// Going round: the same place twice in a row, or back after one other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loop {
    /// The places: one for repeats in a row, two for there and back.
    pub places: Vec<String>,
    /// How often.
    pub count: u64,
    /// Paths in which it occurs.
    pub paths: u64,
    /// How many of them ended in a win.
    pub won: u64,
}

/// Counts and lengths of sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// Number of sessions.
    pub sessions: u64,
    /// Leads with at least one.
    pub leads: u64,
    /// Sessions of one event.
    pub single: u64,
    /// Events per session, mean.
    pub mean_events: f64,
    /// Length, days.
    pub length: Spread,
    /// From the end of one to the start of the next, days.
    pub between: Spread,
}

/// The result of an analysis of paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paths {
    /// The options of the analysis.
    pub spec: PathsSpec,
    /// Paths: leads with at least one event, or sessions.
    pub paths: u64,
    /// Transitions, most frequent first within each place.
    pub transitions: Vec<Transition>,
    /// The most frequent ways of all, to won, and to lost; most frequent first.
    pub ways: Vec<PathRow>,
    /// Different ways, of which the most frequent are listed.
    pub different_ways: u64,
    /// Where paths are step by step from their start.
    pub steps: Vec<StepShare>,
    /// Loops, most frequent first.
    pub loops: Vec<Loop>,
    /// Leads left out because they started before outcomes were recorded.
    pub before_outcomes: u64,
    /// Sessions, if a gap was given.
    pub sessions: Option<SessionFacts>,
    /// Remarks on exclusions and assumptions.
    pub remarks: Vec<String>,
}
