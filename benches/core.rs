//! Kernels on synthetic data: index, features, funnel, fit. Data is made outside the timed part; ids carry sizes.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a bench stops at the first surprise")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use leadlens::design::{Feature, FeatureSet, NONE, SnapshotSpec};
use leadlens::features::compute;
use leadlens::fit::{Codes, Dense, LogisticParams, Matrix, Target};
use leadlens::funnel::FunnelSpec;
use leadlens::journeys::build_timeline;
use leadlens::{DAY, Span, Task, Timestamp, Zone};
use leadlens_benches::{Draw, KINDS, journeys, rows, sizes};

fn passes(c: &mut Criterion) {
    let rows = vec![rows()];
    let journeys = journeys();
    println!("index: {:.1} bytes per event", journeys.timeline.core_bytes_per_event());
    let mut group = c.benchmark_group("journeys");
    group.sample_size(10);
    group.bench_function("index/1M events, 100k leads", |b| {
        b.iter_batched(
            || rows.clone(),
            |rows| build_timeline(rows, sizes(), 0, 0, &Task::new()).unwrap(),
            BatchSize::LargeInput,
        );
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
    let dense: Vec<f64> = (0..20 * N).map(|_| uniform()).collect();
    let y: Vec<bool> = dense.chunks(20).map(|row| row.iter().take(5).sum::<f64>() > uniform()).collect();
    let mut draw = Draw(3);
    let codes: Vec<u32> = (0..N).map(|_| draw.below(40) as u32).map(|c| if c == 39 { NONE } else { c }).collect();
    let dense = Dense::by_rows(dense, N, 20).unwrap();
    let matrix = Matrix::new(Some(dense), vec![Codes::narrowest(&codes, 39)], None).unwrap();
    let params = LogisticParams::default().check().unwrap();
    let mut group = c.benchmark_group("fit");
    group.sample_size(10);
    group.bench_function("newton/100k rows, 20 numbers, 39 levels", |b| {
        b.iter(|| params.fit(&matrix, &Target::new(&y), &Task::new()).unwrap());
    });
    group.finish();
}

/// Scoring of a large dense matrix beside a plain read of the same buffer, by as many threads.
fn score(c: &mut Criterion) {
    const N: usize = 2_000_000;
    const P: usize = 50;
    let mut draw = Draw(4);
    let numbers: Vec<f64> = (0..N * P).map(|_| draw.below(1 << 20) as f64 / f64::from(1 << 20) - 0.5).collect();
    let single: Vec<f32> = numbers.iter().map(|x| *x as f32).collect();
    let beta: Vec<f64> = (0..=P).map(|j| j as f64 / 50.0 - 0.4).collect();
    let double = Matrix::new(Some(Dense::by_rows(numbers.as_slice(), N, P).unwrap()), Vec::new(), None).unwrap();
    let half = Matrix::new(Some(Dense::by_rows(single.as_slice(), N, P).unwrap()), Vec::new(), None).unwrap();
    let mut group = c.benchmark_group("score");
    group.sample_size(10);
    group.bench_function("a read of 2M x 50 f64", |b| b.iter(|| read(&numbers)));
    group.bench_function("2M x 50 f64", |b| b.iter(|| double.score(&beta, None, false).unwrap()));
    group.bench_function("2M x 50 f32", |b| b.iter(|| half.score(&beta, None, false).unwrap()));
    group.finish();
}

/// Sum of all numbers, in eight lanes a thread.
fn read(numbers: &[f64]) -> f64 {
    use rayon::prelude::*;
    let part = |chunk: &[f64]| -> f64 {
        let (lanes, _) = chunk.as_chunks::<16>();
        let mut sums = [0.0; 16];
        for x in lanes {
            sums.iter_mut().zip(x).for_each(|(s, x)| *s += x);
        }
        sums.iter().sum()
    };
    numbers.par_chunks(1 << 16).map(part).sum()
}

criterion_group!(benches, passes, fit, score);
criterion_main!(benches);
