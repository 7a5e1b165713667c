//! Parquet files, read one row group at a time.
//!
//! polars decodes; the bytes are read, not mapped, as a page that is looked at once costs more to map than to copy, and
//! a file cut short meanwhile is an error, not a signal. Texts stay the codes of their dictionary where they have one.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::MmapOptions;
use polars::prelude::*;
use polars_arrow::array::Array;
use polars_arrow::datatypes::{DTYPE_CATEGORICAL_NEW, IntegerType};
use polars_buffer::Buffer;
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, PageReader, column_iter_to_arrays, infer_schema,
    read_metadata,
};
use rayon::prelude::*;

use super::coded::{Cells, Coded};
use super::table::{Table, open_file};
use crate::error::{Error, Result};

/// A Parquet file whose end was read: which columns it has, and where.
pub(super) struct ParquetFile {
    path: PathBuf,
    bytes: u64,
    metadata: FileMetadata,
    pub(super) schema: ArrowSchema,
}

/// Some rows of one row group.
pub(super) struct GroupRows {
    pub(super) group: usize,
    pub(super) rows: Range<usize>,
}

impl ParquetFile {
    /// Reads what the file says of itself.
    ///
    /// # Errors
    /// [`Error::Read`] if there is no file, or it is empty, cut short or of another kind.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let (mut file, bytes) = open_file(path)?;
        let failed = |e: PolarsError| Error::Read { path: path.to_owned(), reason: e.to_string(), missing: false };
        let metadata = read_metadata(&mut file).map_err(failed)?;
        let schema = infer_schema(&metadata).map_err(failed)?;
        Ok(Self { path: path.to_owned(), bytes, metadata, schema })
    }

    /// Rows of each group.
    pub(super) fn groups(&self) -> impl Iterator<Item = usize> {
        self.metadata.row_groups.iter().map(polars_parquet::read::RowGroupMetadata::num_rows)
    }

    fn failed(&self, e: impl std::fmt::Display) -> Error {
        Error::Read { path: self.path.clone(), reason: e.to_string(), missing: false }
    }

    /// No row of some columns.
    pub(super) fn empty(&self, columns: &[String]) -> Result<DataFrame> {
        let columns = columns.iter().map(|name| {
            let field = self.schema.get(name.as_str()).ok_or_else(|| self.failed(format!("no column '{name}'")))?;
            Ok(Column::new_empty(name.as_str().into(), &DataType::from_arrow_field(field)))
        });
        DataFrame::new(0, columns.collect::<Result<_>>()?).map_err(|e| self.failed(e))
    }

    /// Some columns of some rows, as a table called `table`.
    ///
    /// # Errors
    /// [`Error::Read`] if the file has changed, or is damaged.
    pub(super) fn read(&self, table: &str, these: &GroupRows, columns: &[&str]) -> Result<Table> {
        let mut file = File::open(&self.path).map_err(|e| self.failed(e))?;
        let cells = columns.iter().map(|name| Ok(((*name).to_owned(), self.column(&mut file, these, name)?)));
        Table::of_cells(table, these.rows.len(), cells.collect::<Result<_>>()?).map_err(|e| self.failed(e))
    }

    /// Some columns of all rows, as a table called `table`.
    ///
    /// # Errors
    /// As [`ParquetFile::read`].
    pub(super) fn read_all(&self, table: &str, columns: &[String]) -> Result<Table> {
        if self.metadata.row_groups.is_empty() {
            return Ok(Table::new(table, self.empty(columns)?));
        }
        let groups: Vec<GroupRows> =
            self.groups().enumerate().map(|(group, rows)| GroupRows { group, rows: 0..rows }).collect();
        let cells = columns.par_iter().map(|name| {
            let part = |these: &GroupRows| {
                let mut file = File::open(&self.path).map_err(|e| self.failed(e))?;
                self.column(&mut file, these, name)
            };
            let parts = groups.par_iter().map(part).collect::<Result<Vec<Cells>>>()?;
            Ok((name.clone(), Cells::concat(parts, name).map_err(|e| self.failed(e))?))
        });
        let rows = groups.iter().map(|g| g.rows.len()).sum();
        Table::of_cells(table, rows, cells.collect::<Result<_>>()?).map_err(|e| self.failed(e))
    }

    fn column(&self, file: &mut File, these: &GroupRows, name: &str) -> Result<Cells> {
        let missing = || self.failed(format!("row group {} has no column '{name}'", these.group));
        let field = self.schema.get(name).ok_or_else(missing)?;
        let group = self.metadata.row_groups.get(these.group).ok_or_else(missing)?;
        let chunk = group.columns_under_root_iter(name).and_then(|mut c| c.next()).ok_or_else(missing)?;
        let bytes = self.bytes_of(file, chunk, these.rows.len() < group.num_rows())?;
        if field.dtype == ArrowDataType::Utf8View
            && let Some(texts) = codes(chunk, &bytes, field, &these.rows)
        {
            return Ok(Cells::Coded(texts));
        }
        let arrays = decode(chunk, bytes, field.clone(), &these.rows).map_err(|e| self.failed(e))?;
        Ok(Cells::Series(Series::try_from((field, arrays)).map_err(|e| self.failed(e))?))
    }

    /// The bytes of a column of a group. Where a group is read in pieces they are mapped, as each needs few of them.
    fn bytes_of(&self, file: &mut File, chunk: &ColumnChunkMetadata, pieces: bool) -> Result<Buffer<u8>> {
        let range = chunk.byte_range();
        if range.start > range.end || range.end > self.bytes {
            return Err(self.failed("the file is cut short"));
        }
        let len = (range.end - range.start) as usize;
        if pieces {
            // SAFETY: the file is only read. Another process that cuts it short meanwhile would end this one.
            let map = unsafe { MmapOptions::new().offset(range.start).len(len).map(&*file) };
            return Ok(Buffer::from_owner(map.map_err(|e| self.failed(e))?));
        }
        let mut bytes = Vec::with_capacity(len);
        file.seek(SeekFrom::Start(range.start)).map_err(|e| self.failed(e))?;
        file.take(len as u64).read_to_end(&mut bytes).map_err(|e| self.failed(e))?;
        if bytes.len() < len {
            return Err(self.failed("the file is cut short"));
        }
        Ok(Buffer::from_vec(bytes))
    }
}

fn pages(chunk: &ColumnChunkMetadata, bytes: Buffer<u8>) -> PageReader {
    PageReader::new(Cursor::new(bytes), chunk, Vec::new(), usize::MAX)
}

fn decode(
    chunk: &ColumnChunkMetadata,
    bytes: Buffer<u8>,
    field: ArrowField,
    rows: &Range<usize>,
) -> PolarsResult<Vec<Box<dyn Array>>> {
    let pages = BasicDecompressor::new(pages(chunk, bytes), Vec::new());
    let primitive = &chunk.descriptor().descriptor.primitive_type;
    let filter = Filter::new_ranged(rows.start, rows.end);
    Ok(column_iter_to_arrays(vec![pages], vec![primitive], field, Some(filter))?.0)
}

/// A column of texts as codes, if all of it is coded.
fn codes(chunk: &ColumnChunkMetadata, bytes: &Buffer<u8>, field: &ArrowField, rows: &Range<usize>) -> Option<Coded> {
    if !pages(chunk, bytes.clone()).read_dict().is_ok_and(|dictionary| dictionary.is_some()) {
        return None;
    }
    let dtype = ArrowDataType::Dictionary(IntegerType::UInt32, Box::new(ArrowDataType::Utf8View), false);
    let mut coded = ArrowField::new(field.name.clone(), dtype, true);
    // Only with this mark does the reader leave codes as they are.
    coded.metadata = Some(Arc::new([(DTYPE_CATEGORICAL_NEW.into(), PlSmallStr::EMPTY)].into()));
    Coded::of(&decode(chunk, bytes.clone(), coded, rows).ok()?)
}
