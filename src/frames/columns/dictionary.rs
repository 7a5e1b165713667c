//! A column of texts as codes of a dictionary, the way Parquet keeps it.

use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::array::{Array, DictionaryArray, Utf8ViewArray};
use polars_buffer::Buffer;

use crate::schema::NONE;

/// The cells of a column.
#[derive(Debug, Clone)]
pub(in crate::frames) enum Cells {
    Series(Series),
    Coded(Coded),
}

impl Cells {
    /// Columns one after the other: as codes if all are.
    pub(in crate::frames) fn concat(parts: Vec<Self>, name: &str) -> PolarsResult<Self> {
        let coded = parts.iter().map(|cells| match cells {
            Self::Series(_) => None,
            Self::Coded(coded) => Some(coded),
        });
        if let Some(coded) = coded.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty()) {
            return Ok(Self::Coded(Coded::concat(&coded)));
        }
        let mut series = parts.into_iter().map(|cells| match cells {
            Self::Series(series) => series,
            Self::Coded(coded) => coded.series(name),
        });
        let Some(mut whole) = series.next() else {
            return Ok(Self::Series(Series::new_empty(name.into(), &DataType::Null)));
        };
        series.try_for_each(|next| whole.append(&next).map(|_| ()))?;
        Ok(Self::Series(whole.rechunk()))
    }
}

/// Texts that are kept once, or once in each part of a file, and the number of the text of each row.
#[derive(Debug, Clone)]
pub(in crate::frames) struct Coded {
    /// [`NONE`] for a missing value.
    codes: Buffer<u32>,
    words: Arc<[Utf8ViewArray]>,
}

impl Coded {
    /// What the reader gives, if it is one list of codes of texts.
    pub(in crate::frames) fn of(arrays: &[Box<dyn Array>]) -> Option<Self> {
        let [array] = arrays else { return None };
        let array = array.as_any().downcast_ref::<DictionaryArray<u32>>()?;
        let words = array.values().as_any().downcast_ref::<Utf8ViewArray>()?;
        let keys = array.keys();
        let codes = match keys.null_count() {
            0 => keys.values().clone(),
            _ => keys.iter().map(|code| code.copied().unwrap_or(NONE)).collect(),
        };
        Some(Self { codes, words: [words.clone()].into() })
    }

    /// Columns one after the other.
    fn concat(parts: &[&Self]) -> Self {
        let mut codes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        let mut before = 0;
        for part in parts {
            codes.extend(part.codes.iter().map(|code| if *code == NONE { NONE } else { before + code }));
            before += part.words().count() as u32;
        }
        Self { codes: codes.into(), words: parts.iter().flat_map(|part| part.words.iter().cloned()).collect() }
    }

    /// Number of rows.
    pub(in crate::frames) fn len(&self) -> usize {
        self.codes.len()
    }

    /// Some of the rows.
    pub(in crate::frames) fn slice(&self, start: usize, len: usize) -> Self {
        let end = self.len().min(start + len);
        Self { codes: self.codes.clone().sliced(start.min(end)..end), words: Arc::clone(&self.words) }
    }

    /// The texts; not every one needs to occur, and one can be there twice.
    pub(in crate::frames) fn words(&self) -> impl Iterator<Item = Option<&str>> {
        self.words.iter().flat_map(|words| words.iter())
    }

    /// Number of the text of each row, [`NONE`] for a missing value.
    pub(in crate::frames) fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The text of every row.
    pub(in crate::frames) fn series(&self, name: &str) -> Series {
        let words: Vec<Option<&str>> = self.words().collect();
        let text = |code: &u32| words.get(*code as usize).copied().flatten();
        Series::new(name.into(), self.codes.iter().map(text).collect::<Vec<_>>())
    }
}
