//! What is asked of the data: kinds, features, cutoffs; and how feature values become columns of the design.

mod bins;
mod calendar_like;
mod column;
mod condition;
mod cutoffs;
mod encode;
mod encoder_form;
mod feature;
mod feature_set;
mod kind;
mod selector;
mod shown;
mod spline;
mod step;
mod text;
mod wildcard;

pub use bins::Bins;
pub use calendar_like::is_calendar_like;
pub use column::{Column, NONE};
pub use condition::{Comparison, Condition, Value, truth, truth_number};
pub use cutoffs::{Anchor, CutoffRule, Maturity, OutcomeRows, SnapshotSpec, Weighting};
pub(crate) use encode::slot_of;
pub use encode::{Encoder, LevelRule, MISSING, OTHER};
pub use feature::{Feature, Part, ValueOp};
pub use feature_set::FeatureSet;
pub use kind::{Kind, Side};
pub use selector::Selector;
#[cfg(feature = "frames")]
pub(crate) use shown::way;
pub(crate) use shown::{ALL, shown};
pub use spline::{Bend, Spline};
pub use step::{Choice, Step, Target};
pub use text::{canonical_id, canonical_text, has_leading_zero, is_exact, number_of};
pub use wildcard::{is_pattern, like, named, wildcard};
