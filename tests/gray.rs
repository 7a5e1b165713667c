//! Gray's test: equal to R's cmprsk, whatever the ties, causes and groups.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use leadlens::survival::{End, Subject, gray, log_rank};
use serde::Deserialize;

/// Leads of `generate_gray.R`, and what cmprsk says of each cause.
#[derive(Deserialize)]
struct Design {
    time: Vec<f64>,
    end: Vec<u8>,
    group: Vec<usize>,
    tests: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    cause: u8,
    statistic: f64,
    p: f64,
    degrees: usize,
}

fn designs() -> Vec<(String, Design)> {
    let all: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(include_str!("golden/gray.json")).unwrap();
    let designs = all.into_iter().filter(|(_, value)| value.is_object());
    designs.map(|(name, value)| (name, serde_json::from_value(value).unwrap())).collect()
}

impl Design {
    /// Spells by group, ends of other causes than the one asked for as competing.
    fn groups(&self, cause: u8) -> Vec<Vec<Subject>> {
        let mut groups = vec![Vec::new(); *self.group.iter().max().unwrap()];
        for ((exit, end), group) in self.time.iter().zip(&self.end).zip(&self.group) {
            let end = match *end {
                0 => End::Censored,
                end if end == cause => End::Event,
                _ => End::Competing,
            };
            groups[group - 1].push(Subject { entry: None, exit: *exit, end });
        }
        groups
    }
}

#[test]
fn equal_to_cmprsk() {
    let mut compared = 0;
    for (name, design) in designs() {
        for expected in &design.tests {
            let groups = design.groups(expected.cause);
            let test = gray(&groups.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
            let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
            assert!(near(test.statistic, expected.statistic), "{name}, cause {}: {test:?}", expected.cause);
            assert!(
                near(test.p_value, expected.p) && test.degrees == expected.degrees,
                "{name}, {}: {test:?}",
                expected.p
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 20);
}

/// Two equal groups with exponential times to the event and to a competing end, on a grid of days.
fn equal_groups(draw: &mut impl FnMut() -> f64, grid: f64) -> [Vec<Subject>; 2] {
    let mut spell = || {
        let (event, other, seen) = (-draw().ln() * 20.0, -draw().ln() * 25.0, 5.0 + 40.0 * draw());
        let exit = event.min(other).min(seen);
        let ends = [(event, End::Event), (other, End::Competing), (seen, End::Censored)];
        let end = ends.into_iter().find(|(t, _)| *t == exit).unwrap().1;
        Subject { entry: None, exit: (exit / grid).ceil() * grid, end }
    };
    [(0..100).map(|_| spell()).collect(), (0..100).map(|_| spell()).collect()]
}

/// Days on which stages change are whole: many ends are tied. Under equality the statistic of two groups has mean 1; where
/// most end at a few times it is larger, and the test says that it is coarse.
#[test]
fn ties() {
    let mut state = 7u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let (mut total, mut hits, runs) = (0.0, 0, 600);
    for _ in 0..runs {
        let [a, b] = equal_groups(&mut draw, 2.0);
        let test = gray(&[&a, &b]).unwrap();
        assert!(!test.coarse);
        total += test.statistic;
        hits += usize::from(test.p_value < 0.05);
        let [a, b] = equal_groups(&mut draw, 10.0);
        assert!(gray(&[&a, &b]).unwrap().coarse);
    }
    // Mean 1 with standard error 0.058; 30 hits with 5.3.
    let mean = total / f64::from(runs);
    assert!((0.83..1.17).contains(&mean), "{mean}");
    assert!((15..=46).contains(&hits), "{hits}");
}

/// Groups that part before the end of the other make the common curve exceed 1: the test stays defined and rejects.
#[test]
fn groups_without_common_times() {
    let spell = |exit: f64, end| Subject { entry: None, exit, end };
    let early: Vec<Subject> = (0..90).map(|i| spell(1.0 + f64::from(i) / 100.0, End::Event)).collect();
    let early: Vec<Subject> = early.into_iter().chain((0..10).map(|_| spell(3.0, End::Censored))).collect();
    let late: Vec<Subject> = (0..100)
        .map(|i| spell(4.0 + f64::from(i) / 100.0, if i % 3 == 0 { End::Competing } else { End::Event }))
        .collect();
    let (found, rank) = (gray(&[&early, &late]).unwrap(), log_rank(&[&early, &late]).unwrap());
    assert!(found.statistic.is_finite() && found.p_value < 1e-6 && rank.p_value < 1e-6, "{found:?}");
}
