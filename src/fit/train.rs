//! From a snapshot to a model, and the evaluation of a model on a snapshot.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::calibrate::{Calibrator, MIN_POSITIVES, beta_calibration, isotonic_calibration, sigmoid_calibration};
use super::inference::{Covariance, InferenceOptions};
use super::matrix::{Codes, Dense, Matrix};
use super::params::{LogisticParams, Target, ValidLogisticParams};
use super::solution::Solution;
use super::validate::{Choice, Fold, default_cs, grouped_folds};
use crate::design::{Column, Encoder, Feature, Kind, LevelRule, slot_of};
use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, evaluate};
use crate::features::compute;
use crate::journeys::{Snapshot, SplitBy};
use crate::math::quantile_sorted;
use crate::model::{CalibrationFacts, CalibrationMap, Grade, LeadModel, ModelData, Term, Training, Validation};
use crate::score::ColumnScorer;
use crate::task::Task;
use crate::time::{NO_TIME, Timestamp};

/// When numbers have the curved columns of restricted cubic splines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nonlinear {
    /// Always, where values are many enough.
    Cubic,
    /// If that lowers the log loss on held-out rows.
    Auto,
}

/// Options of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainOptions {
    /// Parameters of the logistic fit.
    pub logistic: LogisticParams,
    /// Whether C is chosen on held-out rows; then [`LogisticParams::c`] does not count.
    pub choose_c: Option<Choice>,
    /// Whether numbers have curved columns.
    pub nonlinear: Option<Nonlinear>,
    /// Whether probabilities are calibrated on the last fifth of the period.
    pub calibration: Option<Calibrator>,
    /// Fewest converted, and fewest other leads.
    pub min_leads: usize,
    /// Levels with fewer rows are grouped as other.
    pub min_level_rows: usize,
    /// At most this many levels of a text.
    pub max_levels: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            logistic: LogisticParams::default(),
            choose_c: None,
            nonlinear: None,
            calibration: None,
            min_leads: 40,
            min_level_rows: 20,
            max_levels: 1000,
        }
    }
}

/// Trains a model on a labelled snapshot.
///
/// # Errors
/// [`Error::NoRows`], [`Error::OneClass`], [`Error::TooFew`]; [`Error::InvalidOption`] without labels; errors of the
/// features and of the fit.
pub fn train(snapshot: &Snapshot, options: &TrainOptions, task: &Task) -> Result<LeadModel> {
    let Some(calibrator) = options.calibration else { return train_on(snapshot, options, task) };
    labels(snapshot)?;
    let (facts, parts) = later_slice(snapshot, calibrator);
    let Some((earlier, later)) = parts else { return with_facts(&train_on(snapshot, options, task)?, None, facts) };
    let model = train_on(&earlier, options, task)?;
    let columns = model.columns(&later, task)?;
    let eta = log_odds(&model, &columns, later.len())?;
    let (y, w) = (labels(&later)?, Some(later.weight.as_slice()));
    let map = match calibrator {
        Calibrator::Sigmoid => {
            let (slope, intercept) = sigmoid_calibration(&eta, y, w, task)?;
            return with_facts(&rescaled(&model, slope, intercept)?, None, facts);
        }
        Calibrator::Isotonic => isotonic_calibration(&eta, y, w)?,
        Calibrator::Beta => beta_calibration(&eta, y, w, task)?,
    };
    with_facts(&model, Some(map), facts)
}

/// The training rows and the later ones that a calibration is fitted on, a label window between them; none if these are
/// too few.
fn later_slice(snapshot: &Snapshot, calibrator: Calibrator) -> (CalibrationFacts, Option<(Snapshot, Snapshot)>) {
    let none = |remark: String| {
        (CalibrationFacts { method: "none".into(), rows: 0, positives: 0, base_rate: 0.0, remark }, None)
    };
    let (earlier, later) = match snapshot.split(0.2, SplitBy::Time, 0) {
        Ok(parts) => parts,
        Err(e) => return none(format!("not calibrated: no later slice ({e})")),
    };
    let (rows, positives) = (later.counts.rows, later.counts.positives);
    if positives.min(rows - positives) < MIN_POSITIVES {
        return none(format!(
            "not calibrated: the last fifth of the period has {positives} positives in {rows} rows, and {MIN_POSITIVES} of each class are needed"
        ));
    }
    let remark =
        "fitted on the last fifth of the period, a label window after the rows the coefficients were fitted on";
    let base_rate = later.base_rate().unwrap_or(0.0);
    let facts =
        CalibrationFacts { method: calibrator.name().into(), rows, positives, base_rate, remark: remark.into() };
    (facts, Some((earlier, later)))
}

fn with_facts(model: &LeadModel, map: Option<CalibrationMap>, facts: CalibrationFacts) -> Result<LeadModel> {
    let mut data = model.data().clone();
    data.calibration = map;
    data.training.calibration = Some(facts);
    LeadModel::new(data)
}

/// The model whose log-odds are slope·η + intercept: every contribution is scaled, so that they still add up.
fn rescaled(model: &LeadModel, slope: f64, intercept: f64) -> Result<LeadModel> {
    if slope <= 0.0 {
        return Err(Error::option(
            "calibration",
            format!(
                "on the later slice a higher score means fewer positives (slope {slope:.3}): the model does not hold there"
            ),
        ));
    }
    let mut data = model.data().clone();
    data.intercept = slope * data.intercept + intercept;
    data.terms
        .iter_mut()
        .flat_map(|t| t.coefficients.iter_mut().chain(&mut t.standard_errors))
        .for_each(|c| *c *= slope);
    data.percentiles.iter_mut().for_each(|q| *q = slope * *q + intercept);
    LeadModel::new(data)
}

fn train_on(snapshot: &Snapshot, options: &TrainOptions, task: &Task) -> Result<LeadModel> {
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
    let target = Target::new(label).weighted(&snapshot.weight);
    let chosen = choose_design(snapshot, fitted, &target, &params, options, task)?;
    let Design { fitted, layout, validation, nonlinear } = chosen;
    let params = match (&validation, options.choose_c) {
        (Some(v), Some(_)) => LogisticParams { c: Some(v.c), ..params.params().clone() }.check()?,
        _ => params,
    };
    let solution = params.fit(&layout.matrix, &target, task)?;
    dropped.extend(
        solution
            .dropped
            .iter()
            .map(|c| (layout.matrix.name(*c), "a combination of other columns: its coefficient is 0".to_owned())),
    );
    let (errors, inference) = standard_errors(snapshot, &layout.matrix, &target, &params, &solution, task)?;
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
            standard_errors: pick(&errors, places),
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
        calibration: None,
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
            validation,
            nonlinear,
            calibration: None,
            inference,
            iterations: solution.iterations,
            gradient: solution.gradient,
            objective: solution.objective,
            converged: solution.converged,
            dropped,
        },
    };
    with_percentiles(data, &fitted.into_iter().map(|(_, _, c)| c).collect::<Vec<_>>(), snapshot.len())
}

/// Standard errors of all columns and what they assume: rows of one account, or of one lead, are a cluster. None for
/// designs too wide for them.
fn standard_errors(
    snapshot: &Snapshot,
    x: &Matrix<'_>,
    target: &Target<'_>,
    params: &ValidLogisticParams,
    solution: &Solution,
    task: &Task,
) -> Result<(Vec<f64>, Option<String>)> {
    if x.width() > MOST_COLUMNS_OF_ERRORS || x.width() + 1 >= snapshot.len() || params.params().l1_ratio > 0.0 {
        return Ok((Vec::new(), None));
    }
    let clusters = clusters(snapshot);
    let count = clusters.iter().max().map_or(0, |m| *m as usize + 1);
    let (covariance, mut what) = if count < snapshot.len() {
        let unit = if snapshot.journeys.leads.account.is_some() { "account" } else { "lead" };
        (Covariance::Clustered, format!("clustered by {unit} ({count} clusters)"))
    } else {
        (Covariance::Robust, "robust (HC1)".to_owned())
    };
    let options = InferenceOptions { covariance, clusters: Some(&clusters), ..InferenceOptions::default() };
    let inference = params.inference(x, target, solution, options, task)?;
    if inference.approximate {
        what += "; approximate, since a penalty shrinks the coefficients";
    }
    Ok((inference.estimates.iter().skip(1).map(|e| e.standard_error).collect(), Some(what)))
}

/// A covariance of so many columns is still made in seconds.
const MOST_COLUMNS_OF_ERRORS: usize = 2000;

/// A number per row: equal for rows of one account, or of one lead where there are no accounts.
fn clusters(snapshot: &Snapshot) -> Vec<u32> {
    let mut numbers = HashMap::new();
    let number = |r: &crate::journeys::Row| {
        let next = numbers.len() as u32;
        *numbers.entry(snapshot.journeys.leads.group(r.lead)).or_insert(next)
    };
    snapshot.rows.iter().map(number).collect()
}

/// Features with their encodings, laid out, and how they were chosen.
struct Design {
    fitted: Vec<(Feature, Encoder, Column)>,
    layout: Layout,
    validation: Option<Validation>,
    nonlinear: Option<String>,
}

/// Lays out the features, with curved columns where they are wanted, and judges values of C where they are to be chosen.
fn choose_design(
    snapshot: &Snapshot,
    fitted: Vec<(Feature, Encoder, Column)>,
    target: &Target<'_>,
    params: &ValidLogisticParams,
    options: &TrainOptions,
    task: &Task,
) -> Result<Design> {
    let judge = |x: &Matrix<'_>| -> Result<Validation> {
        // With a fixed C that one is judged; without a penalty, one that is as good as none.
        let cs = if options.choose_c.is_some() { default_cs() } else { vec![params.params().c.unwrap_or(1e4)] };
        let judged = if params.params().firth {
            LogisticParams { firth: false, c: cs.first().copied(), ..params.params().clone() }.check()?
        } else {
            params.clone()
        };
        choose_c(snapshot, x, target, &judged, &cs, options.choose_c.unwrap_or_default(), task)
    };
    let curved = |fitted: &[(Feature, Encoder, Column)]| -> Vec<(Feature, Encoder, Column)> {
        let bend =
            |(f, e, c): &(Feature, Encoder, Column)| (f.clone(), e.clone().curved(c, &snapshot.weight), c.clone());
        fitted.iter().map(bend).collect()
    };
    let rows = snapshot.len();
    match options.nonlinear {
        Some(Nonlinear::Auto) => {
            let bent = curved(&fitted);
            let (straight_layout, bent_layout) = (Layout::of(&fitted, rows)?, Layout::of(&bent, rows)?);
            let (straight, other) = (judge(&straight_layout.matrix)?, judge(&bent_layout.matrix)?);
            let lowest = |v: &Validation| v.mean.iter().copied().fold(f64::INFINITY, f64::min);
            let (a, b) = (lowest(&straight), lowest(&other));
            let better = b < a;
            let what = if better { "curved" } else { "straight" };
            let nonlinear =
                Some(format!("{what}: log loss {b:.5} with splines, {a:.5} without, on {}", straight.folds));
            let validation = options.choose_c.map(|_| if better { other } else { straight });
            Ok(if better {
                Design { fitted: bent, layout: bent_layout, validation, nonlinear }
            } else {
                Design { fitted, layout: straight_layout, validation, nonlinear }
            })
        }
        wanted => {
            let (fitted, nonlinear) = match wanted {
                Some(_) => (curved(&fitted), Some("curved: restricted cubic splines".to_owned())),
                None => (fitted, None),
            };
            let layout = Layout::of(&fitted, rows)?;
            let validation = options.choose_c.map(|_| judge(&layout.matrix)).transpose()?;
            Ok(Design { fitted, layout, validation, nonlinear })
        }
    }
}

/// Folds forward in time that have at least this many rows of each class on both sides count.
const MIN_FOLD: usize = 20;

/// Chooses C by folds forward in time, or, with fewer than three of them, by folds of whole accounts.
fn choose_c(
    snapshot: &Snapshot,
    x: &Matrix<'_>,
    target: &Target<'_>,
    params: &ValidLogisticParams,
    cs: &[f64],
    choice: Choice,
    task: &Task,
) -> Result<Validation> {
    let enough = |rows: &[usize]| {
        let positives = rows.iter().filter(|i| target.y.get(**i) == Some(&true)).count();
        positives.min(rows.len() - positives) >= MIN_FOLD
    };
    let forward = snapshot.forward_folds(5).into_iter().filter(|(train, test)| enough(train) && enough(test));
    let mut folds: Vec<Fold> = forward.map(|(train, test)| Fold { train, test }).collect();
    let how = if folds.len() >= 3 {
        format!("{} folds forward in time, a label window between training and judgement", folds.len())
    } else {
        let leads = &snapshot.journeys.leads;
        let groups = clusters(snapshot);
        let few = folds.len();
        folds = grouped_folds(&groups, 5);
        let units = if leads.account.is_some() { "accounts" } else { "leads" };
        format!(
            "{} folds of whole {units} of the same period, since only {few} folds forward in time have {MIN_FOLD} rows of each class",
            folds.len()
        )
    };
    let validation = params.validate(x, target, &folds, cs, choice, task)?;
    Ok(Validation { folds: how, ..validation })
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
        (Column::Category { codes: a, .. }, Column::Category { codes: b, .. }) => {
            // The same groups of rows, whatever their names.
            let (mut there, mut back) = (HashMap::new(), HashMap::new());
            a.iter().zip(b).all(|(x, y)| there.entry(x).or_insert(y) == &y && back.entry(y).or_insert(x) == &x)
        }
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
                (Encoder::Number { .. }, Column::Number(values)) => {
                    places.push((next..next + encoder.width()).collect());
                    next += encoder.width();
                    for i in 0..encoder.width() {
                        dense.extend(values.iter().map(|v| encoder.number_column(*v, i)));
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
    let p: Vec<f64> = log_odds(model, &columns, snapshot.len())?.into_iter().map(|e| model.probability(e)).collect();
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
