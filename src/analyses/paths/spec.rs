//! Paths as asked for.

use serde::{Deserialize, Serialize};

use crate::analyses::funnel::Step;
use crate::query::Where;
use crate::time::Span;

/// The unit of a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PathUnit {
    /// A lead, up to its win or loss.
    #[default]
    Lead,
    /// A session.
    Session,
}

/// Paths as asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PathsSpec {
    /// Places: `kind`, `channel`, or a property of events.
    pub by: String,
    /// Events that count; what the buyer and marketing did if not given.
    pub events: Option<Step>,
    /// The unit of a path.
    pub unit: PathUnit,
    /// A longer time without an event ends a session; needed for paths of sessions.
    pub session_gap: Option<Span>,
    /// Leads that count.
    #[serde(rename = "where")]
    pub filter: Where,
    /// Stages or event kinds that are the win; the won stages if empty.
    pub target: Vec<String>,
    /// Repeats in a row are one place in ways and steps.
    pub collapse: bool,
    /// Places of a way before its end, and steps from the start.
    pub length: usize,
    /// Ways (of all, of those to won, and of those to lost) and loops that are listed.
    pub top: usize,
}

impl Default for PathsSpec {
    fn default() -> Self {
        Self {
            by: "kind".into(),
            events: None,
            unit: PathUnit::Lead,
            session_gap: None,
            filter: Where::default(),
            target: Vec::new(),
            collapse: true,
            length: 5,
            top: 50,
        }
    }
}
