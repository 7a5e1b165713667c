//! From a snapshot to a model, and the evaluation of a model on a snapshot.

mod calibrated;
mod choose;
mod covariances;
mod evaluate;
mod gain;
mod interactions;
mod layout;
mod options;
mod profiles;
mod purify;
mod rows;
mod seen;
mod uncalibrated;

use crate::error::Result;
use crate::model::LeadModel;
use crate::progress::Task;
use crate::snapshot::Snapshot;

pub use self::evaluate::{compare_models, evaluate_snapshot};
pub use self::interactions::{Auto, Interactions};
pub use self::options::{Direction, Nonlinear, TrainOptions};

/// Trains a model on a labelled snapshot.
///
/// # Errors
/// [`crate::Error::NoRows`], [`crate::Error::OneClass`], [`crate::Error::TooFew`]; [`crate::Error::InvalidOption`] without labels, or for options that
/// do not go together; [`crate::Error::UnknownName`] for a feature of `monotone` or `interactions` that there is not; errors of
/// the features and of the fit.
pub fn train(snapshot: &Snapshot, options: &TrainOptions, task: &Task) -> Result<LeadModel> {
    match options.calibration {
        Some(calibrator) => calibrated::train_calibrated(snapshot, calibrator, options, task),
        None => uncalibrated::train_on(snapshot, options, task),
    }
}
