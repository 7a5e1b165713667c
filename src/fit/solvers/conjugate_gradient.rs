//! Newton's method with conjugate gradients, for designs too wide to factor a Hessian of.
//!
//! Each step solves H·d = −g by preconditioned conjugate gradients, with products H·v = Xᵀ(h ∘ (X·v)) + ridge·v that
//! read the rows twice, until the residual is below min(0.5, √‖g‖)·‖g‖: superlinear convergence. The preconditioner is
//! the diagonal of H. J. Nocedal, S. Wright, "Numerical Optimization", 2006, algorithms 5.3 and 7.1.

use super::newton::{StopRule, line_search};
use super::objective::{Objective, dot, largest, norm};
use super::solution::Solution;
use crate::error::{Error, Result};
use crate::math::sigmoid;
use crate::progress::Task;

pub(in crate::fit) fn solve(
    f: &Objective<'_>,
    start: Option<Vec<f64>>,
    stop: StopRule,
    task: &Task,
) -> Result<Solution> {
    task.begin("fitting", stop.max_iterations);
    let (_, squares) = f.x.moments(f.observed.weight);
    let sizes: Vec<f64> = [1.0].into_iter().chain(squares.iter().map(|s| s.sqrt().max(1.0))).collect();
    let (mut point, _) = f.at(start.unwrap_or_else(|| f.cold_start()), None)?;
    f.check(&point)?;
    let mut size = norm(&point.gradient, &sizes, f.total);
    let first = size.max(f64::MIN_POSITIVE);
    for iteration in 0..stop.max_iterations {
        task.check()?;
        task.advance(1);
        let eta = f.x.predict(&point.beta, f.observed.offset);
        let h: Vec<f64> = eta
            .iter()
            .enumerate()
            .map(|(i, e)| {
                let w = f.observed.weight.map_or(1.0, |w| w.get(i).copied().unwrap_or(0.0));
                w * sigmoid(*e) * sigmoid(-e)
            })
            .collect();
        let curvature: f64 = h.iter().sum();
        // Diagonal of H, as if curvature and columns were independent: a preconditioner need not be exact.
        let diagonal: Vec<f64> = [1.0]
            .into_iter()
            .chain(squares.iter().copied())
            .enumerate()
            .map(|(j, s)| (curvature * s + if j == 0 { 0.0 } else { f.ridge }).max(f64::MIN_POSITIVE))
            .collect();
        let accuracy = (size / first).sqrt().min(0.1);
        let step = conjugate(f, &point.gradient, &h, &diagonal, accuracy, task)?;
        let small = largest(&step) <= stop.tolerance * (1.0 + largest(&point.beta));
        if size <= stop.tolerance && small {
            return Ok(Solution::at(f, point, size, iteration, true));
        }
        match line_search(f, &point, &step, None, task)? {
            Some((next, _)) => point = next,
            None if size <= stop.tolerance => return Ok(Solution::at(f, point, size, iteration, true)),
            None => break,
        }
        size = norm(&point.gradient, &sizes, f.total);
    }
    if stop.partial {
        return Ok(Solution::at(f, point, size, stop.max_iterations, false));
    }
    Err(Error::NotConverged { iterations: stop.max_iterations, gradient: size, tolerance: stop.tolerance })
}

/// d with H·d ≈ −g, until the residual is `accuracy` of g in the norm of the preconditioner.
fn conjugate(
    f: &Objective<'_>,
    g: &[f64],
    h: &[f64],
    diagonal: &[f64],
    accuracy: f64,
    task: &Task,
) -> Result<Vec<f64>> {
    let mut d = vec![0.0; g.len()];
    let mut residual: Vec<f64> = g.iter().map(|g| -g).collect();
    let precondition = |r: &[f64]| -> Vec<f64> { r.iter().zip(diagonal).map(|(r, d)| r / d).collect() };
    let mut z = precondition(&residual);
    let mut direction = z.clone();
    let mut energy = dot(&residual, &z);
    let target = accuracy * accuracy * energy;
    for _ in 0..(2 * g.len()).clamp(50, 2000) {
        task.check()?;
        if energy <= target || energy <= f64::MIN_POSITIVE {
            break;
        }
        let product = hessian_times(f, h, &direction);
        let curvature = dot(&direction, &product);
        if curvature.is_nan() || curvature <= 0.0 {
            break;
        }
        let length = energy / curvature;
        d.iter_mut().zip(&direction).for_each(|(d, v)| *d += length * v);
        residual.iter_mut().zip(&product).for_each(|(r, p)| *r -= length * p);
        z = precondition(&residual);
        let next = dot(&residual, &z);
        let share = next / energy;
        direction.iter_mut().zip(&z).for_each(|(v, z)| *v = z + share * *v);
        energy = next;
    }
    Ok(d)
}

fn hessian_times(f: &Objective<'_>, h: &[f64], v: &[f64]) -> Vec<f64> {
    let mut rows = f.x.predict(v, None);
    rows.iter_mut().zip(h).for_each(|(r, h)| *r *= h);
    let mut product = f.x.transposed(&rows);
    for (j, (p, v)) in product.iter_mut().zip(v).enumerate() {
        *p = if f.is_pinned(j) {
            0.0
        } else if j > 0 {
            *p + f.ridge * v
        } else {
            *p
        };
    }
    product
}
