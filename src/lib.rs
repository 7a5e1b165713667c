#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod counted;
mod error;
mod memory;
mod task;
mod text_form;
mod whole_file;

pub mod attribution;
pub mod design;
pub mod drivers;
pub mod evaluate;
pub mod features;
pub mod funnel;
pub mod journeys;
pub mod math;
pub mod model;
pub mod paths;
pub mod pipeline;
pub mod score;
pub mod survival;
pub mod time;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "fit")]
pub mod fit;
#[cfg(feature = "frames")]
pub mod frames;
#[cfg(feature = "frames")]
pub mod report;

pub use error::{Error, Mention, Result, Violation};
pub use features::{Event, LiveLead, Pushed, Scratch};
pub use journeys::{Journeys, Normalize, Snapshot};
pub use memory::LargePages;
pub use model::LeadModel;
pub use score::Scored;
pub use task::{Stop, Task};
pub use time::{DAY, NO_TIME, Span, Timestamp, Zone};
pub use whole_file::replace as replace_file;
