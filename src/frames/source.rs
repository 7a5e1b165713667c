//! Tables that are read part by part, so that a large one is never in memory as a whole.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use polars::prelude::*;

use super::parquet::{GroupRows, ParquetFile};
use super::table::{Table, readable};
use crate::error::{Error, Result};

/// Rows of a part of a table that is not stored in parts.
const PART: usize = 1 << 17;
/// Rows from which on a row group of a file is read in parts.
const LARGE_GROUP: usize = 1 << 20;

/// A table in parts.
pub(super) struct Source {
    /// The table without its rows: name, columns and their types.
    pub(super) head: Table,
    parts: Vec<Part>,
    rows: usize,
}

/// Some rows of a table.
pub(super) struct Part {
    /// The rows, by their numbers in the table.
    pub(super) rows: Range<usize>,
    of: Of,
}

enum Of {
    Frame(Arc<Table>),
    Parquet(Arc<ParquetFile>, GroupRows),
}

impl Source {
    /// A table in memory, in parts.
    pub(super) fn of_table(table: &Arc<Table>) -> Self {
        let rows = table.rows();
        let head = Table { frame: table.frame.clear(), ..(**table).clone() };
        let part = |start: usize| Part { rows: start..(start + PART).min(rows), of: Of::Frame(Arc::clone(table)) };
        Self { head, parts: (0..rows).step_by(PART).map(part).collect(), rows }
    }

    /// Parquet files with the same columns, one after the other; `None` if their columns differ.
    pub(super) fn of_parquet(paths: &[PathBuf], name: &str) -> Result<Option<Self>> {
        let mut whole: Option<Self> = None;
        for path in paths {
            let file = Arc::new(ParquetFile::open(path)?);
            let (wanted, unread) = readable(&file.schema);
            let head = Table { unread, ..Table::new(name, file.empty(&wanted)?) };
            let source = match &mut whole {
                None => whole.insert(Self { head, parts: Vec::new(), rows: 0 }),
                Some(first) if first.head.frame.schema() == head.frame.schema() => first,
                Some(_) => return Ok(None),
            };
            for (group, len) in file.groups().enumerate() {
                let step = if len > LARGE_GROUP { PART } else { len.max(1) };
                for start in (0..len).step_by(step) {
                    let rows = start..(start + step).min(len);
                    let of = source.rows..source.rows + rows.len();
                    source.rows = of.end;
                    source.parts.push(Part { rows: of, of: Of::Parquet(Arc::clone(&file), GroupRows { group, rows }) });
                }
            }
        }
        if let (Some(source), true) = (&mut whole, paths.len() > 1) {
            source.head.remarks.push(format!("{} files", paths.len()));
        }
        Ok(whole)
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The parts, in the order of the rows.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Some columns of a part.
    ///
    /// # Errors
    /// [`Error::Read`] if the file can no longer be read.
    pub(super) fn read(&self, part: &Part, columns: &[&str]) -> Result<Table> {
        match &part.of {
            Of::Frame(table) => {
                let failed = |e: PolarsError| Error::schema(&self.head.name, None, e.to_string());
                let frame = table.frame.select(columns.iter().copied()).map_err(failed)?;
                Ok(Table { frame: frame.slice(part.rows.start as i64, part.rows.len()), ..self.head.clone() })
            }
            Of::Parquet(file, rows) => {
                let read = file.read(&self.head.name, rows, columns)?;
                Ok(Table { unread: self.head.unread.clone(), remarks: self.head.remarks.clone(), ..read })
            }
        }
    }

    /// One column of all rows.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub(super) fn column(&self, name: &str) -> Result<Table> {
        let failed = |e: PolarsError| Error::schema(&self.head.name, Some(name), e.to_string());
        let mut whole = self.head.column(name)?;
        for part in &self.parts {
            whole.append(&self.read(part, &[name])?.column(name)?).map_err(failed)?;
        }
        let frame = DataFrame::new(whole.len(), vec![whole.into_column()]).map_err(failed)?;
        Ok(Table { frame, ..self.head.clone() })
    }
}
