//! What is broken down by a field adds up to the whole.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::collections::BTreeMap;

use common::{CALL, DAY, Draw, LOST, MAIL, OPEN, WON, event, journeys};
use leadlens::analyses::stage_funnel::{StageFunnelSpec, StageGroup, StageRow};
use leadlens::journeys::{Field, JourneysParts};
use leadlens::query::Where;
use leadlens::schema::{Column, NONE};
use leadlens::time::Period;
use leadlens::{Journeys, Span, Task};
use proptest::prelude::*;

/// Leads of three sources, or of none, with random stages; some wins have amounts.
fn world(seed: u64, leads: u32) -> JourneysParts {
    let mut draw = Draw(seed);
    let mut happenings = Vec::new();
    for lead in 0..leads {
        for _ in 0..draw.below(7) {
            let kind = [MAIL, CALL, OPEN, OPEN, WON, LOST][draw.below(6) as usize];
            happenings.push(event(lead, draw.below(90) as i64 * DAY, kind));
        }
    }
    let created: Vec<i64> = (0..leads).map(|_| draw.below(40) as i64 * DAY).collect();
    let mut j = common::parts(&journeys(&created, &happenings, 90 * DAY, "UTC"));
    let amounts = j.timeline.stages.amount.len();
    j.timeline.stages.amount =
        (0..amounts).map(|_| if draw.below(3) == 0 { f64::NAN } else { 1.0 + draw.below(900) as f64 }).collect();
    let codes = (0..leads).map(|_| [0, 1, 2, NONE][draw.below(4) as usize]).collect();
    let levels = ["ads", "fair", "web"].iter().map(|l| (*l).to_owned()).collect();
    let column = Column::Category { codes, levels };
    j.leads.fields.push(Field { name: "source".into(), column, asked: false });
    j
}

fn close(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * (1.0 + b.abs())
}

/// Sums over rows of groups by period and, where rows have one, stage.
fn totals<'a>(groups: impl IntoIterator<Item = &'a StageGroup>) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::<String, f64>::new();
    let mut add = |key: String, x: f64| *sums.entry(key).or_default() += if x.is_nan() { 0.0 } else { x };
    for g in groups {
        let v = &g.velocity;
        add("cycles".into(), g.cycles as f64);
        for (name, n) in [
            ("opportunities", v.opportunities),
            ("open", v.open),
            ("open_now", v.open_now),
            ("won", v.won),
            ("lost", v.lost),
            ("of", v.of),
        ] {
            add(name.into(), n as f64);
        }
        add("value won".into(), v.value_won);
        add("mean value".into(), v.value * v.values_known as f64);
        add("days to win".into(), v.cycle_days * v.days_known as f64);
        for s in &g.stages {
            for (name, n) in [("reached", s.reached), ("lost", s.lost), ("open", s.open), ("won", s.won)] {
                add(format!("{} {name}", s.stage), n as f64);
            }
        }
        for c in &g.cohorts {
            let reached: u64 = c.stages.iter().map(|s| s.reached).sum();
            let left_out = c.immature + c.before_outcomes;
            for (name, n) in [("cycles", c.cycles), ("open", c.open), ("reached", reached), ("left out", left_out)] {
                add(format!("cohort {} {name}", c.start_day), n as f64);
            }
        }
        for f in &g.flow {
            for (name, n) in [("entered", f.entered), ("on", f.moved_on), ("lost", f.lost), ("stock", f.stock)] {
                add(format!("flow {} {} {name}", f.start_day, f.stage), n as f64);
            }
        }
        for w in &g.wins {
            add(format!("wins {} won", w.start_day), w.won as f64);
            add(format!("wins {} lost", w.start_day), w.lost as f64);
            add(format!("wins {} value", w.start_day), w.value.unwrap_or(0.0));
        }
        for t in &g.times {
            add(format!("times {}", t.stage), t.visits as f64);
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn groups_and_periods_of_a_stage_funnel_add_up(
        seed in any::<u64>(),
        recorded in prop::option::of(0i64..40),
        within in prop::option::of(1i64..80),
        opportunity in prop::option::of(0usize..3),
    ) {
        let mut j = world(seed, 40);
        if let Some(day) = recorded {
            j.outcomes_from = day * DAY;
        }
        let spec = StageFunnelSpec {
            pipeline: ["lead", "mail", "open", "won"].map(str::to_owned).to_vec(),
            by: Some("source".into()),
            period: Period::Week,
            recycle_after: Some(Span::days(20)),
            window: within.map(Span::days),
            filter: Where::default(),
            opportunity: opportunity.map(|k| ["mail", "open", "won"][k].to_owned()),
        };
        let j = Journeys::from(j);
        let f = j.stage_funnel(&spec, &Task::new()).unwrap();
        let (whole, parts) = (totals([&f.all]), totals(&f.groups));
        prop_assert_eq!(whole.keys().collect::<Vec<_>>(), parts.keys().collect::<Vec<_>>());
        for (key, sum) in &parts {
            prop_assert!(close(*sum, whole[key]), "{}: {} in groups, {} in all", key, sum, whole[key]);
        }
        // All is what it is without a breakdown, and periods add up to it.
        let alone = j.stage_funnel(&StageFunnelSpec { by: None, ..spec }, &Task::new()).unwrap();
        prop_assert_eq!(format!("{:?}", alone.all), format!("{:?}", f.all));
        for g in f.all_and_groups() {
            let wins = g.wins.iter().fold((0, 0, 0.0), |a, w| (a.0 + w.won, a.1 + w.lost, a.2 + w.value.unwrap_or(0.0)));
            prop_assert_eq!(g.cycles, g.cohorts.iter().map(|c| c.cycles).sum::<u64>());
            // Periods, summary and stages are of the same cycles.
            let v = &g.velocity;
            prop_assert_eq!((wins.0, wins.1), (v.won, v.lost));
            let value = if v.values_known == 0 { 0.0 } else { v.value_won };
            prop_assert!(close(wins.2, value));
            let from = opportunity.map_or(0, |k| k + 1);
            let of = |get: fn(&StageRow) -> u64| g.stages.iter().skip(from).map(get).sum::<u64>();
            prop_assert_eq!((v.won, v.lost, v.open), (of(|s| s.won), of(|s| s.lost), of(|s| s.open)));
            prop_assert_eq!(v.opportunities, v.won + v.lost + v.open + of(|s| s.recycled));
        }
        let early: u64 = f.all.cohorts.iter().map(|c| c.before_outcomes).sum();
        prop_assert_eq!(f.before_outcomes, early);
        prop_assert!(recorded.is_some() || early == 0);
    }
}
