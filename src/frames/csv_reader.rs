//! CSV: every cell as text, with the separator found, and no row lost or shifted.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use polars::prelude::*;

use super::table::Table;
use crate::error::{Error, Result};
use crate::task::Stop;

/// Reads a CSV file. The separator is the one of `,` `;` tab `|` that the header has most of. A record that is one
/// quoted field holding a whole line is opened again. A record with another number of fields is an error, unless
/// the surplus is empty.
pub(super) fn read_csv(path: &Path, name: &str, file: File, gzip: bool) -> Result<Table> {
    let failed = |reason: String| Error::Read { path: path.to_owned(), reason, missing: false };
    let plain: Box<dyn Read> =
        if gzip { Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))) } else { Box::new(file) };
    let mut input = BufReader::with_capacity(1 << 16, plain);
    let head = input.fill_buf().map_err(|e| failed(e.to_string()))?;
    if head.is_empty() {
        return Err(failed("the file is empty".into()));
    }
    let separator = separator_of(head);
    let quotes = std::rc::Rc::new(std::cell::Cell::new(0u64));
    let input = QuoteCounter { inner: input, quotes: std::rc::Rc::clone(&quotes) };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(true).from_reader(input);
    let mut header: Vec<String> =
        reader.headers().map_err(|e| failed(e.to_string()))?.iter().map(|h| h.trim().to_owned()).collect();
    if header.iter().all(String::is_empty) {
        return Err(failed("the first line names no column".into()));
    }
    // A nameless last column is a trailing separator.
    let trailing = header.iter().rev().take_while(|h| h.is_empty()).count();
    name_columns(&mut header);
    let width = header.len();
    let mut cells: Vec<StringChunkedBuilder> =
        header.iter().map(|h| StringChunkedBuilder::new(h.as_str().into(), 1024)).collect();
    let mut record = csv::StringRecord::new();
    let (mut row, mut unnested) = (0usize, 0usize);
    let stop = Stop::here();
    let mut next = csv::StringRecord::new();
    while reader.read_record(&mut next).map_err(|e| failed(e.to_string()))? {
        std::mem::swap(&mut record, &mut next);
        row += 1;
        if row.is_multiple_of(4096) {
            stop.check()?;
        }
        if record.len() == 1 && width > 1 {
            let inner = record.get(0).and_then(|cell| reopen(cell, separator, width));
            if let Some(fields) = inner {
                unnested += 1;
                record = fields;
            }
        }
        let surplus_is_empty = record.iter().skip(width).all(str::is_empty);
        let short = record.len() < width && record.len() + trailing < width;
        if short || !surplus_is_empty {
            let line = record.position().map_or(row as u64 + 1, csv::Position::line);
            return Err(failed(format!(
                "line {line} has {} fields, the header has {width} (separator '{}')",
                record.len(),
                shown(separator)
            )));
        }
        for (i, column) in cells.iter_mut().enumerate() {
            match record.get(i).filter(|c| !c.is_empty()) {
                Some(cell) => column.append_value(cell),
                None => column.append_null(),
            }
        }
    }
    // A quote that is never closed makes the rest of the file one field. Quotes come in pairs otherwise; one by itself
    // inside an unquoted field is no harm, and swallows no line.
    if quotes.get() % 2 == 1 && record.iter().next_back().is_some_and(|c| c.contains('\n')) {
        let line = record.position().map_or(0, csv::Position::line);
        return Err(failed(format!(
            "a quote opened in the record of line {line} is never closed: the rest of the file would be one field"
        )));
    }
    let columns: Vec<Column> = cells.into_iter().map(|c| c.finish().into_series().into_column()).collect();
    let frame = DataFrame::new(row, columns).map_err(|e| failed(e.to_string()))?;
    let mut table = Table { untyped: true, ..Table::new(name, frame) };
    if unnested > 0 {
        table
            .remarks
            .push(format!("{unnested} records were one quoted field holding the whole line; they were opened"));
    }
    if separator != b',' {
        table.remarks.push(format!("separator '{}'", shown(separator)));
    }
    Ok(table)
}

/// Counts the quotes that pass through.
struct QuoteCounter<R> {
    inner: R,
    quotes: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: Read> Read for QuoteCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let seen: u64 = buffer.get(..n).unwrap_or(&[]).iter().map(|b| u64::from(*b == b'"')).sum();
        self.quotes.set(self.quotes.get() + seen);
        Ok(n)
    }
}

fn shown(separator: u8) -> String {
    if separator == b'\t' { "tab".into() } else { char::from(separator).to_string() }
}

fn separator_of(head: &[u8]) -> u8 {
    let line = head.split(|b| *b == b'\n').next().unwrap_or(head);
    let mut quoted = false;
    let mut counts = [(b',', 0usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in line {
        quoted ^= *byte == b'"';
        if !quoted && let Some(c) = counts.iter_mut().find(|c| c.0 == *byte) {
            c.1 += 1;
        }
    }
    // Of equal counts the first in the list, so that one column is read with commas.
    counts.iter().rev().max_by_key(|c| c.1).map_or(b',', |c| c.0)
}

/// Gives nameless columns the name `column_N` and repeated names a suffix.
fn name_columns(header: &mut [String]) {
    let mut seen = std::collections::HashMap::<String, usize>::new();
    for (i, name) in header.iter_mut().enumerate() {
        if name.is_empty() {
            *name = format!("column_{}", i + 1);
        }
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            *name = format!("{name}.{}", *count - 1);
        }
    }
}

/// The fields of a line that was quoted as a whole, if it has the right number of them.
fn reopen(cell: &str, separator: u8, width: usize) -> Option<csv::StringRecord> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(cell.as_bytes());
    let mut records = reader.records();
    let record = records.next()?.ok()?;
    (record.len() == width && records.next().is_none()).then_some(record)
}
