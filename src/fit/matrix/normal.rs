//! The information matrix Σ hᵢxᵢxᵢᵀ, with the largest text field kept apart.
//!
//! A text field's own block is diagonal, since a row has at most one of its levels. The largest field is therefore
//! kept as a diagonal D and its cross products B, and eliminated when the matrix is factored: only the Schur
//! complement A − BᵀD⁻¹B of the other columns is ever a full matrix.

use super::Matrix;
use super::codes::{Code, with_codes};
use super::dense::ColumnView;
use super::kernels::{self, PACKED, padded};
use crate::math::vector::{Element, LANES, Vector, add_scaled};

/// Column that a plan leaves out.
pub(super) const OUT: u32 = u32::MAX;

/// Which columns make the matrix, and in which order: dense ones, the intercept, the others.
#[derive(Debug, Clone)]
pub(crate) struct NormalLayout {
    /// Chosen dense columns, `None` for all of them.
    dense: Option<Vec<usize>>,
    /// Per place of the core, the coefficient it stands for (0 is the intercept).
    core: Vec<usize>,
    /// Place in the core of every column after the dense ones.
    place: Vec<u32>,
    /// The field kept apart.
    apart: Option<Apart>,
    /// Number of dense columns in the core; the intercept comes next.
    dense_count: usize,
    /// Number of all coefficients.
    coefficients: usize,
}

/// A field kept apart.
#[derive(Debug, Clone, Copy)]
struct Apart {
    /// Its block.
    block: usize,
    /// Its first coefficient.
    first: usize,
    /// Its levels.
    levels: usize,
}

/// Levels from which keeping a field apart pays.
const LEAST_APART: usize = 48;

impl NormalLayout {
    /// All columns.
    pub(crate) fn all(x: &Matrix<'_>) -> Self {
        let d = x.dense_width();
        let apart = x
            .blocks()
            .enumerate()
            .map(|(block, (codes, first))| Apart { block, first: 1 + d + first, levels: codes.width })
            .filter(|a| a.levels >= LEAST_APART)
            .max_by_key(|a| (a.levels, std::cmp::Reverse(a.block)));
        let is_apart = |c: usize| apart.is_some_and(|a| (a.first..a.first + a.levels).contains(&c));
        let others = (1 + d..=x.width()).filter(|c| !is_apart(*c));
        Self::new(x, None, (1..=d).chain([0]).chain(others).collect(), apart)
    }

    /// The chosen columns (ascending) and the intercept; nothing is kept apart.
    pub(crate) fn chosen(x: &Matrix<'_>, columns: &[usize]) -> Self {
        let d = x.dense_width();
        let dense: Vec<usize> = columns.iter().copied().filter(|c| *c < d).collect();
        let others = columns.iter().filter(|c| **c >= d).map(|c| c + 1);
        let core = dense.iter().map(|c| c + 1).chain([0]).chain(others).collect();
        Self::new(x, Some(dense), core, None)
    }

    fn new(x: &Matrix<'_>, dense: Option<Vec<usize>>, core: Vec<usize>, apart: Option<Apart>) -> Self {
        let d = x.dense_width();
        let mut place = vec![OUT; x.width() - d];
        for (at, coefficient) in core.iter().enumerate() {
            if let Some(slot) = coefficient.checked_sub(d + 1).and_then(|c| place.get_mut(c)) {
                *slot = at as u32;
            }
        }
        let dense_count = dense.as_ref().map_or(d, Vec::len);
        Self { dense, core, place, apart, dense_count, coefficients: x.width() + 1 }
    }

    /// Dense columns and the intercept.
    pub(super) fn dense_size(&self) -> usize {
        self.dense_count + 1
    }

    /// Whether there are columns besides the dense ones and the intercept.
    pub(super) fn has_entries(&self) -> bool {
        self.apart.is_some() || self.core.len() > self.dense_size()
    }

    /// Columns of the core.
    pub(crate) fn size(&self) -> usize {
        self.core.len()
    }

    /// Length of a row of the core.
    fn row(&self) -> usize {
        padded(self.core.len())
    }

    /// Levels kept apart.
    pub(crate) fn levels(&self) -> usize {
        self.apart.map_or(0, |a| a.levels)
    }

    /// How many blocks of rows there may be for each one that a Hessian to step with is made of: levels and sparse columns
    /// can be rare, dense columns are in every row. One if there are fewer than `rows_per_column`.
    pub(crate) fn thinning(&self, rows: usize, rows_per_column: usize) -> usize {
        if !self.has_entries() && rows >= rows_per_column * self.size() { 8 } else { 1 }
    }

    /// Numbers that a matrix of this plan holds.
    pub(crate) fn numbers(&self) -> usize {
        (self.size() + self.levels()).saturating_mul(self.row() + 1)
    }

    /// Coefficients that the core stands for, in its order.
    pub(crate) fn coefficients(&self) -> &[usize] {
        &self.core
    }

    /// Coefficient of a level apart.
    pub(crate) fn level(&self, level: usize) -> usize {
        self.apart.map_or(0, |a| a.first + level)
    }

    /// Splits a vector of all coefficients into the core's and the field's apart.
    pub(crate) fn gather(&self, beta: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let core = self.core.iter().map(|c| beta.get(*c).copied().unwrap_or(0.0)).collect();
        let apart = self.apart.and_then(|a| beta.get(a.first..a.first + a.levels)).unwrap_or(&[]).to_vec();
        (core, apart)
    }

    /// The inverse of [`NormalLayout::gather`]; coefficients of columns left out are 0.
    pub(crate) fn scatter(&self, core: &[f64], apart: &[f64]) -> Vec<f64> {
        let mut beta = vec![0.0; self.coefficients];
        for (c, v) in self.core.iter().zip(core) {
            if let Some(slot) = beta.get_mut(*c) {
                *slot = *v;
            }
        }
        if let Some(slots) = self.apart.and_then(|a| beta.get_mut(a.first..a.first + a.levels)) {
            slots.copy_from_slice(apart);
        }
        beta
    }
}

/// An information matrix in the order of a [`NormalLayout`].
#[derive(Debug, Clone)]
pub(crate) struct Normal {
    /// Rows of the lower triangle of A; numbers above the diagonal mean nothing.
    pub(super) core: Vec<f64>,
    /// One row of B per level of the field apart.
    pub(super) cross: Vec<f64>,
    /// Diagonal block D.
    pub(super) apart: Vec<f64>,
    /// Length of a row of A and B.
    pub(super) row: usize,
}

impl Normal {
    pub(super) fn zeros(plan: &NormalLayout) -> Self {
        let row = plan.row();
        Self {
            core: vec![0.0; padded(plan.size()) * row],
            cross: vec![0.0; plan.levels() * row],
            apart: vec![0.0; plan.levels()],
            row,
        }
    }

    pub(super) fn add(mut self, other: &Self) -> Self {
        let pairs = [(&mut self.core, &other.core), (&mut self.cross, &other.cross), (&mut self.apart, &other.apart)];
        for (a, b) in pairs {
            a.iter_mut().zip(b).for_each(|(x, y)| *x += y);
        }
        self
    }

    /// A, B, D, and the length of a row of A and B.
    pub(crate) fn into_parts(self) -> (Vec<f64>, Vec<f64>, Vec<f64>, usize) {
        (self.core, self.cross, self.apart, self.row)
    }

    /// Diagonal elements in the order of coefficients, 0 for columns outside the plan.
    pub(crate) fn diagonal(&self, plan: &NormalLayout) -> Vec<f64> {
        let core: Vec<f64> = (0..plan.size()).map(|p| self.core[p * self.row + p]).collect();
        plan.scatter(&core, &self.apart)
    }

    /// The whole matrix by rows, in the order of the plan; nothing may be kept apart.
    pub(crate) fn square(&self, plan: &NormalLayout) -> Vec<f64> {
        let m = plan.size();
        let at = |j: usize, k: usize| self.core[j.max(k) * self.row + j.min(k)];
        (0..m * m).map(|i| at(i / m, i % m)).collect()
    }

    /// Takes a coefficient out: its row and column become the unit matrix's.
    pub(crate) fn pin(&mut self, plan: &NormalLayout, coefficient: usize) {
        if let Some(apart) = plan.apart.filter(|a| (a.first..a.first + a.levels).contains(&coefficient)) {
            let level = coefficient - apart.first;
            self.apart[level] = 1.0;
            self.cross[level * self.row..(level + 1) * self.row].fill(0.0);
            return;
        }
        let Some(at) = plan.core.iter().position(|c| *c == coefficient) else { return };
        for place in 0..plan.size() {
            self.core[at * self.row + place] = 0.0;
            self.core[place * self.row + at] = 0.0;
        }
        self.core[at * self.row + at] = 1.0;
        for level in 0..plan.levels() {
            self.cross[level * self.row + at] = 0.0;
        }
    }

    /// Adds `extra(coefficient)` to every diagonal element.
    pub(crate) fn add_diagonal(&mut self, plan: &NormalLayout, extra: impl Fn(usize) -> f64) {
        for (place, coefficient) in plan.core.iter().enumerate() {
            if let Some(d) = self.core.get_mut(place * self.row + place) {
                *d += extra(*coefficient);
            }
        }
        let first = plan.apart.map_or(0, |a| a.first);
        for (level, d) in self.apart.iter_mut().enumerate() {
            *d += extra(first + level);
        }
    }

    /// Scaled up to `rows` from the `used` ones that it was made of.
    pub(super) fn scaled(mut self, rows: usize, used: usize) -> Self {
        if used < rows {
            let factor = rows as f64 / used.max(1) as f64;
            [&mut self.core, &mut self.cross, &mut self.apart].into_iter().flatten().for_each(|v| *v *= factor);
        }
        self
    }

    /// Adds h[i]·xᵢxᵢᵀ of a block of rows.
    #[inline(always)]
    pub(super) fn add_rows<V: Vector, T: Element>(
        &mut self,
        x: &Matrix<'_>,
        plan: &NormalLayout,
        dense: ColumnView<'_, T>,
        start: usize,
        h: &[f64],
        packing: &mut Packing,
    ) {
        let (rows, size, row) = (h.len(), plan.dense_size(), self.row);
        kernels::pack::<V, T>(dense, start, rows, plan.dense.as_deref(), &mut packing.packed);
        kernels::gram::<V>(&packing.packed, &mut packing.scaled, h, size, &mut self.core, row);
        if !plan.has_entries() {
            return;
        }
        // The packed rows once more, row after row: what each level's row of the matrix receives.
        let width = padded(size);
        for panel in 0..width / LANES {
            for i in 0..rows {
                let from = (panel * rows + i) * LANES;
                let to = i * width + panel * LANES;
                packing.by_rows[to..to + LANES].copy_from_slice(&packing.packed[from..from + LANES]);
            }
        }
        packing.levels.clear();
        for (block, first) in x.blocks() {
            let place = &plan.place[first..first + block.width];
            let code_to_place = |code: usize| place.get(code).map_or(OUT, |p| *p);
            with_codes!(block, list => {
                packing.levels.extend(list[start..start + rows].iter().map(|c| code_to_place(c.at())));
            });
        }
        let levels = |b: usize| &packing.levels[b * rows..(b + 1) * rows];
        for (b, (block, _)) in x.blocks().enumerate() {
            if plan.apart.is_some_and(|a| a.block == b) {
                with_codes!(block, list => {
                    let codes = &list[start..start + rows];
                    for (i, (code, h)) in codes.iter().zip(h).enumerate().filter(|(_, (c, _))| c.at() < block.width) {
                        self.apart[code.at()] += h;
                        let to = &mut self.cross[code.at() * row..][..width];
                        add_scaled::<V>(to, *h, &packing.by_rows[i * width..][..width]);
                    }
                    for other in (0..x.blocks.len()).filter(|o| *o != b) {
                        for ((code, p), h) in codes.iter().zip(levels(other)).zip(h) {
                            if *p != OUT && code.at() < block.width {
                                self.cross[code.at() * row + *p as usize] += h;
                            }
                        }
                    }
                });
                continue;
            }
            for (i, (p, h)) in levels(b).iter().zip(h).enumerate().filter(|(_, (p, _))| **p != OUT) {
                let to = &mut self.core[*p as usize * row..][..width];
                add_scaled::<V>(to, *h, &packing.by_rows[i * width..][..width]);
                self.core[*p as usize * (row + 1)] += h;
            }
            for other in 0..b {
                for ((p, q), h) in levels(b).iter().zip(levels(other)).zip(h) {
                    if *p != OUT && *q != OUT {
                        self.core[*p as usize * row + *q as usize] += h;
                    }
                }
            }
        }
        if let Some((sparse, first)) = x.sparse() {
            for (i, h) in h.iter().enumerate() {
                packing.entries.clear();
                packing.entries.extend((0..x.blocks.len()).map(|b| (levels(b)[i], 1.0)).filter(|(p, _)| *p != OUT));
                let of_blocks = packing.entries.len();
                let own = sparse.row(start + i).map(|(c, v)| (plan.place[first + c], v)).filter(|(p, _)| *p != OUT);
                packing.entries.extend(own);
                let apart = plan.apart.and_then(|a| x.blocks[a.block].get(start + i));
                for (k, (place, value)) in packing.entries.iter().enumerate().skip(of_blocks) {
                    let to = &mut self.core[*place as usize * row..][..row];
                    add_scaled::<V>(&mut to[..width], h * value, &packing.by_rows[i * width..][..width]);
                    for (other, v) in &packing.entries[..=k] {
                        to[*other as usize] += h * value * v;
                    }
                    if let Some(level) = apart {
                        self.cross[level * row + *place as usize] += h * value;
                    }
                }
            }
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
    pub(super) fn of(plan: &NormalLayout) -> Self {
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
