//! Scoring columns of features.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::design::{Column, Encoder, NONE, slot_of};
use crate::error::{Error, Result};
use crate::model::{ActiveColumn, LeadModel};

use super::scored::Scored;

/// A model made ready for columns: texts are looked up once per level, not per row.
#[derive(Debug)]
pub struct ColumnScorer<'a> {
    model: &'a LeadModel,
    columns: Vec<Cow<'a, Column>>,
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
        let mut read = Vec::with_capacity(columns.len());
        for (term, column) in terms.iter().zip(columns) {
            let column = as_trained(&term.encoder, column).ok_or_else(|| {
                let (wanted, got) = match term.encoder {
                    Encoder::Number { .. } => ("numbers", "no number"),
                    Encoder::Category { .. } => ("texts", "times"),
                };
                let name = term.feature.to_string();
                Error::schema(
                    "features",
                    Some(&name),
                    format!("the model was trained on {wanted}; here it holds {got}"),
                )
            })?;
            slots.push(match column.as_ref() {
                Column::Category { levels, .. } => term.encoder.slots(levels),
                _ => Vec::new(),
            });
            read.push(column);
        }
        Ok(Self { model, columns: read, slots })
    }

    /// Scores row `row`; `contributions` receives one number per term, then one per interaction.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if a contribution, or their sum, overflows.
    pub fn row(&self, row: usize, contributions: &mut Vec<f64>) -> Result<Scored> {
        contributions.clear();
        for (i, (column, slots)) in self.columns.iter().zip(&self.slots).enumerate() {
            contributions.push(match column.as_ref() {
                Column::Number(v) => self.model.number(i, v.get(row).copied().unwrap_or(f64::NAN)),
                Column::Category { codes, .. } => self.model.level(i, codes.get(row).and_then(|c| slot_of(slots, *c))),
                Column::Time(_) => 0.0,
            });
        }
        for (k, interaction) in self.model.interactions().iter().enumerate() {
            let (first, second) = (self.group(interaction.first, row), self.group(interaction.second, row));
            contributions.push(self.model.joint(k, first, second));
        }
        self.model.sum_up(contributions)
    }

    /// Group of term `i` in row `row`.
    fn group(&self, i: usize, row: usize) -> Option<usize> {
        let encoder = &self.model.terms().get(i)?.encoder;
        match self.columns.get(i)?.as_ref() {
            Column::Number(v) => encoder.group_of_number(v.get(row).copied().unwrap_or(f64::NAN)),
            Column::Category { codes, .. } => {
                encoder.group_of_slot(slot_of(self.slots.get(i)?, codes.get(row).copied()?))
            }
            Column::Time(_) => None,
        }
    }

    /// Design columns that differ from 0 in row `row`, the intercept first, as [`crate::model::CoefficientCovariance`]
    /// counts them.
    pub fn active(&self, row: usize, out: &mut Vec<ActiveColumn>) {
        out.clear();
        out.push(ActiveColumn { place: 0, value: 1.0 });
        let mut first = 1;
        for (i, (term, column)) in self.model.terms().iter().zip(&self.columns).enumerate() {
            let encoder = &term.encoder;
            match column.as_ref() {
                Column::Number(v) => {
                    let value = v.get(row).copied().unwrap_or(f64::NAN);
                    let columns = (0..encoder.smooth_width()).map(|j| (j, encoder.number_column(value, j)));
                    let bin = encoder.group_of_number(value).map(|g| (encoder.group_column(g), 1.0));
                    let bin = bin.filter(|_| !value.is_nan());
                    let columns = columns.chain(bin).filter(|c| c.1 != 0.0);
                    out.extend(columns.map(|(j, value)| ActiveColumn { place: first + j, value }));
                }
                Column::Category { codes, .. } => {
                    let slot = self.slots.get(i).zip(codes.get(row)).and_then(|(slots, c)| slot_of(slots, *c));
                    out.extend(slot.map(|s| ActiveColumn { place: first + s, value: 1.0 }));
                }
                Column::Time(_) => {}
            }
            first += encoder.width();
        }
        for interaction in self.model.interactions() {
            let (rows, columns) = interaction.shape(self.model.data());
            let group = |i: usize, none: usize| self.group(i, row).unwrap_or(none.saturating_sub(1));
            let place = first + group(interaction.first, rows) * columns + group(interaction.second, columns);
            out.push(ActiveColumn { place, value: 1.0 });
            first += rows * columns;
        }
    }
}

/// The column with the type it had in training. The type of a CSV column depends on the batch: numbers written as
/// texts are read, numbers where texts were are written out. A column that holds nothing has no type. `None` if no
/// value could be read.
fn as_trained<'a>(encoder: &Encoder, column: &'a Column) -> Option<Cow<'a, Column>> {
    let empty = column.missing() == column.len();
    match (encoder, column) {
        (Encoder::Number { .. }, Column::Number(_)) | (Encoder::Category { .. }, Column::Category { .. }) => {
            Some(Cow::Borrowed(column))
        }
        (Encoder::Number { .. }, _) if empty => Some(Cow::Owned(Column::Number(vec![f64::NAN; column.len()]))),
        (Encoder::Category { .. }, _) if empty => Some(Cow::Owned(Column::Category {
            codes: vec![NONE; column.len()],
            levels: Arc::from(Vec::<String>::new()),
        })),
        (Encoder::Number { .. }, Column::Category { codes, levels }) => {
            let parsed: Vec<f64> =
                levels.iter().map(|l| l.parse().ok().filter(|x: &f64| x.is_finite()).unwrap_or(f64::NAN)).collect();
            let numbers = codes.iter().map(|c| parsed.get(*c as usize).copied().unwrap_or(f64::NAN)).collect();
            let numbers = Column::Number(numbers);
            (numbers.missing() < numbers.len()).then_some(Cow::Owned(numbers))
        }
        (Encoder::Category { .. }, Column::Number(values)) => {
            let mut by_text: HashMap<String, u32> = HashMap::new();
            let codes = values
                .iter()
                .map(|x| {
                    let next = by_text.len() as u32;
                    if x.is_nan() { NONE } else { *by_text.entry(x.to_string()).or_insert(next) }
                })
                .collect();
            let mut levels = vec![String::new(); by_text.len()];
            for (text, code) in by_text {
                if let Some(level) = levels.get_mut(code as usize) {
                    *level = text;
                }
            }
            Some(Cow::Owned(Column::Category { codes, levels: levels.into() }))
        }
        (_, Column::Time(_)) => None,
    }
}
