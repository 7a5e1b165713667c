//! Estimates over rows in clusters, and what each row contributes to them.
//!
//! An estimate T is a function of the weights of the rows. Its influence of row i is wᵢ·∂T/∂wᵢ; the variance of T is
//! G/(G − 1)·Σ S_g², S_g the sum of the influences of cluster g (a lead, an account), G their number: the linearisation, or
//! infinitesimal jackknife, of D. Binder, International Statistical Review 51, 1983. For the AUC it is the estimator of
//! E. DeLong et al., Biometrics 44, 1988, with clusters that of N. Obuchowski, Biometrics 53, 1997. Intervals take the
//! quantile of Student's t with G − 1 degrees of freedom in the place of the normal one.

use crate::math::{Interval, exp, ln, logit, sigmoid, student_quantile, sum, sum_by, wilson_within};

/// Labels, probabilities and weights, and the cluster of each row (its own if there are none).
pub(super) struct Rows<'a> {
    pub(super) y: &'a [bool],
    p: &'a [f64],
    w: &'a [f64],
    /// Cluster of each row, numbered from 0; none where each row is its own.
    clusters: Option<Vec<u32>>,
    /// Clusters with weight.
    count: usize,
    /// Rows by score, lowest first.
    order: Vec<usize>,
    total: f64,
}

/// Clusters with a positive row, and with a negative one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) positives: usize,
    pub(super) negatives: usize,
}

/// An estimate, and the influence of each row.
pub(super) struct Influenced {
    pub(super) value: f64,
    pub(super) of_row: Vec<f64>,
}

/// Probabilities are taken to lie so far from 0 and 1 where their logarithm is.
const MARGIN: f64 = 1e-9;
/// As in the log loss itself.
const CLIP: f64 = f64::EPSILON;

impl<'a> Rows<'a> {
    pub(super) fn new(y: &'a [bool], p: &'a [f64], w: &'a [f64], clusters: Option<&[u32]>) -> Self {
        let mut order: Vec<usize> = (0..y.len()).collect();
        let score = |i: &usize| p.get(*i).copied().unwrap_or(0.0);
        order.sort_by(|a, b| score(a).total_cmp(&score(b)));
        let clusters = clusters.map(numbered);
        let mut rows = Self { y, p, w, clusters, count: 0, order, total: sum(w) };
        rows.count = rows.used(|i| rows.w(i) > 0.0);
        rows
    }

    fn len(&self) -> usize {
        self.y.len()
    }

    fn w(&self, i: usize) -> f64 {
        self.w.get(i).copied().unwrap_or(0.0)
    }

    fn hit(&self, i: usize) -> f64 {
        f64::from(u8::from(self.y.get(i) == Some(&true)))
    }

    fn score(&self, i: usize) -> f64 {
        self.p.get(i).copied().unwrap_or(0.0)
    }

    fn p(&self, i: usize) -> f64 {
        self.score(i).clamp(MARGIN, 1.0 - MARGIN)
    }

    fn cluster(&self, i: usize) -> usize {
        self.clusters.as_ref().and_then(|c| c.get(i)).map_or(i, |c| *c as usize)
    }

    /// Number of clusters of the rows that meet a condition.
    fn used(&self, keep: impl Fn(usize) -> bool + Sync) -> usize {
        let mut used = vec![false; self.len()];
        for i in (0..self.len()).filter(|i| keep(*i)) {
            if let Some(slot) = used.get_mut(self.cluster(i)) {
                *slot = true;
            }
        }
        used.iter().filter(|u| **u).count()
    }

    /// Clusters that have weight.
    pub(super) fn clusters(&self) -> usize {
        self.count
    }

    pub(super) fn sample(&self) -> Sample {
        let of = |class: bool| self.used(|i| self.w(i) > 0.0 && self.y.get(i) == Some(&class));
        Sample { positives: of(true), negatives: of(false) }
    }

    /// Weighted share of positives.
    pub(super) fn rate(&self) -> f64 {
        sum_by(self.len(), |i| self.w(i) * self.hit(i)) / self.total
    }

    /// √G/(G − 1)·Σ S_g², of clusters that `count`.
    fn error_among(&self, influence: &[f64], count: usize) -> f64 {
        let mut sums = vec![0.0; self.len()];
        for (i, v) in influence.iter().enumerate() {
            if let Some(sum) = sums.get_mut(self.cluster(i)) {
                *sum += v;
            }
        }
        let count = count as f64;
        let squares = sum_by(sums.len(), |g| sums.get(g).map_or(0.0, |s| s * s));
        (squares * count / (count - 1.0).max(1.0)).sqrt()
    }

    /// Standard error of an estimate.
    pub(super) fn error(&self, influence: &[f64]) -> f64 {
        self.error_among(influence, self.count)
    }

    /// How many standard errors to each side make a 95 % interval.
    pub(super) fn half_width(&self) -> f64 {
        student_quantile(0.025, self.count as f64 - 1.0)
    }

    fn influenced(&self, value: f64, of_row: impl Fn(usize) -> f64) -> Influenced {
        Influenced { value, of_row: (0..self.len()).map(of_row).collect() }
    }

    /// A weighted mean.
    fn mean(&self, of: impl Fn(usize) -> f64 + Sync) -> Influenced {
        let value = sum_by(self.len(), |i| self.w(i) * of(i)) / self.total;
        self.influenced(value, |i| self.w(i) * (of(i) - value) / self.total)
    }

    pub(super) fn log_loss(&self) -> Influenced {
        self.mean(|i| {
            let given = if self.hit(i) > 0.0 { self.score(i) } else { 1.0 - self.score(i) };
            -ln(given.clamp(CLIP, 1.0 - CLIP))
        })
    }

    pub(super) fn brier(&self) -> Influenced {
        self.mean(|i| (self.score(i) - self.hit(i)) * (self.score(i) - self.hit(i)))
    }

    /// Rows of equal score, lowest first.
    fn ties(&self) -> impl DoubleEndedIterator<Item = &[usize]> {
        self.order.chunk_by(|a, b| self.score(*a) == self.score(*b))
    }

    fn weights_of(&self, tied: &[usize]) -> (f64, f64) {
        tied.iter().fold((0.0, 0.0), |(hits, all), i| (hits + self.w(*i) * self.hit(*i), all + self.w(*i)))
    }

    /// Area under the ROC curve.
    pub(super) fn auc(&self) -> Influenced {
        let positive = sum_by(self.len(), |i| self.w(i) * self.hit(i));
        let negative = self.total - positive;
        let mut of_row = vec![0.0; self.len()];
        let (mut hits_below, mut others_below, mut area) = (0.0, 0.0, 0.0);
        for tied in self.ties() {
            let (hits, all) = self.weights_of(tied);
            let others = all - hits;
            // The share of the other class that is on the right side of these rows.
            let of_hit = (others_below + others / 2.0) / negative;
            let of_other = (positive - hits_below - hits / 2.0) / positive;
            area += hits * of_hit;
            for i in tied {
                if let Some(slot) = of_row.get_mut(*i) {
                    *slot = if self.hit(*i) > 0.0 { of_hit } else { of_other };
                }
            }
            hits_below += hits;
            others_below += others;
        }
        let auc = area / positive;
        for (i, v) in of_row.iter_mut().enumerate() {
            let class = if self.hit(i) > 0.0 { positive } else { negative };
            *v = self.w(i) * (*v - auc) / class;
        }
        Influenced { value: auc, of_row }
    }

    /// Average precision Σ hₛ·Pₛ / Σ hₛ, hₛ the positives at score s, Pₛ the precision at and above it. A row counts at its
    /// own score, and in the precision at all scores up to it.
    pub(super) fn average_precision(&self) -> Influenced {
        let positive = sum_by(self.len(), |i| self.w(i) * self.hit(i));
        let mut above: Vec<(&[usize], f64, f64, f64)> = Vec::new();
        let (mut hits, mut all) = (0.0, 0.0);
        for tied in self.ties().rev() {
            let own = self.weights_of(tied);
            (hits, all) = (hits + own.0, all + own.1);
            above.push((tied, own.0, hits, all));
        }
        let precision = |hits: f64, all: f64| if all > 0.0 { hits / all } else { 0.0 };
        let value = above.iter().map(|(_, own, hits, all)| own * precision(*hits, *all)).sum::<f64>() / positive;
        let mut of_row = vec![0.0; self.len()];
        let (mut as_hit, mut as_row) = (0.0, 0.0);
        for (tied, own, hits, all) in above.iter().rev().filter(|(.., all)| *all > 0.0) {
            as_hit += own / all;
            as_row += own * hits / (all * all);
            for i in *tied {
                let y = self.hit(*i);
                if let Some(slot) = of_row.get_mut(*i) {
                    *slot = self.w(*i) * (y * (precision(*hits, *all) - value + as_hit) - as_row) / positive;
                }
            }
        }
        Influenced { value, of_row }
    }

    /// ln(Σ w·y / Σ w·p).
    pub(super) fn observed_to_expected(&self) -> Influenced {
        let observed = sum_by(self.len(), |i| self.w(i) * self.hit(i));
        let expected = sum_by(self.len(), |i| self.w(i) * self.p(i));
        let of_row = |i| self.w(i) * (self.hit(i) / observed - self.p(i) / expected);
        self.influenced(ln(observed / expected), of_row)
    }

    /// a of logit P(y) = a + logit p: calibration in the large; `None` where it has no finite maximum.
    pub(super) fn intercept(&self) -> Option<Influenced> {
        let eta: Vec<f64> = (0..self.len()).map(|i| logit(self.p(i))).collect();
        let eta = |i: usize| eta.get(i).copied().unwrap_or(0.0);
        let mut a = 0.0f64;
        for _ in 0..100 {
            let residual = |i: usize| self.w(i) * (self.hit(i) - sigmoid(a + eta(i)));
            let curve = sum_by(self.len(), |i| self.w(i) * sigmoid(a + eta(i)) * sigmoid(-a - eta(i)));
            let step = sum_by(self.len(), residual) / curve;
            if step.is_nan() || a.abs() > 50.0 {
                return None;
            }
            if step.abs() < 1e-10 {
                return Some(self.influenced(a, |i| residual(i) / curve));
            }
            a += step.clamp(-2.0, 2.0);
        }
        None
    }

    /// b of logit P(y) = a + b·logit p, by Newton's method; `None` where it has no finite maximum.
    pub(super) fn slope(&self) -> Option<Influenced> {
        let x: Vec<f64> = (0..self.len()).map(|i| logit(self.p(i))).collect();
        let x = |i: usize| x.get(i).copied().unwrap_or(0.0);
        let mean = sum_by(self.len(), |i| self.w(i) * x(i)) / self.total;
        let spread = (sum_by(self.len(), |i| self.w(i) * (x(i) - mean) * (x(i) - mean)) / self.total).sqrt();
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
                let scale = determinant * spread;
                return Some(self.influenced(b / spread, |i| -residual(i) * (haa * z(i) - hab) / scale));
            }
            // Far from the maximum a step may overshoot.
            let shorten = (2.0 / da.abs().max(db.abs())).min(1.0);
            a -= shorten * da;
            b -= shorten * db;
        }
        None
    }

    /// Positives among the best `part` of all weight, per unit of all weight; ties count in part.
    ///
    /// The border is estimated as well: a row above it that counts more moves the border up, where the share of positives
    /// is m, so that it contributes y − m rather than y. m is taken from the rows around the border, half as many to each
    /// side as there are above it, and 10 at least.
    fn captured(&self, part: f64) -> Influenced {
        let wanted = part * self.total;
        if part >= 1.0 || part <= 0.0 {
            let value = if part > 0.0 { self.rate() } else { 0.0 };
            let of_row = |i| if part > 0.0 { self.w(i) * (self.hit(i) - value) / self.total } else { 0.0 };
            return self.influenced(value, of_row);
        }
        let half = (wanted / 2.0).max(10.0 * self.total / self.len().max(1) as f64);
        let member = self.membership(0.0, wanted);
        let near = self.membership((wanted - half).max(0.0), wanted + half);
        let at = |shares: &[f64], i: usize| self.w(i) * shares.get(i).copied().unwrap_or(0.0);
        let value = sum_by(self.len(), |i| at(&member, i) * self.hit(i)) / self.total;
        let around = sum_by(self.len(), |i| at(&near, i));
        let border = sum_by(self.len(), |i| at(&near, i) * self.hit(i)) / around;
        let moved = value - part * border;
        self.influenced(value, |i| (at(&member, i) * (self.hit(i) - border) - self.w(i) * moved) / self.total)
    }

    /// How much of each row lies between two sums of weight, best first; rows of equal score in equal parts.
    fn membership(&self, from: f64, to: f64) -> Vec<f64> {
        let mut member = vec![0.0; self.len()];
        let mut taken = 0.0;
        for tied in self.ties().rev() {
            let all = self.weights_of(tied).1;
            let share = if all > 0.0 { ((taken + all).min(to) - taken.max(from)).max(0.0) / all } else { 0.0 };
            for i in tied {
                if let Some(slot) = member.get_mut(*i) {
                    *slot = share;
                }
            }
            taken += all;
            if taken >= to {
                break;
            }
        }
        member
    }

    /// Share of positives between two parts of all weight, best first.
    pub(super) fn share_between(&self, low: f64, high: f64) -> Influenced {
        let (before, until) = (self.captured(low), self.captured(high));
        let of_row = until.of_row.iter().zip(&before.of_row).map(|(u, b)| (u - b) / (high - low)).collect();
        Influenced { value: (until.value - before.value) / (high - low), of_row }
    }

    /// The same over the share of all rows.
    pub(super) fn lift_between(&self, low: f64, high: f64) -> Influenced {
        let share = self.share_between(low, high);
        let rate = self.rate();
        let value = share.value / rate;
        let of_row = |(i, s): (usize, &f64)| (s - value * self.w(i) * (self.hit(i) - rate) / self.total) / rate;
        Influenced { value, of_row: share.of_row.iter().enumerate().map(of_row).collect() }
    }

    /// Interval of a share of rows that weigh `member`, whose influences are known: Wilson's, with as many rows as would
    /// give its variance, but no more than there are, (Σw)²/Σw².
    pub(super) fn share_interval(&self, share: &Influenced, member: impl Fn(usize) -> f64 + Sync) -> Interval {
        let mut of_cluster = vec![0.0; self.len()];
        for i in 0..self.len() {
            if let Some(slot) = of_cluster.get_mut(self.cluster(i)) {
                *slot += member(i);
            }
        }
        let effective = |squares: f64, total: f64| total * total / squares;
        let total = sum(&of_cluster);
        let rows = effective(sum_by(self.len(), |i| member(i) * member(i)), total);
        let count = of_cluster.iter().filter(|w| **w > 0.0).count();
        let error = self.error_among(&share.of_row, count);
        let p = share.value;
        let n = if p > 0.0 && p < 1.0 && error > 0.0 {
            (p * (1.0 - p) / (error * error)).min(rows)
        } else {
            // All rows alike: as many as there are clusters.
            effective(sum_by(of_cluster.len(), |g| of_cluster.get(g).map_or(0.0, |w| w * w)), total)
        };
        wilson_within(p, n, student_quantile(0.025, count as f64 - 1.0))
    }

    /// Share of positives between two parts of all weight, best first, with its interval.
    pub(super) fn share_within(&self, low: f64, high: f64) -> (Influenced, Interval) {
        let share = self.share_between(low, high);
        let member = self.membership(low * self.total, high * self.total);
        let interval = self.share_interval(&share, |i| self.w(i) * member.get(i).copied().unwrap_or(0.0));
        (share, interval)
    }

    /// Standard error of observed less predicted in a group of rows, where predictions are right.
    pub(super) fn chance_error(&self, keep: impl Fn(usize) -> bool + Sync) -> f64 {
        let member = |i: usize| if keep(i) { self.w(i) } else { 0.0 };
        let total = sum_by(self.len(), member);
        if self.clusters.is_none() {
            let variance = |i: usize| member(i) * member(i) * self.score(i) * (1.0 - self.score(i));
            return sum_by(self.len(), variance).sqrt() / total;
        }
        let off = |i: usize| self.hit(i) - self.score(i);
        let mean = sum_by(self.len(), |i| member(i) * off(i)) / total;
        let influence: Vec<f64> = (0..self.len()).map(|i| member(i) * (off(i) - mean) / total).collect();
        self.error_among(&influence, self.used(|i| member(i) > 0.0))
    }

    /// Interval of a share of the rows of a group.
    pub(super) fn share_of(&self, keep: impl Fn(usize) -> bool + Sync) -> (f64, Interval) {
        let member = |i: usize| if keep(i) { self.w(i) } else { 0.0 };
        let total = sum_by(self.len(), member);
        let value = sum_by(self.len(), |i| member(i) * self.hit(i)) / total;
        let share = self.influenced(value, |i| member(i) * (self.hit(i) - value) / total);
        (value, self.share_interval(&share, member))
    }
}

/// Interval on the scale of log-odds, for values between 0 and 1.
pub(super) fn on_log_odds(value: f64, error: f64, z: f64) -> (f64, f64) {
    let half = z * error / (value * (1.0 - value));
    (sigmoid(logit(value) - half), sigmoid(logit(value) + half))
}

/// Interval on the scale of logarithms, for values above 0.
pub(super) fn on_logs(value: f64, error: f64, z: f64) -> (f64, f64) {
    let half = z * error / value;
    (value * exp(-half), value * exp(half))
}

/// The clusters, numbered from 0 in the order in which they occur.
fn numbered(clusters: &[u32]) -> Vec<u32> {
    let mut numbers = std::collections::HashMap::new();
    clusters
        .iter()
        .map(|c| {
            let next = numbers.len() as u32;
            *numbers.entry(*c).or_insert(next)
        })
        .collect()
}
