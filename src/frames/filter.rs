//! `where`: which rows of a table count.

use std::collections::BTreeSet;

use super::cells::Texts;
use super::config::{Common, Condition};
use super::source::Source;
use super::table::Table;
use crate::design::{Comparison, Value, is_pattern, number_of};
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

    /// Those of a table that is read part by part. Columns with a pattern or a comparison are read first: a text that occurs
    /// in them means itself.
    pub(super) fn of_source(source: &Source, common: &'a Common) -> Result<Self> {
        Self::new(common, |column| source.column(column))
    }

    fn new(common: &'a Common, whole: impl Fn(&str) -> Result<Table>) -> Result<Self> {
        let mut tests = Vec::new();
        for (column, condition) in &common.filter {
            let mut literal = BTreeSet::new();
            with_signs(condition, &mut literal);
            if !literal.is_empty() {
                let mut found = BTreeSet::new();
                let mut last = String::new();
                Texts::values(&whole(column)?, column, common)?.each(|_, text| match text {
                    Some(text) if has_sign(text) && last != text && literal.contains(text) => {
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
            Texts::values(table, column, self.common)?.each(|row, text| {
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

/// Whether a text can mean something else than itself: a pattern, or a comparison.
fn has_sign(text: &str) -> bool {
    is_pattern(text) || text.starts_with(['<', '>', '=', '!'])
}

/// The texts in a condition that can mean something else than themselves.
fn with_signs(condition: &Condition, found: &mut BTreeSet<String>) {
    match condition {
        Condition::Text(text) if has_sign(text) => {
            found.insert(text.clone());
        }
        Condition::Any(all) | Condition::All { all } => all.iter().for_each(|one| with_signs(one, found)),
        Condition::Not { not } => with_signs(not, found),
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
    Number(Comparison, f64),
    Any(Vec<Test>),
    All(Vec<Test>),
    Not(Box<Test>),
}

impl Test {
    /// `literal` are the texts with signs that occur, so that they mean themselves.
    fn new(condition: &Condition, literal: &BTreeSet<String>) -> Result<Self> {
        Ok(match condition {
            Condition::Null(()) | Condition::IsNull { null: true } => Self::Null,
            Condition::IsNull { null: false } => Self::Not(Box::new(Self::Null)),
            Condition::Bool(b) => Self::Value(Value::Bool(*b)),
            Condition::Integer(whole) => Self::Value(Value::Integer(i128::from(*whole))),
            Condition::Number(x) => Self::Value(Value::number(*x)),
            Condition::Text(t) if literal.contains(t) => Self::Value(Value::text(t)),
            Condition::Text(t) => Self::of_text(t)?,
            Condition::Any(all) => Self::Any(all.iter().map(|c| Self::new(c, literal)).collect::<Result<_>>()?),
            Condition::All { all } => Self::All(all.iter().map(|c| Self::new(c, literal)).collect::<Result<_>>()?),
            Condition::Not { not } => Self::Not(Box::new(Self::new(not, literal)?)),
        })
    }

    fn of_text(text: &str) -> Result<Self> {
        let plain = |text: &str| {
            if !is_pattern(text) {
                return Ok(Self::Value(Value::text(text)));
            }
            // Brackets mean themselves.
            let pattern = glob::Pattern::new(&single_stars(text).replace('[', "[[]"));
            pattern.map(Self::Glob).map_err(|e| Error::option("where", format!("'{text}': {e}")))
        };
        Ok(match (Comparison::split(text), text.starts_with('=')) {
            ((Comparison::Unequal, rest), _) => Self::Not(Box::new(plain(rest)?)),
            ((Comparison::Equal, rest), true) => plain(rest)?,
            ((Comparison::Equal, _), false) => plain(text)?,
            // "<none>" is a text.
            ((Comparison::Less, rest), _) if rest.ends_with('>') => plain(text)?,
            ((test, rest), _) => match rest.parse::<f64>() {
                Ok(number) => Self::Number(test, number),
                Err(_) => {
                    let problem = format!("'{text}' is no comparison with a number; give one after >=, <=, > or <");
                    return Err(Error::option("where", problem));
                }
            },
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
            // Whole numbers of any size, but no codes such as "007".
            (Self::Number(test, number), Some(t)) => {
                let whole = || t.parse::<i128>().ok().filter(|whole| whole.to_string() == t).map(|whole| whole as f64);
                number_of(t).or_else(whole).is_some_and(|x| test.holds(&x, number))
            }
        }
    }
}
