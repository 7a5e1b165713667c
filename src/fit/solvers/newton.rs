//! Newton's method that saves Hessians.
//!
//! Steps:
//!
//! 1. start: on many rows, the solution on a sample of them, blocks of rows at equal distances (tables are sorted by
//!    time), with a ridge of its own, since levels without positives would run off;
//! 2. step d = −M⁻¹g, where M is the Hessian of the sample at first, and of all rows from the second point on, with BFGS
//!    corrections from the passes since; passes that make no Hessian read the rows for gradient and loss only. Of dense
//!    columns alone, that Hessian is made of every eighth block of rows. If the gradient falls slowly, the next pass
//!    makes a new, exact Hessian;
//! 3. a step is shortened until f falls, or its slope at the new point is below 0.9 of the old one: f is convex;
//! 4. stop if the gradient of the mean loss and the step are both small: rare levels have little curvature, so the
//!    gradient alone does not bound their coefficients.
//!
//! Where exact Hessians are cheap every pass makes one, and this is Newton's method as in T. Hastie, R. Tibshirani,
//! J. Friedman, "The Elements of Statistical Learning", 2009, eq. 4.26. Corrections: J. Nocedal, S. Wright, "Numerical
//! Optimization", 2006, algorithm 7.4.

use super::objective::{Objective, Point, dot, largest, norm, scales};
use super::solution::Solution;
use crate::error::{Error, Result};
use crate::fit::matrix::{Hessian, Normal, NormalLayout, Observed};
use crate::fit::solvers::cholesky::Cholesky;
use crate::progress::Task;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct StopRule {
    /// Largest gradient of the mean loss, and largest step relative to 1 + the largest coefficient.
    pub(in crate::fit) tolerance: f64,
    pub(in crate::fit) max_iterations: usize,
    /// Whether the last point is a result, flagged, where the tolerance is not reached.
    pub(in crate::fit) partial: bool,
}

/// Rows of the sample that gives the start, and of its blocks.
const SAMPLE: usize = 32_768;
const SAMPLE_BLOCK: usize = 64;
/// Ridge of the start, added in units of a row of average weight.
const SAMPLE_RIDGE: f64 = 5.0;

/// A pass that leaves more than this share of the gradient asks for a new Hessian.
const SLOW: f64 = 0.2;

/// Rows, by column, of which an eighth makes a Hessian to step with, and the same along a path.
const THINNED: usize = 8000;
const THINNED_PATH: usize = 1600;

/// Multiplications below which a Hessian costs next to nothing.
const CHEAP: usize = 20_000_000;

pub(in crate::fit) fn solve(
    f: &Objective<'_>,
    start: Option<Vec<f64>>,
    stop: StopRule,
    task: &Task,
) -> Result<Solution> {
    task.begin("fitting", stop.max_iterations);
    if f.x.rows() >= 4 * SAMPLE
        && start.is_none()
        && let Some((beta, metric)) = sample_start(f, task)?
    {
        return iterate(f, beta, Some(metric), stop, task).map(|(solution, _)| solution);
    }
    let start = start.unwrap_or_else(|| f.cold_start());
    iterate(f, start, None, stop, task).map(|(solution, _)| solution)
}

/// Solutions for ridges in descending order, each started at the one before, with its Hessian; and, of a fold, the loss
/// over its test rows.
pub(in crate::fit) fn path(
    f: &Objective<'_>,
    ridges: &[f64],
    stop: StopRule,
    task: &Task,
) -> Result<Vec<(Solution, Option<f64>)>> {
    let plan = NormalLayout::all(f.x);
    // One pass makes the Hessian for many points.
    let hessian = Hessian { plan: &plan, thinning: plan.thinning(f.x.rows(), THINNED_PATH) };
    let mut before: Option<(f64, Point, Metric)> = None;
    let mut all = Vec::with_capacity(ridges.len());
    for ridge in ridges {
        let g = Objective { ridge: *ridge, ..f.clone() };
        let (point, metric) = match before.take() {
            // Loss and its gradient are known there: only the penalty is another.
            Some((before, point, metric)) => (g.move_ridge(before, point), Metric::of(&g, metric.normal, &plan)?),
            None => first_point(&g, g.cold_start(), None, hessian)?,
        };
        let (mut end, metric) = follow(&g, point, metric, None, hessian, stop, task)?;
        if f.together.is_some() && end.point.held_out.is_none() {
            end.point.held_out = g.at(end.point.beta.clone(), None)?.0.held_out;
        }
        let solution = Solution::at(&g, end.point.clone(), end.size, end.iterations, end.converged);
        all.push((solution, end.point.held_out));
        before = Some((*ridge, end.point, metric));
    }
    Ok(all)
}

/// The solution on a sample, roughly, and its metric; none if the sample says too little.
fn sample_start(f: &Objective<'_>, task: &Task) -> Result<Option<(Vec<f64>, Metric)>> {
    let n = f.x.rows();
    let blocks = SAMPLE / SAMPLE_BLOCK;
    let rows: Vec<usize> = (0..blocks)
        .flat_map(|b| {
            let first = b * (n - SAMPLE_BLOCK) / (blocks - 1);
            first..first + SAMPLE_BLOCK
        })
        .collect();
    let pick = |v: &[f64]| -> Vec<f64> { rows.iter().filter_map(|i| v.get(*i).copied()).collect() };
    let x = f.x.take(&rows);
    let y: Vec<bool> = rows.iter().filter_map(|i| f.observed.y.get(*i).copied()).collect();
    let weight = f.observed.weight.map(pick);
    let offset = f.observed.offset.map(pick);
    let total = weight.as_ref().map_or(rows.len() as f64, |w| w.iter().sum());
    let sample = Objective {
        x: &x,
        observed: Observed { y: &y, weight: weight.as_deref(), offset: offset.as_deref() },
        ridge: f.ridge * total / f.total + SAMPLE_RIDGE * total / rows.len() as f64,
        total,
        ..f.clone()
    };
    let positives = y.iter().filter(|v| **v).count();
    if positives == 0 || positives == rows.len() || total.is_nan() || total <= 0.0 {
        return Ok(None);
    }
    let rough = StopRule { tolerance: 1e-3, max_iterations: 8, partial: true };
    match iterate(&sample, sample.cold_start(), None, rough, task) {
        Ok((solution, metric)) => {
            Ok(Some((solution.beta(), Metric { scale: total / f.total, pairs: Vec::new(), ..metric })))
        }
        Err(Error::Interrupted) => Err(Error::Interrupted),
        // It is a start only.
        Err(_) => Ok(None),
    }
}

fn iterate(
    f: &Objective<'_>,
    beta: Vec<f64>,
    metric: Option<Metric>,
    stop: StopRule,
    task: &Task,
) -> Result<(Solution, Metric)> {
    let plan = NormalLayout::all(f.x);
    let first = Hessian { plan: &plan, thinning: plan.thinning(f.x.rows(), THINNED) };
    let refresh = (metric.is_some() && first.thinning > 1).then_some(first);
    let exact = Hessian { plan: &plan, thinning: 1 };
    let (point, metric) = first_point(f, beta, metric, exact)?;
    let (end, metric) = follow(f, point, metric, refresh, exact, stop, task)?;
    Ok((Solution::at(f, end.point, end.size, end.iterations, end.converged), metric))
}

/// The first point, and a metric if there is none yet.
fn first_point(
    f: &Objective<'_>,
    beta: Vec<f64>,
    metric: Option<Metric>,
    hessian: Hessian<'_>,
) -> Result<(Point, Metric)> {
    let (point, normal) = f.at(beta, metric.is_none().then_some(hessian))?;
    f.check(&point)?;
    match (metric, normal) {
        (Some(metric), _) => Ok((point, metric)),
        (None, Some(normal)) => Ok((point, Metric::of(f, normal, hessian.plan)?)),
        (None, None) => Err(Error::Interrupted),
    }
}

/// Where the iterations ended.
struct NewtonEnd {
    point: Point,
    size: f64,
    iterations: usize,
    converged: bool,
}

/// Steps from a point to the minimum; `refresh` is the Hessian that the first pass makes, if any, and `later` the one that
/// passes make where the gradient falls slowly.
fn follow(
    f: &Objective<'_>,
    mut point: Point,
    mut metric: Metric,
    refresh: Option<Hessian<'_>>,
    later: Hessian<'_>,
    stop: StopRule,
    task: &Task,
) -> Result<(NewtonEnd, Metric)> {
    let plan = later.plan;
    let cheap = f.x.rows().saturating_mul(plan.size()).saturating_mul(plan.size()) <= CHEAP;
    let exact = Hessian { plan, thinning: 1 };
    let later = if cheap { exact } else { later };
    let mut refresh = refresh.or(cheap.then_some(exact));
    let mut size = norm(&point.gradient, &metric.sizes, f.total);
    for iteration in 0..stop.max_iterations {
        task.check()?;
        task.advance(1);
        let step = metric.step(&point.gradient);
        let small = largest(&step) <= stop.tolerance * (1.0 + largest(&point.beta));
        if size <= stop.tolerance && small && is_minimum(f, &point, exact)? {
            return Ok((NewtonEnd { point, size, iterations: iteration, converged: true }, metric));
        }
        let Some((next, normal)) = line_search(f, &point, &step, refresh, task)? else {
            // f cannot fall further in floating point.
            let converged = size <= stop.tolerance && is_minimum(f, &point, exact)?;
            if converged || stop.partial {
                return Ok((NewtonEnd { point, size, iterations: iteration, converged }, metric));
            }
            return Err(Error::NotConverged { iterations: iteration, gradient: size, tolerance: stop.tolerance });
        };
        let new_size = norm(&next.gradient, &metric.sizes, f.total);
        let slow = new_size > SLOW * size;
        match normal {
            Some(normal) => {
                let thinned = refresh.is_some_and(|h| h.thinning > 1);
                metric = match Metric::of(f, normal, plan) {
                    // A column may be constant in the rows that a thinned Hessian is made of.
                    Err(Error::Singular { .. }) if thinned => {
                        let (_, normal) = f.at(next.beta.clone(), Some(exact))?;
                        let Some(normal) = normal else { return Err(Error::Interrupted) };
                        Metric::of(f, normal, plan)?
                    }
                    made => made?,
                };
            }
            None => metric.learn(&point, &next),
        }
        refresh = (cheap || slow).then_some(later);
        point = next;
        size = new_size;
    }
    if stop.partial {
        return Ok((NewtonEnd { point, size, iterations: stop.max_iterations, converged: false }, metric));
    }
    Err(Error::NotConverged { iterations: stop.max_iterations, gradient: size, tolerance: stop.tolerance })
}

/// Whether a minimum exists, which a small gradient alone does not say without a penalty.
///
/// If d separates, aᵢ = (2yᵢ − 1)·xᵢᵀd ≥ 0, and λᵢ = wᵢ·|yᵢ − pᵢ|, Newton's step s from any point has
/// Σλᵢaᵢ = −dᵀg = dᵀHs = Σwᵢpᵢ(1 − pᵢ)·(±aᵢ)·xᵢᵀs ≤ Σλᵢaᵢ·max|xᵢᵀs|: some log-odds moves by 1 or more.
fn is_minimum(f: &Objective<'_>, at: &Point, exact: Hessian<'_>) -> Result<bool> {
    if f.ridge > 0.0 || f.together.is_some() {
        return Ok(true);
    }
    let (point, normal) = f.at(at.beta.clone(), Some(exact))?;
    let Some(normal) = normal else { return Err(Error::Interrupted) };
    let step = f.factor(normal, exact.plan)?.solve(&point.gradient);
    Ok(largest(&f.x.predict(&step, None)) < LONGEST_END)
}

/// Change of a log-odds below which Newton's step proves a minimum: below 1 by as much as rounding needs.
const LONGEST_END: f64 = 0.1;

/// A factored Hessian and the corrections since.
struct Metric {
    /// Hessian of the loss.
    normal: Normal,
    /// Hessian of f, factored.
    factor: Cholesky,
    /// Sizes of the columns, by which gradients are judged.
    sizes: Vec<f64>,
    /// What the inverse is multiplied with: a sample has a smaller Hessian.
    scale: f64,
    /// Step, change of the gradient, and 1 / their product.
    pairs: Vec<(Vec<f64>, Vec<f64>, f64)>,
}

impl Metric {
    fn of(f: &Objective<'_>, normal: Normal, plan: &NormalLayout) -> Result<Self> {
        let sizes = scales(&normal, plan);
        Ok(Self { factor: f.factor(normal.clone(), plan)?, normal, sizes, scale: 1.0, pairs: Vec::new() })
    }

    /// −M⁻¹g.
    fn step(&self, gradient: &[f64]) -> Vec<f64> {
        let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for (s, y, rho) in self.pairs.iter().rev() {
            let share = rho * dot(s, &q);
            q.iter_mut().zip(y).for_each(|(q, y)| *q -= share * y);
            shares.push(share);
        }
        let mut r = self.factor.solve(&q);
        r.iter_mut().for_each(|r| *r *= self.scale);
        for ((s, y, rho), share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let other = rho * dot(y, &r);
            r.iter_mut().zip(s).for_each(|(r, s)| *r += s * (share - other));
        }
        r
    }

    fn learn(&mut self, before: &Point, after: &Point) {
        let s: Vec<f64> = after.beta.iter().zip(&before.beta).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = after.gradient.iter().zip(&before.gradient).map(|(a, b)| a - b).collect();
        let product = dot(&s, &y);
        if product > 0.0 && product.is_finite() {
            self.pairs.push((s, y, 1.0 / product));
        }
    }
}

/// The first of the points along `step`, shortened by the secant of slopes, that is good enough.
pub(in crate::fit) fn line_search(
    f: &Objective<'_>,
    from: &Point,
    step: &[f64],
    hessian: Option<Hessian<'_>>,
    task: &Task,
) -> Result<Option<(Point, Option<crate::fit::matrix::Normal>)>> {
    let slope = dot(&from.gradient, step);
    if slope.is_nan() || slope >= 0.0 {
        return Ok(None);
    }
    let mut t = 1.0;
    for _ in 0..40 {
        task.check()?;
        let beta = from.beta.iter().zip(step).map(|(b, s)| b + t * s).collect();
        let (next, normal) = f.at(beta, hessian)?;
        let new_slope = dot(&next.gradient, step);
        // Close to the minimum the fall is below the rounding of f; there slopes are more exact.
        if next.value <= from.value + 1e-4 * t * slope || new_slope.abs() <= -0.9 * slope {
            return Ok(Some((next, normal)));
        }
        let secant = if new_slope.is_finite() { slope / (slope - new_slope) } else { 0.1 };
        t *= secant.clamp(0.1, 0.7);
    }
    Ok(None)
}
