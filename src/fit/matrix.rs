//! The design matrix, kept split: dense columns, and texts as one code per row.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::math::CHUNK;

/// A text field with `width` 0/1 columns, of which each row has at most one.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Column within the block per row; `width` or more is none.
    pub codes: Vec<u32>,
    /// Number of columns.
    pub width: usize,
}

/// A design of n rows: dense columns first, then the columns of each block.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    dense: Vec<Vec<f64>>,
    blocks: Vec<Block>,
    names: Vec<String>,
}

/// Gradient (intercept first) and lower Hessian of one range of rows.
pub(super) struct Partial {
    pub(super) gradient: Vec<f64>,
    pub(super) hessian: Vec<f64>,
}

/// Ranges of rows that are summed on their own; their number depends on the rows alone, so that sums have the
/// same bits for any number of threads, and is small, so that their Hessians fit in memory.
const RANGES: usize = 16;

impl Matrix {
    /// A matrix of `rows` rows; `names` has one name per column, for error messages.
    ///
    /// # Errors
    /// [`Error::Length`] if a column has another length, or there are more or fewer names than columns.
    pub fn new(rows: usize, dense: Vec<Vec<f64>>, blocks: Vec<Block>, names: Vec<String>) -> Result<Self> {
        let lengths = dense.iter().map(Vec::len).chain(blocks.iter().map(|b| b.codes.len()));
        for got in lengths {
            if got != rows {
                return Err(Error::Length { what: "column".into(), expected: rows, got });
            }
        }
        let width = dense.len() + blocks.iter().map(|b| b.width).sum::<usize>();
        if names.len() != width {
            return Err(Error::Length { what: "column names".into(), expected: width, got: names.len() });
        }
        Ok(Self { rows, dense, blocks, names })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, the intercept not counted.
    #[must_use]
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// Name of a column.
    pub(super) fn name(&self, column: usize) -> String {
        self.names.get(column).cloned().unwrap_or_else(|| "intercept".into())
    }

    /// Dense columns.
    pub(super) fn dense(&self) -> &[Vec<f64>] {
        &self.dense
    }

    /// Blocks and their first columns.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (&Block, usize)> {
        let mut first = self.dense.len();
        self.blocks.iter().map(move |b| {
            first += b.width;
            (b, first - b.width)
        })
    }

    pub(super) fn check_finite(&self) -> Result<()> {
        for (column, name) in self.dense.iter().zip(&self.names) {
            let count = column.iter().filter(|v| !v.is_finite()).count();
            if count > 0 {
                return Err(Error::NonFinite { what: format!("column '{name}'"), count });
            }
        }
        Ok(())
    }

    /// Weighted mean of every column.
    pub(super) fn means(&self, weight: &[f64]) -> Vec<f64> {
        let total = crate::math::sum(weight);
        let at = |i: usize| weight.get(i).copied().unwrap_or(0.0);
        let mut means: Vec<f64> = self
            .dense
            .iter()
            .map(|c| crate::math::sum_by(self.rows, |i| at(i) * c.get(i).copied().unwrap_or(0.0)) / total)
            .collect();
        for (block, _) in self.blocks() {
            let mut sums = vec![0.0; block.width];
            for (code, w) in block.codes.iter().zip(weight) {
                if let Some(s) = sums.get_mut(*code as usize) {
                    *s += w;
                }
            }
            means.extend(sums.into_iter().map(|s| s / total));
        }
        means
    }

    /// η = intercept + X·coefficients; `beta` has the intercept first.
    pub(super) fn predict(&self, beta: &[f64]) -> Vec<f64> {
        let mut eta = vec![0.0; self.rows];
        eta.par_chunks_mut(CHUNK).enumerate().for_each(|(c, out)| self.predict_range(beta, c * CHUNK, out));
        eta
    }

    fn predict_range(&self, beta: &[f64], start: usize, out: &mut [f64]) {
        out.fill(beta.first().copied().unwrap_or(0.0));
        let coefficients = beta.get(1..).unwrap_or(&[]);
        for (column, b) in self.dense.iter().zip(coefficients) {
            for (o, x) in out.iter_mut().zip(column.get(start..).unwrap_or(&[])) {
                *o += b * x;
            }
        }
        for (block, first) in self.blocks() {
            let b = coefficients.get(first..first + block.width).unwrap_or(&[]);
            for (o, code) in out.iter_mut().zip(block.codes.get(start..).unwrap_or(&[])) {
                *o += b.get(*code as usize).copied().unwrap_or(0.0);
            }
        }
    }

    /// Gradient Σ rᵢxᵢ and, if `curvature` is given, Hessian Σ hᵢxᵢxᵢᵀ (lower triangle by rows, size p + 1).
    pub(super) fn accumulate(&self, residual: &[f64], curvature: Option<&[f64]>) -> Partial {
        let chunks = self.rows.div_ceil(CHUNK).max(1);
        // Wide designs are summed in fewer ranges, so that their Hessians fit in memory.
        let ranges = if self.width() > 1000 { 2 } else { RANGES };
        let per_range = chunks.div_ceil(ranges);
        let ranges: Vec<std::ops::Range<usize>> = (0..chunks.div_ceil(per_range))
            .map(|r| (r * per_range * CHUNK).min(self.rows)..((r + 1) * per_range * CHUNK).min(self.rows))
            .collect();
        let parts: Vec<Partial> =
            ranges.into_par_iter().map(|range| self.accumulate_range(residual, curvature, range)).collect();
        crate::math::tree(parts, |mut a, b| {
            a.gradient.iter_mut().zip(&b.gradient).for_each(|(x, y)| *x += y);
            a.hessian.iter_mut().zip(&b.hessian).for_each(|(x, y)| *x += y);
            a
        })
        .unwrap_or(Partial { gradient: vec![0.0; self.width() + 1], hessian: Vec::new() })
    }

    fn accumulate_range(&self, residual: &[f64], curvature: Option<&[f64]>, range: std::ops::Range<usize>) -> Partial {
        let size = self.width() + 1;
        let mut part = Partial {
            gradient: vec![0.0; size],
            hessian: if curvature.is_some() { vec![0.0; size * (size + 1) / 2] } else { Vec::new() },
        };
        let mut start = range.start;
        let mut scaled = Vec::new();
        while start < range.end {
            let chunk = start..(start + CHUNK).min(range.end);
            self.add_gradient(residual.get(chunk.clone()).unwrap_or(&[]), chunk.clone(), &mut part.gradient);
            if let Some(h) = curvature {
                self.add_hessian(h.get(chunk.clone()).unwrap_or(&[]), chunk, &mut part.hessian, &mut scaled);
            }
            start += CHUNK;
        }
        part
    }

    fn add_gradient(&self, r: &[f64], chunk: std::ops::Range<usize>, gradient: &mut [f64]) {
        let Some((intercept, rest)) = gradient.split_first_mut() else { return };
        *intercept += r.iter().sum::<f64>();
        for (column, g) in self.dense.iter().zip(rest.iter_mut()) {
            *g += dot(column.get(chunk.clone()).unwrap_or(&[]), r);
        }
        for (block, first) in self.blocks() {
            let Some(g) = rest.get_mut(first..first + block.width) else { continue };
            scatter(block.codes.get(chunk.clone()).unwrap_or(&[]), r, g);
        }
    }

    /// Adds Σ hᵢxᵢxᵢᵀ of a chunk; row j of the lower triangle starts at j(j+1)/2, row 0 is the intercept.
    fn add_hessian(&self, h: &[f64], chunk: std::ops::Range<usize>, hessian: &mut [f64], scaled: &mut Vec<f64>) {
        if let Some(corner) = hessian.first_mut() {
            *corner += h.iter().sum::<f64>();
        }
        let slice = |c: usize| self.dense.get(c).and_then(|v| v.get(chunk.clone())).unwrap_or(&[]);
        for j in 0..self.dense.len() {
            scaled.clear();
            scaled.extend(slice(j).iter().zip(h).map(|(x, h)| x * h));
            let Some(row) = row_of(hessian, j + 1) else { continue };
            let Some((first, rest)) = row.split_first_mut() else { continue };
            *first += scaled.iter().sum::<f64>();
            for (k, slot) in rest.iter_mut().enumerate() {
                *slot += dot(scaled, slice(k));
            }
        }
        for (b, (block, first)) in self.blocks().enumerate() {
            let codes = block.codes.get(chunk.clone()).unwrap_or(&[]);
            for (code, h) in codes.iter().zip(h).filter(|(c, _)| (**c as usize) < block.width) {
                let Some(row) = row_of(hessian, 1 + first + *code as usize) else { continue };
                if let Some(intercept) = row.first_mut() {
                    *intercept += h;
                }
                if let Some(diagonal) = row.last_mut() {
                    *diagonal += h;
                }
            }
            for j in 0..self.dense.len() {
                for ((code, h), x) in
                    codes.iter().zip(h).zip(slice(j)).filter(|((c, _), _)| (**c as usize) < block.width)
                {
                    if let Some(slot) = row_of(hessian, 1 + first + *code as usize).and_then(|r| r.get_mut(1 + j)) {
                        *slot += h * x;
                    }
                }
            }
            for (other, other_first) in self.blocks().take(b) {
                let others = other.codes.get(chunk.clone()).unwrap_or(&[]);
                for ((code, o), h) in codes.iter().zip(others).zip(h) {
                    if (*code as usize) < block.width
                        && (*o as usize) < other.width
                        && let Some(slot) = row_of(hessian, 1 + first + *code as usize)
                            .and_then(|r| r.get_mut(1 + other_first + *o as usize))
                    {
                        *slot += h;
                    }
                }
            }
        }
    }
}

/// Row `j` of a lower triangle stored by rows: j + 1 numbers.
fn row_of(triangle: &mut [f64], j: usize) -> Option<&mut [f64]> {
    let start = j * (j + 1) / 2;
    triangle.get_mut(start..=start + j)
}

/// Σ aᵢbᵢ in eight lanes, so that the compiler can use vector instructions.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0f64; 8];
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    for (x, y) in a8.iter().zip(b8) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    let [l0, l1, l2, l3, l4, l5, l6, l7] = lanes;
    let body = ((l0 + l4) + (l2 + l6)) + ((l1 + l5) + (l3 + l7));
    body + a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f64>()
}

fn scatter(codes: &[u32], values: &[f64], sums: &mut [f64]) {
    for (code, v) in codes.iter().zip(values) {
        if let Some(s) = sums.get_mut(*code as usize) {
            *s += v;
        }
    }
}
