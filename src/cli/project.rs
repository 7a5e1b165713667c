//! A project file: the declaration of the tables, and what to do with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inputs::Inputs;
use super::sections::{AttributionSection, ModelSection, ReportSection, ScoreSection, SplitSection};
use super::settings::Setting;
use crate::analyses::attribution::{Attribution, AttributionSpec};
use crate::analyses::drivers::{BarriersSpec, DriversSpec};
use crate::analyses::funnel::FunnelSpec;
use crate::analyses::paths::PathsSpec;
use crate::analyses::stage_funnel::StageFunnelSpec;
use crate::analyses::time_to::TimeToSpec;
use crate::audit::AuditSpec;
use crate::config::{Config, CutoffsSpec, Fault, declared, read_options, with_nearest};
use crate::error::{Error, Result};
use crate::frames::{SpendSpec, Tables, build, cutoff_table, is_raw, path_of, read_spend, text_of};
use crate::journeys::{Journeys, MaxBad};
use crate::progress::Task;
use crate::schema::{FeatureSet, SnapshotSpec};
use crate::score::{CallListSpec, PointScale};
use crate::snapshot::Snapshot;

/// A project file.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Declarations of the tables.
    pub config: Config,
    /// Labelled snapshot that is split into training and test.
    pub snapshot: SnapshotSpec,
    /// The table of its cutoffs, if it has one.
    pub cutoffs: Option<CutoffsSpec>,
    /// That of the snapshot that is scored.
    pub score_cutoffs: Option<CutoffsSpec>,
    /// The split.
    pub split: SplitSection,
    /// The features.
    pub features: FeatureSet,
    /// The model.
    pub model: ModelSection,
    /// The scoring.
    pub score: ScoreSection,
    /// The call list.
    pub call_list: CallListSpec,
    /// The scale of scorecards.
    pub scorecard: PointScale,
    /// The funnel.
    pub funnel: FunnelSpec,
    /// The stage funnel.
    pub stage_funnel: StageFunnelSpec,
    /// How long leads take.
    pub time_to: TimeToSpec,
    /// Drivers of drop-off; steps and window default to the funnel's.
    pub drivers: DriversSpec,
    /// Barriers; steps, window and breakdown default to the funnel's.
    pub barriers: BarriersSpec,
    /// Options of the analysis of paths.
    pub paths: PathsSpec,
    /// Attribution, with or without spend.
    pub attribution: AttributionSection,
    /// The audit of the training set.
    pub audit: AuditSpec,
    /// The report.
    pub report: ReportSection,
    file: PathBuf,
    folder: PathBuf,
}

impl Project {
    /// Reads a project file; the paths in it are relative to its folder.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Config`] naming the file.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_with(path, &[])
    }

    /// Reads a project file, with some of its keys set to something else.
    ///
    /// # Errors
    /// As [`Project::read`]; errors of a setting name it.
    pub(super) fn read_with(path: &Path, settings: &[Setting]) -> Result<Self> {
        let failed = |missing: bool, reason: String| Error::Read { path: path.to_owned(), missing, reason };
        let bytes = std::fs::read(path).map_err(|e| failed(e.kind() == std::io::ErrorKind::NotFound, e.to_string()))?;
        // Paths may be anything, all else is UTF-8.
        let text = text_of(&bytes);
        if let Ok(table) = toml::from_str::<toml::Table>(&text)
            && has_raw_text(&table)
        {
            let valid = std::str::from_utf8(&bytes).map_or_else(|e| e.valid_up_to(), str::len);
            let line = 1 + bytes.iter().take(valid).filter(|b| **b == b'\n').count();
            return Err(failed(false, format!("line {line} is not UTF-8; save the file as UTF-8")));
        }
        // What editors of Windows write first.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let whole = Self::parse(text, path, settings);
        let Err(error) = &whole else { return whole };
        // The first setting with which it goes wrong in this way is at fault.
        let is_same =
            |n: &usize| Self::parse(text, path, settings.get(..*n).unwrap_or(&[])).err().as_ref() == Some(error);
        let at_fault = (0..settings.len()).find(is_same).unwrap_or(settings.len()).checked_sub(1);
        match (at_fault.and_then(|n| settings.get(n)), error) {
            (Some(setting), Error::Config { problem }) => {
                Err(Error::option("set", format!("'{}': {problem}", setting.key)))
            }
            (None, Error::Config { problem }) => {
                Err(Error::Config { problem: format!("'{}': {problem}", path.display()) })
            }
            _ => whole,
        }
    }

    fn parse(text: &str, path: &Path, settings: &[Setting]) -> Result<Self> {
        let mut table: toml::Table = toml::from_str(text).map_err(|e| bad(&e))?;
        // Sections are called as the commands are, with either sign between words.
        for (section, name) in SECTIONS.map(|section| (section, section.replace('_', "-"))) {
            if section != name
                && let Some(value) = table.remove(&name)
            {
                table.insert(section.to_owned(), value);
            }
        }
        settings.iter().try_for_each(|setting| setting.apply(&mut table))?;
        table.iter_mut().for_each(|(_, value)| times_to_text(value));
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let funnel: FunnelSpec = section(&mut table, "funnel")?;
        let steps = StepsAgain::of(&funnel);
        let cutoffs = table.get_mut("snapshot").map(|snapshot| cutoffs_of(snapshot, "snapshot"));
        let scored = table.get_mut("score").and_then(|score| score.get_mut("snapshot"));
        let score_cutoffs = scored.map(|snapshot| cutoffs_of(snapshot, "score.snapshot"));
        let mut project = Self {
            cutoffs: cutoffs.transpose()?.flatten(),
            score_cutoffs: score_cutoffs.transpose()?.flatten(),
            snapshot: section(&mut table, "snapshot")?,
            split: section(&mut table, "split")?,
            features: section(&mut table, "features")?,
            model: section(&mut table, "model")?,
            score: section(&mut table, "score")?,
            call_list: section(&mut table, "call_list")?,
            scorecard: section(&mut table, "scorecard")?,
            stage_funnel: section(&mut table, "stage_funnel")?,
            time_to: section(&mut table, "time_to")?,
            drivers: funnel_section(&mut table, "drivers", &steps)?,
            barriers: funnel_section(&mut table, "barriers", &steps)?,
            paths: section(&mut table, "paths")?,
            attribution: attribution_section(&mut table)?,
            audit: section(&mut table, "audit")?,
            report: section(&mut table, "report")?,
            funnel,
            config: {
                let value = serde_json::to_value(&table).map_err(|e| Error::Config { problem: e.to_string() })?;
                check_sections(&table)?;
                Config::declared(&value).map_err(Fault::config)?
            },
            file: path.to_owned(),
            folder,
        };
        let files = [&mut project.model.file, &mut project.score.output, &mut project.report.output];
        files.into_iter().for_each(|file| *file = project.folder.join(path_of(&file.to_string_lossy())));
        Ok(project)
    }

    /// Builds the journeys; tables of which more than half the rows are quarantined are refused, unless `max_bad` says
    /// otherwise.
    ///
    /// # Errors
    /// As [`build`].
    pub fn journeys(&self, task: &Task) -> Result<Arc<Journeys>> {
        let journeys = build(&self.config, &mut self.tables(), task)?;
        if self.config.max_bad.is_none() {
            journeys.check.check_quarantined(MaxBad::Half)?;
        }
        Ok(journeys.shared())
    }

    /// Credit for conversions, with costs if the project has spend; `qualified` stands before the stage of the section.
    pub(super) fn credit(
        &self,
        spec: &AttributionSpec,
        qualified: Option<&String>,
        journeys: &Journeys,
        task: &Task,
    ) -> Result<Attribution> {
        let section = &self.attribution;
        let qualified = qualified.or(section.qualified.as_ref());
        if section.spend.is_empty() {
            return match qualified {
                Some(_) => Err(Error::option("qualified", "needs a table of spend; declare [[attribution.spend]]")),
                None => journeys.attribution(spec, task),
            };
        }
        let rows = read_spend(&mut self.tables(), &section.spend, &spec.by, journeys)?;
        journeys.attribution_with_spend(spec, &rows, qualified, task)
    }

    pub(super) fn tables(&self) -> Tables {
        Tables::new(&self.folder)
    }

    /// The files that the project reads: itself and its tables.
    pub(super) fn inputs(&self) -> Inputs {
        let mut inputs = Inputs::default();
        inputs.file("the configuration", &self.file);
        inputs.tables(&self.config, &self.folder);
        let others = serde_json::to_value((&self.attribution.spend, &self.cutoffs, &self.score_cutoffs));
        if let Ok(others) = others {
            inputs.all_tables(&others, &self.folder);
        }
        inputs
    }

    /// A snapshot, with its table of cutoffs if it has one.
    pub(super) fn snapshot(
        &self,
        spec: &SnapshotSpec,
        cutoffs: Option<&CutoffsSpec>,
        journeys: &Arc<Journeys>,
        task: &Task,
    ) -> Result<Snapshot> {
        let pairs = cutoffs.map(|table| cutoff_table(&mut self.tables(), table, journeys)).transpose()?;
        journeys.snapshot(spec, pairs.as_deref(), self.features.clone(), task)
    }

    /// The labelled snapshot, split.
    ///
    /// # Errors
    /// As [`Journeys::snapshot`] and [`Snapshot::split`].
    pub fn sides(&self, journeys: &Arc<Journeys>, task: &Task) -> Result<(Snapshot, Snapshot)> {
        let snapshot = self.snapshot(&self.snapshot, self.cutoffs.as_ref(), journeys, task)?;
        snapshot.split(self.split.test, self.split.by, self.split.seed)
    }
}

/// Whether a name, or a text other than a path, has bytes that are not UTF-8.
fn has_raw_text(table: &toml::Table) -> bool {
    let is_path = |key: &str| ["table", "file", "output"].contains(&key);
    let in_value = |key: &str, value: &toml::Value| match value {
        toml::Value::Table(inner) => has_raw_text(inner),
        toml::Value::Array(list) => list.iter().any(|one| match one {
            toml::Value::Table(inner) => has_raw_text(inner),
            toml::Value::String(text) => is_raw(text),
            _ => false,
        }),
        toml::Value::String(text) => is_raw(text) && !is_path(key),
        _ => false,
    };
    table.iter().any(|(key, value)| is_raw(key) || in_value(key, value))
}

fn bad(e: &toml::de::Error) -> Error {
    Error::Config { problem: with_nearest(e.to_string().trim_end()) }
}

/// TOML writes times without quotes; everything here reads them as texts.
fn times_to_text(value: &mut toml::Value) {
    match value {
        toml::Value::Datetime(time) => *value = toml::Value::String(time.to_string()),
        toml::Value::Table(table) if table.get("where").is_some_and(toml::Value::is_table) => {
            table
                .iter_mut()
                .for_each(|(key, v)| if key == "where" { times_of_conditions(v) } else { times_to_text(v) });
        }
        toml::Value::Array(list) => list.iter_mut().for_each(times_to_text),
        toml::Value::Table(table) => table.iter_mut().for_each(|(_, v)| times_to_text(v)),
        _ => {}
    }
}

/// A time without quotes is a time in a condition, for a column of any type.
fn times_of_conditions(value: &mut toml::Value) {
    match value {
        toml::Value::Datetime(time) => {
            let text = toml::Value::String(time.to_string());
            *value = toml::Value::Table([("time".to_owned(), text)].into_iter().collect());
        }
        toml::Value::Array(list) => list.iter_mut().for_each(times_of_conditions),
        toml::Value::Table(table) => table.iter_mut().for_each(|(_, v)| times_of_conditions(v)),
        _ => {}
    }
}

/// Sections that a project file may have beside the declaration of tables.
const SECTIONS: [&str; 16] = [
    "snapshot",
    "split",
    "features",
    "model",
    "score",
    "call_list",
    "scorecard",
    "funnel",
    "stage_funnel",
    "time_to",
    "drivers",
    "barriers",
    "paths",
    "attribution",
    "audit",
    "report",
];

/// Refuses a table at the top that is neither a section nor a role, with the nearest one.
fn check_sections(rest: &toml::Table) -> Result<()> {
    let roles = ["leads", "events", "stages", "fields", "accounts"];
    for (key, value) in rest {
        if value.is_table() && !roles.contains(&key.as_str()) {
            let known = SECTIONS.iter().chain(&roles).copied();
            let near = crate::error::nearest(key, known).map(|n| format!("; did you mean [{n}]?")).unwrap_or_default();
            return Err(Error::Config { problem: format!("unknown section [{key}]{near}") });
        }
    }
    Ok(())
}

fn section<T: Default + for<'de> Deserialize<'de>>(table: &mut toml::Table, key: &str) -> Result<T> {
    match table.remove(key) {
        None => Ok(T::default()),
        Some(value) if value.is_table() => read_section(&value, key),
        Some(_) => Err(Error::Config { problem: format!("{key}: expected a section, written as [{key}]") }),
    }
}

/// A section, read as the options of calls are: numbers of JSON are finite.
fn read_section<T: for<'de> Deserialize<'de>>(value: &toml::Value, key: &str) -> Result<T> {
    if let Some((place, number)) = not_finite(value) {
        return Err(Error::Config { problem: format!("{key}{place}: must be a finite number, not {number}") });
    }
    let text = serde_json::to_string(value).map_err(|e| Error::Config { problem: format!("{key}: {e}") })?;
    read_options(key, &text).map_err(Fault::config)
}

/// The first number that is infinite or NaN, and its place.
fn not_finite(value: &toml::Value) -> Option<(String, f64)> {
    let inner = |name: String, value: &toml::Value| not_finite(value).map(|(place, x)| (name + &place, x));
    match value {
        toml::Value::Float(x) if !x.is_finite() => Some((String::new(), *x)),
        toml::Value::Table(table) => table.iter().find_map(|(key, value)| inner(format!(".{key}"), value)),
        toml::Value::Array(list) => list.iter().enumerate().find_map(|(i, value)| inner(format!("[{i}]"), value)),
        _ => None,
    }
}

/// The table of cutoffs of a snapshot, declared like the tables of other roles.
fn cutoffs_of(snapshot: &mut toml::Value, section: &str) -> Result<Option<CutoffsSpec>> {
    let key = format!("{section}.cutoffs");
    let Some(given) = snapshot.as_table_mut().and_then(|table| table.remove("cutoffs")) else { return Ok(None) };
    let value = serde_json::to_value(&given).map_err(|e| Error::Config { problem: e.to_string() })?;
    declared(&key, &value).map(|all| all.into_iter().next()).map_err(Fault::config)
}

/// Credit and spend stand in one section.
fn attribution_section(table: &mut toml::Table) -> Result<AttributionSection> {
    let mut given: toml::Table = section(table, "attribution")?;
    let spend = match given.remove("spend") {
        None => Vec::new(),
        Some(toml::Value::Array(tables)) => declared_spend(&toml::Value::Array(tables))?,
        Some(one) => declared_spend(&one)?,
    };
    let qualified = given.remove("qualified").map(|stage| read_section(&stage, "attribution")).transpose()?;
    Ok(AttributionSection { credit: read_section(&toml::Value::Table(given), "attribution")?, spend, qualified })
}

fn declared_spend(given: &toml::Value) -> Result<Vec<SpendSpec>> {
    let value = serde_json::to_value(given).map_err(|e| Error::Config { problem: e.to_string() })?;
    declared("attribution.spend", &value).map_err(Fault::config)
}

/// The keys that drivers and barriers take from the funnel's section unless set in their own.
struct StepsAgain(Vec<(&'static str, Value)>);

impl StepsAgain {
    fn of(funnel: &FunnelSpec) -> Self {
        let given = |key: &'static str, value: Value| (!value.is_null()).then_some((key, value));
        let text = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
        let all = [
            given("steps", text(serde_json::to_value(&funnel.steps))),
            given("window", text(serde_json::to_value(funnel.window))),
            given("exclude", text(serde_json::to_value(&funnel.exclude))),
            given("by", text(serde_json::to_value(&funnel.by))),
        ];
        Self(all.into_iter().flatten().collect())
    }
}

/// A section of an analysis of a funnel: its own keys and the funnel's.
fn funnel_section<T: Default + Serialize + for<'de> Deserialize<'de>>(
    table: &mut toml::Table,
    key: &str,
    again: &StepsAgain,
) -> Result<T> {
    let given: toml::Table = section(table, key)?;
    let own = keys::<T>();
    let as_json = |e: serde_json::Error| Error::Config { problem: format!("[{key}] {e}") };
    let (mut outer, mut funnel) = (serde_json::Map::new(), serde_json::Map::new());
    for (name, value) in &again.0 {
        // Drivers have no breakdown.
        if *name != "by" || key == "barriers" {
            funnel.insert((*name).to_owned(), value.clone());
        }
    }
    for (name, value) in given {
        let value = serde_json::to_value(value).map_err(as_json)?;
        if name != "funnel" && own.contains(&name) {
            outer.insert(name, value)
        } else {
            funnel.insert(name, value)
        };
    }
    outer.insert("funnel".into(), Value::Object(funnel));
    read_options(key, &Value::Object(outer).to_string()).map_err(|Fault { place, problem }| {
        // Its own keys and the funnel's stand in one section.
        Fault { place: place.replacen(&format!("{key}.funnel."), &format!("{key}."), 1), problem }.config()
    })
}

/// The keys of a section.
fn keys<T: Default + Serialize>() -> Vec<String> {
    match serde_json::to_value(T::default()) {
        Ok(Value::Object(map)) => map.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}

/// The section of a project file that has the key `name`, empty for the top; `first` is the section to look at first.
pub(super) fn section_of(name: &str, first: &str) -> Option<&'static str> {
    let top = ["observed_until", "outcomes_from", "timezone", "calendar_zone", "before_creation", "memory", "max_bad"];
    if top.contains(&name) || ["pipeline", "won", "lost"].contains(&name) {
        return Some("");
    }
    let sections = [
        ("snapshot", keys::<SnapshotSpec>()),
        ("split", keys::<SplitSection>()),
        ("model", keys::<ModelSection>()),
        ("score", keys::<ScoreSection>()),
        ("funnel", keys::<FunnelSpec>()),
        ("stage_funnel", keys::<StageFunnelSpec>()),
        ("time_to", keys::<TimeToSpec>()),
        ("drivers", keys::<DriversSpec>()),
        ("barriers", keys::<BarriersSpec>()),
        ("paths", keys::<PathsSpec>()),
        ("attribution", keys::<AttributionSpec>()),
        ("audit", keys::<AuditSpec>()),
        ("report", keys::<ReportSection>()),
    ];
    let has = |(_, keys): &&(&str, Vec<String>)| keys.iter().any(|k| k == name);
    let own = sections.iter().filter(|(section, _)| *section == first).find(has);
    own.or_else(|| sections.iter().find(has)).map(|(section, _)| *section)
}

/// `spec` with the options that flags override. `flags` are the arguments of a command; those that
/// were not given are null, false or empty.
///
/// # Errors
/// [`Error::InvalidOption`] naming the flag that is wrong.
pub(super) fn with_flags<T: Serialize + for<'de> Deserialize<'de>>(spec: &T, flags: &impl Serialize) -> Result<T> {
    let as_json = |e: serde_json::Error| Error::option("options", e.to_string());
    let mut merged = serde_json::to_value(spec).map_err(as_json)?;
    if let (Value::Object(own), Value::Object(flags)) = (&mut merged, serde_json::to_value(flags).map_err(as_json)?) {
        let given = |v: &Value| match v {
            Value::Null | Value::Bool(false) => false,
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            _ => true,
        };
        own.extend(flags.into_iter().filter(|(_, v)| given(v)));
    }
    serde_path_to_error::deserialize(&merged).map_err(|e| {
        let option = e.path().to_string();
        let option = option.split(['.', '[']).next().unwrap_or("").to_owned();
        let problem = e.inner().to_string();
        // Times and spans name themselves as the option.
        let problem = problem.strip_prefix("time: ").or(problem.strip_prefix("span: ")).unwrap_or(&problem);
        Error::option(option, with_nearest(problem))
    })
}
