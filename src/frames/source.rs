//! Tables that are read part by part, so that a large one is never in memory as a whole.

use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use polars::io::parquet::metadata::FileMetadata;
use polars::prelude::*;

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
    /// Rows from this one on of a file.
    Parquet(Arc<ParquetFile>, usize),
}

struct ParquetFile {
    path: PathBuf,
    metadata: Arc<FileMetadata>,
}

impl ParquetFile {
    fn failed(&self, e: impl std::fmt::Display) -> Error {
        Error::Read { path: self.path.clone(), reason: e.to_string(), missing: false }
    }

    fn read(&self, columns: Option<Vec<String>>, rows: (usize, usize)) -> Result<DataFrame> {
        let mut reader = ParquetReader::new(File::open(&self.path).map_err(|e| self.failed(e))?);
        reader.set_metadata(Arc::clone(&self.metadata));
        // Parts are read side by side already.
        let reader = reader.read_parallel(ParallelStrategy::None).with_columns(columns).with_slice(Some(rows));
        reader.finish().map_err(|e| self.failed(e))
    }
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
    #[allow(clippy::redundant_closure_for_method_calls, reason = "polars does not export the type of a row group")]
    pub(super) fn of_parquet(paths: &[PathBuf], name: &str) -> Result<Option<Self>> {
        let mut whole: Option<Self> = None;
        for path in paths {
            let failed = |reason: String, missing: bool| Error::Read { path: path.clone(), reason, missing };
            let file = File::open(path).map_err(|e| failed(e.to_string(), e.kind() == std::io::ErrorKind::NotFound))?;
            if file.metadata().is_ok_and(|m| m.len() == 0) {
                return Err(failed("the file is empty (0 bytes)".into(), false));
            }
            let bad = |e: PolarsError| failed(e.to_string(), false);
            let mut reader = ParquetReader::new(file);
            let (wanted, unread) = readable(&*reader.schema().map_err(bad)?);
            let metadata = Arc::clone(reader.get_metadata().map_err(bad)?);
            let groups: Vec<usize> = metadata.row_groups.iter().map(|group| group.num_rows()).collect();
            let file = Arc::new(ParquetFile { path: path.clone(), metadata });
            let head = Table { unread, ..Table::new(name, file.read(Some(wanted), (0, 0))?) };
            let source = match &mut whole {
                None => whole.insert(Self { head, parts: Vec::new(), rows: 0 }),
                Some(first) if first.head.frame.schema() == head.frame.schema() => first,
                Some(_) => return Ok(None),
            };
            let mut in_file = 0;
            for len in groups {
                let step = if len > LARGE_GROUP { PART } else { len.max(1) };
                for start in (0..len).step_by(step) {
                    let n = step.min(len - start);
                    let of = Of::Parquet(Arc::clone(&file), in_file + start);
                    source.parts.push(Part { rows: source.rows..source.rows + n, of });
                    source.rows += n;
                }
                in_file += len;
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
        let named = columns.iter().map(ToString::to_string);
        let failed = |e: PolarsError| Error::schema(&self.head.name, None, e.to_string());
        let frame = match &part.of {
            Of::Frame(table) => {
                let frame = table.frame.select(columns.iter().copied()).map_err(failed)?;
                frame.slice(part.rows.start as i64, part.rows.len())
            }
            Of::Parquet(file, start) => file.read(Some(named.collect()), (*start, part.rows.len()))?,
        };
        Ok(Table { frame, ..self.head.clone() })
    }

    /// One column of all rows.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub(super) fn column(&self, name: &str) -> Result<Table> {
        let failed = |e: PolarsError| Error::schema(&self.head.name, Some(name), e.to_string());
        let mut whole = self.head.frame.select([name]).map_err(failed)?;
        for part in &self.parts {
            whole.vstack_mut(&self.read(part, &[name])?.frame).map_err(failed)?;
        }
        Ok(Table { frame: whole, ..self.head.clone() })
    }
}
