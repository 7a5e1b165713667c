//! Conditions on values: of cells of a table, of lead fields, of values of events.

use serde::{Deserialize, Serialize};

/// A condition on a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Condition {
    /// The value is missing.
    Null(()),
    /// It is this truth value.
    Bool(bool),
    /// It is this number.
    Number(f64),
    /// It matches this text; `*` and `?` are wildcards.
    Text(String),
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

    /// Whether it holds; never for a missing value.
    #[must_use]
    pub fn holds<T: PartialOrd>(self, value: &T, other: &T) -> bool {
        let Some(order) = value.partial_cmp(other) else { return false };
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
