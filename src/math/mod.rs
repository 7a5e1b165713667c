//! Small numerical functions; each states formula, range and source.

mod clusters;
mod distribution;
mod drawn;
mod fisher;
mod interval;
mod linear;
mod logistic;
mod minimize;
mod parallel_buffer;
mod proportions;
mod quantile;
mod student;
mod sum;
#[cfg_attr(not(feature = "fit"), allow(dead_code, reason = "fits need most of it"))]
pub(crate) mod vector;

pub use clusters::{ClusteredShare, FEW_CLUSTERS, HitsOfRows, compare_clustered, effective_clusters, few_clusters};
pub use distribution::{chi_square_quantile, chi_square_tail, normal_tail};
pub use drawn::drawn;
pub use fisher::fisher_tail;
pub use interval::{Interval, normal_quantile, wilson, wilson_of_share, wilson_within};
pub use linear::solve;
pub use logistic::{exp, exp2, ln, log1pexp, logit, sigmoid};
pub(crate) use logistic::{exp_all, exp_lanes, ln_lanes};
#[cfg(feature = "fit")]
pub(crate) use logistic::{loss_lanes, sigmoid_pair};
pub use minimize::{Minimum, minimize};
pub(crate) use parallel_buffer::{BufferPart, ParallelBuffer};
pub use proportions::{RateComparison, compare_rates, false_discovery, fisher_exact, smoothed_odds_ratio};
pub use quantile::{quantile_sorted, weighted_moments, weighted_quantiles};
pub use student::{student_quantile, student_tail};
pub use sum::{CHUNK, sum, sum_by, tree};
pub use vector::vector_unit;
