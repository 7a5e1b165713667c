//! Steps in any order: the most steps that different events within one window can be.

use super::chains::{Attempt, Walked};
use super::plan::{MAX_STEPS, Plan};
use super::seen::Seen;
use super::spec::Entry;

/// Events of a window, by the steps they match. Events of one class are interchangeable.
#[derive(Debug, Default)]
pub(super) struct Classes {
    /// Steps as bits, number of events.
    counts: Vec<(u32, usize)>,
    /// Class that each step is matched with.
    matched: [Option<usize>; MAX_STEPS],
    used: Vec<usize>,
}

impl Classes {
    fn clear(&mut self) {
        self.counts.clear();
    }

    fn class(&mut self, steps: u32) -> usize {
        self.counts.iter().position(|(s, _)| *s == steps).unwrap_or_else(|| {
            self.counts.push((steps, 0));
            self.counts.len() - 1
        })
    }

    /// Adds or takes away an event; whether that can change the matching.
    fn count(&mut self, steps: u32, add: bool) -> bool {
        let class = self.class(steps);
        let Some((steps, count)) = self.counts.get_mut(class) else { return false };
        *count = if add { *count + 1 } else { count.saturating_sub(1) };
        // A class serves no more events than it has steps.
        (*count - usize::from(add)) < steps.count_ones() as usize
    }

    /// Size of the largest matching of steps and events; the class of `first` is part of it.
    fn matching(&mut self, first: Option<u32>) -> usize {
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
        for step in (0..MAX_STEPS).filter(|s| all >> s & 1 != 0) {
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

    /// The events of the last matching among `events`, taken in the order given.
    fn choose<'a>(&mut self, events: impl Iterator<Item = (u32, &'a Seen)>) -> Attempt {
        let mut chosen: Vec<u32> = Vec::new();
        for (j, event) in events {
            let class = self.class(event.steps);
            if let Some(left) = self.used.get_mut(class).filter(|u| **u > 0) {
                *left -= 1;
                chosen.push(j);
            }
        }
        chosen.sort_unstable();
        let mut path = [0; MAX_STEPS];
        path.iter_mut().zip(&chosen).for_each(|(p, j)| *p = *j);
        let done = if chosen.len() >= 32 { u32::MAX } else { (1 << chosen.len()) - 1 };
        Attempt { done, path, reached: path }
    }
}

/// Walks one lead, or its events of one value of a property.
pub(super) fn walk(plan: &Plan<'_>, seen: &[Seen], classes: &mut Classes, out: &mut Walked) {
    match plan.entry {
        Entry::Best => best(plan, seen, classes, out),
        Entry::First => {
            if !seen.is_empty() {
                attempt(plan, seen, 0, classes, out);
            }
        }
        Entry::Totals => {
            let mut next = Some(0);
            while let Some(first) = next.filter(|n| *n < seen.len()) {
                next = attempt(plan, seen, first, classes, out);
            }
        }
    }
}

fn in_window(plan: &Plan<'_>, start: &Seen, event: &Seen) -> bool {
    plan.window.is_none_or(|w| event.at - start.at <= w)
}

/// The attempt that starts with event `first`; the number of the event after it.
fn attempt(plan: &Plan<'_>, seen: &[Seen], first: usize, classes: &mut Classes, out: &mut Walked) -> Option<usize> {
    let start = seen.get(first)?;
    if !plan.matures(start.at) {
        out.immature.get_or_insert(start.at);
        return None;
    }
    classes.clear();
    let (mut size, mut reached, mut next) = (0, first, first);
    while let Some(event) = seen.get(next).filter(|e| in_window(plan, start, e)) {
        if classes.count(event.steps, true) {
            let now = classes.matching(Some(start.steps));
            if now > size {
                (size, reached) = (now, next);
            }
        }
        next += 1;
        if size == plan.steps {
            break;
        }
    }
    out.attempts.push(select(seen, first, reached, classes, false));
    Some(next)
}

/// Tries every window: the most steps, reached first, and of those in the shortest time.
fn best(plan: &Plan<'_>, seen: &[Seen], classes: &mut Classes, out: &mut Walked) {
    classes.clear();
    let (mut most, mut from) = (0, 0);
    let mut next = 0;
    for (i, start) in seen.iter().enumerate() {
        if !plan.matures(start.at) {
            if most == 0 {
                out.immature.get_or_insert(start.at);
            }
            break;
        }
        let mut grown = false;
        while let Some(event) = seen.get(next).filter(|e| in_window(plan, start, e)) {
            grown |= classes.count(event.steps, true);
            next += 1;
        }
        if grown {
            let size = classes.matching(None);
            if size > most {
                (most, from) = (size, i);
            }
            if size == plan.steps {
                break;
            }
        }
        classes.count(start.steps, false);
    }
    if most == 0 {
        return;
    }
    // The first window with so many steps completes first: to where must it go, and from where could it start?
    classes.clear();
    let mut last = from;
    for (j, event) in seen.iter().enumerate().skip(from) {
        last = j;
        if classes.count(event.steps, true) && classes.matching(None) == most {
            break;
        }
    }
    let mut first = from;
    while let Some(event) = seen.get(first).filter(|_| first < last) {
        // The next start must be observed to its end, too.
        if !seen.get(first + 1).is_some_and(|next| plan.matures(next.at)) {
            break;
        }
        // Only where fewer events are left than steps of their kind can the matching shrink.
        if classes.count(event.steps, false) && classes.matching(None) < most {
            break;
        }
        first += 1;
    }
    out.attempts.push(select(seen, first, last, classes, true));
}

/// Matches the events from `first` to `last`: the first itself, and the earliest or the latest others of each class.
fn select(seen: &[Seen], first: usize, last: usize, classes: &mut Classes, latest: bool) -> Attempt {
    classes.clear();
    let window = seen.get(first..=last).unwrap_or(&[]);
    let events = || (first as u32..).zip(window);
    for (_, event) in events() {
        classes.count(event.steps, true);
    }
    classes.matching(seen.get(first).map(|s| s.steps));
    if latest {
        let mut back: Vec<(u32, &Seen)> = events().skip(1).collect();
        back.reverse();
        classes.choose(events().take(1).chain(back))
    } else {
        classes.choose(events())
    }
}
