//! A length of time such as `30d` or `12h`.

use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DAY;
use crate::error::{Error, Result};

/// A fixed length of time in microseconds; a day has 24 hours, a week 7 days.
///
/// Texts are a number and a unit: `w`, `d`, `h`, `m` (minutes), `s`, `ms`, `us`; parts may be joined (`1d12h`).
///
/// ```
/// use leadlens::Span;
/// assert_eq!("1d12h".parse::<Span>()?.to_string(), "36h");
/// assert_eq!("28d".parse::<Span>()?.to_string(), "28d");
/// # Ok::<(), leadlens::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

const UNITS: [(&str, i64); 7] =
    [("w", 7 * DAY), ("d", DAY), ("h", DAY / 24), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

impl Span {
    /// A span of whole days.
    #[must_use]
    pub const fn days(days: i64) -> Self {
        Self(days * DAY)
    }

    /// A span of microseconds.
    #[must_use]
    pub const fn micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Length in microseconds.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Length in days.
    #[must_use]
    pub fn as_days(self) -> f64 {
        self.0 as f64 / DAY as f64
    }

    /// # Errors
    /// [`Error::InvalidOption`] naming `option` unless the span is longer than zero.
    pub fn positive(self, option: &str) -> Result<Self> {
        if self.0 > 0 { Ok(self) } else { Err(Error::option(option, "must be longer than zero")) }
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            let problem = match in_words(text) {
                Some(advice) => format!("'{text}' is not a span of time; {advice}"),
                None => {
                    format!(
                        "'{text}' is not a span of time such as '30d', '12h' or '1d12h' (units w, d, h, m, s, ms, us)"
                    )
                }
            };
            Error::option("span", problem)
        };
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(bad());
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            let number: i64 = number.parse().map_err(|_| bad())?;
            let scale = UNITS.iter().find(|(u, _)| *u == unit).map(|(_, s)| *s).ok_or_else(bad)?;
            total = number.checked_mul(scale).and_then(|v| total.checked_add(v)).ok_or_else(bad)?;
            rest = tail;
        }
        // Sums with any time then fit in 64 bits.
        if total > 1000 * 366 * DAY {
            return Err(Error::option("span", format!("'{text}' is longer than 1,000 years")));
        }
        Ok(Self(total))
    }
}

/// How to write a span that was written with a longer word for its unit.
fn in_words(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let letters = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(letters);
    let number: i64 = number.parse().ok()?;
    let days =
        |each: i64, unit: &str| Some(format!("a {unit} has no fixed length: write '{}d'", number.checked_mul(each)?));
    let short = match unit.trim() {
        "weeks" | "week" | "wk" | "wks" => "w",
        "days" | "day" => "d",
        "hours" | "hour" | "hr" | "hrs" => "h",
        "minutes" | "minute" | "min" | "mins" => "m",
        "seconds" | "second" | "sec" | "secs" => "s",
        "months" | "month" | "mo" | "mon" => return days(30, "month"),
        "quarters" | "quarter" | "q" => return days(91, "quarter"),
        "years" | "year" | "yr" | "y" => return days(365, "year"),
        spaced => UNITS.iter().find(|(name, _)| *name == spaced)?.0,
    };
    Some(format!("write '{number}{short}'"))
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0d");
        }
        // Weeks are written as days: `7d` and `1w` then have one name.
        let (unit, scale) = UNITS.iter().skip(1).find(|(_, scale)| self.0 % scale == 0).copied().unwrap_or(("us", 1));
        write!(f, "{}{unit}", self.0 / scale)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct SpanText;

impl Visitor<'_> for SpanText {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span of time such as '30d' or '12h'")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Span, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_str(SpanText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_to_write_words() {
        let said = |text: &str| text.parse::<Span>().unwrap_err().to_string();
        for (text, advice) in [
            ("90 days", "write '90d'"),
            ("90 d", "write '90d'"),
            ("2 Weeks", "write '2w'"),
            ("1 hour", "write '1h'"),
            ("15 min", "write '15m'"),
            ("3mo", "a month has no fixed length: write '90d'"),
            ("1 year", "a year has no fixed length: write '365d'"),
        ] {
            assert!(said(text).contains(advice), "{}", said(text));
        }
        assert!(said("soon").contains("such as '30d'"));
        assert!(said("3 moons").contains("such as '30d'"));
        let wrong = serde_json::from_str::<Span>("90").unwrap_err().to_string();
        assert!(wrong.contains("expected a span of time such as '30d'"), "{wrong}");
    }

    #[test]
    fn reads_and_writes() {
        for (text, shown) in [("1w", "7d"), ("90m", "90m"), ("0d", "0d"), ("1500ms", "1500ms"), ("24h", "1d")] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), shown);
        }
        for bad in ["", "30", "d", "30 d", "30x", "-3d", "9999999999999w"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
