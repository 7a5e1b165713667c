//! Groups of leads by their fields: the breakdowns of all analyses.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::encoding::MISSING;
use crate::error::{Error, Result};
use crate::journeys::{Codes, FieldHistory, Journeys};
use crate::math::quantile_sorted;
use crate::schema::{ALL, Column, NONE, shown};

/// What a result is broken down by: one field, or several side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a field, a field with bins, or a list of them")]
pub enum By {
    // Lists come first: serde would read one as the fields of a struct.
    /// Several: each combination of their values is a group.
    Several(Vec<ByField>),
    /// One field.
    One(ByField),
}

/// A field to break down by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a field, or a field with bins")]
pub enum ByField {
    /// By its values; numbers with more than twelve distinct values get four bins.
    Name(String),
    /// A number, by bins.
    Bins(ByBins),
}

/// Bins of a number: from one edge to below the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByBins {
    /// The field.
    pub field: String,
    /// Number of bins of about equal numbers of leads, with round edges that depend on the data.
    #[serde(default = "four")]
    pub bins: usize,
    /// The edges, ascending, instead.
    #[serde(default)]
    pub edges: Vec<f64>,
}

impl ByBins {
    /// Default number of bins.
    pub const DEFAULT: usize = 4;
}

fn four() -> usize {
    ByBins::DEFAULT
}

/// A number with more values is broken down by bins.
const MOST_VALUES: usize = 12;
/// Most bins.
const MOST_BINS: usize = 100;
/// Between the values of several fields.
const AND: &str = " × ";

impl By {
    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &[ByField] {
        match self {
            Self::One(field) => std::slice::from_ref(field),
            Self::Several(fields) => fields,
        }
    }
}

impl ByField {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Bins(bins) => &bins.field,
        }
    }
}

impl From<&str> for By {
    fn from(name: &str) -> Self {
        Self::One(ByField::Name(name.to_owned()))
    }
}

impl From<String> for By {
    fn from(name: String) -> Self {
        Self::One(ByField::Name(name))
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields().iter().map(ByField::name).collect();
        f.write_str(&names.join(AND))
    }
}

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

    /// Each combination with the groups of another field.
    fn with(&self, other: &Self) -> Self {
        // A value that has the sign between values is quoted, so names of combinations are unique.
        let part = |groups: &Self, code: u32| {
            let name = groups.name(code);
            if name.contains(AND) && !name.starts_with('\'') { format!("'{name}'") } else { name }
        };
        let (mut known, mut levels) = (HashMap::new(), Vec::new());
        let mut code = |pair: (&u32, &u32)| {
            *known.entry((*pair.0, *pair.1)).or_insert_with(|| {
                levels.push(format!("{}{AND}{}", part(self, *pair.0), part(other, *pair.1)));
                levels.len() as u32 - 1
            })
        };
        let codes = self.codes.iter().zip(&other.codes).map(&mut code).collect();
        Self { codes, levels }
    }
}

impl Journeys {
    /// The lead field `name`; one that changes over time as it was at creation. `None` if the field does not exist.
    #[must_use]
    pub fn field_at_creation(&self, name: &str) -> Option<Column> {
        let at_creation = |history: &FieldHistory| {
            let row = |lead: u32| {
                let created = self.leads.created_at(lead);
                history.row_as_of(lead as usize, created, created).unwrap_or(NONE)
            };
            history.values.take(&(0..self.leads.len() as u32).map(row).collect::<Vec<u32>>())
        };
        let history = || self.leads.histories.iter().find(|h| h.name == name).map(at_creation);
        self.leads.field(name).map(|f| f.column.clone()).or_else(history)
    }

    /// Groups by one lead field; `None` if the field does not exist.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming `option` for a date, or for bins that are none.
    pub fn groups_by(&self, option: &'static str, field: &ByField) -> Result<Option<Groups>> {
        let name = field.name();
        let Some(column) = self.field_at_creation(name) else { return Ok(None) };
        let no = |problem: String| Err(Error::option(option, format!("'{name}' {problem}")));
        match (column, field) {
            (Column::Category { codes, levels }, ByField::Name(_)) => {
                Ok(Some(Groups { codes, levels: levels.to_vec() }))
            }
            (Column::Number(values), ByField::Name(_)) => Ok(Some(numbers(&values))),
            (Column::Number(values), ByField::Bins(bins)) => {
                let ascending = bins.edges.iter().zip(bins.edges.iter().skip(1)).all(|(a, b)| a < b);
                if !ascending || bins.edges.iter().any(|e| !e.is_finite()) {
                    return no("needs finite, ascending bin edges".to_owned());
                }
                if !(2..=MOST_BINS).contains(&bins.bins) || bins.edges.len() >= MOST_BINS {
                    return no(format!("needs 2 to {MOST_BINS} bins"));
                }
                let edges = if bins.edges.is_empty() { round_edges(&values, bins.bins) } else { bins.edges.clone() };
                Ok(Some(binned(&values, &edges)))
            }
            (Column::Category { .. }, ByField::Bins(_)) => no("is a text field; bins apply only to numbers".to_owned()),
            (Column::Time(_), _) => no("is a time; use a text or numeric field".to_owned()),
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

    /// Groups by lead fields that must be there.
    ///
    /// # Errors
    /// [`Error::UnknownName`]; as [`Journeys::groups_by`].
    pub fn groups(&self, option: &'static str, by: &By) -> Result<Groups> {
        let mut all: Option<Groups> = None;
        for field in by.fields() {
            let unknown = || {
                let name = field.name();
                if name == "channel" || self.props.iter().any(|(n, _)| n == name) {
                    let problem = format!("'{name}' belongs to events; leads are grouped by their fields");
                    return Error::option(option, problem + &listed(self.leads.field_names()));
                }
                Error::unknown("field", name, self.leads.field_names())
            };
            let own = self.groups_by(option, field)?.ok_or_else(unknown)?;
            all = Some(all.map_or_else(|| own.clone(), |before| before.with(&own)));
        }
        all.ok_or_else(|| Error::option(option, "at least one field is required"))
    }
}

/// Names as the end of a message.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.take(8).collect();
    if names.is_empty() { String::new() } else { format!(", such as '{}'", names.join("', '")) }
}

/// The error of a call that needs the channels of events, which have none. `option` is the one that asked for them, or the
/// name of the call.
pub(crate) fn no_channels(journeys: &Journeys, option: &'static str, instead: &str) -> Error {
    let have = if journeys.kinds.iter().any(|k| !k.stage) {
        "the events have no channels; set Events(channel=…)"
    } else {
        "the journeys have no events, and so no channels; set Journeys(events=…)"
    };
    Error::option(option, format!("{have}{instead}"))
}

/// Numbers with few distinct values are grouped by value, others by bins.
fn numbers(values: &[f64]) -> Groups {
    // −0 is 0.
    let mut distinct: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| v + 0.0).collect();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() > MOST_VALUES {
        return binned(values, &round_edges(values, ByBins::DEFAULT));
    }
    let code = |v: &f64| distinct.binary_search_by(|d| d.total_cmp(&(v + 0.0))).map_or(NONE, |i| i as u32);
    Groups { codes: values.iter().map(code).collect(), levels: distinct.iter().map(f64::to_string).collect() }
}

/// Edges between bins of about equal size: quantiles, with two digits where that keeps them distinct.
fn round_edges(values: &[f64], bins: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(least), Some(most)) = (sorted.first().copied(), sorted.last().copied()) else { return Vec::new() };
    let exact: Vec<f64> = (1..bins).map(|k| quantile_sorted(&sorted, k as f64 / bins as f64)).collect();
    let round = |x: &f64| format!("{x:.1e}").parse().unwrap_or(*x);
    let apart = |mut edges: Vec<f64>| {
        edges.retain(|e| *e > least && *e <= most);
        edges.dedup();
        edges
    };
    let (rounded, exact) = (apart(exact.iter().map(round).collect()), apart(exact));
    let edges = if rounded.len() < exact.len() { exact } else { rounded };
    // If most values equal the minimum, the others form one bin.
    let next = || sorted.iter().copied().find(|v| *v > least).into_iter().collect();
    if edges.is_empty() { next() } else { edges }
}

/// Groups by bins, each from its edge to below the next.
fn binned(values: &[f64], edges: &[f64]) -> Groups {
    let code = |v: &f64| if v.is_nan() { NONE } else { edges.partition_point(|e| e <= v) as u32 };
    let name = |i: usize| match (i.checked_sub(1).and_then(|j| edges.get(j)), edges.get(i)) {
        (None, Some(high)) => format!("< {high}"),
        (Some(low), Some(high)) => format!("{low} to < {high}"),
        (Some(low), None) => format!(">= {low}"),
        (None, None) => "all".to_owned(),
    };
    Groups { codes: values.iter().map(code).collect(), levels: (0..=edges.len()).map(name).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_round_and_apart() {
        let values: Vec<f64> = (1..=1000).map(f64::from).collect();
        assert_eq!(round_edges(&values, 4), [250.0, 500.0, 750.0]);
        assert_eq!(binned(&values, &[250.0]).levels, ["< 250", ">= 250"]);
        let close: Vec<f64> = (0..100).map(|i| 2000.0 + f64::from(i)).collect();
        assert_eq!(round_edges(&close, 2), [2049.5]);
        let mut zeros = vec![0.0; 90];
        zeros.extend((1..=20).map(f64::from));
        assert_eq!(round_edges(&zeros, 4), [1.0]);
        assert_eq!(numbers(&zeros).levels, ["< 1", ">= 1"]);
        assert_eq!(round_edges(&[f64::NAN], 4), [0.0; 0]);
    }

    #[test]
    fn combinations_have_names_of_their_own() {
        let groups = |levels: &[&str], codes: &[u32]| Groups {
            codes: codes.to_vec(),
            levels: levels.iter().map(|l| (*l).to_owned()).collect(),
        };
        let both = groups(&["a", "a × b"], &[0, 1, NONE]).with(&groups(&["b × c", "c"], &[0, 1, 1]));
        assert_eq!(both.levels, ["a × 'b × c'", "'a × b' × c", "(missing) × c"]);
    }
}
