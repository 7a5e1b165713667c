//! How the texts of a table are read: encoding and separator of a file, and how numbers are written.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::schema::{canonical_text, number_of};

/// How the texts of a table are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// Encoding of a CSV file; UTF-8, or UTF-16 with a byte order mark, by default.
    pub encoding: Option<String>,
    /// Separator of a CSV file; detected in its first line by default.
    pub separator: Option<String>,
    /// Decimal mark of numbers in texts; a point by default.
    pub decimal: Option<String>,
    /// Mark between groups of three digits of numbers in texts.
    pub thousands: Option<String>,
}

impl Reading {
    /// The separator, one byte.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is not one character of ASCII, or one that means something else.
    pub(crate) fn separator(&self) -> Result<Option<u8>> {
        let Some(given) = self.separator.as_deref() else { return Ok(None) };
        let given = if given == "\\t" || given == "tab" { "\t" } else { given };
        match given.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(Some(*byte)),
            _ => Err(Error::option(
                "separator",
                format!("must be a single ASCII character other than a quote, not '{given}'"),
            )),
        }
    }

    /// Refuses invalid marks of numbers.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the option.
    pub(crate) fn check(&self) -> Result<()> {
        self.separator()?;
        let one = |option: &str, given: &Option<String>, allowed: &[&str]| match given {
            Some(mark) if !allowed.contains(&mark.as_str()) => {
                let allowed: Vec<String> = allowed.iter().map(|a| format!("'{a}'")).collect();
                Err(Error::option(option, format!("'{mark}' is not one of {}", allowed.join(", "))))
            }
            _ => Ok(()),
        };
        one("decimal", &self.decimal, &[".", ","])?;
        one("thousands", &self.thousands, &[",", ".", " ", "'", "_", "\u{a0}", "\u{202f}", "\u{2019}"])?;
        if self.thousands.is_some() && self.thousands.as_deref() == Some(self.decimal.as_deref().unwrap_or(".")) {
            return Err(Error::option("thousands", "the same as the decimal mark; set decimal="));
        }
        Ok(())
    }

    /// Refuses options of CSV files for other tables.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the option.
    pub(crate) fn is_of_csv(&self, table: &str) -> Result<()> {
        match [("encoding", &self.encoding), ("separator", &self.separator)].into_iter().find(|(_, o)| o.is_some()) {
            None => Ok(()),
            Some((option, _)) => {
                Err(Error::option(option, format!("'{table}' is not a CSV file; leave {option}= out")))
            }
        }
    }

    /// Whether numbers have marks other than a decimal point.
    #[must_use]
    pub(crate) fn has_marks(&self) -> bool {
        self.decimal.is_some() || self.thousands.is_some()
    }

    /// The number in a text.
    #[must_use]
    pub(crate) fn number(&self, text: &str) -> Option<f64> {
        if self.has_marks() { self.plain(text)?.parse().ok() } else { text.parse().ok() }
    }

    /// The number in a text, unless it is a code ([`number_of`]).
    #[must_use]
    pub(crate) fn value(&self, text: &str) -> Option<f64> {
        if self.has_marks() { number_of(&self.plain(text)?) } else { number_of(text) }
    }

    /// The canonical form of a text, with numbers read by these marks. "1.50" is a text if the decimal mark is another, and
    /// stays as it is.
    pub(crate) fn canonical<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.has_marks() {
            return canonical_text(text);
        }
        match self.plain(text) {
            Some(plain) if plain == text => canonical_text(text),
            Some(plain) if number_of(&plain).is_some() => Cow::Owned(canonical_text(&plain).into_owned()),
            _ => {
                let truth = ["true", "false"].into_iter().find(|word| text.eq_ignore_ascii_case(word));
                Cow::Borrowed(truth.unwrap_or(text))
            }
        }
    }

    /// A text in Rust's notation of numbers; `None` if a mark is misplaced.
    fn plain(&self, text: &str) -> Option<String> {
        let decimal = self.decimal.as_deref().and_then(|d| d.chars().next()).unwrap_or('.');
        let (whole, fraction) = match text.split_once(decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let whole = match self.thousands.as_deref().and_then(|t| t.chars().next()) {
            Some(mark) => without_groups(whole, mark)?,
            None => whole.to_owned(),
        };
        // A point or comma that remains is neither of the two marks.
        if whole.contains(['.', ',']) || fraction.is_some_and(|f| f.contains(['.', ','])) {
            return None;
        }
        Some(fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}")))
    }
}

/// Digits without the marks between groups of three; `None` if a mark stands elsewhere.
fn without_groups(whole: &str, mark: char) -> Option<String> {
    let same = |c: char| match mark {
        ' ' | '\u{a0}' | '\u{202f}' => matches!(c, ' ' | '\u{a0}' | '\u{202f}'),
        '\'' | '\u{2019}' => matches!(c, '\'' | '\u{2019}'),
        _ => c == mark,
    };
    let mut groups = whole.split(same);
    let first = groups.next()?;
    let mut joined = first.to_owned();
    let digits = first.trim_start_matches(['-', '+']).len();
    for group in groups {
        if group.len() != 3 || !group.bytes().all(|b| b.is_ascii_digit()) || !(1..=3).contains(&digits) {
            return None;
        }
        joined.push_str(group);
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_their_marks_only() {
        let reading = |decimal: &str, thousands: &str| Reading {
            decimal: Some(decimal.to_owned()),
            thousands: (!thousands.is_empty()).then(|| thousands.to_owned()),
            ..Reading::default()
        };
        for (reading, text, number) in [
            (Reading::default(), "1.5", Some(1.5)),
            (Reading::default(), "1,234.50", None),
            (reading(".", ","), "1,234.50", Some(1234.5)),
            (reading(".", ","), "-12,345,678", Some(-12_345_678.0)),
            (reading(".", ","), "1,23", None),
            (reading(".", ","), "1234,567", None),
            (reading(".", ","), "TBD", None),
            (reading(",", ""), "1,5", Some(1.5)),
            // A point is not the decimal mark here: fifteen hundred, or one and a half?
            (reading(",", ""), "1.500", None),
            (reading(",", "."), "1.500,25", Some(1500.25)),
            (reading(",", " "), "1\u{202f}500,25", Some(1500.25)),
            (reading(",", "."), "2e3", Some(2000.0)),
        ] {
            assert_eq!(reading.number(text), number, "{text} {reading:?}");
        }
    }

    #[test]
    fn marks_that_no_number_has_are_refused() {
        let with = |set: fn(&mut Reading, String), mark: &str| {
            let mut reading = Reading::default();
            set(&mut reading, mark.to_owned());
            reading.check().map_err(|e| e.to_string())
        };
        assert!(with(|r, m| r.separator = Some(m), ";;").unwrap_err().starts_with("separator: "));
        assert!(with(|r, m| r.decimal = Some(m), ";").unwrap_err().starts_with("decimal: "));
        assert!(with(|r, m| r.thousands = Some(m), ".").unwrap_err().starts_with("thousands: "));
        assert_eq!(with(|r, m| r.separator = Some(m), "\t"), Ok(()));
    }
}
