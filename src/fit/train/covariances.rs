//! What the standard errors and intervals of a model rest on.
//!
//! A penalty pulls coefficients to 0 by more than their standard errors, so that an interval around them holds the truth for
//! as few as 17 % of the best leads (C = 0.01). Where C is below 10 the same columns are therefore fitted once more with
//! C = 10, a prior of mean 0 and deviation 3.2 that is little beside what rows say, and standard errors, p-values and
//! intervals belong to that fit. Its inverse Hessian is the covariance given the data under this prior, which holds for
//! levels with hardly any positives too (S. Wood, "Generalized Additive Models", 2017, §6.10); the sandwich holds where rows
//! depend on each other. Of each variance the larger counts. Coverage was measured: see `benches/peers/honesty.py`.

use std::collections::HashMap;

use super::purify::Purifier;
use crate::error::Result;
use crate::fit::matrix::Matrix;
use crate::fit::params::{LogisticParams, ValidLogisticParams};
use crate::fit::response::Response;
use crate::fit::solvers::solution::Solution;
use crate::math::{effective_clusters, few_clusters};
use crate::model::CoefficientCovariance;
use crate::progress::Task;
use crate::snapshot::Snapshot;

/// C of the fit that standard errors are of, where the model has a smaller one.
const LIGHT: f64 = 10.0;
/// Leads of the rarer class per effective parameter below which intervals do not hold: at 3 they cover 93 to 95 %, at 1.5
/// 91 %.
const LEAST_LEADS: f64 = 3.0;
/// A covariance of so many columns is still made in seconds.
const MOST_COLUMNS: usize = 2000;

/// Estimates that standard errors are of, and their covariances, purified: intercept, coefficients in the order of terms,
/// effects of interactions. Empty where none are made.
#[derive(Default)]
pub(super) struct Covariances {
    /// Empty if they equal the model's.
    pub(super) estimates: Vec<f64>,
    /// From the inverse Hessian, and the sandwich.
    both: Vec<Vec<Vec<f64>>>,
    /// What they assume.
    pub(super) what: Option<String>,
    /// Why intervals are refused, if they are.
    pub(super) refused: Option<String>,
}

impl Covariances {
    /// None for designs too wide for it, and fits it has no theory for.
    pub(super) fn of(
        snapshot: &Snapshot,
        x: &Matrix<'_>,
        target: &Response<'_>,
        params: &ValidLogisticParams,
        solution: &Solution,
        purifier: &Purifier<'_>,
        task: &Task,
    ) -> Result<Self> {
        let smooth = !params.has_l1() && params.params().signs.is_empty();
        if x.width() > MOST_COLUMNS || x.width() + 1 >= snapshot.len() || !smooth {
            let (columns, rows) = (x.width(), snapshot.len());
            let why = format!(
                "the covariance needs at most {MOST_COLUMNS} columns and more rows than columns, not {columns} columns and {rows} rows"
            );
            return Ok(Self { refused: Some(why), ..Self::default() });
        }
        let light = params
            .params()
            .c
            .filter(|c| *c < LIGHT)
            .map(|_| LogisticParams { c: Some(LIGHT), ..params.params().clone() });
        let (params, solution) = match &light {
            Some(light) => {
                let start = solution.beta();
                let light = light.clone().check()?;
                let solution = light.fit(x, &target.start(&start), task)?;
                (light, solution)
            }
            None => (params.clone(), solution.clone()),
        };
        let clusters = clusters(snapshot);
        let count = clusters.iter().max().map_or(0, |m| *m as usize + 1);
        let repeated = count > 1 && count < snapshot.len();
        let found = params.covariances(x, target, &solution, repeated.then_some(clusters.as_slice()), task)?;
        let unit = if snapshot.journeys.leads.account.is_some() { "account" } else { "lead" };
        let larger = match found.clusters {
            Some(groups) => format!("those clustered by {unit} ({groups} clusters)"),
            None => "robust ones (HC1)".to_owned(),
        };
        let mut what = format!("from the inverse Hessian, or {larger} where these are larger");
        if light.is_some() {
            what += "; from a fit with C = 10, because a stronger penalty shrinks coefficients by more than their standard errors";
        } else if params.params().c.is_some() {
            what += "; approximate, because a penalty shrinks the coefficients";
        }
        if let Some(groups) = found.clusters {
            let mut sizes = vec![0.0; count];
            for c in clusters {
                if let Some(n) = sizes.get_mut(c as usize) {
                    *n += 1.0;
                }
            }
            if let Some(few) = few_clusters(groups, effective_clusters(sizes.into_iter()), &format!("{unit}s")) {
                what += &format!("; {few}");
            }
        }
        let counts = &snapshot.counts;
        let rarer = counts.positive_leads.min(counts.leads_with_rows - counts.positive_leads) as f64;
        let refused = (rarer < LEAST_LEADS * found.parameters).then(|| {
            format!(
                "{rarer} leads of the rarer class are fewer than {LEAST_LEADS} per effective coefficient ({:.0}), so 95 % intervals cover less than 93 % of true probabilities; use fewer features, or set intervals=False",
                found.parameters
            )
        });
        if let Some(refused) = &refused {
            what += &format!("; too small: {refused}");
        }
        let both = found.both.iter().map(|matrix| purified(matrix, purifier, task)).collect::<Result<_>>()?;
        let estimates = if light.is_some() { purifier.apply(&solution.beta()) } else { Vec::new() };
        Ok(Self { estimates, both, what: Some(what), refused })
    }

    fn largest(&self, of: impl Fn(&dyn Fn(usize, usize) -> f64) -> f64) -> f64 {
        let variances = self.both.iter().map(|matrix| {
            of(&|i: usize, j: usize| matrix.get(i).and_then(|row| row.get(j)).copied().unwrap_or(f64::NAN))
        });
        variances.fold(0.0, f64::max).sqrt()
    }

    /// Standard errors of all coefficients.
    pub(super) fn errors(&self) -> Vec<f64> {
        let count = self.both.first().map_or(0, Vec::len);
        (0..count).map(|j| self.largest(|at| at(j, j))).collect()
    }

    /// Standard error of the difference of two coefficients.
    pub(super) fn of_difference(&self, first: usize, second: usize) -> f64 {
        self.largest(|at| at(second, second) + at(first, first) - 2.0 * at(first, second))
    }

    /// All as a model keeps them.
    pub(super) fn kept(&self) -> CoefficientCovariance {
        let mut lower = self.both.iter().map(|matrix| {
            matrix.iter().enumerate().flat_map(|(j, row)| row.iter().take(j + 1).copied()).collect::<Vec<f64>>()
        });
        CoefficientCovariance {
            centre: self.estimates.clone(),
            lower: lower.next().unwrap_or_default(),
            robust: lower.next().unwrap_or_default(),
        }
    }
}

fn purified(matrix: &[f64], purifier: &Purifier<'_>, task: &Task) -> Result<Vec<Vec<f64>>> {
    let mut purified = purifier.covariance(matrix, task)?;
    // A variance that is 0 may have been rounded below it.
    purified.iter_mut().enumerate().filter_map(|(j, row)| row.get_mut(j)).for_each(|v| *v = v.max(0.0));
    Ok(purified)
}

/// A number per row: equal for rows of one account, or of one lead without accounts.
pub(super) fn clusters(snapshot: &Snapshot) -> Vec<u32> {
    let mut numbers = HashMap::new();
    let number = |r: &crate::snapshot::Row| {
        let next = numbers.len() as u32;
        *numbers.entry(snapshot.journeys.leads.group(r.lead)).or_insert(next)
    };
    snapshot.rows.iter().map(number).collect()
}
