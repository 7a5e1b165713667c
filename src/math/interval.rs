//! Confidence intervals for proportions.

use serde::{Deserialize, Serialize};

/// A closed interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Quantile function of the standard normal distribution, for `p` in (0, 1).
///
/// Rational approximation by P. J. Acklam (relative error 1.15e-9) and one step of Halley's method on
/// `erfc`, which brings it to full double precision.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let poly = |c: &[f64], x: f64| c.iter().fold(0.0, |acc, k| acc * x + k);
    if p.is_nan() || p <= 0.0 || p >= 1.0 {
        return if p == 0.0 {
            f64::NEG_INFINITY
        } else if p == 1.0 {
            f64::INFINITY
        } else {
            f64::NAN
        };
    }
    let tail = |q: f64| {
        let r = (-2.0 * q.ln()).sqrt();
        poly(&C, r) / (poly(&D, r) * r + 1.0)
    };
    let x = if p < 0.02425 {
        tail(p)
    } else if p > 1.0 - 0.02425 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        poly(&A, r) * q / (poly(&B, r) * r + 1.0)
    };
    let e = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2) - p;
    let u = e * (2.0 * std::f64::consts::PI).sqrt() * (x * x / 2.0).exp();
    x - u / (1.0 + x * u / 2.0)
}

/// Wilson's score interval for `successes` of `n` at `confidence` (0.95 for 95 %).
///
/// `(p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)`; `n = 0` gives `[0, 1]`.
/// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
///
/// ```
/// let i = leadlens::math::wilson(10, 20, 0.95);
/// assert!((i.low - 0.299298).abs() < 1e-6 && (i.high - 0.700702).abs() < 1e-6);
/// ```
#[must_use]
pub fn wilson(successes: u64, n: u64, confidence: f64) -> Interval {
    wilson_of_share(successes as f64 / n as f64, n as f64, confidence)
}

/// Wilson's interval for a share `p` of `n`, which need not be whole: of rows with weights, `n` is their effective number
/// (Σw)²/Σw².
///
/// L. Kish, "Survey Sampling", 1965, section 11.7; as [`wilson`].
#[must_use]
pub fn wilson_of_share(p: f64, n: f64, confidence: f64) -> Interval {
    wilson_within(p, n, normal_quantile(0.5 + confidence / 2.0))
}

/// As [`wilson_of_share`], `z` standard errors wide: with the quantile of Student's t instead of the normal one where
/// the effective number is estimated from few clusters.
#[must_use]
pub fn wilson_within(p: f64, n: f64, z: f64) -> Interval {
    if n.is_nan() || n <= 0.0 || !z.is_finite() {
        return Interval { low: 0.0, high: 1.0 };
    }
    let z2 = z * z;
    let centre = p + z2 / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // The ends are exact at 0 and n; rounding must not move them off the boundary.
    Interval {
        low: if p <= 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) },
        high: if p >= 1.0 { 1.0 } else { ((centre + half) / scale).min(1.0) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantile_known_values() {
        // R: qnorm(c(.975, .5, .01, 1e-10))
        for (p, q) in [
            (0.975, 1.959_963_984_540_054),
            (0.5, 0.0),
            (0.01, -2.326_347_874_040_841),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!((normal_quantile(p) - q).abs() < 1e-12, "{p}: {}", normal_quantile(p));
        }
        assert!(normal_quantile(f64::NAN).is_nan());
    }

    #[test]
    fn wilson_ends() {
        assert_eq!(wilson(0, 10, 0.95).low, 0.0);
        assert_eq!(wilson(10, 10, 0.95).high, 1.0);
        assert_eq!(wilson(0, 0, 0.95), Interval { low: 0.0, high: 1.0 });
        // statsmodels 0.14: proportion_confint(3, 17, method="wilson") = (0.061911266, 0.410294586)
        let i = wilson(3, 17, 0.95);
        assert!((i.low - 0.061_911_266).abs() < 1e-9 && (i.high - 0.410_294_586).abs() < 1e-9, "{i:?}");
    }
}
