//! The table of leads.

use serde::{Deserialize, Serialize};

use super::{Common, EventsSpec};
use crate::schema::is_pattern;

/// What to do with several rows of one lead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// Refuse the table.
    #[default]
    Error,
    /// Keep the first row: of the order column, else of the table.
    First,
    /// Keep the last row: of the order column, else of the table.
    Last,
    /// Keep the row that was created first.
    Earliest,
}

/// Events that leads are derived from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be \"events\", the only source that leads can be derived from")]
pub enum LeadsFrom {
    /// The word `events`: all tables of events.
    Events(EventsWord),
    /// These tables of events.
    Tables(Vec<EventsSpec>),
}

/// The word `events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventsWord {
    /// The tables of events.
    Events,
}

/// The table of leads, or the events that they are derived from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LeadsSpec {
    /// Key of the table.
    #[serde(default)]
    pub table: String,
    /// Id column.
    #[serde(default)]
    pub id: String,
    /// Events that leads are derived from, instead of a table: each lead with an event, created at its first.
    #[serde(default)]
    pub from: Option<LeadsFrom>,
    /// Creation time.
    #[serde(default)]
    pub created: Option<String>,
    /// Columns to use as fields; all except withheld ones by default.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// Columns to leave out of the fields.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Columns to use as fields although they would be withheld; `account.column` for a column of accounts.
    #[serde(default)]
    pub include: Vec<String>,
    /// Columns to read as categories even if their values look like numbers.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Account column.
    #[serde(default)]
    pub account: Option<String>,
    /// Owner column.
    #[serde(default)]
    pub owner: Option<String>,
    /// Outcome column, for tables without stages.
    #[serde(default)]
    pub outcome: Option<String>,
    /// Several rows of one lead.
    #[serde(default)]
    pub rows: Duplicates,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

impl LeadsSpec {
    /// Every column it names, fields last.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        self.roles()
            .chain(self.fields.iter().flatten())
            .chain(self.include.iter().filter(|name| !name.starts_with("account.")))
            .chain(self.ignore.iter().filter(|name| !is_pattern(name)))
            .chain(&self.categories)
            .chain(self.common.filter.keys())
    }

    /// The columns with a role, which are left out of the fields.
    pub fn roles(&self) -> impl Iterator<Item = &String> {
        let named = [
            &self.created,
            &self.account,
            &self.owner,
            &self.outcome,
            &self.common.order,
            &self.common.timezone_column,
        ];
        [&self.id].into_iter().chain(named.into_iter().flatten())
    }
}
