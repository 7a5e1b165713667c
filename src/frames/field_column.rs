//! Columns as fields: numbers, truth values and texts as categories, times.

use std::sync::Arc;

use polars::prelude::DataType;

use super::cells::{Texts, numbers};
use super::config::{Common, DayMeans};
use super::table::Table;
use super::times::{TimeCell, TimeReader};
use crate::design::{Column, is_exact, number_of};
use crate::error::Result;
use crate::journeys::{TableAudit, Texts as Ids, code_word};
use crate::time::{Detected, NO_TIME, TimeFormat, Zone, detect, parse};

/// Texts that often stand for "no value".
const PLACEHOLDERS: [&str; 12] =
    ["unknown", "select", "n/a", "na", "none", "null", "nan", "-", "?", "not available", "not set", "undefined"];

/// Reads columns of a table as fields.
#[derive(Clone, Copy)]
pub(super) struct FieldReader<'a> {
    pub(super) table: &'a Table,
    pub(super) common: &'a Common,
    pub(super) zone: &'a Zone,
    /// Fields that are categories, whatever their values look like.
    pub(super) categories: &'a [String],
    /// Whether the user named the fields, so that numbers are taken as numbers.
    pub(super) asked: bool,
}

impl FieldReader<'_> {
    /// A column as a field.
    ///
    /// A declared category is one, with the texts that its values have in any type of column. Numbers are numbers, unless
    /// they are codes: by their name (zip, phone, owner id), or because they have more digits than a float holds. Texts are
    /// categories, but for ISO times, and for the numbers of an untyped table (CSV); "007" is a text there.
    pub(super) fn column(&self, name: &str, audit: &mut TableAudit) -> Result<Column> {
        let column = if self.categories.iter().any(|c| c == name) {
            category(&self.texts(name)?)
        } else {
            match self.table.dtype(name)? {
                DataType::Date | DataType::Datetime(..) => self.times(name, self.common)?,
                t if t.is_numeric() => self.number(name, audit)?,
                DataType::String | DataType::Categorical(..) | DataType::Enum(..) => {
                    self.of_texts(name, category(&self.texts(name)?), audit)?
                }
                _ => category(&self.texts(name)?),
            }
        };
        remark_placeholders(name, &column, audit);
        Ok(column)
    }

    /// The texts of a column.
    pub(super) fn texts(&self, name: &str) -> Result<Texts> {
        Texts::of(self.table, name, &self.common.nulls)
    }

    fn number(&self, name: &str, audit: &mut TableAudit) -> Result<Column> {
        let (values, unusable) = numbers(self.table, name, self.common)?;
        audit.note(&format!("field '{name}': infinite numbers, read as missing"), unusable);
        if self.are_codes(name, &values, audit) {
            return Ok(category(&self.texts(name)?));
        }
        Ok(Column::Number(values))
    }

    /// Whether the numbers of a field are codes, which is remarked.
    pub(super) fn are_codes(&self, name: &str, values: &[f64], audit: &mut TableAudit) -> bool {
        if self.asked {
            return false;
        }
        let why = match code_word(name, values) {
            Some(word) => format!("'{word}' in its name says that its numbers are codes"),
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

    fn of_texts(&self, name: &str, column: Column, audit: &mut TableAudit) -> Result<Column> {
        let Column::Category { levels, .. } = &column else { return Ok(column) };
        if levels.is_empty() {
            return Ok(column);
        }
        let reading = &self.common.reading;
        let marks = reading.decimal.is_some() || reading.thousands.is_some();
        // A text that is a number only with other marks, such as "1.5" beside decimal=",", stays as it is written.
        let is_number = |level: &str| if marks { reading.number(level) } else { number_of(level) }.is_some();
        if self.table.is_untyped(name) && levels.iter().all(|level| is_number(level)) {
            return self.number(name, audit);
        }
        if !self.are_iso_times(levels.iter().map(String::as_str)) {
            return Ok(column);
        }
        // Format and unit of the table are those of its other times.
        self.times(name, &Common { time_format: None, unit: None, ..self.common.clone() })
    }

    fn are_iso_times<'t>(&self, texts: impl Iterator<Item = &'t str> + Clone) -> bool {
        detect(texts.clone()) == Detected::Format(TimeFormat::Iso)
            && texts.into_iter().all(|t| parse(t, &TimeFormat::Iso, self.zone).is_ok())
    }

    /// Some rows of a column of texts that several fields share, as one of them: with all values numbers it is a number,
    /// unless they are codes, or it is a declared category.
    pub(super) fn of_shared(&self, name: &str, column: &Column, rows: &[u32], audit: &mut TableAudit) -> Column {
        let own = column.take(rows);
        let Column::Category { codes, levels } = &own else { return own };
        if self.categories.iter().any(|c| c == name) {
            return own;
        }
        let texts = || codes.iter().filter_map(|code| levels.get(*code as usize));
        let numbers: Vec<f64> = levels.iter().map(|level| number_of(level).unwrap_or(f64::NAN)).collect();
        let value = |code: &u32| numbers.get(*code as usize).copied().unwrap_or(f64::NAN);
        if texts().next().is_some() && texts().all(|text| number_of(text).is_some()) {
            let values: Vec<f64> = codes.iter().map(value).collect();
            return if self.are_codes(name, &values, audit) { own } else { Column::Number(values) };
        }
        own
    }
}

/// Texts as a category.
pub(super) fn category(texts: &Texts) -> Column {
    let mut levels = Ids::new();
    let codes = texts.intern(&mut levels);
    Column::Category { codes, levels: levels.iter().map(str::to_owned).collect::<Arc<[String]>>() }
}

fn remark_placeholders(name: &str, column: &Column, audit: &mut TableAudit) {
    let Column::Category { codes, levels } = column else { return };
    for (code, level) in levels.iter().enumerate() {
        if PLACEHOLDERS.contains(&level.to_lowercase().as_str()) {
            let rows = codes.iter().filter(|c| **c as usize == code).count();
            audit.remarks.push(format!("field '{name}': {rows} say '{level}'; add it to nulls= if it means no value"));
        }
    }
}
