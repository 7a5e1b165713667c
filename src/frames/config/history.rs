//! A table of fields that change over time.

use serde::{Deserialize, Serialize};

use super::{Common, LeadKey};

/// A table of fields that change over time: wide (one column per field) or long (`name` and `value`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldsSpec {
    /// Table.
    pub table: String,
    /// Lead.
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
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

impl FieldsSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        let named = [&self.valid_to, &self.name, &self.value];
        [self.lead.column(), &self.valid_from]
            .into_iter()
            .chain(named.into_iter().flatten())
            .chain(self.common.columns())
    }
}
