//! Which events can be which steps, each a different one: matchings of steps and events.

use super::plan::MAX_STEPS;
use crate::analyses::funnel::matched_events::MatchedEvents;

/// Some events, by the steps they match. Events of one class are interchangeable.
#[derive(Debug, Default)]
pub(super) struct Classes {
    /// Steps as bits, number of events.
    counts: Vec<(u32, usize)>,
    /// Class that each step is matched with.
    matched: [Option<usize>; MAX_STEPS],
    used: Vec<usize>,
}

impl Classes {
    pub(super) fn clear(&mut self) {
        self.counts.clear();
    }

    fn class(&mut self, steps: u32) -> usize {
        self.counts.iter().position(|(s, _)| *s == steps).unwrap_or_else(|| {
            self.counts.push((steps, 0));
            self.counts.len() - 1
        })
    }

    /// Adds or takes away an event; whether that can change the matching.
    pub(super) fn count(&mut self, steps: u32, add: bool) -> bool {
        let class = self.class(steps);
        let Some((steps, count)) = self.counts.get_mut(class) else { return false };
        *count = if add { *count + 1 } else { count.saturating_sub(1) };
        // A class serves no more events than it has steps.
        (*count - usize::from(add)) < steps.count_ones() as usize
    }

    /// Size of the largest matching of the steps `among`, which are bits, and events; the class of `first` is part of it.
    pub(super) fn matching(&mut self, first: Option<u32>, among: u32) -> usize {
        self.matched = [None; MAX_STEPS];
        self.used.clear();
        self.used.resize(self.counts.len(), 0);
        let mut size = 0;
        if let Some(steps) = first {
            let class = self.class(steps);
            if let (Some(m), Some(u)) =
                (self.matched.get_mut(steps.trailing_zeros() as usize), self.used.get_mut(class))
            {
                *m = Some(class);
                *u = 1;
                size = 1;
            }
        }
        let all = self.counts.iter().fold(0, |all, (steps, _)| all | steps);
        for step in (0..MAX_STEPS).filter(|s| (all & among) >> s & 1 != 0) {
            if self.matched.get(step).copied().flatten().is_none() {
                let mut visited = 0;
                size += usize::from(self.augment(step, &mut visited));
            }
        }
        size
    }

    /// Finds an event for `step`, moving other steps to other events if needed (Kuhn's algorithm).
    fn augment(&mut self, step: usize, visited: &mut u32) -> bool {
        *visited |= 1 << step;
        for class in 0..self.counts.len() {
            let Some((steps, count)) = self.counts.get(class).copied() else { continue };
            if steps >> step & 1 == 0 || count == 0 {
                continue;
            }
            let free = self.used.get(class).is_some_and(|u| *u < count);
            if free {
                if let Some(u) = self.used.get_mut(class) {
                    *u += 1;
                }
            } else {
                let moved = (0..MAX_STEPS).any(|other| {
                    self.matched.get(other).copied().flatten() == Some(class)
                        && *visited >> other & 1 == 0
                        && self.augment(other, visited)
                });
                if !moved {
                    continue;
                }
            }
            if let Some(m) = self.matched.get_mut(step) {
                *m = Some(class);
            }
            return true;
        }
        false
    }

    /// Whether different events can be the steps `among`, which are bits.
    pub(super) fn fit(&mut self, among: u32) -> bool {
        self.matching(None, among) == among.count_ones() as usize
    }

    /// Gives each of the steps `among` an event of its own: the first step the first event that leaves the others
    /// theirs, and so on. `events` are those counted, with their places; false, and nothing is written, if they are too
    /// few.
    pub(super) fn assign<'a>(
        &mut self,
        among: u32,
        events: &(impl Iterator<Item = (u32, &'a MatchedEvents)> + Clone),
        path: &mut [u32; MAX_STEPS],
    ) -> bool {
        if !self.fit(among) {
            return false;
        }
        let (mut left, mut taken) = (among, Vec::new());
        while left != 0 {
            let step = left.trailing_zeros() as usize;
            left &= left - 1;
            // Classes of which one event is as little use as another.
            let mut useless: Vec<u32> = Vec::new();
            for (place, event) in events.clone() {
                let is_step = event.steps >> step & 1 != 0 && !useless.contains(&event.steps);
                if !is_step || taken.contains(&(place, event.steps)) {
                    continue;
                }
                self.count(event.steps, false);
                if self.fit(left) {
                    taken.push((place, event.steps));
                    if let Some(own) = path.get_mut(step) {
                        *own = place;
                    }
                    break;
                }
                self.count(event.steps, true);
                useless.push(event.steps);
            }
        }
        taken.iter().for_each(|(_, steps)| _ = self.count(*steps, true));
        true
    }
}
