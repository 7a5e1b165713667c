//! Counts of a Markov chain over paths, of any order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::paths::Touch;
use crate::progress::Task;

/// A state: the last channels of a path, at most as many as the order, oldest first; empty at the start.
pub(super) type ChannelState = Vec<u32>;

/// Where transitions from one state went.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outflow {
    /// Next channel and how often.
    pub(super) next: BTreeMap<u32, u64>,
    pub(super) converted: u64,
    pub(super) value: f64,
    /// The chain contains a negative value.
    pub(super) negative: bool,
    pub(super) ended: u64,
}

/// Counts of a chain while paths come in: a flat table where it is small enough, else a tree.
#[derive(Debug, Clone)]
pub(super) struct ChainCounter {
    order: usize,
    channels: usize,
    /// Per state (digits of base channels + 1, 0 for none): counts of next channels, conversions, ends.
    table: Vec<u64>,
    /// Per state, where the state after it starts, to which the next channel is added.
    after: Vec<usize>,
    value: Vec<f64>,
    negative: bool,
    tree: BTreeMap<ChannelState, Outflow>,
}

/// Largest flat table.
const FLAT: usize = 1 << 20;

impl ChainCounter {
    pub(super) fn new(order: usize, channels: usize) -> Self {
        let states = (channels + 1).checked_pow(order as u32).filter(|s| s.saturating_mul(channels + 2) <= FLAT);
        let (table, value) = states.map_or((Vec::new(), Vec::new()), |s| (vec![0; s * (channels + 2)], vec![0.0; s]));
        let (base, drop) = (channels + 1, (channels + 1).checked_pow(order as u32 - 1).unwrap_or(1));
        let after = (0..value.len()).map(|state| state % drop * base).collect();
        Self { order, channels, table, after, value, negative: false, tree: BTreeMap::new() }
    }

    /// Adds a path with at least one touch, `weight` times.
    pub(super) fn add(&mut self, touches: &[Touch], value: Option<f64>, weight: u64) {
        self.negative |= value.is_some_and(|v| v < 0.0);
        if self.table.is_empty() {
            self.add_to_tree(touches, value, weight);
            return;
        }
        let width = self.channels + 2;
        let mut state = 0usize;
        for t in touches {
            let channel = t.channel as usize;
            if let Some(n) = self.table.get_mut(state * width + channel) {
                *n += weight;
            }
            state = self.after.get(state).map_or(0, |after| after + channel + 1);
        }
        let end = self.channels + usize::from(value.is_none());
        if let Some(n) = self.table.get_mut(state * width + end) {
            *n += weight;
        }
        if let (Some(v), Some(sum)) = (value, self.value.get_mut(state)) {
            *sum += v * weight as f64;
        }
    }

    fn add_to_tree(&mut self, touches: &[Touch], value: Option<f64>, weight: u64) {
        let mut state: ChannelState = Vec::new();
        for t in touches {
            *self.tree.entry(state.clone()).or_default().next.entry(t.channel).or_default() += weight;
            if state.len() == self.order {
                state.remove(0);
            }
            state.push(t.channel);
        }
        let out = self.tree.entry(state).or_default();
        match value {
            Some(v) => {
                out.converted += weight;
                out.value += v * weight as f64;
            }
            None => out.ended += weight,
        }
    }

    /// Counts of both; if the task is to end, of a part.
    pub(super) fn join(mut self, later: Self, task: &Task) -> Self {
        self.table.iter_mut().zip(later.table).for_each(|(a, b)| *a += b);
        self.value.iter_mut().zip(later.value).for_each(|(a, b)| *a += b);
        self.negative |= later.negative;
        for (number, (state, out)) in later.tree.into_iter().enumerate() {
            if number % 1024 == 0 && task.check().is_err() {
                break;
            }
            merge(self.tree.entry(state).or_default(), out);
        }
        self
    }

    /// The counts by state.
    pub(super) fn states(self) -> BTreeMap<ChannelState, Outflow> {
        let (base, width) = (self.channels + 1, self.channels + 2);
        let mut tree = self.tree;
        for ((code, row), value) in self.table.chunks_exact(width).enumerate().zip(&self.value) {
            if row.iter().all(|n| *n == 0) {
                continue;
            }
            let mut state = Vec::new();
            let mut rest = code;
            while rest > 0 {
                state.insert(0, (rest % base) as u32 - 1);
                rest /= base;
            }
            let counts = (0u32..).zip(row).take(self.channels).filter(|(_, n)| **n > 0);
            let out = Outflow {
                next: counts.map(|(c, n)| (c, *n)).collect(),
                converted: row.get(self.channels).copied().unwrap_or(0),
                value: *value,
                negative: false,
                ended: row.get(self.channels + 1).copied().unwrap_or(0),
            };
            tree.insert(state, out);
        }
        if self.negative {
            tree.values_mut().for_each(|out| out.negative = true);
        }
        tree
    }
}

pub(super) fn merge(mine: &mut Outflow, theirs: Outflow) {
    for (channel, n) in theirs.next {
        *mine.next.entry(channel).or_default() += n;
    }
    mine.converted += theirs.converted;
    mine.value += theirs.value;
    mine.negative |= theirs.negative;
    mine.ended += theirs.ended;
}
