#![doc = "leadlens"]
mod error;
pub mod math;
mod task;
mod time;
pub mod design;
pub mod model;
pub mod score;
pub mod evaluate;
pub mod journeys;
pub mod features;
pub mod funnel;
#[cfg(feature = "fit")]
pub mod fit;
pub use error::{Error, Result, Violation, nearest};
pub use task::Task;
pub use time::*;
