//! From a snapshot to a model whose probabilities are not calibrated.

use std::sync::Arc;

use super::choose::{Chooser, Design, signed};
use super::covariances::Covariances;
use super::interactions::Interactions;
use super::layout::{DesignLayout, Encoded, place_of};
use super::options::{Direction, TrainOptions};
use super::profiles::profiled;
use super::purify::Purifier;
use super::rows::{labels, scored};
use super::seen;
use crate::encoding::{Encoder, LevelRule};
use crate::error::{Error, Result};
use crate::features::compute;
use crate::fit::params::{LogisticParams, Sign, Solver, ValidLogisticParams};
use crate::fit::response::Response;
use crate::fit::solvers::solution::Solution;
use crate::math::weighted_quantiles;
use crate::model::{Grade, GradeScale, Interaction, LeadModel, ModelData, PartQuartiles, Term, Training};
use crate::progress::Task;
use crate::schema::{Column, Feature, Kind, Part};
use crate::snapshot::Snapshot;
use crate::time::{NO_TIME, Timestamp};

/// Trains a model whose probabilities are not calibrated.
pub(super) fn train_on(snapshot: &Snapshot, options: &TrainOptions, task: &Task) -> Result<LeadModel> {
    let (params, label) = check(snapshot, options)?;
    let journeys = &snapshot.journeys;
    let features = snapshot.features.resolve(snapshot)?;
    if features.is_empty() {
        let why = "features need fields, events or times, and the data has none of them".into();
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
            return Err(Error::option("features", format!("'{name}' was dropped ({why}) and cannot be used here")));
        }
    }
    let encoded = constrained(encoded, options)?;
    let target = Response::new(label).weighted(&snapshot.weight);
    let chosen = Chooser::new(snapshot, target, params.clone(), options, task).choose(&encoded)?;
    let Design { encoded, pairs, layout, validation, nonlinear, interactions, .. } = chosen;
    let validation = validation.filter(|_| options.choose_c.is_some());
    let c = validation.as_ref().map_or(params.params().c, |v| Some(v.c));
    let params = signed(LogisticParams { c, ..params.params().clone() }, &layout).check()?;
    let solution = params.fit(&layout.matrix, &target, task)?;
    let name = |c: &usize| layout.matrix.name(*c);
    let combined = "a linear combination of other columns; its coefficient is 0";
    dropped.extend(solution.dropped.iter().map(|c| (name(c), combined.to_owned())));
    let purifier = Purifier::of(&encoded, &layout, &pairs, &snapshot.weight);
    let numbers = purifier.apply(&solution.beta());
    let covariances = Covariances::of(snapshot, &layout.matrix, &target, &params, &solution, &purifier, task)?;
    if let Some(why) = covariances.refused.as_ref().filter(|_| options.intervals) {
        return Err(Error::option("intervals", why.clone()));
    }
    let estimated =
        Estimated { encoded: &encoded, layout: &layout, pairs: &pairs, purifier: &purifier, covariances: &covariances };
    let (mut terms, joint) = estimated.terms(&numbers, snapshot);
    profiled(&mut terms, &encoded, snapshot, label, task)?;
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
        grade_scale: GradeScale::Score,
        part_quartiles: Vec::new(),
        training: Training {
            validation,
            nonlinear,
            interactions,
            inference: covariances.what.clone(),
            dropped,
            ..facts(snapshot, options, params.params(), &solution)
        },
        trained_on: seen::sample(snapshot),
    };
    let columns: Vec<Column> = encoded.into_iter().map(|e| Arc::unwrap_or_clone(e.column)).collect();
    with_percentiles(data, &columns, &snapshot.weight, task)
}

/// The checked parameters and the labels; classes must have leads enough.
fn check<'a>(snapshot: &'a Snapshot, options: &TrainOptions) -> Result<(ValidLogisticParams, &'a [bool])> {
    let params = options.logistic.clone().check()?;
    options.interactions.as_ref().map_or(Ok(()), Interactions::check)?;
    if options.intervals && (params.has_l1() || !options.monotone.is_empty()) {
        let problem = "standard errors are unavailable with L1 or monotone=; set intervals=False";
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
    Ok((params, label))
}

/// Estimates of each feature and pair.
struct Estimated<'a> {
    encoded: &'a [Encoded],
    layout: &'a DesignLayout,
    pairs: &'a [(usize, usize)],
    purifier: &'a Purifier<'a>,
    covariances: &'a Covariances,
}

impl Estimated<'_> {
    /// Terms and interactions by the purified coefficients `numbers`.
    fn terms(&self, numbers: &[f64], snapshot: &Snapshot) -> (Vec<Term>, Vec<Interaction>) {
        let Self { encoded, layout, pairs, purifier, covariances } = self;
        let kinds = &snapshot.journeys.kinds;
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
                    part: e.feature.part(kinds),
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
                    profile: None,
                }
            })
            .collect();
        let part_of = |i: usize| terms.get(i).map_or(Part::Joint, |t| t.part);
        let joint: Vec<Interaction> = pairs
            .iter()
            .zip(purifier.tables(numbers))
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
        (terms, joint)
    }
}

/// What the model was trained on, and how its coefficients were found.
fn facts(snapshot: &Snapshot, options: &TrainOptions, params: &LogisticParams, solution: &Solution) -> Training {
    let ages = || (0..snapshot.len()).map(|i| snapshot.age_days(i));
    let cutoffs = || snapshot.rows.iter().map(|r| r.cutoff).filter(|c| *c != NO_TIME);
    Training {
        snapshot: snapshot.spec.clone(),
        rule: snapshot.rule.clone(),
        target: snapshot.target.clone(),
        rows: snapshot.counts.rows,
        leads: snapshot.counts.leads_with_rows,
        positives: snapshot.counts.positives,
        base_rate: snapshot.base_rate().unwrap_or(0.0),
        ages: ages()
            .next()
            .filter(|a| !a.is_nan())
            .map(|_| (ages().fold(f64::MAX, f64::min), ages().fold(f64::MIN, f64::max))),
        cutoffs: cutoffs().min().zip(cutoffs().max()).map(|(a, b)| (Timestamp(a), Timestamp(b))),
        solver: match params.solver {
            Solver::Newton => "newton".into(),
            Solver::Linfa => "linfa".into(),
        },
        c: params.c,
        l1_ratio: params.l1_ratio,
        validation: None,
        nonlinear: None,
        interactions: None,
        calibration: None,
        inference: None,
        iterations: solution.iterations,
        gradient: solution.gradient,
        objective: solution.objective,
        converged: solution.converged,
        dropped: Vec::new(),
        remarks: snapshot.remarks().into_iter().chain(solution.remarks()).chain(options.remark()).collect(),
    }
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
            dropped.push((format!("{feature} = (missing)"), format!("missing in the same rows as {}", twin.feature)));
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
            return Err(Error::option(
                "monotone",
                format!("'{name}' is a text feature; monotone= applies only to numbers"),
            ));
        }
        found.sign = match direction {
            Direction::Increasing => Sign::NotNegative,
            Direction::Decreasing => Sign::NotPositive,
        };
    }
    Ok(encoded)
}

/// Kinds in an order that does not depend on the order of input rows.
fn sorted_kinds(kinds: &[Kind]) -> Vec<Kind> {
    let mut sorted = kinds.to_vec();
    sorted.sort_by(|a, b| (a.stage, &a.source, &a.plain).cmp(&(b.stage, &b.source, &b.plain)));
    sorted
}

/// Fills in the percentiles of the log-odds of the training rows, and the quartiles of its parts.
fn with_percentiles(mut data: ModelData, columns: &[Column], weight: &[f64], task: &Task) -> Result<LeadModel> {
    let model = LeadModel::new(data.clone())?;
    let scored = scored(&model, columns, weight.len(), task)?;
    task.check()?;
    let eta: Vec<f64> = scored.iter().map(|s| s.log_odds).collect();
    data.percentiles = weighted_quantiles(&eta, weight, 100);
    let has_terms =
        |part: &Part| data.terms.iter().any(|t| t.part == *part) || data.interactions.iter().any(|i| i.part == *part);
    let quartiles = |part: Part| {
        let sums: Vec<f64> = scored.iter().map(|s| s.parts.get(part as usize).copied().unwrap_or(0.0)).collect();
        match weighted_quantiles(&sums, weight, 4).as_slice() {
            [_, first, second, third, _] => Some(PartQuartiles { part, quartiles: [*first, *second, *third] }),
            _ => None,
        }
    };
    data.part_quartiles = Part::ALL.into_iter().filter(has_terms).filter_map(quartiles).collect();
    LeadModel::new(data)
}
