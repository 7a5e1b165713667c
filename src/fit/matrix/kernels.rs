//! Products of a block of rows of a dense matrix, on vector lanes.
//!
//! The block is small enough to stay in the first-level cache between the two products of a pass: η = X·b, and
//! g += Xᵀ·r. Sums run over rows in their order, so their bits do not depend on the size of blocks.

use crate::math::vector::{Element, LANES, Vector};
use crate::math::{sigmoid, sigmoid_pair};

use super::dense::ColumnView;

/// Smallest multiple of eight that holds `n`.
pub(super) fn padded(n: usize) -> usize {
    n.next_multiple_of(LANES)
}

/// Rows of a block: a multiple of eight, and few enough that the block stays in cache.
pub(super) fn block_rows<T>(view: &ColumnView<'_, T>) -> usize {
    let bytes = view.columns.max(1) * size_of::<T>();
    // Columns far apart are read in longer runs, from the second-level cache.
    let budget = if view.by_column == 1 { 32 << 10 } else { 512 << 10 };
    let rows = (budget / bytes).clamp(16, 512);
    rows - rows % LANES
}

/// out[i] += Σⱼ x[start + i, j]·b[j] for every i; `b` is padded to a multiple of eight with zeros.
///
/// `FUSED` allows fused multiply-add.
#[inline(always)]
pub(super) fn times<V: Vector, T: Element, const FUSED: bool>(
    view: ColumnView<'_, T>,
    start: usize,
    b: &[f64],
    out: &mut [f64],
) {
    let rows = out.len();
    if rows == 0 || view.columns == 0 {
        return;
    }
    assert!(b.len() >= padded(view.columns));
    assert!((start + rows - 1) * view.by_row + (view.columns - 1) * view.by_column < view.numbers.len());
    if view.by_column == 1 {
        let mut i = 0;
        // SAFETY: rows start..start + rows and all columns lie within the numbers, and b is padded (asserted above).
        unsafe {
            match V::ROWS {
                8 => i = rows_times::<V, T, FUSED, 8>(view, start, b, out, i),
                4 => i = rows_times::<V, T, FUSED, 4>(view, start, b, out, i),
                _ => i = rows_times::<V, T, FUSED, 2>(view, start, b, out, i),
            }
            rows_times::<V, T, FUSED, 1>(view, start, b, out, i);
        }
    } else {
        columns_times::<V, T, FUSED>(view, start, b, out);
    }
}

/// Rows in groups of R from row i; returns the first row that is left.
#[inline(always)]
unsafe fn rows_times<V: Vector, T: Element, const FUSED: bool, const R: usize>(
    view: ColumnView<'_, T>,
    start: usize,
    b: &[f64],
    out: &mut [f64],
    mut i: usize,
) -> usize {
    let d = view.columns;
    let whole = d - d % LANES;
    let mul_add = |x: V, b: V, sum: V| if FUSED { x.fma(b, sum) } else { x.mul(b).add(sum) };
    while i + R <= out.len() {
        // SAFETY: by the caller.
        unsafe {
            let x = view.numbers.as_ptr().add((start + i) * view.by_row);
            let mut sums = [V::splat(0.0); R];
            let mut j = 0;
            while j < whole {
                let bj = V::load(b.as_ptr().add(j));
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = mul_add(T::load(x.add(r * view.by_row + j)), bj, *sum);
                }
                j += LANES;
            }
            if whole < d {
                let bj = V::load(b.as_ptr().add(whole));
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = mul_add(T::load_part(x.add(r * view.by_row + whole), d - whole), bj, *sum);
                }
            }
            V::add_sums(&sums, out.as_mut_ptr().add(i));
        }
        i += R;
    }
    i
}

/// Columns in groups of four, so that `out` is read and written a quarter as often.
#[inline(always)]
fn columns_times<V: Vector, T: Element, const FUSED: bool>(
    view: ColumnView<'_, T>,
    start: usize,
    b: &[f64],
    out: &mut [f64],
) {
    let rows = out.len();
    let mul_add = |x: V, b: V, sum: V| if FUSED { x.fma(b, sum) } else { x.mul(b).add(sum) };
    let mut j = 0;
    while j < view.columns {
        let group = (view.columns - j).min(4);
        let bj: [V; 4] = std::array::from_fn(|k| V::splat(if k < group { b[j + k] } else { 0.0 }));
        let column = |k: usize| (j + k.min(group - 1)) * view.by_column + start;
        let mut i = 0;
        while i < rows {
            let n = (rows - i).min(LANES);
            // SAFETY: rows start + i..start + i + n of existing columns; `out` has n numbers from i.
            unsafe {
                let x = |k: usize| -> V {
                    let p = view.numbers.as_ptr().add(column(k) + i);
                    if n == LANES { T::load(p) } else { T::load_part(p, n) }
                };
                let o = out.as_mut_ptr().add(i);
                let mut sum: V = if n == LANES { V::load(o) } else { V::load_part(o, n) };
                for (k, b) in bj.iter().enumerate().take(group) {
                    sum = mul_add(x(k), *b, sum);
                }
                if n == LANES {
                    sum.store(o);
                } else {
                    let mut lanes = [0.0; LANES];
                    sum.store(lanes.as_mut_ptr());
                    out[i..].copy_from_slice(&lanes[..n]);
                }
            }
            i += LANES;
        }
        j += group;
    }
}

/// g[j] += Σᵢ r[i]·x[start + i, j]; `g` is padded to a multiple of eight. Asks for the lines `ahead` rows further.
#[inline(always)]
pub(super) fn transposed_times<V: Vector, T: Element>(
    view: ColumnView<'_, T>,
    start: usize,
    r: &[f64],
    g: &mut [f64],
    ahead: usize,
) {
    let rows = r.len();
    if rows == 0 || view.columns == 0 {
        return;
    }
    assert!(g.len() >= padded(view.columns));
    assert!((start + rows - 1) * view.by_row + (view.columns - 1) * view.by_column < view.numbers.len());
    if view.by_column == 1 {
        let mut i = 0;
        // SAFETY: as in `times`.
        unsafe {
            i = rows_transposed::<V, T, 8>(view, start, r, g, ahead, i);
            rows_transposed::<V, T, 1>(view, start, r, g, ahead, i);
        }
    } else {
        columns_transposed::<V, T>(view, start, r, g);
    }
}

#[inline(always)]
unsafe fn rows_transposed<V: Vector, T: Element, const R: usize>(
    view: ColumnView<'_, T>,
    start: usize,
    r: &[f64],
    g: &mut [f64],
    ahead: usize,
    mut i: usize,
) -> usize {
    let d = view.columns;
    let whole = d - d % LANES;
    let line = 64 / size_of::<T>();
    while i + R <= r.len() {
        // SAFETY: by the caller; a prefetch may name any address.
        unsafe {
            let x = view.numbers.as_ptr().add((start + i) * view.by_row);
            let next = x.wrapping_add(ahead * view.by_row);
            let mut p = 0;
            while p < R * view.by_row {
                V::prefetch(next.wrapping_add(p).cast());
                p += line;
            }
            let ri: [V; R] = std::array::from_fn(|k| V::splat(*r.get_unchecked(i + k)));
            let mut j = 0;
            while j < whole {
                let gj = g.as_mut_ptr().add(j);
                let mut sum = V::load(gj);
                for (k, rk) in ri.iter().enumerate() {
                    sum = T::load::<V>(x.add(k * view.by_row + j)).fma(*rk, sum);
                }
                sum.store(gj);
                j += LANES;
            }
            if whole < d {
                let gj = g.as_mut_ptr().add(whole);
                let mut sum = V::load(gj);
                for (k, rk) in ri.iter().enumerate() {
                    sum = T::load_part::<V>(x.add(k * view.by_row + whole), d - whole).fma(*rk, sum);
                }
                sum.store(gj);
            }
        }
        i += R;
    }
    i
}

#[inline(always)]
fn columns_transposed<V: Vector, T: Element>(view: ColumnView<'_, T>, start: usize, r: &[f64], g: &mut [f64]) {
    let rows = r.len();
    for (j, g) in g.iter_mut().enumerate().take(view.columns) {
        let mut sums = [V::splat(0.0); 4];
        let mut i = 0;
        // SAFETY: rows start + i.. of an existing column; `r` has as many numbers.
        unsafe {
            let x = view.numbers.as_ptr().add(j * view.by_column + start);
            while i + 4 * LANES <= rows {
                for (k, sum) in sums.iter_mut().enumerate() {
                    let at = i + k * LANES;
                    *sum = T::load::<V>(x.add(at)).fma(V::load(r.as_ptr().add(at)), *sum);
                }
                i += 4 * LANES;
            }
            while i < rows {
                let n = (rows - i).min(LANES);
                let (xi, ri): (V, V) = if n == LANES {
                    (T::load(x.add(i)), V::load(r.as_ptr().add(i)))
                } else {
                    (T::load_part(x.add(i), n), V::load_part(r.as_ptr().add(i), n))
                };
                let [first, ..] = &mut sums;
                *first = xi.fma(ri, *first);
                i += LANES;
            }
        }
        let [a, b, c, d] = sums;
        *g += a.add(b).add(c.add(d)).sum();
    }
}

/// Rows of a packed tile.
pub(super) const PACKED: usize = 128;

/// Up to [`PACKED`] rows in panels of eight columns: number (i, j) of n rows lies at (j/8·n + i)·8 + j%8.
///
/// Columns are the chosen ones and then a column of ones, zeros up to a multiple of eight.
#[inline(always)]
pub(super) fn pack<V: Vector, T: Element>(
    view: ColumnView<'_, T>,
    start: usize,
    rows: usize,
    chosen: Option<&[usize]>,
    out: &mut [f64],
) {
    let count = chosen.map_or(view.columns, <[usize]>::len);
    let panels = padded(count + 1) / LANES;
    assert!(out.len() >= panels * rows * LANES);
    assert!(rows > 0 && start + rows <= if view.columns == 0 { usize::MAX } else { view.numbers.len() });
    for panel in 0..panels {
        let first = panel * LANES;
        let block = &mut out[panel * rows * LANES..(panel + 1) * rows * LANES];
        if chosen.is_none() && view.by_column == 1 && first + LANES <= count {
            assert!((start + rows - 1) * view.by_row + first + LANES <= view.numbers.len());
            for i in 0..rows {
                // SAFETY: eight columns of a row within the numbers (asserted), eight places of the block.
                unsafe {
                    T::load::<V>(view.numbers.as_ptr().add((start + i) * view.by_row + first))
                        .store(block.as_mut_ptr().add(i * LANES));
                }
            }
            continue;
        }
        for lane in 0..LANES {
            let j = first + lane;
            let places = block.iter_mut().skip(lane).step_by(LANES);
            if j < count {
                let column = chosen.map_or(j, |c| c[j]);
                let numbers = &view.numbers[start * view.by_row + column * view.by_column..];
                places.zip(numbers.iter().step_by(view.by_row)).for_each(|(p, x)| *p = x.to_f64());
            } else {
                let fill = if j == count { 1.0 } else { 0.0 };
                places.for_each(|p| *p = fill);
            }
        }
    }
}

/// core[a][b] += Σᵢ h[i]·x[i, a]·x[i, b] for b ≤ a, of packed rows; `scaled` has the room of `packed`.
#[inline(always)]
pub(super) fn gram<V: Vector>(
    packed: &[f64],
    scaled: &mut [f64],
    h: &[f64],
    columns: usize,
    core: &mut [f64],
    row_length: usize,
) {
    let rows = h.len();
    let panels = padded(columns) / LANES;
    assert!(packed.len() >= panels * rows * LANES && scaled.len() >= panels * rows * LANES);
    assert!(row_length >= panels * LANES && core.len() >= panels * LANES * row_length);
    for panel in 0..panels {
        for (i, h) in h.iter().enumerate() {
            let at = (panel * rows + i) * LANES;
            // SAFETY: within both (asserted).
            unsafe {
                V::load(packed.as_ptr().add(at)).mul(V::splat(*h)).store(scaled.as_mut_ptr().add(at));
            }
        }
    }
    let tile = KernelTile { packed, scaled, rows, core: core.as_mut_ptr(), row_length };
    // SAFETY: rows and columns below the padded number of columns, all within the three buffers (asserted).
    unsafe {
        match V::TILE_ROWS {
            8 => tile.all::<V, 8>(panels),
            4 => tile.all::<V, 4>(panels),
            _ => tile.all::<V, 2>(panels),
        }
    }
}

struct KernelTile<'a> {
    packed: &'a [f64],
    scaled: &'a [f64],
    rows: usize,
    core: *mut f64,
    row_length: usize,
}

impl KernelTile<'_> {
    /// All tiles of R rows on and below the diagonal; columns of zeros fill up the last panel.
    #[inline(always)]
    unsafe fn all<V: Vector, const R: usize>(&self, panels: usize) {
        let mut a = 0;
        while a < panels * LANES {
            let right = a / LANES + 1;
            let mut panel = 0;
            // SAFETY: by the caller.
            unsafe {
                while panel + V::TILE_COLUMNS <= right {
                    match V::TILE_COLUMNS {
                        3 => self.add::<V, R, 3>(a, panel),
                        _ => self.add::<V, R, 1>(a, panel),
                    }
                    panel += V::TILE_COLUMNS;
                }
                while panel < right {
                    self.add::<V, R, 1>(a, panel);
                    panel += 1;
                }
            }
            a += R;
        }
    }

    #[inline(always)]
    unsafe fn add<V: Vector, const R: usize, const C: usize>(&self, a: usize, panel: usize) {
        // SAFETY: by the caller.
        unsafe {
            let left: [*const f64; R] = std::array::from_fn(|r| {
                self.scaled.as_ptr().add((a + r) / LANES * self.rows * LANES + (a + r) % LANES)
            });
            let right: [*const f64; C] =
                std::array::from_fn(|c| self.packed.as_ptr().add((panel + c) * self.rows * LANES));
            let mut sums = [[V::splat(0.0); C]; R];
            for i in 0..self.rows {
                let x: [V; C] = std::array::from_fn(|c| V::load(right[c].add(i * LANES)));
                for (sums, left) in sums.iter_mut().zip(&left) {
                    let l = V::splat(*left.add(i * LANES));
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = l.fma(x, *sum);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                for (c, sum) in sums.iter().enumerate() {
                    let at = self.core.add((a + r) * self.row_length + (panel + c) * LANES);
                    V::load(at).add(*sum).store(at);
                }
            }
        }
    }
}

/// Replaces each η by 1 / (1 + e^−η).
#[inline(always)]
pub(super) fn probabilities<V: Vector>(eta: &mut [f64]) {
    let whole = eta.len() - eta.len() % LANES;
    for i in (0..whole).step_by(LANES) {
        // SAFETY: eight numbers from i.
        unsafe {
            let p = eta.as_mut_ptr().add(i);
            sigmoid_pair(V::load(p)).0.store(p);
        }
    }
    // One number at a time has the same bits.
    eta[whole..].iter_mut().for_each(|e| *e = sigmoid(*e));
}
