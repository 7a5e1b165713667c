//! Scores: probability, 0–100, grade, named parts, reasons that add up, and scorecards.

mod call_list;
mod columns;
mod condition;
mod scorecard;
mod scored;
mod words;

pub use call_list::{CallList, CallListSpec, Candidate, ListedLead, Rank, RepSummary, Standing};
pub use columns::ColumnScorer;
pub use condition::Condition;
pub use scorecard::{CardLine, CardTerm, PointScale, Scorecard};
pub use scored::{Cell, Scored, strongest};
pub use words::{LeadReader, Phrases, Sentences};
