//! Kernels on synthetic data: index, features, funnel, fit. Data is made outside the timed part; ids carry sizes.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a bench stops at the first surprise")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use leadlens::design::{Feature, FeatureSet, Kind, NONE, Side, SnapshotSpec};
use leadlens::features::compute;
use leadlens::fit::{Block, LogisticParams, Matrix};
use leadlens::funnel::FunnelSpec;
use leadlens::journeys::{Audit, Leads, Rows, Sizes, Texts, build_timeline};
use leadlens::{DAY, Journeys, NO_TIME, Span, Task, Timestamp, Zone};

const LEADS: usize = 100_000;
const EVENTS: usize = 1_000_000;
const KINDS: usize = 10;

struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn rows() -> Rows {
    let mut draw = Draw(1);
    Rows {
        lead: (0..EVENTS).map(|_| draw.below(LEADS as u64) as u32).collect(),
        at: (0..EVENTS).map(|_| draw.below(365 * DAY as u64) as i64).collect(),
        order: (0..EVENTS as u32).collect(),
        kind: (0..EVENTS).map(|_| draw.below(KINDS as u64) as u32).collect(),
        channel: (0..EVENTS).map(|_| draw.below(6) as u32).collect(),
        ..Rows::default()
    }
}

fn sizes() -> Sizes {
    Sizes { leads: LEADS, kinds: KINDS, channels: 6, deals: 0 }
}

fn journeys() -> Arc<Journeys> {
    let ids: Vec<String> = (0..LEADS).map(|i| i.to_string()).collect();
    let kind = |k: usize| Kind {
        plain: format!("k{k}"),
        source: "web".into(),
        side: Side::Buyer,
        stage: false,
        shared: false,
    };
    Arc::new(Journeys {
        leads: Leads {
            ids: ids.iter().map(String::as_str).collect::<Texts>(),
            created: vec![0; LEADS],
            source_row: (0..LEADS as u32).collect(),
            ..Leads::default()
        },
        timeline: build_timeline(&[rows()], sizes(), 0, 0, &Task::new()).unwrap(),
        kinds: (0..KINDS).map(kind).collect(),
        channels: ["a", "b", "c", "d", "e", "f"].into_iter().collect(),
        deals: Texts::new(),
        value_names: Vec::new(),
        props: Vec::new(),
        pipeline: Vec::new(),
        won: Vec::new(),
        lost: Vec::new(),
        observed_until: 365 * DAY,
        outcomes_from: NO_TIME,
        calendar_zone: Zone::utc(),
        audit: Audit::default(),
        event_ids: std::collections::HashSet::new(),
    })
}

fn passes(c: &mut Criterion) {
    let rows = [rows()];
    let journeys = journeys();
    println!("index: {:.1} bytes per event", journeys.timeline.core_bytes_per_event());
    let mut group = c.benchmark_group("journeys");
    group.sample_size(10);
    group.bench_function("index/1M events, 100k leads", |b| {
        b.iter(|| build_timeline(&rows, sizes(), 0, 0, &Task::new()).unwrap());
    });
    let spec = SnapshotSpec { as_of: Some(Timestamp(300 * DAY)), ..SnapshotSpec::default() };
    let snapshot = journeys.snapshot(&spec, None, FeatureSet::default(), &Task::new()).unwrap();
    let names = |k: usize| [format!("count(k{k})"), format!("count(k{k}, 7d)"), format!("days_since_last(k{k})")];
    let features: Vec<Feature> = (0..KINDS).flat_map(names).map(|n| n.parse().unwrap()).collect();
    group.bench_function("features/30 of 100k leads", |b| {
        b.iter(|| compute(&snapshot, &features, |k| Some(k.clone()), None, &Zone::utc(), &Task::new()).unwrap());
    });
    let funnel =
        FunnelSpec { steps: (0..5).map(|k| format!("k{k}")).collect(), window: Some(Span::days(30)), by: None };
    group.bench_function("funnel/5 steps, 1M events", |b| b.iter(|| journeys.funnel(&funnel, &Task::new()).unwrap()));
    group.finish();
}

fn fit(c: &mut Criterion) {
    const N: usize = 100_000;
    let mut draw = Draw(2);
    let mut uniform = || draw.below(1 << 30) as f64 / f64::from(1 << 30) - 0.5;
    let dense: Vec<Vec<f64>> = (0..20).map(|_| (0..N).map(|_| uniform()).collect()).collect();
    let y: Vec<bool> =
        (0..N).map(|i| dense.iter().take(5).map(|c| c.get(i).unwrap_or(&0.0)).sum::<f64>() > uniform()).collect();
    let mut draw = Draw(3);
    let block = Block {
        codes: (0..N).map(|_| draw.below(40) as u32).map(|c| if c == 39 { NONE } else { c }).collect(),
        width: 39,
    };
    let names = (0..59).map(|i| format!("x{i}")).collect();
    let matrix = Matrix::new(N, dense, vec![block], names).unwrap();
    let params = LogisticParams::default().check().unwrap();
    let mut group = c.benchmark_group("fit");
    group.sample_size(10);
    group.bench_function("newton/100k rows, 20 numbers, 39 levels", |b| {
        b.iter(|| params.fit(&matrix, &y, None, &Task::new()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, passes, fit);
criterion_main!(benches);
