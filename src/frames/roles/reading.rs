//! Facts that every reader of rows needs.

use crate::config::Config;
use crate::journeys::{Leads, Ranks};
use crate::progress::Task;
use crate::time::Zone;

/// What the rows of tables are read with.
#[derive(Clone, Copy)]
pub(in crate::frames) struct Reading<'a> {
    pub(in crate::frames) config: &'a Config,
    pub(in crate::frames) leads: &'a Leads,
    /// Of times without an offset, where the table has no zone of its own.
    pub(in crate::frames) zone: &'a Zone,
    pub(in crate::frames) task: &'a Task,
}

impl<'a> Reading<'a> {
    /// The stages that order an instant.
    pub(in crate::frames) fn ranks(&self) -> Ranks<'a> {
        Ranks { pipeline: &self.config.pipeline, won: &self.config.won, lost: &self.config.lost }
    }
}
