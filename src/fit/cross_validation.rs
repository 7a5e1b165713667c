//! Choosing C on rows that the fit has not seen.

use serde::{Deserialize, Serialize};

use super::matrix::{FoldRole, Matrix, Observed};
use super::params::{LogisticParams, ValidLogisticParams};
use super::response::Response;
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::evaluate::log_loss;
use crate::fit::shared_passes::SharedPasses;
use crate::fit::solvers::newton::{self, StopRule};
use crate::fit::solvers::objective::Objective;
use crate::fit::solvers::solution::Solution;
use crate::math::{ln, sigmoid};
use crate::model::Validation;
use crate::progress::Task;

/// Rows to fit on and rows to judge on.
#[derive(Debug, Clone, PartialEq)]
pub struct Fold {
    /// Rows of the fit.
    pub train: Vec<usize>,
    /// Rows of the judgement.
    pub test: Vec<usize>,
    /// Weight of each row of the table in this fold; that of the target if not given.
    pub weight: Option<Vec<f64>>,
}

/// A row that was judged, at the C of the lowest mean loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct HeldOut {
    pub(super) fold: usize,
    pub(super) row: usize,
    /// Its share of the weight of the fold.
    pub(super) share: f64,
    pub(super) loss: f64,
}

/// Which C is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyChoice {
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
        target: &Response<'_>,
        folds: &[Fold],
        cs: &[f64],
        choice: PenaltyChoice,
        task: &Task,
    ) -> Result<Validation> {
        Ok(self.validate_rows(x, target, folds, cs, choice, task)?.0)
    }

    /// The same, with the losses of the rows.
    pub(super) fn validate_rows(
        &self,
        x: &Matrix<'_>,
        target: &Response<'_>,
        folds: &[Fold],
        cs: &[f64],
        choice: PenaltyChoice,
        task: &Task,
    ) -> Result<(Validation, Vec<HeldOut>)> {
        if self.params().firth {
            return Err(Error::option("C", "C cannot be chosen with penalty='firth'"));
        }
        if let Some(inward) = self.centred(x) {
            let start = target.start.map(|s| inward.inward(s));
            let target = Response { start: start.as_deref(), ..*target };
            return self.validate_rows(&inward.matrix, &target, folds, cs, choice, task);
        }
        if folds.len() < 2 || cs.is_empty() {
            let problem = format!("needs at least 2 folds and 1 value of C, not {} and {}", folds.len(), cs.len());
            return Err(Error::option("folds", problem));
        }
        let mut cs = cs.to_vec();
        cs.sort_by(f64::total_cmp);
        cs.dedup();
        // Losses to many more digits than folds agree in.
        let rough = LogisticParams { tolerance: self.params().tolerance.max(1e-6), ..self.params().clone() }.check()?;
        // Folds wait for each other on threads of their own; a worker of a pool that waits for them would starve them.
        let alone = rayon::current_thread_index().is_some();
        let shared = if rough.is_newton(x) && !alone { roles(folds, x.rows()) } else { None };
        let paths = match shared {
            Some(roles) => rough.paths_together(x, target, (folds, &roles), &cs, task)?,
            None => folds
                .iter()
                .enumerate()
                .map(|(number, fold)| {
                    task.check()?;
                    rough.path_of(x, target, fold, &cs, task).map_err(|e| of_fold(number, e))
                })
                .collect::<Result<Vec<_>>>()?,
        };
        let losses: Vec<Vec<f64>> = paths.iter().map(|path| path.iter().map(|(_, loss)| *loss).collect()).collect();
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
            PenaltyChoice::Lowest => best,
            PenaltyChoice::OneStandardError => {
                let bound = at(&mean, best) + at(&standard_error, best);
                (0..=best).find(|k| at(&mean, *k) <= bound).unwrap_or(best)
            }
        };
        let c = at(&cs, chosen);
        let mut held = Vec::new();
        for (number, (fold, path)) in folds.iter().zip(&paths).enumerate() {
            task.check()?;
            let beta = path.get(best).map_or(&[][..], |(beta, _)| beta.as_slice());
            held.extend(held_rows(x, target, (number, fold), beta));
        }
        let folds = format!("{} folds", folds.len());
        Ok((Validation { cs, losses, mean, standard_error, c, folds }, held))
    }

    /// Paths by fold of folds that share their passes.
    fn paths_together(
        &self,
        x: &Matrix<'_>,
        target: &Response<'_>,
        (folds, roles): (&[Fold], &[Vec<FoldRole>]),
        cs: &[f64],
        task: &Task,
    ) -> Result<Vec<PenaltyPath>> {
        let masked = |fold: &Fold, roles: &[FoldRole], kept: FoldRole| -> Vec<f64> {
            let weight = |i: usize| weight_of(target, fold, i);
            roles.iter().enumerate().map(|(i, r)| if *r == kept { weight(i) } else { 0.0 }).collect()
        };
        let weights: Vec<Vec<f64>> = folds.iter().zip(roles).map(|(f, r)| masked(f, r, FoldRole::Train)).collect();
        let mut problems = Vec::with_capacity(roles.len());
        let mut totals = Vec::with_capacity(roles.len());
        for (number, ((fold, roles), weight)) in folds.iter().zip(roles).zip(&weights).enumerate() {
            let seen = Response { weight: Some(weight), start: None, ..*target };
            problems.push(self.problem(x, &seen, &[]).map_err(|e| of_fold(number, e))?.0);
            let total = crate::math::sum(&masked(fold, roles, FoldRole::Test));
            if total.is_nan() || total <= 0.0 {
                return Err(Error::option("folds", format!("fold {} has only rows of weight 0", number + 1)));
            }
            totals.push(total);
        }
        for c in cs {
            LogisticParams { c: Some(*c), ..self.params().clone() }.check()?;
        }
        let mut ridges: Vec<f64> = cs.iter().map(|c| 1.0 / c).collect();
        ridges.sort_by(|a, b| b.total_cmp(a));
        let observed = Observed { y: target.y, weight: target.weight, offset: target.offset };
        let own: Vec<Option<Vec<f64>>> = folds.iter().map(|f| f.weight.clone()).collect();
        let together = SharedPasses::new(x, observed, roles, &own);
        let stop = StopRule { partial: self.params().partial, ..self.stop() };
        let found: Vec<Result<PenaltyPath>> = std::thread::scope(|scope| {
            let mut threads = Vec::with_capacity(problems.len());
            for (number, problem) in problems.into_iter().enumerate() {
                let (together, ridges) = (&together, &ridges);
                let problem = Objective { together: Some((together, number)), ..problem };
                let path = move || {
                    let _here = task.here();
                    together.run(number, || newton::path(&problem, ridges, stop, task))
                };
                threads.push(scope.spawn(path));
            }
            let ended = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            let path = ended.map(|joined| joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            path.zip(&totals)
                .map(|(path, total)| {
                    let judged = |(solution, held): &(Solution, Option<f64>)| {
                        (solution.beta(), held.unwrap_or(f64::NAN) / total)
                    };
                    Ok(path?.iter().map(judged).collect())
                })
                .collect()
        });
        found.into_iter().collect()
    }

    fn path_of(
        &self,
        x: &Matrix<'_>,
        target: &Response<'_>,
        fold: &Fold,
        cs: &[f64],
        task: &Task,
    ) -> Result<PenaltyPath> {
        let target = &Response { weight: fold.weight.as_deref().or(target.weight), ..*target };
        let part = |rows: &[usize]| {
            let numbers = |v: Option<&[f64]>| -> Option<Vec<f64>> {
                v.map(|v| rows.iter().filter_map(|i| v.get(*i).copied()).collect())
            };
            let y: Vec<bool> = rows.iter().filter_map(|i| target.y.get(*i).copied()).collect();
            (x.take(rows), y, numbers(target.weight), numbers(target.offset))
        };
        let (train, y, weight, offset) = part(&fold.train);
        let seen = Response { y: &y, weight: weight.as_deref(), offset: offset.as_deref(), start: None };
        let path = self.fit_path(&train, &seen, cs, task)?;
        drop(train);
        let (test, y, weight, offset) = part(&fold.test);
        path.iter()
            .map(|solution| {
                let eta = test.predict(&solution.beta(), offset.as_deref());
                let p: Vec<f64> = eta.into_iter().map(sigmoid).collect();
                Ok((solution.beta(), log_loss(&y, &p, weight.as_deref())?))
            })
            .collect()
    }
}

/// Coefficients and held-out losses by C.
type PenaltyPath = Vec<(Vec<f64>, f64)>;

fn weight_of(target: &Response<'_>, fold: &Fold, row: usize) -> f64 {
    fold.weight.as_deref().or(target.weight).map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0))
}

/// The losses of the rows of a fold at some coefficients, with probabilities clipped as in the measure.
fn held_rows(x: &Matrix<'_>, target: &Response<'_>, (number, fold): (usize, &Fold), beta: &[f64]) -> Vec<HeldOut> {
    let of = |values: Option<&[f64]>| -> Option<Vec<f64>> {
        values.map(|v| fold.test.iter().filter_map(|i| v.get(*i).copied()).collect())
    };
    let eta = x.take(&fold.test).predict(beta, of(target.offset).as_deref());
    let total: f64 = fold.test.iter().map(|i| weight_of(target, fold, *i)).sum();
    let held = |(row, eta): (&usize, f64)| {
        let p = sigmoid(if target.y.get(*row) == Some(&true) { eta } else { -eta });
        HeldOut {
            fold: number,
            row: *row,
            share: weight_of(target, fold, *row) / total,
            loss: -ln(p.max(f64::EPSILON)),
        }
    };
    fold.test.iter().zip(eta).map(held).collect()
}

fn of_fold(number: usize, e: Error) -> Error {
    match e {
        Error::OneClass { rows, positives } => Error::option(
            "folds",
            format!(
                "fold {} has {} in {}; use fewer folds",
                number + 1,
                counted(positives, "positive", "positives"),
                counted(rows, "row", "rows")
            ),
        ),
        e => e,
    }
}

/// The role of every row in each fold; none if a row occurs twice in a fold, or is not there.
fn roles(folds: &[Fold], rows: usize) -> Option<Vec<Vec<FoldRole>>> {
    let of = |fold: &Fold| {
        let mut roles = vec![FoldRole::Out; rows];
        for (part, role) in [(&fold.train, FoldRole::Train), (&fold.test, FoldRole::Test)] {
            for i in part {
                let slot = roles.get_mut(*i)?;
                if *slot != FoldRole::Out {
                    return None;
                }
                *slot = role;
            }
        }
        Some(roles)
    };
    folds.iter().map(of).collect()
}

/// K folds in which all rows of a group are together: groups, largest first, go to the smallest fold so far.
#[must_use]
pub fn grouped_folds(groups: &[u32], k: usize) -> Vec<Fold> {
    let count = groups.iter().max().map_or(0, |m| *m as usize + 1);
    if count > 4 * groups.len() {
        // Numbers far apart: by rank, so that memory is that of the rows.
        let mut known = groups.to_vec();
        known.sort_unstable();
        known.dedup();
        let ranks: Vec<u32> = groups.iter().map(|g| known.binary_search(g).unwrap_or(0) as u32).collect();
        return grouped_folds(&ranks, k);
    }
    let mut sizes = vec![0usize; count];
    for g in groups {
        if let Some(size) = sizes.get_mut(*g as usize) {
            *size += 1;
        }
    }
    let mut order: Vec<(usize, u64, usize)> = (sizes.into_iter().enumerate())
        .filter(|(_, size)| *size > 0)
        // Equal sizes in an order that does not follow the table's.
        .map(|(g, size)| (size, (g as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29), g))
        .collect();
    order.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut filled = vec![0usize; k.max(1)];
    let mut fold_of = vec![0usize; count];
    for (size, _, group) in order {
        let smallest = (0..filled.len()).min_by_key(|f| filled.get(*f).copied()).unwrap_or(0);
        if let (Some(f), Some(slot)) = (filled.get_mut(smallest), fold_of.get_mut(group)) {
            *f += size;
            *slot = smallest;
        }
    }
    let mut folds = vec![Fold { train: Vec::new(), test: Vec::new(), weight: None }; filled.len()];
    for (i, group) in groups.iter().enumerate() {
        let own = fold_of.get(*group as usize).copied().unwrap_or(0);
        for (f, fold) in folds.iter_mut().enumerate() {
            if f == own { fold.test.push(i) } else { fold.train.push(i) }
        }
    }
    folds.retain(|f| !f.test.is_empty() && !f.train.is_empty());
    folds
}
