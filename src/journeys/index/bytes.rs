//! Amounts of memory.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::serde_str::text_form;

/// An amount of memory: `8GB`, `500 MB`, `1.5 GiB`, or a number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub usize);

const UNITS: [(&str, f64); 7] = [
    ("gib", 1_073_741_824.0),
    ("mib", 1_048_576.0),
    ("kib", 1_024.0),
    ("gb", 1e9),
    ("mb", 1e6),
    ("kb", 1e3),
    ("b", 1.0),
];

impl FromStr for Bytes {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let unit = UNITS.iter().find_map(|(unit, scale)| Some((lower.strip_suffix(unit)?, *scale)));
        let (number, scale) = unit.unwrap_or((lower.as_str(), 1.0));
        match number.trim().parse::<f64>() {
            Ok(x) if x > 0.0 && x * scale <= 1e18 => Ok(Self((x * scale) as usize)),
            _ => Err(Error::option("memory", format!("'{text}' is not a memory size such as '8GB' or '500MB'"))),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B", self.0)
    }
}

text_form!(Bytes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        for (text, bytes) in [("8GB", 8_000_000_000), ("1.5 GiB", 1_610_612_736), ("500 mb", 500_000_000), ("7", 7)] {
            let read: Bytes = text.parse().unwrap();
            assert_eq!((read.0, read.to_string().parse::<Bytes>().unwrap()), (bytes, read));
        }
        for bad in ["", "0", "-1GB", "8 GBs", "GB", "nan", "inf", "1e30GB"] {
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
    }
}
