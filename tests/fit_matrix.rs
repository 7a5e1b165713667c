//! Penalty × weights × offset × imbalance × storage against a reference minimiser (`tests/golden/generate_matrix.py`).
#![cfg(feature = "fit")]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use leadlens::Task;
use leadlens::fit::{Dense, LevelCodes, LogisticParams, Matrix, Response, Sparse};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Golden {
    dense: Vec<Vec<f64>>,
    code: Vec<u32>,
    weight: Vec<f64>,
    offset: Vec<f64>,
    labels: HashMap<String, Vec<u8>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    penalty: String,
    #[serde(rename = "C")]
    c: Option<f64>,
    l1_ratio: f64,
    weighted: bool,
    offset: bool,
    labels: String,
    beta: Vec<f64>,
    objective: f64,
}

/// Of a coefficient: both stop at gradients below 1e-8 of the mean loss, and curvatures are above 0.01 of it.
const COEFFICIENT: f64 = 1e-6;

/// The same seven columns, stored in five ways.
fn storages(g: &Golden) -> Vec<(&'static str, Matrix<'static>)> {
    let n = g.dense.len();
    let rows: Vec<Vec<f64>> = g
        .dense
        .iter()
        .zip(&g.code)
        .map(|(d, c)| d.iter().copied().chain((0..4).map(|k| f64::from(u8::from(k == *c)))).collect())
        .collect();
    let by_rows: Vec<f64> = rows.concat();
    let by_columns: Vec<f64> = (0..7).flat_map(|j| rows.iter().map(move |r| r[j])).collect();
    let single: &'static [f32] = by_rows.iter().map(|x| *x as f32).collect::<Vec<_>>().leak();
    let mut starts = vec![0];
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for row in &rows {
        for (j, v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            indices.push(j as u32);
            values.push(*v);
        }
        starts.push(values.len());
    }
    let dense = |d| Matrix::new(Some(d), Vec::new(), None).unwrap();
    let three = Dense::by_rows(g.dense.concat(), n, 3).unwrap();
    vec![
        ("dense by rows", dense(Dense::by_rows(by_rows, n, 7).unwrap())),
        ("dense by columns", dense(Dense::by_columns(by_columns, n, 7).unwrap())),
        ("single precision", dense(Dense::by_rows(single, n, 7).unwrap())),
        // The fifth level is the reference: it has no column.
        ("codes", Matrix::new(Some(three), vec![LevelCodes::narrowest(&g.code, 4)], None).unwrap()),
        ("sparse", Matrix::new(None, Vec::new(), Some(Sparse::new(starts, indices, values, 7).unwrap())).unwrap()),
    ]
}

#[test]
fn every_cell_equals_the_reference() {
    let g: Golden = serde_json::from_str(include_str!("golden/matrix.json")).unwrap();
    assert_eq!(g.cases.len(), 32);
    let mut worst = 0.0f64;
    for (storage, x) in storages(&g) {
        for case in &g.cases {
            let y: Vec<bool> = g.labels[&case.labels].iter().map(|v| *v == 1).collect();
            let params = LogisticParams { c: case.c, l1_ratio: case.l1_ratio, ..LogisticParams::default() };
            let target = Response {
                weight: case.weighted.then_some(g.weight.as_slice()),
                offset: case.offset.then_some(g.offset.as_slice()),
                ..Response::new(&y)
            };
            let fit = params.check().unwrap().fit(&x, &target, &Task::new()).unwrap();
            let name = format!(
                "{storage}, {}, weights {}, offset {}, {}",
                case.penalty, case.weighted, case.offset, case.labels
            );
            for (got, want) in fit.beta().iter().zip(&case.beta) {
                let off = (got - want).abs() / want.abs().max(1.0);
                worst = worst.max(off);
                assert!(off < COEFFICIENT, "{name}: {got} against {want}");
            }
            assert!((fit.objective - case.objective).abs() <= 1e-9 * case.objective, "{name}: {}", fit.objective);
        }
    }
    println!("160 fits; largest difference of a coefficient {worst:.1e}");
}

#[cfg(feature = "linfa")]
#[test]
fn a_linfa_data_set_there_and_back() {
    let g: Golden = serde_json::from_str(include_str!("golden/matrix.json")).unwrap();
    let case = g.cases.iter().find(|c| c.penalty == "ridge" && c.weighted && !c.offset && c.labels == "rare").unwrap();
    let y: Vec<bool> = g.labels["rare"].iter().map(|v| *v == 1).collect();
    for (storage, x) in storages(&g) {
        let data = x.to_dataset(&y, Some(&g.weight)).unwrap();
        assert_eq!(data.feature_names()[6], x.name(6));
        let mut turned = data.clone();
        turned.records = turned.records.t().as_standard_layout().to_owned().reversed_axes();
        assert!(!turned.records.is_standard_layout());
        for data in [data, turned] {
            let (back, labels, weight) = Matrix::from_dataset(&data).unwrap();
            assert_eq!(labels, y);
            let target = Response { weight: weight.as_deref(), ..Response::new(&labels) };
            let fit = LogisticParams::default().check().unwrap().fit(&back, &target, &Task::new()).unwrap();
            // Weights of three decimals in single precision.
            for (got, want) in fit.beta().iter().zip(&case.beta) {
                assert!((got - want).abs() < 1e-5, "{storage}: {got} against {want}");
            }
        }
        assert_eq!(x.to_dataset(&y[1..], None).unwrap_err().kind(), "length");
    }
}
