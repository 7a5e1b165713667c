//! Arrow IPC files (Feather version 2) and streams.
//!
//! polars decodes the columns that are read. The others are described to it by how many buffers they have, so
//! types it does not know, such as run-end encoded or list-view, stop nothing.

use std::io::Cursor;
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::array::Array;
use polars_arrow::io::ipc::format::ipc as fb;
use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot;
use polars_arrow::io::ipc::read::{FileMetadata, FileReader};
use polars_arrow::io::ipc::{IpcField, IpcSchema};

use super::columns::Offered;
use super::guard::guarded;
use super::ipc_decimal::{as_column, in_file};
use super::ipc_layout::BufferLayout;
use super::ipc_stream::read_stream;
use super::typed::{column_type, is_readable, series_of, stored_as};
use super::{OpenFile, index_columns};
use crate::error::{Error, Result};
use crate::progress::Stop;

/// The end of a file: the length of its footer, and these letters.
const MAGIC: &[u8; 6] = b"ARROW1";
const TAIL: u64 = 10;

/// An IPC file whose schema was read.
#[derive(Debug)]
pub(super) struct IpcFile {
    pub(super) file: OpenFile,
    layout: BufferLayout,
}

impl IpcFile {
    /// Reads what the file says of itself: at its end, or, if it is a stream, before each part.
    ///
    /// # Errors
    /// [`Error::Read`] if it is cut short, or of another kind.
    pub(super) fn open(file: OpenFile) -> Result<Self> {
        let layout = guarded(&file, || {
            let is_file = file.read_at(0, file.bytes().min(MAGIC.len() as u64) as usize)?.starts_with(MAGIC);
            if is_file { Self::read_footer(&file) } else { read_stream(&file) }
        })?;
        Ok(Self { file, layout })
    }

    fn read_footer(file: &OpenFile) -> Result<BufferLayout> {
        let damaged = |e: &dyn std::fmt::Display| file.failed(format!("the footer is damaged ({e})"));
        let end = file.bytes();
        let tail = end.checked_sub(TAIL).map(|start| file.read_at(start, TAIL as usize)).transpose()?;
        let Some((length, MAGIC)) = tail
            .as_deref()
            .and_then(|tail| tail.split_first_chunk::<4>())
            .and_then(|(length, magic)| Some((i32::from_le_bytes(*length), <&[u8; 6]>::try_from(magic).ok()?)))
        else {
            return Err(file.failed("the file is truncated (it does not end in 'ARROW1')"));
        };
        let start = u64::try_from(length).ok().and_then(|length| (end - TAIL).checked_sub(length));
        let start = start.ok_or_else(|| damaged(&"its length exceeds the file"))?;
        let footer = file.read_at(start, length as usize)?;
        let footer = fb::FooterRef::read_as_root(&footer).map_err(|e| damaged(&e))?;
        let schema = footer.schema().map_err(|e| damaged(&e))?.ok_or_else(|| damaged(&"the schema is missing"))?;
        let layout = BufferLayout::of(schema).map_err(|e| damaged(&e))?;
        let batches = footer.record_batches().map_err(|e| damaged(&e))?;
        let dictionaries = footer.dictionaries().map_err(|e| damaged(&e))?;
        let blocks = batches.into_iter().flatten().map(fb::Block::from).collect();
        let dictionaries = dictionaries.into_iter().flatten().map(fb::Block::from).collect();
        Ok(BufferLayout { blocks, dictionaries, ..layout })
    }

    /// The columns.
    pub(super) fn offered(&self) -> Vec<Offered> {
        let offered = self.layout.columns.iter().map(|column| Offered {
            name: column.field.as_ref().map_or_else(|| column.name.clone(), |field| field.name.to_string()),
            dtype: column.dtype.clone(),
            readable: column.field.as_ref().is_some_and(|field| is_readable(&field.dtype)),
        });
        offered.collect()
    }

    /// Columns that are the index of a pandas frame.
    pub(super) fn index(&self) -> Vec<String> {
        self.layout.pandas.as_deref().map(index_columns).unwrap_or_default()
    }

    /// The type of a column.
    pub(super) fn dtype(&self, place: usize) -> Result<DataType> {
        let field = self.layout.columns.get(place).and_then(|c| c.field.as_ref());
        let field = field.ok_or_else(|| self.file.failed("a column is missing"))?;
        guarded(&self.file, || Ok(column_type(field)))
    }

    /// The columns at these places, which ascend, and the number of rows.
    ///
    /// # Errors
    /// [`Error::Read`] if the file is damaged.
    pub(super) fn read(&self, places: &[usize]) -> Result<(usize, Vec<Series>)> {
        let bytes = self.file.read_at(0, self.file.bytes() as usize)?;
        let decode = |places: &[usize]| guarded(&self.file, || self.decode(&bytes, places));
        decode(places).map_err(|error| {
            if matches!(error, Error::Interrupted) {
                return error;
            }
            // Which column is at fault is seen if each is read by itself.
            let fails = |place: &&usize| decode(&[**place]).is_err();
            let column = places.iter().find(fails).filter(|_| decode(&[]).is_ok());
            let Some(column) = column.and_then(|place| self.layout.columns.get(*place)) else { return error };
            match (self.file.of_column(&column.name, error), column.field.as_ref().map(|field| &field.dtype)) {
                // polars takes the empty buffers that pyarrow compresses with short texts for damage.
                (Error::Read { path, reason, missing }, Some(ArrowDataType::Utf8View | ArrowDataType::BinaryView)) => {
                    let remedy =
                        "if the file is intact, write this string_view column as string, or without compression";
                    Error::Read { path, reason: format!("{reason}; {remedy}"), missing }
                }
                (error, _) => error,
            }
        })
    }

    fn decode(&self, bytes: &[u8], places: &[usize]) -> Result<(usize, Vec<Series>)> {
        // What polars sees: the columns that are read, and stand-ins for the others.
        let (mut schema, mut ipc_fields) = (ArrowSchema::default(), Vec::new());
        let (mut projection, mut fields) = (Vec::new(), Vec::new());
        let mut ids = Vec::new();
        for (place, column) in self.layout.columns.iter().enumerate() {
            let read = column.field.as_ref().filter(|_| places.contains(&place));
            if let Some(field) = read {
                projection.push(ipc_fields.len());
                fields.push(field);
                ids.extend(column.dictionary);
                let name: PlSmallStr = ipc_fields.len().to_string().into();
                let dtype = in_file(&stored_as(&field.dtype));
                schema.insert(name.clone(), ArrowField { name, dtype, ..field.clone() });
                ipc_fields.push(IpcField { fields: Vec::new(), dictionary_id: column.dictionary });
                continue;
            }
            for stand_in in &column.stand_ins {
                let name: PlSmallStr = ipc_fields.len().to_string().into();
                schema.insert(name.clone(), ArrowField::new(name, stand_in.dtype(), true));
                ipc_fields.push(IpcField::default());
            }
        }
        let checked =
            super::ipc_check::Checked::of(&self.file, bytes, &self.layout.blocks, &self.layout.dictionaries, &ids)?;
        let metadata = FileMetadata {
            schema: Arc::new(schema),
            custom_schema_metadata: None,
            custom_metadata: None,
            ipc_schema: IpcSchema { fields: ipc_fields, is_little_endian: true },
            blocks: self.layout.blocks.clone(),
            dictionaries: Some(checked.dictionaries),
            size: bytes.len() as u64,
        };
        if projection.is_empty() {
            return Ok((checked.rows, Vec::new()));
        }
        let mut chunks: Vec<Vec<Box<dyn Array>>> = vec![Vec::new(); fields.len()];
        let mut rows = 0;
        let stop = Stop::here();
        for batch in FileReader::new(Cursor::new(bytes), metadata, Some(projection), None) {
            stop.check()?;
            let batch = batch.map_err(|e| self.file.failed(e))?;
            rows += batch.len();
            for ((array, field), column) in batch.into_arrays().into_iter().zip(&fields).zip(&mut chunks) {
                column.push(as_column(array, &field.dtype));
            }
        }
        let columns = fields.into_iter().zip(chunks).map(|(field, mut chunks)| {
            if chunks.is_empty() {
                chunks.push(polars_arrow::array::new_empty_array(stored_as(&field.dtype)));
            }
            series_of(field, chunks).map_err(|e| self.file.failed(e))
        });
        if rows != checked.rows {
            return Err(self.file.failed(format!("the file is damaged: it has {rows} rows of {}", checked.rows)));
        }
        Ok((rows, columns.collect::<Result<_>>()?))
    }
}
