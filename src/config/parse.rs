//! Declarations and options from TOML and JSON, with errors that name the wrong key.

use serde::Deserialize;

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
    read_json(text).map_err(|Fault { place, problem }| {
        Error::option(if place.is_empty() { call.to_owned() } else { format!("{call}.{place}") }, problem)
    })
}

/// Reads JSON; errors name the option.
fn read_json<T: for<'de> Deserialize<'de>>(text: &str) -> std::result::Result<T, Fault> {
    let read = &mut serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(read).map_err(|e| {
        let place = e.path().to_string();
        Fault::new(if place == "." { "" } else { &place }, json_problem(e.inner()))
    })
}

/// The problem, without the position in a JSON text that the caller never saw.
pub(super) fn json_problem(e: &serde_json::Error) -> String {
    let message = e.to_string();
    let problem = with_nearest(message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m));
    // Times, spans and memory sizes name themselves as the option.
    let own = ["time: ", "span: ", "memory: "].into_iter().find_map(|name| problem.strip_prefix(name));
    own.map_or_else(|| problem.clone(), str::to_owned)
}

/// serde's message, with quotes as here, and "did you mean" about an unknown key or word.
#[must_use]
pub fn with_nearest(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((name, known)) = quoted.split_first() else { return message.to_owned() };
    let near = || nearest(name, known.iter().copied()).map(|near| format!("; did you mean '{near}'?"));
    if message.starts_with("unknown variant") && !known.is_empty() && !message.contains('\n') {
        let known: Vec<String> = known.iter().map(|word| format!("'{word}'")).collect();
        return format!("'{name}' is not one of {}{}", known.join(", "), near().unwrap_or_default());
    }
    if message.contains("unknown field") || message.contains("unknown variant") {
        return message.to_owned() + &near().unwrap_or_default();
    }
    let wrong = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    if let Some((given, expected)) = wrong.and_then(|m| m.split_once(", expected ")) {
        // serde names the type of the field.
        let (kind, rest) = expected.split_at(expected.find([' ', ',']).unwrap_or(expected.len()));
        let kind = match kind {
            "usize" | "u64" | "u32" | "u16" | "u8" => "an integer of at least 0",
            "i64" | "i32" => "an integer",
            "f64" => "a number",
            other => other,
        };
        let expected = format!("{kind}{rest}");
        return format!("expected {}, not {}", expected.replace("a string", "a text"), given.replace('`', ""));
    }
    message.to_owned()
}
