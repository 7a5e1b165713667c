//! What can be asked of the data: kinds, columns, conditions, steps, features, cutoffs.

mod calendar_like;
mod canonical;
mod column;
mod condition;
mod cutoffs;
mod feature;
mod feature_set;
mod kind;
mod labels;
mod predicate;
mod predicate_builder;
mod selector;
mod step;
mod wildcard;

pub use calendar_like::is_calendar_like;
pub(crate) use calendar_like::is_month;
pub use canonical::{canonical_id, canonical_text, has_leading_zero, is_exact, number_of};
pub use column::{Column, NONE};
pub(crate) use condition::compared_number;
pub use condition::{Comparison, Condition, Value, truth, truth_number};
pub use cutoffs::{Anchor, CutoffRule, Maturity, OutcomeRows, SnapshotSpec, Weighting};
pub use feature::{Feature, Part, ValueOp};
pub use feature_set::FeatureSet;
pub use kind::{Kind, Side};
#[cfg(feature = "frames")]
pub(crate) use labels::way;
pub(crate) use labels::{ALL, shown};
pub(crate) use predicate::{ComparedKind, Predicate, TestedValue, ValueForm};
pub(crate) use predicate_builder::{PredicateBuilder, has_sign, texts_with_signs};
pub use selector::Selector;
pub use step::{Choice, Step, Target};
pub use wildcard::{is_pattern, like, named, wildcard};
