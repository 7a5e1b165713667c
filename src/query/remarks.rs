//! Remarks on the limits of a result: before outcomes were recorded, and after the end of observation.

use crate::counted::counted;

/// A remark on units left out because they started before outcomes were recorded.
#[must_use]
pub fn before_outcomes_remark(n: u64, one: &str, more: &str) -> Option<String> {
    let left_out = if n == 1 { "is" } else { "are" };
    (n > 0).then(|| format!("{} before outcomes_from and {left_out} left out", counted(n, one, more)))
}

/// A remark on units left out because their window was not over at the end of observation.
#[must_use]
pub fn immature_remark(n: u64, one: &str, more: &str) -> Option<String> {
    let (whose, left_out) = if n == 1 { ("its", "is") } else { ("their", "are") };
    (n > 0).then(|| {
        format!(
            "{} too late for {whose} window to end by observed_until and {left_out} left out",
            counted(n, one, more)
        )
    })
}

/// A remark on units that are still open.
#[must_use]
pub fn open_remark(n: u64, one: &str, more: &str) -> Option<String> {
    (n > 0).then(|| format!("{} still open at observed_until and may yet be won or lost", counted(n, one, more)))
}
