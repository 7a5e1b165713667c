//! Scorecards: a model as whole points, which people can add up by hand.

mod build;
mod card;
mod scale;

pub use card::{CardLine, CardTerm, Scorecard};
pub use scale::PointScale;
