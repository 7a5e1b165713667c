//! Firth's correction: the likelihood times √det I(b) (Jeffreys' prior), which has a finite maximum even where classes are
//! separated, and removes the first-order bias of small samples.
//!
//! Maximises l*(b) = l(b) + ½·ln det I(b), I = Σ wᵢpᵢ(1 − pᵢ)xᵢxᵢᵀ. Its score is Σ[wᵢ(yᵢ − pᵢ) + hᵢ(½ − pᵢ)]xᵢ with the
//! leverages hᵢ = wᵢpᵢ(1 − pᵢ)·xᵢᵀI⁻¹xᵢ.
//!
//! D. Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80, 1993; G. Heinze, M. Schemper, "A solution to
//! the problem of separation in logistic regression", Stat. Med. 21, 2002. The refitted intercept (FLIC): R. Puhr et al.,
//! "Firth's logistic regression with rare events: accurate effect estimates and predictions?", Stat. Med. 36, 2017.

#![allow(clippy::indexing_slicing, reason = "all vectors have one number per row or coefficient of one matrix")]

use rayon::prelude::*;

use super::factor::Factor;
use super::held::Problem;
use super::newton::Stop;
use super::objective::{Objective, Point};
use super::solution::Solution;
use crate::error::Result;
use crate::math::sigmoid;
use crate::task::Task;

/// The maximum of l*, coefficients `held` staying at their start.
pub(super) fn solve(
    f: &Objective<'_>,
    start: Option<Vec<f64>>,
    held: &[usize],
    stop: Stop,
    task: &Task,
) -> Result<Solution> {
    task.begin("fitting", stop.max_iterations);
    let problem = Problem::new(f, held, true);
    let start = problem.at(start.unwrap_or_else(|| f.cold_start()))?;
    let minimum = problem.minimise(start, None, stop, task)?;
    Ok(problem.solution(minimum))
}

/// Makes −l* and its gradient of −l and its gradient; `information` is I.
pub(super) fn correct(f: &Objective<'_>, information: &Factor, point: &mut Point) {
    let k = point.beta.len();
    let inverse = information.inverse(k);
    let eta = f.x.predict(&point.beta, f.observed.offset);
    let leverage_share: Vec<f64> = (0..eta.len())
        .into_par_iter()
        .map_init(Vec::new, |row: &mut Vec<(usize, f64)>, i| {
            row.clear();
            row.push((0, 1.0));
            f.x.each_in_row(i, |j, v| row.push((j + 1, v)));
            row.retain(|(j, _)| !f.is_pinned(*j));
            let quadratic: f64 =
                row.iter().map(|(j, v)| v * row.iter().map(|(l, u)| u * inverse[j * k + l]).sum::<f64>()).sum();
            let (p, q) = (sigmoid(eta[i]), sigmoid(-eta[i]));
            let w = f.observed.weight.map_or(1.0, |w| w[i]);
            -w * p * q * quadratic * (0.5 - p)
        })
        .collect();
    let correction = f.x.transposed(&leverage_share);
    point.gradient.iter_mut().zip(&correction).for_each(|(g, c)| *g += c);
    point.value = point.loss - information.log_determinant() / 2.0;
}
