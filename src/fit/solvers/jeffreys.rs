//! Jeffreys' prior: ½·ln det I(b) of Firth's objective, and its gradient.

#![allow(clippy::indexing_slicing, reason = "all vectors have one number per row or coefficient of one matrix")]

use rayon::prelude::*;

use super::objective::{Objective, Point};
use crate::error::Result;
use crate::fit::solvers::cholesky::Cholesky;
use crate::math::sigmoid;
use crate::progress::Stop;

/// Makes −l* and its gradient of −l and its gradient; `information` is I.
///
/// # Errors
/// [`Error::Interrupted`](crate::Error::Interrupted).
pub(in crate::fit) fn correct(f: &Objective<'_>, information: &Cholesky, point: &mut Point) -> Result<()> {
    let stop = Stop::here();
    let k = point.beta.len();
    let inverse = information.inverse(k);
    let eta = f.x.predict(&point.beta, f.observed.offset);
    let leverage_share: Vec<f64> = (0..eta.len())
        .into_par_iter()
        .with_min_len(1 + 16_384 / (k * k))
        .map_init(Vec::new, |row: &mut Vec<(usize, f64)>, i| {
            if i % 256 == 0 {
                stop.check()?;
            }
            row.clear();
            row.push((0, 1.0));
            f.x.each_in_row(i, |j, v| row.push((j + 1, v)));
            row.retain(|(j, _)| !f.is_pinned(*j));
            let quadratic: f64 =
                row.iter().map(|(j, v)| v * row.iter().map(|(l, u)| u * inverse[j * k + l]).sum::<f64>()).sum();
            let (p, q) = (sigmoid(eta[i]), sigmoid(-eta[i]));
            let w = f.observed.weight.map_or(1.0, |w| w[i]);
            Ok(-w * p * q * quadratic * (0.5 - p))
        })
        .collect::<Result<_>>()?;
    let correction = f.x.transposed(&leverage_share);
    point.gradient.iter_mut().zip(&correction).for_each(|(g, c)| *g += c);
    point.value = point.loss - information.log_determinant() / 2.0;
    Ok(())
}
