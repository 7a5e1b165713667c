//! Rows that depend on each other, and the least that an evaluation needs.

use crate::error::{Error, Result};

/// Rows of one cluster may depend on each other.
#[derive(Debug, Clone, Copy)]
pub struct Clusters<'a> {
    /// The cluster of each row.
    pub of_row: &'a [u32],
    /// What they are: `leads`, `accounts`.
    pub unit: &'a str,
}

pub(super) fn check_clusters(y: &[bool], clusters: Option<&[u32]>) -> Result<()> {
    match clusters.map(<[u32]>::len).filter(|got| *got != y.len()) {
        Some(got) => Err(Error::Length { what: "clusters".into(), expected: y.len(), got }),
        None => Ok(()),
    }
}

/// Checks that there are rows with weight of both classes.
pub(super) fn check_rows(y: &[bool], w: &[f64], clusters: Option<&[u32]>) -> Result<()> {
    check_clusters(y, clusters)?;
    let rows = w.iter().filter(|w| **w > 0.0).count();
    if rows == 0 {
        let why = if y.is_empty() { "y_true is empty" } else { "all weights are 0" };
        return Err(Error::NoRows { what: "evaluate", why: why.into() });
    }
    let positives = y.iter().zip(w).filter(|(y, w)| **y && **w > 0.0).count();
    if positives == 0 || positives == rows {
        return Err(Error::OneClass { rows, positives });
    }
    Ok(())
}
