//! One pass over the rows for the models of several folds: each block of rows is read once and used while it is in cache.

use rayon::prelude::*;

use super::dense::{ColumnView, with_dense};
use super::kernels::{self, padded};
use super::link::{Coefficients, FoldRole, Link, LinkSums, MOST_ROWS, ranges};
use super::pass::LossGradientHessian;
use super::{Matrix, Observed};
use crate::error::Result;
use crate::math::tree;
use crate::math::vector::{Element, Kernel, Vector, dispatch};
use crate::progress::Stop;

/// The point at which a fold asks for its sums.
pub(crate) struct FoldQuery<'a> {
    /// Role of each row.
    pub(crate) roles: &'a [FoldRole],
    /// Weight of each row in this fold; as observed if not given.
    pub(crate) weight: Option<&'a [f64]>,
    /// Intercept and coefficients.
    pub(crate) beta: &'a [f64],
}

/// Loss and gradient over the training rows, and the loss over the test rows.
#[derive(Debug, Clone)]
pub(crate) struct FoldFound {
    pub(crate) found: LossGradientHessian,
    /// Σ w·log loss of the test rows, each at most −ln 2⁻⁵²: probabilities are clipped as in the measure.
    pub(crate) held_out: f64,
}

impl Matrix<'_> {
    /// Loss and gradient of each fold at its own point. What a fold gets does not depend on the others.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::Error::Interrupted) once the task of this thread is stopped.
    pub(crate) fn pass_folds(&self, observed: &Observed<'_>, asked: &[FoldQuery<'_>]) -> Result<Vec<FoldFound>> {
        let stop = Stop::here();
        let betas: Vec<Coefficients> = asked.iter().map(|a| Coefficients::of(self, a.beta)).collect();
        let parts: Vec<Vec<FoldFound>> = ranges(self.rows, self.width())
            .into_par_iter()
            .map(|range| {
                let stop = &stop;
                with_dense!(self, dense => dispatch(FoldsPass { x: self, dense, observed, asked, betas: &betas, range, stop }))
            })
            .collect();
        stop.check()?;
        let join = |a: Vec<FoldFound>, b: Vec<FoldFound>| {
            let both = a.into_iter().zip(b);
            both.map(|(a, b)| FoldFound { found: a.found.join(b.found), held_out: a.held_out + b.held_out }).collect()
        };
        Ok(tree(parts, join).unwrap_or_default())
    }
}

struct FoldsPass<'a, 'm, T> {
    x: &'a Matrix<'m>,
    dense: ColumnView<'a, T>,
    observed: &'a Observed<'a>,
    asked: &'a [FoldQuery<'a>],
    betas: &'a [Coefficients],
    range: std::ops::Range<usize>,
    stop: &'a Stop,
}

/// Sums of one fold.
struct Sums<V> {
    link: LinkSums<V>,
    dense: Vec<f64>,
    rest: Vec<f64>,
}

impl<T: Element> Kernel for FoldsPass<'_, '_, T> {
    type Output = Vec<FoldFound>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Vec<FoldFound> {
        let d = self.dense.columns;
        let mut sums: Vec<Sums<V>> = self
            .asked
            .iter()
            .map(|_| Sums { link: LinkSums::zero(), dense: vec![0.0; padded(d)], rest: vec![0.0; self.x.width() - d] })
            .collect();
        let block = kernels::block_rows(&self.dense).min(MOST_ROWS);
        let mut eta = [0.0f64; MOST_ROWS];
        let mut link = Link::new();
        let mut start = self.range.start;
        while start < self.range.end && self.stop.check().is_ok() {
            let rows = block.min(self.range.end - start);
            let mut ahead = block;
            for ((asked, beta), sums) in self.asked.iter().zip(self.betas).zip(&mut sums) {
                let roles = &asked.roles[start..start + rows];
                let (trains, tests) = (roles.contains(&FoldRole::Train), roles.contains(&FoldRole::Test));
                if !trains && !tests {
                    continue;
                }
                let eta = &mut eta[..rows];
                self.x.eta::<V, T, true>(self.dense, beta, self.observed.offset, start, eta);
                let weight = asked.weight.or(self.observed.weight);
                link.read(&Observed { weight, ..*self.observed }, start, rows);
                if tests || roles.contains(&FoldRole::Out) {
                    link.split(roles);
                    link.apply::<V, true>(eta, &mut sums.link);
                } else {
                    link.apply::<V, false>(eta, &mut sums.link);
                }
                if trains {
                    let r = &link.r[..rows];
                    kernels::transposed_times::<V, T>(self.dense, start, r, &mut sums.dense, ahead);
                    self.x.add_indexed_gradient(start, r, &mut sums.rest);
                    // The lines of the next block are asked for once.
                    ahead = 0;
                }
            }
            start += rows;
        }
        sums.into_iter()
            .map(|s| {
                let dense = s.dense.into_iter().take(d);
                let gradient = [s.link.intercept.sum()].into_iter().chain(dense).chain(s.rest).collect();
                FoldFound {
                    found: LossGradientHessian { loss: s.link.loss.sum(), gradient, normal: None },
                    held_out: s.link.held_out.sum(),
                }
            })
            .collect()
    }
}
