//! Where the lead of a row is found.

use serde::{Deserialize, Serialize};

/// Where the lead of a row is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LeadKey {
    /// A column with the lead's id.
    Column(String),
    /// By way of another table.
    Lookup(LookupSpec),
}

/// A table that says which lead an anonymous id, deal or contact belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupSpec {
    /// The table.
    pub table: String,
    /// Its key column; also the column of the table that uses it, unless `on` says another.
    pub key: String,
    /// Its column with the lead's id.
    pub lead: String,
    /// Column of the table that uses it.
    #[serde(default)]
    pub on: Option<String>,
    /// Column from when on the key means the lead.
    #[serde(default)]
    pub valid_from: Option<String>,
    /// Column until when (exclusive).
    #[serde(default)]
    pub valid_to: Option<String>,
    /// Text between several keys in one cell.
    #[serde(default)]
    pub split: Option<String>,
}

impl Default for LeadKey {
    fn default() -> Self {
        Self::Column(String::new())
    }
}

impl LeadKey {
    /// The column of the table that uses it.
    #[must_use]
    pub fn column(&self) -> &String {
        match self {
            Self::Column(column) => column,
            Self::Lookup(spec) => spec.on.as_ref().unwrap_or(&spec.key),
        }
    }
}

impl LookupSpec {
    /// Every column it names in its own table.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        [&self.key, &self.lead].into_iter().chain([&self.valid_from, &self.valid_to].into_iter().flatten())
    }
}
