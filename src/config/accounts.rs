//! The table of accounts.

use serde::{Deserialize, Serialize};

use super::Common;

/// A table of accounts; its fields become fields of their leads, named `account.field`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountsSpec {
    /// Key of the table.
    pub table: String,
    /// Id column.
    pub id: String,
    /// Columns to use as fields; all by default.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// Columns to read as categories even if their values look like numbers.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

impl AccountsSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        [&self.id].into_iter().chain(self.fields.iter().flatten()).chain(&self.categories).chain(self.common.columns())
    }
}
