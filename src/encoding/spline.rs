//! Splines: a curve in one number, flat beyond its outer knots.

use serde::{Deserialize, Serialize};

use crate::math::{quantile_sorted, weighted_moments};

/// Between the knots, how a spline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bend {
    /// Straight lines. With knots t₁ < … < t_k, a column is the rise of z from tⱼ to tⱼ₊₁, 0 before and constant after. All
    /// rise: with coefficients of one sign the curve is monotone.
    Linear,
    /// Restricted cubic: column j of 1…k − 2 is
    /// [(z − tⱼ)³₊ − (z − t_{k−1})³₊·(t_k − tⱼ)/(t_k − t_{k−1}) + (z − t_k)³₊·(t_{k−1} − tⱼ)/(t_k − t_{k−1})] / (t_k − t₁)²:
    /// smooth between the knots. F. Harrell, "Regression Modeling Strategies", 2015, §2.4.5.
    Cubic,
}

/// A spline over standardised values. Its first column is a straight line, the others are what else a curve adds: all that
/// is straight is taken out of them. So a penalty takes a curve for one variable: a straight line costs what a straight
/// number does, and all that bends costs together no less than one more number of the same variance.
///
/// Of a monotone curve the first column is the rise up to the second knot, and nothing is taken out, since all have to rise.
///
/// Beyond the outer knots all columns are constant: what few rows say about a slope there would be continued to any height.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spline {
    bend: Bend,
    /// Knots, ascending, in standard deviations from the mean.
    knots: Vec<f64>,
    /// Mean of each curved column in training.
    means: Vec<f64>,
    /// Standard deviation of each curved column in training, or a quarter of its range where that is more.
    deviations: Vec<f64>,
    /// The same of the first column. Absent in files in which that is the value itself and the curve goes on straight beyond
    /// its outer knots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<(f64, f64)>,
    /// What is straight in each curved column, standardised: so much of the first column. Empty for a monotone curve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shares: Vec<f64>,
}

/// Outer knots leave out this share of rows at each end, if these are enough.
const TAIL: f64 = 0.01;
/// Inner knots, as quantiles of the rows between the outer ones.
const INNER: [f64; 3] = [0.25, 0.5, 0.75];
/// Fewest rows at each end and between knots, and their least share.
const LEAST_ROWS: usize = 30;
const LEAST_SHARE: f64 = 0.01;
/// Fewest rows of the rarer class there.
const LEAST_EVENTS: usize = 10;
/// Fewest different values of a number with a curve; with fewer the curve is a line with flat ends.
const LEAST_VALUES: usize = 5;

impl Spline {
    /// The spline of standardised values (NaN is missing), without inner knots if they are of fewer than five kinds; `None` if
    /// they do not lie at two places with enough rows of both classes.
    #[must_use]
    pub(crate) fn fit(z: &[f64], weights: &[f64], label: &[bool], bend: Bend, monotone: bool) -> Option<Self> {
        let positives = label.iter().filter(|y| **y).count();
        let rarer = 2 * positives <= label.len();
        let mut sorted: Vec<(f64, bool)> =
            z.iter().zip(label).filter(|(v, _)| !v.is_nan()).map(|(v, y)| (*v, *y == rarer)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let knots = knots(&sorted)?;
        let count = knots.len() - 2;
        let (means, deviations) = (vec![0.0; count], vec![1.0; count]);
        let shares = if monotone { Vec::new() } else { vec![0.0; count] };
        let mut spline = Self { bend, knots, means, deviations, first: Some((0.0, 1.0)), shares };
        let mut scaled = Vec::with_capacity(count + 1);
        for j in 0..=count {
            let column: Vec<f64> = z.iter().map(|v| if v.is_nan() { *v } else { spline.flat(*v, j) }).collect();
            let (mean, deviation, _) = weighted_moments(&column, weights);
            let range = spline.flat(f64::MAX, j) - spline.flat(f64::MIN, j);
            // A segment of few rows varies little; divided by that little its coefficient would hardly be shrunk. Curved
            // columns share the penalty of one, and a line is standardised as a straight number is.
            let among = if monotone { 1.0 } else { (count as f64).sqrt() };
            let scale = if j == 0 && !monotone { deviation } else { among * deviation.max(range.abs() / 4.0) };
            scaled.push((mean, scale));
        }
        if !scaled.iter().all(|(mean, deviation)| mean.is_finite() && *deviation > 1e-9 && deviation.is_finite()) {
            return None;
        }
        spline.first = scaled.first().copied();
        (spline.means, spline.deviations) = scaled.into_iter().skip(1).unzip();
        if !monotone {
            spline.shares = spline.straight_shares(z, weights);
        }
        Some(spline)
    }

    /// Weighted regression of each curved column on the first.
    fn straight_shares(&self, z: &[f64], weights: &[f64]) -> Vec<f64> {
        let weight = |i: usize| weights.get(i).copied().unwrap_or(0.0);
        let product = |j: usize| {
            crate::math::sum_by(z.len(), |i| match z.get(i) {
                Some(v) if !v.is_nan() => weight(i) * self.standard(*v, 0) * self.standard(*v, j),
                _ => 0.0,
            })
        };
        let own = product(0);
        (1..=self.width()).map(|j| product(j) / own).collect()
    }

    /// Number of curved columns.
    pub(crate) fn width(&self) -> usize {
        self.means.len()
    }

    /// Column j before it is standardised, the first one included.
    fn flat(&self, z: f64, j: usize) -> f64 {
        let (Some(low), Some(high)) = (self.knots.first(), self.knots.last()) else { return 0.0 };
        let inside = z.clamp(*low, *high);
        match (self.bend, j) {
            (Bend::Linear, 0) if !self.shares.is_empty() => inside,
            (Bend::Linear, j) => self.raw(inside, j),
            (Bend::Cubic, 0) => inside,
            (Bend::Cubic, j) => self.raw(inside, j - 1),
        }
    }

    /// The first column of a standardised value.
    pub(crate) fn straight(&self, z: f64) -> f64 {
        self.standard(z, 0)
    }

    /// Column j, the first one included, standardised.
    fn standard(&self, z: f64, j: usize) -> f64 {
        let Some((mean, deviation)) = self.first else { return z };
        match j.checked_sub(1) {
            None => (self.flat(z, 0) - mean) / deviation,
            Some(i) => match (self.means.get(i), self.deviations.get(i)) {
                (Some(mean), Some(deviation)) => (self.flat(z, j) - mean) / deviation,
                _ => 0.0,
            },
        }
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
    pub(crate) fn column(&self, z: f64, j: usize) -> f64 {
        if self.first.is_some() {
            let share = self.shares.get(j).copied().unwrap_or(0.0);
            return self.standard(z, j + 1) - share * self.standard(z, 0);
        }
        match (self.means.get(j), self.deviations.get(j)) {
            (Some(mean), Some(deviation)) => (self.raw(z, j) - mean) / deviation,
            _ => 0.0,
        }
    }

    /// Whether knots ascend and all numbers are usable.
    pub(crate) fn is_usable(&self) -> bool {
        let finite = |v: &[f64]| v.iter().all(|x| x.is_finite());
        let (knots, first) = (self.knots.len(), self.first.is_some());
        let columns = if self.bend == Bend::Linear && !first { knots } else { knots.saturating_sub(2) };
        knots >= if first { 2 } else { 3 }
            && self.knots.is_sorted_by(|a, b| a < b)
            && [self.means.len(), self.deviations.len()] == [columns; 2]
            && self.first.is_none_or(|(mean, deviation)| mean.is_finite() && deviation > 0.0 && deviation.is_finite())
            && (self.shares.is_empty() || first && self.shares.len() == columns)
            && finite(&self.shares)
            && finite(&self.knots)
            && finite(&self.means)
            && finite(&self.deviations)
            && self.deviations.iter().all(|d| *d > 0.0)
    }
}

/// Knots of sorted values, at least two: the outer ones with enough rows at and beyond them, the inner ones with enough
/// rows to either side. The second of a pair is whether a row is of the rarer class.
fn knots(sorted: &[(f64, bool)]) -> Option<Vec<f64>> {
    let values: Vec<f64> = sorted.iter().map(|(v, _)| *v).collect();
    let kinds = 1 + values.windows(2).filter(|w| w.first() != w.last()).count();
    let n = values.len();
    let least = LEAST_ROWS.max((n as f64 * LEAST_SHARE).ceil() as usize);
    let mut events = vec![0; n + 1];
    for (i, (_, event)) in sorted.iter().enumerate() {
        let before = events.get(i).copied().unwrap_or(0);
        if let Some(slot) = events.get_mut(i + 1) {
            *slot = before + usize::from(*event);
        }
    }
    let events_up_to = |i: usize| events.get(i).copied().unwrap_or(0);
    let enough = |from: usize, to: usize| to >= from + least && events_up_to(to) - events_up_to(from) >= LEAST_EVENTS;
    let up_to = |v: f64| values.partition_point(|x| *x <= v);
    let below = |v: f64| values.partition_point(|x| *x < v);
    // The first value with enough rows at and below it, and the last with enough at and above it.
    let low = quantile_sorted(&values, TAIL);
    let low = values.iter().skip(below(low)).find(|v| enough(0, up_to(**v)))?;
    let high = quantile_sorted(&values, 1.0 - TAIL);
    let high = values.iter().take(up_to(high)).rev().find(|v| enough(below(**v), n))?;
    let apart = |a: f64, b: f64| b - a > 1e-6 && enough(up_to(a), up_to(b));
    // Values pile up: outer knots at one place, although enough rows lie above them.
    if !apart(*low, *high) {
        return None;
    }
    let between = values.get(up_to(*low)..below(*high)).unwrap_or(&[]);
    let mut knots = vec![*low];
    if kinds >= LEAST_VALUES {
        for knot in INNER.map(|q| quantile_sorted(between, q)) {
            if knots.last().is_some_and(|last| apart(*last, knot)) && apart(knot, *high) {
                knots.push(knot);
            }
        }
    }
    knots.push(*high);
    Some(knots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spline(bend: Bend) -> Spline {
        let z: Vec<f64> = (0..1000).map(|i| f64::from(i) / 250.0 - 2.0).collect();
        Spline::fit(&z, &vec![1.0; 1000], &alternating(1000), bend, false).unwrap()
    }

    fn alternating(n: usize) -> Vec<bool> {
        (0..n).map(|i| i % 2 == 0).collect()
    }

    #[test]
    fn nothing_straight_is_left_in_curved_columns_and_these_vary_less() {
        let z: Vec<f64> = (0..1000).map(|i| (f64::from(i) / 250.0 - 2.0).powi(3)).collect();
        for bend in [Bend::Linear, Bend::Cubic] {
            let s = Spline::fit(&z, &vec![1.0; 1000], &alternating(1000), bend, false).unwrap();
            let mean = |of: &dyn Fn(f64) -> f64| z.iter().map(|v| of(*v)).sum::<f64>() / 1000.0;
            assert!((mean(&|v| s.straight(v).powi(2)) - 1.0).abs() < 1e-9);
            let curved = 0..s.width();
            assert!(curved.clone().all(|j| mean(&|v| s.straight(v) * s.column(v, j)).abs() < 1e-9));
            assert!(curved.map(|j| mean(&|v| s.column(v, j).powi(2))).sum::<f64>() <= 1.0);
        }
    }

    #[test]
    fn ramps_rise_and_add_up_to_a_straight_line() {
        let z: Vec<f64> = (0..1000).map(|i| f64::from(i) / 250.0 - 2.0).collect();
        let s = Spline::fit(&z, &vec![1.0; 1000], &alternating(1000), Bend::Linear, true).unwrap();
        assert_eq!((s.knots.len(), s.width()), (5, 3));
        assert!(s.is_usable());
        for k in 0..400 {
            let z = f64::from(k) / 50.0 - 4.0;
            let sum: f64 = (0..4).map(|j| s.flat(z, j)).sum();
            assert!((sum - (z.clamp(s.knots[0], s.knots[4]) - s.knots[0])).abs() < 1e-12);
            assert!((0..4).all(|j| s.flat(z + 0.01, j) >= s.flat(z, j)));
        }
    }

    #[test]
    fn flat_outside_the_knots_and_smooth_between() {
        for bend in [Bend::Linear, Bend::Cubic] {
            let s = spline(bend);
            let ends = [s.knots[0], s.knots[4]];
            let all = |z: f64| [s.straight(z), s.column(z, 0), s.column(z, 1), s.column(z, 2)];
            assert_eq!(all(-1e300), all(ends[0]));
            assert_eq!(all(1e300), all(ends[1]));
            assert!(all(1e300).iter().all(|v| v.abs() < 5.0));
        }
        let s = spline(Bend::Cubic);
        // No jump of value or slope at an inner knot.
        for t in &s.knots[1..4] {
            for j in 0..4 {
                let slope = |z: f64| (s.flat(z + 1e-5, j) - s.flat(z - 1e-5, j)) / 2e-5;
                assert!((slope(t + 1e-4) - slope(t - 1e-4)).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn knots_have_rows_of_both_classes_between_them() {
        let fit = |z: &[f64], y: &[bool]| Spline::fit(z, &vec![1.0; z.len()], y, Bend::Linear, true);
        let mut z = vec![0.0; 880];
        z.extend(vec![1.0; 80]);
        z.extend(vec![2.0; 35]);
        z.extend([3.0, 4.0, 4.0, 4.0, 4.0]);
        let s = fit(&z, &alternating(1000)).unwrap();
        assert_eq!(s.knots, [0.0, 1.0, 2.0], "five rows make no segment");
        // The rare segment is divided by a quarter of its rise, not by its small deviation.
        assert_eq!(s.deviations, [0.25]);
        // Of the 40 rows at 2 and above only 8 are of the rarer class.
        let few: Vec<bool> = (0..1000).map(|i| if i < 960 { i % 4 == 0 } else { i % 5 == 0 }).collect();
        assert_eq!(fit(&z, &few).unwrap().knots, [0.0, 1.0]);
        assert_eq!(fit(&z, &vec![false; 1000]), None);
        let four: Vec<f64> = (0..1000).map(|i| f64::from(i % 4)).collect();
        let both: Vec<bool> = (0..1000).map(|i| i / 4 % 2 == 0).collect();
        let line = fit(&four, &both).unwrap();
        assert_eq!(line.knots, [0.0, 3.0], "four values have no curve");
        assert_eq!(line.width(), 0);
        assert_eq!(line.straight(20.0), line.straight(3.0), "and their line ends flat");
        assert_eq!(fit(&[f64::NAN; 5], &[true; 5]), None);
        assert_eq!(fit(&[], &[]), None);
    }

    #[test]
    fn files_without_a_first_column_go_on_straight() {
        let old = r#"{"bend":"linear","knots":[-1.0,0.0,1.0],"means":[0.0,0.0,0.0],"deviations":[1.0,1.0,1.0]}"#;
        let s: Spline = serde_json::from_str(old).unwrap();
        assert!(s.is_usable());
        assert_eq!((s.straight(9.0), s.column(9.0, 2), s.width()), (9.0, 8.0, 3));
        assert_eq!(serde_json::to_string(&s).unwrap(), old);
    }
}
