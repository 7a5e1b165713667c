//! Time zones: reading naive local times, and local days.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DAY;
use crate::error::{Error, Result};

/// A time zone: an IANA name (`Europe/Berlin`) or a fixed offset (`+02:00`). The IANA data is built in.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
    utc: bool,
}

impl Zone {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC, utc: true }
    }

    /// True if local times equal UTC.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        self.utc
    }

    /// # Errors
    /// [`Error::InvalidOption`] if `name` is neither an IANA zone nor an offset.
    pub fn new(name: &str) -> Result<Self> {
        if matches!(name, "UTC" | "Z" | "Etc/UTC" | "+00:00") {
            return Ok(Self::utc());
        }
        let rules = match fixed_offset(name) {
            Some(offset) => TimeZone::fixed(offset),
            None => TimeZone::get(name).map_err(|_| {
                Error::option(
                    "timezone",
                    format!(
                        "'{name}' is neither an IANA time zone such as 'Europe/Berlin' nor an offset such as '+02:00'"
                    ),
                )
            })?,
        };
        Ok(Self { name: name.to_owned(), rules, utc: false })
    }

    /// The name it was made from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// UTC microseconds of a local wall-clock time given as microseconds of the same reading in UTC.
    ///
    /// A time that a clock change skips is moved forward by the gap; of a time that occurs twice the first
    /// is meant (RFC 5545). `None` on overflow.
    #[must_use]
    pub fn to_utc(&self, local: i64) -> Option<i64> {
        if self.utc {
            return Some(local);
        }
        // Offsets are not applied within a day of the ends of the calendar: 9999-12-31 stays unchanged.
        let Ok(reading) = jiff::Timestamp::from_microsecond(local) else { return Some(local) };
        let wall: DateTime = Offset::UTC.to_datetime(reading);
        Some(self.rules.to_timestamp(wall).map_or(local, jiff::Timestamp::as_microsecond))
    }

    /// Local wall-clock reading of a UTC instant, as microseconds of the same reading in UTC.
    #[must_use]
    pub fn to_local(&self, utc: i64) -> i64 {
        if self.utc {
            return utc;
        }
        match jiff::Timestamp::from_microsecond(utc) {
            Ok(t) => utc.saturating_add(i64::from(self.rules.to_offset(t).seconds()) * 1_000_000),
            Err(_) => utc,
        }
    }

    /// Number of the local calendar day (0 is 1970-01-01).
    #[must_use]
    pub fn day(&self, utc: i64) -> i64 {
        self.to_local(utc).div_euclid(DAY)
    }

    /// First instant of local day `day` in UTC microseconds.
    #[must_use]
    pub fn day_start(&self, day: i64) -> Option<i64> {
        self.to_utc(day.checked_mul(DAY)?)
    }
}

/// An offset such as `+02:00`, `-0330`, `+5` or `UTC+05:30`. (`Etc/GMT+5` is a name, and lies west.)
fn fixed_offset(text: &str) -> Option<Offset> {
    let text = ["UTC", "GMT"].into_iter().find_map(|name| text.strip_prefix(name)).unwrap_or(text);
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if rest.len() > 2 => rest.split_at_checked(rest.len() - 2)?,
        None => (rest, "0"),
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i32>().ok()).flatten();
    let (h, m) = (number(hours).filter(|_| hours.len() <= 2)?, number(minutes)?);
    if h > 23 || m > 59 {
        return None;
    }
    Offset::from_seconds(sign * (h * 3600 + m * 60)).ok()
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Timestamp;
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().0
    }

    #[test]
    fn clock_changes() {
        let berlin = Zone::new("Europe/Berlin").unwrap();
        // Skipped hour moves forward; the repeated hour means its first occurrence.
        assert_eq!(berlin.to_utc(micros("2024-03-31T02:30:00Z")), Some(micros("2024-03-31T01:30:00Z")));
        assert_eq!(berlin.to_utc(micros("2024-10-27T02:30:00Z")), Some(micros("2024-10-27T00:30:00Z")));
        assert_eq!(berlin.day(micros("2024-03-30T23:30:00Z")), micros("2024-03-31T00:00:00Z") / DAY);
        assert_eq!(berlin.day_start(micros("2024-07-01T00:00:00Z") / DAY), Some(micros("2024-06-30T22:00:00Z")));
    }

    #[test]
    fn offsets_and_errors() {
        let z = Zone::new("-05:30").unwrap();
        assert_eq!(z.to_utc(0), Some(19_800_000_000));
        let end = micros("9999-12-31T00:00:00Z");
        assert_eq!(Zone::new("America/New_York").unwrap().to_utc(end), Some(end));
        assert!(Zone::new("Mars/Olympus").is_err());
        for (name, micros) in [
            ("+05:30", -19_800_000_000),
            ("+0530", -19_800_000_000),
            ("UTC+05:30", -19_800_000_000),
            ("UTC+5", -18_000_000_000),
            ("GMT-3", 10_800_000_000),
            ("Etc/GMT+3", 10_800_000_000),
            ("-12", 43_200_000_000),
            ("UTC", 0),
        ] {
            assert_eq!(Zone::new(name).unwrap().to_utc(0), Some(micros), "{name}");
        }
        for bad in ["+25:00", "+", "UTC+", "+1:2", "+12345", "++1", "+1x", "UTC5"] {
            assert!(Zone::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Zone::utc().day(-1), -1);
    }
}
