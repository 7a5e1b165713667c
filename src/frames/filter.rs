//! `where`: which rows of a table count.

use polars::prelude::DataType;

use super::cells::{Texts, truth};
use super::config::{Common, Condition};
use super::table::Table;
use crate::error::{Error, Result};

/// One flag per row: whether all conditions hold.
pub(super) fn keep(table: &Table, common: &Common) -> Result<Vec<bool>> {
    let mut flags = vec![true; table.rows()];
    for (column, condition) in &common.filter {
        let test = Test::new(condition, matches!(table.dtype(column)?, DataType::Boolean))?;
        Texts::of(table, column, &common.nulls)?.each(|row, text| {
            if let Some(flag) = flags.get_mut(row) {
                *flag &= test.holds(text);
            }
        });
    }
    Ok(flags)
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

enum Test {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Glob(glob::Pattern),
    Any(Vec<Test>),
    Not(Box<Test>),
}

impl Test {
    fn new(condition: &Condition, truths: bool) -> Result<Self> {
        Ok(match condition {
            Condition::Null(()) | Condition::IsNull { null: true } => Self::Null,
            Condition::IsNull { null: false } => Self::Not(Box::new(Self::Null)),
            Condition::Bool(b) => Self::Bool(*b),
            // In a column of truth values 1 and "True" mean true.
            Condition::Number(x) if truths => Self::Bool(*x != 0.0),
            Condition::Number(x) => Self::Number(*x),
            Condition::Text(t) if truths && truth(t).is_some() => Self::Bool(truth(t) == Some(true)),
            Condition::Text(t) if t.contains(['*', '?']) => Self::Glob(
                // Brackets mean themselves.
                glob::Pattern::new(&single_stars(t).replace('[', "[[]"))
                    .map_err(|e| Error::option("where", format!("'{t}': {e}")))?,
            ),
            Condition::Text(t) => Self::Text(t.clone()),
            Condition::Any(all) => Self::Any(all.iter().map(|c| Self::new(c, truths)).collect::<Result<_>>()?),
            Condition::Not { not } => Self::Not(Box::new(Self::new(not, truths)?)),
        })
    }

    fn holds(&self, text: Option<&str>) -> bool {
        match (self, text) {
            (Self::Not(test), _) => !test.holds(text),
            (Self::Any(tests), _) => tests.iter().any(|t| t.holds(text)),
            (Self::Null, t) => t.is_none(),
            (_, None) => false,
            (Self::Bool(b), Some(t)) => truth(t) == Some(*b),
            (Self::Number(x), Some(t)) => t.parse::<f64>().is_ok_and(|v| v == *x),
            (Self::Text(want), Some(t)) => want == t,
            (Self::Glob(pattern), Some(t)) => pattern.matches(t),
        }
    }
}
