//! Quantiles and weighted moments.

use super::sum_by;

/// Quantile `q` of an ascending slice by linear interpolation (type 7 of Hyndman and Fan, the default of R
/// and numpy); NaN if the slice is empty.
#[must_use]
pub fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = q.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let (Some(a), Some(b)) = (sorted.get(below), sorted.get((below + 1).min(last))) else { return f64::NAN };
    a + (b - a) * (position - below as f64)
}

/// Weighted mean and standard deviation (divisor Σw, "ddof 0") of the values that are not NaN; two passes.
///
/// Returns `(mean, deviation, Σw)`; the mean is 0 where nothing is observed.
#[must_use]
pub fn weighted_moments(values: &[f64], weights: &[f64]) -> (f64, f64, f64) {
    let pair = |i: usize| match (values.get(i), weights.get(i)) {
        (Some(v), Some(w)) if !v.is_nan() => (*v, *w),
        _ => (0.0, 0.0),
    };
    let n = values.len();
    let total = sum_by(n, |i| pair(i).1);
    if total <= 0.0 {
        return (0.0, 0.0, 0.0);
    }
    let mean = sum_by(n, |i| {
        let (v, w) = pair(i);
        v * w
    }) / total;
    let variance = sum_by(n, |i| {
        let (v, w) = pair(i);
        w * (v - mean) * (v - mean)
    }) / total;
    (mean, variance.sqrt(), total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_seven() {
        let v = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile_sorted(&v, 0.0), 1.0);
        assert_eq!(quantile_sorted(&v, 0.5), 3.0);
        assert_eq!(quantile_sorted(&v, 1.0), 8.0);
        assert!(quantile_sorted(&[], 0.5).is_nan());
    }

    #[test]
    fn moments_skip_missing() {
        let (m, s, w) = weighted_moments(&[1.0, f64::NAN, 3.0], &[1.0, 5.0, 3.0]);
        assert_eq!((m, w), (2.5, 4.0));
        assert!((s - 0.75f64.sqrt()).abs() < 1e-15);
    }
}
