//! Snapshots: leads at cutoffs, their labels and weights.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::censoring::Candidates;
use super::counts::SnapshotCounts;
use super::row::{Row, pick};
use super::weights::{diagnose, is_by_lead, weigh_by_lead};
use crate::journeys::{Journeys, Suspect};
use crate::math;
use crate::schema::{CutoffRule, Feature, FeatureSet, Maturity, SnapshotSpec};
use crate::time::{DAY, NO_TIME, Timestamp};

/// Leads at cutoffs, with labels if a label window was given. Features are computed on demand.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The journeys it was taken from.
    pub journeys: Arc<Journeys>,
    /// Rows in order of lead, then cutoff.
    pub rows: Vec<Row>,
    /// Whether the target was reached within the label window.
    pub label: Option<Vec<bool>>,
    /// Weight of each row.
    pub weight: Vec<f64>,
    /// The options of the analysis.
    pub spec: SnapshotSpec,
    /// The cutoff rule.
    pub rule: CutoffRule,
    /// Names of the target; `outcome` for an outcome column.
    pub target: Vec<String>,
    /// The features to compute.
    pub features: FeatureSet,
    /// Exclusions by reason.
    pub counts: SnapshotCounts,
    /// The split and set that it belongs to, if any.
    pub split: Option<Split>,
    /// All rows, those without a known label among them, if the others make up for these.
    pub(super) candidates: Option<Arc<Candidates>>,
}

/// The rule of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    /// The latest cutoffs are the test; training label windows end before it.
    Time,
    /// The last leads in the order of the table are the test.
    Order,
    /// Whole accounts (or leads, without accounts) go to one side, drawn by a hash.
    Group,
    /// Leads go to one side, drawn by a hash.
    Random,
}

/// The split and set of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// What it was made by.
    pub by: SplitBy,
    /// True for the test set.
    pub test: bool,
    /// First test cutoff, for a split by time.
    pub boundary: Option<Timestamp>,
    /// Rows in neither set, because their label window reaches into the test period.
    pub in_gap: usize,
    /// Accounts with leads in both sets.
    #[serde(default)]
    pub shared_accounts: usize,
    /// The limitations of the split.
    pub remark: String,
}

impl Snapshot {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Age of the lead at the cutoff of row `i`, in days; NaN without times.
    #[must_use]
    pub fn age_days(&self, i: usize) -> f64 {
        match self.rows.get(i) {
            Some(row) if row.cutoff != NO_TIME => {
                (row.cutoff - self.journeys.leads.created_at(row.lead)) as f64 / DAY as f64
            }
            _ => f64::NAN,
        }
    }

    /// The rows at `positions`, ascending, as a snapshot of its own.
    #[must_use]
    pub fn take(&self, positions: &[usize]) -> Self {
        let mut weight = pick(&self.weight, positions);
        let rows = pick(&self.rows, positions);
        if is_by_lead(&self.spec, &self.rule) && self.spec.maturity == Maturity::Drop {
            weight.fill(1.0);
            weigh_by_lead(&rows, &mut weight);
        }
        let mut part = Self {
            journeys: Arc::clone(&self.journeys),
            label: self.label.as_ref().map(|l| pick(l, positions)),
            rows,
            weight,
            spec: self.spec.clone(),
            rule: self.rule.clone(),
            target: self.target.clone(),
            features: self.features.clone(),
            counts: self.counts.clone(),
            split: self.split.clone(),
            candidates: None,
        };
        part.recount();
        part
    }

    pub(super) fn recount(&mut self) {
        self.counts.rows = self.rows.len();
        (self.counts.largest_weight, self.counts.effective_rows) = diagnose(&self.weight);
        self.counts.leads_with_rows = distinct(self.rows.iter().map(|r| r.lead));
        if let Some(label) = &self.label {
            self.counts.positives = label.iter().filter(|l| **l).count();
            self.counts.positive_leads =
                distinct(self.rows.iter().zip(label).filter(|(_, l)| **l).map(|(r, _)| r.lead));
        }
    }

    /// Share of positives, by weight; `None` without labels or rows.
    #[must_use]
    pub fn base_rate(&self) -> Option<f64> {
        let label = self.label.as_ref()?;
        let total = math::sum(&self.weight);
        let hits = math::sum_by(label.len(), |i| match (label.get(i), self.weight.get(i)) {
            (Some(true), Some(w)) => *w,
            _ => 0.0,
        });
        (total > 0.0).then(|| hits / total)
    }

    /// The assumptions behind the weights.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if is_by_lead(&self.spec, &self.rule) {
            remarks.push(
                "weight='lead' is outcome-dependent: a lead that converts soon has few rows, each with a large \
                 weight, so rates and probabilities of young leads are too high; weight='row' estimates the rate among \
                 leads at risk"
                    .to_owned(),
            );
        }
        if self.spec.maturity == Maturity::Ipcw && self.label.is_some() {
            remarks.push(format!(
                "maturity='ipcw' assumes that leads of the same age convert at the same rate at every cutoff (no drift); the \
                 largest weight is {:.1}, and {} rows count as {:.0} of equal weight",
                self.counts.largest_weight, self.counts.rows, self.counts.effective_rows
            ));
        }
        remarks
    }

    /// Suspicious properties of the fields that its features may use.
    pub fn suspects(&self) -> impl Iterator<Item = &Suspect> {
        self.journeys.check.suspects.iter().filter(|s| self.uses_field(&s.column))
    }

    /// Whether its features may use the field called `name`.
    #[must_use]
    pub fn uses_field(&self, name: &str) -> bool {
        let features = &self.features;
        let of_column = [Feature::Field(name.to_owned()), Feature::DaysSinceField(name.to_owned())];
        let without = of_column.iter().any(|f| features.leaves_out(f));
        if features.only.is_empty() { features.fields && !without } else { self.names_field(name) && !without }
    }

    /// Whether the field called `name` is named among its features.
    #[must_use]
    pub fn names_field(&self, name: &str) -> bool {
        let is = |f: &Feature| matches!(f, Feature::Field(field) | Feature::DaysSinceField(field) if field == name);
        self.features.only.iter().any(is)
    }
}

/// Number of distinct values of an ascending sequence.
fn distinct(values: impl Iterator<Item = u32>) -> usize {
    let mut last = None;
    values.filter(|v| last.replace(*v) != Some(*v)).count()
}
