//! Why leads drop off: which properties differ between leads that went on and others, and which segments lose most.

mod at_risk;
mod barriers;
mod compare;
mod dependence;
mod exposure;
mod factors;

pub use barriers::{Barrier, Barriers, BarriersSpec, MIN_SUPPORT};
pub use compare::StepComparison;
pub use factors::{Driver, Drivers, DriversSpec, Factor};
