//! The first instance of each step, where steps have windows of their own.
//!
//! The search for chains keeps the latest event of each step, as it has the most time left for the next step. Which
//! leads get how far does not depend on it, but the times between steps do: of the chains with the start and the end
//! that were found, the one whose second step is the earliest is meant, of those the one whose third step is, and so
//! on.

use super::attempt::Attempt;
use super::plan::{FunnelPlan, MAX_STEPS};
use crate::analyses::funnel::matched_events::{MatchedEvents, can_be_several, end_of_instant};
use crate::analyses::funnel::ties::TiedEvents;
use crate::journeys::DayMoment;

type Path = [u32; MAX_STEPS];

/// Room for one attempt.
#[derive(Debug, Default)]
pub(super) struct Instances {
    instant: TiedEvents,
    /// Steps of the attempt.
    steps: Vec<usize>,
    /// Per step of the attempt: the events of that step and those after it, of the chain that starts with the first event
    /// from here on that can be this step.
    rest: Vec<Option<Path>>,
    /// The same, of the instant at hand.
    here: Vec<Option<Path>>,
}

impl Instances {
    /// Moves the steps of an attempt between its first and its last to their first instances.
    pub(super) fn move_to_first(&mut self, plan: &FunnelPlan<'_>, seen: &[MatchedEvents], attempt: &mut Attempt) {
        self.steps.clear();
        self.steps.extend((0..plan.steps).filter(|k| attempt.done >> k & 1 != 0));
        let place = |k: Option<&usize>| k.and_then(|k| attempt.path.get(*k)).map_or(0, |place| *place as usize);
        let time = |place: usize| seen.get(place).map_or(0, |s| s.at);
        let start = place(self.steps.first());
        let (first, last) = (time(start), time(place(self.steps.last())));
        // Where each event is one step only, those before the first belong to attempts before.
        let instant = seen.partition_point(|s| s.at < first);
        let here = seen.get(instant..end_of_instant(plan, seen, instant)).unwrap_or(&[]);
        let start_of_all = if can_be_several(here) { instant } else { start };
        self.rest.clear();
        self.rest.resize(self.steps.len(), None);
        let mut ends: Vec<usize> = Vec::new();
        let mut next = start_of_all;
        while seen.get(next).is_some_and(|s| s.at <= last) {
            next = end_of_instant(plan, seen, next);
            ends.push(next);
        }
        while let Some(end) = ends.pop() {
            let start = ends.last().copied().unwrap_or(start_of_all);
            self.instant.gather(seen, start..end);
            let Some(events) = seen.get(start..end) else { return };
            let at = events.first().map_or(first, |s| s.at);
            let moment = events.first().map_or(DayMoment { at: first, day: false }, MatchedEvents::moment);
            self.here.clear();
            for p in 0..self.steps.len() {
                let may_be = (p == 0) == (at == first) || self.steps.len() == 1;
                let chain = if may_be { self.longest(plan, seen, p, moment, at == last) } else { None };
                self.here.push(chain);
            }
            for (rest, here) in self.rest.iter_mut().zip(&self.here).filter(|(_, here)| here.is_some()) {
                *rest = *here;
            }
            let hits = events.iter().fold(0, |hits, event| hits | event.hits);
            for (_, hit) in plan.hits.iter().enumerate().filter(|(bit, _)| hits >> bit & 1 != 0) {
                for (step, rest) in self.steps.iter().zip(self.rest.iter_mut().skip(1)) {
                    if (hit.after..hit.before).contains(step) {
                        *rest = None;
                    }
                }
            }
        }
        if let Some(path) = self.rest.first().copied().flatten() {
            attempt.path = path;
        }
    }

    /// The chain from step number `p` on that does the most steps in the instant at hand; to the last where it `ends`.
    fn longest(
        &mut self,
        plan: &FunnelPlan<'_>,
        seen: &[MatchedEvents],
        p: usize,
        at: DayMoment,
        ends: bool,
    ) -> Option<Path> {
        let n = self.steps.len();
        let bits = |to: usize| self.steps.get(p..to).unwrap_or(&[]).iter().fold(0, |bits, k| bits | 1 << k);
        let sets: Vec<(usize, u32)> = (p + 1..=n).rev().map(|to| (to, bits(to))).collect();
        for (to, among) in sets {
            let rest = match self.steps.get(to) {
                None if ends => Some([0; MAX_STEPS]),
                Some(next) if !ends => self.rest.get(to).copied().flatten().filter(|path| {
                    let then =
                        path.get(*next).and_then(|place| seen.get(*place as usize)).map_or(at, MatchedEvents::moment);
                    plan.within.get(*next).copied().flatten().is_none_or(|w| plan.between(at, then) <= w)
                }),
                _ => None,
            };
            if let Some(mut path) = rest
                && self.instant.fit(among)
            {
                self.instant.assign(seen, among, &mut path);
                return Some(path);
            }
        }
        None
    }
}
