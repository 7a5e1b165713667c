//! Results as text and HTML. Nothing is computed here.

mod attribution;
mod best;
mod body;
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

pub use attribution::{attribution_section, attribution_text};
pub use best::BestLeads;
pub use drivers::{barriers_section, barriers_text, drivers_section, drivers_text};
pub use evaluation::{comparison_text, evaluation_text};
pub use funnel::{funnel_section, funnel_text};
pub use html::{Report, missing_section, page};
pub use paths::{paths_section, paths_text};
pub use stage_funnel::{stage_funnel_section, stage_funnel_text};
pub use text::{model_text, snapshot_text, table_text};
pub use time_to::{time_to_section, time_to_text};
pub use timeline::timeline_text;
