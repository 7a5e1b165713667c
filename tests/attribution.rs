//! Attribution: worked cases, laws, and a dense twin of the Markov chain.
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
use std::sync::Arc;

use common::{CALL, DAY, Happening, LOST, OPEN, VISIT, WON, event, journeys};
use leadlens::analyses::attribution::{
    Attribution, AttributionSpec, AttributionTally, Conversions, CustomRule, Method, NullPaths, PathForm, Spend,
    SpendRow, Weights,
};
use leadlens::math::solve;
use leadlens::time::Period;
use leadlens::{Journeys, Span, Task};
use proptest::prelude::*;

const NAMES: [&str; 3] = ["ads", "mail", "organic"];

/// A path of letters A, B, C, and how it ends.
#[derive(Debug, Clone)]
struct Case {
    path: String,
    converted: bool,
    value: f64,
}

fn cases(list: &[(&str, usize, usize)]) -> Vec<Case> {
    let one = |path: &str, converted| Case { path: path.to_owned(), converted, value: 10.0 };
    list.iter()
        .flat_map(|(path, won, null)| {
            std::iter::repeat_n(one(path, true), *won).chain(std::iter::repeat_n(one(path, false), *null))
        })
        .collect()
}

fn touches(lead: u32, path: &str) -> Vec<Happening> {
    let touch = |(i, letter): (usize, char)| Happening {
        channel: Some(letter as u32 - 'A' as u32),
        ..event(lead, i as i64 * DAY, VISIT)
    };
    path.chars().enumerate().map(touch).collect()
}

fn build(cases: &[Case]) -> Arc<Journeys> {
    let mut all = Vec::new();
    for (lead, c) in (0u32..).zip(cases) {
        all.extend(touches(lead, &c.path));
        if c.converted {
            all.push(event(lead, c.path.len() as i64 * DAY, WON));
        }
    }
    let mut j = common::parts(&journeys(&vec![0; cases.len()], &all, 1000 * DAY, "UTC"));
    let won: Vec<f64> = cases.iter().filter(|c| c.converted).map(|c| c.value).collect();
    j.timeline.stages.amount = won.into();
    Arc::new(j.into())
}

fn spec(method: Method) -> AttributionSpec {
    AttributionSpec { methods: vec![method], ..AttributionSpec::default() }
}

fn run(cases: &[Case], spec: &AttributionSpec) -> Attribution {
    build(cases).attribution(spec, &Task::new()).unwrap()
}

/// Conversions of A, B, C by the first method.
fn credit(a: &Attribution) -> [f64; 3] {
    NAMES.map(|name| a.methods[0].credits.iter().find(|c| c.channel == name).map_or(0.0, |c| c.conversions))
}

fn near(got: [f64; 3], want: [f64; 3]) {
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() < 1e-12, "{got:?} {want:?}");
    }
}

#[test]
fn markov_worked_examples() {
    let one = cases(&[("AB", 1, 0), ("A", 0, 1), ("B", 1, 0), ("BA", 0, 1)]);
    let a = run(&one, &spec(Method::Markov(1)));
    near(credit(&a), [0.5, 1.5, 0.0]);
    assert!((a.methods[0].chance.unwrap() - 0.5).abs() < 1e-15);
    let effect = |name: &str| a.methods[0].credits.iter().find(|c| c.channel == name).unwrap().removal_effect.unwrap();
    assert!((effect("ads") - 1.0 / 3.0).abs() < 1e-15 && (effect("mail") - 1.0).abs() < 1e-15);

    let two = cases(&[("ABC", 3, 0), ("AC", 1, 2), ("B", 0, 4), ("CB", 2, 3), ("C", 1, 4)]);
    let a = run(&two, &spec(Method::Markov(1)));
    near(credit(&a), [39_312.0 / 30_455.0, 58_233.0 / 30_455.0, 23_128.0 / 6_091.0]);
    assert!((a.methods[0].chance.unwrap() - 7.0 / 20.0).abs() < 1e-15);
    // The same value in each conversion is credited in the same proportion.
    for c in &a.methods[0].credits {
        assert!((c.value - 10.0 * c.conversions).abs() < 1e-11);
    }
}

#[test]
fn shapley_worked_examples() {
    let five = cases(&[("A", 2, 0), ("B", 3, 0), ("AB", 5, 0), ("ABC", 6, 0), ("C", 1, 0)]);
    near(credit(&run(&five, &spec(Method::Shapley))), [6.5, 7.5, 3.0]);
    let exact = credit(&run(&five, &spec(Method::ShapleyExact)));
    near(exact, [17.0 / 6.0, 10.0 / 3.0, -1.0 / 6.0]);
    let pair = cases(&[("A", 64, 0), ("B", 11, 0), ("BA", 8, 0)]);
    near(credit(&run(&pair, &spec(Method::ShapleyExact))), [30.5, -22.5, 0.0]);
}

/// Touches "A2 B4 …" by day, wins "w9", opportunities "o7" (deals after a slash), losses of one lead.
fn lead(text: &str) -> Vec<Happening> {
    let one = |word: &str| {
        let (word, deal) = word.split_once('/').map_or((word, None), |(w, d)| (w, d.parse().ok()));
        let (letter, day) = word.split_at(1);
        let (kind, channel) = match letter {
            "w" => (WON, None),
            "o" => (OPEN, None),
            "l" => (LOST, None),
            letter => (VISIT, Some(u32::from(letter.as_bytes()[0] - b'A'))),
        };
        Happening { channel, deal, ..event(0, day.parse::<i64>().unwrap() * DAY, kind) }
    };
    text.split_whitespace().map(one).collect()
}

fn by_milestones(text: &str, created: i64, weights: Weights, path: PathForm) -> [f64; 3] {
    let rule = Method::Custom(CustomRule { name: "r".into(), weights });
    let spec =
        AttributionSpec { conversions: Conversions::Every, opportunity: Some("open".into()), path, ..spec(rule) };
    credit(&journeys(&[created * DAY], &lead(text), 1000 * DAY, "UTC").attribution(&spec, &Task::new()).unwrap())
}

/// A milestone is one of the conversion at hand: of its deal, and not after its end.
#[test]
fn milestones_belong_to_their_conversion() {
    let opportunity = Weights { opportunity: 1.0, ..Weights::default() };
    let all = PathForm::All;
    let two_deals = "o3/0 w5/0 A32 B34 o36/1 C39 w40/1";
    near(by_milestones(two_deals, 0, opportunity, all), [0.0, 1.0, 0.0]);
    // A deal is won once: what comes after its win is on no path.
    near(by_milestones("A1 o3 B4 w5 o36 C39 w40", 0, opportunity, all), [1.0, 0.0, 0.0]);
    // What comes after a conversion is no milestone of it: the touches share.
    near(by_milestones("A1 B2 C3 w5/0 o60/1", 0, opportunity, all), [1.0 / 3.0; 3]);
    let first_and_lead = Weights { first: 0.5, lead: 0.5, ..Weights::default() };
    near(by_milestones("A1 B2 w5", 9, first_and_lead, all), [1.0, 0.0, 0.0]);
}

/// Milestones are found before repeats are made one.
#[test]
fn milestones_of_shaped_paths() {
    let made = Weights { lead: 1.0, ..Weights::default() };
    for form in [PathForm::All, PathForm::Collapse, PathForm::Unique] {
        // Creation on day 5: B made the lead, though it came again after.
        near(by_milestones("A2 B4 B7 C8 w9", 5, made, form), [0.0, 1.0, 0.0]);
        near(by_milestones("B2 A3 B4 C8 w9", 5, made, form), [0.0, 1.0, 0.0]);
    }
}

/// Costs have the credit of channels that no path to a conversion contains.
#[test]
fn credit_of_channels_without_conversions_is_spread() {
    let mut all = lead("A2 w8");
    all.extend(lead("B1 A3").into_iter().map(|h| Happening { lead: 1, ..h }));
    let j = journeys(&[0; 2], &all, 1000 * DAY, "UTC");
    let spend = Spend { rows: Vec::new(), period: Period::Month, remarks: Vec::new() };
    let a = j.attribution_with_spend(&spec(Method::Markov(1)), &spend, None, &Task::new()).unwrap();
    let costs: Vec<(String, f64)> =
        a.costs.as_ref().unwrap().total.iter().map(|c| (c.channel.clone(), c.conversions)).collect();
    for credit in &a.methods[0].credits {
        let cost = costs.iter().find(|(name, _)| *name == credit.channel).unwrap();
        assert!((cost.1 - credit.conversions).abs() < 1e-12, "{costs:?} {credit:?}");
    }
    assert!(credit(&a)[1] > 0.0);
}

#[test]
fn a_channel_that_is_called_like_the_row_of_the_untouched() {
    let mut all = lead("A2 w8");
    all.extend(lead("w3").into_iter().map(|h| Happening { lead: 1, ..h }));
    let mut j = common::parts(&journeys(&[0; 2], &all, 1000 * DAY, "UTC"));
    j.channels = ["(unattributed)", "mail", "organic"].into_iter().collect();
    let a = Journeys::from(j).attribution(&spec(Method::Last), &Task::new()).unwrap();
    let names: Vec<&str> = a.methods[0].credits.iter().map(|c| c.channel.as_str()).collect();
    assert_eq!(names, ["'(unattributed)'", "(unattributed)"]);
    assert_eq!((a.valued, a.conversions), (0, 2));
}

#[test]
fn rules() {
    let c = cases(&[("ABC", 1, 0)]);
    near(credit(&run(&c, &spec(Method::First))), [1.0, 0.0, 0.0]);
    near(credit(&run(&c, &spec(Method::Last))), [0.0, 0.0, 1.0]);
    near(credit(&run(&c, &spec(Method::Linear))), [1.0 / 3.0; 3]);
    near(credit(&run(&c, &spec(Method::Position))), [0.4, 0.2, 0.4]);
    let direct = AttributionSpec { direct: vec!["organic".into()], ..spec(Method::LastNonDirect) };
    near(credit(&run(&c, &direct)), [0.0, 1.0, 0.0]);
    // All direct: the last.
    near(credit(&run(&cases(&[("CC", 1, 0)]), &direct)), [0.0, 0.0, 1.0]);
    // One touch takes all; two are first and last and take the middle in proportion.
    near(credit(&run(&cases(&[("B", 1, 0)]), &spec(Method::FullPath))), [0.0, 1.0, 0.0]);
    near(credit(&run(&cases(&[("AB", 1, 0)]), &spec(Method::Position))), [0.5, 0.5, 0.0]);
    let custom = |w: Weights| spec(Method::Custom(CustomRule { name: "mine".into(), weights: w }));
    let half = Weights { first: 0.5, middle: 0.5, ..Weights::default() };
    near(credit(&run(&c, &custom(half))), [0.5, 0.25, 0.25]);
    let bad = build(&c).attribution(&custom(Weights { first: 0.6, ..half }), &Task::new());
    assert_eq!(bad.unwrap_err().kind(), "invalid_option");
}

/// Touches at 38, 33, 26, 8 and 0 days before, half-life 7, value 12,000.
#[test]
fn time_decay() {
    let days = [0, 5, 12, 30, 38];
    let mut all: Vec<Happening> = days
        .iter()
        .zip([0, 1, 2, 0, 1])
        .map(|(d, c)| Happening { channel: Some(c), ..event(0, d * DAY, VISIT) })
        .collect();
    all.push(event(0, 38 * DAY, WON));
    let mut j = common::parts(&journeys(&[0], &all, 1000 * DAY, "UTC"));
    j.timeline.stages.amount = vec![12_000.0].into();
    let a = Journeys::from(j).attribution(&spec(Method::TimeDecay), &Task::new()).unwrap();
    let value = |name: &str| a.methods[0].credits.iter().find(|c| c.channel == name).unwrap().value;
    // By touch 175.2, 287.4, 574.9, 3417.0, 7545.4.
    assert!((value("ads") - (175.2 + 3417.0)).abs() < 0.15, "{}", value("ads"));
    assert!((value("mail") - (287.4 + 7545.4)).abs() < 0.15);
    assert!((value("organic") - 574.9).abs() < 0.1);
}

/// A touches before the lead was created, B makes the opportunity, C is last.
#[test]
fn milestones_and_missing_ones() {
    let at = |day: i64, channel: u32| Happening { channel: Some(channel), ..event(0, day * DAY, VISIT) };
    let path = [at(-9, 0), at(-2, 2), at(3, 2), at(5, 1), at(9, 2), event(0, 10 * DAY, WON)];
    let opened: Vec<Happening> = path.iter().cloned().chain([event(0, 6 * DAY, OPEN)]).collect();
    let with = |method, all: &[Happening]| {
        credit(&journeys(&[0], all, 1000 * DAY, "UTC").attribution(&spec(method), &Task::new()).unwrap())
    };
    // U: first 0.4, lead creation (the touch of day −2) 0.4, three others 0.2.
    near(with(Method::UShaped, &opened), [0.4, 0.2 / 3.0, 0.4 + 0.4 / 3.0]);
    // W: 0.3 each to day −9, −2 and 5; 0.1 to the two others. The opportunity is the last stage but one: open.
    near(with(Method::WShaped, &opened), [0.3, 0.3, 0.3 + 0.1]);
    // Without the opportunity its share goes to what there is: 0.3, 0.3, 0.1 of 0.7.
    near(with(Method::WShaped, &path), [3.0 / 7.0, 0.1 / 3.0 / 0.7, 3.0 / 7.0 + 0.2 / 3.0 / 0.7]);
    near(with(Method::FullPath, &opened), [0.225, 0.225, 0.225 + 0.1 + 0.225]);
    // No stage can be the opportunity.
    let mut j = common::parts(&journeys(&[0], &path, 1000 * DAY, "UTC"));
    j.pipeline = Vec::new();
    assert_eq!(
        Journeys::from(j).attribution(&spec(Method::WShaped), &Task::new()).unwrap_err().kind(),
        "invalid_option"
    );
}

#[test]
fn preparation_of_paths() {
    let linear = spec(Method::Linear);
    let c = cases(&[("AABBA", 1, 0)]);
    near(credit(&run(&c, &linear)), [0.6, 0.4, 0.0]);
    near(
        credit(&run(&c, &AttributionSpec { path: PathForm::Collapse, ..linear.clone() })),
        [2.0 / 3.0, 1.0 / 3.0, 0.0],
    );
    near(credit(&run(&c, &AttributionSpec { path: PathForm::Unique, ..linear.clone() })), [0.5, 0.5, 0.0]);
    // The conversion is on day 5: two days back lie the touches of days 3 and 4.
    let recent = AttributionSpec { lookback: Some(Span::days(2)), ..linear.clone() };
    near(credit(&run(&c, &recent)), [0.5, 0.5, 0.0]);
    near(credit(&run(&c, &AttributionSpec { exclude: vec!["a*".into()], ..linear.clone() })), [0.0, 1.0, 0.0]);
    near(credit(&run(&c, &AttributionSpec { include: vec!["ads".into()], ..linear.clone() })), [1.0, 0.0, 0.0]);
    // What sales did is no touch unless named.
    let mut all = touches(0, "AB");
    all.push(Happening { channel: Some(2), ..event(0, 3 * DAY, CALL) });
    all.push(event(0, 4 * DAY, WON));
    let j = journeys(&[0], &all, 1000 * DAY, "UTC");
    near(credit(&j.attribution(&linear, &Task::new()).unwrap()), [0.5, 0.5, 0.0]);
    let named = AttributionSpec { touches: Some("call".into()), ..linear };
    near(credit(&j.attribution(&named, &Task::new()).unwrap()), [0.0, 0.0, 1.0]);
}

#[test]
fn every_conversion_and_unattributed_ones() {
    let mut all = touches(0, "AB");
    let won = |day: i64, deal: u32| Happening { deal: Some(deal), ..event(0, day * DAY, WON) };
    all.extend([won(2, 0), won(9, 1), event(1, DAY, WON)]);
    all.push(Happening { channel: Some(2), ..event(0, 5 * DAY, VISIT) });
    let j = journeys(&[0; 2], &all, 1000 * DAY, "UTC");
    let first = j.attribution(&spec(Method::Linear), &Task::new()).unwrap();
    near(credit(&first), [0.5, 0.5, 0.0]);
    assert_eq!((first.conversions, first.unattributed), (2, 1));
    let row = first.methods[0].credits.last().unwrap();
    assert_eq!((row.channel.as_str(), row.conversions, row.share), ("(unattributed)", 1.0, 0.5));
    let every = AttributionSpec { conversions: Conversions::Every, ..spec(Method::Linear) };
    let every = j.attribution(&every, &Task::new()).unwrap();
    near(credit(&every), [0.5, 0.5, 1.0]);
    assert_eq!(every.conversions, 3);
}

#[test]
fn paths_that_did_not_convert() {
    let mut all = touches(0, "AB");
    all.push(event(0, 2 * DAY, WON));
    all.extend(touches(1, "A"));
    all.push(event(1, 2 * DAY, LOST));
    all.push(Happening { channel: Some(1), ..event(1, 5 * DAY, VISIT) });
    all.extend(touches(2, "C"));
    let j = journeys(&[0; 4], &all, 1000 * DAY, "UTC");
    let with = |nulls| {
        let a = j.attribution(&AttributionSpec { nulls, ..spec(Method::Markov(1)) }, &Task::new()).unwrap();
        (a.null_paths, (a.methods[0].chance.unwrap() * 1e6).round() / 1e6, a.remarks.len())
    };
    assert_eq!(with(NullPaths::All), (2, 0.333_333, 2));
    assert_eq!(with(NullPaths::Lost), (1, 0.5, 1));
    assert_eq!(with(NullPaths::None), (0, 1.0, 2));
}

#[test]
fn bad_questions() {
    let j = build(&cases(&[("AB", 1, 1)]));
    let kind = |s: AttributionSpec| j.attribution(&s, &Task::new()).unwrap_err().kind();
    let good = spec(Method::Linear);
    assert_eq!(kind(AttributionSpec { methods: Vec::new(), ..good.clone() }), "invalid_option");
    assert_eq!(kind(AttributionSpec { by: "chanel".into(), ..good.clone() }), "unknown_name");
    assert_eq!(kind(AttributionSpec { target: vec!["wun".into()], ..good.clone() }), "unknown_name");
    assert_eq!(kind(AttributionSpec { exclude: vec!["tv".into()], ..good.clone() }), "unknown_name");
    assert_eq!(kind(AttributionSpec { lookback: Some(Span::days(0)), ..good.clone() }), "invalid_option");
    assert_eq!(kind(AttributionSpec { half_life: Span::days(0), ..good.clone() }), "invalid_option");
    assert_eq!(kind(AttributionSpec { bootstrap: 1, ..good.clone() }), "invalid_option");
    assert_eq!(kind(AttributionSpec { bootstrap: usize::MAX, ..good.clone() }), "invalid_option");
    assert_eq!(kind(AttributionSpec { methods: vec![Method::Last, Method::Last], ..good }), "invalid_option");
    assert_eq!("markow".parse::<Method>().unwrap_err().to_string(), "unknown method 'markow'; did you mean 'markov'?");
    // Nobody converted: nothing to give.
    let none = run(&cases(&[("AB", 0, 3)]), &spec(Method::Markov(2)));
    assert_eq!((none.conversions, credit(&none)), (0, [0.0; 3]));
}

#[test]
fn ranges_cover_what_they_should() {
    let c = cases(&[("AB", 40, 60), ("C", 10, 90), ("BC", 30, 30)]);
    let s =
        AttributionSpec { methods: vec![Method::Linear, Method::Markov(1)], bootstrap: 300, ..spec(Method::Linear) };
    let a = run(&c, &s);
    for m in &a.methods {
        for c in &m.credits {
            let r = c.conversions_range.unwrap();
            assert!(r.low < c.conversions && c.conversions < r.high, "{c:?}");
        }
    }
    // Linear credit of A is half of a count of 40 leads: standard deviation √40/2.
    let ads = a.methods[0].credits.iter().find(|c| c.channel == "ads").unwrap();
    let width = ads.conversions_range.unwrap().high - ads.conversions_range.unwrap().low;
    assert!((width / (2.0 * 1.96 * 40f64.sqrt() / 2.0) - 1.0).abs() < 0.15, "{width}");
    // The same seed gives the same ranges.
    assert_eq!(run(&c, &s), a);
}

/// A path of 800 touches hardly ever ends: such chains are solved by elimination.
#[test]
fn a_very_long_path() {
    let long: String = "AB".repeat(400);
    let a = run(&cases(&[(long.as_str(), 1, 0), ("C", 1, 2)]), &spec(Method::Markov(1)));
    assert!((credit(&a).iter().sum::<f64>() - 2.0).abs() < 1e-9);
    assert!((a.methods[0].chance.unwrap() - 0.5).abs() < 1e-9);
}

#[test]
fn refunds() {
    let mut list = cases(&[("ABC", 1, 0), ("AB", 1, 0), ("C", 0, 2)]);
    (list[0].value, list[1].value) = (100.0, -300.0);
    for method in [Method::Linear, Method::Markov(1), Method::Shapley] {
        let a = run(&list, &spec(method));
        assert!((a.methods[0].credits.iter().map(|c| c.value).sum::<f64>() + 200.0).abs() < 1e-9);
    }
}

#[test]
fn a_loss_is_known_when_it_happened() {
    // Lost on day 5; what comes after the end of observation does not undo it.
    let mut all = touches(0, "A");
    all.extend([event(0, 5 * DAY, LOST), event(0, 400 * DAY, OPEN), event(1, DAY, WON)]);
    let j = journeys(&[0; 2], &all, 100 * DAY, "UTC");
    let lost = AttributionSpec { nulls: NullPaths::Lost, ..spec(Method::Markov(1)) };
    assert_eq!(j.attribution(&lost, &Task::new()).unwrap().null_paths, 1);
}

#[test]
fn spend_beside_credit() {
    let mut all = touches(0, "AB");
    all.push(event(0, 2 * DAY, WON));
    all.extend(touches(1, "A"));
    all.push(Happening { channel: Some(1), ..event(1, 40 * DAY, VISIT) });
    all.push(event(1, 41 * DAY, WON));
    let mut j = common::parts(&journeys(&[0; 2], &all, 1000 * DAY, "UTC"));
    j.timeline.stages.amount = vec![100.0, 300.0].into();
    let j = Journeys::from(j);
    let row = |day, channel: Option<&str>, amount| SpendRow {
        from: day,
        until: day + 1,
        channel: channel.map(Into::into),
        amount,
    };
    let rows = vec![row(0, Some("ads"), 50.0), row(31, Some("mail"), 20.0), row(0, Some("tv"), 7.0), row(0, None, 1.0)];
    let spend = Spend { rows, period: Period::Month, remarks: Vec::new() };
    for method in [Method::Linear, Method::Markov(1)] {
        let a = j.attribution_with_spend(&spec(method.clone()), &spend, Some(&"won".into()), &Task::new()).unwrap();
        let costs = a.costs.unwrap();
        assert_eq!((costs.unmatched, costs.unmatched_channels.len()), (8.0, 2));
        let ads = &costs.total[0];
        assert_eq!((ads.channel.as_str(), ads.spend, ads.leads, ads.qualified), ("ads", Some(50.0), 2, 2));
        assert_eq!(ads.per_lead(), Some(25.0));
        assert!((ads.conversions - 1.0).abs() < 1e-12 && (ads.value - 200.0).abs() < 1e-9, "{ads:?}");
        assert!((ads.return_on_spend().unwrap() - 4.0).abs() < 1e-12);
        let mail: Vec<(Option<i64>, Option<f64>)> =
            costs.by_period.iter().filter(|r| r.channel == "mail").map(|r| (r.day, r.spend)).collect();
        assert_eq!(mail, [(Some(0), None), (Some(31), Some(20.0))]);
        // Leads are counted by their first touch, whatever paths are taken.
        let narrow = AttributionSpec { nulls: NullPaths::None, lookback: Some(Span::days(1)), ..spec(method.clone()) };
        let costs = j.attribution_with_spend(&narrow, &spend, None, &Task::new()).unwrap().costs.unwrap();
        assert_eq!((costs.total[0].leads, costs.unmatched), (2, 8.0));
    }
}

/// Credit by a chain of order k, solved densely.
fn dense(cases: &[Case], order: usize) -> [f64; 3] {
    type Out = (BTreeMap<String, f64>, f64, f64);
    let mut states: BTreeMap<String, Out> = BTreeMap::new();
    for c in cases.iter().filter(|c| !c.path.is_empty()) {
        let mut state = String::new();
        for letter in c.path.chars() {
            let mut next = format!("{state}{letter}");
            if next.len() > order {
                next.remove(0);
            }
            *states.entry(state).or_default().0.entry(next.clone()).or_default() += 1.0;
            state = next;
        }
        let out = states.entry(state).or_default();
        if c.converted { out.1 += 1.0 } else { out.2 += 1.0 }
    }
    if states.is_empty() {
        return [0.0; 3];
    }
    let rate = |without: Option<char>| -> f64 {
        let kept: Vec<&String> = states.keys().filter(|s| without.is_none_or(|w| !s.contains(w))).collect();
        let n = kept.len();
        let (mut a, mut b) = (vec![0.0; n * n], vec![0.0; n]);
        for (i, s) in kept.iter().enumerate() {
            let (next, won, lost) = &states[*s];
            let total = next.values().sum::<f64>() + won + lost;
            a[i * n + i] += 1.0;
            for (to, count) in next {
                if let Some(j) = kept.iter().position(|k| *k == to) {
                    a[i * n + j] -= count / total;
                }
            }
            b[i] = won / total;
        }
        let start = kept.iter().position(|s| s.is_empty()).unwrap();
        solve(a, b, n).unwrap()[start]
    };
    let p = rate(None);
    let effects = ['A', 'B', 'C'].map(|c| if p > 0.0 { 1.0 - rate(Some(c)) / p } else { 0.0 });
    let total: f64 = effects.iter().sum();
    let conversions = cases.iter().filter(|c| c.converted && !c.path.is_empty()).count() as f64;
    effects.map(|e| if total > 0.0 { conversions * e / total } else { 0.0 })
}

fn random_cases() -> impl Strategy<Value = Vec<Case>> {
    let one = ("[ABC]{0,6}", any::<bool>(), 0u32..100).prop_map(|(path, converted, value)| Case {
        path,
        converted,
        value: f64::from(value),
    });
    prop::collection::vec(one, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn markov_equals_the_dense_solution(cases in random_cases(), order in 1usize..4) {
        let a = run(&cases, &spec(Method::Markov(order)));
        let want = dense(&cases, order);
        for (g, w) in credit(&a).iter().zip(want) {
            prop_assert!((g - w).abs() < 1e-11, "{:?} {:?}", credit(&a), want);
        }
        let paths = cases.iter().filter(|c| !c.path.is_empty());
        let rate = paths.clone().filter(|c| c.converted).count() as f64 / paths.count().max(1) as f64;
        prop_assert!((a.methods[0].chance.unwrap_or(0.0) - rate).abs() < 1e-12);
    }

    /// Credits add up to all conversions and their value, are not negative, and do not depend on the order of leads.
    #[test]
    fn laws(cases in random_cases()) {
        let names = ["first", "last", "last_non_direct", "linear", "position", "u_shaped", "w_shaped", "full_path", "time_decay", "markov", "markov 2", "markov 3", "shapley"];
        let methods: Vec<Method> = names.iter().map(|n| n.parse().unwrap()).collect();
        let s = AttributionSpec { methods, ..spec(Method::First) };
        let a = run(&cases, &s);
        let conversions = cases.iter().filter(|c| c.converted).count() as f64;
        let value: f64 = cases.iter().filter(|c| c.converted).map(|c| c.value).sum();
        for m in &a.methods {
            prop_assert!((m.credits.iter().map(|c| c.conversions).sum::<f64>() - conversions).abs() < 1e-9, "{}", m.method);
            prop_assert!((m.credits.iter().map(|c| c.value).sum::<f64>() - value).abs() < 1e-9, "{}", m.method);
            prop_assert!(m.credits.iter().all(|c| c.conversions >= 0.0 && c.value >= 0.0));
        }
        let back: Vec<Case> = cases.iter().rev().cloned().collect();
        for (m, n) in a.methods.iter().zip(run(&back, &s).methods) {
            for c in &m.credits {
                let other = n.credits.iter().find(|o| o.channel == c.channel).unwrap();
                prop_assert!((c.conversions - other.conversions).abs() < 1e-10);
            }
        }
        // Repeats in a row change no credit of a chain of order 1.
        let collapsed = run(&cases, &AttributionSpec { path: PathForm::Collapse, ..spec(Method::Markov(1)) });
        for (x, y) in credit(&run(&cases, &spec(Method::Markov(1)))).iter().zip(credit(&collapsed)) {
            prop_assert!((x - y).abs() < 1e-10);
        }
    }

    #[test]
    fn parts_join_to_the_whole(cases in random_cases(), cut in 0usize..25) {
        let names = ["linear", "markov", "markov 3", "shapley", "shapley_exact"];
        let s = AttributionSpec { methods: names.iter().map(|n| n.parse().unwrap()).collect(), ..spec(Method::First) };
        let cut = cut.min(cases.len());
        let tally = |part: &[Case]| -> AttributionTally {
            let t = build(part).attribution_tally(&s, &Task::new()).unwrap();
            serde_json::from_str(&serde_json::to_string(&t).unwrap()).unwrap()
        };
        let joined = tally(&cases[..cut]).merge(tally(&cases[cut..])).unwrap().finish(&Task::new()).unwrap();
        let whole = run(&cases, &s);
        prop_assert_eq!((joined.conversions, joined.unattributed, joined.null_paths), (whole.conversions, whole.unattributed, whole.null_paths));
        for (m, n) in whole.methods.iter().zip(&joined.methods) {
            for c in &m.credits {
                let other = n.credits.iter().find(|o| o.channel == c.channel).unwrap();
                prop_assert!((c.conversions - other.conversions).abs() < 1e-11 && (c.value - other.value).abs() < 1e-9);
            }
        }
    }
}
