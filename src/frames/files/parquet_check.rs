//! Checks of what a Parquet file says of itself before its numbers are trusted: a damaged one must not ask for memory
//! that no machine has.

use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::read::{BasicDecompressor, FileMetadata, PageReader};

use super::OpenFile;
use crate::error::Result;

/// Checks the numbers of rows.
pub(super) fn check_lengths(file: &OpenFile, metadata: &FileMetadata) -> Result<()> {
    let rows = metadata.row_groups.iter().try_fold(0usize, |sum, group| sum.checked_add(group.num_rows()));
    if rows != Some(metadata.num_rows) {
        return Err(file.failed("the file is damaged: its row groups do not add up to the declared number of rows"));
    }
    if metadata.num_rows > u32::MAX as usize {
        return Err(file.failed(format!("it has {} rows; a file can have at most {}", metadata.num_rows, u32::MAX)));
    }
    Ok(())
}

/// Checks what a page says of its size; gives the number of its values.
pub(super) fn check_page(page: &CompressedPage) -> std::result::Result<usize, String> {
    let CompressedPage::Data(page) = page else { return Ok(0) };
    let size = page.uncompressed_size();
    if Vec::<u8>::new().try_reserve_exact(size).is_err() {
        return Err(format!("a page declares {size} bytes"));
    }
    Ok(page.num_values())
}

/// Checks the size of the dictionary, if the pages start with one.
pub(super) fn check_dictionary(pages: PageReader) -> std::result::Result<(), String> {
    let dictionary = BasicDecompressor::new(pages, Vec::new()).read_dict_page().map_err(|e| e.to_string())?;
    // Every value has a byte at least.
    match dictionary {
        Some(page) if page.num_values > page.buffer.len() => Err("a dictionary has more values than bytes".into()),
        _ => Ok(()),
    }
}
