//! Metrics on arrays.

use leadlens::evaluate::{self as measures, Binning, Clusters, Evaluation, ScoreComparison};
use leadlens::report::Show;
use leadlens::{Error, frames};
use numpy::{PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::analyses::{Texts, texts};
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

/// Labels, predictions, weights and clusters of rows: a tuple of arrays.
#[derive(FromPyObject)]
pub(crate) struct PredictionArrays<'py>(
    PyReadonlyArray1<'py, bool>,
    PyReadonlyArray1<'py, f64>,
    Option<PyReadonlyArray1<'py, f64>>,
    Option<Vec<u32>>,
);

/// The same in memory of its own.
struct Predictions {
    y: Vec<bool>,
    p: Vec<f64>,
    weight: Option<Vec<f64>>,
    clusters: Option<Vec<u32>>,
}

impl PredictionArrays<'_> {
    fn read(self) -> Predictions {
        let Self(y, p, weight, clusters) = self;
        Predictions { y: flags(&y), p: floats(&p), weight: weight.as_ref().map(floats), clusters }
    }
}

impl Predictions {
    fn weight(&self) -> Option<&[f64]> {
        self.weight.as_deref()
    }

    fn clusters(&self) -> Option<Clusters<'_>> {
        self.clusters.as_deref().map(|of_row| Clusters { of_row, unit: "clusters" })
    }
}

/// One number: `roc_auc`, `average_precision`, `log_loss`, `brier` or `ks`.
#[pyfunction]
pub(crate) fn metric(py: Python<'_>, name: &str, predictions: PredictionArrays<'_>) -> PyResult<f64> {
    let given = predictions.read();
    enter(py, None, |_| {
        let (y, p, w) = (&given.y, &given.p, given.weight());
        match name {
            "roc_auc" => measures::roc_auc(y, p, w),
            "average_precision" => measures::average_precision(y, p, w),
            "log_loss" => measures::log_loss(y, p, w),
            "brier" => measures::brier(y, p, w),
            "ks" => measures::ks(y, p, w),
            other => Err(Error::unknown("metric", other, ["roc_auc", "average_precision", "log_loss", "brier", "ks"])),
        }
    })
}

/// All measures.
#[pyfunction]
pub(crate) fn evaluate(py: Python<'_>, predictions: PredictionArrays<'_>, top: Vec<usize>) -> PyResult<Evaluated> {
    let given = predictions.read();
    let e =
        enter(py, None, |_| measures::evaluate_clustered(&given.y, &given.p, given.weight(), &top, given.clusters()))?;
    evaluated(&e)
}

/// Two sets of predictions compared.
#[pyfunction]
pub(crate) fn compare_scores(
    py: Python<'_>,
    predictions: PredictionArrays<'_>,
    second: PyReadonlyArray1<'_, f64>,
    top: Vec<usize>,
) -> PyResult<Compared> {
    let (given, second) = (predictions.read(), floats(&second));
    let c = enter(py, None, |_| {
        measures::compare_scores(&given.y, [&given.p, &second], given.weight(), &top, given.clusters())
    })?;
    compared(&c)
}

/// A comparison as JSON, how it is shown, and its table of measures.
pub(crate) type Compared = (String, Texts, Frame);

/// A comparison for Python.
pub(crate) fn compared(c: &ScoreComparison) -> PyResult<Compared> {
    let table = quick(|| frames::score_comparison_frame(c))?;
    Ok((to_json(c)?, texts(c.shown()), Frame::from(table)))
}

/// An evaluation as JSON, how it is shown, and its tables of measures, calibration and lift.
pub(crate) type Evaluated = (String, Texts, Frame, Frame, Frame);

/// An evaluation for Python.
pub(crate) fn evaluated(e: &Evaluation) -> PyResult<Evaluated> {
    let (estimates, calibration, lift) = quick(|| {
        Ok((frames::estimates_frame(e)?, frames::calibration_frame(&e.calibration)?, frames::lift_frame(&e.lift)?))
    })?;
    Ok((to_json(e)?, texts(e.shown()), Frame::from(estimates), Frame::from(calibration), Frame::from(lift)))
}

/// A calibration table.
#[pyfunction]
pub(crate) fn calibration_table(
    py: Python<'_>,
    predictions: PredictionArrays<'_>,
    bins: usize,
    uniform: bool,
) -> PyResult<Frame> {
    let binning = if uniform { Binning::Uniform } else { Binning::Quantile };
    let given = predictions.read();
    released(py, || {
        let clusters = given.clusters.as_deref();
        let table = measures::calibration_table(&given.y, &given.p, given.weight(), bins, binning, clusters)?;
        frames::calibration_frame(&table)
    })
    .map(Frame::from)
}

/// A lift table.
#[pyfunction]
pub(crate) fn lift_table(py: Python<'_>, predictions: PredictionArrays<'_>, slices: usize) -> PyResult<Frame> {
    let given = predictions.read();
    released(py, || {
        let clusters = given.clusters.as_deref();
        frames::lift_frame(&measures::lift_table(&given.y, &given.p, given.weight(), slices, clusters)?)
    })
    .map(Frame::from)
}

/// Share of positives among the `k` best rows.
#[pyfunction]
pub(crate) fn precision_at(py: Python<'_>, predictions: PredictionArrays<'_>, k: usize) -> PyResult<f64> {
    let given = predictions.read();
    released(py, || measures::precision_at(&given.y, &given.p, k))
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
