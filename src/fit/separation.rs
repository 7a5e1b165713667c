//! Separation: columns that tell the classes apart without error, so that the likelihood has no maximum.
//!
//! There is separation if some direction d ≠ 0 has (2yᵢ − 1)·xᵢᵀd ≥ 0 for every row, and > 0 for some: along d the
//! likelihood rises for ever. If it is > 0 for all rows, separation is complete, else quasi-complete. A. Albert,
//! J. Anderson, "On the existence of maximum likelihood estimates in logistic regression models", Biometrika 71, 1984.
//!
//! Single columns are looked at first. Else such a direction is where ridge solutions go as the ridge vanishes; a candidate is proved by looking at every row.

#![allow(clippy::indexing_slicing, reason = "all vectors have one number per row or coefficient of one matrix")]

use super::newton::{self, Stop};
use super::objective::Objective;
use crate::error::{Error, Result};
use crate::task::Task;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Separation {
    /// Whether all rows are told apart.
    pub(super) complete: bool,
    /// Rows on the right side.
    pub(super) rows: usize,
    /// Columns of the direction.
    pub(super) columns: Vec<usize>,
}

/// Looks for separation. `None` if no direction could be proved.
pub(super) fn find(f: &Objective<'_>, task: &Task) -> Result<Option<Separation>> {
    let mut alone: Option<Separation> = None;
    for column in (0..f.x.width()).filter(|c| !f.is_pinned(c + 1)) {
        task.check()?;
        if let Some((rows, complete)) = by_one(f, column) {
            let found = alone.get_or_insert(Separation { complete: false, rows: 0, columns: Vec::new() });
            found.complete |= complete;
            found.rows = found.rows.max(rows);
            found.columns.push(column);
        }
    }
    if alone.is_some() {
        return Ok(alone);
    }
    let (_, squares) = f.x.moments(f.observed.weight);
    let stop = Stop { tolerance: 1e-9, max_iterations: 60, partial: false };
    let mut start: Option<Vec<f64>> = None;
    let mut solutions: Vec<Vec<f64>> = Vec::new();
    for ridge in [1e-1, 1e-3, 1e-5, 1e-7] {
        // Offsets shift the classes, but do not change whether a direction separates them.
        let observed = super::matrix::Observed { offset: None, ..f.observed };
        let g = Objective { ridge: ridge * f.total / f.x.rows() as f64, observed, ..f.clone() };
        match newton::solve(&g, start.take().or_else(|| Some(g.cold_start())), stop, task) {
            Ok(solution) => {
                solutions.push(solution.beta());
                start = solutions.last().cloned();
            }
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(_) => break,
        }
        let [.., before, last] = solutions.as_slice() else { continue };
        let direction: Vec<f64> = last.iter().zip(before).map(|(a, b)| a - b).collect();
        if let Some(separation) = prove(f, &direction, &squares) {
            return Ok(Some(separation));
        }
    }
    Ok(None)
}

/// How many rows one column tells apart, and whether all, if its values do not overlap between the classes.
fn by_one(f: &Objective<'_>, column: usize) -> Option<(usize, bool)> {
    let values = f.x.column(column);
    let weighted = |i: &usize| f.observed.weight.is_none_or(|w| w[*i] > 0.0);
    let of =
        |class: bool| (0..values.len()).filter(weighted).filter(move |i| f.observed.y[*i] == class).map(|i| values[i]);
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
    if border.start() < border.end() {
        return Some((of(true).count() + of(false).count(), true));
    }
    // Rows on the border are told nothing about.
    let rows = of(true).chain(of(false)).filter(|v| v != border.start()).count();
    Some((rows, false))
}

/// Small parts of a direction are what the other coefficients still move; they are left out.
const LEAST_PART: f64 = 0.02;

fn prove(f: &Objective<'_>, direction: &[f64], squares: &[f64]) -> Option<Separation> {
    let size = |j: usize| if j == 0 { 1.0 } else { squares[j - 1].sqrt() };
    let largest = direction.iter().enumerate().fold(0.0f64, |m, (j, d)| m.max(d.abs() * size(j)));
    if largest < 0.1 {
        return None;
    }
    let kept = |j: usize| direction[j].abs() * size(j) > LEAST_PART * largest;
    let pruned: Vec<f64> = (0..direction.len()).map(|j| if kept(j) { direction[j] } else { 0.0 }).collect();
    // Pruned, and if that cuts too much, whole.
    for (d, least) in [(&pruned, 1e-6), (&direction.to_vec(), 1e-4)] {
        let side = f.x.predict(d, None);
        let weighted = |i: &usize| f.observed.weight.is_none_or(|w| w[*i] > 0.0);
        let (mut rows, mut all) = (0, 0);
        let mut wrong = false;
        for i in (0..side.len()).filter(weighted) {
            let s = if f.observed.y[i] { side[i] } else { -side[i] };
            wrong |= s < -least * largest;
            rows += usize::from(s > least * largest);
            all += 1;
        }
        if !wrong && rows > 0 {
            let columns = (1..direction.len()).filter(|j| d[*j] != 0.0 && kept(*j)).map(|j| j - 1).collect();
            return Some(Separation { complete: rows == all, rows, columns });
        }
    }
    None
}
