//! Of which leads, and of which of their starts, an analysis can speak.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Journeys;
use crate::design::{Column, Comparison, Condition, NONE, Value, like};
use crate::error::{Error, Result};
use crate::time::{Moment, NO_TIME, Zone};

/// Which leads count: conditions on their fields, all of which must hold.
///
/// On a number, a condition is a number or a text such as `>= 10`; on a date a text such as `>= 2024-03-01`; on a text the
/// text itself (`*` and `?` are wildcards, `!=` before it means all others). Fields that change over time are taken as they
/// were at creation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Where(pub BTreeMap<String, Condition>);

impl Where {
    /// Whether all leads count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text to put behind what it is about, empty if all leads count.
    #[must_use]
    pub fn suffix(&self) -> String {
        if self.is_empty() { String::new() } else { format!(", where {self}") }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, condition)) in self.0.iter().enumerate() {
            let and = if i == 0 { "" } else { ", " };
            write!(f, "{and}{name} {}", words(condition))?;
        }
        Ok(())
    }
}

fn words(condition: &Condition) -> String {
    match condition {
        Condition::Null(()) | Condition::IsNull { null: true } => "is missing".to_owned(),
        Condition::IsNull { null: false } => "is not missing".to_owned(),
        Condition::Bool(b) => format!("= {b}"),
        Condition::Integer(whole) => format!("= {whole}"),
        Condition::Number(x) => format!("= {x}"),
        Condition::Text(t) if t.starts_with(['<', '>', '=', '!']) => t.clone(),
        Condition::Text(t) => format!("= {t}"),
        Condition::Any(all) => all.iter().map(words).collect::<Vec<_>>().join(" or "),
        Condition::All { all } => all.iter().map(words).collect::<Vec<_>>().join(" and "),
        Condition::Not { not } => format!("not ({})", words(not)),
    }
}

/// The leads that count.
#[derive(Debug, Clone)]
pub struct Population {
    /// One flag per lead; all count if not given.
    keep: Option<Vec<bool>>,
}

impl Population {
    /// Whether `lead` counts.
    #[must_use]
    pub fn has(&self, lead: u32) -> bool {
        self.keep.as_ref().is_none_or(|keep| keep.get(lead as usize).copied().unwrap_or(false))
    }

    /// Whether all leads count.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.keep.is_none()
    }
}

impl Journeys {
    /// The leads that count.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a field, or a text value, that the leads do not have; [`Error::InvalidOption`] for a
    /// condition that does not fit the field.
    pub fn population(&self, conditions: &Where) -> Result<Population> {
        if conditions.is_empty() {
            return Ok(Population { keep: None });
        }
        let mut keep = vec![true; self.leads.len()];
        for (name, condition) in &conditions.0 {
            let column = self.field_at_creation(name);
            let column = column.ok_or_else(|| Error::unknown("field", name, self.leads.field_names()))?;
            let flags = flags(name, &column, condition, &self.timezone)?;
            keep.iter_mut().zip(flags).for_each(|(keep, flag)| *keep &= flag);
        }
        Ok(Population { keep: Some(keep) })
    }

    /// Whether outcomes were recorded when something started: what came of an earlier start is not known.
    #[must_use]
    pub fn records_outcomes_of(&self, start: i64) -> bool {
        self.outcomes_from == NO_TIME || start >= self.outcomes_from
    }

    /// When `lead` started: its creation, else the first thing that happened; [`NO_TIME`] if neither is known.
    #[must_use]
    pub fn start_of(&self, lead: u32) -> i64 {
        match self.leads.created_at(lead) {
            NO_TIME => {
                let events = self.timeline.range(lead);
                let first = self.timeline.at.get(events.start).copied();
                first.filter(|_| !events.is_empty()).unwrap_or(NO_TIME)
            }
            created => created,
        }
    }

    /// Whether what came of `lead` is not known, as it started before outcomes were recorded.
    #[must_use]
    pub fn started_before_outcomes(&self, lead: u32) -> bool {
        self.outcomes_from != NO_TIME && matches!(self.start_of(lead), t if t != NO_TIME && t < self.outcomes_from)
    }
}

/// Whether a condition holds, per row.
fn flags(name: &str, column: &Column, condition: &Condition, zone: &Zone) -> Result<Vec<bool>> {
    let no = |problem: String| Err(Error::option("where", format!("{name}: {problem}")));
    let rows = column.len();
    Ok(match (condition, column) {
        (Condition::Not { not }, _) => flags(name, column, not, zone)?.into_iter().map(|flag| !flag).collect(),
        (Condition::Any(all), _) => {
            let mut any = vec![false; rows];
            for one in all {
                any.iter_mut().zip(flags(name, column, one, zone)?).for_each(|(any, flag)| *any |= flag);
            }
            any
        }
        (Condition::All { all }, _) => {
            let mut every = vec![true; rows];
            for one in all {
                every.iter_mut().zip(flags(name, column, one, zone)?).for_each(|(every, flag)| *every &= flag);
            }
            every
        }
        (Condition::Null(()), _) => missing(column),
        (Condition::IsNull { null }, _) => missing(column).into_iter().map(|flag| flag == *null).collect(),
        // A float is the whole number only if it is no neighbour's.
        (Condition::Integer(whole), Column::Number(values)) => {
            values.iter().map(|v| Value::number(*v) == Value::Integer(i128::from(*whole))).collect()
        }
        (Condition::Number(x), Column::Number(values)) => values.iter().map(|v| v == x).collect(),
        (Condition::Text(text), Column::Number(values)) => {
            let (test, number) = Comparison::split(text);
            match number.parse::<f64>() {
                Ok(number) => values.iter().map(|v| test.holds(v, &number)).collect(),
                Err(_) => return no(format!("'{text}' is not a number; give one after >=, <=, >, <, ==, or !=")),
            }
        }
        (Condition::Text(text), Column::Time(values)) => {
            let (test, time) = Comparison::split(text);
            match time.parse::<Moment>().map(|time| time.at(zone)) {
                Ok(time) => values.iter().map(|v| *v != NO_TIME && test.holds(v, &time.0)).collect(),
                Err(e) => return no(e.to_string()),
            }
        }
        (Condition::Bool(b), Column::Category { codes, levels }) => {
            by_level(codes, levels, |level| Value::Bool(*b).is(level))
        }
        (Condition::Integer(whole), Column::Category { codes, levels }) => {
            by_level(codes, levels, |level| Value::Integer(i128::from(*whole)).is(level))
        }
        (Condition::Number(x), Column::Category { codes, levels }) => {
            by_level(codes, levels, |level| Value::number(*x).is(level))
        }
        (Condition::Text(text), Column::Category { codes, levels }) => {
            let others = text.strip_prefix("!=").map(str::trim).filter(|_| !levels.contains(text));
            let wanted = others.unwrap_or(text);
            let mut chosen = like(wanted, levels);
            if !chosen.contains(&true) {
                let value = Value::text(wanted);
                chosen = levels.iter().map(|level| value.is(level)).collect();
            }
            if !chosen.contains(&true) {
                return Err(Error::unknown("value", wanted, levels.iter().map(String::as_str).take(10_000)));
            }
            let flag = |code: &u32| chosen.get(*code as usize).is_some_and(|chosen| *chosen != others.is_some());
            codes.iter().map(flag).collect()
        }
        (Condition::Bool(b), Column::Number(values)) if values.iter().all(|v| v.is_nan() || *v == 0.0 || *v == 1.0) => {
            values.iter().map(|v| *v == f64::from(u8::from(*b))).collect()
        }
        (Condition::Bool(b), Column::Number(_)) => return no(format!("is a number, not {b}")),
        (Condition::Bool(_) | Condition::Integer(_) | Condition::Number(_), Column::Time(_)) => {
            return no("is a date; give one after >=, <=, >, <, ==, !=".to_owned());
        }
    })
}

fn missing(column: &Column) -> Vec<bool> {
    match column {
        Column::Number(values) => values.iter().map(|v| v.is_nan()).collect(),
        Column::Category { codes, .. } => codes.iter().map(|c| *c == NONE).collect(),
        Column::Time(values) => values.iter().map(|v| *v == NO_TIME).collect(),
    }
}

fn by_level(codes: &[u32], levels: &[String], holds: impl Fn(&str) -> bool) -> Vec<bool> {
    let flags: Vec<bool> = levels.iter().map(|level| holds(level)).collect();
    codes.iter().map(|code| flags.get(*code as usize).copied().unwrap_or(false)).collect()
}
