//! Columns as fields: numbers, booleans and texts as categories, times.

use std::collections::HashSet;
use std::sync::Arc;

use polars::prelude::DataType;

use crate::config::{Common, DayMeans};
use crate::counted::counted;
use crate::error::Result;
use crate::frames::columns::text::{TextColumn, is_text, numbers};
use crate::frames::columns::time::{TimeCell, TimeReader};
use crate::frames::files::table::Table;
use crate::journeys::{StringTable as Ids, TableCheck, code_word};
use crate::schema::{Column, NONE, is_exact, number_of};
use crate::time::{Detected, NO_TIME, TimeFormat, Zone, detect, parse};

/// Texts that often stand for "no value".
const PLACEHOLDERS: [&str; 12] =
    ["unknown", "select", "n/a", "na", "none", "null", "nan", "-", "?", "not available", "not set", "undefined"];

/// What the levels of a column of texts are as numbers.
#[derive(Default)]
pub(in crate::frames) struct NumberCells {
    /// NaN for the others.
    values: Vec<f64>,
    /// Whether some have the marks that the user named, and so are numbers in any kind of table.
    marked: bool,
}

/// Reads columns of a table as fields.
#[derive(Clone, Copy)]
pub(in crate::frames) struct FieldReader<'a> {
    pub(in crate::frames) table: &'a Table,
    pub(in crate::frames) common: &'a Common,
    pub(in crate::frames) zone: &'a Zone,
    /// Fields to read as categories even if their values look like numbers.
    pub(in crate::frames) categories: &'a [String],
    /// Whether the user named the fields, so that numbers are taken as numbers.
    pub(in crate::frames) asked: bool,
}

impl FieldReader<'_> {
    /// A column as a field.
    ///
    /// A declared category is one, with the texts that its values have in any type of column. Numbers are numbers, unless
    /// they are codes: by their name (zip, phone, owner id), or because they have more digits than a float holds. Texts are
    /// categories, but for ISO times, and for the numbers of an untyped table (CSV) or with the marks that the user named;
    /// "007" is a text there.
    pub(in crate::frames) fn column(&self, name: &str, audit: &mut TableCheck) -> Result<Column> {
        let column = if self.categories.iter().any(|c| c == name) {
            category(&self.texts(name)?)
        } else {
            match self.table.dtype(name)? {
                DataType::Date | DataType::Datetime(..) => self.times(name, self.common)?,
                t if t.is_numeric() => self.number(name, audit)?,
                t if is_text(&t) => self.of_texts(name, category(&self.texts(name)?), audit)?,
                _ => category(&self.texts(name)?),
            }
        };
        remark_placeholders(name, &column, audit);
        Ok(column)
    }

    /// The texts of a column.
    pub(in crate::frames) fn texts(&self, name: &str) -> Result<TextColumn> {
        TextColumn::values(self.table, name, self.common)
    }

    fn number(&self, name: &str, audit: &mut TableCheck) -> Result<Column> {
        let (values, unusable) = numbers(self.table, name, self.common)?;
        audit.note(&format!("field '{name}': infinite values; read as missing"), unusable.rows);
        if self.are_codes(name, &values, audit) {
            return Ok(category(&self.texts(name)?));
        }
        Ok(Column::Number(values))
    }

    /// Whether the numbers of a field are codes, which is remarked.
    pub(in crate::frames) fn are_codes(&self, name: &str, values: &[f64], audit: &mut TableCheck) -> bool {
        if self.asked {
            return false;
        }
        let why = match code_word(name, values) {
            Some(word) => format!("'{word}' in its name suggests that its numbers are codes"),
            None if values.iter().any(|x| !x.is_nan() && !is_exact(*x)) => {
                "its numbers have more than 15 digits".into()
            }
            None => return false,
        };
        audit
            .remarks
            .push(format!("field '{name}' is read as a category: {why}; name it in fields= to use it as a number"));
        true
    }

    fn times(&self, name: &str, common: &Common) -> Result<Column> {
        let reader = TimeReader { table: self.table, common, zone: self.zone, day: DayMeans::Start };
        let time = |cell: TimeCell| match cell {
            TimeCell::At(t) => t,
            _ => NO_TIME,
        };
        Ok(Column::Time(reader.read(name)?.0.cells().map(time).collect()))
    }

    fn of_texts(&self, name: &str, column: Column, audit: &mut TableCheck) -> Result<Column> {
        let Column::Category { levels, .. } = &column else { return Ok(column) };
        if levels.is_empty() {
            return Ok(column);
        }
        let numbers = self.numbers_of(name, levels)?;
        if (self.table.is_untyped(name) || numbers.marked) && numbers.values.iter().all(|x| !x.is_nan()) {
            return self.number(name, audit);
        }
        if !self.are_iso_times(levels.iter().map(String::as_str)) {
            return Ok(column);
        }
        // Format and unit of the table apply to its other times.
        self.times(name, &Common { time_format: None, unit: None, ..self.common.clone() })
    }

    /// The numbers that the levels of a column of texts are, NaN for the others.
    pub(in crate::frames) fn numbers_of(&self, name: &str, levels: &[String]) -> Result<NumberCells> {
        let reading = &self.common.reading;
        let (mut others, mut marked) = (HashSet::new(), false);
        if reading.has_marks() && is_text(&self.table.dtype(name)?) {
            let mut look = |text: &str| match reading.value(text) {
                Some(x) => marked |= number_of(text) != Some(x),
                // With decimal="," "1.5" is a text, although its canonical form looks like a number.
                None => {
                    others.insert(text.to_owned());
                }
            };
            TextColumn::as_written(self.table, name, &self.common.nulls)?.each_read(|text| look(text), |_, _| {});
        }
        let number = |level: &String| number_of(level).filter(|_| !others.contains(level)).unwrap_or(f64::NAN);
        Ok(NumberCells { values: levels.iter().map(number).collect(), marked })
    }

    fn are_iso_times<'t>(&self, texts: impl Iterator<Item = &'t str> + Clone) -> bool {
        detect(texts.clone()) == Detected::Format(TimeFormat::Iso)
            && texts.into_iter().all(|t| parse(t, &TimeFormat::Iso, self.zone).is_ok())
    }

    /// Some rows of a column of texts that several fields share, as one of them: with all values numbers it is a number,
    /// unless they are codes, or it is a declared category.
    pub(in crate::frames) fn of_shared(
        &self,
        name: &str,
        column: &Column,
        numbers: &NumberCells,
        rows: &[u32],
        audit: &mut TableCheck,
    ) -> Column {
        let own = column.take(rows);
        let Column::Category { codes, .. } = &own else { return own };
        if self.categories.iter().any(|c| c == name) {
            return own;
        }
        let known = || codes.iter().filter(|code| **code != NONE);
        let value = |code: &u32| numbers.values.get(*code as usize).copied().unwrap_or(f64::NAN);
        if known().next().is_some() && known().all(|code| !value(code).is_nan()) {
            let values: Vec<f64> = codes.iter().map(value).collect();
            return if self.are_codes(name, &values, audit) { own } else { Column::Number(values) };
        }
        own
    }
}

/// Texts as a category.
pub(in crate::frames) fn category(texts: &TextColumn) -> Column {
    let mut levels = Ids::new();
    let codes = texts.intern(&mut levels);
    Column::Category { codes, levels: levels.iter().map(str::to_owned).collect::<Arc<[String]>>() }
}

fn remark_placeholders(name: &str, column: &Column, audit: &mut TableCheck) {
    let Column::Category { codes, levels } = column else { return };
    for (code, level) in levels.iter().enumerate() {
        if PLACEHOLDERS.contains(&level.to_lowercase().as_str()) {
            let rows = codes.iter().filter(|c| **c as usize == code).count();
            audit.remarks.push(format!(
                "field '{name}' is '{level}' in {}; add it to nulls= if it stands for a missing value",
                counted(rows, "row", "rows")
            ));
        }
    }
}
