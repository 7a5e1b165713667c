//! Funnels against a twin that keeps every chain, on random journeys and random funnels.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::cmp::Reverse;

use common::{DAY, Draw, Happening, event, journeys};
use leadlens::analyses::funnel::{Choice, Entry, Exclusion, FunnelSpec, LeadProgress, Order, Step, StepRef};
use leadlens::{Span, Task};
use proptest::prelude::*;

const NAMES: [&str; 3] = ["visit", "mail", "call"];
const UNTIL: i64 = 40;

#[derive(Debug, Clone)]
struct Event {
    at: i64,
    seq: usize,
    kind: u32,
    channel: u32,
    /// Of another value than the one held constant: an exclusion, but no step.
    foreign: bool,
}

/// A chain: the event of each step, `None` where it was passed over.
type Chain = Vec<Option<Event>>;

fn does(step: &Step, kind: u32) -> bool {
    step.any.iter().any(|c| c.kind.as_deref() == Some(NAMES[kind as usize]))
}

fn ends(chain: &Chain) -> (usize, &Event, &Event) {
    let last = chain.iter().rposition(Option::is_some).unwrap();
    (last, chain[0].as_ref().unwrap(), chain[last].as_ref().unwrap())
}

/// Steps that an event can be, and exclusions, as bits.
fn bits(spec: &FunnelSpec, kind: u32) -> (u32, u32) {
    let bits = |flags: Vec<bool>| flags.iter().enumerate().map(|(k, f)| u32::from(*f) << k).sum();
    let steps = spec.steps.iter().map(|s| does(s, kind)).collect();
    (bits(steps), bits(spec.exclude.iter().map(|x| does(&x.event, kind)).collect()))
}

/// Events in the order in which a funnel takes them.
fn ordered(spec: &FunnelSpec, events: &[(i64, u32, u32)]) -> Vec<Event> {
    let mut list: Vec<Event> = events
        .iter()
        .map(|(at, kind, channel)| Event { at: *at, seq: 0, kind: *kind, channel: *channel, foreign: false })
        .collect();
    list.sort_by_key(|e| {
        let (steps, hits) = bits(spec, e.kind);
        let first = if steps == 0 { u32::from(hits == 0) } else { steps.trailing_zeros() + 2 };
        (e.at, first, steps.count_ones(), steps, hits)
    });
    list.iter_mut().enumerate().for_each(|(i, e)| e.seq = i);
    list
}

fn longest(spec: &FunnelSpec) -> Option<i64> {
    let sum: Option<i64> = spec.steps[1..].iter().map(|s| s.within.map(Span::as_micros)).sum();
    let window = spec.window.map(Span::as_micros);
    match (window, sum.filter(|_| spec.steps.len() > 1)) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn mature(spec: &FunnelSpec, start: i64) -> bool {
    longest(spec).is_none_or(|w| start + w < UNTIL)
}

fn may_go_on(spec: &FunnelSpec, chain: &Chain, k: usize, e: &Event) -> bool {
    let (last, start, end) = ends(chain);
    k > last
        && spec.steps[last + 1..k].iter().all(|s| s.optional)
        && spec.window.is_none_or(|w| e.at - start.at <= w.as_micros())
        && spec.steps[k].within.is_none_or(|w| e.at - end.at <= w.as_micros())
        && (spec.order != Order::Strict || end.seq + 1 == e.seq)
}

fn mask(chain: &Chain) -> u32 {
    (0..chain.len()).filter(|k| chain[*k].is_some()).map(|k| 1 << k).sum()
}

/// The best of the chains: furthest, most steps, first there, last started; of equals the one that passed over later
/// steps, with the first instance of each step, and of those of one instant the first.
fn winner<'a>(strict: bool, chains: impl Iterator<Item = &'a Chain>) -> Option<&'a Chain> {
    chains.max_by_key(|c| {
        let (last, start, end) = ends(c);
        let times: Vec<i64> = c.iter().flatten().map(|e| e.at).collect();
        let places: Vec<usize> = c.iter().flatten().map(|e| e.seq).collect();
        let first = (start.at, Reverse(mask(c)), Reverse(times), Reverse(places));
        // Strict steps are taken one after the other, of one instant too.
        let there = if strict { end.seq as i64 } else { end.at };
        (last, c.iter().flatten().count(), Reverse(there), first)
    })
}

struct Outcome {
    attempts: Vec<Chain>,
    immature: bool,
    removed: bool,
}

/// Whether some chain can still take a step at the time of `e`, whatever the event is.
fn goes_on(spec: &FunnelSpec, live: &[Chain], e: &Event) -> bool {
    live.iter().any(|c| (0..spec.steps.len()).any(|k| may_go_on(spec, c, k, e)))
}

/// All chains that grow from `live` by events of one instant, in any order; of one event if steps are strict.
fn grown(spec: &FunnelSpec, live: &[Chain], events: &[Event]) -> Vec<Chain> {
    let mut all = Vec::new();
    let mut newest = live.to_vec();
    while !newest.is_empty() {
        let mut next = Vec::new();
        for c in &newest {
            for e in events.iter().filter(|e| !e.foreign) {
                let is_in = c.iter().flatten().any(|own| own.seq == e.seq);
                for k in (1..spec.steps.len()).filter(|k| !is_in && does(&spec.steps[*k], e.kind)) {
                    if may_go_on(spec, c, k, e) {
                        let mut longer = c.clone();
                        longer[k] = Some(e.clone());
                        next.push(longer);
                    }
                }
            }
        }
        all.extend(next.iter().cloned());
        newest = next;
    }
    all
}

/// Walks with every chain kept, instant by instant; event by event where each is one step only, or steps are strict.
fn walk(spec: &FunnelSpec, events: &[Event]) -> Outcome {
    let n = spec.steps.len();
    let goal = spec.steps.iter().rposition(|s| !s.optional).unwrap();
    let strict = spec.order == Order::Strict;
    // Events that are taken together, and those whose exclusions come before them.
    let mut parts: Vec<(&[Event], &[Event])> = Vec::new();
    for instant in events.chunk_by(|a, b| !strict && a.at == b.at) {
        if instant.len() > 1 && instant.iter().any(|e| !e.foreign && bits(spec, e.kind).0.count_ones() > 1) {
            parts.push((instant, instant));
        } else {
            parts.extend(instant.chunks(1).enumerate().map(|(i, e)| (e, if i == 0 { instant } else { &[] })));
        }
    }
    let mut out = Outcome { attempts: Vec::new(), immature: false, removed: false };
    let (mut all, mut live): (Vec<Chain>, Vec<Chain>) = (Vec::new(), Vec::new());
    let full = |all: &[Chain]| all.iter().any(|c| c.iter().all(Option::is_some));
    let converted = |all: &[Chain]| all.iter().any(|c| c[goal].is_some());
    let best = spec.entry == Entry::Best;
    let mut i = 0;
    while i < parts.len() {
        let (here, excluding) = parts[i];
        let entries: Vec<Event> = here.iter().filter(|e| !e.foreign && does(&spec.steps[0], e.kind)).cloned().collect();
        let running = !all.is_empty();
        if !best && running && (!goes_on(spec, &live, &here[0]) || (converted(&all) && !entries.is_empty())) {
            // The attempt has ended before.
            out.attempts.push(winner(strict, all.iter()).unwrap().clone());
            (all, live) = (Vec::new(), Vec::new());
            if spec.entry == Entry::First {
                return out;
            }
            continue;
        }
        for (e, x) in
            excluding.iter().flat_map(|e| spec.exclude.iter().filter(|x| does(&x.event, e.kind)).map(move |x| (e, x)))
        {
            let place = |r: &Option<StepRef>| r.as_ref().unwrap().position(&spec.steps).unwrap();
            let (after, before) = (place(&x.after), place(&x.before));
            let hit = |c: &Chain| (after..before).contains(&ends(c).0);
            let hit_live: Vec<Chain> = live.iter().filter(|c| hit(c)).cloned().collect();
            if goes_on(spec, &hit_live, e) && x.removes && !converted(&all) {
                out.removed = true;
                out.attempts.clear();
                return out;
            }
            live.retain(|c| !hit(c));
        }
        let mut from = live.clone();
        if (best || !running) && !entries.is_empty() {
            if mature(spec, entries[0].at) {
                for e in &entries {
                    let mut chain: Chain = vec![None; n];
                    chain[0] = Some(e.clone());
                    all.push(chain.clone());
                    live.push(chain.clone());
                    from.push(chain);
                }
            } else if best {
                out.immature |= all.is_empty();
            } else {
                out.immature = true;
                return out;
            }
        }
        let more = grown(spec, &from, here);
        all.extend(more.iter().cloned());
        live.extend(more);
        if best {
            if full(&all) {
                break;
            }
            i += 1;
            continue;
        }
        let done = full(&all) || (goal + 1 == n && converted(&all));
        if !all.is_empty() && (done || live.iter().all(|c| strict && ends(c).2.seq != here[0].seq)) {
            out.attempts.push(winner(strict, all.iter()).unwrap().clone());
            (all, live) = (Vec::new(), Vec::new());
            if spec.entry == Entry::First {
                return out;
            }
            i += usize::from(done);
            continue;
        }
        i += 1;
    }
    out.attempts.extend(winner(strict, all.iter()).cloned());
    out
}

/// Steps in any order: the best of all ways to give events to steps within a window that starts with an event.
fn any_order(spec: &FunnelSpec, events: &[Event]) -> Outcome {
    fn most(steps: &[Step], events: &[Event], from: usize, used: u32) -> Vec<usize> {
        if from == events.len() {
            return Vec::new();
        }
        let mut best = most(steps, events, from + 1, used);
        for (k, s) in steps.iter().enumerate() {
            if used >> k & 1 == 0 && does(s, events[from].kind) {
                let mut with = vec![from];
                with.extend(most(steps, events, from + 1, used | 1 << k));
                if with.len() > best.len() {
                    best = with;
                }
            }
        }
        best
    }
    let mut out = Outcome { attempts: Vec::new(), immature: false, removed: false };
    let relevant: Vec<Event> = events.iter().filter(|e| spec.steps.iter().any(|s| does(s, e.kind))).cloned().collect();
    let size = |part: &[Event]| most(&spec.steps, part, 0, 0).len();
    // The event by which one, two, and more steps were done.
    let as_chain = |n: usize, first: usize| -> Chain {
        let by = |n: usize| (first..relevant.len()).find(|j| size(&relevant[first..=*j]) == n);
        (1..=spec.steps.len()).map(|k| if k <= n { by(k).map(|j| relevant[j].clone()) } else { None }).collect()
    };
    let reach = |i: usize| {
        (i..relevant.len())
            .take_while(|j| spec.window.is_none_or(|w| relevant[*j].at - relevant[i].at <= w.as_micros()))
            .last()
            .unwrap()
    };
    match spec.entry {
        Entry::Best => {
            // By instants: what is of one has no order.
            let mut best: Option<(usize, Reverse<i64>, i64)> = None;
            for i in 0..relevant.len() {
                if !mature(spec, relevant[i].at) {
                    out.immature = best.is_none();
                    break;
                }
                for j in i..=reach(i) {
                    best = best.max(Some((size(&relevant[i..=j]), Reverse(relevant[j].at), relevant[i].at)));
                }
            }
            let first = |at: i64| relevant.iter().position(|e| e.at == at).unwrap();
            out.attempts.extend(best.map(|(n, _, at)| as_chain(n, first(at))));
        }
        Entry::First | Entry::Totals => {
            let mut i = 0;
            while i < relevant.len() {
                if !mature(spec, relevant[i].at) {
                    out.immature = true;
                    break;
                }
                let end = reach(i);
                let n = size(&relevant[i..=end]);
                let j = (i..=end).find(|j| size(&relevant[i..=*j]) == n).unwrap();
                out.attempts.push(as_chain(n, i));
                i = if n == spec.steps.len() { j + 1 } else { end + 1 };
                if spec.entry == Entry::First {
                    break;
                }
            }
        }
    }
    out
}

/// The twin's answer for one lead: counts per step, times of the steps of each attempt, immature, removed.
fn expected(spec: &FunnelSpec, events: &[(i64, u32, u32)]) -> (Vec<u64>, Vec<Vec<Option<i64>>>, bool, bool) {
    let list = ordered(spec, events);
    let run = |list: &[Event]| if spec.order == Order::Any { any_order(spec, list) } else { walk(spec, list) };
    let out = if spec.hold.is_some() {
        let mut values: Vec<u32> = list.iter().map(|e| e.channel).collect();
        values.sort_unstable();
        values.dedup();
        let starts = |e: &&Event| {
            does(&spec.steps[0], e.kind) || (spec.order == Order::Any && spec.steps.iter().any(|s| does(s, e.kind)))
        };
        if spec.entry == Entry::First {
            // Those of the instant of the first entry.
            let first = list.iter().find(starts).map(|e| e.at);
            values.retain(|v| list.iter().filter(starts).any(|e| Some(e.at) == first && e.channel == *v));
        }
        let mut joined = Outcome { attempts: Vec::new(), immature: false, removed: false };
        for v in values {
            let excludes = |e: &Event| spec.exclude.iter().any(|x| does(&x.event, e.kind));
            let part: Vec<Event> = list
                .iter()
                .filter(|e| e.channel == v || excludes(e))
                .map(|e| Event { foreign: e.channel != v, ..e.clone() })
                .collect();
            let o = run(&part);
            joined.attempts.extend(o.attempts);
            joined.immature |= o.immature;
            joined.removed |= o.removed;
        }
        if spec.entry != Entry::Totals {
            let best = winner(false, joined.attempts.iter());
            joined.attempts = best.cloned().into_iter().collect();
        }
        if joined.removed {
            joined.attempts.clear();
        }
        joined
    } else {
        run(&list)
    };
    let n = spec.steps.len();
    let mut counts = vec![0; n];
    for (k, e) in out.attempts.iter().flat_map(|c| c.iter().enumerate()) {
        counts[k] += u64::from(e.is_some());
    }
    let times = out.attempts.iter().map(|c| c.iter().map(|e| e.as_ref().map(|e| e.at)).collect()).collect();
    let immature = out.immature && !out.removed && (out.attempts.is_empty() || spec.entry == Entry::Totals);
    (counts, times, immature, out.removed)
}

prop_compose! {
    fn funnel()(
        kinds in prop::collection::vec(prop_oneof![4 => (0u32..3).prop_map(|k| vec![k]), 1 => Just(vec![0, 1]), 1 => Just(vec![1, 2])], 1..5),
        optional in prop::collection::vec(prop::bool::weighted(0.2), 5),
        within in prop::collection::vec(prop::option::weighted(0.2, 1i64..12), 5),
        window in prop::option::weighted(0.8, 1i64..25),
        order in prop_oneof![3 => Just(Order::Sequential), 1 => Just(Order::Strict), 1 => Just(Order::Any)],
        entry in prop_oneof![Just(Entry::Best), Just(Entry::First), Just(Entry::Totals)],
        exclude in prop::option::weighted(0.3, (0u32..3, 1usize..4, 2usize..5, any::<bool>())),
        hold in prop::bool::weighted(0.2),
    ) -> FunnelSpec {
        let plain = order == Order::Any;
        let steps: Vec<Step> = kinds.iter().enumerate().map(|(i, list)| Step {
            name: format!("{i}"),
            any: list.iter().map(|k| Choice { kind: Some(NAMES[*k as usize].into()), ..Choice::default() }).collect(),
            optional: !plain && i > 0 && optional[i],
            within: within[i].filter(|_| !plain && i > 0).map(Span::micros),
            event: false,
        }).collect();
        let n = steps.len();
        let exclude = exclude.filter(|_| !plain && n > 1).map(|(kind, after, before, removes)| {
            let after = after.min(n - 1);
            Exclusion { event: Step::kind(NAMES[kind as usize]), after: Some(StepRef::Number(after)), before: Some(StepRef::Number(before.clamp(after + 1, n))), removes }
        });
        FunnelSpec {
            steps, order, entry,
            window: window.map(Span::micros),
            exclude: exclude.into_iter().collect(),
            hold: hold.then(|| "channel".to_owned()),
            ..FunnelSpec::default()
        }
    }
}

fn events() -> impl Strategy<Value = Vec<(i64, u32, u32)>> {
    prop::collection::vec((0i64..UNTIL, 0u32..3, 0u32..2), 0..9).prop_map(|mut v| {
        v.sort_by_key(|e| e.0);
        v
    })
}

fn all_of(lead: u32, events: &[(i64, u32, u32)]) -> Vec<Happening> {
    let one = |(at, kind, channel): &(i64, u32, u32)| Happening { channel: Some(*channel), ..event(lead, *at, *kind) };
    events.iter().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn equals_keeping_every_chain(spec in funnel(), events in events()) {
        let j = journeys(&[0], &all_of(0, &events), UNTIL, "UTC");
        let f = j.funnel(&spec, &Task::new()).unwrap();
        let got: Vec<u64> = f.steps.iter().map(|s| s.leads).collect();
        let (counts, times, immature, removed) = expected(&spec, &events);
        prop_assert_eq!(&got, &counts);
        prop_assert_eq!((f.immature > 0, f.removed > 0), (immature, removed));
        // The time to the last step of the attempt that counts.
        if let [attempt] = times.as_slice() {
            let last = counts.iter().rposition(|c| *c > 0).unwrap();
            if last > 0 {
                let micros = f.steps[last].times.unwrap().from_first.mean * DAY as f64;
                let expected = attempt[last].unwrap() - attempt[0].unwrap();
                prop_assert!((micros - expected as f64).abs() < 1e-6, "{} {}", micros, expected);
            }
        }
        // The times of all steps.
        let own = j.funnel_leads(&spec, &Task::new()).unwrap();
        let of = |p: &LeadProgress| -> Vec<Option<i64>> {
            p.times.iter().enumerate().map(|(k, at)| Some(*at).filter(|_| p.done >> k & 1 != 0)).collect()
        };
        prop_assert_eq!(own.iter().map(of).collect::<Vec<_>>(), times);
    }

    #[test]
    fn registers_give_what_chains_give(kinds in prop::collection::vec(0u32..3, 1..9), window in prop::option::of(1i64..25), events in events()) {
        let spec = FunnelSpec {
            steps: kinds.iter().map(|k| NAMES[*k as usize].into()).collect(),
            window: window.map(Span::micros),
            ..FunnelSpec::default()
        };
        let j = journeys(&[0], &all_of(0, &events), UNTIL - 5, "UTC");
        let slow = j.funnel(&spec, &Task::new()).unwrap();
        let fast = j.funnel(&FunnelSpec { times: false, ..spec }, &Task::new()).unwrap();
        let counts = |f: &leadlens::analyses::funnel::Funnel| f.steps.iter().map(|s| s.leads).collect::<Vec<_>>();
        prop_assert_eq!(counts(&slow), counts(&fast));
        prop_assert_eq!((slow.immature, slow.never_entered), (fast.immature, fast.never_entered));
    }

    /// A stricter order never gets further; another lead changes nothing; the order of input changes nothing.
    #[test]
    fn laws(spec in funnel(), events in events(), other in events(), seed in any::<u64>()) {
        let reach = |spec: &FunnelSpec, all: &[Happening], leads: usize| -> Vec<u64> {
            let f = journeys(&vec![0; leads], all, UNTIL, "UTC").funnel(spec, &Task::new()).unwrap();
            f.steps.iter().map(|s| s.leads).collect()
        };
        let alone = reach(&spec, &all_of(0, &events), 1);
        let both = reach(&spec, &[all_of(0, &events), all_of(1, &other)].concat(), 2);
        let second = reach(&spec, &all_of(0, &other), 1);
        prop_assert_eq!(both, alone.iter().zip(&second).map(|(a, b)| a + b).collect::<Vec<_>>());
        let mut shuffled = all_of(0, &events);
        let n = shuffled.len();
        for i in (1..n).rev() {
            shuffled.swap(i, (seed.rotate_left(i as u32) % (i as u64 + 1)) as usize);
        }
        // Events of one instant and step stand for one another unless a property tells them apart.
        if spec.hold.is_none() {
            prop_assert_eq!(reach(&spec, &shuffled, 1), alone.clone());
        }
        if spec.entry == Entry::Best && spec.order == Order::Strict && spec.exclude.is_empty() {
            let loose = reach(&FunnelSpec { order: Order::Sequential, ..spec.clone() }, &all_of(0, &events), 1);
            let last = |c: &[u64]| c.iter().rposition(|n| *n > 0);
            prop_assert!(last(&loose) >= last(&alone));
        }
    }
}

/// Leads are walked side by side, a tile at a time, with or without care: whatever their number and events.
#[test]
fn many_leads_side_by_side_give_what_chains_give() {
    let mut draw = Draw(3);
    let mut below = |n: u64| draw.below(n);
    // Times far apart, and days with many events of one instant; one lead has more events than a tile takes.
    for (until, step) in [(90 * DAY, 1), (90 * DAY, DAY)] {
        let mut all = Vec::new();
        for lead in 0..300 {
            let events = if lead == 130 { 9_000 } else { below(9) * below(4) };
            for _ in 0..events {
                // The last leads have no event in the window that is not over.
                let end = if lead < 200 { until } else { 60 * DAY };
                let at = below((end / step) as u64) as i64 * step;
                all.push(event(lead, at, below(3) as u32));
            }
        }
        let created: Vec<i64> = (0..300).map(|_| below(80 * DAY as u64) as i64).collect();
        let j = journeys(&created, &all, until, "UTC");
        for steps in
            [vec!["visit"], vec!["visit", "mail", "call"], vec!["visit", "mail", "visit"], vec!["created", "mail"]]
        {
            for window in [None, Some(Span::days(20))] {
                let steps = steps.iter().map(|s| (*s).into()).collect();
                let spec = FunnelSpec { steps, window, ..FunnelSpec::default() };
                let slow = j.funnel(&spec, &Task::new()).unwrap();
                let fast = j.funnel(&FunnelSpec { times: false, ..spec.clone() }, &Task::new()).unwrap();
                let counts =
                    |f: &leadlens::analyses::funnel::Funnel| f.steps.iter().map(|s| s.leads).collect::<Vec<_>>();
                assert!(slow.steps[0].leads > 100);
                assert_eq!(counts(&slow), counts(&fast), "{spec:?}");
                assert_eq!((slow.immature, slow.never_entered), (fast.immature, fast.never_entered), "{spec:?}");
            }
        }
    }
}
