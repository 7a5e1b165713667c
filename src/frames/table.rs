//! Tables by name: given in memory, or read from files.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;

use super::coded::{Cells, Coded};
use super::csv_reader::read_csv;
use super::parquet::ParquetFile;
use super::source::Source;
use crate::error::{Error, Result, Violation, nearest};
use crate::task::Stop;

/// A table with a name.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name shown to users.
    pub name: String,
    /// Its rows.
    pub frame: DataFrame,
    /// Columns of texts as the codes that a file has; the frame has nothing in their place.
    pub(super) coded: Vec<(String, Coded)>,
    /// True if cells are texts whatever they mean (CSV), so that types are found from the values.
    pub untyped: bool,
    /// Columns of types that no role can use (lists, structs, binary), which were not read: name and type.
    pub unread: Vec<(String, String)>,
    /// What was done to read it.
    pub remarks: Vec<String>,
}

/// True if columns of this type can be used by some role.
#[must_use]
pub fn is_readable(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as D;
    match dtype {
        D::Null
        | D::Boolean
        | D::Int8
        | D::Int16
        | D::Int32
        | D::Int64
        | D::UInt8
        | D::UInt16
        | D::UInt32
        | D::UInt64
        | D::Float32
        | D::Float64
        | D::Timestamp(..)
        | D::Date32
        | D::Date64
        | D::Time32(_)
        | D::Time64(_)
        | D::Duration(_)
        | D::Utf8
        | D::LargeUtf8
        | D::Utf8View
        | D::Decimal(..)
        | D::Decimal32(..)
        | D::Decimal64(..) => true,
        D::Dictionary(_, values, _) => is_readable(values),
        _ => false,
    }
}

impl Table {
    /// A table in memory.
    #[must_use]
    pub fn new(name: &str, frame: DataFrame) -> Self {
        Self {
            name: name.to_owned(),
            frame,
            coded: Vec::new(),
            untyped: false,
            unread: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// A table of `rows` rows with these columns.
    pub(super) fn of_cells(name: &str, rows: usize, cells: Vec<(String, Cells)>) -> PolarsResult<Self> {
        let (mut columns, mut coded) = (Vec::with_capacity(cells.len()), Vec::new());
        for (name, cells) in cells {
            match cells {
                Cells::Series(series) => columns.push(series.into_column()),
                Cells::Coded(texts) => {
                    columns.push(Column::full_null(name.as_str().into(), rows, &DataType::String));
                    coded.push((name, texts));
                }
            }
        }
        Ok(Self { coded, ..Self::new(name, DataFrame::new(rows, columns)?) })
    }

    /// Some of the rows.
    pub(super) fn slice(&self, start: usize, len: usize) -> Self {
        let coded = self.coded.iter().map(|(name, texts)| (name.clone(), texts.slice(start, len))).collect();
        Self { frame: self.frame.slice(start as i64, len), coded, ..self.clone() }
    }

    /// The table with all texts in its frame.
    fn plain(mut self) -> PolarsResult<Self> {
        for (name, texts) in std::mem::take(&mut self.coded) {
            self.frame.with_column(texts.series(&name).into_column())?;
        }
        Ok(self)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.frame.height()
    }

    /// The column called `name`.
    ///
    /// # Errors
    /// [`Error::Schema`] with the nearest name.
    pub fn column(&self, name: &str) -> Result<Series> {
        match (self.coded(name), self.frame.column(name)) {
            (Some(coded), _) => Ok(coded.series(name)),
            (None, Ok(column)) => Ok(column.as_materialized_series().clone()),
            (None, Err(_)) => Err(Error::Schema { violations: vec![self.missing(name)] }),
        }
    }

    /// The codes of a column of texts that is kept as such.
    pub(super) fn coded(&self, name: &str) -> Option<&Coded> {
        self.coded.iter().find(|(n, _)| n == name).map(|(_, coded)| coded)
    }

    /// Type of the column called `name`.
    ///
    /// # Errors
    /// As [`Table::column`].
    pub(super) fn dtype(&self, name: &str) -> Result<DataType> {
        if self.coded(name).is_some() { Ok(DataType::String) } else { Ok(self.column(name)?.dtype().clone()) }
    }

    /// Names of all columns.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.frame.get_column_names().iter().map(ToString::to_string).collect()
    }

    pub(super) fn missing(&self, name: &str) -> Violation {
        if let Some((_, dtype)) = self.unread.iter().find(|(n, _)| n == name) {
            let problem = format!("type {dtype} can be used by no role");
            return Violation { table: self.name.clone(), column: Some(name.to_owned()), problem };
        }
        let names = self.names();
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("no such column; did you mean '{near}'?"),
            None if names.len() <= 30 => format!("no such column; the table has {}", names.join(", ")),
            None => format!("no such column among {}", names.len()),
        };
        Violation { table: self.name.clone(), column: Some(name.to_owned()), problem: hint }
    }

    /// Lists every one of `columns` that the table does not have.
    pub(super) fn check<'a>(&self, columns: impl IntoIterator<Item = &'a String>) -> Vec<Violation> {
        let known: std::collections::HashSet<String> = self.names().into_iter().collect();
        let mut named = std::collections::BTreeSet::new();
        columns.into_iter().filter(|c| !known.contains(*c) && named.insert(*c)).map(|c| self.missing(c)).collect()
    }
}

/// Tables by the text that configurations use for them.
#[derive(Debug, Default)]
pub struct Tables {
    given: HashMap<String, Arc<Table>>,
    base: PathBuf,
}

impl Tables {
    /// Tables are given in memory, or are files relative to `base`.
    #[must_use]
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { given: HashMap::new(), base: base.into() }
    }

    /// Frees the memory of all tables.
    pub(super) fn forget(&mut self) {
        self.given.clear();
    }

    /// Gives a table in memory.
    pub fn give(&mut self, key: &str, table: Table) {
        self.given.insert(key.to_owned(), Arc::new(table));
    }

    /// The table that `key` means; a file is read once.
    ///
    /// # Errors
    /// [`Error::Read`] if it is a file that cannot be read.
    pub fn get(&mut self, key: &str) -> Result<Arc<Table>> {
        if let Some(table) = self.given.get(key) {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(read(&self.base, key)?);
        self.given.insert(key.to_owned(), Arc::clone(&table));
        Ok(table)
    }

    /// The table that `key` means, in parts: Parquet files are read as they are needed, others are in memory.
    ///
    /// # Errors
    /// As [`Tables::get`].
    pub(super) fn source(&mut self, key: &str) -> Result<Source> {
        if !self.given.contains_key(key) {
            let paths = files(&self.base.join(key))?;
            if paths.iter().all(|p| is_parquet(p))
                && let Some(source) = Source::of_parquet(&paths, &shown(key))?
            {
                return Ok(source);
            }
        }
        self.get(key).map(|table| Source::of_table(&table))
    }
}

/// The files that `path` means: itself, or those that match it as a pattern, in order.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let text = path.to_string_lossy().into_owned();
    if path.exists() || !text.contains(['*', '?', '[']) {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |reason: String, missing: bool| Error::Read { path: path.to_owned(), reason, missing };
    let mut paths: Vec<PathBuf> = glob::glob(&text)
        .map_err(|e| failed(format!("not a usable pattern: {e}"), false))?
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| failed(e.to_string(), false))?;
    paths.sort();
    if paths.is_empty() {
        return Err(failed("no file matches the pattern".into(), true));
    }
    Ok(paths)
}

/// True if the file is read as Parquet.
fn is_parquet(path: &Path) -> bool {
    let lower = path.to_string_lossy().to_lowercase();
    [".parquet", ".pq"].iter().any(|end| lower.ends_with(end))
}

/// The name of a table that is shown to users.
fn shown(key: &str) -> String {
    Path::new(key).file_name().map_or_else(|| key.to_owned(), |f| f.to_string_lossy().into_owned())
}

/// Reads a file, or all files of a glob, which must have the same columns.
fn read(base: &Path, key: &str) -> Result<Table> {
    let path = base.join(key);
    let paths = files(&path)?;
    if let [one] = paths.as_slice()
        && *one == path
    {
        return read_file(&path, key);
    }
    let mut all: Option<Table> = None;
    let stop = Stop::here();
    for p in &paths {
        stop.check()?;
        let failed = |e: PolarsError| Error::Read { path: p.clone(), reason: e.to_string(), missing: false };
        let part = read_file(p, key)?.plain().map_err(failed)?;
        match &mut all {
            None => all = Some(part),
            Some(table) => {
                let (had, has) = (table.names(), part.names());
                if had != has {
                    return Err(Error::Read {
                        path: p.clone(),
                        reason: format!(
                            "its columns ({}) are not those of the first file ({})",
                            has.join(", "),
                            had.join(", ")
                        ),
                        missing: false,
                    });
                }
                let next = alike(&mut table.frame, part.frame);
                next.and_then(|next| table.frame.vstack_mut(&next).map(|_| ())).map_err(failed)?;
                table.remarks.extend(part.remarks);
            }
        }
    }
    let none = || Error::Read { path: path.clone(), reason: "no file matches the pattern".into(), missing: true };
    let mut table = all.ok_or_else(none)?;
    table.remarks.push(format!("{} files", paths.len()));
    Ok(table)
}

/// Gives columns of two parts one type: that of the other where one has no value, texts where they differ otherwise.
fn alike(first: &mut DataFrame, mut next: DataFrame) -> PolarsResult<DataFrame> {
    let names: Vec<PlSmallStr> = first.get_column_names().into_iter().cloned().collect();
    for name in names {
        let (a, b) = (first.column(&name)?.dtype().clone(), next.column(&name)?.dtype().clone());
        let common = match (&a, &b) {
            _ if a == b => continue,
            (DataType::Null, other) | (other, DataType::Null) => other.clone(),
            (a, b) if a.is_integer() && b.is_integer() => DataType::Int64,
            (a, b) if a.is_numeric() && b.is_numeric() => DataType::Float64,
            _ => DataType::String,
        };
        for frame in [&mut *first, &mut next] {
            let cast = frame.column(&name)?.cast(&common)?;
            frame.with_column(cast)?;
        }
    }
    Ok(next)
}

/// Names of the columns that can be read, and the others with their types.
pub(super) fn readable(schema: &ArrowSchema) -> (Vec<String>, Vec<(String, String)>) {
    let (mut wanted, mut unread) = (Vec::new(), Vec::new());
    for field in schema.iter_values() {
        if is_readable(field.dtype()) {
            wanted.push(field.name.to_string());
        } else {
            unread.push((field.name.to_string(), format!("{:?}", field.dtype())));
        }
    }
    (wanted, unread)
}

/// Opens a file that is not empty; with its length in bytes.
pub(super) fn open_file(path: &Path) -> Result<(File, u64)> {
    let failed = |reason: String, missing: bool| Error::Read { path: path.to_owned(), reason, missing };
    let file = File::open(path).map_err(|e| failed(e.to_string(), e.kind() == std::io::ErrorKind::NotFound))?;
    match file.metadata().map_err(|e| failed(e.to_string(), false))?.len() {
        0 => Err(failed("the file is empty (0 bytes)".into(), false)),
        bytes => Ok((file, bytes)),
    }
}

#[allow(clippy::case_sensitive_file_extension_comparisons, reason = "the path is in lower case")]
fn read_file(path: &Path, name: &str) -> Result<Table> {
    let lower = path.to_string_lossy().to_lowercase();
    let failed = |reason: String| Error::Read { path: path.to_owned(), reason, missing: false };
    let name = shown(name);
    if is_parquet(path) {
        let file = ParquetFile::open(path)?;
        let (wanted, unread) = readable(&file.schema);
        return Ok(Table { unread, ..file.read_all(&name, &wanted)? });
    }
    let (file, _) = open_file(path)?;
    let bad = |e: PolarsError| failed(e.to_string());
    if lower.ends_with(".arrow") || lower.ends_with(".ipc") || lower.ends_with(".feather") {
        let mut reader = IpcReader::new(file);
        let (wanted, unread) = readable(&*reader.schema().map_err(bad)?);
        let frame = reader.with_columns(Some(wanted)).finish().map_err(bad)?;
        Ok(Table { unread, ..Table::new(&name, frame) })
    } else if [".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"].iter().any(|e| lower.ends_with(e)) {
        read_csv(path, &name, file, lower.ends_with(".gz"))
    } else {
        Err(failed(
            "its type is not known; use .parquet, .arrow, .ipc, .feather, .csv, .tsv, .txt, or these texts with .gz"
                .into(),
        ))
    }
}
