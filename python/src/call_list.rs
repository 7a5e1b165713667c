//! Call lists.

use std::collections::BTreeMap;

use leadlens::frames::ScoreOptions;
use leadlens::report::Show;
use leadlens::score::{CallListSpec, Phrases};
use leadlens::{config, frames};
use pyo3::prelude::*;

use crate::analyses::{Texts, texts};
use crate::arrow::Frame;
use crate::boundary::{enter, quick};
use crate::journeys::{Snapshot, to_json};
use crate::model::Model;

/// Listed leads, all leads with their chances, reps, facts as JSON, how it is shown.
type Lists = (Frame, Frame, Frame, String, Texts);

/// A call list of the leads of a snapshot.
#[pyfunction]
#[pyo3(signature = (model, snapshot, spec, scoring, progress=None))]
pub(crate) fn call_list(
    py: Python<'_>,
    model: &Model,
    snapshot: &Snapshot,
    spec: &str,
    scoring: (usize, bool, Option<BTreeMap<String, String>>),
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Lists> {
    let spec: CallListSpec = quick(|| config::parse_options("call_list", spec))?;
    let (reasons, allow_extrapolation, words) = scoring;
    let phrases = words.map(|own| quick(|| Phrases::with(&own))).transpose()?;
    let options = ScoreOptions { reasons, allow_extrapolation, phrases };
    let (listed, design, reps, list) = enter(py, progress, |task| {
        let lists = frames::call_lists(model.model(), &snapshot.0, &spec, &options, task)?;
        let tables = (frames::call_list_frame(&lists)?, frames::call_design_frame(&lists)?);
        Ok((tables.0, tables.1, frames::call_reps_frame(&lists.list)?, lists.list))
    })?;
    let facts = facts_of(&list)?;
    Ok((listed.into(), design.into(), reps.into(), facts, texts(list.shown())))
}

/// Options and remarks.
fn facts_of(list: &leadlens::score::CallList) -> PyResult<String> {
    to_json(&serde_json::json!({"spec": list.spec, "remarks": list.remarks}))
}
