//! Lead fields as codes of values.

use std::collections::BTreeSet;

use super::spec::DriversSpec;
use crate::encoding::MISSING;
use crate::error::{Error, Result};
use crate::journeys::{FieldHistory, Journeys};
use crate::math::quantile_sorted;
use crate::progress::Task;
use crate::schema::{Column, NONE, shown};

/// Fields with more values are not compared.
pub(super) const MOST_LEVELS: usize = 200;

/// A lead field as codes.
pub(super) struct FieldCodes<'a> {
    pub(super) name: String,
    /// One per lead, or per row of the history.
    codes: Vec<u32>,
    pub(super) levels: Vec<String>,
    history: Option<&'a FieldHistory>,
}

impl FieldCodes<'_> {
    /// Code of what a lead, created at `created`, had at a time; one past the levels if nothing is known.
    pub(super) fn code(&self, lead: u32, created: i64, at: i64) -> usize {
        let row = match self.history {
            None => Some(lead),
            Some(history) => history.row_as_of(lead as usize, created, at),
        };
        let code = row.and_then(|row| self.codes.get(row as usize)).copied().unwrap_or(NONE) as usize;
        code.min(self.levels.len())
    }
}

impl Journeys {
    /// The fields to look at, and the names of those passed over.
    pub(super) fn field_codes(&self, spec: &DriversSpec, task: &Task) -> Result<(Vec<FieldCodes<'_>>, Vec<String>)> {
        let names: Vec<String> = if spec.fields.is_empty() {
            self.leads.field_names().map(str::to_owned).collect()
        } else {
            // Each once; duplicates would count twice among the tests.
            let mut seen = BTreeSet::new();
            spec.fields.iter().filter(|name| seen.insert(*name)).cloned().collect()
        };
        let (mut fields, mut passed_over) = (Vec::new(), Vec::new());
        for name in names {
            task.check()?;
            let history = self.leads.histories.iter().find(|h| h.name == name);
            let own = self.leads.field(&name).map(|f| &f.column);
            let Some(column) = own.or_else(|| history.map(|h| &h.values)) else {
                return Err(Error::unknown("field", &name, self.leads.field_names()));
            };
            let history = history.filter(|_| own.is_none());
            let (codes, levels) = match column {
                Column::Category { codes, levels } if levels.len() <= MOST_LEVELS => {
                    (codes.clone(), levels.iter().map(|level| shown(level, &[MISSING])).collect())
                }
                Column::Number(values) => quartiles(values),
                Column::Category { .. } | Column::Time(_) if spec.fields.is_empty() => {
                    passed_over.push(name);
                    continue;
                }
                Column::Category { levels, .. } => {
                    let problem = format!("'{name}' has {} values; at most {MOST_LEVELS} are supported", levels.len());
                    return Err(Error::option("fields", problem));
                }
                Column::Time(_) => {
                    return Err(Error::option("fields", format!("'{name}' is a time; use a text or numeric field")));
                }
            };
            fields.push(FieldCodes { name, codes, levels, history });
        }
        Ok((fields, passed_over))
    }
}

/// Numbers by quarter; those with few values by value.
fn quartiles(values: &[f64]) -> (Vec<u32>, Vec<String>) {
    // −0 is 0.
    let mut sorted: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| v + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = sorted.clone();
    edges.dedup();
    if edges.len() <= 8 {
        let code = |v: &f64| edges.iter().position(|e| e == v).map_or(NONE, |i| i as u32);
        return (values.iter().map(code).collect(), edges.iter().map(f64::to_string).collect());
    }
    let mut cuts: Vec<f64> = [0.25, 0.5, 0.75].map(|q| quantile_sorted(&sorted, q)).to_vec();
    cuts.dedup();
    let code = |v: &f64| if v.is_nan() { NONE } else { cuts.partition_point(|c| c < v) as u32 };
    let name = |i: usize| match (i.checked_sub(1).and_then(|j| cuts.get(j)), cuts.get(i)) {
        (None, Some(high)) => format!("≤ {high}"),
        (Some(low), Some(high)) => format!("{low} – {high}"),
        (Some(low), None) => format!("> {low}"),
        (None, None) => String::new(),
    };
    (values.iter().map(code).collect(), (0..=cuts.len()).map(name).collect())
}
