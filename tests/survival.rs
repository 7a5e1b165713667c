//! Times to an event: R's survival and cmprsk, a brute-force twin, hand-worked cases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::{DAY, Happening, LOST, OPEN, WON, event, journeys};
use leadlens::analyses::time_to::{TimeToSpec, TimeToTally};
use leadlens::survival::{Curve, End, Family, Plateau, RiskTable, Subject, ceiling, fit_parametric, gray, log_rank};
use leadlens::{Journeys, Span, Task};
use proptest::prelude::*;

/// The random table that the R script made.
fn competing() -> Vec<(char, Subject)> {
    let text = include_str!("golden/competing.csv");
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let end = [End::Censored, End::Event, End::Competing][cells[1].parse::<usize>().unwrap()];
        (cells[2].chars().next().unwrap(), Subject { entry: None, exit: cells[0].parse().unwrap(), end })
    };
    text.lines().skip(1).map(row).collect()
}

fn golden(key: &str) -> Vec<f64> {
    let all: serde_json::Value = serde_json::from_str(include_str!("golden/survival.json")).unwrap();
    all[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn curve(spells: &[Subject]) -> Curve {
    Curve::new(RiskTable::new(spells).unwrap(), 0.95)
}

fn as_open(spells: &[Subject]) -> Vec<Subject> {
    spells.iter().map(|s| Subject { end: if s.end == End::Competing { End::Censored } else { s.end }, ..*s }).collect()
}

#[test]
fn equal_to_r() {
    let table = competing();
    let spells: Vec<Subject> = table.iter().map(|r| r.1).collect();
    let (aj, km) = (curve(&spells), curve(&as_open(&spells)));
    for (i, age) in golden("ages").into_iter().enumerate() {
        let at = aj.time.partition_point(|t| *t <= age) - 1;
        assert!((aj.incidence[at] - golden("incidence")[i]).abs() < 1e-12);
        assert!((aj.competing_incidence[at] - golden("competing_incidence")[i]).abs() < 1e-12);
        // cmprsk has Aalen's variance, which differs from the delta method's by the order of 1/n.
        let variance = aj.standard_error[at].powi(2);
        assert!((variance / golden("variance")[i] - 1.0).abs() < 0.01, "{variance}");
        let (f, interval) = km.by(age);
        assert!((1.0 - f - golden("kaplan_meier")[i]).abs() < 1e-12);
        assert!((1.0 - interval.high - golden("km_low")[i]).abs() < 1e-12);
        assert!((1.0 - interval.low - golden("km_high")[i]).abs() < 1e-12);
    }
    let mean = km.restricted_mean(20.0);
    assert!((mean.mean - golden("rmean")[0]).abs() < 1e-10, "{mean:?}");
    assert!((mean.standard_error - golden("rmean_se")[0]).abs() < 1e-10, "{mean:?}");
    let of = |g: char, open: bool| -> Vec<Subject> {
        let part: Vec<Subject> = table.iter().filter(|r| r.0 == g).map(|r| r.1).collect();
        if open { as_open(&part) } else { part }
    };
    let (a, b, c) = (of('a', false), of('b', false), of('c', false));
    let three = gray(&[&a, &b, &c]).unwrap();
    let two = gray(&[&a, &b]).unwrap();
    assert!((three.statistic / golden("gray_three")[0] - 1.0).abs() < 1e-9, "{three:?}");
    assert!((two.statistic / golden("gray_two")[0] - 1.0).abs() < 1e-9, "{two:?}");
    let (a, b, c) = (of('a', true), of('b', true), of('c', true));
    let test = log_rank(&[&a, &b, &c]).unwrap();
    assert!((test.statistic - golden("log_rank")[0]).abs() < 1e-10);
    assert_eq!(test.degrees, 2);
}

/// Incidence, its variance by the double sum, and the mean time up to `until` with its variance by the double sum.
fn by_hand(spells: &[Subject], age: f64, until: f64) -> [f64; 4] {
    let mut times: Vec<f64> = spells.iter().map(|s| s.exit).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    // (time, S before, n, d1, d2, F after)
    let mut rows: Vec<[f64; 6]> = Vec::new();
    let (mut s, mut f) = (1.0, 0.0);
    for t in times {
        let n = spells.iter().filter(|x| x.exit >= t && x.entry.is_none_or(|e| e < t)).count() as f64;
        let count = |end| spells.iter().filter(|x| x.exit == t && x.end == end).count() as f64;
        let (d1, d2) = (count(End::Event), count(End::Competing));
        if n > 0.0 && s > 0.0 {
            f += s * d1 / n;
            rows.push([t, s, n, d1, d2, f]);
            s *= (n - d1 - d2) / n;
        }
    }
    let f_at = |t: f64| rows.iter().rfind(|r| r[0] <= t).map_or(0.0, |r| r[5]);
    let integral = |from: f64, base: f64| {
        let mut ends: Vec<f64> = rows.iter().map(|r| r[0]).filter(|t| *t > from && *t < until).collect();
        ends.push(until);
        let mut left = from;
        let mut total = 0.0;
        for end in ends {
            total += (end - left) * (f_at(left) - base);
            left = end;
        }
        total
    };
    let (mut variance, mut mean_variance) = (0.0, 0.0);
    for [t, s, n, d1, d2, f] in &rows {
        let (p1, p2) = (d1 / n, d2 / n);
        let multinomial = |g1: f64, g2: f64| (g1 * g1 * p1 + g2 * g2 * p2 - (g1 * p1 + g2 * p2).powi(2)) / n;
        let stays = 1.0 - p1 - p2;
        let later = |x: f64| if stays > 1e-12 { x / stays } else { 0.0 };
        if *t <= age {
            let rest = later(f_at(age) - f);
            variance += multinomial(s - rest, -rest);
        }
        if *t <= until {
            let rest = later(integral(*t, *f));
            mean_variance += multinomial(s * (until - t) - rest, -rest);
        }
    }
    [f_at(age), variance, until - integral(0.0, 0.0), mean_variance]
}

fn spells() -> impl Strategy<Value = Vec<Subject>> {
    let one = (prop::option::weighted(0.3, 0u32..6), 1u32..12, 0usize..3).prop_map(|(entry, length, end)| Subject {
        entry: entry.map(f64::from),
        exit: f64::from(entry.unwrap_or(0) + length),
        end: [End::Censored, End::Event, End::Competing][end],
    });
    prop::collection::vec(one, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn equals_the_definition(spells in spells(), age in 0u32..20, until in 1u32..20) {
        let c = curve(&spells);
        let (age, until) = (f64::from(age), f64::from(until));
        let [f, variance, mean, mean_variance] = by_hand(&spells, age, until);
        prop_assert!((c.by(age).0 - f).abs() < 1e-12);
        let at = c.time.partition_point(|t| *t <= age);
        let se = if at == 0 { 0.0 } else { c.standard_error[at - 1] };
        prop_assert!((se * se - variance).abs() < 1e-12, "{} {}", se * se, variance);
        let m = c.restricted_mean(until);
        prop_assert!((m.mean - mean).abs() < 1e-10);
        prop_assert!((m.standard_error.powi(2) - mean_variance).abs() < 1e-9, "{} {}", m.standard_error.powi(2), mean_variance);
    }

    /// Shares grow, stay within bounds, and with the open ones add up to 1.
    #[test]
    fn laws(spells in spells()) {
        let c = curve(&spells);
        prop_assert!(c.incidence.is_sorted());
        for i in 0..c.time.len() {
            prop_assert!(c.incidence[i] + c.competing_incidence[i] <= 1.0 + 1e-12);
            // There is no interval where nobody, or everybody, has converted.
            prop_assert!(c.low[i].is_nan() || c.low[i] <= c.incidence[i] && c.incidence[i] <= c.high[i]);
        }
        // Swapping event and competing end swaps the curves.
        let swap = |e: End| match e { End::Event => End::Competing, End::Competing => End::Event, e @ End::Censored => e };
        let other = curve(&spells.iter().map(|s| Subject { end: swap(s.end), ..*s }).collect::<Vec<_>>());
        for (a, b) in c.competing_incidence.iter().zip(&other.incidence) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }
}

/// Numbers between 0 and 1.
fn uniform(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Spells with exponential times to the event and to a competing end, seen for `least` to `least + most` days.
fn random_group(n: usize, least: f64, most: f64, draw: &mut impl FnMut() -> f64) -> Vec<Subject> {
    (0..n)
        .map(|_| {
            let (event, other, seen) = (-draw().ln() * 20.0, -draw().ln() * 25.0, least + most * draw());
            let exit = event.min(other).min(seen);
            let ends = [(event, End::Event), (other, End::Competing), (seen, End::Censored)];
            let end = ends.into_iter().find(|(t, _)| *t == exit).unwrap().1;
            Subject { entry: None, exit, end }
        })
        .collect()
}

#[test]
fn tests_hold_their_level() {
    // 400 comparisons of three equal groups: about 5 % are called different by chance.
    let mut uniform = uniform(1);
    let (mut gray_hits, mut rank_hits) = (0, 0);
    for _ in 0..400 {
        let groups = [80, 60, 40].map(|n| random_group(n, 2.0, 30.0, &mut uniform));
        let parts: Vec<&[Subject]> = groups.iter().map(Vec::as_slice).collect();
        gray_hits += usize::from(gray(&parts).unwrap().p_value < 0.05);
        rank_hits += usize::from(log_rank(&parts).unwrap().p_value < 0.05);
    }
    // Mean 20, standard deviation 4.4.
    assert!((8..=33).contains(&gray_hits), "{gray_hits}");
    assert!((8..=33).contains(&rank_hits), "{rank_hits}");
}

#[test]
fn without_rivals_it_is_kaplan_meier() {
    let spells: Vec<Subject> = as_open(&competing().into_iter().map(|r| r.1).collect::<Vec<_>>());
    let c = curve(&spells);
    let (mut s, mut sum) = (1.0, 0.0);
    for i in 0..c.time.len() {
        let (n, d) = (c.at_risk[i] as f64, c.events[i] as f64);
        s *= 1.0 - d / n;
        if d < n {
            sum += d / (n * (n - d));
        }
        assert!((c.incidence[i] - (1.0 - s)).abs() < 1e-12);
        assert!((c.standard_error[i] - s * f64::sqrt(sum)).abs() < 1e-12);
    }
    // Gray's test and the log-rank test are then of the same hypothesis, with the same score; Gray's variance is of all
    // groups' common curve, so that the statistics differ a little.
    let table = competing();
    let of = |g: char| as_open(&table.iter().filter(|r| r.0 == g).map(|r| r.1).collect::<Vec<_>>());
    let (a, c) = (of('a'), of('c'));
    let (gray, rank) = (gray(&[&a, &c]).unwrap(), log_rank(&[&a, &c]).unwrap());
    assert!((gray.statistic / rank.statistic - 1.0).abs() < 0.05, "{gray:?} {rank:?}");
}

fn at(lead: u32, day: i64, kind: u32) -> Happening {
    event(lead, day * DAY, kind)
}

#[test]
fn clocks() {
    let all =
        [at(0, 10, WON), at(1, 20, LOST), at(2, 5, LOST), at(2, 8, WON), at(3, -1, WON), at(4, 3, OPEN), at(5, 0, WON)];
    let created = [0, 0, 0, 0, 0, 0, 200 * DAY];
    let j = journeys(&created, &all, 100 * DAY, "UTC");
    let t = j.time_to(&TimeToSpec::default(), &Task::new()).unwrap();
    let g = &t.groups[0];
    assert_eq!((g.leads, g.events, g.competing, g.censored), (5, 3, 1, 1));
    assert_eq!((t.no_start, t.ended_before, t.event_after_competing), (1, 1, 0));
    // 1/5 at 0; the loss at 5 was not the end: 1 of 4 at 8; 1 of 3 at 10.
    assert_eq!(g.curve.time, [0.0, 8.0, 10.0, 20.0, 100.0 - 1.0 / DAY as f64]);
    assert!((g.last.incidence - (0.2 + 0.8 / 4.0 + 0.6 / 3.0)).abs() < 1e-12);
    assert_eq!(g.at.iter().map(|a| (a.days, a.at_risk)).collect::<Vec<_>>(), [(30.0, 1), (60.0, 1), (90.0, 1)]);
    // Nothing competes if asked so; another start.
    let free = TimeToSpec { competing: Some(Vec::new()), ..TimeToSpec::default() };
    let g = &j.time_to(&free, &Task::new()).unwrap().groups[0];
    assert_eq!((g.events, g.competing), (3, 0));
    let later = TimeToSpec { start: Some("open".into()), ..TimeToSpec::default() };
    let t = j.time_to(&later, &Task::new()).unwrap();
    assert_eq!((t.groups[0].leads, t.no_start), (1, 6));
    let kind = |s: TimeToSpec| j.time_to(&s, &Task::new()).unwrap_err().kind();
    assert_eq!(kind(TimeToSpec { target: vec!["wn".into()], ..TimeToSpec::default() }), "unknown_name");
    assert_eq!(kind(TimeToSpec { by: Some("size".into()), ..TimeToSpec::default() }), "unknown_name");
    assert_eq!(kind(TimeToSpec { confidence: 1.0, ..TimeToSpec::default() }), "invalid_option");
    assert_eq!(kind(TimeToSpec { at: vec![Span::days(0)], ..TimeToSpec::default() }), "invalid_option");
    let nobody = journeys(&[200 * DAY], &[], 100 * DAY, "UTC");
    assert_eq!(nobody.time_to(&TimeToSpec::default(), &Task::new()).unwrap_err().kind(), "no_rows");
}

#[test]
fn deals_keep_a_lead_open() {
    let deal = |mut h: Happening, deal: u32| {
        h.deal = Some(deal);
        h
    };
    // One deal lost while another is open: not lost.
    let all = [deal(at(0, 1, OPEN), 0), deal(at(0, 2, OPEN), 1), deal(at(0, 3, LOST), 0), deal(at(0, 9, WON), 1)];
    let j = journeys(&[0], &all, 100 * DAY, "UTC");
    let g = &j.time_to(&TimeToSpec::default(), &Task::new()).unwrap().groups[0];
    assert_eq!((g.events, g.curve.time.clone()), (1, vec![9.0]));
}

#[test]
fn late_entry() {
    // Outcomes are recorded from day 100; leads of days 0 to 99 with earlier outcomes are not in the table.
    let n = 200u32;
    let created: Vec<i64> = (0..n).map(|i| i64::from(i) * DAY).collect();
    let all: Vec<Happening> = (0..n).filter(|i| i % 2 == 0).map(|i| at(i, i64::from(i) + 60, WON)).collect();
    let mut j = common::parts(&journeys(&created, &all, 400 * DAY, "UTC"));
    j.outcomes_from = 100 * DAY;
    let j = Journeys::from(j);
    let left_out = j.time_to(&TimeToSpec::default(), &Task::new()).unwrap();
    assert_eq!((left_out.groups[0].leads, left_out.before_outcomes), (100, 100));
    let late = j.time_to(&TimeToSpec { late_entry: true, ..TimeToSpec::default() }, &Task::new()).unwrap();
    // Those of days 0 to 40 with an outcome at age 60 had it before day 100.
    assert_eq!((late.groups[0].leads, late.before_outcomes), (180, 20));
    let c = &late.groups[0].curve;
    assert_eq!((c.time[0], c.events[0], c.at_risk[0]), (60.0, 80, 160));
    // It says what to do with what is not there.
    let mut always = common::parts(&j);
    always.outcomes_from = leadlens::time::NO_TIME;
    let error = Journeys::from(always)
        .time_to(&TimeToSpec { late_entry: true, ..TimeToSpec::default() }, &Task::new())
        .unwrap_err();
    assert_eq!(error.kind(), "invalid_option");
}

#[test]
fn at_risk_are_those_whose_spell_covers_an_age() {
    let mut draw = common::Draw(5);
    for _ in 0..200 {
        let spells: Vec<Subject> = (0..=draw.below(12))
            .map(|_| {
                let (entry, length) = (draw.below(9) as f64, 1.0 + draw.below(9) as f64);
                let end = [End::Event, End::Censored, End::Competing][draw.below(3) as usize];
                Subject { entry: (draw.below(2) == 0).then_some(entry), exit: entry + length, end }
            })
            .collect();
        let c = curve(&spells);
        for age in (1..40).map(|i| f64::from(i) / 2.0) {
            let covers = |s: &&Subject| s.exit >= age && s.entry.is_none_or(|e| e < age);
            assert_eq!(c.at_risk_at(age), spells.iter().filter(covers).count() as u64, "{spells:?} {age}");
        }
        let from = spells.iter().map(|s| s.entry.unwrap_or(0.0)).fold(f64::INFINITY, f64::min);
        assert_eq!(c.known_from(), from);
    }
}

#[test]
fn an_early_risk_set_that_empties_is_passed_over() {
    let mut spells: Vec<Subject> = (0..60)
        .map(|i| Subject {
            entry: Some(10.0 + f64::from(i % 7)),
            exit: 30.0 + f64::from(i),
            end: [End::Event, End::Censored][i as usize % 2],
        })
        .collect();
    spells.push(Subject { entry: None, exit: 1.0, end: End::Event });
    // By the product alone everybody has converted at age 1.
    assert_eq!(curve(&spells).incidence[0], 1.0);
    let mut created: Vec<i64> = spells.iter().map(|_| 0).collect();
    let until = 1000 * DAY;
    let mut all = Vec::new();
    for (i, s) in (0u32..).zip(&spells) {
        let begin = s.entry.map_or(500 * DAY, |e| (500.0 - e) as i64 * DAY);
        created[i as usize] = begin;
        all.push(event(i, begin + (s.exit as i64) * DAY, if s.end == End::Event { WON } else { LOST }));
    }
    let mut j = common::parts(&journeys(&created, &all, until, "UTC"));
    j.outcomes_from = 500 * DAY;
    let j = Journeys::from(j);
    let t = j.time_to(&TimeToSpec { late_entry: true, ..TimeToSpec::default() }, &Task::new()).unwrap();
    assert_eq!(t.groups[0].curve.time[0], 30.0);
    assert!(t.remarks[0].contains("first age with at least 30 at risk"), "{:?}", t.remarks);
    // Of what lies before nothing is known, so there is no mean time from 0.
    let spec = TimeToSpec { late_entry: true, at: [10, 40].map(Span::days).to_vec(), ..TimeToSpec::default() };
    let g = &j.time_to(&spec, &Task::new()).unwrap().groups[0];
    assert_eq!((g.at.len(), g.at[0].days, g.restricted_mean), (1, 40.0, None));
}

#[test]
fn tallies_join() {
    let all = [at(0, 10, WON), at(1, 20, LOST), at(2, 5, WON)];
    let spec = TimeToSpec::default();
    let whole = journeys(&[0; 4], &all, 100 * DAY, "UTC").time_to(&spec, &Task::new()).unwrap();
    let part = |leads: usize, all: &[Happening]| {
        let tally = journeys(&vec![0; leads], all, 100 * DAY, "UTC").time_to_tally(&spec, &Task::new()).unwrap();
        serde_json::from_str::<TimeToTally>(&serde_json::to_string(&tally).unwrap()).unwrap()
    };
    let joined = part(2, &all[..2]).merge(part(2, &[at(0, 5, WON)])).unwrap();
    assert_eq!(joined.finish(&Task::new()).unwrap().groups, whole.groups);
}

#[test]
fn bad_spells_are_refused() {
    let s = |entry, exit| Subject { entry, exit, end: End::Event };
    assert_eq!(RiskTable::new(&[s(None, f64::NAN)]).unwrap_err().kind(), "non_finite");
    assert_eq!(RiskTable::new(&[s(Some(2.0), 2.0)]).unwrap_err().kind(), "invalid_option");
    assert_eq!(log_rank(&[&[s(None, 1.0)]]).unwrap_err().kind(), "undefined");
    assert!(curve(&[]).time.is_empty());
}

/// Leads seen for 40 to 60 days, of whom `share` convert after Weibull times of scale 5 days and shape 1.5, and `lost` are
/// lost after exponential ones of 8 days.
fn leads(n: usize, share: f64, lost: f64, longest: f64, draw: &mut impl FnMut() -> f64) -> Vec<Subject> {
    (0..n)
        .map(|_| {
            let seen = longest * (1.0 - draw() / 3.0);
            let (which, u) = (draw(), -draw().max(1e-12).ln());
            let (exit, end) = match which {
                w if w < share => (5.0 * u.powf(1.0 / 1.5), End::Event),
                w if w < share + lost => (8.0 * u, End::Competing),
                _ => (f64::INFINITY, End::Censored),
            };
            if exit < seen {
                Subject { entry: None, exit, end }
            } else {
                Subject { entry: None, exit: seen, end: End::Censored }
            }
        })
        .collect()
}

#[test]
fn parametric_curves_are_as_likely_as_those_of_lifelines() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("golden/parametric.json")).unwrap();
    let spells: Vec<Subject> = as_open(&competing().into_iter().map(|r| r.1).collect::<Vec<_>>());
    let late: Vec<Subject> = spells
        .iter()
        .enumerate()
        .map(|(i, s)| Subject { entry: (i % 3 == 0).then_some(s.exit / 10.0), ..*s })
        .collect();
    for family in [Family::Weibull, Family::LogNormal, Family::GeneralizedGamma] {
        for with_ceiling in [false, true] {
            let name = if with_ceiling { format!("{family} ceiling") } else { family.to_string() };
            let fit = fit_parametric(&spells, family, with_ceiling, &Task::new()).unwrap();
            let own = fit_parametric(&late, family, with_ceiling, &Task::new()).unwrap();
            let Some(theirs) = golden.get(&name) else {
                // lifelines has no such fitter: it has the others as members.
                let weibull = fit_parametric(&spells, Family::Weibull, true, &Task::new()).unwrap();
                assert!(fit.log_likelihood >= weibull.log_likelihood - 1e-6);
                continue;
            };
            let value = |key: &str| theirs[key].as_f64().unwrap();
            // A maximum: never lower than theirs, and higher only where their search stopped early.
            for (ours, theirs) in [(fit.log_likelihood, value("log_likelihood")), (own.log_likelihood, value("late"))] {
                assert!(ours > theirs - 1e-6 && ours < theirs + 1e-3, "{name}: {ours} {theirs}");
            }
            if with_ceiling {
                assert!((fit.share - value("share")).abs() < 1e-3, "{fit:?} {theirs}");
            }
        }
    }
}

#[test]
fn a_ceiling_is_told_where_the_curve_levels_off() {
    let mut draw = uniform(7);
    let (mut covered, n) = (0, 60);
    for _ in 0..n {
        let spells = leads(400, 0.35, 0.0, 60.0, &mut draw);
        let found = ceiling(&spells, Family::Weibull, 0.9, &Task::new()).unwrap();
        let (fit, interval) = found.fit.unwrap();
        assert!(interval.low < fit.share && fit.share < interval.high);
        covered += usize::from(interval.low <= 0.35 && 0.35 <= interval.high);
    }
    // 54 expected; within three standard deviations.
    assert!((47..=60).contains(&covered), "{covered} of {n}");
    // With leads that are lost, and the richer family.
    let spells = leads(3_000, 0.3, 0.4, 60.0, &mut draw);
    let found = ceiling(&spells, Family::GeneralizedGamma, 0.95, &Task::new()).unwrap();
    let (fit, interval) = found.fit.unwrap();
    assert!(interval.low < 0.3 && 0.3 < interval.high && interval.high - interval.low < 0.06, "{fit:?} {interval:?}");
    let (lost, times) = fit.competing.unwrap();
    assert!((lost - 0.4).abs() < 0.04 && (times.shares(8.0).0 - 0.632).abs() < 0.04, "{fit:?}");
}

#[test]
fn no_ceiling_is_told_of_a_curve_that_still_rises() {
    for seed in 0..20 {
        let spells = leads(2_000, 0.9, 0.0, 4.0, &mut uniform(seed));
        let found = ceiling(&spells, Family::Weibull, 0.95, &Task::new()).unwrap();
        let why = ["does not visibly level off", "of all events happen within"];
        assert!(found.fit.is_none() && why.iter().any(|w| found.why_not.contains(w)), "{found:?}");
    }
    let few: Vec<Subject> = (1..=19).map(|i| Subject { entry: None, exit: f64::from(i), end: End::Event }).collect();
    let found = ceiling(&few, Family::Weibull, 0.95, &Task::new()).unwrap();
    assert_eq!((found.fit, found.why_not.as_str()), (None, "19 events; at least 20 are needed"));
    assert_eq!(Plateau::new(&[]), None);
}

#[test]
fn the_plateau_test_by_hand() {
    let spell = |exit: f64, end: End| Subject { entry: None, exit, end };
    let mut spells: Vec<Subject> = [1.0, 2.0, 3.0, 4.0].map(|t| spell(t, End::Event)).to_vec();
    spells.extend([5.0, 6.0, 7.0, 7.0, 7.0, 6.5].map(|t| spell(t, End::Censored)));
    // The last event at 4, the longest at 7: three events lie after 1. (1 − 3/10)^10.
    let plateau = Plateau::new(&spells).unwrap();
    assert_eq!((plateau.last_event, plateau.longest, plateau.events_before), (4.0, 7.0, 3));
    assert!((plateau.chance - 0.7f64.powi(10)).abs() < 1e-15 && plateau.reached());
    // Nothing is seen behind the last event.
    spells.push(spell(7.0, End::Event));
    let plateau = Plateau::new(&spells).unwrap();
    assert_eq!((plateau.events_before, plateau.chance, plateau.reached()), (0, 1.0, false));
}
