//! Standard errors, tests and intervals against statsmodels and logistf; elastic net against its optimality conditions
//! and scikit-learn; separation and collinearity.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use leadlens::fit::{
    Collinear, Covariance, Dense, InferenceOptions, LevelCodes, LogisticParams, Matrix, Response, Sign, Solution,
    Sparse,
};
use leadlens::{Error, Task};
use serde::Deserialize;

#[derive(Deserialize)]
struct Statistics {
    params: Vec<f64>,
    bse: Vec<f64>,
    z: Vec<f64>,
    p: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    llf: Option<f64>,
    llnull: Option<f64>,
}

#[derive(Deserialize)]
struct Net {
    c: f64,
    l1_ratio: f64,
    coef: Vec<f64>,
    intercept: f64,
}

#[derive(Deserialize)]
struct Firth {
    name: String,
    x: Vec<Vec<f64>>,
    y: Vec<u8>,
    intercept: f64,
    coef: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    log_likelihood: Option<f64>,
}

#[derive(Deserialize)]
struct Calibration {
    eta: Vec<f64>,
    y: Vec<u8>,
    weight: Vec<f64>,
    grid: Vec<f64>,
    sigmoid: Vec<f64>,
    sigmoid_weighted: Vec<f64>,
    isotonic: Vec<f64>,
}

#[derive(Deserialize)]
struct Golden {
    x: Vec<Vec<f64>>,
    y: Vec<u8>,
    cluster: Vec<u32>,
    weight: Vec<f64>,
    offset: Vec<f64>,
    model: Statistics,
    robust: Statistics,
    clustered: Statistics,
    weighted: Statistics,
    llf: f64,
    llnull: f64,
    aic: f64,
    bic: f64,
    mcfadden: f64,
    llr: f64,
    llr_p: f64,
    llf_without_columns_1_and_3: f64,
    nets: Vec<Net>,
    calibration: Calibration,
    firth: Vec<Firth>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/inference.json")).unwrap()
}

fn matrix(x: &[Vec<f64>]) -> Matrix<'static> {
    let numbers: Vec<f64> = x.iter().flatten().copied().collect();
    Matrix::new(Some(Dense::by_rows(numbers, x.len(), x[0].len()).unwrap()), Vec::new(), None).unwrap()
}

fn labels(y: &[u8]) -> Vec<bool> {
    y.iter().map(|v| *v == 1).collect()
}

/// statsmodels solves to 1e-13; differences are those of summation and of its two-step score.
const PARITY: f64 = 1e-8;

fn close(what: &str, got: f64, want: f64, bound: f64) {
    assert!((got - want).abs() <= bound * want.abs().max(1.0), "{what}: {got} against {want}");
}

fn free() -> LogisticParams {
    LogisticParams { c: None, tolerance: 1e-11, ..LogisticParams::default() }
}

#[test]
fn equal_to_statsmodels() {
    let g = golden();
    let (x, y, task) = (matrix(&g.x), labels(&g.y), Task::new());
    let params = free().check().unwrap();
    let plain = Response::new(&y);
    let fit = params.fit(&x, &plain, &task).unwrap();
    for (covariance, want) in
        [(Covariance::Model, &g.model), (Covariance::Robust, &g.robust), (Covariance::Clustered, &g.clustered)]
    {
        let got = params
            .inference(
                &x,
                &plain,
                &fit,
                InferenceOptions { covariance, clusters: Some(&g.cluster), ..InferenceOptions::default() },
                &task,
            )
            .unwrap();
        assert!(!got.approximate);
        for (j, e) in got.estimates.iter().enumerate() {
            let name = format!("{covariance:?} {j}");
            close(&name, e.coefficient, want.params[j], PARITY);
            if covariance == Covariance::Robust {
                // What statsmodels calls HC1 of a Logit lacks the factor n/(n − k) that makes it HC1.
                close(&name, e.standard_error, want.bse[j] * (400.0f64 / 395.0).sqrt(), PARITY);
                continue;
            }
            close(&name, e.standard_error, want.bse[j], PARITY);
            close(&name, e.z, want.z[j], PARITY);
            close(&name, e.p_value, want.p[j], PARITY);
            close(&name, e.interval.low, want.low[j], PARITY);
            close(&name, e.interval.high, want.high[j], PARITY);
        }
        close("llf", got.log_likelihood, g.llf, PARITY);
        close("llnull", got.null_log_likelihood, g.llnull, PARITY);
        close("aic", got.aic, g.aic, PARITY);
        close("bic", got.bic, g.bic, PARITY);
        close("mcfadden", got.mcfadden, g.mcfadden, PARITY);
        close("llr", got.likelihood_ratio, g.llr, PARITY);
        assert!((got.likelihood_ratio_p_value / g.llr_p - 1.0).abs() < 1e-6);
        assert_eq!((got.degrees, got.rows), (4, 400));
    }
    let test = params.likelihood_ratio_test(&x, &plain, &fit, &[1, 3], &task).unwrap();
    close("lr test", test.statistic, 2.0 * (g.llf - g.llf_without_columns_1_and_3), PARITY);
    assert_eq!(test.degrees, 2);
    // Frequency weights and an offset.
    let target = Response::new(&y).weighted(&g.weight).offset(&g.offset);
    let fit = params.fit(&x, &target, &task).unwrap();
    let got = params.inference(&x, &target, &fit, InferenceOptions::default(), &task).unwrap();
    for (j, e) in got.estimates.iter().enumerate() {
        close("weighted", e.coefficient, g.weighted.params[j], PARITY);
        close("weighted", e.standard_error, g.weighted.bse[j], PARITY);
    }
    close("llf", got.log_likelihood, g.weighted.llf.unwrap(), PARITY);
    close("llnull", got.null_log_likelihood, g.weighted.llnull.unwrap(), 1e-6);
}

#[test]
fn a_profile_interval_ends_where_the_likelihood_ratio_says() {
    let g = golden();
    let (x, y, task) = (matrix(&g.x), labels(&g.y), Task::new());
    let params = free().check().unwrap();
    let target = Response::new(&y);
    let fit = params.fit(&x, &target, &task).unwrap();
    let wald = params.inference(&x, &target, &fit, InferenceOptions::default(), &task).unwrap();
    for j in 0..5 {
        let leadlens::fit::Profile { interval: profile, p_value } =
            params.profile(&x, &target, &fit, j, 0.95, &task).unwrap();
        if j > 0 {
            let test = params.likelihood_ratio_test(&x, &target, &fit, &[j - 1], &task).unwrap();
            close("p", p_value, test.p_value, 1e-9);
        } else {
            // Without an intercept at all.
            let without = LogisticParams { intercept: false, ..free() }.check().unwrap();
            let loss = without.fit(&x, &target, &task).unwrap().loss;
            let statistic = 2.0 * (loss - fit.loss);
            close("p", p_value, leadlens::math::chi_square_tail(statistic, 1), 1e-9);
        }
        let e = &wald.estimates[j];
        // Near the Wald interval, but not it.
        assert!((profile.low - e.interval.low).abs() < 0.3 * e.standard_error);
        assert_ne!(profile.low, e.interval.low);
        for end in [profile.low, profile.high] {
            // The best fit with this coefficient at the end: its column moves into the offset.
            let offset: Vec<f64> = g.x.iter().map(|row| end * if j == 0 { 1.0 } else { row[j - 1] }).collect();
            let rest: Vec<Vec<f64>> =
                g.x.iter()
                    .map(|row| row.iter().enumerate().filter(|(c, _)| c + 1 != j).map(|(_, v)| *v).collect())
                    .collect();
            let params = LogisticParams { intercept: j != 0, ..free() }.check().unwrap();
            let held = params.fit(&matrix(&rest), &target.offset(&offset), &task).unwrap();
            close("end", 2.0 * (held.objective - fit.objective), 3.841_458_820_694_124, 1e-7);
        }
    }
}

#[test]
fn firth_equals_logistf() {
    for g in golden().firth {
        let (x, y, task) = (matrix(&g.x), labels(&g.y), Task::new());
        let params = LogisticParams { firth: true, flic: false, ..free() }.check().unwrap();
        let target = Response::new(&y);
        let fit = params.fit(&x, &target, &task).unwrap();
        let want: Vec<f64> = [g.intercept].into_iter().chain(g.coef.iter().copied()).collect();
        for (j, want) in want.iter().enumerate() {
            // logistf stops at 1e-5.
            close(&g.name, fit.beta()[j], *want, 1e-5);
            let interval = params.profile(&x, &target, &fit, j, 0.95, &task).unwrap().interval;
            close(&g.name, interval.low, g.low[j], 1e-4);
            close(&g.name, interval.high, g.high[j], 1e-4);
        }
        if let Some(wanted) = g.log_likelihood {
            let got = params.inference(&x, &target, &fit, InferenceOptions::default(), &task).unwrap();
            close(&g.name, got.log_likelihood, wanted, 1e-6);
        }
        // FLIC: the same coefficients; the mean probability is the rate.
        let flic = LogisticParams { firth: true, ..free() }.check().unwrap();
        let refitted = flic.fit(&x, &target, &task).unwrap();
        assert_eq!(refitted.coefficients, fit.coefficients);
        let mean: f64 =
            g.x.iter()
                .map(|row| {
                    let eta = refitted.intercept + row.iter().zip(&fit.coefficients).map(|(a, b)| a * b).sum::<f64>();
                    leadlens::math::sigmoid(eta)
                })
                .sum::<f64>()
                / g.x.len() as f64;
        close("rate", mean, g.y.iter().map(|v| f64::from(*v)).sum::<f64>() / g.x.len() as f64, 1e-12);
        // Statistics are those of Firth's own intercept.
        let a = params.inference(&x, &target, &fit, InferenceOptions::default(), &task).unwrap();
        let b = flic.inference(&x, &target, &refitted, InferenceOptions::default(), &task).unwrap();
        assert_eq!(a, b);
    }
}

/// Optimality of an elastic net, from the gradient of the loss alone: the solver does not judge itself.
fn violation(x: &[Vec<f64>], y: &[bool], fit: &Solution, lasso: f64, ridge: f64, signs: &[Sign]) -> f64 {
    let mut gradient = vec![0.0; x[0].len() + 1];
    for (row, y) in x.iter().zip(y) {
        let eta = fit.intercept + row.iter().zip(&fit.coefficients).map(|(a, b)| a * b).sum::<f64>();
        let r = leadlens::math::sigmoid(eta) - f64::from(u8::from(*y));
        gradient[0] += r;
        gradient[1..].iter_mut().zip(row).for_each(|(g, v)| *g += r * v);
    }
    let mut worst = gradient[0].abs();
    for (j, b) in fit.coefficients.iter().enumerate() {
        let g = gradient[j + 1] + ridge * b;
        let sign = signs.get(j).copied().unwrap_or_default();
        let off = if *b == 0.0 {
            let up = if sign == Sign::NotPositive { 0.0 } else { (-g - lasso).max(0.0) };
            let down = if sign == Sign::NotNegative { 0.0 } else { (g - lasso).max(0.0) };
            up.max(down)
        } else {
            (g + lasso * b.signum()).abs()
        };
        worst = worst.max(off);
    }
    worst / x.len() as f64
}

#[test]
fn elastic_net_equals_scikit_learn_and_is_optimal() {
    let g = golden();
    let (x, y, task) = (matrix(&g.x), labels(&g.y), Task::new());
    let mut zeros = 0;
    for net in &g.nets {
        let params =
            LogisticParams { c: Some(net.c), l1_ratio: net.l1_ratio, tolerance: 1e-10, ..LogisticParams::default() };
        let fit = params.check().unwrap().fit(&x, &Response::new(&y), &task).unwrap();
        for (got, want) in fit.coefficients.iter().zip(&net.coef) {
            close("net", *got, *want, 1e-6);
            assert_eq!(*got == 0.0, *want == 0.0);
            zeros += usize::from(*got == 0.0);
        }
        close("net", fit.intercept, net.intercept, 1e-6);
        assert!(fit.gap.unwrap() <= 1e-10 && fit.gap.unwrap() >= 0.0);
        let (lasso, ridge) = (net.l1_ratio / net.c, (1.0 - net.l1_ratio) / net.c);
        assert!(violation(&g.x, &y, &fit, lasso, ridge, &[]) < 1e-9);
    }
    assert!(zeros > 0);
}

#[test]
fn signs_are_kept() {
    let g = golden();
    let (x, y, task) = (matrix(&g.x), labels(&g.y), Task::new());
    for (c, l1_ratio) in [(Some(1.0), 0.0), (Some(0.5), 0.5), (None, 0.0)] {
        // Against the data for the first two columns.
        let signs = vec![Sign::NotPositive, Sign::NotNegative, Sign::NotNegative, Sign::Free];
        let params = LogisticParams { c, l1_ratio, signs: signs.clone(), ..LogisticParams::default() };
        let fit = params.check().unwrap().fit(&x, &Response::new(&y), &task).unwrap();
        assert_eq!(fit.coefficients[..2], [0.0, 0.0]);
        assert!(fit.coefficients[2] > 0.0 && fit.coefficients[3] > 0.0);
        let penalty = c.map_or(0.0, |c| 1.0 / c);
        assert!(violation(&g.x, &y, &fit, penalty * l1_ratio, penalty * (1.0 - l1_ratio), &signs) < 1e-7);
    }
    let params = LogisticParams { signs: vec![Sign::Free], ..LogisticParams::default() }.check().unwrap();
    assert_eq!(params.fit(&x, &Response::new(&y), &task).unwrap_err().kind(), "length");
}

#[test]
fn a_path_is_its_fits() {
    let g = golden();
    let (x, y, task) = (matrix(&g.x), labels(&g.y), Task::new());
    for l1_ratio in [0.0, 0.7] {
        let params = LogisticParams { l1_ratio, ..LogisticParams::default() };
        let cs = [1.0, 0.01, 100.0];
        let path = params.clone().check().unwrap().fit_path(&x, &Response::new(&y), &cs, &task).unwrap();
        for (c, along) in cs.iter().zip(&path) {
            let alone = LogisticParams { c: Some(*c), ..params.clone() }.check().unwrap();
            let alone = alone.fit(&x, &Response::new(&y), &task).unwrap();
            along.beta().iter().zip(alone.beta()).for_each(|(a, b)| close("path", *a, b, 1e-7));
        }
    }
}

#[test]
fn wide_designs_are_solved() {
    // 300 rows, 20,000 sparse columns, of which 40 matter.
    let (n, p) = (300usize, 20_000usize);
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let (mut starts, mut indices, mut values, mut y) = (vec![0usize], Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let mut row: Vec<u32> = (0..35).map(|k| (next() % if k < 30 { p } else { 40 }) as u32).collect();
        row.sort_unstable();
        row.dedup();
        y.push(row.iter().filter(|c| **c < 20).count() + next() % 3 > 3);
        indices.extend(&row);
        values.extend(row.iter().map(|c| 1.0 + f64::from(*c % 3)));
        starts.push(values.len());
    }
    let sparse = Sparse::new(starts, indices, values, p).unwrap();
    let x = Matrix::new(None, Vec::new(), Some(sparse.clone())).unwrap();
    let task = Task::new();
    for params in [
        LogisticParams { c: Some(0.1), ..LogisticParams::default() },
        LogisticParams { c: Some(0.3), l1_ratio: 1.0, ..LogisticParams::default() },
    ] {
        let (c, l1) = (params.c.unwrap(), params.l1_ratio);
        let fit = params.check().unwrap().fit(&x, &Response::new(&y), &task).unwrap();
        let rows: Vec<Vec<f64>> = (0..n)
            .map(|i| {
                let mut row = vec![0.0; p];
                sparse.row(i).for_each(|(c, v)| row[c] = v);
                row
            })
            .collect();
        assert!(violation(&rows, &y, &fit, l1 / c, (1.0 - l1) / c, &[]) < 2e-8);
        if l1 > 0.0 {
            let active = fit.coefficients.iter().filter(|b| **b != 0.0).count();
            assert!(active > 5 && active < 300, "{active}");
            assert!(fit.gap.unwrap() < 1e-8);
        }
    }
}

#[test]
fn a_wide_text_field_is_solved() {
    // More levels than a Hessian may hold beside 30 numbers: conjugate gradients, checked by its gradient.
    let n = 200_000usize;
    let mut state = 5u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let dense: Vec<f64> = (0..n * 3).map(|_| uniform() - 0.5).collect();
    let codes: Vec<u32> = (0..n).map(|_| (uniform() * 1_000_000.0) as u32).collect();
    let y: Vec<bool> = dense.chunks(3).zip(&codes).map(|(r, c)| r[0] + f64::from(c % 7) / 7.0 > uniform()).collect();
    let x =
        Matrix::new(Some(Dense::by_rows(dense, n, 3).unwrap()), vec![LevelCodes::narrowest(&codes, 1_000_000)], None)
            .unwrap();
    let fit = LogisticParams::default().check().unwrap().fit(&x, &Response::new(&y), &Task::new()).unwrap();
    assert!(fit.converged && fit.gradient <= 1e-8);
    assert_eq!(fit.coefficients.len(), 1_000_003);
    // A level that never occurs has no evidence.
    let mut seen = vec![false; 1_000_000];
    codes.iter().for_each(|c| seen[*c as usize] = true);
    let unseen = seen.iter().position(|s| !s).unwrap();
    assert!(fit.coefficients[3 + unseen].abs() < 1e-8);
}

#[test]
fn separation_names_its_columns() {
    let task = Task::new();
    let fit =
        |x: Vec<Vec<f64>>, y: Vec<u8>| free().check().unwrap().fit(&matrix(&x), &Response::new(&labels(&y)), &task);
    // Complete: column 1 alone.
    let x: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i * 7 % 5), f64::from(i)]).collect();
    let y: Vec<u8> = (0..20).map(|i| u8::from(i >= 10)).collect();
    match fit(x, y).unwrap_err() {
        Error::Separated { complete, rows, columns } => {
            assert!(complete);
            assert_eq!((rows, columns), (20, vec!["x1".to_owned()]));
        }
        e => panic!("{e}"),
    }
    // Quasi-complete: a level that always converts, in the endometrial data of Heinze and Schemper.
    let g = golden().firth.into_iter().find(|f| f.name == "endometrial").unwrap();
    match fit(g.x.clone(), g.y.clone()).unwrap_err() {
        Error::Separated { complete, rows, columns } => {
            assert!(!complete);
            assert_eq!((rows, columns), (13, vec!["x0".to_owned()]));
        }
        e => panic!("{e}"),
    }
    // The combination of two columns, neither of which separates alone.
    let x: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(i % 8), f64::from(i / 8)]).collect();
    let y: Vec<u8> = x.iter().map(|r| u8::from(r[0] + 2.0 * r[1] > 7.5)).collect();
    match fit(x, y).unwrap_err() {
        Error::Separated { complete, columns, .. } => {
            assert!(complete);
            assert_eq!(columns, ["x0", "x1"]);
        }
        e => panic!("{e}"),
    }
}

#[test]
fn collinear_columns_are_named_or_dropped() {
    let g = golden();
    let task = Task::new();
    let y = labels(&g.y);
    // Column 4 = 2·(column 0) − column 2 + 3, column 5 constant.
    let wide: Vec<Vec<f64>> =
        g.x.iter().map(|r| r.iter().copied().chain([2.0 * r[0] - r[2] + 3.0, 4.5]).collect()).collect();
    let x = matrix(&wide);
    match free().check().unwrap().fit(&x, &Response::new(&y), &task).unwrap_err() {
        Error::Singular { columns } => {
            assert_eq!(columns, ["'x4' is a linear combination of 'x0', 'x2'", "'x5' is constant"]);
        }
        e => panic!("{e}"),
    }
    let params = LogisticParams { collinear: Collinear::Drop, ..free() }.check().unwrap();
    let fit = params.fit(&x, &Response::new(&y), &task).unwrap();
    assert_eq!(fit.dropped, [4, 5]);
    let alone = free().check().unwrap().fit(&matrix(&g.x), &Response::new(&y), &task).unwrap();
    fit.coefficients
        .iter()
        .zip(alone.coefficients.iter().chain(&[0.0, 0.0]))
        .for_each(|(a, b)| close("kept", *a, *b, 1e-9));
    let stats = params.inference(&x, &Response::new(&y), &fit, InferenceOptions::default(), &task).unwrap();
    close("se", stats.estimates[1].standard_error, g.model.bse[1], PARITY);
    assert_eq!(stats.estimates[5].standard_error, 0.0);
    assert_eq!(stats.degrees, 4);
    // A full set of levels and the intercept: the last level.
    let codes: Vec<u32> = (0..400).map(|i| i % 3).collect();
    let x = Matrix::new(None, vec![LevelCodes::narrowest(&codes, 3)], None).unwrap();
    let fit = params.fit(&x, &Response::new(&y), &task).unwrap();
    assert_eq!(fit.dropped, [2]);
}

#[test]
fn intervals_refuse_what_has_no_theory() {
    let g = golden();
    let (x, y, task) = (matrix(&g.x), labels(&g.y), Task::new());
    let target = Response::new(&y);
    let infer = |params: LogisticParams, covariance, clusters: Option<&[u32]>, confidence| {
        let params = params.check().unwrap();
        let fit = params.fit(&x, &target, &task).unwrap();
        params.inference(&x, &target, &fit, InferenceOptions { covariance, clusters, confidence }, &task)
    };
    let lasso = LogisticParams { l1_ratio: 1.0, ..LogisticParams::default() };
    let kind = |r: leadlens::Result<leadlens::fit::Inference>| r.unwrap_err().kind();
    assert_eq!(kind(infer(lasso, Covariance::Model, None, 0.95)), "invalid_option");
    assert_eq!(kind(infer(free(), Covariance::Clustered, None, 0.95)), "invalid_option");
    assert_eq!(kind(infer(free(), Covariance::Clustered, Some(&[1; 400]), 0.95)), "invalid_option");
    assert_eq!(kind(infer(free(), Covariance::Clustered, Some(&[1; 3]), 0.95)), "length");
    assert_eq!(kind(infer(free(), Covariance::Model, None, 1.0)), "invalid_option");
    // A ridge makes them approximate, and says so; fewer effective parameters.
    let ridge =
        infer(LogisticParams { c: Some(0.01), ..LogisticParams::default() }, Covariance::Model, None, 0.95).unwrap();
    assert!(ridge.approximate && ridge.parameters < 5.0 && ridge.parameters > 1.0);
}

#[test]
fn calibration_equals_scikit_learn() {
    use leadlens::fit::{beta_calibration, isotonic_calibration, sigmoid_calibration};
    use leadlens::math::{ln, log1pexp, sigmoid};
    let (g, task) = (golden().calibration, Task::new());
    let y = labels(&g.y);
    for (weight, want) in [(None, &g.sigmoid), (Some(g.weight.as_slice()), &g.sigmoid_weighted)] {
        let (slope, intercept) = sigmoid_calibration(&g.eta, &y, weight, &task).unwrap();
        for (eta, want) in g.grid.iter().zip(want) {
            // scikit-learn's L-BFGS stops at a gradient of 1e-6.
            assert!((sigmoid(slope * eta + intercept) - want).abs() < SIGMOID, "{eta}");
        }
    }
    let map = isotonic_calibration(&g.eta, &y, Some(&g.weight)).unwrap();
    for (eta, want) in g.grid.iter().zip(&g.isotonic) {
        assert!((map.probability(*eta) - want).abs() < 1e-9, "{eta}");
    }
    // Beta: the gradient of its own likelihood is 0, the map ascends.
    let map = beta_calibration(&g.eta, &y, None, &task).unwrap();
    let (mut sums, mut last) = ([0.0; 3], 0.0);
    for (eta, y) in g.eta.iter().zip(&y) {
        let r = map.probability(*eta) - f64::from(u8::from(*y));
        for (s, x) in sums.iter_mut().zip([1.0, -log1pexp(-eta), log1pexp(*eta)]) {
            *s += r * x;
        }
    }
    assert!(sums.iter().all(|s| s.abs() < 1e-7), "{sums:?}");
    for eta in &g.grid {
        let p = map.probability(*eta);
        assert!(p > last && p < 1.0);
        last = p;
    }
    // What is calibrated already stays as it is: a = b = 1, c = 0, for labels drawn at their own odds.
    let eta: Vec<f64> = (0..20_000).map(|i| f64::from(i % 200) / 40.0 - 2.5).collect();
    let drawn: Vec<bool> = (0..20_000).map(|i| f64::from(i / 200) / 100.0 + 0.005 < sigmoid(eta[i as usize])).collect();
    let map = beta_calibration(&eta, &drawn, None, &task).unwrap();
    for e in [-2.0, 0.0, 1.5] {
        assert!((map.probability(e) - sigmoid(e)).abs() < 0.01);
    }
    assert!(ln(1.0) == 0.0);
    // Bad input.
    let kind = |r: leadlens::Result<(f64, f64)>| r.unwrap_err().kind();
    assert_eq!(kind(sigmoid_calibration(&[1.0, f64::NAN], &[true, false], None, &task)), "non_finite");
    assert_eq!(kind(sigmoid_calibration(&[1.0, 2.0], &[true], None, &task)), "length");
    assert_eq!(isotonic_calibration(&[], &[], None).unwrap_err().kind(), "no_rows");
}

/// Of a probability: what is left by scikit-learn's own stop.
const SIGMOID: f64 = 1e-8;

#[test]
fn choosing_c_is_judged_on_rows_that_were_not_seen() {
    use leadlens::fit::{PenaltyChoice, grouped_folds};
    let g = golden();
    let (x, y, task) = (matrix(&g.x), labels(&g.y), Task::new());
    let folds = grouped_folds(&g.cluster, 4);
    assert_eq!(folds.len(), 4);
    for fold in &folds {
        assert_eq!(fold.train.len() + fold.test.len(), 400);
        let of = |rows: &[usize]| rows.iter().map(|i| g.cluster[*i]).collect::<std::collections::BTreeSet<_>>();
        assert!(of(&fold.train).is_disjoint(&of(&fold.test)));
        assert!(fold.test.len() > 80 && fold.test.len() < 120);
    }
    let params = LogisticParams::default().check().unwrap();
    let cs = [10.0, 0.01, 1.0, 1e-4];
    let target = Response::new(&y);
    let v = params.validate(&x, &target, &folds, &cs, PenaltyChoice::Lowest, &task).unwrap();
    assert_eq!(v.cs, [1e-4, 0.01, 1.0, 10.0]);
    // By hand for one fold and one C.
    let fold = &folds[1];
    let take = |rows: &[usize]| {
        (rows.iter().map(|i| g.x[*i].clone()).collect::<Vec<_>>(), rows.iter().map(|i| y[*i]).collect::<Vec<_>>())
    };
    let ((train, ty), (test, vy)) = (take(&fold.train), take(&fold.test));
    let fit = params.fit(&matrix(&train), &Response::new(&ty), &task).unwrap();
    let p: Vec<f64> = matrix(&test).score(&fit.beta(), None, false).unwrap();
    close("loss", v.losses[1][2], leadlens::evaluate::log_loss(&vy, &p, None).unwrap(), 1e-9);
    // A row that counts twice: folds with copies of their rows then, and the same losses.
    let mut twice = folds.clone();
    twice.iter_mut().for_each(|f| f.train.push(f.train[0]));
    for (k, fold) in folds.iter().enumerate() {
        let one = [fold.clone(), fold.clone()];
        let w: Vec<f64> = (0..y.len()).map(|i| if i == fold.train[0] { 2.0 } else { 1.0 }).collect();
        let shared = params.validate(&x, &target.weighted(&w), &one, &cs, PenaltyChoice::Lowest, &task).unwrap();
        let copied = [twice[k].clone(), twice[k].clone()];
        let copied = params.validate(&x, &target, &copied, &cs, PenaltyChoice::Lowest, &task).unwrap();
        shared.losses[0].iter().zip(&copied.losses[0]).for_each(|(a, b)| close("copied", *a, *b, 1e-7));
    }
    let best = v.mean.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(v.mean[v.cs.iter().position(|c| *c == v.c).unwrap()], best);
    // From a worker of a pool of one thread as well, where folds can not wait for each other.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let inside = pool.install(|| params.validate(&x, &target, &folds, &cs, PenaltyChoice::Lowest, &task).unwrap());
    v.mean.iter().zip(&inside.mean).for_each(|(a, b)| close("inside a pool", *a, *b, 1e-7));
    let careful = params.validate(&x, &target, &folds, &cs, PenaltyChoice::OneStandardError, &task).unwrap();
    assert!(careful.c <= v.c);
    let kind = |f: &[leadlens::fit::Fold]| {
        params.validate(&x, &target, f, &cs, PenaltyChoice::Lowest, &task).unwrap_err().kind()
    };
    assert_eq!(kind(&[]), "invalid_option");
}
