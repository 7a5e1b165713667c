//! Remarks on what an answer cannot speak of: before outcomes were recorded, and after the end of observation.

/// What was left out because it started before outcomes were recorded.
#[must_use]
pub fn before_outcomes_remark(n: u64, what: &str) -> Option<String> {
    (n > 0).then(|| format!("{n} {what} before outcomes were recorded (outcomes_from) and are left out"))
}

/// What was left out because it had not its full time by the end of observation.
#[must_use]
pub fn immature_remark(n: u64, what: &str) -> Option<String> {
    (n > 0).then(|| format!("{n} {what} so late that their window is not over (observed_until) and are left out"))
}

/// What may still end otherwise.
#[must_use]
pub fn open_remark(n: u64, what: &str) -> Option<String> {
    (n > 0).then(|| format!("{n} {what} open at the end of observation (observed_until) and may still be won or lost"))
}
