//! The declaration of tables and roles: the same keys in TOML, in Python and in Rust.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::design::Side;
use crate::error::{Error, Result, nearest};
use crate::journeys::Bytes;
use crate::time::{TimeUnit, Timestamp};

/// What all roles of a table share: how its times are read, and which rows count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Zone of times without an offset; that of the configuration if not given.
    pub timezone: Option<String>,
    /// Column with the zone of each row instead.
    pub timezone_column: Option<String>,
    /// strptime pattern of texts that are times.
    pub time_format: Option<String>,
    /// Unit of numbers that are times.
    pub unit: Option<TimeUnit>,
    /// Whether a whole day means its end (events, stages) or its start (creation); the role's own rule if not given.
    pub day: Option<DayMeans>,
    /// Column that orders rows of equal time.
    pub order: Option<String>,
    /// Rows that count: column → condition.
    #[serde(rename = "where")]
    pub filter: BTreeMap<String, Condition>,
    /// Texts that mean "no value".
    pub nulls: Vec<String>,
}

/// Which instant of a day a whole day means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayMeans {
    /// Its last microsecond.
    End,
    /// Its first microsecond.
    Start,
}

/// A condition on a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Condition {
    /// The cell is empty.
    Null(()),
    /// The cell is this truth value.
    Bool(bool),
    /// The cell is this number.
    Number(f64),
    /// The cell matches this text; `*` and `?` are wildcards.
    Text(String),
    /// One of these holds.
    Any(Vec<Condition>),
    /// This does not hold.
    Not {
        /// The condition.
        not: Box<Condition>,
    },
    /// `{ null = true }`: the cell is empty, for TOML, which has no null.
    IsNull {
        /// Whether it must be empty.
        null: bool,
    },
}

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

/// Where the lead of a row is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LeadKey {
    /// A column with the lead's id.
    Column(String),
    /// By way of another table.
    Lookup(LookupSpec),
}

/// A table that says which lead an anonymous id, deal or contact belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupSpec {
    /// The table.
    pub table: String,
    /// Its key column; also the column of the table that uses it, unless `on` says another.
    pub key: String,
    /// Its column with the lead's id.
    pub lead: String,
    /// Column of the table that uses it.
    #[serde(default)]
    pub on: Option<String>,
    /// Column from when on the key means the lead.
    #[serde(default)]
    pub valid_from: Option<String>,
    /// Column until when (exclusive).
    #[serde(default)]
    pub valid_to: Option<String>,
    /// Text between several keys in one cell.
    #[serde(default)]
    pub split: Option<String>,
}

/// What to do with several rows of one lead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// Refuse the table.
    #[default]
    Error,
    /// Keep the first row.
    First,
    /// Keep the last row.
    Last,
}

/// The table of leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadsSpec {
    /// Table.
    pub table: String,
    /// Id column.
    pub id: String,
    /// Creation time.
    #[serde(default)]
    pub created: Option<String>,
    /// Columns that are fields; all but the withheld ones if not given.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// Columns that are no fields.
    #[serde(default)]
    pub ignore: Vec<String>,
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

/// A table of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// Where the times of stages are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
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

/// A table of stage entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StagesSpec {
    /// Table.
    pub table: String,
    /// Lead.
    pub lead: LeadKey,
    /// Time, or a column per stage.
    pub at: At,
    /// Stage column.
    #[serde(default)]
    pub stage: Option<String>,
    /// Deal column; without one the stages are the lead's own.
    #[serde(default)]
    pub deal: Option<String>,
    /// Column with the stage before.
    #[serde(default)]
    pub previous: Option<String>,
    /// Stage names in the table → stage names here.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Names not in `names`.
    #[serde(default)]
    pub unmapped: Unmapped,
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
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

/// A table of fields that change over time: wide (one column per field) or long (`name` and `value`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// A table of accounts; its fields become fields of their leads, named `account.field`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountsSpec {
    /// Table.
    pub table: String,
    /// Id column.
    pub id: String,
    /// Columns that are fields; all if not given.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

impl Common {
    fn columns(&self) -> impl Iterator<Item = &String> {
        self.order.iter().chain(&self.timezone_column).chain(self.filter.keys())
    }
}

impl LeadKey {
    /// The column of the table that uses it.
    #[must_use]
    pub fn column(&self) -> &String {
        match self {
            Self::Column(column) => column,
            Self::Lookup(spec) => spec.on.as_ref().unwrap_or(&spec.key),
        }
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

impl LeadsSpec {
    /// Every column it names, fields last.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        self.roles().chain(self.fields.iter().flatten()).chain(&self.ignore).chain(self.common.filter.keys())
    }

    /// The columns that have a role, so that they are no fields.
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

impl StagesSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        let named = [&self.stage, &self.deal, &self.previous, &self.amount, &self.currency, &self.reason, &self.rep];
        let times: Vec<&String> = match &self.at {
            At::Column(column) => vec![column],
            At::Columns(map) => map.values().collect(),
        };
        [self.lead.column()].into_iter().chain(times).chain(named.into_iter().flatten()).chain(self.common.columns())
    }
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

impl AccountsSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        [&self.id].into_iter().chain(self.fields.iter().flatten()).chain(self.common.columns())
    }
}

impl LookupSpec {
    /// Every column it names in its own table.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        [&self.key, &self.lead].into_iter().chain([&self.valid_from, &self.valid_to].into_iter().flatten())
    }
}

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

/// All tables and what they mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Leads.
    pub leads: LeadsSpec,
    /// Events.
    #[serde(default)]
    pub events: Vec<EventsSpec>,
    /// Stages.
    #[serde(default)]
    pub stages: Vec<StagesSpec>,
    /// Fields with a history.
    #[serde(default)]
    pub fields: Vec<FieldsSpec>,
    /// Accounts.
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
    /// End of observation (exclusive); derived if not given.
    #[serde(default)]
    pub observed_until: Option<Timestamp>,
    /// From when on outcomes were recorded.
    #[serde(default)]
    pub outcomes_from: Option<Timestamp>,
    /// Zone of times without an offset.
    #[serde(default = "utc")]
    pub timezone: String,
    /// Zone of calendar days.
    #[serde(default = "utc")]
    pub calendar_zone: String,
    /// Stage entries before creation.
    #[serde(default)]
    pub before_creation: BeforeCreation,
    /// Working memory for building the index; as much as it takes if not given.
    #[serde(default)]
    pub memory: Option<Bytes>,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn one_or_many<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<Vec<String>, D::Error> {
    crate::design::one_or_many(d)
}

/// Reads a declaration from TOML.
///
/// # Errors
/// [`Error::Config`] naming the key and, for an unknown one, the nearest known key.
pub fn parse_toml<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| Error::Config { problem: with_nearest(e.to_string().trim_end()) })
}

/// Reads a declaration from JSON.
///
/// # Errors
/// As [`parse_toml`].
pub fn parse_json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T> {
    read_json(text).map_err(|problem| Error::Config { problem })
}

/// Reads the options of one call from JSON.
///
/// # Errors
/// [`Error::InvalidOption`] naming the call.
pub fn parse_options<T: for<'de> Deserialize<'de>>(call: &str, text: &str) -> Result<T> {
    read_json(text).map_err(|problem| Error::option(call, problem))
}

/// Reads JSON; the error says which option is wrong.
fn read_json<T: for<'de> Deserialize<'de>>(text: &str) -> std::result::Result<T, String> {
    let read = &mut serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(read).map_err(|e| {
        let (path, problem) = (e.path().to_string(), json_problem(e.inner()));
        if path == "." { problem } else { format!("{path}: {problem}") }
    })
}

/// What is wrong, without the position in a JSON text that the caller never saw.
fn json_problem(e: &serde_json::Error) -> String {
    let message = e.to_string();
    with_nearest(message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m))
}

/// Adds "did you mean" to serde's message about an unknown key.
#[must_use]
pub fn with_nearest(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((name, known)) if message.contains("unknown field") || message.contains("unknown variant") => {
            match nearest(name, known.iter().copied()) {
                Some(near) => format!("{message}; did you mean '{near}'?"),
                None => message.to_owned(),
            }
        }
        _ => message.to_owned(),
    }
}

impl Config {
    /// Refuses keys of a role that do not exist: serde cannot, where shared options are flattened in.
    ///
    /// # Errors
    /// [`Error::Config`] naming the role, the key and the nearest known one.
    pub fn check_keys(value: &serde_json::Value) -> Result<()> {
        const COMMON: [&str; 8] =
            ["timezone", "timezone_column", "time_format", "unit", "day", "order", "where", "nulls"];
        let roles: [(&str, &[&str]); 5] = [
            ("leads", &["table", "id", "created", "fields", "ignore", "account", "owner", "outcome", "rows"]),
            (
                "events",
                &["table", "lead", "at", "kind", "name", "id", "channel", "campaign", "side", "rep", "values", "props"],
            ),
            (
                "stages",
                &[
                    "table", "lead", "at", "stage", "deal", "previous", "names", "unmapped", "amount", "currency",
                    "reason", "rep",
                ],
            ),
            ("fields", &["table", "lead", "valid_from", "valid_to", "name", "value"]),
            ("accounts", &["table", "id", "fields"]),
        ];
        for (role, own) in roles {
            let entries: Vec<&serde_json::Value> = match value.get(role) {
                Some(serde_json::Value::Array(list)) => list.iter().collect(),
                Some(serde_json::Value::Object(_)) if ["events", "stages", "fields"].contains(&role) => {
                    return Err(Error::Config { problem: format!("{role} is a list of tables: write [[{role}]]") });
                }
                Some(one) => vec![one],
                None => Vec::new(),
            };
            let nested = [
                ("lead", ["table", "key", "lead", "on", "valid_from", "valid_to", "split"].as_slice()),
                ("kind", ["literal"].as_slice()),
            ];
            for (key, known) in nested {
                for inner in entries.iter().filter_map(|e| e.get(key)?.as_object()).flat_map(serde_json::Map::keys) {
                    if !known.contains(&inner.as_str()) {
                        let near = nearest(inner, known.iter().copied());
                        let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                        return Err(Error::Config {
                            problem: format!("unknown key '{inner}' in {key} of {role}{near}"),
                        });
                    }
                }
            }
            for key in entries.iter().filter_map(|e| e.as_object()).flat_map(serde_json::Map::keys) {
                let known = || own.iter().chain(&COMMON).copied();
                if !known().any(|k| k == key) {
                    let near = nearest(key, known()).map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                    return Err(Error::Config { problem: format!("unknown key '{key}' in {role}{near}") });
                }
            }
        }
        Ok(())
    }
}
