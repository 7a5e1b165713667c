//! Tails of discrete distributions.

use crate::math::{exp, ln};

/// P(X ≥ `hits`) of a binomial variable with `n` draws of chance `p`, summed term by term.
pub(super) fn binomial_tail(hits: usize, n: usize, p: f64) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    if hits > n || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let odds = ln(p) - ln(1.0 - p);
    // ln of the first term: C(n, hits) p^hits (1 − p)^(n − hits).
    let ways: f64 = (0..hits).map(|i| ln((n - i) as f64) - ln((i + 1) as f64)).sum();
    let mut term = ways + hits as f64 * ln(p) + (n - hits) as f64 * ln(1.0 - p);
    let mut tail = 0.0;
    for k in hits..=n {
        tail += exp(term);
        term += odds + ln((n - k) as f64) - ln((k + 1) as f64);
        if n == k {
            break;
        }
    }
    tail.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_to_scipy() {
        // scipy.stats.binom.sf(k - 1, n, p)
        for (hits, n, p, expected) in
            [(8, 10, 0.5, 0.054_687_5), (433, 433, 0.5, 4.508e-131), (3, 200, 0.01, 0.323_321_455), (0, 0, 0.5, 1.0)]
        {
            let tail = binomial_tail(hits, n, p);
            assert!((tail / expected - 1.0f64).abs() < 1e-3, "{hits} {n} {tail}");
        }
    }
}
