//! Scorecards.

use leadlens::report::Show;
use leadlens::score::{PointScale, Scorecard};
use leadlens::{LeadModel, config, frames};
use pyo3::prelude::*;

use crate::analyses::{Texts, texts};
use crate::arrow::Frame;
use crate::boundary::{enter, quick, released};
use crate::journeys::Snapshot;
use crate::model::Model;

/// A scorecard, with the model that it was made of.
#[pyclass(frozen, module = "leadlens._core")]
pub(crate) struct Card {
    model: LeadModel,
    card: Scorecard,
}

#[pymethods]
impl Card {
    #[new]
    fn new(py: Python<'_>, model: &Model, scale: &str) -> PyResult<Self> {
        let scale: PointScale = quick(|| config::parse_options("scorecard", scale))?;
        let model = model.model();
        released(py, || Ok(Self { card: model.scorecard(scale)?, model: model.clone() }))
    }

    /// Its lines.
    fn lines(&self, py: Python<'_>) -> PyResult<Frame> {
        released(py, || frames::scorecard_frame(&self.card)).map(Frame::from)
    }

    /// Points of the rows of a snapshot.
    #[pyo3(signature = (snapshot, progress=None))]
    fn points(&self, py: Python<'_>, snapshot: &Snapshot, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Frame> {
        enter(py, progress, |task| frames::points_frame(&self.card, &self.model, &snapshot.0, task)).map(Frame::from)
    }

    /// Lowest and highest points.
    fn extremes(&self) -> (i64, i64) {
        self.card.extremes()
    }

    #[getter]
    fn base(&self) -> i64 {
        self.card.base()
    }

    #[getter]
    fn largest_error(&self) -> f64 {
        self.card.largest_error()
    }

    #[getter]
    fn without_points(&self) -> Vec<String> {
        self.card.without_points().to_vec()
    }

    fn shown(&self) -> Texts {
        texts(self.card.shown())
    }
}
