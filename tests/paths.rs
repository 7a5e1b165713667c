//! Paths: hand-worked cases and laws.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::sync::Arc;

use common::{DAY, Happening, LOST, MAIL, VISIT, WON, event, journeys};
use leadlens::analyses::paths::{PathUnit, Paths, PathsSpec, PathsTally};
use leadlens::{Journeys, Span, Task};
use proptest::prelude::*;

/// Events such as "v0 m3 w9" in hours: v visit, m mail, w won, l lost.
fn build(leads: &[&str]) -> Arc<Journeys> {
    let one = |lead: u32, word: &str| {
        let (letter, hour) = word.split_at(1);
        let kind = match letter {
            "v" => VISIT,
            "m" => MAIL,
            "w" => WON,
            _ => LOST,
        };
        event(lead, hour.parse::<i64>().unwrap() * DAY / 24, kind)
    };
    let all: Vec<Happening> =
        (0u32..).zip(leads).flat_map(|(i, text)| text.split_whitespace().map(move |w| one(i, w))).collect();
    journeys(&vec![0; leads.len()], &all, 1000 * DAY, "UTC")
}

fn run(leads: &[&str], spec: &PathsSpec) -> Paths {
    build(leads).paths(spec, &Task::new()).unwrap()
}

fn count(p: &Paths, from: &str, to: &str) -> u64 {
    p.transitions.iter().find(|t| t.from == from && t.to == to).map_or(0, |t| t.count)
}

#[test]
fn transitions_and_ways() {
    let p = run(&["v0 v2 m4 w5 v9", "v0 m1 v2 l3 m4", "m7", ""], &PathsSpec::default());
    assert_eq!(p.paths, 3);
    assert_eq!((count(&p, "(entry)", "visit"), count(&p, "(entry)", "mail")), (2, 1));
    assert_eq!((count(&p, "visit", "visit"), count(&p, "visit", "mail"), count(&p, "mail", "visit")), (1, 2, 1));
    assert_eq!((count(&p, "mail", "(won)"), count(&p, "visit", "(lost)"), count(&p, "mail", "(open)")), (1, 1, 1));
    let t = p.transitions.iter().find(|t| t.from == "visit" && t.to == "mail").unwrap();
    assert_eq!((t.probability, t.time.n, t.time.mean * 24.0), (0.5, 2, 1.5));
    let ways: Vec<(String, u64, u64, u64)> = p.ways.iter().map(|w| (w.path.join(">"), w.won, w.lost, w.open)).collect();
    assert_eq!(ways, [("visit>mail".into(), 1, 0, 0), ("mail".into(), 0, 0, 1), ("visit>mail>visit".into(), 0, 1, 0)]);
    let loops: Vec<(String, u64, u64)> = p.loops.iter().map(|l| (l.places.join(">"), l.count, l.won)).collect();
    assert_eq!(loops, [("visit".into(), 1, 1), ("visit>mail".into(), 1, 0)]);
    let step = |k: usize, place: &str| p.steps.iter().find(|s| s.step == k && s.place == place).map_or(0, |s| s.count);
    assert_eq!((step(1, "visit"), step(2, "mail"), step(2, "(ended)"), step(3, "(ended)")), (2, 2, 1, 2));
    // As they are, and only the last two places.
    let raw = run(&["v0 v2 m4 w5"], &PathsSpec { collapse: false, length: 2, ..PathsSpec::default() });
    assert_eq!(raw.ways[0].path, ["visit", "mail"]);
    assert_eq!(raw.steps.iter().map(|s| s.place.as_str()).collect::<Vec<_>>(), ["visit", "visit"]);
}

/// What is of the instant of the end came with it, in whatever order the rows are.
#[test]
fn touches_of_the_instant_of_the_end() {
    for text in ["v0 m5 w5", "v0 w5 m5", "w5 m5 v0", "v0 m5 l5", "v0 l5 m5"] {
        let p = run(&[text], &PathsSpec::default());
        assert_eq!((p.ways.len(), p.ways[0].path.join(">")), (1, "visit>mail".to_owned()), "{text}");
    }
}

#[test]
fn the_most_frequent_ways_to_each_end() {
    let leads = ["v0", "v0", "v0", "m0 w1", "m0 v1 l2", "m0 v1 l2"];
    let listed = |top| {
        let p = run(&leads, &PathsSpec { top, ..PathsSpec::default() });
        (p.ways.iter().map(|w| w.path.join(">")).collect::<Vec<_>>().join(" "), p.different_ways)
    };
    // One of all, one to won, one to lost.
    assert_eq!(listed(1), ("visit mail>visit mail".into(), 3));
    assert_eq!(listed(0), (String::new(), 3));
}

#[test]
fn sessions() {
    let spec = PathsSpec { unit: PathUnit::Session, session_gap: Some(Span::micros(DAY / 24)), ..PathsSpec::default() };
    let p = run(&["v0 m1 v5 v6 w7", "m3"], &spec);
    let s = p.sessions.unwrap();
    assert_eq!((s.sessions, s.leads, s.single), (3, 2, 1));
    assert!((s.mean_events - 5.0 / 3.0).abs() < 1e-12 && (s.between.mean * 24.0 - 4.0).abs() < 1e-12);
    assert_eq!(p.transitions.iter().filter(|t| t.to == "(exit)").map(|t| t.count).sum::<u64>(), 3);
    // Only the last session led to the win.
    assert_eq!(p.ways.iter().map(|w| w.won).sum::<u64>(), 1);
    let kind = |s: PathsSpec| build(&["v0"]).paths(&s, &Task::new()).unwrap_err().kind();
    assert_eq!(kind(PathsSpec { session_gap: None, ..spec.clone() }), "invalid_option");
    assert_eq!(kind(PathsSpec { length: 0, ..spec.clone() }), "invalid_option");
    assert_eq!(kind(PathsSpec { by: "knd".into(), ..spec.clone() }), "unknown_name");
    assert_eq!(kind(PathsSpec { target: vec!["wn".into()], ..spec }), "unknown_name");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn laws(leads in prop::collection::vec(prop::collection::vec(("[vmwl]", 0u32..30), 0..9), 1..9), cut in 0usize..9) {
        let texts: Vec<String> =
            leads.iter().map(|l| l.iter().map(|(k, h)| format!("{k}{h}")).collect::<Vec<_>>().join(" ")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let spec = PathsSpec { session_gap: Some(Span::micros(DAY / 8)), top: 10_000, ..PathsSpec::default() };
        let p = run(&texts, &spec);
        // What enters a place leaves it; probabilities add up to 1.
        for place in ["visit", "mail"] {
            let into: u64 = p.transitions.iter().filter(|t| t.to == place).map(|t| t.count).sum();
            let out: u64 = p.transitions.iter().filter(|t| t.from == place).map(|t| t.count).sum();
            prop_assert_eq!(into, out);
            let total: f64 = p.transitions.iter().filter(|t| t.from == place).map(|t| t.probability).sum();
            prop_assert!(into == 0 || (total - 1.0).abs() < 1e-12);
        }
        prop_assert_eq!(p.ways.iter().map(|w| w.won + w.lost + w.open).sum::<u64>(), p.paths);
        for step in 1..=spec.length {
            prop_assert_eq!(p.steps.iter().filter(|s| s.step == step).map(|s| s.count).sum::<u64>(), p.paths);
        }
        let cut = cut.min(texts.len());
        let tally = |part: &[&str]| -> PathsTally {
            serde_json::from_str(&serde_json::to_string(&build(part).paths_tally(&spec, &Task::new()).unwrap()).unwrap()).unwrap()
        };
        let joined = tally(&texts[..cut]).merge(tally(&texts[cut..])).unwrap().finish(&leadlens::Task::new()).unwrap();
        prop_assert_eq!(format!("{joined:?}"), format!("{p:?}"));
    }
}
