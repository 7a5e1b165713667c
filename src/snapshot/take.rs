//! Taking a snapshot: the cutoffs of each lead, and its outcomes afterwards.

use std::sync::Arc;

use super::censoring::{Candidates, Outcome};
use super::counts::SnapshotCounts;
use super::pass::{RowsOfLeads, SnapshotPass};
use super::row::{Row, retain};
use super::rows::Snapshot;
use super::weights::{is_by_lead, weigh_by_lead};
use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::progress::Task;
use crate::schema::{CutoffRule, FeatureSet, OutcomeRows, SnapshotSpec};
use crate::time::NO_TIME;

impl Journeys {
    /// Takes a snapshot. `cutoffs` are pairs of lead number and UTC microseconds for the table rule.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the rule is not one of the five or a span is not positive,
    /// [`Error::UnknownName`] if the target or the stage of `at` is not in the data, [`Error::Interrupted`].
    pub fn snapshot(
        self: &Arc<Self>,
        spec: &SnapshotSpec,
        cutoffs: Option<&[(u32, i64)]>,
        features: FeatureSet,
        task: &Task,
    ) -> Result<Snapshot> {
        let has_times = self.leads.created.iter().any(|c| *c != NO_TIME);
        let rule = spec.rule(cutoffs.is_some(), has_times, &self.timezone)?;
        if rule == CutoffRule::Once {
            return self.snapshot_once(spec, features);
        }
        let labelled = spec.horizon.is_some() || spec.by_age.is_some();
        let target = spec.target.names();
        let target = if target.is_empty() { self.won.clone() } else { target };
        if labelled && target.is_empty() {
            return Err(self.no_target("a label"));
        }
        let pass = SnapshotPass::new(self, spec, &rule, &target, cutoffs)?;
        let parts = pass.rows(task)?;
        let mut counts =
            SnapshotCounts { leads: self.leads.len(), repeated: pass.repeated, ..SnapshotCounts::default() };
        parts.iter().for_each(|part| counts.add(&part.counts));
        let ipcw = pass.ipcw;
        let (rows, outcomes, label) = gather(parts, labelled, ipcw, task)?;
        let mut snapshot = Snapshot {
            journeys: Arc::clone(self),
            weight: Vec::new(),
            rows,
            label,
            spec: spec.clone(),
            rule,
            target,
            features,
            counts,
            split: None,
            candidates: None,
        };
        snapshot.weigh_rows();
        task.check()?;
        if ipcw {
            snapshot.resolve(outcomes, task)?;
        }
        task.check()?;
        if !labelled {
            snapshot.apply_outcome_column();
        }
        task.check()?;
        snapshot.recount();
        Ok(snapshot)
    }

    /// The snapshot of leads without times: one row per lead, labelled by the outcome column if there is one.
    fn snapshot_once(self: &Arc<Self>, spec: &SnapshotSpec, features: FeatureSet) -> Result<Snapshot> {
        if spec.horizon.is_some()
            || spec.by_age.is_some()
            || spec.since.is_some()
            || spec.until.is_some()
            || spec.known_by.is_some()
        {
            return Err(Error::option(
                "snapshot",
                "horizon=, since= and known_by= need the creation times of leads; set Leads(created=…)",
            ));
        }
        let n = self.leads.len();
        let mut counts = SnapshotCounts { leads: n, candidates: n, ..SnapshotCounts::default() };
        let all = (0..n as u32).map(|lead| Row { lead, cutoff: NO_TIME });
        let (rows, label): (Vec<Row>, Option<Vec<bool>>) = match (&self.leads.outcome, spec.outcome) {
            (Some(outcome), OutcomeRows::Known) => {
                let known: Vec<(Row, bool)> = all.zip(outcome).filter_map(|(r, o)| o.map(|o| (r, o))).collect();
                counts.without_outcome = n - known.len();
                let (rows, label) = known.into_iter().unzip();
                (rows, Some(label))
            }
            (Some(outcome), OutcomeRows::Open) => {
                let open: Vec<Row> = all.zip(outcome).filter(|(_, o)| o.is_none()).map(|(r, _)| r).collect();
                counts.with_outcome = n - open.len();
                (open, None)
            }
            (None, _) | (Some(_), OutcomeRows::Any) => (all.collect(), None),
        };
        let mut snapshot = Snapshot {
            journeys: Arc::clone(self),
            weight: vec![1.0; rows.len()],
            rows,
            label,
            spec: spec.clone(),
            rule: CutoffRule::Once,
            target: vec!["outcome".into()],
            features,
            counts,
            split: None,
            candidates: None,
        };
        snapshot.recount();
        Ok(snapshot)
    }
}

impl Snapshot {
    /// Rows of one lead share its weight, or each row counts alike, as the options say.
    fn weigh_rows(&mut self) {
        self.weight = vec![1.0; self.rows.len()];
        if is_by_lead(&self.spec, &self.rule) {
            weigh_by_lead(&self.rows, &mut self.weight);
        }
    }

    /// Keeps the rows with a known label, and lets them make up for the others.
    fn resolve(&mut self, outcomes: Vec<Outcome>, task: &Task) -> Result<()> {
        let (rows, weight) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.weight));
        let ages = rows.iter().map(|r| r.cutoff - self.journeys.leads.created_at(r.lead)).collect();
        let all = Arc::new(Candidates { rows, ages, outcomes, weight });
        let resolved = all.resolve(&mut self.counts, &task.stopped())?;
        (self.rows, self.weight, self.label) = (resolved.rows, resolved.weight, Some(resolved.label));
        self.candidates = Some(all);
        Ok(())
    }

    /// Outcomes without a time: known ones are labels; with `as_of=` they mean that the lead is closed.
    fn apply_outcome_column(&mut self) {
        let journeys = Arc::clone(&self.journeys);
        let Some(outcome) = &journeys.leads.outcome else { return };
        let wanted = match (&self.rule, self.spec.outcome) {
            (CutoffRule::AsOf(_), OutcomeRows::Known) => OutcomeRows::Open,
            (_, asked) => asked,
        };
        let of = |r: &Row| outcome.get(r.lead as usize).copied().flatten();
        let is_wanted = |r: &Row| match wanted {
            OutcomeRows::Known => of(r).is_some(),
            OutcomeRows::Open => of(r).is_none(),
            OutcomeRows::Any => true,
        };
        let keep: Vec<bool> = self.rows.iter().map(is_wanted).collect();
        let left_out = keep.iter().filter(|k| !**k).count();
        retain(&mut self.rows, &keep);
        self.weigh_rows();
        if wanted == OutcomeRows::Known {
            self.counts.without_outcome = left_out;
            self.label = Some(self.rows.iter().map(|r| of(r) == Some(true)).collect());
            self.target = vec!["outcome".into()];
        } else {
            self.counts.with_outcome = left_out;
        }
    }
}

/// Rows in order, their outcomes where weights need them, and labels.
type TakenRows = (Vec<Row>, Vec<Outcome>, Option<Vec<bool>>);

/// The rows of all parts.
fn gather(parts: Vec<RowsOfLeads>, labelled: bool, with_outcomes: bool, task: &Task) -> Result<TakenRows> {
    let n = parts.iter().map(|part| part.rows.len()).sum();
    let mut rows = Vec::with_capacity(n);
    let mut outcomes = Vec::with_capacity(if with_outcomes { n } else { 0 });
    let mut label = labelled.then(|| Vec::with_capacity(n));
    for part in parts {
        task.check()?;
        rows.extend_from_slice(&part.rows);
        if let Some(label) = &mut label {
            label.extend(part.outcomes.iter().map(Outcome::label));
        }
        if with_outcomes {
            outcomes.extend_from_slice(&part.outcomes);
        }
    }
    Ok((rows, outcomes, label))
}
