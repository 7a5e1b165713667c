//! Where an option of a declaration stands, and its problem, in one form for all interfaces, each of which writes
//! it in its own words.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::parse::{Fault, NO_WORD, json_problem, parse_json, words_of};
use super::{Condition, EventsSpec, LookupSpec};
use crate::error::{Error, Result, nearest};

/// Keys of a role that hold a column or a lookup.
const LOOKUPS: [&str; 7] = ["lead", "kind", "channel", "campaign", "rep", "stage", "value"];

/// The place of declaration `i` of `n` of a role.
pub(crate) fn place_of(role: &str, i: usize, n: usize) -> String {
    if n > 1 { format!("{role}[{i}]") } else { role.to_owned() }
}

/// An error met while the table of a role is read: options of the role, and of its lookups, get their place.
pub(crate) fn within<T: Default + Serialize>(error: Error, place: &str) -> Error {
    match error {
        Error::InvalidOption { option, problem } => {
            let key = option.split(['.', '[']).next().unwrap_or("");
            let known = key == "lookup" || defaults::<T>().contains_key(key);
            Error::InvalidOption { option: if known { format!("{place}.{option}") } else { option }, problem }
        }
        other => other,
    }
}

/// Reads the declarations of one role: a table, or a list of tables.
///
/// # Errors
/// The first [`Fault`].
pub fn declared<T: Default + Serialize + DeserializeOwned>(
    role: &str,
    value: &Value,
) -> std::result::Result<Vec<T>, Fault> {
    let all = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    let read = |(i, one): (usize, &Value)| {
        let place = place_of(role, i, all.len());
        check::<T>(one, &place)?;
        T::deserialize(one).map_err(|e| Fault::new(place, json_problem(&e)))
    };
    all.iter().enumerate().map(read).collect()
}

/// As [`declared`], of a text of JSON; the error names an option.
///
/// # Errors
/// [`Error::InvalidOption`] naming the place.
pub fn parse_declared<T: Default + Serialize + DeserializeOwned>(role: &str, text: &str) -> Result<Vec<T>> {
    let value: Value = parse_json(text)?;
    declared(role, &value).map_err(Fault::option)
}

/// The keys of a declaration with their defaults, including shared options.
fn defaults<T: Default + Serialize>() -> Map<String, Value> {
    match serde_json::to_value(T::default()) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Checks each key on its own: serde does not name the wrong one if options are flattened or have several
/// forms.
pub(super) fn check<T: Default + Serialize + DeserializeOwned>(
    value: &Value,
    place: &str,
) -> std::result::Result<(), Fault> {
    let Some(map) = value.as_object() else {
        return Err(Fault::new(place, "expected a table, that is keys and their values"));
    };
    let defaults = defaults::<T>();
    check_known(map, &defaults, None, place)?;
    for (key, given) in map {
        let inner = format!("{place}.{key}");
        match key.as_str() {
            key if LOOKUPS.contains(&key) => check_lookups(given, &inner)?,
            "from" => check_all::<EventsSpec>(given, &inner)?,
            "where" => check_conditions(given, &inner)?,
            _ => {}
        }
        let mut alone = defaults.clone();
        alone.insert(key.clone(), given.clone());
        let read = T::deserialize(Value::Object(alone.clone()));
        read.map_err(|e| {
            alone.insert(key.clone(), NO_WORD.into());
            let words = T::deserialize(Value::Object(alone)).err().and_then(|e| words_of(&e.to_string(), given));
            Fault::new(inner, words.unwrap_or_else(|| json_problem(&e)))
        })?;
    }
    Ok(())
}

/// Refuses an unknown key; `other` is a further known key.
fn check_known(
    map: &Map<String, Value>,
    known: &Map<String, Value>,
    other: Option<&str>,
    place: &str,
) -> std::result::Result<(), Fault> {
    let Some(key) = map.keys().find(|key| !known.contains_key(*key)) else { return Ok(()) };
    let keys = || known.keys().map(String::as_str).chain(other);
    let near = nearest(key, keys()).map(|n| format!("; did you mean '{n}'?"));
    // A list of all keys is long: it is for those who look for one.
    let listed = || format!("; known: {}", keys().map(|k| format!("'{k}'")).collect::<Vec<_>>().join(", "));
    Err(Fault::new("", format!("unknown key '{key}' in {place}{}", near.unwrap_or_else(listed))))
}

fn check_all<T: Default + Serialize + DeserializeOwned>(value: &Value, place: &str) -> std::result::Result<(), Fault> {
    let Some(all) = value.as_array() else { return Ok(()) };
    all.iter().enumerate().try_for_each(|(i, one)| check::<T>(one, &format!("{place}[{i}]")))
}

fn check_lookups(value: &Value, place: &str) -> std::result::Result<(), Fault> {
    match value {
        Value::Array(all) => {
            all.iter().enumerate().try_for_each(|(i, one)| check_lookups(one, &format!("{place}[{i}]")))
        }
        Value::Object(map) if map.contains_key("literal") => match map.keys().find(|key| *key != "literal") {
            Some(key) => Err(Fault::new("", format!("unknown key '{key}' in {place}, which is a literal"))),
            None => Ok(()),
        },
        Value::Object(map) => {
            check_known(map, &defaults::<LookupSpec>(), Some("literal"), place)?;
            check::<LookupSpec>(value, place)
        }
        _ => Ok(()),
    }
}

fn check_conditions(value: &Value, place: &str) -> std::result::Result<(), Fault> {
    let Some(map) = value.as_object() else { return Ok(()) };
    map.iter().try_for_each(|(column, condition)| {
        let read = Condition::deserialize(condition).map(drop);
        read.map_err(|e| Fault::new(format!("{place}['{column}']"), json_problem(&e)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, StagesSpec};

    fn fault(json: &str) -> Fault {
        Config::declared(&serde_json::from_str(json).unwrap()).unwrap_err()
    }

    #[test]
    fn the_key_at_fault_is_named_wherever_it_stands() {
        let leads = r#""leads": {"table": "l", "id": "i""#;
        for (rest, place) in [
            (r#", "unit": "y"}"#, "leads.unit"),
            (r#", "rows": 3}"#, "leads.rows"),
            (r#", "where": {"a.b": {"nott": 1}}}"#, "leads.where['a.b']"),
            (r#"}, "stages": [{"table": "s", "lead": "l", "at": "t", "undated": "x"}]"#, "stages.undated"),
            (
                r#"}, "events": [{"table": "s", "lead": "l", "at": "t", "kind": "k"},
                              {"table": "s", "lead": ["a", {"table": "x", "key": "k", "unit": "y"}], "at": "t", "kind": "k"}]"#,
                "events[1].lead[1].unit",
            ),
            (r#", "from": [{"table": "s", "lead": "l", "at": 3, "kind": "k"}]}"#, "leads.from[0].at"),
            (r#"}, "before_creation": "x""#, "before_creation"),
            (r#"}, "observed_until": "x""#, "observed_until"),
        ] {
            assert_eq!(fault(&format!("{{{leads}{rest}}}")).place, place, "{rest}");
        }
        let unknown = fault(&format!(r#"{{{leads}, "crated": "c"}}}}"#));
        assert_eq!(unknown, Fault::new("", "unknown key 'crated' in leads; did you mean 'created'?"));
    }

    #[test]
    fn options_of_a_role_get_its_place_and_others_stay() {
        let at = |option: &str| match within::<StagesSpec>(Error::option(option, "p"), "stages[1]") {
            Error::InvalidOption { option, .. } => option,
            _ => String::new(),
        };
        assert_eq!(at("pick"), "stages[1].pick");
        assert_eq!(at("lead.timezone"), "stages[1].lead.timezone");
        assert_eq!(at("memory"), "memory");
    }
}
