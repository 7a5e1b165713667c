//! A table of (lead, cutoff).

use serde::{Deserialize, Serialize};

use super::Common;

/// A table of (lead, cutoff).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutoffsSpec {
    /// Key of the table.
    pub table: String,
    /// Column with the lead's id.
    #[serde(default = "lead")]
    pub lead: String,
    /// Column with the cutoff.
    #[serde(default = "at")]
    pub at: String,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

fn lead() -> String {
    "lead_id".to_owned()
}

fn at() -> String {
    "cutoff".to_owned()
}

impl Default for CutoffsSpec {
    fn default() -> Self {
        Self { table: String::new(), lead: lead(), at: at(), common: Common::default() }
    }
}

impl CutoffsSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        [&self.lead, &self.at].into_iter().chain(self.common.columns())
    }
}
