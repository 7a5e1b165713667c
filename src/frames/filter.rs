//! `where`: which rows of a table count.

use std::collections::BTreeSet;

use super::cells::Texts;
use super::config::{Common, Condition};
use super::source::Source;
use super::table::Table;
use crate::design::{Value, is_pattern};
use crate::error::{Error, Result};

/// The conditions of a table, made ready.
pub(super) struct Filter<'a> {
    common: &'a Common,
    tests: Vec<(&'a String, Test)>,
}

impl<'a> Filter<'a> {
    /// Those of a table that is read whole.
    pub(super) fn of(table: &Table, common: &'a Common) -> Result<Self> {
        Self::new(common, |_| Ok(table.clone()))
    }

    /// Those of a table that is read part by part. Columns with a pattern are read first: a text that occurs in them is no
    /// pattern.
    pub(super) fn of_source(source: &Source, common: &'a Common) -> Result<Self> {
        Self::new(common, |column| source.column(column))
    }

    fn new(common: &'a Common, whole: impl Fn(&str) -> Result<Table>) -> Result<Self> {
        let mut tests = Vec::new();
        for (column, condition) in &common.filter {
            let mut literal = BTreeSet::new();
            patterns(condition, &mut literal);
            if !literal.is_empty() {
                let mut found = BTreeSet::new();
                let mut last = String::new();
                Texts::of(&whole(column)?, column, &common.nulls)?.each(|_, text| match text {
                    Some(text) if is_pattern(text) && last != text && literal.contains(text) => {
                        text.clone_into(&mut last);
                        found.insert(last.clone());
                    }
                    _ => {}
                });
                literal = found;
            }
            tests.push((column, Test::new(condition, &literal)?));
        }
        Ok(Self { common, tests })
    }

    /// One flag per row of the table, or of a part of it: whether all conditions hold.
    pub(super) fn keep(&self, table: &Table) -> Result<Vec<bool>> {
        let mut flags = vec![true; table.rows()];
        for (column, test) in &self.tests {
            Texts::of(table, column, &self.common.nulls)?.each(|row, text| {
                if let Some(flag) = flags.get_mut(row) {
                    *flag &= test.holds(text);
                }
            });
        }
        Ok(flags)
    }
}

/// One flag per row of a table that is read whole: whether all conditions hold.
pub(super) fn keep(table: &Table, common: &Common) -> Result<Vec<bool>> {
    Filter::of(table, common)?.keep(table)
}

/// The texts with wildcards in a condition.
fn patterns(condition: &Condition, found: &mut BTreeSet<String>) {
    match condition {
        Condition::Text(text) if is_pattern(text) => {
            found.insert(text.clone());
        }
        Condition::Any(all) | Condition::All { all } => all.iter().for_each(|one| patterns(one, found)),
        Condition::Not { not } => patterns(not, found),
        _ => {}
    }
}

/// `**` means what `*` means.
fn single_stars(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c != '*' || !out.ends_with('*') {
            out.push(c);
        }
    }
    out
}

/// A condition on the text of a cell, in the one form that it has in every type of column.
enum Test {
    Null,
    Value(Value),
    Glob(glob::Pattern),
    Any(Vec<Test>),
    All(Vec<Test>),
    Not(Box<Test>),
}

impl Test {
    /// `literal` are the texts with wildcards that occur, so that they mean themselves.
    fn new(condition: &Condition, literal: &BTreeSet<String>) -> Result<Self> {
        Ok(match condition {
            Condition::Null(()) | Condition::IsNull { null: true } => Self::Null,
            Condition::IsNull { null: false } => Self::Not(Box::new(Self::Null)),
            Condition::Bool(b) => Self::Value(Value::Bool(*b)),
            Condition::Integer(whole) => Self::Value(Value::Integer(i128::from(*whole))),
            Condition::Number(x) => Self::Value(Value::number(*x)),
            Condition::Text(t) if is_pattern(t) && !literal.contains(t) => Self::Glob(
                // Brackets mean themselves.
                glob::Pattern::new(&single_stars(t).replace('[', "[[]"))
                    .map_err(|e| Error::option("where", format!("'{t}': {e}")))?,
            ),
            Condition::Text(t) => Self::Value(Value::text(t)),
            Condition::Any(all) => Self::Any(all.iter().map(|c| Self::new(c, literal)).collect::<Result<_>>()?),
            Condition::All { all } => Self::All(all.iter().map(|c| Self::new(c, literal)).collect::<Result<_>>()?),
            Condition::Not { not } => Self::Not(Box::new(Self::new(not, literal)?)),
        })
    }

    fn holds(&self, text: Option<&str>) -> bool {
        match (self, text) {
            (Self::Not(test), _) => !test.holds(text),
            (Self::Any(tests), _) => tests.iter().any(|t| t.holds(text)),
            (Self::All(tests), _) => tests.iter().all(|t| t.holds(text)),
            (Self::Null, t) => t.is_none(),
            (_, None) => false,
            (Self::Value(value), Some(t)) => value.is(t),
            (Self::Glob(pattern), Some(t)) => pattern.matches(t),
        }
    }
}
