//! Columns that are constant or combinations of others: without a penalty their coefficients are not determined.

#![allow(clippy::indexing_slicing, reason = "square matrices of one size, made here")]

use crate::error::Result;
use crate::fit::matrix::{Matrix, NormalLayout};
use crate::fit::solvers::objective::Objective;

/// A column and the earlier ones it is a combination of; of none but the intercept it is constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::fit) struct Dependent {
    pub(in crate::fit) column: usize,
    pub(in crate::fit) of: Vec<usize>,
    /// The column does vary, but so little beside its mean that sums of squares do not show it.
    pub(in crate::fit) far_from_zero: bool,
}

impl Dependent {
    /// `x = constant`, or `x is a combination of a, b`.
    pub(in crate::fit) fn describe(&self, f: &Objective<'_>) -> String {
        let name = f.x.name(self.column);
        if self.far_from_zero {
            return format!("'{name}' varies too little compared with its mean; subtract the mean");
        }
        match self.of.as_slice() {
            [] => format!("'{name}' is constant"),
            of => {
                let names: Vec<String> = of.iter().take(8).map(|c| format!("'{}'", f.x.name(*c))).collect();
                let more = if of.len() > 8 { format!(" and {} more", of.len() - 8) } else { String::new() };
                format!("'{name}' is a linear combination of {}{more}", names.join(", "))
            }
        }
    }
}

/// Share of a column's variance that must not be explained by those before it.
const LEAST_OWN: f64 = 1e-11;

/// Weighted sums of products of the columns of a matrix and the intercept, from which bases of any of them are made.
pub(in crate::fit) struct CrossProducts {
    square: Vec<f64>,
    /// Place of each coefficient in it (0 is the intercept).
    place: Vec<usize>,
    size: usize,
}

impl CrossProducts {
    pub(in crate::fit) fn of(x: &Matrix<'_>, weights: &[f64]) -> Result<Self> {
        let plan = NormalLayout::chosen(x, &(0..x.width()).collect::<Vec<_>>());
        let square = x.gram(weights, &plan)?.square(&plan);
        let mut place = vec![0; x.width() + 1];
        plan.coefficients().iter().enumerate().for_each(|(at, c)| place[*c] = at);
        Ok(Self { square, place, size: plan.size() })
    }

    fn at(&self, j: usize, k: usize) -> f64 {
        self.square[self.place[j] * self.size + self.place[k]]
    }
}

/// An orthonormal basis of the columns that are not pinned: Cholesky factorisation of their products, in which columns
/// without variance of their own are passed over.
pub(in crate::fit) struct Basis {
    /// Columns that are not combinations of those before them.
    pub(in crate::fit) kept: Vec<usize>,
    /// The others; their combination follows by back substitution.
    pub(in crate::fit) dependent: Vec<Dependent>,
    /// L by rows, one per column.
    l: Vec<f64>,
    /// Mean of each column, and √Σw; without an intercept columns are not centred.
    centre: Option<(Vec<f64>, f64)>,
    width: usize,
}

impl Basis {
    /// Columns in order, each judged given the intercept and the columns kept before it; `pinned` coefficients (0 is the
    /// intercept) are left out.
    pub(in crate::fit) fn of(products: &CrossProducts, pinned: impl Fn(usize) -> bool) -> Self {
        let p = products.place.len() - 1;
        let at = |j: usize, k: usize| products.at(j, k);
        let without_intercept = pinned(0);
        // Without an intercept a constant column is fine.
        let centred = |j: usize, k: usize| {
            if without_intercept { at(j, k) } else { at(j, k) - at(0, j) * at(0, k) / at(0, 0) }
        };
        let mut l = vec![0.0; p * p];
        let (mut kept, mut dependent): (Vec<usize>, Vec<Dependent>) = (Vec::new(), Vec::new());
        for j in (0..p).filter(|j| !pinned(j + 1)) {
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
            dependent.push(Dependent { column: j, of, far_from_zero: false });
        }
        let centre =
            (!without_intercept).then(|| ((1..=p).map(|j| at(0, j) / at(0, 0)).collect::<Vec<f64>>(), at(0, 0).sqrt()));
        Self { kept, dependent, l, centre, width: p }
    }

    /// Number of directions.
    pub(in crate::fit) fn size(&self) -> usize {
        self.kept.len() + usize::from(self.centre.is_some())
    }

    /// A row, the 1 of the intercept first, in the directions of the basis; over all rows their squares sum to 1.
    pub(in crate::fit) fn inward(&self, row: &[f64]) -> Vec<f64> {
        let mut q = Vec::with_capacity(self.size());
        for (at, k) in self.kept.iter().enumerate() {
            let mean = self.centre.as_ref().map_or(0.0, |(means, _)| means[*k]);
            let l = &self.l[k * self.width..];
            let inner: f64 = q.iter().zip(l).map(|(a, b): (&f64, &f64)| a * b).sum();
            q.push((row[k + 1] - mean * row[0] - inner) / l[at]);
        }
        q.extend(self.centre.as_ref().map(|(_, root)| row[0] / root));
        q
    }

    /// The coefficients, intercept first, whose log-odds of a row are the inner product of `direction` and the row inward.
    pub(in crate::fit) fn outward(&self, direction: &[f64]) -> Vec<f64> {
        let mut beta = vec![0.0; self.width + 1];
        let mut left = direction[..self.kept.len()].to_vec();
        for (at, k) in self.kept.iter().enumerate().rev() {
            let l = &self.l[k * self.width..];
            let share = left[at] / l[at];
            left.iter_mut().zip(l).take(at).for_each(|(v, l)| *v -= share * l);
            beta[k + 1] = share;
            if let Some((means, _)) = &self.centre {
                beta[0] -= means[*k] * share;
            }
        }
        if let (Some((_, root)), Some(own)) = (&self.centre, direction.get(self.kept.len())) {
            beta[0] += own / root;
        }
        beta
    }

    /// √Σw(x − mean)² of a column that is kept.
    pub(in crate::fit) fn spread(&self, column: usize) -> f64 {
        let l = &self.l[column * self.width..(column + 1) * self.width];
        l.iter().map(|v| v * v).sum::<f64>().sqrt()
    }
}

/// Columns that are constant or combinations of others.
pub(in crate::fit) fn dependent(f: &Objective<'_>) -> Result<Vec<Dependent>> {
    let ones = vec![1.0; f.x.rows()];
    let weights = f.observed.weight.unwrap_or(&ones);
    let mut found = Basis::of(&CrossProducts::of(f.x, weights)?, |c| f.is_pinned(c)).dependent;
    for constant in found.iter_mut().filter(|d| d.of.is_empty()) {
        let column = f.x.column(constant.column);
        let mut values = column.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(v, _)| *v);
        let first = values.next();
        constant.far_from_zero = values.any(|v| Some(v) != first);
    }
    Ok(found)
}
