//! Steps in order: the chains of one lead that are still open, and the best of them.
//!
//! For each way through the steps so far one chain is enough, the one whose last event is the latest: its start is the
//! latest too, because the chain it grew from was the latest of its own way. So it has the most time left of every
//! window, and a pass costs events × steps.

use super::instances::move_to_first;
use super::plan::{MAX_STEPS, Plan};
use super::seen::Seen;
use super::spec::{Entry, Order};

/// How far an attempt got: steps done as bits, and the position in `seen` of the event of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) done: u32,
    pub(super) path: [u32; MAX_STEPS],
    /// The event by which each step was first got to, whatever came of it.
    pub(super) reached: [u32; MAX_STEPS],
}

/// What became of one lead.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// None if it never entered; several for `totals`.
    pub(super) attempts: Vec<Attempt>,
    /// An entry's window is not over at the end of observation.
    pub(super) immature: Option<i64>,
    /// An exclusion took the lead out.
    pub(super) removed: bool,
}

impl Walked {
    pub(super) fn clear(&mut self) {
        self.attempts.clear();
        (self.immature, self.removed) = (None, false);
    }
}

#[derive(Debug, Clone, Copy)]
struct Chain {
    start: i64,
    at: i64,
    seq: u32,
    path: [u32; MAX_STEPS],
}

/// Room for the chains of one lead.
#[derive(Debug)]
pub(super) struct Chains {
    live: Vec<Option<Chain>>,
    /// Last step, number of steps, number of the event: of the best attempt so far.
    rank: (usize, u32, usize),
    best_start: i64,
    best: Attempt,
    removed: bool,
    /// Room for [`move_to_first`].
    rest: Vec<Option<[u32; MAX_STEPS]>>,
}

/// No event yet.
const NEVER: u32 = u32::MAX;

impl Chains {
    pub(super) fn new(plan: &Plan<'_>) -> Self {
        Self {
            live: vec![None; plan.states.len()],
            rank: (0, 0, 0),
            best_start: i64::MIN,
            best: Attempt { done: 0, path: [0; MAX_STEPS], reached: [NEVER; MAX_STEPS] },
            removed: false,
            rest: Vec::new(),
        }
    }

    /// Walks one lead, or its events of one value of a property.
    pub(super) fn walk(&mut self, plan: &Plan<'_>, seen: &[Seen], out: &mut Walked) {
        match plan.entry {
            Entry::Best => self.best(plan, seen, out),
            Entry::First => {
                if let Some(first) = seen.iter().position(|s| s.steps & 1 != 0) {
                    self.attempt(plan, seen, first, out);
                }
            }
            Entry::Totals => {
                let mut next = 0;
                while let Some(more) = seen.get(next..).and_then(|rest| rest.iter().position(|s| s.steps & 1 != 0)) {
                    match self.attempt(plan, seen, next + more, out) {
                        Some(after) => next = after,
                        None => break,
                    }
                }
            }
        }
        if out.removed {
            out.attempts.clear();
        }
    }

    /// Tries every entry.
    fn best(&mut self, plan: &Plan<'_>, seen: &[Seen], out: &mut Walked) {
        self.clear();
        for (j, event) in seen.iter().enumerate() {
            self.advance(plan, event, j);
            if self.removed {
                out.removed = true;
                return;
            }
            if event.steps & 1 != 0 {
                if plan.matures(event.at) {
                    self.start(plan, event, j);
                } else if self.best.done == 0 {
                    out.immature.get_or_insert(event.at);
                }
            }
            if self.best.done.count_ones() as usize == plan.steps {
                break;
            }
        }
        if self.best.done != 0 {
            out.attempts.push(self.found(plan, seen));
        }
    }

    /// The best attempt, by the first instance of each step.
    fn found(&mut self, plan: &Plan<'_>, seen: &[Seen]) -> Attempt {
        // Strict steps follow one another, so that there is no choice.
        if plan.order != Order::Strict && plan.within.iter().any(Option::is_some) {
            move_to_first(plan, seen, &mut self.best, &mut self.rest);
        }
        self.best
    }

    /// Follows the attempt that starts with event `first`; the number of the event after it, `None` if it is immature
    /// or the lead is out.
    fn attempt(&mut self, plan: &Plan<'_>, seen: &[Seen], first: usize, out: &mut Walked) -> Option<usize> {
        let entry = seen.get(first)?;
        if !plan.matures(entry.at) {
            out.immature.get_or_insert(entry.at);
            return None;
        }
        self.clear();
        self.start(plan, entry, first);
        let mut next = first + 1;
        while self.best.done.count_ones() as usize != plan.steps {
            // Converted: optional steps that come after may still follow, until the next entry.
            let converted = self.best.done >> plan.goal & 1 != 0;
            let Some(event) = seen.get(next).filter(|_| !converted || plan.goal + 1 < plan.steps) else { break };
            if !self.goes_on(plan, event) || (converted && event.steps & 1 != 0) {
                break;
            }
            self.advance(plan, event, next);
            if self.removed {
                out.removed = true;
                return None;
            }
            let strict = plan.order == Order::Strict;
            if !self.live.iter().flatten().any(|c| !strict || c.seq == event.seq) {
                break;
            }
            next += 1;
        }
        out.attempts.push(self.found(plan, seen));
        Some(next)
    }

    /// Whether any chain can still take `event`.
    fn goes_on(&self, plan: &Plan<'_>, event: &Seen) -> bool {
        let strict = plan.order == Order::Strict;
        self.live
            .iter()
            .flatten()
            .any(|c| plan.longest.is_none_or(|w| event.at - c.start <= w) && (!strict || c.seq + 1 == event.seq))
    }

    fn clear(&mut self) {
        self.live.fill(None);
        self.rank = (0, 0, 0);
        self.best_start = i64::MIN;
        self.best.done = 0;
        self.best.reached = [NEVER; MAX_STEPS];
        self.removed = false;
    }

    fn start(&mut self, plan: &Plan<'_>, event: &Seen, j: usize) {
        let mut path = [0; MAX_STEPS];
        if let Some(p) = path.first_mut() {
            *p = j as u32;
        }
        self.keep(plan, 0, Chain { start: event.at, at: event.at, seq: event.seq, path }, j);
    }

    /// Ends the chains that `event` excludes, then lets it be a step of the others: of the last step first, so that it
    /// is one step of a chain only.
    fn advance(&mut self, plan: &Plan<'_>, event: &Seen, j: usize) {
        if event.hits != 0 {
            self.exclude(plan, event);
        }
        let mut steps = event.steps & !1;
        while steps != 0 {
            let k = (u32::BITS - 1 - steps.leading_zeros()) as usize;
            steps &= !(1 << k);
            let within = plan.within.get(k).copied().flatten();
            let (Some(low), Some(high)) = (plan.of_step.get(k).copied(), plan.of_step.get(k + 1).copied()) else {
                return;
            };
            for state in low..high {
                let Some(from) = plan.states.get(state).map(|s| s.from) else { return };
                let Some(chain) = self.live.get(from).copied().flatten() else { continue };
                let in_time = plan.window.is_none_or(|w| event.at - chain.start <= w)
                    && within.is_none_or(|w| event.at - chain.at <= w)
                    && (plan.order != Order::Strict || chain.seq + 1 == event.seq);
                if in_time {
                    let mut path = chain.path;
                    if let Some(p) = path.get_mut(k) {
                        *p = j as u32;
                    }
                    self.keep(plan, state, Chain { start: chain.start, at: event.at, seq: event.seq, path }, j);
                }
            }
        }
    }

    /// Puts a chain in the place of the one of the same way.
    fn keep(&mut self, plan: &Plan<'_>, state: usize, chain: Chain, j: usize) {
        let (Some(slot), Some(way)) = (self.live.get_mut(state), plan.states.get(state)) else { return };
        // Of chains with the same start the first instance of a step stays, where its time does not matter.
        let timed = plan.order == Order::Strict || plan.within.iter().any(Option::is_some);
        if timed || slot.is_none_or(|old| chain.start > old.start) {
            *slot = Some(chain);
        }
        if let Some(first) = self.best.reached.get_mut(way.last).filter(|first| **first == NEVER) {
            *first = j as u32;
        }
        let (last, steps) = (way.last, way.done.count_ones());
        let further = (last, steps) > (self.rank.0, self.rank.1);
        let as_far = (last, steps, j) == self.rank && chain.start > self.best_start;
        if further || as_far {
            self.rank = (last, steps, j);
            self.best_start = chain.start;
            (self.best.done, self.best.path) = (way.done, chain.path);
        }
    }

    fn exclude(&mut self, plan: &Plan<'_>, event: &Seen) {
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
    fn runs(plan: &Plan<'_>, state: usize, chain: &Chain, event: &Seen) -> bool {
        plan.window.is_none_or(|w| event.at - chain.start <= w)
            && (plan.order != Order::Strict || chain.seq + 1 == event.seq)
            && plan.states.iter().enumerate().any(|(next, s)| {
                s.from == state
                    && next != state
                    && plan.within.get(s.last).copied().flatten().is_none_or(|w| event.at - chain.at <= w)
            })
    }
}
