//! A table of stage entries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Attribute, Common, LeadCells, LeadKey, LookupSpec, Renames};

/// The columns with the times of stages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the name of a column, or a column per stage")]
pub enum At {
    /// One column; the stage is in another.
    Column(String),
    /// A column per stage.
    Columns(BTreeMap<String, String>),
}

/// What to do with stage names that `names` does not map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unmapped {
    /// Keep them as they are.
    #[default]
    Keep,
    /// Leave the rows out, counted.
    Drop,
    /// Refuse the table.
    Error,
}

/// Treatment of won and lost stages without a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Undated {
    /// Not reached, as any stage without a time.
    #[default]
    Drop,
    /// Reached at the last known time of its deal.
    Last,
    /// Reached just before the end of observation.
    End,
    /// Refuse the table.
    Error,
}

/// A table of stage entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StagesSpec {
    /// Key of the table.
    pub table: String,
    /// Column or lookup of the lead.
    pub lead: LeadKey,
    /// Time, or a column per stage.
    pub at: At,
    /// Column, literal or lookup of the stage.
    #[serde(default)]
    pub stage: Option<Attribute>,
    /// Deal column; without one the stages are the lead's own.
    #[serde(default)]
    pub deal: Option<String>,
    /// Column with the stage before.
    #[serde(default)]
    pub previous: Option<String>,
    /// Stage names in the table → stage names here.
    #[serde(default)]
    pub names: Renames,
    /// Names not in `names`.
    #[serde(default)]
    pub unmapped: Unmapped,
    /// Column with the event id; rows with a known id were delivered before and are dropped.
    #[serde(default)]
    pub id: Option<String>,
    /// Won and lost stages without a time.
    #[serde(default)]
    pub undated: Undated,
    /// Amount column.
    #[serde(default)]
    pub amount: Option<String>,
    /// Currency column.
    #[serde(default)]
    pub currency: Option<String>,
    /// Column with the reason.
    #[serde(default)]
    pub reason: Option<String>,
    /// Rep column.
    #[serde(default)]
    pub rep: Option<String>,
    /// How cells name leads.
    #[serde(flatten)]
    pub cells: LeadCells,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

impl Default for At {
    fn default() -> Self {
        Self::Column(String::new())
    }
}

impl StagesSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        let stage = self.stage.iter().filter_map(Attribute::column);
        let named = [&self.deal, &self.previous, &self.id, &self.amount, &self.currency, &self.reason, &self.rep];
        let times: Vec<&String> = match &self.at {
            At::Column(column) => vec![column],
            At::Columns(map) => map.values().collect(),
        };
        (self.lead.columns().into_iter().chain(times).chain(stage))
            .chain(named.into_iter().flatten())
            .chain(self.common.columns())
    }

    /// Every lookup it names.
    pub fn lookups(&self) -> impl Iterator<Item = &LookupSpec> {
        let of_stage = self.stage.iter().filter_map(Attribute::lookup).flat_map(LookupSpec::lookups);
        self.lead.lookups().into_iter().chain(of_stage)
    }
}
