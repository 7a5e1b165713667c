//! The files of one table: the columns they share, and a type for each.

use std::path::PathBuf;
use std::sync::Arc;

use polars::prelude::*;

use super::columns::{Picked, Unread, Wanted, unread_remark};
use super::formats::{Opened, shown};
use super::unify::{CommonType, common_types, convert};
use super::{OpenFile, ParquetFile};
use crate::config::Reading;
use crate::error::{Error, Result};
use crate::frames::files::table::Table;
use crate::progress::Stop;

/// The files of one table, open.
#[derive(Debug)]
pub(in crate::frames) struct Parts {
    files: Vec<FilePart>,
    /// Columns that are read, and their types.
    columns: Vec<(String, CommonType)>,
    unread: Vec<Unread>,
    index: Vec<String>,
    remarks: Vec<String>,
    /// Columns whose types are found from the values.
    untyped: Vec<String>,
}

/// Parquet files, and the types of their columns.
type ParquetParts<'a> = (Vec<Arc<ParquetFile>>, &'a [(String, CommonType)]);

#[derive(Debug)]
struct FilePart {
    opened: Opened,
    picked: Picked,
    types: Vec<DataType>,
}

impl FilePart {
    fn place(&self, name: &str) -> Option<usize> {
        self.picked.columns.iter().position(|(_, n)| n == name)
    }

    fn file(&self) -> &OpenFile {
        self.opened.file()
    }
}

impl Parts {
    /// Opens the files and finds a type for each column.
    ///
    /// # Errors
    /// [`Error::Read`] if one cannot be read, lacks a column of the first, or has a column of a type that cannot be
    /// brought together with that of the first without loss.
    pub(in crate::frames) fn open(paths: &[PathBuf], options: &Reading, wanted: &Wanted) -> Result<Self> {
        let open = |path: &PathBuf| -> Result<FilePart> {
            let opened = Opened::open(path, options)?;
            let picked = Picked::of(&opened.offered(), wanted, &opened.index());
            let types = picked.columns.iter().map(|(place, name)| opened.dtype(*place, name)).collect::<Result<_>>()?;
            Ok(FilePart { opened, picked, types })
        };
        let files = paths.iter().map(open).collect::<Result<Vec<FilePart>>>()?;
        if let (Some(first), false) = (files.first(), files.iter().any(|part| part.opened.untyped())) {
            options.is_of_csv(&shown_path(first))?;
        }
        let mut parts = Self {
            files,
            columns: Vec::new(),
            unread: Vec::new(),
            index: Vec::new(),
            remarks: Vec::new(),
            untyped: Vec::new(),
        };
        parts.join_columns(wanted)?;
        Ok(parts)
    }

    fn join_columns(&mut self, wanted: &Wanted) -> Result<()> {
        let Some(first) = self.files.first() else { return Ok(()) };
        let (mut unread, mut columns) = (first.picked.unread.clone(), Vec::new());
        let mut remarks = first.picked.remarks.clone();
        // Columns that some part cannot give, with the reason.
        for part in self.files.iter().skip(1) {
            for u in &part.picked.unread {
                if !unread.iter().any(|known| known.name == u.name) {
                    unread.push(u.clone());
                }
            }
        }
        let names = |part: &FilePart| part.picked.columns.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>();
        let all: Vec<String> = names(first).into_iter().filter(|n| !unread.iter().any(|u| u.name == *n)).collect();
        for part in self.files.iter().skip(1) {
            let has = names(part);
            let lacks = all.iter().find(|name| !has.contains(name));
            let adds = has.iter().find(|name| !all.contains(name) && !unread.iter().any(|u| u.name == **name));
            let problem = match (lacks, adds) {
                (Some(name), _) => format!("column '{name}' of {} is missing", shown_path(first)),
                (None, Some(name)) => format!("column '{name}' is not in {}", shown_path(first)),
                (None, None) => continue,
            };
            return Err(part.file().failed(format!(
                "its columns differ from the other files: {problem}; list the columns to use in fields="
            )));
        }
        for name in all {
            let types: Vec<&DataType> =
                self.files.iter().filter_map(|part| part.types.get(part.place(&name)?)).collect();
            let described = self.described(&name);
            match common_types(types.iter().copied()) {
                Some(common) => {
                    let same = types.iter().all(|t| Some(*t) == types.first().copied());
                    if !same && let Some(read_as) = shown_common(&common) {
                        remarks.push(format!("'{name}' has several types ({described}) and is read as {read_as}"));
                    }
                    if !same && common != CommonType::As(DataType::String) && shown_common(&common) == Some("text") {
                        self.untyped.push(name.clone());
                    }
                    columns.push((name, common));
                }
                None if wanted.names(&name) => {
                    let path = self.files.first().map(|part| part.file().path().to_owned()).unwrap_or_default();
                    let reason = format!(
                        "column '{name}' has types that cannot be combined ({described}); write it with one type"
                    );
                    return Err(Error::Read { path, reason, missing: false });
                }
                None => {
                    let why = Some(format!("its types cannot be combined ({described})"));
                    unread.push(Unread { name, dtype: "several types".into(), why });
                }
            }
        }
        let index = |name: &String| self.files.iter().any(|part| part.picked.index.contains(name));
        self.index = columns.iter().map(|(name, _)| name.clone()).filter(index).collect();
        remarks.extend(unread_remark(&unread));
        if self.files.len() > 1 {
            remarks.push(format!("{} files", self.files.len()));
        }
        (self.columns, self.unread, self.remarks) = (columns, unread, remarks);
        Ok(())
    }

    /// The types of a column and the first file with each.
    fn described(&self, name: &str) -> String {
        let mut seen: Vec<(&DataType, String)> = Vec::new();
        for part in &self.files {
            if let Some(dtype) = part.place(name).and_then(|i| part.types.get(i))
                && !seen.iter().any(|(t, _)| *t == dtype)
            {
                seen.push((dtype, shown_path(part)));
            }
        }
        seen.iter().map(|(dtype, path)| format!("{dtype} in {path}")).collect::<Vec<_>>().join(", ")
    }

    /// A table of these parts without its rows: `frame` is filled in.
    fn table(&self, name: &str, frame: DataFrame) -> Table {
        Table {
            unread: self.unread.clone(),
            index: self.index.clone(),
            remarks: self.remarks.clone(),
            texts: self.untyped.clone(),
            untyped: self.files.iter().any(|part| part.opened.untyped()),
            ..Table::new(name, frame)
        }
    }

    /// All rows of all files.
    ///
    /// # Errors
    /// [`Error::Read`] if one is damaged.
    pub(in crate::frames) fn read(&self, name: &str) -> Result<Table> {
        if let [part] = self.files.as_slice() {
            let read = part.opened.read(name, &part.picked)?;
            let mut remarks = self.remarks.clone();
            remarks.extend(read.remarks.iter().cloned());
            return Ok(Table { coded: read.coded, remarks, ..self.table(name, read.frame) });
        }
        let mut all: Option<DataFrame> = None;
        let mut remarks = self.remarks.clone();
        let stop = Stop::here();
        for part in &self.files {
            stop.check()?;
            let failed = |e: PolarsError| part.file().failed(e);
            let read = part.opened.read(name, &part.picked)?;
            let rows = read.rows();
            remarks.extend(read.remarks.iter().cloned());
            let read = read.plain().map_err(failed)?;
            let columns = self.columns.iter().map(|(name, common)| {
                let column = read.frame.column(name).map_err(failed)?;
                Ok(convert(column.as_materialized_series(), common).map_err(failed)?.into_column())
            });
            let frame = DataFrame::new(rows, columns.collect::<Result<_>>()?).map_err(failed)?;
            match &mut all {
                None => all = Some(frame),
                Some(whole) => drop(whole.vstack_mut(&frame).map_err(failed)?),
            }
        }
        Ok(Table { remarks, ..self.table(name, all.unwrap_or_default()) })
    }

    /// The files as Parquet files that can be read group by group, and the types of their columns; `None` if they
    /// must be read as a whole.
    pub(in crate::frames) fn groups(&self) -> Option<ParquetParts<'_>> {
        let files = self.files.iter().map(|part| match &part.opened {
            Opened::Parquet(file) => Some(Arc::clone(file)),
            _ => None,
        });
        Some((files.collect::<Option<_>>()?, self.columns.as_slice()))
    }

    /// The table without its rows.
    ///
    /// # Errors
    /// [`Error::Read`] if the types of a file cannot be made.
    pub(in crate::frames) fn head(&self, name: &str) -> Result<Table> {
        let columns =
            self.columns.iter().map(|(name, common)| Column::new_empty(name.as_str().into(), &common.dtype()));
        let frame = DataFrame::new(0, columns.collect());
        let failed = |e: PolarsError| Error::schema(name, None, e.to_string());
        Ok(self.table(name, frame.map_err(failed)?))
    }

    /// Refuses files that were replaced or changed while they were read.
    ///
    /// # Errors
    /// [`Error::Read`] naming the first.
    pub(in crate::frames) fn unchanged(&self) -> Result<()> {
        self.files.iter().try_for_each(|part| part.file().unchanged())
    }
}

fn shown_path(part: &FilePart) -> String {
    shown(&part.file().path().to_string_lossy())
}

/// What a column of several types is read as, if that is worth a word.
fn shown_common(common: &CommonType) -> Option<&'static str> {
    match common {
        CommonType::Untyped | CommonType::As(DataType::String) => Some("text"),
        CommonType::As(_) => None,
    }
}
