//! Splines: a curve in one number, straight beyond its outer knots.

use serde::{Deserialize, Serialize};

use crate::math::{quantile_sorted, weighted_moments};

/// Between the knots, how a spline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bend {
    /// Straight lines. With knots t₁ < … < t_k, column j is the rise of z from tⱼ to tⱼ₊₁, 0 before and constant after;
    /// the last one rises from t_k on. All rise: with coefficients of one sign the curve is monotone.
    Linear,
    /// Restricted cubic: column j of 1…k − 2 is
    /// [(z − tⱼ)³₊ − (z − t_{k−1})³₊·(t_k − tⱼ)/(t_k − t_{k−1}) + (z − t_k)³₊·(t_{k−1} − tⱼ)/(t_k − t_{k−1})] / (t_k − t₁)²:
    /// smooth between the knots, linear outside them. F. Harrell, "Regression Modeling Strategies", 2015, §2.4.5.
    Cubic,
}

/// The curved columns of a spline over standardised values, each standardised; the straight one is the value itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spline {
    bend: Bend,
    /// Knots, ascending, in standard deviations from the mean.
    knots: Vec<f64>,
    /// Mean of each curved column in training.
    means: Vec<f64>,
    /// Standard deviation of each curved column in training.
    deviations: Vec<f64>,
}

/// Quantiles at which knots lie: Harrell's for five knots.
const QUANTILES: [f64; 5] = [0.05, 0.275, 0.5, 0.725, 0.95];

impl Spline {
    /// The spline of standardised values (NaN is missing); `None` if they lie at fewer than three places among the
    /// quantiles.
    #[must_use]
    pub(super) fn fit(z: &[f64], weights: &[f64], bend: Bend) -> Option<Self> {
        let mut sorted: Vec<f64> = z.iter().copied().filter(|v| !v.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        // Counts pile up at few values: quantiles of the distinct ones then.
        let quantiles = |v: &[f64]| -> Vec<f64> {
            let mut knots: Vec<f64> = QUANTILES.iter().map(|q| quantile_sorted(v, *q)).collect();
            knots.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
            knots
        };
        let mut knots = quantiles(&sorted);
        if knots.len() < 3 {
            sorted.dedup();
            knots = quantiles(&sorted);
        }
        if knots.len() < 3 {
            return None;
        }
        let count = columns(bend, knots.len());
        let mut spline = Self { bend, knots, means: vec![0.0; count], deviations: vec![1.0; count] };
        let (mut means, mut deviations) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for j in 0..count {
            let column: Vec<f64> = z.iter().map(|v| if v.is_nan() { *v } else { spline.raw(*v, j) }).collect();
            let (mean, deviation, _) = weighted_moments(&column, weights);
            // A column that does not vary would divide by nothing.
            if deviation.is_nan() || deviation <= 1e-9 {
                return None;
            }
            means.push(mean);
            deviations.push(deviation);
        }
        (spline.means, spline.deviations) = (means, deviations);
        Some(spline)
    }

    /// Number of curved columns.
    pub(super) fn width(&self) -> usize {
        self.means.len()
    }

    fn raw(&self, z: f64, j: usize) -> f64 {
        let (Some(first), [.., before, last], Some(knot)) =
            (self.knots.first(), self.knots.as_slice(), self.knots.get(j))
        else {
            return 0.0;
        };
        if self.bend == Bend::Linear {
            let most = self.knots.get(j + 1).map_or(f64::INFINITY, |next| next - knot);
            return (z - knot).clamp(0.0, most);
        }
        // Beyond the last knot it is a straight line; there the cubes would cancel.
        let inside = z.min(*last);
        let cube = |t: f64| (inside - t).max(0.0).powi(3);
        let (span, reach) = (last - before, last - knot);
        let slope = 3.0 * reach * (reach - span);
        let bend = cube(*knot) - cube(*before) * reach / span + slope * (z - last).max(0.0);
        bend / ((last - first) * (last - first))
    }

    /// Curved column j of a standardised value.
    pub(super) fn column(&self, z: f64, j: usize) -> f64 {
        match (self.means.get(j), self.deviations.get(j)) {
            (Some(mean), Some(deviation)) => (self.raw(z, j) - mean) / deviation,
            _ => 0.0,
        }
    }

    /// Whether knots ascend and all numbers are usable.
    pub(crate) fn is_usable(&self) -> bool {
        let finite = |v: &[f64]| v.iter().all(|x| x.is_finite());
        self.knots.len() >= 3
            && self.knots.is_sorted_by(|a, b| a < b)
            && [self.means.len(), self.deviations.len()] == [columns(self.bend, self.knots.len()); 2]
            && finite(&self.knots)
            && finite(&self.means)
            && finite(&self.deviations)
            && self.deviations.iter().all(|d| *d > 0.0)
    }
}

/// Number of curved columns over so many knots.
fn columns(bend: Bend, knots: usize) -> usize {
    match bend {
        Bend::Linear => knots,
        Bend::Cubic => knots - 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spline(bend: Bend) -> Spline {
        let z: Vec<f64> = (0..1000).map(|i| f64::from(i) / 250.0 - 2.0).collect();
        Spline::fit(&z, &vec![1.0; 1000], bend).unwrap()
    }

    #[test]
    fn ramps_rise_and_add_up_to_a_straight_line() {
        let s = spline(Bend::Linear);
        assert_eq!(s.width(), 5);
        assert!(s.is_usable());
        for k in 0..400 {
            let z = f64::from(k) / 50.0 - 4.0;
            let sum: f64 = (0..5).map(|j| s.raw(z, j)).sum();
            assert!((sum - (z - s.knots[0]).max(0.0)).abs() < 1e-12);
            assert!((0..5).all(|j| s.raw(z + 0.01, j) >= s.raw(z, j)));
        }
    }

    #[test]
    fn straight_outside_the_knots_and_smooth_between() {
        let s = spline(Bend::Cubic);
        assert_eq!(s.width(), 3);
        assert!(s.is_usable());
        for j in 0..3 {
            // Second differences vanish beyond the outer knots.
            for z in [-9.0, -3.0, 2.5, 7.0] {
                let bend = s.raw(z + 0.1, j) - 2.0 * s.raw(z, j) + s.raw(z - 0.1, j);
                assert!(bend.abs() < 1e-12, "{z}: {bend}");
            }
            // Far outside as well: a row in other units, an id in a column of numbers.
            let slope = s.raw(4.0, j) - s.raw(3.0, j);
            for z in [1e6, 1e10, 1e100, 1e300] {
                assert!((s.raw(z, j) / z / slope - 1.0).abs() < 1e-5, "{z}");
            }
            assert_eq!(s.raw(-3.0, j), 0.0);
            // No jump of value or slope at a knot.
            for t in &s.knots {
                let slope = |z: f64| (s.raw(z + 1e-5, j) - s.raw(z - 1e-5, j)) / 2e-5;
                assert!((slope(t + 1e-4) - slope(t - 1e-4)).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn piled_up_values() {
        let mut z = vec![-0.5; 900];
        assert_eq!(Spline::fit(&z, &vec![1.0; 900], Bend::Cubic), None);
        z.extend((0..100).map(|i| f64::from(i % 10)));
        let s = Spline::fit(&z, &vec![1.0; 1000], Bend::Cubic).unwrap();
        assert!(s.is_usable());
        assert_eq!(Spline::fit(&[f64::NAN; 5], &[1.0; 5], Bend::Cubic), None);
        assert_eq!(Spline::fit(&[], &[], Bend::Cubic), None);
    }
}
