//! Fisher's F distribution.

use super::{exp, ln};

/// I_x(a, b), by the continued fraction with Lentz's method; NaN outside 0 ≤ x ≤ 1.
///
/// NIST Digital Library of Mathematical Functions, 8.17.22.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if !(0.0..=1.0).contains(&x) || a <= 0.0 || b <= 0.0 {
        return f64::NAN;
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    // The fraction converges quickly below the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let tiny = 1e-300;
    let kept = |v: f64| if v.abs() < tiny { tiny } else { v };
    let (mut c, mut d) = (1.0, 1.0 / kept(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..2000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for step in [even, odd] {
            d = 1.0 / kept(1.0 + step * d);
            c = kept(1.0 + step / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    let log = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * ln(x) + b * libm::log1p(-x);
    exp(log) * fraction / a
}

/// P(F > x) of Fisher's F with `first` and `second` degrees of freedom.
///
/// ```
/// // scipy.stats.f.sf(3.2, 3, 17)
/// assert!((leadlens::math::fisher_tail(3.2, 3.0, 17.0) - 0.049_858_015_044_896_58).abs() < 1e-12);
/// ```
#[must_use]
pub fn fisher_tail(x: f64, first: f64, second: f64) -> f64 {
    if x.is_nan() || first <= 0.0 || second <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    incomplete_beta(second / (second + first * x), second / 2.0, first / 2.0)
}
