//! Profile likelihoods: intervals whose ends are values that the best fit of all other coefficients makes unlikely.
//!
//! With m(v) the minimum of f over all fits whose coefficient is v, an end is where 2·(m(v) − m) is the χ² quantile. The
//! root √(2·(m(v) − m)) is almost straight in v and its slope is known (the multiplier of the condition), so Newton's
//! method finds the end in a few fits; bisection takes over where a step leaves the bracket.
//!
//! D. Venzon, S. Moolgavkar, "A method for computing profile-likelihood-based confidence intervals", Appl. Stat. 37, 1988.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::fit::matrix::Matrix;
use crate::fit::params::ValidLogisticParams;
use crate::fit::response::Response;
use crate::fit::solvers::centre::{centred, unit};
use crate::fit::solvers::held::{Iterate, Problem};
use crate::fit::solvers::newton::StopRule;
use crate::fit::solvers::objective::dot;
use crate::fit::solvers::solution::Solution;
use crate::math::{Interval, chi_square_quantile, chi_square_tail};
use crate::progress::Task;

/// What the profile likelihood of one coefficient says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Profile {
    /// Its interval.
    pub interval: Interval,
    /// p-value of the likelihood-ratio test that it is 0.
    pub p_value: f64,
}

/// Fits at most, to find one end.
const FITS: usize = 100;
/// An end so many standard errors away is infinite for any purpose.
const FARTHEST: f64 = 1e4;
/// How close 2·(m(v) − m) comes to the quantile.
const CLOSE: f64 = 1e-9;
/// Halvings of a move that is too long for a fit.
const HALVINGS: usize = 12;

impl ValidLogisticParams {
    /// The profile likelihood of one coefficient (0 is the intercept): the interval of all values whose best fit of the
    /// others has 2·(f(value) − f(solution)) below the χ² quantile, and the p-value of that statistic at 0. An end that
    /// never gets there is infinite.
    ///
    /// # Errors
    /// As a fit; [`Error::InvalidOption`] for a coefficient that `x` does not have.
    pub fn profile(
        &self,
        x: &Matrix<'_>,
        target: &Response<'_>,
        solution: &Solution,
        coefficient: usize,
        confidence: f64,
        task: &Task,
    ) -> Result<Profile> {
        if coefficient > x.width() {
            return Err(Error::option("coefficient", format!("{coefficient} is not one of {}", x.width() + 1)));
        }
        let (f, _) = self.problem(x, target, &solution.dropped)?;
        let inward = centred(&f);
        let mut beta = solution.minimum();
        let mut condition = unit(beta.len(), coefficient);
        if let Some(c) = &inward {
            beta = c.inward(&beta);
            condition = c.direction(coefficient);
        }
        let (f, _) = self.problem(inward.as_ref().map_or(x, |c| &c.matrix), target, &solution.dropped)?;
        let problem = Problem::new(&f, &[], self.params().firth);
        // To the very minimum, from which all differences are taken.
        let stop = StopRule { tolerance: self.params().tolerance.min(1e-8), ..self.stop() };
        let start = problem.at(beta)?;
        let best = problem.minimise(start, None, stop, task)?.state;
        let value = solution.minimum().get(coefficient).copied().unwrap_or(0.0);
        let profiled = Profiled { problem, condition, best, stop, firth: self.params().firth, task };
        let wanted = chi_square_quantile(1.0 - confidence, 1);
        let profile = || -> Result<(f64, f64, f64)> {
            let (low, high) = (profiled.end(-1.0, wanted)?, profiled.end(1.0, wanted)?);
            let mut at_zero = profiled.best.clone();
            profiled.reach(&mut at_zero, -value)?;
            profiled.lower(&mut at_zero, -value)?;
            Ok((low, high, profiled.statistic(&at_zero).max(0.0)))
        };
        // On a thread of the pool: from outside each pass over a few rows would wait for one to wake.
        let (low, high, statistic) = rayon::scope(|_| profile())?;
        let interval = Interval { low: value + low, high: value + high };
        Ok(Profile { interval, p_value: chi_square_tail(statistic, 1) })
    }
}

/// The profile of one coefficient.
struct Profiled<'a> {
    problem: Problem<'a>,
    /// The coefficient is this, times all coefficients.
    condition: Vec<f64>,
    best: Iterate,
    stop: StopRule,
    firth: bool,
    task: &'a Task,
}

impl Profiled<'_> {
    /// 2·(m(v) − m).
    fn statistic(&self, at: &Iterate) -> f64 {
        2.0 * (at.point.value - self.best.point.value)
    }

    /// Moves the coefficient by `change` and fits the others again; returns the slope of m there. A move that is too long
    /// for the fit is made in parts.
    fn reach(&self, state: &mut Iterate, change: f64) -> Result<f64> {
        let (mut left, mut part, mut slope) = (change, change, 0.0);
        let mut halvings = 0;
        while left != 0.0 {
            self.task.check()?;
            let moved = self.problem.at(state.moved(&self.condition, part));
            let fitted =
                moved.and_then(|start| self.problem.minimise(start, Some(&self.condition), self.stop, self.task));
            match fitted {
                Ok(minimum) => {
                    (*state, slope) = (minimum.state, minimum.slope);
                    left -= part;
                    part = left;
                }
                Err(Error::NotConverged { .. } | Error::Singular { .. }) if halvings < HALVINGS => {
                    part /= 2.0;
                    halvings += 1;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(slope)
    }

    /// Takes a lower minimum at `change` from the estimate than the one that was reached, if there is one; its slope.
    ///
    /// Firth's objective has several minima where classes are separated, and the one that is reached from the estimate need not
    /// be the lowest far from it. Others are sought with all other coefficients at the estimate, and grown alike; and see
    /// `solvers::branches`.
    fn lower(&self, state: &mut Iterate, change: f64) -> Result<Option<f64>> {
        if !self.firth {
            return Ok(None);
        }
        let best = &self.best.point.beta;
        let (length, value) = (dot(&self.condition, &self.condition), dot(&self.condition, best));
        let alone = best.iter().zip(&self.condition).map(|(b, c)| b + change / length * c).collect();
        let mut starts: Vec<Vec<f64>> = vec![alone];
        let share = 1.0 + change / value;
        if share > 0.0 && share < 1e3 {
            starts.push(best.iter().map(|b| b * share).collect());
        }
        let lower = self.problem.lower(state, Some(&self.condition), starts, self.stop, self.task)?;
        Ok(lower.map(|minimum| {
            *state = minimum.state;
            minimum.slope
        }))
    }

    /// How far from the estimate the end in the direction of `sign` is.
    fn end(&self, sign: f64, wanted: f64) -> Result<f64> {
        let unit = self.best.standard_error(&self.condition);
        let mut state = self.best.clone();
        // The bracket, as distances from the estimate: where the statistic is too small, and where it is too large.
        let (mut inside, mut outside) = (0.0f64, f64::INFINITY);
        let (mut at, mut next) = (0.0f64, unit * wanted.sqrt());
        for _ in 0..FITS {
            let mut slope = self.reach(&mut state, sign * (next - at))? * sign;
            at = next;
            let closed = |inside: f64, outside: f64| outside - inside <= 1e-12 * (outside + unit);
            let off = self.statistic(&state) - wanted;
            if off.abs() <= CLOSE || off > 0.0 && closed(inside, at) {
                match self.lower(&mut state, sign * at)? {
                    // On another branch it is too small here, and not known to be too large anywhere.
                    Some(lower) => (slope, outside) = (lower * sign, f64::INFINITY),
                    None => return Ok(sign * at),
                }
            }
            let statistic = self.statistic(&state);
            if statistic < wanted {
                inside = at;
            } else {
                outside = at;
            }
            if inside > FARTHEST * unit {
                return Ok(sign * f64::INFINITY);
            }
            if outside.is_finite() && closed(inside, outside) {
                return Ok(sign * outside);
            }
            let root = statistic.max(0.0).sqrt();
            // d√(2·(m(v) − m))/dv = m′(v)/√(2·(m(v) − m)).
            let newton = at + (wanted.sqrt() - root) * root / slope;
            // Far out the profile bends: a step goes at most three times as far.
            let (least, most) = (inside, outside.min(3.0 * at + unit));
            next = if newton > least && newton < most {
                newton
            } else if outside.is_finite() {
                f64::midpoint(inside, outside)
            } else {
                most
            };
        }
        Err(Error::NotConverged { iterations: FITS, gradient: self.statistic(&state) - wanted, tolerance: CLOSE })
    }
}
