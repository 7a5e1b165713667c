//! Tests of whether groups convert at the same pace.

use serde::{Deserialize, Serialize};

use super::risk::{Pooled, Spell};
use crate::error::{Error, Result};
use crate::math::vector::{Kernel, LANES, Vector, dispatch};
use crate::math::{chi_square_tail, solve};
use crate::task::Task;

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
    pub p: f64,
    /// Groups with fewer than 5 events expected under equality: the distribution of the statistic is approximate there.
    pub sparse: usize,
}

/// Events expected in a group below which χ² is approximate.
const LEAST_EXPECTED: f64 = 5.0;

fn at_least_two(pooled: &Pooled) -> Result<()> {
    match pooled.groups() {
        0 | 1 => {
            Err(Error::Undefined { metric: "comparison", why: format!("{} groups; it takes two", pooled.groups()) })
        }
        _ => Ok(()),
    }
}

/// Sᵀ·V⁻¹·S of the scores of all groups but the last, and its degrees of freedom.
pub(super) fn quadratic_form(score: &[f64], variance: &[f64]) -> Result<(f64, usize)> {
    let k = score.len();
    let degrees = k.saturating_sub(1);
    // The scores add up to 0: one of them says nothing new.
    let reduced: Vec<f64> =
        variance.chunks_exact(k).take(degrees).flat_map(|row| row.iter().take(degrees)).copied().collect();
    let head = score.get(..degrees).unwrap_or(&[]);
    let solved = solve(reduced, head.to_vec(), degrees).ok_or_else(|| Error::Undefined {
        metric: "comparison",
        why: "a group has nobody at risk at the times of the events".into(),
    })?;
    Ok((head.iter().zip(&solved).map(|(a, b)| a * b).sum(), degrees))
}

fn tested(test: &str, pooled: &Pooled, score: &[f64], variance: &[f64]) -> Result<GroupTest> {
    let (statistic, degrees) = quadratic_form(score, variance)?;
    let p = chi_square_tail(statistic, degrees);
    Ok(GroupTest { test: test.to_owned(), statistic, degrees, p, sparse: sparse(pooled, score) })
}

/// Groups whose events, less what the score says came beyond expectation, are fewer than 5.
pub(super) fn sparse(pooled: &Pooled, score: &[f64]) -> usize {
    let events = pooled.events();
    events.iter().zip(score).filter(|(events, score)| **events - **score < LEAST_EXPECTED).count()
}

/// Log-rank test of equal hazards: events expected in each group are its share of those at risk.
///
/// N. Mantel, "Evaluation of survival data and two new rank order statistics", Cancer Chemotherapy Reports 50 (1966).
/// Competing ends count as censored: with them take [`gray`].
///
/// # Errors
/// [`Error::Undefined`] with fewer than two groups, or a group that is never at risk; as [`super::RiskTable::new`].
pub fn log_rank(groups: &[&[Spell]]) -> Result<GroupTest> {
    log_rank_pooled(&Pooled::new(groups)?, &Task::new())
}

pub(super) fn log_rank_pooled(pooled: &Pooled, task: &Task) -> Result<GroupTest> {
    at_least_two(pooled)?;
    let (score, variance) = dispatch(LogRank(pooled, task))?;
    tested("log-rank", pooled, &score, &variance)
}

/// Scores of the log-rank test only.
pub(super) fn log_rank_score(pooled: &Pooled, task: &Task) -> Result<Vec<f64>> {
    Ok(dispatch(LogRank(pooled, task))?.0)
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

/// What a group has at one time: at risk, ends, free of any end, without the event, and at risk of the subdistribution.
#[derive(Debug, Clone, Copy)]
struct Standing {
    n: f64,
    events: f64,
    competing: f64,
    free: f64,
    without: f64,
    risk: f64,
}

/// Gray's test of equal cumulative incidence, with competing ends.
///
/// Score of group k: Σ d₁ₖ − Rₖ·d₁/R, where Rₖ = nₖ·(1 − F₁ₖ)/Sₖ before the time. Its variance is that of the linear form
/// in the increments of all groups, by the delta method, with events as expected under equality and the correction for
/// ties of the log-rank test, which it equals where nothing competes. R. J. Gray, "A class of K-sample tests for comparing
/// the cumulative incidence of a competing risk", Annals of Statistics 16 (1988), with ρ = 0; R's cmprsk estimates the same
/// variance with pooled curves.
///
/// # Errors
/// As [`log_rank`].
pub fn gray(groups: &[&[Spell]]) -> Result<GroupTest> {
    gray_pooled(&Pooled::new(groups)?, &Task::new())
}

pub(super) fn gray_pooled(pooled: &Pooled, task: &Task) -> Result<GroupTest> {
    at_least_two(pooled)?;
    let k = pooled.groups();
    let standing = standing(pooled, task)?;
    let score = gray_score(k, &standing);
    tested("Gray", pooled, &score, &gray_variance(k, &standing, task)?)
}

/// Scores of Gray's test only.
pub(super) fn gray_scores(pooled: &Pooled, task: &Task) -> Result<Vec<f64>> {
    Ok(gray_score(pooled.groups(), &standing(pooled, task)?))
}

fn gray_score(k: usize, standing: &[Standing]) -> Vec<f64> {
    let mut score = vec![0.0; k];
    for rows in standing.chunks_exact(k).rev() {
        let total: f64 = rows.iter().map(|s| s.risk).sum();
        let events: f64 = rows.iter().map(|s| s.events).sum();
        if events > 0.0 && total > 0.0 {
            for (z, s) in score.iter_mut().zip(rows) {
                *z += s.events - s.risk * events / total;
            }
        }
    }
    score
}

/// What all groups have, time by time.
fn standing(pooled: &Pooled, task: &Task) -> Result<Vec<Standing>> {
    let k = pooled.groups();
    let mut curves = vec![(1.0f64, 0.0f64); k];
    // k per time.
    let mut standing: Vec<Standing> = Vec::new();
    pooled.side_by_side(task, |now| {
        let ends = now.events.iter().zip(&now.competing);
        let now = now.at_risk.iter().zip(ends).zip(&mut curves).map(|((n, (d, c)), (free, f))| {
            let (n, d, c) = (*n, *d, *c);
            let risk = if n > 0.0 && *free > 0.0 { n * (1.0 - *f) / *free } else { 0.0 };
            let s = Standing { n, events: d, competing: c, free: *free, without: 1.0 - *f, risk };
            if n > 0.0 {
                *f += *free * d / n;
                *free *= (n - d - c) / n;
            }
            s
        });
        standing.extend(now);
    })?;
    Ok(standing)
}

fn gray_variance(k: usize, standing: &[Standing], task: &Task) -> Result<Vec<f64>> {
    let mut variance = vec![0.0; k * k];
    // Σ over later times of a·d(1/(1 − F)), per score and group: walk back.
    let mut beyond = vec![0.0; k * k];
    for (number, rows) in standing.chunks_exact(k).rev().enumerate() {
        // The work of a time is the cube of the number of groups.
        if number % 64 == 0 {
            task.check()?;
        }
        let total: f64 = rows.iter().map(|s| s.risk).sum();
        let events: f64 = rows.iter().map(|s| s.events).sum();
        let n: f64 = rows.iter().map(|s| s.n).sum();
        let finite = if n > 1.0 { n / (n - 1.0) } else { 0.0 };
        for (r, s) in rows.iter().enumerate() {
            if s.n <= 0.0 || s.free <= 0.0 {
                continue;
            }
            let weight = |i: usize| -> f64 {
                if events == 0.0 || total <= 0.0 {
                    return 0.0;
                }
                let own = rows.get(i).map_or(0.0, |x| x.risk);
                own * (if i == r { 1.0 } else { 0.0 } - s.risk / total)
            };
            // What a unit of this time's hazards changes of all later increments; with ties a share of those at risk is gone.
            let own = s.events / s.n;
            let stays = 1.0 - own - s.competing / s.n;
            let kept = if stays > 1e-12 { (s.without - s.free * own) / stays } else { 0.0 };
            let parts: Vec<(f64, f64)> = (0..k)
                .map(|i| {
                    let later = if stays > 1e-12 { beyond.get(i * k + r).copied().unwrap_or(0.0) } else { 0.0 };
                    (weight(i) * s.free / s.without + (s.free - kept) * later, -kept * later)
                })
                .collect();
            // Under equality, events come by the common subdistribution hazard.
            let p2 = s.competing / s.n;
            let p1 = if total > 0.0 { (s.risk * events / (total * s.n)).min(1.0 - p2) } else { 0.0 };
            for (i, a) in parts.iter().enumerate() {
                for (j, b) in parts.iter().enumerate() {
                    let means = (a.0 * p1 + a.1 * p2) * (b.0 * p1 + b.1 * p2);
                    if let Some(v) = variance.get_mut(i * k + j) {
                        *v += finite * (a.0 * b.0 * p1 + a.1 * b.1 * p2 - means) / s.n;
                    }
                }
            }
            // dF/(1 − F)² of this time, for earlier ones; where everybody has converted nothing follows.
            if s.without > 1e-10 {
                let growth = s.free * own / (s.without * s.without);
                for i in 0..k {
                    if let Some(b) = beyond.get_mut(i * k + r) {
                        *b += weight(i) * growth;
                    }
                }
            }
        }
    }
    Ok(variance)
}
