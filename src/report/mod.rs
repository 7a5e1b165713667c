//! Results as text and HTML. Nothing is computed here.

mod attribution;
mod best;
mod body;
mod check;
mod drivers;
mod evaluation;
mod funnel;
mod html;
mod markup;
mod numbers;
mod options;
mod paths;
mod stage_funnel;
mod text;
mod time_to;
mod timeline;
mod width;

pub use attribution::{attribution_shown, attribution_text};
pub use best::BestLeads;
pub use body::{Shown, shown};
pub use check::{check_shown, check_text};
pub use drivers::{barriers_shown, barriers_text, drivers_shown, drivers_text};
pub use evaluation::{comparison_shown, comparison_text, evaluation_shown, evaluation_text};
pub use funnel::{funnel_shown, funnel_text};
pub use html::{Report, missing_section, page};
pub use paths::{paths_shown, paths_text};
pub use stage_funnel::{stage_funnel_shown, stage_funnel_text};
pub use text::{model_shown, model_text, snapshot_shown, snapshot_text, trained_on};
pub use time_to::{time_to_shown, time_to_text};
pub use timeline::timeline_text;
pub use width::table_text;
