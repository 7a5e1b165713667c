//! Encoders: what a feature's values become in the design, learned in training and stored in the model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::column::{Column, NONE};
use super::spline::Spline;
use crate::math::weighted_moments;

/// Name of the column that says a value is missing.
pub const MISSING: &str = "(missing)";
/// Name of the level of rare and unseen texts.
pub const OTHER: &str = "(other)";

/// How levels of texts are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelRule {
    /// Levels with fewer rows are counted as [`OTHER`].
    pub min_rows: usize,
    /// At most this many levels, the most frequent.
    pub max_levels: usize,
    /// Whether the most frequent level is left out as the reference (needed without a penalty).
    pub reference: bool,
}

/// Encoding of one feature.
///
/// A number is standardised by its weighted mean and standard deviation (ddof 0); a missing one is the mean,
/// with an indicator beside it if any was missing in training; it may have the curved columns of a spline. A text has one 0/1 indicator per level, and
/// levels for missing and other. A level never seen in training has no coefficient: it counts as 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "snake_case")]
pub enum Encoder {
    /// A number.
    Number {
        /// Weighted mean of the values present.
        mean: f64,
        /// Weighted standard deviation of the values present.
        deviation: f64,
        /// Whether there is a missing indicator.
        missing: bool,
        /// Curved columns, where the number is not taken as linear.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spline: Option<Spline>,
    },
    /// A text.
    Category {
        /// Levels with a column, most frequent first.
        levels: Vec<String>,
        /// Whether [`OTHER`] has a column.
        other: bool,
        /// Whether [`MISSING`] has a column.
        missing: bool,
        /// The level left out as reference, if any.
        reference: Option<String>,
    },
}

impl Encoder {
    /// Learns the encoding of `column`; `None` if it is constant and so says nothing. Numbers whose standard deviation
    /// is not above `resolution` count as constant.
    #[must_use]
    pub fn fit(column: &Column, weights: &[f64], rule: LevelRule, resolution: f64) -> Option<Self> {
        match column {
            Column::Number(values) => {
                let (mean, deviation, _) = weighted_moments(values, weights);
                let missing = values.iter().any(|v| v.is_nan());
                let present = values.iter().any(|v| !v.is_nan());
                // Rounding leaves a deviation of about 1e-16·|mean| for a constant column.
                let varies = deviation > (1e-12 * mean.abs()).max(f64::MIN_POSITIVE).max(resolution);
                if !(varies || missing && present) {
                    return None;
                }
                Some(Self::Number { mean, deviation: if varies { deviation } else { 0.0 }, missing, spline: None })
            }
            Column::Category { codes, levels } => Self::fit_levels(codes, levels, rule),
            Column::Time(_) => None,
        }
    }

    fn fit_levels(codes: &[u32], texts: &[String], rule: LevelRule) -> Option<Self> {
        let mut rows = vec![0usize; texts.len()];
        let mut missing = 0usize;
        for code in codes {
            match rows.get_mut(*code as usize) {
                Some(n) => *n += 1,
                None => missing += 1,
            }
        }
        // Texts may repeat in a dictionary of stages: count by text.
        let mut by_text: BTreeMap<&str, usize> = BTreeMap::new();
        for (text, n) in texts.iter().zip(&rows).filter(|(_, n)| **n > 0) {
            *by_text.entry(text).or_default() += n;
        }
        let mut kept: Vec<(&str, usize)> =
            by_text.iter().filter(|(_, n)| **n >= rule.min_rows).map(|(t, n)| (*t, *n)).collect();
        kept.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        kept.truncate(rule.max_levels);
        let others: usize = by_text.values().sum::<usize>() - kept.iter().map(|k| k.1).sum::<usize>();
        let groups = kept.len() + usize::from(others > 0) + usize::from(missing > 0);
        if groups < 2 {
            return None;
        }
        let mut levels: Vec<String> = kept.iter().map(|k| k.0.to_owned()).collect();
        let reference = (rule.reference && !levels.is_empty()).then(|| levels.remove(0));
        Some(Self::Category { levels, other: others > 0, missing: missing > 0, reference })
    }

    /// Number of design columns.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Number { missing, spline, .. } => {
                1 + spline.as_ref().map_or(0, Spline::width) + usize::from(*missing)
            }
            Self::Category { levels, other, missing, .. } => levels.len() + usize::from(*other) + usize::from(*missing),
        }
    }

    /// Names of the design columns within the feature: empty for the number itself.
    #[must_use]
    pub fn column_names(&self) -> Vec<String> {
        match self {
            Self::Number { missing, spline, .. } => {
                let mut names = vec![String::new()];
                names.extend((1..=spline.as_ref().map_or(0, Spline::width)).map(|j| format!("(curve {j})")));
                names.extend(missing.then(|| MISSING.to_owned()));
                names
            }
            Self::Category { levels, other, missing, .. } => {
                let mut names = levels.clone();
                names.extend(other.then(|| OTHER.to_owned()));
                names.extend(missing.then(|| MISSING.to_owned()));
                names
            }
        }
    }

    /// The same with curved columns over the values of `column`, where these are many enough.
    #[must_use]
    pub fn curved(self, column: &Column, weights: &[f64]) -> Self {
        match (self, column) {
            (Self::Number { mean, deviation, missing, .. }, Column::Number(values)) if deviation > 0.0 => {
                let z: Vec<f64> = values.iter().map(|v| (v - mean) / deviation).collect();
                Self::Number { mean, deviation, missing, spline: Spline::fit(&z, weights) }
            }
            (encoder, _) => encoder,
        }
    }

    /// Design column `i` of a number: the standardised value, its curved columns, the missing indicator. A missing number
    /// is 0 in all but the last: the mean.
    #[must_use]
    pub fn number_column(&self, value: f64, i: usize) -> f64 {
        let Self::Number { spline, missing, .. } = self else { return 0.0 };
        let curves = spline.as_ref().map_or(0, Spline::width);
        match (i, spline) {
            (0, _) => self.standardise(value),
            (i, Some(spline)) if i <= curves => {
                if value.is_nan() {
                    0.0
                } else {
                    spline.column(self.standardise(value), i - 1)
                }
            }
            (i, _) if *missing && i == curves + 1 => f64::from(u8::from(value.is_nan())),
            _ => 0.0,
        }
    }

    /// Standardised value of a number; a missing one is 0, the mean.
    #[must_use]
    pub fn standardise(&self, value: f64) -> f64 {
        match self {
            Self::Number { mean, deviation, .. } if !value.is_nan() && *deviation > 0.0 => (value - mean) / deviation,
            _ => 0.0,
        }
    }

    /// Column of a text within the feature, `None` if it has none (the reference, or never seen in training).
    #[must_use]
    pub fn slot(&self, text: Option<&str>) -> Option<usize> {
        let Self::Category { levels, other, missing, reference } = self else { return None };
        let after = levels.len();
        match text {
            None => missing.then_some(after + usize::from(*other)),
            Some(t) if reference.as_deref() == Some(t) => None,
            Some(t) => levels.iter().position(|l| l == t).or_else(|| other.then_some(after)),
        }
    }

    /// Columns of all codes of a dictionary, missing last.
    #[must_use]
    pub fn slots(&self, texts: &[String]) -> Vec<Option<usize>> {
        let Self::Category { levels, .. } = self else { return Vec::new() };
        let by_text: BTreeMap<&str, usize> = levels.iter().enumerate().map(|(i, l)| (l.as_str(), i)).collect();
        let known = |t: &String| by_text.get(t.as_str()).copied();
        let mut slots: Vec<Option<usize>> = texts.iter().map(|t| known(t).or_else(|| self.slot_unlisted(t))).collect();
        slots.push(self.slot(None));
        slots
    }

    fn slot_unlisted(&self, text: &str) -> Option<usize> {
        match self {
            Self::Category { levels, other: true, reference, .. } if reference.as_deref() != Some(text) => {
                Some(levels.len())
            }
            _ => None,
        }
    }
}

/// Slot of `code` in the result of [`Encoder::slots`].
#[must_use]
pub(crate) fn slot_of(slots: &[Option<usize>], code: u32) -> Option<usize> {
    let i = if code == NONE { slots.len().checked_sub(1)? } else { code as usize };
    slots.get(i).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const RULE: LevelRule = LevelRule { min_rows: 2, max_levels: 10, reference: false };

    fn category(codes: Vec<u32>, levels: &[&str]) -> Column {
        Column::Category { codes, levels: levels.iter().map(|l| (*l).to_owned()).collect::<Arc<[String]>>() }
    }

    #[test]
    fn levels() {
        let column = category(vec![0, 0, 0, 1, 1, 2, NONE], &["a", "b", "c", "unused"]);
        let e = Encoder::fit(&column, &[1.0; 7], RULE, 0.0).unwrap();
        assert_eq!(e.column_names(), ["a", "b", OTHER, MISSING]);
        assert_eq!(e.slots(&["b".into(), "new".into()]), [Some(1), Some(2), Some(3)]);
        assert_eq!((e.slot(Some("a")), e.slot(Some("zzz")), e.slot(None)), (Some(0), Some(2), Some(3)));
        let e = Encoder::fit(&column, &[1.0; 7], LevelRule { reference: true, ..RULE }, 0.0).unwrap();
        assert_eq!(e.column_names(), ["b", OTHER, MISSING]);
        assert_eq!((e.slot(Some("a")), e.slots(&["a".into()])), (None, vec![None, Some(2)]));
        assert_eq!(Encoder::fit(&category(vec![0, 0], &["a"]), &[1.0; 2], RULE, 0.0), None);
    }

    #[test]
    fn numbers() {
        let e = Encoder::fit(&Column::Number(vec![1.0, 3.0, f64::NAN]), &[1.0; 3], RULE, 0.0).unwrap();
        assert_eq!(e, Encoder::Number { mean: 2.0, deviation: 1.0, missing: true, spline: None });
        assert_eq!((e.standardise(4.0), e.standardise(f64::NAN)), (2.0, 0.0));
        assert_eq!(Encoder::fit(&Column::Number(vec![0.1; 1000]), &[0.3; 1000], RULE, 0.0), None);
        assert_eq!(Encoder::fit(&Column::Number(vec![f64::NAN; 3]), &[1.0; 3], RULE, 0.0), None);
    }
}
