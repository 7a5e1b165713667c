//! The logistic function and its relatives.
//!
//! `exp` and `ln` come from `libm`, a pure Rust port of musl's, so that a score has the same bits on every
//! machine whatever its C library.

/// `e^x`.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// `2^x`.
#[must_use]
pub fn exp2(x: f64) -> f64 {
    libm::exp2(x)
}

/// Natural logarithm; `ln(0) = -inf`.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `1 / (1 + e^-x)`, in `[0, 1]`; `-inf → 0`, `+inf → 1`, NaN stays NaN.
///
/// Branches on the sign so that `exp` never overflows.
///
/// ```
/// assert_eq!(leadlens::math::sigmoid(0.0), 0.5);
/// ```
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let e = exp(x);
        e / (1.0 + e)
    }
}

/// `ln(p / (1 - p))`; `0 → -inf`, `1 → +inf`.
#[must_use]
pub fn logit(p: f64) -> f64 {
    ln(p) - libm::log1p(-p)
}

/// `ln(1 + e^x)` without overflow or cancellation.
///
/// Branches by range as in M. Mächler, "Accurately computing log(1 − exp(−|a|))", 2012, eq. 10
/// (<https://cran.r-project.org/package=Rmpfr/vignettes/log1mexp-note.pdf>).
#[must_use]
pub fn log1pexp(x: f64) -> f64 {
    if x <= -37.0 {
        exp(x)
    } else if x <= 18.0 {
        libm::log1p(exp(x))
    } else if x <= 33.3 {
        x + exp(-x)
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_symmetry() {
        assert_eq!(sigmoid(f64::NEG_INFINITY), 0.0);
        assert_eq!(sigmoid(f64::INFINITY), 1.0);
        assert!(sigmoid(f64::NAN).is_nan());
        for x in [-700.0, -40.0, -18.0, -1.0, 0.0, 1e-9, 18.5, 33.4, 700.0] {
            assert!((sigmoid(x) + sigmoid(-x) - 1.0).abs() < 1e-15, "{x}");
            // log1pexp(x) - log1pexp(-x) = x
            let difference = log1pexp(x) - log1pexp(-x);
            assert!((difference - x).abs() <= 1e-14 * x.abs().max(1.0), "{x}");
        }
        for p in [1e-300, 1e-9, 0.3, 0.5, 0.999] {
            assert!((sigmoid(logit(p)) - p).abs() <= 1e-13 * p);
        }
    }
}
