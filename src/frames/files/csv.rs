//! CSV: every cell as text, with the separator found, and no row lost or shifted.

use std::io::{BufRead, BufReader, Read};

use polars::prelude::*;

use super::OpenFile;
use super::columns::{Offered, Picked};
use super::csv_quotes::Quotes;
use super::csv_swallowed::Swallowed;
use super::decode::{Charset, Decoder};
use crate::config::Reading;
use crate::error::{Error, Result};
use crate::frames::files::table::Table;
use crate::progress::Stop;

/// A CSV file whose first line was read.
#[derive(Debug)]
pub(super) struct CsvFile {
    pub(super) file: OpenFile,
    gzip: bool,
    charset: Charset,
    separator: u8,
    /// Names of the columns, each once.
    header: Vec<String>,
    /// Whether the first line is `sep=;`, as Excel reads and writes it.
    says_separator: bool,
    /// Nameless columns at the end: a trailing separator.
    trailing: usize,
    remarks: Vec<String>,
}

type Input<'a> = Quotes<BufReader<Decoder<Box<dyn Read + 'a>>>>;

impl CsvFile {
    /// Reads the first line. Without `separator=` the separator is the one of `,` `;` tab `|` that it has most of.
    ///
    /// # Errors
    /// [`Error::Read`] if it is empty, or is not in the encoding; [`Error::InvalidOption`].
    pub(super) fn open(file: OpenFile, gzip: bool, charset: Charset, options: &Reading) -> Result<Self> {
        let mut csv = Self {
            file,
            gzip,
            charset,
            separator: b',',
            header: Vec::new(),
            says_separator: false,
            trailing: 0,
            remarks: Vec::new(),
        };
        let mut text = csv.text()?;
        let first = text.fill_buf().map_err(|e| csv.file.failed(e))?;
        if first.is_empty() {
            return Err(csv.file.failed("the file is empty"));
        }
        let separator = match options.separator()? {
            Some(given) => given,
            None => said_separator(first).unwrap_or_else(|| separator_of(first)),
        };
        let says_separator = said_separator(first).is_some();
        let guessed = text.get_ref().guessed();
        drop(text);
        (csv.separator, csv.says_separator) = (separator, says_separator);
        csv.remarks.extend(guessed.map(|encoding| format!("read as {encoding} because of its byte order mark")));
        if csv.separator != b',' && options.separator.is_none() {
            csv.remarks.push(format!("separator '{}'", shown(csv.separator)));
        }
        let names = csv.reader()?.headers().map_err(|e| csv.failed(&e))?.clone();
        csv.header = names.iter().map(|h| h.trim().to_owned()).collect();
        if csv.header.iter().all(String::is_empty) {
            return Err(csv.file.failed("the header line is empty"));
        }
        csv.trailing = csv.header.iter().rev().take_while(|h| h.is_empty()).count();
        // Nameless columns get a name; the first may be the index of a pandas frame, which calls it so.
        for (i, name) in csv.header.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
            *name = if i == 0 { "Unnamed: 0".to_owned() } else { format!("column_{}", i + 1) };
        }
        Ok(csv)
    }

    /// The columns.
    pub(super) fn offered(&self) -> Vec<Offered> {
        self.header.iter().map(|name| Offered { name: name.clone(), dtype: "str".into(), readable: true }).collect()
    }

    fn text(&self) -> Result<BufReader<Decoder<Box<dyn Read + '_>>>> {
        let bytes = BufReader::with_capacity(1 << 16, self.file.reader()?);
        let plain: Box<dyn Read + '_> =
            if self.gzip { Box::new(flate2::bufread::MultiGzDecoder::new(bytes)) } else { Box::new(bytes) };
        Ok(BufReader::with_capacity(1 << 16, Decoder::new(plain, self.charset)))
    }

    fn reader(&self) -> Result<csv::Reader<Input<'_>>> {
        let mut text = self.text()?;
        if self.says_separator {
            text.skip_until(b'\n').map_err(|e| self.file.failed(e))?;
        }
        let checked = Quotes::new(text, self.separator, 1 + usize::from(self.says_separator));
        Ok(csv::ReaderBuilder::new().delimiter(self.separator).flexible(true).has_headers(true).from_reader(checked))
    }

    fn failed(&self, e: &csv::Error) -> Error {
        match e.kind() {
            csv::ErrorKind::Io(e) => self.file.failed(e),
            _ => self.file.failed(e),
        }
    }

    /// Reads all rows. A record that is one quoted field holding a whole line is opened again.
    ///
    /// # Errors
    /// [`Error::Read`] naming the line for a record with another number of fields, unless the surplus is empty, for
    /// quotes that are out of place, and for bytes that are not of the encoding.
    pub(super) fn read(&self, name: &str, picked: &Picked) -> Result<Table> {
        let width = self.header.len();
        let mut cells: Vec<(usize, StringChunkedBuilder)> = picked
            .columns
            .iter()
            .map(|(place, name)| (*place, StringChunkedBuilder::new(name.as_str().into(), 1024)))
            .collect();
        let mut reader = self.reader()?;
        let mut swallowed = Swallowed::new(width, self.separator);
        let mut record = csv::StringRecord::new();
        let (mut row, mut unnested) = (0usize, 0usize);
        let stop = Stop::here();
        while reader.read_record(&mut record).map_err(|e| self.failed(&e))? {
            row += 1;
            if row.is_multiple_of(4096) {
                stop.check()?;
            }
            let line = record.position().map_or(row as u64 + 1, csv::Position::line) + u64::from(self.says_separator);
            if record.len() == 1 && width > 1 {
                let inner = record.get(0).and_then(|cell| reopen(cell, self.separator, width));
                if let Some(fields) = inner {
                    unnested += 1;
                    record = fields;
                }
            }
            let surplus_is_empty = record.iter().skip(width).all(str::is_empty);
            let short = record.len() < width && record.len() + self.trailing < width;
            if short || !surplus_is_empty {
                return Err(self.file.failed(format!(
                    "line {line} has {} fields, but the header has {width} (separator '{}'); quote cells that contain the \
                     separator and double the quotes in them, or set separator=",
                    record.len(),
                    shown(self.separator)
                )));
            }
            swallowed.saw(&record, line);
            for (place, column) in &mut cells {
                match record.get(*place).filter(|c| !c.is_empty()) {
                    Some(cell) => column.append_value(cell),
                    None => column.append_null(),
                }
            }
        }
        if let Some(problem) = swallowed.problem() {
            return Err(self.file.failed(problem));
        }
        let columns: Vec<Column> = cells.into_iter().map(|(_, c)| c.finish().into_series().into_column()).collect();
        let frame = DataFrame::new(row, columns).map_err(|e| self.file.failed(e))?;
        let mut table = Table { untyped: true, remarks: self.remarks.clone(), ..Table::new(name, frame) };
        if unnested > 0 {
            let problem = format!("{unnested} records were wrapped in quotes as a whole and were unwrapped");
            table.remarks.push(problem);
        }
        Ok(table)
    }
}

fn shown(separator: u8) -> String {
    if separator == b'\t' { "tab".into() } else { char::from(separator).to_string() }
}

/// The separator that a first line `sep=;` names.
fn said_separator(head: &[u8]) -> Option<u8> {
    let line = head.split(|byte| *byte == b'\n').next()?.trim_ascii_end();
    match line {
        [s, e, p, b'=', separator] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => Some(*separator),
        // A tab is trimmed away.
        [s, e, p, b'='] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") && head.get(4) == Some(&b'\t') => Some(b'\t'),
        _ => None,
    }
}

fn separator_of(head: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in head {
        quoted ^= *byte == b'"';
        if !quoted && matches!(byte, b'\n' | b'\r') {
            break;
        }
        if !quoted && let Some(c) = counts.iter_mut().find(|c| c.0 == *byte) {
            c.1 += 1;
        }
    }
    // Of equal counts the first in the list, so one column is read with commas.
    counts.iter().rev().max_by_key(|c| c.1).map_or(b',', |c| c.0)
}

/// The fields of a line that was quoted as a whole, if it has the right number of them.
fn reopen(cell: &str, separator: u8, width: usize) -> Option<csv::StringRecord> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(cell.as_bytes());
    let mut records = reader.records();
    let record = records.next()?.ok()?;
    (record.len() == width && records.next().is_none()).then_some(record)
}
