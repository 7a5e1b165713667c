//! Opening a folder of saved journeys.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;

use super::{FORMAT, META, Meta, SUMS, Version};
use crate::error::{Error, Result};
use crate::frames::saved::checksums::OfFolder;
use crate::journeys::{Codes, Edits, Journeys, MappedColumn, StageLog, StringTable, Timeline};
use crate::progress::Stop;
use crate::schema::Column as Values;

/// Opens saved journeys with their metadata. Files are checked by their checksums and memory-mapped: shared by
/// all processes that have them open. The files must not be changed meanwhile; [`save`] replaces the folder as a whole,
/// so it may be used.
///
/// # Errors
/// [`Error::Read`] if `path` is not a folder of saved journeys, has an unsupported version, or a file is damaged.
pub fn open(path: &Path) -> Result<(Journeys, serde_json::Value)> {
    let mut reader = Reader { folder: path.to_owned(), sums: OfFolder::new() };
    let text = std::fs::read_to_string(path.join(META)).map_err(|e| Error::Read {
        path: path.to_owned(),
        missing: !path.exists(),
        reason: if path.exists() { format!("not a folder of saved journeys ({META}: {e})") } else { e.to_string() },
    })?;
    let version: Version = serde_json::from_str(&text).map_err(|e| reader.damaged(META, e))?;
    if version.format != FORMAT {
        return Err(reader
            .damaged(META, format!("format {} is not supported; this version reads format {FORMAT}", version.format)));
    }
    let sums = std::fs::read(path.join(SUMS)).map_err(|e| reader.damaged(SUMS, e))?;
    reader.sums = serde_json::from_slice(&sums).map_err(|e| reader.damaged(SUMS, e))?;
    reader.checked(META)?;
    let meta: Meta = serde_json::from_str(&text).map_err(|e| reader.damaged(META, e))?;
    reader.journeys(meta)
}

pub(super) struct Reader {
    folder: PathBuf,
    sums: OfFolder,
}

/// A column of a file as numbers.
struct HeldFiles<T: PolarsNumericType>(ChunkedArray<T>);

impl<T: PolarsNumericType> AsRef<[T::Native]> for HeldFiles<T> {
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
pub(super) struct SavedTexts(HashMap<String, Vec<String>>);

impl SavedTexts {
    pub(super) fn take(&mut self, name: &str) -> Vec<String> {
        self.0.remove(name).unwrap_or_default()
    }

    pub(super) fn texts(&mut self, name: &str) -> StringTable {
        StringTable::of_distinct(self.take(name).into_iter())
    }
}

impl Reader {
    pub(super) fn damaged(&self, file: &str, e: impl std::fmt::Display) -> Error {
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
            Some(Ok(false)) => Err(self.damaged(name, "its checksum does not match")),
            Some(Err(e)) => {
                Stop::here().check()?;
                Err(self.damaged(name, e))
            }
            None => Err(self.damaged(name, format!("it is not listed in {SUMS}"))),
        }
    }

    pub(super) fn frame(&self, name: &str) -> Result<DataFrame> {
        let path = self.folder.join(name);
        let file = self.checked(name)?;
        // SAFETY: the documentation of `open` asks that the files are not changed; `save` never changes one.
        let reader = unsafe { IpcReader::new(file).memory_mapped(Some(path)) };
        reader.finish().map_err(|e| self.damaged(name, e))
    }

    fn slab<T>(&self, file: &str, frame: &DataFrame, name: &str) -> Result<MappedColumn<T::Native>>
    where
        T: PolarsNumericType,
        T::Native: Send + Sync,
    {
        let series = frame.column(name).map_err(|e| self.damaged(file, e))?.as_materialized_series().clone();
        let numbers: &ChunkedArray<T> = series.unpack::<T>().map_err(|e| self.damaged(file, e))?;
        let slab = MappedColumn::from_owner(HeldFiles(numbers.clone()));
        if slab.len() == frame.height() {
            Ok(slab)
        } else {
            Err(self.damaged(file, format!("column '{name}' has several chunks or nulls")))
        }
    }

    pub(super) fn numbers<T>(&self, file: &str, frame: &DataFrame, name: &str) -> Result<Vec<T::Native>>
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
    pub(super) fn offsets(
        &self,
        file: &str,
        frame: &DataFrame,
        name: &str,
        n: usize,
        len: usize,
    ) -> Result<MappedColumn<usize>> {
        let series = frame.column(name).map_err(|e| self.damaged(file, e))?.as_materialized_series().clone();
        let offsets = MappedColumn::from_owner(HeldOffsets(series.u64().map_err(|e| self.damaged(file, e))?.clone()));
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

    pub(super) fn texts(&self, frame: &DataFrame, file: &str, name: &str) -> Result<Vec<String>> {
        let column = frame.column(name).map_err(|e| self.damaged(file, e))?;
        let texts = column.str().map_err(|e| self.damaged(file, e))?;
        Ok(texts.iter().map(|t| t.unwrap_or("").to_owned()).collect())
    }

    fn dictionaries(&self, names: &[(String, usize)]) -> Result<SavedTexts> {
        const FILE: &str = "texts.arrow";
        let mut texts = self.texts(&self.frame(FILE)?, FILE, "text")?.into_iter();
        let all = names.iter().map(|(name, len)| (name.clone(), texts.by_ref().take(*len).collect())).collect();
        let wanted: usize = names.iter().map(|(_, len)| len).sum();
        let all = SavedTexts(all);
        let got: usize = all.0.values().map(Vec::len).sum();
        if got == wanted { Ok(all) } else { Err(self.damaged(FILE, format!("{got} texts instead of {wanted}"))) }
    }

    pub(super) fn values(
        &self,
        file: &str,
        frame: &DataFrame,
        name: &str,
        dictionaries: &mut SavedTexts,
    ) -> Result<Values> {
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
            order: has("order").then(|| self.codes(file, &events, "order")).transpose()?,
            orders: self.orders(&mut dictionaries)?,
            stages: StageLog {
                offsets: offsets_of("stages", stages.height())?,
                position: self.slab::<UInt32Type>("stages.arrow", &stages, "position")?,
                deal: self.codes("stages.arrow", &stages, "deal")?,
                amount: self.slab::<Float64Type>("stages.arrow", &stages, "amount")?,
                edits: Edits::default(),
                order: (stages.get_column_index("order").is_some())
                    .then(|| self.codes("stages.arrow", &stages, "order"))
                    .transpose()?,
                repeated: meta.repeated,
            },
        };
        timeline.stages.edits = self.edits(&timeline.stages, meta.props.len())?;
        self.check_orders(&timeline)?;
        if timeline.stages.position.iter().any(|p| *p as usize >= timeline.len()) {
            return Err(self.damaged("stages.arrow", "an entry lies beyond the last event"));
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
            check: meta.check,
            event_ids,
        };
        Ok((journeys, meta.kept))
    }
}
