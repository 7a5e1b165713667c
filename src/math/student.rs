//! Student's t distribution.

use super::{exp, ln, normal_quantile};

/// P(T > t) of a Student variable with `degrees` of freedom, which need not be whole; accurate in the far tail.
///
/// I_x(ν/2, ½)/2 with x = ν/(ν + t²), the incomplete beta function by its continued fraction: M. Abramowitz, I. Stegun,
/// "Handbook of Mathematical Functions", 26.7.1 and 26.5.8.
///
/// ```
/// assert!((leadlens::math::student_tail(2.570_581_835_636_314, 5.0) - 0.025).abs() < 1e-14);
/// ```
#[must_use]
pub fn student_tail(t: f64, degrees: f64) -> f64 {
    if t.is_nan() || degrees.is_nan() || degrees <= 0.0 {
        return f64::NAN;
    }
    if t < 0.0 {
        return 1.0 - student_tail(-t, degrees);
    }
    // Above, both agree to 1e-12.
    if degrees > 1e7 {
        return super::normal_tail(t);
    }
    let (a, b, ratio) = (degrees / 2.0, 0.5, t * t / degrees);
    if ratio <= 0.0 {
        return 0.5;
    }
    let (x, y) = (1.0 / (1.0 + ratio), ratio / (1.0 + ratio));
    // x^a·y^b / B(a, b), without the rounding of x near 1.
    let front = exp(ln_gamma_ratio(a) - a * libm::log1p(ratio) + b * ln(y)) / std::f64::consts::PI.sqrt();
    let both =
        if x < (a + 1.0) / (a + b + 2.0) { front * fraction(a, b, x) / a } else { 1.0 - front * fraction(b, a, y) / b };
    both / 2.0
}

/// ln Γ(a + ½)/Γ(a): by an asymptotic series where both are large, J. Tricomi, A. Erdélyi, Pacific J. Math. 1, 1951.
fn ln_gamma_ratio(a: f64) -> f64 {
    if a < 200.0 {
        return libm::lgamma(a + 0.5) - libm::lgamma(a);
    }
    let r = 1.0 / a;
    ln(a) / 2.0 + libm::log1p(r * (-1.0 / 8.0 + r * (1.0 / 128.0 + r * (5.0 / 1024.0 - r * 21.0 / 32_768.0))))
}

/// The continued fraction, by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const SMALL: f64 = 1e-300;
    let kept = |v: f64| if v.abs() < SMALL { SMALL } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / kept(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..20_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / kept(1.0 + term * d);
            c = kept(1.0 + term / c);
            change = d * c;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The t with P(T > t) = `tail`, for `tail` in (0, ½]: bisection to the last bits. Infinite without degrees of freedom.
#[must_use]
pub fn student_quantile(tail: f64, degrees: f64) -> f64 {
    if degrees.is_nan() || !(tail > 0.0 && tail <= 0.5) {
        return f64::NAN;
    }
    if degrees <= 0.0 {
        return f64::INFINITY;
    }
    let normal = -normal_quantile(tail);
    if degrees > 1e5 {
        // The first terms of 26.7.5; the next are below 1e-14.
        let z = normal;
        let first = (z.powi(3) + z) / 4.0;
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
        return z + first / degrees + second / (degrees * degrees);
    }
    let (mut low, mut high) = (normal.max(0.0), normal.max(1.0) * 2.0);
    while student_tail(high, degrees) > tail {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if student_tail(middle, degrees) > tail { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, clippy::excessive_precision, reason = "numbers as scipy prints them")]
mod tests {
    use super::*;

    const SF: [(f64, f64, f64); 7] = [
        (0.5, 1.0, 0.35241638234956674),
        (2.0, 3.0, 0.06966298427942152),
        (2.5, 17.5, 0.011309034662256783),
        (12.0, 8.0, 1.0719333738443846e-06),
        (1.96, 1000.0, 0.025136592477874368),
        (30.0, 5.0, 3.8593243102480265e-07),
        (1.0, 123456.0, 0.1586562339171789),
    ];
    const ISF: [(f64, f64, f64); 7] = [
        (0.025, 1.0, 12.706204736174705),
        (0.025, 2.0, 4.302652729749464),
        (0.025, 39.0, 2.022690920036761),
        (0.005, 7.5, 3.4214226881240446),
        (0.025, 5000.0, 1.9604385517065075),
        (0.025, 200000.0, 1.9599758459667684),
        (0.5, 4.0, 0.0),
    ];

    #[test]
    fn equal_to_scipy() {
        // scipy.stats.t.sf(x, k), scipy 1.17.1
        for (x, k, want) in SF {
            let got = student_tail(x, k);
            assert!((got - want).abs() <= 1e-11 * want, "{x} {k}: {got} {want}");
        }
        // scipy.stats.t.isf(p, k)
        for (p, k, want) in ISF {
            let got = student_quantile(p, k);
            assert!((got - want).abs() <= 1e-10 * want.max(1.0), "{p} {k}: {got} {want}");
        }
        assert_eq!(student_quantile(0.025, 0.0), f64::INFINITY);
        assert!((student_tail(-1.0, 3.0) - (1.0 - student_tail(1.0, 3.0))).abs() < 1e-16);
    }
}
