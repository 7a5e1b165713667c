//! The lines of a scorecard, and the points of rows.

use std::borrow::Cow;

use serde::Serialize;

use super::scale::PointScale;
use crate::encoding::ValueGroups;
use crate::error::Result;
use crate::model::LeadModel;
use crate::schema::{Column, Part};
use crate::score::columns::columns_as_trained;
use crate::score::condition::Condition;

/// A model as whole points per value of a feature: the points of a lead are `base` plus those of one line per term.
///
/// The lines are all there is: points are looked up in them, so that the published table adds up to the points of
/// every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Scorecard {
    pub(super) scale: PointScale,
    pub(super) base: i64,
    pub(super) terms: Vec<CardTerm>,
    pub(super) without_points: Vec<String>,
    pub(super) error: f64,
}

/// A feature, or an interaction of two, on a scorecard.
#[derive(Debug, Clone, PartialEq)]
pub struct CardTerm {
    pub(super) name: String,
    pub(super) part: Part,
    /// Its features.
    pub(super) features: Vec<CardFeature>,
    /// Points of each combination of groups, those of the last feature next to each other.
    pub(super) points: Vec<i64>,
}

/// A feature of a term, in groups of its values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CardFeature {
    pub(super) name: String,
    /// Its place among the terms of the model.
    pub(super) place: usize,
    pub(super) groups: ValueGroups,
    /// Whether a value can be missing.
    pub(super) can_be_missing: bool,
}

/// A line of a scorecard: what a lead must have, and the points for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CardLine {
    /// The feature, or `first × second` of an interaction.
    pub term: String,
    /// The part of the score it belongs to.
    pub part: Part,
    /// The values: of one feature, or of both of an interaction.
    pub conditions: Vec<Condition>,
    /// Points of a lead that meets them.
    pub points: i64,
}

impl CardTerm {
    /// Points of each row of the columns of the model's terms.
    fn add_points(&self, columns: &[Cow<'_, Column>], totals: &mut [i64]) {
        let mut cells = vec![0usize; totals.len()];
        for CardFeature { place, groups, .. } in &self.features {
            let Some(column) = columns.get(*place) else { continue };
            let reader = groups.reader(column);
            for (row, cell) in cells.iter_mut().enumerate() {
                *cell = *cell * groups.count() + reader.at(row);
            }
        }
        for (total, cell) in totals.iter_mut().zip(cells) {
            *total += self.points.get(cell).copied().unwrap_or(0);
        }
    }

    /// Its lines, in the order of the groups; those that no lead can meet are left out.
    fn lines(&self) -> impl Iterator<Item = CardLine> {
        self.points.iter().enumerate().filter_map(|(cell, points)| {
            let mut rest = cell;
            let mut conditions: Vec<Condition> = Vec::with_capacity(self.features.len());
            for CardFeature { name, groups, can_be_missing, .. } in self.features.iter().rev() {
                let at = rest % groups.count();
                rest /= groups.count();
                if at == groups.missing() && !can_be_missing {
                    return None;
                }
                conditions.push(Condition::of(name, groups, at));
            }
            conditions.reverse();
            Some(CardLine { term: self.name.clone(), part: self.part, conditions, points: *points })
        })
    }
}

impl Scorecard {
    /// Its scale.
    #[must_use]
    pub fn scale(&self) -> &PointScale {
        &self.scale
    }

    /// Points that every lead has.
    #[must_use]
    pub fn base(&self) -> i64 {
        self.base
    }

    /// Its lines.
    pub fn lines(&self) -> impl Iterator<Item = CardLine> {
        self.terms.iter().flat_map(CardTerm::lines)
    }

    /// Terms of the model whose contribution is less than half a point for every value.
    #[must_use]
    pub fn without_points(&self) -> &[String] {
        &self.without_points
    }

    /// Largest difference between the points of a lead and those of its exact log-odds, for numbers within the values
    /// of training: what all roundings amount to if they have one sign.
    #[must_use]
    pub fn largest_error(&self) -> f64 {
        self.error
    }

    /// Lowest and highest points that a lead can have.
    #[must_use]
    pub fn extremes(&self) -> (i64, i64) {
        let add = |(low, high): (i64, i64), term: &CardTerm| {
            let end = |value: Option<&i64>| value.copied().unwrap_or(0);
            (low + end(term.points.iter().min()), high + end(term.points.iter().max()))
        };
        self.terms.iter().fold((self.base, self.base), add)
    }

    /// Points of each row of `columns`: the features of `model`, which the scorecard was made of, in the order of its
    /// terms.
    ///
    /// # Errors
    /// As [`ColumnScorer::new`](crate::score::ColumnScorer::new).
    pub fn points(&self, model: &LeadModel, columns: &[Column]) -> Result<Vec<i64>> {
        let columns = columns_as_trained(model, columns)?;
        let mut totals = vec![self.base; columns.first().map_or(0, |column| column.len())];
        self.terms.iter().for_each(|term| term.add_points(&columns, &mut totals));
        Ok(totals)
    }
}
