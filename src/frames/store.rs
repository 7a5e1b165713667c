//! Journeys on disk: a folder of Arrow IPC files, of which those of events are mapped into memory, not read.
//!
//! | file | rows | columns |
//! |---|---|---|
//! | `journeys.json` | | kinds, names, settings, the audit |
//! | `leads.arrow` | leads | ids, creation, fields |
//! | `offsets.arrow` | leads + 1 | where each lead's events and stage entries start |
//! | `events.arrow` | events | time, kind, channel, values, properties |
//! | `stages.arrow` | stage entries | position among the events, deal, amount |
//! | `edits.arrow` | edits of them | entry, the entry before it, time, amount, properties |
//! | `texts.arrow` | texts | dictionaries that codes point into |
//! | `event_ids.arrow` | events with an id | hashes of ids |
//! | `history<i>.arrow`, `history<i>_offsets.arrow` | | fields that change over time |
//! | `checksums.json` | | of all other files |

mod edits;
mod leads;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::types::NativeType;
use polars_buffer::Buffer;
use serde::{Deserialize, Serialize};

use super::checksums::{OfFolder, Summed};
use super::tables_out::frame;
use crate::design::{Column as Values, Kind};
use crate::error::{Error, Result};
use crate::journeys::{
    Audit, Codes, Days, Edits, Journeys, Leads, Normalize, Slab, StageLog, StageOrder, Texts, Timeline,
};
use crate::task::Task;
use crate::time::Zone;
use crate::whole_file::{folder_of, sync_folder};

/// The version of the format.
const FORMAT: u32 = 3;
const META: &str = "journeys.json";
const SUMS: &str = "checksums.json";
/// All files but those of histories.
const FILES: [&str; 9] = [
    META,
    SUMS,
    "leads.arrow",
    "offsets.arrow",
    "events.arrow",
    "stages.arrow",
    "edits.arrow",
    "texts.arrow",
    "event_ids.arrow",
];

/// What is not a column.
#[derive(Serialize, Deserialize)]
struct Meta {
    format: u32,
    kinds: Vec<Kind>,
    value_names: Vec<String>,
    props: Vec<String>,
    pipeline: Vec<String>,
    won: Vec<String>,
    lost: Vec<String>,
    observed_until: i64,
    outcomes_from: i64,
    timezone: Zone,
    calendar_zone: Zone,
    days: Days,
    stage_order: StageOrder,
    /// Rows of stages that were given twice.
    repeated: usize,
    audit: Audit,
    fields: Vec<FieldMeta>,
    histories: Vec<String>,
    withheld: Vec<(String, String)>,
    /// Name and length of each dictionary, in the order of the texts.
    dictionaries: Vec<(String, usize)>,
    /// How ids of leads are written.
    normalize: Option<Normalize>,
    /// What the caller keeps with it.
    kept: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct FieldMeta {
    name: String,
    asked: bool,
    hidden: bool,
}

/// Refuses a destination in a folder that does not exist.
fn check_folder(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    if folder.is_dir() {
        return Ok(());
    }
    let reason = format!("the folder '{}' does not exist", folder.display());
    Err(Error::Write { path: path.to_owned(), reason })
}

/// Saves journeys as a folder; `kept` is given back by [`open`].
///
/// # Errors
/// [`Error::Write`] if there is something at `path` (with `overwrite`: something else than saved journeys), or the disk
/// is full; nothing is left at `path` then, or what was there before. [`Error::Interrupted`].
pub fn save(journeys: &Journeys, path: &Path, kept: serde_json::Value, overwrite: bool, task: &Task) -> Result<()> {
    let failed = |reason: String| Error::Write { path: path.to_owned(), reason };
    check_folder(path)?;
    if path.exists() && !overwrite {
        return Err(failed("the path exists; pass overwrite=True to replace it".into()));
    }
    if path.exists()
        && let Some(other) = foreign(path).map_err(|e| failed(e.to_string()))?
    {
        let problem = format!("the path is not a folder of saved journeys ({other}) and is not replaced");
        return Err(failed(problem));
    }
    // By its own name: a way to it may lead through the folder that is replaced.
    let own = if path.exists() {
        path.canonicalize()
    } else {
        folder_of(path).canonicalize().map(|parent| parent.join(path.file_name().unwrap_or_default()))
    };
    let own = own.map_err(|e| failed(e.to_string()))?;
    let parent = own.parent().unwrap_or(Path::new("."));
    // Removed again unless it gets its name.
    let folder = tempfile::Builder::new().prefix(".leadlens-").tempdir_in(parent).map_err(|e| failed(e.to_string()))?;
    let mut writer = Writer {
        folder: folder.path(),
        path,
        task,
        texts: Vec::new(),
        dictionaries: Vec::new(),
        sums: OfFolder::new(),
    };
    writer.write(journeys, kept)?;
    // Temporary folders are private; a result is as readable as any new folder.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
            .map_err(|e| failed(e.to_string()))?;
    }
    let made = folder.keep();
    let replaced = own.exists().then(|| made.with_extension("replaced"));
    let renamed = match &replaced {
        Some(old) => std::fs::rename(&own, old).and_then(|()| {
            // What was there goes back to its place if the new cannot have it.
            std::fs::rename(&made, &own).inspect_err(|_| _ = std::fs::rename(old, &own))
        }),
        None => std::fs::rename(&made, &own),
    };
    if let Err(e) = renamed {
        let _ = std::fs::remove_dir_all(&made);
        return Err(failed(e.to_string()));
    }
    sync_folder(parent);
    // Whoever has the old files open keeps them until they are done.
    replaced.map_or(Ok(()), |old| std::fs::remove_dir_all(old).map_err(|e| failed(e.to_string())))
}

/// What is in a folder that is not of saved journeys, or missing.
fn foreign(path: &Path) -> std::io::Result<Option<String>> {
    let Ok(meta) = std::fs::read_to_string(path.join(META)) else { return Ok(Some(format!("no {META}"))) };
    if serde_json::from_str::<Version>(&meta).is_err() {
        return Ok(Some(format!("{META} is of something else")));
    }
    for entry in std::fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let history = name.strip_suffix(".arrow").is_some_and(|stem| stem.starts_with("history"));
        if !history && !FILES.contains(&name.as_str()) {
            return Ok(Some(format!("it has '{name}'")));
        }
    }
    Ok(None)
}

struct Writer<'a> {
    folder: &'a Path,
    path: &'a Path,
    task: &'a Task,
    texts: Vec<String>,
    dictionaries: Vec<(String, usize)>,
    sums: OfFolder,
}

/// A column that shares the memory of a slab.
fn column<T>(name: &str, slab: &Slab<T::Native>) -> Column
where
    T: PolarsNumericType,
    T::Native: NativeType + Send + Sync,
    ChunkedArray<T>: IntoSeries,
{
    struct Shared<N>(Slab<N>);
    impl<N> AsRef<[N]> for Shared<N> {
        fn as_ref(&self) -> &[N] {
            &self.0
        }
    }
    let buffer = Buffer::from_owner(Shared(slab.clone()));
    let array = PrimitiveArray::new(T::Native::PRIMITIVE.into(), buffer, None);
    ChunkedArray::<T>::with_chunk(name.into(), array).into_series().into_column()
}

fn codes_column(name: &str, codes: &Codes) -> Column {
    match codes {
        Codes::U8(v) => column::<UInt8Type>(name, v),
        Codes::U16(v) => column::<UInt16Type>(name, v),
        Codes::U32(v) => column::<UInt32Type>(name, v),
    }
}

fn offsets_column(name: &str, offsets: &[usize]) -> Column {
    Column::new(name.into(), offsets.iter().map(|o| *o as u64).collect::<Vec<u64>>())
}

impl Writer<'_> {
    fn write(&mut self, j: &Journeys, kept: serde_json::Value) -> Result<()> {
        let t = &j.timeline;
        self.task.begin("saving journeys", 7);
        let mut events = vec![column::<Int64Type>("at", &t.at), codes_column("kind", &t.kind)];
        events.extend(t.channel.iter().map(|c| codes_column("channel", c)));
        events.extend(t.values.iter().enumerate().map(|(i, v)| column::<Float64Type>(&format!("value{i}"), v)));
        events.extend(t.props.iter().enumerate().map(|(i, p)| codes_column(&format!("prop{i}"), p)));
        self.file("events.arrow", events)?;
        let s = &t.stages;
        self.file(
            "stages.arrow",
            vec![
                column::<UInt32Type>("position", &s.position),
                codes_column("deal", &s.deal),
                column::<Float64Type>("amount", &s.amount),
            ],
        )?;
        self.edits(&s.edits)?;
        let offsets = vec![offsets_column("events", &t.offsets), offsets_column("stages", &s.offsets)];
        self.file("offsets.arrow", offsets)?;
        let (high, low): (Vec<u64>, Vec<u64>) = j.event_ids.iter().map(|id| ((id >> 64) as u64, *id as u64)).unzip();
        self.file("event_ids.arrow", vec![Column::new("high".into(), high), Column::new("low".into(), low)])?;
        self.dictionary("channels", j.channels.iter());
        self.dictionary("deals", j.deals.iter());
        for (i, (_, levels)) in j.props.iter().enumerate() {
            self.dictionary(&format!("prop{i}"), levels.iter());
        }
        let fields = self.leads(&j.leads)?;
        for (i, history) in j.leads.histories.iter().enumerate() {
            let columns = vec![
                Column::new("valid_from".into(), &history.valid_from),
                Column::new("valid_to".into(), &history.valid_to),
                self.values(&format!("history{i}"), &history.values),
            ];
            self.file(&format!("history{i}.arrow"), columns)?;
            let offsets = vec![offsets_column("start", &history.offsets)];
            self.file(&format!("history{i}_offsets.arrow"), offsets)?;
        }
        let texts = std::mem::take(&mut self.texts);
        self.file("texts.arrow", vec![Column::new("text".into(), texts)])?;
        let meta = Meta {
            format: FORMAT,
            kinds: j.kinds.clone(),
            value_names: j.value_names.clone(),
            props: j.props.iter().map(|(name, _)| name.clone()).collect(),
            pipeline: j.pipeline.clone(),
            won: j.won.clone(),
            lost: j.lost.clone(),
            observed_until: j.observed_until,
            outcomes_from: j.outcomes_from,
            timezone: j.timezone.clone(),
            calendar_zone: j.calendar_zone.clone(),
            days: j.days.clone(),
            stage_order: j.stage_order,
            repeated: s.repeated,
            audit: j.audit.clone(),
            fields,
            histories: j.leads.histories.iter().map(|h| h.name.clone()).collect(),
            withheld: j.leads.withheld.clone(),
            dictionaries: std::mem::take(&mut self.dictionaries),
            normalize: j.leads.normalize,
            kept,
        };
        let text = serde_json::to_vec_pretty(&meta).map_err(|e| self.failed(e))?;
        self.write_file(META, |file| file.write_all(&text))?;
        let text = serde_json::to_vec_pretty(&self.sums).map_err(|e| self.failed(e))?;
        std::fs::write(self.folder.join(SUMS), text).map_err(|e| self.failed(e))
    }

    fn failed(&self, e: impl std::fmt::Display) -> Error {
        Error::Write { path: self.path.to_owned(), reason: e.to_string() }
    }

    fn file(&mut self, name: &str, columns: Vec<Column>) -> Result<()> {
        self.task.check()?;
        let mut table = frame(columns)?;
        self.write_file(name, |file| IpcWriter::new(file).finish(&mut table))?;
        self.task.advance(1);
        Ok(())
    }

    fn write_file<E: std::fmt::Display>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut Summed<'_>) -> std::result::Result<(), E>,
    ) -> Result<()> {
        let mut file = File::create(self.folder.join(name)).map_err(|e| self.failed(e))?;
        let mut summed = Summed::new(&mut file);
        write(&mut summed).map_err(|e| self.failed(e))?;
        let sums = summed.finish();
        file.sync_all().map_err(|e| self.failed(e))?;
        self.sums.insert(name.to_owned(), sums);
        Ok(())
    }

    fn dictionary<'t>(&mut self, name: &str, texts: impl Iterator<Item = &'t str>) {
        let before = self.texts.len();
        self.texts.extend(texts.map(str::to_owned));
        self.dictionaries.push((name.to_owned(), self.texts.len() - before));
    }

    fn values(&mut self, name: &str, values: &Values) -> Column {
        match values {
            Values::Number(v) => Column::new(name.into(), v),
            Values::Time(v) => Column::new(name.into(), v),
            Values::Category { codes, levels } => {
                self.dictionary(name, levels.iter().map(String::as_str));
                Column::new(name.into(), codes)
            }
        }
    }

    fn leads(&mut self, leads: &Leads) -> Result<Vec<FieldMeta>> {
        let ids: Vec<&str> = leads.ids.iter().collect();
        let mut columns = vec![
            Column::new("id".into(), ids),
            Column::new("created".into(), &leads.created),
            Column::new("source_row".into(), &leads.source_row),
        ];
        columns.extend(leads.order.iter().map(|order| Column::new("order".into(), order)));
        for (name, codes) in [("account", &leads.account), ("owner", &leads.owner)] {
            if let Some((codes, texts)) = codes {
                columns.push(Column::new(name.into(), codes));
                self.dictionary(name, texts.iter());
            }
        }
        columns.extend(leads.outcome.iter().map(|outcome| Column::new("outcome".into(), outcome)));
        let mut metas = Vec::new();
        let shown = leads.fields.iter().map(|f| (f, false));
        for (i, (field, hidden)) in shown.chain(leads.hidden.iter().map(|f| (f, true))).enumerate() {
            columns.push(self.values(&format!("field{i}"), &field.column));
            metas.push(FieldMeta { name: field.name.clone(), asked: field.asked, hidden });
        }
        self.file("leads.arrow", columns)?;
        Ok(metas)
    }
}

/// Opens saved journeys, and what was kept with them. Files are checked by their sums, and mapped into memory: shared by
/// all processes that have them open. The files must not be changed meanwhile; [`save`] replaces the folder as a whole,
/// so it may be used.
///
/// # Errors
/// [`Error::Read`] if `path` is no folder of saved journeys, is of a later version, or a file is damaged.
pub fn open(path: &Path) -> Result<(Journeys, serde_json::Value)> {
    let mut reader = Reader { folder: path.to_owned(), sums: OfFolder::new() };
    let text = std::fs::read_to_string(path.join(META)).map_err(|e| Error::Read {
        path: path.to_owned(),
        missing: !path.exists(),
        reason: if path.exists() { format!("it is no folder of saved journeys ({META}: {e})") } else { e.to_string() },
    })?;
    let version: Version = serde_json::from_str(&text).map_err(|e| reader.damaged(META, e))?;
    if version.format != FORMAT {
        return Err(reader.damaged(META, format!("it has format {}; this version reads {FORMAT}", version.format)));
    }
    let sums = std::fs::read(path.join(SUMS)).map_err(|e| reader.damaged(SUMS, e))?;
    reader.sums = serde_json::from_slice(&sums).map_err(|e| reader.damaged(SUMS, e))?;
    reader.checked(META)?;
    let meta: Meta = serde_json::from_str(&text).map_err(|e| reader.damaged(META, e))?;
    reader.journeys(meta)
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

struct Reader {
    folder: PathBuf,
    sums: OfFolder,
}

/// A column of a file as numbers.
struct Held<T: PolarsNumericType>(ChunkedArray<T>);

impl<T: PolarsNumericType> AsRef<[T::Native]> for Held<T> {
    fn as_ref(&self) -> &[T::Native] {
        self.0.cont_slice().unwrap_or(&[])
    }
}

struct HeldOffsets(UInt64Chunked);

impl AsRef<[usize]> for HeldOffsets {
    fn as_ref(&self) -> &[usize] {
        bytemuck::try_cast_slice(self.0.cont_slice().unwrap_or(&[])).unwrap_or(&[])
    }
}

/// Dictionaries by name.
struct Dictionaries(HashMap<String, Vec<String>>);

impl Dictionaries {
    fn take(&mut self, name: &str) -> Vec<String> {
        self.0.remove(name).unwrap_or_default()
    }

    fn texts(&mut self, name: &str) -> Texts {
        Texts::of_distinct(self.take(name).into_iter())
    }
}

impl Reader {
    fn damaged(&self, file: &str, e: impl std::fmt::Display) -> Error {
        Error::Read {
            path: self.folder.join(file),
            reason: format!("the saved journeys are damaged: {e}"),
            missing: false,
        }
    }

    /// An open file whose content is as it was saved.
    fn checked(&self, name: &str) -> Result<File> {
        let file = File::open(self.folder.join(name)).map_err(|e| self.damaged(name, e))?;
        match self.sums.get(name).map(|sums| sums.fit(&file)) {
            Some(Ok(true)) => Ok(file),
            Some(Ok(false)) => Err(self.damaged(name, "its content is not what was saved")),
            Some(Err(e)) => Err(self.damaged(name, e)),
            None => Err(self.damaged(name, format!("{SUMS} does not have it"))),
        }
    }

    fn frame(&self, name: &str) -> Result<DataFrame> {
        let path = self.folder.join(name);
        let file = self.checked(name)?;
        // SAFETY: the documentation of `open` asks that the files are not changed; `save` never changes one.
        let reader = unsafe { IpcReader::new(file).memory_mapped(Some(path)) };
        reader.finish().map_err(|e| self.damaged(name, e))
    }

    fn slab<T>(&self, file: &str, frame: &DataFrame, name: &str) -> Result<Slab<T::Native>>
    where
        T: PolarsNumericType,
        T::Native: Send + Sync,
    {
        let series = frame.column(name).map_err(|e| self.damaged(file, e))?.as_materialized_series().clone();
        let numbers: &ChunkedArray<T> = series.unpack::<T>().map_err(|e| self.damaged(file, e))?;
        let slab = Slab::from_owner(Held(numbers.clone()));
        if slab.len() == frame.height() {
            Ok(slab)
        } else {
            Err(self.damaged(file, format!("column '{name}' is in pieces or has nulls")))
        }
    }

    fn numbers<T>(&self, file: &str, frame: &DataFrame, name: &str) -> Result<Vec<T::Native>>
    where
        T: PolarsNumericType,
        T::Native: Send + Sync + Clone,
    {
        Ok(self.slab::<T>(file, frame, name)?.to_vec())
    }

    fn codes(&self, file: &str, frame: &DataFrame, name: &str) -> Result<Codes> {
        let dtype = frame.column(name).map_err(|e| self.damaged(file, e))?.dtype().clone();
        Ok(match dtype {
            DataType::UInt8 => Codes::U8(self.slab::<UInt8Type>(file, frame, name)?),
            DataType::UInt16 => Codes::U16(self.slab::<UInt16Type>(file, frame, name)?),
            _ => Codes::U32(self.slab::<UInt32Type>(file, frame, name)?),
        })
    }

    /// Offsets of `n` units into `len` rows.
    fn offsets(&self, file: &str, frame: &DataFrame, name: &str, n: usize, len: usize) -> Result<Slab<usize>> {
        let series = frame.column(name).map_err(|e| self.damaged(file, e))?.as_materialized_series().clone();
        let offsets = Slab::from_owner(HeldOffsets(series.u64().map_err(|e| self.damaged(file, e))?.clone()));
        let right = offsets.len() == n + 1
            && offsets.first() == Some(&0)
            && offsets.last() == Some(&len)
            && offsets.is_sorted();
        if right {
            Ok(offsets)
        } else {
            Err(self.damaged(file, format!("'{name}' does not fit {n} leads and {len} rows")))
        }
    }

    fn texts(&self, frame: &DataFrame, file: &str, name: &str) -> Result<Vec<String>> {
        let column = frame.column(name).map_err(|e| self.damaged(file, e))?;
        let texts = column.str().map_err(|e| self.damaged(file, e))?;
        Ok(texts.iter().map(|t| t.unwrap_or("").to_owned()).collect())
    }

    fn dictionaries(&self, names: &[(String, usize)]) -> Result<Dictionaries> {
        const FILE: &str = "texts.arrow";
        let mut texts = self.texts(&self.frame(FILE)?, FILE, "text")?.into_iter();
        let all = names.iter().map(|(name, len)| (name.clone(), texts.by_ref().take(*len).collect())).collect();
        let wanted: usize = names.iter().map(|(_, len)| len).sum();
        let all = Dictionaries(all);
        let got: usize = all.0.values().map(Vec::len).sum();
        if got == wanted { Ok(all) } else { Err(self.damaged(FILE, format!("{got} texts of {wanted}"))) }
    }

    fn values(&self, file: &str, frame: &DataFrame, name: &str, dictionaries: &mut Dictionaries) -> Result<Values> {
        let dtype = frame.column(name).map_err(|e| self.damaged(file, e))?.dtype().clone();
        Ok(match dtype {
            DataType::Float64 => Values::Number(self.numbers::<Float64Type>(file, frame, name)?),
            DataType::Int64 => Values::Time(self.numbers::<Int64Type>(file, frame, name)?),
            _ => Values::Category {
                codes: self.numbers::<UInt32Type>(file, frame, name)?,
                levels: Arc::from(dictionaries.take(name)),
            },
        })
    }

    fn journeys(&self, meta: Meta) -> Result<(Journeys, serde_json::Value)> {
        let mut dictionaries = self.dictionaries(&meta.dictionaries)?;
        let leads = self.leads(&meta, &mut dictionaries)?;
        let (events, stages) = (self.frame("events.arrow")?, self.frame("stages.arrow")?);
        let offsets = self.frame("offsets.arrow")?;
        let offsets_of = |name: &str, rows: usize| self.offsets("offsets.arrow", &offsets, name, leads.len(), rows);
        let has = |name: &str| events.get_column_index(name).is_some();
        let file = "events.arrow";
        let mut timeline = Timeline {
            offsets: offsets_of("events", events.height())?,
            at: self.slab::<Int64Type>(file, &events, "at")?,
            kind: self.codes(file, &events, "kind")?,
            channel: has("channel").then(|| self.codes(file, &events, "channel")).transpose()?,
            values: (0..meta.value_names.len())
                .map(|i| self.slab::<Float64Type>(file, &events, &format!("value{i}")))
                .collect::<Result<_>>()?,
            props: (0..meta.props.len())
                .map(|i| self.codes(file, &events, &format!("prop{i}")))
                .collect::<Result<_>>()?,
            stages: StageLog {
                offsets: offsets_of("stages", stages.height())?,
                position: self.slab::<UInt32Type>("stages.arrow", &stages, "position")?,
                deal: self.codes("stages.arrow", &stages, "deal")?,
                amount: self.slab::<Float64Type>("stages.arrow", &stages, "amount")?,
                edits: Edits::default(),
                repeated: meta.repeated,
            },
        };
        timeline.stages.edits = self.edits(&timeline.stages, meta.props.len())?;
        if timeline.stages.position.iter().any(|p| *p as usize >= timeline.len()) {
            return Err(self.damaged("stages.arrow", "an entry is beyond the last event"));
        }
        let ids = self.frame("event_ids.arrow")?;
        let half = |name: &str| self.slab::<UInt64Type>("event_ids.arrow", &ids, name);
        let (high, low) = (half("high")?, half("low")?);
        let event_ids: HashSet<u128> =
            high.iter().zip(&low).map(|(h, l)| u128::from(*h) << 64 | u128::from(*l)).collect();
        let channels = dictionaries.texts("channels");
        let deals = dictionaries.texts("deals");
        let props = meta.props.into_iter().enumerate();
        let props = props.map(|(i, name)| (name, dictionaries.texts(&format!("prop{i}")))).collect();
        let journeys = Journeys {
            leads,
            timeline,
            kinds: meta.kinds,
            channels,
            deals,
            value_names: meta.value_names,
            props,
            pipeline: meta.pipeline,
            won: meta.won,
            lost: meta.lost,
            observed_until: meta.observed_until,
            outcomes_from: meta.outcomes_from,
            timezone: meta.timezone,
            calendar_zone: meta.calendar_zone,
            days: meta.days,
            stage_order: meta.stage_order,
            audit: meta.audit,
            event_ids,
        };
        Ok((journeys, meta.kept))
    }
}
