//! Tests and intervals for leads of accounts: a jackknife over groups of accounts.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use foldhash::fast::FixedState;
use rayon::prelude::*;

use super::curve::Curve;
use super::gray::gray_scores;
use super::left_out::without_each;
use super::risk::{Pooled, Subject};
use crate::error::{Error, Result};
use crate::math::{fisher_tail, student_quantile};
use crate::progress::Task;
use crate::survival::log_rank::{GroupTest, log_rank_score, quadratic_form, sparse};

/// Most groups of accounts; with as many degrees of freedom Student's t is normal to 2 %.
const BLOCKS: usize = 60;

/// Spells with the places of their groups, and the block of accounts they are left out with.
///
/// Leads of one account are not independent, so variances come from leaving out whole accounts: up to 60 blocks of
/// them, alike in size. U_b = T − T₍b₎ is what block b adds to a statistic T, its variance B/(B − 1)·Σ (U_b − Ū)² for sums
/// such as scores, (B − 1)/B·Σ (T₍b₎ − T̄)² for estimates (J. Shao, D. Tu, "The Jackknife and Bootstrap", 1995, section 5.5:
/// the grouped jackknife). Degrees of freedom follow the effective number of blocks, (Σn)²/Σn² − 1.
pub(crate) struct Blocks {
    spells: Vec<(u32, u32, Subject)>,
    sizes: Vec<f64>,
    pub(crate) accounts: usize,
}

impl Blocks {
    /// Deals accounts, largest first, to the block with the fewest leads.
    pub(crate) fn new(runs: &[Vec<(u32, Subject)>], clusters: &[Vec<u64>], places: &[u32]) -> Self {
        let mut counts: HashMap<u64, u64, FixedState> = HashMap::default();
        clusters.iter().flatten().for_each(|cluster| *counts.entry(*cluster).or_default() += 1);
        let mut order: Vec<(u64, u64)> = counts.into_iter().collect();
        order.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut smallest: BinaryHeap<Reverse<(u64, u32)>> =
            (0..order.len().min(BLOCKS) as u32).map(|block| Reverse((0, block))).collect();
        let mut block_of: HashMap<u64, u32, FixedState> =
            HashMap::with_capacity_and_hasher(order.len(), FixedState::default());
        for (cluster, leads) in &order {
            if let Some(mut least) = smallest.peek_mut() {
                least.0.0 += *leads;
                block_of.insert(*cluster, least.0.1);
            }
        }
        let mut sizes: Vec<(u32, u64)> = smallest.into_iter().map(|Reverse((size, block))| (block, size)).collect();
        sizes.sort_unstable();
        let sizes = sizes.into_iter().map(|(_, size)| size as f64).collect();
        let tagged = runs.iter().flatten().zip(clusters.iter().flatten());
        let block = |cluster: &u64| block_of.get(cluster).copied().unwrap_or(0);
        let place = |group: u32| places.get(group as usize).copied().unwrap_or(0);
        let spells = tagged.map(|((group, spell), cluster)| (place(*group), block(cluster), *spell)).collect();
        Self { spells, sizes, accounts: order.len() }
    }

    /// Effective number of blocks.
    fn effective(&self) -> f64 {
        let total: f64 = self.sizes.iter().sum();
        total * total / self.sizes.iter().map(|n| n * n).sum::<f64>()
    }

    /// Spells by group, with one block left out.
    fn groups(&self, n: usize, without: Option<u32>) -> Vec<Vec<Subject>> {
        let mut groups = vec![Vec::new(); n];
        for (place, block, spell) in &self.spells {
            if Some(*block) != without
                && let Some(group) = groups.get_mut(*place as usize)
            {
                group.push(*spell);
            }
        }
        groups
    }

    fn scores(&self, n: usize, competes: bool, without: Option<u32>, task: &Task) -> Result<(Vec<f64>, Pooled)> {
        let groups = self.groups(n, without);
        let pooled = Pooled::new(&groups.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        Ok((if competes { gray_scores(&pooled, task)? } else { log_rank_score(&pooled, task)? }, pooled))
    }

    /// The log-rank test, or Gray's where something competes: Hotelling's T² of the scores, T²·(B − q)/(q·(B − 1))
    /// distributed as F with q and B − q degrees of freedom under equality.
    pub(crate) fn test(&self, n: usize, competes: bool, task: &Task) -> Result<GroupTest> {
        let (score, pooled) = self.scores(n, competes, None, task)?;
        let blocks = self.sizes.len() as f64;
        let left: Vec<Vec<f64>> = (0..self.sizes.len() as u32)
            .into_par_iter()
            .map(|block| Ok(self.scores(n, competes, Some(block), task)?.0))
            .collect::<Result<_>>()?;
        let added: Vec<Vec<f64>> = left.iter().map(|l| score.iter().zip(l).map(|(all, l)| all - l).collect()).collect();
        let mean = |i: usize| added.iter().filter_map(|u| u.get(i)).sum::<f64>() / blocks;
        let means: Vec<f64> = (0..n).map(mean).collect();
        let mut variance = vec![0.0; n * n];
        for u in &added {
            let from_mean: Vec<f64> = u.iter().zip(&means).map(|(u, m)| u - m).collect();
            for (row, a) in variance.chunks_exact_mut(n).zip(&from_mean) {
                row.iter_mut().zip(&from_mean).for_each(|(v, b)| *v += a * b * blocks / (blocks - 1.0));
            }
        }
        let (effective, q) = (self.effective(), n as f64 - 1.0);
        if effective - q < 1.0 {
            let why = format!("a test of {n} groups needs more than {} accounts", self.accounts);
            return Err(Error::Undefined { metric: "comparison", why });
        }
        let (statistic, degrees) = quadratic_form(&score, &variance)?;
        let f = statistic * (effective - q) / (q * (effective - 1.0));
        let name = if competes { "Gray (by account)" } else { "log-rank (by account)" };
        let p = fisher_tail(f, q, effective - q);
        Ok(GroupTest {
            test: name.to_owned(),
            statistic,
            degrees,
            p_value: p,
            sparse: sparse(&pooled, &score),
            coarse: false,
        })
    }

    /// Widens the intervals of a curve of one group or of all leads: standard errors come from leaving out accounts,
    /// where they are larger.
    pub(crate) fn widen(&self, curve: &mut Curve, place: Option<u32>, confidence: f64, until: f64) -> Option<f64> {
        let own = |wanted: &u32| place.is_none_or(|place| place == *wanted);
        let mut sizes = vec![0.0f64; self.sizes.len()];
        for (_, block, _) in self.spells.iter().filter(|(place, ..)| own(place)) {
            sizes.iter_mut().skip(*block as usize).take(1).for_each(|n| *n += 1.0);
        }
        let blocks: Vec<u32> = sizes.iter().zip(0..).filter(|(n, _)| **n > 0.0).map(|(_, block)| block).collect();
        let b = blocks.len() as f64;
        let own_spells = self.spells.iter().filter(|(place, ..)| own(place)).map(|(_, block, spell)| (*block, *spell));
        let left = without_each(own_spells.collect(), &blocks, &curve.time, until);
        let errors = curve.standard_error.iter().zip(&left.errors).map(|(own, left)| left.max(*own)).collect();
        let total: f64 = sizes.iter().sum();
        let effective = total * total / sizes.iter().map(|n| n * n).sum::<f64>();
        // One account gives no between-account variance.
        let z = if b < 2.0 { f64::NAN } else { student_quantile((1.0 - confidence) / 2.0, (effective - 1.0).max(1.0)) };
        curve.take_errors(errors, z);
        (b >= 2.0).then_some(left.mean_error)
    }
}
