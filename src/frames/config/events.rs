//! A table of events.

use serde::{Deserialize, Serialize};

use super::{Common, LeadKey};
use crate::design::Side;

/// Where the kind of an event is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KindSpec {
    /// A column.
    Column(String),
    /// The same for all rows.
    Literal {
        /// The kind.
        literal: String,
    },
}

/// A table of events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EventsSpec {
    /// Table.
    pub table: String,
    /// Lead.
    pub lead: LeadKey,
    /// Time.
    pub at: String,
    /// Kind.
    pub kind: KindSpec,
    /// Name of the source; the literal kind, else the kind column, if not given.
    #[serde(default)]
    pub name: Option<String>,
    /// Id of the event: the second row with an id is dropped.
    #[serde(default)]
    pub id: Option<String>,
    /// Channel column.
    #[serde(default)]
    pub channel: Option<String>,
    /// Campaign column.
    #[serde(default)]
    pub campaign: Option<String>,
    /// Who acts.
    #[serde(default = "buyer")]
    pub side: Side,
    /// Rep column.
    #[serde(default)]
    pub rep: Option<String>,
    /// Number columns.
    #[serde(default)]
    pub values: Vec<String>,
    /// Text columns.
    #[serde(default)]
    pub props: Vec<String>,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

fn buyer() -> Side {
    Side::Buyer
}

impl Default for KindSpec {
    fn default() -> Self {
        Self::Column(String::new())
    }
}

impl KindSpec {
    /// The column, unless it is a literal.
    #[must_use]
    pub fn column(&self) -> Option<&String> {
        match self {
            Self::Column(column) => Some(column),
            Self::Literal { .. } => None,
        }
    }
}

impl EventsSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        let named = [&self.id, &self.channel, &self.campaign, &self.rep];
        [self.lead.column(), &self.at]
            .into_iter()
            .chain(self.kind.column())
            .chain(named.into_iter().flatten())
            .chain(self.values.iter().chain(&self.props))
            .chain(self.common.columns())
    }
}
