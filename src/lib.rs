#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod counted;
mod error;
#[cfg(feature = "huge_pages")]
mod huge_pages;
mod progress;
mod serde_str;
mod whole_file;

pub mod analyses;
pub mod audit;
pub mod encoding;
pub mod evaluate;
pub mod features;
pub mod journeys;
pub mod math;
pub mod model;
pub mod query;
pub mod schema;
pub mod score;
pub mod snapshot;
pub mod survival;
pub mod time;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "frames")]
pub mod config;
#[cfg(feature = "fit")]
pub mod fit;
#[cfg(feature = "frames")]
pub mod frames;
#[cfg(feature = "frames")]
pub mod report;

pub use error::{Error, Mention, Result, Violation};
pub use features::{Event, LiveLead, Pushed, Scratch};
#[cfg(feature = "huge_pages")]
pub use huge_pages::LargePages;
pub use journeys::{Journeys, Normalize};
pub use model::LeadModel;
pub use progress::{Stop, Task};
pub use score::Scored;
pub use snapshot::Snapshot;
pub use time::{DAY, NO_TIME, Span, Timestamp, Zone};
pub use whole_file::replace as replace_file;
