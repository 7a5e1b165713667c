//! Time: UTC microseconds, spans, zones, and the reading of texts that mean an instant.

mod parse;
mod period;
mod span;
mod timestamp;
mod zone;

pub use parse::{Detected, Detector, Instant, Looks, Resolution, TimeFormat, TimeUnit, detect, parse};
pub use period::Period;
pub use span::Span;
pub use timestamp::{DAY, NO_TIME, Timestamp, in_range};
pub use zone::Zone;
