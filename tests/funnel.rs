//! The sequential funnel: hand-worked cases, and a brute force over all chains.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::{DAY, Happening, event, journeys};
use leadlens::funnel::FunnelSpec;
use leadlens::{Span, Task};
use proptest::prelude::*;

const STEPS: [&str; 3] = ["visit", "mail", "call"];

fn counts(all: &[Happening], leads: usize, steps: &[&str], window: Option<i64>, until: i64) -> (Vec<u64>, u64) {
    let j = journeys(&vec![0; leads], all, until, "UTC");
    let spec = FunnelSpec {
        steps: steps.iter().map(|s| (*s).to_owned()).collect(),
        window: window.map(Span::micros),
        by: None,
    };
    let f = j.funnel(&spec, &Task::new()).unwrap();
    (f.steps.iter().map(|s| s.leads).collect(), f.immature)
}

/// Events of one lead as (time, kind).
fn one(events: &[(i64, u32)], steps: &[&str], window: i64) -> u64 {
    let all: Vec<Happening> = events.iter().map(|(t, k)| event(0, *t, *k)).collect();
    counts(&all, 1, steps, Some(window), 1000 * DAY).0.iter().sum()
}

#[test]
fn worked_cases() {
    let (a, b, c) = (0, 1, 2);
    // The window is inclusive, measured from step 1.
    assert_eq!(one(&[(0, a), (10, b)], &STEPS, 10), 2);
    assert_eq!(one(&[(0, a), (10, b)], &STEPS, 9), 1);
    assert_eq!(one(&[(0, a), (6, b), (12, c)], &STEPS, 10), 2);
    // A later entry restarts, an earlier chain goes on.
    assert_eq!(one(&[(0, a), (8, a), (12, b)], &STEPS, 10), 2);
    assert_eq!(one(&[(0, a), (3, b), (8, a), (9, b), (12, c)], &STEPS, 10), 3);
    assert_eq!(one(&[(0, a), (3, b), (8, a), (10, c)], &STEPS, 10), 3);
    // Out of order.
    assert_eq!(one(&[(0, a), (3, c), (5, b)], &STEPS, 10), 2);
    assert_eq!(one(&[(0, b), (1, c)], &STEPS, 10), 0);
    // Two equal steps need two events.
    assert_eq!(one(&[(5, a)], &["visit", "visit"], 10), 1);
    assert_eq!(one(&[(5, a), (5, a)], &["visit", "visit"], 10), 2);
}

#[test]
fn entries_whose_window_is_not_over_are_left_out() {
    let all = [event(0, 5, 0), event(0, 6, 1), event(1, 50, 0)];
    let (steps, immature) = counts(&all, 3, &STEPS, Some(20), 60);
    assert_eq!((steps, immature), (vec![1, 1, 0], 1));
}

#[test]
fn from_creation() {
    let (steps, _) = counts(&[event(0, -5, 1), event(1, 5, 1)], 3, &["created", "mail"], None, 1000);
    assert_eq!(steps, [3, 1]);
}

#[test]
fn breakdown_reconciles_and_names_are_checked() {
    let mut all = vec![event(0, 1, 0), event(1, 1, 0), event(2, 1, 0), event(0, 2, 1)];
    all[0].channel = Some(2);
    all[1].channel = Some(0);
    let j = journeys(&[0; 3], &all, 1000, "UTC");
    let spec = FunnelSpec { steps: vec!["visit".into(), "mail".into()], window: None, by: Some("channel".into()) };
    let f = j.funnel(&spec, &Task::new()).unwrap();
    let groups: Vec<(&str, u64, u64)> =
        f.groups.iter().map(|g| (g.value.as_str(), g.steps[0].leads, g.steps[1].leads)).collect();
    assert_eq!(groups, [("(missing)", 1, 0), ("ads", 1, 0), ("organic", 1, 1)]);
    assert_eq!(f.groups.iter().map(|g| g.steps[0].leads).sum::<u64>(), f.steps[0].leads);
    let kind = |spec: FunnelSpec| j.funnel(&spec, &Task::new()).unwrap_err().kind();
    assert_eq!(kind(FunnelSpec { by: Some("chanel".into()), ..spec.clone() }), "unknown_name");
    assert_eq!(kind(FunnelSpec { steps: vec!["vist".into()], ..spec.clone() }), "unknown_name");
    assert_eq!(kind(FunnelSpec { steps: Vec::new(), ..spec.clone() }), "invalid_option");
    assert_eq!(kind(FunnelSpec { window: Some(Span::micros(0)), ..spec }), "invalid_option");
}

/// Depth of the best chain, by trying every one.
fn deepest(events: &[(i64, u32)], from: usize, step: u32, start: Option<i64>, window: i64) -> u64 {
    let mut best = 0;
    for (i, (t, kind)) in events.iter().enumerate().skip(from) {
        if *kind == step && start.is_none_or(|s| t - s <= window) {
            best = best.max(
                1 + if step < 2 { deepest(events, i + 1, step + 1, Some(start.unwrap_or(*t)), window) } else { 0 },
            );
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn equals_trying_every_chain(mut events in prop::collection::vec((0i64..30, 0u32..3), 0..9), window in 1i64..20) {
        events.sort_by_key(|e| e.0);
        prop_assert_eq!(one(&events, &STEPS, window), deepest(&events, 0, 0, None, window));
    }
}
