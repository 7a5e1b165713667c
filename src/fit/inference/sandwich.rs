//! Covariances that hold where rows are not what the model takes them for: H⁻¹·M·H⁻¹, M the sum of squared scores.

#![allow(clippy::indexing_slicing, reason = "square matrices of one size, made here")]

use rayon::prelude::*;

use crate::fit::solvers::cholesky::Cholesky;
use crate::fit::solvers::objective::Objective;
use crate::math::sigmoid;

/// wᵢ(pᵢ − yᵢ).
pub(in crate::fit) fn residual(f: &Objective<'_>, eta: &[f64], i: usize) -> f64 {
    let w = f.observed.weight.map_or(1.0, |w| w[i]);
    if f.observed.y[i] { -w * sigmoid(-eta[i]) } else { w * sigmoid(eta[i]) }
}

/// Σ S_g S_gᵀ and the number of clusters that have weight.
pub(in crate::fit) fn cluster_sums(f: &Objective<'_>, eta: &[f64], clusters: &[u32], k: usize) -> (Vec<f64>, usize) {
    let mut order: Vec<usize> = (0..clusters.len()).filter(|i| f.observed.weight.is_none_or(|w| w[*i] > 0.0)).collect();
    order.sort_by_key(|i| clusters[*i]);
    let mut meat = vec![0.0; k * k];
    let mut sum = vec![0.0; k];
    let mut count = 0;
    for (at, i) in order.iter().enumerate() {
        let r = residual(f, eta, *i);
        sum[0] += r;
        f.x.each_in_row(*i, |j, v| sum[1 + j] += r * v);
        if order.get(at + 1).is_none_or(|next| clusters[*next] != clusters[*i]) {
            for j in (0..k).filter(|j| sum[*j] != 0.0) {
                let s = sum[j];
                meat[j * k..(j + 1) * k].iter_mut().zip(&sum).for_each(|(m, v)| *m += s * v);
            }
            sum.fill(0.0);
            count += 1;
        }
    }
    (meat, count)
}

/// H⁻¹·M·H⁻¹, `meat` by rows.
///
/// By A·Aᵀ with A = H⁻¹·R and M = R·Rᵀ: where a small ridge alone holds a direction, H⁻¹ is large there and M is 0, and the
/// product H⁻¹·M·H⁻¹ would magnify the rounding of M twice.
pub(in crate::fit) fn sandwich(factor: &Cholesky, meat: Vec<f64>, k: usize) -> Vec<f64> {
    let root = root(meat, k);
    let solved: Vec<Vec<f64>> = root.par_iter().map(|column| factor.solve(column)).collect();
    let mut out = vec![0.0; k * k];
    out.par_chunks_mut(k).enumerate().for_each(|(i, row)| {
        for a in &solved {
            let share = a[i];
            row.iter_mut().zip(a).for_each(|(o, v)| *o += share * v);
        }
    });
    out
}

/// Columns R of a positive semidefinite matrix M = R·Rᵀ, as many as its rank: Cholesky with the largest pivot first.
///
/// N. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, §10.3.
fn root(mut m: Vec<f64>, k: usize) -> Vec<Vec<f64>> {
    let largest = |m: &[f64]| (0..k).map(|j| (j, m[j * k + j])).max_by(|a, b| a.1.total_cmp(&b.1));
    let smallest = largest(&m).map_or(0.0, |(_, d)| k as f64 * f64::EPSILON * d);
    let mut columns = Vec::new();
    while let Some((j, pivot)) = largest(&m).filter(|(_, d)| *d > smallest && columns.len() < k) {
        let scale = 1.0 / pivot.sqrt();
        let column: Vec<f64> = (0..k).map(|i| m[i * k + j] * scale).collect();
        m.par_chunks_mut(k).zip(&column).for_each(|(row, c)| {
            row.iter_mut().zip(&column).for_each(|(v, d)| *v -= c * d);
        });
        // The remainder is rounding.
        (0..k).for_each(|i| {
            m[i * k + j] = 0.0;
            m[j * k + i] = 0.0;
        });
        columns.push(column);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_a_singular_matrix() {
        // Rank two of four.
        let (a, b) = ([1.0, -2.0, 0.5, 3.0], [0.0, 1.0, 1.0, -1.0]);
        let m: Vec<f64> = (0..16).map(|k| a[k / 4] * a[k % 4] + b[k / 4] * b[k % 4]).collect();
        let columns = root(m.clone(), 4);
        assert_eq!(columns.len(), 2);
        for (k, v) in m.iter().enumerate() {
            let product: f64 = columns.iter().map(|c| c[k / 4] * c[k % 4]).sum();
            assert!((product - v).abs() < 1e-14);
        }
        assert!(root(vec![0.0; 9], 3).is_empty());
    }
}
