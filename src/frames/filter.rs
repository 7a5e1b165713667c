//! `where`: which rows of a table count.

use std::collections::BTreeMap;

use super::cells::{Texts, truth};
use super::config::Condition;
use super::table::Table;
use crate::error::{Error, Result};

/// One flag per row: whether all conditions hold.
pub(super) fn keep(table: &Table, filter: &BTreeMap<String, Condition>) -> Result<Vec<bool>> {
    let mut flags = vec![true; table.rows()];
    for (column, condition) in filter {
        let test = Test::new(condition)?;
        Texts::of(table, column, &[])?.each(|row, text| {
            if let Some(flag) = flags.get_mut(row) {
                *flag &= test.holds(text);
            }
        });
    }
    Ok(flags)
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
    fn new(condition: &Condition) -> Result<Self> {
        Ok(match condition {
            Condition::Null(()) | Condition::IsNull { null: true } => Self::Null,
            Condition::IsNull { null: false } => Self::Not(Box::new(Self::Null)),
            Condition::Bool(b) => Self::Bool(*b),
            Condition::Number(x) => Self::Number(*x),
            Condition::Text(t) if t.contains(['*', '?']) => Self::Glob(
                // Brackets mean themselves.
                glob::Pattern::new(&t.replace('[', "[[]"))
                    .map_err(|e| Error::option("where", format!("'{t}': {e}")))?,
            ),
            Condition::Text(t) => Self::Text(t.clone()),
            Condition::Any(all) => Self::Any(all.iter().map(Self::new).collect::<Result<_>>()?),
            Condition::Not { not } => Self::Not(Box::new(Self::new(not)?)),
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
