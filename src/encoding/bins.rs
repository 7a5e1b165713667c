//! Bins of a number, for interactions.

use serde::{Deserialize, Serialize};

use crate::math::quantile_sorted;

/// Ranges of a number: below the first edge, from an edge up to the next, from the last one on. Of a number with few
/// values each is one value, and what lies up to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bins {
    edges: Vec<f64>,
    /// The lowest value, where each bin is of one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<f64>,
}

/// A number with at most so many values has a bin for each.
const VALUES: usize = 32;
/// Bins of others, with about the same number of rows each.
const QUANTILE_BINS: usize = 16;

impl Bins {
    /// Bins of `values`; NaN is missing.
    #[must_use]
    pub(crate) fn fit(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup();
        if distinct.len() <= VALUES {
            return Self { first: distinct.first().copied(), edges: distinct.into_iter().skip(1).collect() };
        }
        let mut edges: Vec<f64> = (1..QUANTILE_BINS)
            .map(|k| quantile_sorted(&sorted, k as f64 / QUANTILE_BINS as f64))
            .filter(|e| sorted.first().is_some_and(|low| e > low))
            .collect();
        edges.dedup();
        Self { edges, first: None }
    }

    /// Number of bins.
    pub(crate) fn count(&self) -> usize {
        self.edges.len() + 1
    }

    /// Where each bin but the first begins.
    pub(crate) fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Bin of a number that is not missing.
    pub(crate) fn bin(&self, value: f64) -> usize {
        self.edges.partition_point(|e| *e <= value)
    }

    /// What each bin holds.
    pub(crate) fn names(&self) -> Vec<String> {
        // Three decimals, or as many as distinguish neighbours.
        let texts = |digits: usize| -> Vec<String> {
            let text = |x: &f64| {
                let text = format!("{x:.digits$}");
                if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
            };
            self.first.iter().chain(&self.edges).map(text).collect()
        };
        let apart = |t: &Vec<String>| t.windows(2).all(|w| w.first() != w.last());
        let edges = (3..17).map(texts).find(apart).unwrap_or_else(|| texts(17));
        if self.first.is_some() {
            return edges;
        }
        let mut names: Vec<String> = edges.first().iter().map(|e| format!("below {e}")).collect();
        names.extend(edges.windows(2).map(|w| match w {
            [a, b] => format!("{a} to {b}"),
            _ => String::new(),
        }));
        names.push(edges.last().map_or_else(|| "any".to_owned(), |e| format!("{e} and more")));
        names
    }

    /// Whether edges ascend and are finite.
    pub(crate) fn is_usable(&self) -> bool {
        let all = || self.first.iter().chain(&self.edges);
        all().is_sorted_by(|a, b| a < b) && all().all(|e| e.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_and_many() {
        let few = Bins::fit(&[1.0, 3.0, f64::NAN, 2.0, 2.0]);
        assert_eq!(few.names(), ["1", "2", "3"]);
        assert_eq!([0.5, 1.0, 2.0, 2.9, 3.0, 9.0].map(|x| few.bin(x)), [0, 0, 1, 1, 2, 2]);
        let many = Bins::fit(&(0..1600).map(f64::from).collect::<Vec<_>>());
        assert_eq!(many.count(), 16);
        let mut rows = vec![0; 16];
        (0..1600).for_each(|i| rows[many.bin(f64::from(i))] += 1);
        assert!(rows.iter().all(|n| (99..=101).contains(n)), "{rows:?}");
        // Two thirds of all rows have one value.
        let heavy: Vec<f64> = (0..3000).map(|i| if i < 2000 { 0.0 } else { f64::from(i) }).collect();
        assert!(Bins::fit(&heavy).is_usable());
        let close = Bins::fit(&(0..2000).map(|i| 1e-4 + f64::from(i) * 1e-9).collect::<Vec<_>>()).names();
        assert!(close.iter().enumerate().all(|(i, n)| !close[..i].contains(n)), "{close:?}");
        assert_eq!(Bins::fit(&[100.0, 200.0, 1e300]).names()[..2], ["100", "200"]);
        assert_eq!((many.names()[0].as_str(), many.names()[15].as_str()), ("below 99.938", "1499.062 and more"));
        assert_eq!(Bins::fit(&[f64::NAN]).count(), 1);
        assert_eq!(Bins::fit(&[]).names(), ["any"]);
    }
}
