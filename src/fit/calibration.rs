//! Fitting calibration maps on rows that the model was not fitted on.

use serde::{Deserialize, Serialize};

use super::matrix::{Dense, Matrix};
use super::params::{LogisticParams, Sign};
use super::response::Response;
use crate::error::{Error, Result};
use crate::model::CalibrationMap;
use crate::progress::Task;

/// How probabilities are calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calibrator {
    /// σ(slope·η + intercept).
    Sigmoid,
    /// The best ascending step function.
    Isotonic,
    /// σ(a·ln p − b·ln(1 − p) + c).
    Beta,
}

impl Calibrator {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Isotonic => "isotonic",
            Self::Beta => "beta",
        }
    }
}

/// What a calibration found on later rows.
pub(super) enum Calibrated {
    /// Log-odds become slope·η + intercept.
    Line { slope: f64, intercept: f64 },
    /// Log-odds are mapped to probabilities.
    Map(CalibrationMap),
    /// Leads with higher scores do not convert more often, in words.
    NotAscending(String),
}

impl Calibrator {
    /// The calibration of log-odds by labels; rows are of so many `leads`.
    ///
    /// # Errors
    /// As those of the single methods.
    pub(super) fn fit(
        self,
        log_odds: &[f64],
        y: &[bool],
        weight: Option<&[f64]>,
        leads: usize,
        task: &Task,
    ) -> Result<Calibrated> {
        let map = match self {
            Self::Sigmoid => {
                let (slope, intercept) = sigmoid_calibration(log_odds, y, weight, task)?;
                return Ok(if slope > 0.0 {
                    Calibrated::Line { slope, intercept }
                } else {
                    Calibrated::NotAscending(format!("leads with higher scores convert less often (slope {slope:.3})"))
                });
            }
            Self::Isotonic => open_isotonic_calibration(log_odds, y, weight, leads)?,
            Self::Beta => beta_calibration(log_odds, y, weight, task)?,
        };
        let ends = log_odds.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |e, v| (e.0.min(*v), e.1.max(*v)));
        Ok(if map.probability(ends.1) > map.probability(ends.0) {
            Calibrated::Map(map)
        } else {
            Calibrated::NotAscending("leads with higher scores do not convert more often".into())
        })
    }
}

/// Fewest leads with a positive row, and fewest others, that a calibration is fitted on.
pub const MIN_POSITIVES: usize = 50;

fn exact() -> LogisticParams {
    LogisticParams { c: None, tolerance: 1e-11, ..LogisticParams::default() }
}

fn checked<'a>(log_odds: &[f64], y: &[bool], weight: Option<&'a [f64]>) -> Result<std::borrow::Cow<'a, [f64]>> {
    let count = log_odds.iter().filter(|e| !e.is_finite()).count();
    if count > 0 {
        return Err(Error::NonFinite { what: "log-odds".into(), count });
    }
    crate::evaluate::checked(y, log_odds, weight)
}

/// Slope and intercept that maximise the likelihood of σ(slope·η + intercept), with Platt's targets instead of 0 and
/// 1: (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2), n the weights of the classes, which keep separated classes finite.
///
/// J. Platt, "Probabilistic outputs for support vector machines", 1999; as in scikit-learn.
///
/// # Errors
/// [`Error::Length`], [`Error::NonFinite`], [`Error::OneClass`]; [`Error::Singular`] if all log-odds are equal.
pub fn sigmoid_calibration(log_odds: &[f64], y: &[bool], weight: Option<&[f64]>, task: &Task) -> Result<(f64, f64)> {
    let w = checked(log_odds, y, weight)?;
    let of = |class: bool| y.iter().zip(w.iter()).filter(|(y, _)| **y == class).map(|(_, w)| *w).sum::<f64>();
    let (positive, negative) = (of(true), of(false));
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    // A target t between 0 and 1 is two rows, of weights t and 1 − t.
    let twice: Vec<f64> = log_odds.iter().chain(log_odds).copied().collect();
    let label: Vec<bool> = y.iter().map(|_| true).chain(y.iter().map(|_| false)).collect();
    let share = |y: &bool| if *y { high } else { low };
    let weights: Vec<f64> = (y.iter().zip(w.iter()).map(|(y, w)| w * share(y)))
        .chain(y.iter().zip(w.iter()).map(|(y, w)| w * (1.0 - share(y))))
        .collect();
    let rows = twice.len();
    let x = Matrix::new(Some(Dense::by_rows(twice, rows, 1)?), Vec::new(), None)?.named(vec!["log-odds".into()])?;
    let fit = exact().check()?.fit(&x, &Response::new(&label).weighted(&weights), task)?;
    Ok((fit.coefficients.first().copied().unwrap_or(1.0), fit.intercept))
}

/// The ascending function of the log-odds with the least weighted squared error: pool adjacent violators, rows of equal
/// log-odds taken together.
///
/// M. Ayer et al., "An empirical distribution function for sampling with incomplete information", Ann. Math. Stat. 26, 1955.
///
/// # Errors
/// [`Error::Length`], [`Error::NonFinite`], [`Error::NoRows`].
pub fn isotonic_calibration(log_odds: &[f64], y: &[bool], weight: Option<&[f64]>) -> Result<CalibrationMap> {
    struct Pool {
        first: f64,
        last: f64,
        weight: f64,
        mean: f64,
    }
    let w = checked(log_odds, y, weight)?;
    let mut rows: Vec<(f64, f64, f64)> = (log_odds.iter().zip(y).zip(w.iter()))
        .filter(|(_, w)| **w > 0.0)
        .map(|((e, y), w)| (*e, f64::from(u8::from(*y)), *w))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut pools: Vec<Pool> = Vec::new();
    let mut at = 0;
    while let Some((x, ..)) = rows.get(at).copied() {
        let ties = rows.iter().skip(at).take_while(|r| r.0 == x).count();
        let (mut weight, mut sum) = (0.0, 0.0);
        for (_, y, w) in rows.iter().skip(at).take(ties) {
            weight += w;
            sum += w * y;
        }
        at += ties;
        let mut pool = Pool { first: x, last: x, weight, mean: sum / weight };
        while let Some(before) = pools.pop_if(|before| before.mean >= pool.mean) {
            let weight = before.weight + pool.weight;
            let mean = (before.mean * before.weight + pool.mean * pool.weight) / weight;
            pool = Pool { first: before.first, last: pool.last, weight, mean };
        }
        pools.push(pool);
    }
    if pools.is_empty() {
        return Err(Error::NoRows { what: "calibration", why: "all weights are 0".into() });
    }
    let (mut x, mut p) = (Vec::new(), Vec::new());
    for pool in pools {
        x.push(pool.first);
        p.push(pool.mean);
        if pool.last > pool.first {
            x.push(pool.last);
            p.push(pool.mean);
        }
    }
    Ok(CalibrationMap::Isotonic { log_odds: x, probability: p })
}

/// The same with half an observation of each class at the wrong end: a positive one at the lowest log-odds, a negative one at
/// the highest. No probability is 0 or 1 then, and n observations without a positive at the low end have ½/(n + ½), as in
/// H. Jeffreys' rule. An observation weighs what one of `observations` does on average: rows of one lead are one.
///
/// # Errors
/// As [`isotonic_calibration`].
pub fn open_isotonic_calibration(
    log_odds: &[f64],
    y: &[bool],
    weight: Option<&[f64]>,
    observations: usize,
) -> Result<CalibrationMap> {
    let w = checked(log_odds, y, weight)?;
    let half = crate::math::sum(&w) / (2.0 * observations.max(1) as f64);
    let weighted = || log_odds.iter().zip(w.iter()).filter(|(_, w)| **w > 0.0).map(|(e, _)| *e);
    let ends = [weighted().fold(f64::INFINITY, f64::min), weighted().fold(f64::NEG_INFINITY, f64::max)];
    if ends.iter().any(|e| !e.is_finite()) {
        return isotonic_calibration(log_odds, y, weight);
    }
    let eta = [log_odds, &ends].concat();
    let label = [y, &[true, false]].concat();
    let weights = [&*w, &[half, half]].concat();
    isotonic_calibration(&eta, &label, Some(&weights))
}

/// Logistic regression on ln p and −ln(1 − p), coefficients not negative, so that the map ascends.
///
/// # Errors
/// [`Error::Length`], [`Error::NonFinite`], [`Error::OneClass`], [`Error::Separated`].
pub fn beta_calibration(log_odds: &[f64], y: &[bool], weight: Option<&[f64]>, task: &Task) -> Result<CalibrationMap> {
    let w = checked(log_odds, y, weight)?;
    let numbers: Vec<f64> =
        log_odds.iter().flat_map(|e| [-crate::math::log1pexp(-e), crate::math::log1pexp(*e)]).collect();
    let x = Matrix::new(Some(Dense::by_rows(numbers, log_odds.len(), 2)?), Vec::new(), None)?
        .named(vec!["ln p".into(), "-ln(1 - p)".into()])?;
    let target = Response::new(y).weighted(&w);
    let mut fit = exact().check()?.fit(&x, &target, task)?;
    if fit.coefficients.iter().any(|c| *c < 0.0) {
        let params = LogisticParams { signs: vec![Sign::NotNegative; 2], tolerance: 1e-9, ..exact() };
        fit = params.check()?.fit(&x, &target, task)?;
    }
    let c = |i: usize| fit.coefficients.get(i).copied().unwrap_or(0.0);
    Ok(CalibrationMap::Beta { a: c(0), b: c(1), c: fit.intercept })
}
