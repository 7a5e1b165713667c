//! Probabilities calibrated on rows later than those of the coefficients.

use crate::design::Maturity;
use crate::error::{Error, Result};
use crate::fit::calibrate::{
    Calibrator, MIN_POSITIVES, beta_calibration, open_isotonic_calibration, sigmoid_calibration,
};
use crate::journeys::{Snapshot, SplitBy};
use crate::model::{CalibrationFacts, CalibrationMap, LeadModel};
use crate::task::Task;

use super::{TrainOptions, labels, log_odds, train_on};

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
    let uncalibrated = |problem: &str| {
        let remark = format!(
            "not calibrated: on the last fifth of the period {problem}: the model does not hold there, and its scores need \
             to be judged before they are used"
        );
        let tried = CalibrationFacts { method: "none".into(), remark, ..facts.clone() };
        with_facts(&train_on(snapshot, options, task)?, None, tried)
    };
    let map = match calibrator {
        Calibrator::Sigmoid => {
            let (slope, intercept) = sigmoid_calibration(&eta, y, w, task)?;
            if slope <= 0.0 {
                return uncalibrated(&format!("leads with higher scores convert less often (slope {slope:.3})"));
            }
            return with_facts(&rescaled(&model, slope, intercept)?, None, facts);
        }
        Calibrator::Isotonic => open_isotonic_calibration(&eta, y, w, later.counts.leads_with_rows)?,
        Calibrator::Beta => beta_calibration(&eta, y, w, task)?,
    };
    let ends = eta.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |e, v| (e.0.min(*v), e.1.max(*v)));
    if map.probability(ends.1) <= map.probability(ends.0) {
        return uncalibrated("leads with higher scores do not convert more often");
    }
    with_facts(&model, Some(map), facts)
}

/// The training rows and the later ones that a calibration is fitted on, a label window between them; none if these are
/// too few.
fn later_slice(snapshot: &Snapshot, calibrator: Calibrator) -> (CalibrationFacts, Option<(Snapshot, Snapshot)>) {
    let none = |remark: String| (not_calibrated(remark), None);
    let (earlier, later) = match snapshot.split(0.2, SplitBy::Time, 0) {
        Ok(parts) => parts,
        Err(e) => return none(format!("not calibrated: no later slice ({e})")),
    };
    let (rows, positives) = (later.counts.rows, later.counts.positives);
    let (leads, converted) = (later.counts.leads_with_rows, later.counts.positive_leads);
    if converted.min(leads - converted) < MIN_POSITIVES {
        return none(format!(
            "not calibrated: in the last fifth of the period {converted} of {leads} leads are positive, and {MIN_POSITIVES} leads of each class are needed"
        ));
    }
    let remark = match snapshot.spec.maturity {
        Maturity::Drop => {
            "fitted on the last fifth of the period, a label window after the rows the coefficients were fitted on"
        }
        Maturity::Ipcw => "fitted on the last fifth of the period; the coefficients know no outcome after its start",
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
    let terms = data
        .terms
        .iter_mut()
        .flat_map(|t| t.coefficients.iter_mut().chain(&mut t.standard_errors).chain(&mut t.contrast_errors));
    let cells = data.interactions.iter_mut().flat_map(|i| i.effects.iter_mut().chain(&mut i.standard_errors));
    terms.chain(cells).for_each(|c| *c *= slope);
    if let Some(covariance) = &mut data.covariance {
        covariance.lower.iter_mut().chain(&mut covariance.robust).for_each(|v| *v *= slope * slope);
    }
    data.percentiles.iter_mut().for_each(|q| *q = slope * *q + intercept);
    LeadModel::new(data)
}
