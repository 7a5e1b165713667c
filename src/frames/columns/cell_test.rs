//! Conditions of `where` on the cells of one column.

use std::collections::BTreeSet;

use polars::prelude::DataType;

use crate::config::{Common, Condition};
use crate::error::{Error, Result};
use crate::schema::{Comparison, Value, is_pattern, number_of, truth_number};
use crate::time::{Moment, Zone};

/// What the cells of a column can be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::frames) enum ColumnKind {
    /// Times only.
    Times,
    /// Numbers, which may stand for times.
    Numbers {
        /// Whether they do.
        times: bool,
    },
    /// Truth values.
    Truths,
    /// Texts, which may be anything.
    Texts,
}

impl ColumnKind {
    pub(in crate::frames) fn of(kind: &DataType, common: &Common) -> Self {
        match kind {
            DataType::Date | DataType::Datetime(..) => Self::Times,
            DataType::Boolean => Self::Truths,
            t if t.is_primitive_numeric() || t.is_decimal() => {
                Self::Numbers { times: common.unit.is_some() || common.time_format.is_some() }
            }
            _ => Self::Texts,
        }
    }
}

/// A cell.
pub(in crate::frames) struct TestedCell<'t> {
    /// Its text, in the one form that it has in every type of column.
    pub(in crate::frames) text: Option<&'t str>,
    /// The time that it is.
    pub(in crate::frames) at: Option<i64>,
    /// The calendar day that it is, days since 1970.
    pub(in crate::frames) day: Option<i64>,
}

/// A condition on the cell of a column.
pub(in crate::frames) enum CellTest {
    Null,
    Value(Value),
    Glob(glob::Pattern),
    Number(Comparison, f64),
    /// The time that is meant, from its first instant until after its last; its day, if it is a day; whether it must be
    /// possible.
    Time {
        test: Comparison,
        span: (i64, i64),
        day: Option<i64>,
        strict: bool,
    },
    Any(Vec<CellTest>),
    All(Vec<CellTest>),
    Not(Box<CellTest>),
}

/// Whether a text can mean something else than itself: a pattern, or a comparison.
pub(in crate::frames) fn has_sign(text: &str) -> bool {
    is_pattern(text) || text.starts_with(['<', '>', '=', '!'])
}

/// The texts in a condition that can mean something else than themselves.
pub(in crate::frames) fn with_signs(condition: &Condition, found: &mut BTreeSet<String>) {
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

/// Makes the error of a comparison that cannot be meant, from what the column is compared with and the remedy.
type CellFault<'f> = dyn Fn(&str, &str) -> Error + 'f;

struct Builder<'b> {
    /// Texts with signs that occur, so they mean themselves.
    literal: &'b BTreeSet<String>,
    kind: ColumnKind,
    zone: &'b Zone,
    fault: &'b CellFault<'b>,
}

impl CellTest {
    /// `literal` are the texts with signs that occur, so they mean themselves; times without an offset are read in
    /// `zone`.
    pub(in crate::frames) fn new(
        condition: &Condition,
        literal: &BTreeSet<String>,
        kind: ColumnKind,
        zone: &Zone,
        fault: &CellFault<'_>,
    ) -> Result<Self> {
        Builder { literal, kind, zone, fault }.test(condition)
    }

    /// The number of a cell: whole numbers of any size, but no codes such as "007"; 1 for true, 0 for false.
    pub(in crate::frames) fn number(text: &str) -> Option<f64> {
        let whole = || text.parse::<i128>().ok().filter(|whole| whole.to_string() == text).map(|whole| whole as f64);
        number_of(text).or_else(whole).or_else(|| truth_number(text))
    }

    /// Whether it holds.
    pub(in crate::frames) fn holds(&self, cell: &TestedCell<'_>) -> bool {
        match self {
            Self::Not(test) => !test.holds(cell),
            Self::Any(tests) => tests.iter().any(|t| t.holds(cell)),
            Self::All(tests) => tests.iter().all(|t| t.holds(cell)),
            Self::Null => cell.text.is_none(),
            Self::Value(value) => cell.text.is_some_and(|t| value.is(t)),
            Self::Glob(pattern) => cell.text.is_some_and(|t| pattern.matches(t)),
            Self::Number(test, number) => cell.text.and_then(Self::number).is_some_and(|x| test.holds(&x, number)),
            Self::Time { test, span, day, .. } => match (cell.text, cell.day.zip(*day), cell.at) {
                // Days are compared as days, independent of time zones.
                (Some(_), Some((own, day)), _) => test.holds(&own, &day),
                (Some(_), None, Some(at)) => test.holds_in(at, *span),
                _ => false,
            },
        }
    }

    fn leaves<'t>(&'t self, found: &mut Vec<&'t Self>) {
        match self {
            Self::Not(test) => test.leaves(found),
            Self::Any(tests) | Self::All(tests) => tests.iter().for_each(|test| test.leaves(found)),
            Self::Null => {}
            leaf => found.push(leaf),
        }
    }

    /// Whether it compares with times, and whether the cells must be some then.
    pub(in crate::frames) fn times(&self) -> Option<bool> {
        let mut leaves = Vec::new();
        self.leaves(&mut leaves);
        let strict = leaves.into_iter().filter_map(|leaf| match leaf {
            Self::Time { strict, .. } => Some(*strict),
            _ => None,
        });
        strict.reduce(|a, b| a || b)
    }

    /// Whether it compares with nothing but numbers.
    pub(in crate::frames) fn is_of_numbers(&self) -> bool {
        let mut leaves = Vec::new();
        self.leaves(&mut leaves);
        let number =
            |leaf: &&Self| matches!(leaf, Self::Number(..) | Self::Value(Value::Integer(_) | Value::Number(_)));
        !leaves.is_empty() && leaves.iter().all(number)
    }
}

impl Builder<'_> {
    fn test(&self, condition: &Condition) -> Result<CellTest> {
        let each = |all: &[Condition]| all.iter().map(|one| self.test(one)).collect::<Result<Vec<_>>>();
        Ok(match condition {
            Condition::Null(()) | Condition::IsNull { null: true } => CellTest::Null,
            Condition::IsNull { null: false } => CellTest::Not(Box::new(CellTest::Null)),
            Condition::Bool(b) => self.value(Value::Bool(*b), "a boolean")?,
            Condition::Integer(whole) => self.value(Value::Integer(i128::from(*whole)), "a number")?,
            Condition::Number(x) => self.value(Value::number(*x), "a number")?,
            Condition::Time { time } => self.time(Comparison::Equal, *time, true)?,
            Condition::Text(t) if self.literal.contains(t) => CellTest::Value(Value::text(t)),
            Condition::Text(t) => self.text(t)?,
            Condition::Any(all) => CellTest::Any(each(all)?),
            Condition::All { all } => CellTest::All(each(all)?),
            Condition::Not { not } => CellTest::Not(Box::new(self.test(not)?)),
        })
    }

    /// A number or boolean, which no time is equal to.
    fn value(&self, value: Value, what: &str) -> Result<CellTest> {
        if self.kind == ColumnKind::Times {
            return Err((self.fault)(what, "give a time such as '>= 2024-06-30'"));
        }
        Ok(CellTest::Value(value))
    }

    fn time(&self, test: Comparison, time: Moment, strict: bool) -> Result<CellTest> {
        let what = || format!("the time {time}");
        match self.kind {
            ColumnKind::Truths => Err((self.fault)(&what(), "give true or false")),
            ColumnKind::Numbers { times: false } => {
                Err((self.fault)(&what(), "give a number, or set unit= or time_format= if its numbers are times"))
            }
            ColumnKind::Times | ColumnKind::Numbers { times: true } | ColumnKind::Texts => {
                Ok(CellTest::Time { test, span: time.span(self.zone), day: time.day(), strict })
            }
        }
    }

    /// A text that is equal, like, or the same time.
    fn equal(&self, text: &str) -> Result<CellTest> {
        if is_pattern(text) {
            // Brackets mean themselves.
            let pattern = glob::Pattern::new(&single_stars(text).replace('[', "[[]"));
            return pattern.map(CellTest::Glob).map_err(|e| Error::option("where", format!("'{text}': {e}")));
        }
        let value = || CellTest::Value(Value::text(text));
        let Some(time) = time_of(text) else {
            return match self.kind {
                ColumnKind::Times => Err((self.fault)(
                    &format!("the text '{text}', which is not a time"),
                    "give a time such as '>= 2024-06-30', or null",
                )),
                _ => Ok(value()),
            };
        };
        let time = self.time(Comparison::Equal, time, self.kind == ColumnKind::Times)?;
        Ok(if self.kind == ColumnKind::Texts { CellTest::Any(vec![value(), time]) } else { time })
    }

    fn text(&self, text: &str) -> Result<CellTest> {
        Ok(match (Comparison::split(text), text.starts_with('=')) {
            ((Comparison::Unequal, rest), _) => CellTest::Not(Box::new(self.equal(rest)?)),
            ((Comparison::Equal, rest), true) => self.equal(rest)?,
            ((Comparison::Equal, _), false) => self.equal(text)?,
            // "<none>" is a text.
            ((Comparison::Less, rest), _) if rest.ends_with('>') => self.equal(text)?,
            ((test, rest), _) => match (rest.parse::<f64>(), time_of(rest)) {
                (Ok(_), _) if self.kind == ColumnKind::Times => {
                    return Err((self.fault)(&format!("the number {rest}"), "give a time such as '>= 2024-06-30'"));
                }
                (Ok(number), _) => CellTest::Number(test, number),
                (Err(_), Some(time)) => self.time(test, time, true)?,
                (Err(_), None) => {
                    let problem =
                        format!("'{text}' does not compare with a number or a time; write one after >=, <=, > or <");
                    return Err(Error::option("where", problem));
                }
            },
        })
    }
}

/// The time that a text is; numbers are none.
fn time_of(text: &str) -> Option<Moment> {
    if text.parse::<f64>().is_ok() { None } else { text.parse().ok() }
}
