//! The first instance of each step, where steps have windows of their own.
//!
//! The search for chains keeps the latest event of each step, as it has the most time left for the next step. Which
//! leads get how far does not depend on it, but the times between steps do: of the chains with the start and the end
//! that were found, the one whose second step is the earliest is meant, of those the one whose third step is, and so
//! on.

use super::chains::Attempt;
use super::plan::{MAX_STEPS, Plan};
use super::seen::Seen;

/// Moves the steps of an attempt between its first and its last to their first instances.
///
/// `rest` is room: per step of the attempt, the events of that step and those after it, of the chain that starts with
/// the first event from here on that can be this step.
pub(super) fn move_to_first(
    plan: &Plan<'_>,
    seen: &[Seen],
    attempt: &mut Attempt,
    rest: &mut Vec<Option<[u32; MAX_STEPS]>>,
) {
    let done: Vec<usize> = (0..plan.steps).filter(|k| attempt.done >> k & 1 != 0).collect();
    let place = |k: Option<&usize>| k.and_then(|k| attempt.path.get(*k)).map_or(0, |p| *p as usize);
    let (first, last) = (place(done.first()), place(done.last()));
    rest.clear();
    rest.resize(done.len(), None);
    for (j, event) in seen.iter().enumerate().take(last + 1).skip(first).rev() {
        // An event is one step of a chain: what is noted for the step after is of later events.
        for (p, step) in done.iter().enumerate() {
            let is_step = match p {
                0 => j == first,
                _ if p + 1 == done.len() => j == last,
                _ => event.steps >> step & 1 != 0,
            };
            let way = match done.get(p + 1) {
                None => Some([0; MAX_STEPS]),
                Some(next) => rest.get(p + 1).copied().flatten().filter(|way| {
                    let then = way.get(*next).and_then(|j| seen.get(*j as usize)).map_or(event.at, |s| s.at);
                    plan.within.get(*next).copied().flatten().is_none_or(|w| then - event.at <= w)
                }),
            };
            if let Some(mut way) = way.filter(|_| is_step) {
                if let Some(own) = way.get_mut(*step) {
                    *own = j as u32;
                }
                if let Some(slot) = rest.get_mut(p) {
                    *slot = Some(way);
                }
            }
        }
        for (_, hit) in plan.hits.iter().enumerate().filter(|(bit, _)| event.hits >> bit & 1 != 0) {
            for (step, slot) in done.iter().zip(rest.iter_mut().skip(1)) {
                if (hit.after..hit.before).contains(step) {
                    *slot = None;
                }
            }
        }
    }
    if let Some(path) = rest.first().copied().flatten() {
        attempt.path = path;
    }
}
