//! The command line, for the console script.

use pyo3::prelude::*;

use crate::boundary::enter;

/// Runs the command line and returns its exit code. Output goes to the process' own streams.
#[pyfunction]
pub(crate) fn run_program(py: Python<'_>, arguments: Vec<String>) -> PyResult<i32> {
    enter(py, None, |_| {
        let arguments = arguments.into_iter().map(std::ffi::OsString::from);
        Ok(leadlens::cli::run(arguments, &mut std::io::stdout(), &mut std::io::stderr()))
    })
}
