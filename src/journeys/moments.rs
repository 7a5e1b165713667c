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

    /// Checks that leads have times of creation, for an option that needs them.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if none has.
    pub fn creation_for(&self, option: &'static str) -> Result<()> {
        // A partition may have no leads.
        if self.leads.created.is_empty() || self.leads.created.iter().any(|t| *t != NO_TIME) {
            return Ok(());
        }
        let problem = match option {
            // Nothing was named: creation is the default.
            "time_to" => {
                "time runs from creation, which the leads do not have; set Leads(created=…), or start= to a stage or event"
            }
            _ => "'created' needs the creation times of leads; set Leads(created=…)",
        };
        Err(Error::option(option, problem))
    }

    /// Time of the event at `position` of the timeline.
    #[must_use]
    pub fn moment(&self, position: usize) -> Option<DayMoment> {
        let at = *self.timeline.at.get(position)?;
        Some(self.measure().of_kind(self.timeline.kind.get(position), at))
    }
}
