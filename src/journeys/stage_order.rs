//! How entries of one instant are ordered.

use serde::{Deserialize, Serialize};

use super::Days;
use super::index::{DayOrder, IndexBuilder};
use crate::schema::Kind;
use crate::time::Zone;

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

    /// By kind, whether it means won, and its place by name.
    #[must_use]
    pub fn last_resort(&self, kinds: &[Kind]) -> Vec<(bool, u32)> {
        let wins = |k: &Kind| k.stage && self.won.contains(&k.plain);
        let mut names: Vec<&str> = kinds.iter().map(|k| k.plain.as_str()).collect();
        names.sort_unstable();
        kinds.iter().map(|k| (wins(k), names.partition_point(|name| *name < k.plain.as_str()) as u32)).collect()
    }

    /// Orders stages of `index` of one day of which some are known by their time and some by their day only; leads were
    /// `created`, and the tables are of a `zone`.
    pub fn order_days(
        &self,
        index: &mut IndexBuilder,
        kinds: &[Kind],
        (created, zone): (&[i64], &Zone),
        days: &mut Days,
    ) {
        let order = DayOrder { places: &self.ties(kinds), unknown: self.unknown(), created, zone };
        index.order_days(&order, days);
    }

    /// Place of the stages that the pipeline does not name, and that do not close a lead.
    #[must_use]
    pub fn unknown(&self) -> u32 {
        self.pipeline.len() as u32 + 1
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
