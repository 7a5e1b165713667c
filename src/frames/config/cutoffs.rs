//! A table of (lead, cutoff).

use serde::{Deserialize, Serialize};

use super::{Common, within};
use crate::error::Result;
use crate::frames::catalog::Tables;
use crate::frames::files::Wanted;

/// A table of (lead, cutoff).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutoffsSpec {
    /// Table.
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
    /// Tells `tables` which columns it uses, and how its file is read.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] if an option of reading is wrong.
    pub fn expect(&self, tables: &mut Tables) -> Result<()> {
        let expected = tables.expect(&self.table, Wanted::named(self.columns()), &self.common.reading);
        expected.map_err(|e| within::<Self>(e, "cutoffs"))
    }

    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        [&self.lead, &self.at].into_iter().chain(self.common.columns())
    }
}
