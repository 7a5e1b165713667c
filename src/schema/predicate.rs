//! Conditions prepared for the values of one column: the one evaluator for cells of tables, lead fields and values of
//! events.

use std::cmp::Ordering;

use super::canonical::canonical_text;
use super::condition::{Comparison, Value, compared_number};
use super::wildcard::wildcard;

/// What the values of a column can be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComparedKind {
    /// Times only.
    Times,
    /// Numbers of any type.
    Numbers {
        /// Whether they are times, in a stated unit or format.
        times: bool,
        /// Whether they are floats, which do not represent every whole number from 2^53 on.
        floats: bool,
    },
    /// True and false only.
    #[cfg_attr(not(feature = "frames"), allow(dead_code, reason = "fields of leads and values of events have none"))]
    Booleans,
    /// Texts, which may be anything.
    Texts,
}

/// A value that a condition is tested on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TestedValue<'t> {
    pub(crate) form: ValueForm<'t>,
    /// The instant that it is.
    pub(crate) at: Option<i64>,
    /// The calendar day that it is, days since 1970.
    pub(crate) day: Option<i64>,
}

/// The form in which a value is at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueForm<'t> {
    Missing,
    Number(f64),
    /// A text in its canonical form.
    Text(&'t str),
    /// A time that has no text.
    Time,
}

/// A condition prepared for the values of one column.
#[derive(Debug)]
pub(crate) enum Predicate {
    Missing,
    /// A boolean or a number.
    Value(Value),
    /// A text, a pattern, or a time written in other words.
    Text(TextTest),
    Number(Comparison, Bound),
    Time(TimeTest),
    Any(Vec<Predicate>),
    All(Vec<Predicate>),
    Not(Box<Predicate>),
}

/// A text that a value equals or is like.
#[derive(Debug)]
pub(crate) struct TextTest {
    /// As it was given, without an operator.
    pub(crate) given: String,
    pub(super) like: TextLike,
    pub(super) time: Option<TimeTest>,
}

#[derive(Debug)]
pub(super) enum TextLike {
    /// This text, although it could mean something else: it occurs.
    Exact,
    Pattern,
    Value(Value),
}

/// A comparison with a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeTest {
    pub(super) test: Comparison,
    /// The instants that are meant, from the first until after the last.
    pub(super) span: (i64, i64),
    /// The day, if it is a day.
    pub(super) day: Option<i64>,
    /// Whether the values must be times.
    pub(super) strict: bool,
}

/// A number that values are compared with; whole numbers are compared without conversion to a float.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(super) number: f64,
    pub(super) whole: Option<i128>,
}

impl Predicate {
    /// Whether it holds.
    pub(crate) fn holds(&self, value: &TestedValue<'_>) -> bool {
        match self {
            Self::Not(one) => !one.holds(value),
            Self::Any(all) => all.iter().any(|one| one.holds(value)),
            Self::All(all) => all.iter().all(|one| one.holds(value)),
            Self::Missing => matches!(value.form, ValueForm::Missing),
            Self::Value(wanted) => value.form.is(wanted),
            Self::Text(test) => test.holds(value),
            Self::Number(test, bound) => bound.order(value.form).is_some_and(|order| test.allows(order)),
            Self::Time(test) => test.holds(value),
        }
    }

    fn leaves<'t>(&'t self, found: &mut Vec<&'t Self>) {
        match self {
            Self::Not(one) => one.leaves(found),
            Self::Any(all) | Self::All(all) => all.iter().for_each(|one| one.leaves(found)),
            Self::Missing => {}
            leaf => found.push(leaf),
        }
    }

    fn all_leaves(&self) -> Vec<&Self> {
        let mut leaves = Vec::new();
        self.leaves(&mut leaves);
        leaves
    }

    /// Whether it compares with times, and whether the values must be times then.
    pub(crate) fn times(&self) -> Option<bool> {
        let strict = self.all_leaves().into_iter().filter_map(|leaf| match leaf {
            Self::Time(test) | Self::Text(TextTest { time: Some(test), .. }) => Some(test.strict),
            _ => None,
        });
        strict.reduce(|a, b| a || b)
    }

    /// Whether it compares with nothing but numbers.
    pub(crate) fn is_of_numbers(&self) -> bool {
        let leaves = self.all_leaves();
        let number =
            |leaf: &&Self| matches!(leaf, Self::Number(..) | Self::Value(Value::Integer(_) | Value::Number(_)));
        !leaves.is_empty() && leaves.iter().all(number)
    }

    /// The boolean that it compares with, if any: numbers other than 0 and 1 have none.
    pub(crate) fn boolean(&self) -> Option<bool> {
        self.all_leaves().into_iter().find_map(|leaf| match leaf {
            Self::Value(Value::Bool(b)) | Self::Text(TextTest { like: TextLike::Value(Value::Bool(b)), .. }) => {
                Some(*b)
            }
            _ => None,
        })
    }

    /// The texts that it compares with.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &TextTest> {
        self.all_leaves().into_iter().filter_map(|leaf| match leaf {
            Self::Text(test) => Some(test),
            _ => None,
        })
    }
}

impl TextTest {
    /// Whether a value equals the text or is like it.
    pub(crate) fn holds(&self, value: &TestedValue<'_>) -> bool {
        let is_like = match &self.like {
            TextLike::Value(wanted) => value.form.is(wanted),
            TextLike::Exact => value.form.has_text(|text| text == self.given),
            TextLike::Pattern => value.form.has_text(|text| wildcard(&self.given, text)),
        };
        is_like || self.time.is_some_and(|time| time.holds(value))
    }
}

impl TimeTest {
    fn holds(&self, value: &TestedValue<'_>) -> bool {
        match (value.form, value.day.zip(self.day), value.at) {
            (ValueForm::Missing, ..) => false,
            // Days are compared as days, independent of time zones.
            (_, Some((own, day)), _) => self.test.holds(&own, &day),
            (_, None, Some(at)) => self.test.holds_in(at, self.span),
            _ => false,
        }
    }
}

impl Bound {
    /// The order of a value and the bound; none for values that are not numbers.
    fn order(&self, form: ValueForm<'_>) -> Option<Ordering> {
        let own = match form {
            ValueForm::Number(x) => Self { number: x, whole: whole_of(x) },
            ValueForm::Text(text) => Self { number: compared_number(text)?, whole: whole(text) },
            ValueForm::Missing | ValueForm::Time => return None,
        };
        match (own.whole, self.whole) {
            (Some(own), Some(bound)) => Some(own.cmp(&bound)),
            _ => own.number.partial_cmp(&self.number),
        }
    }
}

impl ValueForm<'_> {
    fn is(self, wanted: &Value) -> bool {
        match self {
            Self::Missing | Self::Time => false,
            Self::Text(text) => wanted.is(text),
            Self::Number(x) => match wanted {
                Value::Bool(b) => x == f64::from(u8::from(*b)),
                Value::Integer(_) | Value::Number(_) => Value::number(x) == *wanted,
                Value::Text(text) => text_of(x) == *text,
            },
        }
    }

    fn has_text(self, test: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Missing | Self::Time => false,
            Self::Text(text) => test(text),
            Self::Number(x) => test(&text_of(x)),
        }
    }
}

/// The canonical text of a number.
fn text_of(x: f64) -> String {
    canonical_text(&x.to_string()).into_owned()
}

/// The whole number that a canonical text is; codes such as "007" are none.
pub(super) fn whole(text: &str) -> Option<i128> {
    text.parse::<i128>().ok().filter(|whole| whole.to_string() == text)
}

/// The whole number that a float is.
fn whole_of(x: f64) -> Option<i128> {
    // All whole floats of this size are integers of 128 bits.
    (x.fract() == 0.0 && x.abs() < 1e38).then_some(x as i128)
}
