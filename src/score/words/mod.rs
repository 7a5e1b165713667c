//! Reasons in words: what became of the training leads that share a value with a lead.

mod describe;
mod phrases;
mod sentences;

pub use phrases::Phrases;
pub use sentences::{LeadReader, Sentences};
