//! Result tables to files: written beside the destination and renamed, so that no reader sees half a file.

use std::path::Path;

use polars::prelude::*;

use crate::error::{Error, Result};

/// Refuses a destination before any work is done for it.
///
/// # Errors
/// [`Error::Write`] if its folder does not exist.
pub fn check_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        Ok(())
    } else {
        Err(Error::Write { path: path.to_owned(), reason: format!("there is no folder '{}'", folder.display()) })
    }
}

/// As [`check_folder`], and the ending must be one that [`write_frame`] knows.
///
/// # Errors
/// [`Error::InvalidOption`] for another ending.
pub fn check_output(path: &Path) -> Result<()> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_lowercase();
    if !["parquet", "arrow", "ipc", "feather", "csv"].contains(&ending.as_str()) {
        return Err(Error::option("output", format!("'{}': use .parquet, .arrow or .csv", path.display())));
    }
    check_folder(path)
}

/// Writes `frame` as Parquet, Arrow IPC or CSV, by the ending of `path`.
///
/// # Errors
/// [`Error::InvalidOption`] for another ending, [`Error::Write`]; nothing is left at `path` then.
pub fn write_frame(frame: &mut DataFrame, path: &Path) -> Result<()> {
    check_output(path)?;
    let failed = |reason: String| Error::Write { path: path.to_owned(), reason };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_lowercase();
    // Removed again unless it is persisted.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(e.to_string()))?;
    match ending.as_str() {
        "parquet" => {
            ParquetWriter::new(file.as_file_mut()).finish(frame).map_err(|e| failed(e.to_string()))?;
        }
        "arrow" | "ipc" | "feather" => {
            IpcWriter::new(file.as_file_mut()).finish(frame).map_err(|e| failed(e.to_string()))?;
        }
        _ => write_csv(frame, file.as_file_mut()).map_err(failed)?,
    }
    file.as_file().sync_all().map_err(|e| failed(e.to_string()))?;
    // Temporary files are private; a result is as readable as any new file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(|e| failed(e.to_string()))?;
    }
    file.persist(path).map_err(|e| failed(e.to_string()))?;
    Ok(())
}

fn write_csv(frame: &DataFrame, file: &mut std::fs::File) -> std::result::Result<(), String> {
    let text = |e: csv::Error| e.to_string();
    let mut writer = csv::Writer::from_writer(std::io::BufWriter::new(file));
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

/// A cell as text: numbers so that they read back to the same bits, times as ISO 8601, nulls empty.
fn cell(column: &Series, row: usize) -> std::result::Result<String, String> {
    Ok(match column.get(row).map_err(|e| e.to_string())? {
        AnyValue::Null => String::new(),
        AnyValue::Float64(x) => x.to_string(),
        AnyValue::Datetime(t, TimeUnit::Microseconds, _) => crate::time::Timestamp(t).to_string(),
        other => other.str_value().into_owned(),
    })
}
