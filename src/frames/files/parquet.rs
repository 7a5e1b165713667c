//! Parquet files, read one row group at a time.
//!
//! polars decodes; the bytes are read, not mapped, as a page that is looked at once costs more to map than to copy, and
//! a file cut short meanwhile is an error, not a signal. Texts stay the codes of their dictionary where they have one.

use std::io::Cursor;
use std::ops::Range;
use std::path::Path;
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

use super::columns::Offered;
use super::guard::guarded;
use super::parquet_check::{check_lengths, check_pages};
use super::typed::{is_readable, read_as, type_name};
use super::{OpenFile, index_columns};
use crate::error::{Error, Result};
use crate::frames::coded::{Cells, Coded};

/// A Parquet file whose end was read: which columns it has, and where.
#[derive(Debug)]
pub(in crate::frames) struct ParquetFile {
    pub(in crate::frames) file: OpenFile,
    metadata: FileMetadata,
    schema: ArrowSchema,
}

/// Some rows of one row group.
pub(in crate::frames) struct GroupRows {
    pub(in crate::frames) group: usize,
    pub(in crate::frames) rows: Range<usize>,
}

impl ParquetFile {
    /// Reads what the file says of itself.
    ///
    /// # Errors
    /// [`Error::Read`] if there is no file, or it is empty, cut short or of another kind.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = OpenFile::open(path)?;
        let mut metadata = guarded(&file, || read_metadata(&mut file.reader()?).map_err(|e| file.failed(e)))?;
        let infer = |metadata: &FileMetadata| guarded(&file, || infer_schema(metadata).map_err(|e| file.failed(e)));
        let mut schema = match infer(&metadata) {
            Ok(schema) => schema,
            Err(_) => {
                // The writer's own schema has types that polars does not know; Parquet's says less, and does.
                metadata.key_value_metadata.iter_mut().for_each(|pairs| pairs.retain(|p| p.key != "ARROW:schema"));
                infer(&metadata)?
            }
        };
        schema.iter_values_mut().for_each(|field| field.dtype = read_as(field.dtype.clone()));
        check_lengths(&file, &metadata)?;
        Ok(Self { file, metadata, schema })
    }

    /// The columns.
    pub(super) fn offered(&self) -> Vec<Offered> {
        let offered = self.schema.iter_values().map(|field| Offered {
            name: field.name.to_string(),
            dtype: type_name(&field.dtype),
            readable: is_readable(&field.dtype),
        });
        offered.collect()
    }

    /// Columns that are the index of a pandas frame.
    pub(super) fn index(&self) -> Vec<String> {
        let pairs = self.metadata.key_value_metadata.iter().flatten();
        let pandas = pairs.filter(|pair| pair.key == "pandas").filter_map(|pair| pair.value.as_deref());
        pandas.flat_map(index_columns).collect()
    }

    /// The type of a column.
    pub(super) fn dtype(&self, name: &str) -> Result<DataType> {
        let field = self.schema.get(name).ok_or_else(|| self.failed(format!("no column '{name}'")))?;
        guarded(&self.file, || Ok(DataType::from_arrow_field(field)))
    }

    /// Rows of each group.
    pub(in crate::frames) fn groups(&self) -> impl Iterator<Item = usize> {
        self.metadata.row_groups.iter().map(polars_parquet::read::RowGroupMetadata::num_rows)
    }

    pub(in crate::frames) fn failed(&self, e: impl std::fmt::Display) -> Error {
        self.file.failed(e)
    }

    /// A column of some rows.
    ///
    /// # Errors
    /// [`Error::Read`] if the file has changed, or is damaged.
    pub(in crate::frames) fn cells(&self, these: &GroupRows, name: &str) -> Result<Cells> {
        guarded(&self.file, || self.column(these, name))
    }

    /// A column of all rows.
    ///
    /// # Errors
    /// As [`ParquetFile::cells`].
    pub(super) fn all_cells(&self, name: &str) -> Result<Cells> {
        let groups: Vec<GroupRows> =
            self.groups().enumerate().map(|(group, rows)| GroupRows { group, rows: 0..rows }).collect();
        if groups.is_empty() {
            return Ok(Cells::Series(Series::new_empty(name.into(), &self.dtype(name)?)));
        }
        let parts = groups.par_iter().map(|these| self.cells(these, name)).collect::<Result<Vec<Cells>>>()?;
        Cells::concat(parts, name).map_err(|e| self.failed(e))
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.groups().sum()
    }

    fn column(&self, these: &GroupRows, name: &str) -> Result<Cells> {
        let missing = || self.failed(format!("row group {} has no column '{name}'", these.group));
        let field = self.schema.get(name).ok_or_else(missing)?;
        let group = self.metadata.row_groups.get(these.group).ok_or_else(missing)?;
        let chunk = group.columns_under_root_iter(name).and_then(|mut c| c.next()).ok_or_else(missing)?;
        let bytes = self.bytes_of(chunk, these.rows.len() < group.num_rows())?;
        check_pages(chunk, &bytes, group.num_rows()).map_err(|e| self.failed(format!("column '{name}': {e}")))?;
        if field.dtype == ArrowDataType::Utf8View
            && let Some(texts) = codes(chunk, &bytes, field, &these.rows)
        {
            return Ok(Cells::Coded(texts));
        }
        let arrays = decode(chunk, bytes, field.clone(), &these.rows).map_err(|e| self.failed(e))?;
        let series = Series::try_from((field, arrays)).map_err(|e| self.failed(e))?;
        if series.len() == these.rows.len() {
            Ok(Cells::Series(series))
        } else {
            Err(self.failed(format!("column '{name}' has {} rows of {}", series.len(), these.rows.len())))
        }
    }

    /// The bytes of a column of a group. Where a group is read in pieces they are mapped, as each needs few of them.
    fn bytes_of(&self, chunk: &ColumnChunkMetadata, pieces: bool) -> Result<Buffer<u8>> {
        let range = chunk.byte_range();
        if range.start > range.end || range.end > self.file.bytes() {
            return Err(self.failed("the file is cut short"));
        }
        let len = (range.end - range.start) as usize;
        if pieces {
            return self.file.with(|file| {
                // SAFETY: the file is only read. Another process that cuts it short meanwhile would end this one.
                let map = unsafe { MmapOptions::new().offset(range.start).len(len).map(file) };
                Ok(Buffer::from_owner(map.map_err(|e| self.failed(e))?))
            });
        }
        Ok(Buffer::from_vec(self.file.read_at(range.start, len)?))
    }
}

pub(super) fn pages(chunk: &ColumnChunkMetadata, bytes: Buffer<u8>) -> PageReader {
    // No part of a page is larger than the column it is in.
    let largest = bytes.len();
    PageReader::new(Cursor::new(bytes), chunk, Vec::new(), largest)
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
