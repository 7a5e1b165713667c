//! From a snapshot to a model, and the evaluation of a model on a snapshot.

use serde::{Deserialize, Serialize};

use super::matrix::{Codes, Dense, Matrix};
use super::params::{LogisticParams, Target};
use crate::design::{Column, Encoder, Feature, Kind, LevelRule, slot_of};
use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, evaluate};
use crate::features::compute;
use crate::journeys::Snapshot;
use crate::math::quantile_sorted;
use crate::model::{Grade, LeadModel, ModelData, Term, Training};
use crate::score::ColumnScorer;
use crate::task::Task;
use crate::time::{NO_TIME, Timestamp};

/// Options of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainOptions {
    /// Parameters of the logistic fit.
    pub logistic: LogisticParams,
    /// Fewest converted, and fewest other leads.
    pub min_leads: usize,
    /// Levels with fewer rows are grouped as other.
    pub min_level_rows: usize,
    /// At most this many levels of a text.
    pub max_levels: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { logistic: LogisticParams::default(), min_leads: 40, min_level_rows: 20, max_levels: 1000 }
    }
}

/// Trains a model on a labelled snapshot.
///
/// # Errors
/// [`Error::NoRows`], [`Error::OneClass`], [`Error::TooFew`]; [`Error::InvalidOption`] without labels; errors of the
/// features and of the fit.
pub fn train(snapshot: &Snapshot, options: &TrainOptions, task: &Task) -> Result<LeadModel> {
    let params = options.logistic.clone().check()?;
    let label = labels(snapshot)?;
    let counts = &snapshot.counts;
    if snapshot.is_empty() {
        return Err(Error::NoRows { what: "training", why: counts.why() });
    }
    if counts.positives == 0 || counts.positives == counts.rows {
        return Err(Error::OneClass { rows: counts.rows, positives: counts.positives });
    }
    let (positives, negatives) = (counts.positive_leads, counts.leads_with_rows - counts.positive_leads);
    if positives.min(negatives) < options.min_leads {
        return Err(Error::TooFew { positives, negatives, minimum: options.min_leads });
    }
    let journeys = &snapshot.journeys;
    let features = snapshot.features.resolve(snapshot)?;
    let columns =
        compute(snapshot, &features, |k| Some(k.clone()), snapshot.features.daily_cap, &journeys.calendar_zone, task)?;
    let rule = LevelRule {
        min_rows: options.min_level_rows,
        max_levels: options.max_levels,
        reference: params.params().c.is_none(),
    };
    let mut fitted: Vec<(Feature, Encoder, Column)> = Vec::new();
    let mut dropped = Vec::new();
    for (feature, column) in features.into_iter().zip(columns) {
        match Encoder::fit(&column, &snapshot.weight, rule, feature.resolution()) {
            Some(encoder) => match fitted.iter().find(|(_, _, other)| same(other, &column)) {
                Some((twin, ..)) => dropped.push((feature.to_string(), format!("equal to {twin} in every row"))),
                None => fitted.push((feature, encoder, column)),
            },
            None => dropped.push((feature.to_string(), "constant".to_owned())),
        }
    }
    let layout = Layout::of(&fitted, snapshot.len())?;
    let solution = params.fit(&layout.matrix, &Target::new(label).weighted(&snapshot.weight), task)?;
    let means = layout.matrix.moments(Some(&snapshot.weight)).0;
    let pick = |values: &[f64], places: &[usize]| -> Vec<f64> {
        places.iter().filter_map(|p| values.get(*p).copied()).collect()
    };
    let terms: Vec<Term> = fitted
        .iter()
        .zip(&layout.places)
        .map(|((feature, encoder, _), places)| Term {
            feature: feature.clone(),
            part: feature.part(&journeys.kinds),
            encoder: encoder.clone(),
            coefficients: pick(&solution.coefficients, places),
            means: pick(&means, places),
        })
        .collect();
    let ages = || (0..snapshot.len()).map(|i| snapshot.age_days(i));
    let cutoffs = || snapshot.rows.iter().map(|r| r.cutoff).filter(|c| *c != NO_TIME);
    let data = ModelData {
        intercept: solution.intercept,
        terms,
        kinds: sorted_kinds(&journeys.kinds),
        values: journeys.value_names.clone(),
        daily_cap: snapshot.features.daily_cap,
        calendar_zone: journeys.calendar_zone.clone(),
        percentiles: vec![0.0; 101],
        grades: [("A", 75.0), ("B", 50.0), ("C", 25.0), ("D", 0.0)]
            .map(|(name, from)| Grade { name: name.into(), from })
            .into(),
        training: Training {
            snapshot: snapshot.spec.clone(),
            rule: snapshot.rule.clone(),
            target: snapshot.target.clone(),
            rows: counts.rows,
            leads: counts.leads_with_rows,
            positives: counts.positives,
            base_rate: snapshot.base_rate().unwrap_or(0.0),
            ages: ages()
                .next()
                .filter(|a| !a.is_nan())
                .map(|_| (ages().fold(f64::MAX, f64::min), ages().fold(f64::MIN, f64::max))),
            cutoffs: cutoffs().min().zip(cutoffs().max()).map(|(a, b)| (Timestamp(a), Timestamp(b))),
            solver: match params.params().solver {
                super::Solver::Newton => "newton".into(),
                super::Solver::Linfa => "linfa".into(),
            },
            c: params.params().c,
            iterations: solution.iterations,
            gradient: solution.gradient,
            objective: solution.objective,
            converged: solution.converged,
            dropped,
        },
    };
    with_percentiles(data, &fitted.into_iter().map(|(_, _, c)| c).collect::<Vec<_>>(), snapshot.len())
}

/// Kinds in an order that does not depend on the order of input rows.
fn sorted_kinds(kinds: &[Kind]) -> Vec<Kind> {
    let mut sorted = kinds.to_vec();
    sorted.sort_by(|a, b| (a.stage, &a.source, &a.plain).cmp(&(b.stage, &b.source, &b.plain)));
    sorted
}

/// The labels of a snapshot.
fn labels(snapshot: &Snapshot) -> Result<&[bool]> {
    snapshot
        .label
        .as_deref()
        .ok_or_else(|| Error::option("snapshot", "it has no label: take it with horizon= or by_age="))
}

fn same(a: &Column, b: &Column) -> bool {
    match (a, b) {
        (Column::Number(a), Column::Number(b)) => a.iter().zip(b).all(|(x, y)| x == y || (x.is_nan() && y.is_nan())),
        _ => false,
    }
}

/// Where the columns of each term lie in the matrix: dense columns first, blocks after.
struct Layout {
    matrix: Matrix<'static>,
    places: Vec<Vec<usize>>,
}

impl Layout {
    fn of(fitted: &[(Feature, Encoder, Column)], rows: usize) -> Result<Self> {
        let width_dense: usize =
            fitted.iter().map(|(_, e, _)| if matches!(e, Encoder::Number { .. }) { e.width() } else { 0 }).sum();
        let (mut dense, mut blocks, mut places): (Vec<f64>, _, _) =
            (Vec::with_capacity(rows * width_dense), Vec::new(), Vec::new());
        let mut next = 0;
        let (mut dense_names, mut block_names) = (Vec::new(), Vec::new());
        for (feature, encoder, column) in fitted {
            let title = |n: String| if n.is_empty() { feature.to_string() } else { format!("{feature} = {n}") };
            let names = encoder.column_names().into_iter().map(title);
            match (encoder, column) {
                (Encoder::Number { missing, .. }, Column::Number(values)) => {
                    places.push((next..next + encoder.width()).collect());
                    next += encoder.width();
                    dense.extend(values.iter().map(|v| encoder.standardise(*v)));
                    if *missing {
                        dense.extend(values.iter().map(|v| f64::from(u8::from(v.is_nan()))));
                    }
                    dense_names.extend(names);
                }
                (Encoder::Category { .. }, Column::Category { codes, levels }) => {
                    let width = encoder.width();
                    let first = width_dense + block_names.len();
                    places.push((first..first + width).collect());
                    let slots = encoder.slots(levels);
                    let none = width as u32;
                    let codes: Vec<u32> =
                        codes.iter().map(|c| slot_of(&slots, *c).map_or(none, |s| s as u32)).collect();
                    blocks.push(Codes::narrowest(&codes, width));
                    block_names.extend(names);
                }
                _ => return Err(Error::Length { what: format!("column '{feature}'"), expected: rows, got: 0 }),
            }
        }
        dense_names.extend(block_names);
        let dense = Dense::by_columns(dense, rows, width_dense)?;
        Ok(Self { matrix: Matrix::new(Some(dense), blocks, None)?.named(dense_names)?, places })
    }
}

/// Fills in the percentiles of the log-odds of the training rows.
fn with_percentiles(mut data: ModelData, columns: &[Column], rows: usize) -> Result<LeadModel> {
    let model = LeadModel::new(data.clone())?;
    let mut sorted = log_odds(&model, columns, rows)?;
    sorted.sort_by(f64::total_cmp);
    data.percentiles = (0..=100).map(|q| quantile_sorted(&sorted, f64::from(q) / 100.0)).collect();
    LeadModel::new(data)
}

fn log_odds(model: &LeadModel, columns: &[Column], rows: usize) -> Result<Vec<f64>> {
    let scorer = ColumnScorer::new(model, columns)?;
    let mut contributions = Vec::new();
    Ok((0..rows).map(|i| scorer.row(i, &mut contributions).log_odds).collect())
}

/// Age bands of `by = "age"`, days.
const AGE_BANDS: [(f64, f64, &str); 6] = [
    (0.0, 7.0, "0–7 days"),
    (7.0, 14.0, "7–14 days"),
    (14.0, 30.0, "14–30 days"),
    (30.0, 60.0, "30–60 days"),
    (60.0, 120.0, "60–120 days"),
    (120.0, f64::INFINITY, "120 days and more"),
];

/// Evaluates a model on a labelled snapshot, optionally by `age` or by a lead field.
///
/// # Errors
/// [`Error::NoRows`], [`Error::OneClass`]; [`Error::InvalidOption`] without labels; [`Error::UnknownName`] for a
/// field the leads do not have.
pub fn evaluate_snapshot(
    model: &LeadModel,
    snapshot: &Snapshot,
    by: Option<&str>,
    top: &[usize],
    task: &Task,
) -> Result<Evaluation> {
    let y = labels(snapshot)?;
    if snapshot.is_empty() {
        return Err(Error::NoRows { what: "evaluate", why: snapshot.counts.why() });
    }
    let columns = model.columns(snapshot, task)?;
    let p: Vec<f64> = log_odds(model, &columns, snapshot.len())?.into_iter().map(crate::math::sigmoid).collect();
    let w = Some(snapshot.weight.as_slice());
    let mut evaluation = evaluate(y, &p, w, top)?;
    if let Some(by) = by {
        let (names, group) = groups(snapshot, by)?;
        evaluation = evaluation.grouped(by, &names, &group, y, &p, w)?;
    }
    if let Some(split) = &snapshot.split {
        evaluation.remarks.push(split.remark.clone());
        if !split.test {
            evaluation.remarks.push("this is the training side of the split: its figures flatter".to_owned());
        }
    }
    let outside = (0..snapshot.len()).filter(|i| model.is_out_of_range(snapshot.age_days(*i))).count();
    if outside > 0 {
        evaluation
            .remarks
            .push(format!("{outside} of {} rows are outside the ages the model was trained on", snapshot.len()));
    }
    Ok(evaluation)
}

fn groups(snapshot: &Snapshot, by: &str) -> Result<(Vec<String>, Vec<u32>)> {
    if by == "age" {
        let band = |i: usize| {
            let age = snapshot.age_days(i);
            AGE_BANDS
                .iter()
                .position(|(low, high, _)| age >= *low && age < *high)
                .map_or(crate::design::NONE, |b| b as u32)
        };
        return Ok((AGE_BANDS.map(|b| b.2.to_owned()).into(), (0..snapshot.len()).map(band).collect()));
    }
    let leads = &snapshot.journeys.leads;
    let field = leads
        .field(by)
        .ok_or_else(|| Error::unknown("field", by, leads.fields.iter().map(|f| f.name.as_str()).chain(["age"])))?;
    let rows: Vec<u32> = snapshot.rows.iter().map(|r| r.lead).collect();
    match field.column.take(&rows) {
        Column::Category { codes, levels } => {
            let missing = levels.len() as u32;
            let names = levels.iter().cloned().chain([crate::design::MISSING.to_owned()]).collect();
            Ok((names, codes.iter().map(|c| (*c).min(missing)).collect()))
        }
        _ => Err(Error::option("by", format!("'{by}' is not a text field"))),
    }
}
