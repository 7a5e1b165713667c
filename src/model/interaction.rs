//! Contributions of interactions: what two features add together that neither adds alone.

use super::data::Interaction;
use super::lead_model::LeadModel;
use crate::schema::Part;

impl LeadModel {
    /// Interactions; their contributions follow the terms'.
    #[must_use]
    pub fn interactions(&self) -> &[Interaction] {
        &self.data().interactions
    }

    /// Contribution of interaction `k` for groups of its two terms, `None` for a value without a group.
    #[must_use]
    pub fn joint(&self, k: usize, first: Option<usize>, second: Option<usize>) -> f64 {
        let Some(interaction) = self.data().interactions.get(k) else { return 0.0 };
        let (rows, columns) = interaction.shape(self.data());
        let place = first.unwrap_or(rows.saturating_sub(1)) * columns + second.unwrap_or(columns.saturating_sub(1));
        interaction.effects.get(place).copied().unwrap_or(0.0)
    }

    /// Names of all contributions: features, and `first × second` of interactions.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.data().terms.iter().map(|t| t.feature.to_string()).collect();
        let name = |i: usize| names.get(i).map_or("", String::as_str);
        let joint: Vec<String> =
            self.data().interactions.iter().map(|i| format!("{} × {}", name(i.first), name(i.second))).collect();
        names.extend(joint);
        names
    }

    /// Parts of all contributions, in the same order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}
