//! Long work: progress counters that a front end can show, and a flag that stops it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::{Error, Result};

/// State shared between a long computation and whoever watches it.
///
/// The computation reports [`Task::begin`] and [`Task::advance`] and asks [`Task::check`] at least a few
/// times a second; the watcher reads [`Task::progress`] and may call [`Task::stop`].
#[derive(Debug, Default)]
pub struct Task {
    stop: Arc<AtomicBool>,
    done: AtomicU64,
    total: AtomicU64,
    label: Mutex<&'static str>,
}

impl Task {
    /// A task nobody watches.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A task that also ends once `stop` is true: a flag that a signal handler sets.
    #[must_use]
    pub fn stopped_by(stop: Arc<AtomicBool>) -> Self {
        Self { stop, ..Self::default() }
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

    /// Asks the computation to end as soon as it can.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Label, units done and units in all of the present stage.
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
