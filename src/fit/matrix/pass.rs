//! One pass over the rows: loss, gradient and, if asked for, the information matrix.

use rayon::prelude::*;

use super::codes::{Code, with_codes};
use super::dense::{View, with_dense};
use super::folds::Role;
use super::kernels::{self, PACKED, padded};
use super::normal::{Normal, Plan};
use super::{Matrix, Observed};
use crate::error::{Error, Result};
use crate::math::vector::{Element, Kernel, LANES, Vector, dispatch};
use crate::math::{loss_lanes, tree};

/// What a pass finds at one point.
#[derive(Debug, Clone)]
pub(crate) struct Found {
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
    pub(crate) plan: &'a Plan,
    /// It is made of one in so many blocks of rows, and scaled up.
    pub(crate) thinning: usize,
}

/// Most rows of a block of any layout.
pub(super) const MOST_ROWS: usize = 512;

/// Numbers that the partial sums of all ranges may hold: 32 MiB.
const MOST_PARTIAL: usize = 4 << 20;

/// Ranges of rows that are summed on their own. They depend on the shape only, so that sums have the same bits for any
/// number of threads; they are fewer where their sums are large.
pub(super) fn ranges(rows: usize, numbers: usize) -> Vec<std::ops::Range<usize>> {
    let most = (MOST_PARTIAL / numbers.max(1)).clamp(4, 64);
    // Clearing and joining the sums must cost less than the rows.
    let each = rows.div_ceil(most).max(1024).max(numbers / 64).next_multiple_of(PACKED);
    (0..rows.div_ceil(each)).map(|r| r * each..((r + 1) * each).min(rows)).collect()
}

impl Matrix<'_> {
    /// Loss and gradient at `beta` (intercept first), and the information matrix of the columns of `plan`.
    pub(crate) fn pass(&self, observed: &Observed<'_>, beta: &[f64], hessian: Option<Hessian<'_>>) -> Found {
        let beta = Coefficients::of(self, beta);
        let numbers = self.width() + hessian.map_or(0, |h| h.plan.numbers());
        let parts: Vec<Found> = ranges(self.rows, numbers)
            .into_par_iter()
            .map(|range| with_dense!(self, dense => dispatch(RangePass { x: self, dense, observed, beta: &beta, hessian, range })))
            .collect();
        tree(parts, Found::join).unwrap_or_else(|| Found {
            loss: 0.0,
            gradient: vec![0.0; self.width() + 1],
            normal: hessian.map(|h| Normal::zeros(h.plan)),
        })
    }

    /// Σ hᵢ·(xᵢ, 1)(xᵢ, 1)ᵀ of the columns of `plan`.
    pub(crate) fn gram(&self, h: &[f64], plan: &Plan) -> Normal {
        let parts: Vec<Normal> = ranges(self.rows, self.width() + plan.numbers())
            .into_par_iter()
            .map(|range| with_dense!(self, dense => dispatch(Gram { x: self, dense, h, plan, range })))
            .collect();
        tree(parts, |a, b| a.add(&b)).unwrap_or_else(|| Normal::zeros(plan))
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
            return Err(Error::option("X", "its numbers are too large: log-odds overflow"));
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
        dense: View<'_, T>,
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

impl Found {
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

/// Coefficients as kernels read them.
pub(super) struct Coefficients {
    pub(super) intercept: f64,
    /// Of dense columns, padded.
    pub(super) dense: Vec<f64>,
    /// Of the columns after them.
    rest: Vec<f64>,
}

impl Coefficients {
    pub(super) fn of(x: &Matrix<'_>, beta: &[f64]) -> Self {
        let (intercept, rest) = beta.split_first().map_or((0.0, &[][..]), |(b0, rest)| (*b0, rest));
        let (dense, rest) = rest.split_at(x.dense_width().min(rest.len()));
        let mut padding = dense.to_vec();
        padding.resize(padded(dense.len()), 0.0);
        Self { intercept, dense: padding, rest: rest.to_vec() }
    }
}

struct Predict<'a, 'm, T, const FUSED: bool> {
    x: &'a Matrix<'m>,
    dense: View<'a, T>,
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
    dense: View<'a, T>,
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
    dense: View<'a, T>,
    h: &'a [f64],
    plan: &'a Plan,
    range: std::ops::Range<usize>,
}

impl<T: Element> Kernel for Gram<'_, '_, T> {
    type Output = Normal;

    #[inline(always)]
    fn run<V: Vector>(self) -> Normal {
        let (mut normal, mut packing) = (Normal::zeros(self.plan), Packing::of(self.plan));
        let mut start = self.range.start;
        while start < self.range.end {
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
    dense: View<'a, T>,
    observed: &'a Observed<'a>,
    beta: &'a Coefficients,
    hessian: Option<Hessian<'a>>,
    range: std::ops::Range<usize>,
}

impl<T: Element> Kernel for RangePass<'_, '_, T> {
    type Output = Found;

    #[inline(always)]
    fn run<V: Vector>(self) -> Found {
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
        while start < self.range.end {
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
        Found {
            loss: sums.loss.sum(),
            gradient: [sums.intercept.sum()].into_iter().chain(g.into_iter().take(d)).chain(rest).collect(),
            normal: normal.map(|(n, _)| n.scaled(self.range.len(), rows_used)),
        }
    }
}

/// Buffers for packed rows.
pub(super) struct Packing {
    pub(super) packed: Vec<f64>,
    pub(super) scaled: Vec<f64>,
    pub(super) by_rows: Vec<f64>,
    /// Places of the levels of each block of codes, block after block.
    pub(super) levels: Vec<u32>,
    /// Places and values of one row with sparse columns.
    pub(super) entries: Vec<(u32, f64)>,
}

impl Packing {
    fn of(plan: &Plan) -> Self {
        let size = padded(plan.dense_size()) * PACKED;
        let by_rows = if plan.has_entries() { size } else { 0 };
        Self {
            packed: vec![0.0; size],
            scaled: vec![0.0; size],
            by_rows: vec![0.0; by_rows],
            levels: Vec::new(),
            entries: Vec::new(),
        }
    }
}

/// From η to residuals and curvatures of a block of rows.
pub(super) struct Link {
    sign: [f64; MOST_ROWS],
    weight: [f64; MOST_ROWS],
    held: [f64; MOST_ROWS],
    pub(super) r: [f64; MOST_ROWS],
    h: [f64; MOST_ROWS],
}

/// Sums over rows: of losses, of residuals, and of losses of test rows, each of these at most [`MOST_LOSS`].
#[derive(Clone, Copy)]
pub(super) struct LinkSums<V> {
    pub(super) loss: V,
    pub(super) intercept: V,
    pub(super) held_out: V,
}

impl<V: Vector> LinkSums<V> {
    pub(super) fn zero() -> Self {
        let zero = V::splat(0.0);
        Self { loss: zero, intercept: zero, held_out: zero }
    }
}

/// The largest loss of one row in the measure of log loss: −ln 2⁻⁵².
const MOST_LOSS: f64 = 52.0 * std::f64::consts::LN_2;

impl Link {
    pub(super) fn new() -> Self {
        Self {
            sign: [1.0; MOST_ROWS],
            weight: [0.0; MOST_ROWS],
            held: [0.0; MOST_ROWS],
            r: [0.0; MOST_ROWS],
            h: [0.0; MOST_ROWS],
        }
    }

    /// Splits the weights by the roles of rows.
    #[inline(always)]
    pub(super) fn split(&mut self, roles: &[Role]) {
        for ((w, held), role) in self.weight.iter_mut().zip(&mut self.held).zip(roles) {
            *held = if *role == Role::Test { *w } else { 0.0 };
            *w = if *role == Role::Train { *w } else { 0.0 };
        }
        let filled = padded(roles.len());
        self.held[roles.len()..filled].fill(0.0);
    }

    #[inline(always)]
    pub(super) fn read(&mut self, observed: &Observed<'_>, start: usize, rows: usize) {
        for (s, y) in self.sign.iter_mut().zip(&observed.y[start..start + rows]) {
            *s = if *y { -1.0 } else { 1.0 };
        }
        match observed.weight {
            Some(w) => self.weight[..rows].copy_from_slice(&w[start..start + rows]),
            None => self.weight[..rows].fill(1.0),
        }
        // Rows that only fill up the last lanes count nothing.
        let filled = padded(rows);
        self.weight[rows..filled].fill(0.0);
    }

    /// With z = −η for a positive and η for a negative row, the loss is ln(1 + e^z), the residual ±w·σ(z) and the
    /// curvature w·σ(z)σ(−z).
    #[inline(always)]
    pub(super) fn apply<V: Vector, const HELD: bool>(&mut self, eta: &[f64], sums: &mut LinkSums<V>) {
        let rows = eta.len();
        let mut i = 0;
        while i < rows {
            let n = (rows - i).min(LANES);
            // SAFETY: i + 8 is within the arrays, as rows is at most their length, a multiple of eight; `eta` has n
            // numbers from i.
            unsafe {
                let e = if n == LANES { V::load(eta.as_ptr().add(i)) } else { V::load_part(eta.as_ptr().add(i), n) };
                let sign = V::load(self.sign.as_ptr().add(i));
                let weight = V::load(self.weight.as_ptr().add(i));
                let (l, p, q) = loss_lanes(e.mul(sign));
                let wp = weight.mul(p);
                let r = wp.mul(sign);
                sums.loss = sums.loss.add(weight.mul(l));
                sums.intercept = sums.intercept.add(r);
                if HELD {
                    let held = V::load(self.held.as_ptr().add(i));
                    sums.held_out = sums.held_out.add(held.mul(l.min(V::splat(MOST_LOSS))));
                }
                r.store(self.r.as_mut_ptr().add(i));
                wp.mul(q).store(self.h.as_mut_ptr().add(i));
            }
            i += LANES;
        }
    }
}

#[cfg(test)]
mod tests;
