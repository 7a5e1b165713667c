//! Gray's test: whether groups differ in cumulative incidence where other ends compete.

use super::risk::{Pooled, Subject};
use crate::error::Result;
use crate::progress::Task;
use crate::survival::log_rank::{GroupTest, at_least_two, tested};

/// Gray's test of equal cumulative incidence, with competing ends.
///
/// Score of group k: Σ d₁ₖ − Rₖ·d₁/R, where Rₖ = nₖ·(1 − F₁ₖ)/Sₖ before the time. Its variance is R. J. Gray's, "A class of
/// K-sample tests for comparing the cumulative incidence of a competing risk", Annals of Statistics 16 (1988), section 3,
/// with ρ = 0: under equality all groups have the incidence F with dF = d₁/Σ nₖ/Sₖ, and ends that are tied count as drawn
/// without replacement, as in R's cmprsk, whose statistics it equals. With a third of those at risk ending at once it rejects
/// 7 % of equal groups at 5 %, with half of them 8 %: [`GroupTest::coarse`] says so.
///
/// # Errors
/// As [`super::log_rank`].
pub fn gray(groups: &[&[Subject]]) -> Result<GroupTest> {
    gray_pooled(&Pooled::new(groups)?, &Task::new())
}

pub(super) fn gray_pooled(pooled: &Pooled, task: &Task) -> Result<GroupTest> {
    at_least_two(pooled)?;
    let k = pooled.groups();
    let standing = standing(pooled, task)?;
    let score = gray_score(k, &standing);
    let test = tested("Gray", pooled, &score, &gray_variance(k, &standing, task)?)?;
    Ok(GroupTest { coarse: tied(k, &standing) > COARSE, ..test })
}

/// Share of those at risk that end along with an event beyond which the variance is too small.
const COARSE: f64 = 0.25;

/// Share of the others at risk that end at the same time as an event, on average over events.
fn tied(k: usize, standing: &[RiskStanding]) -> f64 {
    let (mut along, mut all) = (0.0, 0.0);
    for rows in standing.chunks_exact(k) {
        let total = |of: fn(&RiskStanding) -> f64| rows.iter().map(of).sum::<f64>();
        let (n, events, ends) = (total(|s| s.n), total(|s| s.events), total(|s| s.events + s.competing));
        if n > 1.0 {
            along += events * (ends - 1.0) / (n - 1.0);
            all += events;
        }
    }
    if all > 0.0 { along / all } else { 0.0 }
}

/// Whether so many ends are tied that the variance is too small.
pub(super) fn is_coarse(pooled: &Pooled, task: &Task) -> Result<bool> {
    Ok(tied(pooled.groups(), &standing(pooled, task)?) > COARSE)
}

/// Scores of Gray's test only.
pub(super) fn gray_scores(pooled: &Pooled, task: &Task) -> Result<Vec<f64>> {
    Ok(gray_score(pooled.groups(), &standing(pooled, task)?))
}

/// What a group has at one time.
#[derive(Debug, Clone, Copy)]
struct RiskStanding {
    /// At risk.
    n: f64,
    events: f64,
    competing: f64,
    /// Share free of any end before the time, and after it.
    free: f64,
    still_free: f64,
    /// At risk of the subdistribution: Rₖ.
    risk: f64,
}

impl RiskStanding {
    /// The number at risk, plus the expected number that left unobserved before the time: nₖ/Sₖ.
    fn restored(&self) -> f64 {
        if self.n > 0.0 && self.free > 0.0 { self.n / self.free } else { 0.0 }
    }
}

/// What all groups have, time by time.
fn standing(pooled: &Pooled, task: &Task) -> Result<Vec<RiskStanding>> {
    let k = pooled.groups();
    let mut curves = vec![(1.0f64, 0.0f64); k];
    // k per time.
    let mut standing: Vec<RiskStanding> = Vec::new();
    pooled.side_by_side(task, |now| {
        let ends = now.events.iter().zip(&now.competing);
        let now = now.at_risk.iter().zip(ends).zip(&mut curves).map(|((n, (d, c)), (free, f))| {
            let (n, events, competing) = (*n, *d, *c);
            let (before, without) = (*free, 1.0 - *f);
            if n > 0.0 {
                *f += before * events / n;
                *free *= (n - events - competing) / n;
            }
            let risk = if n > 0.0 && before > 0.0 { n * without / before } else { 0.0 };
            RiskStanding { n, events, competing, free: before, still_free: *free, risk }
        });
        standing.extend(now);
    })?;
    Ok(standing)
}

fn gray_score(k: usize, standing: &[RiskStanding]) -> Vec<f64> {
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

/// All groups at one time: Σ nₖ/Sₖ, events, and the common share without the event before the time and after it.
struct Together {
    restored: f64,
    events: f64,
    without: f64,
    still_without: f64,
}

/// What the groups would have in common if they were equal, time by time.
fn together(k: usize, standing: &[RiskStanding]) -> Vec<Together> {
    let mut without = 1.0f64;
    let common = |rows: &[RiskStanding]| {
        let restored: f64 = rows.iter().map(RiskStanding::restored).sum();
        let events: f64 = rows.iter().map(|s| s.events).sum();
        let before = without;
        if restored > 0.0 {
            // Where groups differ much the sum can exceed 1, which a share does not.
            without = (without - events / restored).max(0.0);
        }
        Together { restored, events, without: before, still_without: without }
    };
    standing.chunks_exact(k).map(common).collect()
}

/// Ends of which `tied` come at once are drawn without replacement from `of`.
fn without_replacement(tied: f64, of: f64) -> f64 {
    if tied > 1.0 { (1.0 - (tied - 1.0) / (of - 1.0)).max(0.0) } else { 1.0 }
}

/// Covariance of the scores: each is a sum over groups and times of independent increments. An event of group r at a time
/// changes score i by aᵢᵣ then, and through the share that is free of ends by all later aᵢᵣ·dF/(1 − F).
fn gray_variance(k: usize, standing: &[RiskStanding], task: &Task) -> Result<Vec<f64>> {
    let mut variance = vec![0.0; k * k];
    // Σ over later times of aᵢᵣ·dF/(1 − F), per group r and score i: walk back.
    let mut beyond = vec![0.0; k * k];
    let common = together(k, standing);
    for (number, (rows, all)) in standing.chunks_exact(k).zip(&common).rev().enumerate() {
        // The work of a time is the cube of the number of groups.
        if number % 64 == 0 {
            task.check()?;
        }
        let growth = if all.without > 0.0 { all.events / (all.restored * all.without) } else { 0.0 };
        for (r, (s, later)) in rows.iter().zip(beyond.chunks_exact_mut(k)).enumerate() {
            if s.n <= 0.0 || s.free <= 0.0 {
                continue;
            }
            let weight = |(i, own): (usize, &RiskStanding)| {
                own.restored() * (if i == r { 1.0 } else { 0.0 } - s.restored() / all.restored)
            };
            let now: Vec<f64> = rows.iter().enumerate().map(weight).collect();
            let kept = if s.still_free > 0.0 { all.still_without / s.still_free } else { 0.0 };
            if all.events > 0.0 {
                let ties = without_replacement(all.events, all.restored * s.free);
                let spread = ties * s.free * all.events / (all.restored * s.n);
                let change: Vec<f64> = now.iter().zip(&*later).map(|(a, b)| a + (1.0 - kept) * b).collect();
                add_products(&mut variance, &change, spread);
            }
            if s.competing > 0.0 {
                let ties = without_replacement(s.competing, s.n);
                let change: Vec<f64> = later.iter().map(|b| kept * b).collect();
                add_products(&mut variance, &change, ties * s.free * s.free * s.competing / (s.n * s.n));
            }
            later.iter_mut().zip(&now).for_each(|(b, a)| *b += a * growth);
        }
    }
    Ok(variance)
}

/// Adds `by`·x·xᵀ.
fn add_products(matrix: &mut [f64], x: &[f64], by: f64) {
    for (row, a) in matrix.chunks_exact_mut(x.len()).zip(x) {
        row.iter_mut().zip(x).for_each(|(v, b)| *v += by * a * b);
    }
}
