//! The spells of all leads and of each group, and the curves of them.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::grouped::GroupedSubjects;
use super::spec::TimeToSpec;
use crate::counted::counted;
use crate::error::Result;
use crate::schema::ALL;
use crate::survival::{Curve, Pooled, RiskTable, Subject, late_start};
use crate::time::DAY;

/// Fewest at risk where a curve starts whose early risk set empties.
const LEAST_AT_RISK: u64 = 30;

/// The spells that curves are drawn of.
pub(super) struct Subjects {
    /// Whether few leads have entered at some age: then each curve starts where enough are at risk, and the spells of a
    /// group are needed together.
    late: bool,
    /// All spells; empty where nothing needs them together.
    pub(super) all: Vec<Subject>,
    /// Of each group, most leads first; empty without a breakdown.
    pub(super) named: Vec<(String, Vec<Subject>)>,
    /// Groups whose curves start later than their spells.
    pub(super) moved: BTreeSet<String>,
}

impl Subjects {
    pub(super) fn new(
        part: &GroupedSubjects,
        spec: &TimeToSpec,
        counts: &[u64],
        order: &[(u64, &str, u32)],
        remarks: &mut Vec<String>,
    ) -> Result<Self> {
        // If few leads have entered, all leads at risk can end; curves then start later, each at its own age.
        let late = part.runs.par_iter().any(|run| run.iter().any(|(_, s)| s.entry.is_some()));
        let mut named: Vec<(String, Vec<Subject>)> = if late || spec.ceiling.is_some() {
            let mut lists = part.lists(counts);
            let mut list = |i: u32| lists.get_mut(i as usize).map(std::mem::take).unwrap_or_default();
            order.iter().map(|(_, name, i)| ((*name).to_owned(), list(*i))).collect()
        } else {
            order.iter().map(|(_, name, _)| ((*name).to_owned(), Vec::new())).collect()
        };
        let mut all: Vec<Subject> = named.iter().flat_map(|(_, spells)| spells).copied().collect();
        if spec.by.is_none() {
            named.clear();
        }
        let mut moved = BTreeSet::new();
        for (value, spells) in [(ALL, &mut all)].into_iter().chain(named.iter_mut().map(|(v, s)| (v.as_str(), s))) {
            if start_late(value, spells, remarks)? {
                moved.insert(value.to_owned());
            }
        }
        Ok(Self { late, all, named, moved })
    }

    /// The spells in order of their ends.
    pub(super) fn pooled(
        &self,
        part: &GroupedSubjects,
        spec: &TimeToSpec,
        order: &[(u64, &str, u32)],
    ) -> Result<Pooled> {
        if !self.late {
            let mut numbers = vec![0u32; part.names.len()];
            for (number, (.., i)) in order.iter().enumerate() {
                if let Some(slot) = numbers.get_mut(*i as usize) {
                    *slot = number as u32;
                }
            }
            Pooled::of_runs(&part.runs, &numbers, order.iter().map(|(n, ..)| *n as usize).collect())
        } else if spec.by.is_some() {
            Pooled::new(&self.named.iter().map(|(_, spells)| spells.as_slice()).collect::<Vec<_>>())
        } else {
            Pooled::new(&[&self.all])
        }
    }

    /// The curve of all leads, then one per group.
    pub(super) fn curves(&self, pooled: &Pooled, confidence: f64) -> Result<Vec<Curve>> {
        let first = || if self.late { RiskTable::new(&self.all) } else { Ok(pooled.together()) };
        let (first, others) = rayon::join(first, || if self.named.is_empty() { Vec::new() } else { pooled.apart() });
        let tables: Vec<RiskTable> = [first?].into_iter().chain(others).collect();
        Ok(tables.into_par_iter().map(|t| Curve::new(t, confidence)).collect())
    }
}

/// Lets the curve of spells start where at least 30 are at risk, if its early risk set empties; says so. Whether it did.
fn start_late(value: &str, spells: &mut Vec<Subject>, remarks: &mut Vec<String>) -> Result<bool> {
    let Some(age) = late_start(spells, LEAST_AT_RISK)? else { return Ok(false) };
    let before = spells.len();
    spells.retain(|s| s.exit >= age);
    let at_risk = spells.iter().filter(|s| s.entry.is_none_or(|e| e < age)).count() as u64;
    let least = at_risk.min(LEAST_AT_RISK);
    let just_before = age - 1.0 / DAY as f64;
    for s in spells.iter_mut() {
        s.entry = Some(s.entry.map_or(just_before, |e| e.max(just_before)));
    }
    remarks.push(format!(
        "{value}: the few leads that entered early had all ended; the curve starts at {age:.1} days, the first \
         age with at least {least} at risk, and refers to leads still open then ({} ended before)",
        counted(before - spells.len(), "lead", "leads")
    ));
    Ok(true)
}
