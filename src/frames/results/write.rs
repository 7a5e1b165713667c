//! Result tables as Parquet, Arrow IPC or CSV.

use std::io::Write;
use std::path::Path;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::progress::Stop;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableForm {
    /// Apache Parquet.
    Parquet,
    /// An Arrow IPC file.
    Arrow,
    /// CSV, in UTF-8.
    Csv,
}

impl TableForm {
    /// The form that the ending of a path names.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "ipc" | "feather" => Some(Self::Arrow),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// A place to write to, until the task of the thread is to end.
struct Stoppable<W> {
    sink: W,
    stop: Stop,
}

impl<W: Write> Write for Stoppable<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stop.check().map_err(|e| std::io::Error::other(e.to_string()))?;
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }
}

/// Writes `frame` to `sink`, unless the task of the thread is to end.
///
/// # Errors
/// The reason, as a text.
pub fn write_frame(
    frame: &mut DataFrame,
    form: TableForm,
    sink: &mut (impl Write + Send),
) -> std::result::Result<(), String> {
    let mut sink = Stoppable { sink, stop: Stop::here() };
    let sink = &mut sink;
    match form {
        TableForm::Parquet => ParquetWriter::new(sink).finish(frame).map(|_| ()).map_err(|e| e.to_string()),
        TableForm::Arrow => IpcWriter::new(sink).finish(frame).map_err(|e| e.to_string()),
        TableForm::Csv => write_csv(frame, sink),
    }
}

/// `frame` as CSV.
///
/// # Errors
/// None in practice; polars may refuse a cell.
pub fn csv_text(frame: &DataFrame) -> Result<String> {
    let mut sink = Stoppable { sink: Vec::new(), stop: Stop::here() };
    let written = write_csv(frame, &mut sink).and_then(|()| String::from_utf8(sink.sink).map_err(|e| e.to_string()));
    written.map_err(|problem| Error::option("table", problem))
}

fn write_csv(frame: &DataFrame, sink: &mut impl Write) -> std::result::Result<(), String> {
    let text = |e: csv::Error| e.to_string();
    let mut writer = csv::Writer::from_writer(std::io::BufWriter::new(sink));
    writer.write_record(frame.get_column_names().iter().map(|n| n.as_str())).map_err(text)?;
    let columns: Vec<Series> = frame.columns().iter().map(|c| c.as_materialized_series().clone()).collect();
    let mut record = csv::StringRecord::new();
    for row in 0..frame.height() {
        record.clear();
        for column in &columns {
            record.push_field(&cell(column, row)?);
        }
        writer.write_record(&record).map_err(text)?;
    }
    writer.flush().map_err(|e| e.to_string())
}

/// A cell as text: numbers round-trip to the same bits, times as ISO 8601, nulls empty.
fn cell(column: &Series, row: usize) -> std::result::Result<String, String> {
    Ok(match column.get(row).map_err(|e| e.to_string())? {
        AnyValue::Null => String::new(),
        AnyValue::Float64(x) => x.to_string(),
        AnyValue::Datetime(t, TimeUnit::Microseconds, _) => crate::time::Timestamp(t).to_string(),
        other => other.str_value().into_owned(),
    })
}
