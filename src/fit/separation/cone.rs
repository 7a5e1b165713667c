//! Whether rows lie on one side of a plane: the point of a convex cone next to the origin.
//!
//! With qᵢ the rows in an orthonormal basis, each with the sign of its class, a direction d separates if qᵢᵀd ≥ 0 for all
//! rows and > 0 for some. Let d be the shortest of all Σ(1 + μᵢ)qᵢ, μ ≥ 0. If d ≠ 0 it separates, since then qᵢᵀd ≥ 0 for
//! all i, and Σqᵢᵀd = dᵀd > 0. If some unit vector e separates, no such sum is shorter than Σqᵢᵀe ≥ √Σ(qᵢᵀe)² = 1. So the length
//! of d is 0 or at least 1, in any units and with any correlations of the columns: a sum shorter than that proves that
//! nothing separates.
//!
//! Non-negative least squares: C. Lawson, R. Hanson, "Solving Least Squares Problems", 1974, chapter 23.

#![allow(clippy::indexing_slicing, reason = "square matrices of one size, made here")]

use super::collinear::Basis;
use crate::error::Result;
use crate::fit::matrix::Matrix;
use crate::fit::solvers::objective::{dot, largest};
use crate::progress::Task;

/// A sum shorter than this proves that no direction separates.
const SHORT: f64 = 0.5;
/// What counts as 0, beside the largest distance of a row from the plane.
pub(in crate::fit) const ROUNDING: f64 = 1e-9;
/// The same at first.
const SMALLEST: f64 = 1e-11;

/// A direction that separates, as coefficients (intercept first), and how far each row is on the right side.
pub(in crate::fit) struct SeparatingDirection {
    pub(in crate::fit) beta: Vec<f64>,
    pub(in crate::fit) sides: Vec<f64>,
}

/// The direction of the largest sum of distances on the right side among those of unit length in `basis`; `None` if none
/// separates.
pub(in crate::fit) fn separating(
    x: &Matrix<'_>,
    y: &[bool],
    basis: &Basis,
    task: &Task,
) -> Result<Option<SeparatingDirection>> {
    let sign = |i: usize| if y[i] { 1.0 } else { -1.0 };
    let signs: Vec<f64> = (0..y.len()).map(sign).collect();
    let start = basis.inward(&x.transposed(&signs));
    let mut cone = Cone { start, rows: Vec::new(), shares: Vec::new(), orthonormal: Vec::new(), triangle: Vec::new() };
    let (mut unusable, mut rounding): (Vec<usize>, f64) = (Vec::new(), SMALLEST);
    let mut row = vec![0.0; x.width() + 1];
    for _ in 0..100 * (basis.size() + 10) {
        task.check()?;
        let shortest = cone.shortest();
        if dot(&shortest, &shortest).sqrt() < SHORT {
            return Ok(None);
        }
        let beta = basis.outward(&shortest);
        let mut sides = x.predict(&beta, None);
        sides.iter_mut().zip(&signs).for_each(|(s, sign)| *s *= sign);
        let usable = |i: &usize| !cone.rows.contains(i) && !unusable.contains(i);
        let worst = (0..sides.len()).filter(usable).min_by(|a, b| sides[*a].total_cmp(&sides[*b]));
        let size = largest(&sides);
        let Some(worst) = worst.filter(|i| sides[*i] < -rounding * size) else {
            return Ok(Some(SeparatingDirection { beta, sides }));
        };
        row.fill(0.0);
        row[0] = sign(worst);
        x.each_in_row(worst, |j, v| row[j + 1] = sign(worst) * v);
        if !cone.add(worst, basis.inward(&row)) {
            // A row on the plane, but for rounding: so are others.
            rounding = (-2.0 * sides[worst] / size).clamp(rounding, ROUNDING);
            unusable.push(worst);
        }
    }
    Ok(None)
}

/// Rows that are taken more than once, and how much more.
struct Cone {
    /// Sum of the rows, Σqᵢ.
    start: Vec<f64>,
    rows: Vec<usize>,
    /// Their μ.
    shares: Vec<f64>,
    /// U and R with Q = U·R, Q the columns qᵢ of these rows; R by columns.
    orthonormal: Vec<Vec<f64>>,
    triangle: Vec<Vec<f64>>,
}

impl Cone {
    /// The part of Σqᵢ at right angles to all rows taken.
    fn shortest(&self) -> Vec<f64> {
        let mut d = self.start.clone();
        // Twice, for the rounding of the first time.
        for _ in 0..2 {
            for u in &self.orthonormal {
                let share = dot(u, &d);
                d.iter_mut().zip(u).for_each(|(d, u)| *d -= share * u);
            }
        }
        d
    }

    /// Takes a row, and shares that make the sum shortest; false if rounding hides what the row adds.
    fn add(&mut self, row: usize, mut q: Vec<f64>) -> bool {
        let length = dot(&q, &q).sqrt();
        let mut column = vec![0.0; self.rows.len() + 1];
        for _ in 0..2 {
            for (u, r) in self.orthonormal.iter().zip(&mut column) {
                let share = dot(u, &q);
                *r += share;
                q.iter_mut().zip(u).for_each(|(q, u)| *q -= share * u);
            }
        }
        let own = dot(&q, &q).sqrt();
        if own.is_nan() || own <= 1e-13 * length {
            return false;
        }
        q.iter_mut().for_each(|v| *v /= own);
        column[self.rows.len()] = own;
        self.orthonormal.push(q);
        self.triangle.push(column);
        self.rows.push(row);
        self.shares.push(0.0);
        let mut wanted = self.solve();
        if wanted.last().is_none_or(|v| *v <= 0.0) {
            self.remove(self.rows.len() - 1);
            return false;
        }
        while wanted.iter().any(|v| *v <= 0.0) {
            let moves = self.shares.iter().zip(&wanted).enumerate().filter(|(_, (_, w))| **w <= 0.0);
            let stops = moves.map(|(at, (s, w))| (at, s / (s - w)));
            let Some((first, part)) = stops.min_by(|a, b| a.1.total_cmp(&b.1)) else { break };
            let part = if part.is_finite() { part } else { 0.0 };
            self.shares.iter_mut().zip(&wanted).for_each(|(s, w)| *s = (*s + part * (w - *s)).max(0.0));
            self.remove(first);
            wanted = self.solve();
        }
        self.shares = wanted;
        true
    }

    /// Shares without regard to their signs: −R⁻¹Uᵀ·start.
    fn solve(&self) -> Vec<f64> {
        let mut z: Vec<f64> = self.orthonormal.iter().map(|u| -dot(u, &self.start)).collect();
        for j in (0..z.len()).rev() {
            z[j] /= self.triangle[j][j];
            let share = z[j];
            (0..j).for_each(|i| z[i] -= share * self.triangle[j][i]);
        }
        z
    }

    /// Leaves a row out: rotations make R a triangle again.
    fn remove(&mut self, at: usize) {
        self.rows.remove(at);
        self.shares.remove(at);
        self.triangle.remove(at);
        for i in at..self.triangle.len() {
            let (a, b) = (self.triangle[i][i], self.triangle[i][i + 1]);
            let r = a.hypot(b);
            let (cosine, sine) = if r > 0.0 { (a / r, b / r) } else { (1.0, 0.0) };
            for column in &mut self.triangle[i..] {
                let (a, b) = (column[i], column[i + 1]);
                (column[i], column[i + 1]) = (cosine * a + sine * b, cosine * b - sine * a);
            }
            self.triangle[i].truncate(i + 1);
            let (left, right) = self.orthonormal.split_at_mut(i + 1);
            for (u, v) in left[i].iter_mut().zip(&mut right[0]) {
                (*u, *v) = (cosine * *u + sine * *v, cosine * *v - sine * *u);
            }
        }
        self.orthonormal.truncate(self.rows.len());
    }
}
