//! Analyses of journeys, one folder each: options (`spec`), the pass, the tally that merges, the result.

pub mod attribution;
pub mod drivers;
pub mod funnel;
pub mod paths;
pub mod stage_funnel;
pub mod time_to;
