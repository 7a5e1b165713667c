//! Firth's correction: the likelihood times √det I(b) (Jeffreys' prior), which has a finite maximum even where classes are
//! separated, and removes the first-order bias of small samples.
//!
//! Maximises l*(b) = l(b) + ½·ln det I(b), I = Σ wᵢpᵢ(1 − pᵢ)xᵢxᵢᵀ. Its score is Σ[wᵢ(yᵢ − pᵢ) + hᵢ(½ − pᵢ)]xᵢ with the
//! leverages hᵢ = wᵢpᵢ(1 − pᵢ)·xᵢᵀI⁻¹xᵢ.
//!
//! D. Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80, 1993; G. Heinze, M. Schemper, "A solution to
//! the problem of separation in logistic regression", Stat. Med. 21, 2002. The refitted intercept (FLIC): R. Puhr et al.,
//! "Firth's logistic regression with rare events: accurate effect estimates and predictions?", Stat. Med. 36, 2017.

use super::held::{ConstrainedMinimum, Problem};
use super::newton::StopRule;
use super::objective::Objective;
use super::solution::Solution;
use crate::error::Result;
use crate::progress::Task;

/// The maximum of l*, coefficients `held` staying at their start.
pub(in crate::fit) fn solve(
    f: &Objective<'_>,
    start: Option<Vec<f64>>,
    held: &[usize],
    stop: StopRule,
    task: &Task,
) -> Result<Solution> {
    task.begin("fitting", stop.max_iterations);
    let problem = Problem::new(f, held, true);
    let start = problem.at(start.unwrap_or_else(|| f.cold_start()))?;
    let lowest = || -> Result<ConstrainedMinimum> {
        let _here = task.here();
        let minimum = problem.minimise(start, None, stop, task)?;
        let lower = problem.lower(&minimum.state, None, Vec::new(), stop, task)?;
        Ok(lower.unwrap_or(minimum))
    };
    // On a thread of the pool: from outside each pass over a few rows would wait for one to wake.
    let minimum = rayon::scope(|_| lowest())?;
    Ok(problem.solution(minimum))
}
