//! Two rates: their difference with an interval, tests, odds ratios; and many tests at once.

use serde::{Deserialize, Serialize};

use super::{Interval, exp, ln, normal_quantile, normal_tail, wilson};

/// Two rates compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateComparison {
    /// First rate.
    pub first: f64,
    /// Second rate.
    pub second: f64,
    /// First less second.
    pub difference: f64,
    /// Newcombe's interval of the difference.
    pub interval: Interval,
    /// First by second.
    pub ratio: f64,
    /// Statistic of the pooled test of equal rates, standard normal under equality.
    pub z: f64,
    /// Two-sided probability of a statistic as large by chance.
    pub p_value: f64,
}

impl RateComparison {
    /// Of two rates, with the interval of their difference, and the test of their equality: statistic and probability.
    pub(super) fn new((first, second): (f64, f64), interval: Interval, (z, p_value): (f64, f64)) -> Self {
        Self { first, second, difference: first - second, interval, ratio: first / second, z, p_value }
    }
}

/// Compares x₁ of n₁ with x₂ of n₂.
///
/// The interval combines Wilson's of each rate: d − √((p₁ − l₁)² + (u₂ − p₂)²) to d + √((u₁ − p₁)² + (p₂ − l₂)²)
/// (R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17
/// (1998), method 10). The test is z = d/√(p(1 − p)(1/n₁ + 1/n₂)) with the pooled rate p. Without rows in a group all is NaN.
///
/// ```
/// let c = leadlens::math::compare_rates((56, 70), (48, 80), 0.95);
/// assert!((c.interval.low - 0.0524).abs() < 1e-4 && (c.interval.high - 0.3339).abs() < 1e-4);
/// ```
#[must_use]
pub fn compare_rates(first: (u64, u64), second: (u64, u64), confidence: f64) -> RateComparison {
    let ((x1, n1), (x2, n2)) = (first, second);
    let (p1, p2) = (x1 as f64 / n1 as f64, x2 as f64 / n2 as f64);
    let difference = p1 - p2;
    let (a, b) = (wilson(x1, n1, confidence), wilson(x2, n2, confidence));
    let low = difference - (p1 - a.low).hypot(b.high - p2);
    let high = difference + (a.high - p1).hypot(p2 - b.low);
    let pooled = (x1 + x2) as f64 / (n1 + n2) as f64;
    let se = (pooled * (1.0 - pooled) * (1.0 / n1 as f64 + 1.0 / n2 as f64)).sqrt();
    // Both rates are 0, or both are 1: equality cannot be rejected.
    let z = if difference == 0.0 && n1 > 0 && n2 > 0 { 0.0 } else { difference / se };
    let interval = Interval { low, high };
    RateComparison::new((p1, p2), interval, (z, 2.0 * normal_tail(z.abs())))
}

/// Two-sided test of a table of two rows by two columns with fixed margins: the probability of all tables that are not
/// more likely than this one.
///
/// R. A. Fisher, "The logic of inductive inference", J. Royal Statistical Society 98 (1935).
///
/// ```
/// // The lady tasting tea.
/// assert!((leadlens::math::fisher_exact([[3, 1], [1, 3]]) - 34.0 / 70.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn fisher_exact(table: [[u64; 2]; 2]) -> f64 {
    let [[a, b], [c, d]] = table;
    let (row, column, n) = (a + b, a + c, a + b + c + d);
    let factorial = |k: u64| libm::lgamma(k as f64 + 1.0);
    let choose = |n: u64, k: u64| factorial(n) - factorial(k) - factorial(n - k);
    let (least, most) = ((row + column).saturating_sub(n), row.min(column));
    let all = choose(n, column);
    let chance = |x: u64| choose(row, x) + choose(n - row, column - x) - all;
    // Tables of equal chance may differ in the last digits.
    let limit = chance(a) + 1e-7;
    let total: f64 = (least..=most).map(chance).filter(|c| *c <= limit).map(exp).sum();
    total.min(1.0)
}

/// Odds ratio of a table with one added to each cell, and its interval: (a + 1)(d + 1)/((b + 1)(c + 1)).
///
/// `hits` of `with` leads with a property went on, `other_hits` of `without` without it. The interval is Wald's for the
/// logarithm, with variance Σ 1/(cell + 1).
///
/// ```
/// // 5 of 7 that went on have it, 1 of 11 that did not.
/// let (ratio, _) = leadlens::math::smoothed_odds_ratio((5, 6), (2, 12), 0.95);
/// assert!((ratio - 11.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn smoothed_odds_ratio(hits: (u64, u64), other_hits: (u64, u64), confidence: f64) -> (f64, Interval) {
    let cell = |n: u64| n as f64 + 1.0;
    let ((s, with), (other, without)) = (hits, other_hits);
    let cells = [cell(s), cell(with - s), cell(other), cell(without - other)];
    let [a, b, c, d] = cells;
    let ratio = a * d / (b * c);
    let width = normal_quantile(0.5 + confidence / 2.0) * cells.iter().map(|x| 1.0 / x).sum::<f64>().sqrt();
    let log = ln(ratio);
    (ratio, Interval { low: exp(log - width), high: exp(log + width) })
}

/// Adjusted probabilities that control the share of false discoveries: q₍ᵢ₎ = min over j ≥ i of p₍ⱼ₎·m/j.
///
/// Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", J. Royal Statistical Society B 57 (1995).
#[must_use]
pub fn false_discovery(p: &[f64]) -> Vec<f64> {
    let m = p.len();
    let mut order: Vec<usize> = (0..m).collect();
    let value = |i: usize| p.get(i).copied().unwrap_or(1.0);
    order.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
    let mut adjusted = vec![1.0; m];
    let mut least = 1.0f64;
    for (rank, i) in order.into_iter().enumerate().rev() {
        least = least.min(value(i) * m as f64 / (rank + 1) as f64);
        if let Some(slot) = adjusted.get_mut(i) {
            *slot = least;
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcombe_and_z() {
        // statsmodels 0.15.0: confint_proportions_2indep(method="newcomb"), proportions_ztest.
        let c = compare_rates((56, 70), (48, 80), 0.95);
        assert!((c.z - 2.650_171_951_258_533_6).abs() < 1e-12, "{c:?}");
        assert_eq!(compare_rates((0, 5), (0, 9), 0.95).p_value, 1.0);
        assert!(compare_rates((0, 0), (1, 2), 0.95).p_value.is_nan());
    }

    #[test]
    fn false_discoveries() {
        // scipy.stats.false_discovery_control
        let q = false_discovery(&[0.01, 0.04, 0.03, 0.5]);
        for (got, want) in q.iter().zip([0.04, 0.16 / 3.0, 0.16 / 3.0, 0.5]) {
            assert!((got - want).abs() < 1e-12, "{q:?}");
        }
        assert!(false_discovery(&[]).is_empty());
    }
}
