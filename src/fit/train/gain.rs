//! Whether what held-out rows gain will last: by the origins of folds forward in time, from the first to the latest.
//!
//! A shape or a pair that lowers the mean loss of the folds may do so on one of them only, or no longer. It is kept if most
//! origins gain, the later ones do, and the mean gain exceeds a bound. For a shape, which no test was made for, that is its
//! standard error over the origins, which the median has to exceed too: a large gain at a single origin does not count. A pair has
//! been screened: if chance explains it with a probability of 0.001 at most, any gain will do; else it has to exceed its
//! standard error (L. Breiman et al., "Classification and Regression Trees", 1984, §3.4.3) from the paired gains of leads, or
//! accounts, of all origins, because few origins estimate their own spread badly.

use std::collections::HashMap;

use crate::fit::cross_validation::HeldOut;

/// Probability of a screened pair by chance, corrected for the number of pairs, below which any gain is enough.
const SURE: f64 = 1e-3;

/// Gains of log loss by origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gain {
    origins: Vec<f64>,
    /// Standard error of their mean, from the gains of leads, or accounts.
    pooled: f64,
}

impl Gain {
    /// From losses by origin and of rows, before and after; rows of one cluster depend on each other.
    pub(super) fn of(before: (&[f64], &[HeldOut]), after: (&[f64], &[HeldOut]), clusters: &[u32]) -> Self {
        let origins: Vec<f64> = before.0.iter().zip(after.0).map(|(b, a)| b - a).collect();
        let mut sums: HashMap<u32, f64> = HashMap::new();
        for (b, a) in before.1.iter().zip(after.1) {
            let mean = origins.get(b.fold).copied().unwrap_or(0.0);
            let cluster = clusters.get(b.row).copied().unwrap_or(0);
            *sums.entry(cluster).or_default() += b.share * (b.loss - a.loss - mean);
        }
        let (count, folds) = (sums.len() as f64, origins.len() as f64);
        let mut squares: Vec<f64> = sums.values().map(|s| s * s).collect();
        // The same bits for any order of the clusters.
        squares.sort_unstable_by(f64::total_cmp);
        let pooled = (crate::math::sum(&squares) * count / (count - 1.0)).sqrt() / folds;
        Self { origins, pooled }
    }

    fn mean(&self) -> f64 {
        self.origins.iter().sum::<f64>() / self.origins.len() as f64
    }

    fn standard_error(&self) -> f64 {
        let (n, mean) = (self.origins.len() as f64, self.mean());
        (self.origins.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()
    }

    fn median(&self) -> f64 {
        let mut sorted = self.origins.clone();
        sorted.sort_by(f64::total_cmp);
        crate::math::quantile_sorted(&sorted, 0.5)
    }

    /// Whether most origins gain, and the later half of them.
    fn holds_on(&self) -> bool {
        let later: f64 = self.origins.iter().skip(self.origins.len() / 2).sum();
        self.origins.len() > 1 && later > 0.0 && self.median() > 0.0
    }

    /// Whether the gain of a pair lasts that chance explains with probability `p`.
    pub(super) fn lasts(&self, p: f64) -> bool {
        self.holds_on() && self.mean() > if p <= SURE { 0.0 } else { self.pooled }
    }

    /// Whether the gain of a shape lasts.
    pub(super) fn is_steady(&self) -> bool {
        self.holds_on() && self.mean().min(self.median()) > self.standard_error()
    }
}

impl std::fmt::Display for Gain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gains: Vec<String> = self.origins.iter().map(|g| format!("{g:+.5}")).collect();
        write!(f, "gain by origin {}", gains.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_last_if_most_origins_and_the_latest_have_them() {
        let gain = |gains: &[f64]| Gain { origins: gains.to_vec(), pooled: 0.0 };
        assert!(gain(&[0.010, 0.012, 0.008, -0.001, 0.009]).is_steady());
        assert!(!gain(&[0.030, 0.032, 0.002, -0.003, -0.001]).lasts(0.0), "the later ones lose");
        assert!(!gain(&[0.030, -0.001, -0.002, -0.002, 0.029]).lasts(0.0), "most lose");
        let one = gain(&[0.0005, -0.0005, 0.0005, 0.0002, 0.005]);
        assert!(one.lasts(0.01) && !one.is_steady(), "one origin gains most");
        assert!(!gain(&[0.01]).lasts(0.0));
        // What may be chance has to exceed the standard error; what cannot be need not.
        let uncertain = Gain { pooled: 0.01, ..gain(&[0.010, 0.012, 0.008, -0.001, 0.009]) };
        assert!(!uncertain.lasts(0.005) && uncertain.lasts(0.0005));
    }

    /// By hand: gains of rows minus the gains of their origins, summed by lead.
    #[test]
    fn gains_of_one_lead_are_not_independent() {
        let held = |losses: [f64; 4]| -> Vec<HeldOut> {
            let row = |(row, loss): (usize, f64)| HeldOut { fold: row / 2, row, share: 0.5, loss };
            losses.into_iter().enumerate().map(row).collect()
        };
        let (before, after) = (held([0.5, 0.5, 0.4, 0.4]), held([0.3, 0.5, 0.4, 0.5]));
        let of = |clusters: [u32; 4]| Gain::of((&[0.5, 0.4], &before), (&[0.4, 0.45], &after), &clusters);
        let gain = of([7, 8, 7, 8]);
        assert_eq!(gain.to_string(), "gain by origin +0.10000, -0.05000");
        assert!((gain.pooled - 0.075).abs() < 1e-12, "{gain:?}");
        // Rows that each stand for themselves: √(4/3·Σe²)/2.
        assert!((of([1, 2, 3, 4]).pooled - (4.0f64 / 3.0 * 0.00625).sqrt() / 2.0).abs() < 1e-12);
    }
}
