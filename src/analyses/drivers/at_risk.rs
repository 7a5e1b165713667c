//! When a lead is at risk at a step of a funnel: from when it first got there on, while it can still go on.

use crate::analyses::funnel::{Entry, FunnelSpec, LeadProgress};
use crate::error::Result;
use crate::journeys::{DayMoment, Journeys, Status, status_before};
use crate::query::Matcher;
use crate::time::Span;

/// Bits of the matcher below.
const ENTRY: u64 = 1;
const STEP: u64 = 2;
const RENEWS: u64 = 4;
const ENDS: u64 = 8;
const REMOVES: u64 = 16;
const ANY_STEP: u64 = 32;

/// Time at one step: what opens it, and what ends it.
///
/// A lead is at risk while an attempt is within its window (with `entry="best"` that of any entry; a new entry renews it), the
/// lead is open (again after a loss that was followed by a re-opening), and no exclusion has ended the attempt. All of it
/// is known at the time: nothing depends on whether the lead goes on later.
pub(super) struct AtRisk<'a> {
    journeys: &'a Journeys,
    spec: &'a FunnelSpec,
    matcher: Matcher<'a>,
    step: usize,
    within: Option<i64>,
    /// Whether a step is known to the day only.
    days: bool,
}

/// Periods in order, each after the one before: from (exclusive), to (inclusive).
type Periods = Vec<(i64, i64)>;

impl<'a> AtRisk<'a> {
    /// Of the leads at `step` that may go on to `next`.
    pub(super) fn new(journeys: &'a Journeys, spec: &'a FunnelSpec, step: usize, next: usize) -> Result<Self> {
        let mut matcher = Matcher::new(journeys);
        let mut days = false;
        for (k, s) in spec.steps.iter().enumerate() {
            if k == 0 && journeys.is_creation("steps", s)? {
                days |= journeys.days.created.any();
                continue;
            }
            let flag = |holds: bool, bit: u64| if holds { bit } else { 0 };
            // The time to the next step runs from the latest event of the step before, which may be an optional one.
            let bits = flag(k == 0, ENTRY) | flag(k == step, STEP) | flag((step..next).contains(&k), RENEWS) | ANY_STEP;
            matcher.add(s, bits)?;
        }
        for e in &spec.exclude {
            let place = |at: &Option<crate::analyses::funnel::StepRef>, otherwise: usize| {
                at.as_ref().map_or(Ok(otherwise), |step| step.position(&spec.steps))
            };
            let from = place(&e.after, 0)?;
            if (from..place(&e.before, spec.steps.len().saturating_sub(1))?).contains(&step) {
                matcher.add(&e.event, if e.removes { REMOVES } else { ENDS })?;
            }
        }
        let is_day = |kind: &u32| matcher.kind_bits.get(*kind as usize).is_some_and(|bits| bits & ANY_STEP != 0);
        let days = days || journeys.days.kinds.iter().any(is_day);
        let within = spec.steps.get(next).and_then(|s| s.within).map(Span::as_micros);
        Ok(Self { journeys, spec, matcher, step, within, days })
    }

    /// Kinds that end attempts at this step by definition.
    pub(super) fn excludes(&self) -> impl Iterator<Item = u32> {
        let ends = |(bits, _): &(&u64, u32)| **bits & (ENDS | REMOVES) != 0;
        self.matcher.kind_bits.iter().zip(0u32..).filter(ends).map(|(_, kind)| kind)
    }

    /// Periods at risk of a lead from when it first got to the step, until it goes on at `went_on`.
    pub(super) fn periods(&self, progress: &LeadProgress, went_on: Option<i64>, log: &[(i64, Status)]) -> Periods {
        let Some((here, _)) = progress.reached.get(self.step).copied() else { return Vec::new() };
        let end = went_on.unwrap_or(i64::MAX).min(self.journeys.observed_until);
        let mut periods = vec![(here, end)];
        if let Some(window) = self.spec.window {
            periods = both(&periods, &self.after(&self.entries(progress), window.as_micros()));
        }
        if let Some(within) = self.within {
            let mut from = self.moments(progress.lead, RENEWS);
            from.retain(|m| m.at >= here);
            from.extend(progress.reached.get(self.step).and_then(|r| self.moment(progress.lead, *r)));
            periods = both(&periods, &self.after(&from, within));
        }
        periods = both(&periods, &self.not_excluded(progress.lead, here));
        // Unless the step is itself one of closed leads.
        if status_before(log, here.saturating_add(1)) == Status::Open {
            periods = both(&periods, &open(log, here));
        }
        periods
    }

    /// Entries into step 1 from each of which an attempt may run.
    fn entries(&self, progress: &LeadProgress) -> Vec<DayMoment> {
        let first = || progress.reached.first().and_then(|r| self.moment(progress.lead, *r));
        match self.spec.entry {
            Entry::First | Entry::Totals => first().into_iter().collect(),
            Entry::Best => {
                let entries = self.moments(progress.lead, ENTRY);
                if entries.is_empty() { first().into_iter().collect() } else { entries }
            }
        }
    }

    /// When something at a place of the timeline happened; past its end it is the lead's creation.
    fn moment(&self, lead: u32, (at, event): (i64, u32)) -> Option<DayMoment> {
        if event == u32::MAX {
            return Some(self.journeys.measure().creation(lead, at));
        }
        self.journeys.moment(event as usize)
    }

    fn moments(&self, lead: u32, bits: u64) -> Vec<DayMoment> {
        let events = self.journeys.timeline.range(lead).filter(|i| self.matcher.bits(*i) & bits != 0);
        events.filter_map(|i| self.journeys.moment(i)).collect()
    }

    /// The time within `span` after one of some moments.
    fn after(&self, from: &[DayMoment], span: i64) -> Periods {
        let measure = self.journeys.measure();
        let mut periods: Periods = from
            .iter()
            // Something at the same instant is within the span: a period begins just before.
            .map(|m| (m.at.saturating_sub(1), measure.over(*m, span, self.days).map_or(i64::MAX, |over| over - 1)))
            .collect();
        periods.sort_unstable();
        periods.dedup_by(|later, earlier| {
            let joins = later.0 <= earlier.1;
            if joins {
                earlier.1 = earlier.1.max(later.1);
            }
            joins
        });
        periods
    }

    /// The time after `here` in which no exclusion has ended all attempts; a new one gets to the step with its next event.
    fn not_excluded(&self, lead: u32, here: i64) -> Periods {
        let (mut periods, mut from) = (Vec::new(), Some(here));
        for i in self.journeys.timeline.range(lead) {
            let Some(at) = self.journeys.timeline.at.get(i).copied().filter(|at| *at > here) else { continue };
            let bits = self.matcher.bits(i);
            if bits & (ENDS | REMOVES) != 0 {
                periods.extend(from.take().map(|from| (from, at)));
            }
            if bits & REMOVES != 0 {
                return periods;
            }
            if bits & STEP != 0 && bits & ENDS == 0 && self.spec.entry == Entry::Best {
                from = from.or(Some(at));
            }
        }
        periods.extend(from.map(|from| (from, i64::MAX)));
        periods
    }
}

/// The time after `here` in which a lead is open.
fn open(log: &[(i64, Status)], here: i64) -> Periods {
    let (mut periods, mut from) = (Vec::new(), Some(here));
    for (at, status) in log.iter().filter(|(at, _)| *at > here) {
        if *status == Status::Open {
            from = from.or(Some(*at));
        } else {
            periods.extend(from.take().map(|from| (from, *at)));
        }
    }
    periods.extend(from.map(|from| (from, i64::MAX)));
    periods
}

/// The time that is in both.
fn both(a: &[(i64, i64)], b: &[(i64, i64)]) -> Periods {
    let (mut i, mut j) = (0, 0);
    let mut periods = Vec::new();
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let common = (x.0.max(y.0), x.1.min(y.1));
        if common.0 < common.1 {
            periods.push(common);
        }
        if x.1 < y.1 { i += 1 } else { j += 1 }
    }
    periods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_both() {
        assert_eq!(both(&[(0, 10), (20, 30)], &[(5, 22), (25, 40)]), [(5, 10), (20, 22), (25, 30)]);
        assert_eq!(both(&[(0, 10)], &[(10, 20)]), []);
    }

    #[test]
    fn open_again_after_a_loss() {
        let log = [(1, Status::Open), (5, Status::Lost), (6, Status::Lost), (9, Status::Open), (12, Status::Won)];
        assert_eq!(open(&log, 2), [(2, 5), (9, 12)]);
        assert_eq!(open(&log[..4], 2), [(2, 5), (9, i64::MAX)]);
    }
}
