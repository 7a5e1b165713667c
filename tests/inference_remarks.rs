//! What inference says of its limits.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use leadlens::Task;
use leadlens::fit::{Dense, InferenceOptions, LogisticParams, Matrix, Response};

/// 30 levels of 10 rows each: simulated, 9 % of equal levels have p < 0.05.
#[test]
fn a_likelihood_ratio_test_of_many_small_levels_says_that_it_rejects_too_often() {
    let remarks = |levels: usize, each: usize| {
        let rows = levels * each;
        let x: Vec<f64> = (0..rows * (levels - 1))
            .map(|i| f64::from(u8::from(i / (levels - 1) % levels == i % (levels - 1))))
            .collect();
        let y: Vec<bool> = (0..rows).map(|i| (i / levels + i % levels) % 5 < 2).collect();
        let x = Matrix::new(Some(Dense::by_rows(x, rows, levels - 1).unwrap()), Vec::new(), None).unwrap();
        let params = LogisticParams { c: None, ..LogisticParams::default() }.check().unwrap();
        let (target, task) = (Response::new(&y), Task::new());
        let solution = params.fit(&x, &target, &task).unwrap();
        params.inference(&x, &target, &solution, InferenceOptions::default(), &task).unwrap().remarks
    };
    let few = remarks(30, 10);
    assert!(
        few.iter().any(|r| r.contains("120 rows of the rarer class are few for 29 coefficients (4.1 each)")),
        "{few:?}"
    );
    assert_eq!(remarks(30, 100), Vec::<String>::new());
}
