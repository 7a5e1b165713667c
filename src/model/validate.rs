//! Invariants of a model, checked when one is made or loaded.

use std::collections::BTreeSet;

use super::data::{GradeScale, Interaction, ModelData, PartQuartiles, Term, coefficients};
use crate::error::{Error, Result};

/// The error of a model that breaks an invariant.
fn bad<T>(problem: impl Into<String>) -> Result<T> {
    Err(Error::ModelFormat { problem: problem.into() })
}

pub(super) fn check(data: &ModelData) -> Result<()> {
    if !data.intercept.is_finite() {
        return bad("the intercept is not a finite number");
    }
    let mut names = BTreeSet::new();
    for term in &data.terms {
        check_term(term)?;
        if !names.insert(term.feature.to_string()) {
            return bad(format!("term '{}' occurs twice", term.feature));
        }
    }
    let mut pairs = BTreeSet::new();
    for interaction in &data.interactions {
        if !pairs.insert((interaction.first, interaction.second)) {
            return bad(format!(
                "the interaction of terms {} and {} occurs twice",
                interaction.first, interaction.second
            ));
        }
        check_interaction(interaction, data)?;
    }
    if let Some(problem) = data.covariance.as_ref().and_then(|c| c.problem(coefficients(data))) {
        return bad(problem);
    }
    if data.percentiles.len() != 101 || !data.percentiles.is_sorted() || !data.percentiles.iter().all(|v| v.is_finite())
    {
        return bad("percentiles must be 101 ascending finite numbers");
    }
    if let Some(problem) = data.calibration.as_ref().and_then(super::CalibrationMap::problem) {
        return bad(problem);
    }
    if data.grades.is_empty() || !data.grades.is_sorted_by(|a, b| a.from > b.from) {
        return bad("grades must be in descending order of their lowest scores");
    }
    let highest = if data.grade_scale == GradeScale::Probability { 1.0 } else { 100.0 };
    if data.grades.iter().any(|g| !(0.0..=highest).contains(&g.from)) {
        return bad("cut-offs of grades are out of range");
    }
    let ascending = |q: &PartQuartiles| q.quartiles.is_sorted() && q.quartiles.iter().all(|x| x.is_finite());
    if !data.part_quartiles.iter().all(ascending) {
        return bad("quartiles of parts must be ascending finite numbers");
    }
    if let Some((low, high)) = data.training.ages
        && (low.is_nan() || high.is_nan() || low > high)
    {
        return bad("the range of ages is invalid");
    }
    Ok(())
}

fn check_term(term: &Term) -> Result<()> {
    let name = term.feature.to_string();
    let width = term.encoder.width();
    if term.coefficients.len() != width || term.means.len() != width {
        return bad(format!(
            "term '{name}' has {} coefficients and {} means for {width} columns",
            term.coefficients.len(),
            term.means.len()
        ));
    }
    let errors = &term.standard_errors;
    if !(errors.is_empty() || errors.len() == width) || errors.iter().any(|e| !(e.is_finite() && *e >= 0.0)) {
        return bad(format!("term '{name}' has invalid standard errors"));
    }
    let errors = &term.contrast_errors;
    if !(errors.is_empty() || errors.len() == width) || errors.iter().any(|e| !(e.is_finite() && *e >= 0.0)) {
        return bad(format!("term '{name}' has invalid standard errors of differences"));
    }
    if !(term.estimates.is_empty() || term.estimates.len() == width) {
        return bad(format!("term '{name}' has {} estimates for {width} columns", term.estimates.len()));
    }
    if !term.coefficients.iter().chain(&term.means).chain(&term.estimates).all(|v| v.is_finite()) {
        return bad(format!("term '{name}' has a coefficient or mean that is not a finite number"));
    }
    if let crate::encoding::Encoder::Number { mean, deviation, spline, bins, range, .. } = &term.encoder
        && !(mean.is_finite()
            && deviation.is_finite()
            && *deviation >= 0.0
            && range.is_none_or(|(low, high)| low <= high && low.is_finite() && high.is_finite())
            && spline.as_ref().is_none_or(crate::encoding::Spline::is_usable)
            && bins.as_ref().is_none_or(crate::encoding::Bins::is_usable))
    {
        return bad(format!("term '{name}' has an invalid mean or deviation"));
    }
    if let crate::encoding::Encoder::Number { deviation, .. } = &term.encoder
        && !(*deviation == 0.0 || deviation.is_normal())
    {
        return bad(format!("term '{name}' has an invalid deviation"));
    }
    if let crate::encoding::Encoder::Category { levels, reference, .. } = &term.encoder
        && levels.iter().chain(reference).collect::<BTreeSet<_>>().len()
            != levels.len() + usize::from(reference.is_some())
    {
        return bad(format!("term '{name}' has a repeated level"));
    }
    if let Some(problem) = term.profile.as_ref().and_then(|p| p.problem(&term.encoder)) {
        return bad(format!("term '{name}' has a profile with invalid {problem}"));
    }
    if name.parse().as_ref() != Ok(&term.feature) {
        return bad(format!("the name of term '{name}' does not parse to the same feature"));
    }
    Ok(())
}

fn check_interaction(interaction: &Interaction, data: &ModelData) -> Result<()> {
    let name = format!("interaction of terms {} and {}", interaction.first, interaction.second);
    let (rows, columns) = interaction.shape(data);
    let cells = rows * columns;
    if interaction.first >= interaction.second || rows < 2 || columns < 2 {
        return bad(format!("the {name} must join two terms with groups, in their order"));
    }
    if interaction.effects.len() != cells || interaction.weights.len() != cells {
        return bad(format!("the {name} has {} effects for {cells} cells", interaction.effects.len()));
    }
    let errors = &interaction.standard_errors;
    let usable = |v: &[f64]| v.iter().all(|x| x.is_finite() && *x >= 0.0);
    if !(errors.is_empty() || errors.len() == cells) || !usable(errors) || !usable(&interaction.weights) {
        return bad(format!("the {name} has invalid standard errors or weights"));
    }
    if !(interaction.estimates.is_empty() || interaction.estimates.len() == cells) {
        return bad(format!("the {name} has {} estimates for {cells} cells", interaction.estimates.len()));
    }
    if !interaction.effects.iter().chain(&interaction.estimates).all(|e| e.is_finite()) {
        return bad(format!("the {name} has an effect that is not a finite number"));
    }
    Ok(())
}
