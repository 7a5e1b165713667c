//! Estimates over rows in clusters, with standard errors from what each row contributes.

use std::collections::BTreeSet;

use crate::math::{logit, sigmoid, sum, sum_by};

/// Labels, probabilities and weights, and the cluster of each row (its own if there are none).
pub(super) struct Rows<'a> {
    pub(super) y: &'a [bool],
    pub(super) p: &'a [f64],
    pub(super) w: &'a [f64],
    pub(super) clusters: Option<&'a [u32]>,
}

/// Clusters with a positive row, and with a negative one.
pub(super) struct Sample {
    pub(super) positives: usize,
    pub(super) negatives: usize,
}

impl Rows<'_> {
    fn len(&self) -> usize {
        self.y.len()
    }

    fn w(&self, i: usize) -> f64 {
        self.w.get(i).copied().unwrap_or(0.0)
    }

    fn hit(&self, i: usize) -> f64 {
        f64::from(u8::from(self.y.get(i) == Some(&true)))
    }

    fn p(&self, i: usize, margin: f64) -> f64 {
        self.p.get(i).copied().unwrap_or(0.5).clamp(margin, 1.0 - margin)
    }

    fn cluster(&self, i: usize) -> usize {
        self.clusters.and_then(|c| c.get(i)).map_or(i, |c| *c as usize)
    }

    pub(super) fn sample(&self) -> Sample {
        let of = |class: bool| {
            let rows = (0..self.len()).filter(|i| self.w(*i) > 0.0 && self.y.get(*i) == Some(&class));
            rows.map(|i| self.cluster(i)).collect::<BTreeSet<usize>>().len()
        };
        Sample { positives: of(true), negatives: of(false) }
    }

    /// Weighted share of positives.
    pub(super) fn rate(&self) -> f64 {
        sum_by(self.len(), |i| self.w(i) * self.hit(i)) / sum(self.w)
    }

    /// √Σ S_g²·G/(G − 1), S_g the sum of the influences of a cluster.
    fn error(&self, influence: &[f64]) -> f64 {
        let largest = (0..self.len()).map(|i| self.cluster(i)).max().unwrap_or(0);
        let mut sums = vec![0.0; largest + 1];
        let mut used = vec![false; largest + 1];
        for (i, v) in influence.iter().enumerate().filter(|(i, _)| self.w(*i) > 0.0) {
            let cluster = self.cluster(i);
            if let (Some(sum), Some(used)) = (sums.get_mut(cluster), used.get_mut(cluster)) {
                *sum += v;
                *used = true;
            }
        }
        let count = used.iter().filter(|u| **u).count() as f64;
        let squares = sum_by(sums.len(), |g| sums.get(g).map_or(0.0, |s| s * s));
        (squares * count / (count - 1.0).max(1.0)).sqrt()
    }

    /// Rows by score, lowest first.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| self.p(*a, 0.0).total_cmp(&self.p(*b, 0.0)));
        order
    }

    /// Area under the ROC curve.
    pub(super) fn auc(&self) -> (f64, f64) {
        let positive = sum_by(self.len(), |i| self.w(i) * self.hit(i));
        let negative = sum(self.w) - positive;
        let mut influence = vec![0.0; self.len()];
        let (mut hits_below, mut others_below, mut area) = (0.0, 0.0, 0.0);
        for tied in self.order().chunk_by(|a, b| self.p(*a, 0.0) == self.p(*b, 0.0)) {
            let hits: f64 = tied.iter().map(|i| self.w(*i) * self.hit(*i)).sum();
            let others: f64 = tied.iter().map(|i| self.w(*i) * (1.0 - self.hit(*i))).sum();
            // The share of the other class that is on the right side of these rows.
            let of_hit = (others_below + others / 2.0) / negative;
            let of_other = (positive - hits_below - hits / 2.0) / positive;
            area += hits * of_hit;
            for i in tied {
                if let Some(slot) = influence.get_mut(*i) {
                    *slot = if self.hit(*i) > 0.0 { of_hit } else { of_other };
                }
            }
            hits_below += hits;
            others_below += others;
        }
        let auc = area / positive;
        for (i, v) in influence.iter_mut().enumerate() {
            let class = if self.hit(i) > 0.0 { positive } else { negative };
            *v = self.w(i) * (*v - auc) / class;
        }
        (auc, self.error(&influence))
    }

    /// Σ w·y / Σ w·p, and the standard error of its logarithm.
    pub(super) fn observed_to_expected(&self, margin: f64) -> (f64, f64) {
        let observed = sum_by(self.len(), |i| self.w(i) * self.hit(i));
        let expected = sum_by(self.len(), |i| self.w(i) * self.p(i, margin));
        let influence: Vec<f64> =
            (0..self.len()).map(|i| self.w(i) * (self.hit(i) / observed - self.p(i, margin) / expected)).collect();
        (observed / expected, self.error(&influence))
    }

    /// b of logit P(y) = a + b·logit p, by Newton's method; `None` where it has no finite maximum.
    pub(super) fn slope(&self, margin: f64) -> Option<(f64, f64)> {
        let x: Vec<f64> = (0..self.len()).map(|i| logit(self.p(i, margin))).collect();
        let x = |i: usize| x.get(i).copied().unwrap_or(0.0);
        let total = sum(self.w);
        let mean = sum_by(self.len(), |i| self.w(i) * x(i)) / total;
        let spread = (sum_by(self.len(), |i| self.w(i) * (x(i) - mean) * (x(i) - mean)) / total).sqrt();
        if spread.is_nan() || spread <= 1e-9 {
            return None;
        }
        let z = |i: usize| (x(i) - mean) / spread;
        let (mut a, mut b) = (logit(self.rate()), 0.0);
        for _ in 0..60 {
            let residual = |i: usize| self.w(i) * (sigmoid(a + b * z(i)) - self.hit(i));
            let curve = |i: usize| self.w(i) * sigmoid(a + b * z(i)) * sigmoid(-a - b * z(i));
            let n = self.len();
            let (ga, gb) = (sum_by(n, residual), sum_by(n, |i| residual(i) * z(i)));
            let (haa, hab, hbb) =
                (sum_by(n, curve), sum_by(n, |i| curve(i) * z(i)), sum_by(n, |i| curve(i) * z(i) * z(i)));
            let determinant = haa * hbb - hab * hab;
            if determinant.is_nan() || determinant <= 1e-12 * haa * hbb || b.abs() > 50.0 {
                return None;
            }
            let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
            if da.abs().max(db.abs()) < 1e-9 {
                let influence: Vec<f64> = (0..n).map(|i| residual(i) * (haa * z(i) - hab) / determinant).collect();
                return Some((b / spread, self.error(&influence) / spread));
            }
            // Far from the maximum a step may overshoot.
            let shorten = (2.0 / da.abs().max(db.abs())).min(1.0);
            a -= shorten * da;
            b -= shorten * db;
        }
        None
    }

    /// Share of positives in the best part of all weight, ties in equal parts, and the effective number of rows in it.
    pub(super) fn best(&self, part: f64) -> (f64, f64) {
        let wanted = part * sum(self.w);
        let mut member = vec![0.0; self.len()];
        let mut taken = 0.0;
        for tied in self.order().chunk_by(|a, b| self.p(*a, 0.0) == self.p(*b, 0.0)).rev() {
            let size: f64 = tied.iter().map(|i| self.w(*i)).sum();
            let share = if size > 0.0 { ((wanted - taken) / size).clamp(0.0, 1.0) } else { 0.0 };
            for i in tied {
                if let Some(slot) = member.get_mut(*i) {
                    *slot = share * self.w(*i);
                }
            }
            taken += size;
            if taken >= wanted {
                break;
            }
        }
        let total = sum(&member);
        let m = |i: usize| member.get(i).copied().unwrap_or(0.0);
        let share = sum_by(self.len(), |i| m(i) * self.hit(i)) / total;
        let rows = total * total / sum_by(self.len(), |i| m(i) * m(i));
        let influence: Vec<f64> = (0..self.len()).map(|i| m(i) * (self.hit(i) - share) / total).collect();
        let variance = self.error(&influence).powi(2);
        let binomial = share * (1.0 - share) / rows;
        let effect = if binomial > 0.0 { (variance / binomial).max(1.0) } else { 1.0 };
        (share, rows / effect)
    }
}
