//! Time: UTC microseconds, spans, zones, and the reading of texts that mean an instant.

mod epoch;
mod grain;
mod moment;
mod parse;
mod period;
mod span;
mod timestamp;
mod units;
mod zone;

pub use epoch::{Decimal, TimeUnit, is_expected, is_inexact};
pub use grain::{Grain, Grains};
pub use moment::Moment;
pub use parse::{Detected, Detector, Instant, Resolution, TextShape, TimeFormat, detect, glance, grain, parse};
pub use period::Period;
pub use span::Span;
pub use timestamp::Timestamp;
pub use units::{DAY, NO_TIME, in_range};
pub use zone::Zone;
