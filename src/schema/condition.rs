//! Conditions on values: of cells of a table, of lead fields, of values of events.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::schema::canonical::{canonical_text, number_of};
use crate::time::Moment;

/// A condition on a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a value, a comparison such as '>= 3', a list of them, null, {not = …}, {all = […]} or {null = true}"
)]
pub enum Condition {
    /// The value is missing.
    Null(()),
    /// It is this boolean.
    Bool(bool),
    /// It is this whole number, compared digit by digit.
    Integer(i64),
    /// It is this number.
    Number(f64),
    /// It matches this text; `*` and `?` are wildcards.
    Text(String),
    /// `{ time = "2024-06-30" }`: it is this time; a day is all of its instants.
    Time {
        /// The time.
        time: Moment,
    },
    /// One of these holds.
    Any(Vec<Condition>),
    /// `{ all = [">= 10", "< 50"] }`: all of these hold.
    All {
        /// The conditions.
        all: Vec<Condition>,
    },
    /// This does not hold.
    Not {
        /// The condition.
        not: Box<Condition>,
    },
    /// `{ null = true }`: the value is missing, for TOML, which has no null.
    IsNull {
        /// Whether it must be missing.
        null: bool,
    },
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, all: &[Self], word: &str| {
            all.iter().enumerate().try_for_each(|(i, one)| {
                f.write_str(if i == 0 { "" } else { word })?;
                one.fmt(f)
            })
        };
        match self {
            Self::Null(()) | Self::IsNull { null: true } => f.write_str("is missing"),
            Self::IsNull { null: false } => f.write_str("is not missing"),
            Self::Bool(b) => write!(f, "= {b}"),
            Self::Integer(whole) => write!(f, "= {whole}"),
            Self::Number(x) => write!(f, "= {x}"),
            Self::Time { time } => write!(f, "= {time}"),
            Self::Text(t) if t.starts_with(['<', '>', '=', '!']) => f.write_str(t),
            Self::Text(t) => write!(f, "= {t}"),
            Self::Any(all) => joined(f, all, " or "),
            Self::All { all } => joined(f, all, " and "),
            Self::Not { not } => write!(f, "not ({not})"),
        }
    }
}

/// Boolean value of a text, if it has one.
#[must_use]
pub fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "t" => Some(true),
        "0" | "false" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

/// The number of a boolean in canonical form: 1 for true and 0 for false, only.
#[must_use]
pub fn truth_number(text: &str) -> Option<f64> {
    match text {
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ => None,
    }
}

/// The number that a text is compared as: whole numbers of any size, but no codes such as "007"; 1 for true, 0 for
/// false.
pub(crate) fn compared_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let is_whole = matches!(digits, [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    let whole = || text.parse().ok().filter(|x: &f64| is_whole && x.is_finite());
    number_of(text).or_else(whole).or_else(|| truth_number(text))
}

/// One value that a text can be, given as a boolean, a number or a text: `1`, `"yes"` and `True` mean a text that is
/// `true`, and `7`, `7.0` and `"7.0"` mean "7".
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A boolean.
    Bool(bool),
    /// A whole number, compared without conversion to a float.
    Integer(i128),
    /// A number with a fraction.
    Number(f64),
    /// A text in its one form ([`canonical_text`]).
    Text(String),
}

impl Value {
    /// A number; a whole one is compared exactly.
    #[must_use]
    pub fn number(x: f64) -> Self {
        // All whole floats of this size are integers of 128 bits.
        if x.fract() == 0.0 && x.abs() < 1e38 { Self::Integer(x as i128) } else { Self::Number(x) }
    }

    /// A text; "true" and "false" are the booleans.
    #[must_use]
    pub fn text(text: &str) -> Self {
        match canonical_text(text) {
            text if text == "true" => Self::Bool(true),
            text if text == "false" => Self::Bool(false),
            text => Self::Text(text.into_owned()),
        }
    }

    /// Whether `text`, in its one form, is the value.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let flag = match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        match (self, flag) {
            (Self::Bool(wanted), _) => truth(text) == Some(*wanted),
            (Self::Integer(wanted), Some(flag)) => *wanted == i128::from(flag),
            // "007" and "+7" are codes, not 7.
            (Self::Integer(wanted), None) => match text.parse::<i128>() {
                Ok(whole) => whole == *wanted && whole.to_string() == text,
                Err(_) => number_of(text).is_some_and(|x| Self::number(x) == *self),
            },
            (Self::Number(_), Some(_)) => false,
            (Self::Number(wanted), None) => compared_number(text) == Some(*wanted),
            (Self::Text(wanted), _) => wanted == text || flag.is_some() && truth(wanted) == flag,
        }
    }
}

/// A comparison with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
    /// `==`, `=`, or no sign.
    Equal,
    /// `!=`.
    Unequal,
    /// `>=`.
    AtLeast,
    /// `>`.
    Greater,
}

impl Comparison {
    /// The sign at the start of a text, and what follows it.
    #[must_use]
    pub fn split(text: &str) -> (Self, &str) {
        let signs = [
            (">=", Self::AtLeast),
            ("<=", Self::AtMost),
            ("!=", Self::Unequal),
            ("==", Self::Equal),
            ("=", Self::Equal),
            (">", Self::Greater),
            ("<", Self::Less),
        ];
        let text = text.trim();
        let found = signs.iter().find_map(|(sign, test)| text.strip_prefix(sign).map(|rest| (*test, rest.trim())));
        found.unwrap_or((Self::Equal, text))
    }

    /// Whether it holds between an instant and a time that has these instants, from the first until after the last.
    #[must_use]
    pub fn holds_in(self, at: i64, (from, until): (i64, i64)) -> bool {
        match self {
            Self::Less => at < from,
            Self::AtMost => at < until,
            Self::Equal => (from..until).contains(&at),
            Self::Unequal => !(from..until).contains(&at),
            Self::AtLeast => at >= from,
            Self::Greater => at >= until,
        }
    }

    /// Whether it holds; never for a missing value.
    #[must_use]
    pub fn holds<T: PartialOrd>(self, value: &T, other: &T) -> bool {
        value.partial_cmp(other).is_some_and(|order| self.allows(order))
    }

    /// Whether it holds between values of this order.
    #[must_use]
    pub fn allows(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::AtLeast => order.is_ge(),
            Self::Greater => order.is_gt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_compared_digit_by_digit() {
        let big = Value::Integer((1 << 53) + 1);
        assert!(big.is("9007199254740993"));
        assert!(!big.is("9007199254740992"));
        let read = |json: &str| serde_json::from_str::<Condition>(json).unwrap();
        assert_eq!(read("9007199254740993"), Condition::Integer((1 << 53) + 1));
        assert_eq!(read("7.0"), Condition::Number(7.0));
    }

    #[test]
    fn one_value_means_the_same_however_it_is_given() {
        for value in [Value::Integer(7), Value::number(7.0), Value::text("7"), Value::text("7.0")] {
            assert!(value.is("7") && !value.is("8"), "{value:?}");
            assert!(!value.is("007") && !value.is("+7") && !value.is("7x"), "{value:?}");
        }
        for value in [Value::number(7.5), Value::text("7.50"), Value::text(" 7.5 ")] {
            assert!(value.is("7.5") && !value.is("07.5"), "{value:?}");
        }
        for value in [Value::Bool(true), Value::Integer(1), Value::text("True"), Value::text("1"), Value::number(1.0)] {
            assert!(value.is("true") && value.is("1") && !value.is("false") && !value.is("0"), "{value:?}");
        }
    }
}
