//! What a call list is asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::time::Span;

/// What leads are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// The probability of the target.
    #[default]
    Probability,
    /// The probability times the amount of the lead's open deals.
    ExpectedValue,
}

/// Options of a call list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallListSpec {
    /// Calls of each rep and day.
    pub per_rep: usize,
    /// Calls per day of single reps, in the place of `per_rep`.
    pub capacity: BTreeMap<String, usize>,
    /// The reps. If none are named, the owners of the leads; without owners there is one list.
    pub reps: Vec<String>,
    /// Number of days.
    pub days: usize,
    /// What leads are ordered by.
    pub rank: Rank,
    /// At most this many leads of an account, over all reps and days.
    pub per_account: Option<usize>,
    /// Leads not to call, by id.
    pub exclude: Vec<String>,
    /// Leads that sales worked on (an event of sales) within this time before the cutoff are not called again.
    pub recycle_after: Option<Span>,
    /// Share of each rep's calls that go to leads drawn at random, 0 to 1.
    pub explore: f64,
    /// Seed of the draw.
    pub seed: u64,
}

impl Default for CallListSpec {
    fn default() -> Self {
        Self {
            per_rep: 20,
            capacity: BTreeMap::new(),
            reps: Vec::new(),
            days: 1,
            rank: Rank::Probability,
            per_account: None,
            exclude: Vec::new(),
            recycle_after: None,
            explore: 0.0,
            seed: 0,
        }
    }
}

/// A lead that may be called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<'a> {
    /// Its id.
    pub id: &'a str,
    /// Probability of the target.
    pub probability: f64,
    /// Amount of its open deals, if known.
    pub value: Option<f64>,
    /// Its owner.
    pub owner: Option<&'a str>,
    /// Number of its account.
    pub account: Option<u32>,
    /// Time since sales last worked on it; `None` if never.
    pub since_worked: Option<Span>,
}

impl CallListSpec {
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |option: &str, problem: String| Err(Error::option(option, problem));
        if !(0.0..=1.0).contains(&self.explore) {
            return wrong("explore", format!("must be a share from 0 to 1, not {}", self.explore));
        }
        if self.days == 0 {
            return wrong("days", "must be at least 1, not 0".into());
        }
        if self.per_account == Some(0) {
            return wrong("per_account", "must be at least 1, not 0".into());
        }
        if let Some(span) = self.recycle_after {
            span.positive("recycle_after")?;
        }
        let mut known: Vec<&String> = self.reps.iter().collect();
        known.sort();
        if let Some([twice, _]) = known.windows(2).find(|w| w.first() == w.last()) {
            return wrong("reps", format!("'{twice}' is listed twice"));
        }
        Ok(())
    }

    /// The reps in order, with their calls per day.
    pub(super) fn reps(&self, candidates: &[Candidate<'_>]) -> Result<Vec<(String, usize)>> {
        let mut names: Vec<String> = if self.reps.is_empty() {
            let mut owners: Vec<String> = candidates.iter().filter_map(|c| c.owner).map(ToOwned::to_owned).collect();
            owners.sort();
            owners.dedup();
            owners.extend(self.capacity.keys().cloned());
            owners
        } else {
            self.reps.clone()
        };
        names.sort();
        names.dedup();
        if let Some(unknown) = self.capacity.keys().find(|rep| !names.contains(rep)) {
            return Err(Error::unknown("rep", unknown, names.iter().map(String::as_str)));
        }
        let calls = |rep: &String| self.capacity.get(rep).copied().unwrap_or(self.per_rep);
        if names.is_empty() {
            return Ok(vec![(String::new(), self.per_rep)]);
        }
        Ok(names.into_iter().map(|rep| (rep.clone(), calls(&rep))).collect())
    }
}
