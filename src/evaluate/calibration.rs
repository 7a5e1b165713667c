//! Calibration: predicted against observed.

use serde::{Deserialize, Serialize};

use super::checked_probabilities;
use super::clusters::check_clusters;
use super::influence::InfluenceRows;
use crate::error::Result;
use crate::math::{Interval, quantile_sorted};

/// How predictions are put into bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binning {
    /// Equal widths of probability.
    Uniform,
    /// Equal numbers of rows.
    Quantile,
}

/// One bin of a calibration table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Lowest and highest probability of the bin.
    pub low: f64,
    /// Upper edge (inclusive).
    pub high: f64,
    /// Number of rows in the bin.
    pub rows: usize,
    /// Positive rows.
    pub positives: usize,
    /// Weighted mean prediction.
    pub predicted: f64,
    /// Weighted share of positives.
    pub observed: f64,
    /// Wilson's 95 % interval of the share of positives, with as many rows as would give its variance over clusters.
    pub interval: Interval,
    /// Standard error of observed less predicted where predictions are right.
    pub standard_error: f64,
    /// Sum of weights.
    pub weight: f64,
}

/// Mean prediction and share of positives by bins of the prediction; empty bins are left out.
///
/// Bins are closed on the right, the first one also on the left, as scikit-learn's `calibration_curve`. Rows of one of the
/// `clusters` (a lead, an account) may depend on each other: intervals are wider then.
///
/// # Errors
/// [`crate::Error::Length`], [`crate::Error::NonFinite`].
pub fn calibration_table(
    y: &[bool],
    p: &[f64],
    weight: Option<&[f64]>,
    bins: usize,
    binning: Binning,
    clusters: Option<&[u32]>,
) -> Result<Vec<CalibrationBin>> {
    let w = checked_probabilities(y, p, weight)?;
    check_clusters(y, clusters)?;
    Ok(calibration_table_of(&InfluenceRows::new(y, p, &w, clusters), bins, binning))
}

/// The same of rows that are in order.
pub(super) fn calibration_table_of(rows: &InfluenceRows<'_>, bins: usize, binning: Binning) -> Vec<CalibrationBin> {
    let (y, p, w) = (rows.y, rows.p, rows.w);
    let bins = bins.max(1);
    // numpy.linspace: i·step, where step = 1 / bins; the last edge exactly 1.
    let even: Vec<f64> = (0..=bins).map(|i| if i == bins { 1.0 } else { i as f64 * (1.0 / bins as f64) }).collect();
    let edges = match binning {
        Binning::Uniform => even,
        Binning::Quantile => {
            let sorted = rows.sorted();
            even.iter().map(|q| quantile_sorted(&sorted, *q)).collect()
        }
    };
    let inner = edges.get(1..edges.len().saturating_sub(1)).unwrap_or(&[]);
    let mut table: Vec<CalibrationBin> = (0..=inner.len())
        .map(|b| CalibrationBin {
            low: edges.get(b).copied().unwrap_or(0.0),
            high: edges.get(b + 1).or(edges.last()).copied().unwrap_or(1.0),
            rows: 0,
            positives: 0,
            predicted: 0.0,
            observed: 0.0,
            interval: Interval { low: 0.0, high: 1.0 },
            standard_error: 0.0,
            weight: 0.0,
        })
        .collect();
    let numbers: Vec<usize> = p.iter().map(|p| inner.partition_point(|e| e < p)).collect();
    for (((y, p), w), number) in y.iter().zip(p).zip(w.iter()).zip(&numbers) {
        if let Some(bin) = table.get_mut(*number) {
            bin.rows += 1;
            bin.positives += usize::from(*y);
            bin.predicted += w * p;
            bin.weight += w;
        }
    }
    for (number, bin) in table.iter_mut().enumerate().filter(|(_, bin)| bin.weight > 0.0) {
        bin.predicted /= bin.weight;
        let own = |i: usize| numbers.get(i) == Some(&number);
        (bin.observed, bin.interval) = rows.share_of(own);
        bin.standard_error = rows.chance_error(own);
    }
    table.retain(|b| b.weight > 0.0);
    table
}

/// Expected calibration error: Σ weight·|predicted − observed| / Σ weight over the bins of a table.
///
/// M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
#[must_use]
pub fn expected_calibration_error(table: &[CalibrationBin]) -> f64 {
    let total: f64 = table.iter().map(|b| b.weight).sum();
    if total > 0.0 {
        table.iter().map(|b| b.weight * (b.predicted - b.observed).abs()).sum::<f64>() / total
    } else {
        0.0
    }
}

/// What the error of [`expected_calibration_error`] is on average where predictions are right: chance moves every bin, by
/// √(2/π) of its standard error.
#[must_use]
pub fn calibration_error_by_chance(table: &[CalibrationBin]) -> f64 {
    let total: f64 = table.iter().map(|b| b.weight).sum();
    let mean = (2.0 / std::f64::consts::PI).sqrt();
    if total > 0.0 { table.iter().map(|b| b.weight * mean * b.standard_error).sum::<f64>() / total } else { 0.0 }
}
