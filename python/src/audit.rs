//! The audit of a training set.

use leadlens::Task;
use leadlens::audit::{AuditSpec, audit as find_leaks};
use leadlens::config;
use pyo3::prelude::*;

use crate::analyses::{Found, shown};
use crate::boundary::quick;
use crate::journeys::{Journeys, Snapshot, json_text};

/// What to look at before a model is trusted.
#[pyfunction]
#[pyo3(signature = (train, test, previous_export, spec, progress=None))]
pub(crate) fn audit(
    py: Python<'_>,
    train: &Snapshot,
    test: Option<&Snapshot>,
    previous_export: Option<&Journeys>,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let spec: AuditSpec = quick(|| config::parse_options("audit", spec))?;
    let previous = previous_export.map(|journeys| journeys.0.as_ref());
    let find = |task: &Task| find_leaks(&train.0, test.map(|t| &t.0), previous, &spec, task);
    shown(py, progress, find, json_text)
}
