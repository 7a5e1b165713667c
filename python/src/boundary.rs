//! The one way from Python into Rust: release the GIL, watch for Ctrl-C, show progress, turn errors and panics into
//! exceptions.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use leadlens::cli::GRACE;
use leadlens::{Error, Task};
use pyo3::prelude::*;

use crate::error::{internal, to_python};
use crate::fork;

fn text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(s) => *s,
        Err(p) => p.downcast::<&str>().map_or_else(|_| "panic without a message".to_owned(), |s| (*s).to_owned()),
    }
}

/// Runs long work on its own thread without the GIL. Every tenth of a second signals are looked at (Ctrl-C stops the
/// task) and `progress(label, done, total)` is called if it is given.
pub(crate) fn enter<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Task) -> Result<T, Error> + Send,
) -> PyResult<T> {
    enter_or_leave(py, progress, None, work)
}

/// As [`enter`]; `leave` is called where work goes on for longer than it may after a signal.
pub(crate) fn enter_or_leave<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    leave: Option<fn(&PyErr)>,
    work: impl FnOnce(&Task) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let progress: Option<Py<PyAny>> = progress.map(|p| p.clone().unbind());
    let task = Task::new();
    let forked = fork::forked();
    py.detach(|| {
        let (sender, receiver) = sync_channel(1);
        let job = || {
            let _here = task.here();
            // The receiver lives until the value arrives.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(|| work(&task))));
        };
        let (raised, outcome) = beside(forked, job, || watch(&task, progress.as_ref(), leave, &receiver))
            .map_err(|e| internal(&format!("no thread could be started: {e}")))?;
        match (raised, outcome) {
            (Some(e), _) => Err(e),
            (None, Some(Ok(result))) => result.map_err(|e| to_python(&e)),
            (None, Some(Err(panic))) => Err(internal(&text(panic))),
            (None, None) => Err(internal("the worker thread ended without a result")),
        }
    })
}

/// Runs `job` on another thread and `watch` on this one.
fn beside<R>(forked: bool, job: impl FnOnce() + Send, watch: impl FnOnce() -> R) -> std::io::Result<R> {
    if forked {
        return fork::beside(job, watch);
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new().spawn_scoped(scope, job)?;
        Ok(watch())
    })
}

type Outcome<T> = std::thread::Result<Result<T, Error>>;

/// What was raised meanwhile, and the outcome of the work, if it came to one.
fn watch<T>(
    task: &Task,
    progress: Option<&Py<PyAny>>,
    leave: Option<fn(&PyErr)>,
    receiver: &Receiver<Outcome<T>>,
) -> (Option<PyErr>, Option<Outcome<T>>) {
    let mut raised: Option<PyErr> = None;
    let mut asked = Instant::now();
    loop {
        match receiver.recv_timeout(Duration::from_millis(100)) {
            Ok(outcome) => return (raised, Some(outcome)),
            Err(RecvTimeoutError::Disconnected) => return (raised, None),
            Err(RecvTimeoutError::Timeout) if raised.is_some() => {
                if let (Some(e), Some(leave)) = (&raised, leave)
                    && asked.elapsed() >= GRACE
                {
                    leave(e);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let watched = Python::attach(|py| {
                    py.check_signals()?;
                    match progress {
                        Some(show) => show.call1(py, task.progress()).map(|_| ()),
                        None => Ok(()),
                    }
                });
                if let Err(e) = watched {
                    task.stop();
                    asked = Instant::now();
                    raised = Some(e);
                }
            }
        }
    }
}

/// Runs short work in place, turning errors and panics into exceptions.
pub(crate) fn quick<T>(work: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    if fork::forked() {
        fork::work_alone();
    }
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|e| to_python(&e)),
        Err(panic) => Err(internal(&text(panic))),
    }
}

/// As [`quick`], without the GIL: for what takes milliseconds with large data.
pub(crate) fn released<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    py.detach(|| quick(work))
}
