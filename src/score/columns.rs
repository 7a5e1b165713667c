//! Scoring columns of features.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::encoding::{Encoder, slot_of};
use crate::error::{Error, Result};
use crate::model::{ActiveColumn, LeadModel};
use crate::schema::{Column, NONE, has_leading_zero, number_of};

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
        let columns = columns_as_trained(model, columns)?;
        let slots = model.terms().iter().zip(&columns).map(|(term, column)| match column.as_ref() {
            Column::Category { levels, .. } => term.encoder.slots(levels),
            _ => Vec::new(),
        });
        let slots = slots.collect();
        Ok(Self { model, columns, slots })
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

/// Columns of the model's terms, in their order, with the types they had in training.
///
/// # Errors
/// [`Error::Length`] for another number of columns, [`Error::Schema`] if a column has another type than in training.
pub(super) fn columns_as_trained<'a>(model: &LeadModel, columns: &'a [Column]) -> Result<Vec<Cow<'a, Column>>> {
    let terms = model.terms();
    if columns.len() != terms.len() {
        return Err(Error::Length { what: "columns".into(), expected: terms.len(), got: columns.len() });
    }
    let read = terms.iter().zip(columns).map(|(term, column)| {
        as_trained(&term.encoder, column)
            .map_err(|problem| Error::schema("features", Some(&term.feature.to_string()), problem))
    });
    read.collect()
}

/// The column with the type it had in training. The type of a CSV column depends on the batch: numbers written as
/// texts are read, numbers where texts were are the levels that they spell. A column that holds nothing has no type.
///
/// The error says what makes the column another than that of training: a text among numbers, numbers of which none is a
/// level, codes that have lost their leading zeros, times.
fn as_trained<'a>(encoder: &Encoder, column: &'a Column) -> std::result::Result<Cow<'a, Column>, String> {
    let empty = column.missing() == column.len();
    match (encoder, column) {
        (Encoder::Number { .. }, Column::Number(_)) => Ok(Cow::Borrowed(column)),
        (Encoder::Category { levels: trained, reference, .. }, Column::Category { levels, .. }) => {
            match lost_zeros(trained.iter().chain(reference), levels) {
                Some(code) => Err(zeros_are_lost(code)),
                None => Ok(Cow::Borrowed(column)),
            }
        }
        (Encoder::Number { .. }, _) if empty => Ok(Cow::Owned(Column::Number(vec![f64::NAN; column.len()]))),
        (Encoder::Category { .. }, _) if empty => Ok(Cow::Owned(Column::Category {
            codes: vec![NONE; column.len()],
            levels: Arc::from(Vec::<String>::new()),
        })),
        (Encoder::Number { .. }, Column::Category { codes, levels }) => as_numbers(codes, levels).map(Cow::Owned),
        (Encoder::Category { levels, reference, .. }, Column::Number(values)) => {
            let trained: Vec<&String> = levels.iter().chain(reference).collect();
            as_levels(&trained, values).map(Cow::Owned)
        }
        (Encoder::Number { .. }, Column::Time(_)) => {
            Err("the model was trained on numbers, but here the column has times".into())
        }
        (Encoder::Category { .. }, Column::Time(_)) => {
            Err("the model was trained on text, but here the column has times".into())
        }
    }
}

/// Texts as the numbers that they are.
fn as_numbers(codes: &[u32], levels: &[String]) -> std::result::Result<Column, String> {
    let numbers: Vec<Option<f64>> = levels.iter().map(|level| number_of(level)).collect();
    let is_other = |code: &&u32| numbers.get(**code as usize).is_some_and(Option::is_none);
    if let Some(first) = codes.iter().find(is_other) {
        let n = codes.iter().filter(is_other).count();
        let example = levels.get(*first as usize).map_or("", String::as_str);
        return Err(format!(
            "the model was trained on numbers, but here {n} of {} values are text (first: '{example}'); list texts that stand for \
             missing values in nulls=, or convert them",
            codes.len()
        ));
    }
    let number = |code: &u32| numbers.get(*code as usize).copied().flatten().unwrap_or(f64::NAN);
    Ok(Column::Number(codes.iter().map(number).collect()))
}

/// A code of training that is here without its leading zeros, and never with them.
fn lost_zeros<'t>(mut trained: impl Iterator<Item = &'t String>, levels: &[String]) -> Option<&'t String> {
    let here = LazyCell::new(|| levels.iter().map(String::as_str).collect::<HashSet<&str>>());
    trained.find(|code| {
        has_leading_zero(code) && !here.contains(code.as_str()) && here.contains(code.trim_start_matches('0'))
    })
}

fn zeros_are_lost(code: &str) -> String {
    format!(
        "the model was trained on codes with leading zeros such as '{code}', but here the zeros are lost; read the column as \
         texts"
    )
}

/// Numbers as the levels that they spell: 7.5 is the level "7.50".
fn as_levels(trained: &[&String], values: &[f64]) -> std::result::Result<Column, String> {
    if let Some(code) = trained.iter().find(|level| has_leading_zero(level)) {
        return Err(zeros_are_lost(code));
    }
    let by_number: HashMap<u64, &String> =
        trained.iter().filter_map(|level| Some((number_of(level)?.to_bits(), *level))).collect();
    let (mut levels, mut known): (Vec<String>, HashMap<u64, u32>) = (Vec::new(), HashMap::new());
    let codes = values.iter().map(|x| {
        let bits = (x + 0.0).to_bits();
        if x.is_nan() {
            return NONE;
        }
        *known.entry(bits).or_insert_with(|| {
            levels.push(by_number.get(&bits).map_or_else(|| (x + 0.0).to_string(), |level| (*level).clone()));
            levels.len() as u32 - 1
        })
    });
    let codes: Vec<u32> = codes.collect();
    if let (false, Some(first)) = (known.keys().any(|bits| by_number.contains_key(bits)), trained.first()) {
        return Err(format!(
            "the model was trained on texts such as '{first}', but here the column has numbers such as {}, all of them unknown",
            levels.first().map_or("", String::as_str)
        ));
    }
    Ok(Column::Category { codes, levels: levels.into() })
}
