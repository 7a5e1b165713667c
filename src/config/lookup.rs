//! Sources of the lead of a row, and of its attributes.

use serde::{Deserialize, Serialize};

use super::{Common, Reading};
use crate::journeys::Normalize;
use crate::time::TimeUnit;

/// The source of the lead of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the name of a column, a lookup, or a list of them")]
pub enum LeadKey {
    // Lists come first: serde would read one as the fields of a struct.
    /// The first of several that finds a lead.
    Any(Vec<LeadKey>),
    /// A column with the lead's id.
    Column(String),
    /// Through another table.
    Lookup(Box<LookupSpec>),
}

/// The choice among several leads of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pick {
    /// The first one.
    First,
    /// The last one.
    Last,
    /// The one that a column marks, else the first.
    Primary,
    /// Each of them.
    All,
}

/// A table that maps a key: to the lead of an anonymous id, deal or contact, or to an attribute such as the channel
/// of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupSpec {
    /// The table.
    pub table: String,
    /// Its key column; also the column of the table that uses it, unless `on` says another.
    pub key: String,
    /// Its column with the lead's id, or a lookup of it.
    #[serde(default)]
    pub lead: Option<Box<LeadKey>>,
    /// Its column with the attribute, or a lookup of it.
    #[serde(default)]
    pub value: Option<Box<Attribute>>,
    /// Column of the table that uses it.
    #[serde(default)]
    pub on: Option<String>,
    /// Column with the start of the key's validity.
    #[serde(default)]
    pub valid_from: Option<String>,
    /// Column with the end of the key's validity (exclusive).
    #[serde(default)]
    pub valid_to: Option<String>,
    /// Text between several ids in one cell, of keys and of leads.
    #[serde(default)]
    pub split: Option<String>,
    /// The choice among several values of a key at a time; ambiguous keys are refused by default.
    #[serde(default)]
    pub pick: Option<Pick>,
    /// Column that says which row of a key is the primary one.
    #[serde(default)]
    pub primary: Option<String>,
    /// Column that orders the rows of a key; the order of the table by default.
    #[serde(default)]
    pub order: Option<String>,
    /// How keys and leads are written.
    #[serde(default)]
    pub normalize: Option<Normalize>,
    /// Zone of its times without an offset; the zone of the configuration by default.
    #[serde(default)]
    pub timezone: Option<String>,
    /// strptime pattern of its texts that are times.
    #[serde(default)]
    pub time_format: Option<String>,
    /// Unit of its numbers that are times.
    #[serde(default)]
    pub unit: Option<TimeUnit>,
    /// How its texts are read.
    #[serde(flatten)]
    pub reading: Reading,
}

/// How the cells of a table name its leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadCells {
    /// Text between several ids in one cell.
    pub split: Option<String>,
    /// The choice among several leads of a row.
    pub pick: Option<Pick>,
}

impl Default for LeadKey {
    fn default() -> Self {
        Self::Column(String::new())
    }
}

impl LeadKey {
    /// The columns of the table that uses it.
    #[must_use]
    pub fn columns(&self) -> Vec<&String> {
        match self {
            Self::Column(column) => vec![column],
            Self::Lookup(spec) => vec![spec.column()],
            Self::Any(keys) => keys.iter().flat_map(Self::columns).collect(),
        }
    }

    /// The lookups it names, followed by their own lookups.
    #[must_use]
    pub fn lookups(&self) -> Vec<&LookupSpec> {
        match self {
            Self::Column(_) => Vec::new(),
            Self::Lookup(spec) => spec.lookups(),
            Self::Any(keys) => keys.iter().flat_map(Self::lookups).collect(),
        }
    }
}

impl LookupSpec {
    /// The column of the table that uses it.
    #[must_use]
    pub fn column(&self) -> &String {
        self.on.as_ref().unwrap_or(&self.key)
    }

    /// How its times are read.
    pub(crate) fn common(&self) -> Common {
        Common {
            timezone: self.timezone.clone(),
            time_format: self.time_format.clone(),
            unit: self.unit,
            reading: self.reading.clone(),
            ..Common::default()
        }
    }

    /// Every column it names in its own table.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        let lead = self.lead.iter().flat_map(|lead| lead.columns());
        let value = self.value.iter().filter_map(|value| value.column());
        let named = [&self.valid_from, &self.valid_to, &self.primary, &self.order];
        [&self.key].into_iter().chain(lead).chain(value).chain(named.into_iter().flatten())
    }

    /// The lookup and the lookups that it names.
    #[must_use]
    pub fn lookups(&self) -> Vec<&LookupSpec> {
        let lead = self.lead.iter().flat_map(|lead| lead.lookups());
        let value = self.value.iter().filter_map(|value| value.lookup()).flat_map(Self::lookups);
        [self].into_iter().chain(lead).chain(value).collect()
    }
}

/// The source of an attribute of a row.
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
    /// Through another table.
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
