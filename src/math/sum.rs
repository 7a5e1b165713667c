//! Sums whose bits do not depend on the number of threads.
//!
//! Numbers are added in sequence within fixed chunks of [`CHUNK`] positions, and the chunks are joined in a
//! fixed binary tree. The rounding error grows with the logarithm of the number of chunks (N. Higham,
//! "The accuracy of floating point summation", SIAM J. Sci. Comput. 14(4), 1993).

use rayon::prelude::*;

/// Positions summed in sequence.
pub const CHUNK: usize = 4096;

/// Joins `parts` pairwise in a fixed binary tree: (0,1), (2,3), … and so on upwards.
pub fn tree<T>(mut parts: Vec<T>, join: impl Fn(T, T) -> T) -> Option<T> {
    while parts.len() > 1 {
        let mut next = Vec::with_capacity(parts.len().div_ceil(2));
        let mut iter = parts.into_iter();
        while let Some(a) = iter.next() {
            next.push(match iter.next() {
                Some(b) => join(a, b),
                None => a,
            });
        }
        parts = next;
    }
    parts.pop()
}

/// Sum of `value(i)` for `i` in `0..n`.
pub fn sum_by(n: usize, value: impl Fn(usize) -> f64 + Sync) -> f64 {
    let chunk = |c: usize| (c * CHUNK..((c + 1) * CHUNK).min(n)).map(&value).sum::<f64>();
    let chunks = n.div_ceil(CHUNK);
    let parts: Vec<f64> =
        if chunks > 8 { (0..chunks).into_par_iter().map(chunk).collect() } else { (0..chunks).map(chunk).collect() };
    tree(parts, |a, b| a + b).unwrap_or(0.0)
}

/// Sum of a slice.
#[must_use]
pub fn sum(values: &[f64]) -> f64 {
    sum_by(values.len(), |i| values.get(i).copied().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accurate_and_independent_of_threads() {
        let values: Vec<f64> = (0..300_000).map(|i| 1.0 / f64::from(i + 1)).collect();
        let exact = 13.188_755_085_205_6; // H(300000)
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| sum(&values));
        assert_eq!(one.to_bits(), sum(&values).to_bits());
        assert!((one - exact).abs() < 1e-12, "{one}");
        assert_eq!(sum(&[]), 0.0);
    }
}
