//! Removal effects of a Markov chain.
//!
//! P(i → j) is the share of the transitions from state i that went to j; h(i), the chance of converting from i, solves
//! h = Q·h + r. Removing a channel sends all that would enter a state that contains it to no conversion: h of those
//! states is 0. With p the chance from the start, the effect of a channel is 1 − p without it / p, and credit is in
//! proportion to effects. (E. Anderl, I. Becker, F. von Wangenheim, J. H. Schumann, "Mapping the customer journey",
//! International Journal of Research in Marketing 33 (2016).)

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::chain::{ChannelState, Outflow};
use crate::error::{Error, Result};
use crate::math::solve;
use crate::progress::Task;

/// What a chain says of each channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Removal {
    /// Chance of converting.
    pub(super) rate: f64,
    /// Effect of removing each channel on conversions, 0 to 1.
    pub(super) effect: Vec<f64>,
    /// The same on value.
    pub(super) value_effect: Vec<f64>,
}

/// Most sweeps of the solver.
const SWEEPS: usize = 200_000;
/// Sweeps after which a chain of at most so many states is solved by elimination.
const PATIENCE: usize = 3_000;
const DENSE: usize = 3_000;
/// States between two looks at whether the work is to end.
const OFTEN: usize = 8_192;

struct MarkovChain {
    /// Per state: next states with their chances; chance of converting and expected value at once.
    next: Vec<Vec<(usize, f64)>>,
    converts: Vec<f64>,
    value: Vec<f64>,
    /// States, by the channels they contain.
    containing: Vec<Vec<usize>>,
    start: usize,
}

impl MarkovChain {
    fn new(counts: &BTreeMap<ChannelState, Outflow>, order: usize, channels: usize, task: &Task) -> Result<Self> {
        let index: HashMap<&ChannelState, usize> = counts.keys().zip(0..).collect();
        let mut chain = Self {
            next: Vec::with_capacity(counts.len()),
            converts: Vec::with_capacity(counts.len()),
            value: Vec::with_capacity(counts.len()),
            containing: vec![Vec::new(); channels],
            start: index.get(&ChannelState::new()).copied().unwrap_or(0),
        };
        for (i, (state, out)) in counts.iter().enumerate() {
            if i % OFTEN == 0 {
                task.check()?;
            }
            let total = (out.next.values().sum::<u64>() + out.converted + out.ended) as f64;
            let to = |channel: u32| {
                let mut to = state.clone();
                if to.len() == order {
                    to.remove(0);
                }
                to.push(channel);
                index.get(&to).copied()
            };
            chain.next.push(out.next.iter().filter_map(|(c, n)| Some((to(*c)?, *n as f64 / total))).collect());
            chain.converts.push(out.converted as f64 / total);
            chain.value.push(out.value / total);
            let mut inside = state.clone();
            inside.sort_unstable();
            inside.dedup();
            for c in inside {
                if let Some(list) = chain.containing.get_mut(c as usize) {
                    list.push(i);
                }
            }
        }
        Ok(chain)
    }

    /// Expected reward from each state, with the `removed` states worth nothing: Gauss–Seidel from the last state to the
    /// first, from a first guess, until the remainder is below rounding. Chains that are almost never absorbed take long:
    /// those are solved by elimination, if they are not too large.
    fn expect(&self, reward: &[f64], removed: &[usize], guess: &[f64], task: &Task) -> Result<Vec<f64>> {
        let n = self.next.len();
        let mut gone = vec![false; n];
        for i in removed {
            if let Some(g) = gone.get_mut(*i) {
                *g = true;
            }
        }
        let scale = reward.iter().fold(0.0f64, |m, r| m.max(r.abs()));
        let mut h: Vec<f64> = guess.iter().zip(&gone).map(|(r, g)| if *g { 0.0 } else { *r }).collect();
        let mut before = f64::INFINITY;
        for sweep in 0..SWEEPS {
            if sweep == PATIENCE && n <= DENSE {
                return self.eliminate(reward, &gone);
            }
            let mut change = 0.0f64;
            for i in (0..n).rev() {
                if i % OFTEN == 0 {
                    task.check()?;
                }
                if gone.get(i).copied().unwrap_or(true) {
                    continue;
                }
                let (Some(next), Some(r)) = (self.next.get(i), reward.get(i)) else { continue };
                let (mut sum, mut own) = (*r, 0.0);
                for (j, p) in next {
                    if *j == i {
                        own += p;
                    } else {
                        sum += p * h.get(*j).copied().unwrap_or(0.0);
                    }
                }
                let value = sum / (1.0 - own);
                if let Some(slot) = h.get_mut(i) {
                    change = change.max((value - *slot).abs());
                    *slot = value;
                }
            }
            // Changes shrink like a geometric series; the remainder is change·ρ/(1 − ρ).
            let rho = if before > 0.0 && before.is_finite() { (change / before).min(0.999_999) } else { 0.999_999 };
            if change == 0.0 || change * rho / (1.0 - rho) <= 1e-16 * scale.max(f64::MIN_POSITIVE) {
                return Ok(h);
            }
            before = change;
        }
        Err(Error::Undefined {
            metric: "Markov attribution",
            why: format!(
                "{n} states are almost never absorbed; shorten paths with lookback= or path=\"collapse\", or lower order="
            ),
        })
    }

    /// The same by elimination.
    fn eliminate(&self, reward: &[f64], gone: &[bool]) -> Result<Vec<f64>> {
        let n = self.next.len();
        let (mut a, mut b) = (vec![0.0; n * n], vec![0.0; n]);
        for (i, next) in self.next.iter().enumerate() {
            let out = gone.get(i).copied().unwrap_or(true);
            if let Some(one) = a.get_mut(i * n + i) {
                *one += 1.0;
            }
            if out {
                continue;
            }
            for (j, p) in next {
                if let Some(cell) = a.get_mut(i * n + j) {
                    *cell -= p;
                }
            }
            if let (Some(b), Some(r)) = (b.get_mut(i), reward.get(i)) {
                *b = *r;
            }
        }
        solve(a, b, n).ok_or_else(|| Error::Undefined {
            metric: "Markov attribution",
            why: "the transition matrix is singular".into(),
        })
    }
}

/// Removal effects of all channels, from the counts of a chain of this order.
pub(super) fn removal(
    counts: &BTreeMap<ChannelState, Outflow>,
    order: usize,
    channels: usize,
    task: &Task,
) -> Result<Removal> {
    let chain = MarkovChain::new(counts, order, channels, task)?;
    let at_start = |h: &[f64]| h.get(chain.start).copied().unwrap_or(0.0);
    let converts = chain.expect(&chain.converts, &[], &chain.converts, task)?;
    let values = chain.expect(&chain.value, &[], &chain.value, task)?;
    let rate = at_start(&converts);
    let effects: Vec<(f64, f64)> = chain
        .containing
        .par_iter()
        .map(|states| {
            if states.is_empty() {
                return Ok((0.0, 0.0));
            }
            let effect = |reward: &[f64], whole: &[f64]| -> Result<f64> {
                if at_start(whole) <= 0.0 {
                    return Ok(0.0);
                }
                let without = at_start(&chain.expect(reward, states, whole, task)?);
                Ok((1.0 - without / at_start(whole)).clamp(0.0, 1.0))
            };
            let conversions = effect(&chain.converts, &converts)?;
            // Refunds can make losses of gains: value then follows conversions.
            let amounts =
                if counts.values().any(|o| o.negative) { conversions } else { effect(&chain.value, &values)? };
            Ok((conversions, amounts))
        })
        .collect::<Result<_>>()?;
    let (effect, value_effect) = effects.into_iter().unzip();
    Ok(Removal { rate, effect, value_effect })
}
