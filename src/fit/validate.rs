//! Choosing C on rows that the fit has not seen.

use serde::{Deserialize, Serialize};

use super::matrix::Matrix;
use super::params::{LogisticParams, Target, ValidLogisticParams};
use crate::error::{Error, Result};
use crate::evaluate::log_loss;
use crate::math::sigmoid;
use crate::model::Validation;
use crate::task::Task;

/// Rows to fit on and rows to judge on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Rows of the fit.
    pub train: Vec<usize>,
    /// Rows of the judgement.
    pub test: Vec<usize>,
}

/// Which C is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// That of the lowest mean log loss.
    #[default]
    Lowest,
    /// The smallest C (the strongest penalty) whose mean log loss is within one standard error of the lowest: sparser
    /// models, but probabilities are pulled to the mean.
    OneStandardError,
}

/// Twenty values from 10⁻⁴ to 10⁴, equally spaced in logs.
#[must_use]
pub fn default_cs() -> Vec<f64> {
    (0..20).map(|i| 10f64.powf(-4.0 + 8.0 * f64::from(i) / 19.0)).collect()
}

impl ValidLogisticParams {
    /// Fits a path over `cs` on each fold and judges it by log loss on the fold's held-out rows.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] without folds or values of C, and where a fold lacks a class; errors of a fit.
    pub fn validate(
        &self,
        x: &Matrix<'_>,
        target: &Target<'_>,
        folds: &[Fold],
        cs: &[f64],
        choice: Choice,
        task: &Task,
    ) -> Result<Validation> {
        if self.params().firth {
            return Err(Error::option("C", "Firth's correction has no C to choose"));
        }
        if folds.len() < 2 || cs.is_empty() {
            let problem = format!("{} folds and {} values of C; at least 2 and 1 are needed", folds.len(), cs.len());
            return Err(Error::option("folds", problem));
        }
        let mut cs = cs.to_vec();
        cs.sort_by(f64::total_cmp);
        cs.dedup();
        let mut losses = Vec::with_capacity(folds.len());
        for (number, fold) in folds.iter().enumerate() {
            task.check()?;
            losses.push(self.losses_of(x, target, fold, &cs, task).map_err(|e| match e {
                Error::OneClass { rows, positives } => Error::option(
                    "folds",
                    format!("fold {} has {positives} positives in {rows} rows: use fewer folds", number + 1),
                ),
                e => e,
            })?);
        }
        let (count, at) = (losses.len() as f64, |fold: &Vec<f64>, k: usize| fold.get(k).copied().unwrap_or(f64::NAN));
        let mean: Vec<f64> = (0..cs.len()).map(|k| losses.iter().map(|f| at(f, k)).sum::<f64>() / count).collect();
        let standard_error: Vec<f64> = mean
            .iter()
            .enumerate()
            .map(|(k, m)| {
                let squares: f64 = losses.iter().map(|f| (at(f, k) - m).powi(2)).sum();
                (squares / (count - 1.0) / count).sqrt()
            })
            .collect();
        let best = (0..cs.len()).min_by(|a, b| at(&mean, *a).total_cmp(&at(&mean, *b))).unwrap_or(0);
        let chosen = match choice {
            Choice::Lowest => best,
            Choice::OneStandardError => {
                let bound = at(&mean, best) + at(&standard_error, best);
                (0..=best).find(|k| at(&mean, *k) <= bound).unwrap_or(best)
            }
        };
        let c = at(&cs, chosen);
        Ok(Validation { cs, losses, mean, standard_error, c, folds: format!("{} folds", folds.len()) })
    }

    fn losses_of(&self, x: &Matrix<'_>, target: &Target<'_>, fold: &Fold, cs: &[f64], task: &Task) -> Result<Vec<f64>> {
        let part = |rows: &[usize]| {
            let numbers = |v: Option<&[f64]>| -> Option<Vec<f64>> {
                v.map(|v| rows.iter().filter_map(|i| v.get(*i).copied()).collect())
            };
            let y: Vec<bool> = rows.iter().filter_map(|i| target.y.get(*i).copied()).collect();
            (x.take(rows), y, numbers(target.weight), numbers(target.offset))
        };
        let (train, y, weight, offset) = part(&fold.train);
        let seen = Target { y: &y, weight: weight.as_deref(), offset: offset.as_deref(), start: None };
        // Losses to many more digits than folds agree in.
        let rough = LogisticParams { tolerance: self.params().tolerance.max(1e-6), ..self.params().clone() }.check()?;
        let path = rough.fit_path(&train, &seen, cs, task)?;
        drop(train);
        let (test, y, weight, offset) = part(&fold.test);
        path.iter()
            .map(|solution| {
                let eta = test.predict(&solution.beta(), offset.as_deref());
                let p: Vec<f64> = eta.into_iter().map(sigmoid).collect();
                log_loss(&y, &p, weight.as_deref())
            })
            .collect()
    }
}

/// K folds in which all rows of a group are together: groups, largest first, go to the smallest fold so far.
#[must_use]
pub fn grouped_folds(groups: &[u32], k: usize) -> Vec<Fold> {
    let mut sizes = std::collections::BTreeMap::<u32, usize>::new();
    groups.iter().for_each(|g| *sizes.entry(*g).or_default() += 1);
    let mut order: Vec<(u32, usize)> = sizes.into_iter().collect();
    // Equal sizes in an order that does not follow the table's.
    let mixed = |g: u32| u64::from(g).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    order.sort_by(|a, b| b.1.cmp(&a.1).then(mixed(a.0).cmp(&mixed(b.0))).then(a.0.cmp(&b.0)));
    let mut filled = vec![0usize; k.max(1)];
    let mut fold_of = std::collections::HashMap::new();
    for (group, size) in order {
        let smallest = (0..filled.len()).min_by_key(|f| filled.get(*f).copied()).unwrap_or(0);
        if let Some(f) = filled.get_mut(smallest) {
            *f += size;
        }
        fold_of.insert(group, smallest);
    }
    (0..filled.len())
        .map(|f| {
            let (test, train) =
                (0..groups.len()).partition(|i| groups.get(*i).and_then(|g| fold_of.get(g)) == Some(&f));
            Fold { train, test }
        })
        .filter(|f: &Fold| !f.test.is_empty() && !f.train.is_empty())
        .collect()
}
