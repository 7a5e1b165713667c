//! leadlens' errors as Python exceptions: one class per family, defined in `leadlens.errors`.

use leadlens::Error;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The class of a variant. No wildcard for the known ones, so that a new variant is placed on purpose.
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
    let value = class.call1((error.to_string(),))?;
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
