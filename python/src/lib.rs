//! The Python module `leadlens._core`: registration only.
#![allow(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]

mod analyses;
mod arrow;
mod audit;
mod boundary;
mod call_list;
mod error;
mod fork;
mod journeys;
mod logistic;
mod metrics;
mod model;
mod program;
mod scorecard;
mod stream;

use pyo3::prelude::*;

#[cfg(feature = "huge_pages")]
#[global_allocator]
static MEMORY: leadlens::LargePages = leadlens::LargePages;

#[pymodule(gil_used = false)]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add("build_profile", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    m.add_class::<arrow::Frame>()?;
    m.add_class::<journeys::Journeys>()?;
    m.add_class::<journeys::Snapshot>()?;
    m.add_class::<model::Model>()?;
    m.add_class::<scorecard::Card>()?;
    m.add_function(wrap_pyfunction!(analyses::attribution, m)?)?;
    m.add_function(wrap_pyfunction!(audit::audit, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::barriers, m)?)?;
    m.add_function(wrap_pyfunction!(call_list::call_list, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::compare_groups, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::drivers, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::funnel, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::funnel_leads, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::paths, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::shown_table, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::stage_funnel, m)?)?;
    m.add_function(wrap_pyfunction!(analyses::time_to, m)?)?;
    m.add_function(wrap_pyfunction!(logistic::canonical_text, m)?)?;
    m.add_function(wrap_pyfunction!(metrics::metric, m)?)?;
    m.add_function(wrap_pyfunction!(metrics::evaluate, m)?)?;
    m.add_function(wrap_pyfunction!(metrics::compare_scores, m)?)?;
    m.add_function(wrap_pyfunction!(metrics::calibration_table, m)?)?;
    m.add_function(wrap_pyfunction!(metrics::lift_table, m)?)?;
    m.add_function(wrap_pyfunction!(metrics::compare_rates, m)?)?;
    m.add_function(wrap_pyfunction!(metrics::precision_at, m)?)?;
    m.add_function(wrap_pyfunction!(journeys::read_config, m)?)?;
    m.add_function(wrap_pyfunction!(model::replace_file, m)?)?;
    m.add_function(wrap_pyfunction!(model::report_page, m)?)?;
    m.add_function(wrap_pyfunction!(model::shown_leads, m)?)?;
    m.add_function(wrap_pyfunction!(logistic::fit_logistic, m)?)?;
    m.add_function(wrap_pyfunction!(logistic::infer_logistic, m)?)?;
    m.add_function(wrap_pyfunction!(logistic::predict_logistic, m)?)?;
    m.add_function(wrap_pyfunction!(logistic::seen_levels, m)?)?;
    m.add_function(wrap_pyfunction!(logistic::validate_logistic, m)?)?;
    m.add_function(wrap_pyfunction!(program::run_program, m)?)?;
    Ok(())
}
