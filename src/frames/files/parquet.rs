//! Parquet files, read one row group at a time.
//!
//! polars decodes; the bytes are read, not mapped: a file that is cut short meanwhile is an error, not a signal that ends
//! the process. Texts stay the codes of their dictionary where they have one.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::*;
use polars_arrow::array::Array;
use polars_arrow::datatypes::{DTYPE_CATEGORICAL_NEW, IntegerType};
use polars_parquet::parquet::schema::types::PrimitiveLogicalType;
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, column_iter_to_arrays, infer_schema, read_metadata,
};
use rayon::prelude::*;

use super::columns::Offered;
use super::guard::guarded;
use super::parquet_check::check_lengths;
use super::parquet_pages::{PageIndex, Pages};
use super::typed::{column_type, is_readable, read_as, series_of, stored_as, type_name, uuid};
use super::{OpenFile, index_columns};
use crate::error::{Error, Result};
use crate::frames::columns::dictionary::{Cells, Coded};

/// A Parquet file whose end was read: which columns it has, and where.
#[derive(Debug)]
pub(in crate::frames) struct ParquetFile {
    pub(in crate::frames) file: OpenFile,
    metadata: FileMetadata,
    schema: ArrowSchema,
    /// Where the pages of groups that are read in parts lie.
    pages: Mutex<HashMap<(usize, String), Arc<PageIndex>>>,
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
    /// [`Error::Read`] if it is cut short or damaged.
    pub(super) fn open(file: OpenFile) -> Result<Self> {
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
        schema.iter_values_mut().for_each(|field| {
            field.dtype = match read_as(field.dtype.clone()) {
                // Parquet has no seconds: they are stored as finer units, which need not be scaled.
                ArrowDataType::Timestamp(ArrowTimeUnit::Second, zone) => {
                    ArrowDataType::Timestamp(ArrowTimeUnit::Millisecond, zone)
                }
                other => other,
            }
        });
        for column in metadata.schema_descr.columns() {
            let is_uuid = column.descriptor.primitive_type.logical_type == Some(PrimitiveLogicalType::Uuid);
            let field = column.path_in_schema.first().filter(|_| is_uuid && column.path_in_schema.len() == 1);
            if let Some(field) = field.and_then(|name| schema.get_mut(name)) {
                field.dtype = uuid();
            }
        }
        check_lengths(&file, &metadata)?;
        Ok(Self { file, metadata, schema, pages: Mutex::default() })
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
        guarded(&self.file, || Ok(column_type(field)))
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
        guarded(&self.file, || self.column(these, name)).map_err(|error| self.file.of_column(name, error))
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
        let pages = if these.rows.len() < group.num_rows() {
            self.index_of(these.group, name, chunk, group.num_rows())?.read(&self.file, chunk, &these.rows)?
        } else {
            Pages::all(&self.file, chunk, group.num_rows())?
        };
        let rows = pages.place(&these.rows);
        if field.dtype == ArrowDataType::Utf8View
            && let Some(texts) = codes(chunk, &pages, field, &rows)
        {
            return Ok(Cells::Coded(texts));
        }
        let stored = ArrowField { dtype: stored_as(&field.dtype), ..field.clone() };
        let arrays = decode(chunk, &pages, stored, &rows).map_err(|e| self.failed(e))?;
        let series = series_of(field, arrays).map_err(|e| self.failed(e))?;
        if series.len() == rows.len() {
            Ok(Cells::Series(series))
        } else {
            Err(self.failed(format!("it has {} rows of {}", series.len(), rows.len())))
        }
    }

    /// Where the pages of a column of a group lie; looked for once.
    fn index_of(&self, group: usize, name: &str, chunk: &ColumnChunkMetadata, rows: usize) -> Result<Arc<PageIndex>> {
        let key = (group, name.to_owned());
        let known = || self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = known().get(&key) {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(PageIndex::of(&self.file, chunk, rows)?);
        known().insert(key, Arc::clone(&index));
        Ok(index)
    }
}

fn decode(
    chunk: &ColumnChunkMetadata,
    pages: &Pages<'_>,
    field: ArrowField,
    rows: &Range<usize>,
) -> PolarsResult<Vec<Box<dyn Array>>> {
    let pages = BasicDecompressor::new(pages.reader(), Vec::new());
    let primitive = &chunk.descriptor().descriptor.primitive_type;
    let filter = Filter::new_ranged(rows.start, rows.end);
    Ok(column_iter_to_arrays(vec![pages], vec![primitive], field, Some(filter))?.0)
}

/// A column of texts as codes, if all of it is coded.
fn codes(chunk: &ColumnChunkMetadata, pages: &Pages<'_>, field: &ArrowField, rows: &Range<usize>) -> Option<Coded> {
    if !pages.reader().read_dict().is_ok_and(|dictionary| dictionary.is_some()) {
        return None;
    }
    let dtype = ArrowDataType::Dictionary(IntegerType::UInt32, Box::new(ArrowDataType::Utf8View), false);
    let mut coded = ArrowField::new(field.name.clone(), dtype, true);
    // Only with this mark does the reader leave codes as they are.
    coded.metadata = Some(Arc::new([(DTYPE_CATEGORICAL_NEW.into(), PlSmallStr::EMPTY)].into()));
    Coded::of(&decode(chunk, pages, coded, rows).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one row group of several pages.
    fn written(path: &std::path::Path, rows: usize) {
        let texts: Vec<String> = (0..rows).map(|i| format!("a text {}", i % 50)).collect();
        let numbers: Vec<i64> = (0..rows as i64).map(|i| i * i).collect();
        let columns = vec![Column::new("text".into(), texts), Column::new("number".into(), numbers)];
        let mut frame = DataFrame::new(rows, columns).unwrap();
        let writer = ParquetWriter::new(std::fs::File::create(path).unwrap()).with_data_page_size(Some(4_096));
        writer.with_row_group_size(Some(rows)).finish(&mut frame).unwrap();
    }

    fn open(path: &std::path::Path) -> ParquetFile {
        ParquetFile::open(OpenFile::open(path).unwrap()).unwrap()
    }

    #[test]
    fn parts_of_a_group_are_those_rows_of_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        written(&path, 20_000);
        let file = open(&path);
        let series = |cells: Cells| match cells {
            Cells::Series(series) => series,
            Cells::Coded(coded) => coded.series("text"),
        };
        for name in ["text", "number"] {
            let whole = series(file.all_cells(name).unwrap());
            for rows in [0..1, 0..19_999, 1..20_000, 7_000..7_001, 19_999..20_000, 511..513, 3_000..12_345] {
                let part = series(file.cells(&GroupRows { group: 0, rows: rows.clone() }, name).unwrap());
                assert!(part.equals_missing(&whole.slice(rows.start as i64, rows.len())), "{name} {rows:?}");
            }
        }
        assert!(file.pages.lock().unwrap().values().all(|index| index.pages() > 3));
    }

    #[test]
    fn a_file_that_is_cut_short_while_it_is_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        written(&path, 20_000);
        let file = open(&path);
        let first = GroupRows { group: 0, rows: 0..100 };
        assert!(file.cells(&first, "number").is_ok());
        std::fs::File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
        for rows in [0..100, 10_000..10_100, 0..20_000] {
            let said = file.cells(&GroupRows { group: 0, rows }, "number").unwrap_err().to_string();
            assert!(said.contains("changed while it was read"), "{said}");
        }
    }
}
