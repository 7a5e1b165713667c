//! From coefficients and η to losses, residuals and curvatures of blocks of rows.

use super::kernels::{PACKED, padded};
use super::{Matrix, Observed};
use crate::math::loss_lanes;
use crate::math::vector::{LANES, Vector};

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

/// What a row is in a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoldRole {
    /// Neither of them.
    Out,
    /// The model is fitted on it.
    Train,
    /// The model is judged on it.
    Test,
}

/// Coefficients as kernels read them.
pub(super) struct Coefficients {
    pub(super) intercept: f64,
    /// Of dense columns, padded.
    pub(super) dense: Vec<f64>,
    /// Of the columns after them.
    pub(super) rest: Vec<f64>,
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

/// From η to residuals and curvatures of a block of rows.
pub(super) struct Link {
    sign: [f64; MOST_ROWS],
    weight: [f64; MOST_ROWS],
    held: [f64; MOST_ROWS],
    pub(super) r: [f64; MOST_ROWS],
    pub(super) h: [f64; MOST_ROWS],
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
    pub(super) fn split(&mut self, roles: &[FoldRole]) {
        for ((w, held), role) in self.weight.iter_mut().zip(&mut self.held).zip(roles) {
            *held = if *role == FoldRole::Test { *w } else { 0.0 };
            *w = if *role == FoldRole::Train { *w } else { 0.0 };
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
