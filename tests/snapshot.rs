//! Who is a row, when, and with which label: hand-worked cases of every rule.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::{DAY, Happening, LOST, MAIL, OPEN, VISIT, WON, event, journeys};
use leadlens::schema::{Anchor, FeatureSet, Maturity, SnapshotSpec, Target, Weighting};
use leadlens::snapshot::SplitBy;
use leadlens::{Journeys, Snapshot, Span, Task, Timestamp};
use std::sync::Arc;

fn take(j: &Arc<Journeys>, spec: &SnapshotSpec) -> Snapshot {
    j.snapshot(spec, None, FeatureSet::default(), &Task::new()).unwrap()
}

fn after(days: i64, horizon: i64) -> SnapshotSpec {
    SnapshotSpec { after: Some(Span::days(days)), horizon: Some(Span::days(horizon)), ..SnapshotSpec::default() }
}

/// (lead, cutoff in days, label) of every row.
fn rows(s: &Snapshot) -> Vec<(u32, i64, bool)> {
    let label = s.label.clone().unwrap_or_else(|| vec![false; s.len()]);
    s.rows.iter().zip(label).map(|(r, l)| (r.lead, r.cutoff / DAY, l)).collect()
}

#[test]
fn windows_are_half_open() {
    // Cutoff at day 10, window [10, 20).
    let at = [10 * DAY - 1, 10 * DAY, 20 * DAY - 1, 20 * DAY];
    let events: Vec<Happening> = at.iter().zip(0..).map(|(t, lead)| event(lead, *t, WON)).collect();
    let s = take(&journeys(&[0; 4], &events, 100 * DAY, "UTC"), &after(10, 10));
    assert_eq!(rows(&s), [(1, 10, true), (2, 10, true), (3, 10, false)]);
    assert_eq!(s.counts.already_target, 1);
}

#[test]
fn immature_rows_are_dropped_positive_or_not() {
    let created = [0, 5 * DAY];
    // Lead 1 wins inside its window, which is not over at day 24.
    let j = journeys(&created, &[event(1, 16 * DAY, WON)], 24 * DAY, "UTC");
    let s = take(&j, &after(10, 10));
    assert_eq!((rows(&s), s.counts.immature), (vec![(0, 10, false)], 1));
    // A window that ends exactly at the end of observation is over.
    let s = take(&journeys(&created, &[], 25 * DAY, "UTC"), &after(10, 10));
    assert_eq!((s.len(), s.counts.immature), (2, 0));
}

#[test]
fn closed_leads_are_not_at_risk_and_reopened_ones_are() {
    let events = [event(0, 2 * DAY, LOST), event(1, 2 * DAY, LOST), event(1, 3 * DAY, OPEN), event(2, 2 * DAY, WON)];
    let j = journeys(&[0; 4], &events, 100 * DAY, "UTC");
    let s = take(&j, &after(10, 10));
    assert_eq!(rows(&s), [(1, 10, false), (3, 10, false)]);
    assert_eq!((s.counts.closed_lost, s.counts.already_target), (1, 1));
    // For another target, won leads are closed.
    let s = take(&j, &SnapshotSpec { target: Target::Names(vec!["mail".into()]), ..after(10, 10) });
    assert_eq!((s.counts.closed_won, s.counts.closed_lost, s.len()), (1, 1, 2));
}

#[test]
fn known_by_hides_what_comes_after() {
    let j = journeys(&[0, 0], &[event(0, 25 * DAY, WON)], 100 * DAY, "UTC");
    let spec = SnapshotSpec { known_by: Some(Timestamp(30 * DAY).into()), ..after(10, 20) };
    assert_eq!(rows(&take(&j, &spec)), [(0, 10, true), (1, 10, false)]);
    let spec = SnapshotSpec { known_by: Some(Timestamp(29 * DAY).into()), ..after(10, 20) };
    assert_eq!(take(&j, &spec).counts.immature, 2);
}

#[test]
fn grids() {
    // 1970-01-01 was a Thursday; Mondays are days 4, 11, 18, …
    let j = journeys(&[0, 4 * DAY, 5 * DAY], &[], 30 * DAY, "UTC");
    let weekly = SnapshotSpec { every: Some(Span::days(7)), horizon: Some(Span::days(10)), ..SnapshotSpec::default() };
    let s = take(&j, &SnapshotSpec { weight: Weighting::Lead, ..weekly.clone() });
    // A lead created at a cutoff exists at it.
    assert_eq!(
        rows(&s).iter().map(|r| (r.0, r.1)).collect::<Vec<_>>(),
        [(0, 4), (0, 11), (0, 18), (1, 4), (1, 11), (1, 18), (2, 11), (2, 18)]
    );
    assert_eq!(s.counts.immature, 3);
    let total: f64 = s.weight.iter().sum();
    assert!((total - 3.0).abs() < 1e-12);
    let s = take(&j, &SnapshotSpec { anchor: Anchor::Created, ..weekly.clone() });
    assert_eq!(
        rows(&s).iter().map(|r| (r.0, r.1)).collect::<Vec<_>>(),
        [(0, 0), (0, 7), (0, 14), (1, 4), (1, 11), (1, 18), (2, 5), (2, 12), (2, 19)]
    );
    assert!(s.weight.iter().all(|w| *w == 1.0));
    let s = take(
        &j,
        &SnapshotSpec { since: Some(Timestamp(11 * DAY).into()), until: Some(Timestamp(18 * DAY).into()), ..weekly },
    );
    assert_eq!(rows(&s).iter().map(|r| (r.0, r.1)).collect::<Vec<_>>(), [(0, 11), (1, 11), (2, 11)]);
}

#[test]
fn daily_grid_follows_the_clock_change() {
    // New York, around 10 March 2024: midnights are 05:00 and then 04:00 UTC.
    let start: Timestamp = "2024-03-09T12:00:00Z".parse().unwrap();
    let end: Timestamp = "2024-03-12T12:00:00Z".parse().unwrap();
    let j = journeys(&[start.0], &[], end.0, "America/New_York");
    let s = take(&j, &SnapshotSpec { every: Some(Span::days(1)), ..SnapshotSpec::default() });
    let cutoffs: Vec<String> = s.rows.iter().map(|r| Timestamp(r.cutoff).to_string()).collect();
    assert_eq!(cutoffs, ["2024-03-10T05:00:00Z", "2024-03-11T04:00:00Z", "2024-03-12T04:00:00Z"]);
}

#[test]
fn at_a_stage() {
    let events = [event(0, 3 * DAY, OPEN), event(0, 8 * DAY, OPEN), event(1, 4 * DAY, VISIT)];
    let j = journeys(&[0; 2], &events, 100 * DAY, "UTC");
    let spec = SnapshotSpec { at: Some("open".into()), horizon: Some(Span::days(5)), ..SnapshotSpec::default() };
    let s = take(&j, &spec);
    assert_eq!((s.rows[0].cutoff, s.len(), s.counts.without_cutoff), (3 * DAY + 1, 1, 1));
    let s = take(&j, &SnapshotSpec { inclusive: false, ..spec.clone() });
    assert_eq!(s.rows[0].cutoff, 3 * DAY);
    let err = j
        .snapshot(&SnapshotSpec { at: Some("opn".into()), ..spec }, None, FeatureSet::default(), &Task::new())
        .unwrap_err();
    assert_eq!(err.to_string(), "unknown stage or event 'opn'; did you mean 'open'?");
}

#[test]
fn by_age_and_outcomes_from() {
    let created = [0, 0, 6 * DAY];
    let mut j =
        common::parts(&journeys(&created, &[event(0, 11 * DAY, WON), event(1, 13 * DAY, WON)], 100 * DAY, "UTC"));
    let spec = SnapshotSpec {
        as_of: Some(Timestamp(10 * DAY).into()),
        by_age: Some(Span::days(12)),
        ..SnapshotSpec::default()
    };
    assert_eq!(rows(&take(&Arc::new(j.clone().into()), &spec)), [(0, 10, true), (1, 10, false), (2, 10, false)]);
    assert_eq!(
        take(&Arc::new(j.clone().into()), &SnapshotSpec { by_age: Some(Span::days(10)), ..spec.clone() })
            .counts
            .past_age,
        2
    );
    j.outcomes_from = 10 * DAY + 1;
    assert_eq!(take(&Arc::new(j.into()), &spec).counts.before_outcomes, 3);
}

#[test]
fn censoring_weights_reweigh_resolved_rows() {
    // Four leads created at days 0, 0, 10, 10, seen until day 18; horizon 10 from creation.
    // C is 18, 18, 8, 8; G(u) = 1 for u ≤ 8, else 1/2.
    let created = [0, 0, 10 * DAY, 10 * DAY];
    let j = journeys(&created, &[event(0, 9 * DAY, WON), event(2, 15 * DAY, WON)], 18 * DAY, "UTC");
    let s = take(&j, &SnapshotSpec { maturity: Maturity::Ipcw, ..after(0, 10) });
    // Lead 3 is not resolved by day 18: it is dropped. Lead 2 won after 5 days: G(5) = 1.
    assert_eq!(rows(&s), [(0, 0, true), (1, 0, false), (2, 10, true)]);
    assert_eq!((s.weight.clone(), s.counts.immature), (vec![2.0, 2.0, 1.0], 1));
    // By age: at day 0 all are observed for 10 days, at day 20 half of them; their weights do not mix.
    let created: Vec<i64> = (0..400).map(|i| if i < 200 { 0 } else { (i % 2) * 5 * DAY }).collect();
    let events: Vec<Happening> = [event(200, 21 * DAY, WON), event(203, 26 * DAY, WON)].into();
    let j = journeys(&created, &events, 30 * DAY, "UTC");
    let spec = SnapshotSpec { horizon: Some(Span::days(10)), maturity: Maturity::Ipcw, ..SnapshotSpec::default() };
    let cutoffs: Vec<(u32, i64)> =
        (0..400).map(|lead| (lead, if lead < 200 { 0 } else { created[lead as usize] + 20 * DAY })).collect();
    let s = j.snapshot(&spec, Some(&cutoffs), FeatureSet::default(), &Task::new()).unwrap();
    let weight_of = |lead: u32| s.rows.iter().zip(&s.weight).find(|(r, _)| r.lead == lead).map(|(_, w)| *w);
    // Won after a day, within the time all are observed; observed for the window, as half of them; won after a day; open.
    assert_eq!([0, 200, 202, 203, 205].map(weight_of), [Some(1.0), Some(1.0), Some(2.0), Some(1.0), None]);
    assert_eq!((s.counts.immature, s.counts.unobserved_ages, s.counts.largest_weight), (99, 0, 2.0));
    let young = journeys(&[0; 40].map(|_: i64| 15 * DAY), &[], 18 * DAY, "UTC");
    let refused = young.snapshot(
        &SnapshotSpec { maturity: Maturity::Ipcw, ..after(0, 10) },
        None,
        FeatureSet::default(),
        &Task::new(),
    );
    assert_eq!(refused.unwrap_err().kind(), "invalid_option");
}

#[test]
fn splits() {
    let created: Vec<i64> = (0..100).map(|i| i * DAY).collect();
    let j = journeys(&created, &[event(0, 5 * DAY, WON)], 500 * DAY, "UTC");
    let s = take(&j, &after(0, 10));
    let (train, test) = s.split(0.2, SplitBy::Time, 0).unwrap();
    // Test from day 80 on; training windows end by day 80.
    assert_eq!((test.rows[0].cutoff, test.len(), train.len()), (80 * DAY, 20, 71));
    assert_eq!(train.split.unwrap().in_gap, 9);
    let (train, test) = s.split(0.2, SplitBy::Random, 7).unwrap();
    assert_eq!((train.len(), test.len()), (80, 20));
    assert_ne!(test.rows, s.split(0.2, SplitBy::Random, 8).unwrap().1.rows);
    let (_, test) = s.split(0.1, SplitBy::Order, 0).unwrap();
    assert_eq!(test.rows.iter().map(|r| r.lead).collect::<Vec<_>>(), (90..100).collect::<Vec<_>>());
    assert_eq!(s.split(1.5, SplitBy::Time, 0).unwrap_err().kind(), "invalid_option");
    let long = take(&j, &after(0, 200));
    assert_eq!(long.split(0.2, SplitBy::Time, 0).unwrap_err().kind(), "no_rows");
}

#[test]
fn wrong_questions_are_typed_errors() {
    let j = journeys(&[0], &[event(0, DAY, MAIL)], 100 * DAY, "UTC");
    let kind = |spec: &SnapshotSpec| j.snapshot(spec, None, FeatureSet::default(), &Task::new()).unwrap_err().kind();
    assert_eq!(kind(&SnapshotSpec::default()), "invalid_option");
    assert_eq!(kind(&SnapshotSpec { as_of: Some(Timestamp(0).into()), ..after(1, 1) }), "invalid_option");
    assert_eq!(kind(&SnapshotSpec { by_age: Some(Span::days(3)), ..after(1, 1) }), "invalid_option");
    assert_eq!(kind(&after(1, 0)), "invalid_option");
    assert_eq!(kind(&SnapshotSpec { target: Target::Names(vec!["wn".into()]), ..after(1, 1) }), "unknown_name");
    let stopped = Task::new();
    stopped.stop();
    assert_eq!(
        j.snapshot(
            &SnapshotSpec { target: Target::Names(vec!["mail".into()]), ..after(0, 1) },
            None,
            FeatureSet::default(),
            &stopped
        )
        .unwrap_err()
        .kind(),
        "interrupted"
    );
}

#[test]
fn folds_forward_know_what_was_known_at_their_start() {
    let created: Vec<i64> = (0..1200).map(|i| i * 200 * DAY / 1200).collect();
    let won = |i: i64| event(i as u32, created[i as usize] + (1 + i * 37 % 60) * DAY, WON);
    let events: Vec<Happening> = (0..1200).filter(|i| i % 3 == 0).map(won).filter(|e| e.at < 200 * DAY).collect();
    let j = journeys(&created, &events, 200 * DAY, "UTC");
    let weekly = |maturity, known_by| SnapshotSpec {
        every: Some(Span::days(7)),
        horizon: Some(Span::days(20)),
        maturity,
        known_by,
        ..SnapshotSpec::default()
    };
    let s = take(&j, &weekly(Maturity::Ipcw, None));
    let folds = s.forward_folds(8).unwrap();
    assert!(folds.len() >= 6, "{}", folds.len());
    for fold in &folds {
        let weight = fold.weight.as_ref().unwrap();
        let start = fold.test.iter().map(|i| s.rows[*i].cutoff).min().unwrap();
        let known = take(&j, &weekly(Maturity::Ipcw, Some(Timestamp(start).into())));
        let then = known.rows.iter().zip(&known.weight).zip(known.label.as_ref().unwrap());
        let then: Vec<_> = then.filter(|((r, _), _)| r.cutoff < start).map(|((r, w), l)| (*r, *w, *l)).collect();
        let label = s.label.as_ref().unwrap();
        let now: Vec<_> = fold.train.iter().map(|i| (s.rows[*i], weight[*i], label[*i])).collect();
        assert_eq!(now, then, "of {}", start / DAY);
        // Judged rows stand for those of their period that are not resolved; together they are all of it.
        let judged: f64 = fold.test.iter().map(|i| weight[*i]).sum();
        assert!(judged >= fold.test.len() as f64 && fold.test.iter().all(|i| s.rows[*i].cutoff >= start));
    }
    // Without censoring both are the same rows, each with its own weight.
    let whole = take(&j, &weekly(Maturity::Drop, None));
    assert!(whole.forward_folds(8).unwrap().iter().all(|f| f.weight.is_none()));
}
