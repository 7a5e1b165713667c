//! Where an attribute of a row is found: its kind, channel, campaign, rep or stage.

use serde::{Deserialize, Serialize};

use super::LookupSpec;

/// Where an attribute of a row is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the name of a column, a literal, or a lookup")]
pub enum Attribute {
    /// A column.
    Column(String),
    /// The same for all rows.
    Literal {
        /// The value.
        literal: String,
    },
    /// By way of another table.
    Lookup(Box<LookupSpec>),
}

impl Default for Attribute {
    fn default() -> Self {
        Self::Column(String::new())
    }
}

impl Attribute {
    /// The column of the table that uses it, unless it is a literal.
    #[must_use]
    pub fn column(&self) -> Option<&String> {
        match self {
            Self::Column(column) => Some(column),
            Self::Literal { .. } => None,
            Self::Lookup(spec) => Some(spec.column()),
        }
    }

    /// A short name: the column, or the literal.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Literal { literal } => literal,
            Self::Column(column) => column,
            Self::Lookup(spec) => spec.column(),
        }
    }

    /// The lookup, if it is one.
    #[must_use]
    pub fn lookup(&self) -> Option<&LookupSpec> {
        match self {
            Self::Lookup(spec) => Some(spec),
            _ => None,
        }
    }
}
