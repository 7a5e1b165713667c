//! Declarations and options from TOML and JSON, with errors that name the wrong key.

use serde::Deserialize;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::error::{Error, Result, nearest};

/// A problem of a declaration and its place: `stages[1].undated`, `events.lead.unit`, `leads.where['score']`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place: the role, its number if there are several, and keys. Empty for the whole declaration.
    pub place: String,
    /// The problem.
    pub problem: String,
}

impl Fault {
    pub(super) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }

    /// As the error of a wrong option.
    #[must_use]
    pub fn option(self) -> Error {
        if self.place.is_empty() {
            return Error::Config { problem: self.problem };
        }
        Error::option(self.place, self.problem)
    }

    /// As the error of a wrong configuration.
    #[must_use]
    pub fn config(self) -> Error {
        let problem = if self.place.is_empty() { self.problem } else { format!("{}: {}", self.place, self.problem) };
        Error::Config { problem }
    }
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
    read_json(text).map_err(Fault::config)
}

/// Reads the options of one call from JSON.
///
/// # Errors
/// [`Error::InvalidOption`] naming the call and the option, as in `funnel.window`.
pub fn parse_options<T: for<'de> Deserialize<'de>>(call: &str, text: &str) -> Result<T> {
    read_options(call, text).map_err(Fault::option)
}

/// Reads the options of one call, or of a section of a file, from JSON.
///
/// # Errors
/// The [`Fault`] with its place, as in `funnel.window`.
pub fn read_options<T: for<'de> Deserialize<'de>>(of: &str, text: &str) -> std::result::Result<T, Fault> {
    read_json(text).map_err(|Fault { place, problem }| {
        Fault::new(if place.is_empty() { of.to_owned() } else { format!("{of}.{place}") }, problem)
    })
}

/// A text that differs from every word of every option.
pub(super) const NO_WORD: &str = "\u{0}";

/// Reads JSON; errors name the option. Values are read first: of a wrong kind of value a text of JSON says only "expected value".
fn read_json<T: for<'de> Deserialize<'de>>(text: &str) -> std::result::Result<T, Fault> {
    let placed = |path: &serde_path_to_error::Path, problem: String| {
        let place = path.to_string();
        Fault::new(if place == "." { "" } else { &place }, problem)
    };
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        // Not JSON, such as a NaN: the reader of the text knows the place.
        let read = &mut serde_json::Deserializer::from_str(text);
        return serde_path_to_error::deserialize(read).map_err(|e| placed(e.path(), json_problem(e.inner())));
    };
    serde_path_to_error::deserialize(&value).map_err(|e| {
        // The words of an option, by what it says of a text that is none of them.
        let words = at(&mut value, e.path()).map(|given| std::mem::replace(given, NO_WORD.into())).and_then(|given| {
            let again = T::deserialize(&value).err()?;
            words_of(&again.to_string(), &given)
        });
        placed(e.path(), words.unwrap_or_else(|| json_problem(e.inner())))
    })
}

/// The value at a place.
fn at<'v>(value: &'v mut Value, place: &serde_path_to_error::Path) -> Option<&'v mut Value> {
    place.iter().try_fold(value, |value, segment| match segment {
        Segment::Map { key } => value.get_mut(key),
        Segment::Seq { index } => value.get_mut(*index),
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

/// That an option takes certain words, which are in serde's message about [`NO_WORD`], where `given` is not a text.
pub(super) fn words_of(message: &str, given: &Value) -> Option<String> {
    let words = message.split_once(&format!("unknown variant `{NO_WORD}`, expected "))?.1;
    if given.is_string() {
        return None;
    }
    let words: Vec<String> = words.split('`').skip(1).step_by(2).map(|word| format!("'{word}'")).collect();
    let given = match given {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
        other => other.to_string(),
    };
    Some(format!("expected one of {}, not {given}", words.join(", ")))
}

/// The problem, without the position in a JSON text that the caller never saw.
pub(super) fn json_problem(e: &serde_json::Error) -> String {
    let message = e.to_string();
    let problem = with_nearest(message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m));
    // Times, spans and memory sizes name themselves as the option.
    let own = ["time: ", "span: ", "memory: "].into_iter().find_map(|name| problem.strip_prefix(name));
    own.map_or_else(|| problem.clone(), str::to_owned)
}

/// serde's message in our words: what was expected and what was given, and "did you mean" about an unknown key or word.
#[must_use]
pub fn with_nearest(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some((name, known)) = quoted.split_first() {
        let near = nearest(name, known.iter().copied()).map(|near| format!("; did you mean '{near}'?"));
        let near = near.unwrap_or_default();
        let listed = known.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        let known = if listed.is_empty() { String::new() } else { format!("; known: {listed}") };
        // What follows the words of a message of TOML is the place in the file.
        let place =
            message.split_once('\n').filter(|_| message.starts_with("unknown")).map(|(_, place)| format!("\n{place}"));
        let place = place.unwrap_or_default();
        if message.starts_with("unknown variant") && !listed.is_empty() && place.is_empty() {
            return format!("'{name}' is not one of {listed}{near}");
        }
        if message.starts_with("unknown field") && place.is_empty() {
            return format!("unknown key '{name}'{known}{near}");
        }
        if message.starts_with("missing field") {
            return format!("the key '{name}' is missing");
        }
        if message.contains("unknown field") || message.contains("unknown variant") {
            return message.to_owned() + &near;
        }
    }
    let wrong = ["invalid type: ", "invalid value: ", "invalid length "].into_iter();
    match wrong.filter_map(|start| message.strip_prefix(start)).find_map(|m| m.split_once(", expected ")) {
        Some((given, expected)) => format!("expected {}, not {}", in_words(expected), given_in_words(given)),
        None => message.to_owned(),
    }
}

/// What serde expects, without names of types.
fn in_words(expected: &str) -> String {
    let end = expected.find([' ', ',']).unwrap_or(expected.len());
    let (kind, rest) = expected.split_at(end);
    match kind {
        "usize" | "u64" | "u32" | "u16" | "u8" => format!("an integer of at least 0{rest}"),
        "i64" | "i32" => format!("an integer{rest}"),
        "f64" => format!("a number{rest}"),
        "struct" | "map" | "internally" => "a table, that is keys and their values".to_owned(),
        "string" | "str" if rest.is_empty() || rest == " or map" => "a text".to_owned(),
        "tuple" | "sequence" => "a list".to_owned(),
        _ => {
            let known = [
                ("a string", "a text"),
                ("a sequence", "a list"),
                ("a map", "a table, that is keys and their values"),
                ("a boolean", "true or false"),
                ("a tuple of size ", "a list of "),
                ("an array of length ", "a list of "),
            ];
            let found = known.into_iter().find_map(|(of, word)| Some((word, expected.strip_prefix(of)?)));
            found.map_or_else(|| expected.to_owned(), |(word, rest)| format!("{word}{rest}"))
        }
    }
}

/// What serde was given, as it stands in the file or the call.
fn given_in_words(given: &str) -> String {
    let given = given.replace('`', "");
    let (kind, value) = given.split_once(' ').unwrap_or((&given, ""));
    match kind {
        "integer" | "boolean" => value.to_owned(),
        "floating" => value.strip_prefix("point ").unwrap_or(value).to_owned(),
        "string" => format!("'{}'", value.trim_matches('"')),
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        "null" | "unit" => "nothing".to_owned(),
        _ => given,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_without_names_of_types() {
        for (of_serde, ours) in [
            (
                "unknown variant `drp`, expected `drop` or `ipcw`",
                "'drp' is not one of 'drop', 'ipcw'; did you mean 'drop'?",
            ),
            (
                "unknown field `chanel`, expected one of `channel`, `by`",
                "unknown key 'chanel'; known: 'channel', 'by'; did you mean 'channel'?",
            ),
            ("missing field `table`", "the key 'table' is missing"),
            ("invalid type: string \"half\", expected f64", "expected a number, not 'half'"),
            ("invalid value: integer `-1`, expected usize", "expected an integer of at least 0, not -1"),
            ("invalid type: floating point `1.5`, expected usize", "expected an integer of at least 0, not 1.5"),
            ("invalid type: sequence, expected a string", "expected a text, not a list"),
            (
                "invalid type: integer `3`, expected struct SnapshotSpec",
                "expected a table, that is keys and their values, not 3",
            ),
            ("invalid type: boolean `true`, expected a sequence", "expected a list, not true"),
            ("invalid length 1, expected a tuple of size 2", "expected a list of 2, not 1"),
            ("C must be a number or \"cv\"", "C must be a number or \"cv\""),
        ] {
            assert_eq!(with_nearest(of_serde), ours);
        }
    }
}
