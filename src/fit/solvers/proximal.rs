//! Elastic net, L1 and sign constraints: proximal Newton on an active set.
//!
//! Minimises F(b) = f(b) + λ‖b₁…ₚ‖₁, f the loss with the ridge, subject to signs of some coefficients. Steps:
//!
//! 1. the active set is what is not 0 and what would leave 0: the largest violations of optimality, at most as many again
//!    as are active;
//! 2. the Hessian of the active columns; the intercept is eliminated from it;
//! 3. the step minimises g·d + dᵀHd/2 + λ‖b + d‖₁ by cyclic coordinate descent, each coordinate exactly;
//! 4. it is halved until F falls by a hundredth of what the model promises;
//! 5. stop if no column violates optimality by more than the tolerance, and the duality gap is below it too.
//!
//! J. Lee, Y. Sun, M. Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J. Optim. 24,
//! 2014; active sets as in J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via
//! coordinate descent", J. Stat. Softw. 33, 2010.

#![allow(clippy::indexing_slicing, reason = "kernel: all vectors have one number per coefficient of one matrix")]

use super::newton::StopRule;
use super::objective::{Objective, Point, norm};
use super::solution::Solution;
use crate::error::{Error, Result};
use crate::fit::matrix::{Hessian, NormalLayout};
use crate::fit::params::Sign;
use crate::math::{ln, sigmoid};
use crate::progress::Task;

/// The part of the objective that has corners.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct NonsmoothPenalty<'a> {
    /// Weight of the L1 penalty, λ.
    pub(in crate::fit) lasso: f64,
    /// Allowed signs by column; empty if all are free.
    pub(in crate::fit) signs: &'a [Sign],
}

impl NonsmoothPenalty<'_> {
    fn sign(&self, coefficient: usize) -> Sign {
        self.signs.get(coefficient.wrapping_sub(1)).copied().unwrap_or(Sign::Free)
    }

    /// Whether there are none.
    pub(in crate::fit) fn is_smooth(&self) -> bool {
        self.lasso == 0.0 && self.signs.iter().all(|s| *s == Sign::Free)
    }

    fn penalty(&self, beta: &[f64]) -> f64 {
        self.lasso * beta.iter().skip(1).map(|b| b.abs()).sum::<f64>()
    }

    /// The minimiser over b of h/2·(b − z)² + λ|b| among allowed signs.
    fn shrink(&self, coefficient: usize, z: f64, h: f64) -> f64 {
        let threshold = self.lasso / h;
        let shrunk = if z > threshold {
            z - threshold
        } else if z < -threshold {
            z + threshold
        } else {
            0.0
        };
        match self.sign(coefficient) {
            Sign::Free => shrunk,
            Sign::NotNegative => shrunk.max(0.0),
            Sign::NotPositive => shrunk.min(0.0),
        }
    }

    /// How far −g is from the subgradients of the corners at b.
    fn violation(&self, coefficient: usize, b: f64, g: f64) -> f64 {
        if b > 0.0 {
            return (g + self.lasso).abs();
        }
        if b < 0.0 {
            return (g - self.lasso).abs();
        }
        let (up, down) = ((-g - self.lasso).max(0.0), (g - self.lasso).max(0.0));
        match self.sign(coefficient) {
            Sign::Free => up.max(down),
            Sign::NotNegative => up,
            Sign::NotPositive => down,
        }
    }
}

/// Designs of at most so many columns are active as a whole.
const SMALL: usize = 300;

/// Columns that may be active at once.
const MOST_ACTIVE: usize = 5000;

pub(in crate::fit) fn solve(
    f: &Objective<'_>,
    corners: NonsmoothPenalty<'_>,
    start: Option<Vec<f64>>,
    stop: StopRule,
    task: &Task,
) -> Result<Solution> {
    task.begin("fitting", stop.max_iterations);
    let p = f.x.width();
    let beta = start.map_or_else(
        || f.cold_start(),
        |mut beta| {
            // A start may break the signs.
            (1..=p).for_each(|j| beta[j] = if corners.violates(j, beta[j]) { 0.0 } else { beta[j] });
            beta
        },
    );
    let (_, squares) = f.x.moments(f.observed.weight);
    let sizes: Vec<f64> = [1.0].into_iter().chain(squares.iter().map(|s| s.sqrt().max(1.0))).collect();
    let mut active: Vec<usize> = if p <= SMALL { (0..p).collect() } else { Vec::new() };
    let (mut point, _) = f.at(beta, None)?;
    f.check(&point)?;
    let mut size = f64::INFINITY;
    for iteration in 0..stop.max_iterations {
        task.check()?;
        task.advance(1);
        let violations: Vec<f64> = (0..=p)
            .map(|j| {
                if f.is_pinned(j) {
                    0.0
                } else if j == 0 {
                    point.gradient[0].abs()
                } else {
                    corners.violation(j, point.beta[j], point.gradient[j])
                }
            })
            .collect();
        size = norm(&violations, &sizes, f.total);
        if size <= stop.tolerance {
            let gap = duality_gap(f, corners, &point);
            if gap.is_none_or(|g| g <= stop.tolerance) {
                let value = point.value + corners.penalty(&point.beta);
                let solution = Solution::at(f, Point { value, ..point }, size, iteration, true);
                return Ok(Solution { gap, ..solution });
            }
        }
        if p > SMALL {
            active = choose(&point.beta, &violations, &sizes);
            if active.len() > MOST_ACTIVE {
                return Err(Error::option(
                    "C",
                    format!("{} columns are active, more than {MOST_ACTIVE}; use a stronger penalty", active.len()),
                ));
            }
        }
        let plan = NormalLayout::chosen(f.x, &active);
        let (_, normal) = f.at(point.beta.clone(), Some(Hessian { plan: &plan, thinning: 1 }))?;
        let Some(normal) = normal else { return Err(Error::Interrupted) };
        let step = descend(f, corners, &point, f.with_ridge(normal, &plan).square(&plan), &plan, stop.tolerance, task)?;
        let fall: f64 = step.iter().zip(&point.gradient).map(|(d, g)| d * g).sum::<f64>()
            + (1..=p).map(|j| corners.lasso * ((point.beta[j] + step[j]).abs() - point.beta[j].abs())).sum::<f64>();
        let value = point.value + corners.penalty(&point.beta);
        let mut t = 1.0;
        let next = loop {
            let beta: Vec<f64> = point.beta.iter().zip(&step).map(|(b, s)| b + t * s).collect();
            let (next, _) = f.at(beta, None)?;
            if next.value + corners.penalty(&next.beta) <= value + 0.01 * t * fall + 1e-13 * value.abs() {
                break Some(next);
            }
            t /= 2.0;
            if t < 1e-10 {
                break None;
            }
        };
        match next {
            Some(next) => point = next,
            None => {
                return Err(Error::NotConverged { iterations: iteration, gradient: size, tolerance: stop.tolerance });
            }
        }
    }
    if stop.partial {
        let value = point.value + corners.penalty(&point.beta);
        return Ok(Solution::at(f, Point { value, ..point }, size, stop.max_iterations, false));
    }
    Err(Error::NotConverged { iterations: stop.max_iterations, gradient: size, tolerance: stop.tolerance })
}

impl NonsmoothPenalty<'_> {
    fn violates(&self, coefficient: usize, b: f64) -> bool {
        match self.sign(coefficient) {
            Sign::Free => false,
            Sign::NotNegative => b < 0.0,
            Sign::NotPositive => b > 0.0,
        }
    }
}

/// Columns that are not 0, and the largest violations among the others: at most as many again, at least a hundred.
fn choose(beta: &[f64], violations: &[f64], sizes: &[f64]) -> Vec<usize> {
    let mut active: Vec<usize> = (1..beta.len()).filter(|j| beta[*j] != 0.0).collect();
    let mut others: Vec<usize> = (1..beta.len()).filter(|j| beta[*j] == 0.0 && violations[*j] > 0.0).collect();
    others.sort_by(|a, b| (violations[*b] / sizes[*b]).total_cmp(&(violations[*a] / sizes[*a])).then(a.cmp(b)));
    others.truncate(active.len().max(100));
    active.extend(others);
    active.sort_unstable();
    active.into_iter().map(|j| j - 1).collect()
}

/// Coordinate descent on the quadratic model; returns the step of all coefficients.
fn descend(
    f: &Objective<'_>,
    corners: NonsmoothPenalty<'_>,
    point: &Point,
    mut h: Vec<f64>,
    plan: &NormalLayout,
    tolerance: f64,
    task: &Task,
) -> Result<Vec<f64>> {
    let places = plan.coefficients();
    let m = places.len();
    let mut g: Vec<f64> = places.iter().map(|c| point.gradient[*c]).collect();
    let at0 = places.iter().position(|c| *c == 0).unwrap_or(0);
    let (h00, g0) = (h[at0 * m + at0], g[at0]);
    let cross: Vec<f64> = (0..m).map(|k| if f.is_pinned(0) { 0.0 } else { h[at0 * m + k] }).collect();
    for j in 0..m {
        g[j] -= cross[j] * g0 / h00;
        for k in 0..m {
            h[j * m + k] -= cross[j] * cross[k] / h00;
        }
    }
    let mut d = vec![0.0; m];
    let free: Vec<usize> = (0..m).filter(|k| *k != at0 && !f.is_pinned(places[*k]) && h[k * m + k] > 0.0).collect();
    let mut on: Vec<usize> = free.clone();
    for sweep in 0..10_000 {
        if sweep % 64 == 0 {
            task.check()?;
        }
        let mut largest = 0.0f64;
        for k in &on {
            let k = *k;
            let (hk, b) = (h[k * m + k], point.beta[places[k]] + d[k]);
            let new = corners.shrink(places[k], b - g[k] / hk, hk);
            let change = new - b;
            if change != 0.0 {
                d[k] += change;
                largest = largest.max(change.abs() * hk.sqrt());
                g.iter_mut().zip(&h[k * m..(k + 1) * m]).for_each(|(g, h)| *g += change * h);
            }
        }
        // Changes in units of the objective's root, so the remaining gap is their square.
        if largest <= 1e-3 * tolerance * f.total.sqrt() {
            if on.len() == free.len() {
                break;
            }
            on.clone_from(&free);
        } else if on.len() == free.len() {
            // Sweep over what moves until it rests, then over all again.
            on = free.iter().copied().filter(|k| point.beta[places[*k]] + d[*k] != 0.0).collect();
            if on.is_empty() {
                on.clone_from(&free);
            }
        }
    }
    // The intercept follows: its own equation of the model.
    if !f.is_pinned(0) {
        d[at0] = -(g0 + (0..m).filter(|k| *k != at0).map(|k| cross[k] * d[k]).sum::<f64>()) / h00;
    }
    Ok(plan.scatter(&d, &[]))
}

/// F(b) minus the value of a feasible dual point, relative to Σw; `None` where a constraint without any penalty leaves
/// no such point at hand.
///
/// θᵢ starts as the residual wᵢ(pᵢ − yᵢ); one class is scaled down so that Σθ = 0 (the intercept is free), then all so
/// that |Xᵀθ| ≤ λ without a ridge. The dual is Σθᵢoᵢ − Σwᵢ[uᵢ·ln uᵢ + (1 − uᵢ)·ln(1 − uᵢ)] − Σⱼ(|xⱼᵀθ| − λ)₊²/(2·ridge),
/// uᵢ = |θᵢ|/wᵢ.
fn duality_gap(f: &Objective<'_>, corners: NonsmoothPenalty<'_>, point: &Point) -> Option<f64> {
    let eta = f.x.predict(&point.beta, f.observed.offset);
    let w = |i: usize| f.observed.weight.map_or(1.0, |w| w[i]);
    let mut theta: Vec<f64> = (eta.iter().zip(f.observed.y).enumerate())
        .map(|(i, (e, y))| if *y { -w(i) * sigmoid(-e) } else { w(i) * sigmoid(*e) })
        .collect();
    if !f.is_pinned(0) {
        let (down, up) = theta.iter().fold((0.0, 0.0), |(d, u), t| if *t < 0.0 { (d - t, u) } else { (d, u + t) });
        let (scale_down, scale_up) = if down > up { (up / down, 1.0) } else { (1.0, down / up) };
        theta.iter_mut().for_each(|t| *t *= if *t < 0.0 { scale_down } else { scale_up });
    }
    let mut turned = f.x.transposed(&theta);
    // What a column wants beyond λ, −xⱼᵀθ being the direction in which the objective falls.
    let beyond = |j: usize, v: f64| if f.is_pinned(j) { 0.0 } else { corners.violation(j, 0.0, v) };
    if f.ridge == 0.0 {
        let mut scale = 1.0f64;
        for (j, v) in turned.iter().enumerate().skip(1) {
            if beyond(j, *v) > 0.0 {
                scale = scale.min(corners.lasso / v.abs());
            }
        }
        if scale == 0.0 {
            return None;
        }
        theta.iter_mut().chain(&mut turned).for_each(|v| *v *= scale);
    }
    let entropy = |u: f64| if u <= 0.0 || u >= 1.0 { 0.0 } else { u * ln(u) + (1.0 - u) * ln(1.0 - u) };
    let mut dual: f64 = 0.0;
    for (i, t) in theta.iter().enumerate().filter(|(i, _)| w(*i) > 0.0) {
        dual += f.observed.offset.map_or(0.0, |o| o[i] * t) - w(i) * entropy(t.abs() / w(i));
    }
    if f.ridge > 0.0 {
        dual -= turned.iter().enumerate().skip(1).map(|(j, v)| beyond(j, *v).powi(2)).sum::<f64>() / (2.0 * f.ridge);
    }
    let primal = point.value + corners.penalty(&point.beta);
    Some((primal - dual).max(0.0) / f.total)
}
