//! Events of one instant, some of which match several steps: the chains that they make in any order.

use super::attempt::StepChain;
use super::plan::{FunnelPlan, MAX_STEPS};
use crate::analyses::funnel::matched_events::MatchedEvents;
use crate::analyses::funnel::step_matching::Classes;
use crate::journeys::DayMoment;

/// A chain with steps that are done in the instant, as bits.
type Grown = (u32, StepChain);

/// Room for one instant.
#[derive(Debug, Default)]
pub(super) struct TiedEvents {
    classes: Classes,
    /// Places of the events.
    events: Vec<u32>,
    at: DayMoment,
    seq: u32,
    /// Per way through the steps: the chains that end in this instant, one for each set of steps done in it.
    grown: Vec<Vec<Grown>>,
}

impl TiedEvents {
    /// Takes the events of an instant, which are in `seen` at `places`.
    pub(super) fn gather(&mut self, seen: &[MatchedEvents], places: impl Iterator<Item = usize>) {
        self.events.clear();
        self.classes.clear();
        for place in places {
            if let Some(event) = seen.get(place).filter(|event| event.steps != 0) {
                (self.at, self.seq) = (event.moment(), event.seq);
                self.events.push(place as u32);
                self.classes.count(event.steps, true);
            }
        }
    }

    /// Whether different events of the instant can be the steps `among`.
    pub(super) fn fit(&mut self, among: u32) -> bool {
        self.classes.fit(among)
    }

    /// Writes the place of an event of its own for each of the steps `among` to `path`.
    pub(super) fn assign(&mut self, seen: &[MatchedEvents], among: u32, path: &mut [u32; MAX_STEPS]) {
        let events = self.events.iter().filter_map(|place| seen.get(*place as usize).map(|event| (*place, event)));
        self.classes.assign(among, &events, path);
    }

    /// Extends the chains in `live` and finds the chains that start here.
    ///
    /// Of chains of one way that do the same steps here, one is enough, the one that started last. Chains with fewer
    /// steps here have more events left for the next, so all are followed.
    pub(super) fn grow(&mut self, plan: &FunnelPlan<'_>, live: &[Option<StepChain>], starts: bool) {
        let at = self.at;
        self.grown.resize(plan.states.len(), Vec::new());
        for (number, state) in plan.states.iter().enumerate() {
            let mut grown: Vec<Grown> = std::mem::take(self.grown.get_mut(number).unwrap_or(&mut Vec::new()));
            grown.clear();
            let step = 1 << state.last;
            if state.from == number {
                if starts && self.classes.fit(step) {
                    grown.push((step, StepChain { start: at, at, seq: self.seq, path: [0; MAX_STEPS] }));
                }
            } else {
                let before = live.get(state.from).copied().flatten().map(|chain| (0, chain));
                let here = self.grown.get(state.from).into_iter().flatten().copied();
                for (done, chain) in before.into_iter().chain(here) {
                    let done = done | step;
                    if chain.is_in_time(plan, state.last, at) && self.classes.fit(done) {
                        grown.push((done, StepChain { at, seq: self.seq, ..chain }));
                    }
                }
            }
            if let Some(own) = self.grown.get_mut(number) {
                *own = grown;
            }
        }
    }

    /// Of the chains of a way that end here, the one that started last, of those the one that does fewest steps here: it
    /// did the others before.
    pub(super) fn best(&mut self, seen: &[MatchedEvents], state: usize) -> Option<StepChain> {
        let rank = |(done, chain): &&Grown| (chain.start.at, std::cmp::Reverse(done.count_ones()));
        let (done, mut chain) = self.grown.get(state)?.iter().max_by_key(rank).copied()?;
        self.assign(seen, done, &mut chain.path);
        Some(chain)
    }
}
