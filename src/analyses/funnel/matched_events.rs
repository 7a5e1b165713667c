//! The events of one lead that matter to a funnel, in the order in which the funnel takes them.

use crate::journeys::DayMoment;
use crate::time::NO_TIME;

use super::plan::{FunnelPlan, MAX_STEPS};
use super::spec::Order;

/// Stands for a lead's creation, which is not an event of the timeline.
pub(super) const CREATION: u32 = u32::MAX;

/// One event that matches a step or an exclusion.
#[derive(Debug, Clone, Copy)]
pub(super) struct MatchedEvents {
    pub(super) at: i64,
    /// Whether only the day is known.
    pub(super) day: bool,
    /// Position in the timeline, or [`CREATION`].
    pub(super) event: u32,
    /// Number among all events of the lead, others included.
    pub(super) seq: u32,
    /// Steps it matches, as bits.
    pub(super) steps: u32,
    /// Exclusions it matches, as bits.
    pub(super) hits: u32,
}

impl MatchedEvents {
    /// When it happened.
    pub(super) fn moment(&self) -> DayMoment {
        DayMoment { at: self.at, day: self.day }
    }

    /// Events of one instant have no order of their own: events that match no step come first, exclusions before others,
    /// then by first step, fewer matching steps before more. Events that remain equal are interchangeable.
    fn rank(&self) -> (u32, u32, u32, u32) {
        let first = if self.steps == 0 { 0 } else { self.steps.trailing_zeros() + 1 };
        (first, self.steps.count_ones(), self.steps, self.hits)
    }
}

/// Where the events end that are taken together with the one at `start`: all of its instant; strict steps take one
/// after the other.
pub(super) fn end_of_instant(plan: &FunnelPlan<'_>, seen: &[MatchedEvents], start: usize) -> usize {
    let at = seen.get(start).map(|s| s.at);
    let mut end = start + 1;
    while plan.order != Order::Strict && end < seen.len() && seen.get(end).map(|s| s.at) == at {
        end += 1;
    }
    end
}

/// Collects the events of `lead` into `seen`; false if it starts from creation and has no time of creation.
pub(super) fn collect(plan: &FunnelPlan<'_>, lead: u32, seen: &mut Vec<MatchedEvents>) -> bool {
    seen.clear();
    let timeline = &plan.journeys.timeline;
    let created = plan.journeys.leads.created_at(lead);
    let mut from = i64::MIN;
    if plan.from_creation {
        if created == NO_TIME {
            return false;
        }
        from = created;
    }
    let until = plan.journeys.observed_until;
    let range = timeline.range(lead);
    let mut seq = 0u32;
    let mut to_come = plan.from_creation && created < until;
    let mut i = range.start;
    let day = plan.journeys.days.created.contains(lead);
    let creation = |seq: u32| MatchedEvents { at: created, day, event: CREATION, seq, steps: 1, hits: 0 };
    while i < range.end {
        let Some(at) = timeline.at.get(i).copied().filter(|at| *at < until) else { break };
        // Steps follow the creation they start from.
        if at < from {
            i += 1;
            continue;
        }
        if to_come && at > created {
            seen.push(creation(seq));
            seq += 1;
            to_come = false;
        }
        // Most instants have one event.
        let first = seen.len();
        let mut end = i;
        while end < range.end && timeline.at.get(end) == Some(&at) {
            let bits = plan.matcher.bits(end);
            if bits != 0 {
                let (steps, hits) = (bits as u32, (bits >> MAX_STEPS) as u32);
                seen.push(MatchedEvents { at, day: plan.is_day(end), event: end as u32, seq: 0, steps, hits });
            }
            end += 1;
        }
        let mut count = (end - i) as u32;
        if to_come && at == created {
            seen.push(creation(0));
            count += 1;
            to_come = false;
        }
        if let Some(instant) = seen.get_mut(first..) {
            if instant.len() > 1 {
                // Creation was put last, but is the first of step 1.
                instant.sort_by_key(|s| (s.rank(), s.event != CREATION));
            }
            let others = count - instant.len() as u32;
            for (k, s) in (0u32..).zip(instant.iter_mut()) {
                s.seq = seq + k + if s.steps == 0 { 0 } else { others };
            }
        }
        seq += count;
        i = end;
    }
    if to_come {
        seen.push(creation(seq));
    }
    true
}

/// Whether one of several events of an instant can be more than one step.
pub(super) fn can_be_several(here: &[MatchedEvents]) -> bool {
    here.len() > 1 && here.iter().any(|event| event.steps.count_ones() > 1)
}
