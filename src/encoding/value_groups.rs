//! Groups of the values of a feature, for tables that people read.

use std::collections::HashMap;

use super::encoder::Encoder;
use crate::schema::{Column, NONE};

/// Groups of the values of a feature; each value is in one of them. Missing values are the last group.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueGroups {
    /// Numbers below the first cut, from a cut up to the next, from the last one on; then missing.
    Ranges(Vec<f64>),
    /// Each of the levels; then all other texts; then missing.
    Levels(Vec<String>),
}

impl ValueGroups {
    /// Groups of what an encoder reads: numbers between `cuts`, or the levels it names, the reference last.
    #[must_use]
    pub fn of(encoder: &Encoder, cuts: &[f64]) -> Self {
        match encoder {
            Encoder::Number { .. } => Self::Ranges(cuts.to_vec()),
            Encoder::Category { levels, reference, .. } => {
                Self::Levels(levels.iter().chain(reference).cloned().collect())
            }
        }
    }

    /// Number of groups.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Ranges(cuts) => cuts.len() + 2,
            Self::Levels(levels) => levels.len() + 2,
        }
    }

    /// The group of missing values.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.count() - 1
    }

    /// Reads the groups of the values of a column.
    #[must_use]
    pub fn reader<'a>(&'a self, column: &'a Column) -> GroupReader<'a> {
        let by_code = match (self, column) {
            (Self::Levels(own), Column::Category { levels, .. }) => {
                let named: HashMap<&str, usize> = own.iter().zip(0..).map(|(level, at)| (level.as_str(), at)).collect();
                levels.iter().map(|level| named.get(level.as_str()).copied().unwrap_or(own.len())).collect()
            }
            _ => Vec::new(),
        };
        GroupReader { groups: self, column, by_code }
    }

    /// Columns of an encoder of texts in the order of the groups; `None` for a group without one.
    #[must_use]
    pub fn columns(encoder: &Encoder) -> Vec<Option<usize>> {
        let Encoder::Category { levels, other, reference, .. } = encoder else { return Vec::new() };
        let named = (0..levels.len()).map(Some).chain(reference.iter().map(|_| None));
        named.chain([other.then_some(levels.len()), encoder.slot(None)]).collect()
    }
}

/// The groups of the values of a column.
#[derive(Debug)]
pub struct GroupReader<'a> {
    groups: &'a ValueGroups,
    column: &'a Column,
    /// Group of each text of the column's dictionary.
    by_code: Vec<usize>,
}

impl GroupReader<'_> {
    /// The group of the value in a row; that of missing values for a column of another type.
    #[must_use]
    pub fn at(&self, row: usize) -> usize {
        let place = match (self.groups, self.column) {
            (ValueGroups::Ranges(cuts), Column::Number(values)) => {
                values.get(row).filter(|x| !x.is_nan()).map(|x| cuts.partition_point(|c| c <= x))
            }
            (ValueGroups::Levels(_), Column::Category { codes, .. }) => {
                codes.get(row).filter(|code| **code != NONE).and_then(|code| self.by_code.get(*code as usize)).copied()
            }
            _ => None,
        };
        place.unwrap_or_else(|| self.groups.missing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(groups: &ValueGroups, column: &Column) -> Vec<usize> {
        let reader = groups.reader(column);
        (0..column.len()).map(|row| reader.at(row)).collect()
    }

    #[test]
    fn each_value_is_in_one_group() {
        let ranges = ValueGroups::Ranges(vec![1.0, 5.0]);
        let column = Column::Number(vec![f64::NAN, 0.9, 1.0, 4.9, 5.0, -1e9, 1e9]);
        assert_eq!(places(&ranges, &column), [3, 0, 1, 1, 2, 0, 2]);
        let levels = ValueGroups::Levels(vec!["web".to_owned(), "fair".to_owned()]);
        let column =
            Column::Category { codes: vec![1, NONE, 0, 2], levels: ["fair", "web", "radio"].map(String::from).into() };
        assert_eq!(places(&levels, &column), [0, 3, 1, 2]);
        // A column of another type holds no value of these groups.
        assert_eq!(places(&levels, &Column::Number(vec![1.0])), [3]);
    }
}
