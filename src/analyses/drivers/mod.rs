//! Why leads drop off: which properties differ between leads that went on and others, and which segments lose most.

mod at_risk;
mod barriers;
mod compare;
mod counts;
mod dependence;
mod exposure;
mod factors;
mod fields;
mod pass;
mod result;
mod spec;

pub use barriers::{Barrier, Barriers, BarriersSpec, MIN_SUPPORT};
pub use compare::StepComparison;
pub use result::{Driver, Drivers, Factor};
pub use spec::DriversSpec;
