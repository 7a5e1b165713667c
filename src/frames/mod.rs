//! The edge to tables: configuration, readers, column roles, and result tables. The only layer (with the command
//! line) that knows polars.

mod accounts;
mod attribution_out;
mod build;
mod catalog;
mod cell_test;
mod cells;
mod checksums;
mod coded;
mod config;
mod cutoff_table;
mod declared;
mod derived_leads;
mod dictionaries;
mod drivers_out;
mod events;
mod extent;
mod field_column;
mod fields;
mod files;
mod filter;
mod funnels_out;
mod leads;
mod lookup;
mod order;
mod paths_out;
mod pipeline_out;
mod remarks;
mod results;
mod rows;
mod scores_out;
mod source;
mod spend;
mod stages;
mod store;
mod survival_out;
mod table;
mod tables_out;
mod times;
mod undated;
mod withheld;
mod write;

pub use attribution_out::{attribution_frame, unit_cost_frame};
pub use build::{build, extend};
pub use catalog::Tables;
pub use config::{
    AccountsSpec, At, Attribute, Common, Condition, Config, CutoffsSpec, EventsSpec, Fault, FieldsSpec, LeadCells,
    LeadKey, LeadsSpec, LookupSpec, Pick, Reading, Renames, StagesSpec, declared, parse_declared, parse_json,
    parse_options, parse_toml, with_nearest,
};
pub use cutoff_table::cutoff_table;
pub use drivers_out::{barriers_frame, comparison_frame, drivers_frame};
pub use files::{
    Offered, Picked, Unread, Wanted, index_columns, is_readable, read_as, series_of, stored_as, type_name,
};
#[cfg(feature = "cli")]
pub(crate) use files::{is_raw, path_of, text_of};
pub use funnels_out::{funnel_frame, funnel_leads_frame, funnel_periods_frame, funnel_times_frame};
pub use paths_out::{loops_frame, steps_frame, transitions_frame, ways_frame};
pub use pipeline_out::{
    stage_cohorts_frame, stage_flow_frame, stage_funnel_frame, stage_summary_frame, stage_times_frame, stage_wins_frame,
};
pub use results::Tabled;
pub use scores_out::{
    BestLead, best_leads, effect_frame, explain_frame, score_frame, sort_by_probability, terms_frame,
};
pub use spend::{SpendSpec, read_spend};
pub use store::{open, save};
pub use survival_out::{time_to_ages_frame, time_to_ceilings_frame, time_to_curves_frame, time_to_frame};
pub use table::Table;
pub use tables_out::{
    calibration_frame, check_frame, estimates_frame, lift_frame, score_comparison_frame, show_frame, snapshot_frame,
};
pub use write::{TableForm, csv_text, write_frame};
