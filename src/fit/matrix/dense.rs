//! Dense numeric columns: by rows or by columns, in double or single precision, borrowed where they lie.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::math::vector::Element;

/// Numbers of a dense matrix.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers<'a> {
    /// Double precision.
    F64(Cow<'a, [f64]>),
    /// Single precision; sums are in double precision.
    F32(Cow<'a, [f32]>),
}

impl From<Vec<f64>> for Numbers<'_> {
    fn from(v: Vec<f64>) -> Self {
        Self::F64(Cow::Owned(v))
    }
}

impl<'a> From<&'a [f64]> for Numbers<'a> {
    fn from(v: &'a [f64]) -> Self {
        Self::F64(Cow::Borrowed(v))
    }
}

impl<'a> From<&'a [f32]> for Numbers<'a> {
    fn from(v: &'a [f32]) -> Self {
        Self::F32(Cow::Borrowed(v))
    }
}

impl Numbers<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F64(v) => v.len(),
            Self::F32(v) => v.len(),
        }
    }

    fn get(&self, i: usize) -> Option<f64> {
        match self {
            Self::F64(v) => v.get(i).copied(),
            Self::F32(v) => v.get(i).map(|x| f64::from(*x)),
        }
    }

    /// Some rows of a matrix of so many columns, laid out as before.
    fn take(&self, rows: &[usize], columns: usize, by_rows: bool) -> Numbers<'static> {
        match self {
            Self::F64(v) => Numbers::F64(Cow::Owned(pick(v, rows, columns, by_rows))),
            Self::F32(v) => Numbers::F32(Cow::Owned(pick(v, rows, columns, by_rows))),
        }
    }
}

/// As [`Numbers::take`], for one number type.
fn pick<T: Copy + Default + Send + Sync>(from: &[T], rows: &[usize], columns: usize, by_rows: bool) -> Vec<T> {
    let mut out = vec![T::default(); rows.len() * columns];
    if rows.is_empty() || columns == 0 {
        return out;
    }
    if by_rows {
        out.par_chunks_mut(columns).zip(rows).with_min_len(1024).for_each(|(to, row)| {
            if let Some(from) = from.get(row * columns..(row + 1) * columns) {
                to.copy_from_slice(from);
            }
        });
    } else {
        let height = (from.len() / columns).max(1);
        out.par_chunks_mut(rows.len()).zip(from.par_chunks(height)).for_each(|(to, from)| {
            for (to, row) in to.iter_mut().zip(rows) {
                *to = from.get(*row).copied().unwrap_or_default();
            }
        });
    }
    out
}

/// A dense matrix of n rows and d columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense<'a> {
    numbers: Numbers<'a>,
    rows: usize,
    columns: usize,
    by_rows: bool,
}

impl<'a> Dense<'a> {
    /// Numbers row after row (C order).
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `rows · columns` numbers.
    pub fn by_rows(numbers: impl Into<Numbers<'a>>, rows: usize, columns: usize) -> Result<Self> {
        Self::new(numbers.into(), rows, columns, true)
    }

    /// Numbers column after column (Fortran order).
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `rows · columns` numbers.
    pub fn by_columns(numbers: impl Into<Numbers<'a>>, rows: usize, columns: usize) -> Result<Self> {
        Self::new(numbers.into(), rows, columns, false)
    }

    fn new(numbers: Numbers<'a>, rows: usize, columns: usize, by_rows: bool) -> Result<Self> {
        if rows.checked_mul(columns) != Some(numbers.len()) {
            return Err(Error::Length {
                what: format!("a dense matrix of {rows} rows and {columns} columns"),
                expected: rows.saturating_mul(columns),
                got: numbers.len(),
            });
        }
        Ok(Self { numbers, rows, columns, by_rows })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn numbers(&self) -> &Numbers<'a> {
        &self.numbers
    }

    /// Steps from row to row, and from column to column.
    pub(crate) fn strides(&self) -> (usize, usize) {
        if self.by_rows { (self.columns, 1) } else { (1, self.rows) }
    }

    pub(super) fn get(&self, row: usize, column: usize) -> f64 {
        let (by_row, by_column) = self.strides();
        self.numbers.get(row * by_row + column * by_column).unwrap_or(f64::NAN)
    }

    /// Numbers of one column.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = f64> {
        (0..self.rows).map(move |i| self.get(i, column))
    }

    /// Columns that hold a number that is not finite, with how many.
    pub(super) fn not_finite(&self) -> Vec<(usize, usize)> {
        let count = |j: usize| self.column(j).filter(|v| !v.is_finite()).count();
        (0..self.columns).map(|j| (j, count(j))).filter(|(_, n)| *n > 0).collect()
    }

    /// The same with a number taken off each column, in double precision.
    pub(super) fn less(&self, means: &[f64]) -> Dense<'static> {
        let mut numbers = Vec::with_capacity(self.rows * self.columns);
        for (j, mean) in means.iter().enumerate().take(self.columns) {
            numbers.extend(self.column(j).map(|v| v - mean));
        }
        Dense { numbers: numbers.into(), rows: self.rows, columns: self.columns, by_rows: false }
    }

    /// Some rows, as a matrix of their own.
    pub(super) fn take(&self, rows: &[usize]) -> Dense<'static> {
        let numbers = self.numbers.take(rows, self.columns, self.by_rows);
        Dense { numbers, rows: rows.len(), columns: self.columns, by_rows: self.by_rows }
    }
}

/// A dense matrix of one number type, as kernels read it.
#[derive(Clone, Copy)]
pub(super) struct ColumnView<'a, T> {
    pub(super) numbers: &'a [T],
    pub(super) columns: usize,
    pub(super) by_row: usize,
    pub(super) by_column: usize,
}

impl<'a, T: Element> ColumnView<'a, T> {
    pub(super) fn of(dense: &Dense<'_>, numbers: &'a [T]) -> Self {
        let (by_row, by_column) = dense.strides();
        Self { numbers, columns: dense.columns, by_row, by_column }
    }
}

/// Runs `$body` with `$view` bound to the dense columns of matrix `$x`, of either number type; skipped without dense columns.
macro_rules! with_dense {
    ($x:expr, $view:ident => $body:expr) => {
        match $x.dense.as_ref().map(|d| (d, d.numbers())) {
            Some((d, $crate::fit::matrix::dense::Numbers::F64(v))) => {
                let $view = ColumnView::of(d, v);
                $body
            }
            Some((d, $crate::fit::matrix::dense::Numbers::F32(v))) => {
                let $view = ColumnView::of(d, v);
                $body
            }
            None => {
                let $view = ColumnView { numbers: &[] as &[f64], columns: 0, by_row: 0, by_column: 1 };
                $body
            }
        }
    };
}
pub(super) use with_dense;
