//! Conditions read as predicates on the values of one kind of column.

use std::collections::BTreeSet;

use super::canonical::{canonical_text, number_of};
use super::condition::{Comparison, Condition, Value, compared_number, truth};
use super::predicate::{Bound, ComparedKind, Predicate, TextLike, TextTest, TimeTest, whole};
use super::wildcard::is_pattern;
use crate::error::{Error, Result};
use crate::time::{Moment, Zone};

/// Makes the error of a comparison that is not possible, from the compared value and the remedy.
pub(crate) type Mismatch<'f> = dyn Fn(&str, &str) -> Error + 'f;

/// What a condition is prepared with.
pub(crate) struct PredicateBuilder<'b> {
    /// Texts with signs that occur in the column, so they mean themselves.
    pub(crate) literal: &'b BTreeSet<String>,
    pub(crate) kind: ComparedKind,
    /// Zone of times without an offset.
    pub(crate) zone: &'b Zone,
    pub(crate) mismatch: &'b Mismatch<'b>,
}

/// Whether a text can mean something else than itself: a pattern, a comparison, or a boolean, which has many forms.
pub(crate) fn has_sign(text: &str) -> bool {
    is_pattern(text) || text.trim_start().starts_with(['<', '>', '=', '!']) || truth(text).is_some()
}

/// Adds the texts in a condition that can mean something else than themselves.
pub(crate) fn texts_with_signs(condition: &Condition, found: &mut BTreeSet<String>) {
    match condition {
        Condition::Text(text) => {
            let (_, operand) = Comparison::split(text);
            found.extend([text, operand].into_iter().filter(|text| has_sign(text)).map(ToOwned::to_owned));
        }
        Condition::Any(all) | Condition::All { all } => all.iter().for_each(|one| texts_with_signs(one, found)),
        Condition::Not { not } => texts_with_signs(not, found),
        _ => {}
    }
}

/// Floats represent all whole numbers below this size.
const FLOATS_EXACT: u128 = 1 << 53;
const NEED_TIME: &str = "give a time such as '>= 2024-06-30'";

impl PredicateBuilder<'_> {
    /// # Errors
    /// Those of `mismatch`; [`Error::InvalidOption`] for a comparison with something that is neither a number nor a time.
    pub(crate) fn build(&self, condition: &Condition) -> Result<Predicate> {
        let each = |all: &[Condition]| all.iter().map(|one| self.build(one)).collect::<Result<Vec<_>>>();
        Ok(match condition {
            Condition::Null(()) | Condition::IsNull { null: true } => Predicate::Missing,
            Condition::IsNull { null: false } => Predicate::Not(Box::new(Predicate::Missing)),
            Condition::Bool(b) => self.value(Value::Bool(*b), "a boolean")?,
            Condition::Integer(whole) => self.whole(i128::from(*whole))?,
            Condition::Number(x) => self.value(Value::number(*x), "a number")?,
            Condition::Time { time } => Predicate::Time(self.time(Comparison::Equal, *time, true)?),
            Condition::Text(text) => self.text(text)?,
            Condition::Any(all) => Predicate::Any(each(all)?),
            Condition::All { all } => Predicate::All(each(all)?),
            Condition::Not { not } => Predicate::Not(Box::new(self.build(not)?)),
        })
    }

    /// A number or boolean, which no time equals.
    fn value(&self, value: Value, what: &str) -> Result<Predicate> {
        if self.kind == ComparedKind::Times {
            return Err((self.mismatch)(what, NEED_TIME));
        }
        Ok(Predicate::Value(value))
    }

    /// A whole number; among floats only if they represent it and its neighbours.
    fn whole(&self, whole: i128) -> Result<Predicate> {
        if matches!(self.kind, ComparedKind::Numbers { floats: true, .. }) && whole.unsigned_abs() >= FLOATS_EXACT {
            let remedy = "floats do not represent it; keep the column as integers or texts, or list it in categories=";
            return Err((self.mismatch)(&format!("the whole number {whole}"), remedy));
        }
        self.value(Value::Integer(whole), "a number")
    }

    fn time(&self, test: Comparison, time: Moment, strict: bool) -> Result<TimeTest> {
        let what = || format!("the time {time}");
        match self.kind {
            ComparedKind::Booleans => Err((self.mismatch)(&what(), "give true or false")),
            ComparedKind::Numbers { times: false, .. } => {
                Err((self.mismatch)(&what(), "give a number, or set unit= or time_format= if its numbers are times"))
            }
            ComparedKind::Times | ComparedKind::Numbers { times: true, .. } | ComparedKind::Texts => {
                Ok(TimeTest { test, span: time.span(self.zone), day: time.day(), strict })
            }
        }
    }

    fn text(&self, text: &str) -> Result<Predicate> {
        if self.literal.contains(text) {
            return Ok(Predicate::Text(TextTest { given: text.to_owned(), like: TextLike::Exact, time: None }));
        }
        Ok(match (Comparison::split(text), text.trim_start().starts_with('=')) {
            ((Comparison::Unequal, operand), _) => Predicate::Not(Box::new(self.equal(operand)?)),
            ((Comparison::Equal, operand), true) => self.equal(operand)?,
            ((Comparison::Equal, _), false) => self.equal(text)?,
            // "<none>" is a text.
            ((Comparison::Less, operand), _) if operand.ends_with('>') => self.equal(text)?,
            ((test, operand), _) => match (operand.parse::<f64>(), time_of(operand)) {
                (Ok(_), _) if self.kind == ComparedKind::Times => {
                    return Err((self.mismatch)(&format!("the number {operand}"), NEED_TIME));
                }
                (Ok(number), _) => Predicate::Number(test, Bound { number, whole: whole(&canonical_text(operand)) }),
                (Err(_), Some(time)) => Predicate::Time(self.time(test, time, true)?),
                (Err(_), None) => {
                    let problem =
                        format!("'{text}' does not compare with a number or a time; write one after >=, <=, > or <");
                    return Err(Error::option("where", problem));
                }
            },
        })
    }

    /// A text that a value equals or is like, or that is the same time.
    fn equal(&self, text: &str) -> Result<Predicate> {
        let given = text.to_owned();
        if self.literal.contains(text) {
            return Ok(Predicate::Text(TextTest { given, like: TextLike::Exact, time: None }));
        }
        let what = |kind: &str| format!("the text '{text}', which is not a {kind}");
        let time = time_of(text);
        match self.kind {
            ComparedKind::Times => match time {
                Some(time) => return Ok(Predicate::Time(self.time(Comparison::Equal, time, true)?)),
                None => return Err((self.mismatch)(&what("time"), "give a time such as '>= 2024-06-30', or null")),
            },
            ComparedKind::Numbers { times, .. } if !is_pattern(text) => {
                if let Some(time) = time {
                    return Ok(Predicate::Time(self.time(Comparison::Equal, time, false)?));
                }
                let plain = canonical_text(text);
                if let Some(whole) = whole(&plain) {
                    return self.whole(whole);
                }
                if let Some(x) = number_of(&plain).filter(|_| plain.contains(['e', 'E'])) {
                    return self.value(Value::number(x), "a number");
                }
                if compared_number(&plain).is_none() && !times {
                    return Err((self.mismatch)(
                        &what("number"),
                        "give a number, alone or after >=, <=, >, <, == or !=",
                    ));
                }
            }
            ComparedKind::Booleans if time.is_some() => {
                return Err((self.mismatch)(&format!("the time {text}"), "give true or false"));
            }
            _ => {}
        }
        if is_pattern(text) {
            return Ok(Predicate::Text(TextTest { given, like: TextLike::Pattern, time: None }));
        }
        let time = time.map(|time| self.time(Comparison::Equal, time, false)).transpose()?;
        Ok(Predicate::Text(TextTest { given, like: TextLike::Value(Value::text(text)), time }))
    }
}

/// The time that a text is; numbers are none.
fn time_of(text: &str) -> Option<Moment> {
    if text.parse::<f64>().is_ok() { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::super::predicate::{TestedValue, ValueForm};
    use super::*;
    use proptest::prelude::*;

    fn predicate(condition: &Condition, kind: ComparedKind, literal: &[&str]) -> Result<Predicate> {
        let literal = literal.iter().map(ToString::to_string).collect();
        let mismatch = |what: &str, remedy: &str| Error::option("where", format!("{what}; {remedy}"));
        PredicateBuilder { literal: &literal, kind, zone: &Zone::utc(), mismatch: &mismatch }.build(condition)
    }

    fn text(text: &str) -> TestedValue<'_> {
        TestedValue { form: ValueForm::Text(text), at: None, day: None }
    }

    fn number(x: f64) -> TestedValue<'static> {
        TestedValue { form: ValueForm::Number(x), at: None, day: None }
    }

    const FLOATS: ComparedKind = ComparedKind::Numbers { times: false, floats: true };
    const EXACT: ComparedKind = ComparedKind::Numbers { times: false, floats: false };

    fn numbers() -> impl Strategy<Value = f64> {
        prop_oneof![
            proptest::num::f64::NORMAL,
            (-20i32..20).prop_map(f64::from),
            (-200i32..200).prop_map(|x| f64::from(x) / 8.0),
            Just(9_007_199_254_740_992.0),
            Just(-0.0),
        ]
    }

    fn conditions() -> impl Strategy<Value = Condition> {
        let operand = prop_oneof![
            (-20i32..20).prop_map(|x| x.to_string()),
            (-200i32..200).prop_map(|x| (f64::from(x) / 8.0).to_string()),
            proptest::sample::select(vec!["*", "1*", "?", "-?", "1e3", "7.50", "true", "9007199254740993", "007", "x"])
                .prop_map(ToOwned::to_owned),
        ];
        let sign = proptest::sample::select(vec!["", "=", "==", "!=", ">=", "<=", ">", "<", " >= "]);
        let leaf = prop_oneof![
            (sign, operand).prop_map(|(sign, operand)| Condition::Text(format!("{sign}{operand}"))),
            (-20i64..20).prop_map(Condition::Integer),
            (-200i32..200).prop_map(|x| Condition::Number(f64::from(x) / 8.0)),
            any::<bool>().prop_map(Condition::Bool),
            Just(Condition::Null(())),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..3).prop_map(Condition::Any),
                proptest::collection::vec(inner.clone(), 1..3).prop_map(|all| Condition::All { all }),
                inner.prop_map(|not| Condition::Not { not: Box::new(not) }),
            ]
        })
    }

    proptest! {
        /// A cell of a table is tested by its text, a field of a lead by its number.
        #[test]
        fn a_number_and_its_text_meet_the_same_conditions(x in numbers(), condition in conditions()) {
            let written = canonical_text(&x.to_string()).into_owned();
            if let Ok(predicate) = predicate(&condition, FLOATS, &[]) {
                prop_assert_eq!(predicate.holds(&number(x)), predicate.holds(&text(&written)), "{} {:?}", x, condition);
            }
        }

        /// Where a column of texts and one of numbers both take a condition, they agree.
        #[test]
        fn a_number_in_a_column_of_texts_meets_the_same_conditions(x in numbers(), condition in conditions()) {
            let written = canonical_text(&x.to_string()).into_owned();
            if let (Ok(numbers), Ok(texts)) =
                (predicate(&condition, EXACT, &[]), predicate(&condition, ComparedKind::Texts, &[]))
            {
                prop_assert_eq!(numbers.holds(&text(&written)), texts.holds(&text(&written)), "{} {:?}", x, condition);
            }
        }

        /// Whole numbers of any size are in the order of integers.
        #[test]
        fn whole_numbers_are_compared_digit_by_digit(value in any::<i64>(), near in -2i64..3) {
            let bound = value.saturating_add(near);
            for (sign, expected) in [
                (">=", value >= bound), (">", value > bound), ("<=", value <= bound), ("<", value < bound),
                ("==", value == bound), ("!=", value != bound),
            ] {
                let predicate = predicate(&Condition::Text(format!("{sign} {bound}")), EXACT, &[]).unwrap();
                prop_assert_eq!(predicate.holds(&text(&value.to_string())), expected, "{} {} {}", value, sign, bound);
            }
        }
    }

    #[test]
    fn a_text_that_occurs_means_itself() {
        let condition = |text: &str| Condition::Text(text.to_owned());
        for (given, literal) in [(">= 3", ">= 3"), ("a*", "a*"), ("= a*", "a*"), ("1", "1"), (" >= 3", " >= 3")] {
            let predicate = predicate(&condition(given), ComparedKind::Texts, &[literal]).unwrap();
            assert!(predicate.holds(&text(literal)), "{given}");
            assert!(!predicate.holds(&text("abc")) && !predicate.holds(&text("true")) && !predicate.holds(&text("4")));
        }
    }

    #[test]
    fn what_a_column_cannot_be_compared_with_is_refused() {
        for (kind, json) in [
            (FLOATS, r#""x""#),
            (FLOATS, r#""007""#),
            (FLOATS, r#""2024-03-01""#),
            (FLOATS, "9007199254740993"),
            (FLOATS, r#""== 9007199254740993""#),
            (EXACT, r#""yes""#),
            (ComparedKind::Booleans, r#"">= 2024-03-01""#),
            (ComparedKind::Times, "7"),
            (ComparedKind::Times, "true"),
            (ComparedKind::Times, r#""> 7""#),
            (ComparedKind::Times, r#""*""#),
            (ComparedKind::Texts, r#""> x""#),
        ] {
            let condition: Condition = serde_json::from_str(json).unwrap();
            assert!(predicate(&condition, kind, &[]).is_err(), "{kind:?} {json}");
        }
        assert!(predicate(&Condition::Integer(9_007_199_254_740_993), EXACT, &[]).is_ok());
    }
}
