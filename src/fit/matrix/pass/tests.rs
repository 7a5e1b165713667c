//! Passes against sums over expanded rows, for every layout, thread count and vector unit.

use super::super::{Dense, FoldQuery, FoldRole, LevelCodes, Matrix, Numbers, Observed, Sparse};
use super::*;
use crate::fit::solvers::cholesky::{Cholesky, NotFactored};
use crate::math::sigmoid;
use crate::progress::Task;

const ROWS: usize = 3000;

fn numbers(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as f64) / f64::from(1u32 << 30) - 1.0
        })
        .collect()
}

/// Eleven dense columns, two text fields (one large enough to be kept apart), three sparse columns.
fn matrix(by_rows: bool) -> Matrix<'static> {
    let dense = numbers(ROWS * 11, 1);
    let dense = if by_rows {
        Dense::by_rows(dense, ROWS, 11)
    } else {
        let turned: Vec<f64> =
            (0..11).flat_map(|j| dense.iter().skip(j).step_by(11).copied().collect::<Vec<_>>()).collect();
        Dense::by_columns(turned, ROWS, 11)
    };
    let codes = |levels: u32, seed| -> Vec<u32> {
        numbers(ROWS, seed).iter().map(|x| ((x + 1.0) / 2.0 * f64::from(levels + 1)) as u32).collect()
    };
    let blocks = vec![LevelCodes::narrowest(&codes(5, 2), 5), LevelCodes::narrowest(&codes(60, 3), 60)];
    let mut starts = vec![0usize];
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for (i, x) in numbers(ROWS, 4).into_iter().enumerate() {
        if i % 3 > 0 {
            indices.push((i % 2) as u32);
            values.push(x);
        }
        if i % 3 == 2 {
            indices.push(2);
            values.push(x + 2.0);
        }
        starts.push(values.len());
    }
    Matrix::new(Some(dense.unwrap()), blocks, Some(Sparse::new(starts, indices, values, 3).unwrap())).unwrap()
}

fn rows_of(x: &Matrix<'_>) -> Vec<Vec<f64>> {
    (0..x.rows())
        .map(|i| {
            let mut row = vec![0.0; x.width() + 1];
            row[0] = 1.0;
            x.each_in_row(i, |j, v| row[1 + j] = v);
            row
        })
        .collect()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{a} {b}");
}

#[test]
fn equal_to_sums_over_expanded_rows() {
    let (y, w): (Vec<bool>, Vec<f64>) = numbers(ROWS, 5).into_iter().map(|x| (x > 0.3, x.abs() + 0.1)).unzip();
    let offset = numbers(ROWS, 6);
    let observed = Observed { y: &y, weight: Some(&w), offset: Some(&offset) };
    for by_rows in [true, false] {
        let x = matrix(by_rows);
        let beta = numbers(x.width() + 1, 7);
        let p = beta.len();
        let (mut loss, mut gradient, mut hessian) = (0.0, vec![0.0; p], vec![0.0; p * p]);
        let rows = rows_of(&x);
        for (i, row) in rows.iter().enumerate() {
            let eta: f64 = offset[i] + row.iter().zip(&beta).map(|(a, b)| a * b).sum::<f64>();
            let prob = sigmoid(eta);
            loss += w[i] * if y[i] { -prob.ln() } else { -(1.0 - prob).ln() };
            for j in 0..p {
                gradient[j] += w[i] * (prob - f64::from(u8::from(y[i]))) * row[j];
                for k in 0..p {
                    hessian[j * p + k] += w[i] * prob * (1.0 - prob) * row[j] * row[k];
                }
            }
        }
        let plan = NormalLayout::all(&x);
        assert_eq!(plan.levels(), 60);
        let found = x.pass(&observed, &beta, Some(Hessian { plan: &plan, thinning: 1 })).unwrap();
        close(found.loss, loss);
        found.gradient.iter().zip(&gradient).for_each(|(a, b)| close(*a, *b));
        x.predict(&beta, None).iter().zip(&rows).for_each(|(e, row)| {
            close(*e, row.iter().zip(&beta).map(|(a, b)| a * b).sum());
        });
        let r = numbers(ROWS, 8);
        let turned = x.transposed(&r);
        for (j, t) in turned.iter().enumerate() {
            close(*t, rows.iter().zip(&r).map(|(row, r)| row[j] * r).sum());
        }
        // The factored matrix solves what the expanded one multiplies; a ridge keeps the full sets of levels apart.
        let mut normal = found.normal.unwrap();
        normal.add_diagonal(&plan, |c| c as f64 * 0.01 + 0.5);
        for j in 0..p {
            hessian[j * p + j] += j as f64 * 0.01 + 0.5;
        }
        let factor = Cholesky::of(normal, &plan, 1e-12).unwrap();
        let wanted = numbers(p, 9);
        let b: Vec<f64> = (0..p).map(|j| (0..p).map(|k| hessian[j * p + k] * wanted[k]).sum()).collect();
        factor.solve(&b).iter().zip(&wanted).for_each(|(a, b)| close(*a, *b));
        let inverse = factor.inverse(p);
        for (j, want) in wanted.iter().enumerate() {
            close((0..p).map(|k| inverse[j * p + k] * b[k]).sum(), *want);
        }
        // A chosen few columns: their own part of the same matrix.
        let columns = [1, 4, 12, 13, 40, 76, 78];
        let chosen = NormalLayout::chosen(&x, &columns);
        let found = x.pass(&observed, &beta, Some(Hessian { plan: &chosen, thinning: 1 })).unwrap();
        let mut normal = found.normal.unwrap();
        normal.add_diagonal(&chosen, |c| c as f64 * 0.01 + 0.5);
        let factor = Cholesky::of(normal, &chosen, 1e-12).unwrap();
        let places: Vec<usize> = [0].into_iter().chain(columns.iter().map(|c| c + 1)).collect();
        let mut b = vec![0.0; p];
        for j in &places {
            b[*j] = places.iter().map(|k| hessian[j * p + k] * wanted[*k]).sum();
        }
        let solved = factor.solve(&b);
        places.iter().for_each(|j| close(solved[*j], wanted[*j]));
    }
}

#[test]
fn threads_and_vector_units_do_not_matter() {
    let y: Vec<bool> = numbers(ROWS, 5).into_iter().map(|x| x > 0.3).collect();
    let observed = Observed { y: &y, weight: None, offset: None };
    for by_rows in [true, false] {
        let x = matrix(by_rows);
        let (beta, plan) = (numbers(x.width() + 1, 7), NormalLayout::all(&x));
        let hessian = Some(Hessian { plan: &plan, thinning: 1 });
        let many = x.pass(&observed, &beta, hessian).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let one = pool.install(|| x.pass(&observed, &beta, hessian).unwrap());
        let bits = |f: &LossGradientHessian| -> Vec<u64> {
            let n = f.normal.as_ref().unwrap();
            [f.loss].iter().chain(&f.gradient).chain(&n.core).chain(&n.cross).map(|v| v.to_bits()).collect()
        };
        assert_eq!(bits(&many), bits(&one));
        let Some((dense, Numbers::F64(v))) = x.dense.as_ref().map(|d| (d, d.numbers())) else { panic!() };
        let beta = Coefficients::of(&x, &beta);
        let pass = RangePass {
            x: &x,
            dense: ColumnView::of(dense, v),
            observed: &observed,
            beta: &beta,
            hessian,
            range: 0..ROWS,
            stop: &Stop::here(),
        };
        let units = crate::math::vector::on_every_unit(&pass);
        for (unit, found) in &units {
            found.gradient.iter().zip(&many.gradient).for_each(|(a, b)| close(*a, *b));
            // All units with FMA give the same bits.
            if *unit == "avx2" || *unit == "avx512" {
                let (_, first) = units.iter().find(|(u, _)| u.starts_with("avx")).unwrap();
                assert_eq!(bits(found), bits(first), "{unit}");
            }
        }
    }
}

#[test]
fn a_thinned_hessian_is_close() {
    let x = Matrix::new(Some(Dense::by_rows(numbers(40_000, 1), 20_000, 2).unwrap()), Vec::new(), None).unwrap();
    let y: Vec<bool> = numbers(20_000, 5).into_iter().map(|x| x > 0.3).collect();
    let observed = Observed { y: &y, weight: None, offset: None };
    let plan = NormalLayout::all(&x);
    let made = |thinning| {
        x.pass(&observed, &[0.1, 0.2, 0.3], Some(Hessian { plan: &plan, thinning })).unwrap().normal.unwrap()
    };
    let (all, some) = (made(1).diagonal(&plan), made(4).diagonal(&plan));
    assert_ne!(all, some);
    all.iter().zip(&some).for_each(|(a, b)| assert!((a - b).abs() < 0.05 * a, "{a} {b}"));
}

#[test]
fn folds_share_a_pass_and_get_what_is_theirs() {
    let (y, w): (Vec<bool>, Vec<f64>) = numbers(ROWS, 5).into_iter().map(|x| (x > 0.3, x.abs() + 0.1)).unzip();
    let offset = numbers(ROWS, 6);
    let observed = Observed { y: &y, weight: Some(&w), offset: Some(&offset) };
    // Drawn roles; forward in time, with rows of no role; one fold of one block only.
    let role = |k: u64| match k % 5 {
        0 => FoldRole::Test,
        1 => FoldRole::Out,
        _ => FoldRole::Train,
    };
    let roles: [Vec<FoldRole>; 3] = [
        numbers(ROWS, 9).iter().map(|x| role((x.abs() * 1e6) as u64)).collect(),
        (0..ROWS).map(|i| [FoldRole::Train, FoldRole::Out, FoldRole::Test, FoldRole::Out][4 * i / ROWS]).collect(),
        (0..ROWS).map(|i| if i < 100 { FoldRole::Train } else { FoldRole::Out }).collect(),
    ];
    // One fold has weights of its own.
    let own: Vec<f64> = numbers(ROWS, 40).iter().map(|x| x.abs()).collect();
    let own = [None, Some(own.as_slice()), None];
    for by_rows in [true, false] {
        let x = matrix(by_rows);
        let betas: Vec<Vec<f64>> = (0..3).map(|k| numbers(x.width() + 1, 20 + k)).collect();
        let asked = |folds: &[usize]| -> Vec<_> {
            let ask = |k: &usize| FoldQuery { roles: &roles[*k], weight: own[*k], beta: &betas[*k] };
            let asked: Vec<FoldQuery<'_>> = folds.iter().map(ask).collect();
            x.pass_folds(&observed, &asked).unwrap()
        };
        let together = asked(&[0, 1, 2]);
        for (k, found) in together.iter().enumerate() {
            let of = |kept: FoldRole| -> Vec<f64> {
                roles[k].iter().zip(own[k].unwrap_or(&w)).map(|(r, w)| if *r == kept { *w } else { 0.0 }).collect()
            };
            let alone = |w: &[f64]| x.pass(&Observed { weight: Some(w), ..observed }, &betas[k], None).unwrap();
            let trained = alone(&of(FoldRole::Train));
            close(found.found.loss, trained.loss);
            found.found.gradient.iter().zip(&trained.gradient).for_each(|(a, b)| close(*a, *b));
            close(found.held_out, alone(&of(FoldRole::Test)).loss);
            // The same bits whoever else asks, and on one thread.
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            for again in [asked(&[k]), pool.install(|| asked(&[k]))] {
                assert_eq!(again[0].found.gradient, found.found.gradient);
                assert_eq!(again[0].held_out.to_bits(), found.held_out.to_bits());
            }
        }
        // A certain mistake costs what it costs in the measure.
        let mut certain = vec![0.0; x.width() + 1];
        certain[0] = 1e4;
        let judged = [FoldQuery { roles: &roles[0], weight: None, beta: &certain }];
        let lost = x.pass_folds(&Observed { offset: None, ..observed }, &judged).unwrap()[0].held_out;
        let wrong: f64 = (0..ROWS).filter(|i| roles[0][*i] == FoldRole::Test && !y[*i]).map(|i| w[i]).sum();
        close(lost, wrong * -f64::EPSILON.ln());
    }
}

#[test]
fn a_stopped_task_ends_a_pass() {
    let x = matrix(false);
    let y: Vec<bool> = numbers(ROWS, 5).into_iter().map(|v| v > 0.0).collect();
    let observed = Observed { y: &y, weight: None, offset: None };
    let (beta, plan) = (vec![0.0; x.width() + 1], NormalLayout::all(&x));
    let (ones, roles) = (vec![1.0; ROWS], vec![FoldRole::Train; ROWS]);
    let asked = [FoldQuery { roles: &roles, weight: None, beta: &beta }];
    let hessian = Some(Hessian { plan: &plan, thinning: 1 });
    let task = Task::new();
    let _here = task.here();
    let mut normal = x.pass(&observed, &beta, hessian).unwrap().normal.unwrap();
    normal.add_diagonal(&plan, |_| 1.0);
    assert!(x.gram(&ones, &plan).is_ok() && x.pass_folds(&observed, &asked).is_ok());
    assert!(Cholesky::of(normal.clone(), &plan, 1e-12).is_ok());
    task.stop();
    assert_eq!(x.pass(&observed, &beta, hessian).unwrap_err(), Error::Interrupted);
    assert_eq!(x.gram(&ones, &plan).unwrap_err(), Error::Interrupted);
    assert_eq!(x.pass_folds(&observed, &asked).unwrap_err(), Error::Interrupted);
    assert_eq!(Cholesky::of(normal, &plan, 1e-12).unwrap_err(), NotFactored::Interrupted);
}
