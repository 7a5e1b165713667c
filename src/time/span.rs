//! A length of time such as `30d` or `12h`.

use std::fmt;
use std::str::FromStr;

use super::DAY;
use crate::error::{Error, Result};
use crate::serde_str::text_form;

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
            Error::option(
                "span",
                format!("'{text}' is not a span of time such as '30d', '12h' or '1d12h' (units w, d, h, m, s, ms, us)"),
            )
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

text_form!(Span);

#[cfg(test)]
mod tests {
    use super::*;

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
