//! The declaration of tables and roles: the same keys in TOML, in Python and in Rust.

mod accounts;
mod common;
mod cutoffs;
mod events;
mod history;
mod leads;
mod lookup;
mod parse;
mod place;
mod reading;
mod renames;
mod roles;
mod stages;

use serde::{Deserialize, Deserializer, Serialize};

use crate::journeys::Bytes;
pub use crate::schema::Condition;
use crate::schema::canonical_text;
use crate::time::Moment;

pub use accounts::AccountsSpec;
pub use common::Common;
pub(crate) use common::DayMeans;
pub use cutoffs::CutoffsSpec;
pub use events::EventsSpec;
pub use history::FieldsSpec;
pub use leads::LeadsSpec;
pub(crate) use leads::{Duplicates, LeadsFrom};
pub use lookup::{Attribute, LeadCells, LeadKey, LookupSpec, Pick};
pub use parse::{Fault, parse_json, parse_options, parse_toml, read_options, with_nearest};
pub use place::{declared, parse_declared};
pub(crate) use place::{place_of, within};
pub use reading::Reading;
pub use renames::Renames;
pub use stages::{At, StagesSpec};
pub(crate) use stages::{Undated, Unmapped};

/// What to do with stage entries before their lead's creation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BeforeCreation {
    /// Keep them at their time.
    #[default]
    Keep,
    /// Leave them out, counted.
    Quarantine,
    /// Move them to the creation, counted.
    Clamp,
}

/// The declarations of all tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The table of leads.
    pub leads: LeadsSpec,
    /// Tables of events.
    #[serde(default)]
    pub events: Vec<EventsSpec>,
    /// Tables of stages.
    #[serde(default)]
    pub stages: Vec<StagesSpec>,
    /// Fields with a history.
    #[serde(default)]
    pub fields: Vec<FieldsSpec>,
    /// Table of accounts.
    #[serde(default)]
    pub accounts: Option<AccountsSpec>,
    /// Stages in order.
    #[serde(default)]
    pub pipeline: Vec<String>,
    /// Stages that mean won.
    #[serde(default, deserialize_with = "one_or_many")]
    pub won: Vec<String>,
    /// Stages that mean lost.
    #[serde(default, deserialize_with = "one_or_many")]
    pub lost: Vec<String>,
    /// End of observation (exclusive); derived by default.
    #[serde(default)]
    pub observed_until: Option<Moment>,
    /// Start of recorded outcomes.
    #[serde(default)]
    pub outcomes_from: Option<Moment>,
    /// Zone of times without an offset, in tables that do not say their own and in options.
    #[serde(default = "utc")]
    pub timezone: String,
    /// Zone of calendar days.
    #[serde(default = "utc")]
    pub calendar_zone: String,
    /// Stage entries before creation.
    #[serde(default)]
    pub before_creation: BeforeCreation,
    /// Working memory for building the index; unlimited by default.
    #[serde(default)]
    pub memory: Option<Bytes>,
    /// Largest share of quarantined rows in a table, 0 to 1, in tables of at least 20 rows; any share if not given (the
    /// command line takes half).
    #[serde(default)]
    pub max_bad: Option<f64>,
}

impl Config {
    /// The same, with names of stages as cells give them: 7.0 and True are 7 and true.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let names = |names: &[String]| names.iter().map(|name| canonical_text(name).into_owned()).collect();
        Self { pipeline: names(&self.pipeline), won: names(&self.won), lost: names(&self.lost), ..self.clone() }
    }
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Accepts `"won"` as well as `["won", "renewed"]`.
fn one_or_many<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name, or a list of names")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(d)? {
        OneOrMany::One(s) => vec![s],
        OneOrMany::Many(v) => v,
    })
}
