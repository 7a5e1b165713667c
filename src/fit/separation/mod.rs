//! Separation: columns that predict the classes without error, for which the likelihood has no maximum.
//!
//! There is separation if some direction d ≠ 0 has (2yᵢ − 1)·xᵢᵀd ≥ 0 for every row, and > 0 for some: along d the
//! likelihood rises without bound. If it is > 0 for all rows, separation is complete, else quasi-complete. A. Albert,
//! J. Anderson, "On the existence of maximum likelihood estimates in logistic regression models", Biometrika 71, 1984.
//! Whether there is one is a linear program (K. Konis, "Linear programming algorithms for detecting separated data in binary
//! logistic regression models", 2007), solved here as a problem of least squares (see `cone`).

#![allow(clippy::indexing_slicing, reason = "all vectors have one number per row or coefficient of one matrix")]

pub(super) mod collinear;
pub(super) mod cone;
pub(super) mod wide;

use std::borrow::Cow;

use super::matrix::Matrix;
use crate::error::Result;
use crate::fit::separation::collinear::{Basis, CrossProducts};
use crate::fit::separation::cone::{ROUNDING, SeparatingDirection};
use crate::fit::solvers::objective::{Objective, largest};
use crate::progress::Task;

/// The result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Separation {
    /// Whether all rows are separated.
    pub(super) complete: bool,
    /// Rows on the right side.
    pub(super) rows: usize,
    /// Columns of the direction.
    pub(super) columns: Vec<usize>,
}

/// Looks for separation: the separated rows, and the fewest columns that separate them. `None` without separation.
///
/// For designs that are not too wide for a basis of their columns; see `wide` for others.
pub(super) fn find(f: &Objective<'_>, task: &Task) -> Result<Option<Separation>> {
    let used: Vec<usize> = (0..f.x.rows()).filter(|i| f.observed.weight.is_none_or(|w| w[*i] > 0.0)).collect();
    let x = if used.len() == f.x.rows() { Cow::Borrowed(f.x) } else { Cow::Owned(f.x.take(&used)) };
    let rows = SeparationRows {
        products: CrossProducts::of(&x, &vec![1.0; x.rows()])?,
        y: pick(f.observed.y, &used),
        x,
        f,
        task,
    };
    let all: Vec<usize> = (0..f.x.width()).filter(|c| !f.is_pinned(c + 1)).collect();
    let Some((direction, basis)) = rows.direction(&all)? else { return Ok(None) };
    let separated = rows.separated_rows(&all)?;
    let complete = separated == rows.y.len();
    let single: Vec<usize> = all
        .iter()
        .copied()
        .filter(|c| by_one(f, &used, &f.x.column(*c)).is_some_and(|(n, _)| n == separated))
        .collect();
    if !single.is_empty() {
        return Ok(Some(Separation { complete, rows: separated, columns: single }));
    }
    let part = |c: &usize| direction.beta[c + 1].abs() * basis.spread(*c);
    let mut candidates = basis.kept.clone();
    candidates.sort_by(|a, b| part(a).total_cmp(&part(b)));
    let mut columns = candidates.clone();
    let work = (rows.y.len() * basis.size()).max(1);
    let mut tries = (MOST_WORK / work).clamp(1, 500);
    rows.leave_out(&candidates, &mut columns, separated, &mut tries)?;
    columns.sort_unstable();
    Ok(Some(Separation { complete, rows: separated, columns }))
}

/// Rows times columns that are looked at to find the fewest columns; each search passes some tens of times.
const MOST_WORK: usize = 100_000_000;

fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().map(|i| values[*i]).collect()
}

/// Rows with weight.
struct SeparationRows<'a> {
    x: Cow<'a, Matrix<'a>>,
    y: Vec<bool>,
    products: CrossProducts,
    f: &'a Objective<'a>,
    task: &'a Task,
}

impl SeparationRows<'_> {
    fn basis(&self, products: &CrossProducts, columns: &[usize]) -> Basis {
        Basis::of(products, |c| if c == 0 { self.f.is_pinned(0) } else { !columns.contains(&(c - 1)) })
    }

    /// A direction of some columns that separates.
    fn direction(&self, columns: &[usize]) -> Result<Option<(SeparatingDirection, Basis)>> {
        let basis = self.basis(&self.products, columns);
        Ok(cone::separating(&self.x, &self.y, &basis, self.task)?.map(|d| (d, basis)))
    }

    /// How many rows some columns separate in all: the rows of one direction, then of the rows it leaves at 0 the rows that
    /// another direction separates, and so on.
    fn separated_rows(&self, columns: &[usize]) -> Result<usize> {
        let Some((mut direction, _)) = self.direction(columns)? else { return Ok(0) };
        let mut left: Vec<usize> = (0..self.y.len()).collect();
        loop {
            let least = ROUNDING * largest(&direction.sides);
            left = (0..left.len()).filter(|i| direction.sides[*i] <= least).map(|i| left[i]).collect();
            if left.is_empty() {
                return Ok(self.y.len());
            }
            let (x, y) = (self.x.take(&left), pick(&self.y, &left));
            let basis = self.basis(&CrossProducts::of(&x, &vec![1.0; x.rows()])?, columns);
            match cone::separating(&x, &y, &basis, self.task)? {
                Some(next) => direction = next,
                None => return Ok(self.y.len() - left.len()),
            }
        }
    }

    /// Removes from `columns` the members of `some` that are not needed to separate as many rows: all at once, or else half of
    /// them and then the other half.
    fn leave_out(&self, some: &[usize], columns: &mut Vec<usize>, separated: usize, tries: &mut usize) -> Result<()> {
        if *tries == 0 || some.is_empty() {
            return Ok(());
        }
        let fewer: Vec<usize> = columns.iter().copied().filter(|c| !some.contains(c)).collect();
        if !fewer.is_empty() {
            *tries -= 1;
            if self.separated_rows(&fewer)? == separated {
                *columns = fewer;
                return Ok(());
            }
        }
        if some.len() > 1 {
            let (first, second) = some.split_at(some.len() / 2);
            self.leave_out(first, columns, separated, tries)?;
            self.leave_out(second, columns, separated, tries)?;
        }
        Ok(())
    }
}

/// How many of some rows one column separates, and the value of the other rows, if its values do not overlap between the
/// classes.
pub(super) fn by_one(f: &Objective<'_>, rows: &[usize], values: &[f64]) -> Option<(usize, Option<f64>)> {
    let of = |class: bool| rows.iter().filter(move |i| f.observed.y[**i] == class).map(|i| values[*i]);
    let range = |class| of(class).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    let (negative, positive) = (range(false), range(true));
    if negative == positive {
        return None;
    }
    // Without an intercept the border is 0.
    let border = if negative.1 <= positive.0 {
        negative.1..=positive.0
    } else if positive.1 <= negative.0 {
        positive.1..=negative.0
    } else {
        return None;
    };
    if f.is_pinned(0) && !border.contains(&0.0) {
        return None;
    }
    if border.start() < border.end() && !f.is_pinned(0) {
        return Some((rows.len(), None));
    }
    // Rows on the border are not separated.
    let border = if f.is_pinned(0) { 0.0 } else { *border.start() };
    let separated = rows.iter().filter(|i| values[**i] != border).count();
    Some((separated, Some(border)))
}
