//! Firth's correction: the likelihood times √det I(b) (Jeffreys' prior), which has a finite maximum even where classes are
//! separated, and removes the first-order bias of small samples.
//!
//! Maximises l*(b) = l(b) + ½·ln det I(b), I = Σ wᵢpᵢ(1 − pᵢ)xᵢxᵢᵀ. Its score is Σ[wᵢ(yᵢ − pᵢ) + hᵢ(½ − pᵢ)]xᵢ with the
//! leverages hᵢ = wᵢpᵢ(1 − pᵢ)·xᵢᵀI⁻¹xᵢ; steps are I⁻¹ times the score, at most 5 in any coefficient, halved until l* rises.
//!
//! D. Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80, 1993; G. Heinze, M. Schemper, "A solution to
//! the problem of separation in logistic regression", Stat. Med. 21, 2002. The refitted intercept (FLIC): R. Puhr et al.,
//! "Firth's logistic regression with rare events: accurate effect estimates and predictions?", Stat. Med. 36, 2017.

#![allow(clippy::indexing_slicing, reason = "all vectors have one number per row or coefficient of one matrix")]

use rayon::prelude::*;

use super::factor::Factor;
use super::matrix::{Hessian, Plan};
use super::newton::Stop;
use super::objective::{Objective, Point, largest, norm, scales};
use super::solution::Solution;
use crate::error::{Error, Result};
use crate::math::sigmoid;
use crate::task::Task;

/// Longest step of a coefficient.
const LONGEST: f64 = 5.0;

/// The maximum of l*, coefficients `held` staying at their start. Their columns still count in det I, as in the profile
/// likelihood of Heinze and Schemper.
pub(super) fn solve(
    f: &Objective<'_>,
    start: Option<Vec<f64>>,
    held: &[usize],
    stop: Stop,
    task: &Task,
) -> Result<Solution> {
    task.begin("fitting", stop.max_iterations);
    let plan = Plan::all(f.x);
    let mut held_too = f.pinned.clone();
    held_too.extend(held);
    held_too.sort_unstable();
    let held = Objective { pinned: held_too, ..f.clone() };
    let mut at = State::at(f, &held, &plan, start.unwrap_or_else(|| f.cold_start()))?;
    f.check(&at.point)?;
    for iteration in 0..stop.max_iterations {
        task.check()?;
        task.advance(1);
        let size = norm(&at.point.gradient, &at.sizes, f.total);
        let mut step = at.steps.solve(&at.point.gradient);
        let longest = largest(&step);
        if size <= stop.tolerance && longest <= stop.tolerance * (1.0 + largest(&at.point.beta)) {
            return Ok(Solution::at(f, at.point, size, iteration, true));
        }
        let shorten = (LONGEST / longest).min(1.0);
        step.iter_mut().for_each(|s| *s *= -shorten);
        let mut t = 1.0;
        let next = loop {
            task.check()?;
            let beta = at.point.beta.iter().zip(&step).map(|(b, s)| b + t * s).collect();
            if let Ok(next) = State::at(f, &held, &plan, beta)
                && next.point.value <= at.point.value + 1e-12 * at.point.value.abs()
            {
                break Some(next);
            }
            t /= 2.0;
            if t < 1e-10 {
                break None;
            }
        };
        match next {
            Some(next) => at = next,
            None if size <= stop.tolerance => return Ok(Solution::at(f, at.point, size, iteration, true)),
            None => {
                return Err(Error::NotConverged { iterations: iteration, gradient: size, tolerance: stop.tolerance });
            }
        }
    }
    if stop.partial {
        let size = norm(&at.point.gradient, &at.sizes, f.total);
        return Ok(Solution::at(f, at.point, size, stop.max_iterations, false));
    }
    let gradient = norm(&at.point.gradient, &at.sizes, f.total);
    Err(Error::NotConverged { iterations: stop.max_iterations, gradient, tolerance: stop.tolerance })
}

struct State {
    /// −l* and its gradient.
    point: Point,
    /// I without the rows and columns that are held.
    steps: Factor,
    sizes: Vec<f64>,
}

impl State {
    fn at(f: &Objective<'_>, held: &Objective<'_>, plan: &Plan, beta: Vec<f64>) -> Result<Self> {
        let (mut point, normal) = f.at(beta, Some(Hessian { plan, thinning: 1 }));
        let Some(normal) = normal else { return Err(Error::Interrupted) };
        let sizes = scales(&normal, plan);
        let information = f.factor(normal.clone(), plan)?;
        let steps = held.factor(normal, plan)?;
        let inverse = information.inverse(point.beta.len());
        let eta = f.x.predict(&point.beta, f.observed.offset);
        let k = point.beta.len();
        let corrected: Vec<f64> = (0..eta.len())
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
                let residual = if f.observed.y[i] { -w * q } else { w * p };
                residual - w * p * q * quadratic * (0.5 - p)
            })
            .collect();
        point.gradient = f.x.transposed(&corrected);
        for pinned in &held.pinned {
            point.gradient[*pinned] = 0.0;
        }
        point.value = point.loss - information.log_determinant() / 2.0;
        Ok(Self { point, steps, sizes })
    }
}
