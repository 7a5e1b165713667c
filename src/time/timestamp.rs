//! An instant as UTC microseconds.

use std::fmt;
use std::str::FromStr;

use super::units::in_range;
use super::{TimeFormat, Zone, parse};
use crate::error::{Error, Result};
use crate::serde_str::text_form;

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

impl Timestamp {
    /// # Errors
    /// [`Error::InvalidOption`] naming `option` if the time is outside the years 1000 to 9999.
    pub fn checked(self, option: &str) -> Result<Self> {
        if in_range(self.0) {
            Ok(self)
        } else {
            Err(Error::option(option, format!("{} µs lies outside the years 1000 to 9999", self.0)))
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
