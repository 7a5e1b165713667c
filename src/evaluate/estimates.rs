//! Measures of scores with 95 % intervals, and of the differences of two scorers on the same rows.

use serde::{Deserialize, Serialize};

use super::checked_probabilities;
use super::clusters::{Clusters, check_rows};
use super::influence::{InfluenceRows, Influenced, Sample, on_log_odds, on_logs};
use crate::error::Result;
use crate::math::{exp, few_clusters, ln, student_quantile, student_tail};
use crate::progress::Stop;

/// One measure with its 95 % interval; both ends are `None` where they are not defined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Its name: `roc_auc`, `pr_auc`, `log_loss`, `brier`, `calibration_intercept`, `calibration_slope`,
    /// `lift_top_tenth`, `precision_at_<k>`.
    pub measure: String,
    /// Its value; `None` where it is not defined.
    pub value: Option<f64>,
    /// Standard error, by sums of influences over clusters.
    pub standard_error: Option<f64>,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Estimate {
    fn new(measure: &str, value: f64, error: f64, (low, high): (f64, f64)) -> Self {
        let known = |v: f64| v.is_finite().then_some(v);
        Self {
            measure: measure.to_owned(),
            value: known(value),
            standard_error: known(error),
            low: known(low),
            high: known(high),
        }
    }

    pub(super) fn interval(&self) -> (f64, f64) {
        (self.low.unwrap_or(f64::NAN), self.high.unwrap_or(f64::NAN))
    }
}

/// Measures without a finite value.
fn undefined() -> Influenced {
    Influenced { value: f64::NAN, of_row: Vec::new() }
}

fn named(
    measure: &str,
    rows: &InfluenceRows<'_>,
    estimate: &Influenced,
    scale: fn(f64, f64, f64) -> (f64, f64),
) -> Estimate {
    if estimate.of_row.is_empty() {
        return Estimate::new(measure, f64::NAN, f64::NAN, (f64::NAN, f64::NAN));
    }
    let error = rows.error(&estimate.of_row);
    Estimate::new(measure, estimate.value, error, scale(estimate.value, error, rows.half_width()))
}

fn plain(value: f64, error: f64, z: f64) -> (f64, f64) {
    (value - z * error, value + z * error)
}

/// The area under the ROC curve, on the scale of log-odds.
pub(super) fn auc(rows: &InfluenceRows<'_>, sample: Sample) -> Estimate {
    let auc = rows.auc();
    let mut estimate = named("roc_auc", rows, &auc, on_log_odds);
    // Without an error among so many pairs, Clopper and Pearson's end for no failure.
    let all = exp(ln(0.025) / sample.positives.min(sample.negatives).max(1) as f64);
    if auc.value >= 1.0 {
        (estimate.low, estimate.high) = (Some(all), Some(1.0));
    } else if auc.value <= 0.0 {
        (estimate.low, estimate.high) = (Some(0.0), Some(1.0 - all));
    }
    estimate
}

/// Average precision, on the scale of log-odds around the value less its bias, which is large with few positives; those
/// decide the degrees of freedom, too, where they are fewer than clusters. Simulated coverage with 18 to 60 positives: 93–95 %.
fn average_precision(rows: &InfluenceRows<'_>, sample: Sample) -> Estimate {
    let average = rows.average_precision();
    let z = student_quantile(0.025, (sample.positives as f64 - 1.0).max(1.0).min(rows.degrees()));
    let mut estimate = named("pr_auc", rows, &average, |value, error, _| (value, error));
    if let (Some(value), Some(error)) = (estimate.value, estimate.standard_error) {
        let centre = (value - rows.average_precision_bias(&average)).clamp(value / 2.0, value.midpoint(1.0));
        let (low, high) = on_log_odds(centre, error, z);
        let known = |end: f64| end.is_finite().then_some(end);
        (estimate.low, estimate.high) = (known(low.min(value)), known(high.max(value)));
    }
    estimate
}

pub(super) fn slope(rows: &InfluenceRows<'_>) -> Estimate {
    named("calibration_slope", rows, &rows.slope().unwrap_or_else(undefined), plain)
}

/// Observed over expected, on the scale of logarithms.
pub(super) fn observed_to_expected(rows: &InfluenceRows<'_>) -> Estimate {
    let ratio = rows.observed_to_expected();
    let error = rows.error(&ratio.of_row);
    let (low, high) = plain(ratio.value, error, rows.half_width());
    Estimate::new("observed_to_expected", exp(ratio.value), error * exp(ratio.value), (exp(low), exp(high)))
}

/// Lift between two parts of the rows, best first.
pub(super) fn lift(measure: &str, rows: &InfluenceRows<'_>, lift: &Influenced, (low, high): (f64, f64)) -> Estimate {
    if lift.value > 0.0 {
        return named(measure, rows, lift, on_logs);
    }
    // Without a positive in it, what Wilson's interval of the share leaves possible.
    let (_, interval) = rows.share_within(low, high);
    Estimate::new(measure, 0.0, rows.error(&lift.of_row), (0.0, interval.high / rows.rate()))
}

/// Share of positives among the best k of n rows, by weight the best k/n.
fn precision(rows: &InfluenceRows<'_>, k: usize) -> Estimate {
    let (share, interval) = rows.share_within(0.0, k as f64 / rows.y.len() as f64);
    let error = rows.error(&share.of_row);
    Estimate::new(&format!("precision_at_{k}"), share.value, error, (interval.low, interval.high))
}

/// Numbers of best rows that there are.
pub(super) fn possible(top: &[usize], rows: usize) -> impl Iterator<Item = usize> {
    top.iter().copied().filter(move |k| (1..=rows).contains(k))
}

/// All measures.
///
/// # Errors
/// [`Error::Interrupted`](crate::Error::Interrupted).
pub(super) fn estimates(rows: &InfluenceRows<'_>, sample: Sample, top: &[usize]) -> Result<Vec<Estimate>> {
    let stop = Stop::here();
    let measures: [&dyn Fn() -> Estimate; 7] = [
        &|| auc(rows, sample),
        &|| average_precision(rows, sample),
        &|| named("log_loss", rows, &rows.log_loss(), on_logs),
        &|| named("brier", rows, &rows.brier(), on_log_odds),
        &|| named("calibration_intercept", rows, &rows.intercept().unwrap_or_else(undefined), plain),
        &|| slope(rows),
        &|| lift("lift_top_tenth", rows, &rows.lift_between(0.0, 0.1), (0.0, 0.1)),
    ];
    let measures = measures.iter().map(|measure| stop.check().map(|()| measure()));
    measures.chain(possible(top, rows.y.len()).map(|k| stop.check().map(|()| precision(rows, k)))).collect()
}

/// A measure of two scorers on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Its name, as in [`Estimate`].
    pub measure: String,
    /// That of the first scorer.
    pub first: Option<f64>,
    /// That of the second.
    pub second: Option<f64>,
    /// First less second.
    pub difference: Option<f64>,
    /// Standard error of the difference, by sums of differences of influences over clusters.
    pub standard_error: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Of the hypothesis that they are equal, two-sided.
    pub p_value: Option<f64>,
    /// Which is better, if the interval leaves out 0: `first` or `second`. Intercept and slope of the calibration have no
    /// better side.
    pub better: Option<String>,
}

/// Two scorers on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreComparison {
    /// Number of rows.
    pub rows: usize,
    /// Positive rows.
    pub positives: usize,
    /// Leads, accounts or other clusters, which count as independent.
    pub clusters: usize,
    /// What they are.
    pub unit: String,
    /// The measures.
    pub measures: Vec<Difference>,
    /// How the rows were held out, and what else to know.
    pub remarks: Vec<String>,
}

/// Compares the probabilities of two scorers on the same rows: the difference of each measure with its paired standard
/// error, of the differences of the influences (of AUCs that of DeLong et al. 1988, with clusters of Obuchowski 1997).
///
/// # Errors
/// As [`super::evaluate`].
pub fn compare_scores(
    y: &[bool],
    probabilities: [&[f64]; 2],
    weight: Option<&[f64]>,
    top: &[usize],
    clusters: Option<Clusters<'_>>,
) -> Result<ScoreComparison> {
    let [first, second] = probabilities;
    checked_probabilities(y, second, weight)?;
    let w = checked_probabilities(y, first, weight)?;
    let of_row = clusters.map(|c| c.of_row);
    check_rows(y, &w, of_row)?;
    let stop = Stop::here();
    let a = InfluenceRows::new(y, first, &w, of_row);
    stop.check()?;
    let b = InfluenceRows::new(y, second, &w, of_row);
    let measure = |name: &str, of: &dyn Fn(&InfluenceRows<'_>) -> Influenced, more_is_better: Option<bool>| {
        stop.check()?;
        let first = of(&a);
        stop.check()?;
        let second = of(&b);
        stop.check()?;
        Ok(difference(name, &a, &[first, second], more_is_better))
    };
    let mut measures = vec![
        measure("roc_auc", &|rows| rows.auc(), Some(true))?,
        measure("pr_auc", &|rows| rows.average_precision(), Some(true))?,
        measure("log_loss", &|rows| rows.log_loss(), Some(false))?,
        measure("brier", &|rows| rows.brier(), Some(false))?,
        measure("calibration_intercept", &|rows| rows.intercept().unwrap_or_else(undefined), None)?,
        measure("calibration_slope", &|rows| rows.slope().unwrap_or_else(undefined), None)?,
        measure("lift_top_tenth", &|rows| rows.lift_between(0.0, 0.1), Some(true))?,
    ];
    for k in possible(top, y.len()) {
        let part = k as f64 / y.len() as f64;
        measures.push(measure(&format!("precision_at_{k}"), &|rows| rows.share_between(0.0, part), Some(true))?);
    }
    let positives = y.iter().filter(|v| **v).count();
    let unit = clusters.map_or("leads", |c| c.unit);
    let remarks = clusters.and_then(|_| few_clusters(a.clusters(), a.effective_clusters(), unit)).into_iter().collect();
    Ok(ScoreComparison { rows: y.len(), positives, clusters: a.clusters(), unit: unit.to_owned(), measures, remarks })
}

fn difference(
    measure: &str,
    rows: &InfluenceRows<'_>,
    [first, second]: &[Influenced; 2],
    more_is_better: Option<bool>,
) -> Difference {
    let known = |v: f64| v.is_finite().then_some(v);
    let both = !first.of_row.is_empty() && !second.of_row.is_empty();
    let of_row: Vec<f64> = first.of_row.iter().zip(&second.of_row).map(|(a, b)| a - b).collect();
    let difference = first.value - second.value;
    let error = if both { rows.error(&of_row) } else { f64::NAN };
    let (low, high) = plain(difference, error, rows.half_width());
    let p_value = match (difference, error) {
        (0.0, _) => 1.0,
        (d, e) => 2.0 * student_tail((d / e).abs(), rows.degrees()),
    };
    let better = more_is_better.and_then(|more| match () {
        () if low > 0.0 => Some(if more { "first" } else { "second" }),
        () if high < 0.0 => Some(if more { "second" } else { "first" }),
        () => None,
    });
    Difference {
        measure: measure.to_owned(),
        first: known(first.value),
        second: known(second.value),
        difference: known(difference),
        standard_error: known(error),
        low: known(low),
        high: known(high),
        p_value: known(p_value),
        better: better.map(str::to_owned),
    }
}
