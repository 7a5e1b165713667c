//! Purified interactions: what one feature says alone is moved to its own term.

use super::layout::{Encoded, Layout};

/// The map from the coefficients of a layout to those of a model. It is linear, and leaves every log-odds as it is.
pub(super) struct Purifier<'a> {
    encoded: &'a [Encoded],
    layout: &'a Layout,
    tables: Vec<Table>,
}

struct Table {
    first: usize,
    second: usize,
    /// Groups of both terms, with the one for no group.
    height: usize,
    width: usize,
    weights: Vec<f64>,
}

/// Rounds of the alternation; where it has not converged by then, the margins that are left are small.
const ROUNDS: usize = 2000;

impl<'a> Purifier<'a> {
    pub(super) fn of(encoded: &'a [Encoded], layout: &'a Layout, pairs: &[(usize, usize)], weight: &[f64]) -> Self {
        let table = |(first, second): &(usize, usize)| {
            let (a, b) = encoded.get(*first).zip(encoded.get(*second))?;
            let (height, width) = (a.encoder.groups() + 1, b.encoder.groups() + 1);
            let mut weights = vec![0.0; height * width];
            for ((i, j), w) in a.groups().into_iter().zip(b.groups()).zip(weight) {
                if let Some(cell) = weights.get_mut(i as usize * width + j as usize) {
                    *cell += w;
                }
            }
            Some(Table { first: *first, second: *second, height, width, weights })
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
            let (rows, columns) = table.margins(&cells);
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
                *cell -= pad(&rows, k / table.width) + pad(&columns, k % table.width);
            }
            let (sum, total) = cells.iter().zip(&table.weights).fold((0.0, 0.0), |s, (c, w)| (s.0 + c * w, s.1 + w));
            let mean = if total > 0.0 { sum / total } else { 0.0 };
            cells.iter_mut().for_each(|c| *c -= mean);
            if let Some(intercept) = out.first_mut() {
                *intercept += mean;
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
    pub(super) fn covariance(&self, of_layout: &[f64]) -> Vec<Vec<f64>> {
        let width = self.layout.matrix.width() + 1;
        // Rows are mapped, then columns; the matrix is symmetric.
        let half: Vec<Vec<f64>> = of_layout.chunks(width).map(|row| self.apply(row)).collect();
        let count = half.first().map_or(0, Vec::len);
        let column = |j: usize| half.iter().filter_map(|row| row.get(j).copied()).collect::<Vec<f64>>();
        (0..count).map(|j| self.apply(&column(j))).collect()
    }
}

impl Table {
    /// Margins of the weighted least squares fit of rows + columns; groups without rows, and the one for no group, have
    /// none.
    fn margins(&self, cells: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut rows, mut columns) = (vec![0.0; self.height - 1], vec![0.0; self.width - 1]);
        let largest = cells.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
        let pad = |margins: &[f64], i: usize| margins.get(i).copied().unwrap_or(0.0);
        let value = |i: usize, j: usize| {
            let k = i * self.width + j;
            (cells.get(k).copied().unwrap_or(0.0), self.weights.get(k).copied().unwrap_or(0.0))
        };
        let mean = |terms: &mut dyn Iterator<Item = (f64, f64)>| {
            let (top, sum) = terms.fold((0.0, 0.0), |s, (x, w)| (s.0 + w * x, s.1 + w));
            if sum > 0.0 { top / sum } else { 0.0 }
        };
        for _ in 0..ROUNDS {
            let mut change: f64 = 0.0;
            for i in 0..rows.len() {
                let row = mean(&mut (0..self.width).map(|j| (value(i, j).0 - pad(&columns, j), value(i, j).1)));
                if let Some(r) = rows.get_mut(i) {
                    change = change.max((*r - row).abs());
                    *r = row;
                }
            }
            for j in 0..columns.len() {
                let column = mean(&mut (0..self.height).map(|i| (value(i, j).0 - pad(&rows, i), value(i, j).1)));
                if let Some(c) = columns.get_mut(j) {
                    change = change.max((*c - column).abs());
                    *c = column;
                }
            }
            if change <= 1e-14 * largest {
                break;
            }
        }
        (rows, columns)
    }
}
