//! Scoring one row.

use std::borrow::Cow;

use crate::encoding::Encoder;
use crate::error::{Error, Result};
use crate::model::LeadModel;
use crate::schema::{Part, canonical_text};

/// The value of one feature of one lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A number; NaN is missing.
    Number(f64),
    /// A text; `None` is missing.
    Text(Option<&'a str>),
}

/// The score of one lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// base + Σ contributions, summed in the order of terms, interactions last.
    pub log_odds: f64,
    /// 1 / (1 + e^−log-odds), or what the model's calibration makes of the log-odds.
    pub probability: f64,
    /// 0–100: the percentile of the log-odds among the training rows.
    pub score: f64,
    /// Contributions summed by part, in the order of [`Part::ALL`].
    pub parts: [f64; Part::ALL.len()],
}

impl LeadModel {
    /// Contribution of term `i` for a cell. A cell of another type than in training counts as missing.
    #[must_use]
    pub fn cell(&self, i: usize, cell: Cell<'_>) -> f64 {
        if let Cell::Number(x) = cell
            && let Some(contribution) = self.straight(i, x)
        {
            return contribution;
        }
        match (self.terms().get(i).map(|t| &t.encoder), cell) {
            (Some(Encoder::Number { .. }), Cell::Number(x)) => self.number(i, x),
            (Some(Encoder::Number { .. }), Cell::Text(_)) => self.number(i, f64::NAN),
            (Some(encoder), Cell::Text(text)) => self.level(i, encoder.slot(text)),
            (Some(encoder), Cell::Number(_)) => self.level(i, encoder.slot(None)),
            (None, _) => 0.0,
        }
    }

    /// Group of a cell in the interactions of term `i`, `None` if it has none.
    #[must_use]
    pub fn group(&self, i: usize, cell: Cell<'_>) -> Option<usize> {
        let encoder = &self.terms().get(i)?.encoder;
        match (encoder, cell) {
            (Encoder::Number { .. }, Cell::Number(x)) => encoder.group_of_number(x),
            (Encoder::Number { .. }, Cell::Text(_)) => encoder.group_of_number(f64::NAN),
            (Encoder::Category { .. }, Cell::Text(text)) => encoder.group_of_slot(encoder.slot(text)),
            (Encoder::Category { .. }, Cell::Number(_)) => encoder.group_of_slot(encoder.slot(None)),
        }
    }

    /// Scores one row of feature values, in the order of [`LeadModel::terms`]; `contributions` receives one number per term,
    /// then one per interaction. The same bits as scoring the row in a table.
    ///
    /// # Errors
    /// [`Error::Length`] for another number of cells; [`Error::NonFinite`] for an infinite number; [`Error::InvalidOption`] if a contribution overflows; [`Error::Schema`] for a
    /// text where training had numbers, or the reverse.
    pub fn score_row(&self, cells: &[Cell<'_>], contributions: &mut Vec<f64>) -> Result<Scored> {
        if cells.len() != self.terms().len() {
            return Err(Error::Length { what: "values".into(), expected: self.terms().len(), got: cells.len() });
        }
        let mut infinite = 0;
        for (term, cell) in self.terms().iter().zip(cells) {
            let (wanted, got) = match (&term.encoder, cell) {
                (Encoder::Number { .. }, Cell::Number(x)) => {
                    infinite += usize::from(x.is_infinite());
                    continue;
                }
                (_, Cell::Text(None)) | (Encoder::Category { .. }, Cell::Text(_)) => continue,
                (Encoder::Category { .. }, Cell::Number(x)) if x.is_nan() => continue,
                (Encoder::Number { .. }, Cell::Text(_)) => ("numbers", "a text"),
                (Encoder::Category { .. }, Cell::Number(_)) => ("text", "a number"),
            };
            let name = term.feature.to_string();
            let problem = format!("the model was trained on {wanted}, but the value is {got}");
            return Err(Error::schema("values", Some(&name), problem));
        }
        if infinite > 0 {
            return Err(Error::NonFinite { what: "values".into(), count: infinite });
        }
        // Texts mean what they mean in tables.
        let rewritten = |(i, cell): (usize, &Cell<'_>)| match cell {
            Cell::Text(Some(text)) => match canonical_text(text) {
                Cow::Owned(form) => Some((i, form)),
                Cow::Borrowed(_) => None,
            },
            Cell::Text(None) | Cell::Number(_) => None,
        };
        // Few texts are, so usually nothing is allocated.
        let rewritten: Vec<(usize, String)> = cells.iter().enumerate().filter_map(rewritten).collect();
        let cell = |i: usize| match cells.get(i).copied() {
            Some(Cell::Text(Some(text))) => Cell::Text(match canonical_text(text) {
                Cow::Borrowed(form) => Some(form).filter(|form| !form.is_empty()),
                Cow::Owned(_) => rewritten.iter().find(|(at, _)| *at == i).map(|(_, form)| form.as_str()),
            }),
            Some(other) => other,
            None => Cell::Text(None),
        };
        self.score_cells(cell, contributions)
    }

    pub(crate) fn score_cells<'a>(
        &self,
        cell: impl Fn(usize) -> Cell<'a>,
        contributions: &mut Vec<f64>,
    ) -> Result<Scored> {
        contributions.clear();
        contributions.extend((0..self.terms().len()).map(|i| self.cell(i, cell(i))));
        contributions.extend(self.interactions().iter().enumerate().map(|(k, interaction)| {
            let group = |i: usize| self.group(i, cell(i));
            self.joint(k, group(interaction.first), group(interaction.second))
        }));
        self.sum_up(contributions)
    }

    /// Sums contributions to a score.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if one of them, or their sum, is too large for a number.
    pub(crate) fn sum_up(&self, contributions: &[f64]) -> Result<Scored> {
        let mut log_odds = self.base();
        let mut parts = [0.0; Part::ALL.len()];
        for (part, c) in self.parts().iter().zip(contributions) {
            log_odds += c;
            // All are added to, most of them nothing: the sums stay in registers.
            for (p, sum) in parts.iter_mut().enumerate() {
                *sum += if p == *part as usize { *c } else { 0.0 };
            }
        }
        if !log_odds.is_finite() {
            return Err(self.overflow(contributions));
        }
        Ok(Scored { log_odds, probability: self.probability(log_odds), score: self.percentile(log_odds), parts })
    }

    #[cold]
    fn overflow(&self, contributions: &[f64]) -> Error {
        let names = self.names();
        let first = contributions.iter().position(|c| !c.is_finite()).and_then(|i| names.get(i));
        let what =
            first.map_or_else(|| "the sum of contributions".to_owned(), |n| format!("the contribution of '{n}'"));
        Error::option(
            "values",
            format!("{what} overflows because a value is far outside the training data; check its unit"),
        )
    }
}

/// Positions of the `k` contributions of the largest size, largest first; at equal size the earlier term first,
/// zero contributions never.
#[must_use]
pub fn strongest(contributions: &[f64], k: usize) -> Vec<usize> {
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(k.min(contributions.len()));
    for (i, c) in contributions.iter().enumerate() {
        let size = c.abs();
        let full = best.len() >= k;
        if size.is_nan() || size == 0.0 || full && best.last().is_none_or(|(least, _)| size <= *least) {
            continue;
        }
        if !full {
            best.push((size, i));
        } else if let Some(last) = best.last_mut() {
            *last = (size, i);
        }
        // Few are kept: each new one sinks to its place.
        let mut place = best.len() - 1;
        while let Some([before, own]) = place.checked_sub(1).and_then(|p| best.get_mut(p..=place))
            && before.0 < own.0
        {
            std::mem::swap(before, own);
            place -= 1;
        }
    }
    best.into_iter().map(|(_, i)| i).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_first_and_at_equal_size_the_earlier() {
        let c = [0.5, -2.0, 0.0, 2.0, f64::NAN, -0.5, 1.0];
        assert_eq!(strongest(&c, 4), [1, 3, 6, 0]);
        assert_eq!(strongest(&c, 100), [1, 3, 6, 0, 5]);
        assert!(strongest(&c, 0).is_empty() && strongest(&[], 3).is_empty());
    }
}
