//! From a snapshot to a model, and the evaluation of a model on a snapshot.

mod choose;
mod covariances;
mod evaluate;
mod gain;
mod interactions;
mod later;
mod layout;
mod purify;
mod seen;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::choose::{Chooser, Design, signed};
use self::covariances::{Covariances, clusters};
use self::layout::{Encoded, place_of};
use self::purify::Purifier;
use super::calibrate::Calibrator;
use super::params::{LogisticParams, Sign, ValidLogisticParams};
use super::target::Target;
use super::validate::Choice;
use crate::design::{Column, Encoder, Feature, Kind, LevelRule, Part};
use crate::error::{Error, Result};
use crate::features::compute;
use crate::journeys::Snapshot;
use crate::math::weighted_quantiles;
use crate::model::{Grade, Interaction, LeadModel, ModelData, Term, Training};
use crate::score::ColumnScorer;
use crate::task::Task;
use crate::time::{NO_TIME, Timestamp};

pub use self::evaluate::{compare_models, evaluate_snapshot};
pub use self::interactions::{Auto, Interactions};

/// The shape of the effect of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nonlinear {
    /// Counts as ln(1 + count), other numbers straight.
    Log,
    /// The same, and straight lines between quantile knots, where values are many enough.
    Linear,
    /// The same with restricted cubic splines.
    Cubic,
    /// The one of these, or all straight, that has the lowest log loss on held-out rows.
    Auto,
}

impl Nonlinear {
    fn name(shape: Option<Self>) -> &'static str {
        match shape {
            None => "straight",
            Some(Self::Log) => "log of counts",
            Some(Self::Linear) => "linear splines",
            Some(Self::Cubic) => "restricted cubic splines",
            Some(Self::Auto) => "auto",
        }
    }
}

/// Which way the effect of a number runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Log-odds do not fall as it grows.
    Increasing,
    /// Log-odds do not rise as it grows.
    Decreasing,
}

/// Options of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainOptions {
    /// Parameters of the logistic fit.
    pub logistic: LogisticParams,
    /// Whether C is chosen on held-out rows; then [`LogisticParams::c`] does not count.
    pub choose_c: Option<Choice>,
    /// The shape of the effect of numbers; straight if not given.
    pub nonlinear: Option<Nonlinear>,
    /// Interactions of pairs of features, if there shall be any.
    pub interactions: Option<Interactions>,
    /// Numbers of which the effect runs one way, by feature.
    pub monotone: BTreeMap<String, Direction>,
    /// Whether the model keeps the covariance of its coefficients, for intervals of probabilities.
    pub intervals: bool,
    /// Whether probabilities are calibrated on the last fifth of the period.
    pub calibration: Option<Calibrator>,
    /// Fewest converted, and fewest other leads.
    pub min_leads: usize,
    /// Levels with fewer rows, those of one lead counted once, are grouped as other.
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
            interactions: None,
            monotone: BTreeMap::new(),
            intervals: false,
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
/// [`Error::NoRows`], [`Error::OneClass`], [`Error::TooFew`]; [`Error::InvalidOption`] without labels, or for options that
/// do not go together; [`Error::UnknownName`] for a feature of `monotone` or `interactions` that there is not; errors of
/// the features and of the fit.
pub fn train(snapshot: &Snapshot, options: &TrainOptions, task: &Task) -> Result<LeadModel> {
    match options.calibration {
        Some(calibrator) => later::train_calibrated(snapshot, calibrator, options, task),
        None => train_on(snapshot, options, task),
    }
}

fn train_on(snapshot: &Snapshot, options: &TrainOptions, task: &Task) -> Result<LeadModel> {
    let params = options.logistic.clone().check()?;
    options.interactions.as_ref().map_or(Ok(()), Interactions::check)?;
    if options.intervals && (has_l1(&params) || !options.monotone.is_empty()) {
        let problem = "an L1 penalty and monotone effects have no theory of standard errors; leave them out";
        return Err(Error::option("intervals", problem));
    }
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
    if features.is_empty() {
        let why = "the data has no fields, events or times to make features of".into();
        return Err(Error::NoRows { what: "features", why });
    }
    let columns =
        compute(snapshot, &features, |k| Some(k.clone()), snapshot.features.daily_cap, &journeys.calendar_zone, task)?;
    let leads: Vec<u32> = snapshot.rows.iter().map(|r| r.lead).collect();
    let rule = LevelRule {
        leads: &leads,
        min_rows: options.min_level_rows,
        max_levels: options.max_levels,
        reference: params.params().c.is_none(),
    };
    let (encoded, mut dropped) = encode(snapshot, features, columns, rule, task)?;
    let named = options.interactions.iter().flat_map(Interactions::names).chain(options.monotone.keys());
    for name in named {
        if let Some((_, why)) = dropped.iter().find(|(feature, _)| feature == name) {
            return Err(Error::option(
                "features",
                format!("'{name}' says nothing new ({why}): it has no effect of its own"),
            ));
        }
    }
    let encoded = constrained(encoded, options)?;
    let target = Target::new(label).weighted(&snapshot.weight);
    let chosen = Chooser::new(snapshot, target, params.clone(), options, task).choose(&encoded)?;
    let Design { encoded, pairs, layout, validation, nonlinear, interactions, .. } = chosen;
    let validation = validation.filter(|_| options.choose_c.is_some());
    let c = validation.as_ref().map_or(params.params().c, |v| Some(v.c));
    let params = signed(LogisticParams { c, ..params.params().clone() }, &layout).check()?;
    let solution = params.fit(&layout.matrix, &target, task)?;
    let name = |c: &usize| layout.matrix.name(*c);
    let combined = "a combination of other columns: its coefficient is 0";
    dropped.extend(solution.dropped.iter().map(|c| (name(c), combined.to_owned())));
    let purifier = Purifier::of(&encoded, &layout, &pairs, &snapshot.weight);
    let numbers = purifier.apply(&solution.beta());
    let covariances = Covariances::of(snapshot, &layout.matrix, &target, &params, &solution, &purifier, task)?;
    if let Some(why) = covariances.refused.as_ref().filter(|_| options.intervals) {
        return Err(Error::option("intervals", why.clone()));
    }
    let errors = covariances.errors();
    let means = layout.matrix.moments(Some(&snapshot.weight)).0;
    let mut next = 1;
    let terms: Vec<Term> = encoded
        .iter()
        .zip(&layout.places)
        .map(|(e, places)| {
            let range = next..next + places.len();
            next += places.len();
            Term {
                feature: e.feature.clone(),
                part: e.feature.part(&journeys.kinds),
                encoder: e.encoder.clone(),
                coefficients: numbers.get(range.clone()).unwrap_or(&[]).to_vec(),
                standard_errors: errors.get(range.clone()).unwrap_or(&[]).to_vec(),
                estimates: covariances.estimates.get(range.clone()).unwrap_or(&[]).to_vec(),
                contrast_errors: match &e.encoder {
                    Encoder::Category { reference: None, .. } if !errors.is_empty() => {
                        range.clone().map(|j| covariances.of_difference(range.start, j)).collect()
                    }
                    _ => Vec::new(),
                },
                means: places.iter().filter_map(|p| means.get(*p).copied()).collect(),
            }
        })
        .collect();
    let part_of = |i: usize| terms.get(i).map_or(Part::Joint, |t| t.part);
    let joint: Vec<Interaction> = pairs
        .iter()
        .zip(purifier.tables(&numbers))
        .map(|((first, second), (effects, weights))| {
            let cells = next..next + effects.len();
            next += effects.len();
            Interaction {
                first: *first,
                second: *second,
                part: if part_of(*first) == part_of(*second) { part_of(*first) } else { Part::Joint },
                effects: effects.to_vec(),
                standard_errors: errors.get(cells.clone()).unwrap_or(&[]).to_vec(),
                estimates: covariances.estimates.get(cells).unwrap_or(&[]).to_vec(),
                weights: weights.to_vec(),
            }
        })
        .collect();
    let ages = || (0..snapshot.len()).map(|i| snapshot.age_days(i));
    let cutoffs = || snapshot.rows.iter().map(|r| r.cutoff).filter(|c| *c != NO_TIME);
    let data = ModelData {
        intercept: numbers.first().copied().unwrap_or(0.0),
        terms,
        interactions: joint,
        covariance: options.intervals.then(|| covariances.kept()),
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
            l1_ratio: params.params().l1_ratio,
            validation,
            nonlinear,
            interactions,
            calibration: None,
            inference: covariances.what.clone(),
            iterations: solution.iterations,
            gradient: solution.gradient,
            objective: solution.objective,
            converged: solution.converged,
            dropped,
            remarks: snapshot.remarks(),
        },
        trained_on: seen::sample(snapshot),
    };
    let columns: Vec<Column> = encoded.into_iter().map(|e| Arc::unwrap_or_clone(e.column)).collect();
    with_percentiles(data, &columns, &snapshot.weight, task)
}

/// Features left out, with the reason of each.
type Dropped = Vec<(String, String)>;

/// Encodes the features that say something new, and names the others with the reason.
fn encode(
    snapshot: &Snapshot,
    features: Vec<Feature>,
    columns: Vec<Column>,
    rule: LevelRule<'_>,
    task: &Task,
) -> Result<(Vec<Encoded>, Dropped)> {
    let (mut encoded, mut dropped): (Vec<Encoded>, _) = (Vec::new(), Vec::new());
    for (feature, column) in features.into_iter().zip(columns) {
        task.check()?;
        let Some(mut encoder) = Encoder::fit(&column, &snapshot.weight, rule, feature.resolution()) else {
            dropped.push((feature.to_string(), "constant".to_owned()));
            continue;
        };
        if let Some(twin) = encoded.iter().find(|e| e.is_twin_of(&column)) {
            dropped.push((feature.to_string(), format!("equal to {} in every row", twin.feature)));
            continue;
        }
        if let Encoder::Number { missing: missing @ true, deviation, .. } = &mut encoder
            && *deviation > 0.0
            && let Some(twin) = encoded.iter().find(|e| e.is_missing_with(&column))
        {
            *missing = false;
            dropped.push((format!("{feature} = (missing)"), format!("missing in the rows where {} is", twin.feature)));
        }
        encoded.push(Encoded { feature, encoder, column: Arc::new(column), sign: Sign::Free });
    }
    Ok((encoded, dropped))
}

/// The features with the directions of `monotone`.
fn constrained(mut encoded: Vec<Encoded>, options: &TrainOptions) -> Result<Vec<Encoded>> {
    for (name, direction) in &options.monotone {
        let place = place_of(name, &encoded)?;
        let Some(found) = encoded.get_mut(place) else { continue };
        if matches!(found.encoder, Encoder::Category { .. }) {
            return Err(Error::option("monotone", format!("'{name}' is a text; only numbers have a direction")));
        }
        found.sign = match direction {
            Direction::Increasing => Sign::NotNegative,
            Direction::Decreasing => Sign::NotPositive,
        };
    }
    Ok(encoded)
}

fn has_l1(params: &ValidLogisticParams) -> bool {
    params.params().l1_ratio > 0.0 && params.params().c.is_some()
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

/// Fills in the percentiles of the log-odds of the training rows.
fn with_percentiles(mut data: ModelData, columns: &[Column], weight: &[f64], task: &Task) -> Result<LeadModel> {
    let model = LeadModel::new(data.clone())?;
    let eta = log_odds(&model, columns, weight.len(), task)?;
    task.check()?;
    data.percentiles = weighted_quantiles(&eta, weight, 100);
    LeadModel::new(data)
}

fn log_odds(model: &LeadModel, columns: &[Column], rows: usize, task: &Task) -> Result<Vec<f64>> {
    let scorer = ColumnScorer::new(model, columns)?;
    let mut contributions = Vec::new();
    let row = |i: usize| {
        if i.is_multiple_of(4096) {
            task.check()?;
        }
        scorer.row(i, &mut contributions).map(|scored| scored.log_odds)
    };
    (0..rows).map(row).collect()
}
