//! Scoring columns of features.

use crate::design::{Column, slot_of};
use crate::error::{Error, Result};
use crate::model::LeadModel;

use super::scored::Scored;

/// A model made ready for columns: texts are looked up once per level, not per row.
#[derive(Debug)]
pub struct ColumnScorer<'a> {
    model: &'a LeadModel,
    columns: &'a [Column],
    slots: Vec<Vec<Option<usize>>>,
}

impl<'a> ColumnScorer<'a> {
    /// `columns` are the model's features, in the order of its terms.
    ///
    /// # Errors
    /// [`Error::Length`] for another number of columns, [`Error::Schema`] if a column has another type than in
    /// training.
    pub fn new(model: &'a LeadModel, columns: &'a [Column]) -> Result<Self> {
        let terms = model.terms();
        if columns.len() != terms.len() {
            return Err(Error::Length { what: "columns".into(), expected: terms.len(), got: columns.len() });
        }
        let mut slots = Vec::with_capacity(columns.len());
        for (term, column) in terms.iter().zip(columns) {
            use crate::design::Encoder;
            slots.push(match (&term.encoder, column) {
                (Encoder::Number { .. }, Column::Number(_)) => Vec::new(),
                (encoder @ Encoder::Category { .. }, Column::Category { levels, .. }) => encoder.slots(levels),
                // A column that holds nothing has no type.
                (_, c) if c.missing() == c.len() => Vec::new(),
                (encoder, _) => {
                    let wanted = if matches!(encoder, Encoder::Number { .. }) { "numbers" } else { "texts" };
                    return Err(Error::schema(
                        "features",
                        Some(&term.feature.to_string()),
                        format!("the model was trained on {wanted}, here it holds another type"),
                    ));
                }
            });
        }
        Ok(Self { model, columns, slots })
    }

    /// Scores row `row`; `contributions` receives one number per term.
    pub fn row(&self, row: usize, contributions: &mut Vec<f64>) -> Scored {
        use crate::design::Encoder;
        contributions.clear();
        for (i, ((term, column), slots)) in self.model.terms().iter().zip(self.columns).zip(&self.slots).enumerate() {
            contributions.push(match (&term.encoder, column) {
                (Encoder::Number { .. }, Column::Number(v)) => {
                    self.model.number(i, v.get(row).copied().unwrap_or(f64::NAN))
                }
                (Encoder::Number { .. }, _) => self.model.number(i, f64::NAN),
                (Encoder::Category { .. }, Column::Category { codes, .. }) if !slots.is_empty() => {
                    self.model.level(i, codes.get(row).and_then(|c| slot_of(slots, *c)))
                }
                (encoder, _) => self.model.level(i, encoder.slot(None)),
            });
        }
        self.model.sum_up(contributions)
    }
}
