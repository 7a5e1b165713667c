//! Fitting the logistic model.

mod calibration;
mod cross_validation;
mod inference;
mod matrix;
mod params;
mod response;
mod separation;
mod shared_passes;
mod solve;
mod solvers;
mod train;

pub use calibration::{
    Calibrator, MIN_POSITIVES, beta_calibration, isotonic_calibration, open_isotonic_calibration, sigmoid_calibration,
};
pub use inference::{BothCovariances, CoefficientEstimate, Covariance, Inference, InferenceOptions, JointTest};
pub use matrix::{CodeList, Dense, LevelCodes, Matrix, Numbers, Sparse};
pub use params::{Collinear, LogisticParams, Sign, Solver, ValidLogisticParams};

pub use cross_validation::{Fold, PenaltyChoice, default_cs, grouped_folds};
pub use inference::Profile;
pub use response::Response;
pub use solvers::Solution;
pub use train::{Auto, Direction, Interactions, Nonlinear, TrainOptions, compare_models, evaluate_snapshot, train};
