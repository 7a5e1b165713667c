//! The stage funnel: hand-worked cases and laws.
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

use common::{CALL, DAY, Happening, LOST, MAIL, OPEN, VISIT, WON, event, journeys};
use leadlens::analyses::stage_funnel::{StageFunnel, StageFunnelSpec, StageTally};
use leadlens::time::Period;
use leadlens::{Journeys, Span, Task};
use proptest::prelude::*;

/// Entries such as "m3 o5 w9" in days: m mail, c call, o open, w won, l lost.
fn entries(lead: u32, text: &str) -> Vec<Happening> {
    let one = |word: &str| {
        let (letter, day) = word.split_at(1);
        let kind = match letter {
            "v" => VISIT,
            "m" => MAIL,
            "c" => CALL,
            "o" => OPEN,
            "w" => WON,
            _ => LOST,
        };
        let (day, deal) = day.split_once('/').map_or((day, None), |(d, deal)| (d, deal.parse().ok()));
        Happening { deal, ..event(lead, day.parse::<i64>().unwrap() * DAY, kind) }
    };
    text.split_whitespace().map(one).collect()
}

fn build(leads: &[&str], until: i64) -> Arc<Journeys> {
    let all: Vec<Happening> = (0u32..).zip(leads).flat_map(|(i, text)| entries(i, text)).collect();
    journeys(&vec![0; leads.len()], &all, until * DAY, "UTC")
}

fn spec() -> StageFunnelSpec {
    let names = ["lead", "mail", "call", "open", "won"];
    StageFunnelSpec { pipeline: names.iter().map(|n| (*n).to_owned()).collect(), ..StageFunnelSpec::default() }
}

fn run(leads: &[&str], spec: &StageFunnelSpec) -> StageFunnel {
    build(leads, 1000).stage_funnel(spec, &Task::new()).unwrap()
}

/// reached, entered, skipped, moved on, lost, open, won.
fn row(f: &StageFunnel, k: usize) -> [u64; 7] {
    let r = &f.all.stages[k];
    [r.reached, r.entered, r.skipped, r.moved_on, r.lost, r.open, r.won]
}

#[test]
fn counts_reconcile() {
    let f = run(&["m1 c2 o3 w4", "m1 l5", "m1 o3", "", "c2 l3"], &spec());
    assert_eq!(row(&f, 0), [5, 5, 0, 4, 0, 1, 0]);
    assert_eq!(row(&f, 1), [4, 3, 1, 3, 1, 0, 0]);
    // The third lead skipped the call, the last the mail.
    assert_eq!(row(&f, 2), [3, 2, 1, 2, 1, 0, 0]);
    assert_eq!(row(&f, 3), [2, 2, 0, 1, 0, 1, 0]);
    assert_eq!(row(&f, 4), [1, 1, 0, 0, 0, 0, 1]);
    assert_eq!((f.leads, f.all.cycles, f.no_start), (5, 5, 0));
    assert_eq!((f.all.stages[2].of_first, f.all.stages[2].of_previous), (0.6, 0.75));
    // Without creation as the first stage, leads that never enter are counted apart.
    let f = run(&["m1 c2", ""], &StageFunnelSpec { pipeline: vec!["mail".into(), "call".into()], ..spec() });
    assert_eq!((f.leads, f.no_start, f.all.stages[0].reached), (1, 1, 1));
}

#[test]
fn regressions_and_reopened_leads() {
    let f = run(&["m1 c2 m4 c6 o7"], &spec());
    assert_eq!((f.regressions, f.reopened, f.all.stages[3].reached), (1, 0, 1));
    // Time in stages: mail 1 to 2 and 4 to 6, call 2 to 4 and 6 to 7.
    assert_eq!((f.all.times[1].visits, f.all.times[1].left.mean, f.all.times[2].left.mean), (2, 1.5, 1.5));
    assert_eq!((f.all.times[3].visits, f.all.times[3].still_in), (1, 1));
    let f = run(&["m1 l3 o5 l9"], &spec());
    assert_eq!((f.reopened, f.all.cycles, row(&f, 3)[4]), (1, 1, 1));
    // A call is an event: only a stage opens a lead again.
    let f = run(&["m1 l3 c5 l9"], &spec());
    assert_eq!((f.reopened, f.all.cycles, row(&f, 2)[4]), (0, 1, 1));
}

#[test]
fn recycled_leads_start_a_new_cycle() {
    let with = |days| StageFunnelSpec { recycle_after: Some(Span::days(days)), ..spec() };
    let f = run(&["m1 l3 m100 c101"], &with(90));
    assert_eq!((f.leads, f.all.cycles, f.recycled, f.reopened), (1, 2, 1, 0));
    assert_eq!(row(&f, 1), [2, 2, 0, 1, 1, 0, 0]);
    // The second cycle skips creation.
    assert_eq!((f.all.stages[0].reached, f.all.stages[0].skipped), (2, 1));
    let f = run(&["m1 l3 m100 c101"], &with(98));
    assert_eq!((f.all.cycles, f.reopened), (1, 0));
    // Back to an earlier stage after long quiet, without a loss.
    let f = run(&["m1 c3 m200"], &with(90));
    assert_eq!((f.all.cycles, f.recycled, f.regressions), (2, 1, 0));
    // The first cycle ends there: it is in no stage, no opportunity, and not open.
    assert_eq!((f.all.stages[2].recycled, f.all.stages[2].open, f.all.stages[1].open), (1, 0, 1));
    let last = |stage: &str| f.all.flow.iter().rfind(|r| r.stage == stage).unwrap().stock;
    assert_eq!((last("mail"), last("call"), f.all.times[2].still_in, f.all.times[2].left.mean), (1, 0, 0, 197.0));
    assert!(f.all.cohorts[0].is_mature(&f.spec) && !f.all.cohorts[1].is_mature(&f.spec));
    let f = run(&["o3 o200"], &StageFunnelSpec { opportunity: Some("open".into()), ..with(90) });
    assert_eq!(f.all.velocity.open_now, 1);
    // Going on after long quiet is the same cycle.
    assert_eq!(run(&["m1 c300"], &with(90)).all.cycles, 1);
}

#[test]
fn wins_outside_the_pipeline() {
    // The win is no stage of the pipeline: it ends the visit to the last one.
    let short = StageFunnelSpec { pipeline: ["lead", "mail", "open"].map(str::to_owned).to_vec(), ..spec() };
    let f = run(&["m2 o5 w9", "m3 o4"], &short);
    assert_eq!((row(&f, 2)[6], row(&f, 2)[5]), (1, 1));
    assert_eq!((f.all.times[2].visits, f.all.times[2].left.mean, f.all.flow.last().unwrap().stock), (2, 4.0, 1));
    // Whether another lead was won says nothing of this one.
    assert_eq!(run(&["m3 o4"], &short).all.stages[2].open, 1);
}

#[test]
fn a_win_counts_whatever_else_is_open() {
    let short = StageFunnelSpec { pipeline: ["lead", "open"].map(str::to_owned).to_vec(), ..spec() };
    for s in [spec(), short.clone()] {
        let f = run(&["o2/0 o3/1 w5/0 l9/1"], &s);
        assert_eq!(f.all.wins.iter().fold((0, 0), |a, w| (a.0 + w.won, a.1 + w.lost)), (1, 0));
    }
    // A deal that goes on in a stage that is not named is open.
    let short = StageFunnelSpec { pipeline: ["lead", "mail"].map(str::to_owned).to_vec(), ..spec() };
    let f = run(&["m1 o2/0 l4/0 o5/1"], &short);
    assert_eq!((f.all.stages[1].lost, f.all.stages[1].open, f.reopened), (0, 1, 1));
    // A second win is told.
    let f = run(&["o2/0 w4/0 w9/1"], &spec());
    assert_eq!((f.more_wins, f.all.wins[0].won), (1, 1));
}

#[test]
fn periods_are_mature_when_all_their_windows_are_over() {
    let s = StageFunnelSpec { window: Some(Span::days(10)), ..spec() };
    let f = build(&["m1 w5", "m3", "m33 w35", "m52"], 59).stage_funnel(&s, &Task::new()).unwrap();
    let cohorts: Vec<_> = f.all.cohorts.iter().map(|c| (c.cycles, c.open, c.immature, c.is_mature(&s))).collect();
    // Creation, on day 0, is the start of all four.
    assert_eq!(cohorts, [(4, 3, 0, true)]);
    let s = StageFunnelSpec { pipeline: ["mail", "won"].map(str::to_owned).to_vec(), ..s };
    let f = build(&["m1 w5", "m3", "m33 w35", "m52"], 59).stage_funnel(&s, &Task::new()).unwrap();
    let cohorts: Vec<_> = f.all.cohorts.iter().map(|c| (c.cycles, c.open, c.immature, c.is_mature(&s))).collect();
    assert_eq!(cohorts, [(2, 1, 0, true), (1, 0, 1, false)]);
    // Open now, though their windows are over or not.
    assert_eq!(f.all.velocity.open_now, 2);
}

#[test]
fn without_a_stage_that_means_lost_the_win_rate_is_of_all() {
    let mut j = common::parts(&build(&["o2 w4", "o3"], 59));
    j.lost.clear();
    let f = Journeys::from(j).stage_funnel(&spec(), &Task::new()).unwrap();
    // Nothing is closed but won: the rate is of all leads, and says so.
    let v = &f.all.velocity;
    assert_eq!((v.won, v.of, f.win_rate_of.as_str()), (1, 2, "all leads"));
    assert!(v.per_day.is_nan() && f.all.wins[0].win_rate.is_nan());
    assert_eq!((f.all.wins[0].won, v.open_now), (1, 1));
}

#[test]
fn a_loss_within_the_time_stays_one() {
    let f = run(&["m2 l5 m25 w26"], &StageFunnelSpec { window: Some(Span::days(10)), ..spec() });
    assert_eq!((row(&f, 1)[4], row(&f, 1)[5], f.reopened, f.all.wins[0].lost), (1, 0, 0, 1));
}

#[test]
fn quiet_periods_are_told() {
    let f = build(&["m5 o160"], 220).stage_funnel(&spec(), &Task::new()).unwrap();
    let stock: Vec<u64> = f.all.flow.iter().filter(|r| r.stage == "mail").map(|r| r.stock).collect();
    // January to August, in which observation ends.
    assert_eq!(stock, [1, 1, 1, 1, 1, 0, 0, 0]);
    assert_eq!((f.all.wins.len(), f.all.wins[7].win_rate.is_nan(), f.all.wins[7].value), (8, true, None));
}

#[test]
fn several_deals_of_a_lead() {
    // The first deal is lost while the second is open: not the lead.
    let f = run(&["m1 o3/0 o4/1 l5/0 w9/1"], &spec());
    assert_eq!((f.regressions, f.reopened), (0, 0));
    assert_eq!(row(&f, 4), [1, 1, 0, 0, 0, 0, 1]);
    assert_eq!(f.all.wins.iter().map(|w| (w.won, w.lost)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)), (1, 0));
}

#[test]
fn entries_of_one_instant_follow_the_pipeline() {
    let f = run(&["w5 o5 c5 m5"], &spec());
    assert_eq!((f.regressions, row(&f, 4)[6]), (0, 1));
    assert_eq!(f.all.stages.iter().map(|s| s.skipped).sum::<u64>(), 0);
}

#[test]
fn within_a_time_of_the_start() {
    let leads = ["m1 c20 w40", "m1 c2 w3", "m1 l40"];
    let f = run(&leads, &StageFunnelSpec { window: Some(Span::days(30)), ..spec() });
    assert_eq!((row(&f, 2)[0], row(&f, 4)[0], row(&f, 1)[4], row(&f, 1)[5]), (2, 1, 0, 1));
    assert!(f.all.stages[1].reached == 3);
    let young =
        build(&leads, 20).stage_funnel(&StageFunnelSpec { window: Some(Span::days(30)), ..spec() }, &Task::new());
    assert_eq!((young.clone().unwrap().immature, young.unwrap().all.cycles), (3, 0));
}

/// Opportunities, won, lost, open, open now.
fn summary(f: &StageFunnel) -> [u64; 5] {
    let v = &f.all.velocity;
    [v.opportunities, v.won, v.lost, v.open, v.open_now]
}

#[test]
fn the_summary_adds_up_within_a_time() {
    let leads = ["o1 w5", "o1 l25", "o1 w26", "m3"];
    let f = run(&leads, &StageFunnelSpec { window: Some(Span::days(20)), ..spec() });
    assert_eq!(summary(&f), [4, 1, 0, 3, 1]);
    assert_eq!(f.all.stages.iter().map(|s| s.open).sum::<u64>(), 3);
    assert_eq!(summary(&run(&leads, &spec())), [4, 2, 1, 1, 1]);
    let opportunity = Some("open".to_owned());
    let f = run(&leads, &StageFunnelSpec { window: Some(Span::days(20)), opportunity, ..spec() });
    assert_eq!(summary(&f), [3, 1, 0, 2, 0]);
}

#[test]
fn periods_are_of_the_same_cycles_as_the_summary() {
    let s = StageFunnelSpec { opportunity: Some("open".into()), ..spec() };
    let f = run(&["o2 w9", "l3", "m1 l3", "o4 l40", "c1"], &s);
    assert_eq!(summary(&f), [2, 1, 1, 0, 0]);
    let closed: Vec<_> = f.all.wins.iter().map(|w| (w.won, w.lost)).filter(|w| *w != (0, 0)).collect();
    assert_eq!((closed, f.all.wins[0].win_rate), (vec![(1, 0), (0, 1)], 1.0));
    assert_eq!(f.wins_of(), "closed leads that reached 'open', by period of close");
}

#[test]
fn a_cycle_that_starts_with_creation_starts_then() {
    let all = [entries(0, "m1 c3 o20 w31"), entries(1, "o1 l2 o3"), entries(2, "w1 o15"), entries(3, "m1")].concat();
    let created = [10, 10, 10, 40].map(|day| day * DAY);
    let j = journeys(&created, &all, 1000 * DAY, "UTC");
    let f = j.stage_funnel(&spec(), &Task::new()).unwrap();
    // The mail and the call are as old as the lead, and no time was spent in the mail.
    assert_eq!((f.all.velocity.cycle_days, f.all.times[1].left.mean, f.all.times[2].left.mean), (21.0, 0.0, 10.0));
    assert_eq!(f.all.cohorts.iter().map(|c| (c.start_day, c.cycles)).collect::<Vec<_>>(), [(0, 1), (31, 1)]);
    // Of the two that were closed before, none is counted.
    assert_eq!((f.leads, f.ended_before), (2, 2));
    let within = StageFunnelSpec { window: Some(Span::days(22)), ..spec() };
    assert_eq!(j.stage_funnel(&within, &Task::new()).unwrap().all.velocity.won, 1);
    let within = StageFunnelSpec { window: Some(Span::days(20)), ..spec() };
    assert_eq!(j.stage_funnel(&within, &Task::new()).unwrap().all.velocity.won, 0);
}

#[test]
fn cohorts_and_flow() {
    let months = StageFunnelSpec { period: Period::Month, ..spec() };
    let f = build(&["m1 c40 w45", "m2 l33", "m50"], 59).stage_funnel(&months, &Task::new()).unwrap();
    assert_eq!(f.all.cohorts.iter().map(|c| (c.start_day, c.cycles, c.open)).collect::<Vec<_>>(), [(0, 3, 1)]);
    let mail: Vec<_> = f
        .all
        .flow
        .iter()
        .filter(|r| r.stage == "mail")
        .map(|r| (r.start_day, r.entered, r.moved_on, r.lost, r.stock))
        .collect();
    assert_eq!(mail, [(0, 2, 0, 0, 2), (31, 1, 1, 1, 1)]);
    let wins: Vec<_> = f.all.wins.iter().map(|w| (w.start_day, w.won, w.lost)).collect();
    assert_eq!(wins, [(0, 0, 0), (31, 1, 1)]);
    assert_eq!(f.all.wins[1].win_rate, 0.5);
}

#[test]
fn velocity() {
    let mut j = common::parts(&build(&["o10 w40", "o0 l9", "o5", "m3", "o10 w70"], 1000));
    let won = |p: &u32| j.timeline.kind.get(*p as usize) == WON;
    j.timeline.stages.amount =
        j.timeline.stages.position.iter().map(|p| if won(p) { 25_000.0 } else { f64::NAN }).collect();
    let asked = StageFunnelSpec { opportunity: Some("open".into()), ..spec() };
    let v = Journeys::from(j).stage_funnel(&asked, &Task::new()).unwrap().all.velocity;
    assert_eq!((v.open_now, v.value, v.cycle_days), (1, 25_000.0, 45.0));
    assert!((v.win_rate - 2.0 / 3.0).abs() < 1e-12);
    assert!((v.per_day - 2.0 / 3.0 * 25_000.0 / 45.0).abs() < 1e-9);
}

#[test]
fn bad_questions() {
    let j = build(&["m1"], 100);
    let kind = |s: StageFunnelSpec| j.stage_funnel(&s, &Task::new()).unwrap_err().kind();
    let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(kind(StageFunnelSpec { pipeline: names(&["mail"]), ..spec() }), "invalid_option");
    assert_eq!(kind(StageFunnelSpec { pipeline: names(&["mail", "cal"]), ..spec() }), "unknown_name");
    assert_eq!(kind(StageFunnelSpec { pipeline: names(&["mail", "mail"]), ..spec() }), "invalid_option");
    assert_eq!(kind(StageFunnelSpec { pipeline: names(&["mail", "won", "lost"]), ..spec() }), "invalid_option");
    assert_eq!(kind(StageFunnelSpec { by: Some("size".into()), ..spec() }), "unknown_name");
    assert_eq!(kind(StageFunnelSpec { window: Some(Span::days(0)), ..spec() }), "invalid_option");
    assert_eq!(kind(StageFunnelSpec { opportunity: Some("opp".into()), ..spec() }), "unknown_name");
    // The pipeline of the journeys is taken if none is given: open and won.
    let own = StageFunnelSpec { pipeline: Vec::new(), ..spec() };
    assert_eq!(j.stage_funnel(&own, &Task::new()).unwrap().no_start, 1);
}

fn random_leads() -> impl Strategy<Value = Vec<String>> {
    let word = ("[mcowl]", 0i64..60).prop_map(|(l, d)| format!("{l}{d}"));
    prop::collection::vec(prop::collection::vec(word, 0..8).prop_map(|w| w.join(" ")), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn laws(leads in random_leads(), recycle in prop::option::of(1i64..40), within in prop::option::of(1i64..80)) {
        let texts: Vec<&str> = leads.iter().map(String::as_str).collect();
        let s = StageFunnelSpec { recycle_after: recycle.map(Span::days), window: within.map(Span::days), period: Period::Week, ..spec() };
        let f = build(&texts, 70).stage_funnel(&s, &Task::new()).unwrap();
        prop_assert_eq!(f.leads + f.no_start, leads.len() as u64);
        prop_assert_eq!(f.leads + f.recycled, f.all.cycles + f.immature);
        for (k, r) in f.all.stages.iter().enumerate() {
            prop_assert_eq!(r.reached, r.moved_on + r.lost + r.recycled + r.open + r.won);
            prop_assert_eq!(r.reached, r.entered + r.skipped);
            prop_assert!(k == 0 || r.reached <= f.all.stages[k - 1].reached);
            let cohorts: u64 = f.all.cohorts.iter().map(|c| c.stages[k].reached).sum();
            prop_assert_eq!(r.reached, cohorts);
        }
        prop_assert_eq!(f.all.stages[0].reached, f.all.cycles);
        // What entered a stage has left it or is there: stocks are never negative, and those of the end are the visits that go on.
        let last_day = f.all.flow.iter().map(|r| r.start_day).max();
        for (k, t) in f.all.times.iter().enumerate() {
            let stage: Vec<_> = f.all.flow.iter().filter(|r| r.stage == t.stage).collect();
            let entered: u64 = stage.iter().map(|r| r.entered).sum();
            let left: u64 = stage.iter().map(|r| r.moved_on + r.moved_back + r.lost + r.recycled).sum();
            let stock = stage.iter().find(|r| Some(r.start_day) == last_day).map_or(0, |r| r.stock);
            prop_assert_eq!(entered - left, stock);
            // Visits of won cycles to the last stage have no length.
            prop_assert!(t.still_in <= stock, "{} {} {}", k, t.still_in, stock);
        }
        let closed: (u64, u64) = f.all.wins.iter().fold((0, 0), |a, w| (a.0 + w.won, a.1 + w.lost));
        prop_assert_eq!(closed.1, f.all.stages.iter().map(|r| r.lost).sum::<u64>());
        prop_assert_eq!(closed.0, f.all.stages.iter().map(|r| r.won).sum::<u64>());
        // Parts join to the whole.
        let cut = leads.len() / 2;
        let tally = |part: &[&str], first: usize| -> StageTally {
            let mut journeys = common::parts(&build(part, 70));
            // Leads of two parts are different leads, and cycles are clustered by lead.
            let ids: Vec<String> = (first..first + part.len()).map(|i| format!("lead{i:05}")).collect();
            journeys.leads.ids = ids.iter().map(String::as_str).collect();
            let t = Journeys::from(journeys).stage_tally(&s, &Task::new()).unwrap();
            serde_json::from_str(&serde_json::to_string(&t).unwrap()).unwrap()
        };
        let joined = tally(&texts[..cut], 0).merge(tally(&texts[cut..], cut)).unwrap().finish(&Task::new()).unwrap();
        prop_assert_eq!(format!("{joined:?}"), format!("{f:?}"));
    }
}
