//! Models: training, scoring, evaluation.

use std::collections::BTreeMap;
use std::path::PathBuf;

use leadlens::fit::{TrainOptions, compare_models, evaluate_snapshot, train};
use leadlens::frames::ScoreOptions;
use leadlens::model::GradeBy;
use leadlens::score::{Cell, Phrases, strongest};
use leadlens::time::Timestamp;
use leadlens::{Error, LeadModel, config, frames, report};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyString};

use crate::analyses::{Texts, texts};
use crate::arrow::Frame;
use crate::boundary::{enter, quick, released};
use crate::journeys::{Journeys, Snapshot, to_json};
use crate::metrics::{Compared, Evaluated, compared, evaluated};

/// A trained model.
#[pyclass(frozen, module = "leadlens._core")]
pub(crate) struct Model(LeadModel, PyOnceLock<Vec<Py<PyString>>>);

impl Model {
    /// The model itself.
    pub(crate) fn model(&self) -> &LeadModel {
        &self.0
    }

    fn of(model: LeadModel) -> Self {
        Self(model, PyOnceLock::new())
    }
}

type NamedContribution<'py> = (Bound<'py, PyString>, f64);

/// A number (NaN is missing), a text, or None.
fn cell<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Cell<'a>> {
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(Cell::Number(number.value()));
    }
    if value.is_none() {
        return Ok(Cell::Text(None));
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Cell::Text(Some(if flag.is_true() { "true" } else { "false" })));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Cell::Text(Some(text.to_str()?)));
    }
    Ok(Cell::Number(value.extract()?))
}

#[pymethods]
impl Model {
    #[staticmethod]
    #[pyo3(signature = (snapshot, options, progress=None))]
    fn train(
        py: Python<'_>,
        snapshot: &Snapshot,
        options: &str,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let options: TrainOptions = quick(|| config::parse_options("LeadScorer", options))?;
        enter(py, progress, |task| train(&snapshot.0, &options, task)).map(Self::of)
    }

    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        released(py, || LeadModel::from_path(&path)).map(Self::of)
    }

    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        released(py, || LeadModel::from_json(text)).map(Self::of)
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        released(py, || self.0.to_json())
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        released(py, || self.0.save(&path))
    }

    /// Scores; `words` are phrases for reasons in words, in the place of the English ones with their keys.
    #[pyo3(signature = (snapshot, reasons, allow_extrapolation, words, progress=None))]
    fn score(
        &self,
        py: Python<'_>,
        snapshot: &Snapshot,
        reasons: usize,
        allow_extrapolation: bool,
        words: Option<BTreeMap<String, String>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Frame> {
        let phrases = words.map(|own| quick(|| Phrases::with(&own))).transpose()?;
        let options = ScoreOptions { reasons, allow_extrapolation, phrases };
        enter(py, progress, |task| frames::score_frame(&self.0, &snapshot.0, &options, task)).map(Frame::from)
    }

    /// Which leads a snapshot holds, and what the probability is of, in words.
    fn scores_about(&self, py: Python<'_>, snapshot: &Snapshot) -> PyResult<(String, String)> {
        let about = || Ok(report::BestLeads::new(&self.0, &snapshot.0, &[], Vec::new()));
        released(py, about).map(|leads| (leads.title, leads.about))
    }

    /// Probability of one row of feature values, and the names and contributions of the strongest.
    fn score_row<'py>(
        &self,
        py: Python<'py>,
        values: Vec<Bound<'py, PyAny>>,
        reasons: usize,
    ) -> PyResult<(f64, Vec<NamedContribution<'py>>)> {
        let cells = values.iter().map(cell).collect::<PyResult<Vec<Cell<'_>>>>()?;
        let mut contributions = Vec::with_capacity(cells.len() + self.0.interactions().len());
        let scored = quick(|| self.0.score_row(&cells, &mut contributions))?;
        let names = self.1.get_or_init(py, || self.0.names().iter().map(|n| PyString::new(py, n).unbind()).collect());
        let reason = |i: usize| Some((names.get(i)?.bind(py).clone(), *contributions.get(i)?));
        Ok((scored.probability, strongest(&contributions, reasons).into_iter().filter_map(reason).collect()))
    }

    /// Names of the features, in the order of a row.
    fn features(&self) -> Vec<String> {
        self.0.terms().iter().map(|t| t.feature.to_string()).collect()
    }

    #[pyo3(signature = (snapshot, progress=None))]
    fn explain(&self, py: Python<'_>, snapshot: &Snapshot, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Frame> {
        enter(py, progress, |task| frames::explain_frame(&self.0, &snapshot.0, task)).map(Frame::from)
    }

    /// An evaluation on a snapshot.
    #[pyo3(signature = (snapshot, by, top, progress=None))]
    fn evaluate(
        &self,
        py: Python<'_>,
        snapshot: &Snapshot,
        by: Option<&str>,
        top: Vec<usize>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Evaluated> {
        evaluated(&enter(py, progress, |task| evaluate_snapshot(&self.0, &snapshot.0, by, &top, task))?)
    }

    /// A comparison with another model.
    #[pyo3(signature = (other, snapshot, top, progress=None))]
    fn compare(
        &self,
        py: Python<'_>,
        other: &Self,
        snapshot: &Snapshot,
        top: Vec<usize>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Compared> {
        compared(&enter(py, progress, |task| compare_models(&self.0, &other.0, &snapshot.0, &top, task))?)
    }

    fn terms(&self, py: Python<'_>, references: BTreeMap<String, String>) -> PyResult<Frame> {
        released(py, || frames::terms_frame(&self.0, &references)).map(Frame::from)
    }

    /// Facts of the training as JSON.
    fn training(&self) -> PyResult<String> {
        to_json(&self.0.data().training)
    }

    fn effect(
        &self,
        py: Python<'_>,
        feature: &str,
        values: Option<Vec<f64>>,
        reference: Option<&str>,
    ) -> PyResult<Frame> {
        released(py, || frames::effect_frame(&self.0, feature, values.as_deref(), reference)).map(Frame::from)
    }

    /// The model with other grades, best first; cut-offs are scores, probabilities or lifts.
    fn with_grades(&self, cuts: Vec<(String, f64)>, by: &str) -> PyResult<Self> {
        quick(|| {
            let by = match by {
                "score" => GradeBy::Score,
                "probability" => GradeBy::Probability,
                "lift" => GradeBy::Lift,
                other => {
                    return Err(Error::option(
                        "by",
                        format!("must be 'score', 'probability' or 'lift', not '{other}'"),
                    ));
                }
            };
            self.0.with_grades(&cuts, by)
        })
        .map(Self::of)
    }

    /// Grades, best first, with the lowest probability that earns each.
    fn grades(&self) -> Vec<(String, f64)> {
        self.0.grades_as_probabilities()
    }

    fn with_base_rate(&self, rate: f64) -> PyResult<Self> {
        quick(|| self.0.with_base_rate(rate)).map(Self::of)
    }

    fn shown(&self, strongest: usize) -> Texts {
        texts(report::model_shown(&self.0, strongest))
    }

    /// What it was trained for and on.
    fn trained_on(&self) -> [String; 2] {
        report::trained_on(&self.0)
    }

    #[getter]
    fn base(&self) -> f64 {
        self.0.base()
    }
}

/// Cells of a row of scores: lead, cutoff, probability, grade, owner, value, reasons.
type ScoreCells = (String, Option<i64>, f64, String, Option<String>, Option<f64>, String);

/// The best leads as text and HTML.
#[pyfunction]
pub(crate) fn shown_leads(title: String, about: String, rows: Vec<ScoreCells>) -> Texts {
    let lead = |(lead, as_of, probability, grade, owner, value, reasons): ScoreCells| frames::BestLead {
        lead,
        as_of: as_of.map(Timestamp),
        probability,
        grade,
        owner,
        value,
        fields: BTreeMap::new(),
        reasons: frames::reasons_of(&reasons),
    };
    let rows = rows.into_iter().map(lead).collect();
    texts(report::BestLeads { title, about, fields: Vec::new(), rows }.shown())
}

/// Writes a text to a file, whole or not at all.
#[pyfunction]
pub(crate) fn replace_file(py: Python<'_>, path: PathBuf, text: &str) -> PyResult<()> {
    let failed = |e: std::io::Error| Error::Write { path: path.clone(), reason: e.to_string() };
    enter(py, None, |task| {
        task.check()?;
        leadlens::replace_file(&path, text.as_bytes()).map_err(failed)
    })
}

/// The report as one HTML page. `contents` are its title, results as HTML, and the groups of the evaluation; `test` gives
/// the evaluation, `leads` the best leads.
#[pyfunction]
#[pyo3(signature = (journeys, model, contents, test=None, leads=None, progress=None))]
pub(crate) fn report_page(
    py: Python<'_>,
    journeys: &Journeys,
    model: &Model,
    contents: (String, Vec<String>, Option<String>),
    test: Option<&Snapshot>,
    leads: Option<&Snapshot>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let (title, sections, by) = contents;
    enter(py, progress, |task| {
        let evaluation = test.map(|t| evaluate_snapshot(&model.0, &t.0, by.as_deref(), &[], task)).transpose()?;
        let best = match leads {
            Some(leads) => {
                let options = ScoreOptions { reasons: 5, allow_extrapolation: true, phrases: None };
                let mut scores = frames::score_frame(&model.0, &leads.0, &options, task)?;
                frames::sort_by_probability(&mut scores)?;
                Some(report::BestLeads::new(&model.0, &leads.0, &[], frames::best_leads(&scores, 20, &[])?))
            }
            None => None,
        };
        Ok(report::page(&report::Report {
            title: &title,
            about: &journeys.0.describe(),
            check: Some(journeys.0.check()),
            counts: None,
            model: Some(&model.0),
            evaluation: evaluation.as_ref(),
            sections: &sections,
            best: best.as_ref(),
        }))
    })
}
