//! Logistic regression on arrays.

use std::borrow::Cow;

use leadlens::fit::{
    CodeList, CoefficientEstimate, Covariance, Dense, Inference, InferenceOptions, LevelCodes, LogisticParams, Matrix,
    PenaltyChoice, Response, Solution, Sparse, default_cs, grouped_folds,
};
use leadlens::{Error, Task, config};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::boundary::{enter, quick};
use crate::journeys::to_json;

/// Arrays of a design as Python holds them; they are read where they lie.
enum DenseArray<'py> {
    F64(PyReadonlyArray2<'py, f64>),
    F32(PyReadonlyArray2<'py, f32>),
}

enum CodeArray<'py> {
    U8(PyReadonlyArray1<'py, u8>),
    U16(PyReadonlyArray1<'py, u16>),
    U32(PyReadonlyArray1<'py, u32>),
}

impl<'py> CodeArray<'py> {
    fn of(list: &Bound<'py, PyAny>) -> PyResult<Self> {
        // Another extension may be writing to the array.
        let busy = |e: numpy::BorrowError| PyTypeError::new_err(e.to_string());
        Ok(if let Ok(v) = list.cast::<PyArray1<u8>>() {
            Self::U8(v.try_readonly().map_err(busy)?)
        } else if let Ok(v) = list.cast::<PyArray1<u16>>() {
            Self::U16(v.try_readonly().map_err(busy)?)
        } else {
            Self::U32(list.cast::<PyArray1<u32>>()?.try_readonly().map_err(busy)?)
        })
    }

    fn list(&self) -> Result<CodeList<'_>, Error> {
        Ok(match self {
            Self::U8(v) => CodeList::U8(contiguous(v.as_slice())?.into()),
            Self::U16(v) => CodeList::U16(contiguous(v.as_slice())?.into()),
            Self::U32(v) => CodeList::U32(contiguous(v.as_slice())?.into()),
        })
    }
}

/// The one form of a text: see [`leadlens::schema::canonical_text`].
#[pyfunction]
pub(crate) fn canonical_text(text: &str) -> Cow<'_, str> {
    leadlens::schema::canonical_text(text)
}

/// Which of so many levels occur, and how many codes are none of them.
#[pyfunction]
pub(crate) fn seen_levels<'py>(
    py: Python<'py>,
    codes: &Bound<'py, PyAny>,
    levels: usize,
) -> PyResult<(Bound<'py, PyArray1<bool>>, usize)> {
    let codes = CodeArray::of(codes)?;
    let codes = LevelCodes { list: quick(|| codes.list())?, width: levels };
    let (seen, none) = py.detach(|| codes.seen());
    Ok((PyArray1::from_vec(py, seen), none))
}

/// Row starts, column indices, values, and number of columns.
type SparseParts<'py> = (Vec<usize>, Vec<u32>, PyReadonlyArray1<'py, f64>, usize);

pub(crate) struct Parts<'py> {
    dense: Option<DenseArray<'py>>,
    codes: Vec<(CodeArray<'py>, usize)>,
    sparse: Option<SparseParts<'py>>,
    names: Vec<String>,
}

type SparseArrays<'py> = (PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, u32>, PyReadonlyArray1<'py, f64>, usize);

impl<'py> FromPyObject<'_, 'py> for Parts<'py> {
    type Error = PyErr;

    /// A tuple (dense, codes, sparse, names).
    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        type Tuple<'py> =
            (Option<Bound<'py, PyAny>>, Vec<(Bound<'py, PyAny>, usize)>, Option<SparseArrays<'py>>, Vec<String>);
        let (dense, codes, sparse, names): Tuple<'py> = object.extract()?;
        let dense = match dense {
            None => None,
            Some(array) => Some(if let Ok(array) = array.cast::<PyArray2<f64>>() {
                DenseArray::F64(array.try_readonly().map_err(|e| PyTypeError::new_err(e.to_string()))?)
            } else {
                DenseArray::F32(
                    array.cast::<PyArray2<f32>>()?.try_readonly().map_err(|e| PyTypeError::new_err(e.to_string()))?,
                )
            }),
        };
        let codes =
            codes.into_iter().map(|(list, width)| Ok((CodeArray::of(&list)?, width))).collect::<PyResult<_>>()?;
        let sparse = sparse.map(|(starts, indices, values, columns)| {
            // A negative start is larger than any length, so it is refused.
            let starts = starts.as_array().iter().map(|s| usize::try_from(*s).unwrap_or(usize::MAX)).collect();
            (starts, indices.as_array().to_vec(), values, columns)
        });
        Ok(Self { dense, codes, sparse, names })
    }
}

fn contiguous<T>(slice: Result<&[T], impl std::fmt::Display>) -> Result<&[T], Error> {
    slice.map_err(|e| Error::option("X", format!("the array is not contiguous: {e}")))
}

impl Parts<'_> {
    fn matrix(&self) -> Result<Matrix<'_>, Error> {
        let dense = match &self.dense {
            None => None,
            Some(DenseArray::F64(array)) => {
                let (n, d) = array.as_array().dim();
                let slice = contiguous(array.as_slice())?;
                Some(if array.is_c_contiguous() {
                    Dense::by_rows(slice, n, d)?
                } else {
                    Dense::by_columns(slice, n, d)?
                })
            }
            Some(DenseArray::F32(array)) => {
                let (n, d) = array.as_array().dim();
                let slice = contiguous(array.as_slice())?;
                Some(if array.is_c_contiguous() {
                    Dense::by_rows(slice, n, d)?
                } else {
                    Dense::by_columns(slice, n, d)?
                })
            }
        };
        let blocks = self
            .codes
            .iter()
            .map(|(list, width)| Ok(LevelCodes { list: list.list()?, width: *width }))
            .collect::<Result<Vec<_>, Error>>()?;
        let sparse = match &self.sparse {
            None => None,
            Some((starts, indices, values, columns)) => {
                Some(Sparse::new(starts.as_slice(), indices.as_slice(), contiguous(values.as_slice())?, *columns)?)
            }
        };
        let matrix = Matrix::new(dense, blocks, sparse)?;
        if self.names.is_empty() { Ok(matrix) } else { matrix.named(self.names.clone()) }
    }
}

/// Labels, weights, offsets and a start: a tuple of arrays.
#[derive(FromPyObject)]
pub(crate) struct ResponseArrays<'py>(
    PyReadonlyArray1<'py, bool>,
    Option<PyReadonlyArray1<'py, f64>>,
    Option<PyReadonlyArray1<'py, f64>>,
    Option<PyReadonlyArray1<'py, f64>>,
);

impl ResponseArrays<'_> {
    fn response(&self) -> Result<Response<'_>, Error> {
        let Self(y, weight, offset, start) = self;
        Ok(Response {
            y: contiguous(y.as_slice())?,
            weight: slice(weight.as_ref())?,
            offset: slice(offset.as_ref())?,
            start: slice(start.as_ref())?,
        })
    }
}

fn slice<'a>(array: Option<&'a PyReadonlyArray1<'_, f64>>) -> Result<Option<&'a [f64]>, Error> {
    array.map(|a| contiguous(a.as_slice())).transpose()
}

/// Intercept, coefficients, and facts as JSON.
type Fitted<'py> = (f64, Bound<'py, PyArray1<f64>>, String);

fn facts(solution: &Solution) -> serde_json::Value {
    serde_json::json!({
        "iterations": solution.iterations,
        "gradient": solution.gradient,
        "objective": solution.objective,
        "loss": solution.loss,
        "gap": solution.gap,
        "converged": solution.converged,
        "firth_intercept": solution.firth_intercept,
        "dropped": solution.dropped,
        "separation_unknown": solution.separation_unknown,
        "remarks": solution.remarks(),
    })
}

/// Fits; `options` are the parameters as JSON.
#[pyfunction]
#[pyo3(signature = (parts, response, options, progress=None))]
pub(crate) fn fit_logistic<'py>(
    py: Python<'py>,
    parts: Parts<'py>,
    response: ResponseArrays<'py>,
    options: &str,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Fitted<'py>> {
    let (params, matrix, response) = quick(|| {
        let params: LogisticParams = config::parse_options("LogisticRegression", options)?;
        let response = response.response()?;
        Ok((params.check()?, parts.matrix()?, response))
    })?;
    let solution = enter(py, progress, |task| params.fit(&matrix, &response, task))?;
    let facts = to_json(&facts(&solution))?;
    Ok((solution.intercept, PyArray1::from_vec(py, solution.coefficients), facts))
}

/// Probabilities, or log-odds, of every row; `beta` has the intercept first.
#[pyfunction]
#[pyo3(signature = (parts, beta, offset, log_odds))]
pub(crate) fn predict_logistic<'py>(
    py: Python<'py>,
    parts: Parts<'py>,
    beta: PyReadonlyArray1<'py, f64>,
    offset: Option<PyReadonlyArray1<'py, f64>>,
    log_odds: bool,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (matrix, beta, offset) =
        quick(|| Ok((parts.matrix()?, contiguous(beta.as_slice())?, slice(offset.as_ref())?)))?;
    let out = py.detach(|| quick(|| matrix.score(beta, offset, log_odds)))?;
    Ok(PyArray1::from_vec(py, out))
}

/// What a fit is asked for besides its coefficients.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    covariance: Covariance,
    confidence: f64,
    profile: bool,
    dropped: Vec<usize>,
    firth_intercept: Option<f64>,
    objective: f64,
    loss: f64,
    separation_unknown: bool,
}

/// Statistics of a fit as JSON, and the covariance; the start of `response` is the fit.
#[pyfunction]
#[pyo3(signature = (parts, response, clusters, options, asked, progress=None))]
pub(crate) fn infer_logistic<'py>(
    py: Python<'py>,
    parts: Parts<'py>,
    response: ResponseArrays<'py>,
    clusters: Option<PyReadonlyArray1<'py, u32>>,
    options: &str,
    asked: &str,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(String, Bound<'py, PyArray1<f64>>)> {
    let (params, asked, matrix, response, clusters) = quick(|| {
        let params: LogisticParams = config::parse_options("LogisticRegression", options)?;
        let asked: Asked = config::parse_options("inference", asked)?;
        let response = response.response()?;
        let clusters = clusters.as_ref().map(|c| contiguous(c.as_slice())).transpose()?;
        Ok((params.check()?, asked, parts.matrix()?, response, clusters))
    })?;
    let beta = response.start.unwrap_or(&[]);
    let (intercept, coefficients) = beta.split_first().map_or((0.0, Vec::new()), |(b, rest)| (*b, rest.to_vec()));
    let solution = Solution {
        intercept,
        coefficients,
        objective: asked.objective,
        loss: asked.loss,
        gradient: 0.0,
        firth_intercept: asked.firth_intercept,
        dropped: asked.dropped,
        separation_unknown: asked.separation_unknown,
        gap: None,
        iterations: 0,
        converged: true,
    };
    let inference = enter(py, progress, |task: &Task| {
        let options = InferenceOptions { covariance: asked.covariance, clusters, confidence: asked.confidence };
        let mut all: Inference = params.inference(&matrix, &response, &solution, options, task)?;
        if asked.profile {
            task.begin("profile likelihoods", all.estimates.len());
            for j in 0..all.estimates.len() {
                let Some(e) = all.estimates.get(j).filter(|e| e.standard_error > 0.0) else { continue };
                let profile = params.profile(&matrix, &response, &solution, j, asked.confidence, task)?;
                let changed =
                    CoefficientEstimate { p_value: profile.p_value, ..e.clone() }.with_interval(profile.interval);
                if let Some(slot) = all.estimates.get_mut(j) {
                    *slot = changed;
                }
            }
        }
        Ok(all)
    })?;
    let covariance = PyArray1::from_vec(py, inference.covariance.clone());
    Ok((to_json(&inference)?, covariance))
}

/// How C is chosen.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    folds: usize,
    /// The default ones if not given.
    cs: Option<Vec<f64>>,
    choice: PenaltyChoice,
}

/// The choice of C by grouped folds, as JSON. `groups` has a number per row.
#[pyfunction]
#[pyo3(signature = (parts, response, groups, search, options, progress=None))]
pub(crate) fn validate_logistic<'py>(
    py: Python<'py>,
    parts: Parts<'py>,
    response: ResponseArrays<'py>,
    groups: PyReadonlyArray1<'py, u32>,
    search: &str,
    options: &str,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<String> {
    let (params, search, matrix, response, groups) = quick(|| {
        let params: LogisticParams = config::parse_options("LogisticRegression", options)?;
        let search: Search = config::parse_options("search", search)?;
        let response = response.response()?;
        Ok((params.check()?, search, parts.matrix()?, response, contiguous(groups.as_slice())?))
    })?;
    let validation = enter(py, progress, |task| {
        let cs = search.cs.unwrap_or_else(default_cs);
        params.validate(&matrix, &response, &grouped_folds(groups, search.folds), &cs, search.choice, task)
    })?;
    to_json(&validation)
}
