//! Conditions prepared for the values of a lead column, and of values and properties of events.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::schema::{
    Column, ComparedKind, Condition, NONE, Predicate, PredicateBuilder, TestedValue, ValueForm, compared_number,
    has_sign, texts_with_signs,
};
use crate::time::{Detected, NO_TIME, Resolution, TimeFormat, Zone, detect, parse};

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
    /// Whether it holds for each level, and for a missing value.
    Levels(Vec<bool>, bool),
    /// Numbers or times.
    Values(Predicate),
}

const MISSING: TestedValue<'_> = TestedValue { form: ValueForm::Missing, at: None, day: None };

impl Ready {
    /// # Errors
    /// [`Error::UnknownName`] for a text that does not occur; [`Error::InvalidOption`] for a condition that does not fit.
    pub(crate) fn new<T: AsRef<str>>(
        name: &str,
        condition: &Condition,
        of: &ConditionedColumn<'_, T>,
        zone: &Zone,
    ) -> Result<Self> {
        let (kind, what) = match of {
            ConditionedColumn::Numbers(_) => (ComparedKind::Numbers { times: false, floats: true }, "is numeric"),
            ConditionedColumn::Levels(_) => (ComparedKind::Texts, "is a text"),
            ConditionedColumn::Times => (ComparedKind::Times, "is a time"),
        };
        let mismatch = |compared: &str, remedy: &str| {
            Error::option("where", format!("{name}: the field {what} and cannot be compared with {compared}; {remedy}"))
        };
        let literal = match of {
            ConditionedColumn::Levels(levels) => literal_of(condition, levels),
            _ => BTreeSet::new(),
        };
        let builder = PredicateBuilder { literal: &literal, kind, zone, mismatch: &mismatch };
        let predicate = builder.build(condition)?;
        match of {
            ConditionedColumn::Levels(levels) => Self::of_levels(name, &predicate, levels, zone),
            ConditionedColumn::Numbers(values) => match predicate.boolean() {
                // In a column with only 1 and 0 these are true and false.
                Some(b) if values.iter().any(|v| !v.is_nan() && *v != 0.0 && *v != 1.0) => {
                    Err(mismatch(&b.to_string(), "it has values other than 0 and 1"))
                }
                _ => Ok(Self::Values(predicate)),
            },
            ConditionedColumn::Times => Ok(Self::Values(predicate)),
        }
    }

    fn of_levels<T: AsRef<str>>(name: &str, predicate: &Predicate, levels: &[T], zone: &Zone) -> Result<Self> {
        let times = predicate.times().map(|strict| (strict, times_of(levels, zone)));
        let none = |what: &str| {
            let problem = format!("{name}: none of the field's values is a {what}; compare it with a text");
            Err(Error::option("where", problem))
        };
        if !levels.is_empty() {
            if predicate.is_of_numbers() && levels.iter().all(|level| compared_number(level.as_ref()).is_none()) {
                return none("number");
            }
            if let Some((true, times)) = &times
                && times.iter().all(Option::is_none)
            {
                return none("time");
            }
        }
        let value = |(code, level): (usize, &'_ T)| {
            let time = times.as_ref().and_then(|(_, times)| times.get(code).copied().flatten());
            let (at, day) = time.map_or((None, None), |(at, day)| (Some(at), day));
            (level.as_ref().to_owned(), at, day)
        };
        let values: Vec<(String, Option<i64>, Option<i64>)> = levels.iter().enumerate().map(value).collect();
        let tested =
            || values.iter().map(|(text, at, day)| TestedValue { form: ValueForm::Text(text), at: *at, day: *day });
        if let Some(unknown) = predicate.texts().find(|text| !tested().any(|value| text.holds(&value))) {
            let known = levels.iter().map(AsRef::as_ref).take(10_000);
            return Err(Error::unknown("value", &unknown.given, known));
        }
        Ok(Self::Levels(tested().map(|value| predicate.holds(&value)).collect(), predicate.holds(&MISSING)))
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, one: One) -> bool {
        match (self, one) {
            (Self::Levels(_, missing), One::Level(NONE)) => *missing,
            (Self::Levels(flags, _), One::Level(code)) => flags.get(code as usize).copied().unwrap_or(false),
            (Self::Values(predicate), One::Number(x)) => {
                let form = if x.is_nan() { ValueForm::Missing } else { ValueForm::Number(x) };
                predicate.holds(&TestedValue { form, at: None, day: None })
            }
            (Self::Values(predicate), One::Time(NO_TIME)) => predicate.holds(&MISSING),
            (Self::Values(predicate), One::Time(t)) => {
                predicate.holds(&TestedValue { form: ValueForm::Time, at: Some(t), day: None })
            }
            (Self::Levels(..), _) | (Self::Values(_), One::Level(_)) => false,
        }
    }
}

/// The texts with signs in a condition that are levels, so they mean themselves.
fn literal_of<T: AsRef<str>>(condition: &Condition, levels: &[T]) -> BTreeSet<String> {
    let mut signs = BTreeSet::new();
    texts_with_signs(condition, &mut signs);
    if signs.is_empty() {
        return signs;
    }
    let occurring = levels.iter().map(AsRef::as_ref).filter(|level| has_sign(level) && signs.contains(*level));
    occurring.map(ToOwned::to_owned).collect()
}

/// The instants that levels are, and their days if they are days, in the format that they share or else in ISO format.
fn times_of<T: AsRef<str>>(levels: &[T], zone: &Zone) -> Vec<Option<(i64, Option<i64>)>> {
    let format = match detect(levels.iter().map(AsRef::as_ref)) {
        Detected::Format(format) => format,
        _ => TimeFormat::Iso,
    };
    let time = |level: &T| {
        let read = parse(level.as_ref(), &format, zone).ok()?;
        Some((read.micros, (read.resolution == Resolution::Day).then(|| zone.day(read.micros))))
    };
    levels.iter().map(time).collect()
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
