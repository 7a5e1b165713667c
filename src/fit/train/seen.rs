//! Which leads a model has seen.

use crate::model::LeadSample;
use crate::snapshot::{Row, Snapshot};
use crate::time::{NO_TIME, Timestamp};

/// The leads of a training snapshot.
pub(super) fn sample(snapshot: &Snapshot) -> LeadSample {
    let until = snapshot.outcomes_until().map(Timestamp);
    LeadSample::new(hashes(snapshot, |_| true), until)
}

/// Share of the leads of a snapshot that a model was trained on, and is asked about in the period of its training.
pub(super) fn share_seen(sample: &LeadSample, snapshot: &Snapshot) -> f64 {
    let within = |row: &Row| match sample.outcomes_until {
        Some(until) if row.cutoff != NO_TIME => row.cutoff < until.0,
        _ => true,
    };
    sample.share(&hashes(snapshot, |_| true), &hashes(snapshot, within))
}

/// Hashes of the leads that have a row that counts; rows of one lead stand side by side.
fn hashes(snapshot: &Snapshot, counts: impl Fn(&Row) -> bool) -> Vec<u64> {
    let leads = snapshot.rows.chunk_by(|a, b| a.lead == b.lead).filter(|rows| rows.iter().any(&counts));
    leads.filter_map(|rows| rows.first()).map(|row| snapshot.journeys.lead_hash(row.lead)).collect()
}
