//! Metrics on arrays.

use leadlens::evaluate::{self as measures, Binning, Clusters, Evaluation, ScoreComparison};
use leadlens::{Error, frames};
use numpy::{PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrow::Frame;
use crate::boundary::{enter, quick, released};
use crate::journeys::to_json;

fn floats(array: &PyReadonlyArray1<'_, f64>) -> Vec<f64> {
    // Strided arrays have no slice.
    match array.as_slice() {
        Ok(slice) => slice.to_vec(),
        Err(_) => array.as_array().iter().copied().collect(),
    }
}

fn flags(array: &PyReadonlyArray1<'_, bool>) -> Vec<bool> {
    let mut out = Vec::with_capacity(array.len());
    out.extend(array.as_array().iter().copied());
    out
}

/// One number: `roc_auc`, `average_precision`, `log_loss`, `brier` or `ks`.
#[pyfunction]
#[pyo3(signature = (name, y, p, weight=None))]
pub(crate) fn metric(
    py: Python<'_>,
    name: &str,
    y: PyReadonlyArray1<'_, bool>,
    p: PyReadonlyArray1<'_, f64>,
    weight: Option<PyReadonlyArray1<'_, f64>>,
) -> PyResult<f64> {
    let (y, p, w) = (flags(&y), floats(&p), weight.as_ref().map(floats));
    enter(py, None, |_| {
        let w = w.as_deref();
        match name {
            "roc_auc" => measures::roc_auc(&y, &p, w),
            "average_precision" => measures::average_precision(&y, &p, w),
            "log_loss" => measures::log_loss(&y, &p, w),
            "brier" => measures::brier(&y, &p, w),
            "ks" => measures::ks(&y, &p, w),
            other => Err(Error::unknown("metric", other, ["roc_auc", "average_precision", "log_loss", "brier", "ks"])),
        }
    })
}

/// All measures, as JSON, as text, and as tables.
#[pyfunction]
#[pyo3(signature = (y, p, weight=None, top=Vec::new(), clusters=None))]
pub(crate) fn evaluate(
    py: Python<'_>,
    y: PyReadonlyArray1<'_, bool>,
    p: PyReadonlyArray1<'_, f64>,
    weight: Option<PyReadonlyArray1<'_, f64>>,
    top: Vec<usize>,
    clusters: Option<Vec<u32>>,
) -> PyResult<(String, String, Frame, Frame, Frame)> {
    let (y, p, w) = (flags(&y), floats(&p), weight.as_ref().map(floats));
    let e = enter(py, None, |_| {
        let clusters = clusters.as_deref().map(|of_row| Clusters { of_row, unit: "clusters" });
        measures::evaluate_clustered(&y, &p, w.as_deref(), &top, clusters)
    })?;
    evaluated(&e)
}

/// Two sets of predictions compared: as JSON, as text, and the table of measures.
#[pyfunction]
#[pyo3(signature = (y, first, second, weight=None, top=Vec::new(), clusters=None))]
pub(crate) fn compare_scores(
    py: Python<'_>,
    y: PyReadonlyArray1<'_, bool>,
    first: PyReadonlyArray1<'_, f64>,
    second: PyReadonlyArray1<'_, f64>,
    weight: Option<PyReadonlyArray1<'_, f64>>,
    top: Vec<usize>,
    clusters: Option<Vec<u32>>,
) -> PyResult<(String, String, Frame)> {
    let (y, p, q, w) = (flags(&y), floats(&first), floats(&second), weight.as_ref().map(floats));
    let c = enter(py, None, |_| {
        let clusters = clusters.as_deref().map(|of_row| Clusters { of_row, unit: "clusters" });
        measures::compare_scores(&y, [&p, &q], w.as_deref(), &top, clusters)
    })?;
    compared(&c)
}

/// A comparison for Python.
pub(crate) fn compared(c: &ScoreComparison) -> PyResult<(String, String, Frame)> {
    let table = quick(|| frames::score_comparison_frame(c))?;
    Ok((to_json(c)?, leadlens::report::comparison_text(c), Frame::from(table)))
}

/// An evaluation for Python: as JSON, as text, and its tables of measures, calibration and lift.
pub(crate) fn evaluated(e: &Evaluation) -> PyResult<(String, String, Frame, Frame, Frame)> {
    let (estimates, calibration, lift) = quick(|| {
        Ok((frames::estimates_frame(e)?, frames::calibration_frame(&e.calibration)?, frames::lift_frame(&e.lift)?))
    })?;
    let text = leadlens::report::evaluation_text(e);
    Ok((to_json(e)?, text, Frame::from(estimates), Frame::from(calibration), Frame::from(lift)))
}

/// A calibration table.
#[pyfunction]
#[pyo3(signature = (y, p, weight, bins, uniform, clusters=None))]
#[allow(clippy::too_many_arguments, reason = "called by the Python function only")]
pub(crate) fn calibration_table(
    py: Python<'_>,
    y: PyReadonlyArray1<'_, bool>,
    p: PyReadonlyArray1<'_, f64>,
    weight: Option<PyReadonlyArray1<'_, f64>>,
    bins: usize,
    uniform: bool,
    clusters: Option<Vec<u32>>,
) -> PyResult<Frame> {
    let binning = if uniform { Binning::Uniform } else { Binning::Quantile };
    let (y, p, w) = (flags(&y), floats(&p), weight.as_ref().map(floats));
    released(py, || {
        let table = measures::calibration_table(&y, &p, w.as_deref(), bins, binning, clusters.as_deref())?;
        frames::calibration_frame(&table)
    })
    .map(Frame::from)
}

/// A lift table.
#[pyfunction]
#[pyo3(signature = (y, p, weight, slices, clusters=None))]
pub(crate) fn lift_table(
    py: Python<'_>,
    y: PyReadonlyArray1<'_, bool>,
    p: PyReadonlyArray1<'_, f64>,
    weight: Option<PyReadonlyArray1<'_, f64>>,
    slices: usize,
    clusters: Option<Vec<u32>>,
) -> PyResult<Frame> {
    let (y, p, w) = (flags(&y), floats(&p), weight.as_ref().map(floats));
    released(py, || frames::lift_frame(&measures::lift_table(&y, &p, w.as_deref(), slices, clusters.as_deref())?))
        .map(Frame::from)
}

/// Share of positives among the `k` best rows.
#[pyfunction]
pub(crate) fn precision_at(
    py: Python<'_>,
    y: PyReadonlyArray1<'_, bool>,
    p: PyReadonlyArray1<'_, f64>,
    k: usize,
) -> PyResult<f64> {
    let (y, p) = (flags(&y), floats(&p));
    released(py, || measures::precision_at(&y, &p, k))
}

/// Two rates compared, as JSON.
#[pyfunction]
pub(crate) fn compare_rates(first: (f64, f64), second: (f64, f64), confidence: f64) -> PyResult<String> {
    let counts = |(hits, n): (f64, f64)| {
        let whole = |x: f64| x.fract() == 0.0 && (0.0..9e15).contains(&x);
        if !whole(hits) || !whole(n) || hits > n || n == 0.0 {
            let problem =
                format!("hits and rows must be integers with 0 ≤ hits ≤ rows and rows ≥ 1, not {hits} and {n}");
            return Err(Error::option("counts", problem));
        }
        Ok((hits as u64, n as u64))
    };
    let (first, second) = quick(|| Ok((counts(first)?, counts(second)?)))?;
    if !(confidence > 0.0 && confidence < 1.0) {
        return quick(|| Err(Error::option("confidence", format!("must be between 0 and 1, not {confidence}"))));
    }
    crate::journeys::to_json(&leadlens::math::compare_rates(first, second, confidence))
}
