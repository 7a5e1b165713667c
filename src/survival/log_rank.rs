//! Tests of whether groups convert at the same pace.

use serde::{Deserialize, Serialize};

use super::risk::{Pooled, Subject};
use crate::error::{Error, Result};
use crate::math::vector::{Kernel, LANES, Vector, dispatch};
use crate::math::{chi_square_tail, solve};
use crate::progress::Task;

/// A test of several groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupTest {
    /// Its name.
    pub test: String,
    /// Statistic, χ² distributed under equality.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: usize,
    /// Probability of a statistic as large by chance.
    pub p_value: f64,
    /// Groups with fewer than 5 events expected under equality: the distribution of the statistic is approximate there.
    pub sparse: usize,
    /// Whether so many ends of Gray's test are tied that its variance is too small.
    pub coarse: bool,
    /// Permutations that the p-value comes from; 0 where it comes from χ² or, by account, from F.
    #[serde(default)]
    pub permutations: usize,
}

/// Events expected in a group below which χ² is approximate.
pub(super) const LEAST_EXPECTED: f64 = 5.0;

pub(super) fn at_least_two(pooled: &Pooled) -> Result<()> {
    match pooled.groups() {
        0 | 1 => Err(Error::Undefined {
            metric: "comparison",
            why: format!("at least two groups are needed, not {}", pooled.groups()),
        }),
        _ => Ok(()),
    }
}

/// Sᵀ·V⁻¹·S of the scores of all groups but the last, and its degrees of freedom.
pub(super) fn quadratic_form(score: &[f64], variance: &[f64]) -> Result<(f64, usize)> {
    let k = score.len();
    let degrees = k.saturating_sub(1);
    // The scores add up to 0, so one of them is redundant.
    let reduced: Vec<f64> =
        variance.chunks_exact(k).take(degrees).flat_map(|row| row.iter().take(degrees)).copied().collect();
    let head = score.get(..degrees).unwrap_or(&[]);
    let solved = solve(reduced, head.to_vec(), degrees).ok_or_else(|| Error::Undefined {
        metric: "comparison",
        why: "a group is empty at the times of the events".into(),
    })?;
    Ok((head.iter().zip(&solved).map(|(a, b)| a * b).sum(), degrees))
}

pub(super) fn tested(test: &str, pooled: &Pooled, score: &[f64], variance: &[f64]) -> Result<GroupTest> {
    let (statistic, degrees) = quadratic_form(score, variance)?;
    let p = chi_square_tail(statistic, degrees);
    Ok(GroupTest {
        test: test.to_owned(),
        statistic,
        degrees,
        p_value: p,
        sparse: sparse(pooled, score),
        coarse: false,
        permutations: 0,
    })
}

/// Events of each group less what the score says came beyond expectation.
pub(super) fn expected_events(pooled: &Pooled, score: &[f64]) -> Vec<f64> {
    pooled.events().iter().zip(score).map(|(events, score)| events - score).collect()
}

/// Groups with fewer than 5 expected events.
pub(super) fn sparse(pooled: &Pooled, score: &[f64]) -> usize {
    expected_events(pooled, score).iter().filter(|expected| **expected < LEAST_EXPECTED).count()
}

/// Log-rank test of equal hazards: events expected in each group are its share of those at risk.
///
/// N. Mantel, "Evaluation of survival data and two new rank order statistics", Cancer Chemotherapy Reports 50 (1966).
/// Competing ends count as censored: with them take [`super::gray`].
///
/// # Errors
/// [`Error::Undefined`] with fewer than two groups, or a group that is never at risk; as [`super::RiskTable::new`].
pub fn log_rank(groups: &[&[Subject]]) -> Result<GroupTest> {
    log_rank_pooled(&Pooled::new(groups)?, &Task::new())
}

pub(super) fn log_rank_pooled(pooled: &Pooled, task: &Task) -> Result<GroupTest> {
    at_least_two(pooled)?;
    let (score, variance) = dispatch(LogRank(pooled, task))?;
    tested("log-rank", pooled, &score, &variance)
}

/// Scores of the log-rank test only.
pub(super) fn log_rank_scores(pooled: &Pooled, task: &Task) -> Result<Vec<f64>> {
    let mut score = vec![0.0; pooled.groups()];
    pooled.side_by_side(task, |now| {
        let (n, d): (f64, f64) = (now.at_risk.iter().sum(), now.events.iter().sum());
        if d > 0.0 {
            let ends = now.events.iter().zip(&now.at_risk);
            score.iter_mut().zip(ends).for_each(|(s, (events, at_risk))| *s += events - at_risk * (d / n));
        }
    })?;
    Ok(score)
}

/// Score of each group, and their variances.
struct LogRank<'a>(&'a Pooled, &'a Task);

impl Kernel for LogRank<'_> {
    type Output = Result<(Vec<f64>, Vec<f64>)>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let k = self.0.groups();
        let room = k.next_multiple_of(LANES);
        let mut score = vec![0.0; k];
        // A row of whole vectors per group.
        let mut variance = vec![0.0; k * room];
        self.0.side_by_side(self.1, |now| {
            let n: f64 = now.at_risk.iter().sum();
            let d: f64 = now.events.iter().sum();
            if d == 0.0 {
                return;
            }
            let factor = if n > 1.0 { d * (n - d) / (n * n * (n - 1.0)) } else { 0.0 };
            let share = d / n;
            for ((s, events), at_risk) in score.iter_mut().zip(&now.events).zip(&now.at_risk) {
                *s += events - at_risk * share;
            }
            let others = now.at_risk.as_chunks::<LANES>().0;
            for ((i, own), variances) in now.at_risk.iter().enumerate().zip(variance.chunks_exact_mut(room)) {
                let of_others = factor * own;
                for (variances, others) in variances.as_chunks_mut::<LANES>().0.iter_mut().zip(others) {
                    for (v, other) in variances.iter_mut().zip(others) {
                        *v -= of_others * other;
                    }
                }
                if let Some(v) = variances.get_mut(i) {
                    *v += of_others * n;
                }
            }
        })?;
        let rows = variance.chunks_exact(room.max(1)).flat_map(|row| row.iter().take(k));
        Ok((score, rows.copied().collect()))
    }
}
