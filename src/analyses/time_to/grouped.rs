//! Spells of leads with the groups that they belong to.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::gathered::LeadsLeftOut;
use crate::error::{Error, Result};
use crate::journeys::StringTable;
use crate::survival::{Blocks, Subject};

/// Most groups.
const MOST_GROUPS: usize = 100;

/// Spells by group, and the leads that have none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct GroupedSubjects {
    /// Names of groups, each once.
    pub(super) names: Vec<String>,
    /// Spells with the numbers of their groups, as they were gathered.
    pub(super) runs: Vec<Vec<(u32, Subject)>>,
    /// The accounts of the spells, if accounts are declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) clusters: Vec<Vec<u64>>,
    pub(super) left_out: LeadsLeftOut,
}

impl GroupedSubjects {
    /// Adds spells of groups that are called so.
    pub(super) fn join(
        &mut self,
        names: &[String],
        mut runs: Vec<Vec<(u32, Subject)>>,
        mut clusters: Vec<Vec<u64>>,
        left_out: LeadsLeftOut,
    ) {
        let mut known: StringTable = self.names.iter().map(String::as_str).collect();
        let numbers: Vec<u32> = names.iter().map(|name| known.intern(name)).collect();
        self.names = known.iter().map(str::to_owned).collect();
        if !numbers.iter().copied().eq(0..numbers.len() as u32) {
            let renumber = |group: &mut u32| *group = numbers.get(*group as usize).copied().unwrap_or(*group);
            runs.par_iter_mut().for_each(|run| run.iter_mut().for_each(|(group, _)| renumber(group)));
        }
        self.runs.append(&mut runs);
        self.clusters.append(&mut clusters);
        self.left_out.add(left_out);
    }

    /// Spells in blocks of accounts, groups in their order of size.
    pub(super) fn blocks(&self, order: &[(u64, &str, u32)]) -> Blocks {
        let mut places = vec![0u32; self.names.len()];
        for ((.., i), place) in order.iter().zip(0..) {
            if let Some(slot) = places.get_mut(*i as usize) {
                *slot = place;
            }
        }
        Blocks::new(&self.runs, &self.clusters, &places)
    }

    /// Spells of each group.
    pub(super) fn counts(&self) -> Vec<u64> {
        let counted = self.runs.par_iter().map(|run| {
            let mut counts = vec![0u64; self.names.len()];
            for (group, _) in run {
                if let Some(n) = counts.get_mut(*group as usize) {
                    *n += 1;
                }
            }
            counts
        });
        let add = |mut a: Vec<u64>, b: Vec<u64>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        counted.reduce(|| vec![0; self.names.len()], add)
    }

    /// The spells of each group, in the order in which they were gathered.
    pub(super) fn lists(&self, counts: &[u64]) -> Vec<Vec<Subject>> {
        let mut lists: Vec<Vec<Subject>> = counts.iter().map(|n| Vec::with_capacity(*n as usize)).collect();
        for (group, spell) in self.runs.iter().flatten() {
            if let Some(list) = lists.get_mut(*group as usize) {
                list.push(*spell);
            }
        }
        lists
    }

    /// Groups that have spells, most first: how many, name, number.
    ///
    /// # Errors
    /// [`Error::NoRows`] if none has, [`Error::InvalidOption`] for more than 100.
    pub(super) fn ordered(&self, counts: &[u64]) -> Result<Vec<(u64, &str, u32)>> {
        if counts.iter().all(|n| *n == 0) {
            let why = format!(
                "no leads are left: {} without a start, {} ended before it, {} before outcomes were recorded",
                self.left_out.no_start, self.left_out.ended_before, self.left_out.before_outcomes
            );
            return Err(Error::NoRows { what: "time to an event", why });
        }
        let mut order: Vec<(u64, &str, u32)> =
            counts.iter().zip(&self.names).zip(0..).map(|((n, name), i)| (*n, name.as_str(), i)).collect();
        order.retain(|(n, ..)| *n > 0);
        order.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        if order.len() > MOST_GROUPS {
            let problem = format!("the field has {} values; use one with at most {MOST_GROUPS}", order.len());
            return Err(Error::option("by", problem));
        }
        Ok(order)
    }
}
