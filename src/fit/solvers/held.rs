//! The minimum of f, or of f less ½·ln det I (Firth), over all coefficients, or subject to one linear condition.
//!
//! Steps are −M⁻¹g, M the Hessian of f, projected onto the condition cᵀb = v: d = −M⁻¹(g − λc), λ = cᵀM⁻¹g / cᵀM⁻¹c. With
//! Firth's correction M lacks the curvature of ln det I, so that steps are corrected by the changes of the gradient seen
//! so far (J. Nocedal, S. Wright, "Numerical Optimization", 2006, algorithm 7.4). A step moves no log-odds by more than 5
//! or the largest there is, and is halved until f falls. Steps, their length and the end are judged in standard errors, so that units and means of
//! the columns do not matter.

#![allow(clippy::indexing_slicing, reason = "all vectors have one number per row or coefficient of one matrix")]

use super::jeffreys;
use super::newton::StopRule;
use super::objective::{Objective, Point, dot, norm, scales};
use super::solution::Solution;
use crate::error::{Error, Result};
use crate::fit::matrix::{Hessian, NormalLayout};
use crate::fit::solvers::cholesky::Cholesky;
use crate::progress::Task;

/// Longest change of a log-odds in one step, where all are smaller.
const LONGEST: f64 = 5.0;
/// Changes of the gradient that are kept.
const MEMORY: usize = 20;
/// Steps that get no shorter, after which they are rounding if f would fall by no more than a share so small of itself.
const IDLE: usize = 5;
const NEGLIGIBLE: f64 = 1e-12;
/// Shortest share of a step that is tried.
const SHORTEST: f64 = 1e-10;

/// The objective.
pub(in crate::fit) struct Problem<'a> {
    f: Objective<'a>,
    /// f with the coefficients that are held.
    held: Objective<'a>,
    plan: NormalLayout,
    firth: bool,
}

/// One point, with all that a step from it needs.
#[derive(Clone)]
pub(in crate::fit) struct Iterate {
    pub(in crate::fit) point: Point,
    /// The Hessian of f without the coefficients that are held.
    metric: Cholesky,
    sizes: Vec<f64>,
}

/// Where the steps ended.
pub(in crate::fit) struct ConstrainedMinimum {
    pub(in crate::fit) state: Iterate,
    /// λ: how fast the minimum of f rises with the value of the condition.
    pub(in crate::fit) slope: f64,
    pub(in crate::fit) iterations: usize,
    pub(in crate::fit) converged: bool,
}

/// The minimum of f from a cold start.
///
/// # Errors
/// [`Error::NotConverged`], [`Error::Singular`], [`Error::Interrupted`].
pub(in crate::fit) fn solve(f: &Objective<'_>, stop: StopRule, task: &Task) -> Result<Solution> {
    let problem = Problem::new(f, &[], false);
    let minimum = problem.minimise(problem.at(f.cold_start())?, None, stop, task)?;
    Ok(problem.solution(minimum))
}

type Pair = (Vec<f64>, Vec<f64>, f64);

impl<'a> Problem<'a> {
    /// The coefficients `fixed` stay at their start. With Firth's correction their columns still count in det I, as in the
    /// profile likelihood of Heinze and Schemper.
    pub(in crate::fit) fn new(f: &Objective<'a>, fixed: &[usize], firth: bool) -> Self {
        let mut pinned = f.pinned.clone();
        pinned.extend(fixed);
        pinned.sort_unstable();
        pinned.dedup();
        Self { f: f.clone(), held: Objective { pinned, ..f.clone() }, plan: NormalLayout::all(f.x), firth }
    }

    /// f, without the coefficients that are held.
    pub(super) fn objective(&self) -> &Objective<'a> {
        &self.held
    }

    /// # Errors
    /// [`Error::Singular`] where the Hessian is; [`Error::NonFinite`], [`Error::InvalidOption`] for numbers that overflow.
    pub(in crate::fit) fn at(&self, beta: Vec<f64>) -> Result<Iterate> {
        let (mut point, normal) = self.f.at(beta, Some(Hessian { plan: &self.plan, thinning: 1 }))?;
        self.f.check(&point)?;
        let Some(normal) = normal else { return Err(Error::Interrupted) };
        let sizes = scales(&normal, &self.plan);
        if self.firth {
            let information = self.f.factor(normal.clone(), &self.plan)?;
            jeffreys::correct(&self.f, &information, &mut point)?;
        }
        for pinned in &self.held.pinned {
            point.gradient[*pinned] = 0.0;
        }
        Ok(Iterate { metric: self.held.factor(normal, &self.plan)?, point, sizes })
    }

    /// Steps from `start` to the minimum along which cᵀb stays what it is, c the `condition`.
    ///
    /// # Errors
    /// [`Error::NotConverged`], [`Error::Interrupted`].
    pub(in crate::fit) fn minimise(
        &self,
        start: Iterate,
        condition: Option<&[f64]>,
        stop: StopRule,
        task: &Task,
    ) -> Result<ConstrainedMinimum> {
        let mut state = start;
        let mut pairs: Vec<Pair> = Vec::new();
        let (mut least, mut idle) = (f64::INFINITY, 0);
        for iteration in 0..stop.max_iterations {
            task.check()?;
            task.advance(1);
            let (mut step, mut slope) = state.step(&pairs, condition);
            let mut fall = -dot(&state.point.gradient, &step);
            if fall.is_nan() || fall < 0.0 {
                // Corrections made elsewhere do not hold here.
                pairs.clear();
                (step, slope) = state.step(&pairs, condition);
                fall = -dot(&state.point.gradient, &step);
            }
            // √fall is the length of the step in standard errors.
            if fall.max(0.0).sqrt() <= stop.tolerance {
                return Ok(ConstrainedMinimum { state, slope, iterations: iteration, converged: true });
            }
            // Where rows of separated classes have almost no weight, gradients are known less exactly than the tolerance: if
            // steps that short get no shorter, they are rounding.
            idle = if fall < least / 4.0 { 0 } else { idle + 1 };
            least = least.min(fall);
            if idle >= IDLE && fall <= NEGLIGIBLE * (1.0 + state.point.value.abs()) {
                return Ok(ConstrainedMinimum { state, slope, iterations: iteration, converged: true });
            }
            match self.shorten(&state, &step, fall, task)? {
                Some(next) => {
                    if self.firth {
                        learn(&mut pairs, &state.point, &next.point);
                    }
                    state = next;
                }
                None if !pairs.is_empty() => pairs.clear(),
                // f cannot fall further in floating point.
                None if fall.max(0.0).sqrt() <= stop.tolerance.sqrt() => {
                    return Ok(ConstrainedMinimum { state, slope, iterations: iteration, converged: true });
                }
                None => return Err(self.failed(&state, iteration, stop)),
            }
        }
        if stop.partial {
            let (_, slope) = state.step(&pairs, condition);
            return Ok(ConstrainedMinimum { state, slope, iterations: stop.max_iterations, converged: false });
        }
        Err(self.failed(&state, stop.max_iterations, stop))
    }

    /// The first point along a step, shortened, at which f has fallen.
    fn shorten(&self, from: &Iterate, step: &[f64], fall: f64, task: &Task) -> Result<Option<Iterate>> {
        let largest = |beta: &[f64]| self.f.x.predict(beta, None).into_iter().fold(0.0f64, |m, e| m.max(e.abs()));
        // Where classes are separated log-odds grow by orders of magnitude: so do the steps.
        let mut t = (LONGEST.max(largest(&from.point.beta)) / largest(step)).min(1.0);
        let rounding = 1e-13 * (1.0 + from.point.value.abs());
        while t > SHORTEST {
            task.check()?;
            let beta = from.point.beta.iter().zip(step).map(|(b, s)| b + t * s).collect();
            match self.at(beta) {
                Ok(next) if next.point.value <= from.point.value - 1e-4 * t * fall + rounding => return Ok(Some(next)),
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                _ => t /= 2.0,
            }
        }
        Ok(None)
    }

    fn failed(&self, state: &Iterate, iterations: usize, stop: StopRule) -> Error {
        Error::NotConverged { iterations, gradient: self.size(state), tolerance: stop.tolerance }
    }

    fn size(&self, state: &Iterate) -> f64 {
        norm(&state.point.gradient, &state.sizes, self.f.total)
    }

    pub(in crate::fit) fn solution(&self, minimum: ConstrainedMinimum) -> Solution {
        let size = self.size(&minimum.state);
        Solution::at(&self.f, minimum.state.point, size, minimum.iterations, minimum.converged)
    }
}

impl Iterate {
    /// The step, and λ.
    fn step(&self, pairs: &[Pair], condition: Option<&[f64]>) -> (Vec<f64>, f64) {
        let mut step = self.direct(&self.point.gradient, pairs);
        let mut slope = 0.0;
        if let Some(c) = condition {
            let toward = self.direct(c, pairs);
            slope = dot(c, &step) / dot(c, &toward);
            step.iter_mut().zip(&toward).for_each(|(s, u)| *s -= slope * u);
            // Where M is almost singular rounding would move the condition with every step: first as M says, then exactly.
            for way in [&toward[..], c] {
                let off = dot(c, &step) / dot(c, way);
                step.iter_mut().zip(way).for_each(|(s, w)| *s -= off * w);
            }
        }
        step.iter_mut().for_each(|s| *s = -*s);
        (step, slope)
    }

    /// M⁻¹g with the corrections of `pairs`.
    fn direct(&self, gradient: &[f64], pairs: &[Pair]) -> Vec<f64> {
        let mut q = gradient.to_vec();
        let mut shares = Vec::with_capacity(pairs.len());
        for (s, y, rho) in pairs.iter().rev() {
            let share = rho * dot(s, &q);
            q.iter_mut().zip(y).for_each(|(q, y)| *q -= share * y);
            shares.push(share);
        }
        let mut r = self.metric.solve(&q);
        for ((s, y, rho), share) in pairs.iter().zip(shares.into_iter().rev()) {
            let other = rho * dot(y, &r);
            r.iter_mut().zip(s).for_each(|(r, s)| *r += s * (share - other));
        }
        r
    }

    /// M⁻¹·b.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        self.metric.solve(b)
    }

    /// The coefficients moved, as f falls least, until the condition has another value by `change`.
    pub(in crate::fit) fn moved(&self, condition: &[f64], change: f64) -> Vec<f64> {
        let toward = self.metric.solve(condition);
        let share = change / dot(condition, &toward);
        self.point.beta.iter().zip(&toward).map(|(b, u)| b + share * u).collect()
    }

    /// Standard error of what the condition says.
    pub(in crate::fit) fn standard_error(&self, condition: &[f64]) -> f64 {
        dot(condition, &self.metric.solve(condition)).sqrt()
    }
}

fn learn(pairs: &mut Vec<Pair>, before: &Point, after: &Point) {
    let difference = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let (s, y) = (difference(&after.beta, &before.beta), difference(&after.gradient, &before.gradient));
    let product = dot(&s, &y);
    let (rise, fall) = (dot(&s, &after.gradient), dot(&s, &before.gradient));
    // Where the slope hardly changes, its change is rounding; where it falls, f is not convex.
    if product.is_finite() && product > 1e-8 * (rise.abs() + fall.abs()) {
        if pairs.len() == MEMORY {
            pairs.remove(0);
        }
        pairs.push((s, y, 1.0 / product));
    }
}
