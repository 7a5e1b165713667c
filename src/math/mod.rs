//! Small numerical functions; each states formula, range and source.

mod interval;
mod logistic;
mod quantile;
mod sum;

pub use interval::{Interval, normal_quantile, wilson};
pub use logistic::{exp, exp2, ln, log1pexp, logit, sigmoid};
pub use quantile::{quantile_sorted, weighted_moments};
pub use sum::{CHUNK, sum, sum_by, tree};
