//! Metrics against scikit-learn (`tests/golden/generate.py`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use leadlens::evaluate::{Binning, average_precision, brier, calibration_table, ks, log_loss, precision_at, roc_auc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    y: Vec<u8>,
    p: Vec<f64>,
    weight: Option<Vec<f64>>,
    expected: Expected,
    reliability: Option<Reliability>,
    precision_at: Option<Vec<PrecisionAt>>,
}

#[derive(Deserialize)]
struct Expected {
    roc_auc: f64,
    average_precision: f64,
    log_loss: f64,
    brier: f64,
    ks: f64,
    gini: f64,
}

#[derive(Deserialize)]
struct Reliability {
    prob_true: Vec<f64>,
    prob_pred: Vec<f64>,
}

#[derive(Deserialize)]
struct PrecisionAt {
    k: usize,
    precision: f64,
}

/// Both sides sum at most 300 numbers of size 1 to 36 in another order.
const TOLERANCE: f64 = 1e-12;

#[test]
fn equal_scikit_learn_with_ties_and_weights() {
    let golden: Golden = serde_json::from_str(include_str!("golden/metrics.json")).unwrap();
    assert_eq!(golden.cases.len(), 10);
    for case in &golden.cases {
        let y: Vec<bool> = case.y.iter().map(|v| *v == 1).collect();
        let (p, w) = (case.p.as_slice(), case.weight.as_deref());
        let check = |what: &str, got: f64, want: f64| {
            assert!((got - want).abs() < TOLERANCE, "{} {what}: {got} against {want}", case.name);
        };
        let auc = roc_auc(&y, p, w).unwrap();
        check("roc_auc", auc, case.expected.roc_auc);
        check("gini", 2.0 * auc - 1.0, case.expected.gini);
        check("average_precision", average_precision(&y, p, w).unwrap(), case.expected.average_precision);
        check("log_loss", log_loss(&y, p, w).unwrap(), case.expected.log_loss);
        check("brier", brier(&y, p, w).unwrap(), case.expected.brier);
        check("ks", ks(&y, p, w).unwrap(), case.expected.ks);
        if let Some(r) = &case.reliability {
            let table = calibration_table(&y, p, w, 10, Binning::Uniform, None).unwrap();
            assert_eq!(table.len(), r.prob_true.len(), "{}", case.name);
            for (bin, (t, q)) in table.iter().zip(r.prob_true.iter().zip(&r.prob_pred)) {
                check("prob_true", bin.observed, *t);
                check("prob_pred", bin.predicted, *q);
            }
        }
        for at in case.precision_at.iter().flatten() {
            check("precision_at", precision_at(&y, p, at.k).unwrap(), at.precision);
        }
    }
}

#[test]
fn order_of_rows_and_monotone_maps_change_nothing() {
    let y: Vec<bool> = (0..200).map(|i| (i * 7919) % 13 < 4).collect();
    let p: Vec<f64> = (0..200).map(|i| f64::from((i * 104_729) % 37) / 37.0).collect();
    let auc = roc_auc(&y, &p, None).unwrap();
    let (ry, rp): (Vec<bool>, Vec<f64>) = y.iter().zip(&p).rev().map(|(y, p)| (*y, *p)).unzip();
    assert!((roc_auc(&ry, &rp, None).unwrap() - auc).abs() < 1e-15);
    let cubed: Vec<f64> = p.iter().map(|v| v * v * v).collect();
    assert!((roc_auc(&y, &cubed, None).unwrap() - auc).abs() < 1e-15);
}

#[test]
fn bad_input_is_a_typed_error() {
    assert_eq!(roc_auc(&[], &[], None).unwrap_err().kind(), "undefined");
    assert_eq!(roc_auc(&[true, true], &[0.1, 0.2], None).unwrap_err().kind(), "undefined");
    assert_eq!(roc_auc(&[true, false], &[0.1], None).unwrap_err().kind(), "length");
    assert_eq!(brier(&[true, false], &[0.1, f64::NAN], None).unwrap_err().kind(), "non_finite");
    assert_eq!(log_loss(&[true], &[0.1], Some(&[f64::NAN])).unwrap_err().kind(), "invalid_option");
    assert_eq!(brier(&[true, false], &[0.1, 1.5], None).unwrap_err().kind(), "invalid_option");
    assert_eq!(log_loss(&[], &[], None).unwrap_err().kind(), "undefined");
}
