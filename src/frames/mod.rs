//! The edge to tables: configuration, readers, column roles, and result tables. The only layer (with the command
//! line) that knows polars.

mod build;
mod columns;
mod declared;
mod dictionaries;
mod expected;
mod extent;
mod files;
mod remarks;
mod results;
mod roles;
mod saved;
mod withheld;

pub use build::{build, extend};
pub use files::{
    Offered, Picked, Table, Tables, UUID, Unread, Wanted, index_columns, is_readable, read_as, series_of, stored_as,
    type_name, uuid,
};
#[cfg(feature = "cli")]
pub(crate) use files::{is_raw, path_of, text_of};

pub use results::{
    BestLead, CallLists, ScoreOptions, TableForm, Tabled, attribution_frame, audit_frame, barriers_frame, best_leads,
    calibration_frame, call_design_frame, call_list_frame, call_lists, call_reps_frame, check_frame, comparison_frame,
    csv_text, drivers_frame, effect_frame, estimates_frame, explain_frame, funnel_frame, funnel_leads_frame,
    funnel_periods_frame, funnel_times_frame, groups_frame, lead_fields_frame, lift_frame, loops_frame, points_frame,
    reasons_of, score_comparison_frame, score_frame, scorecard_frame, show_frame, snapshot_frame, sort_by_probability,
    stage_cohorts_frame, stage_flow_frame, stage_funnel_frame, stage_summary_frame, stage_times_frame,
    stage_wins_frame, steps_frame, terms_frame, time_to_ages_frame, time_to_ceilings_frame, time_to_curves_frame,
    time_to_frame, transitions_frame, unit_cost_frame, ways_frame, with_lead_fields, write_frame,
};
pub use roles::{SpendSpec, cutoff_table, expect_spend, read_spend};
pub use saved::{open, save};
