//! Interactions: what two features add together that neither adds alone.

use serde::{Deserialize, Serialize};

use super::{LeadModel, ModelData};
use crate::design::Part;

/// A table of log-odds over the groups of two terms: bins of a number, levels of a text.
///
/// It is pure: weighted by training rows, each row and column of it sums to 0, since what one feature says alone
/// belongs to its own term. B. Lengerich et al., "Purifying interaction effects with the functional ANOVA", AISTATS 2020.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// Place of the first term.
    pub first: usize,
    /// Place of the second term, above that of the first.
    pub second: usize,
    /// The part of the score it belongs to.
    pub part: Part,
    /// Log-odds by group of the first term, then of the second; each has one more group at its end for values without one.
    pub effects: Vec<f64>,
    /// Standard error of each; empty where none are made.
    pub standard_errors: Vec<f64>,
    /// The effects that standard errors are of: those of a fit with a weaker penalty. Empty where they are the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<f64>,
    /// Weight of the training rows in each cell.
    pub weights: Vec<f64>,
}

impl Interaction {
    /// Groups of both terms, with the one for no group.
    #[must_use]
    pub fn shape(&self, data: &ModelData) -> (usize, usize) {
        let groups = |i: usize| data.terms.get(i).map_or(0, |t| t.encoder.groups() + 1);
        (groups(self.first), groups(self.second))
    }
}

impl LeadModel {
    /// Interactions; their contributions come after those of the terms.
    #[must_use]
    pub fn interactions(&self) -> &[Interaction] {
        &self.data.interactions
    }

    /// Contribution of interaction `k` for groups of its two terms, `None` for a value without a group.
    #[must_use]
    pub fn joint(&self, k: usize, first: Option<usize>, second: Option<usize>) -> f64 {
        let Some(interaction) = self.data.interactions.get(k) else { return 0.0 };
        let (rows, columns) = interaction.shape(&self.data);
        let place = first.unwrap_or(rows.saturating_sub(1)) * columns + second.unwrap_or(columns.saturating_sub(1));
        interaction.effects.get(place).copied().unwrap_or(0.0)
    }

    /// Names of all contributions: features, and `first × second` of interactions.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.data.terms.iter().map(|t| t.feature.to_string()).collect();
        let name = |i: usize| names.get(i).map_or("", String::as_str);
        let joint: Vec<String> =
            self.data.interactions.iter().map(|i| format!("{} × {}", name(i.first), name(i.second))).collect();
        names.extend(joint);
        names
    }

    /// Parts of all contributions, in the same order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}
