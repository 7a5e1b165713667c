//! Labels and log-odds of the rows of a snapshot.

use crate::error::{Error, Result};
use crate::model::LeadModel;
use crate::progress::Task;
use crate::schema::Column;
use crate::score::{ColumnScorer, Scored};
use crate::snapshot::Snapshot;

/// The labels of a snapshot.
pub(super) fn labels(snapshot: &Snapshot) -> Result<&[bool]> {
    snapshot
        .label
        .as_deref()
        .ok_or_else(|| Error::option("snapshot", "the snapshot has no label; set horizon= or by_age="))
}

/// The scores of rows by the columns of their features.
pub(super) fn scored(model: &LeadModel, columns: &[Column], rows: usize, task: &Task) -> Result<Vec<Scored>> {
    let scorer = ColumnScorer::new(model, columns)?;
    let mut contributions = Vec::new();
    let row = |i: usize| {
        if i.is_multiple_of(4096) {
            task.check()?;
        }
        scorer.row(i, &mut contributions)
    };
    (0..rows).map(row).collect()
}

/// The log-odds of rows by the columns of their features.
pub(super) fn log_odds(model: &LeadModel, columns: &[Column], rows: usize, task: &Task) -> Result<Vec<f64>> {
    Ok(scored(model, columns, rows, task)?.into_iter().map(|s| s.log_odds).collect())
}
