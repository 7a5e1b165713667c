//! Tests and intervals for leads of accounts: a jackknife over groups of accounts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::curve::Curve;
use super::gray::gray_scores;
use super::left_out::without_each;
use super::risk::{Pooled, Subject};
use crate::error::{Error, Result};
use crate::math::{effective_clusters, fisher_tail, student_quantile};
use crate::progress::Task;
use crate::survival::log_rank::{GroupTest, log_rank_scores, quadratic_form, sparse};

/// Most blocks of accounts; with as many degrees of freedom Student's t is normal to 2 %. A test of more than 30 groups takes two
/// for each.
const BLOCKS: usize = 60;

/// Spells with the places of their groups, and the block of accounts they are left out with.
///
/// Leads of one account are not independent, so variances come from leaving out whole accounts: up to 60 blocks of them, or two
/// per group, alike in size. U_b = T − T₍b₎ is what block b adds to a statistic T, its variance B/(B − 1)·Σ (U_b − Ū)² for sums
/// such as scores, (B − 1)/B·Σ (T₍b₎ − T̄)² for estimates (J. Shao, D. Tu, "The Jackknife and Bootstrap", 1995, section 5.5:
/// the grouped jackknife). Degrees of freedom follow the effective number of blocks, (Σn)²/Σn² − 1.
pub(crate) struct Blocks {
    spells: Vec<(u32, u32, Subject)>,
    sizes: Vec<f64>,
    pub(crate) accounts: usize,
    /// Accounts of equal size that say as much.
    pub(crate) effective_accounts: f64,
}

impl Blocks {
    /// Deals accounts, largest first, to the block with the fewest leads.
    pub(crate) fn new(runs: &[Vec<(u32, Subject)>], clusters: &[Vec<u64>], places: &[u32]) -> Self {
        let groups = places.iter().max().map_or(0, |last| *last as usize + 1);
        let dealt = DealtAccounts::new(clusters.iter().flatten().copied(), BLOCKS.max(2 * groups));
        let place = |group: u32| places.get(group as usize).copied().unwrap_or(0);
        let tagged = runs.iter().flatten().zip(&dealt.blocks);
        let spells = tagged.map(|((group, spell), block)| (place(*group), *block, *spell)).collect();
        Self { spells, sizes: dealt.sizes, accounts: dealt.accounts, effective_accounts: dealt.effective_accounts }
    }

    /// Effective number of blocks.
    fn effective(&self) -> f64 {
        effective_clusters(self.sizes.iter().copied())
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
        Ok((if competes { gray_scores(&pooled, task)? } else { log_rank_scores(&pooled, task)? }, pooled))
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
            permutations: 0,
        })
    }

    /// Widens the intervals of a curve of one group or of all leads: standard errors come from leaving out accounts,
    /// where they are larger.
    pub(crate) fn widen(&self, curve: &mut Curve, place: Option<u32>, confidence: f64, until: f64) -> Option<f64> {
        let own = self.spells.iter().filter(|(other, ..)| place.is_none_or(|place| place == *other));
        let spells = own.map(|(_, block, spell)| (*block, *spell));
        widen(curve, spells, self.sizes.len(), confidence, until)
    }
}

/// Widens the intervals of the curve of `spells`, each with its account.
pub(crate) fn widen_by_account(curve: &mut Curve, spells: &[Subject], accounts: &[u64], confidence: f64) {
    let dealt = DealtAccounts::new(accounts.iter().copied(), BLOCKS);
    let spells = dealt.blocks.iter().copied().zip(spells.iter().copied());
    widen(curve, spells, dealt.sizes.len(), confidence, 0.0);
}

/// The standard error of the restricted mean up to `until`; `None` for one block only.
fn widen(
    curve: &mut Curve,
    spells: impl Iterator<Item = (u32, Subject)> + Clone,
    most: usize,
    confidence: f64,
    until: f64,
) -> Option<f64> {
    let mut sizes = vec![0.0f64; most];
    for (block, _) in spells.clone() {
        if let Some(n) = sizes.get_mut(block as usize) {
            *n += 1.0;
        }
    }
    let blocks: Vec<u32> = sizes.iter().zip(0..).filter(|(n, _)| **n > 0.0).map(|(_, block)| block).collect();
    let b = blocks.len() as f64;
    let left = without_each(spells, &blocks, &curve.time, until);
    let errors = curve.standard_error.iter().zip(&left.errors).map(|(own, left)| left.max(*own)).collect();
    let effective = effective_clusters(sizes.iter().copied());
    // One account gives no between-account variance.
    let z = if b < 2.0 { f64::NAN } else { student_quantile((1.0 - confidence) / 2.0, (effective - 1.0).max(1.0)) };
    curve.take_errors(errors, z);
    (b >= 2.0).then_some(left.mean_error)
}

/// Spells of one account that follow each other: the account, the first spell, how many there are.
type AccountRun = (u64, u32, u32);

/// Accounts dealt to blocks alike in size.
struct DealtAccounts {
    /// The block of each spell.
    blocks: Vec<u32>,
    /// Spells of each block.
    sizes: Vec<f64>,
    accounts: usize,
    effective_accounts: f64,
}

impl DealtAccounts {
    /// Deals the accounts of spells, largest first, to the block with the fewest spells, of `most` blocks.
    fn new(account_of_each: impl Iterator<Item = u64>, most: usize) -> Self {
        // Spells of one account often follow each other.
        let mut runs: Vec<AccountRun> = Vec::new();
        let mut spells = 0u32;
        for account in account_of_each {
            match runs.last_mut() {
                Some((last, _, n)) if *last == account => *n += 1,
                _ => runs.push((account, spells, 1)),
            }
            spells += 1;
        }
        runs.par_sort_unstable();
        // Spells of each account, and its runs.
        let mut accounts: Vec<(u64, &[AccountRun])> =
            runs.chunk_by(|a, b| a.0 == b.0).map(|own| (own.iter().map(|(.., n)| u64::from(*n)).sum(), own)).collect();
        // Accounts are in order, which a stable sort keeps for those of one size.
        accounts.par_sort_by_key(|(n, _)| Reverse(*n));
        let mut smallest: BinaryHeap<Reverse<(u64, u32)>> =
            (0..accounts.len().min(most) as u32).map(|block| Reverse((0, block))).collect();
        let mut blocks = vec![0; spells as usize];
        for (n, own) in &accounts {
            let Some(mut least) = smallest.peek_mut() else { break };
            least.0.0 += n;
            for (_, first, n) in *own {
                let places = *first as usize..(*first + *n) as usize;
                blocks.get_mut(places).into_iter().flatten().for_each(|block| *block = least.0.1);
            }
        }
        let mut sizes: Vec<(u32, u64)> = smallest.into_iter().map(|Reverse((size, block))| (block, size)).collect();
        sizes.sort_unstable();
        Self {
            blocks,
            sizes: sizes.into_iter().map(|(_, size)| size as f64).collect(),
            accounts: accounts.len(),
            effective_accounts: effective_clusters(accounts.iter().map(|(n, _)| *n as f64)),
        }
    }
}
