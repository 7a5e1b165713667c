//! How entries of one instant are ordered.

use serde::{Deserialize, Serialize};

use crate::schema::Kind;

/// What orders stage entries of one lead and instant; events come before stages but for [`StageOrder::Shared`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageOrder {
    /// Open stages in the order of the pipeline, won and lost last.
    #[default]
    Pipeline,
    /// The order column of their table.
    Column,
    /// An order column that events and stages share.
    Shared,
}

/// The stages that order an instant.
#[derive(Debug, Clone, Copy)]
pub struct Ranks<'a> {
    /// Stages in order.
    pub pipeline: &'a [String],
    /// Stages that mean won.
    pub won: &'a [String],
    /// Stages that mean lost.
    pub lost: &'a [String],
}

impl Ranks<'_> {
    /// Rank of a stage: open ones as in the pipeline, those it does not name after them, won and lost last.
    #[must_use]
    pub fn of(&self, stage: &str) -> u32 {
        let n = self.pipeline.len();
        let closes = self.won.iter().chain(self.lost).any(|name| name == stage);
        let place = if closes { n + 1 } else { self.pipeline.iter().position(|p| p == stage).unwrap_or(n) };
        place as u32 + 1
    }

    /// By kind, how rows of one instant are ordered whose order columns have the same value, or none.
    #[must_use]
    pub fn ties(&self, kinds: &[Kind]) -> Vec<u32> {
        kinds.iter().map(|k| if k.stage { self.of(&k.plain) } else { 0 }).collect()
    }

    /// By kind, how rows of one instant are ordered before their own order says.
    #[must_use]
    pub fn classes(&self, order: StageOrder, kinds: &[Kind]) -> Vec<u32> {
        match order {
            StageOrder::Pipeline => self.ties(kinds),
            StageOrder::Column => kinds.iter().map(|k| u32::from(k.stage)).collect(),
            StageOrder::Shared => Vec::new(),
        }
    }
}
