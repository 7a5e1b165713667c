//! Encoders: what a feature's values become in the design, learned in training and stored in the model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bins::Bins;
use super::encoder_form::EncoderForm;
use super::spline::{Bend, Spline};
use crate::math::{exp, ln, weighted_moments};
use crate::schema::{Column, NONE};

/// Name of the column that says a value is missing.
pub const MISSING: &str = "(missing)";
/// Name of the level of rare and unseen texts.
pub const OTHER: &str = "(other)";
/// Levels of a text that an interaction distinguishes.
const MOST_GROUPS: usize = 40;

/// How levels of texts are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelRule<'a> {
    /// Lead of each row; rows of a lead stand side by side.
    pub leads: &'a [u32],
    /// Levels with fewer rows, counting each lead once, are grouped as [`OTHER`].
    pub min_rows: usize,
    /// At most this many levels, the most frequent.
    pub max_levels: usize,
    /// Whether the most frequent level is left out as the reference (needed without a penalty).
    pub reference: bool,
}

/// Encoding of one feature.
///
/// A number (or ln(1 + it), for counts) is standardised by its weighted mean and standard deviation (ddof 0); a missing
/// one is the mean, with an indicator beside it if any was missing in training; it may have the curved columns of a
/// spline, and 0/1 indicators of bins. A text has one 0/1 indicator per level, and levels for missing and other. A level
/// never seen in training has no coefficient: it counts as 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "EncoderForm", tag = "type", rename_all = "snake_case")]
pub enum Encoder {
    /// A number.
    Number {
        /// Weighted mean of the values present.
        mean: f64,
        /// Weighted standard deviation of the values present.
        deviation: f64,
        /// Whether there is a missing indicator.
        missing: bool,
        /// Whether ln(1 + value) is taken: counts have long tails. Mean and deviation are of it then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        log: bool,
        /// Lowest and highest value in training.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<(f64, f64)>,
        /// Curved columns, where the number is not taken as linear.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spline: Option<Spline>,
        /// Bins with a column each, where the number takes part in an interaction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bins: Option<Bins>,
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

impl TryFrom<EncoderForm> for Encoder {
    type Error = String;

    fn try_from(form: EncoderForm) -> Result<Self, String> {
        let EncoderForm { kind, missing, mean, deviation, log, range, spline, bins, levels, other, reference } = form;
        let has_number_keys = mean.is_some()
            || deviation.is_some()
            || log.is_some()
            || range.is_some()
            || spline.is_some()
            || bins.is_some();
        let has_category_keys = levels.is_some() || other.is_some() || reference.is_some();
        match kind.as_str() {
            "number" if !has_category_keys => match (mean, deviation) {
                (Some(mean), Some(deviation)) => {
                    Ok(Self::Number { mean, deviation, missing, log: log.unwrap_or(false), range, spline, bins })
                }
                _ => Err("a number needs 'mean' and 'deviation'".to_owned()),
            },
            "category" if !has_number_keys => match (levels, other) {
                (Some(levels), Some(other)) => Ok(Self::Category { levels, other, missing, reference }),
                _ => Err("a category needs 'levels' and 'other'".to_owned()),
            },
            "number" | "category" => Err(format!("an encoder of type '{kind}' has keys of another type")),
            other => Err(format!("unknown encoder type '{other}'; expected 'number' or 'category'")),
        }
    }
}

impl Encoder {
    /// Learns the encoding of `column`; `None` if it is constant. Numbers whose standard deviation
    /// is not above `resolution` count as constant.
    #[must_use]
    pub fn fit(column: &Column, weights: &[f64], rule: LevelRule<'_>, resolution: f64) -> Option<Self> {
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
                let deviation = if varies { deviation } else { 0.0 };
                let known = || values.iter().copied().filter(|v| !v.is_nan());
                let range = present.then(|| (known().fold(f64::MAX, f64::min), known().fold(f64::MIN, f64::max)));
                Some(Self::Number { mean, deviation, missing, log: false, range, spline: None, bins: None })
            }
            Column::Category { codes, levels } => Self::fit_levels(codes, levels, rule),
            Column::Time(_) => None,
        }
    }

    fn fit_levels(codes: &[u32], texts: &[String], rule: LevelRule<'_>) -> Option<Self> {
        // Texts may repeat in a dictionary of stages: count by text.
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let number_of: Vec<usize> = texts
            .iter()
            .map(|text| {
                let next = numbers.len();
                *numbers.entry(text).or_insert(next)
            })
            .collect();
        let mut seen: Vec<(usize, Option<u32>)> = vec![(0, None); numbers.len()];
        let mut missing = 0usize;
        for (i, code) in codes.iter().enumerate() {
            let Some((n, last)) = number_of.get(*code as usize).and_then(|number| seen.get_mut(*number)) else {
                missing += 1;
                continue;
            };
            let lead = rule.leads.get(i).copied().unwrap_or(i as u32);
            if last.replace(lead) != Some(lead) {
                *n += 1;
            }
        }
        let count = |number: &usize| seen.get(*number).map_or(0, |(n, _)| *n);
        let by_text: BTreeMap<&str, usize> =
            numbers.iter().map(|(text, number)| (*text, count(number))).filter(|(_, n)| *n > 0).collect();
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
        self.smooth_width() + self.bins_of_number().map_or(0, Bins::count)
    }

    /// Whether it is a number with the columns of a spline.
    #[must_use]
    pub fn is_curved(&self) -> bool {
        matches!(self, Self::Number { spline: Some(_), .. })
    }

    /// Number of design columns before the bins of a number.
    #[must_use]
    pub fn smooth_width(&self) -> usize {
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
            Self::Number { missing, spline, bins, .. } => {
                let mut names = vec![String::new()];
                names.extend((1..=spline.as_ref().map_or(0, Spline::width)).map(|j| format!("(curve {j})")));
                names.extend(missing.then(|| MISSING.to_owned()));
                names.extend(bins.iter().flat_map(Bins::names));
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

    /// The same with curved columns over the values of `column`, where these are many enough. `monotone` ones all rise.
    #[must_use]
    pub fn curved(self, column: &Column, weights: &[f64], label: &[bool], bend: Bend, monotone: bool) -> Self {
        match (&self, column) {
            (Self::Number { deviation, .. }, Column::Number(values)) if *deviation > 0.0 => {
                let z: Vec<f64> = values.iter().map(|v| if v.is_nan() { *v } else { self.standardise(*v) }).collect();
                let mut curved = self;
                if let Self::Number { spline, .. } = &mut curved {
                    *spline = Spline::fit(&z, weights, label, bend, monotone);
                }
                curved
            }
            _ => self,
        }
    }

    /// The encoding of ln(1 + value), for values that are not negative.
    #[must_use]
    pub fn logged(self, column: &Column, weights: &[f64]) -> Self {
        match (&self, column) {
            (Self::Number { deviation, missing, range, .. }, Column::Number(values))
                if *deviation > 0.0 && !values.iter().any(|v| *v < 0.0) =>
            {
                let logs: Vec<f64> = values.iter().map(|v| ln(1.0 + v)).collect();
                let (mean, deviation, _) = weighted_moments(&logs, weights);
                let (missing, range) = (*missing, *range);
                Self::Number { mean, deviation, missing, log: true, range, spline: None, bins: None }
            }
            _ => self,
        }
    }

    /// The same with bins of the values of `column`: for interactions.
    #[must_use]
    pub fn binned(mut self, column: &Column) -> Self {
        if let (Self::Number { bins, .. }, Column::Number(values)) = (&mut self, column) {
            *bins = Some(Bins::fit(values));
        }
        self
    }

    /// Design column `i` of a number: the standardised value, its curved columns, the missing indicator. A missing number
    /// is 0 in all but the last: the mean. Columns of bins are not among these.
    #[must_use]
    pub fn number_column(&self, value: f64, i: usize) -> f64 {
        let Self::Number { spline, missing, .. } = self else { return 0.0 };
        let curves = spline.as_ref().map_or(0, Spline::width);
        match (i, spline) {
            (0, Some(spline)) => {
                if value.is_nan() {
                    0.0
                } else {
                    spline.straight(self.standardise(value))
                }
            }
            (0, None) => self.standardise(value),
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
            Self::Number { mean, deviation, log, .. } if !value.is_nan() && *deviation > 0.0 => {
                // A negative value where training had none counts as 0.
                let value = if *log { ln(1.0 + value.max(0.0)) } else { value };
                (value - mean) / deviation
            }
            _ => 0.0,
        }
    }

    /// So many values of a number, at equal distances of its standardised form: from three standard deviations below the
    /// mean to three above, but not beyond training.
    #[must_use]
    pub fn grid(&self, count: usize) -> Vec<f64> {
        let Self::Number { mean, deviation, log, range, .. } = self else { return Vec::new() };
        let value = |z: f64| {
            let x = mean + deviation * z;
            if *log { exp(x) - 1.0 } else { x }
        };
        let (low, high) = range.unwrap_or((f64::MIN, f64::MAX));
        let (from, to) = (self.standardise(low).max(-3.0), self.standardise(high).min(3.0));
        let step = (to - from) / count.saturating_sub(1).max(1) as f64;
        (0..count).map(|k| value(from + k as f64 * step).clamp(low, high)).collect()
    }

    fn bins_of_number(&self) -> Option<&Bins> {
        match self {
            Self::Number { bins, .. } => bins.as_ref(),
            Self::Category { .. } => None,
        }
    }

    /// Where the bins of a number begin, but for the first; none where it has no bins.
    #[must_use]
    pub(crate) fn bin_edges(&self) -> &[f64] {
        self.bins_of_number().map_or(&[], Bins::edges)
    }

    /// Number of groups that an interaction distinguishes: bins of a number and missing, or the most frequent levels.
    #[must_use]
    pub fn groups(&self) -> usize {
        match self {
            Self::Number { bins, missing, .. } => bins.as_ref().map_or(0, |b| b.count() + usize::from(*missing)),
            Self::Category { .. } => self.width().min(MOST_GROUPS),
        }
    }

    /// Names of the groups.
    #[must_use]
    pub fn group_names(&self) -> Vec<String> {
        match self {
            Self::Number { bins, missing, .. } => {
                let mut names: Vec<String> = bins.iter().flat_map(Bins::names).collect();
                names.extend(missing.then(|| MISSING.to_owned()));
                names
            }
            Self::Category { .. } => self.column_names().into_iter().take(MOST_GROUPS).collect(),
        }
    }

    /// The design column, within the feature, that is 1 for a group.
    #[must_use]
    pub fn group_column(&self, group: usize) -> usize {
        match self {
            Self::Number { bins, missing, .. } => {
                let count = bins.as_ref().map_or(0, Bins::count);
                if group < count { self.smooth_width() + group } else { self.smooth_width() - usize::from(*missing) }
            }
            Self::Category { .. } => group,
        }
    }

    /// Group of a number, `None` if it has none.
    #[must_use]
    pub fn group_of_number(&self, value: f64) -> Option<usize> {
        let Self::Number { bins: Some(bins), missing, .. } = self else { return None };
        if value.is_nan() { missing.then_some(bins.count()) } else { Some(bins.bin(value)) }
    }

    /// Group of a text by its column within the feature.
    #[must_use]
    pub fn group_of_slot(&self, slot: Option<usize>) -> Option<usize> {
        slot.filter(|s| *s < MOST_GROUPS)
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

    const RULE: LevelRule<'_> = LevelRule { leads: &[], min_rows: 2, max_levels: 10, reference: false };

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
        assert_eq!(
            e,
            Encoder::Number {
                mean: 2.0,
                deviation: 1.0,
                missing: true,
                log: false,
                range: Some((1.0, 3.0)),
                spline: None,
                bins: None
            }
        );
        assert_eq!((e.standardise(4.0), e.standardise(f64::NAN)), (2.0, 0.0));
        assert_eq!(Encoder::fit(&Column::Number(vec![0.1; 1000]), &[0.3; 1000], RULE, 0.0), None);
        assert_eq!(Encoder::fit(&Column::Number(vec![f64::NAN; 3]), &[1.0; 3], RULE, 0.0), None);
    }
}
