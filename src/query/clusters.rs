//! Counts by cluster: of the leads of an account, or of the attempts of a lead.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::math::{HitsOfRows, effective_clusters, few_clusters};

/// Rows of a cluster that wait to be added up, besides the sums.
const WAITING: usize = 1 << 16;

/// How many of each cluster did each step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClusterCounts {
    keys: Vec<u64>,
    /// By cluster, then by step.
    counts: Vec<u64>,
    steps: usize,
    /// So many clusters, the first, are in order, each once.
    #[serde(default)]
    settled: usize,
}

impl ClusterCounts {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Number of clusters, once they are settled.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Clusters of equal size that say as much, by rows that did the first step; once they are settled.
    pub(crate) fn effective(&self) -> f64 {
        effective_clusters(self.shares(0, 0).map(|(_, rows)| rows as f64))
    }

    /// What to know where these are few; none without clusters.
    pub(crate) fn few(&self, unit: &str) -> Option<String> {
        (!self.is_empty()).then(|| few_clusters(self.len(), self.effective(), unit)).flatten()
    }

    /// Adds one lead, or attempt, that did some of so many steps to its cluster.
    pub(crate) fn add(&mut self, cluster: Option<u64>, steps: usize, did: impl Fn(usize) -> bool) {
        if let Some(cluster) = cluster {
            self.add_counts(cluster, steps, |k| u64::from(did(k)));
        }
    }

    fn add_counts(&mut self, cluster: u64, steps: usize, count: impl Fn(usize) -> u64) {
        self.steps = steps;
        // Attempts of a lead follow each other.
        if self.keys.last() != Some(&cluster) {
            if self.keys.len() > 2 * self.settled + WAITING {
                self.settle();
            }
            self.keys.push(cluster);
            self.counts.resize(self.keys.len() * steps, 0);
        }
        let at = self.counts.len().saturating_sub(steps);
        self.counts.iter_mut().skip(at).enumerate().for_each(|(k, n)| *n += count(k));
    }

    pub(crate) fn join(&mut self, later: &Self) {
        if self.is_empty() {
            self.clone_from(later);
            return;
        }
        let mut rows = later.each();
        // The first may go on where these end.
        if let Some((cluster, counts)) = rows.next() {
            self.add_counts(cluster, later.steps, |k| counts.get(k).copied().unwrap_or(0));
        }
        self.keys.extend(later.keys.iter().skip(1));
        self.counts.extend(later.counts.iter().skip(later.steps));
        if self.keys.len() > 2 * self.settled + WAITING {
            self.settle();
        }
    }

    /// Takes the counts of other clusters out of these.
    pub(crate) fn less(mut self, other: &Self) -> Self {
        self.settle();
        for (cluster, counts) in other.each() {
            if let Ok(at) = self.keys.binary_search(&cluster) {
                let own = self.counts.iter_mut().skip(at * self.steps);
                own.zip(counts).for_each(|(all, own)| *all = all.saturating_sub(*own));
            }
        }
        self
    }

    /// Puts clusters in order, each once.
    pub(crate) fn settle(&mut self) {
        if self.settled == self.keys.len() {
            return;
        }
        let mut order: Vec<(u64, usize)> = self.keys.iter().copied().zip(0..).collect();
        order.par_sort_unstable();
        let mut whole = Self { steps: self.steps, ..Self::default() };
        whole.keys.reserve(order.len());
        whole.counts.reserve(self.counts.len());
        for (key, i) in order {
            let Some(counts) = self.row(i) else { continue };
            if whole.keys.last() == Some(&key) {
                let at = whole.counts.len() - whole.steps;
                whole.counts.iter_mut().skip(at).zip(counts).for_each(|(a, b)| *a += b);
            } else {
                whole.keys.push(key);
                whole.counts.extend_from_slice(counts);
            }
        }
        whole.settled = whole.keys.len();
        *self = whole;
    }

    fn row(&self, i: usize) -> Option<&[u64]> {
        self.counts.get(i * self.steps..(i + 1) * self.steps)
    }

    /// Clusters and their counts by step.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u64, &[u64])> + Clone {
        self.keys.iter().copied().zip(self.counts.chunks_exact(self.steps.max(1)))
    }

    /// (hits, rows) of clusters: rows that did step `of`, and how many of them did step `k`.
    pub(crate) fn shares(&self, k: usize, of: usize) -> impl Iterator<Item = HitsOfRows> + Clone {
        let at = |counts: &[u64], k: usize| counts.get(k).copied().unwrap_or(0);
        self.each().map(move |(_, counts)| (at(counts, k), at(counts, of)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Independent of the order of clusters and of merges.
    #[test]
    fn clusters_are_counted_once() {
        let rows: Vec<(u64, u64)> = (0..1000u64).map(|i| (i * 7 % 13, i % 3)).collect();
        let of = |rows: &[(u64, u64)]| {
            let mut all = ClusterCounts::default();
            rows.iter().for_each(|(key, done)| all.add(Some(*key), 3, |k| k as u64 <= *done));
            all
        };
        let (mut whole, mut parts) = (of(&rows), ClusterCounts::default());
        rows.chunks(170).for_each(|part| parts.join(&of(part)));
        whole.settle();
        parts.settle();
        assert_eq!(whole, parts);
        assert_eq!(whole.len(), 13);
        let hits = |key: u64, k: u64| rows.iter().filter(|(other, done)| *other == key && k <= *done).count() as u64;
        for (key, counts) in whole.each() {
            assert_eq!(counts, [hits(key, 0), hits(key, 1), hits(key, 2)]);
        }
        let none = whole.clone().less(&parts);
        assert!(none.shares(2, 0).all(|counts| counts == (0, 0)) && none.len() == 13);
    }
}
