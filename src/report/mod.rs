//! Results as text and HTML. Nothing is computed here.

mod attribution;
mod audit;
mod best;
mod body;
mod call_list;
mod check;
mod drivers;
mod evaluation;
mod funnel;
mod html;
mod markup;
mod numbers;
mod options;
mod paths;
mod scorecard;
mod stage_funnel;
mod text;
mod time_to;
mod timeline;
mod width;

pub use best::BestLeads;
pub use body::{Body, Show, Shown, shown};
pub use check::{check_shown, check_text};
pub use html::{Report, missing_section, page};
pub use text::{model_shown, model_text, trained_on};
pub use timeline::timeline_text;
pub use width::table_text;
