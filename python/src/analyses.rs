//! Passes over journeys: each takes its options as JSON and gives named tables, the result as JSON, and as text.

use std::sync::Arc;

use leadlens::attribution::AttributionSpec;
use leadlens::frames::{self, SpendSpec, Tables};
use leadlens::funnel::FunnelSpec;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrow::Frame;
use crate::boundary::{enter, quick};
use crate::journeys::{Journeys, read_tables, to_json};

/// Named tables, facts as JSON, text.
type Shown = (Vec<(&'static str, Frame)>, String, String);

/// A funnel.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn funnel(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Shown> {
    let spec = quick(|| frames::parse_options("funnel", spec))?;
    let funnel = enter(py, progress, |task| journeys.0.funnel(&spec, task))?;
    let tables = quick(|| {
        Ok(vec![
            ("steps", Frame::from(frames::funnel_frame(&funnel)?)),
            ("times", Frame::from(frames::funnel_times_frame(&funnel)?)),
            ("periods", Frame::from(frames::funnel_periods_frame(&funnel)?)),
        ])
    })?;
    Ok((tables, to_json(&funnel)?, leadlens::report::funnel_text(&funnel)))
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
    let spec = quick(|| frames::parse_options("funnel", spec))?;
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
) -> PyResult<Shown> {
    let spec = quick(|| frames::parse_options("time_to", spec))?;
    let (times, tables) = enter(py, progress, |task| {
        let times = Arc::new(journeys.0.time_to(&spec, task)?);
        let curves = Arc::clone(&times);
        let tables = vec![
            ("groups", Frame::from(frames::time_to_frame(&times)?)),
            ("ages", Frame::from(frames::time_to_ages_frame(&times)?)),
            ("ceilings", Frame::from(frames::time_to_ceilings_frame(&times)?)),
            // As long as there are leads.
            ("curves", Frame::later(move || frames::time_to_curves_frame(&curves))),
        ];
        Ok((times, tables))
    })?;
    Ok((tables, to_json(&*times)?, leadlens::report::time_to_text(&times)))
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
) -> PyResult<Shown> {
    let spec: AttributionSpec = quick(|| frames::parse_options("attribution", spec))?;
    let spend = match spend {
        None => None,
        Some((tables, declared, qualified)) => {
            let declared: Vec<SpendSpec> = quick(|| frames::parse_options("spend", &declared))?;
            let expect = |given: &mut Tables| declared.iter().try_for_each(|spec| spec.expect(given));
            Some((read_tables(py, &tables, ".", expect)?, declared, qualified))
        }
    };
    let (result, tables) = enter(py, progress, |task| {
        let j = &journeys.0;
        let result = match spend {
            None => j.attribution(&spec, task)?,
            Some((mut tables, declared, qualified)) => {
                let rows = frames::read_spend(&mut tables, &declared, &spec.by, &j.calendar_zone)?;
                j.attribution_with_spend(&spec, &rows, qualified.as_ref(), task)?
            }
        };
        let mut tables = vec![("credits", Frame::from(frames::attribution_frame(&result)?))];
        if let Some(costs) = &result.costs {
            tables.push(("costs", Frame::from(frames::unit_cost_frame(&result, &costs.total, false)?)));
            tables.push(("costs_by_period", Frame::from(frames::unit_cost_frame(&result, &costs.by_period, true)?)));
        }
        Ok((result, tables))
    })?;
    Ok((tables, to_json(&result)?, leadlens::report::attribution_text(&result)))
}

/// How leads move through the pipeline.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn stage_funnel(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Shown> {
    let spec = quick(|| frames::parse_options("stage_funnel", spec))?;
    let funnel = enter(py, progress, |task| journeys.0.stage_funnel(&spec, task))?;
    let tables = quick(|| {
        Ok(vec![
            ("stages", Frame::from(frames::stage_funnel_frame(&funnel)?)),
            ("summary", Frame::from(frames::stage_summary_frame(&funnel)?)),
            ("cohorts", Frame::from(frames::stage_cohorts_frame(&funnel)?)),
            ("flow", Frame::from(frames::stage_flow_frame(&funnel)?)),
            ("wins", Frame::from(frames::stage_wins_frame(&funnel)?)),
            ("times", Frame::from(frames::stage_times_frame(&funnel)?)),
        ])
    })?;
    Ok((tables, to_json(&funnel)?, leadlens::report::stage_funnel_text(&funnel)))
}

/// What separates leads that went on.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn drivers(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Shown> {
    let spec = quick(|| frames::parse_options("drivers", spec))?;
    let found = enter(py, progress, |task| journeys.0.drivers(&spec, task))?;
    let table = quick(|| frames::drivers_frame(&found))?;
    Ok((vec![("drivers", Frame::from(table))], to_json(&found)?, leadlens::report::drivers_text(&found)))
}

/// What segments lose at each step.
#[pyfunction]
#[pyo3(signature = (journeys, spec, progress=None))]
pub(crate) fn barriers(
    py: Python<'_>,
    journeys: &Journeys,
    spec: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Shown> {
    let spec = quick(|| frames::parse_options("barriers", spec))?;
    let found = enter(py, progress, |task| journeys.0.barriers(&spec, task))?;
    let table = quick(|| frames::barriers_frame(&found))?;
    Ok((vec![("barriers", Frame::from(table))], to_json(&found)?, leadlens::report::barriers_text(&found)))
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
    let mut spec: FunnelSpec = quick(|| frames::parse_options("funnel", spec))?;
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
) -> PyResult<Shown> {
    let spec = quick(|| frames::parse_options("paths", spec))?;
    let found = enter(py, progress, |task| journeys.0.paths(&spec, task))?;
    let tables = quick(|| {
        Ok(vec![
            ("transitions", Frame::from(frames::transitions_frame(&found)?)),
            ("ways", Frame::from(frames::ways_frame(&found)?)),
            ("steps", Frame::from(frames::steps_frame(&found)?)),
            ("loops", Frame::from(frames::loops_frame(&found)?)),
        ])
    })?;
    let facts = serde_json::json!({
        "spec": found.spec,
        "paths": found.paths,
        "different_ways": found.different_ways,
        "sessions": found.sessions,
        "before_outcomes": found.before_outcomes,
    });
    Ok((tables, to_json(&facts)?, leadlens::report::paths_text(&found)))
}
