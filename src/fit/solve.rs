//! Fits: which solver takes a design, and why a fit failed.

use super::matrix::{Matrix, NormalLayout, Observed};
use super::params::{Collinear, LogisticParams, Sign, Solver, ValidLogisticParams};
use super::response::Response;
use super::separation;
use crate::error::{Error, Result};
use crate::fit::separation::{collinear, wide};
use crate::fit::solvers::centre::Centred;
use crate::fit::solvers::newton::{self, StopRule};
use crate::fit::solvers::objective::{Objective, largest};
use crate::fit::solvers::proximal::{self, NonsmoothPenalty};
use crate::fit::solvers::solution::Solution;
use crate::fit::solvers::{firth, held};
use crate::progress::Task;

/// Columns that are factored as one full matrix; wider designs use conjugate gradients.
const MOST_FACTORED: usize = 2500;
/// Log-odds above which a wide design is looked at for separation.
const FAR: f64 = 12.0;
/// Iterations of conjugate gradients after which a wide design without a penalty is looked at for separation.
const EARLY: usize = 8;
/// Numbers of an information matrix that is still made: 128 MiB.
const MOST_NUMBERS: usize = 16 << 20;

impl ValidLogisticParams {
    /// Fits the columns of `x`.
    ///
    /// # Errors
    /// [`Error::OneClass`], [`Error::Length`], [`Error::NonFinite`]; [`Error::Singular`] without a penalty if
    /// columns are collinear; [`Error::NotConverged`]; [`Error::Interrupted`].
    pub fn fit(&self, x: &Matrix<'_>, target: &Response<'_>, task: &Task) -> Result<Solution> {
        let _here = task.here();
        let Some(inward) = self.centred(x) else { return self.fit_as_it_is(x, target, task) };
        target.check(x)?;
        let start = target.start.map(|s| inward.inward(s));
        let target = Response { start: start.as_deref(), ..*target };
        self.fit_as_it_is(&inward.matrix, &target, task).map(|solution| inward.outward(solution))
    }

    /// The centred form of columns far from zero, for the solvers of this library.
    pub(super) fn centred<'a>(&self, x: &Matrix<'a>) -> Option<Centred<'a>> {
        (self.params().intercept && self.params().solver == Solver::Newton).then(|| Centred::of(x)).flatten()
    }

    fn fit_as_it_is(&self, x: &Matrix<'_>, target: &Response<'_>, task: &Task) -> Result<Solution> {
        let (objective, corners) = self.problem(x, target, &[])?;
        let start = target.start.map(<[f64]>::to_vec);
        // Whether separation was looked for in a wide design, and is not known.
        let mut looked = None;
        let free = self.params().c.is_none() && self.params().solver == Solver::Newton && !self.params().firth;
        // Where classes are separated conjugate gradients go on for minutes.
        let early = (free && corners.is_smooth() && is_wide(x)).then(|| {
            let stop = StopRule { max_iterations: EARLY.min(self.params().max_iterations), ..self.stop() };
            self.minimise(&objective, corners, start.clone(), stop, task)
        });
        let fitted = match early {
            Some(Err(Error::NotConverged { .. })) => {
                looked = Some(unknown(&objective, task)?);
                self.minimise(&objective, corners, start.clone(), self.stop(), task)
            }
            Some(fitted) => fitted,
            None => self.minimise(&objective, corners, start.clone(), self.stop(), task),
        };
        let fitted = match fitted {
            // A start far away (of a model on other scales) may lead nowhere.
            Err(Error::NotConverged { .. } | Error::Singular { .. }) if start.is_some() => {
                self.minimise(&objective, corners, None, self.stop(), task)
            }
            fitted => fitted,
        };
        // Without a penalty the minimum may not exist, or not be the only one: say which columns are to blame.
        let fitted = match fitted {
            Err(Error::Singular { .. } | Error::NotConverged { .. })
                if self.params().c.is_none() && corners.is_smooth() && self.params().solver == Solver::Newton =>
            {
                self.diagnose(&objective, corners, fitted, &mut looked, task)
            }
            fitted => fitted,
        };
        // Conjugate gradients end where probabilities are all but 0 or 1, whether or not there is a minimum.
        if let Ok(found) = &fitted
            && looked.is_none()
            && free
            && corners.is_smooth()
            && !is_narrow(x)
            && largest(&x.predict(&found.beta(), target.offset)) > FAR
        {
            looked = Some(unknown(&objective, task)?);
        }
        let mut fitted = match fitted {
            Err(Error::NotConverged { .. }) if self.params().partial => {
                self.minimise(&objective, corners, start, StopRule { partial: true, ..self.stop() }, task)
            }
            fitted => fitted,
        }?;
        fitted.separation_unknown = looked == Some(true);
        if !(self.params().firth && self.params().flic && self.params().intercept) {
            return Ok(fitted);
        }
        let own = fitted.intercept;
        let mut fixed = x.predict(&fitted.beta(), None);
        fixed.iter_mut().for_each(|e| *e -= own);
        let intercept = objective.intercept_given(Some(&fixed));
        Ok(Solution { intercept, firth_intercept: Some(own), ..fitted })
    }

    fn diagnose(
        &self,
        f: &Objective<'_>,
        corners: NonsmoothPenalty<'_>,
        failed: Result<Solution>,
        looked: &mut Option<bool>,
        task: &Task,
    ) -> Result<Solution> {
        let dependent = if f.x.width() <= MOST_FACTORED { collinear::dependent(f)? } else { Vec::new() };
        if !dependent.is_empty() {
            // Informative columns are kept.
            if self.params().collinear == Collinear::Refuse || dependent.iter().any(|d| d.far_from_zero) {
                return Err(Error::Singular { columns: dependent.iter().map(|d| d.describe(f)).collect() });
            }
            let dropped: Vec<usize> = dependent.iter().map(|d| d.column).collect();
            let mut pinned = f.pinned.clone();
            pinned.extend(dropped.iter().map(|c| c + 1));
            pinned.sort_unstable();
            let kept = Objective { pinned, ..f.clone() };
            let fitted = self.minimise(&kept, corners, None, self.stop(), task);
            return self.explain(&kept, fitted, looked, task).map(|solution| Solution { dropped, ..solution });
        }
        self.explain(f, failed, looked, task)
    }

    /// Why a fit of columns that are not collinear failed; of classes that are not separated the minimum exists, and a
    /// solver with smaller steps finds it.
    fn explain(
        &self,
        f: &Objective<'_>,
        fitted: Result<Solution>,
        looked: &mut Option<bool>,
        task: &Task,
    ) -> Result<Solution> {
        let e = match fitted {
            // Firth's estimate exists where classes are separated.
            Err(e @ (Error::Singular { .. } | Error::NotConverged { .. })) if !self.params().firth => e,
            fitted => return fitted,
        };
        if !is_narrow(f.x) {
            if looked.is_none() {
                *looked = Some(unknown(f, task)?);
            }
            return Err(flat(e));
        }
        if let Some(s) = separation::find(f, task)? {
            return Err(told_apart(f, &s));
        }
        match held::solve(f, self.stop(), task) {
            Err(Error::Interrupted) => Err(Error::Interrupted),
            Err(_) => Err(flat(e)),
            fitted => fitted,
        }
    }

    pub(super) fn minimise(
        &self,
        objective: &Objective<'_>,
        corners: NonsmoothPenalty<'_>,
        start: Option<Vec<f64>>,
        stop: StopRule,
        task: &Task,
    ) -> Result<Solution> {
        let (x, stop) = (objective.x, stop);
        if self.params().firth {
            return firth::solve(objective, start, &[], stop, task);
        }
        if self.params().solver == Solver::Linfa {
            if !corners.is_smooth() {
                return Err(Error::option("solver", "'linfa' does not support L1 or signs; use solver='newton'"));
            }
            x.check_finite()?;
            #[cfg(feature = "linfa")]
            return crate::fit::solvers::linfa::solve(objective, stop);
            #[cfg(not(feature = "linfa"))]
            Err(Error::option(
                "solver",
                "this build does not include 'linfa'; enable the Cargo feature 'linfa', or use 'newton'",
            ))
        } else if !corners.is_smooth() {
            proximal::solve(objective, corners, start, stop, task)
        } else if is_wide(x) {
            crate::fit::solvers::conjugate_gradient::solve(objective, start, stop, task)
        } else {
            newton::solve(objective, start, stop, task)
        }
    }

    /// Fits for several values of C, each started at the solution for the stronger penalty before; in the order of `cs`.
    ///
    /// # Errors
    /// As [`ValidLogisticParams::fit`]; [`Error::InvalidOption`] for a C that is not a positive number.
    pub fn fit_path(&self, x: &Matrix<'_>, target: &Response<'_>, cs: &[f64], task: &Task) -> Result<Vec<Solution>> {
        if let Some(inward) = self.centred(x) {
            target.check(x)?;
            let start = target.start.map(|s| inward.inward(s));
            let target = Response { start: start.as_deref(), ..*target };
            let path = self.fit_path(&inward.matrix, &target, cs, task)?;
            return Ok(path.into_iter().map(|solution| inward.outward(solution)).collect());
        }
        let mut order: Vec<usize> = (0..cs.len()).collect();
        let c_of = |i: usize| cs.get(i).copied().unwrap_or(f64::NAN);
        for i in &order {
            LogisticParams { c: Some(c_of(*i)), ..self.params().clone() }.check()?;
        }
        order.sort_by(|a, b| c_of(*a).total_cmp(&c_of(*b)));
        let (objective, _) = self.problem(x, target, &[])?;
        let solved = if self.is_newton(x) {
            let ridges: Vec<f64> = order.iter().map(|i| 1.0 / c_of(*i)).collect();
            let stop = StopRule { partial: self.params().partial, ..self.stop() };
            newton::path(&objective, &ridges, stop, task)?.into_iter().map(|(solution, _)| solution).collect()
        } else {
            let mut all: Vec<Solution> = Vec::with_capacity(cs.len());
            for i in &order {
                let params = Self(LogisticParams { c: Some(c_of(*i)), ..self.params().clone() });
                let start = all.last().map(Solution::beta);
                all.push(params.fit(x, &Response { start: start.as_deref().or(target.start), ..*target }, task)?);
            }
            all
        };
        let mut by_place: Vec<(usize, Solution)> = order.into_iter().zip(solved).collect();
        by_place.sort_by_key(|(i, _)| *i);
        Ok(by_place.into_iter().map(|(_, s)| s).collect())
    }

    /// Whether the fit is Newton's method with factored Hessians.
    pub(super) fn is_newton(&self, x: &Matrix<'_>) -> bool {
        let p = &self.params();
        let smooth = p.l1_ratio == 0.0 && p.signs.iter().all(|s| *s == Sign::Free);
        p.solver == Solver::Newton && smooth && !p.firth && !is_wide(x)
    }

    pub(super) fn stop(&self) -> StopRule {
        StopRule { tolerance: self.params().tolerance, max_iterations: self.params().max_iterations, partial: false }
    }

    /// The objective and its corners, with the columns `dropped` held at 0.
    pub(super) fn problem<'a>(
        &'a self,
        x: &'a Matrix<'a>,
        target: &Response<'a>,
        dropped: &[usize],
    ) -> Result<(Objective<'a>, NonsmoothPenalty<'a>)> {
        let total = target.check(x)?;
        let params = &self.params();
        if !params.signs.is_empty() && params.signs.len() != x.width() {
            return Err(Error::Length { what: "signs".into(), expected: x.width(), got: params.signs.len() });
        }
        let penalty = params.c.map_or(0.0, |c| 1.0 / c);
        let mut pinned: Vec<usize> = dropped.iter().map(|c| c + 1).chain((!params.intercept).then_some(0)).collect();
        pinned.sort_unstable();
        let objective = Objective {
            x,
            observed: Observed { y: target.y, weight: target.weight, offset: target.offset },
            ridge: penalty * (1.0 - params.l1_ratio),
            pinned,
            total,
            together: None,
        };
        Ok((objective, NonsmoothPenalty { lasso: penalty * params.l1_ratio, signs: &params.signs }))
    }
}

/// A singular Hessian of columns that are not collinear: probabilities have run to 0 or 1 on the rows that distinguish them.
fn flat(e: Error) -> Error {
    match e {
        Error::Singular { columns } => {
            let why = "on the rows with probabilities away from 0 and 1; check for a level with few positives or few negatives";
            Error::Singular { columns: columns.into_iter().map(|c| format!("{c} {why}")).collect() }
        }
        e => e,
    }
}

/// Whether it stays unknown if columns of a wide design separate the classes.
///
/// # Errors
/// [`Error::Separated`] where they do.
fn unknown(f: &Objective<'_>, task: &Task) -> Result<bool> {
    match wide::find(f, task)? {
        wide::WideSeparation::Separated(s) => Err(told_apart(f, &s)),
        wide::WideSeparation::Overlap => Ok(false),
        wide::WideSeparation::Unknown => Ok(true),
    }
}

/// The error that names what separates the classes.
fn told_apart(f: &Objective<'_>, s: &separation::Separation) -> Error {
    let columns = s.columns.iter().map(|c| f.x.name(*c)).collect();
    Error::Separated { complete: s.complete, rows: s.rows, columns }
}

/// Whether a basis of all columns can be made.
fn is_narrow(x: &Matrix<'_>) -> bool {
    !is_wide(x) && x.width() <= MOST_FACTORED
}

/// Whether a Hessian of all columns is too large to be made and factored.
fn is_wide(x: &Matrix<'_>) -> bool {
    let plan = NormalLayout::all(x);
    plan.size() > MOST_FACTORED || plan.numbers() > MOST_NUMBERS
}
