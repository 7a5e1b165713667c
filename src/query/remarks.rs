//! Remarks on what an answer cannot speak of: before outcomes were recorded, and after the end of observation.

use crate::counted::counted;

/// What was left out because it started before outcomes were recorded.
#[must_use]
pub fn before_outcomes_remark(n: u64, one: &str, more: &str) -> Option<String> {
    let left_out = if n == 1 { "is" } else { "are" };
    (n > 0).then(|| format!("{} before outcomes_from and {left_out} left out", counted(n, one, more)))
}

/// What was left out because it had not its full time by the end of observation.
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

/// What may still end otherwise.
#[must_use]
pub fn open_remark(n: u64, one: &str, more: &str) -> Option<String> {
    (n > 0).then(|| format!("{} still open at observed_until and may yet be won or lost", counted(n, one, more)))
}
