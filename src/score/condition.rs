//! Which values of a feature a line of a table is for.

use serde::Serialize;

use crate::encoding::{MISSING, OTHER, ValueGroups};

/// Which values of a feature a line of a table is for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// The feature.
    pub feature: String,
    /// The level, `(missing)`, or `(other)` for the texts that no line names; `None` for a range of numbers.
    pub level: Option<String>,
    /// Lowest number of the range; `None` for a level, and for a range without a lower end.
    pub from: Option<f64>,
    /// The number that the range ends before; `None` for a level, and for a range without an upper end.
    pub to: Option<f64>,
}

impl Condition {
    /// Which values group `at` of a feature holds.
    #[must_use]
    pub fn of(feature: &str, groups: &ValueGroups, at: usize) -> Self {
        let any = Self { feature: feature.to_owned(), level: None, from: None, to: None };
        let named = |level: &str| Self { level: Some(level.to_owned()), ..any.clone() };
        match groups {
            _ if at >= groups.missing() => named(MISSING),
            ValueGroups::Ranges(cuts) => {
                Self { from: at.checked_sub(1).and_then(|i| cuts.get(i)).copied(), to: cuts.get(at).copied(), ..any }
            }
            ValueGroups::Levels(levels) => named(levels.get(at).map_or(OTHER, String::as_str)),
        }
    }

    /// The values, in words.
    #[must_use]
    pub fn values(&self) -> String {
        match (&self.level, self.from, self.to) {
            (Some(level), ..) => level.clone(),
            (None, None, None) => "any number".to_owned(),
            (None, None, Some(to)) => format!("below {}", rounded(to)),
            (None, Some(from), None) => format!("{} and more", rounded(from)),
            (None, Some(from), Some(to)) => format!("{} to below {}", rounded(from), rounded(to)),
        }
    }
}

/// A number with four significant digits, or whole.
pub(super) fn rounded(x: f64) -> String {
    if x == 0.0 || x.fract() == 0.0 && x.abs() < 1e15 {
        return format!("{}", x + 0.0);
    }
    let digits = (3 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_words() {
        let said = |groups: &ValueGroups| -> Vec<String> {
            (0..groups.count()).map(|at| Condition::of("x", groups, at).values()).collect()
        };
        let ranges = ValueGroups::Ranges(vec![1.0, 5.123_456, 123_456.7]);
        assert_eq!(
            said(&ranges),
            ["below 1", "1 to below 5.123", "5.123 to below 123457", "123457 and more", "(missing)"]
        );
        assert_eq!(said(&ValueGroups::Ranges(vec![])), ["any number", "(missing)"]);
        assert_eq!(said(&ValueGroups::Levels(vec!["web".into()])), ["web", "(other)", "(missing)"]);
    }
}
