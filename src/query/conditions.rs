//! Conditions prepared for the values of a lead column, and of values and properties of events.

use crate::error::{Error, Result};
use crate::schema::{Column, Comparison, Condition, NONE, Value, canonical_text, like, number_of, truth_number};
use crate::time::{Moment, NO_TIME, Zone};

/// The values that a condition applies to.
pub(crate) enum ConditionedColumn<'a, T> {
    /// Numbers; NaN is missing.
    Numbers(&'a [f64]),
    /// Texts, by their codes.
    Levels(&'a [T]),
    /// Times of a field.
    Times,
}

/// A value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum One {
    Number(f64),
    Level(u32),
    Time(i64),
}

/// A condition prepared for the values of one column.
#[derive(Debug)]
pub(crate) enum Ready {
    Missing,
    Number(Comparison, f64),
    /// A whole number; a float equals it only below 2^53.
    Whole(i128),
    Level(Vec<bool>),
    /// A range of instants, end exclusive.
    Time(Comparison, (i64, i64)),
    Any(Vec<Ready>),
    All(Vec<Ready>),
    Not(Box<Ready>),
}

impl Ready {
    /// # Errors
    /// [`Error::UnknownName`] for a text that does not occur; [`Error::InvalidOption`] for a condition that does not fit.
    pub(crate) fn new<T: AsRef<str>>(
        name: &str,
        condition: &Condition,
        of: &ConditionedColumn<'_, T>,
        zone: &Zone,
    ) -> Result<Self> {
        let no = |problem: String| Err(Error::option("where", format!("{name}: {problem}")));
        let each = |all: &[Condition]| all.iter().map(|one| Self::new(name, one, of, zone)).collect::<Result<Vec<_>>>();
        Ok(match (condition, of) {
            (Condition::Not { not }, _) => Self::Not(Box::new(Self::new(name, not, of, zone)?)),
            (Condition::Any(all), _) => Self::Any(each(all)?),
            (Condition::All { all }, _) => Self::All(each(all)?),
            (Condition::Null(()) | Condition::IsNull { null: true }, _) => Self::Missing,
            (Condition::IsNull { null: false }, _) => Self::Not(Box::new(Self::Missing)),
            (Condition::Text(text), ConditionedColumn::Levels(levels)) => Self::of_text(name, text, levels, zone)?,
            (Condition::Time { time }, ConditionedColumn::Levels(levels)) => {
                Self::of_time(name, Comparison::Equal, *time, levels, zone)?
            }
            (Condition::Time { time }, ConditionedColumn::Times) => Self::Time(Comparison::Equal, time.span(zone)),
            (Condition::Time { time }, ConditionedColumn::Numbers(_)) => {
                return no(format!("the field is numeric and cannot be compared with the time {time}"));
            }
            (Condition::Text(text), ConditionedColumn::Numbers(values)) => {
                let (test, number) = Comparison::split(text);
                // In a column with only 1 and 0 these are true and false.
                let truth = truth_number(&canonical_text(number)).filter(|_| are_truths(values));
                let Some(number) = number.parse::<f64>().ok().or(truth) else {
                    return no(format!("'{text}' is not a number; write a number after >=, <=, >, <, == or !="));
                };
                Self::compared(test, |test| Self::Number(test, number))
            }
            (Condition::Text(text), ConditionedColumn::Times) => {
                let (test, time) = Comparison::split(text);
                match time.parse::<Moment>() {
                    Ok(time) => Self::compared(test, |test| Self::Time(test, time.span(zone))),
                    Err(_) => {
                        return no(format!(
                            "the field is a time, but '{text}' is not; write a time such as 2024-06-30 after >=, <=, >, <, == or !="
                        ));
                    }
                }
            }
            (Condition::Integer(whole), ConditionedColumn::Numbers(_)) => Self::Whole(i128::from(*whole)),
            (Condition::Number(x), ConditionedColumn::Numbers(_)) => Self::Number(Comparison::Equal, *x),
            (Condition::Bool(b), ConditionedColumn::Numbers(values)) => {
                if !are_truths(values) {
                    return no(format!("the field is numeric and cannot be compared with {b}"));
                }
                Self::Number(Comparison::Equal, f64::from(u8::from(*b)))
            }
            (Condition::Bool(b), ConditionedColumn::Levels(levels)) => Self::of_value(&Value::Bool(*b), levels),
            (Condition::Integer(whole), ConditionedColumn::Levels(levels)) => {
                Self::of_value(&Value::Integer(i128::from(*whole)), levels)
            }
            (Condition::Number(x), ConditionedColumn::Levels(levels)) => Self::of_value(&Value::number(*x), levels),
            (Condition::Bool(_) | Condition::Integer(_) | Condition::Number(_), ConditionedColumn::Times) => {
                return no(
                    "the field is a time; write a time such as 2024-06-30 after >=, <=, >, <, == or !=".to_owned()
                );
            }
        })
    }

    /// `!=` matches all values that are not equal, including missing ones, as `{"not": …}` does.
    fn compared(test: Comparison, of: impl Fn(Comparison) -> Self) -> Self {
        match test {
            Comparison::Unequal => Self::Not(Box::new(of(Comparison::Equal))),
            test => of(test),
        }
    }

    fn of_value<T: AsRef<str>>(value: &Value, levels: &[T]) -> Self {
        Self::Level(levels.iter().map(|level| value.is(level.as_ref())).collect())
    }

    fn of_text<T: AsRef<str>>(name: &str, text: &str, levels: &[T], zone: &Zone) -> Result<Self> {
        let (test, wanted) = match Comparison::split(text) {
            // If the text occurs with the operator in front, the operator is part of it.
            (Comparison::Equal | Comparison::Unequal, _) if levels.iter().any(|l| l.as_ref() == text) => {
                (Comparison::Equal, text)
            }
            (Comparison::Equal, _) if !text.trim_start().starts_with('=') => (Comparison::Equal, text),
            (test @ (Comparison::Equal | Comparison::Unequal), wanted) => (test, wanted),
            _ if levels.iter().any(|l| l.as_ref() == text) => (Comparison::Equal, text),
            (test, wanted) => match (wanted.parse::<f64>(), wanted.parse::<Moment>()) {
                (Ok(number), _) => return Self::of_number(name, test, number, levels),
                (Err(_), Ok(time)) => return Self::of_time(name, test, time, levels, zone),
                _ => (Comparison::Equal, text),
            },
        };
        let flags = like(wanted, levels);
        if !flags.contains(&true) {
            return Err(Error::unknown("value", wanted, levels.iter().map(AsRef::as_ref).take(10_000)));
        }
        let ready = Self::Level(flags);
        Ok(if test == Comparison::Unequal { Self::Not(Box::new(ready)) } else { ready })
    }

    /// Texts that are numbers, compared as such; the others do not hold.
    fn of_number<T: AsRef<str>>(name: &str, test: Comparison, number: f64, levels: &[T]) -> Result<Self> {
        let own = |level: &T| number_of(level.as_ref()).or_else(|| truth_number(level.as_ref()));
        if !levels.is_empty() && levels.iter().all(|level| own(level).is_none()) {
            return Err(Error::option(
                "where",
                format!("{name}: none of the field's values is a number, so it cannot be compared with {number}"),
            ));
        }
        Ok(Self::Level(levels.iter().map(|level| own(level).is_some_and(|x| test.holds(&x, &number))).collect()))
    }

    /// Texts that are times, compared as such; the others do not hold.
    fn of_time<T: AsRef<str>>(name: &str, test: Comparison, time: Moment, levels: &[T], zone: &Zone) -> Result<Self> {
        let own = |level: &T| level.as_ref().parse::<Moment>().ok().map(|own| own.at(zone).0);
        if !levels.is_empty() && levels.iter().all(|level| own(level).is_none()) {
            return Err(Error::option(
                "where",
                format!("{name}: none of the field's values is a time, so it cannot be compared with {time}"),
            ));
        }
        let span = time.span(zone);
        Ok(Self::Level(levels.iter().map(|level| own(level).is_some_and(|at| test.holds_in(at, span))).collect()))
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, one: One) -> bool {
        match (self, one) {
            (Self::Not(ready), _) => !ready.holds(one),
            (Self::Any(all), _) => all.iter().any(|ready| ready.holds(one)),
            (Self::All(all), _) => all.iter().all(|ready| ready.holds(one)),
            (Self::Missing, One::Number(x)) => x.is_nan(),
            (Self::Missing, One::Level(code)) => code == NONE,
            (Self::Missing, One::Time(t)) => t == NO_TIME,
            (Self::Number(test, number), One::Number(x)) => test.holds(&x, number),
            (Self::Whole(whole), One::Number(x)) => Value::number(x) == Value::Integer(*whole),
            (Self::Level(flags), One::Level(code)) => flags.get(code as usize).copied().unwrap_or(false),
            (Self::Time(test, span), One::Time(t)) => t != NO_TIME && test.holds_in(t, *span),
            _ => false,
        }
    }
}

/// Whether a column is of booleans: 1 is true, 0 is false.
fn are_truths(values: &[f64]) -> bool {
    values.iter().all(|v| v.is_nan() || *v == 0.0 || *v == 1.0)
}

/// Whether a condition holds, per row of a column.
pub(crate) fn flags(name: &str, column: &Column, condition: &Condition, zone: &Zone) -> Result<Vec<bool>> {
    Ok(match column {
        Column::Number(values) => {
            let ready = Ready::new::<&str>(name, condition, &ConditionedColumn::Numbers(values), zone)?;
            values.iter().map(|x| ready.holds(One::Number(*x))).collect()
        }
        Column::Category { codes, levels } => {
            let ready = Ready::new(name, condition, &ConditionedColumn::Levels(levels), zone)?;
            codes.iter().map(|code| ready.holds(One::Level(*code))).collect()
        }
        Column::Time(times) => {
            let ready = Ready::new::<&str>(name, condition, &ConditionedColumn::Times, zone)?;
            times.iter().map(|t| ready.holds(One::Time(*t))).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn kept(column: &Column, condition: &str) -> Vec<usize> {
        let condition = serde_json::from_str::<Condition>(condition).unwrap();
        let flags = flags("x", column, &condition, &Zone::default()).unwrap();
        flags.iter().enumerate().filter(|(_, flag)| **flag).map(|(i, _)| i).collect()
    }

    #[test]
    fn unequal_and_not_agree_on_missing_values() {
        let levels: Arc<[String]> = Arc::from(["a".to_owned(), "b".to_owned()]);
        let texts = Column::Category { codes: vec![0, 1, NONE], levels };
        let numbers = Column::Number(vec![1.0, 2.0, f64::NAN]);
        let times = Column::Time(vec![0, 86_400_000_000, NO_TIME]);
        for (column, unequal, not) in [
            (&texts, r#""!= a""#, r#"{"not": "a"}"#),
            (&numbers, r#""!= 1""#, r#"{"not": 1}"#),
            (&numbers, r#""!=1.0""#, r#"{"not": "== 1"}"#),
            (&times, r#""!= 1970-01-01""#, r#"{"not": "== 1970-01-01"}"#),
        ] {
            assert_eq!(kept(column, unequal), [1, 2], "{unequal}");
            assert_eq!(kept(column, not), [1, 2], "{not}");
            let known = format!(r#"{{"all": [{unequal}, {{"null": false}}]}}"#);
            assert_eq!(kept(column, &known), [1], "{known}");
        }
    }

    #[test]
    fn a_text_with_a_sign_is_itself_where_it_occurs() {
        let levels: Arc<[String]> = Arc::from(["= a".to_owned(), "a".to_owned(), "!= b".to_owned()]);
        let texts = Column::Category { codes: vec![0, 1, 2], levels };
        assert_eq!(kept(&texts, r#""= a""#), [0]);
        assert_eq!(kept(&texts, r#""== a""#), [1]);
        assert_eq!(kept(&texts, r#""!= b""#), [2]);
        assert_eq!(kept(&texts, r#""!= a""#), [0, 2]);
    }
}
