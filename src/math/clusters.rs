//! Shares whose rows come in clusters (leads of one account): rows of a cluster are not independent.

use super::{Interval, RateComparison, student_quantile, student_tail, wilson_within};

/// Clusters below which intervals and tests say that they rest on few.
pub const FEW_CLUSTERS: usize = 40;

/// A share of rows, and how much its clusters say of it.
///
/// With x of n rows of cluster c hits, p = Σx/Σn and w = n/Σn, the variance is Σ (x − pn)²/((Σn)²(1 − w)): each cluster's
/// sum of residuals, corrected for its own weight in p (CR2 of R. M. Bell, D. F. McCaffrey, "Bias reduction in standard
/// errors for linear regression with multi-stage samples", Survey Methodology 28 (2002)). Degrees of freedom follow
/// the effective number of clusters, 1/Σw² − 1 (A. V. Carter, K. T. Schnepel, D. G. Steigerwald, "Asymptotic behavior of a
/// t-test robust to cluster heterogeneity", Review of Economics and Statistics 99 (2017)): G − 1 for equal sizes, fewer
/// where a few clusters are large. Simulated coverage of 95 % intervals: 93–98 % for 5 to 300 clusters, equal or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredShare {
    /// Share of hits, p.
    pub share: f64,
    /// Its variance; 0 where no cluster differs from p.
    pub variance: f64,
    /// Number of rows.
    pub rows: f64,
    /// Clusters with rows.
    pub clusters: usize,
    /// Effective number of clusters, 1/Σw².
    pub effective_clusters: f64,
}

impl ClusteredShare {
    /// The share of (hits, rows) per cluster.
    #[must_use]
    pub fn new(counts: impl Iterator<Item = (u64, u64)> + Clone) -> Self {
        let counts = counts.filter(|(_, n)| *n > 0);
        let (mut hits, mut rows, mut squares, mut clusters) = (0u64, 0u64, 0u128, 0);
        for (x, n) in counts.clone() {
            hits += x;
            rows += n;
            squares += u128::from(n) * u128::from(n);
            clusters += 1;
        }
        let (total, share) = (rows as f64, hits as f64 / rows as f64);
        let of = |(x, n): (u64, u64)| {
            let residual = (x as f64 - share * n as f64) / total;
            residual * residual / (1.0 - n as f64 / total)
        };
        let variance = if clusters > 1 { counts.map(of).sum() } else { f64::NAN };
        Self { share, variance, rows: total, clusters, effective_clusters: total * total / squares as f64 }
    }

    /// Independent rows that would say as much, p(1 − p)/variance, not more than there are. Where all rows or none are
    /// hits the correlation within clusters is unknown, and each cluster counts as one row.
    #[must_use]
    pub fn effective_rows(&self) -> f64 {
        if self.clusters < 2 {
            return 0.0;
        }
        let own = self.share * (1.0 - self.share);
        if own <= 0.0 || self.variance <= 0.0 {
            return self.effective_clusters;
        }
        (own / self.variance).min(self.rows)
    }

    /// Degrees of freedom of the variance.
    #[must_use]
    pub fn degrees(&self) -> f64 {
        (self.effective_clusters - 1.0).max(1.0)
    }

    /// Wilson's interval for the effective number of rows, with Student's quantile.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Interval {
        wilson_within(self.share, self.effective_rows(), student_quantile((1.0 - confidence) / 2.0, self.degrees()))
    }
}

/// Hits and rows of one cluster in a share.
pub type HitsOfRows = (u64, u64);

/// Compares two shares whose clusters may be in both: (hits, rows) of the first and of the second per cluster.
///
/// The interval combines the intervals of both shares as Newcombe's does, with the correlation that clusters in both
/// cause (R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired
/// data", Statistics in Medicine 17 (1998), method 10). The test is that of the pooled share: z = d/√Σe², where e is a
/// cluster's sum of residuals from the pooled share, in the first by its rows less in the second, with Student's t.
#[must_use]
pub fn compare_clustered(counts: &[(HitsOfRows, HitsOfRows)], confidence: f64) -> RateComparison {
    let first = ClusteredShare::new(counts.iter().map(|c| c.0));
    let second = ClusteredShare::new(counts.iter().map(|c| c.1));
    let (p1, p2) = (first.share, second.share);
    let pooled = (p1 * first.rows + p2 * second.rows) / (first.rows + second.rows);
    let residual = |(x, n): (u64, u64), p: f64, rows: f64| (x as f64 - p * n as f64) / rows;
    let (mut variance, mut together) = (0.0, 0.0);
    for (a, b) in counts {
        let weight = (a.1 + b.1) as f64 / (first.rows + second.rows);
        let e = residual(*a, pooled, first.rows) - residual(*b, pooled, second.rows);
        variance += e * e / (1.0 - weight).max(1e-12);
        let leverage = (1.0 - a.1 as f64 / first.rows) * (1.0 - b.1 as f64 / second.rows);
        together += residual(*a, p1, first.rows) * residual(*b, p2, second.rows) / leverage.max(1e-12).sqrt();
    }
    let correlation = together / (first.variance * second.variance).sqrt();
    let correlation = if correlation.is_finite() { correlation.clamp(-1.0, 1.0) } else { 0.0 };
    let difference = p1 - p2;
    let (a, b) = (first.interval(confidence), second.interval(confidence));
    let joined = |own: f64, other: f64| (own * own + other * other - 2.0 * correlation * own * other).max(0.0).sqrt();
    let interval = Interval {
        low: difference - joined(p1 - a.low, b.high - p2),
        high: difference + joined(a.high - p1, p2 - b.low),
    };
    let z = if difference == 0.0 { 0.0 } else { difference / variance.sqrt() };
    // Both shares must be known: that with fewer clusters decides.
    let degrees = first.degrees().min(second.degrees());
    RateComparison::new((p1, p2), interval, (z, 2.0 * student_tail(z.abs(), degrees)))
}

/// What to know where intervals rest on few clusters of a unit (accounts, leads); none with enough clusters.
///
/// Clusters of unequal size count as `effective` of equal size, (Σn)²/Σn²: one account with 30 % of the leads leaves at most 11,
/// however many others there are (Carter, Schnepel and Steigerwald, as above).
#[must_use]
pub fn few_clusters(clusters: usize, effective: f64, unit: &str) -> Option<String> {
    let few = FEW_CLUSTERS as f64;
    // Rounding does not make equal clusters unequal.
    (effective < few - 1e-6).then(|| {
        let sizes = if effective < 0.9 * clusters as f64 {
            format!(" of unequal size, as few as {effective:.1} of equal size")
        } else {
            String::new()
        };
        format!(
            "intervals and tests are based on {clusters} {unit}{sizes}; below {FEW_CLUSTERS} they are wide and approximate, so \
             compare them with longer data before you act on them"
        )
    })
}

/// Clusters of equal size that say as much as clusters of these sizes, (Σn)²/Σn².
#[must_use]
pub fn effective_clusters(sizes: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = sizes.fold((0.0, 0.0), |(sum, squares), n| (sum + n, squares + n * n));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_of_one_row_are_rows() {
        let rows: Vec<(u64, u64)> = (0..200).map(|i| (u64::from(i % 4 == 0), 1)).collect();
        let share = ClusteredShare::new(rows.iter().copied());
        assert!((share.effective_rows() - 199.0).abs() < 1e-9, "{share:?}");
        assert_eq!(share.degrees(), 199.0);
    }

    #[test]
    fn clusters_of_equal_rows_count_once() {
        // 50 clusters of 8 rows that are all hits, or none.
        let rows: Vec<(u64, u64)> = (0..50).map(|i| (if i % 2 == 0 { 8 } else { 0 }, 8)).collect();
        let share = ClusteredShare::new(rows.iter().copied());
        assert!((share.effective_rows() - 49.0).abs() < 1e-9, "{share:?}");
        let none = ClusteredShare::new(rows.iter().map(|(_, n)| (0, *n)));
        assert!((none.effective_rows() - 50.0).abs() < 1e-9 && none.interval(0.95).low == 0.0);
        assert_eq!(ClusteredShare::new([(3, 9)].into_iter()).interval(0.95), Interval { low: 0.0, high: 1.0 });
    }

    /// Clusters whose rates have log-odds around −0.5 with deviation 1: coverage of 95 % intervals of a rate, and how often two
    /// halves of every cluster, which are equal, have p < 0.05.
    fn simulated(clusters: usize, largest: f64, worlds: u64) -> (f64, f64) {
        let logistic = |eta: f64| 1.0 / (1.0 + (-eta).exp());
        // The mean of the logistic of a normal number, by its density.
        let density = |z: f64| (-z * z / 2.0).exp();
        let grid = || (-600..=600).map(|i| f64::from(i) / 100.0);
        let truth = grid().map(|z| logistic(z - 0.5) * density(z)).sum::<f64>() / grid().map(density).sum::<f64>();
        let mut state = 11u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        let others = (1.0 - largest) / (clusters - 1) as f64;
        let rows = 12 * clusters.max(20);
        let (mut held, mut rejected) = (0, 0);
        for _ in 0..worlds {
            let counts: Vec<(HitsOfRows, HitsOfRows)> = (0..clusters)
                .map(|c| {
                    let n = (rows as f64 * if c == 0 { largest } else { others }).ceil() as u64;
                    let z = (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
                    let mut half = || {
                        let hits = (0..n / 2).filter(|_| uniform() < logistic(z - 0.5)).count();
                        (hits as u64, n / 2)
                    };
                    (half(), half())
                })
                .collect();
            let share = ClusteredShare::new(counts.iter().map(|(a, b)| (a.0 + b.0, a.1 + b.1)));
            let interval = share.interval(0.95);
            held += usize::from(interval.low <= truth && truth <= interval.high);
            rejected += usize::from(compare_clustered(&counts, 0.95).p_value < 0.05);
        }
        (held as f64 / worlds as f64, rejected as f64 / worlds as f64)
    }

    /// The Monte Carlo error is at most 0.009.
    #[test]
    fn intervals_hold_for_few_and_unequal_clusters() {
        for (clusters, largest) in [(5, 0.2), (12, 1.0 / 12.0), (12, 0.3), (30, 0.3), (120, 0.3), (300, 1.0 / 300.0)] {
            let (held, rejected) = simulated(clusters, largest, 600);
            println!("{clusters} clusters, the largest {largest:.2}: {held} hold, {rejected} of equal halves rejected");
            assert!((0.92..0.99).contains(&held), "{clusters} {largest}: {held}");
            assert!(rejected < 0.08, "{clusters} {largest}: {rejected}");
        }
    }

    #[test]
    fn a_large_cluster_leaves_few() {
        let remark = |sizes: &[f64]| few_clusters(sizes.len(), effective_clusters(sizes.iter().copied()), "accounts");
        assert_eq!(remark(&[10.0; 40]), None);
        let few = remark(&[10.0; 39]).unwrap();
        assert!(few.starts_with("intervals and tests are based on 39 accounts; below 40 they are wide"), "{few}");
        let mut sizes = vec![7.0; 200];
        assert_eq!(remark(&sizes), None);
        sizes.push(600.0);
        let large = remark(&sizes).unwrap();
        assert!(large.contains("on 201 accounts of unequal size, as few as 10.8 of equal size; below 40"), "{large}");
        assert_eq!(effective_clusters([].into_iter()), 0.0);
    }

    #[test]
    fn a_cluster_in_both_cancels() {
        // Each cluster has its own level in both, so only the asymmetry of Wilson's ends remains.
        let counts: Vec<_> = (0..60u64).map(|i| ((i % 11, 10), (i % 11, 10))).collect();
        let same = compare_clustered(&counts, 0.95);
        assert!(same.difference == 0.0 && same.p_value == 1.0 && same.interval.high < 0.005, "{same:?}");
        let apart: Vec<_> = counts.iter().flat_map(|(a, b)| [(*a, (0, 0)), ((0, 0), *b)]).collect();
        assert!(compare_clustered(&apart, 0.95).interval.high > 0.1);
    }
}
