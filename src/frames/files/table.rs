//! A table in memory.

use polars::prelude::*;

use crate::error::{Error, Result, Violation, nearest};
use crate::frames::columns::dictionary::{Cells, Coded};
use crate::frames::files::{Picked, Unread};

/// A table with a name.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name shown to users.
    pub name: String,
    /// Its rows.
    pub frame: DataFrame,
    /// Columns of texts as the codes that a file has; the frame has nothing in their place.
    pub(in crate::frames) coded: Vec<(String, Coded)>,
    /// True if cells are untyped texts (CSV) and types are inferred from the values.
    pub untyped: bool,
    /// Text columns whose types are inferred from the values as in an untyped table, because parts differ in type.
    pub(in crate::frames) texts: Vec<String>,
    /// Columns that were not read: no role names them, or they have types that no role can use.
    pub unread: Vec<Unread>,
    /// Columns that are the index of a pandas frame: no fields.
    pub index: Vec<String>,
    /// Remarks on how it was read.
    pub remarks: Vec<String>,
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
            texts: Vec::new(),
            unread: Vec::new(),
            index: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// A table in memory of the columns that were picked.
    ///
    /// # Errors
    /// [`Error::Schema`] if the columns differ in length.
    pub fn of_columns(name: &str, rows: usize, columns: Vec<Column>, picked: Picked) -> Result<Self> {
        let frame = DataFrame::new(rows, columns).map_err(|e| Error::schema(name, None, e.to_string()))?;
        let mut remarks = picked.remarks;
        remarks.extend(crate::frames::files::unread_remark(&picked.unread));
        Ok(Self { unread: picked.unread, index: picked.index, remarks, ..Self::new(name, frame) })
    }

    /// A table of `rows` rows with these columns.
    pub(in crate::frames) fn of_cells(name: &str, rows: usize, cells: Vec<(String, Cells)>) -> PolarsResult<Self> {
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
    pub(in crate::frames) fn slice(&self, start: usize, len: usize) -> Self {
        let coded = self.coded.iter().map(|(name, texts)| (name.clone(), texts.slice(start, len))).collect();
        Self { frame: self.frame.slice(start as i64, len), coded, ..self.clone() }
    }

    /// The table with all texts in its frame.
    pub(in crate::frames) fn plain(mut self) -> PolarsResult<Self> {
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
    pub(in crate::frames) fn coded(&self, name: &str) -> Option<&Coded> {
        self.coded.iter().find(|(n, _)| n == name).map(|(_, coded)| coded)
    }

    /// Type of the column called `name`.
    ///
    /// # Errors
    /// As [`Table::column`].
    pub(in crate::frames) fn dtype(&self, name: &str) -> Result<DataType> {
        if self.coded(name).is_some() { Ok(DataType::String) } else { Ok(self.column(name)?.dtype().clone()) }
    }

    /// Names of all columns.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.frame.get_column_names().iter().map(ToString::to_string).collect()
    }

    /// Names of the columns that can be fields: all but the index of a pandas frame.
    #[must_use]
    pub fn field_names(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| !self.index.contains(name)).collect()
    }

    /// True if the type of a column of texts is found from the values.
    pub(in crate::frames) fn is_untyped(&self, name: &str) -> bool {
        self.untyped || self.texts.iter().any(|n| n == name)
    }

    /// Finds the column of row numbers that pandas writes as the first of a CSV file, without a name.
    fn find_index(&mut self) {
        const NAMES: [&str; 2] = ["Unnamed: 0", ""];
        let names = self.names();
        let Some(first) = names.first().filter(|name| NAMES.contains(&name.as_str())) else { return };
        let Ok(column) = self.column(first) else { return };
        let numbers = match column.dtype() {
            DataType::String => column.str().ok().map(|t| t.iter().map(|t| t?.parse().ok()).collect::<Vec<_>>()),
            t if t.is_integer() => {
                column.cast(&DataType::Int64).ok().and_then(|c| Some(c.i64().ok()?.iter().collect()))
            }
            _ => None,
        };
        // The index of a slice of a frame has gaps.
        let numbers: Option<Vec<i64>> = numbers.and_then(|numbers| numbers.into_iter().collect());
        if numbers.is_some_and(|n| n.first().is_none_or(|first| *first >= 0) && n.is_sorted_by(|a, b| a < b)) {
            self.index.push(first.clone());
        }
    }

    pub(in crate::frames) fn tell_index(&mut self) {
        self.find_index();
        self.remarks.extend(self.index.iter().map(|name| {
            format!("'{name}' is the index of a pandas frame and is not used as a field; list it in fields= to use it")
        }));
    }

    pub(in crate::frames) fn missing(&self, name: &str) -> Violation {
        if let Some(Unread { why: Some(problem), .. }) = self.unread.iter().find(|u| u.name == name) {
            return Violation { table: self.name.clone(), column: Some(name.to_owned()), problem: problem.clone() };
        }
        let mut names = self.names();
        names.extend(self.unread.iter().map(|u| u.name.clone()));
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("column not found; did you mean '{near}'?"),
            None if names.len() <= 30 => format!("column not found; the table has {}", names.join(", ")),
            None => format!("column not found; the table has {}", names.len()),
        };
        Violation { table: self.name.clone(), column: Some(name.to_owned()), problem: hint }
    }

    /// Lists every one of `columns` that the table does not have.
    pub(in crate::frames) fn check<'a>(&self, columns: impl IntoIterator<Item = &'a String>) -> Vec<Violation> {
        // A column that no role uses only needs to be there.
        let unused = self.unread.iter().filter(|u| u.why.is_none()).map(|u| u.name.clone());
        let known: std::collections::HashSet<String> = self.names().into_iter().chain(unused).collect();
        let mut named = std::collections::BTreeSet::new();
        columns.into_iter().filter(|c| !known.contains(*c) && named.insert(*c)).map(|c| self.missing(c)).collect()
    }
}
