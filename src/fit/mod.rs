//! Fitting the logistic model.

mod calibrate;
mod centre;
mod collinear;
mod cone;
mod conjugate;
mod factor;
mod firth;
mod held;
mod inference;
mod jeffreys;
#[cfg(feature = "linfa")]
mod linfa;
mod matrix;
mod newton;
mod objective;
mod params;
mod profile;
mod proximal;
mod sandwich;
mod separation;
mod solution;
mod solve;
mod target;
mod together;
mod train;
mod validate;
mod wide;

pub use calibrate::{
    Calibrator, MIN_POSITIVES, beta_calibration, isotonic_calibration, open_isotonic_calibration, sigmoid_calibration,
};
pub use inference::{BothCovariances, Covariance, Estimate, Inference, InferenceOptions, JointTest};
pub use matrix::{CodeList, Codes, Dense, Matrix, Numbers, Sparse};
pub use params::{Collinear, LogisticParams, Sign, Solver, ValidLogisticParams};
pub use profile::Profile;
pub use solution::Solution;
pub use target::Target;
pub use train::{Auto, Direction, Interactions, Nonlinear, TrainOptions, compare_models, evaluate_snapshot, train};
pub use validate::{Choice, Fold, default_cs, grouped_folds};
