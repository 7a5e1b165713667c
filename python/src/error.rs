//! leadlens' errors as Python exceptions: one class per family, defined in `leadlens.errors`.

use leadlens::{Error, Mention};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The class of a variant. No wildcard for the known ones, so a new variant is placed on purpose.
fn class_of(error: &Error) -> &'static str {
    match error {
        Error::Schema { .. } | Error::FutureDated { .. } => "SchemaError",
        Error::Read { missing: true, .. } => "MissingFileError",
        Error::Read { .. } => "ReadError",
        Error::Write { .. } => "WriteError",
        Error::Config { .. } => "ConfigError",
        Error::InvalidOption { .. } | Error::Length { .. } | Error::NonFinite { .. } => "OptionError",
        Error::UnknownName { .. } => "UnknownNameError",
        Error::NoRows { .. } | Error::OneClass { .. } | Error::TooFew { .. } | Error::Undefined { .. } => {
            "NotEnoughDataError"
        }
        Error::Singular { .. } => "FitError",
        Error::Separated { .. } => "SeparationError",
        Error::NotConverged { .. } => "ConvergenceError",
        Error::OutOfRange { .. } => "OutOfRangeError",
        Error::ModelFormat { .. } | Error::ModelVersion { .. } => "ModelFormatError",
        Error::Interrupted => "KeyboardInterrupt",
        _ => "LeadLensError",
    }
}

/// An option as Python writes it: `stages[1].undated` is an argument of the second `Stages`.
fn in_python(option: &str) -> String {
    let (path, column) = match option.split_once("['") {
        Some((path, column)) => (path, Some(column.trim_end_matches("']"))),
        None => (option, None),
    };
    let mut keys = path.split('.');
    let role = keys.next().unwrap_or(path);
    let keys: Vec<&str> = keys.collect();
    let name = |key: &str| key.split('[').next().unwrap_or(key).to_owned();
    let Some((last, outer)) = keys.split_last() else { return option.to_owned() };
    let value = column.map_or_else(|| "…".to_owned(), |column| format!("{{'{column}': …}}"));
    let innermost = if *last == "lookup" { "lookup(…)".to_owned() } else { format!("{}={value}", name(last)) };
    let role_name = name(role);
    let (class, list) = match role_name.as_str() {
        "leads" => ("Leads", false),
        "events" => ("Events", true),
        "stages" => ("Stages", true),
        "fields" => ("Fields", true),
        "accounts" => ("Accounts", false),
        "cutoffs" => ("Cutoffs", false),
        "spend" => ("Spend", true),
        call => (call, false),
    };
    let inner = outer.iter().rev().fold(innermost, |inner, key| match name(key).as_str() {
        "from" => format!("from_events(Events({inner}))"),
        "lookup" => format!("lookup({inner})"),
        // Options of analyses are not made of lookups.
        "steps" if class.starts_with(char::is_lowercase) => format!("steps=[Step({inner})]"),
        key if class.starts_with(char::is_lowercase) => format!("{key}: {inner}"),
        key => format!("{key}=lookup({inner})"),
    });
    let spelled =
        if inner.starts_with("from_events") { format!("{class}.{inner}") } else { format!("{class}({inner})") };
    if list && role.contains('[') { format!("{spelled} in {role}") } else { spelled }
}

/// The exception for `error`, with its stable slug as `kind` and, for a schema, the list of `violations`.
pub(crate) fn to_python(error: &Error) -> PyErr {
    Python::attach(|py| build(py, error).unwrap_or_else(|e| e))
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let name = class_of(error);
    if name == "KeyboardInterrupt" {
        return Ok(pyo3::exceptions::PyKeyboardInterrupt::new_err("interrupted"));
    }
    let class = py.import("leadlens.errors")?.getattr(name)?;
    let message = error.spelled(&|mention| match mention {
        Mention::AtFault(option) => in_python(option),
        Mention::Advice { name, .. } => format!("{name}="),
    });
    let value = class.call1((message,))?;
    value.setattr("kind", error.kind())?;
    if let Error::Schema { violations } = error {
        let rows = violations.iter().map(|v| (v.table.as_str(), v.column.as_deref(), v.problem.as_str()));
        let rows: Vec<Bound<'_, PyTuple>> = rows.map(|r| r.into_pyobject(py)).collect::<PyResult<_>>()?;
        value.setattr("violations", rows)?;
    }
    Ok(PyErr::from_value(value))
}

/// The exception for something that only `save` and `open` bring to another process.
pub(crate) fn not_pickled(what: &str, remedy: &str) -> PyErr {
    Python::attach(|py| {
        let made = py
            .import("leadlens.errors")
            .and_then(|m| m.getattr("PicklingError"))
            .and_then(|c| c.call1((format!("{what} cannot be pickled: {remedy}"),)));
        made.map_or_else(|e| e, PyErr::from_value)
    })
}

/// The exception for a panic of this or another library.
pub(crate) fn internal(message: &str) -> PyErr {
    Python::attach(|py| {
        let made = py
            .import("leadlens.errors")
            .and_then(|m| m.getattr("InternalError"))
            .and_then(|c| c.call1((format!("internal error: {message}; please report it"),)));
        match made {
            Ok(value) => PyErr::from_value(value),
            Err(e) => e,
        }
    })
}
