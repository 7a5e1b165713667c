//! Funnels: hand-worked cases of every rule.
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
use leadlens::analyses::funnel::{
    Compat, Entry, Exclusion, Funnel, FunnelSpec, FunnelTally, Mode, Order, Step, StepAttribution, StepRef,
};
use leadlens::time::Period;
use leadlens::{Span, Task};

/// Kinds: a visit, b mail, c call; o, w and l are the stages open, won and lost.
fn kind(letter: char) -> (u32, &'static str) {
    match letter {
        'a' => (0, "visit"),
        'b' => (1, "mail"),
        'c' => (2, "call"),
        'o' => (3, "open"),
        'w' => (4, "won"),
        _ => (5, "lost"),
    }
}

/// Events such as "a0 b3 c12", in minutes; after a slash the channel: "a0/1".
fn happenings(lead: u32, text: &str) -> Vec<Happening> {
    let one = |word: &str| {
        let (word, channel) = word.split_once('/').map_or((word, None), |(w, c)| (w, c.parse().ok()));
        let (letter, at) = word.split_at(1);
        let mut h = event(lead, at.parse::<i64>().unwrap() * MINUTE, kind(letter.chars().next().unwrap()).0);
        h.channel = channel;
        h
    };
    text.split_whitespace().map(one).collect()
}

const MINUTE: i64 = 60_000_000;

fn steps(letters: &str) -> Vec<Step> {
    letters.chars().map(|c| Step::kind(kind(c).1)).collect()
}

fn spec(letters: &str, window: i64) -> FunnelSpec {
    FunnelSpec { steps: steps(letters), window: Some(Span::micros(window * MINUTE)), ..FunnelSpec::default() }
}

fn walk(leads: &[&str], spec: &FunnelSpec) -> Funnel {
    let all: Vec<Happening> = (0u32..).zip(leads).flat_map(|(i, text)| happenings(i, text)).collect();
    journeys(&vec![0; leads.len()], &all, 1000 * DAY, "UTC").funnel(spec, &Task::new()).unwrap()
}

/// Leads per step.
fn counts(leads: &[&str], spec: &FunnelSpec) -> Vec<u64> {
    walk(leads, spec).steps.iter().map(|s| s.leads).collect()
}

fn depth(events: &str, spec: &FunnelSpec) -> u64 {
    counts(&[events], spec).iter().sum()
}

#[test]
fn windows_are_inclusive_and_start_with_step_1() {
    let s = spec("abc", 10);
    assert_eq!(depth("a0 b10", &s), 2);
    assert_eq!(depth("a0 b11", &s), 1);
    assert_eq!(depth("a0 b6 c12", &s), 2);
    // A later entry restarts, an earlier chain goes on.
    assert_eq!(depth("a0 a8 b12", &s), 2);
    assert_eq!(depth("a0 b3 a8 b9 c12", &s), 3);
    assert_eq!(depth("a0 b3 a8 c10", &s), 3);
    // Out of order.
    assert_eq!(depth("a0 c3 b5", &s), 2);
    assert_eq!(depth("a0 c3 b5 c7", &s), 3);
    assert_eq!(depth("b0 c1", &s), 0);
}

#[test]
fn times_within_steps() {
    let mut s = spec("abc", 100);
    s.steps[1].within = Some(Span::micros(5 * MINUTE));
    s.steps[2].within = Some(Span::micros(20 * MINUTE));
    assert_eq!(depth("a0 b6 c7", &s), 1);
    assert_eq!(depth("a0 b5 c25", &s), 3);
    assert_eq!(depth("a0 b5 c26", &s), 2);
    // The later mail has time left for the call, the earlier one has not.
    assert_eq!(depth("a0 b1 b5 c24", &s), 3);
}

#[test]
fn equal_steps_need_different_events() {
    assert_eq!(depth("a5", &spec("aa", 10)), 1);
    assert_eq!(depth("a5 a5", &spec("aa", 10)), 2);
    assert_eq!(depth("a1 b2 a3", &spec("aba", 10)), 3);
}

#[test]
fn events_of_one_instant_are_taken_in_the_order_of_the_steps() {
    assert_eq!(depth("b5 a5", &spec("ab", 10)), 2);
    assert_eq!(depth("c5 b5 a5", &spec("abc", 10)), 3);
    let strict = FunnelSpec { order: Order::Strict, ..spec("ab", 10) };
    // The event that is no step comes first.
    assert_eq!(depth("b5 a5 c5", &strict), 2);
    assert_eq!(depth("a4 c5 b5", &strict), 1);
}

#[test]
fn events_of_one_instant_match_the_steps_that_lead_furthest() {
    assert_eq!(depth("a0 b5 a5", &spec("aba", 60)), 3);
    assert_eq!(depth("a0 a5 b5", &spec("aba", 60)), 3);
    assert_eq!(depth("a5 b5", &spec("aba", 60)), 2);
    // Of two entries the last that can be one.
    let f = walk(&["a0 a5 a5"], &spec("aa", 60));
    assert_eq!(f.steps[1].times.unwrap().from_first.mean, 0.0);
    // A step that two kinds can be is left to the event that can be nothing else.
    let mut two = spec("aba", 10);
    two.steps[0] = serde_json::from_str(r#"["visit", "mail"]"#).unwrap();
    assert_eq!((depth("a20 b20", &two), depth("b20 a20", &two)), (2, 2));
    // What excludes comes before the steps of its instant.
    let mut s = spec("aba", 60);
    s.exclude = vec![exclude('c', 2, 3, false)];
    assert_eq!((depth("a0 b3 c4 a5", &s), depth("a0 b3 c5 a5", &s), depth("a0 b5 c5 a6", &s)), (2, 2, 3));
    // The next attempt starts after the conversion, or after its instant where an event can be several steps.
    let totals = |steps| FunnelSpec { entry: Entry::Totals, ..spec(steps, 60) };
    assert_eq!(counts(&["a5 a5 a5"], &totals("a")), [3]);
    assert_eq!(counts(&["a5 b5 a5 b5 a6"], &totals("ab")), [2, 1]);
    assert_eq!(counts(&["a5 a5 a5 a5 a6"], &totals("aa")), [2, 1]);
    let mut optional = totals("ab");
    optional.steps[1].optional = true;
    assert_eq!(counts(&["a1 a1 a1 b5"], &optional), [3, 1]);
    // A value that is held is that of an entry of the first instant, whichever leads further.
    let held = FunnelSpec { entry: Entry::First, hold: Some("channel".into()), ..spec("cb", 60) };
    assert_eq!((counts(&["c0/0 c0/1 b5/0"], &held), counts(&["c0/1 c0/0 b5/0"], &held)), (vec![1, 1], vec![1, 1]));
}

#[test]
fn steps_with_windows_of_their_own_are_first_instances() {
    let days = |s: &FunnelSpec, events: &str| -> Vec<f64> {
        let f = walk(&[events], s);
        f.steps.iter().skip(1).map(|s| (s.times.unwrap().from_previous.mean * 1440.0).round()).collect()
    };
    let mut s = spec("abc", 1000);
    assert_eq!(days(&s, "a0 b1 b4 b8 c9"), [1.0, 8.0]);
    // A time that cannot bind changes nothing; one that does takes the first that is near enough.
    s.steps[1].within = Some(Span::micros(900 * MINUTE));
    assert_eq!(days(&s, "a0 b1 b4 b8 c9"), [1.0, 8.0]);
    s.steps[2].within = Some(Span::micros(5 * MINUTE));
    assert_eq!(days(&s, "a0 b1 b4 b8 c9"), [4.0, 5.0]);
    // The entry may be an event that stands after another of its instant.
    let mut s = spec("aac", 8);
    s.steps[0] = serde_json::from_str(r#"["call", "visit"]"#).unwrap();
    s.steps[2].within = Some(Span::micros(4 * MINUTE));
    assert_eq!(days(&s, "a0 c0 a3 c3"), [0.0, 3.0]);
}

#[test]
fn an_attempt_is_over_when_no_step_can_follow() {
    let mut s = FunnelSpec { entry: Entry::Totals, ..spec("abc", 1000) };
    s.steps[1].within = Some(Span::micros(5 * MINUTE));
    assert_eq!(counts(&["a0 a20 b25 c90"], &s), [2, 1, 1]);
}

#[test]
fn strict_order_lets_nothing_lie_between() {
    let s = FunnelSpec { order: Order::Strict, ..spec("ab", 100) };
    assert_eq!(depth("a0 b1", &s), 2);
    assert_eq!(depth("a0 c1 b2", &s), 1);
    assert_eq!(depth("a0 a1 b2", &s), 2);
    assert_eq!(depth("a0 c1 a2 b3", &s), 2);
    let first = FunnelSpec { entry: Entry::First, ..s };
    assert_eq!(depth("a0 a1 b2", &first), 1);
    // A stage lies between as well.
    assert_eq!(depth("a0 o1 b2", &first), 1);
}

#[test]
fn any_order_counts_different_steps_within_a_window() {
    let s = FunnelSpec { order: Order::Any, ..spec("abc", 10) };
    assert_eq!(depth("c0 a4 b10", &s), 3);
    assert_eq!(depth("c0 a4 b11", &s), 2);
    assert_eq!(depth("c0 c4 c5", &s), 1);
    let f = walk(&["b0 c3"], &s);
    assert_eq!(f.steps.iter().map(|s| s.step.as_str()).collect::<Vec<_>>(), ["any 1 of 3", "any 2 of 3", "all 3"]);
    // A step that two kinds can be is left to the event that can be nothing else.
    let mut two = s.clone();
    two.steps = vec![Step::kind("visit"), serde_json::from_str(r#"["visit", "mail"]"#).unwrap()];
    assert_eq!(depth("a0 b1", &two), 2);
    assert_eq!(depth("a0 a1", &two), 2);
    assert_eq!(depth("b0 b1", &two), 1);
    let first = FunnelSpec { entry: Entry::First, ..s.clone() };
    assert_eq!(depth("c0 c11 a12 b13", &first), 1);
    assert_eq!(depth("c0 c11 a12 b13", &s), 3);
    let totals = FunnelSpec { entry: Entry::Totals, ..s };
    assert_eq!(counts(&["c0 a1 b2 b3 c20 a21"], &totals), [3, 2, 1]);
}

/// Mixpanel's worked case: A 13:00, A 13:30, B 13:45, C 14:15, window one hour.
#[test]
fn entries() {
    let events = "a780 a810 b825 c855";
    let with = |entry| FunnelSpec { entry, ..spec("abc", 60) };
    assert_eq!(depth(events, &with(Entry::First)), 2);
    assert_eq!(depth(events, &with(Entry::Best)), 3);
    // The first attempt runs until 14:00; there is no entry after it.
    assert_eq!(counts(&[events], &with(Entry::Totals)), [1, 1, 0]);
    assert_eq!(counts(&["a0 b1 c2 a3 b4 a5 a70 b71 c72"], &with(Entry::Totals)), [3, 3, 2]);
    // Without a limit an attempt that does not convert never ends.
    let endless = FunnelSpec { window: None, entry: Entry::Totals, ..spec("abc", 1) };
    assert_eq!(counts(&["a0 a10000 a20000 b30000"], &endless), [1, 1, 0]);
    // Strict attempts end with the first event in between, which may be the next entry.
    let strict = FunnelSpec { order: Order::Strict, ..with(Entry::Totals) };
    assert_eq!(counts(&["a0 a1 b2 c3 a4 c5"], &strict), [3, 1, 1]);
}

fn exclude(letter: char, after: usize, before: usize, removes: bool) -> Exclusion {
    Exclusion {
        event: Step::kind(kind(letter).1),
        after: Some(StepRef::Number(after)),
        before: Some(StepRef::Number(before)),
        removes,
    }
}

#[test]
fn exclusions_end_attempts_between_the_named_steps() {
    let between =
        |after, before, removes| FunnelSpec { exclude: vec![exclude('o', after, before, removes)], ..spec("abc", 100) };
    assert_eq!(depth("a0 o1 b2 c3", &between(1, 2, false)), 1);
    assert_eq!(depth("a0 o1 b2 c3", &between(2, 3, false)), 3);
    assert_eq!(depth("a0 b1 o2 c3", &between(1, 2, false)), 3);
    assert_eq!(depth("a0 b1 o2 c3", &between(1, 3, false)), 2);
    // A new entry, or a new event of the step before, starts afresh.
    assert_eq!(depth("a0 o1 a2 b3 c4", &between(1, 2, false)), 3);
    assert_eq!(depth("a0 b1 o2 b3 c4", &between(2, 3, false)), 3);
    assert_eq!(depth("o0 a1 b2 c3 o4", &between(1, 3, false)), 3);
    let removed = walk(&["a0 o1 a2 b3 c4", "a0 b1 c2 o3", "a0 o200", "o0 a1"], &between(1, 3, true));
    assert_eq!((removed.removed, removed.steps[0].leads, removed.steps[2].leads), (1, 3, 1));
    let totals = FunnelSpec { entry: Entry::Totals, ..between(1, 3, false) };
    assert_eq!(counts(&["a0 o1 a2 b3 l3 o4 a5 b6 c7"], &totals), [3, 2, 1]);
}

#[test]
fn optional_steps_may_be_passed_over() {
    let mut s = spec("abc", 100);
    s.steps[1].optional = true;
    assert_eq!(counts(&["a0 c1", "a0 b1 c2", "a0 b1"], &s), [3, 2, 2]);
    // The longer way is taken if both get as far.
    assert_eq!(counts(&["a0 c1 b2 c3"], &s), [1, 1, 1]);
    let f = walk(&["a0 c1", "a0 b1 c2", "a0 b1", "a0"], &s);
    assert_eq!((f.steps[2].of_previous, f.steps[1].optional), (0.5, true));
}

#[test]
fn attempts_with_optional_steps() {
    let mut s = FunnelSpec { entry: Entry::Totals, ..spec("abc", 100) };
    s.steps[1].optional = true;
    // An attempt ends with its last step, whether the optional one was done or not.
    assert_eq!(counts(&["a1 c2 a3 c4 a5 c6 b7"], &s), [3, 0, 3]);
    // Where the optional step is the last, it may follow until the next entry.
    let mut s = FunnelSpec { entry: Entry::Totals, ..spec("abc", 100) };
    s.steps[2].optional = true;
    assert_eq!(counts(&["a1 b2 a3 b4 c5"], &s), [2, 2, 1]);
}

#[test]
fn nothing_after_the_end_of_observation_is_seen() {
    let until = 10 * MINUTE;
    let j = journeys(&[0], &happenings(0, "a2 b20/1"), until, "UTC");
    let reached = |s: &FunnelSpec| j.funnel(s, &Task::new()).unwrap();
    for compat in [None, Some(Compat::ClickHouse)] {
        let s = FunnelSpec { compat, window: Some(Span::micros(5 * MINUTE)), ..spec("ab", 5) };
        assert_eq!(reached(&s).steps[1].leads, 0);
    }
    let s = FunnelSpec { steps: vec!["created".into()], by: Some("channel".into()), ..FunnelSpec::default() };
    assert_eq!(reached(&s).groups[0].value, "(missing)");
}

#[test]
fn steps_of_one_name_have_their_place_behind_it() {
    let f = walk(&["a1 b2 a3"], &spec("aba", 100));
    assert_eq!(f.steps.iter().map(|s| s.step.as_str()).collect::<Vec<_>>(), ["visit", "mail", "visit (2)"]);
}

#[test]
fn a_property_held_constant() {
    let s = FunnelSpec { hold: Some("channel".into()), ..spec("ab", 100) };
    assert_eq!(depth("a0/1 b1/2", &s), 1);
    assert_eq!(depth("a0/1 a1/2 b2/2", &s), 2);
    // Events without the property do not count.
    assert_eq!(depth("a0 b1", &s), 0);
    // An exclusion is no step: it ends attempts of every value.
    let excluded = FunnelSpec { exclude: vec![exclude('o', 1, 2, false)], ..s.clone() };
    assert_eq!(depth("a0/1 o1 b2/1", &excluded), 1);
    let first = FunnelSpec { entry: Entry::First, ..s.clone() };
    assert_eq!(depth("a0/1 a1/2 b2/2", &first), 1);
    let totals = FunnelSpec { entry: Entry::Totals, ..s };
    assert_eq!(counts(&["a0/1 a1/2 b2/2 b3/1"], &totals), [2, 2]);
    // Of two values that lead equally far in equal time, the one with the first instance of each step, not the first value.
    let ties = FunnelSpec { hold: Some("channel".into()), ..spec("abc", 100) };
    for events in ["a0/0 a0/1 b2/0 b1/1 c5/0 c5/1", "a0/0 a0/1 b1/0 b2/1 c5/0 c5/1"] {
        let times = walk(&[events], &ties).steps[1].times.unwrap();
        assert_eq!((times.from_previous.mean * 1440.0).round(), 1.0, "{events}");
    }
}

#[test]
fn what_a_step_is() {
    let read = |json: &str| serde_json::from_str::<Step>(json).unwrap();
    let with = |json: &str| FunnelSpec { steps: vec![read(json), Step::kind("call")], ..FunnelSpec::default() };
    assert_eq!(depth("b0 c1", &with(r#"["visit", "mail"]"#)), 2);
    assert_eq!(depth("a0/2 c1", &with(r#"{"channel": "organic"}"#)), 2);
    assert_eq!(depth("a0/2 c1", &with(r#"{"kind": "mail", "channel": "organic"}"#)), 0);
    assert_eq!(depth("a0/2 c1", &with(r#"{"kind": "v*t", "channel": "org*"}"#)), 2);
    // What is said of the step holds for all of its choices.
    let both = with(r#"{"any": ["visit", "mail"], "channel": "organic"}"#);
    assert_eq!(counts(&["a0/2 c1", "b0/2 c1", "a0/1 c1"], &both), [2, 2]);
    for bad in [r#"{"any": [{"kind": "visit", "within": "1h"}]}"#, r#"{"any": ["visit"], "kind": "mail"}"#] {
        assert!(serde_json::from_str::<Step>(bad).is_err(), "{bad}");
    }
    assert_eq!(depth("w0 c1", &with(r#"{"stage": "won"}"#)), 2);
    let mut three = happenings(0, "a0 a1 c2");
    three[0].value = Some(2.0);
    three[1].value = Some(3.0);
    let j = journeys(&[0], &three, 1000 * DAY, "UTC");
    let reached = |text: &str| {
        let s = with(&format!(r#"{{"kind": "visit", "where": {{"pages": "{text}"}}}}"#));
        j.funnel(&s, &Task::new()).map(|f| (f.steps[0].leads, f.steps[1].times.unwrap().from_first.mean * DAY as f64))
    };
    let minute = MINUTE as f64;
    assert_eq!(reached(">= 3").unwrap(), (1, minute));
    assert_eq!(reached("<3").unwrap(), (1, 2.0 * minute));
    assert_eq!(reached("!= 2").unwrap(), (1, minute));
    assert_eq!(reached("2").unwrap(), (1, 2.0 * minute));
    assert_eq!(reached("> 3").unwrap().0, 0);
    assert_eq!(reached("three").unwrap_err().kind(), "invalid_option");
}

#[test]
fn entries_whose_window_is_not_over_are_left_out() {
    let all = [happenings(0, "a5 b6"), happenings(1, "a50")].concat();
    let j = journeys(&[0; 3], &all, 60 * MINUTE, "UTC");
    let f = j.funnel(&spec("abc", 20), &Task::new()).unwrap();
    assert_eq!(f.steps.iter().map(|s| s.leads).collect::<Vec<_>>(), [1, 1, 0]);
    assert_eq!((f.immature, f.never_entered), (1, 1));
    // The sum of the times within steps is a window, too.
    let mut s = FunnelSpec { window: None, ..spec("ab", 1) };
    s.steps[1].within = Some(Span::micros(10 * MINUTE));
    assert_eq!(j.funnel(&s, &Task::new()).unwrap().immature, 1);
    s.steps[1].within = Some(Span::micros(9 * MINUTE));
    assert_eq!(j.funnel(&s, &Task::new()).unwrap().immature, 0);
}

#[test]
fn from_creation() {
    let j = journeys(&[0; 3], &[event(0, -5, 1), event(1, 5, 1)], 1000, "UTC");
    let s = FunnelSpec { steps: vec!["created".into(), "mail".into()], ..FunnelSpec::default() };
    for times in [true, false] {
        let f = j.funnel(&FunnelSpec { times, ..s.clone() }, &Task::new()).unwrap();
        assert_eq!(f.steps.iter().map(|s| s.leads).collect::<Vec<_>>(), [3, 1]);
    }
    // Broken down by channel, a creation has the last channel up to it; what came after is that of steps.
    let mut all = happenings(0, "a-5/0 a-3/1 a-2 c5/0 b6/2");
    all.extend(happenings(1, "c1/0 b2/2"));
    all.extend(happenings(2, "c1/0"));
    let by = |attribution| FunnelSpec { by: Some("channel".into()), attribution, ..s.clone() };
    let groups = |attribution| -> Vec<(String, Vec<u64>)> {
        let f = journeys(&[0; 3], &all, DAY, "UTC").funnel(&by(attribution), &Task::new()).unwrap();
        f.groups.iter().map(|g| (g.value.clone(), g.steps.iter().map(|s| s.leads).collect())).collect()
    };
    let own = |name: &str, counts: [u64; 2]| (name.to_owned(), counts.to_vec());
    let (first, last) = (groups(StepAttribution::First), groups(StepAttribution::Last));
    assert_eq!(first, [own("(missing)", [1, 0]), own("mail", [1, 1]), own("organic", [1, 1])]);
    assert_eq!(last, [own("organic", [2, 2]), own("(missing)", [1, 0])]);
    assert_eq!(groups(StepAttribution::Step(1)), [own("mail", [1, 1])]);
}

/// An exclusion takes a lead out whether or not its steps have the property that is held constant.
#[test]
fn held_from_creation() {
    let exclude = vec![exclude('c', 1, 2, true)];
    let s = FunnelSpec { steps: vec!["created".into(), "mail".into()], exclude, ..FunnelSpec::default() };
    let mut all = happenings(0, "c5");
    all.extend(happenings(1, "c5 b6/1"));
    for hold in [None, Some("channel".to_owned())] {
        let s = FunnelSpec { hold, ..s.clone() };
        let f = journeys(&[0; 3], &all, DAY, "UTC").funnel(&s, &Task::new()).unwrap();
        assert_eq!((f.removed, f.steps[0].leads, f.steps[1].leads), (2, 1, 0));
    }
}

#[test]
fn names_of_repeated_steps() {
    let named = |name: &str| Step { name: name.into(), ..Step::kind("visit") };
    let s = FunnelSpec { steps: ["z", "z", "z (2)", "y"].map(named).to_vec(), ..FunnelSpec::default() };
    assert_eq!(s.step_names(), ["z", "z (3)", "z (2)", "y"]);
    let place = |name: &str| StepRef::Name(name.into()).position(&s.steps);
    assert_eq!((place("z (3)").unwrap(), place("z (2)").unwrap(), place("y").unwrap()), (1, 2, 3));
    assert!(place("z").is_err());
}

/// PostHog's case: the same lead goes on with another browser.
#[test]
fn breakdown_by_a_property_of_events() {
    let leads = ["a0/0 b1/1 c2", "a0 b1/1", "a0/0", "a0"];
    let by = |attribution| FunnelSpec { by: Some("channel".into()), attribution, ..spec("abc", 100) };
    let groups = |attribution| -> Vec<(String, Vec<u64>)> {
        let f = walk(&leads, &by(attribution));
        assert_eq!(f.steps.iter().map(|s| s.leads).collect::<Vec<_>>(), [4, 2, 1]);
        let mut g: Vec<_> =
            f.groups.into_iter().map(|g| (g.value, g.steps.iter().map(|s| s.leads).collect())).collect();
        g.sort();
        g
    };
    let is = |list: &[(&str, [u64; 3])]| -> Vec<(String, Vec<u64>)> {
        list.iter().map(|(v, c)| ((*v).to_owned(), c.to_vec())).collect()
    };
    // One value per lead: the groups add up.
    assert_eq!(
        groups(StepAttribution::First),
        is(&[("(missing)", [1, 0, 0]), ("ads", [2, 1, 1]), ("mail", [1, 1, 0])])
    );
    assert_eq!(groups(StepAttribution::Last), is(&[("(missing)", [1, 0, 0]), ("ads", [1, 0, 0]), ("mail", [2, 2, 1])]));
    // Once per value, over the events that have it.
    assert_eq!(groups(StepAttribution::All), is(&[("ads", [2, 0, 0])]));
    // The value at a step; who has none there is left out.
    assert_eq!(groups(StepAttribution::Step(2)), is(&[("mail", [2, 2, 1])]));
}

#[test]
fn times_come_from_the_attempt_that_counts() {
    // The later entry is nearer; the state of ClickHouse's function after these events would give -1 for b to c.
    let f = walk(&["a0 b2 c3 a4 b5 w6"], &spec("abcw", 100));
    let times = |k: usize| f.steps[k].times.unwrap();
    let minutes = |days: f64| days * DAY as f64 / MINUTE as f64;
    assert!((minutes(times(1).from_previous.mean) - 2.0).abs() < 1e-9);
    assert!((minutes(times(3).from_previous.mean) - 3.0).abs() < 1e-9);
    assert!((minutes(times(3).from_first.mean) - 6.0).abs() < 1e-9);
    let f = walk(&["a0 a8 b10 b20"], &spec("ab", 100));
    assert!((minutes(f.steps[1].times.unwrap().from_first.median) - 2.0).abs() < 1e-9);
}

#[test]
fn conversion_over_time_adds_up() {
    let day = 24 * 60;
    let leads = [format!("a0 b{}", 40 * day), format!("a{} b{}", 31 * day, 32 * day), format!("a{}", 35 * day)];
    let texts: Vec<&str> = leads.iter().map(String::as_str).collect();
    let f = walk(&texts, &FunnelSpec { period: Some(Period::Month), ..spec("ab", 50 * day) });
    let rows: Vec<(i64, Vec<u64>)> = f.periods.iter().map(|p| (p.start_day, p.leads.clone())).collect();
    assert_eq!(rows, [(0, vec![1, 1]), (31, vec![2, 1])]);
}

#[test]
fn tallies_join_and_survive_being_saved() {
    let s = FunnelSpec { by: Some("channel".into()), period: Some(Period::Day), ..spec("ab", 100) };
    let leads = ["a0/0 b1/1", "a2000/1 b2001", "a5", "c1"];
    let whole = walk(&leads, &s);
    let part = |leads: &[&str]| {
        let all: Vec<Happening> = (0u32..).zip(leads).flat_map(|(i, text)| happenings(i, text)).collect();
        let tally = journeys(&vec![0; leads.len()], &all, 1000 * DAY, "UTC").funnel_tally(&s, &Task::new()).unwrap();
        serde_json::from_str::<FunnelTally>(&serde_json::to_string(&tally).unwrap()).unwrap()
    };
    let joined = part(&leads[..2]).merge(part(&leads[2..])).unwrap();
    // NaN shares of empty groups are equal as texts.
    assert_eq!(format!("{:?}", joined.clone().finish(&Task::new()).unwrap()), format!("{whole:?}"));
    let other = FunnelTally::merge(joined, {
        let j = journeys(&[0], &happenings(0, "a0"), DAY, "UTC");
        j.funnel_tally(&spec("a", 1), &Task::new()).unwrap()
    });
    assert_eq!(other.unwrap_err().kind(), "invalid_option");
}

#[test]
fn clickhouse_cases() {
    use Mode::{AllowReentry, StrictDeduplication, StrictIncrease, StrictOnce, StrictOrder};
    let with = |letters: &str, window, modes: &[Mode]| FunnelSpec {
        compat: Some(Compat::ClickHouse),
        modes: modes.to_vec(),
        ..spec(letters, window)
    };
    // d is the stage open here.
    for (events, letters, window, modes, level) in [
        ("a0 b10", "abc", 10, &[][..], 2),
        ("a0 b10", "abc", 9, &[], 1),
        ("a0 b6 c12", "abc", 10, &[], 2),
        ("a0 a8 b12", "abc", 10, &[], 2),
        ("a0 b3 a8 b9 c12", "abc", 10, &[], 3),
        ("a0 c3 b5 c7", "abc", 10, &[], 3),
        ("c1 b2 a3", "abc", 10, &[], 1),
        ("b5 a5", "abc", 10, &[], 2),
        ("b5 a5", "abc", 10, &[StrictIncrease], 1),
        ("a1 a2 b2", "ab", 10, &[StrictIncrease], 1),
        ("a1 a2 b2", "ab", 10, &[StrictIncrease, StrictOnce], 2),
        ("a1 o2 b3 c4", "abc", 10, &[], 3),
        ("a1 o2 b3 c4", "abc", 10, &[StrictOrder], 1),
        ("a1 o2 b3 c4", "abc", 10, &[StrictOrder, AllowReentry], 1),
        ("o1 a2 b3 c4", "abc", 10, &[StrictOrder], 3),
        ("a1 c2 b3", "abc", 10, &[StrictOrder], 1),
        ("a1 c2 b3", "abc", 10, &[StrictOrder, AllowReentry], 2),
        ("a1 b2 a3 c4", "abc", 10, &[StrictOrder], 3),
        ("a1 b2 c3 b4 o5", "abco", 10, &[StrictDeduplication], 3),
        ("a1 a2 b3 c4", "abc", 10, &[StrictDeduplication], 3),
        ("a1 a2 b3 b4 c5 c6", "abc", 10, &[StrictDeduplication, StrictOrder], 2),
        ("a0 b5 c10 a15 b20 a25 b30 c35 o40", "abco", 60, &[], 4),
        ("a0 b5 c10 a15 b20 a25 b30 c35 o40", "abco", 60, &[StrictDeduplication], 3),
        ("a5", "aaa", 10, &[], 3),
        ("a5", "aaa", 10, &[StrictIncrease], 1),
        ("a5", "aaa", 10, &[StrictOnce], 1),
    ] {
        assert_eq!(depth(events, &with(letters, window, modes)), level, "{events} {modes:?}");
    }
}

#[test]
fn breakdown_reconciles_and_names_are_checked() {
    let j = journeys(&[0; 3], &happenings(0, "a0 b1"), DAY, "UTC");
    let kind = |spec: FunnelSpec| j.funnel(&spec, &Task::new()).unwrap_err().kind();
    let good = spec("abc", 10);
    let mut optional = good.clone();
    optional.steps[0].optional = true;
    let mut within = good.clone();
    within.steps[1].within = Some(Span::micros(0));
    let clickhouse = FunnelSpec { compat: Some(Compat::ClickHouse), ..good.clone() };
    for (bad, slug) in [
        (FunnelSpec { by: Some("chanel".into()), ..good.clone() }, "unknown_name"),
        (FunnelSpec { hold: Some("chanel".into()), ..good.clone() }, "unknown_name"),
        (FunnelSpec { steps: vec!["vist".into()], ..good.clone() }, "unknown_name"),
        (FunnelSpec { steps: Vec::new(), ..good.clone() }, "invalid_option"),
        (FunnelSpec { steps: vec!["visit".into(); 33], ..good.clone() }, "invalid_option"),
        (FunnelSpec { window: Some(Span::micros(0)), ..good.clone() }, "invalid_option"),
        (optional, "invalid_option"),
        (within.clone(), "invalid_option"),
        (FunnelSpec { order: Order::Any, exclude: vec![exclude('o', 1, 2, false)], ..good.clone() }, "invalid_option"),
        (FunnelSpec { exclude: vec![exclude('o', 2, 2, false)], ..good.clone() }, "invalid_option"),
        (FunnelSpec { exclude: vec![exclude('o', 1, 9, false)], ..good.clone() }, "invalid_option"),
        (
            FunnelSpec { attribution: StepAttribution::Step(4), by: Some("channel".into()), ..good.clone() },
            "invalid_option",
        ),
        (FunnelSpec { modes: vec![Mode::StrictOrder], ..good.clone() }, "invalid_option"),
        (FunnelSpec { modes: vec![Mode::AllowReentry], ..clickhouse.clone() }, "invalid_option"),
        (FunnelSpec { window: None, ..clickhouse.clone() }, "invalid_option"),
        (FunnelSpec { entry: Entry::First, ..clickhouse.clone() }, "invalid_option"),
        (FunnelSpec { steps: vec!["created".into(), "visit".into()], ..clickhouse.clone() }, "invalid_option"),
        (FunnelSpec { by: Some("channel".into()), ..clickhouse }, "invalid_option"),
        (
            FunnelSpec {
                hold: Some("channel".into()),
                by: Some("channel".into()),
                attribution: StepAttribution::All,
                ..good.clone()
            },
            "invalid_option",
        ),
    ] {
        assert_eq!(kind(bad), slug);
    }
    // Nothing happened, nobody there.
    assert_eq!(counts(&["", ""], &good), [0, 0, 0]);
    assert_eq!(counts(&[], &good), [0, 0, 0]);
}
