//! The formats of files.

use std::path::Path;
use std::sync::Arc;

use polars::prelude::DataType;

use super::columns::{Offered, Picked};
use super::csv::CsvFile;
use super::decode::Charset;
use super::ipc::IpcFile;
use super::kind::FileKind;
use super::paths::path_of;
use super::{OpenFile, ParquetFile};
use crate::config::Reading;
use crate::error::Result;
use crate::frames::columns::dictionary::Cells;
use crate::frames::files::table::Table;

/// A file that was opened: what columns it has is known.
#[derive(Debug)]
pub(super) enum Opened {
    Parquet(Arc<ParquetFile>),
    Ipc(IpcFile),
    Csv(CsvFile),
}

impl Opened {
    /// Opens a file; its name says what it is.
    ///
    /// # Errors
    /// [`Error::Read`] if it cannot be read, or is of another kind.
    pub(super) fn open(path: &Path, options: &Reading) -> Result<Self> {
        // An unknown encoding is reported even if the file is missing.
        let charset = Charset::of(options)?;
        let file = OpenFile::open(path)?;
        Ok(match FileKind::of(&file)? {
            FileKind::Parquet => Self::Parquet(Arc::new(ParquetFile::open(file)?)),
            FileKind::Arrow => Self::Ipc(IpcFile::open(file)?),
            FileKind::Csv { gzip } => Self::Csv(CsvFile::open(file, gzip, charset, options)?),
        })
    }

    pub(super) fn file(&self) -> &OpenFile {
        match self {
            Self::Parquet(file) => &file.file,
            Self::Ipc(file) => &file.file,
            Self::Csv(file) => &file.file,
        }
    }

    /// The columns it has.
    pub(super) fn offered(&self) -> Vec<Offered> {
        match self {
            Self::Parquet(file) => file.offered(),
            Self::Ipc(file) => file.offered(),
            Self::Csv(file) => file.offered(),
        }
    }

    /// Columns that are the index of a pandas frame.
    pub(super) fn index(&self) -> Vec<String> {
        match self {
            Self::Parquet(file) => file.index(),
            Self::Ipc(file) => file.index(),
            Self::Csv(_) => Vec::new(),
        }
    }

    /// True if cells are texts of which the types are found from the values.
    pub(super) fn untyped(&self) -> bool {
        matches!(self, Self::Csv(_))
    }

    /// The type of a column that is read.
    pub(super) fn dtype(&self, place: usize, name: &str) -> Result<DataType> {
        match self {
            Self::Parquet(file) => file.dtype(name),
            Self::Ipc(file) => file.dtype(place),
            Self::Csv(_) => Ok(DataType::String),
        }
    }

    /// The picked columns of all rows, as a table called `name`.
    ///
    /// # Errors
    /// [`Error::Read`] if the file is damaged.
    pub(super) fn read(&self, name: &str, picked: &Picked) -> Result<Table> {
        match self {
            Self::Parquet(file) => {
                use rayon::prelude::*;
                let cells = picked.columns.par_iter().map(|(_, name)| Ok((name.clone(), file.all_cells(name)?)));
                let cells = cells.collect::<Result<_>>()?;
                Table::of_cells(name, file.rows(), cells).map_err(|e| file.failed(e))
            }
            Self::Ipc(file) => {
                let places: Vec<usize> = picked.columns.iter().map(|(place, _)| *place).collect();
                let (rows, columns) = file.read(&places)?;
                let named = picked.columns.iter().zip(columns).map(|((_, name), mut series)| {
                    series.rename(name.as_str().into());
                    (name.clone(), Cells::Series(series))
                });
                Table::of_cells(name, rows, named.collect()).map_err(|e| file.file.failed(e))
            }
            Self::Csv(file) => file.read(name, picked),
        }
    }
}

/// The name of a table that is shown to users.
pub(in crate::frames) fn shown(key: &str) -> String {
    path_of(key).file_name().map_or_else(|| key.to_owned(), |f| f.to_string_lossy().into_owned())
}
