//! Products of slices.

use super::{LANES, Vector};

/// to[j] += s·from[j].
#[inline(always)]
pub(crate) fn add_scaled<V: Vector>(to: &mut [f64], s: f64, from: &[f64]) {
    let n = to.len().min(from.len());
    let factor = V::splat(s);
    let mut j = 0;
    while j + LANES <= n {
        // SAFETY: eight places from j in both.
        unsafe {
            let p = to.as_mut_ptr().add(j);
            V::load(from.as_ptr().add(j)).fma(factor, V::load(p)).store(p);
        }
        j += LANES;
    }
    for (t, f) in to.iter_mut().zip(from).skip(j) {
        *t += s * f;
    }
}

/// Σ aⱼbⱼ.
#[inline(always)]
pub(crate) fn dot<V: Vector>(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let mut sums = [V::splat(0.0); 2];
    let mut j = 0;
    // SAFETY: j.. lie in both.
    unsafe {
        let at = |j: usize| (V::load(a.as_ptr().add(j)), V::load(b.as_ptr().add(j)));
        while j + 2 * LANES <= n {
            for (k, sum) in sums.iter_mut().enumerate() {
                let (x, y) = at(j + k * LANES);
                *sum = x.fma(y, *sum);
            }
            j += 2 * LANES;
        }
        let [first, second] = &mut sums;
        if j + LANES <= n {
            let (x, y) = at(j);
            *first = x.fma(y, *first);
            j += LANES;
        }
        if j < n {
            let (x, y) = (V::load_part(a.as_ptr().add(j), n - j), V::load_part(b.as_ptr().add(j), n - j));
            *second = x.fma(y, *second);
        }
    }
    let [first, second] = sums;
    first.add(second).sum()
}
