//! Results as tables, and tables as files.

mod attribution;
mod audit;
mod call_lists;
pub(in crate::frames) mod columns;
mod drivers;
mod effects;
mod funnel;
mod lead_fields;
mod paths;
mod scorecards;
mod scores;
mod stage_funnel;
mod tabled;
mod time_to;
mod write;

pub use attribution::{attribution_frame, unit_cost_frame};
pub use audit::audit_frame;
pub use call_lists::{CallLists, call_design_frame, call_list_frame, call_lists, call_reps_frame};
pub use columns::{
    calibration_frame, check_frame, estimates_frame, groups_frame, lift_frame, score_comparison_frame, show_frame,
    snapshot_frame,
};
pub use drivers::{barriers_frame, comparison_frame, drivers_frame};
pub use effects::effect_frame;
pub use funnel::{funnel_frame, funnel_leads_frame, funnel_periods_frame, funnel_times_frame};
pub use lead_fields::{lead_fields_frame, with_lead_fields};
pub use paths::{loops_frame, steps_frame, transitions_frame, ways_frame};
pub use scorecards::{points_frame, scorecard_frame};
pub use scores::{
    BestLead, ScoreOptions, best_leads, explain_frame, reasons_of, score_frame, sort_by_probability, terms_frame,
};
pub use stage_funnel::{
    stage_cohorts_frame, stage_flow_frame, stage_funnel_frame, stage_summary_frame, stage_times_frame, stage_wins_frame,
};
pub use tabled::Tabled;
pub use time_to::{time_to_ages_frame, time_to_ceilings_frame, time_to_curves_frame, time_to_frame};
pub use write::{TableForm, csv_text, write_frame};
