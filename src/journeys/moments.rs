//! Times of events and durations between them.

use super::Journeys;
use super::days::{DayMoment, Measure};
use crate::error::{Error, Result};
use crate::time::NO_TIME;

impl Journeys {
    /// How times are measured.
    #[must_use]
    pub fn measure(&self) -> Measure<'_> {
        Measure::new(&self.calendar_zone, &self.timezone, &self.days)
    }

    /// Checks that leads have times of creation.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with the `problem` of an option that needs them, if none has.
    pub(crate) fn creation_for(&self, option: &'static str, problem: &str) -> Result<()> {
        // A partition may have no leads.
        if self.leads.created.is_empty() || self.leads.created.iter().any(|t| *t != NO_TIME) {
            return Ok(());
        }
        Err(Error::option(option, problem))
    }

    /// Time of the event at `position` of the timeline.
    #[must_use]
    pub fn moment(&self, position: usize) -> Option<DayMoment> {
        let at = *self.timeline.at.get(position)?;
        Some(self.measure().of_kind(self.timeline.kind.get(position), at))
    }
}
