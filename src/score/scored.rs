//! Scoring one row.

use crate::design::{Encoder, Part};
use crate::model::LeadModel;

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

    /// Sums contributions to a score.
    #[must_use]
    pub(crate) fn sum_up(&self, contributions: &[f64]) -> Scored {
        let mut log_odds = self.base();
        let mut parts = [0.0; Part::ALL.len()];
        for (part, c) in self.parts().zip(contributions) {
            log_odds += c;
            if let Some(p) = parts.get_mut(part as usize) {
                *p += c;
            }
        }
        Scored { log_odds, probability: self.probability(log_odds), score: self.percentile(log_odds), parts }
    }
}

/// Positions of the `k` contributions of the largest size, largest first; at equal size the earlier term first,
/// zero contributions never.
#[must_use]
pub fn strongest(contributions: &[f64], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..contributions.len()).collect();
    let size = |i: &usize| contributions.get(*i).map_or(0.0, |c| c.abs());
    order.retain(|i| size(i) > 0.0);
    order.sort_by(|a, b| size(b).total_cmp(&size(a)));
    order.truncate(k);
    order
}
