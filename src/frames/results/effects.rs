//! Effects of features and interactions as tables.

use polars::prelude::*;

use crate::encoding::Encoder;
use crate::error::{Error, Result};
use crate::frames::results::columns::{frame, numbers, texts};
use crate::model::{EstimatedEffect, Interaction, LeadModel, Reference};

/// Quantile of 95 % intervals.
pub(super) const Z95: f64 = 1.959_963_984_540_054;

/// A cell of an interaction: its groups by name, and its place in the table.
pub(super) struct EffectCell {
    pub(super) first: String,
    pub(super) second: String,
    pub(super) place: usize,
}

pub(super) fn cells(model: &LeadModel, interaction: &Interaction) -> Vec<EffectCell> {
    let groups = |i: usize| model.terms().get(i).map_or_else(Vec::new, |t| t.encoder.group_names());
    let (first, second) = (groups(interaction.first), groups(interaction.second));
    let cell = |(i, a): (usize, &String)| {
        let row = i * (second.len() + 1);
        let of = move |(j, b): (usize, &String)| (j, b.clone(), row);
        let a = a.clone();
        second.iter().enumerate().map(of).map(move |(j, b, row)| EffectCell {
            first: a.clone(),
            second: b,
            place: row + j,
        })
    };
    first.iter().enumerate().flat_map(cell).collect()
}

/// Contribution of one feature over its values, or of an interaction over its cells.
///
/// `low` and `high` are the 95 % interval around `unshrunk`, the contribution by the estimates that standard errors belong
/// to. `share` is the weighted share of the training rows with a level; `weight` is the weight of those in a cell.
/// Contributions of levels are differences to the level `reference` if one is given.
///
/// # Errors
/// [`Error::UnknownName`] for a feature or level that the model does not have; [`Error::InvalidOption`] for values where it
/// is not a number, or a reference where it is not a text, and for values at which the contribution overflows.
pub fn effect_frame(
    model: &LeadModel,
    feature: &str,
    values: Option<&[f64]>,
    reference: Option<&str>,
) -> Result<DataFrame> {
    let names = model.names();
    let Some(i) = names.iter().position(|n| n == feature) else {
        return Err(Error::unknown("feature", feature, names.iter().map(String::as_str)));
    };
    let encoder = model.terms().get(i).map(|t| &t.encoder);
    if values.is_some() && !matches!(encoder, Some(Encoder::Number { .. })) {
        return Err(Error::option(
            "values",
            format!("'{feature}' is not numeric, so all its levels are returned; leave values= out"),
        ));
    }
    if reference.is_some() && !matches!(encoder, Some(Encoder::Category { .. })) {
        return Err(Error::option(
            "reference",
            format!("'{feature}' is numeric and has no reference level; leave reference= out"),
        ));
    }
    match encoder {
        Some(Encoder::Number { .. }) => number_frame(model, i, values, feature),
        Some(Encoder::Category { .. }) => level_frame(model, i, reference),
        None => match i.checked_sub(model.terms().len()).and_then(|k| model.interactions().get(k)) {
            Some(interaction) => cell_frame(model, interaction),
            None => Err(Error::unknown("feature", feature, names.iter().map(String::as_str))),
        },
    }
}

fn number_frame(model: &LeadModel, term: usize, values: Option<&[f64]>, feature: &str) -> Result<DataFrame> {
    let Some(encoder) = model.terms().get(term).map(|t| &t.encoder) else { return frame(Vec::new()) };
    let values: Vec<f64> = values.map_or_else(|| encoder.grid(101), <[f64]>::to_vec);
    let contributions: Vec<f64> = values.iter().map(|v| model.number(term, *v)).collect();
    if let Some((v, _)) = values.iter().zip(&contributions).find(|(_, c)| !c.is_finite()) {
        return Err(Error::option("values", format!("the contribution of '{feature}' at {v} overflows")));
    }
    let columns = |value: &f64| {
        let smooth = (0..encoder.smooth_width()).map(|j| (j, encoder.number_column(*value, j)));
        let bin = encoder.group_of_number(*value).filter(|_| !value.is_nan());
        smooth.chain(bin.map(|g| (encoder.group_column(g), 1.0))).filter(|c| c.1 != 0.0).collect()
    };
    let rows: Vec<Vec<(usize, f64)>> = values.iter().map(columns).collect();
    let mut out = vec![numbers("value", values), numbers("contribution", contributions)];
    out.extend(intervals(&model.estimated_effects(term, &rows)));
    frame(out)
}

/// Columns `unshrunk, low, high`.
fn intervals(effects: &[EstimatedEffect]) -> [Column; 3] {
    let column = |name: &str, z: f64| numbers(name, effects.iter().map(|e| e.estimate + z * e.error).collect());
    let estimates = numbers("unshrunk", effects.iter().map(|e| e.estimate).collect());
    [estimates, column("low", -Z95), column("high", Z95)]
}

fn level_frame(model: &LeadModel, term: usize, reference: Option<&str>) -> Result<DataFrame> {
    let Some(t) = model.terms().get(term) else { return frame(Vec::new()) };
    let at = |v: &[f64], i: usize| v.get(i).copied().unwrap_or(f64::NAN);
    let against = reference.map(|level| t.reference(Some(level))).transpose()?.flatten();
    // The level that was left out has no column.
    let left_out = match &t.encoder {
        Encoder::Category { reference: Some(level), .. } => Some((level.clone(), None)),
        _ => None,
    };
    let columns = t.encoder.column_names().into_iter().enumerate().map(|(j, level)| (level, Some(j)));
    let levels: Vec<(String, Option<usize>)> = left_out.into_iter().chain(columns).collect();
    let zero = against.as_ref().map_or(0.0, |r| model.level(term, r.column));
    let effects = match &against {
        Some(reference) => levels.iter().map(|(_, column)| contrast(model, term, *column, reference)).collect(),
        None => {
            let rows: Vec<Vec<(usize, f64)>> = levels.iter().map(|l| l.1.iter().map(|j| (*j, 1.0)).collect()).collect();
            model.estimated_effects(term, &rows)
        }
    };
    let others: f64 = t.means.iter().sum();
    let mut out = vec![
        texts("value", levels.iter().map(|l| l.0.clone())),
        numbers("contribution", levels.iter().map(|l| model.level(term, l.1) - zero).collect()),
    ];
    out.extend(intervals(&effects));
    out.push(numbers("share", levels.iter().map(|l| l.1.map_or(1.0 - others, |j| at(&t.means, j))).collect()));
    frame(out)
}

/// Difference of a level, `None` for the one that was left out, to the reference.
fn contrast(model: &LeadModel, term: usize, column: Option<usize>, reference: &Reference) -> EstimatedEffect {
    let Some(t) = model.terms().get(term) else { return EstimatedEffect { estimate: f64::NAN, error: f64::NAN } };
    if column == reference.column {
        return EstimatedEffect { estimate: 0.0, error: f64::NAN };
    }
    match (column, reference.column) {
        (Some(column), _) => EstimatedEffect {
            estimate: t.estimate(column, Some(reference)),
            error: model.contrast_error(term, column, reference),
        },
        // The estimate of a column is its difference to the level that was left out.
        (None, Some(column)) => EstimatedEffect {
            estimate: -t.estimate(column, None),
            error: t.standard_errors.get(column).copied().unwrap_or(f64::NAN),
        },
        (None, None) => EstimatedEffect { estimate: 0.0, error: f64::NAN },
    }
}

fn cell_frame(model: &LeadModel, interaction: &Interaction) -> Result<DataFrame> {
    let at = |v: &[f64], i: usize| v.get(i).copied().unwrap_or(f64::NAN);
    let cells = cells(model, interaction);
    let estimates = if interaction.estimates.is_empty() { &interaction.effects } else { &interaction.estimates };
    let effect = |c: &EffectCell| EstimatedEffect {
        estimate: at(estimates, c.place),
        error: at(&interaction.standard_errors, c.place),
    };
    let mut out = vec![
        texts("first", cells.iter().map(|c| c.first.clone())),
        texts("second", cells.iter().map(|c| c.second.clone())),
        numbers("contribution", cells.iter().map(|c| at(&interaction.effects, c.place)).collect()),
    ];
    out.extend(intervals(&cells.iter().map(effect).collect::<Vec<_>>()));
    out.push(numbers("weight", cells.iter().map(|c| at(&interaction.weights, c.place)).collect()));
    frame(out)
}
