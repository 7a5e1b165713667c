//! Every feature against a brute-force reference, on random journeys.
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

use common::{CALL, DAY, Draw, Happening, OPEN, event, journeys};
use leadlens::features::compute;
use leadlens::schema::{Column, Feature, FeatureSet, NONE, SnapshotSpec};
use leadlens::snapshot::Snapshot;
use leadlens::{Journeys, Span, Task, Timestamp, Zone};
use proptest::prelude::*;

const NAMES: [&str; 26] = [
    "count(*)",
    "count(*, 7d)",
    "count(visit, 30d)",
    "count(@sales)",
    "count(web:*, 2d)",
    "active_days(*)",
    "active_days(visit, 7d)",
    "days_since_first(*)",
    "days_since_last(*)",
    "days_since_last(call)",
    "decayed(*, 14d)",
    "decayed(visit, 1d)",
    "momentum(*)",
    "sum(web:*.pages)",
    "sum(visit.pages, 7d)",
    "max(visit.pages)",
    "max(web:*.pages, 3d)",
    "last(web:*.pages)",
    "distinct_channels(*)",
    "distinct_channels(visit)",
    "first_channel",
    "last_channel",
    "stage",
    "days_in_stage",
    "age_days",
    "count(open)",
];

#[derive(Debug, PartialEq)]
enum Plain {
    Number(f64),
    Text(Option<String>),
}

/// The definition, written as directly as possible.
#[allow(clippy::too_many_arguments, reason = "one call site")]
fn reference(
    name: &str,
    j: &Journeys,
    all: &[Happening],
    lead: u32,
    created: i64,
    cutoff: i64,
    cap: Option<usize>,
    zone: &Zone,
) -> Plain {
    let mut seen: Vec<&Happening> = all.iter().filter(|h| h.lead == lead && h.at < cutoff).collect();
    seen.sort_by_key(|h| (h.at, h.kind >= OPEN));
    let days = |t: i64| (cutoff - t) as f64 / DAY as f64;
    let channel = |c: Option<u32>| Plain::Text(c.map(|c| j.channels().get(c).to_owned()));
    let open_to = |h: &&&Happening| h.kind < OPEN && h.kind != CALL;
    match name {
        "age_days" => return Plain::Number(days(created)),
        "first_channel" => return channel(seen.iter().filter(open_to).find_map(|h| h.channel)),
        "last_channel" => return channel(seen.iter().rev().filter(open_to).find_map(|h| h.channel)),
        "stage" | "days_in_stage" => {
            let stages: Vec<&&Happening> = seen.iter().filter(|h| h.kind >= OPEN).collect();
            let Some(last) = stages.last() else {
                return if name == "stage" { Plain::Text(None) } else { Plain::Number(f64::NAN) };
            };
            if name == "stage" {
                return Plain::Text(Some(j.kinds()[last.kind as usize].plain.clone()));
            }
            let entered = stages.iter().rev().take_while(|h| h.kind == last.kind).last().unwrap();
            return Plain::Number(days(entered.at));
        }
        _ => {}
    }
    let (function, arguments) = name.strip_suffix(')').unwrap().split_once('(').unwrap();
    let (of, span) = match arguments.split_once(", ") {
        Some((of, span)) => (of, Some(span.parse::<Span>().unwrap().as_micros())),
        None => (arguments, None),
    };
    let selector = of.split('.').next().unwrap();
    let chosen = |h: &Happening| match selector {
        "*" => h.kind < OPEN && h.kind != CALL,
        "@sales" => h.kind == CALL,
        "web:*" => h.kind < CALL,
        kind => j.kinds()[h.kind as usize].plain == kind,
    };
    let events: Vec<&Happening> = seen.iter().copied().filter(|h| chosen(h)).collect();
    // The cap: the first `cap` events of a kind on a local day count.
    let counted: Vec<&Happening> = events
        .iter()
        .enumerate()
        .filter(|(i, h)| {
            let same = events[..*i].iter().filter(|o| o.kind == h.kind && zone.day(o.at) == zone.day(h.at)).count();
            cap.is_none_or(|cap| same < cap)
        })
        .map(|(_, h)| *h)
        .collect();
    let within = |h: &&&Happening| span.is_none_or(|s| cutoff - h.at <= s);
    let values = || events.iter().filter(within).filter_map(|h| h.value);
    Plain::Number(match function {
        "count" => counted.iter().filter(within).count() as f64,
        "active_days" => {
            let mut d: Vec<i64> = events.iter().filter(within).map(|h| zone.day(h.at)).collect();
            d.sort_unstable();
            d.dedup();
            d.len() as f64
        }
        "days_since_first" => events.first().map_or(f64::NAN, |h| days(h.at)),
        "days_since_last" => events.last().map_or(f64::NAN, |h| days(h.at)),
        "decayed" => counted.iter().map(|h| 0.5f64.powf((cutoff - h.at) as f64 / span.unwrap() as f64)).sum(),
        "momentum" => {
            let between = |low: i64, high: i64| {
                counted.iter().filter(|h| cutoff - h.at > low * DAY && cutoff - h.at <= high * DAY).count() as f64
            };
            between(0, 7) - between(7, 28) / 3.0
        }
        "sum" => values().sum(),
        "max" => values().fold(f64::NAN, f64::max),
        "last" => values().next_back().unwrap_or(f64::NAN),
        "distinct_channels" => {
            let mut c: Vec<u32> = events.iter().filter_map(|h| h.channel).collect();
            c.sort_unstable();
            c.dedup();
            c.len() as f64
        }
        other => panic!("{other}"),
    })
}

fn happening() -> impl Strategy<Value = Happening> {
    // Times on a coarse grid, so that ties, window edges and busy days occur.
    (0u32..4, 0i64..400, 0u32..6, prop::option::of(0u32..3), prop::option::of(-5i32..20)).prop_map(
        |(lead, at, kind, channel, value)| Happening {
            lead,
            at: at * DAY / 8,
            kind,
            channel: channel.filter(|_| kind < OPEN),
            value: value.map(f64::from).filter(|_| kind < OPEN),
            deal: None,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn equal_the_definition(
        // Now and then more events of a lead than are read without a look for the cutoff.
        mut all in prop_oneof![
            9 => prop::collection::vec(happening(), 0..60),
            1 => prop::collection::vec(happening(), 100..250),
        ],
        cutoffs in prop::collection::vec((0u32..4, 0i64..420), 1..8),
        cap in prop::option::of(1u32..4),
        zone in prop::sample::select(vec!["UTC", "America/New_York"]),
    ) {
        // The reference orders ties as the index does: events before stages, each in order of the rows.
        all.sort_by_key(|h| (h.at, h.kind >= OPEN));
        // Rows of stages that are given twice are one; rows that repeat the stage of their lead are edits, not entries.
        let mut given = std::collections::HashSet::new();
        all.retain(|h| h.kind < OPEN || given.insert((h.lead, h.kind, h.at)));
        let mut stage = std::collections::HashMap::new();
        all.retain(|h| h.kind < OPEN || stage.insert(h.lead, h.kind) != Some(h.kind));
        let created = [0i64; 4];
        let j = journeys(&created, &all, 500 * DAY, zone);
        let zone = Zone::new(zone).unwrap();
        let pairs: Vec<(u32, i64)> = cutoffs.iter().map(|(l, t)| (*l, t * DAY / 8)).collect();
        let features: Vec<Feature> = NAMES.iter().map(|n| n.parse().unwrap()).collect();
        // A target nobody reaches, and no stages that close: every pair is a row.
        let mut open = common::parts(&j);
        open.won = Vec::new();
        open.lost = Vec::new();
        let open = std::sync::Arc::new(Journeys::from(open));
        let s = open.snapshot(&SnapshotSpec::default(), Some(&pairs), FeatureSet::default(), &Task::new()).unwrap();
        let columns = compute(&s, &features, |k| Some(k.clone()), cap, &zone, &Task::new()).unwrap();
        for (row, r) in s.rows.iter().enumerate() {
            for (name, column) in NAMES.iter().zip(&columns) {
                let want = reference(name, &j, &all, r.lead, 0, r.cutoff, cap.map(|c| c as usize), &zone);
                match (column, &want) {
                    (Column::Number(v), Plain::Number(w)) => {
                        prop_assert!((v[row] - w).abs() < 1e-9 || (v[row].is_nan() && w.is_nan()), "{} of {:?}: {} against {}", name, r, v[row], w);
                    }
                    (Column::Category { codes, levels }, Plain::Text(w)) => {
                        let got = (codes[row] != NONE).then(|| levels[codes[row] as usize].clone());
                        prop_assert_eq!(&got, w, "{}", name);
                    }
                    other => prop_assert!(false, "{}: {:?}", name, other),
                }
            }
        }
    }

    #[test]
    fn an_event_at_or_after_the_cutoff_changes_nothing(
        all in prop::collection::vec(happening(), 0..40),
        later in prop::collection::vec(happening(), 1..10),
    ) {
        let cutoff = 200 * DAY / 8;
        let features: Vec<Feature> = NAMES.iter().map(|n| n.parse().unwrap()).collect();
        let columns = |events: &[Happening]| {
            let mut j = common::parts(&journeys(&[0; 4], events, 500 * DAY, "UTC"));
            j.won = Vec::new();
            j.lost = Vec::new();
            let spec = SnapshotSpec { as_of: Some(Timestamp(cutoff).into()), ..SnapshotSpec::default() };
            let s = std::sync::Arc::new(Journeys::from(j)).snapshot(&spec, None, FeatureSet::default(), &Task::new()).unwrap();
            compute(&s, &features, |k| Some(k.clone()), Some(20), &Zone::utc(), &Task::new()).unwrap()
        };
        let mut more = all.clone();
        more.extend(later.into_iter().map(|h| Happening { at: cutoff + h.at, ..h }));
        let text = |c: Vec<Column>| format!("{c:?}");
        prop_assert_eq!(text(columns(&all)), text(columns(&more)));
    }
}

/// Rows are computed side by side: none may see the events, days or sums of another, wherever tiles end.
#[test]
fn a_row_has_the_same_bits_alone_and_among_others() {
    let mut draw = Draw(7);
    let mut below = |n: u64| draw.below(n);
    // Most leads have a few events, some none, one more than a tile takes.
    let leads = 200;
    let mut all: Vec<Happening> = Vec::new();
    for lead in 0..leads {
        let events = if lead == 77 { 9_000 } else { below(12) * below(5) };
        for _ in 0..events {
            let kind = below(3) as u32;
            let (channel, value) = (below(4) as u32, below(100) as f64 / 7.0);
            let (channel, value) = (Some(channel).filter(|c| *c < 3), Some(value).filter(|v| *v < 12.0));
            all.push(Happening { channel, value, ..event(lead, below(400 * DAY as u64) as i64, kind) });
        }
    }
    let j = journeys(&vec![0; leads as usize], &all, 500 * DAY, "Europe/Berlin");
    let features: Vec<Feature> = NAMES.iter().map(|n| n.parse().unwrap()).collect();
    let berlin = Zone::new("Europe/Berlin").unwrap();
    let as_of = SnapshotSpec { as_of: Some(Timestamp(300 * DAY).into()), ..SnapshotSpec::default() };
    let every = SnapshotSpec { every: Some(Span::days(28)), ..SnapshotSpec::default() };
    for spec in [as_of, every] {
        let s = j.snapshot(&spec, None, FeatureSet::default(), &Task::new()).unwrap();
        assert!(s.len() >= 200, "{}", s.len());
        let bits = |row: usize, columns: &[Column]| -> Vec<String> {
            let cell = |c: &Column| match c {
                Column::Number(v) => v[row].to_bits().to_string(),
                Column::Category { codes, .. } => codes[row].to_string(),
                Column::Time(_) => panic!("no feature is a time"),
            };
            columns.iter().map(cell).collect()
        };
        for cap in [None, Some(2)] {
            let columns =
                |s: &Snapshot| compute(s, &features, |k| Some(k.clone()), cap, &berlin, &Task::new()).unwrap();
            let together = columns(&s);
            for row in 0..s.len() {
                let alone = s.take(&[row]);
                assert_eq!(bits(0, &columns(&alone)), bits(row, &together), "{:?}", s.rows[row]);
            }
        }
    }
}

#[test]
fn default_set_names_what_the_rows_can_see() {
    let j = journeys(&[0, 0], &[event(0, DAY, 0), event(1, DAY, 0), event(1, 99 * DAY, 1)], 200 * DAY, "UTC");
    let spec = SnapshotSpec { as_of: Some(Timestamp(50 * DAY).into()), ..SnapshotSpec::default() };
    let s = j.snapshot(&spec, None, FeatureSet::default(), &Task::new()).unwrap();
    let names: Vec<String> = FeatureSet::default().resolve(&s).unwrap().iter().map(ToString::to_string).collect();
    assert!(names.contains(&"count(*, 7d)".to_owned()));
    // Mail happens only after the cutoff; sales did nothing; all leads are of one age.
    assert!(
        !names.iter().any(|n| n.contains("mail") || n.contains("@sales") || n == "stage" || n == "age_days"),
        "{names:?}"
    );
}

#[test]
fn unknown_features_say_what_is_wrong() {
    let spec = SnapshotSpec { as_of: Some(Timestamp(50 * DAY).into()), ..SnapshotSpec::default() };
    let said = |j: &Arc<Journeys>, name: &str| {
        let only = FeatureSet { only: vec![name.parse().unwrap()], ..FeatureSet::default() };
        let error = only.resolve(&j.snapshot(&spec, None, FeatureSet::default(), &Task::new()).unwrap()).unwrap_err();
        (error.kind(), error.to_string())
    };
    let j = journeys(&[0], &[event(0, DAY, 0)], 200 * DAY, "UTC");
    assert_eq!(said(&j, "count(nothing)").0, "unknown_name");
    let (kind, text) = said(&j, "cuont(*)");
    assert!(kind == "unknown_name" && text.contains("'cuont'") && text.contains("'count'"), "{text}");
    // It may be the name of a field, too.
    assert!(said(&j, "revenue (EUR)").1.contains("field 'revenue (EUR)'"));
    let mut none = common::parts(&j);
    none.kinds.clear();
    let (kind, text) = said(&Arc::new(none.into()), "count(*)");
    assert!(kind == "no_rows" && text.contains("the journeys have none"), "{text}");
}
