//! Funnels: how many leads get how far.

mod any_order;
mod chains;
mod classes;
mod instances;
mod instant;
mod matcher;
mod pass;
mod plan;
mod quick;
mod result;
mod seen;
mod spec;
mod tally;
mod window_funnel;

pub(crate) use matcher::Matcher;
pub use pass::LeadProgress;
pub use result::{Funnel, FunnelGroup, FunnelPeriod, FunnelStep, Spread, StepTimes};
pub use spec::{Attribution, Choice, Compat, Entry, Exclusion, FunnelSpec, Mode, Order, Step, StepRef};
pub use tally::FunnelTally;
