//! A time as an option states it.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DAY, Resolution, TimeFormat, Timestamp, Zone, parse};
use crate::error::{Error, Result};

/// A time as an option states it: an instant if it has an offset, else a reading of the clock in a zone that is stated
/// elsewhere. Naive times of options mean what naive times of tables mean.
///
/// ```
/// use leadlens::time::{Moment, Zone};
/// let new_york = Zone::new("America/New_York")?;
/// let naive: Moment = "2024-03-06".parse()?;
/// assert_eq!(naive.at(&new_york).to_string(), "2024-03-06T05:00:00Z");
/// let instant: Moment = "2024-03-06T00:00:00Z".parse()?;
/// assert_eq!(instant.at(&new_york).to_string(), "2024-03-06T00:00:00Z");
/// # Ok::<(), leadlens::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// UTC microseconds; a naive time is read as UTC.
    micros: i64,
    naive: bool,
    /// Whether it is a calendar day, without a time of day.
    day: bool,
}

impl Moment {
    /// The instant, naive times read in `zone`.
    #[must_use]
    pub fn at(self, zone: &Zone) -> Timestamp {
        let utc = if self.naive { zone.to_utc(self.micros) } else { None };
        Timestamp(utc.unwrap_or(self.micros))
    }

    /// The calendar day that it is, days since 1970, if it has no time of day.
    #[must_use]
    pub fn day(self) -> Option<i64> {
        self.day.then(|| self.micros.div_euclid(DAY))
    }

    /// The instants that it means in comparisons, from the first until after the last: a day is all of its instants.
    #[must_use]
    pub fn span(self, zone: &Zone) -> (i64, i64) {
        let at = self.at(zone).0;
        let next = self.day().and_then(|day| zone.day_start(day + 1));
        (at, next.unwrap_or(at + 1))
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self { micros: at.0, naive: false, day: false }
    }
}

impl FromStr for Moment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let problem = || format!("'{text}' is not an ISO 8601 time such as 2024-06-30 or 2024-06-30T12:00Z");
        let read = parse(text, &TimeFormat::Iso, &Zone::utc()).map_err(|_| Error::option("time", problem()))?;
        Ok(Self {
            micros: Timestamp(read.micros).checked("time")?.0,
            naive: !read.offset,
            day: read.resolution == Resolution::Day,
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Timestamp(self.micros).to_string();
        if self.day {
            return f.write_str(text.split('T').next().unwrap_or(&text));
        }
        f.write_str(if self.naive { text.trim_end_matches('Z') } else { &text })
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Moment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as 2024-06-30 or 2024-06-30T12:00Z")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Moment, E> {
                text.parse().map_err(E::custom)
            }

            // TOML has times of its own, which serde carries as a map of one text.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Moment, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((_, text)) => self.visit_str(&text),
                    None => Err(de::Error::invalid_length(0, &self)),
                }
            }
        }

        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip() {
        for text in ["2024-03-06", "2024-03-06T00:00:00", "2024-03-06T10:20:30.25Z", "1999-12-31T23:59:59.999999"] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(moment.to_string(), text);
        }
        let moment: Moment = "2024-03-06T02:00+05:30".parse().unwrap();
        assert_eq!(moment.to_string(), "2024-03-05T20:30:00Z");
        for bad in ["", "today", "06/03/2024", "2024-03-06T10:00 Berlin", "0001-01-01"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
    }
}
