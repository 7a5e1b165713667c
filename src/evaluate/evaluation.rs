//! All measures of one set of predictions.

use serde::{Deserialize, Serialize};

use super::calibration::calibration_table_of;
use super::clusters::{Clusters, check_clusters, check_rows};
use super::estimates::{Estimate, estimates};
use super::influence::InfluenceRows;
use super::lift::lift_table_of;
use super::verdict::Verdict;
use super::{
    Binning, CalibrationBin, LiftRow, average_precision, brier, calibration_error_by_chance, checked_probabilities,
    expected_calibration_error, ks, log_loss, roc_auc, tie_groups,
};
use crate::error::{Error, Result};
use crate::math::{few_clusters, sum, sum_by};
use crate::progress::Stop;

/// Measures of a group of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Name of the group.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Positive rows.
    pub positives: usize,
    /// Weighted share of positives.
    pub observed: f64,
    /// Lower end of its 95 % interval.
    pub observed_low: f64,
    /// Upper end.
    pub observed_high: f64,
    /// Weighted mean prediction.
    pub predicted: f64,
    /// ROC-AUC within the group; `None` with one class only.
    pub roc_auc: Option<f64>,
    /// Lower end of its 95 % interval.
    pub roc_auc_low: Option<f64>,
    /// Upper end.
    pub roc_auc_high: Option<f64>,
    /// Brier score.
    pub brier: f64,
}

/// How good predictions are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Number of rows.
    pub rows: usize,
    /// Positive rows.
    pub positives: usize,
    /// Weighted share of positives.
    pub base_rate: f64,
    /// Weighted mean prediction.
    pub mean_predicted: f64,
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// Gini = 2·AUC − 1.
    pub gini: f64,
    /// Average precision; by chance it is the base rate.
    pub pr_auc: f64,
    /// Kolmogorov–Smirnov distance.
    pub ks: f64,
    /// Log loss.
    pub log_loss: f64,
    /// Brier score.
    pub brier: f64,
    /// Brier score of predicting the base rate for all.
    pub brier_base: f64,
    /// Expected calibration error over ten quantile bins.
    pub ece: f64,
    /// What it is on average where probabilities are right.
    pub ece_by_chance: f64,
    /// (k, share of positives among the k best).
    pub precision_at: Vec<(usize, f64)>,
    /// Calibration by quantile bins.
    pub calibration: Vec<CalibrationBin>,
    /// Lift by tenths.
    pub lift: Vec<LiftRow>,
    /// Measures with 95 % intervals.
    pub estimates: Vec<Estimate>,
    /// Leads, accounts or other clusters, which count as independent.
    pub clusters: usize,
    /// What they are.
    pub unit: String,
    /// What the groups are by, if asked for.
    pub by: Option<String>,
    /// Measures by group.
    pub groups: Vec<Group>,
    /// How the rows were held out, and what else to know.
    pub remarks: Vec<String>,
    /// What all this comes to.
    pub verdict: Verdict,
}

/// Evaluates probabilities. `ks_at` are the numbers of best rows for precision at k; those above the number of
/// rows are left out.
///
/// # Errors
/// [`Error::NoRows`], [`Error::OneClass`], [`Error::Length`], [`Error::NonFinite`].
pub fn evaluate(y: &[bool], p: &[f64], weight: Option<&[f64]>, top: &[usize]) -> Result<Evaluation> {
    evaluate_clustered(y, p, weight, top, None)
}

/// The same where rows of one cluster (a lead, an account) depend on each other: intervals are wider then.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_clustered(
    y: &[bool],
    p: &[f64],
    weight: Option<&[f64]>,
    top: &[usize],
    clusters: Option<Clusters<'_>>,
) -> Result<Evaluation> {
    let w = checked_probabilities(y, p, weight)?;
    let of_row = clusters.map(|c| c.of_row);
    check_rows(y, &w, of_row)?;
    let rows = InfluenceRows::new(y, p, &w, of_row);
    let sample = rows.sample();
    let unit = clusters.map_or("leads", |c| c.unit);
    let stop = Stop::here();
    stop.check()?;
    let (base_rate, mean_predicted) = means(y, p, &w);
    let auc = roc_auc(y, p, weight)?;
    let calibration = calibration_table_of(&rows, 10, Binning::Quantile);
    let estimates = estimates(&rows, sample, top)?;
    stop.check()?;
    let value = |e: &Estimate| e.measure.strip_prefix("precision_at_").and_then(|k| Some((k.parse().ok()?, e.value?)));
    let remarks =
        clusters.and_then(|_| few_clusters(rows.clusters(), rows.effective_clusters(), unit)).into_iter().collect();
    Ok(Evaluation {
        rows: y.len(),
        positives: y.iter().filter(|v| **v).count(),
        base_rate,
        mean_predicted,
        roc_auc: auc,
        gini: 2.0 * auc - 1.0,
        pr_auc: average_precision(y, p, weight)?,
        ks: ks(y, p, weight)?,
        log_loss: log_loss(y, p, weight)?,
        brier: brier(y, p, weight)?,
        brier_base: base_rate * (1.0 - base_rate),
        ece: expected_calibration_error(&calibration),
        ece_by_chance: calibration_error_by_chance(&calibration),
        precision_at: estimates.iter().filter_map(value).collect(),
        calibration,
        lift: lift_table_of(&rows, &tie_groups(y, p, &w), 10)?,
        clusters: rows.clusters(),
        unit: unit.to_owned(),
        by: None,
        groups: Vec::new(),
        remarks,
        verdict: Verdict::of(&rows, sample, &estimates, unit),
        estimates,
    })
}

fn means(y: &[bool], p: &[f64], w: &[f64]) -> (f64, f64) {
    let total = sum(w);
    let at = |v: Option<&f64>| v.copied().unwrap_or(0.0);
    let hits = sum_by(y.len(), |i| if y.get(i) == Some(&true) { at(w.get(i)) } else { 0.0 });
    let mass = sum_by(y.len(), |i| at(w.get(i)) * at(p.get(i)));
    (hits / total, mass / total)
}

impl Evaluation {
    /// Adds the measures of groups of rows: `group` names each row's group by its number in `names`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NonFinite`].
    pub fn grouped(
        mut self,
        by: &str,
        (names, group): (&[String], &[u32]),
        y: &[bool],
        p: &[f64],
        weight: Option<&[f64]>,
        clusters: Option<&[u32]>,
    ) -> Result<Self> {
        let w = checked_probabilities(y, p, weight)?;
        check_clusters(y, clusters)?;
        if group.len() != y.len() {
            return Err(Error::Length { what: "groups".into(), expected: y.len(), got: group.len() });
        }
        let stop = Stop::here();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
        for (i, code) in group.iter().enumerate() {
            if let Some(rows) = members.get_mut(*code as usize).filter(|_| w.get(i).is_some_and(|w| *w > 0.0)) {
                rows.push(i);
            }
        }
        for (name, rows) in names.iter().zip(members).filter(|(_, rows)| !rows.is_empty()) {
            stop.check()?;
            let (gy, (gp, gw)): (Vec<bool>, (Vec<f64>, Vec<f64>)) =
                rows.iter().filter_map(|i| Some((*y.get(*i)?, (*p.get(*i)?, *w.get(*i)?)))).unzip();
            let (_, predicted) = means(&gy, &gp, &gw);
            let own: Option<Vec<u32>> = clusters.map(|c| rows.iter().filter_map(|i| c.get(*i).copied()).collect());
            let inside = InfluenceRows::new(&gy, &gp, &gw, own.as_deref());
            let sample = inside.sample();
            let both = sample.positives > 0 && sample.negatives > 0;
            let ranking = both.then(|| super::estimates::auc(&inside, sample));
            let (observed, interval) = inside.share_of(|_| true);
            self.groups.push(Group {
                name: name.clone(),
                rows: gy.len(),
                positives: gy.iter().filter(|v| **v).count(),
                observed,
                observed_low: interval.low,
                observed_high: interval.high,
                predicted,
                roc_auc: ranking.as_ref().and_then(|r| r.value),
                roc_auc_low: ranking.as_ref().and_then(|r| r.low),
                roc_auc_high: ranking.as_ref().and_then(|r| r.high),
                brier: brier(&gy, &gp, Some(&gw))?,
            });
        }
        self.by = Some(by.to_owned());
        Ok(self)
    }
}
