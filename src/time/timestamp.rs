//! An instant as UTC microseconds.

use std::fmt;
use std::str::FromStr;

use super::{TimeFormat, Zone, parse};
use crate::error::{Error, Result};
use crate::text_form::text_form;

/// Microseconds of one day.
pub const DAY: i64 = 86_400_000_000;

/// The value that stands for "no time" in columns of UTC microseconds.
pub const NO_TIME: i64 = i64::MIN;

/// An instant: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// ```
/// use leadlens::Timestamp;
/// let t: Timestamp = "2024-03-01T10:00:00+02:00".parse()?;
/// assert_eq!(t.to_string(), "2024-03-01T08:00:00Z");
/// # Ok::<(), leadlens::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Years 1000 to 9999: times outside are sentinels or slips, and within them differences cannot overflow.
const EARLIEST: i64 = -30_610_224_000_000_000;
const LATEST: i64 = 253_402_300_799_999_999;

/// True if `micros` lies in the years 1000 to 9999.
#[must_use]
pub fn in_range(micros: i64) -> bool {
    (EARLIEST..=LATEST).contains(&micros)
}

impl Timestamp {
    /// # Errors
    /// [`Error::InvalidOption`] naming `option` if the time is outside the years 1000 to 9999.
    pub fn checked(self, option: &str) -> Result<Self> {
        if in_range(self.0) {
            Ok(self)
        } else {
            Err(Error::option(option, format!("{} µs is outside the years 1000 to 9999", self.0)))
        }
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads an ISO 8601 date or date-time; without an offset it is UTC, a date is its first microsecond.
    fn from_str(text: &str) -> Result<Self> {
        let read = parse(text, &TimeFormat::Iso, &Zone::utc());
        let problem = || format!("'{text}' is not an ISO 8601 time such as 2024-06-30 or 2024-06-30T12:00Z");
        read.map_err(|_| Error::option("time", problem())).and_then(|i| Self(i.micros).checked("time"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(t) => write!(f, "{t}"),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

text_form!(Timestamp);
