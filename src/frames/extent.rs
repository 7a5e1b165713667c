//! How far tables go in time, and when observation ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::{Common, DayMeans};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::time::{DAY, NO_TIME, Timestamp, Zone};

/// Days with a row, of which the last so many are kept.
const RECENT: usize = 1_000;
/// Fewest gaps between days with a row that say what silence is usual.
const LEAST_GAPS: usize = 5;

/// How far some rows go in time.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    /// Latest time, [`NO_TIME`] without a row.
    latest: i64,
    /// Rows more than a day after now.
    future: usize,
    /// The last days with a row.
    active: BTreeSet<i64>,
}

impl Default for Extent {
    fn default() -> Self {
        Self { latest: NO_TIME, future: 0, active: BTreeSet::new() }
    }
}

impl Extent {
    pub(super) fn of(times: &[i64]) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(i64::MAX, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX));
        let tomorrow = now.saturating_add(DAY);
        let latest = times.iter().copied().max().unwrap_or(NO_TIME);
        // One bit per day: most rows are of days that others have, too.
        let last = latest.div_euclid(DAY);
        let mut recent = vec![false; if times.is_empty() { 0 } else { 4 * RECENT }];
        for at in times {
            let back = last.saturating_sub(at.div_euclid(DAY));
            if let Some(slot) = usize::try_from(back).ok().and_then(|back| recent.get_mut(back)) {
                *slot = true;
            }
        }
        let mut extent = Self {
            latest,
            future: if latest > tomorrow { times.iter().filter(|t| **t > tomorrow).count() } else { 0 },
            active: (0i64..).zip(recent).filter(|(_, active)| *active).map(|(back, _)| last - back).collect(),
        };
        extent.shorten();
        extent
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.latest = self.latest.max(other.latest);
        self.future += other.future;
        self.active.extend(other.active);
        self.shorten();
    }

    fn shorten(&mut self) {
        while self.active.len() > RECENT + 1 {
            self.active.pop_first();
        }
    }

    /// The longest silence, in days, that is usual near the end: that which 99.9 % of the gaps between days with a row do
    /// not exceed; `None` if there are too few of them.
    fn usual_silence(&self) -> Option<i64> {
        let mut gaps: Vec<i64> = self.active.iter().zip(self.active.iter().skip(1)).map(|(a, b)| b - a).collect();
        gaps.sort_unstable();
        let rank = (gaps.len() * 999).div_ceil(1000);
        if gaps.len() < LEAST_GAPS { None } else { gaps.get(rank.checked_sub(1)?).copied() }
    }
}

/// What a table says of the end of observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TableRole {
    Leads,
    Events,
    Stages,
}

/// End of one table in one role.
#[derive(Debug)]
struct Ended {
    name: String,
    end: i64,
    extent: Extent,
}

/// Ends of all tables.
#[derive(Debug, Default)]
pub(super) struct Ends(BTreeMap<(TableRole, String), Ended>);

/// When observation ends, and what to say of it.
#[derive(Debug, Default)]
pub(super) struct ObservedRange {
    pub(super) until: i64,
    pub(super) remarks: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Whether a day means its start in a table.
pub(super) fn starts(common: &Common, role: TableRole) -> bool {
    common.day.map_or(role == TableRole::Leads, |day| day == DayMeans::Start)
}

impl Ends {
    /// Adds the rows of a table; `days` is the zone of times that are days and mean their start.
    pub(super) fn add(&mut self, role: TableRole, key: &str, name: &str, extent: Extent, days: Option<&Zone>) {
        if extent.latest == NO_TIME {
            return;
        }
        // A day that means its start lasts until the next one.
        let next_day = days.and_then(|zone| zone.day_start(zone.day(extent.latest).saturating_add(1)));
        let end = next_day.unwrap_or(extent.latest.saturating_add(1));
        let new = || Ended { name: name.to_owned(), end, extent: Extent::default() };
        let entry = self.0.entry((role, key.to_owned())).or_insert_with(new);
        entry.end = entry.end.max(end);
        entry.extent.merge(extent);
    }

    /// The latest end of any table.
    fn latest(&self) -> Option<i64> {
        self.0.values().map(|e| e.end).max()
    }

    fn future(&self) -> Result<()> {
        match self.0.values().find(|e| e.extent.future > 0) {
            Some(e) => Err(Error::FutureDated {
                table: e.name.clone(),
                rows: e.extent.future,
                latest: Timestamp(e.end).to_string(),
            }),
            None => Ok(()),
        }
    }

    /// Says which tables go on after a stated end of observation.
    fn later_than(&self, given: Timestamp) -> impl Iterator<Item = String> {
        self.0.values().filter(move |e| e.end > given.0).map(move |e| {
            let end = Timestamp(e.end);
            format!("table '{}' has rows until {end}; outcomes at or after observed_until {given} are ignored", e.name)
        })
    }

    /// Tables of a role that are silent for longer before `until` than is usual for them, and how long that is in days.
    fn ended_early(&self, role: TableRole, until: i64) -> impl Iterator<Item = (&Ended, i64, i64)> {
        let of_role = self.0.iter().filter(move |((r, _), _)| *r == role).map(|(_, e)| e);
        of_role.filter_map(move |e| {
            let silent = (until - 1).div_euclid(DAY) - (e.end - 1).div_euclid(DAY);
            let usual = e.extent.usual_silence()?;
            (silent > usual).then_some((e, silent, usual))
        })
    }

    /// End of observation: as said, else the latest time of any row, unless a table of stages ended before.
    pub(super) fn observed_until(&self, stated: Option<Timestamp>) -> Result<ObservedRange> {
        if let Some(given) = stated {
            return Ok(ObservedRange {
                until: given.0,
                remarks: self.later_than(given).collect(),
                warnings: Vec::new(),
            });
        }
        self.future()?;
        let Some(latest) = self.latest() else {
            return Ok(ObservedRange { until: NO_TIME, ..ObservedRange::default() });
        };
        Ok(self.judge(latest, NO_TIME))
    }

    /// As [`Ends::observed_until`] of new tables, for journeys that have rows until `known`, were observed until `before`
    /// and have stages on these days.
    pub(super) fn extended_until(
        &mut self,
        stated: Option<Timestamp>,
        before: i64,
        known: i64,
        stages: &[i64],
    ) -> Result<ObservedRange> {
        if let Some(given) = stated {
            let known = (known > given.0).then(|| {
                let end = Timestamp(known);
                format!("the journeys have rows until {end}; outcomes at or after observed_until {given} are ignored")
            });
            let remarks = known.into_iter().chain(self.later_than(given)).collect();
            return Ok(ObservedRange { until: given.0, remarks, warnings: Vec::new() });
        }
        self.future()?;
        if !self.0.keys().any(|(role, _)| *role == TableRole::Stages) {
            // Outcomes are known no further than before.
            let end = Timestamp(before);
            let remark = format!("observed until {end}, as before, because no table of stages was added");
            return Ok(ObservedRange { until: before, remarks: vec![remark], warnings: Vec::new() });
        }
        for (_, ended) in self.0.iter_mut().filter(|((role, _), _)| *role == TableRole::Stages) {
            let known = Extent::of(stages);
            ended.end = ended.end.max(known.latest.saturating_add(1));
            ended.extent.merge(known);
        }
        let latest = self.latest().unwrap_or(NO_TIME).max(known);
        Ok(self.judge(latest, before))
    }

    /// End of observation at `latest`, or where a table of stages ended, but not before `least`.
    fn judge(&self, latest: i64, least: i64) -> ObservedRange {
        let mut observed = ObservedRange { until: latest, ..ObservedRange::default() };
        let first = self.ended_early(TableRole::Stages, latest).min_by_key(|(e, ..)| e.end);
        if let Some((e, silent, usual)) = first {
            observed.until = e.end.max(least);
            observed.warnings.push(format!(
                "stages table '{}' ends {} before the last row of all tables; its longest usual gap is \
                 {}. Observation ends with it, at {}; set observed_until= if the table is complete for longer",
                e.name,
                counted(silent, "day", "days"),
                counted(usual, "day", "days"),
                Timestamp(observed.until)
            ));
        } else if let Some(e) = self.0.values().find(|e| e.end == latest) {
            observed.remarks.push(format!("observed until {}, the last row of table '{}'", Timestamp(latest), e.name));
        }
        for (e, silent, usual) in self.ended_early(TableRole::Events, observed.until) {
            observed.warnings.push(format!(
                "events table '{}' ends {} before the end of observation; its longest usual gap is \
                 {}. Later events may be missing",
                e.name,
                counted(silent, "day", "days"),
                counted(usual, "day", "days")
            ));
        }
        observed.until = observed.until.max(least);
        observed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: impl IntoIterator<Item = i64>) -> Extent {
        Extent::of(&days.into_iter().map(|d| d * DAY + 5).collect::<Vec<_>>())
    }

    #[test]
    fn usual_silence_is_that_of_nearly_all_gaps() {
        assert_eq!(days(0..100).usual_silence(), Some(1));
        assert_eq!(days((0..100).map(|w| 7 * w)).usual_silence(), Some(7));
        assert_eq!(days([0, 3, 9]).usual_silence(), None);
        // One in a thousand is not usual.
        assert_eq!(days((0..2000).filter(|d| !(1500..1510).contains(d))).usual_silence(), Some(1));
    }

    #[test]
    fn parts_join() {
        let mut joined = days((0..3000).filter(|d| d % 2 == 0));
        joined.merge(days((0..3000).filter(|d| d % 2 == 1)));
        let whole = days(0..3000);
        assert_eq!((joined.latest, joined.usual_silence()), (whole.latest, whole.usual_silence()));
    }

    #[test]
    fn silent_stages_end_observation_silent_events_do_not() {
        let mut ends = Ends::default();
        ends.add(TableRole::Stages, "s", "s", days(0..100), None);
        ends.add(TableRole::Events, "e", "e", days(0..150), None);
        let observed = ends.judge(ends.latest().unwrap(), NO_TIME);
        assert_eq!((observed.until, observed.warnings.len()), (99 * DAY + 6, 1));
        let mut ends = Ends::default();
        ends.add(TableRole::Stages, "s", "s", days(0..150), None);
        ends.add(TableRole::Events, "e", "e", days(0..100), None);
        let observed = ends.judge(ends.latest().unwrap(), NO_TIME);
        assert_eq!((observed.until, observed.warnings.len()), (149 * DAY + 6, 1));
    }
}
