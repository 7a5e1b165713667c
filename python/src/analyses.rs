//! Passes over journeys: each takes its options as JSON and gives named tables, the result as JSON, and how it is shown.

use std::path::Path;
use std::sync::Arc;

use leadlens::analyses::attribution::AttributionSpec;
use leadlens::analyses::funnel::FunnelSpec;
use leadlens::frames::{SpendSpec, Tabled, Tables, expect_spend};
use leadlens::report::{Show, Shown};
use leadlens::{Error, Task, config, frames, report};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Serialize;

use crate::arrow::Frame;
use crate::boundary::{enter, quick};
use crate::journeys::{Journeys, json_text, read_tables};

/// Text, section of a page, HTML of a notebook.
pub(crate) type Texts = (String, String, String);

pub(crate) fn texts(shown: Shown) -> Texts {
    (shown.text, shown.section, shown.notebook)
}

/// Named tables, facts as JSON, how the result is shown.
pub(crate) type Found = (Vec<(&'static str, Frame)>, String, Texts);

/// Runs an analysis and shows its result; tables are made when they are first asked for.
pub(crate) fn shown<R: Tabled + Show + Serialize + Send + Sync + 'static>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    find: impl FnOnce(&Task) -> Result<R, Error> + Send,
    facts: impl FnOnce(&R) -> Result<String, Error> + Send,
) -> PyResult<Found> {
    let (found, facts, shown) = enter(py, progress, |task| {
        let found = Arc::new(find(task)?);
        let facts = facts(&found)?;
        let shown = found.shown();
        Ok((found, facts, shown))
    })?;
    let table = |name: &'static str| {
        let found = Arc::clone(&found);
        (name, Frame::later(move || found.table(name)))
    };
    Ok((found.names().into_iter().map(table).collect(), facts, texts(shown)))
}

/// A funnel.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn funnel(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let spec = quick(|| config::parse_options("funnel", spec))?;
    let find = |task: &Task| journeys.0.funnel(&spec, task);
    shown(py, progress, find, json_text)
}

/// How far each lead got.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn funnel_leads(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Frame> {
    let spec = quick(|| config::parse_options("funnel", spec))?;
    enter(py, progress, |task| {
        let list = journeys.0.funnel_leads(&spec, task)?;
        frames::funnel_leads_frame(&journeys.0, &spec, &list)
    })
    .map(Frame::from)
}

/// How long leads take.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn time_to(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let spec = quick(|| config::parse_options("time_to", spec))?;
    let find = |task: &Task| journeys.0.time_to(&spec, task);
    shown(py, progress, find, json_text)
}

/// Credit for conversions. `spend` are the tables given in memory, the declarations of spend as JSON, and the stage of
/// qualified leads.
#[pyfunction]
#[pyo3(signature = (journeys, spec, spend=None, progress=None))]
pub(crate) fn attribution(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    spend: Option<(Bound<'_, PyDict>, String, Option<String>)>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let spec: AttributionSpec = quick(|| config::parse_options("attribution", spec))?;
    let spend = match spend {
        None => None,
        Some((tables, declared, qualified)) => {
            let declared: Vec<SpendSpec> = quick(|| config::parse_declared("spend", &declared))?;
            let expect = |given: &mut Tables| expect_spend(&declared, given);
            Some((read_tables(py, &tables, Path::new("."), expect)?, declared, qualified))
        }
    };
    let find = |task: &Task| {
        let j = &journeys.0;
        match spend {
            None => j.attribution(&spec, task),
            Some((mut tables, declared, qualified)) => {
                let rows = frames::read_spend(&mut tables, &declared, &spec.by, j)?;
                j.attribution_with_spend(&spec, &rows, qualified.as_ref(), task)
            }
        }
    };
    shown(py, progress, find, json_text)
}

/// How leads move through the pipeline.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn stage_funnel(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let spec = quick(|| config::parse_options("stage_funnel", spec))?;
    let find = |task: &Task| journeys.0.stage_funnel(&spec, task);
    shown(py, progress, find, json_text)
}

/// What separates leads that went on.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn drivers(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let spec = quick(|| config::parse_options("drivers", spec))?;
    let find = |task: &Task| journeys.0.drivers(&spec, task);
    shown(py, progress, find, json_text)
}

/// What segments lose at each step.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn barriers(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let spec = quick(|| config::parse_options("barriers", spec))?;
    let find = |task: &Task| journeys.0.barriers(&spec, task);
    shown(py, progress, find, json_text)
}

/// Two groups of a funnel side by side.
#[pyfunction]
#[pyo3(signature = (journeys, spec, first, second, confidence, progress=None))]
pub(crate) fn compare_groups(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    first: &str,
    second: &str,
    confidence: f64,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Frame> {
    let mut spec: FunnelSpec = quick(|| config::parse_options("funnel", spec))?;
    spec.times = false;
    enter(py, progress, |task| {
        frames::comparison_frame(&journeys.0.funnel(&spec, task)?.compare(first, second, confidence)?)
    })
    .map(Frame::from)
}

/// The ways that leads take.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn paths(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let spec = quick(|| config::parse_options("paths", spec))?;
    let find = |task: &Task| journeys.0.paths(&spec, task);
    let facts = |found: &leadlens::analyses::paths::Paths| {
        json_text(&serde_json::json!({
            "spec": found.spec,
            "paths": found.paths,
            "different_ways": found.different_ways,
            "sessions": found.sessions,
            "before_outcomes": found.before_outcomes,
            "remarks": found.remarks,
        }))
    };
    shown(py, progress, find, facts)
}

/// Sentences and a table as text and HTML; the first sentence is the title.
#[pyfunction]
pub(crate) fn shown_table(title: &str, lines: Vec<String>, header: Vec<String>, rows: Vec<Vec<String>>) -> Texts {
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    texts(report::shown(title, &lines, &header, rows))
}
