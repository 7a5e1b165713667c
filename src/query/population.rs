//! The leads, and their starts, that an analysis covers.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::conditions::flags;
use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::schema::Condition;
use crate::time::NO_TIME;

/// Which leads count: conditions on their fields, all of which must hold.
///
/// On a number, a condition is a number or a text such as `>= 10`; on a date a text such as `>= 2024-03-01`; on a text the
/// text itself (`*` and `?` are wildcards). `!=` before a value means all others, those without a value among them, as `not`
/// does. Fields that change over time are taken as they were at creation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Where(pub BTreeMap<String, Condition>);

impl Where {
    /// Whether all leads count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The conditions as a suffix of a title; empty if all leads count.
    #[must_use]
    pub fn suffix(&self) -> String {
        if self.is_empty() { String::new() } else { format!(", where {self}") }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, condition)) in self.0.iter().enumerate() {
            let and = if i == 0 { "" } else { ", " };
            write!(f, "{and}{name} {condition}")?;
        }
        Ok(())
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
            let flags = flags(name, &column, condition, self.leads.zones.get(name).unwrap_or(&self.timezone))?;
            keep.iter_mut().zip(flags).for_each(|(keep, flag)| *keep &= flag);
        }
        Ok(Population { keep: Some(keep) })
    }

    /// Whether outcomes were recorded at a start; outcomes of earlier starts are unknown.
    #[must_use]
    pub fn records_outcomes_of(&self, start: i64) -> bool {
        self.outcomes_from == NO_TIME || start >= self.outcomes_from
    }

    /// Start of `lead`: its creation, else its first event; [`NO_TIME`] if neither is known.
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

    /// Whether the outcome of `lead` is unknown because it started before outcomes were recorded.
    #[must_use]
    pub fn started_before_outcomes(&self, lead: u32) -> bool {
        self.outcomes_from != NO_TIME && matches!(self.start_of(lead), t if t != NO_TIME && t < self.outcomes_from)
    }
}
