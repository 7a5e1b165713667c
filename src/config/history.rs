//! A table of fields that change over time.

use serde::{Deserialize, Serialize};

use super::{Common, LeadCells, LeadKey};

/// A table of fields that change over time: wide (one column per field) or long (`name` and `value`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldsSpec {
    /// Key of the table.
    pub table: String,
    /// Column or lookup of the lead.
    pub lead: LeadKey,
    /// From when a row holds.
    pub valid_from: String,
    /// Until when (exclusive).
    #[serde(default)]
    pub valid_to: Option<String>,
    /// Column with the field's name.
    #[serde(default)]
    pub name: Option<String>,
    /// Column with the field's value.
    #[serde(default)]
    pub value: Option<String>,
    /// Fields to read as categories even if their values look like numbers.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Fields that are read (wildcards allowed): columns, or names in a long table; all if not given.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// Fields that are not.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// How cells name leads.
    #[serde(flatten)]
    pub cells: LeadCells,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

impl FieldsSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        let named = [&self.valid_to, &self.name, &self.value];
        (self.lead.columns().into_iter().chain([&self.valid_from]))
            .chain(named.into_iter().flatten())
            .chain(self.common.columns())
    }
}
