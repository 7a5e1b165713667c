//! Columns far from zero, with their means taken off: a year beside an intercept is almost a constant.
//!
//! With a free intercept the fit is the same, since η = b₀ + Σ bⱼxⱼ = (b₀ + Σ bⱼmⱼ) + Σ bⱼ(xⱼ − mⱼ) and no penalty is on
//! the intercept; but sums of squares of years agree in all their digits where sums of their differences do not.

#![allow(clippy::indexing_slicing, reason = "square matrices and lists with one number per coefficient, made here")]

use super::objective::Objective;
use super::solution::Solution;
use crate::fit::matrix::Matrix;

/// A matrix with centred columns, and the mean that was taken off each column.
#[derive(Debug)]
pub(in crate::fit) struct Centred<'a> {
    pub(in crate::fit) matrix: Matrix<'a>,
    means: Vec<f64>,
}

impl<'a> Centred<'a> {
    /// The centred matrix; `None` if no column is far from zero.
    pub(in crate::fit) fn of(x: &Matrix<'a>) -> Option<Self> {
        let means = x.far_means()?;
        Some(Self { matrix: x.less(&means), means })
    }

    /// Σ bⱼmⱼ, by which the intercepts differ.
    fn shift(&self, coefficients: &[f64]) -> f64 {
        coefficients.iter().zip(&self.means).filter(|(_, m)| **m != 0.0).map(|(b, m)| b * m).sum()
    }

    /// Intercept and coefficients of the centred columns, from the uncentred ones.
    pub(in crate::fit) fn inward(&self, beta: &[f64]) -> Vec<f64> {
        let mut inward = beta.to_vec();
        if let Some((intercept, coefficients)) = inward.split_first_mut() {
            *intercept += self.shift(coefficients);
        }
        inward
    }

    /// Intercept and coefficients of the columns, from the centred ones.
    pub(in crate::fit) fn outward_coefficients(&self, beta: &[f64]) -> Vec<f64> {
        let mut outward = beta.to_vec();
        if let Some((intercept, coefficients)) = outward.split_first_mut() {
            *intercept -= self.shift(coefficients);
        }
        outward
    }

    /// The solution for the centred columns, from that for the columns.
    pub(in crate::fit) fn inward_solution(&self, solution: &Solution) -> Solution {
        self.moved(solution.clone(), 1.0)
    }

    /// The solution for the columns, from that for the centred ones.
    pub(in crate::fit) fn outward(&self, solution: Solution) -> Solution {
        self.moved(solution, -1.0)
    }

    fn moved(&self, solution: Solution, sign: f64) -> Solution {
        let shift = sign * self.shift(&solution.coefficients);
        Solution {
            intercept: solution.intercept + shift,
            firth_intercept: solution.firth_intercept.map(|own| own + shift),
            ..solution
        }
    }

    /// The covariance of the coefficients of the columns, by rows, from that for the centred ones.
    pub(in crate::fit) fn outward_covariance(&self, mut matrix: Vec<f64>) -> Vec<f64> {
        let k = self.means.len() + 1;
        for j in 0..k {
            let row = &matrix[j * k..(j + 1) * k];
            matrix[j * k] -= self.shift(&row[1..]);
        }
        for l in 0..k {
            let column: Vec<f64> = (1..k).map(|j| matrix[j * k + l]).collect();
            matrix[l] -= self.shift(&column);
        }
        matrix
    }

    /// What, times the coefficients of the centred columns, gives coefficient `j` of the columns.
    pub(in crate::fit) fn direction(&self, j: usize) -> Vec<f64> {
        let mut direction = unit(self.means.len() + 1, j);
        if j == 0 {
            direction[1..].iter_mut().zip(&self.means).for_each(|(d, m)| *d = 0.0 - m);
        }
        direction
    }
}

/// A list of zeros with a 1 at place `j`.
pub(in crate::fit) fn unit(length: usize, j: usize) -> Vec<f64> {
    let mut unit = vec![0.0; length];
    if let Some(slot) = unit.get_mut(j) {
        *slot = 1.0;
    }
    unit
}

/// The centred form of the columns of `f`, where that helps and the intercept is free to take up the means.
pub(in crate::fit) fn centred<'a>(f: &Objective<'a>) -> Option<Centred<'a>> {
    if f.is_pinned(0) { None } else { Centred::of(f.x) }
}
