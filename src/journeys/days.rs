//! Kinds and instants known only to the day, and durations between them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::time::{DAY, Zone};

/// Kinds and instants known only to the day.
///
/// An instant stands for each day in the index: its last or first microsecond in the zone of its table. Which instants are
/// such days is kept, so a day stays a day beside times of the same kind, whichever zone it is looked at in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// Leads whose creation is known only to the day.
    pub created: DayLeads,
    /// Kinds and stages with rows known only to the day, by code.
    pub kinds: BTreeSet<u32>,
    /// The kinds among them that also have rows with a time of day.
    pub mixed: BTreeSet<u32>,
    /// The instants that stand for days, and the days, days since 1970.
    pub dates: BTreeMap<i64, i64>,
    /// Those of them that stand beside the time of another stage of the day, and what the day stands as otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<i64, i64>,
}

/// Leads whose creation is known only to the day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayLeads {
    /// None of them.
    #[default]
    None,
    /// All of them.
    All,
    /// Those with these numbers, ascending.
    Some(Vec<u32>),
}

impl DayLeads {
    /// Those for which `is_day` is true, of `n` leads.
    #[must_use]
    pub fn of(n: usize, is_day: impl Fn(usize) -> bool) -> Self {
        let days: Vec<u32> = (0..n).filter(|lead| is_day(*lead)).map(|lead| lead as u32).collect();
        match days.len() {
            0 => Self::None,
            some if some == n => Self::All,
            _ => Self::Some(days),
        }
    }

    /// True if it is one of them.
    #[must_use]
    pub fn contains(&self, lead: u32) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(leads) => leads.binary_search(&lead).is_ok(),
        }
    }

    /// True if there is one.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::None
    }
}

impl Days {
    /// Whether rows of a kind at this instant are known only to the day.
    #[must_use]
    pub fn is_day(&self, kind: u32, at: i64) -> bool {
        self.kinds.contains(&kind) && (!self.mixed.contains(&kind) || self.dates.contains_key(&at))
    }

    /// What something of a kind at this instant stands as if nothing else happens on its day.
    #[must_use]
    pub fn by_itself(&self, kind: u32, at: i64) -> i64 {
        self.moved.get(&at).copied().filter(|_| self.is_day(kind, at)).unwrap_or(at)
    }

    /// Notes that `at` stands for a day. Where two zones share the instant, the earlier of their days is kept.
    pub fn note(&mut self, at: i64, date: i64) {
        let known = self.dates.entry(at).or_insert(date);
        *known = date.min(*known);
    }
}

/// The time of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayMoment {
    /// UTC microseconds.
    pub at: i64,
    /// Whether only the day is known.
    pub day: bool,
}

/// How times are measured: in microseconds between instants, in calendar days where one of two is a day.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    zone: &'a Zone,
    /// Zone of the tables.
    tables: &'a Zone,
    days: &'a Days,
}

impl<'a> Measure<'a> {
    /// Days are counted in `zone`; the days of tables are taken from `tables`.
    pub(super) fn new(zone: &'a Zone, tables: &'a Zone, days: &'a Days) -> Self {
        Self { zone, tables, days }
    }

    /// Whether any row is known only to the day.
    #[must_use]
    pub fn has_days(&self) -> bool {
        self.days.created.any() || !self.days.kinds.is_empty()
    }

    /// A lead's creation.
    #[must_use]
    pub fn creation(&self, lead: u32, at: i64) -> DayMoment {
        DayMoment { at, day: self.days.created.contains(lead) }
    }

    /// An event of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: u32, at: i64) -> DayMoment {
        DayMoment { at, day: self.days.is_day(kind, at) }
    }

    /// An event of one of several kinds.
    #[must_use]
    pub fn of_kinds<'k>(&self, mut kinds: impl Iterator<Item = &'k u32>, at: i64) -> DayMoment {
        DayMoment { at, day: self.days.dates.contains_key(&at) && kinds.any(|kind| self.days.kinds.contains(kind)) }
    }

    /// From one to the other, microseconds.
    #[must_use]
    pub fn between(&self, from: DayMoment, to: DayMoment) -> i64 {
        if from.day || to.day { (self.date(to) - self.date(from)) * DAY } else { to.at - from.at }
    }

    /// Calendar day of a moment, days since 1970.
    #[must_use]
    pub fn date(&self, moment: DayMoment) -> i64 {
        if !moment.day {
            return self.zone.day(moment.at);
        }
        // Others stand for no row, as the end of observation: they are compared with days of the tables.
        self.days.dates.get(&moment.at).copied().unwrap_or_else(|| self.tables.day(moment.at))
    }

    /// The instant from which on nothing is within `span` after `from`, if what comes after may be known to the day.
    #[must_use]
    pub fn over(&self, from: DayMoment, span: i64, days: bool) -> Option<i64> {
        let exact = from.at.checked_add(span)?.checked_add(1)?;
        if !days && !from.day {
            return Some(exact);
        }
        let next = self.date(from).checked_add(span.div_euclid(DAY))?.checked_add(1)?;
        let next = self.zone.day_start(next)?.max(self.tables.day_start(next)?);
        Some(if from.day { next } else { next.max(exact) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = DAY / 24;

    /// Days of a table in `zone`, as they are stored: by their last or first microsecond.
    fn noted(zone: &Zone, ends: bool) -> (Days, impl Fn(i64) -> DayMoment) {
        let at = move |zone: &Zone, n: i64| {
            if ends { zone.day_start(n + 1).unwrap() - 1 } else { zone.day_start(n).unwrap() }
        };
        let mut days = Days { created: DayLeads::All, ..Days::default() };
        (0..400).for_each(|n| days.note(at(zone, n), n));
        let zone = zone.clone();
        (days, move |n| DayMoment { at: at(&zone, n), day: true })
    }

    #[test]
    fn days_are_counted_on_the_calendar() {
        let zones = ["UTC", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "Pacific/Kiritimati", "Asia/Kolkata"];
        for (table, calendar) in zones.iter().flat_map(|a| zones.iter().map(move |b| (a, b))) {
            let (table, calendar) = (Zone::new(table).unwrap(), Zone::new(calendar).unwrap());
            for ends in [true, false] {
                let (days, at) = noted(&table, ends);
                let m = Measure { zone: &calendar, tables: &table, days: &days };
                assert_eq!(m.between(at(0), at(0)), 0);
                assert_eq!(m.between(at(0), at(30)), 30 * DAY);
                assert_eq!(m.between(at(100), at(101)), DAY);
                assert_eq!(m.date(at(100)), 100);
            }
        }
    }

    #[test]
    fn instants_are_counted_exactly() {
        let zone = Zone::utc();
        let (mut days, end) = noted(&zone, true);
        (days.kinds, days.mixed) = ([1, 2].into(), [2].into());
        let m = Measure { zone: &zone, tables: &zone, days: &days };
        let at = |t: i64| DayMoment { at: t, day: false };
        assert_eq!(m.between(at(5), at(DAY + 7)), DAY + 2);
        // One end is a day: 23:00 on day 0 to day 1.
        assert_eq!(m.between(at(23 * HOUR), end(1)), DAY);
        // Times of a kind that has days, too, are times, full hours as others.
        for t in [23 * HOUR + 7, 23 * HOUR, 13 * HOUR + HOUR / 4] {
            assert_eq!(m.of_kind(2, t), at(t));
            assert_eq!(m.date(at(t)), 0);
            assert_eq!(m.between(m.of_kind(2, t), end(1)), DAY);
        }
        assert!(m.of_kind(2, end(1).at).day && m.of_kind(1, end(1).at).day && !m.of_kind(0, end(1).at).day);
    }

    #[test]
    fn a_window_of_days_lasts_to_the_end_of_its_last_day() {
        let zone = Zone::utc();
        let (days, start) = noted(&zone, false);
        let m = Measure { zone: &zone, tables: &zone, days: &days };
        assert_eq!(m.over(start(0), 30 * DAY, true), Some(31 * DAY));
        let noon = DayMoment { at: 12 * HOUR, day: false };
        assert_eq!(m.over(noon, 30 * DAY, false), Some(12 * HOUR + 30 * DAY + 1));
        assert_eq!(m.over(noon, 30 * DAY, true), Some(31 * DAY));
    }

    #[test]
    fn leads_that_are_created_on_a_day() {
        assert_eq!(DayLeads::of(3, |_| true), DayLeads::All);
        assert_eq!(DayLeads::of(3, |_| false), DayLeads::None);
        let some = DayLeads::of(3, |lead| lead != 1);
        assert_eq!((0..4).map(|lead| some.contains(lead)).collect::<Vec<_>>(), [true, false, true, false]);
        let written = serde_json::to_string(&some).unwrap();
        assert_eq!(serde_json::from_str::<DayLeads>(&written).unwrap(), some);
    }
}
