//! Coefficients against scikit-learn's newton-cholesky (`tests/golden/generate.py`, tol 1e-12).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use leadlens::Task;
#[cfg(feature = "linfa")]
use leadlens::fit::Solver;
use leadlens::fit::{Dense, LogisticParams, Matrix, Response};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    datasets: Vec<Dataset>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Dataset {
    name: String,
    x: Vec<Vec<f64>>,
    y: Vec<u8>,
    weight: Vec<f64>,
}

#[derive(Deserialize)]
struct Case {
    dataset: String,
    weighted: bool,
    #[serde(rename = "C")]
    c: f64,
    coef: Vec<f64>,
    intercept: f64,
    objective: f64,
}

/// The bound of the project's parity claim; scikit-learn itself is within 1e-10 of the exact minimum here.
const COEFFICIENT: f64 = 1e-6;
/// linfa's L-BFGS stops on its line search; objectives are compared, relative.
#[cfg(feature = "linfa")]
const LINFA_OBJECTIVE: f64 = 1e-8;

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/fit.json")).unwrap()
}

fn matrix(data: &Dataset) -> Matrix<'static> {
    let numbers: Vec<f64> = data.x.iter().flatten().copied().collect();
    Matrix::new(Some(Dense::by_rows(numbers, data.x.len(), data.x[0].len()).unwrap()), Vec::new(), None).unwrap()
}

fn target<'a>(y: &'a [bool], weight: Option<&'a [f64]>) -> Response<'a> {
    Response { weight, ..Response::new(y) }
}

#[test]
fn newton_equals_scikit_learn() {
    let golden = golden();
    assert_eq!(golden.cases.len(), 30);
    let mut worst = 0.0f64;
    for case in &golden.cases {
        let data = golden.datasets.iter().find(|d| d.name == case.dataset).unwrap();
        let y: Vec<bool> = data.y.iter().map(|v| *v == 1).collect();
        let params = LogisticParams { c: Some(case.c), ..LogisticParams::default() }.check().unwrap();
        let weight = case.weighted.then_some(data.weight.as_slice());
        let fit = params.fit(&matrix(data), &target(&y, weight), &Task::new()).unwrap();
        let wanted = case.coef.iter().chain([&case.intercept]);
        for (got, want) in fit.coefficients.iter().chain([&fit.intercept]).zip(wanted) {
            let off = (got - want).abs() / want.abs().max(1.0);
            worst = worst.max(off);
            assert!(
                off < COEFFICIENT,
                "{} C={} weighted={}: {got} against {want}",
                case.dataset,
                case.c,
                case.weighted
            );
        }
        assert!((fit.objective - case.objective).abs() <= 1e-10 * case.objective);
        assert!(fit.converged && fit.gradient <= 1e-8);
    }
    println!("largest difference of a coefficient: {worst:.1e}");
}

#[cfg(feature = "linfa")]
#[test]
fn linfa_reaches_the_same_objective_whichever_class_is_rarer() {
    let golden = golden();
    let mut compared = 0;
    for case in golden.cases.iter().filter(|c| !c.weighted && c.c < 1e3) {
        let data = golden.datasets.iter().find(|d| d.name == case.dataset).unwrap();
        let y: Vec<bool> = data.y.iter().map(|v| *v == 1).collect();
        let params = LogisticParams {
            c: Some(case.c),
            solver: Solver::Linfa,
            max_iterations: 1000,
            ..LogisticParams::default()
        };
        let fit = params.check().unwrap().fit(&matrix(data), &Response::new(&y), &Task::new()).unwrap();
        if data.name == "scales_50" {
            // Columns of very different scale: L-BFGS stalls, and the flag says so.
            assert!(!fit.converged || (fit.objective - case.objective).abs() <= LINFA_OBJECTIVE * case.objective);
            continue;
        }
        assert!(
            (fit.objective - case.objective).abs() <= LINFA_OBJECTIVE * case.objective,
            "{} C={}: {} against {}",
            case.dataset,
            case.c,
            fit.objective,
            case.objective
        );
        let same_sign = fit.coefficients.iter().zip(&case.coef).all(|(a, b)| a * b >= 0.0 || b.abs() < 1e-3);
        assert!(same_sign, "{}: the classes are swapped", case.dataset);
        compared += 1;
    }
    assert_eq!(compared, 8);
}

#[test]
fn weight_laws() {
    let golden = golden();
    let data = &golden.datasets[1];
    let y: Vec<bool> = data.y.iter().map(|v| *v == 1).collect();
    let params = LogisticParams::default().check().unwrap();
    let fit = |x: &Matrix, y: &[bool], w: Option<&[f64]>| params.fit(x, &target(y, w), &Task::new()).unwrap();
    let x = matrix(data);
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-8);
    // Ones are no weights.
    let plain = fit(&x, &y, None);
    assert_eq!(plain, fit(&x, &y, Some(&vec![1.0; y.len()])));
    // A weight of 0 removes a row, a weight of 2 repeats it.
    let weight: Vec<f64> = (0..y.len()).map(|i| [0.0, 1.0, 2.0][i % 3]).collect();
    let copies: Vec<usize> = (0..y.len()).flat_map(|i| vec![i; i % 3]).collect();
    let repeated = Dataset {
        name: String::new(),
        x: copies.iter().map(|i| data.x[*i].clone()).collect(),
        y: copies.iter().map(|i| data.y[*i]).collect(),
        weight: Vec::new(),
    };
    let ry: Vec<bool> = repeated.y.iter().map(|v| *v == 1).collect();
    assert!(close(&fit(&x, &y, Some(&weight)).coefficients, &fit(&matrix(&repeated), &ry, None).coefficients));
}

#[test]
fn bad_input_is_a_typed_error() {
    let x = |v: Vec<f64>| {
        let n = v.len();
        Matrix::new(Some(Dense::by_columns(v, n, 1).unwrap()), Vec::new(), None).unwrap()
    };
    let params = |c| LogisticParams { c, ..LogisticParams::default() }.check();
    for c in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(params(Some(c)).unwrap_err().kind(), "invalid_option");
    }
    let p = params(Some(1.0)).unwrap();
    let kind = |r: leadlens::Result<leadlens::fit::Solution>| r.unwrap_err().kind();
    let task = Task::new();
    assert_eq!(kind(p.fit(&x(vec![1.0, 2.0]), &target(&[true, true], None), &task)), "one_class");
    assert_eq!(kind(p.fit(&x(vec![1.0, 2.0]), &target(&[true, false], Some(&[1.0, 0.0])), &task)), "one_class");
    assert_eq!(kind(p.fit(&x(vec![1.0, f64::NAN]), &target(&[true, false], None), &task)), "non_finite");
    assert_eq!(kind(p.fit(&x(vec![1.0, 2.0]), &target(&[true, false, true], None), &task)), "length");
    assert_eq!(kind(p.fit(&x(vec![1.0, 2.0]), &target(&[true, false], Some(&[1.0, -1.0])), &task)), "invalid_option");
    assert_eq!(kind(p.fit(&x(vec![]), &target(&[], None), &task)), "one_class");
    let hasty = LogisticParams { max_iterations: 1, ..LogisticParams::default() }.check().unwrap();
    assert_eq!(kind(hasty.fit(&x(vec![1.0, 2.0, 1.5]), &target(&[true, false, true], None), &task)), "not_converged");
    // Perfect separation without a penalty has no solution; a constant column is singular.
    let free = params(None).unwrap();
    assert_eq!(
        kind(free.fit(&x(vec![1.0, 2.0, 3.0, 4.0]), &target(&[false, false, true, true], None), &task)),
        "separated"
    );
    assert_eq!(kind(free.fit(&x(vec![1.0; 4]), &target(&[false, true, false, true], None), &task)), "singular");
    assert!(p.fit(&x(vec![1.0, 2.0, 3.0, 4.0]), &target(&[false, false, true, true], None), &task).unwrap().converged);
}
