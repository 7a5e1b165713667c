//! Tables that are read part by part, so a large one is never in memory as a whole.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::*;

use super::table::Table;
use crate::error::{Error, Result};
use crate::frames::columns::dictionary::Cells;
use crate::frames::files::{CommonType, GroupRows, ParquetFile, convert};

/// Rows of a part of a table that is not stored in parts.
const PART: usize = 1 << 17;
/// Rows from which on a row group of a file is read in parts.
const LARGE_GROUP: usize = 1 << 20;

/// A table in parts.
pub(in crate::frames) struct Source {
    /// The table without its rows: name, columns and their types.
    pub(in crate::frames) head: Table,
    parts: Vec<TableChunk>,
    rows: usize,
    /// The types in which files have their columns in common.
    common: Vec<(String, CommonType)>,
}

/// Some rows of a table.
pub(in crate::frames) struct TableChunk {
    /// The rows, by their numbers in the table.
    pub(in crate::frames) rows: Range<usize>,
    of: ChunkColumn,
}

enum ChunkColumn {
    Frame(Arc<Table>),
    Parquet(Arc<ParquetFile>, GroupRows),
}

impl Source {
    /// A table in memory, in parts.
    pub(in crate::frames) fn of_table(table: &Arc<Table>) -> Self {
        let rows = table.rows();
        let head = Table { frame: table.frame.clear(), ..(**table).clone() };
        let part = |start: usize| TableChunk {
            rows: start..(start + PART).min(rows),
            of: ChunkColumn::Frame(Arc::clone(table)),
        };
        Self { head, parts: (0..rows).step_by(PART).map(part).collect(), rows, common: Vec::new() }
    }

    /// Parquet files one after the other; `columns` are the types that they have in common.
    pub(in crate::frames) fn of_parquet(
        files: Vec<Arc<ParquetFile>>,
        columns: &[(String, CommonType)],
        head: Table,
    ) -> Self {
        let mut source = Self { head, parts: Vec::new(), rows: 0, common: columns.to_vec() };
        for file in files {
            for (group, len) in file.groups().enumerate() {
                let step = if len > LARGE_GROUP { PART } else { len.max(1) };
                for start in (0..len).step_by(step) {
                    let rows = start..(start + step).min(len);
                    let of = source.rows..source.rows + rows.len();
                    source.rows = of.end;
                    source.parts.push(TableChunk {
                        rows: of,
                        of: ChunkColumn::Parquet(Arc::clone(&file), GroupRows { group, rows }),
                    });
                }
            }
        }
        source
    }

    /// Number of rows.
    pub(in crate::frames) fn rows(&self) -> usize {
        self.rows
    }

    /// The parts, in the order of the rows.
    pub(in crate::frames) fn parts(&self) -> &[TableChunk] {
        &self.parts
    }

    /// Some columns of a part.
    ///
    /// # Errors
    /// [`Error::Read`] if the file can no longer be read.
    pub(in crate::frames) fn read(&self, part: &TableChunk, columns: &[&str]) -> Result<Table> {
        match &part.of {
            ChunkColumn::Frame(table) => {
                let failed = |e: PolarsError| Error::schema(&self.head.name, None, e.to_string());
                let frame = table.frame.select(columns.iter().copied()).map_err(failed)?;
                Ok(Table { frame: frame.slice(part.rows.start as i64, part.rows.len()), ..self.head.clone() })
            }
            ChunkColumn::Parquet(file, rows) => {
                let cells = columns.iter().map(|name| {
                    let cells = file.cells(rows, name)?;
                    let common = self.common.iter().find(|(n, _)| n == name).map(|(_, common)| common);
                    let cells = match (cells, common) {
                        // Texts as codes stay texts.
                        (Cells::Series(series), Some(common)) => {
                            Cells::Series(convert(&series, common).map_err(|e| file.failed(e))?)
                        }
                        (cells, _) => cells,
                    };
                    Ok(((*name).to_owned(), cells))
                });
                let cells = cells.collect::<Result<_>>()?;
                let read = Table::of_cells(&self.head.name, rows.rows.len(), cells).map_err(|e| file.failed(e))?;
                Ok(Table { frame: read.frame, coded: read.coded, ..self.head.clone() })
            }
        }
    }

    /// Some columns of all rows.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub(in crate::frames) fn columns(&self, names: &[&str]) -> Result<Table> {
        let column = |name: &&str| {
            let failed = |e: PolarsError| Error::schema(&self.head.name, Some(name), e.to_string());
            let mut whole = self.head.column(name)?;
            for part in &self.parts {
                whole.append(&self.read(part, &[*name])?.column(name)?).map_err(failed)?;
            }
            Ok(whole.into_column())
        };
        let columns = names.iter().map(column).collect::<Result<Vec<Column>>>()?;
        let frame = DataFrame::new(self.rows, columns);
        let frame = frame.map_err(|e| Error::schema(&self.head.name, None, e.to_string()))?;
        Ok(Table { frame, ..self.head.clone() })
    }
}
