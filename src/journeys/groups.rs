//! Groups of leads by a field.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::{Codes, FieldHistory, Journeys};
use crate::design::{ALL, Column, MISSING, NONE, shown};
use crate::error::{Error, Result};

/// Events of one task.
const PART: usize = 1 << 20;

/// The group of each lead.
#[derive(Debug, Clone)]
pub struct Groups {
    /// Code per lead, [`NONE`] for leads without a value.
    pub codes: Vec<u32>,
    /// Names of the codes.
    pub levels: Vec<String>,
}

impl Groups {
    /// Code of `lead`.
    #[must_use]
    pub fn of(&self, lead: u32) -> u32 {
        self.codes.get(lead as usize).copied().unwrap_or(NONE)
    }

    /// Name of a code.
    #[must_use]
    pub fn name(&self, code: u32) -> String {
        match self.levels.get(code as usize) {
            Some(level) => shown(level, &[ALL, MISSING]),
            None => MISSING.to_owned(),
        }
    }
}

impl Journeys {
    /// Groups by the lead field `name`, or by one that changes over time as it was at creation; `None` if there is no such
    /// field.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming `option` for a date, or a number with more than 50 different values.
    pub fn groups_by(&self, option: &'static str, name: &str) -> Result<Option<Groups>> {
        let at_creation = |history: &FieldHistory| {
            let row = |lead: u32| {
                let created = self.leads.created_at(lead);
                history.row_as_of(lead as usize, created, created).unwrap_or(NONE)
            };
            history.values.take(&(0..self.leads.len() as u32).map(row).collect::<Vec<u32>>())
        };
        let history = || self.leads.histories.iter().find(|h| h.name == name).map(at_creation);
        let own = self.leads.field(name).map(|f| f.column.clone());
        let Some(column) = own.or_else(history) else { return Ok(None) };
        match column {
            Column::Category { codes, levels } => Ok(Some(Groups { codes, levels: levels.to_vec() })),
            Column::Number(values) => numbers(option, name, &values).map(Some),
            Column::Time(_) => Err(Error::option(option, format!("'{name}' is a date; take a text field"))),
        }
    }

    /// Which kinds of events come from a source of which at least one event has one of `codes`.
    #[must_use]
    pub fn kinds_with(&self, codes: Option<&Codes>) -> Vec<bool> {
        let mut has = vec![false; self.kinds.len()];
        let Some(codes) = codes else { return has };
        let kinds = &self.timeline.kind;
        let part = |start: usize| {
            let mut has = vec![false; self.kinds.len()];
            for i in start..kinds.len().min(start + PART) {
                if codes.get(i) != NONE
                    && let Some(flag) = has.get_mut(kinds.get(i) as usize)
                {
                    *flag = true;
                }
            }
            has
        };
        let starts: Vec<usize> = (0..kinds.len()).step_by(PART).collect();
        for flags in starts.into_par_iter().map(part).collect::<Vec<_>>() {
            has.iter_mut().zip(flags).for_each(|(has, flag)| *has |= flag);
        }
        let sources: BTreeSet<&str> =
            self.kinds.iter().zip(&has).filter(|(_, has)| **has).map(|(k, _)| k.source.as_str()).collect();
        self.kinds.iter().map(|k| !k.stage && sources.contains(k.source.as_str())).collect()
    }

    /// Groups by a lead field that must be there.
    ///
    /// # Errors
    /// [`Error::UnknownName`]; as [`Journeys::groups_by`].
    pub fn groups(&self, option: &'static str, name: &str) -> Result<Groups> {
        let known = || self.leads.field_names();
        self.groups_by(option, name)?.ok_or_else(|| Error::unknown("field", name, known()))
    }
}

/// Numbers with few distinct values are as good as texts.
fn numbers(option: &'static str, name: &str, values: &[f64]) -> Result<Groups> {
    // −0 is 0.
    let mut distinct: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| v + 0.0).collect();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() > 50 {
        let problem = format!("'{name}' is a number with {} different values; take a text field", distinct.len());
        return Err(Error::option(option, problem));
    }
    let code = |v: &f64| distinct.binary_search_by(|d| d.total_cmp(&(v + 0.0))).map_or(NONE, |i| i as u32);
    Ok(Groups { codes: values.iter().map(code).collect(), levels: distinct.iter().map(f64::to_string).collect() })
}
