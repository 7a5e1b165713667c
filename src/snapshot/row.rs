//! Rows of a snapshot: leads at cutoffs.

/// One lead at one cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Number of the lead.
    pub lead: u32,
    /// UTC microseconds; events before it are visible. [`NO_TIME`](crate::NO_TIME) for leads without times.
    pub cutoff: i64,
}

/// The values at `positions`.
pub(super) fn pick<T: Copy>(values: &[T], positions: &[usize]) -> Vec<T> {
    positions.iter().filter_map(|p| values.get(*p).copied()).collect()
}

/// Keeps the values whose flag is set.
pub(super) fn retain<T: Copy>(values: &mut Vec<T>, keep: &[bool]) {
    let mut flags = keep.iter();
    values.retain(|_| flags.next().copied().unwrap_or(false));
}
