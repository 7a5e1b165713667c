//! Sparse columns, compressed by rows (CSR).

use std::borrow::Cow;

use crate::error::{Error, Result};

/// A sparse matrix: row i holds `values[k]` in column `indices[k]` for k in `starts[i]..starts[i + 1]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparse<'a> {
    starts: Cow<'a, [usize]>,
    indices: Cow<'a, [u32]>,
    values: Cow<'a, [f64]>,
    columns: usize,
}

impl<'a> Sparse<'a> {
    /// A matrix of `starts.len() - 1` rows. Columns ascend within a row and occur once.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the row at which the parts contradict each other.
    pub fn new(
        starts: impl Into<Cow<'a, [usize]>>,
        indices: impl Into<Cow<'a, [u32]>>,
        values: impl Into<Cow<'a, [f64]>>,
        columns: usize,
    ) -> Result<Self> {
        let (starts, indices, values) = (starts.into(), indices.into(), values.into());
        let bad = |problem: String| Err(Error::option("sparse matrix", problem));
        if starts.first() != Some(&0) || starts.last() != Some(&values.len()) || indices.len() != values.len() {
            return bad(format!(
                "{} row starts, {} indices and {} values are inconsistent",
                starts.len(),
                indices.len(),
                values.len()
            ));
        }
        for (row, pair) in starts.windows(2).enumerate() {
            let [from, to] = pair else { continue };
            let Some(columns_of_row) = indices.get(*from..*to) else {
                return bad(format!("row {row} starts after its end"));
            };
            if !columns_of_row.is_sorted_by(|a, b| a < b) {
                return bad(format!("the column indices of row {row} are not strictly ascending"));
            }
            if columns_of_row.last().is_some_and(|c| *c as usize >= columns) {
                return bad(format!("row {row} has a column index that is not below {columns}"));
            }
        }
        Ok(Self { starts, indices, values, columns })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Columns and values of one row.
    #[inline(always)]
    pub fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = match self.starts.get(i..i + 2) {
            Some([from, to]) => *from..*to,
            _ => 0..0,
        };
        let indices = self.indices.get(range.clone()).unwrap_or(&[]);
        let values = self.values.get(range).unwrap_or(&[]);
        indices.iter().map(|c| *c as usize).zip(values.iter().copied())
    }

    /// Columns that hold a number that is not finite, with how many.
    pub(super) fn not_finite(&self) -> Vec<(usize, usize)> {
        let mut counts = std::collections::BTreeMap::<usize, usize>::new();
        for (c, _) in self.indices.iter().zip(self.values.iter()).filter(|(_, v)| !v.is_finite()) {
            *counts.entry(*c as usize).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    pub(super) fn take(&self, rows: &[usize]) -> Sparse<'static> {
        let mut starts = vec![0];
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        for i in rows {
            for (c, v) in self.row(*i) {
                indices.push(c as u32);
                values.push(v);
            }
            starts.push(values.len());
        }
        Sparse { starts: starts.into(), indices: indices.into(), values: values.into(), columns: self.columns }
    }
}
