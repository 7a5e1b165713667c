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

/// Quantiles 0, 1/parts, …, 1 of values with weights: if all weights are equal, as [`quantile_sorted`]; else the
/// lowest value up to which that share of the weight lies.
#[must_use]
pub fn weighted_quantiles(values: &[f64], weights: &[f64], parts: usize) -> Vec<f64> {
    let mut pairs: Vec<(f64, f64)> = values.iter().copied().zip(weights.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let share = |k: usize| k as f64 / parts as f64;
    if weights.iter().all(|w| Some(w) == weights.first()) {
        let sorted: Vec<f64> = pairs.into_iter().map(|(value, _)| value).collect();
        return (0..=parts).map(|k| quantile_sorted(&sorted, share(k))).collect();
    }
    pairs.retain(|(_, w)| *w > 0.0);
    let mut until = Vec::with_capacity(pairs.len());
    let mut total = 0.0;
    for (_, w) in &pairs {
        total += w;
        until.push(total);
    }
    let at = |k: usize| {
        let place = until.partition_point(|u| *u < share(k) * total).min(pairs.len().saturating_sub(1));
        pairs.get(place).map_or(f64::NAN, |(value, _)| *value)
    };
    (0..=parts).map(at).collect()
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
    fn quantiles_by_weight() {
        // As each value repeated as often as it weighs.
        let (values, weights) = ([3.0, 1.0, 2.0], [1.0, 5.0, 2.0]);
        assert_eq!(weighted_quantiles(&values, &weights, 8), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 3.0]);
        assert_eq!(weighted_quantiles(&values, &[2.0; 3], 4), [1.0, 1.5, 2.0, 2.5, 3.0]);
        assert!(weighted_quantiles(&[], &[], 1).iter().all(|v| v.is_nan()));
    }

    #[test]
    fn moments_skip_missing() {
        let (m, s, w) = weighted_moments(&[1.0, f64::NAN, 3.0], &[1.0, 5.0, 3.0]);
        assert_eq!((m, w), (2.5, 4.0));
        assert!((s - 0.75f64.sqrt()).abs() < 1e-15);
    }
}
