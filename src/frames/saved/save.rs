//! Writing a folder of saved journeys.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::types::NativeType;
use polars_buffer::Buffer;
use rayon::slice::ParallelSliceMut;

use super::{FILES, FORMAT, FieldMeta, META, Meta, SUMS, Version};
use crate::error::{Error, Result};
use crate::frames::results::columns::frame;
use crate::frames::saved::checksums::{OfFolder, Summed};
use crate::journeys::{Codes, Journeys, Leads, MappedColumn};
use crate::progress::Task;
use crate::schema::Column as Values;
use crate::whole_file::{folder_of, sync_folder};

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
/// [`Error::Write`] if `path` exists (with `overwrite`: and is not a folder of saved journeys), or the disk
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
        let problem = format!("the path is not a folder of saved journeys ({other}) and cannot be overwritten");
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
            // The old folder is restored if the new one cannot take its place.
            std::fs::rename(&made, &own).inspect_err(|_| _ = std::fs::rename(old, &own))
        }),
        None => std::fs::rename(&made, &own),
    };
    if let Err(e) = renamed {
        let _ = std::fs::remove_dir_all(&made);
        return Err(failed(e.to_string()));
    }
    sync_folder(parent);
    // Whoever has the old files open keeps them until they are done. The new ones are in place, so an old folder that cannot
    // be removed does not fail the save.
    if let Some(old) = replaced {
        let _ = std::fs::remove_dir_all(old);
    }
    Ok(())
}

/// What distinguishes a folder from saved journeys: files that are unknown or missing.
fn foreign(path: &Path) -> std::io::Result<Option<String>> {
    let Ok(meta) = std::fs::read_to_string(path.join(META)) else { return Ok(Some(format!("{META} is missing"))) };
    if serde_json::from_str::<Version>(&meta).is_err() {
        return Ok(Some(format!("{META} has another format")));
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

pub(super) struct Writer<'a> {
    folder: &'a Path,
    path: &'a Path,
    task: &'a Task,
    texts: Vec<String>,
    dictionaries: Vec<(String, usize)>,
    sums: OfFolder,
}

/// A column that shares the memory of a slab.
fn column<T>(name: &str, slab: &MappedColumn<T::Native>) -> Column
where
    T: PolarsNumericType,
    T::Native: NativeType + Send + Sync,
    ChunkedArray<T>: IntoSeries,
{
    struct Shared<N>(MappedColumn<N>);
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
        events.extend(t.order.iter().map(|o| codes_column("order", o)));
        self.file("events.arrow", events)?;
        let s = &t.stages;
        let mut stages = vec![
            column::<UInt32Type>("position", &s.position),
            codes_column("deal", &s.deal),
            column::<Float64Type>("amount", &s.amount),
        ];
        stages.extend(s.order.iter().map(|o| codes_column("order", o)));
        self.file("stages.arrow", stages)?;
        self.edits(&s.edits)?;
        let offsets = vec![offsets_column("events", &t.offsets), offsets_column("stages", &s.offsets)];
        self.file("offsets.arrow", offsets)?;
        // The same journeys have the same files.
        let mut event_ids: Vec<u128> = j.event_ids.iter().copied().collect();
        event_ids.par_sort_unstable();
        let (high, low): (Vec<u64>, Vec<u64>) = event_ids.iter().map(|id| ((id >> 64) as u64, *id as u64)).unzip();
        self.file("event_ids.arrow", vec![Column::new("high".into(), high), Column::new("low".into(), low)])?;
        self.dictionary("channels", j.channels.iter());
        self.dictionary("deals", j.deals.iter());
        for (i, (_, levels)) in j.props.iter().enumerate() {
            self.dictionary(&format!("prop{i}"), levels.iter());
        }
        self.orders(&t.orders);
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
            check: j.check.clone(),
            fields,
            histories: j.leads.histories.iter().map(|h| h.name.clone()).collect(),
            field_zones: j.leads.zones.clone(),
            withheld: j.leads.withheld.clone(),
            dictionaries: std::mem::take(&mut self.dictionaries),
            normalize: j.leads.normalize,
            kept,
        };
        let text = serde_json::to_vec_pretty(&meta).map_err(|e| self.failed(e))?;
        self.write_file(META, |file| file.write_all(&text))?;
        let text = serde_json::to_vec_pretty(&self.sums).map_err(|e| self.failed(e))?;
        let mut file = File::create(self.folder.join(SUMS)).map_err(|e| self.failed(e))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(|e| self.failed(e))?;
        sync_folder(self.folder);
        Ok(())
    }

    fn failed(&self, e: impl std::fmt::Display) -> Error {
        Error::Write { path: self.path.to_owned(), reason: e.to_string() }
    }

    pub(super) fn file(&mut self, name: &str, columns: Vec<Column>) -> Result<()> {
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

    pub(super) fn dictionary<'t>(&mut self, name: &str, texts: impl Iterator<Item = &'t str>) {
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
