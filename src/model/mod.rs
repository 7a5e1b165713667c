//! The lead model: features, encoders, coefficients, and the facts of its training.

mod calibration;
mod covariance;
mod data;
mod effect;
mod fingerprint;
mod format;
mod grades;
mod interaction;
mod lead_model;
mod probability;
mod profile;
mod reference;
mod sample;
mod validate;

pub use calibration::{CalibrationFacts, CalibrationMap, Validation};
pub use covariance::{ActiveColumn, CoefficientCovariance};
pub use data::{Grade, GradeScale, Interaction, ModelData, PartQuartiles, Term, Training};
pub use effect::EstimatedEffect;
pub(crate) use fingerprint::Fingerprint;
pub use format::{FORMAT, FORMAT_VERSION};
pub use grades::GradeBy;
pub use lead_model::LeadModel;
pub use profile::Profile;
pub use reference::Reference;
pub use sample::LeadSample;
