//! Options shared by all roles of a table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Reading;
use crate::error::Result;
use crate::journeys::Normalize;
use crate::schema::Condition;
use crate::time::{TimeUnit, Zone};

/// Options shared by all roles of a table: how its times are read, and which rows count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Zone of times without an offset; the zone of the configuration by default.
    pub timezone: Option<String>,
    /// Column with the zone of each row instead.
    pub timezone_column: Option<String>,
    /// strptime pattern of texts that are times.
    pub time_format: Option<String>,
    /// Unit of numbers that are times.
    pub unit: Option<TimeUnit>,
    /// Whether a date stands for the end of its day (events, stages) or its start (creation); depends on the role by default.
    pub day: Option<DayMeans>,
    /// Column that orders rows of equal time.
    pub order: Option<String>,
    /// Rows that count: column → condition.
    #[serde(rename = "where")]
    pub filter: BTreeMap<String, Condition>,
    /// How ids are written.
    pub normalize: Option<Normalize>,
    /// Texts that stand for a missing value.
    pub nulls: Vec<String>,
    /// How its texts are read.
    #[serde(flatten)]
    pub reading: Reading,
}

/// The instant that a date without a time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayMeans {
    /// Its last microsecond.
    End,
    /// Its first microsecond.
    Start,
}

impl Common {
    /// The zone that the table says itself.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for a zone that is not known.
    pub(crate) fn own_zone(&self) -> Result<Option<Zone>> {
        self.timezone.as_ref().map(|name| Zone::new(name)).transpose()
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = &String> {
        self.order.iter().chain(&self.timezone_column).chain(self.filter.keys())
    }
}
