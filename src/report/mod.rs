//! Results as text and HTML. Nothing is computed here.

mod html;
mod text;

pub use html::{Report, page};
pub use text::{evaluation_text, funnel_text, model_text, snapshot_text, table_text};
