//! `where`: which rows of a table count.

use std::collections::BTreeSet;

use polars::prelude::DataType;

use crate::config::{Common, DayMeans};
use crate::error::{Error, Result};
use crate::frames::columns::text::TextColumn;
use crate::frames::columns::time::{Decided, TimeCell, TimeReader};
use crate::frames::files::chunked_table::Source;
use crate::frames::files::table::Table;
use crate::schema::{
    ComparedKind, Predicate, PredicateBuilder, TestedValue, ValueForm, compared_number, has_sign, texts_with_signs,
};
use crate::time::Zone;

/// The conditions of a table, made ready.
pub(in crate::frames) struct Filter<'a> {
    common: &'a Common,
    /// Zone of times without an offset.
    zone: &'a Zone,
    tests: Vec<ColumnTest<'a>>,
}

struct ColumnTest<'a> {
    column: &'a String,
    test: Predicate,
    /// How cells are read as times, if the condition has any.
    times: Option<TimeCells>,
}

/// How the cells of a column are read as times.
struct TimeCells {
    /// The column without its rows.
    head: Table,
    common: Common,
    decided: Decided,
}

impl TimeCells {
    fn reader<'t>(&'t self, zone: &'t Zone) -> TimeReader<'t> {
        TimeReader { table: &self.head, common: &self.common, zone, day: DayMeans::Start }
    }
}

impl<'a> Filter<'a> {
    /// The conditions of a table that is read whole. Times without an offset are read in `zone`, unless the table says its own.
    pub(in crate::frames) fn of(table: &Table, common: &'a Common, zone: &'a Zone) -> Result<Self> {
        Self::new(common, zone, table, |_| Ok(table.clone()))
    }

    /// The conditions of a table that is read part by part. Columns with a pattern, a comparison or a time are read first: a text that
    /// occurs in them means itself, and how times are written is a matter of the whole column.
    pub(in crate::frames) fn of_source(source: &Source, common: &'a Common, zone: &'a Zone) -> Result<Self> {
        Self::new(common, zone, &source.head, |columns| source.columns(columns))
    }

    fn new(common: &'a Common, zone: &'a Zone, head: &Table, whole: impl Fn(&[&str]) -> Result<Table>) -> Result<Self> {
        let own_zone = common.own_zone()?;
        let mut tests = Vec::new();
        for (column, condition) in &common.filter {
            let kind = kind_of(&head.dtype(column)?, common);
            let mut literal = BTreeSet::new();
            if kind == ComparedKind::Texts {
                texts_with_signs(condition, &mut literal);
            }
            if !literal.is_empty() {
                literal = occurring(&whole(&[column])?, column, common, &literal)?;
            }
            let fault = |what: &str, remedy: &str| mismatch(head, column, what, remedy);
            let zone_of_table = own_zone.as_ref().unwrap_or(zone);
            let builder = PredicateBuilder { literal: &literal, kind, zone: zone_of_table, mismatch: &fault };
            let test = builder.build(condition)?;
            if kind == ComparedKind::Texts && test.is_of_numbers() {
                check_numbers(&whole(&[column])?, column, common)?;
            }
            if let (ComparedKind::Numbers { .. }, Some(b)) = (kind, test.boolean()) {
                check_booleans(&whole(&[column])?, column, common, b)?;
            }
            let times = match test.times() {
                None => None,
                Some(strict) => {
                    let columns = [Some(column), common.timezone_column.as_ref().filter(|zones| *zones != column)];
                    let columns: Vec<&str> = columns.into_iter().flatten().map(String::as_str).collect();
                    read_as_times(&whole(&columns)?, column, common, zone, strict)?
                }
            };
            tests.push(ColumnTest { column, test, times });
        }
        Ok(Self { common, zone, tests })
    }

    /// One flag per row of the table, or of a part of it: whether all conditions hold.
    pub(in crate::frames) fn keep(&self, table: &Table) -> Result<Vec<bool>> {
        let mut flags = vec![true; table.rows()];
        for ColumnTest { column, test, times } in &self.tests {
            let times = times.as_ref().map(|t| t.reader(self.zone).read_part(table, column, &t.decided)).transpose()?;
            TextColumn::values(table, column, self.common)?.each(|row, text| {
                let Some(flag) = flags.get_mut(row).filter(|flag| **flag) else { return };
                let at = match times.as_ref().map(|times| times.cell(row)) {
                    Some(TimeCell::At(at)) => Some(at),
                    _ => None,
                };
                let is_day = times.as_ref().filter(|times| times.days.is_day(row));
                let day = is_day.zip(at).and_then(|(times, at)| times.days.dates.get(&at).copied());
                *flag = test.holds(&TestedValue { form: text.map_or(ValueForm::Missing, ValueForm::Text), at, day });
            });
        }
        Ok(flags)
    }
}

/// One flag per row of a table that is read whole: whether all conditions hold.
pub(in crate::frames) fn keep(table: &Table, common: &Common, zone: &Zone) -> Result<Vec<bool>> {
    Filter::of(table, common, zone)?.keep(table)
}

/// What the cells of a column can be compared with.
fn kind_of(kind: &DataType, common: &Common) -> ComparedKind {
    match kind {
        DataType::Date | DataType::Datetime(..) => ComparedKind::Times,
        DataType::Boolean => ComparedKind::Booleans,
        t if t.is_primitive_numeric() || t.is_decimal() => {
            ComparedKind::Numbers { times: common.unit.is_some() || common.time_format.is_some(), floats: t.is_float() }
        }
        _ => ComparedKind::Texts,
    }
}

/// The texts with signs that occur in a column.
fn occurring(table: &Table, column: &str, common: &Common, signs: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut last = String::new();
    TextColumn::values(table, column, common)?.each(|_, text| match text {
        Some(text) if has_sign(text) && last != text && signs.contains(text) => {
            text.clone_into(&mut last);
            found.insert(last.clone());
        }
        _ => {}
    });
    Ok(found)
}

/// Refuses a column of texts that is compared with numbers, and has none.
fn check_numbers(table: &Table, column: &str, common: &Common) -> Result<()> {
    let (mut some, mut other) = (false, None);
    TextColumn::values(table, column, common)?.each(|_, text| match text {
        Some(text) if !some => match compared_number(text) {
            Some(_) => some = true,
            None if other.is_none() => other = Some(text.to_owned()),
            None => {}
        },
        _ => {}
    });
    match other.filter(|_| !some) {
        None => Ok(()),
        Some(other) => {
            let remedy = format!(
                "none of its values is a number (first: '{other}'); compare it with a text, or set decimal= or thousands="
            );
            Err(mismatch(table, column, "a number", &remedy))
        }
    }
}

/// Refuses a column of numbers that is compared with a boolean, and has values other than 0 and 1.
fn check_booleans(table: &Table, column: &str, common: &Common, b: bool) -> Result<()> {
    let mut other = None;
    TextColumn::values(table, column, common)?.each(|_, text| match text {
        Some(text) if other.is_none() && compared_number(text).is_none_or(|x| x != 0.0 && x != 1.0) => {
            other = Some(text.to_owned());
        }
        _ => {}
    });
    match other {
        None => Ok(()),
        Some(other) => {
            let remedy = format!("it has values other than 0 and 1 (first: {other}); compare it with a number");
            Err(mismatch(table, column, &b.to_string(), &remedy))
        }
    }
}

/// How the cells of a column are read as times; none if they are not, unless they must be.
fn read_as_times(table: &Table, column: &str, common: &Common, zone: &Zone, strict: bool) -> Result<Option<TimeCells>> {
    // Days are compared as days, independent of `day=`.
    let stated = Common { day: None, ..common.clone() };
    // This column can have another unit and format than the table's other times.
    let plain = Common { unit: None, time_format: None, ..stated.clone() };
    let decide = |common: Common| {
        let reader = TimeReader { table, common: &common, zone, day: DayMeans::Start };
        let decided = reader.decide(column, &[()], |()| Ok(table.clone()))?;
        // Says so if no cell is a time.
        reader.read(column)?;
        Ok((common, decided))
    };
    let decided = decide(stated).or_else(|e| decide(plain).map_err(|_| e));
    match decided {
        Ok((common, decided)) => {
            let mut head = table.slice(0, 0);
            head.remarks.clear();
            Ok(Some(TimeCells { head, common, decided }))
        }
        Err(Error::Schema { violations }) if strict => {
            let why: Vec<String> = violations.into_iter().map(|violation| violation.problem).collect();
            Err(mismatch(table, column, "a time", &why.join("; ")))
        }
        Err(e) if strict => Err(e),
        Err(_) => Ok(None),
    }
}

/// A comparison that cannot be meant.
fn mismatch(table: &Table, column: &str, what: &str, remedy: &str) -> Error {
    let kind = match table.dtype(column) {
        Ok(kind) if table.untyped && kind == DataType::String => "text".to_owned(),
        Ok(DataType::String | DataType::Categorical(..) | DataType::Enum(..)) => "text".to_owned(),
        Ok(kind) => kind.to_string(),
        Err(_) => "unknown".to_owned(),
    };
    let problem = format!("where= compares it with {what}, but its type is {kind}; {remedy}");
    Error::schema(&table.name, Some(column), problem)
}
