//! Epoch numbers: how many seconds, or thousandths of it, lie between 1970 and a time. They are read exactly, whether
//! they come as integers, as texts or as floats.

use serde::{Deserialize, Serialize};

/// Unit of epoch numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeUnit {
    /// Seconds since 1970.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds since 1970.
    #[serde(rename = "ms")]
    Millis,
    /// Microseconds since 1970.
    #[serde(rename = "us")]
    Micros,
    /// Nanoseconds since 1970.
    #[serde(rename = "ns")]
    Nanos,
}

/// Floats hold every whole number up to this one.
const EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;
/// The years 1980 to 2100, in microseconds: where times of leads are expected.
const EXPECTED: std::ops::Range<i64> = 315_532_800_000_000..4_102_444_800_000_000;

impl TimeUnit {
    /// All units, the longest first.
    pub const ALL: [Self; 4] = [Self::Seconds, Self::Millis, Self::Micros, Self::Nanos];

    /// The name that options use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
            Self::Micros => "us",
            Self::Nanos => "ns",
        }
    }

    /// Place in [`TimeUnit::ALL`].
    #[must_use]
    pub fn place(self) -> usize {
        match self {
            Self::Seconds => 0,
            Self::Millis => 1,
            Self::Micros => 2,
            Self::Nanos => 3,
        }
    }

    /// One unit is ten to this power microseconds.
    fn power(self) -> i32 {
        6 - 3 * self.place() as i32
    }

    /// Microseconds of `value` units, rounded towards the past; `None` on overflow.
    #[must_use]
    pub fn to_micros(self, value: i64) -> Option<i64> {
        match self {
            Self::Seconds => value.checked_mul(1_000_000),
            Self::Millis => value.checked_mul(1_000),
            Self::Micros => Some(value),
            Self::Nanos => Some(value.div_euclid(1_000)),
        }
    }

    /// Microseconds of an epoch number, rounded towards the past; `None` on overflow.
    #[must_use]
    pub fn micros_of(self, number: Decimal) -> Option<i64> {
        let power = number.power.checked_add(self.power())?;
        let scale = |power: u32| 10i128.checked_pow(power);
        let micros = match u32::try_from(power) {
            _ if number.digits == 0 => 0,
            Ok(power) => number.digits.checked_mul(scale(power)?)?,
            Err(_) => match scale(power.unsigned_abs()) {
                Some(scale) => number.digits.div_euclid(scale),
                // Less than any microsecond.
                None => -i128::from(number.digits < 0),
            },
        };
        i64::try_from(micros).ok()
    }

    /// The unit in which an epoch number lies in the years 1980 to 2100, if there is one.
    #[must_use]
    pub fn likely(number: Decimal) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.micros_of(number).is_some_and(is_expected))
    }
}

/// True if a time lies in the years 1980 to 2100.
#[must_use]
pub fn is_expected(micros: i64) -> bool {
    EXPECTED.contains(&micros)
}

/// A number in decimal notation: digits times ten to a power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    power: i32,
}

impl Decimal {
    /// Reads `-12`, `12.5` or `1.25e9`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok().filter(|e| e.abs() < 1_000)?),
            None => (text, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let (negative, whole) = match whole.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, whole.strip_prefix('+').unwrap_or(whole)),
        };
        let fraction = fraction.trim_end_matches('0');
        if whole.is_empty() && fraction.is_empty() || fraction.len() > 1_000 {
            return None;
        }
        let mut digits: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
            digits = digits.checked_mul(10)?.checked_add(digit)?;
        }
        Some(Self { digits: if negative { -digits } else { digits }, power: exponent - fraction.len() as i32 })
    }

    /// The shortest number that a float stands for, which is the one that it was made from: 0.1, not 0.1000…0555.
    #[must_use]
    pub fn of_float(x: f64) -> Option<Self> {
        if x.fract() == 0.0 && x.abs() <= EXACT_FLOAT {
            return Some(Self::from(x as i64));
        }
        if x.is_finite() { Self::parse(&format!("{x:e}")) } else { None }
    }

    /// True if it is 0, which often stands for "no time".
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self { digits: i128::from(value), power: 0 }
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self { digits: i128::from(value), power: 0 }
    }
}

/// True if a float is beyond the range in which it can hold every whole number.
#[must_use]
pub fn is_inexact(x: f64) -> bool {
    x.abs() > EXACT_FLOAT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(unit: TimeUnit, text: &str) -> Option<i64> {
        unit.micros_of(Decimal::parse(text)?)
    }

    #[test]
    fn texts_are_exact() {
        assert_eq!(read(TimeUnit::Nanos, "1706815712682000001"), Some(1_706_815_712_682_000));
        assert_eq!(read(TimeUnit::Nanos, "-1"), Some(-1));
        assert_eq!(read(TimeUnit::Seconds, "1706815712.682"), Some(1_706_815_712_682_000));
        assert_eq!(read(TimeUnit::Seconds, "1706815712.6829999"), Some(1_706_815_712_682_999));
        assert_eq!(read(TimeUnit::Seconds, "1.706815712682e9"), Some(1_706_815_712_682_000));
        assert_eq!(read(TimeUnit::Nanos, "1.706815712682E+18"), Some(1_706_815_712_682_000));
        assert_eq!(read(TimeUnit::Micros, "0.0000000000000000000000000000000000000000001"), Some(0));
        assert_eq!(read(TimeUnit::Micros, "1e-60"), Some(0));
        assert_eq!(read(TimeUnit::Micros, "-1e-60"), Some(-1));
        assert_eq!(read(TimeUnit::Micros, "0e900"), Some(0));
        for bad in ["", ".", "-", "1.2.3", "12a", "1e", "e5", "0x10", "NaN", "inf", "1 2"] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn overflow_is_no_time() {
        assert_eq!(TimeUnit::Seconds.to_micros(i64::MAX), None);
        for text in ["9223372036854775807", "1e300", "-9223372036854775808", "99999999999999999999999999"] {
            assert_eq!(read(TimeUnit::Seconds, text), None, "{text}");
        }
        assert_eq!(read(TimeUnit::Nanos, "18446744073709551615"), Some(18_446_744_073_709_551));
    }

    #[test]
    fn floats_mean_the_number_they_were_made_from() {
        let float = |unit: TimeUnit, x: f64| unit.micros_of(Decimal::of_float(x)?);
        assert_eq!(float(TimeUnit::Seconds, 1_706_815_712.682), Some(1_706_815_712_682_000));
        assert_eq!(float(TimeUnit::Nanos, 1_706_815_712_682_000_000.0), Some(1_706_815_712_682_000));
        assert_eq!(float(TimeUnit::Millis, 1_706_815_712_682.0), Some(1_706_815_712_682_000));
        assert_eq!(float(TimeUnit::Micros, -0.5), Some(-1));
        assert_eq!(float(TimeUnit::Seconds, f64::INFINITY), None);
        assert_eq!(float(TimeUnit::Seconds, 1e300), None);
    }

    #[test]
    fn the_likely_unit() {
        for (text, unit) in [
            ("1706815712", Some(TimeUnit::Seconds)),
            ("1706815712682", Some(TimeUnit::Millis)),
            ("1706815712682000", Some(TimeUnit::Micros)),
            ("1706815712682000000", Some(TimeUnit::Nanos)),
            ("20240105", None),
            ("0", None),
        ] {
            assert_eq!(Decimal::parse(text).and_then(TimeUnit::likely), unit, "{text}");
        }
    }
}
