//! Steps in order: the chains of one lead that are still open, and the best of them.
//!
//! For each way through the steps so far one chain is enough, the one whose last event is the latest: its start is the
//! latest too, because the chain it grew from was the latest of its own way. So it has the most time left of every
//! window, and a pass costs events × steps.
//!
//! Events of one instant have no order of their own: exclusions come first, and the others are taken in
//! the order that leads furthest ([`crate::analyses::funnel::ties`]). Strict steps take them one by one, in the order of
//! [`crate::analyses::funnel::matched_events`].

use std::ops::Range;

use super::attempt::{Attempt, StepChain, Walked};
use super::plan::{FunnelPlan, MAX_STEPS};
use super::spec::{Entry, Order};
use crate::analyses::funnel::first_occurrence::Instances;
use crate::analyses::funnel::matched_events::{MatchedEvents, can_be_several, end_of_instant};
use crate::analyses::funnel::ties::TiedEvents;
use crate::journeys::DayMoment;

/// Which events may start a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Starts {
    None,
    All,
    At(usize),
}

/// Room for the chains of one lead.
#[derive(Debug)]
pub(super) struct Chains {
    live: Vec<Option<StepChain>>,
    /// Last step, number of steps, number of the event: of the best attempt so far.
    rank: (usize, u32, usize),
    best_start: i64,
    best: Attempt,
    removed: bool,
    now: CurrentInstant,
    instant: TiedEvents,
    instances: Instances,
}

/// No event yet.
const NEVER: u32 = u32::MAX;

impl Chains {
    pub(super) fn new(plan: &FunnelPlan<'_>) -> Self {
        Self {
            live: vec![None; plan.states.len()],
            rank: (0, 0, 0),
            best_start: i64::MIN,
            best: Attempt { done: 0, path: [0; MAX_STEPS], reached: [NEVER; MAX_STEPS] },
            removed: false,
            now: CurrentInstant::default(),
            instant: TiedEvents::default(),
            instances: Instances::default(),
        }
    }

    /// Walks one lead, or its events of one value of a property.
    pub(super) fn walk(&mut self, plan: &FunnelPlan<'_>, seen: &[MatchedEvents], out: &mut Walked) {
        self.now = CurrentInstant::default();
        if plan.entry == Entry::Best {
            self.best(plan, seen, out);
        } else {
            let mut next = 0;
            while let Some(more) = seen.get(next..).and_then(|rest| rest.iter().position(|s| s.steps & 1 != 0)) {
                match self.attempt(plan, seen, next + more, out) {
                    Some(after) if plan.entry == Entry::Totals => next = after,
                    _ => break,
                }
            }
        }
        if out.removed {
            out.attempts.clear();
        }
    }

    /// Tries every entry.
    fn best(&mut self, plan: &FunnelPlan<'_>, seen: &[MatchedEvents], out: &mut Walked) {
        self.clear(plan);
        let mut next = 0;
        while let Some(at) = seen.get(next).map(|s| s.at) {
            self.now = CurrentInstant::of(plan, seen, next);
            let events = next..self.now.end;
            let matures = seen.get(next).is_some_and(|s| plan.matures(s.moment()));
            let recorded = plan.is_recorded(at);
            self.exclude_all(plan, seen, events.clone());
            self.take(plan, seen, events.clone(), if matures && recorded { Starts::All } else { Starts::None });
            if self.removed {
                out.removed = true;
                return;
            }
            if self.best.done == 0 && !(matures && recorded) && enters(seen, &events) {
                if !recorded && out.early.is_empty() {
                    out.early.push(at);
                } else if recorded {
                    out.immature.get_or_insert(at);
                }
            }
            if self.best.done.count_ones() as usize == plan.steps {
                break;
            }
            next = events.end;
        }
        if self.best.done != 0 {
            self.settle(plan, seen);
            out.attempts.push(self.best);
        }
    }

    /// Follows the attempt that starts with event `first`; from where on the next may start, `None` if it is immature
    /// or the lead is out. That is after the conversion, or after its instant where one event can be several steps.
    fn attempt(
        &mut self,
        plan: &FunnelPlan<'_>,
        seen: &[MatchedEvents],
        first: usize,
        out: &mut Walked,
    ) -> Option<usize> {
        let entry = seen.get(first)?;
        if !plan.matures(entry.moment()) {
            out.immature.get_or_insert(entry.at);
            return None;
        }
        self.clear(plan);
        let strict = plan.order == Order::Strict;
        let mut next = first;
        let mut starts = Starts::At(first);
        while let Some(event) = seen.get(next) {
            let is_new = next >= self.now.end;
            if is_new {
                self.now = CurrentInstant::of(plan, seen, next);
            }
            // Where each event is one step only, they are taken one by one.
            let events = next..if self.now.several { self.now.end } else { next + 1 };
            // Converted: optional steps that come after may still follow, until the next entry.
            let converted = self.best.done >> plan.goal & 1 != 0;
            if starts == Starts::None && (!self.goes_on(plan, event) || (converted && enters(seen, &events))) {
                break;
            }
            if is_new {
                self.exclude_all(plan, seen, next..self.now.end);
            }
            self.take(plan, seen, events.clone(), starts);
            starts = Starts::None;
            if self.removed {
                out.removed = true;
                return None;
            }
            if !self.live.iter().flatten().any(|c| !strict || c.seq == event.seq) {
                break;
            }
            next = events.end;
            let converted = self.best.done >> plan.goal & 1 != 0;
            if self.best.done.count_ones() as usize == plan.steps || (converted && plan.goal + 1 == plan.steps) {
                break;
            }
        }
        if plan.is_recorded(entry.at) {
            self.settle(plan, seen);
            out.attempts.push(self.best);
        } else {
            out.early.push(entry.at);
        }
        Some(next)
    }

    /// Moves the steps of the best attempt to their first instances.
    fn settle(&mut self, plan: &FunnelPlan<'_>, seen: &[MatchedEvents]) {
        // Strict steps follow one another, which leaves no choice; without windows of their own they are the first.
        if plan.order != Order::Strict && plan.has_step_times {
            self.instances.move_to_first(plan, seen, &mut self.best);
        }
    }

    /// Whether any chain can still take an event of the time of `event`.
    fn goes_on(&self, plan: &FunnelPlan<'_>, event: &MatchedEvents) -> bool {
        let live = self.live.iter().enumerate();
        live.filter_map(|(state, chain)| chain.map(|c| (state, c))).any(|(state, c)| Self::runs(plan, state, &c, event))
    }

    fn clear(&mut self, plan: &FunnelPlan<'_>) {
        self.live.fill(None);
        self.rank = (0, 0, 0);
        self.best_start = i64::MIN;
        self.best.done = 0;
        self.best.reached.iter_mut().take(plan.steps).for_each(|first| *first = NEVER);
        self.removed = false;
    }

    fn start(&mut self, plan: &FunnelPlan<'_>, event: &MatchedEvents, j: usize) {
        let mut path = [0; MAX_STEPS];
        if let Some(p) = path.first_mut() {
            *p = j as u32;
        }
        self.keep(plan, 0, StepChain { start: event.moment(), at: event.moment(), seq: event.seq, path }, j);
    }

    /// Ends the chains that events exclude.
    fn exclude_all(&mut self, plan: &FunnelPlan<'_>, seen: &[MatchedEvents], events: Range<usize>) {
        let events = if plan.hits.is_empty() { &[] } else { seen.get(events).unwrap_or(&[]) };
        for event in events.iter().filter(|event| event.hits != 0) {
            self.exclude(plan, event);
        }
    }

    /// Takes events of the instant at hand.
    #[inline]
    fn take(&mut self, plan: &FunnelPlan<'_>, seen: &[MatchedEvents], events: Range<usize>, starts: Starts) {
        if self.now.several {
            self.take_together(plan, seen, events, starts);
            return;
        }
        // Each is one step only, and earlier steps stand first.
        for j in events {
            if let Some(event) = seen.get(j) {
                self.take_one(plan, event, j, starts);
            }
        }
    }

    #[inline]
    fn take_one(&mut self, plan: &FunnelPlan<'_>, event: &MatchedEvents, j: usize, starts: Starts) {
        self.advance(plan, event, j);
        if event.steps & 1 != 0 && (starts == Starts::All || starts == Starts::At(j)) {
            self.start(plan, event, j);
        }
    }

    /// Takes events of one instant, some of which can be several steps.
    #[inline(never)]
    fn take_together(&mut self, plan: &FunnelPlan<'_>, seen: &[MatchedEvents], events: Range<usize>, starts: Starts) {
        let mut instant = std::mem::take(&mut self.instant);
        let last = events.end.saturating_sub(1);
        instant.gather(seen, events);
        instant.grow(plan, &self.live, starts != Starts::None);
        for state in 0..plan.states.len() {
            if let Some(chain) = instant.best(seen, state) {
                self.keep(plan, state, chain, last);
            }
        }
        self.instant = instant;
    }

    /// Lets an event be a step of chains: of the last step first, so it is one step of a chain only.
    fn advance(&mut self, plan: &FunnelPlan<'_>, event: &MatchedEvents, j: usize) {
        let mut steps = event.steps & !1;
        while steps != 0 {
            let k = (u32::BITS - 1 - steps.leading_zeros()) as usize;
            steps &= !(1 << k);
            let (Some(low), Some(high)) = (plan.of_step.get(k).copied(), plan.of_step.get(k + 1).copied()) else {
                return;
            };
            for state in low..high {
                let Some(from) = plan.states.get(state).map(|s| s.from) else { return };
                let Some(chain) = self.live.get(from).copied().flatten() else { continue };
                let follows = plan.order != Order::Strict || chain.seq + 1 == event.seq;
                if follows && chain.is_in_time(plan, k, event.moment()) {
                    let mut path = chain.path;
                    if let Some(p) = path.get_mut(k) {
                        *p = j as u32;
                    }
                    self.keep(
                        plan,
                        state,
                        StepChain { start: chain.start, at: event.moment(), seq: event.seq, path },
                        j,
                    );
                }
            }
        }
    }

    /// Replaces the chain of the same way.
    fn keep(&mut self, plan: &FunnelPlan<'_>, state: usize, chain: StepChain, j: usize) {
        let (Some(slot), Some(way)) = (self.live.get_mut(state), plan.states.get(state)) else { return };
        // Of chains with the same start the first instance of a step stays, where its time does not matter.
        let timed = plan.order == Order::Strict || plan.has_step_times;
        if timed || slot.is_none_or(|old| chain.start.at > old.start.at) {
            *slot = Some(chain);
        }
        if let (Some(first), Some(event)) = (self.best.reached.get_mut(way.last), chain.path.get(way.last))
            && *first == NEVER
        {
            *first = *event;
        }
        let (last, steps) = (way.last, way.done.count_ones());
        let further = (last, steps) > (self.rank.0, self.rank.1);
        let as_far = (last, steps, j) == self.rank && chain.start.at > self.best_start;
        if further || as_far {
            self.rank = (last, steps, j);
            self.best_start = chain.start.at;
            (self.best.done, self.best.path) = (way.done, chain.path);
        }
    }

    fn exclude(&mut self, plan: &FunnelPlan<'_>, event: &MatchedEvents) {
        let converted = self.best.done >> plan.goal & 1 != 0;
        for (_, hit) in plan.hits.iter().enumerate().filter(|(bit, _)| event.hits >> bit & 1 != 0) {
            let low = plan.of_step.get(hit.after).copied().unwrap_or(0);
            let high = plan.of_step.get(hit.before).copied().unwrap_or(low);
            for state in low..high {
                let running =
                    self.live.get(state).copied().flatten().is_some_and(|c| Self::runs(plan, state, &c, event));
                self.removed |= running && hit.removes && !converted;
                if let Some(slot) = self.live.get_mut(state) {
                    *slot = None;
                }
            }
        }
    }

    /// Whether a chain could still have taken a step at the time of `event`.
    fn runs(plan: &FunnelPlan<'_>, state: usize, chain: &StepChain, event: &MatchedEvents) -> bool {
        plan.window.is_none_or(|w| plan.between(chain.start, event.moment()) <= w)
            && (plan.order != Order::Strict || chain.seq + 1 == event.seq)
            && plan.states.iter().enumerate().any(|(next, s)| {
                s.from == state
                    && next != state
                    && plan
                        .within
                        .get(s.last)
                        .copied()
                        .flatten()
                        .is_none_or(|w| plan.between(chain.at, event.moment()) <= w)
            })
    }
}

impl StepChain {
    /// Whether step `k` may come at a time.
    pub(super) fn is_in_time(&self, plan: &FunnelPlan<'_>, k: usize, at: DayMoment) -> bool {
        let within = plan.within.get(k).copied().flatten();
        plan.window.is_none_or(|w| plan.between(self.start, at) <= w)
            && within.is_none_or(|w| plan.between(self.at, at) <= w)
    }
}

/// The instant at hand.
#[derive(Debug, Clone, Copy, Default)]
struct CurrentInstant {
    /// One past its last event.
    end: usize,
    /// Whether one of several events can be more than one step.
    several: bool,
}

impl CurrentInstant {
    /// The one that starts with an event.
    fn of(plan: &FunnelPlan<'_>, seen: &[MatchedEvents], start: usize) -> Self {
        let end = end_of_instant(plan, seen, start);
        Self { end, several: can_be_several(seen.get(start..end).unwrap_or(&[])) }
    }
}

/// Whether one of the events is step 1.
fn enters(seen: &[MatchedEvents], events: &Range<usize>) -> bool {
    seen.get(events.clone()).unwrap_or(&[]).iter().any(|event| event.steps & 1 != 0)
}
