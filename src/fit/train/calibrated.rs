//! Probabilities calibrated on later rows than the coefficients.

use crate::counted::counted;
use crate::error::{Error, Result};
use crate::fit::calibration::{Calibrated, Calibrator, MIN_POSITIVES};
use crate::model::{CalibrationFacts, CalibrationMap, LeadModel};
use crate::progress::Task;
use crate::schema::{Column, Maturity};
use crate::score::ColumnScorer;
use crate::snapshot::{Snapshot, SplitBy};

use super::options::TrainOptions;
use super::rows::{labels, log_odds};
use super::uncalibrated::train_on;

/// Trains on the earlier rows and calibrates on the later ones.
pub(super) fn train_calibrated(
    snapshot: &Snapshot,
    calibrator: Calibrator,
    options: &TrainOptions,
    task: &Task,
) -> Result<LeadModel> {
    labels(snapshot)?;
    let (facts, parts) = later_slice(snapshot, calibrator);
    let Some((earlier, later)) = parts else { return with_facts(&train_on(snapshot, options, task)?, None, facts) };
    let mut data = train_on(&earlier, options, task)?.data().clone();
    // The later leads are seen too.
    data.trained_on = super::seen::sample(snapshot);
    let model = LeadModel::new(data)?;
    let columns = model.columns(&later, task)?;
    let eta = log_odds(&model, &columns, later.len(), task)?;
    let (y, w) = (labels(&later)?, Some(later.weight.as_slice()));
    let leads = later.counts.leads_with_rows;
    match calibrator.fit(&eta, y, w, leads, task)? {
        Calibrated::Line { slope, intercept } => {
            let model = aligned(model, &columns, &eta, later.len())?;
            with_facts(&rescaled(&model, slope, intercept)?, None, facts)
        }
        Calibrated::Map(map) => with_facts(&aligned(model, &columns, &eta, later.len())?, Some(map), facts),
        Calibrated::NotAscending(problem) => {
            let remark = format!(
                "{} calibration is not applied: on the last fifth of the period {problem}; the model does not hold there, so \
                 judge its scores before you use them",
                calibrator.name()
            );
            let tried = CalibrationFacts { method: "none".into(), remark, ..facts };
            with_facts(&train_on(snapshot, options, task)?, None, tried)
        }
    }
}

/// The training rows and the later ones that a calibration is fitted on, a label window between them; none if these are
/// too few.
fn later_slice(snapshot: &Snapshot, calibrator: Calibrator) -> (CalibrationFacts, Option<(Snapshot, Snapshot)>) {
    let none = |why: String| (not_calibrated(format!("{} calibration is not applied: {why}", calibrator.name())), None);
    let (earlier, later) = match snapshot.split(0.2, SplitBy::Time, 0) {
        Ok(parts) => parts,
        Err(e) => return none(format!("the last fifth of the period cannot be held out ({e})")),
    };
    let (rows, positives) = (later.counts.rows, later.counts.positives);
    let (leads, converted) = (later.counts.leads_with_rows, later.counts.positive_leads);
    if converted.min(leads - converted) < MIN_POSITIVES {
        return none(format!(
            "in the last fifth of the period {converted} of {} positive, and {MIN_POSITIVES} leads of each class are needed",
            counted(leads, "lead is", "leads are")
        ));
    }
    let remark = match snapshot.spec.maturity {
        Maturity::Drop => {
            "fitted on the last fifth of the period, one label window after the rows that the coefficients were fitted on"
        }
        Maturity::Ipcw => "fitted on the last fifth of the period; the coefficients use no outcomes after its start",
    };
    let base_rate = later.base_rate().unwrap_or(0.0);
    let facts =
        CalibrationFacts { method: calibrator.name().into(), rows, positives, base_rate, remark: remark.into() };
    (facts, Some((earlier, later)))
}

fn not_calibrated(remark: String) -> CalibrationFacts {
    CalibrationFacts { method: "none".into(), rows: 0, positives: 0, base_rate: 0.0, remark }
}

fn with_facts(model: &LeadModel, map: Option<CalibrationMap>, facts: CalibrationFacts) -> Result<LeadModel> {
    let mut data = model.data().clone();
    data.calibration = map;
    data.training.calibration = Some(facts);
    LeadModel::new(data)
}

/// The model with intervals on the scale of its own log-odds, which a calibration is a map of. Where they are of a fit with a
/// weaker penalty, the line between the log-odds of both on the later rows is taken.
fn aligned(model: LeadModel, columns: &[Column], eta: &[f64], rows: usize) -> Result<LeadModel> {
    let Some(covariance) = model.data().covariance.as_ref().filter(|c| !c.centre.is_empty()) else { return Ok(model) };
    let scorer = ColumnScorer::new(&model, columns)?;
    let mut active = Vec::new();
    let other = |row| {
        scorer.active(row, &mut active);
        covariance.estimate(&active)
    };
    let others: Vec<f64> = (0..rows).map(other).collect();
    let mean = |v: &[f64]| crate::math::sum(v) / rows as f64;
    let (a, b) = (mean(&others), mean(eta));
    let product =
        |u: &[f64], v: &[f64], mu: f64, mv: f64| -> f64 { u.iter().zip(v).map(|(u, v)| (u - mu) * (v - mv)).sum() };
    let spread = product(&others, &others, a, a);
    let slope = if spread > 0.0 { product(&others, eta, a, b) / spread } else { 1.0 };
    let mut data = model.data().clone();
    if let Some(covariance) = &mut data.covariance {
        covariance.rescale(slope, b - slope * a);
    }
    LeadModel::new(data)
}

/// The model whose log-odds are slope·η + intercept: every contribution is scaled, so that they still add up.
fn rescaled(model: &LeadModel, slope: f64, intercept: f64) -> Result<LeadModel> {
    if slope <= 0.0 {
        return Err(Error::option(
            "calibration",
            format!(
                "on the later slice leads with higher scores convert less often (slope {slope:.3}); the model does not hold there"
            ),
        ));
    }
    let mut data = model.data().clone();
    data.intercept = slope * data.intercept + intercept;
    let terms = data.terms.iter_mut().flat_map(|t| {
        let errors = t.standard_errors.iter_mut().chain(&mut t.contrast_errors);
        t.coefficients.iter_mut().chain(&mut t.estimates).chain(errors)
    });
    let cells = data
        .interactions
        .iter_mut()
        .flat_map(|i| i.effects.iter_mut().chain(&mut i.estimates).chain(&mut i.standard_errors));
    terms.chain(cells).for_each(|c| *c *= slope);
    if let Some(covariance) = &mut data.covariance {
        covariance.rescale(slope, intercept);
    }
    data.percentiles.iter_mut().for_each(|q| *q = slope * *q + intercept);
    data.part_quartiles.iter_mut().flat_map(|p| &mut p.quartiles).for_each(|q| *q *= slope);
    LeadModel::new(data)
}
