//! Cholesky factorisation of the information matrix, the field apart eliminated first.
//!
//! With H = [D Bᵀ; B A] (D diagonal): S = A − B·D⁻¹·Bᵀ = L·Lᵀ, then H·(u, v) = (f, g) is solved by
//! S·v = g − B·D⁻¹·f and u = D⁻¹·(f − Bᵀ·v). G. Golub, C. Van Loan, "Matrix Computations", 2013, §3.4 and §4.2.

#![allow(clippy::indexing_slicing, reason = "kernel: sizes are those of the plan the matrix was made with")]

use rayon::prelude::*;

use crate::fit::matrix::{Normal, NormalLayout};
use crate::math::vector::{Kernel, Vector, add_scaled, dispatch, dot};
use crate::progress::Stop;

/// Why a matrix has no factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fit) enum NotFactored {
    /// The column of this coefficient (0 is the intercept) is a combination of those before it.
    Combination(usize),
    /// The task of the thread was stopped.
    Interrupted,
}

/// A factored matrix.
#[derive(Debug, Clone)]
pub(in crate::fit) struct Cholesky {
    plan: NormalLayout,
    /// L by rows, the diagonal included.
    l: Vec<f64>,
    /// B, one row per level.
    cross: Vec<f64>,
    apart: Vec<f64>,
    row: usize,
}

/// Rows of a block of the factorisation.
const BLOCK: usize = 64;

impl Cholesky {
    /// Factors `matrix`, with the columns of `plan`. A pivot below the share `least` of its diagonal element counts
    /// as 0: with 10⁻¹², the column's correlation with those before it is above 1 − 10⁻¹².
    pub(in crate::fit) fn of(matrix: Normal, plan: &NormalLayout, least: f64) -> Result<Self, NotFactored> {
        let (mut core, cross, apart, row) = matrix.into_parts();
        let size = plan.size();
        if let Some(level) = apart.iter().position(|d| d.is_nan() || *d <= 0.0) {
            return Err(NotFactored::Combination(plan.level(level)));
        }
        let diagonal: Vec<f64> = (0..size).map(|a| core[a * row + a]).collect();
        if !apart.is_empty() {
            core.par_chunks_mut(row)
                .enumerate()
                .for_each(|(a, to)| dispatch(Eliminate { a, to, cross: &cross, apart: &apart }));
        }
        let stop = Stop::here();
        let mut from = 0;
        while from < size {
            stop.check().map_err(|_| NotFactored::Interrupted)?;
            let to = (from + BLOCK).min(size);
            // Columns from..to of their own rows, then of the rows below, each row on its own.
            for j in from..to {
                let (above, rest) = core.split_at_mut(j * row);
                let pivot = dispatch(FactorRow {
                    above,
                    own: &mut rest[..row],
                    length: row,
                    columns: from..j + 1,
                    diagonal: Some(j),
                });
                if pivot.is_nan() || pivot <= least * diagonal[j] {
                    return Err(NotFactored::Combination(plan.coefficients()[j]));
                }
                rest[j] = pivot.sqrt();
            }
            let (above, below) = core.split_at_mut(to * row);
            below.par_chunks_mut(row).for_each(|own| {
                dispatch(FactorRow { above, own, length: row, columns: from..to, diagonal: None });
            });
            from = to;
        }
        Ok(Self { plan: plan.clone(), l: core, cross, apart, row })
    }

    /// H⁻¹·b, for b of all coefficients (intercept first); coefficients outside the plan are 0.
    pub(in crate::fit) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let (mut core, mut apart) = self.plan.gather(b);
        for ((u, d), cross) in apart.iter_mut().zip(&self.apart).zip(self.cross.chunks(self.row)) {
            *u /= d;
            core.iter_mut().zip(cross).for_each(|(v, c)| *v -= c * *u);
        }
        self.solve_core(&mut core);
        for ((u, d), cross) in apart.iter_mut().zip(&self.apart).zip(self.cross.chunks(self.row)) {
            *u -= core.iter().zip(cross).map(|(v, c)| v * c).sum::<f64>() / d;
        }
        self.plan.scatter(&core, &apart)
    }

    fn solve_core(&self, b: &mut [f64]) {
        dispatch(Solve { l: &self.l, row: self.row, b });
    }

    /// ln det H.
    pub(in crate::fit) fn log_determinant(&self) -> f64 {
        let own = (0..self.plan.size()).map(|j| 2.0 * crate::math::ln(self.l[j * self.row + j]));
        own.chain(self.apart.iter().map(|d| crate::math::ln(*d))).sum()
    }

    /// H⁻¹ by rows, in the order of coefficients (intercept first); rows and columns outside the plan are 0.
    ///
    /// As M·Mᵀ, M = L⁻ᵀ of all of H by columns. Where a small ridge alone holds a direction d, H⁻¹ is large along d: its
    /// rounding then lies along d as well, and cancels in xᵀH⁻¹x for rows x at right angles to d, as it does not if columns
    /// of H⁻¹ are solved for.
    pub(in crate::fit) fn inverse(&self, coefficients: usize) -> Vec<f64> {
        let size = self.plan.size();
        let columns: Vec<Vec<f64>> = (0..size)
            .into_par_iter()
            .with_min_len(1 + 4096 / (size * size + 1))
            .map(|i| {
                let mut core = vec![0.0; size];
                core[i] = 1.0;
                dispatch(TransposedFactor { l: &self.l, row: self.row, b: &mut core });
                let inner = |cross: &[f64]| core.iter().zip(cross).map(|(v, c)| v * c).sum::<f64>();
                let levels = self.cross.chunks(self.row.max(1)).zip(&self.apart);
                let apart: Vec<f64> = levels.map(|(cross, d)| -inner(cross) / d).collect();
                self.plan.scatter(&core, &apart)
            })
            .collect();
        let mut own = vec![0.0; coefficients];
        self.apart.iter().enumerate().for_each(|(level, d)| own[self.plan.level(level)] = 1.0 / d);
        let mut inverse = vec![0.0; coefficients * coefficients];
        inverse.par_chunks_mut(coefficients).with_min_len(1 + 4096 / coefficients).enumerate().for_each(|(j, row)| {
            row[j] = own[j];
            for column in &columns {
                let share = column[j];
                if share != 0.0 {
                    row.iter_mut().zip(column).for_each(|(v, c)| *v += share * c);
                }
            }
        });
        inverse
    }
}

/// Row a of A less what the field apart explains.
struct Eliminate<'a> {
    a: usize,
    to: &'a mut [f64],
    cross: &'a [f64],
    apart: &'a [f64],
}

impl Kernel for Eliminate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let row = self.to.len();
        let width = (self.a + 1).next_multiple_of(8).min(row);
        for (cross, d) in self.cross.chunks(row).zip(self.apart) {
            let share = cross[self.a] / d;
            if share != 0.0 {
                add_scaled::<V>(&mut self.to[..width], -share, &cross[..width]);
            }
        }
    }
}

/// Columns of one row of L, given all rows above; returns the remainder of the diagonal element of `diagonal`.
struct FactorRow<'a> {
    above: &'a [f64],
    own: &'a mut [f64],
    length: usize,
    columns: std::ops::Range<usize>,
    diagonal: Option<usize>,
}

impl Kernel for FactorRow<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector>(self) -> f64 {
        for k in self.columns {
            if self.diagonal == Some(k) {
                return self.own[k] - dot::<V>(&self.own[..k], &self.own[..k]);
            }
            let other = &self.above[k * self.length..=k * self.length + k];
            self.own[k] = (self.own[k] - dot::<V>(&self.own[..k], &other[..k])) / other[k];
        }
        0.0
    }
}

/// Lᵀ·x = b in place.
struct TransposedFactor<'a> {
    l: &'a [f64],
    row: usize,
    b: &'a mut [f64],
}

impl Kernel for TransposedFactor<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        for j in (0..self.b.len()).rev() {
            let l = &self.l[j * self.row..=j * self.row + j];
            let x = self.b[j] / l[j];
            self.b[j] = x;
            add_scaled::<V>(&mut self.b[..j], -x, &l[..j]);
        }
    }
}

/// L·Lᵀ·x = b in place.
struct Solve<'a> {
    l: &'a [f64],
    row: usize,
    b: &'a mut [f64],
}

impl Kernel for Solve<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let size = self.b.len();
        for j in 0..size {
            let l = &self.l[j * self.row..=j * self.row + j];
            self.b[j] = (self.b[j] - dot::<V>(&l[..j], &self.b[..j])) / l[j];
        }
        TransposedFactor { l: self.l, row: self.row, b: self.b }.run::<V>();
    }
}
