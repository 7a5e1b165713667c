//! The columns of all features, laid out as a matrix.

use std::collections::HashMap;
use std::sync::Arc;

use crate::encoding::{Encoder, slot_of};
use crate::error::{Error, Result};
use crate::fit::matrix::{Dense, LevelCodes, Matrix};
use crate::fit::params::Sign;
use crate::progress::Task;
use crate::schema::{Column, Feature, NONE};

/// A feature with its encoding and its values in training.
#[derive(Debug, Clone)]
pub(super) struct Encoded {
    pub(super) feature: Feature,
    pub(super) encoder: Encoder,
    pub(super) column: Arc<Column>,
    /// Which way its effect may run.
    pub(super) sign: Sign,
}

/// Place of the feature called `name`.
///
/// # Errors
/// [`Error::UnknownName`].
pub(super) fn place_of(name: &str, encoded: &[Encoded]) -> Result<usize> {
    let features: Vec<String> = encoded.iter().map(|e| e.feature.to_string()).collect();
    let found = features.iter().position(|f| f == name);
    found.ok_or_else(|| Error::unknown("feature", name, features.iter().map(String::as_str)))
}

impl Encoded {
    /// Whether another feature has the same values in every row, or the same groups of rows.
    pub(super) fn is_twin_of(&self, column: &Column) -> bool {
        match (&*self.column, column) {
            (Column::Number(a), Column::Number(b)) => {
                a.iter().zip(b).all(|(x, y)| x == y || (x.is_nan() && y.is_nan()))
            }
            (Column::Category { codes: a, .. }, Column::Category { codes: b, .. }) => {
                let (mut there, mut back) = (HashMap::new(), HashMap::new());
                a.iter().zip(b).all(|(x, y)| there.entry(x).or_insert(y) == &y && back.entry(y).or_insert(x) == &x)
            }
            _ => false,
        }
    }

    /// Whether it has an indicator of missing values that is 1 in the very rows where `column` has none.
    pub(super) fn is_missing_with(&self, column: &Column) -> bool {
        let (Encoder::Number { missing, .. } | Encoder::Category { missing, .. }) = self.encoder;
        let is_missing = |c: &Column, i: usize| match c {
            Column::Number(v) => v.get(i).is_none_or(|x| x.is_nan()),
            Column::Category { codes, .. } => codes.get(i).is_none_or(|c| *c == NONE),
            Column::Time(_) => false,
        };
        missing && (0..column.len()).all(|i| is_missing(&self.column, i) == is_missing(column, i))
    }

    /// Column of each row within the feature; `width` stands for none. Empty for numbers.
    fn slots(&self) -> Vec<u32> {
        let Column::Category { codes, levels } = &*self.column else { return Vec::new() };
        let (slots, none) = (self.encoder.slots(levels), self.encoder.width() as u32);
        codes.iter().map(|c| slot_of(&slots, *c).map_or(none, |s| s as u32)).collect()
    }

    /// Group of each row in interactions; the number of groups stands for none.
    pub(super) fn groups(&self) -> Vec<u32> {
        let none = self.encoder.groups() as u32;
        let code = |group: Option<usize>| group.map_or(none, |g| g as u32);
        match &*self.column {
            Column::Number(values) => values.iter().map(|v| code(self.encoder.group_of_number(*v))).collect(),
            _ => self.slots().iter().map(|s| code(self.encoder.group_of_slot(Some(*s as usize)))).collect(),
        }
    }

    /// Name of a column.
    fn title(&self, part: &str) -> String {
        if part.is_empty() { self.feature.to_string() } else { format!("{} = {part}", self.feature) }
    }
}

/// Where the columns of each term, and the cells of each interaction, lie in the matrix: dense columns first, blocks after.
pub(super) struct DesignLayout {
    pub(super) matrix: Matrix<'static>,
    pub(super) places: Vec<Vec<usize>>,
    /// First column of each interaction; its cells follow by rows.
    pub(super) cells: Vec<usize>,
    /// Sign that each column may have; empty if all are free.
    pub(super) signs: Vec<Sign>,
}

impl DesignLayout {
    /// Lays out features, and interactions of pairs of them.
    pub(super) fn of(encoded: &[Encoded], pairs: &[(usize, usize)], rows: usize, task: &Task) -> Result<Self> {
        let is_number = |e: &Encoded| matches!(e.encoder, Encoder::Number { .. });
        let width_dense: usize = encoded.iter().filter(|e| is_number(e)).map(|e| e.encoder.smooth_width()).sum();
        let mut dense: Vec<f64> = Vec::with_capacity(rows * width_dense);
        let (mut blocks, mut places) = (Vec::new(), Vec::new());
        let (mut names, mut block_names) = (Vec::with_capacity(width_dense), Vec::new());
        let (mut signs, mut block_signs) = (Vec::with_capacity(width_dense), Vec::new());
        for e in encoded {
            task.check()?;
            let width = e.encoder.width();
            let titles: Vec<String> = e.encoder.column_names().iter().map(|n| e.title(n)).collect();
            match (&e.encoder, &*e.column) {
                (Encoder::Number { missing, .. }, Column::Number(values)) => {
                    let smooth = e.encoder.smooth_width();
                    let first_bin = width_dense + block_names.len();
                    places.push(
                        (names.len()..names.len() + smooth).chain(first_bin..first_bin + width - smooth).collect(),
                    );
                    for i in 0..smooth {
                        dense.extend(values.iter().map(|v| e.encoder.number_column(*v, i)));
                        signs.push(if *missing && i + 1 == smooth { Sign::Free } else { e.sign });
                    }
                    names.extend(titles.iter().take(smooth).cloned());
                    if width > smooth {
                        let none = (width - smooth) as u32;
                        // A missing number has a column of its own.
                        let codes: Vec<u32> = e.groups().into_iter().map(|g| g.min(none)).collect();
                        blocks.push(LevelCodes::narrowest(&codes, width - smooth));
                        block_signs.resize(block_signs.len() + width - smooth, Sign::Free);
                        block_names.extend(titles.into_iter().skip(smooth));
                    }
                }
                (Encoder::Category { .. }, Column::Category { .. }) => {
                    let first = width_dense + block_names.len();
                    places.push((first..first + width).collect());
                    blocks.push(LevelCodes::narrowest(&e.slots(), width));
                    block_signs.resize(block_signs.len() + width, Sign::Free);
                    block_names.extend(titles);
                }
                _ => return Err(Error::Length { what: format!("column '{}'", e.feature), expected: rows, got: 0 }),
            }
        }
        let mut cells = Vec::with_capacity(pairs.len());
        for (first, second) in pairs.iter().filter_map(|(a, b)| encoded.get(*a).zip(encoded.get(*b))) {
            task.check()?;
            let (rows_of, columns_of) = (first.encoder.groups() as u32, second.encoder.groups() as u32);
            let none = rows_of * columns_of;
            let pairs = first.groups().into_iter().zip(second.groups());
            let codes: Vec<u32> =
                pairs.map(|(a, b)| if a < rows_of && b < columns_of { a * columns_of + b } else { none }).collect();
            cells.push(width_dense + block_names.len());
            blocks.push(LevelCodes::narrowest(&codes, none as usize));
            block_signs.resize(block_signs.len() + none as usize, Sign::Free);
            for a in first.encoder.group_names() {
                let of = |b: &String| format!("{} × {} = {a} × {b}", first.feature, second.feature);
                block_names.extend(second.encoder.group_names().iter().map(of));
            }
        }
        names.extend(block_names);
        signs.extend(block_signs);
        if signs.iter().all(|s| *s == Sign::Free) {
            signs.clear();
        }
        let dense = Dense::by_columns(dense, rows, width_dense)?;
        Ok(Self { matrix: Matrix::new(Some(dense), blocks, None)?.named(names)?, places, cells, signs })
    }
}
