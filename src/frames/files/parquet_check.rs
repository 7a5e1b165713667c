//! Checks of what a Parquet file says of itself before its numbers are trusted: a damaged one must not ask for memory
//! that no machine has.

use polars_buffer::Buffer;
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::read::{BasicDecompressor, ColumnChunkMetadata, FileMetadata};

use super::OpenFile;
use super::parquet::pages;
use crate::error::Result;

/// Checks the numbers of rows.
pub(super) fn check_lengths(file: &OpenFile, metadata: &FileMetadata) -> Result<()> {
    let rows = metadata.row_groups.iter().try_fold(0usize, |sum, group| sum.checked_add(group.num_rows()));
    if rows != Some(metadata.num_rows) {
        return Err(file.failed("the file is damaged: its groups do not have the rows that it says it has"));
    }
    if metadata.num_rows > u32::MAX as usize {
        return Err(file.failed(format!("it has {} rows; a file can have at most {}", metadata.num_rows, u32::MAX)));
    }
    Ok(())
}

/// Checks that the pages of a column of a group have its rows, and what they say of their sizes.
pub(super) fn check_pages(
    chunk: &ColumnChunkMetadata,
    bytes: &Buffer<u8>,
    rows: usize,
) -> std::result::Result<(), String> {
    let mut values = 0usize;
    let mut coded = false;
    for page in pages(chunk, bytes.clone()) {
        let CompressedPage::Data(page) = page.map_err(|e| e.to_string())? else {
            coded = true;
            continue;
        };
        values = values.saturating_add(page.num_values());
        let size = page.uncompressed_size();
        if Vec::<u8>::new().try_reserve_exact(size).is_err() {
            return Err(format!("the file is damaged: a page says that it has {size} bytes"));
        }
    }
    if coded {
        let mut dictionary = BasicDecompressor::new(pages(chunk, bytes.clone()), Vec::new());
        // Every value has a byte at least.
        if let Some(page) = dictionary.read_dict_page().map_err(|e| e.to_string())?
            && page.num_values > page.buffer.len()
        {
            return Err("the file is damaged: a dictionary has more values than bytes".into());
        }
    }
    if values == rows { Ok(()) } else { Err(format!("the file is damaged: its pages have {values} values of {rows}")) }
}
