//! Kernels on synthetic data: index, features, funnel, fit. Data is made outside the timed part; ids carry sizes.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a bench stops at the first surprise")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use leadlens::analyses::funnel::{FunnelSpec, Step};
use leadlens::features::compute;
use leadlens::fit::{Dense, LevelCodes, LogisticParams, Matrix, Response};
use leadlens::journeys::build_timeline;
use leadlens::schema::{Feature, FeatureSet, NONE, SnapshotSpec};
use leadlens::score::{Cell, strongest};
use leadlens::{DAY, LeadModel, Span, Task, Timestamp, Zone};
use leadlens_benches::{Draw, KINDS, journeys, rows, sizes};

fn passes(c: &mut Criterion) {
    let rows = vec![rows()];
    let journeys = journeys();
    println!("index: {:.1} bytes per event", journeys.timeline().core_bytes_per_event());
    let mut group = c.benchmark_group("journeys");
    group.sample_size(10);
    group.bench_function("index/1M events, 100k leads", |b| {
        b.iter_batched(
            || rows.clone(),
            |rows| build_timeline(rows, &sizes(), &Task::new()).unwrap(),
            BatchSize::LargeInput,
        );
    });
    let spec = SnapshotSpec { as_of: Some(Timestamp(300 * DAY).into()), ..SnapshotSpec::default() };
    let snapshot = journeys.snapshot(&spec, None, FeatureSet::default(), &Task::new()).unwrap();
    let names = |k: usize| [format!("count(k{k})"), format!("count(k{k}, 7d)"), format!("days_since_last(k{k})")];
    let features: Vec<Feature> = (0..KINDS).flat_map(names).map(|n| n.parse().unwrap()).collect();
    group.bench_function("features/30 of 100k leads", |b| {
        b.iter(|| compute(&snapshot, &features, |k| Some(k.clone()), None, &Zone::utc(), &Task::new()).unwrap());
    });
    let steps = (0..5).map(|k| Step::kind(&format!("k{k}"))).collect();
    let timed = FunnelSpec { steps, window: Some(Span::days(30)), ..FunnelSpec::default() };
    let levels = FunnelSpec { times: false, ..timed.clone() };
    for (name, spec) in [("levels", levels), ("with times", timed)] {
        group.bench_function(format!("funnel/5 steps, 1M events, {name}"), |b| {
            b.iter(|| journeys.funnel(&spec, &Task::new()).unwrap());
        });
    }
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
    let matrix = Matrix::new(Some(dense), vec![LevelCodes::narrowest(&codes, 39)], None).unwrap();
    let params = LogisticParams::default().check().unwrap();
    let mut group = c.benchmark_group("fit");
    group.sample_size(10);
    group.bench_function("newton/100k rows, 20 numbers, 39 levels", |b| {
        b.iter(|| params.fit(&matrix, &Response::new(&y), &Task::new()).unwrap());
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
    group.bench_function("a read of 2M x 50 f64", |b| b.iter(|| read::<false>(&numbers)));
    group.bench_function("a prefetching read of 2M x 50 f64", |b| b.iter(|| read::<true>(&numbers)));
    group.bench_function("2M x 50 f64", |b| b.iter(|| double.score(&beta, None, false).unwrap()));
    group.bench_function("2M x 50 f32", |b| b.iter(|| half.score(&beta, None, false).unwrap()));
    group.finish();
}

/// Sum of all numbers, in sixteen lanes a thread; `AHEAD` asks for the lines some rows further.
fn read<const AHEAD: bool>(numbers: &[f64]) -> f64 {
    use rayon::prelude::*;
    let part = |chunk: &[f64]| -> f64 {
        let (lanes, _) = chunk.as_chunks::<16>();
        let mut sums = [0.0; 16];
        for x in lanes {
            #[cfg(target_arch = "x86_64")]
            if AHEAD {
                // SAFETY: a prefetch may name any address.
                unsafe {
                    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                    _mm_prefetch::<_MM_HINT_T0>(x.as_ptr().wrapping_add(512).cast());
                    _mm_prefetch::<_MM_HINT_T0>(x.as_ptr().wrapping_add(520).cast());
                }
            }
            sums.iter_mut().zip(x).for_each(|(s, x)| *s += x);
        }
        sums.iter().sum()
    };
    numbers.par_chunks(1 << 16).map(part).sum()
}

/// One lead of 50 numbers, with five reasons.
fn one(c: &mut Criterion) {
    let term = |j: usize| {
        format!(
            r#"{{"feature":"f{j}","part":"fit","encoder":{{"type":"number","mean":{}.5,"deviation":2.5,"missing":false}},
            "coefficients":[{}],"standard_errors":[],"means":[0.0]}}"#,
            j % 7,
            (j as f64 * 0.37).sin()
        )
    };
    let terms: Vec<String> = (0..50).map(term).collect();
    let percentiles: Vec<String> = (0..101).map(|q| format!("{:.1}", f64::from(q - 50) / 10.0)).collect();
    let text = format!(
        r#"{{"format":"leadlens.model","format_version":1,"library_version":"0","model":{{"intercept":-1.0,
        "terms":[{}],"kinds":[],"values":[],"daily_cap":null,"calendar_zone":"UTC","calibration":null,
        "percentiles":[{}],"grades":[{{"name":"A","from":0.0}}],"training":{}}}}}"#,
        terms.join(","),
        percentiles.join(","),
        r#"{"snapshot":{},"rule":"once","target":[],"rows":1,"leads":1,"positives":1,"base_rate":0.5,"ages":null,
        "cutoffs":null,"solver":"newton","c":1.0,"validation":null,"nonlinear":null,"calibration":null,"inference":null,
        "iterations":1,"gradient":0.0,"objective":0.0,"converged":true,"dropped":[]}"#
    );
    let model = LeadModel::from_json(&text).unwrap();
    let cells: Vec<Cell<'_>> = (0..50i32).map(|j| Cell::Number((f64::from(j) * 0.73).cos() * 4.0)).collect();
    let mut contributions = Vec::new();
    c.bench_function("one lead of 50 numbers, five reasons", |b| {
        b.iter(|| {
            let scored = model.score_row(std::hint::black_box(&cells), &mut contributions).unwrap();
            (scored, strongest(&contributions, 5))
        });
    });
}

criterion_group!(benches, passes, fit, score, one);
criterion_main!(benches);
