//! Long work: progress counters that a front end can show, and a flag that stops it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::{Error, Result};

/// State shared between a long computation and its observer.
///
/// The computation reports [`Task::begin`] and [`Task::advance`] and calls [`Task::check`] at least a few
/// times a second; the watcher reads [`Task::progress`] and may call [`Task::stop`].
#[derive(Debug, Default)]
pub struct Task {
    stop: Arc<AtomicBool>,
    done: AtomicU64,
    total: AtomicU64,
    label: Mutex<&'static str>,
}

impl Task {
    /// A task without an observer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A task that also ends once `stop` is true: a flag that a signal handler sets.
    #[must_use]
    pub fn stopped_by(stop: Arc<AtomicBool>) -> Self {
        Self { stop, ..Self::default() }
    }

    /// Makes [`Stop::here`] ask this task on the present thread, until the guard is dropped.
    #[must_use]
    pub fn here(&self) -> Here {
        Here(HERE.replace(Some(Arc::clone(&self.stop))))
    }

    /// Whether this task is to end, for other threads and for code that does not know the task.
    #[must_use]
    pub fn stopped(&self) -> Stop {
        Stop(Some(Arc::clone(&self.stop)))
    }

    /// Starts a stage of `total` units.
    pub fn begin(&self, label: &'static str, total: usize) {
        if let Ok(mut l) = self.label.lock() {
            *l = label;
        }
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total as u64, Ordering::Relaxed);
    }

    /// Reports `units` more as done.
    pub fn advance(&self, units: usize) {
        self.done.fetch_add(units as u64, Ordering::Relaxed);
    }

    /// Asks the computation to stop as soon as possible.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Label, units done and total units of the current stage.
    #[must_use]
    pub fn progress(&self) -> (&'static str, u64, u64) {
        let label = self.label.lock().map_or("", |l| *l);
        (label, self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// # Errors
    /// [`Error::Interrupted`] once [`Task::stop`] was called.
    pub fn check(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

thread_local! {
    static HERE: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Restores the previous task of [`Stop::here`].
#[derive(Debug)]
pub struct Here(Option<Arc<AtomicBool>>);

impl Drop for Here {
    fn drop(&mut self) {
        HERE.set(self.0.take());
    }
}

/// Whether the current thread's task should stop: for readers of files, far below the callers that know the
/// task. It can be passed to other threads.
#[derive(Debug, Clone, Default)]
pub struct Stop(Option<Arc<AtomicBool>>);

impl Stop {
    /// The stop of the current thread's task; without a task it never stops.
    #[must_use]
    pub fn here() -> Self {
        Self(HERE.with_borrow(Clone::clone))
    }

    /// # Errors
    /// [`Error::Interrupted`] once the task is to end.
    pub fn check(&self) -> Result<()> {
        match &self.0 {
            Some(stop) if stop.load(Ordering::Relaxed) => Err(Error::Interrupted),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_ask_the_task_of_their_thread() {
        let (outer, inner) = (Task::new(), Task::new());
        assert!(Stop::here().check().is_ok());
        let _outer = outer.here();
        let stop = {
            let _inner = inner.here();
            inner.stop();
            Stop::here()
        };
        assert_eq!(stop.check(), Err(Error::Interrupted));
        assert!(Stop::here().check().is_ok());
        outer.stop();
        assert_eq!(Stop::here().check(), Err(Error::Interrupted));
    }
}
