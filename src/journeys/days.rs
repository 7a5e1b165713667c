//! What is known to the day only, and how long things take where it is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Journeys;
use crate::error::{Error, Result};
use crate::time::{DAY, NO_TIME, Zone};

/// Which columns of times have whole days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// Whether creation is known to the day only.
    pub created: bool,
    /// Kinds and stages that are known to the day only, by code; those of several columns if one of them has days.
    pub kinds: BTreeSet<u32>,
}

/// When something happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// UTC microseconds.
    pub at: i64,
    /// Whether only the day is known.
    pub day: bool,
}

/// How times are measured: in microseconds between instants, in calendar days where one of two is a day.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    zone: &'a Zone,
    days: &'a Days,
}

/// Offsets of zones are multiples of this.
const QUARTER: i64 = DAY / 96;

impl Measure<'_> {
    /// Whether anything is known to the day only.
    #[must_use]
    pub fn has_days(&self) -> bool {
        self.days.created || !self.days.kinds.is_empty()
    }

    /// A lead's creation.
    #[must_use]
    pub fn creation(&self, at: i64) -> Moment {
        Moment { at, day: self.days.created }
    }

    /// Something of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: u32, at: i64) -> Moment {
        Moment { at, day: self.days.kinds.contains(&kind) }
    }

    /// From one to the other, microseconds.
    #[must_use]
    pub fn between(&self, from: Moment, to: Moment) -> i64 {
        if from.day || to.day { (self.date(to) - self.date(from)) * DAY } else { to.at - from.at }
    }

    /// Calendar day of a moment, days since 1970.
    #[must_use]
    pub fn date(&self, moment: Moment) -> i64 {
        // A day is an instant at its edge, in the zone of its table: its noon is on that day in zones nearby, too. Other
        // instants are of a column that shares its kind with one of days.
        let noon = match moment.at.rem_euclid(QUARTER) {
            0 => DAY / 2,
            rest if rest == QUARTER - 1 => -DAY / 2,
            _ => 0,
        };
        self.zone.day(moment.at + if moment.day { noon } else { 0 })
    }

    /// The instant from which on nothing is within `span` after `from`, if what comes after may be known to the day.
    #[must_use]
    pub fn over(&self, from: Moment, span: i64, days: bool) -> Option<i64> {
        let exact = from.at.checked_add(span)?.checked_add(1)?;
        if !days && !from.day {
            return Some(exact);
        }
        let next = self.zone.day_start(self.date(from).checked_add(span.div_euclid(DAY))?.checked_add(1)?)?;
        Some(if from.day { next } else { next.max(exact) })
    }
}

impl Journeys {
    /// How times are measured.
    #[must_use]
    pub fn measure(&self) -> Measure<'_> {
        Measure { zone: &self.calendar_zone, days: &self.days }
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
        Err(Error::option(option, "'created' needs times of creation: Leads(created=…)"))
    }

    /// When the event at `position` of the timeline happened.
    #[must_use]
    pub fn moment(&self, position: usize) -> Option<Moment> {
        let at = *self.timeline.at.get(position)?;
        Some(self.measure().of_kind(self.timeline.kind.get(position), at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = DAY / 24;

    fn day(n: i64) -> Moment {
        Moment { at: n * DAY, day: true }
    }

    fn end(n: i64) -> Moment {
        Moment { at: (n + 1) * DAY - 1, day: true }
    }

    #[test]
    fn days_are_counted_on_the_calendar() {
        let days = Days { created: true, kinds: BTreeSet::new() };
        for zone in ["UTC", "America/New_York", "Asia/Tokyo", "Australia/Sydney"] {
            let zone = Zone::new(zone).unwrap();
            let m = Measure { zone: &zone, days: &days };
            assert_eq!(m.between(day(0), end(0)), 0);
            assert_eq!(m.between(day(0), end(30)), 30 * DAY);
            assert_eq!(m.between(day(100), end(101)), DAY);
        }
    }

    #[test]
    fn instants_are_counted_exactly() {
        let zone = Zone::utc();
        let m = Measure { zone: &zone, days: &Days::default() };
        let at = |t: i64| Moment { at: t, day: false };
        assert_eq!(m.between(at(5), at(DAY + 7)), DAY + 2);
        // One end is a day: 23:00 on day 0 to day 1.
        assert_eq!(m.between(at(23 * HOUR), end(1)), DAY);
        // An instant of a column that shares its kind with one of days.
        assert_eq!(m.between(Moment { at: 23 * HOUR + 7, day: true }, end(1)), DAY);
    }

    #[test]
    fn a_window_of_days_lasts_to_the_end_of_its_last_day() {
        let zone = Zone::utc();
        let m = Measure { zone: &zone, days: &Days::default() };
        assert_eq!(m.over(day(0), 30 * DAY, true), Some(31 * DAY));
        let noon = Moment { at: 12 * HOUR, day: false };
        assert_eq!(m.over(noon, 30 * DAY, false), Some(12 * HOUR + 30 * DAY + 1));
        assert_eq!(m.over(noon, 30 * DAY, true), Some(31 * DAY));
    }
}
