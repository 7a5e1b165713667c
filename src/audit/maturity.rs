//! Maturity: rows dropped because their label window is not over, and journeys that begin before their data does.

use super::finding::{AuditCheck, Finding};
use super::sample::Sample;
use crate::snapshot::Snapshot;
use crate::time::NO_TIME;

/// Share of rows from which on it is worth a warning.
const SHARE: f64 = 0.2;

/// Warnings about immature and truncated cohorts.
pub(super) fn findings(snapshot: &Snapshot, sample: &Sample<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let counts = &snapshot.counts;
    let all = counts.immature + counts.rows;
    if counts.immature as f64 > SHARE * all as f64 {
        let evidence = format!("{} of {all} rows were dropped: their label window is not over", counts.immature);
        let remedy = "take a shorter horizon, or maturity='ipcw', to learn from recent leads";
        found.push(Finding::warning(AuditCheck::Maturity, counts.immature, evidence, remedy));
    }
    let (timeline, kinds) = (&sample.journeys.timeline, &sample.journeys.kinds);
    // Stages come long after creation by their nature.
    let is_event = |i: &usize| kinds.get(timeline.kind.get(*i) as usize).is_some_and(|k| !k.stage);
    let Some(first) = (0..timeline.len()).filter(is_event).filter_map(|i| timeline.at.get(i)).copied().min() else {
        return found;
    };
    let created = |lead: &&u32| {
        let at = sample.journeys.leads.created_at(**lead);
        at != NO_TIME && at < first
    };
    let truncated = sample.leads.iter().filter(created).count();
    if truncated as f64 > SHARE * sample.leads.len() as f64 {
        let evidence = format!(
            "{truncated} of {} leads were created before the first event of the data; their journeys have no beginning",
            sample.leads.len()
        );
        let remedy = "leave them out with since=, or give the earlier events";
        found.push(Finding::warning(AuditCheck::Maturity, truncated, evidence, remedy));
    }
    found
}
