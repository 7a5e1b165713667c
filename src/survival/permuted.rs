//! Tests of groups by permutation, for groups too small for the χ² distribution.

use rayon::prelude::*;

use super::gray::{gray_pooled, gray_scores, is_coarse};
use super::log_rank::{GroupTest, LEAST_EXPECTED, at_least_two, expected_events, log_rank_pooled, log_rank_scores};
use super::risk::{End, Pooled, RiskTable};
use crate::error::{Error, Result};
use crate::progress::Task;

/// Most permutations: a p-value of 0.05 then has a Monte Carlo error of 0.007.
const MOST: usize = 999;
/// Fewest permutations: a p-value of 0.05 then has a Monte Carlo error of 0.015.
const LEAST: usize = 199;
/// Leads beyond which χ² is taken and the result says that it is approximate: each permutation is a pass over all leads.
const MOST_LEADS: usize = 100_000;
/// Leads and cells of times by groups that all permutations may touch.
const WORK: usize = 200_000_000;

/// Rank of a time that lies beyond all observed ones.
const NEVER: u32 = u32::MAX;

/// The log-rank test, or Gray's where something competes: with the χ² distribution, or where it would not hold by permutation.
pub(crate) fn compared(pooled: &Pooled, competes: bool, task: &Task) -> Result<GroupTest> {
    match permuted(pooled, competes, MOST, task)? {
        Some(test) => Ok(test),
        None if competes => gray_pooled(pooled, task),
        None => log_rank_pooled(pooled, task),
    }
}

/// Whether χ² with k − 1 degrees of freedom would reject equal groups too often.
///
/// The variance of a group of E expected events and a share p of all events is estimated from the same leads as its score,
/// and the ratio is on average too large by (1 − 2p)²/E. The statistic then exceeds its k − 1 degrees of freedom by the sum of
/// these: 0.05 of its standard deviation, √(2(k − 1)), lift a rejection rate of 5 % to 5.5 %. Below 5 expected events the
/// distribution is too far from normal besides.
fn is_biased(expected: &[f64]) -> bool {
    let all: f64 = expected.iter().sum();
    let excess = |e: &f64| (1.0 - 2.0 * e / all).powi(2) / e.max(1e-9);
    let spread = (2.0 * (expected.len() as f64 - 1.0)).sqrt();
    expected.iter().any(|e| *e < LEAST_EXPECTED) || expected.iter().map(excess).sum::<f64>() > 0.05 * spread
}

/// The log-rank test, or Gray's where something competes, by permutation of the leads among groups; `None` where the
/// distribution of χ² holds, with late entry, or for more than 100,000 leads. Gray's variance is too small with many ties; a
/// permutation keeps them.
///
/// Under equality the times of ends are exchangeable among leads, times of censoring are not: groups may be observed for
/// different lengths of time. So each permutation deals the times of ends, and keeps the time of censoring of each lead.
/// A time that was not observed is drawn anew in each permutation: the end of a censored lead from the common curve beyond its
/// censoring, the censoring of a lead that ended from the censoring curve of its group beyond its end (G. Heinze, M. Gnant,
/// M. Schemper, "Exact log-rank tests for unequal follow-up", Biometrics 59 (2003)), or from that of all leads as often as the
/// censoring of groups differs by chance only: curves of ten leads are noise. Without censoring the test is exact.
///
/// The statistic is (k − 1)/k·Σ S²/v, S the score of a group and v the mean of S² over all permutations, and the p-value the share
/// of permutations, the data being one of them, whose statistic is as large.
fn permuted(pooled: &Pooled, competes: bool, most: usize, task: &Task) -> Result<Option<GroupTest>> {
    at_least_two(pooled)?;
    if !pooled.entries.is_empty() || pooled.ends.len() > MOST_LEADS {
        return Ok(None);
    }
    let scores = |pooled: &Pooled| if competes { gray_scores(pooled, task) } else { log_rank_scores(pooled, task) };
    let observed = scores(pooled)?;
    let expected = expected_events(pooled, &observed);
    let too_often = is_biased(&expected) || competes && is_coarse(pooled, task)?;
    if !too_often || expected.iter().sum::<f64>() < 1.0 {
        return Ok(None);
    }
    let dealer = Dealer::new(pooled, task)?;
    let touched = pooled.ends.len() * 20 + dealer.times.len() * pooled.groups();
    let count = (WORK / touched).max(LEAST).min(most);
    let drawn: Vec<Vec<f64>> = (0..count as u64)
        .into_par_iter()
        .map(|number| {
            task.check()?;
            scores(&dealer.deal(number))
        })
        .collect::<Result<_>>()?;
    let (statistic, p_value) = rank(&observed, &drawn);
    let name = if competes { "Gray" } else { "log-rank" };
    Ok(Some(GroupTest {
        test: format!("{name} (by permutation)"),
        statistic,
        degrees: pooled.groups() - 1,
        p_value,
        sparse: expected.iter().filter(|e| **e < LEAST_EXPECTED).count(),
        coarse: false,
        permutations: count,
    }))
}

/// The statistic of scores among those of permutations, and the share of all of them that are as large.
fn rank(observed: &[f64], drawn: &[Vec<f64>]) -> (f64, f64) {
    let all = drawn.len() as f64 + 1.0;
    let mut variance: Vec<f64> = observed.iter().map(|s| s * s / all).collect();
    for scores in drawn {
        variance.iter_mut().zip(scores).for_each(|(v, s)| *v += s * s / all);
    }
    let k = observed.len() as f64;
    let of = |scores: &[f64]| {
        let terms = scores.iter().zip(&variance).filter(|(_, v)| **v > 0.0).map(|(s, v)| s * s / v);
        (k - 1.0) / k * terms.sum::<f64>()
    };
    let statistic = of(observed);
    // Equal up to rounding is equal.
    let as_large = drawn.iter().filter(|scores| of(scores) >= statistic * (1.0 - 1e-12)).count() as f64;
    (statistic, (as_large + 1.0) / all)
}

/// A step function that falls from 1: the share beyond each rank.
struct Falling(Vec<(u32, f64)>);

impl Falling {
    fn beyond(&self, rank: u32) -> f64 {
        let after = self.0.partition_point(|(r, _)| *r <= rank);
        after.checked_sub(1).and_then(|last| self.0.get(last)).map_or(1.0, |(_, share)| *share)
    }

    /// The rank after `rank` at which the share falls below `u` of what it is at `rank`; `None` if it does not.
    fn draw(&self, rank: u32, u: f64) -> Option<u32> {
        let wanted = u * self.beyond(rank);
        let at = self.0.partition_point(|(r, share)| *r <= rank || *share > wanted);
        self.0.get(at).map(|(r, _)| *r)
    }
}

/// How much of the censoring curve of a group is its own rather than chance: 1 − (k − 1)/Q, Q the log-rank statistic of
/// censoring (the shrinkage of W. James and C. Stein, "Estimation with quadratic loss", 1961); 1 where that cannot be found.
fn own_censoring(pooled: &Pooled, task: &Task) -> Result<f64> {
    let turned = |end: End| if end == End::Censored { End::Event } else { End::Censored };
    let ends = pooled.ends.iter().map(|(time, group, end)| (*time, *group, turned(*end))).collect();
    let censoring = Pooled { ends, entries: Vec::new(), from_start: pooled.from_start.clone() };
    let degrees = pooled.groups() as f64 - 1.0;
    match log_rank_pooled(&censoring, task) {
        Ok(test) => Ok((1.0 - degrees / test.statistic).max(0.0)),
        Err(Error::Undefined { .. }) => Ok(1.0),
        Err(e) => Err(e),
    }
}

/// A lead: its rank in time, its group, how it ends.
#[derive(Clone, Copy)]
struct Dealt {
    rank: u32,
    group: u32,
    end: End,
}

/// Deals the times of ends among leads.
struct Dealer<'a> {
    pooled: &'a Pooled,
    /// Distinct times, ascending.
    times: Vec<f64>,
    leads: Vec<Dealt>,
    /// Share without an end.
    free: Falling,
    /// Of each time, the share of events among ends.
    events: Vec<f64>,
    /// Share not censored, of each group and of all.
    seen: Vec<Falling>,
    seen_of_all: Falling,
    /// How far the censoring of groups differs by more than chance, from 0 to 1.
    own: f64,
}

impl<'a> Dealer<'a> {
    fn new(pooled: &'a Pooled, task: &Task) -> Result<Self> {
        let all = pooled.together();
        let times = all.time.clone();
        let rank = |time: f64| times.partition_point(|t| *t < time) as u32;
        let mut leads: Vec<Dealt> = pooled
            .ends
            .iter()
            .map(|(time, group, end)| Dealt { rank: rank(*time), group: *group, end: *end })
            .collect();
        // In one order, from whichever runs they come.
        leads.sort_unstable_by_key(|lead| (lead.rank, lead.group, lead.end as u8));
        let uncensored = |table: &RiskTable| {
            let ends = table.events.iter().zip(&table.competing);
            let rows = table.time.iter().zip(&table.at_risk).zip(ends).zip(&table.censored);
            let mut share = 1.0;
            // Of leads that end at one time, those that are censored are censored after the others.
            let steps = rows.filter(|(_, censored)| **censored > 0).map(|(((time, n), (d, c)), censored)| {
                share *= 1.0 - *censored as f64 / (n - d - c) as f64;
                (rank(*time), share)
            });
            Falling(steps.collect())
        };
        let seen = pooled.apart().iter().map(uncensored).collect();
        let seen_of_all = uncensored(&all);
        let ends = |i: usize| (all.events.get(i).copied().unwrap_or(0), all.competing.get(i).copied().unwrap_or(0));
        let events = (0..times.len()).map(|i| ends(i).0 as f64 / (ends(i).0 + ends(i).1).max(1) as f64).collect();
        let mut share = 1.0;
        let steps = all.at_risk.iter().enumerate().filter(|(i, _)| ends(*i) != (0, 0)).map(|(i, n)| {
            share *= 1.0 - (ends(i).0 + ends(i).1) as f64 / *n as f64;
            (i as u32, share)
        });
        let free = Falling(steps.collect());
        let own = own_censoring(pooled, task)?;
        Ok(Self { pooled, times, leads, free, events, seen, seen_of_all, own })
    }

    /// The data of one permutation.
    fn deal(&self, number: u64) -> Pooled {
        let mut random = Random(number);
        // When each lead ends, and when it is censored.
        let mut ends: Vec<(u32, End)> = Vec::with_capacity(self.leads.len());
        let mut censored: Vec<u32> = Vec::with_capacity(self.leads.len());
        for lead in &self.leads {
            if lead.end == End::Censored {
                let rank = self.free.draw(lead.rank, random.share()).unwrap_or(NEVER);
                let is_event = self.events.get(rank as usize).is_some_and(|share| random.share() < *share);
                ends.push((rank, if is_event { End::Event } else { End::Competing }));
                censored.push(lead.rank);
            } else {
                let of_group = self.seen.get(lead.group as usize).filter(|_| random.share() < self.own);
                let rank = of_group.and_then(|seen| seen.draw(lead.rank, random.share()));
                let rank = rank.or_else(|| self.seen_of_all.draw(lead.rank, random.share())).unwrap_or(NEVER);
                ends.push((lead.rank, lead.end));
                censored.push(rank);
            }
        }
        for i in (1..ends.len()).rev() {
            ends.swap(i, random.below(i as u64 + 1) as usize);
        }
        let last = self.times.len().saturating_sub(1) as u32;
        let dealt = self.leads.iter().zip(&ends).zip(&censored).map(|((lead, (rank, end)), censored)| {
            let (rank, end) = if rank <= censored { (*rank, *end) } else { (*censored, End::Censored) };
            let end = if rank == NEVER { End::Censored } else { end };
            Dealt { rank: rank.min(last), group: lead.group, end }
        });
        self.in_order(&dealt.collect::<Vec<_>>())
    }

    /// Leads in order of time, by counting.
    fn in_order(&self, leads: &[Dealt]) -> Pooled {
        let mut starts = vec![0usize; self.times.len() + 1];
        for lead in leads {
            if let Some(n) = starts.get_mut(lead.rank as usize + 1) {
                *n += 1;
            }
        }
        let mut before = 0;
        starts.iter_mut().for_each(|n| {
            before += *n;
            *n = before;
        });
        let mut ends = vec![(0.0, 0, End::Censored); leads.len()];
        for lead in leads {
            let Some(at) = starts.get_mut(lead.rank as usize) else { continue };
            if let (Some(slot), Some(time)) = (ends.get_mut(*at), self.times.get(lead.rank as usize)) {
                *slot = (*time, lead.group, lead.end);
            }
            *at += 1;
        }
        Pooled { ends, entries: Vec::new(), from_start: self.pooled.from_start.clone() }
    }
}

/// Random numbers of one permutation: SplitMix64, of its number.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::risk::Subject;
    use super::*;

    /// Leads of equal groups with exponential ends; censored at random, those of every other group earlier if `unequal`. Ends
    /// compete if they do. `slower` divides the rate of the first group.
    fn groups(k: usize, each: usize, seed: u64, unequal: bool, competes: bool, slower: f64) -> Vec<Vec<Subject>> {
        let mut random = Random(seed << 20);
        let mut drawn = |mean: f64| -mean * (1.0 - random.share()).ln();
        (0..k)
            .map(|group| {
                let mean = if group == 0 { 60.0 * slower } else { 60.0 };
                let spell = |_| {
                    let (end, other) = (drawn(mean).ceil(), if competes { drawn(90.0).ceil() } else { f64::INFINITY });
                    let censored = drawn(if unequal && group % 2 == 0 { 25.0 } else { 120.0 }).ceil();
                    let end = if end <= other.min(censored) {
                        (end, End::Event)
                    } else if other <= censored {
                        (other, End::Competing)
                    } else {
                        (censored, End::Censored)
                    };
                    Subject { entry: None, exit: end.0, end: end.1 }
                };
                (0..each).map(spell).collect()
            })
            .collect()
    }

    fn pooled(groups: &[Vec<Subject>]) -> Pooled {
        Pooled::new(&groups.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap()
    }

    /// How often equal groups, and groups of which one is slower, have p ≤ 0.05 by permutation and by χ².
    fn rejected(worlds: u64, k: usize, each: usize, unequal: bool, competes: bool, slower: f64) -> (f64, f64) {
        let both: Vec<(bool, bool)> = (0..worlds)
            .into_par_iter()
            .map(|seed| {
                let pooled = pooled(&groups(k, each, seed, unequal, competes, slower));
                let task = Task::new();
                let by_chi_square =
                    if competes { gray_pooled(&pooled, &task) } else { log_rank_pooled(&pooled, &task) };
                let by_permutation = permuted(&pooled, competes, 99, &task).unwrap().unwrap();
                assert_eq!(by_permutation.permutations, 99);
                (by_permutation.p_value <= 0.05, by_chi_square.unwrap().p_value <= 0.05)
            })
            .collect();
        let share = |of: fn(&(bool, bool)) -> bool| both.iter().filter(|b| of(b)).count() as f64 / worlds as f64;
        (share(|b| b.0), share(|b| b.1))
    }

    /// 30 groups of 10 leads in days. The Monte Carlo error is 0.015; χ² rejects 13 %.
    #[test]
    fn many_small_equal_groups_are_rejected_as_often_as_said() {
        for unequal in [false, true] {
            let (by_permutation, by_chi_square) = rejected(200, 30, 10, unequal, false, 1.0);
            assert!((0.005..0.095).contains(&by_permutation), "{unequal}: {by_permutation}");
            assert!(by_chi_square > 0.08, "{unequal}: {by_chi_square}");
        }
        let (by_permutation, _) = rejected(100, 10, 10, true, true, 1.0);
        assert!(by_permutation < 0.115, "{by_permutation}");
    }

    #[test]
    fn one_slower_group_among_small_ones_is_found() {
        let (by_permutation, _) = rejected(40, 10, 12, false, false, 12.0);
        assert!(by_permutation > 0.7, "{by_permutation}");
    }

    #[test]
    fn large_groups_are_compared_by_chi_square() {
        let task = Task::new();
        for competes in [false, true] {
            let pooled = pooled(&groups(3, 400, 1, true, competes, 1.3));
            let own = if competes { gray_pooled(&pooled, &task) } else { log_rank_pooled(&pooled, &task) };
            assert_eq!(compared(&pooled, competes, &task).unwrap(), own.unwrap());
        }
    }

    #[test]
    fn the_same_bits_for_any_order_of_leads_and_threads() {
        let mut spells = groups(12, 10, 3, true, true, 1.0);
        let task = Task::new();
        let first = permuted(&pooled(&spells), true, 99, &task).unwrap();
        spells.iter_mut().for_each(|group| group.reverse());
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let second = alone.install(|| permuted(&pooled(&spells), true, 99, &task).unwrap());
        assert!(first.is_some() && first == second, "{first:?} {second:?}");
    }
}
