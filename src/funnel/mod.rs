//! Funnels: how many leads get how far.

mod any_order;
mod attempt;
mod chains;
mod classes;
mod clusters;
mod instances;
mod instant;
mod pass;
mod plan;
mod quick;
mod result;
mod seen;
mod spec;
mod tally;
mod window_funnel;

pub use crate::design::{Choice, Step};
pub(crate) use clusters::Clusters;
pub use pass::LeadProgress;
pub use result::{Funnel, FunnelGroup, FunnelPeriod, FunnelStep, Spread, StepTimes};
pub use spec::{Attribution, Compat, Entry, Exclusion, FunnelSpec, Mode, Order, StepRef};
pub use tally::FunnelTally;
pub(crate) use tally::{depend, share_interval};
