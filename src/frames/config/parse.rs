//! Declarations and options from TOML and JSON, with errors that say which key is wrong.

use serde::{Deserialize, Serialize};

use super::{AccountsSpec, Config, CutoffsSpec, EventsSpec, FieldsSpec, LeadsSpec, LookupSpec, StagesSpec};
use crate::error::{Error, Result, nearest};

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

/// Refuses keys that a table of cutoffs does not have; `role` is what to call it.
///
/// # Errors
/// [`Error::Config`] naming the key.
pub fn check_cutoffs(value: &serde_json::Value, role: &str) -> Result<()> {
    value.as_object().map_or(Ok(()), |map| check_known(map.keys(), &keys_of::<CutoffsSpec>(), role))
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

/// The keys of a declaration, those of its shared options included: serde names them all.
fn keys_of<T: Default + Serialize>() -> Vec<String> {
    match serde_json::to_value(T::default()) {
        Ok(serde_json::Value::Object(map)) => map.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}

/// Refuses a key that `known` does not have.
fn check_known<'a>(mut keys: impl Iterator<Item = &'a String>, known: &[String], place: &str) -> Result<()> {
    let Some(key) = keys.find(|key| !known.contains(key)) else { return Ok(()) };
    let near = nearest(key, known.iter().map(String::as_str));
    let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
    Err(Error::Config { problem: format!("unknown key '{key}' in {place}{near}") })
}

/// Refuses a key that literals and lookups do not have, those in lookups included.
fn check_inner(value: &serde_json::Value, lookup: &[String], place: &str) -> Result<()> {
    if let Some(list) = value.as_array() {
        return list.iter().try_for_each(|one| check_inner(one, lookup, place));
    }
    let Some(map) = value.as_object() else { return Ok(()) };
    if map.contains_key("literal") {
        check_known(map.keys(), &["literal".to_owned()], place)?;
    } else {
        check_known(map.keys(), lookup, place)?;
    }
    ["lead", "value"].iter().filter_map(|key| map.get(*key)).try_for_each(|inner| check_inner(inner, lookup, place))
}

impl Config {
    /// Refuses keys of a role that do not exist: serde cannot, where shared options are flattened in.
    ///
    /// # Errors
    /// [`Error::Config`] naming the role, the key and the nearest known one.
    pub fn check_keys(value: &serde_json::Value) -> Result<()> {
        let roles = [
            ("leads", keys_of::<LeadsSpec>()),
            ("events", keys_of::<EventsSpec>()),
            ("stages", keys_of::<StagesSpec>()),
            ("fields", keys_of::<FieldsSpec>()),
            ("accounts", keys_of::<AccountsSpec>()),
        ];
        let mut lookup = keys_of::<LookupSpec>();
        lookup.push("literal".to_owned());
        for (role, known) in roles {
            let entries: Vec<&serde_json::Value> = match value.get(role) {
                Some(serde_json::Value::Array(list)) => list.iter().collect(),
                Some(serde_json::Value::Object(_)) if ["events", "stages", "fields"].contains(&role) => {
                    return Err(Error::Config { problem: format!("{role} is a list of tables: write [[{role}]]") });
                }
                Some(one) => vec![one],
                None => Vec::new(),
            };
            for entry in entries.iter().filter_map(|e| e.as_object()) {
                check_known(entry.keys(), &known, role)?;
                for key in ["lead", "kind", "channel", "campaign", "rep", "stage"] {
                    entry.get(key).map_or(Ok(()), |value| check_inner(value, &lookup, &format!("{key} of {role}")))?;
                }
            }
        }
        Ok(())
    }
}
