//! Cholesky factorisation of a symmetric positive definite matrix stored as a lower triangle by rows.

/// Where the factorisation found that the matrix is not positive definite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotPositive(pub(super) usize);

fn row(triangle: &[f64], j: usize) -> &[f64] {
    let start = j * (j + 1) / 2;
    triangle.get(start..=start + j).unwrap_or(&[])
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Replaces `a` by L with A = L·Lᵀ. A pivot that is below 10⁻¹² of its diagonal counts as not positive.
pub(super) fn factor(a: &mut [f64], size: usize) -> Result<(), NotPositive> {
    for j in 0..size {
        for k in 0..=j {
            let (row_j, row_k) = (row(a, j), row(a, k));
            let inner = dot(row_j.get(..k).unwrap_or(&[]), row_k.get(..k).unwrap_or(&[]));
            let diagonal = row_k.get(k).copied().unwrap_or(0.0);
            let old = row_j.get(k).copied().unwrap_or(0.0);
            let value = if k == j {
                let pivot = old - inner;
                // NaN must fail too.
                if pivot.is_nan() || pivot <= 1e-12 * old.abs() {
                    return Err(NotPositive(j));
                }
                pivot.sqrt()
            } else {
                (old - inner) / diagonal
            };
            if let Some(slot) = a.get_mut(j * (j + 1) / 2 + k) {
                *slot = value;
            }
        }
    }
    Ok(())
}

/// Solves L·Lᵀ·x = b in place.
pub(super) fn solve(l: &[f64], b: &mut [f64]) {
    let size = b.len();
    for j in 0..size {
        let r = row(l, j);
        let inner = dot(r.get(..j).unwrap_or(&[]), b);
        if let (Some(x), Some(d)) = (b.get_mut(j), r.get(j)) {
            *x = (*x - inner) / d;
        }
    }
    for j in (0..size).rev() {
        let r = row(l, j);
        let Some(d) = r.get(j) else { continue };
        let Some((x, before)) = b.get_mut(..=j).and_then(<[f64]>::split_last_mut) else { continue };
        *x /= d;
        for (earlier, l_jk) in before.iter_mut().zip(r) {
            *earlier -= l_jk * *x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves() {
        // A = [[4,2,1],[2,5,3],[1,3,6]], x = [1,-2,3]
        let mut a = vec![4.0, 2.0, 5.0, 1.0, 3.0, 6.0];
        let mut b = vec![3.0, 1.0, 13.0];
        factor(&mut a, 3).unwrap();
        solve(&a, &mut b);
        for (got, want) in b.iter().zip([1.0, -2.0, 3.0]) {
            assert!((got - want).abs() < 1e-14);
        }
    }

    #[test]
    fn finds_the_dependent_column() {
        // Column 2 = column 0 + column 1.
        let mut a = vec![1.0, 0.0, 1.0, 1.0, 1.0, 2.0];
        assert_eq!(factor(&mut a, 3), Err(NotPositive(2)));
        assert_eq!(factor(&mut [f64::NAN], 1), Err(NotPositive(0)));
    }
}
