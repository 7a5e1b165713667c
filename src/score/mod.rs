//! Scores: probability, 0–100, grade, named parts, and reasons that add up.

mod columns;
mod scored;

pub use columns::ColumnScorer;
pub use scored::{Cell, Scored, strongest};
