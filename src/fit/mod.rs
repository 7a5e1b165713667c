//! Fitting the logistic model.

mod cholesky;
mod linfa;
mod matrix;
mod newton;
mod params;
mod train;

pub use matrix::{Block, Matrix};
pub use newton::Solution;
pub use params::{LogisticParams, Solver, ValidLogisticParams};
pub use train::{TrainOptions, evaluate_snapshot, train};
