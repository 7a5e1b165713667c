//! 95 % intervals of unpenalised fits hold the true coefficients in 95 % of 20,000 simulated data sets.
#![cfg(feature = "fit")]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use leadlens::Task;
use leadlens::fit::{Dense, InferenceOptions, LogisticParams, Matrix, Response};
use rayon::prelude::*;

const FITS: u64 = 20_000;
const ROWS: usize = 500;
/// About 190 positives: 38 for each of the five parameters.
const TRUTH: [f64; 5] = [-0.6, 0.5, -0.4, 0.3, 0.0];

/// xorshift64*, seeded by splitmix64; normal numbers by Box and Muller.
struct Draw(u64);

impl Draw {
    fn new(seed: u64) -> Self {
        let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((z ^ (z >> 31)) | 1)
    }

    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let params = LogisticParams { c: None, ..LogisticParams::default() }.check().unwrap();
    let held: Vec<[bool; 5]> = (0..FITS)
        .into_par_iter()
        .map(|seed| {
            let mut draw = Draw::new(seed);
            let x: Vec<f64> = (0..ROWS * 4).map(|_| draw.normal()).collect();
            let y: Vec<bool> = x
                .chunks(4)
                .map(|row| {
                    let eta = TRUTH[0] + row.iter().zip(&TRUTH[1..]).map(|(x, b)| x * b).sum::<f64>();
                    draw.uniform() < 1.0 / (1.0 + (-eta).exp())
                })
                .collect();
            let x = Matrix::new(Some(Dense::by_rows(x, ROWS, 4).unwrap()), Vec::new(), None).unwrap();
            let (target, task) = (Response::new(&y), Task::new());
            let solution = params.fit(&x, &target, &task).unwrap();
            let inference = params.inference(&x, &target, &solution, InferenceOptions::default(), &task).unwrap();
            std::array::from_fn(|j| {
                let interval = inference.estimates[j].interval;
                interval.low <= TRUTH[j] && TRUTH[j] <= interval.high
            })
        })
        .collect();
    for j in 0..5 {
        let share = held.iter().filter(|h| h[j]).count() as f64 / FITS as f64;
        println!("coefficient {j}: {:.2} % of intervals hold {}", 100.0 * share, TRUTH[j]);
        // The standard error of a share is 0.15 %.
        assert!((0.945..=0.955).contains(&share), "coefficient {j}: {share}");
    }
}
