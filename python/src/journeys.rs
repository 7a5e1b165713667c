//! Journeys and snapshots.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use leadlens::config::{Config, CutoffsSpec, EventsSpec, Fault, StagesSpec};
use leadlens::frames::Tables;
use leadlens::report::Show;
use leadlens::schema::FeatureSet;
use leadlens::snapshot::SplitBy;
use leadlens::{Error, Task, config, frames, report};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::analyses::{Texts, texts};
use crate::arrow::Frame;
use crate::boundary::{enter, quick, released};
use crate::error::not_pickled;
use crate::stream::{read_stream, take_stream};

/// An index of journeys.
#[pyclass(frozen, module = "leadlens._core")]
pub(crate) struct Journeys(pub(crate) Arc<leadlens::Journeys>);

/// A snapshot.
#[pyclass(frozen, module = "leadlens._core")]
pub(crate) struct Snapshot(pub(crate) leadlens::Snapshot);

pub(crate) fn json_text(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::Config { problem: e.to_string() })
}

pub(crate) fn to_json(value: &impl serde::Serialize) -> PyResult<String> {
    quick(|| json_text(value))
}

/// Reads tables in memory, given as key → (name, object); `expect` says which columns are used. One after the other:
/// DuckDB lets one result of a connection be open at a time.
pub(crate) fn read_tables(
    py: Python<'_>,
    tables: &Bound<'_, PyDict>,
    base: &Path,
    expect: impl FnOnce(&mut Tables) -> Result<(), Error>,
) -> PyResult<Tables> {
    let mut given = Tables::new(base);
    quick(|| expect(&mut given))?;
    for (key, value) in tables {
        let (name, object): (String, Bound<'_, PyAny>) = value.extract()?;
        let stream = take_stream(&object)?;
        let key = key.extract::<String>()?;
        let wanted = given.wanted(&key);
        let table = enter(py, None, |_| read_stream(stream, &name, &wanted))?;
        quick(|| given.give(&key, table))?;
    }
    Ok(given)
}

fn parse_config(text: &str) -> Result<Config, Error> {
    let value: serde_json::Value = config::parse_json(text)?;
    Config::declared(&value).map_err(Fault::option)
}

/// The declaration in a TOML file, as JSON, and the folder that its tables are relative to.
#[pyfunction]
pub(crate) fn read_config(path: PathBuf) -> PyResult<(String, PathBuf)> {
    let (config, folder) = quick(|| {
        let project = leadlens::cli::Project::read(&path)?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok((project.config, folder))
    })?;
    Ok((to_json(&config)?, folder))
}

#[pymethods]
impl Journeys {
    /// Builds the index of declared tables.
    #[staticmethod]
    #[pyo3(signature = (config, tables, base, progress=None))]
    fn build(
        py: Python<'_>,
        config: &str,
        tables: &Bound<'_, PyDict>,
        base: PathBuf,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let config = quick(|| parse_config(config))?;
        let mut tables = read_tables(py, tables, &base, |given| config.expect(given))?;
        let journeys = enter(py, progress, |task| frames::build(&config, &mut tables, task))?;
        Ok(Self(Arc::new(journeys)))
    }

    /// Saved journeys, and the declaration they were saved with, as JSON.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<(Self, String)> {
        let (journeys, config) = enter(py, None, |_| frames::open(&path))?;
        Ok((Self(Arc::new(journeys)), to_json(&config)?))
    }

    /// Saves the index as a folder, with its declaration as JSON.
    #[pyo3(signature = (path, config, overwrite, progress=None))]
    fn save(
        &self,
        py: Python<'_>,
        path: PathBuf,
        config: &str,
        overwrite: bool,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let config: serde_json::Value = quick(|| config::parse_json(config))?;
        enter(py, progress, |task| frames::save(&self.0, &path, config, overwrite, task))
    }

    /// The index with new rows, tables of events and of stages as JSON, and a report as JSON.
    #[pyo3(signature = (config, rows, tables, base, progress=None))]
    fn extend(
        &self,
        py: Python<'_>,
        config: &str,
        rows: (String, String),
        tables: &Bound<'_, PyDict>,
        base: PathBuf,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Self, String)> {
        let config = quick(|| parse_config(config))?;
        let events: Vec<EventsSpec> = quick(|| config::parse_declared("events", &rows.0))?;
        let stages: Vec<StagesSpec> = quick(|| config::parse_declared("stages", &rows.1))?;
        let mut tables = read_tables(py, tables, &base, |given| Config::expect_rows(&events, &stages, given))?;
        let (journeys, report) =
            enter(py, progress, |task| frames::extend(&self.0, &events, &stages, &config, &mut tables, task))?;
        let report = serde_json::json!({"added": report.added, "duplicate": report.duplicate, "late": report.late});
        Ok((Self(Arc::new(journeys)), report.to_string()))
    }

    /// Journeys never change: a copy is the same object.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(_slf: Py<Self>) -> PyResult<()> {
        Err(not_pickled(
            "journeys, and results that hold them,",
            "save them with Journeys.save(path) and open them with Journeys.open(path) in the other process; for a \
             result, pass its tables instead, such as to_polars()",
        ))
    }

    /// The check as JSON.
    fn check(&self, py: Python<'_>) -> PyResult<String> {
        released(py, || json_text(self.0.check()))
    }

    fn check_shown(&self) -> Texts {
        texts(report::check_shown(&self.0))
    }

    fn check_frame(&self, py: Python<'_>) -> PyResult<Frame> {
        released(py, || frames::check_frame(self.0.check())).map(Frame::from)
    }

    fn show(&self, py: Python<'_>, lead: &str) -> PyResult<Frame> {
        released(py, || frames::show_frame(&self.0.show(lead)?)).map(Frame::from)
    }

    fn describe(&self) -> String {
        self.0.describe()
    }

    /// Facts as JSON: counts, kinds, channels, end of observation, fields.
    fn facts(&self) -> PyResult<String> {
        let j = &self.0;
        let kinds: Vec<_> = j.kinds().iter().map(|k| (k.name(), k.stage, k.side.to_string())).collect();
        to_json(&serde_json::json!({
            "leads": j.leads().len(),
            "events": j.timeline().len() - j.timeline().stages.position.len(),
            "stage_entries": j.timeline().stages.position.len(),
            "kinds": kinds,
            "channels": j.channels().iter().collect::<Vec<_>>(),
            "fields": j.leads().field_names().collect::<Vec<_>>(),
            "withheld": j.leads().withheld,
            "observed_until": j.observed_until().map(|t| t.to_string()),
            "outcomes_from": j.outcomes_from().map(|t| t.to_string()),
            "bytes_per_event": j.timeline().core_bytes_per_event(),
        }))
    }

    /// `cutoffs` are the tables given in memory, and the declaration of the one with the cutoffs as JSON.
    #[pyo3(signature = (spec, features, cutoffs=None, progress=None))]
    fn snapshot(
        &self,
        py: Python<'_>,
        spec: &str,
        features: &str,
        cutoffs: Option<(Bound<'_, PyDict>, String)>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Snapshot> {
        let spec = quick(|| config::parse_options("snapshot", spec))?;
        let features: FeatureSet = quick(|| config::parse_options("features", features))?;
        let table = match cutoffs {
            Some((tables, declared)) => {
                let declared: Vec<CutoffsSpec> = quick(|| config::parse_declared("cutoffs", &declared))?;
                let declared = declared.into_iter().next().unwrap_or_default();
                Some((read_tables(py, &tables, Path::new("."), |given| declared.expect(given))?, declared))
            }
            None => None,
        };
        let snapshot = enter(py, progress, |task| {
            let pairs = match table {
                Some((mut tables, declared)) => Some(frames::cutoff_table(&mut tables, &declared, &self.0)?),
                None => None,
            };
            self.0.snapshot(&spec, pairs.as_deref(), features, task)
        })?;
        Ok(Snapshot(snapshot))
    }
}

#[pymethods]
impl Snapshot {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Snapshots never change: a copy is the same object.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(_slf: Py<Self>) -> PyResult<()> {
        Err(not_pickled(
            "a snapshot",
            "save the journeys with Journeys.save(path), open them with Journeys.open(path) in the other process, and take \
             the snapshot there; or pass its table, to_polars()",
        ))
    }

    /// The journeys it was taken from.
    fn journeys(&self) -> Journeys {
        Journeys(Arc::clone(&self.0.journeys))
    }

    fn counts(&self) -> PyResult<String> {
        to_json(&self.0.counts)
    }

    fn shown(&self) -> Texts {
        texts(self.0.shown())
    }

    /// Fields of the leads of these rows, by number.
    fn lead_fields(&self, py: Python<'_>, fields: Vec<String>, rows: Vec<usize>) -> PyResult<Frame> {
        released(py, || frames::lead_fields_frame(&self.0, &fields, &rows)).map(Frame::from)
    }

    /// The assumptions behind the weights.
    fn remarks(&self) -> Vec<String> {
        self.0.remarks()
    }

    /// What is suspect about the fields in use, if there is a label to learn.
    fn suspects(&self) -> Vec<String> {
        if self.0.label.is_none() {
            return Vec::new();
        }
        self.0.suspects().map(ToString::to_string).collect()
    }

    #[getter]
    fn base_rate(&self) -> Option<f64> {
        self.0.base_rate()
    }

    #[getter]
    fn has_label(&self) -> bool {
        self.0.label.is_some()
    }

    /// Names of the features.
    fn features(&self) -> PyResult<Vec<String>> {
        quick(|| Ok(self.0.features.resolve(&self.0)?.iter().map(ToString::to_string).collect()))
    }

    /// All rows with all features.
    #[pyo3(signature = (progress=None))]
    fn frame(&self, py: Python<'_>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Frame> {
        let s = &self.0;
        enter(py, progress, |task: &Task| {
            let features = s.features.resolve(s)?;
            let columns = leadlens::features::compute(
                s,
                &features,
                |k| Some(k.clone()),
                s.features.daily_cap,
                s.journeys.calendar_zone(),
                task,
            )?;
            frames::snapshot_frame(s, features.into_iter().zip(columns).collect())
        })
        .map(Frame::from)
    }

    fn split(&self, py: Python<'_>, test: f64, by: &str, seed: u64) -> PyResult<(Self, Self)> {
        let by = match by {
            "time" => SplitBy::Time,
            "order" => SplitBy::Order,
            "group" => SplitBy::Group,
            "random" => SplitBy::Random,
            other => return quick(|| Err(Error::unknown("split", other, ["time", "order", "group", "random"]))),
        };
        let (train, test) = enter(py, None, |_| self.0.split(test, by, seed))?;
        Ok((Self(train), Self(test)))
    }
}
