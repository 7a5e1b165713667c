//! One pass over the rows: loss, gradient and, if asked for, the information matrix.

use rayon::prelude::*;

use super::codes::{Code, with_codes};
use super::dense::{ColumnView, with_dense};
use super::kernels::{self, PACKED, padded};
use super::link::{Coefficients, Link, LinkSums, MOST_ROWS, ranges};
use super::normal::{Normal, NormalLayout, Packing};
use super::{Matrix, Observed};
use crate::error::{Error, Result};
use crate::math::tree;
use crate::math::vector::{Element, Kernel, Vector, dispatch};
use crate::progress::Stop;

/// What a pass finds at one point.
#[derive(Debug, Clone)]
pub(crate) struct LossGradientHessian {
    /// Σ wᵢ·log loss.
    pub(crate) loss: f64,
    /// Σ wᵢ(pᵢ − yᵢ)·(1, xᵢ): intercept first.
    pub(crate) gradient: Vec<f64>,
    /// Σ wᵢpᵢ(1 − pᵢ)·(xᵢ, 1)(xᵢ, 1)ᵀ.
    pub(crate) normal: Option<Normal>,
}

/// The information matrix that a pass makes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hessian<'a> {
    /// Its columns.
    pub(crate) plan: &'a NormalLayout,
    /// It is made of one in so many blocks of rows, and scaled up.
    pub(crate) thinning: usize,
}

impl Matrix<'_> {
    /// Loss and gradient at `beta` (intercept first), and the information matrix of the columns of `plan`.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once the task of this thread is stopped.
    pub(crate) fn pass(
        &self,
        observed: &Observed<'_>,
        beta: &[f64],
        hessian: Option<Hessian<'_>>,
    ) -> Result<LossGradientHessian> {
        let stop = Stop::here();
        let beta = Coefficients::of(self, beta);
        let numbers = self.width() + hessian.map_or(0, |h| h.plan.numbers());
        let parts: Vec<LossGradientHessian> = ranges(self.rows, numbers)
            .into_par_iter()
            .map(|range| {
                let stop = &stop;
                with_dense!(self, dense => dispatch(RangePass { x: self, dense, observed, beta: &beta, hessian, range, stop }))
            })
            .collect();
        stop.check()?;
        Ok(tree(parts, LossGradientHessian::join).unwrap_or_else(|| LossGradientHessian {
            loss: 0.0,
            gradient: vec![0.0; self.width() + 1],
            normal: hessian.map(|h| Normal::zeros(h.plan)),
        }))
    }

    /// Σ hᵢ·(xᵢ, 1)(xᵢ, 1)ᵀ of the columns of `plan`.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once the task of this thread is stopped.
    pub(crate) fn gram(&self, h: &[f64], plan: &NormalLayout) -> Result<Normal> {
        let stop = Stop::here();
        let parts: Vec<Normal> = ranges(self.rows, self.width() + plan.numbers())
            .into_par_iter()
            .map(|range| {
                let stop = &stop;
                with_dense!(self, dense => dispatch(Gram { x: self, dense, h, plan, range, stop }))
            })
            .collect();
        stop.check()?;
        Ok(tree(parts, |a, b| a.add(&b)).unwrap_or_else(|| Normal::zeros(plan)))
    }

    /// η = intercept + X·b + offset of every row; `beta` has the intercept first.
    pub(crate) fn predict(&self, beta: &[f64], offset: Option<&[f64]>) -> Vec<f64> {
        self.each_row::<true>(beta, offset, false).0
    }

    fn each_row<const FUSED: bool>(&self, beta: &[f64], offset: Option<&[f64]>, probability: bool) -> (Vec<f64>, bool) {
        let mut eta = vec![0.0; self.rows];
        let beta = Coefficients::of(self, beta);
        let chunks = eta.par_chunks_mut(crate::math::CHUNK).enumerate().map(|(c, out)| {
            let start = c * crate::math::CHUNK;
            with_dense!(self, dense => dispatch(Predict::<_, FUSED> { x: self, dense, beta: &beta, offset, probability, start, out }))
        });
        let finite = chunks.reduce(|| true, |a, b| a && b);
        (eta, finite)
    }

    /// Probability, or log-odds, of every row, without fused multiply-add: the same bits on every CPU. `beta` has the
    /// intercept first.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many coefficients as columns, or offsets as rows; [`Error::NonFinite`].
    pub fn score(&self, beta: &[f64], offset: Option<&[f64]>, log_odds: bool) -> Result<Vec<f64>> {
        if beta.len() != self.width() + 1 {
            return Err(Error::Length { what: "coefficients".into(), expected: self.width() + 1, got: beta.len() });
        }
        if let Some(got) = offset.map(<[f64]>::len).filter(|n| *n != self.rows) {
            return Err(Error::Length { what: "offset".into(), expected: self.rows, got });
        }
        let (out, finite) = self.each_row::<false>(beta, offset, !log_odds);
        if !finite {
            self.check_finite()?;
            let count = offset.map_or(0, |o| o.iter().filter(|v| !v.is_finite()).count());
            if count > 0 {
                return Err(Error::NonFinite { what: "offset".into(), count });
            }
            return Err(Error::option("X", "log-odds overflow because the numbers are too large; scale the columns"));
        }
        Ok(out)
    }

    /// Σ rᵢ·(1, xᵢ): intercept first.
    pub(crate) fn transposed(&self, r: &[f64]) -> Vec<f64> {
        let parts: Vec<Vec<f64>> = ranges(self.rows, self.width())
            .into_par_iter()
            .map(|range| with_dense!(self, dense => dispatch(Transposed { x: self, dense, r, range })))
            .collect();
        tree(parts, |mut a, b| {
            a.iter_mut().zip(b).for_each(|(x, y)| *x += y);
            a
        })
        .unwrap_or_else(|| vec![0.0; self.width() + 1])
    }

    /// η of rows `start..`.
    #[inline(always)]
    pub(super) fn eta<V: Vector, T: Element, const FUSED: bool>(
        &self,
        dense: ColumnView<'_, T>,
        beta: &Coefficients,
        offset: Option<&[f64]>,
        start: usize,
        eta: &mut [f64],
    ) {
        match offset.and_then(|o| o.get(start..start + eta.len())) {
            Some(offset) => eta.iter_mut().zip(offset).for_each(|(e, o)| *e = beta.intercept + o),
            None => eta.fill(beta.intercept),
        }
        kernels::times::<V, T, FUSED>(dense, start, &beta.dense, eta);
        self.add_indexed(beta, start, eta);
    }

    /// Adds what blocks and sparse columns give to η of rows `start..`.
    #[inline(always)]
    fn add_indexed(&self, beta: &Coefficients, start: usize, eta: &mut [f64]) {
        for (block, first) in self.blocks() {
            let b = beta.rest.get(first..first + block.width).unwrap_or(&[]);
            with_codes!(block, list => look_up(&list[start..start + eta.len()], b, eta));
        }
        if let Some((sparse, first)) = self.sparse() {
            let b = beta.rest.get(first..).unwrap_or(&[]);
            for (i, e) in eta.iter_mut().enumerate() {
                *e += sparse.row(start + i).fold(0.0, |s, (c, v)| s + v * b.get(c).copied().unwrap_or(0.0));
            }
        }
    }

    /// Adds Σ rᵢxᵢ of blocks and sparse columns of rows `start..`.
    #[inline(always)]
    pub(super) fn add_indexed_gradient(&self, start: usize, r: &[f64], g: &mut [f64]) {
        for (block, first) in self.blocks() {
            let g = &mut g[first..first + block.width];
            with_codes!(block, list => scatter(&list[start..start + r.len()], r, g));
        }
        if let Some((sparse, first)) = self.sparse() {
            let g = &mut g[first..];
            for (i, r) in r.iter().enumerate() {
                for (c, v) in sparse.row(start + i) {
                    if let Some(g) = g.get_mut(c) {
                        *g += r * v;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn look_up<C: Code>(codes: &[C], b: &[f64], eta: &mut [f64]) {
    for (e, c) in eta.iter_mut().zip(codes) {
        *e += b.get(c.at()).copied().unwrap_or(0.0);
    }
}

#[inline(always)]
fn scatter<C: Code>(codes: &[C], values: &[f64], sums: &mut [f64]) {
    for (c, v) in codes.iter().zip(values) {
        if let Some(s) = sums.get_mut(c.at()) {
            *s += v;
        }
    }
}

impl LossGradientHessian {
    pub(super) fn join(mut self, other: Self) -> Self {
        self.loss += other.loss;
        self.gradient.iter_mut().zip(other.gradient).for_each(|(a, b)| *a += b);
        self.normal = match (self.normal, other.normal) {
            (Some(a), Some(b)) => Some(a.add(&b)),
            _ => None,
        };
        self
    }
}

struct Predict<'a, 'm, T, const FUSED: bool> {
    x: &'a Matrix<'m>,
    dense: ColumnView<'a, T>,
    beta: &'a Coefficients,
    offset: Option<&'a [f64]>,
    probability: bool,
    start: usize,
    out: &'a mut [f64],
}

impl<T: Element, const FUSED: bool> Kernel for Predict<'_, '_, T, FUSED> {
    /// Whether all log-odds are finite.
    type Output = bool;

    #[inline(always)]
    fn run<V: Vector>(self) -> bool {
        self.x.eta::<V, T, FUSED>(self.dense, self.beta, self.offset, self.start, self.out);
        // A sum of numbers of any sign is finite unless one of them is not, or all are huge.
        let finite = self.out.iter().fold(0.0, |s, e| s + e * 0.0) == 0.0;
        if self.probability {
            kernels::probabilities::<V>(self.out);
        }
        finite
    }
}

struct Transposed<'a, 'm, T> {
    x: &'a Matrix<'m>,
    dense: ColumnView<'a, T>,
    r: &'a [f64],
    range: std::ops::Range<usize>,
}

impl<T: Element> Kernel for Transposed<'_, '_, T> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Vec<f64> {
        let d = self.dense.columns;
        let mut g = vec![0.0; padded(d)];
        let mut rest = vec![0.0; self.x.width() - d];
        let block = kernels::block_rows(&self.dense);
        let mut intercept = 0.0;
        let mut start = self.range.start;
        while start < self.range.end {
            let end = (start + block).min(self.range.end);
            let r = &self.r[start..end];
            intercept += r.iter().sum::<f64>();
            kernels::transposed_times::<V, T>(self.dense, start, r, &mut g, block);
            self.x.add_indexed_gradient(start, r, &mut rest);
            start = end;
        }
        [intercept].into_iter().chain(g.into_iter().take(d)).chain(rest).collect()
    }
}

struct Gram<'a, 'm, T> {
    x: &'a Matrix<'m>,
    dense: ColumnView<'a, T>,
    h: &'a [f64],
    plan: &'a NormalLayout,
    range: std::ops::Range<usize>,
    stop: &'a Stop,
}

impl<T: Element> Kernel for Gram<'_, '_, T> {
    type Output = Normal;

    #[inline(always)]
    fn run<V: Vector>(self) -> Normal {
        let (mut normal, mut packing) = (Normal::zeros(self.plan), Packing::of(self.plan));
        let mut start = self.range.start;
        while start < self.range.end && self.stop.check().is_ok() {
            let end = (start + PACKED).min(self.range.end);
            normal.add_rows::<V, T>(self.x, self.plan, self.dense, start, &self.h[start..end], &mut packing);
            start = end;
        }
        normal
    }
}

#[cfg_attr(test, derive(Clone))]
struct RangePass<'a, 'm, T> {
    x: &'a Matrix<'m>,
    dense: ColumnView<'a, T>,
    observed: &'a Observed<'a>,
    beta: &'a Coefficients,
    hessian: Option<Hessian<'a>>,
    range: std::ops::Range<usize>,
    /// Where it is set the rest is left out, and the result of no use.
    stop: &'a Stop,
}

impl<T: Element> Kernel for RangePass<'_, '_, T> {
    type Output = LossGradientHessian;

    #[inline(always)]
    fn run<V: Vector>(self) -> LossGradientHessian {
        let d = self.dense.columns;
        let mut g = vec![0.0; padded(d)];
        let mut rest = vec![0.0; self.x.width() - d];
        let block = kernels::block_rows(&self.dense).min(if self.hessian.is_some() { PACKED } else { MOST_ROWS });
        let mut eta = [0.0f64; MOST_ROWS];
        let mut link = Link::new();
        let mut sums = LinkSums::<V>::zero();
        let mut normal = self.hessian.map(|h| (Normal::zeros(h.plan), Packing::of(h.plan)));
        let (mut blocks, mut rows_used) = (0, 0);
        let mut start = self.range.start;
        while start < self.range.end && self.stop.check().is_ok() {
            let rows = block.min(self.range.end - start);
            let eta = &mut eta[..rows];
            self.x.eta::<V, T, true>(self.dense, self.beta, self.observed.offset, start, eta);
            link.read(self.observed, start, rows);
            link.apply::<V, false>(eta, &mut sums);
            kernels::transposed_times::<V, T>(self.dense, start, &link.r[..rows], &mut g, block);
            self.x.add_indexed_gradient(start, &link.r[..rows], &mut rest);
            if let (Some(Hessian { plan, thinning }), Some((normal, packing))) = (self.hessian, &mut normal) {
                if blocks % thinning == 0 {
                    normal.add_rows::<V, T>(self.x, plan, self.dense, start, &link.h[..rows], packing);
                    rows_used += rows;
                }
                blocks += 1;
            }
            start += rows;
        }
        LossGradientHessian {
            loss: sums.loss.sum(),
            gradient: [sums.intercept.sum()].into_iter().chain(g.into_iter().take(d)).chain(rest).collect(),
            normal: normal.map(|(n, _)| n.scaled(self.range.len(), rows_used)),
        }
    }
}

#[cfg(test)]
mod tests;
