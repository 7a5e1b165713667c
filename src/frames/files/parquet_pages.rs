//! The pages of a column of a row group: all of them, or only the pages with some rows of a large group, whose other
//! pages are not read again for each of its parts.

use std::io::Cursor;
use std::ops::Range;

use polars_buffer::Buffer;
use polars_parquet::parquet::error::ParquetResult;
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::parquet::read::PageMetaData;
use polars_parquet::read::{ColumnChunkMetadata, PageReader};

use super::OpenFile;
use super::parquet_check::{check_dictionary, check_page};
use crate::error::Result;

/// Bytes that are looked through at a time.
const WINDOW: u64 = 1 << 20;

/// Pages in memory.
pub(super) struct Pages<'a> {
    chunk: &'a ColumnChunkMetadata,
    bytes: Buffer<u8>,
    /// The rows that they hold.
    rows: Range<usize>,
}

impl<'a> Pages<'a> {
    /// All pages of a column of a group of so many rows.
    pub(super) fn all(file: &OpenFile, chunk: &'a ColumnChunkMetadata, rows: usize) -> Result<Self> {
        let range = byte_range(file, chunk)?;
        let bytes = file.read_at(range.start, (range.end - range.start) as usize)?;
        let pages = Self { chunk, bytes: Buffer::from_vec(bytes), rows: 0..rows };
        let damaged = |problem: String| file.failed(format!("the file is damaged: {problem}"));
        let mut values = 0usize;
        for page in pages.reader() {
            values = values.saturating_add(check_page(&page.map_err(|e| damaged(e.to_string()))?).map_err(damaged)?);
        }
        check_dictionary(pages.reader()).map_err(damaged)?;
        check_values(values, rows).map_err(damaged)?;
        Ok(pages)
    }

    /// A reader of the pages.
    pub(super) fn reader(&self) -> PageReader {
        reader(self.chunk, Cursor::new(self.bytes.clone()), self.rows.len() as i64, self.bytes.len())
    }

    /// Where some rows of the group lie among the rows of the pages.
    pub(super) fn place(&self, rows: &Range<usize>) -> Range<usize> {
        rows.start.saturating_sub(self.rows.start)..rows.end.saturating_sub(self.rows.start)
    }
}

/// Where the pages of a column of a group lie.
#[derive(Debug)]
pub(super) struct PageIndex {
    dictionary: Range<u64>,
    /// Bytes and rows of each page of data.
    data: Vec<(Range<u64>, Range<usize>)>,
}

impl PageIndex {
    /// Looks through a column of a group of so many rows.
    pub(super) fn of(file: &OpenFile, chunk: &ColumnChunkMetadata, rows: usize) -> Result<Self> {
        let range = byte_range(file, chunk)?;
        let damaged = |problem: String| file.failed(format!("the file is damaged: {problem}"));
        let mut index = Self { dictionary: range.start..range.start, data: Vec::new() };
        let (mut at, mut window) = (range.start, WINDOW);
        while at < range.end {
            let len = window.min(range.end - at);
            let mut bytes = Cursor::new(Buffer::from_vec(file.read_at(at, len as usize)?));
            let start = at;
            let ended = loop {
                if at == start + len {
                    break None;
                }
                match next_page(chunk, &mut bytes, (range.end - range.start) as usize) {
                    // It is cut by the end of the window, or damaged.
                    Err(e) => break Some(e),
                    Ok(page) => {
                        let end = start + bytes.position();
                        let values = check_page(&page).map_err(damaged)?;
                        index.add(&page, at..end, values).map_err(damaged)?;
                        at = end;
                    }
                }
            };
            match ended {
                Some(e) if start + len == range.end => return Err(damaged(e)),
                Some(_) if at == start => window = window.saturating_mul(2),
                _ => {}
            }
        }
        check_values(index.rows(), rows).map_err(damaged)?;
        let dictionary =
            file.read_at(index.dictionary.start, (index.dictionary.end - index.dictionary.start) as usize)?;
        let largest = dictionary.len();
        check_dictionary(reader(chunk, Cursor::new(Buffer::from_vec(dictionary)), 0, largest)).map_err(damaged)?;
        Ok(index)
    }

    fn add(&mut self, page: &CompressedPage, bytes: Range<u64>, values: usize) -> std::result::Result<(), String> {
        if let CompressedPage::Data(_) = page {
            let first = self.rows();
            let end = first.checked_add(values).ok_or("it has too many rows")?;
            self.data.push((bytes, first..end));
            return Ok(());
        }
        if self.data.is_empty() && self.dictionary.is_empty() {
            self.dictionary = bytes;
            return Ok(());
        }
        Err("a dictionary page is not the first page of its column".into())
    }

    /// Number of pages of data.
    #[cfg(test)]
    pub(super) fn pages(&self) -> usize {
        self.data.len()
    }

    fn rows(&self) -> usize {
        self.data.last().map_or(0, |(_, rows)| rows.end)
    }

    /// The pages that hold these rows.
    pub(super) fn read<'a>(
        &self,
        file: &OpenFile,
        chunk: &'a ColumnChunkMetadata,
        rows: &Range<usize>,
    ) -> Result<Pages<'a>> {
        let length = |range: &Range<u64>| (range.end - range.start) as usize;
        let mut bytes = file.read_at(self.dictionary.start, length(&self.dictionary))?;
        let mut pages = self.data.iter().filter(|(_, own)| own.start < rows.end && own.end > rows.start);
        let Some((mut range, mut held)) = pages.next().cloned() else {
            return Ok(Pages { chunk, bytes: Buffer::from_vec(bytes), rows: rows.start..rows.start });
        };
        // Pages lie one after the other.
        pages.for_each(|(own, rows)| (range.end, held.end) = (own.end, rows.end));
        bytes.extend(file.read_at(range.start, length(&range))?);
        Ok(Pages { chunk, bytes: Buffer::from_vec(bytes), rows: held })
    }
}

fn byte_range(file: &OpenFile, chunk: &ColumnChunkMetadata) -> Result<Range<u64>> {
    let range = chunk.byte_range();
    if range.start > range.end || range.end > file.bytes() {
        return Err(file.failed("the file is truncated"));
    }
    Ok(range)
}

fn check_values(values: usize, rows: usize) -> std::result::Result<(), String> {
    if values == rows { Ok(()) } else { Err(format!("its pages have {values} values instead of {rows}")) }
}

fn reader(chunk: &ColumnChunkMetadata, bytes: Cursor<Buffer<u8>>, values: i64, largest: usize) -> PageReader {
    let of = PageMetaData { num_values: values, ..PageMetaData::from(chunk) };
    // No part of a page is larger than the column it is in.
    PageReader::new_with_page_meta(bytes, of, Vec::new(), largest)
}

/// The next page, after which `bytes` stands.
fn next_page(
    chunk: &ColumnChunkMetadata,
    bytes: &mut Cursor<Buffer<u8>>,
    largest: usize,
) -> std::result::Result<CompressedPage, String> {
    let mut reader = reader(chunk, std::mem::take(bytes), i64::MAX, largest);
    let page: Option<ParquetResult<CompressedPage>> = reader.next();
    *bytes = reader.into_inner().0;
    page.ok_or_else(|| "a page is missing".to_owned())?.map_err(|e| e.to_string())
}
