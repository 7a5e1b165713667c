//! Statistics of a fit: standard errors, tests, intervals, and how much the columns explain.
//!
//! With H the Hessian of the objective at the solution (the observed information, plus the ridge if there is a penalty):
//!
//! - model-based covariance H⁻¹;
//! - robust (HC1): n/(n − k)·H⁻¹·(Σ sᵢsᵢᵀ)·H⁻¹, sᵢ = wᵢ(pᵢ − yᵢ)xᵢ (H. White, Econometrica 48, 1980);
//! - clustered: G/(G − 1)·(n − 1)/(n − k)·H⁻¹·(Σ S_g S_gᵀ)·H⁻¹, S_g the sum of sᵢ over cluster g (K.-Y. Liang, S. Zeger,
//!   Biometrika 73, 1986).
//!
//! Of a penalised fit these are approximate: coefficients are shrunk, so that an interval covers their expectation, and
//! H⁻¹ is the covariance of the posterior under the prior that the penalty stands for (S. Wood, "Generalized Additive
//! Models", 2017, §6.10). [`Inference::shrinkage`] says by how much: one Newton step towards the fit without a penalty.

#![allow(clippy::indexing_slicing, reason = "square matrices of one size, made here")]

pub(super) mod profile;
pub(super) mod sandwich;

pub use profile::Profile;

use serde::{Deserialize, Serialize};

use super::matrix::{Hessian, Matrix, NormalLayout};
use super::params::ValidLogisticParams;
use super::response::Response;
use crate::error::{Error, Result};
use crate::fit::inference::sandwich::{cluster_sums, residual, sandwich};
use crate::fit::solvers::centre::{Centred, centred};
use crate::fit::solvers::cholesky::Cholesky;
use crate::fit::solvers::firth;
use crate::fit::solvers::objective::Objective;
use crate::fit::solvers::solution::Solution;
use crate::math::{Interval, chi_square_tail, exp, ln, log1pexp, logit, normal_quantile, normal_tail, sigmoid};
use crate::progress::Task;

/// Which covariance of the coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Covariance {
    /// Rows are independent and the model is right.
    #[default]
    Model,
    /// Rows are independent (HC1).
    Robust,
    /// Rows of different clusters are independent.
    Clustered,
}

/// Options of an inference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InferenceOptions<'a> {
    /// Covariance of the coefficients.
    pub covariance: Covariance,
    /// Cluster of each row, for the clustered covariance.
    pub clusters: Option<&'a [u32]>,
    /// Confidence of intervals, 0.95 for 95 %.
    pub confidence: f64,
}

impl Default for InferenceOptions<'_> {
    fn default() -> Self {
        Self { covariance: Covariance::Model, clusters: None, confidence: 0.95 }
    }
}

/// One coefficient with its statistics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoefficientEstimate {
    /// Name of its column, or `intercept`.
    pub name: String,
    /// Coefficient, log-odds per unit.
    pub coefficient: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Coefficient / standard error.
    pub z: f64,
    /// Two-sided p-value of the Wald test that it is 0.
    pub p_value: f64,
    /// Wald interval of the coefficient.
    pub interval: Interval,
    /// e^coefficient.
    pub odds_ratio: f64,
    /// Interval of the odds ratio.
    pub odds_ratio_interval: Interval,
}

/// Statistics of a fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inference {
    /// Covariance that was asked for.
    pub covariance_type: Covariance,
    /// True if a penalty makes intervals approximate.
    pub approximate: bool,
    /// By how much the penalty has moved intercept and coefficients, to first order: −H⁻¹·ridge·(0, coefficients). An
    /// interval holds where this is a small part of a standard error.
    pub shrinkage: Vec<f64>,
    /// Rows with a positive weight.
    pub rows: usize,
    /// Clusters, if clustered.
    pub clusters: Option<usize>,
    /// Intercept first, then columns.
    pub estimates: Vec<CoefficientEstimate>,
    /// Covariance of intercept and coefficients, by rows.
    #[serde(skip)]
    pub covariance: Vec<f64>,
    /// Log-likelihood at the solution.
    pub log_likelihood: f64,
    /// Log-likelihood of the intercept (and offset) alone.
    pub null_log_likelihood: f64,
    /// Parameters; with a ridge, the effective number tr(H⁻¹·I).
    pub parameters: f64,
    /// 2·parameters − 2·log-likelihood.
    pub aic: f64,
    /// ln(n)·parameters − 2·log-likelihood, n the sum of weights: a row of weight 3 counts as three rows.
    pub bic: f64,
    /// 1 − log-likelihood / null log-likelihood (McFadden).
    pub mcfadden: f64,
    /// Cox and Snell's R² relative to its maximum (Nagelkerke).
    pub nagelkerke: f64,
    /// Mean probability of positives minus that of negatives (Tjur).
    pub tjur: f64,
    /// 2·(log-likelihood − null log-likelihood).
    pub likelihood_ratio: f64,
    /// Its degrees of freedom.
    pub degrees: usize,
    /// Its p-value; of a penalised fit it is approximate.
    pub likelihood_ratio_p_value: f64,
    /// What could not be settled about the fit, as [`Solution::remarks`], and whether the likelihood-ratio test rejects too often.
    pub remarks: Vec<String>,
}

/// What intervals of a model rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct BothCovariances {
    /// The inverse Hessian and the sandwich, by rows.
    pub both: [Vec<f64>; 2],
    /// Clusters, if rows depend on each other.
    pub clusters: Option<usize>,
    /// Effective number of parameters.
    pub parameters: f64,
}

/// A test of several coefficients at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct JointTest {
    /// χ² statistic.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: usize,
    /// p-value.
    pub p_value: f64,
}

/// Most coefficients of which a covariance is made.
const MOST: usize = 5000;

/// The covariance of intercept and coefficients by rows, and the number of clusters where rows depend on each other.
fn covariance_of(
    f: &Objective<'_>,
    x: &Matrix<'_>,
    eta: &[f64],
    factor: &Cholesky,
    rows: usize,
    options: InferenceOptions<'_>,
) -> Result<(Vec<f64>, Option<usize>)> {
    let InferenceOptions { covariance, clusters, .. } = options;
    let k = x.width() + 1;
    let free = k - f.pinned.len();
    let (rows_f, free_f) = (rows as f64, free as f64);
    if covariance != Covariance::Model && rows <= free {
        let problem = format!("{rows} rows are too few for {free} coefficients; use covariance=\"model\"");
        return Err(Error::option("covariance", problem));
    }
    let mut groups = None;
    let matrix = match covariance {
        Covariance::Model => factor.inverse(k),
        Covariance::Robust => {
            let squares: Vec<f64> = (0..x.rows()).map(|i| residual(f, eta, i).powi(2)).collect();
            let plan = NormalLayout::chosen(x, &(0..x.width()).collect::<Vec<_>>());
            let meat = in_order(&plan, &x.gram(&squares, &plan)?.square(&plan), k);
            scaled(sandwich(factor, meat, k), rows_f / (rows_f - free_f))
        }
        Covariance::Clustered => {
            let clusters =
                clusters.ok_or_else(|| Error::option("clusters", "a clustered covariance needs one number per row"))?;
            if clusters.len() != x.rows() {
                return Err(Error::Length { what: "clusters".into(), expected: x.rows(), got: clusters.len() });
            }
            let (meat, count) = cluster_sums(f, eta, clusters, k);
            if count < 2 {
                return Err(Error::option("clusters", "at least two clusters are needed, not one"));
            }
            groups = Some(count);
            let g = count as f64;
            scaled(sandwich(factor, meat, k), g / (g - 1.0) * (rows_f - 1.0) / (rows_f - free_f))
        }
    };
    Ok((matrix, groups))
}

impl ValidLogisticParams {
    /// Statistics of a `solution` of these parameters.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a clustered covariance without clusters or with one only, for L1 or signs (their
    /// intervals have no such theory), more than 5,000 columns, or rows that the solution is not of; [`Error::Singular`].
    pub fn inference(
        &self,
        x: &Matrix<'_>,
        target: &Response<'_>,
        solution: &Solution,
        options: InferenceOptions<'_>,
        task: &Task,
    ) -> Result<Inference> {
        let InferenceOptions { covariance, confidence, .. } = options;
        let (f, corners) = self.problem(x, target, &solution.dropped)?;
        if !corners.is_smooth() {
            return Err(Error::option(
                "l1_ratio",
                "standard errors are unavailable with L1 or signs; use l1_ratio=0, or bootstrap",
            ));
        }
        if !(confidence > 0.0 && confidence < 1.0) {
            return Err(Error::option("confidence", format!("must be between 0 and 1, not {confidence}")));
        }
        task.check()?;
        let inward = centred(&f);
        let moved = inward.as_ref().map(|c| c.inward_solution(solution));
        let (x, within) = (inward.as_ref().map_or(x, |c| &c.matrix), moved.as_ref().unwrap_or(solution));
        let (f, _) = self.problem(x, target, &solution.dropped)?;
        let beta = within.minimum();
        let (factor, diagonal, loss) = information(&f, &beta)?;
        if (loss - solution.loss).abs() > 1e-6 * solution.loss {
            let problem =
                format!("X, y differ from the training data (log loss {loss:.6}, expected {:.6})", solution.loss);
            return Err(Error::option("X", problem));
        }
        let k = beta.len();
        let rows = f.observed.weight.map_or(x.rows(), |w| w.iter().filter(|w| **w > 0.0).count());
        let eta = x.predict(&beta, f.observed.offset);
        let free = k - f.pinned.len();
        let (mut matrix, groups) = covariance_of(&f, x, &eta, &factor, rows, options)?;
        for pinned in &f.pinned {
            (0..k).for_each(|j| {
                matrix[pinned * k + j] = 0.0;
                matrix[j * k + pinned] = 0.0;
            });
        }
        if let Some(c) = &inward {
            matrix = c.outward_covariance(matrix);
        }
        let parameters = free as f64
            - f.ridge
                * diagonal.iter().enumerate().skip(1).filter(|(j, _)| !f.is_pinned(*j)).map(|(_, d)| d).sum::<f64>();
        let z = normal_quantile(f64::midpoint(1.0, confidence));
        let coefficients = solution.minimum();
        let penalty: Vec<f64> = beta.iter().enumerate().map(|(j, b)| if j == 0 { 0.0 } else { -f.ridge * b }).collect();
        let shrinkage = factor.solve(&penalty);
        let shrinkage = inward.as_ref().map_or_else(|| shrinkage.clone(), |c| c.outward_coefficients(&shrinkage));
        let estimates = (0..k)
            .map(|j| {
                let name = j.checked_sub(1).map_or_else(|| "intercept".to_owned(), |c| x.name(c));
                estimate(name, coefficients[j], matrix[j * k + j].max(0.0).sqrt(), z)
            })
            .collect();
        // For Firth's correction they come from the penalised likelihood.
        let (log_likelihood, null) = if self.params().firth {
            let held: Vec<usize> = (1..k).collect();
            // Not from the intercept of the fit: of separated classes it is far out, where the others' curvature is lost.
            (-solution.objective, -firth::solve(&f, Some(f.cold_start()), &held, self.stop(), task)?.objective)
        } else {
            (-solution.loss, null_log_likelihood(&f))
        };
        let total = f.total;
        let likelihood_ratio = 2.0 * (log_likelihood - null);
        let degrees = free.saturating_sub(usize::from(!f.is_pinned(0)));
        let cox = 1.0 - exp(-likelihood_ratio / total);
        Ok(Inference {
            covariance_type: covariance,
            approximate: f.ridge > 0.0,
            shrinkage,
            rows,
            clusters: groups,
            estimates,
            covariance: matrix,
            log_likelihood,
            null_log_likelihood: null,
            parameters,
            aic: 2.0 * parameters - 2.0 * log_likelihood,
            bic: ln(total) * parameters - 2.0 * log_likelihood,
            mcfadden: 1.0 - log_likelihood / null,
            nagelkerke: cox / (1.0 - exp(2.0 * null / total)),
            tjur: tjur(&f, &eta),
            likelihood_ratio,
            degrees,
            likelihood_ratio_p_value: chi_square_tail(likelihood_ratio, degrees),
            remarks: solution
                .remarks()
                .into_iter()
                .chain(liberal(&f, degrees).filter(|_| !self.params().firth))
                .collect(),
        })
    }

    /// The two covariances that intervals of a model rest on, by rows: the inverse of the penalised Hessian, and the
    /// sandwich; with them the number of clusters and the effective number of parameters.
    ///
    /// The first is the covariance of the coefficients given the data if the penalty is taken as a prior. It holds where a
    /// level has hardly any positives, of which the scores, and so the sandwich, say next to nothing. The sandwich holds
    /// where rows depend on each other, or the model is not right. For each quantity the larger variance counts.
    ///
    /// S. Wood, "Generalized Additive Models", 2017, §6.10.
    ///
    /// # Errors
    /// As [`ValidLogisticParams::inference`].
    pub fn covariances(
        &self,
        x: &Matrix<'_>,
        target: &Response<'_>,
        solution: &Solution,
        clusters: Option<&[u32]>,
        task: &Task,
    ) -> Result<BothCovariances> {
        let of = |covariance, clusters| {
            let options = InferenceOptions { covariance, clusters, ..InferenceOptions::default() };
            self.inference(x, target, solution, options, task)
        };
        let kind = if clusters.is_some() { Covariance::Clustered } else { Covariance::Robust };
        let sandwich = of(kind, clusters)?;
        let model = of(Covariance::Model, None)?;
        let both = [model.covariance, sandwich.covariance];
        Ok(BothCovariances { both, clusters: sandwich.clusters, parameters: model.parameters })
    }

    /// The likelihood-ratio test that the coefficients of `columns` are 0: 2·(f(without) − f(with)), f the objective.
    ///
    /// # Errors
    /// As a fit.
    pub fn likelihood_ratio_test(
        &self,
        x: &Matrix<'_>,
        target: &Response<'_>,
        solution: &Solution,
        columns: &[usize],
        task: &Task,
    ) -> Result<JointTest> {
        let mut without = solution.dropped.clone();
        without.extend(columns.iter().copied().filter(|c| !solution.dropped.contains(c)));
        let degrees = without.len() - solution.dropped.len();
        let inward = Centred::of(x).filter(|_| self.params().intercept);
        let x = inward.as_ref().map_or(x, |c| &c.matrix);
        let (f, corners) = self.problem(x, target, &without)?;
        let mut start = inward.as_ref().map_or_else(|| solution.minimum(), |c| c.inward(&solution.minimum()));
        f.pinned.iter().for_each(|j| start[*j] = 0.0);
        let fitted = if self.params().firth {
            let (f, _) = self.problem(x, target, &solution.dropped)?;
            let held: Vec<usize> = columns.iter().map(|c| c + 1).collect();
            match firth::solve(&f, Some(start), &held, self.stop(), task) {
                Err(Error::NotConverged { .. } | Error::Singular { .. }) => {
                    firth::solve(&f, Some(f.cold_start()), &held, self.stop(), task)?
                }
                fitted => fitted?,
            }
        } else {
            match self.minimise(&f, corners, Some(start), self.stop(), task) {
                Err(Error::NotConverged { .. } | Error::Singular { .. }) => {
                    self.minimise(&f, corners, None, self.stop(), task)?
                }
                fitted => fitted?,
            }
        };
        let statistic = 2.0 * (fitted.objective - solution.objective);
        Ok(JointTest { statistic, degrees, p_value: chi_square_tail(statistic, degrees) })
    }
}

/// That a likelihood-ratio test of so many coefficients of so few rows rejects too often.
///
/// For equal shares of k levels its statistic exceeds its degrees of freedom q by about q/(6·E), E the rows of the rarer class per
/// level: above a tenth of its standard deviation √(2q) true hypotheses have p < 0.05 in 7 % of simulated designs, in 13 % for
/// 100 levels of 4 rows of each class.
fn liberal(f: &Objective<'_>, degrees: usize) -> Option<String> {
    let of = |class: bool| {
        let rows = f.observed.y.iter().enumerate().filter(|(_, y)| **y == class);
        rows.map(|(i, _)| f.observed.weight.map_or(1.0, |w| w[i])).sum::<f64>()
    };
    let (rarer, q) = (of(true).min(of(false)), degrees as f64);
    let plain = f.ridge <= 0.0 && degrees > 1;
    (plain && (q / 2.0).sqrt() * q / (6.0 * rarer) > 0.1).then(|| {
        format!(
            "the likelihood-ratio test rejects true hypotheses too often: {rarer:.0} rows of the rarer class are few for {degrees} \
             coefficients ({:.1} each); use fewer columns, or a penalty",
            rarer / q
        )
    })
}

/// Hessian of f factored, the diagonal of its inverse, and the loss.
fn information(f: &Objective<'_>, beta: &[f64]) -> Result<(Cholesky, Vec<f64>, f64)> {
    if beta.len() > MOST {
        return Err(Error::option(
            "X",
            format!("standard errors support at most {MOST} columns, not {}", beta.len() - 1),
        ));
    }
    let plan = NormalLayout::all(f.x);
    let (point, normal) = f.at(beta.to_vec(), Some(Hessian { plan: &plan, thinning: 1 }))?;
    let Some(normal) = normal else { return Err(Error::Interrupted) };
    let factor = f.factor(normal, &plan)?;
    let k = beta.len();
    let inverse = factor.inverse(k);
    Ok((factor, (0..k).map(|j| inverse[j * k + j]).collect(), point.loss))
}

/// A matrix of a plan by coefficients.
fn in_order(plan: &NormalLayout, square: &[f64], k: usize) -> Vec<f64> {
    let places = plan.coefficients();
    let m = places.len();
    let mut out = vec![0.0; k * k];
    for (a, j) in places.iter().enumerate() {
        for (b, l) in places.iter().enumerate() {
            out[j * k + l] = square[a * m + b];
        }
    }
    out
}

fn scaled(mut matrix: Vec<f64>, factor: f64) -> Vec<f64> {
    matrix.iter_mut().for_each(|v| *v *= factor);
    matrix
}

impl CoefficientEstimate {
    /// The same with another interval.
    #[must_use]
    pub fn with_interval(self, interval: Interval) -> Self {
        let odds_ratio_interval = Interval { low: exp(interval.low), high: exp(interval.high) };
        Self { interval, odds_ratio_interval, ..self }
    }
}

fn estimate(name: String, coefficient: f64, standard_error: f64, quantile: f64) -> CoefficientEstimate {
    let z = coefficient / standard_error;
    let interval =
        Interval { low: coefficient - quantile * standard_error, high: coefficient + quantile * standard_error };
    CoefficientEstimate {
        name,
        coefficient,
        standard_error,
        z,
        p_value: 2.0 * normal_tail(z.abs()),
        interval,
        odds_ratio: exp(coefficient),
        odds_ratio_interval: Interval { low: exp(interval.low), high: exp(interval.high) },
    }
}

/// Log-likelihood of the intercept and offset alone.
fn null_log_likelihood(f: &Objective<'_>) -> f64 {
    let w = |i: usize| f.observed.weight.map_or(1.0, |w| w[i]);
    let y = f.observed.y;
    let at = |b0: f64| {
        crate::math::sum_by(y.len(), |i| {
            let eta = b0 + f.observed.offset.map_or(0.0, |o| o[i]);
            -w(i) * log1pexp(if y[i] { -eta } else { eta })
        })
    };
    if f.is_pinned(0) {
        return at(0.0);
    }
    if f.observed.offset.is_none() {
        return at(logit(f.rate()));
    }
    at(f.intercept_given(None))
}

fn tjur(f: &Objective<'_>, eta: &[f64]) -> f64 {
    let w = |i: usize| f.observed.weight.map_or(1.0, |w| w[i]);
    let mean = |class: bool| {
        let of = |i: usize| f.observed.y[i] == class;
        let n = eta.len();
        let total = crate::math::sum_by(n, |i| if of(i) { w(i) } else { 0.0 });
        crate::math::sum_by(n, |i| if of(i) { w(i) * sigmoid(eta[i]) } else { 0.0 }) / total
    };
    mean(true) - mean(false)
}
