//! Stages of one day of which some are known by their time and some by their day only: the pipeline orders them.
//!
//! A day stands in the index as its last microsecond (or its first), as which it would come after (before) every time of
//! that day. A stage that the pipeline, or an order column, puts before another of the same deal and day is moved to
//! just before it, and one that it puts after another to just after it.

use std::cmp::Ordering;

use super::orders::{Orders, Ranking};
use super::rows::Rows;
use crate::journeys::Days;
use crate::schema::NONE;
use crate::time::{DAY, NO_TIME, Zone};

/// What is needed to order the stages of a day.
#[derive(Debug)]
pub(in crate::journeys) struct DayOrder<'a> {
    /// By kind, its place in the pipeline; 0 for events.
    pub places: &'a [u32],
    /// Place of the stages that the pipeline does not name.
    pub unknown: u32,
    /// When leads were created.
    pub created: &'a [i64],
    /// Zone of the tables.
    pub zone: &'a Zone,
}

/// A stage row.
#[derive(Debug, Clone, Copy)]
struct Entry {
    table: usize,
    row: usize,
    at: i64,
    deal: u32,
    /// Place in the pipeline.
    place: u32,
    /// Code of the order column's value.
    order: u32,
    /// Date, if only that is known.
    date: Option<i64>,
}

impl Entry {
    /// How it stands to another of the same day; `None` if nothing says so.
    fn order(&self, other: &Self, unknown: u32) -> Option<Ordering> {
        let deals = self.deal == other.deal || self.deal == NONE || other.deal == NONE;
        let by_column = (self.order != NONE && other.order != NONE).then(|| self.order.cmp(&other.order));
        let named = [self, other].iter().all(|entry| entry.place != unknown && entry.place != 0);
        let by_place = named.then(|| self.place.cmp(&other.place));
        by_column.filter(|o| o.is_ne()).or(by_place).filter(|o| deals && o.is_ne())
    }
}

impl DayOrder<'_> {
    /// Moves the days of `tables`, and notes in `days` where they are.
    pub(super) fn apply(&self, tables: &mut [Rows], orders: &[Orders], days: &mut Days) {
        let timed = |rows: &Rows| rows.kind.iter().any(|k| !days.kinds.contains(k) || days.mixed.contains(k));
        let is_day = |rows: &Rows| rows.kind.iter().any(|k| days.kinds.contains(k));
        if days.kinds.is_empty() || !tables.iter().any(timed) || !tables.iter().any(is_day) {
            return;
        }
        let ranking = Ranking::new(&[], &[], Orders::joined(orders).1);
        let mut entries: Vec<(u32, Entry)> = Vec::new();
        for (table, rows) in tables.iter().enumerate() {
            let deals = rows.stage.as_ref().map(|(deals, _)| deals.as_slice());
            for (row, ((lead, at), kind)) in rows.lead.iter().zip(&rows.at).zip(&rows.kind).enumerate() {
                let entry = Entry {
                    table,
                    row,
                    at: *at,
                    deal: deals.and_then(|d| d.get(row)).copied().unwrap_or(NONE),
                    place: self.places.get(*kind as usize).copied().unwrap_or(0),
                    order: ranking.code(rows.ordered, rows.order.get(row).copied().unwrap_or(0)),
                    date: days.dates.get(at).copied().filter(|_| days.is_day(*kind, *at)),
                };
                entries.push((*lead, entry));
            }
        }
        entries.sort_by_key(|(lead, entry)| (*lead, entry.at));
        for own in entries.chunk_by(|a, b| a.0 == b.0) {
            let times: Vec<Entry> = own.iter().map(|(_, e)| *e).filter(|e| e.date.is_none()).collect();
            for (lead, day) in own.iter().filter(|_| !times.is_empty()) {
                let Some(date) = day.date else { continue };
                if let Some(at) = self.moved(*lead, day, date, &times, days)
                    && let Some(slot) = tables.get_mut(day.table).and_then(|rows| rows.at.get_mut(day.row))
                {
                    days.moved.insert(at, day.at);
                    days.note(at, date);
                    *slot = at;
                }
            }
        }
    }

    /// Where a day is, if others of that day, whose times are known, do not leave it where it stands.
    fn moved(&self, lead: u32, day: &Entry, date: i64, times: &[Entry], days: &Days) -> Option<i64> {
        let (first, last) = self.span(day.at, date)?;
        let from = times.partition_point(|e| e.at < first);
        let of_day = times.get(from..)?.iter().take_while(|e| e.at <= last);
        let (mut after, mut before) = (None, None);
        for other in of_day {
            match day.order(other, self.unknown) {
                Some(Ordering::Less) => before = before.or(Some(other.at)),
                Some(Ordering::Greater) => after = Some(other.at),
                _ => {}
            }
        }
        // No day was before the lead.
        let created = self.created.get(lead as usize).copied().unwrap_or(NO_TIME);
        let free = |at: &i64| days.dates.get(at).is_none_or(|known| *known == date);
        match (after, before) {
            (after, Some(before)) if day.at >= before && after.is_none_or(|after| after < before) => {
                let floor = after.map_or(first, |after| after + 1).max(created);
                (created <= before).then(|| (floor..before).rev().take(DAYS_AT_ONE).find(free).unwrap_or(before))
            }
            (Some(after), before) if day.at <= after && before.is_none_or(|before| after < before) => {
                let end = before.unwrap_or(last);
                Some((after + 1..=end).take(DAYS_AT_ONE).find(free).unwrap_or(after))
            }
            _ => None,
        }
    }

    /// First and last instant of a day that stands as one of them.
    fn span(&self, at: i64, date: i64) -> Option<(i64, i64)> {
        let own = (self.zone.day_start(date)?, self.zone.day_start(date + 1)? - 1);
        // Tables of other zones have other days.
        Some(match at {
            _ if at == own.0 || at == own.1 => own,
            _ if at.rem_euclid(1000) == 999 => (at + 1 - DAY, at),
            _ => (at, at + DAY - 1),
        })
    }
}

/// Instants that are tried for a day: others may stand for days of other zones.
const DAYS_AT_ONE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = DAY / 24;
    const END: i64 = DAY - 1;

    /// Kinds 0, 1, 2 are stages in order, 3 is one that the pipeline does not name; day kinds are given.
    fn moved(rows: &[(i64, u32, u32)], created: i64, day_kinds: &[u32]) -> (Vec<i64>, Days) {
        let mut tables = [Rows {
            lead: vec![0; rows.len()],
            at: rows.iter().map(|r| r.0).collect(),
            order: vec![0; rows.len()],
            kind: rows.iter().map(|r| r.1).collect(),
            stage: Some((rows.iter().map(|r| r.2).collect(), vec![f64::NAN; rows.len()])),
            ..Rows::default()
        }];
        let mut days = Days { kinds: day_kinds.iter().copied().collect(), ..Days::default() };
        days.note(0, 0);
        days.note(END, 0);
        days.mixed = days.kinds.iter().copied().filter(|k| rows.iter().any(|r| r.1 == *k && r.0 % END != 0)).collect();
        let order = DayOrder { places: &[1, 2, 4, 3], unknown: 3, created: &[created], zone: &Zone::utc() };
        order.apply(&mut tables, &[], &mut days);
        (tables[0].at.clone(), days)
    }

    #[test]
    fn a_day_is_before_the_times_of_later_stages() {
        let (at, days) = moved(&[(END, 0, NONE), (14 * HOUR, 2, NONE), (9 * HOUR, 1, NONE)], NO_TIME, &[0]);
        assert_eq!(at, [9 * HOUR - 1, 14 * HOUR, 9 * HOUR]);
        assert_eq!((days.dates.get(&at[0]), days.moved.get(&at[0])), (Some(&0), Some(&END)));
        // After the time of an earlier stage, before that of a later one.
        let (at, _) = moved(&[(END, 1, NONE), (14 * HOUR, 2, NONE), (9 * HOUR, 0, NONE)], NO_TIME, &[1]);
        assert_eq!(at[0], 14 * HOUR - 1);
    }

    #[test]
    fn a_day_that_stands_as_its_start_is_after_the_times_of_earlier_stages() {
        let (at, _) = moved(&[(0, 2, NONE), (14 * HOUR, 1, NONE), (9 * HOUR, 0, NONE)], NO_TIME, &[2]);
        assert_eq!(at[0], 14 * HOUR + 1);
    }

    #[test]
    fn a_day_stays_where_nothing_says_otherwise() {
        // Another deal, another day, a stage of no known place, and times that contradict the pipeline.
        for rows in [
            [(END, 0, 1), (14 * HOUR, 2, 2), (9 * HOUR, 2, 3)],
            [(END, 0, NONE), (DAY + 1, 2, NONE), (-1, 2, NONE)],
            [(END, 0, NONE), (14 * HOUR, 3, NONE), (9 * HOUR, 3, NONE)],
            [(END, 1, NONE), (14 * HOUR, 0, NONE), (9 * HOUR, 2, NONE)],
        ] {
            assert_eq!(moved(&rows, NO_TIME, &[rows[0].1]).0[0], END);
        }
        // Of a stage of the lead itself and one of a deal, the deal's decides.
        assert_eq!(moved(&[(END, 0, NONE), (14 * HOUR, 2, 7)], NO_TIME, &[0]).0[0], 14 * HOUR - 1);
    }

    #[test]
    fn a_day_is_not_moved_before_the_lead_or_the_day() {
        assert_eq!(moved(&[(END, 0, NONE), (14 * HOUR, 2, NONE)], 14 * HOUR, &[0]).0[0], 14 * HOUR);
        assert_eq!(moved(&[(END, 0, NONE), (14 * HOUR, 2, NONE)], 15 * HOUR, &[0]).0[0], END);
        assert_eq!(moved(&[(END, 0, NONE), (0, 2, NONE)], NO_TIME, &[0]).0[0], 0);
    }

    #[test]
    fn a_stage_known_by_day_and_by_time_is_moved_where_it_is_a_day() {
        let (at, days) = moved(&[(END, 1, 1), (14 * HOUR, 2, 1), (10 * HOUR, 1, 2)], NO_TIME, &[1]);
        assert_eq!(at, [14 * HOUR - 1, 14 * HOUR, 10 * HOUR]);
        assert!(days.is_day(1, at[0]) && !days.is_day(1, at[2]));
    }
}
