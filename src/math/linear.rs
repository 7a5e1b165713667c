//! Small systems of linear equations.

/// Solves A·X = B by elimination with partial pivoting; `None` if A is singular to working precision.
///
/// `a` holds n rows of n, `b` n rows of m; the answer has the shape of `b`.
///
/// ```
/// let x = leadlens::math::solve(vec![2.0, 1.0, 1.0, 3.0], vec![3.0, 5.0], 2);
/// assert_eq!(x, Some(vec![0.8, 1.4]));
/// ```
#[must_use]
pub fn solve(mut a: Vec<f64>, mut b: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    if n == 0 || a.len() != n * n || b.is_empty() || !b.len().is_multiple_of(n) {
        return (n == 0).then(Vec::new);
    }
    let m = b.len() / n;
    let largest = a.iter().fold(0.0f64, |l, x| l.max(x.abs()));
    for k in 0..n {
        let size = |i: usize| a.get(i * n + k).map_or(0.0, |x| x.abs());
        let pivot = (k..n).max_by(|i, j| size(*i).total_cmp(&size(*j)).then(j.cmp(i)))?;
        if size(pivot) <= largest * 1e-14 * n as f64 {
            return None;
        }
        swap_rows(&mut a, k, pivot, n);
        swap_rows(&mut b, k, pivot, m);
        let (upper, lower) = a.split_at_mut((k + 1) * n);
        let (b_upper, b_lower) = b.split_at_mut((k + 1) * m);
        let row = upper.get(k * n..)?;
        let b_row = b_upper.get(k * m..)?;
        let head = *row.get(k)?;
        for (other, b_other) in lower.chunks_exact_mut(n).zip(b_lower.chunks_exact_mut(m)) {
            let factor = other.get(k)? / head;
            if factor != 0.0 {
                other.iter_mut().zip(row).skip(k).for_each(|(x, y)| *x -= factor * y);
                b_other.iter_mut().zip(b_row).for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    for k in (0..n).rev() {
        let (upper, lower) = b.split_at_mut((k + 1) * m);
        let row = a.get(k * n..(k + 1) * n)?;
        let mine = upper.get_mut(k * m..)?;
        for (factor, solved) in row.iter().skip(k + 1).zip(lower.chunks_exact(m)) {
            mine.iter_mut().zip(solved).for_each(|(x, y)| *x -= factor * y);
        }
        let head = *row.get(k)?;
        mine.iter_mut().for_each(|x| *x /= head);
    }
    Some(b)
}

fn swap_rows(matrix: &mut [f64], i: usize, j: usize, width: usize) {
    if i == j {
        return;
    }
    let (low, high) = (i.min(j), i.max(j));
    let (head, tail) = matrix.split_at_mut(high * width);
    if let (Some(a), Some(b)) = (head.get_mut(low * width..(low + 1) * width), tail.get_mut(..width)) {
        a.swap_with_slice(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn singular_and_empty() {
        assert_eq!(solve(vec![1.0, 2.0, 2.0, 4.0], vec![1.0, 2.0], 2), None);
        assert_eq!(solve(Vec::new(), Vec::new(), 0), Some(Vec::new()));
        assert_eq!(solve(vec![0.0, 1.0, 1.0, 0.0], vec![5.0, 6.0, 7.0, 8.0], 2), Some(vec![7.0, 8.0, 5.0, 6.0]));
    }

    proptest! {
        #[test]
        fn gives_back_the_right_side(n in 1usize..7, values in prop::collection::vec(-1.0f64..1.0, 49), x in prop::collection::vec(-1.0f64..1.0, 14)) {
            let mut a: Vec<f64> = values[..n * n].to_vec();
            // A dominant diagonal keeps the condition small.
            (0..n).for_each(|i| a[i * n + i] += 8.0);
            let x = &x[..2 * n];
            let mut b = vec![0.0; 2 * n];
            for i in 0..n {
                for j in 0..n {
                    for c in 0..2 {
                        b[2 * i + c] += a[i * n + j] * x[2 * j + c];
                    }
                }
            }
            for (got, want) in solve(a, b, n).unwrap().iter().zip(x) {
                prop_assert!((got - want).abs() < 1e-12);
            }
        }
    }
}
