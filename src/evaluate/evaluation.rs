//! All measures of one set of predictions.

use serde::{Deserialize, Serialize};

use super::influence::Rows;
use super::verdict::Verdict;
use super::{Binning, CalibrationBin, LiftRow};
use super::{
    average_precision, brier, calibration_table, checked_probabilities, expected_calibration_error, ks, lift_table,
    log_loss, precision_at, roc_auc,
};
use crate::error::{Error, Result};
use crate::math::{sum, sum_by};

/// Measures of a group of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Name of the group.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Positive rows.
    pub positives: usize,
    /// Weighted share of positives.
    pub observed: f64,
    /// Weighted mean prediction.
    pub predicted: f64,
    /// ROC-AUC within the group; `None` with one class only.
    pub roc_auc: Option<f64>,
    /// Brier score.
    pub brier: f64,
}

/// How good predictions are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Rows.
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
    /// (k, share of positives among the k best).
    pub precision_at: Vec<(usize, f64)>,
    /// Calibration by quantile bins.
    pub calibration: Vec<CalibrationBin>,
    /// Lift by tenths.
    pub lift: Vec<LiftRow>,
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

/// The same where rows of one cluster (a lead, an account) depend on each other: intervals of the verdict are wider then.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_clustered(
    y: &[bool],
    p: &[f64],
    weight: Option<&[f64]>,
    top: &[usize],
    clusters: Option<&[u32]>,
) -> Result<Evaluation> {
    let w = checked_probabilities(y, p, weight)?;
    if let Some(got) = clusters.map(<[u32]>::len).filter(|got| *got != y.len()) {
        return Err(Error::Length { what: "clusters".into(), expected: y.len(), got });
    }
    if y.is_empty() {
        return Err(Error::NoRows { what: "evaluate", why: "there is nothing to evaluate on".into() });
    }
    let positives = y.iter().filter(|v| **v).count();
    if positives == 0 || positives == y.len() {
        return Err(Error::OneClass { rows: y.len(), positives });
    }
    let (base_rate, mean_predicted) = means(y, p, &w);
    let auc = roc_auc(y, p, weight)?;
    let calibration = calibration_table(y, p, weight, 10, Binning::Quantile)?;
    Ok(Evaluation {
        rows: y.len(),
        positives,
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
        precision_at: top.iter().filter_map(|k| precision_at(y, p, *k).ok().map(|v| (*k, v))).collect(),
        calibration,
        lift: lift_table(y, p, weight, 10)?,
        by: None,
        groups: Vec::new(),
        remarks: Vec::new(),
        verdict: Verdict::of(&Rows { y, p, w: &w, clusters }),
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
        names: &[String],
        group: &[u32],
        y: &[bool],
        p: &[f64],
        weight: Option<&[f64]>,
    ) -> Result<Self> {
        let w = checked_probabilities(y, p, weight)?;
        if group.len() != y.len() {
            return Err(Error::Length { what: "groups".into(), expected: y.len(), got: group.len() });
        }
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
        for (i, code) in group.iter().enumerate() {
            if let Some(rows) = members.get_mut(*code as usize).filter(|_| w.get(i).is_some_and(|w| *w > 0.0)) {
                rows.push(i);
            }
        }
        for (name, rows) in names.iter().zip(members).filter(|(_, rows)| !rows.is_empty()) {
            let (gy, (gp, gw)): (Vec<bool>, (Vec<f64>, Vec<f64>)) =
                rows.iter().filter_map(|i| Some((*y.get(*i)?, (*p.get(*i)?, *w.get(*i)?)))).unzip();
            let (observed, predicted) = means(&gy, &gp, &gw);
            self.groups.push(Group {
                name: name.clone(),
                rows: gy.len(),
                positives: gy.iter().filter(|v| **v).count(),
                observed,
                predicted,
                roc_auc: roc_auc(&gy, &gp, Some(&gw)).ok(),
                brier: brier(&gy, &gp, Some(&gw))?,
            });
        }
        self.by = Some(by.to_owned());
        Ok(self)
    }
}
