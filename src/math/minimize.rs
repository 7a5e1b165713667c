//! Minima of smooth functions of a few variables.

use crate::error::Result;

/// Most steps.
const STEPS: usize = 500;

/// A minimum: where, how low, and whether the search came to rest there.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// Location of the minimum.
    pub at: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// Whether no step made it lower.
    pub converged: bool,
}

/// The minimum of `f` near `start`, by BFGS with central differences: for functions that cost little beside the trouble of
/// their derivatives. Values that are not finite are taken as far too high.
///
/// J. Nocedal, S. Wright, "Numerical Optimization", 2006, algorithm 6.1, with a backtracking line search.
///
/// # Errors
/// Errors of `f`.
pub fn minimize(start: &[f64], mut f: impl FnMut(&[f64]) -> Result<f64>) -> Result<Minimum> {
    let n = start.len();
    let mut f = move |x: &[f64]| f(x).map(|v| if v.is_finite() { v } else { f64::MAX });
    let mut x = start.to_vec();
    let mut value = f(&x)?;
    let mut gradient = differences(&x, &mut f)?;
    let identity =
        |scale: f64| -> Vec<f64> { (0..n * n).map(|i| if i % (n + 1) == 0 { scale } else { 0.0 }).collect() };
    let mut inverse = identity(1.0);
    let mut fresh = true;
    for _ in 0..STEPS {
        let mut direction: Vec<f64> = inverse.chunks_exact(n.max(1)).map(|row| -dot(row, &gradient)).collect();
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            inverse = identity(1.0);
            direction = gradient.iter().map(|g| -g).collect();
            slope = dot(&direction, &gradient);
            fresh = true;
        }
        // The first step knows no scale.
        let longest = direction.iter().fold(0.0f64, |m, d| m.max(d.abs()));
        let mut length = if fresh && longest > 0.0 { (0.5 / longest).min(1.0) } else { 1.0 };
        let step = loop {
            let next: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let lower = f(&next)?;
            if lower <= value + 1e-4 * length * slope {
                break Some((next, lower));
            }
            length /= 2.0;
            if length < 1e-12 {
                break None;
            }
        };
        let Some((next, lower)) = step else {
            if fresh {
                return Ok(Minimum { at: x, value, converged: true });
            }
            // The curvature may be to blame: once more, straight down.
            inverse = identity(1.0);
            fresh = true;
            continue;
        };
        let after = differences(&next, &mut f)?;
        let moved: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = after.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let gained = value - lower;
        (x, value, gradient) = (next, lower, after);
        let along = dot(&moved, &turned);
        if along > 1e-12 * dot(&moved, &moved).sqrt() * dot(&turned, &turned).sqrt() {
            if fresh {
                inverse = identity(along / dot(&turned, &turned));
            }
            update(&mut inverse, &moved, &turned, along);
            fresh = false;
        }
        let steep = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
        if gained <= 1e-12 * (1.0 + value.abs()) && steep <= 1e-5 * (1.0 + value.abs()) {
            return Ok(Minimum { at: x, value, converged: true });
        }
    }
    Ok(Minimum { at: x, value, converged: false })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn differences(x: &[f64], f: &mut impl FnMut(&[f64]) -> Result<f64>) -> Result<Vec<f64>> {
    let mut near = x.to_vec();
    let mut gradient = Vec::with_capacity(x.len());
    for (i, at) in x.iter().enumerate() {
        let h = 1e-5 * at.abs().max(1.0);
        let mut value = |to: f64| -> Result<f64> {
            if let Some(v) = near.get_mut(i) {
                *v = to;
            }
            f(&near)
        };
        let (above, below) = (value(at + h)?, value(at - h)?);
        value(*at)?;
        gradient.push((above - below) / (2.0 * h));
    }
    Ok(gradient)
}

/// H ← (I − s·yᵀ/ρ)·H·(I − y·sᵀ/ρ) + s·sᵀ/ρ with ρ = sᵀy.
fn update(inverse: &mut [f64], s: &[f64], y: &[f64], rho: f64) {
    let n = s.len();
    let hy: Vec<f64> = inverse.chunks_exact(n).map(|row| dot(row, y)).collect();
    let factor = (1.0 + dot(y, &hy) / rho) / rho;
    for ((row, si), hyi) in inverse.chunks_exact_mut(n).zip(s).zip(&hy) {
        for ((cell, sj), hyj) in row.iter_mut().zip(s).zip(&hy) {
            *cell += factor * si * sj - (hyi * sj + si * hyj) / rho;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_bent_valley() {
        let rosenbrock = |x: &[f64]| Ok((1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2));
        let found = minimize(&[-1.2, 1.0], rosenbrock).unwrap();
        assert!(found.converged && found.value < 1e-10, "{found:?}");
        assert!((found.at[0] - 1.0).abs() < 1e-4 && (found.at[1] - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn steps_back_from_where_there_is_no_value() {
        let found = minimize(&[3.0], |x| Ok(x[0] - x[0].ln())).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-5, "{found:?}");
        // Nothing to choose.
        assert_eq!(minimize(&[], |_| Ok(2.0)).unwrap().value, 2.0);
    }
}
