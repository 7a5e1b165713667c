//! Values as columns of a design matrix: levels, numbers, splines, bins.

mod bins;
mod encoder;
mod encoder_form;
mod spline;
mod value_groups;

pub use bins::Bins;
pub(crate) use encoder::slot_of;
pub use encoder::{Encoder, LevelRule, MISSING, OTHER};
pub use spline::{Bend, Spline};
pub use value_groups::{GroupReader, ValueGroups};
