//! Drivers of drop-off, barriers, and groups compared.
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

use common::{CALL, DAY, Happening, MAIL, OPEN, VISIT, WON, event, journeys};
use leadlens::analyses::drivers::{BarriersSpec, Driver, DriversSpec, Factor};
use leadlens::analyses::funnel::{FunnelSpec, Order, Step};
use leadlens::journeys::{Field, FieldHistory};
use leadlens::schema::Column;
use leadlens::{Journeys, Span, Task};
use proptest::prelude::*;

fn with_field(j: &Journeys, name: &str, values: &[&str]) -> Arc<Journeys> {
    let mut levels: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
    levels.sort();
    levels.dedup();
    let codes = values.iter().map(|v| levels.iter().position(|l| l == v).unwrap() as u32).collect();
    let mut j = common::parts(j);
    let column = Column::Category { codes, levels: levels.into() };
    j.leads.fields.push(Field { name: name.into(), column, asked: true });
    Arc::new(j.into())
}

fn funnel() -> FunnelSpec {
    FunnelSpec { steps: vec!["visit".into(), "mail".into()], window: Some(Span::days(30)), ..FunnelSpec::default() }
}

/// PostHog's worked example: 5 of 7 that went on, and 1 of 11 that did not, made a call before.
fn example() -> Arc<Journeys> {
    let mut all = Vec::new();
    for lead in 0..18u32 {
        let went_on = lead < 7;
        if lead < 5 || lead == 7 {
            all.push(event(lead, DAY, CALL));
        }
        all.push(event(lead, 2 * DAY, VISIT));
        if went_on {
            all.push(event(lead, 5 * DAY, MAIL));
        }
        // After going on nothing counts.
        all.push(event(lead, 9 * DAY, OPEN));
    }
    journeys(&[0; 18], &all, 1000 * DAY, "UTC")
}

fn find<'a>(drivers: &'a [Driver], factor: Factor, name: &str) -> Option<&'a Driver> {
    drivers.iter().find(|d| d.factor == factor && d.name == name)
}

#[test]
fn worked_example() {
    let spec = DriversSpec { funnel: funnel(), min_support: Some(1), ..DriversSpec::default() };
    let d = example().drivers(&spec, &Task::new()).unwrap();
    let call = find(&d.drivers, Factor::Before, "call").unwrap();
    assert!((call.odds_ratio.unwrap() - 11.0).abs() < 1e-12);
    assert_eq!((call.leads, call.went_on, call.other_leads, call.others_went_on), (6, 5, 12, 2));
    // scipy.stats.fisher_exact([[5, 1], [2, 10]])
    assert!((call.p_value - 0.012_820_512_820_512_82).abs() < 1e-9, "{}", call.p_value);
    // Those that did not go on have the open stage within their time, those that did only after it.
    let open = find(&d.drivers, Factor::After, "open").unwrap();
    assert_eq!((open.leads, open.went_on, open.other_leads), (11, 0, 7));
    assert!(find(&d.drivers, Factor::Before, "open").is_none());
    assert_eq!(d.drivers.len(), 2);
    for d in &d.drivers {
        assert!(d.q_value >= d.p_value && d.interval.low < d.ratio() && d.ratio() < d.interval.high);
        assert_eq!(d.hazard_ratio.is_some(), d.factor == Factor::After);
    }
    // 25, or 2 % of 18 leads: one lead.
    let d = example().drivers(&DriversSpec { funnel: funnel(), ..DriversSpec::default() }, &Task::new()).unwrap();
    assert_eq!((d.drivers.len(), d.unsupported), (2, 0));
    let strict = DriversSpec { funnel: funnel(), min_support: Some(7), ..DriversSpec::default() };
    assert_eq!(example().drivers(&strict, &Task::new()).unwrap().unsupported, 1);
}

#[test]
fn fields_and_channels() {
    let j = example();
    let sizes: Vec<&str> = (0..18).map(|i| if i % 2 == 0 { "big" } else { "small" }).collect();
    let d = with_field(&j, "size", &sizes)
        .drivers(&DriversSpec { funnel: funnel(), min_support: Some(1), ..DriversSpec::default() }, &Task::new())
        .unwrap();
    let big = d.drivers.iter().find(|d| d.value == "big").unwrap();
    assert_eq!((big.leads, big.went_on, big.other_leads, big.others_went_on), (9, 4, 9, 3));
    let kind = |s: DriversSpec| j.drivers(&s, &Task::new()).unwrap_err().kind();
    let spec = DriversSpec { funnel: funnel(), ..DriversSpec::default() };
    assert_eq!(kind(DriversSpec { fields: vec!["size".into()], ..spec.clone() }), "unknown_name");
    assert_eq!(
        kind(DriversSpec { funnel: FunnelSpec { order: Order::Any, ..funnel() }, ..spec.clone() }),
        "invalid_option"
    );
    assert_eq!(
        kind(DriversSpec { funnel: FunnelSpec { steps: vec![Step::kind("visit")], ..funnel() }, ..spec }),
        "invalid_option"
    );
}

/// What a step was is known when a lead first got to it, not by what came of it.
#[test]
fn windows_of_steps_tell_nothing_of_the_outcome() {
    let mut all = Vec::new();
    for lead in 0..40u32 {
        for day in [2, 4, 6, 8] {
            all.push(event(lead, day * DAY, [VISIT, CALL][(lead as usize / 2 + day as usize / 2) % 2]));
        }
        if lead.is_multiple_of(2) {
            all.push(event(lead, 15 * DAY, MAIL));
        }
    }
    let j = journeys(&[0; 40], &all, 1000 * DAY, "UTC");
    let either: Step = serde_json::from_str(r#"["visit", "call"]"#).unwrap();
    for within in [None, Some(Span::days(45))] {
        let steps = vec!["created".into(), Step { within, ..either.clone() }, "mail".into()];
        let funnel = FunnelSpec {
            steps,
            window: Some(Span::days(60)),
            entry: leadlens::analyses::funnel::Entry::First,
            ..FunnelSpec::default()
        };
        let d = j.drivers(&DriversSpec { funnel, min_support: Some(1), ..DriversSpec::default() }, &Task::new());
        let before = d.unwrap().drivers.into_iter().filter(|d| d.factor == Factor::Before).count();
        assert_eq!(before, 0);
    }
}

#[test]
fn ends_are_no_drivers() {
    let mut all = Vec::new();
    for lead in 0..20u32 {
        all.push(event(lead, DAY, VISIT));
        all.push(event(lead, 3 * DAY, if lead.is_multiple_of(2) { MAIL } else { common::LOST }));
    }
    let j = journeys(&[0; 20], &all, 1000 * DAY, "UTC");
    let d = j.drivers(&DriversSpec { funnel: funnel(), min_support: Some(1), ..DriversSpec::default() }, &Task::new());
    let d = d.unwrap();
    assert!(d.drivers.is_empty() && d.remarks.is_empty(), "{d:?}");
}

/// A field that changes over time has the value of when the step was got to; by= that of creation.
#[test]
fn fields_that_change_over_time() {
    let mut all = Vec::new();
    for lead in 0..20u32 {
        all.push(event(lead, 5 * DAY, VISIT));
        if lead.is_multiple_of(2) {
            all.push(event(lead, 6 * DAY, MAIL));
        }
    }
    let mut j = common::parts(&journeys(&[0; 20], &all, 1000 * DAY, "UTC"));
    // "new" from the start, "old" from day 3 for those that go on, from day 9 for the others.
    let days = |lead: u32| [0, if lead.is_multiple_of(2) { 3 * DAY } else { 9 * DAY }];
    j.leads.histories.push(FieldHistory {
        name: "state".into(),
        offsets: (0..=20).map(|i| 2 * i).collect(),
        valid_from: (0..20).flat_map(days).collect(),
        valid_to: vec![leadlens::time::NO_TIME; 40],
        values: Column::Category { codes: [0, 1].repeat(20), levels: vec!["new".to_owned(), "old".to_owned()].into() },
    });
    let j = Journeys::from(j);
    let spec = DriversSpec { funnel: funnel(), min_support: Some(1), fields: vec!["state".into()] };
    let d = j.drivers(&spec, &Task::new()).unwrap();
    let old = d.drivers.iter().find(|d| d.value == "old").unwrap();
    assert_eq!((old.leads, old.went_on, old.other_leads, old.others_went_on), (10, 10, 10, 0));
    let by = FunnelSpec { by: Some("state".into()), ..funnel() };
    let groups: Vec<_> = j.funnel(&by, &Task::new()).unwrap().groups.into_iter().map(|g| g.value).collect();
    assert_eq!(groups, ["new"]);
}

fn two_segments() -> Arc<Journeys> {
    let mut all: Vec<Happening> = Vec::new();
    let mut sizes = Vec::new();
    // 100 big leads: 50 go on, 40 of them win. 60 small leads: 15 go on, 10 win.
    for (size, n, on, win) in [("big", 100u32, 50, 40), ("small", 60, 15, 10)] {
        for i in 0..n {
            let lead = sizes.len() as u32;
            sizes.push(size);
            all.push(event(lead, DAY, VISIT));
            if i < on {
                all.push(event(lead, 2 * DAY, MAIL));
            }
            if i < win {
                all.push(event(lead, 3 * DAY, WON));
            }
        }
    }
    let mut j = common::parts(&journeys(&vec![0; sizes.len()], &all, 1000 * DAY, "UTC"));
    j.timeline.stages.amount = vec![200.0; j.timeline.stages.position.len()].into();
    with_field(&j.into(), "size", &sizes)
}

#[test]
fn barriers_rank_by_what_is_lost() {
    let steps = vec!["visit".into(), "mail".into(), "won".into()];
    let funnel = FunnelSpec { steps, by: Some("size".into()), ..FunnelSpec::default() };
    let j = two_segments();
    let spec = BarriersSpec { funnel: funnel.clone(), min_support: Some(1), ..BarriersSpec::default() };
    let b = j.barriers(&spec, &Task::new()).unwrap();
    let first = &b.barriers[0];
    assert_eq!((first.segment.as_str(), first.step.as_str(), first.leads), ("small", "visit", 60));
    // 60·(0.5 − 0.25) leads, of which 0.8 win 200 each.
    assert!((first.leads_lost - 15.0).abs() < 1e-12 && (first.conversions_lost - 12.0).abs() < 1e-12);
    assert!((first.value_lost.unwrap() - 2400.0).abs() < 1e-9);
    let i = first.value_lost_interval.unwrap();
    assert!(i.low > 0.0 && i.low < 2400.0 && i.high > 2400.0);
    assert!(b.barriers.last().unwrap().conversions_lost < 0.0);
    let named = BarriersSpec { reference: Some("big".into()), value: Some(1.0), ..spec.clone() };
    let n = j.barriers(&named, &Task::new()).unwrap();
    assert!(n.barriers.iter().all(|x| x.segment == "small"));
    assert!((n.barriers[0].value_lost.unwrap() - 12.0).abs() < 1e-12);
    let kind = |s: BarriersSpec| j.barriers(&s, &Task::new()).unwrap_err().kind();
    assert_eq!(kind(BarriersSpec { reference: Some("bigg".into()), ..spec.clone() }), "unknown_name");
    assert_eq!(kind(BarriersSpec { funnel: FunnelSpec { by: None, ..funnel }, ..spec.clone() }), "invalid_option");
    assert_eq!(kind(BarriersSpec { value: Some(f64::NAN), ..spec }), "invalid_option");
}

/// Segments of a step are compared among those that have one.
#[test]
fn segments_of_a_step() {
    let mut all = Vec::new();
    for lead in 0..80u32 {
        all.push(event(lead, DAY, VISIT));
        if lead < 40 {
            all.push(Happening { channel: Some(lead % 2), ..event(lead, 2 * DAY, MAIL) });
        }
    }
    let steps = vec!["visit".into(), "mail".into()];
    let attribution = leadlens::analyses::funnel::StepAttribution::Step(2);
    let funnel = FunnelSpec { steps, by: Some("channel".into()), attribution, ..FunnelSpec::default() };
    let spec = BarriersSpec { funnel, min_support: Some(1), ..BarriersSpec::default() };
    let b = journeys(&[0; 80], &all, 1000 * DAY, "UTC").barriers(&spec, &Task::new()).unwrap();
    assert!(b.barriers.len() == 2 && b.barriers.iter().all(|b| b.reference_rate == 1.0 && b.leads_lost == 0.0));
}

/// The value of a lead is that of all its deals won in time, each once.
#[test]
fn value_of_a_won_lead() {
    let win = |lead: u32, day: i64, deal: u32| Happening { deal: Some(deal), ..event(lead, day * DAY, WON) };
    let all = [win(0, 1, 0), win(0, 2, 1), win(0, 3, 1), win(1, 1, 2), win(2, 90, 3)];
    let mut j = common::parts(&journeys(&[0; 3], &all, 50 * DAY, "UTC"));
    // The second row of deal 1 is an edit.
    j.timeline.stages.amount = vec![100.0, 200.0, 100.0, 9e6].into();
    let j = with_field(&j.into(), "size", &["a", "b", "a"]);
    let steps = vec!["created".into(), "won".into()];
    let funnel = FunnelSpec { steps, by: Some("size".into()), ..FunnelSpec::default() };
    let spec = BarriersSpec { funnel, min_support: Some(1), ..BarriersSpec::default() };
    assert_eq!(j.barriers(&spec, &Task::new()).unwrap().value, Some(200.0));
    let negative = BarriersSpec { value: Some(-5.0), ..spec };
    assert_eq!(j.barriers(&negative, &Task::new()).unwrap_err().kind(), "invalid_option");
}

#[test]
fn groups_compared() {
    let steps = vec!["visit".into(), "mail".into(), "won".into()];
    let funnel = FunnelSpec { steps, by: Some("size".into()), ..FunnelSpec::default() };
    let f = two_segments().funnel(&funnel, &Task::new()).unwrap();
    let c = f.compare("big", "small", 0.95).unwrap();
    assert_eq!((c.len(), c[0].first, c[0].second), (2, (100, 50), (60, 15)));
    assert!((c[0].of_first.difference - 0.25).abs() < 1e-12);
    assert_eq!(f.compare("big", "smal", 0.95).unwrap_err().to_string(), "unknown group 'smal'; did you mean 'small'?");
    let whole = two_segments().funnel(&FunnelSpec { by: None, ..funnel }, &Task::new()).unwrap();
    assert_eq!(whole.compare("big", "small", 0.95).unwrap_err().kind(), "invalid_option");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Counts of events before and after are those of a plain walk.
    #[test]
    fn equals_plain_counting(leads in prop::collection::vec(prop::collection::vec((0i64..12, 0u32..4), 0..8), 1..12)) {
        let all: Vec<Happening> = (0u32..).zip(&leads).flat_map(|(lead, events)| {
            events.iter().map(move |(day, kind)| event(lead, day * DAY, *kind))
        }).collect();
        let j = journeys(&vec![0; leads.len()], &all, 100 * DAY, "UTC");
        let spec = DriversSpec {
            funnel: FunnelSpec { entry: leadlens::analyses::funnel::Entry::First, window: Some(Span::days(5)), ..funnel() },
            min_support: Some(1),
            ..DriversSpec::default()
        };
        let d = j.drivers(&spec, &Task::new()).unwrap();
        for (factor, kind, name) in [(Factor::Before, CALL, "call"), (Factor::After, OPEN, "open"), (Factor::After, CALL, "call")] {
            let (mut n, mut went, mut with, mut hits) = (0, 0, 0, 0);
            for events in &leads {
                let mut sorted = events.clone();
                sorted.sort_unstable();
                // Rows that repeat the stage are edits.
                let first = sorted.iter().position(|e| e.1 == OPEN);
                let mut place = 0..;
                sorted.retain(|e| { let i = place.next(); e.1 != OPEN || i == first });
                let Some(visit) = sorted.iter().find(|e| e.1 == VISIT).map(|e| e.0) else { continue };
                let mail = sorted.iter().find(|e| e.1 == MAIL && e.0 >= visit && e.0 <= visit + 5).map(|e| e.0);
                let end = mail.unwrap_or(visit + 6);
                let has = sorted.iter().any(|e| e.1 == kind && if factor == Factor::Before { e.0 < visit } else { e.0 > visit && e.0 < end });
                n += 1;
                went += u64::from(mail.is_some());
                with += u64::from(has);
                hits += u64::from(has && mail.is_some());
            }
            match find(&d.drivers, factor, name) {
                Some(got) => prop_assert_eq!((got.leads, got.went_on, got.other_leads, got.others_went_on), (with, hits, n - with, went - hits)),
                None => prop_assert!(with == 0 || with == n),
            }
        }
    }
}
