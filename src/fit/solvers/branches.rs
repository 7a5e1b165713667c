//! Firth's objective has several minima where classes are separated: few rows then carry all information, and each choice
//! of them can be a minimum of its own. Steps from one find the minimum of its branch.
//!
//! Others are sought from starts at which another row's log-odds is 0, so that it carries information: the fit moved, as f
//! rises least, until it is. From a lower minimum it is sought again, until none is found. Designs in which many rows carry
//! information have one minimum and are left alone.

use super::held::{ConstrainedMinimum, Iterate, Problem};
use super::newton::StopRule;
use super::objective::{dot, largest};
use crate::error::{Error, Result};
use crate::math::sigmoid;
use crate::progress::Task;

/// Information in rows of even odds, beside the number of coefficients, above which there is one minimum.
const MUCH: f64 = 8.0;
/// Numbers that are multiplied in one pass, times starts; and starts.
const MOST_WORK: usize = 2_000_000;
const MOST_STARTS: usize = 16;
/// Times that a lower minimum is taken.
const MOST_ROUNDS: usize = 20;
/// How much lower it is.
const LOWER: f64 = 1e-9;
/// Growth of all log-odds at some of the starts.
const GROWTH: f64 = 4.0;

impl Problem<'_> {
    /// A lower minimum than `from`, if one is found; `others` are further starts.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub(in crate::fit) fn lower(
        &self,
        from: &Iterate,
        condition: Option<&[f64]>,
        others: Vec<Vec<f64>>,
        stop: StopRule,
        task: &Task,
    ) -> Result<Option<ConstrainedMinimum>> {
        let mut found = None;
        let mut others = others;
        for _ in 0..MOST_ROUNDS {
            let state = found.as_ref().map_or(from, |m: &ConstrainedMinimum| &m.state);
            let mut starts = std::mem::take(&mut others);
            starts.extend(self.through_rows(state, condition));
            let mut least = state.point.value - LOWER;
            let mut next = None;
            for start in starts {
                match self.at(start).and_then(|start| self.minimise(start, condition, stop, task)) {
                    Ok(minimum) if minimum.state.point.value < least => {
                        least = minimum.state.point.value;
                        next = Some(minimum);
                    }
                    Err(Error::Interrupted) => return Err(Error::Interrupted),
                    // No minimum from there, or none that is lower.
                    Ok(_) | Err(_) => {}
                }
            }
            let Some(next) = next else { break };
            found = Some(next);
        }
        Ok(found)
    }

    /// The fit moved until the log-odds of one row is 0, for rows next to the border between the classes.
    fn through_rows(&self, state: &Iterate, condition: Option<&[f64]>) -> Vec<Vec<f64>> {
        let f = self.objective();
        let beta = &state.point.beta;
        let eta = f.x.predict(beta, f.observed.offset);
        let weight = |i: usize| f.observed.weight.and_then(|w| w.get(i).copied()).unwrap_or(1.0);
        let information: f64 = eta.iter().enumerate().map(|(i, e)| 4.0 * weight(i) * sigmoid(*e) * sigmoid(-e)).sum();
        let numbers = eta.len() * beta.len() * beta.len();
        let most = (MOST_WORK / numbers.max(1)).min(MOST_STARTS);
        if information > MUCH * beta.len() as f64 || most == 0 {
            return Vec::new();
        }
        let mut rows: Vec<(usize, f64)> = eta.iter().copied().enumerate().filter(|(i, _)| weight(*i) > 0.0).collect();
        rows.sort_by(|a, b| a.1.abs().total_cmp(&b.1.abs()).then(a.0.cmp(&b.0)));
        let same = 1e-9 * largest(&eta);
        rows.dedup_by(|b, a| (a.1 - b.1).abs() <= same);
        let mut starts = Vec::new();
        for (i, e) in rows.into_iter().take(most) {
            let Some(toward) = self.toward(state, condition, i) else { continue };
            let moved: Vec<f64> = beta.iter().zip(&toward).map(|(b, u)| b - e * u).collect();
            if condition.is_none() {
                starts.push(moved.iter().map(|b| GROWTH * b).collect());
            }
            starts.push(moved);
        }
        starts
    }

    /// The direction in which the log-odds of a row grows by 1 and f rises least, the condition staying what it is.
    fn toward(&self, state: &Iterate, condition: Option<&[f64]>, row: usize) -> Option<Vec<f64>> {
        let f = self.objective();
        let mut own = vec![0.0; state.point.beta.len()];
        if let Some(first) = own.first_mut() {
            *first = 1.0;
        }
        f.x.each_in_row(row, |j, v| {
            if let Some(own) = own.get_mut(j + 1) {
                *own = v;
            }
        });
        let mut toward = state.solve(&own);
        let whole = dot(&own, &toward);
        if let Some(c) = condition {
            let held = state.solve(c);
            let share = dot(c, &toward) / dot(c, &held);
            toward.iter_mut().zip(&held).for_each(|(t, h)| *t -= share * h);
        }
        let change = dot(&own, &toward);
        // A row that the condition holds where it is.
        if change.is_nan() || change <= 1e-9 * whole {
            return None;
        }
        toward.iter_mut().for_each(|t| *t /= change);
        Some(toward)
    }
}
