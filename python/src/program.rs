//! The command line, for the console script.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

use leadlens::cli;
use pyo3::prelude::*;

use crate::boundary::enter_or_leave;

/// Ends the process as the handler of the signal wanted to.
fn leave(raised: &PyErr) {
    let code = Python::attach(|py| raised.value(py).getattr("code").and_then(|code| code.extract()).ok());
    cli::leave(code.unwrap_or(cli::INTERRUPTED))
}

/// Runs the command line and returns its exit code. Output goes to the process' own streams.
#[pyfunction]
pub(crate) fn run_program(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<i32> {
    let finished = AtomicBool::new(false);
    let ended = enter_or_leave(py, None, Some(leave), |task| {
        let code = cli::run(arguments, task, &mut std::io::stdout(), &mut std::io::stderr());
        finished.store(code == cli::OK, Ordering::Relaxed);
        Ok(code)
    });
    if finished.load(Ordering::Relaxed) {
        // A signal that came after the last look came too late: the work is done, its files are written.
        let _ = py.check_signals();
        return Ok(cli::OK);
    }
    ended
}
