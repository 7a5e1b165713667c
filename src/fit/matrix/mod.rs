//! The design matrix, kept split: dense numbers, texts as one code per row, sparse columns.
//!
//! Products are computed part by part and block by block; nothing is expanded, and borrowed arrays are read where they
//! lie.

#![allow(
    clippy::indexing_slicing,
    reason = "kernels: shapes are checked where a matrix is made, and where each kernel starts"
)]

mod codes;
mod dense;
mod folds;
mod kernels;
mod link;
mod normal;
mod pass;
mod sparse;

use crate::error::{Error, Result};

pub use codes::{CodeList, LevelCodes};
pub use dense::{Dense, Numbers};
pub(super) use folds::{FoldFound, FoldQuery};
pub(super) use link::FoldRole;
pub(super) use normal::{Normal, NormalLayout};
pub(super) use pass::Hessian;
pub use sparse::Sparse;

/// A design of n rows: dense columns first, then the columns of each block of codes, then sparse columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix<'a> {
    rows: usize,
    dense: Option<Dense<'a>>,
    blocks: Vec<LevelCodes<'a>>,
    sparse: Option<Sparse<'a>>,
    names: Vec<String>,
}

/// Observations of each row besides the design.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed<'a> {
    /// Label of each row.
    pub(crate) y: &'a [bool],
    /// Weights, `None` for ones.
    pub(crate) weight: Option<&'a [f64]>,
    /// Numbers added to η, `None` for zeros.
    pub(crate) offset: Option<&'a [f64]>,
}

impl<'a> Matrix<'a> {
    /// A matrix of its parts.
    ///
    /// # Errors
    /// [`Error::Length`] if the parts have different numbers of rows, or there is none.
    pub fn new(dense: Option<Dense<'a>>, blocks: Vec<LevelCodes<'a>>, sparse: Option<Sparse<'a>>) -> Result<Self> {
        let lengths: Vec<usize> = (dense.iter().map(Dense::rows))
            .chain(blocks.iter().map(LevelCodes::rows))
            .chain(sparse.iter().map(Sparse::rows))
            .collect();
        let Some(rows) = lengths.first().copied() else {
            return Err(Error::Length { what: "parts of the matrix".into(), expected: 1, got: 0 });
        };
        if let Some(got) = lengths.into_iter().find(|n| *n != rows) {
            return Err(Error::Length { what: "a part of the matrix".into(), expected: rows, got });
        }
        Ok(Self { rows, dense, blocks, sparse, names: Vec::new() })
    }

    /// The same with a name per column, for messages and results.
    ///
    /// # Errors
    /// [`Error::Length`] if there are more or fewer names than columns.
    pub fn named(mut self, names: Vec<String>) -> Result<Self> {
        if names.len() != self.width() {
            return Err(Error::Length { what: "column names".into(), expected: self.width(), got: names.len() });
        }
        self.names = names;
        Ok(self)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, the intercept not counted.
    #[must_use]
    pub fn width(&self) -> usize {
        self.dense_width()
            + self.blocks.iter().map(|b| b.width).sum::<usize>()
            + self.sparse.as_ref().map_or(0, Sparse::columns)
    }

    /// Number of dense columns.
    pub(super) fn dense_width(&self) -> usize {
        self.dense.as_ref().map_or(0, Dense::columns)
    }

    /// Name of a column.
    #[must_use]
    pub fn name(&self, column: usize) -> String {
        self.names.get(column).cloned().unwrap_or_else(|| format!("x{column}"))
    }

    /// Blocks and their first columns, counted after the dense ones.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (&LevelCodes<'a>, usize)> {
        let mut first = 0;
        self.blocks.iter().map(move |b| {
            first += b.width;
            (b, first - b.width)
        })
    }

    /// Sparse columns and their first column, counted after the dense ones.
    pub(super) fn sparse(&self) -> Option<(&Sparse<'a>, usize)> {
        let first = self.blocks.iter().map(|b| b.width).sum();
        self.sparse.as_ref().map(|s| (s, first))
    }

    /// # Errors
    /// [`Error::NonFinite`] naming the first column with a number that is not finite, and how many it has.
    pub(super) fn check_finite(&self) -> Result<()> {
        let dense = self.dense.as_ref().map_or(Vec::new(), Dense::not_finite);
        let sparse = self.sparse.as_ref().map_or(Vec::new(), Sparse::not_finite);
        let first = self.width() - self.sparse.as_ref().map_or(0, Sparse::columns);
        let bad = dense.into_iter().chain(sparse.into_iter().map(|(c, n)| (first + c, n))).next();
        match bad {
            Some((column, count)) => Err(Error::NonFinite { what: format!("column '{}'", self.name(column)), count }),
            None => Ok(()),
        }
    }

    /// Numbers of one column, row by row.
    pub(super) fn column(&self, column: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.rows];
        let d = self.dense_width();
        if let Some(dense) = self.dense.as_ref().filter(|_| column < d) {
            out.iter_mut().zip(dense.column(column)).for_each(|(o, x)| *o = x);
            return out;
        }
        for (block, first) in self.blocks() {
            if (first..first + block.width).contains(&(column - d)) {
                for (i, o) in out.iter_mut().enumerate() {
                    *o = f64::from(u8::from(block.get(i) == Some(column - d - first)));
                }
            }
        }
        if let Some((sparse, first)) = self.sparse() {
            for (i, o) in out.iter_mut().enumerate() {
                if let Some((_, v)) = sparse.row(i).find(|(c, _)| first + c == column - d) {
                    *o = v;
                }
            }
        }
        out
    }

    /// Calls `each(row, column, value)` for every number of `row` that can differ from 0.
    pub(super) fn each_in_row(&self, row: usize, mut each: impl FnMut(usize, f64)) {
        let d = self.dense_width();
        if let Some(dense) = &self.dense {
            (0..d).for_each(|j| each(j, dense.get(row, j)));
        }
        for (block, first) in self.blocks() {
            if let Some(code) = block.get(row) {
                each(d + first + code, 1.0);
            }
        }
        if let Some((sparse, first)) = self.sparse() {
            sparse.row(row).for_each(|(c, v)| each(d + first + c, v));
        }
    }

    /// Weighted means of x and of x² of every column.
    pub(super) fn moments(&self, weight: Option<&[f64]>) -> (Vec<f64>, Vec<f64>) {
        let mut sums = vec![(0.0, 0.0); self.width()];
        let w = |i: usize| weight.map_or(1.0, |w| w[i]);
        let d = self.dense_width();
        if let Some(dense) = &self.dense {
            use rayon::prelude::*;
            sums[..d].par_iter_mut().enumerate().for_each(|(j, s)| {
                *s = (
                    crate::math::sum_by(self.rows, |i| w(i) * dense.get(i, j)),
                    crate::math::sum_by(self.rows, |i| w(i) * dense.get(i, j) * dense.get(i, j)),
                );
            });
        }
        for (block, first) in self.blocks() {
            for i in 0..self.rows {
                if let Some(code) = block.get(i) {
                    let s = &mut sums[d + first + code];
                    *s = (s.0 + w(i), s.1 + w(i));
                }
            }
        }
        if let Some((sparse, first)) = self.sparse() {
            for i in 0..self.rows {
                for (c, v) in sparse.row(i) {
                    let s = &mut sums[d + first + c];
                    *s = (s.0 + w(i) * v, s.1 + w(i) * v * v);
                }
            }
        }
        let total = weight.map_or(self.rows as f64, crate::math::sum);
        (sums.iter().map(|s| s.0 / total).collect(), sums.iter().map(|s| s.1 / total).collect())
    }

    /// Means of dense columns that are far from zero beside their spread, judged by rows at equal distances, and 0 for all
    /// others; `None` if no column is.
    pub(super) fn far_means(&self) -> Option<Vec<f64>> {
        const ROWS: usize = 1024;
        const FAR: f64 = 30.0;
        let dense = self.dense.as_ref()?;
        let step = self.rows.div_ceil(ROWS).max(1);
        let mut means = vec![0.0; self.width()];
        for (j, slot) in means.iter_mut().enumerate().take(dense.columns()) {
            let values = || (0..self.rows).step_by(step).map(|i| dense.get(i, j));
            let count = values().count() as f64;
            let mean = values().sum::<f64>() / count;
            let spread = (values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count).sqrt();
            if spread > 0.0 && mean.abs() > FAR * spread && mean.is_finite() {
                *slot = mean;
            }
        }
        means.iter().any(|m| *m != 0.0).then_some(means)
    }

    /// The same with a number taken off each column; 0 for all but dense ones.
    pub(super) fn less(&self, means: &[f64]) -> Self {
        let dense = self.dense.as_ref().map(|d| d.less(means));
        Self { dense, blocks: self.blocks.clone(), sparse: self.sparse.clone(), names: self.names.clone(), ..*self }
    }

    /// Some rows, as a matrix of their own.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Matrix<'static> {
        Matrix {
            rows: rows.len(),
            dense: self.dense.as_ref().map(|d| d.take(rows)),
            blocks: self.blocks.iter().map(|b| b.take(rows)).collect(),
            sparse: self.sparse.as_ref().map(|s| s.take(rows)),
            names: self.names.clone(),
        }
    }
}
