//! Funnels: how many leads get how far.

mod any_order;
mod attempt;
mod chains;
mod fast_path;
mod first_occurrence;
mod matched_events;
mod pass;
mod plan;
mod result;
mod spec;
mod step_matching;
mod tally;
mod ties;
mod window_funnel;

pub use crate::schema::{Choice, Step};

pub use pass::LeadProgress;
pub use result::{Funnel, FunnelGroup, FunnelPeriod, FunnelStep, Spread, StepTimes};
pub use spec::{Compat, Entry, Exclusion, FunnelSpec, Mode, Order, StepAttribution, StepRef};
pub use tally::FunnelTally;
pub(crate) use tally::{depend, share_interval};
