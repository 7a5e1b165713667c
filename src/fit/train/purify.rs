//! Purified interactions: what one feature says alone is moved to its own term.

use rayon::prelude::*;

use super::layout::{DesignLayout, Encoded};
use crate::error::Result;
use crate::progress::Task;

/// The map from the coefficients of a layout to the coefficients of a model. It is linear, and leaves every log-odds as it is.
pub(super) struct Purifier<'a> {
    encoded: &'a [Encoded],
    layout: &'a DesignLayout,
    tables: Vec<CellTable>,
}

struct CellTable {
    first: usize,
    second: usize,
    /// Groups of both terms, with the one for no group.
    height: usize,
    width: usize,
    weights: Vec<f64>,
    /// Weight of each row, and of each column.
    row_weights: Vec<f64>,
    column_weights: Vec<f64>,
    /// L of the factored equations of the margins, by rows; a column of zeros for a margin that others determine.
    factor: Vec<f64>,
}

impl<'a> Purifier<'a> {
    pub(super) fn of(
        encoded: &'a [Encoded],
        layout: &'a DesignLayout,
        pairs: &[(usize, usize)],
        weight: &[f64],
    ) -> Self {
        let table = |(first, second): &(usize, usize)| {
            let (a, b) = encoded.get(*first).zip(encoded.get(*second))?;
            let (height, width) = (a.encoder.groups() + 1, b.encoder.groups() + 1);
            let mut weights = vec![0.0; height * width];
            let (mut row_weights, mut column_weights) = (vec![0.0; height], vec![0.0; width]);
            for ((i, j), w) in a.groups().into_iter().zip(b.groups()).zip(weight) {
                if let Some(cell) = weights.get_mut(i as usize * width + j as usize) {
                    *cell += w;
                }
                if let (Some(row), Some(column)) = (row_weights.get_mut(i as usize), column_weights.get_mut(j as usize))
                {
                    *row += w;
                    *column += w;
                }
            }
            let factor = factored(&weights, height, width);
            Some(CellTable {
                first: *first,
                second: *second,
                height,
                width,
                weights,
                row_weights,
                column_weights,
                factor,
            })
        };
        Self { encoded, layout, tables: pairs.iter().filter_map(table).collect() }
    }

    /// Intercept, coefficients of terms in their order, and effects of interactions; `beta` has the intercept first.
    pub(super) fn apply(&self, beta: &[f64]) -> Vec<f64> {
        let at = |column: usize| beta.get(column + 1).copied().unwrap_or(0.0);
        let mut out = vec![beta.first().copied().unwrap_or(0.0)];
        let mut firsts = Vec::with_capacity(self.layout.places.len());
        for places in &self.layout.places {
            firsts.push(out.len());
            out.extend(places.iter().map(|p| at(*p)));
        }
        for (table, first_cell) in self.tables.iter().zip(&self.layout.cells) {
            let mut cells = vec![0.0; table.height * table.width];
            for i in 0..table.height - 1 {
                for j in 0..table.width - 1 {
                    if let Some(cell) = cells.get_mut(i * table.width + j) {
                        *cell = at(first_cell + i * (table.width - 1) + j);
                    }
                }
            }
            let (rows, columns, constant) = table.margins(&cells);
            for (margins, term) in [(&rows, table.first), (&columns, table.second)] {
                let Some((e, first)) = self.encoded.get(term).zip(firsts.get(term)) else { continue };
                for (group, margin) in margins.iter().enumerate() {
                    if let Some(c) = out.get_mut(first + e.encoder.group_column(group)) {
                        *c += margin;
                    }
                }
            }
            let pad = |margins: &[f64], i: usize| margins.get(i).copied().unwrap_or(0.0);
            for (k, cell) in cells.iter_mut().enumerate() {
                let known = *cell - constant - pad(&rows, k / table.width) - pad(&columns, k % table.width);
                *cell = if table.is_unseen(k) { 0.0 } else { known };
            }
            let (sum, total) = cells.iter().zip(&table.weights).fold((0.0, 0.0), |s, (c, w)| (s.0 + c * w, s.1 + w));
            let mean = if total > 0.0 { sum / total } else { 0.0 };
            for (k, cell) in cells.iter_mut().enumerate() {
                *cell -= if table.is_unseen(k) { 0.0 } else { mean };
            }
            if let Some(intercept) = out.first_mut() {
                *intercept += constant + mean;
            }
            out.extend(cells);
        }
        out
    }

    /// Effects of each interaction among the numbers that [`Purifier::apply`] gives, and the weights of its cells.
    pub(super) fn tables<'b>(&'b self, numbers: &'b [f64]) -> impl Iterator<Item = (&'b [f64], &'b [f64])> {
        let cells: usize = self.tables.iter().map(|t| t.weights.len()).sum();
        let mut next = numbers.len().saturating_sub(cells);
        self.tables.iter().map(move |t| {
            let first = next;
            next += t.weights.len();
            (numbers.get(first..next).unwrap_or(&[]), t.weights.as_slice())
        })
    }

    /// The covariance of the model's coefficients, by rows, from that of the layout's.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub(super) fn covariance(&self, of_layout: &[f64], task: &Task) -> Result<Vec<Vec<f64>>> {
        let width = self.layout.matrix.width() + 1;
        let mapped = |vector: &[f64]| {
            task.check()?;
            Ok(self.apply(vector))
        };
        // Rows are mapped, then columns; the matrix is symmetric.
        let half: Vec<Vec<f64>> = of_layout.par_chunks(width).map(mapped).collect::<Result<_>>()?;
        let count = half.first().map_or(0, Vec::len);
        let column = |j: usize| half.iter().filter_map(|row| row.get(j).copied()).collect::<Vec<f64>>();
        (0..count).into_par_iter().map(|j| mapped(&column(j))).collect()
    }
}

impl CellTable {
    /// Whether a cell stands for values without a group, and training had none.
    fn is_unseen(&self, cell: usize) -> bool {
        let (i, j) = (cell / self.width, cell % self.width);
        let empty = |weights: &[f64]| weights.last().is_none_or(|w| *w <= 0.0);
        i + 1 == self.height && empty(&self.row_weights) || j + 1 == self.width && empty(&self.column_weights)
    }

    /// Margins of the weighted least squares fit of rows + columns + a constant; groups without rows, and the one for no
    /// group, have none. What all rows, or all columns, share is the constant, unless a value without a group stays behind.
    fn margins(&self, cells: &[f64]) -> (Vec<f64>, Vec<f64>, f64) {
        let (rows, columns) = (self.height - 1, self.width - 1);
        let mut right = vec![0.0; rows + columns];
        for (k, (cell, w)) in cells.iter().zip(&self.weights).enumerate() {
            let (i, j) = (k / self.width, k % self.width);
            if let Some(r) = right.get_mut(i).filter(|_| i < rows) {
                *r += w * cell;
            }
            if let Some(r) = right.get_mut(rows + j).filter(|_| j < columns) {
                *r += w * cell;
            }
        }
        solve(&self.factor, &mut right);
        let mut second = right.split_off(rows);
        let constant = centred(&mut right, &self.row_weights) + centred(&mut second, &self.column_weights);
        (right, second, constant)
    }
}

/// Takes the weighted mean off the margins and returns it; 0 where the group for no group, the last of `weights`, has
/// weight.
fn centred(margins: &mut [f64], weights: &[f64]) -> f64 {
    if weights.last().is_some_and(|w| *w > 0.0) {
        return 0.0;
    }
    let (sum, total) = margins.iter().zip(weights).fold((0.0, 0.0), |s, (m, w)| (s.0 + w * m, s.1 + w));
    let mean = if total > 0.0 { sum / total } else { 0.0 };
    // A group without rows has no margin, and gets none.
    margins.iter_mut().zip(weights).filter(|(_, w)| **w > 0.0).for_each(|(m, _)| *m -= mean);
    mean
}

/// L of [diag(row weights), W; Wᵀ, diag(column weights)] = L·Lᵀ, groups without one left out. It is singular by a constant
/// between rows and columns, once for each part that is connected: such a margin is 0.
fn factored(weights: &[f64], height: usize, width: usize) -> Vec<f64> {
    let (rows, m) = (height - 1, height + width - 2);
    let mut a = vec![0.0; m * m];
    let mut add = |i: usize, j: usize, w: f64| {
        if let Some(slot) = a.get_mut(i * m + j) {
            *slot += w;
        }
    };
    for (k, w) in weights.iter().enumerate() {
        let (i, j) = (k / width, k % width);
        if i < rows {
            add(i, i, *w);
        }
        if j + 1 < width {
            add(rows + j, rows + j, *w);
            if i < rows {
                add(rows + j, i, *w);
            }
        }
    }
    let diagonal: Vec<f64> = (0..m).filter_map(|j| a.get(j * m + j).copied()).collect();
    for j in 0..m {
        let Some(own) = a.get(j * m..(j + 1) * m).map(<[f64]>::to_vec) else { break };
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).take(j).fold(0.0, |s, (x, y)| s + x * y);
        let pivot = own.get(j).copied().unwrap_or(0.0) - dot(&own, &own);
        let scale = diagonal.get(j).copied().unwrap_or(0.0);
        let root = if pivot > 1e-10 * scale { pivot.sqrt() } else { 0.0 };
        for row in a.chunks_mut(m).skip(j) {
            let value = row.get(j).copied().unwrap_or(0.0) - dot(row, &own);
            if let Some(slot) = row.get_mut(j) {
                *slot = if root > 0.0 { value / root } else { 0.0 };
            }
        }
    }
    a
}

/// L·Lᵀ·x = b in place; x is 0 where L has a column of zeros.
fn solve(l: &[f64], b: &mut [f64]) {
    let m = b.len();
    let at = |i: usize, j: usize| l.get(i * m + j).copied().unwrap_or(0.0);
    for j in 0..m {
        let known: f64 = b.iter().take(j).enumerate().fold(0.0, |s, (k, x)| s + at(j, k) * x);
        if let Some(x) = b.get_mut(j) {
            *x = if at(j, j) > 0.0 { (*x - known) / at(j, j) } else { 0.0 };
        }
    }
    for j in (0..m).rev() {
        let known: f64 = b.iter().enumerate().skip(j + 1).fold(0.0, |s, (k, x)| s + at(k, j) * x);
        if let Some(x) = b.get_mut(j) {
            *x = if at(j, j) > 0.0 { (*x - known) / at(j, j) } else { 0.0 };
        }
    }
}
