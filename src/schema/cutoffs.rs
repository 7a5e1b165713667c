//! Rules that say when a lead is looked at, and what its label is.

use serde::{Deserialize, Serialize};

use super::Target;
use crate::error::{Error, Result};
use crate::time::{Moment, Span, Timestamp, Zone};

/// Where a grid of cutoffs starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anchor {
    /// Weeks start on Monday, days at midnight, in the calendar zone.
    #[default]
    Calendar,
    /// Every lead's grid starts at its creation.
    Created,
}

/// What to do with rows whose label window is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Maturity {
    /// Drop them, positive or not.
    #[default]
    Drop,
    /// Weigh resolved rows by the inverse probability of being observed long enough.
    Ipcw,
}

/// Which leads of a table with an outcome column are rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeRows {
    /// Those whose outcome is known, with it as the label.
    #[default]
    Known,
    /// Those whose outcome is not known: the ones to score.
    Open,
    /// All, without labels.
    Any,
}

/// How much a row of a lead with several rows weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// Every row has weight 1: rates refer to the leads at risk at a cutoff, which are the leads to score.
    #[default]
    Row,
    /// Every lead weighs 1: a row weighs 1 / rows of its lead. How many rows a lead has depends on its outcome, since one
    /// that converts soon has few: rates of young leads are too high, rates of old leads too low.
    Lead,
}

/// When leads are looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum CutoffRule {
    /// On a grid, for as long as the lead is open.
    Every {
        /// Distance of the grid.
        span: Span,
        /// Its origin.
        anchor: Anchor,
    },
    /// Once, this long after creation.
    After(Span),
    /// When a stage or event is reached for the first time.
    At {
        /// Stage or event kind.
        name: String,
        /// True if the stage or event itself is visible.
        inclusive: bool,
    },
    /// All open leads at one time.
    AsOf(Timestamp),
    /// At given times.
    Table,
    /// Once, without a time: for tables of leads without times.
    Once,
}

/// A snapshot as asked for. Exactly one of `every`, `after`, `at`, `as_of` or a table of cutoffs is given, none
/// for leads without times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotSpec {
    /// Distance of a grid of cutoffs.
    pub every: Option<Span>,
    /// Origin of the grid.
    pub anchor: Anchor,
    /// Age at the cutoff.
    pub after: Option<Span>,
    /// Stage or event kind whose first occurrence is the cutoff.
    pub at: Option<String>,
    /// For `at`: whether that stage or event is visible itself.
    pub inclusive: bool,
    /// One cutoff for all leads.
    pub as_of: Option<Moment>,
    /// Earliest cutoff.
    pub since: Option<Moment>,
    /// Latest cutoff (exclusive).
    pub until: Option<Moment>,
    /// Nothing at or after it exists for this snapshot, label windows included.
    pub known_by: Option<Moment>,
    /// Length of the label window.
    pub horizon: Option<Span>,
    /// The label window ends at this age instead.
    pub by_age: Option<Span>,
    /// What makes the label positive; the won stages if nothing is named.
    pub target: Target,
    /// Weight of rows.
    pub weight: Weighting,
    /// Rows whose label window is not over.
    pub maturity: Maturity,
    /// For leads without times: which of them, by their outcome.
    pub outcome: OutcomeRows,
}

impl Default for SnapshotSpec {
    fn default() -> Self {
        Self {
            every: None,
            anchor: Anchor::Calendar,
            after: None,
            at: None,
            inclusive: true,
            as_of: None,
            since: None,
            until: None,
            known_by: None,
            horizon: None,
            by_age: None,
            target: Target::default(),
            weight: Weighting::Row,
            maturity: Maturity::Drop,
            outcome: OutcomeRows::Known,
        }
    }
}

impl SnapshotSpec {
    /// The one cutoff rule that was given; naive times are read in `zone`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if none or several were given, or a span is not positive.
    pub fn rule(&self, has_table: bool, has_times: bool, zone: &Zone) -> Result<CutoffRule> {
        if self.horizon.is_some() && self.by_age.is_some() {
            return Err(Error::option("horizon", "horizon= and by_age= cannot be combined; leave one of them out"));
        }
        if let Some(h) = self.horizon.or(self.by_age) {
            h.positive("horizon")?;
        }
        let mut rules = Vec::new();
        if let Some(span) = self.every {
            rules.push(CutoffRule::Every { span: span.positive("every")?, anchor: self.anchor });
        }
        if let Some(span) = self.after {
            rules.push(CutoffRule::After(span));
        }
        if let Some(name) = &self.at {
            rules.push(CutoffRule::At { name: name.clone(), inclusive: self.inclusive });
        }
        if let Some(t) = self.as_of {
            rules.push(CutoffRule::AsOf(t.at(zone)));
        }
        if has_table {
            rules.push(CutoffRule::Table);
        }
        if !has_times && rules.is_empty() {
            return Ok(CutoffRule::Once);
        }
        match (rules.pop(), rules.is_empty(), has_times) {
            (Some(_), _, false) => Err(Error::option(
                "snapshot",
                "cutoff rules need the creation times of leads; set Leads(created=…), or call snapshot() without a rule",
            )),
            (Some(rule), true, true) => Ok(rule),
            (Some(_), false, true) => Err(Error::option(
                "snapshot",
                "every=, after=, at=, as_of= and cutoffs= cannot be combined; give one of them",
            )),
            (None, _, _) => Err(Error::option(
                "snapshot",
                "a cutoff rule is required: every='7d', after='30d', at='mql', as_of='2026-01-01' or cutoffs=table",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_with_unknown_keys_are_refused() {
        let read = |text: &str| serde_json::from_str::<CutoffRule>(text);
        assert!(read(r#"{"at": {"name": "mql", "inclusive": true}}"#).is_ok());
        assert!(read(r#"{"at": {"name": "mql", "inclusive": true, "unheard_of": 1}}"#).is_err());
        assert!(read(r#"{"every": {"span": "7d", "anchor": "calendar", "unheard_of": 1}}"#).is_err());
    }
}
