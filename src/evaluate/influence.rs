//! Estimates over rows in clusters, and what each row contributes to them.
//!
//! An estimate T is a function of the weights of the rows. Its influence of row i is wᵢ·∂T/∂wᵢ; the variance of T is
//! Σ S_g²/(1 − s_g), S_g the sum of the influences of cluster g (a lead, an account) and s_g its share of the weight, G/(G − 1)·Σ
//! S_g² for G clusters of equal weight: the linearisation, or infinitesimal jackknife, of D. Binder, International Statistical
//! Review 51, 1983, with the correction of [`crate::math::ClusteredShare`]. For the AUC it is the estimator of E. DeLong et al.,
//! Biometrics 44, 1988, with clusters that of N. Obuchowski, Biometrics 53, 1997. Intervals take the quantile of Student's t
//! with 1/Σ s_g² − 1 degrees of freedom, G − 1 for equal weights, instead of the normal one.

use std::borrow::Cow;

use crate::math::{
    Interval, effective_clusters, exp, ln, logit, sigmoid, student_quantile, sum, sum_by, wilson_within,
};

/// Labels, probabilities and weights, and the cluster of each row (its own if there are none).
pub(super) struct InfluenceRows<'a> {
    pub(super) y: &'a [bool],
    pub(super) p: &'a [f64],
    pub(super) w: &'a [f64],
    /// Cluster of each row, numbered from 0; none where each row is its own.
    clusters: Option<Vec<u32>>,
    /// Clusters with weight.
    count: usize,
    /// Weight of each cluster over that of all; empty where each row is its own.
    shares: Vec<f64>,
    /// Rows by score, lowest first.
    order: Vec<usize>,
    /// Rows of equal score, lowest first.
    ties: Vec<Tie>,
    total: f64,
}

/// Rows of equal score: where they stand in the order, and the weights of the positives and of all.
struct Tie {
    from: usize,
    to: usize,
    hits: f64,
    all: f64,
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

impl<'a> InfluenceRows<'a> {
    pub(super) fn new(y: &'a [bool], p: &'a [f64], w: &'a [f64], clusters: Option<&[u32]>) -> Self {
        let mut order: Vec<usize> = (0..y.len()).collect();
        let score = |i: &usize| p.get(*i).copied().unwrap_or(0.0);
        order.sort_by(|a, b| score(a).total_cmp(&score(b)));
        let clusters = clusters.map(numbered);
        let mut rows = Self { y, p, w, clusters, count: 0, shares: Vec::new(), order, ties: Vec::new(), total: sum(w) };
        let mut ties = Vec::new();
        let mut from = 0;
        for tied in rows.order.chunk_by(|a, b| rows.score(*a) == rows.score(*b)) {
            let hits = tied.iter().map(|i| rows.w(*i) * rows.hit(*i)).sum();
            let all = tied.iter().map(|i| rows.w(*i)).sum();
            ties.push(Tie { from, to: from + tied.len(), hits, all });
            from += tied.len();
        }
        rows.ties = ties;
        rows.count = rows.used(|i| rows.w(i) > 0.0);
        if rows.clusters.is_some() {
            rows.shares = rows.sums(w).iter().map(|of_cluster| of_cluster / rows.total).collect();
        }
        rows
    }

    /// Scores, lowest first.
    pub(super) fn sorted(&self) -> Vec<f64> {
        self.order.iter().map(|i| self.score(*i)).collect()
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

    /// Clusters of equal weight that say as much.
    pub(super) fn effective_clusters(&self) -> f64 {
        if self.clusters.is_some() { effective_clusters(self.shares.iter().copied()) } else { self.count as f64 }
    }

    /// Degrees of freedom of standard errors.
    pub(super) fn degrees(&self) -> f64 {
        degrees(self.effective_clusters())
    }

    pub(super) fn sample(&self) -> Sample {
        let of = |class: bool| self.used(|i| self.w(i) > 0.0 && self.y.get(i) == Some(&class));
        Sample { positives: of(true), negatives: of(false) }
    }

    /// Weighted share of positives.
    pub(super) fn rate(&self) -> f64 {
        sum_by(self.len(), |i| self.w(i) * self.hit(i)) / self.total
    }

    /// Standard error among rows that weigh `member`.
    fn error_among(&self, influence: &[f64], member: impl Fn(usize) -> f64 + Sync) -> f64 {
        let members: Vec<f64> = (0..self.len()).map(member).collect();
        let of_cluster = self.sums(&members);
        let total = sum(&of_cluster);
        self.error_of(influence, |g| of_cluster.get(g).map_or(0.0, |weight| weight / total))
    }

    /// √Σ S_g²/(1 − s_g), with the share s_g of each cluster.
    fn error_of(&self, influence: &[f64], share: impl Fn(usize) -> f64 + Sync) -> f64 {
        let sums = self.sums(influence);
        // One cluster alone leaves nothing to correct.
        let rest = |g: usize| Some(1.0 - share(g)).filter(|rest| *rest > 1e-9).unwrap_or(1.0);
        sum_by(sums.len(), |g| sums.get(g).map_or(0.0, |s| s * s / rest(g))).sqrt()
    }

    /// Sums over clusters.
    fn sums<'b>(&self, of_row: &'b [f64]) -> Cow<'b, [f64]> {
        let Some(clusters) = &self.clusters else { return of_row.into() };
        let mut sums = vec![0.0; clusters.iter().max().map_or(0, |most| *most as usize + 1)];
        for (v, cluster) in of_row.iter().zip(clusters) {
            if let Some(sum) = sums.get_mut(*cluster as usize) {
                *sum += v;
            }
        }
        sums.into()
    }

    /// Standard error of an estimate.
    pub(super) fn error(&self, influence: &[f64]) -> f64 {
        if self.clusters.is_none() {
            let rows = self.count as f64;
            return self.error_of(influence, |_| 1.0 / rows);
        }
        self.error_of(influence, |g| self.shares.get(g).copied().unwrap_or(0.0))
    }

    /// How many standard errors to each side make a 95 % interval.
    pub(super) fn half_width(&self) -> f64 {
        student_quantile(0.025, self.degrees())
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

    fn rows_of(&self, tie: &Tie) -> &[usize] {
        self.order.get(tie.from..tie.to).unwrap_or(&[])
    }

    /// Area under the ROC curve.
    pub(super) fn auc(&self) -> Influenced {
        let positive = sum_by(self.len(), |i| self.w(i) * self.hit(i));
        let negative = self.total - positive;
        let mut of_row = vec![0.0; self.len()];
        let (mut hits_below, mut others_below, mut area) = (0.0, 0.0, 0.0);
        for tie in &self.ties {
            let hits = tie.hits;
            let others = tie.all - hits;
            // The share of the other class that is on the right side of these rows.
            let of_hit = (others_below + others / 2.0) / negative;
            let of_other = (positive - hits_below - hits / 2.0) / positive;
            area += hits * of_hit;
            for i in self.rows_of(tie) {
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
        // Each with the positives and all at and above it.
        let mut above: Vec<(&Tie, f64, f64)> = Vec::new();
        let (mut hits, mut all) = (0.0, 0.0);
        for tie in self.ties.iter().rev() {
            (hits, all) = (hits + tie.hits, all + tie.all);
            above.push((tie, hits, all));
        }
        let precision = |hits: f64, all: f64| if all > 0.0 { hits / all } else { 0.0 };
        let value = above.iter().map(|(tie, hits, all)| tie.hits * precision(*hits, *all)).sum::<f64>() / positive;
        let mut of_row = vec![0.0; self.len()];
        let (mut as_hit, mut as_row) = (0.0, 0.0);
        for (tie, hits, all) in above.iter().rev().filter(|(.., all)| *all > 0.0) {
            as_hit += tie.hits / all;
            as_row += tie.hits * hits / (all * all);
            for i in self.rows_of(tie) {
                let y = self.hit(*i);
                if let Some(slot) = of_row.get_mut(*i) {
                    *slot = self.w(*i) * (y * (precision(*hits, *all) - value + as_hit) - as_row) / positive;
                }
            }
        }
        Influenced { value, of_row }
    }

    /// How much higher average precision is on average than that of all rows that there might be: every positive counts
    /// among those above itself. By the second derivatives with respect to the weights of clusters, ½·Σ ∂²T/∂ε²
    /// (B. Efron, "The Jackknife, the Bootstrap and Other Resampling Plans", 1982, section 6.6).
    pub(super) fn average_precision_bias(&self, average: &Influenced) -> f64 {
        // Of each cluster, so far from the best score down: its positives and its negatives; and over all clusters their
        // squares and products.
        let mut own = vec![(0.0f64, 0.0f64); self.clusters.as_ref().map_or(self.len(), Vec::len)];
        let (mut a, mut b, mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let mut second = 0.0;
        for tie in self.ties.iter().rev().filter(|tie| tie.all > 0.0) {
            for i in self.rows_of(tie) {
                let (w, y) = (self.w(*i), self.hit(*i));
                let (hit, miss) = (w * y, w * (1.0 - y));
                if let Some((x, z)) = own.get_mut(self.cluster(*i)) {
                    aa += (2.0 * *x + hit) * hit;
                    ab += *x * miss + hit * *z + hit * miss;
                    bb += (2.0 * *z + miss) * miss;
                    (*x, *z) = (*x + hit, *z + miss);
                }
                (a, b) = (a + hit, b + miss);
            }
            let all = a + b;
            // Derivatives of a/(a + b).
            let (by_a, by_b) = (b / (all * all), -a / (all * all));
            let curved = (-2.0 * b * aa + 2.0 * (a - b) * ab + 2.0 * a * bb) / (all * all * all);
            for i in self.rows_of(tie).iter().filter(|i| self.hit(**i) > 0.0) {
                let (x, z) = own.get(self.cluster(*i)).copied().unwrap_or((0.0, 0.0));
                second += self.w(*i) * (2.0 * (by_a * x + by_b * z) + curved);
            }
        }
        let sums = self.sums(&average.of_row);
        let together: f64 = own.iter().zip(sums.iter()).map(|((x, _), s)| x * s).sum();
        0.5 * (second - 2.0 * together) / a
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
    /// is m, so it contributes y − m rather than y. m is taken from the rows around the border, half as many to each
    /// side as there are above it, and 10 at least; from the rows of one score alone where the border cuts through so many.
    fn captured(&self, part: f64) -> Influenced {
        let wanted = part * self.total;
        if part >= 1.0 || part <= 0.0 {
            let value = if part > 0.0 { self.rate() } else { 0.0 };
            let of_row = |i| if part > 0.0 { self.w(i) * (self.hit(i) - value) / self.total } else { 0.0 };
            return self.influenced(value, of_row);
        }
        let rows = self.w.iter().filter(|w| **w > 0.0).count().max(1) as f64;
        let half = (wanted / 2.0).max(10.0 * self.total / rows);
        let member = self.membership(0.0, wanted);
        let near = match self.cut_by(wanted).filter(|(from, to)| to - from >= 10.0 * self.total / rows) {
            Some((from, to)) => self.membership(from, to),
            None => self.membership((wanted - half).max(0.0), wanted + half),
        };
        let at = |shares: &[f64], i: usize| self.w(i) * shares.get(i).copied().unwrap_or(0.0);
        let value = sum_by(self.len(), |i| at(&member, i) * self.hit(i)) / self.total;
        let around = sum_by(self.len(), |i| at(&near, i));
        let border = sum_by(self.len(), |i| at(&near, i) * self.hit(i)) / around;
        let moved = value - part * border;
        self.influenced(value, |i| (at(&member, i) * (self.hit(i) - border) - self.w(i) * moved) / self.total)
    }

    /// Where the rows of one score that `wanted` of the weight, best first, cut through begin and end.
    fn cut_by(&self, wanted: f64) -> Option<(f64, f64)> {
        let mut taken = 0.0;
        for tie in self.ties.iter().rev() {
            if taken + tie.all > wanted {
                return (taken < wanted).then_some((taken, taken + tie.all));
            }
            taken += tie.all;
        }
        None
    }

    /// How much of each row lies between two sums of weight, best first; rows of equal score in equal parts.
    fn membership(&self, from: f64, to: f64) -> Vec<f64> {
        let mut member = vec![0.0; self.len()];
        let mut taken = 0.0;
        for tie in self.ties.iter().rev() {
            let share =
                if tie.all > 0.0 { ((taken + tie.all).min(to) - taken.max(from)).max(0.0) / tie.all } else { 0.0 };
            if share > 0.0 {
                for i in self.rows_of(tie) {
                    if let Some(slot) = member.get_mut(*i) {
                        *slot = share;
                    }
                }
            }
            taken += tie.all;
            if taken >= to {
                break;
            }
        }
        member
    }

    /// Share of positives between two parts of all weight, best first.
    pub(super) fn share_between(&self, low: f64, high: f64) -> Influenced {
        between(&self.captured(low), &self.captured(high), high - low)
    }

    /// The same over the share of all rows.
    pub(super) fn lift_between(&self, low: f64, high: f64) -> Influenced {
        self.over_all(&self.share_between(low, high))
    }

    /// Lift of slices of equal weight, best first.
    pub(super) fn lifts(&self, slices: usize) -> Vec<Influenced> {
        let part = |slice: usize| slice as f64 / slices as f64;
        let mut before = self.captured(0.0);
        let mut lifts = Vec::with_capacity(slices);
        for slice in 1..=slices {
            let until = self.captured(part(slice));
            lifts.push(self.over_all(&between(&before, &until, part(slice) - part(slice - 1))));
            before = until;
        }
        lifts
    }

    /// A share of positives over that of all rows.
    fn over_all(&self, share: &Influenced) -> Influenced {
        let rate = self.rate();
        let value = share.value / rate;
        let of_row = |(i, s): (usize, &f64)| (s - value * self.w(i) * (self.hit(i) - rate) / self.total) / rate;
        Influenced { value, of_row: share.of_row.iter().enumerate().map(of_row).collect() }
    }

    /// Interval of a share of rows that weigh `member`, whose influences are known: Wilson's, with as many rows as would
    /// give its variance, but no more than there are, (Σw)²/Σw².
    pub(super) fn share_interval(&self, share: &Influenced, member: impl Fn(usize) -> f64 + Sync) -> Interval {
        let members: Vec<f64> = (0..self.len()).map(&member).collect();
        let of_cluster = self.sums(&members);
        let rows = effective_clusters(members.iter().copied());
        let clusters = effective_clusters(of_cluster.iter().copied());
        let error = self.error_among(&share.of_row, &member);
        let p = share.value;
        let n = if p > 0.0 && p < 1.0 && error > 0.0 {
            (p * (1.0 - p) / (error * error)).min(rows)
        } else {
            // All rows alike: as many as there are clusters.
            clusters
        };
        wilson_within(p, n, student_quantile(0.025, degrees(clusters)))
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
        self.error_among(&influence, member)
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

/// Degrees of freedom of so many clusters of equal weight: none of one cluster, which says nothing about others.
fn degrees(clusters: f64) -> f64 {
    if clusters > 1.0 + 1e-9 { (clusters - 1.0).max(1.0) } else { 0.0 }
}

/// What lies between two parts of the rows, per unit of the part between them.
fn between(before: &Influenced, until: &Influenced, part: f64) -> Influenced {
    let of_row = until.of_row.iter().zip(&before.of_row).map(|(u, b)| (u - b) / part).collect();
    Influenced { value: (until.value - before.value) / part, of_row }
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
