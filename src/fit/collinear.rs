//! Columns that are constant or combinations of others: without a penalty their coefficients are not determined.

#![allow(clippy::indexing_slicing, reason = "square matrices of one size, made here")]

use super::matrix::Plan;
use super::objective::Objective;

/// A column and the earlier ones it is a combination of; of none but the intercept it is constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependent {
    pub(super) column: usize,
    pub(super) of: Vec<usize>,
    /// The column does vary, but so little beside its mean that sums of squares do not show it.
    pub(super) far_from_zero: bool,
}

impl Dependent {
    /// `x = constant`, or `x is a combination of a, b`.
    pub(super) fn describe(&self, f: &Objective<'_>) -> String {
        let name = f.x.name(self.column);
        if self.far_from_zero {
            return format!("'{name}' varies too little beside its mean; subtract the mean");
        }
        match self.of.as_slice() {
            [] => format!("'{name}' is constant"),
            of => {
                let names: Vec<String> = of.iter().take(8).map(|c| format!("'{}'", f.x.name(*c))).collect();
                let more = if of.len() > 8 { format!(" and {} more", of.len() - 8) } else { String::new() };
                format!("'{name}' is a combination of {}{more}", names.join(", "))
            }
        }
    }
}

/// Share of a column's variance that must not be explained by those before it.
const LEAST_OWN: f64 = 1e-11;

/// Columns in order, each judged given the intercept and the columns kept before it.
///
/// Cholesky factorisation of the weighted covariance matrix in which columns without variance of their own are passed
/// over; their combination follows by back substitution.
pub(super) fn dependent(f: &Objective<'_>) -> Vec<Dependent> {
    let p = f.x.width();
    let ones = vec![1.0; f.x.rows()];
    let weights = f.observed.weight.unwrap_or(&ones);
    let plan = Plan::chosen(f.x, &(0..p).collect::<Vec<_>>());
    let square = f.x.gram(weights, &plan).square(&plan);
    let m = plan.size();
    let mut place = vec![0; p + 1];
    plan.coefficients().iter().enumerate().for_each(|(at, c)| place[*c] = at);
    let at = |j: usize, k: usize| square[place[j] * m + place[k]];
    // Without an intercept columns are not centred: a constant one is fine.
    let centred = |j: usize, k: usize| {
        if f.is_pinned(0) { at(j, k) } else { at(j, k) - at(0, j) * at(0, k) / at(0, 0) }
    };
    let mut l = vec![0.0; p * p];
    let (mut kept, mut found): (Vec<usize>, Vec<Dependent>) = (Vec::new(), Vec::new());
    for j in (0..p).filter(|j| !f.is_pinned(j + 1)) {
        for (at, k) in kept.iter().enumerate() {
            let inner: f64 = (0..at).map(|i| l[j * p + i] * l[k * p + i]).sum();
            l[j * p + at] = (centred(j + 1, k + 1) - inner) / l[k * p + at];
        }
        let explained: f64 = (0..kept.len()).map(|i| l[j * p + i] * l[j * p + i]).sum();
        let own = centred(j + 1, j + 1);
        let pivot = own - explained;
        // Rounding of the centring is relative to the uncentred square.
        let constant = own <= LEAST_OWN * at(j + 1, j + 1);
        if !constant && pivot > LEAST_OWN * own {
            l[j * p + kept.len()] = pivot.sqrt();
            kept.push(j);
            continue;
        }
        let mut combination: Vec<f64> = (0..kept.len()).map(|i| l[j * p + i]).collect();
        for i in (0..kept.len()).rev() {
            combination[i] /= l[kept[i] * p + i];
            let share = combination[i];
            (0..i).for_each(|e| combination[e] -= share * l[kept[i] * p + e]);
        }
        let matters = |i: &usize| (combination[*i].powi(2) * centred(kept[*i] + 1, kept[*i] + 1)) > 1e-10 * own;
        let of = if constant { Vec::new() } else { (0..kept.len()).filter(matters).map(|i| kept[i]).collect() };
        let far_from_zero = constant && {
            let column = f.x.column(j);
            let mut values = column.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(v, _)| *v);
            let first = values.next();
            values.any(|v| Some(v) != first)
        };
        found.push(Dependent { column: j, of, far_from_zero });
    }
    found
}
