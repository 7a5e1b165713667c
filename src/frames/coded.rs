//! A column of texts as codes of a dictionary, the way Parquet keeps it.

use polars::prelude::*;
use polars_arrow::array::{Array, DictionaryArray, PrimitiveArray, Utf8ViewArray};

use crate::design::NONE;

/// Texts that are each kept once, and the number of the text of each row.
#[derive(Debug, Clone)]
pub(super) struct Coded {
    codes: PrimitiveArray<u32>,
    words: Utf8ViewArray,
}

impl Coded {
    /// What the reader gives, if it is one list of codes of texts.
    pub(super) fn of(arrays: &[Box<dyn Array>]) -> Option<Self> {
        let [array] = arrays else { return None };
        let array = array.as_any().downcast_ref::<DictionaryArray<u32>>()?;
        let words = array.values().as_any().downcast_ref::<Utf8ViewArray>()?;
        Some(Self { codes: array.keys().clone(), words: words.clone() })
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.codes.len()
    }

    /// Some of the rows.
    pub(super) fn slice(&self, start: usize, len: usize) -> Self {
        Self { codes: self.codes.clone().sliced(start, len), words: self.words.clone() }
    }

    /// The texts; not every one needs to occur.
    pub(super) fn words(&self) -> impl Iterator<Item = Option<&str>> {
        self.words.iter()
    }

    /// Calls `visit(row, word)` for every row; [`NONE`] where there is no value.
    pub(super) fn each(&self, mut visit: impl FnMut(usize, u32)) {
        if self.codes.null_count() == 0 {
            self.codes.values().iter().enumerate().for_each(|(row, code)| visit(row, *code));
        } else {
            self.codes.iter().enumerate().for_each(|(row, code)| visit(row, code.copied().unwrap_or(NONE)));
        }
    }

    /// The text of every row.
    pub(super) fn series(&self, name: &str) -> Series {
        let words: Vec<Option<&str>> = self.words().collect();
        let mut texts = Vec::with_capacity(self.len());
        self.each(|_, code| texts.push(words.get(code as usize).copied().flatten()));
        Series::new(name.into(), texts)
    }
}
