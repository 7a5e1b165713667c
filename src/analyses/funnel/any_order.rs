//! Steps in any order: the most steps that different events within one window can be.

use super::attempt::{Attempt, Walked};
use super::plan::{FunnelPlan, MAX_STEPS};
use super::spec::Entry;
use crate::analyses::funnel::matched_events::MatchedEvents;
use crate::analyses::funnel::step_matching::Classes;

/// Walks one lead, or its events of one value of a property.
pub(super) fn walk(plan: &FunnelPlan<'_>, seen: &[MatchedEvents], classes: &mut Classes, out: &mut Walked) {
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

fn in_window(plan: &FunnelPlan<'_>, start: &MatchedEvents, event: &MatchedEvents) -> bool {
    plan.window.is_none_or(|w| plan.between(start.moment(), event.moment()) <= w)
}

/// The attempt that starts with event `first`; the number of the event after it.
fn attempt(
    plan: &FunnelPlan<'_>,
    seen: &[MatchedEvents],
    first: usize,
    classes: &mut Classes,
    out: &mut Walked,
) -> Option<usize> {
    let start = seen.get(first)?;
    if !plan.matures(start.moment()) {
        out.immature.get_or_insert(start.at);
        return None;
    }
    let (attempt, next) = follow(plan, seen, first, classes);
    if plan.is_recorded(start.at) {
        out.attempts.push(attempt);
    } else {
        out.early.push(start.at);
    }
    Some(next)
}

/// Tries every window: the most steps, reached first, and of those in the shortest time.
fn best(plan: &FunnelPlan<'_>, seen: &[MatchedEvents], classes: &mut Classes, out: &mut Walked) {
    classes.clear();
    let (mut most, mut from) = (0, 0);
    // Windows start where outcomes were recorded.
    let recorded = seen.partition_point(|s| !plan.is_recorded(s.at));
    let mut next = recorded;
    for (i, start) in seen.iter().enumerate().skip(recorded) {
        if !plan.matures(start.moment()) {
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
            let size = classes.matching(None, u32::MAX);
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
        out.early.extend(seen.iter().take(recorded).take(1).map(|s| s.at));
        return;
    }
    // The first window with so many steps completes first: to where must it go, and from where could it start?
    classes.clear();
    let mut last = from;
    for (j, event) in seen.iter().enumerate().skip(from) {
        last = j;
        if classes.count(event.steps, true) && classes.matching(None, u32::MAX) == most {
            break;
        }
    }
    // Events at the instant of the last step are free for a later start.
    while let Some(event) = seen.get(last + 1).filter(|event| seen.get(last).is_some_and(|l| l.at == event.at)) {
        last += 1;
        classes.count(event.steps, true);
    }
    let mut first = from;
    while let Some(event) = seen.get(first).filter(|_| first < last) {
        // The next start must be observed to its end, too.
        if !seen.get(first + 1).is_some_and(|next| plan.matures(next.moment())) {
            break;
        }
        // Only where fewer events are left than steps of their kind can the matching shrink.
        if classes.count(event.steps, false) && classes.matching(None, u32::MAX) < most {
            break;
        }
        first += 1;
    }
    // Events at the instant of the start were taken with it.
    let at = seen.get(first).map(|s| s.at);
    first -= seen.iter().take(first).rev().take_while(|s| Some(s.at) == at).count();
    out.attempts.push(follow(plan, seen, first, classes).0);
}

/// The events by which one, two, and more different steps were done, in the window that starts with event `first`; and
/// the number of the event after.
fn follow(plan: &FunnelPlan<'_>, seen: &[MatchedEvents], first: usize, classes: &mut Classes) -> (Attempt, usize) {
    classes.clear();
    let (mut size, mut path, mut next) = (0, [0; MAX_STEPS], first);
    let start = seen.get(first);
    while let Some(event) = seen.get(next).filter(|e| size < plan.steps && start.is_some_and(|s| in_window(plan, s, e)))
    {
        if classes.count(event.steps, true) && classes.matching(start.map(|s| s.steps), u32::MAX) > size {
            if let Some(own) = path.get_mut(size) {
                *own = next as u32;
            }
            size += 1;
        }
        next += 1;
    }
    let done = if size >= MAX_STEPS { u32::MAX } else { (1 << size) - 1 };
    (Attempt { done, path, reached: path }, next)
}
