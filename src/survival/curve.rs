//! Cumulative incidence with its variance: Aalen–Johansen; without competing ends it is one minus Kaplan–Meier.

#![allow(clippy::needless_bitwise_bool, reason = "both sides are cheaper than a branch")]

use serde::{Deserialize, Serialize};

use super::risk::RiskTable;
use crate::math::vector::{Kernel, LANES, Real, Vector, dispatch};
use crate::math::{Interval, exp_lanes, ln_lanes, normal_quantile};

/// A step function: share of leads with the event by each age.
///
/// F(t) = Σ_{tⱼ ≤ t} S(tⱼ₋₁)·dⱼ/nⱼ, where S is the share without any end (Kaplan–Meier over all ends). Its variance is
/// that of the delta method with multinomial increments (E. Marubini and M. G. Valsecchi, "Analysing Survival Data from
/// Clinical Trials and Observational Studies", 1995, eq. 10.12; Greenwood's where nothing competes). Intervals are made
/// for 1 − F on the log(−log) scale; there are none (NaN) where F is 0 or 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Ages at which something ends, ascending.
    pub time: Vec<f64>,
    /// At risk just before each.
    pub at_risk: Vec<u64>,
    /// Number of events at each time.
    pub events: Vec<u64>,
    /// Competing events.
    pub competing: Vec<u64>,
    /// Number censored at each time.
    pub censored: Vec<u64>,
    /// Ages at which those not observed from the start are entered, ascending.
    pub entries: Vec<f64>,
    /// Share with the event by then.
    pub incidence: Vec<f64>,
    /// Its standard error.
    pub standard_error: Vec<f64>,
    /// Lower end of its interval.
    pub low: Vec<f64>,
    /// Upper end.
    pub high: Vec<f64>,
    /// Share with a competing end by then.
    pub competing_incidence: Vec<f64>,
}

/// An area up to an age.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RestrictedMean {
    /// The age τ up to which.
    pub until: f64,
    /// ∫₀^τ (1 − F(t)) dt: mean time without the event, of τ.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl Curve {
    /// The curve of a table, with intervals of `confidence`.
    #[must_use]
    pub fn new(table: RiskTable, confidence: f64) -> Self {
        let n = table.time.len();
        let (mut incidence, mut standard_error) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut competing_incidence = Vec::with_capacity(n);
        let (mut free, mut f, mut other) = (1.0, 0.0, 0.0);
        // Σ (F(t) − Fⱼ)²·aⱼ, Σ (F(t) − Fⱼ)·aⱼ and Σ aⱼ, kept up by the growth of F, so nothing cancels.
        let (mut squares, mut firsts, mut weights) = (0.0, 0.0, 0.0);
        let (mut own, mut cross, mut cross_weights) = (0.0, 0.0, 0.0);
        for r in table.rows() {
            let n = r.at_risk as f64;
            let (d, c) = (r.events as f64, r.competing as f64);
            if n > 0.0 && free > 0.0 {
                let step = free * d / n;
                squares += step * (2.0 * firsts + step * weights);
                firsts += step * weights;
                cross += step * cross_weights;
                own += free * free * (n - d) * d / (n * n * n);
                other += free * c / n;
                // Where all have had the event the share is 1, rounding or not.
                f = if d + c < n || other > 0.0 { f + step } else { 1.0 };
                if d + c < n {
                    weights += (d + c) / (n * (n - d - c));
                }
                cross_weights += free * d / (n * n);
                free *= (n - d - c) / n;
            }
            let se = (squares + own - 2.0 * cross).max(0.0).sqrt();
            incidence.push(f);
            standard_error.push(se);
            competing_incidence.push(other);
        }
        let z = normal_quantile(0.5 + confidence / 2.0);
        let (low, high) = dispatch(Bands { incidence: &incidence, standard_error: &standard_error, z });
        let RiskTable { time, at_risk, events, competing, censored, entries } = table;
        Self {
            time,
            at_risk,
            events,
            competing,
            censored,
            entries,
            incidence,
            standard_error,
            low,
            high,
            competing_incidence,
        }
    }

    /// Takes other standard errors, and makes intervals of `z` of them.
    pub(super) fn take_errors(&mut self, standard_error: Vec<f64>, z: f64) {
        self.standard_error = standard_error;
        let bands = Bands { incidence: &self.incidence, standard_error: &self.standard_error, z };
        (self.low, self.high) = dispatch(bands);
    }

    /// Those whose spell ends at the time at position `i` or later.
    fn ending_from(&self, i: usize) -> u64 {
        let ends = |counts: &[u64]| counts.get(i..).unwrap_or(&[]).iter().sum::<u64>();
        ends(&self.events) + ends(&self.competing) + ends(&self.censored)
    }

    /// Age from which on the curve is known: 0, unless all leads entered late.
    #[must_use]
    pub fn known_from(&self) -> f64 {
        let all_enter_late = self.entries.len() as u64 == self.ending_from(0);
        self.entries.first().copied().filter(|_| all_enter_late).unwrap_or(0.0)
    }

    /// Position of the last time at or before `age`.
    fn at(&self, age: f64) -> Option<usize> {
        self.time.partition_point(|t| *t <= age).checked_sub(1)
    }

    /// Age up to which the curve is known: its last time, or infinity if no lead is left at risk then.
    #[must_use]
    pub fn known_until(&self) -> f64 {
        let last = |v: &[u64]| v.last().copied().unwrap_or(0);
        let complete = last(&self.at_risk) == last(&self.events) + last(&self.competing);
        match self.time.last() {
            Some(_) if complete => f64::INFINITY,
            Some(t) => *t,
            None => 0.0,
        }
    }

    /// Share with the event by `age`, and its interval; 0 before the first time.
    #[must_use]
    pub fn by(&self, age: f64) -> (f64, Interval) {
        let value = |v: &[f64], i: usize| v.get(i).copied().unwrap_or(0.0);
        match self.at(age) {
            Some(i) => (value(&self.incidence, i), Interval { low: value(&self.low, i), high: value(&self.high, i) }),
            None => (0.0, Interval { low: f64::NAN, high: f64::NAN }),
        }
    }

    /// At risk at `age`: those whose spell covers it.
    #[must_use]
    pub fn at_risk_at(&self, age: f64) -> u64 {
        let later = self.entries.len() - self.entries.partition_point(|entry| *entry < age);
        self.ending_from(self.time.partition_point(|t| *t < age)).saturating_sub(later as u64)
    }

    /// The first age by which a share of `q` has the event, with the ages at which the bands reach `q`; `None` where they
    /// do not.
    #[must_use]
    pub fn quantile(&self, q: f64) -> [Option<f64>; 3] {
        let first = |values: &[f64]| {
            let reached = values.iter().position(|f| *f >= q - 1e-12);
            reached.and_then(|i| self.time.get(i)).copied()
        };
        // F only grows.
        let reached = self.incidence.partition_point(|f| *f < q - 1e-12);
        [self.time.get(reached).copied(), first(&self.high), first(&self.low)]
    }

    /// Mean time without the event up to age `until`, by the area under 1 − F; standard error by the delta method.
    #[must_use]
    pub fn restricted_mean(&self, until: f64) -> RestrictedMean {
        let end = self.time.partition_point(|t| *t <= until);
        let times = self.time.get(..end).unwrap_or(&[]);
        let incidence = self.incidence.get(..end).unwrap_or(&[]);
        let next = |i: usize| times.get(i + 1).copied().unwrap_or(until);
        let pieces = || times.iter().zip(incidence).enumerate().map(|(i, (t, f))| (next(i) - t, *f));
        let lost: f64 = pieces().map(|(width, f)| width * f).sum();
        // Walk back from τ: ∫ (F(t) − Fⱼ) dt over (tⱼ, τ].
        let mut variance = 0.0;
        let mut beyond = 0.0;
        let mut later = incidence.last().copied().unwrap_or(0.0);
        let mut right = until;
        let free = self.free();
        for (i, (t, f)) in times.iter().zip(incidence).enumerate().rev() {
            // From tⱼ to the next time F is Fⱼ: the integral grows by the fall of the base over all that lies right of it.
            beyond += (later - f) * (until - right);
            (later, right) = (*f, *t);
            let count = |v: &[u64]| v.get(i).copied().unwrap_or(0) as f64;
            let (n, d, c) = (count(&self.at_risk), count(&self.events), count(&self.competing));
            let s = if i == 0 { 1.0 } else { free.get(i - 1).copied().unwrap_or(1.0) };
            if n <= 0.0 || d + c <= 0.0 || s <= 0.0 {
                continue;
            }
            let after = if d + c < n { beyond / (1.0 - (d + c) / n) } else { 0.0 };
            let (g1, g2) = (s * (until - t) - after, -after);
            let mean = (g1 * d + g2 * c) / n;
            variance += ((g1 * g1 * d + g2 * g2 * c) / n - mean * mean) / n;
        }
        RestrictedMean { until, mean: until - lost, standard_error: variance.max(0.0).sqrt() }
    }

    /// Share without any end, after each time.
    pub(super) fn free(&self) -> Vec<f64> {
        self.incidence.iter().zip(&self.competing_incidence).map(|(f, c)| (1.0 - f - c).max(0.0)).collect()
    }
}

/// Intervals of F: intervals of 1 − F on the log(−log) scale.
struct Bands<'a> {
    incidence: &'a [f64],
    standard_error: &'a [f64],
    z: f64,
}

impl Kernel for Bands<'_> {
    type Output = (Vec<f64>, Vec<f64>);
    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let n = self.incidence.len();
        let (mut low, mut high) = (vec![0.0; n], vec![0.0; n]);
        let ends = low.chunks_mut(LANES).zip(high.chunks_mut(LANES));
        let points = self.incidence.chunks(LANES).zip(self.standard_error.chunks(LANES));
        for ((low, high), (f, se)) in ends.zip(points) {
            if f.len() == LANES {
                // SAFETY: eight numbers of each slice: all are cut alike.
                unsafe {
                    let (a, b) = band(V::load(f.as_ptr()), V::load(se.as_ptr()), self.z);
                    a.store(low.as_mut_ptr());
                    b.store(high.as_mut_ptr());
                }
            } else {
                for ((low, high), (f, se)) in low.iter_mut().zip(high.iter_mut()).zip(f.iter().zip(se)) {
                    (*low, *high) = band(*f, *se, self.z);
                }
            }
            for ((low, high), (f, se)) in low.iter_mut().zip(high).zip(f.iter().zip(se)) {
                // The spread is unknown if no lead, or every lead, has converted.
                let known = (*f > 0.0) & (*f < 1.0) & (*se != 0.0);
                (*low, *high) = if known { (*low, *high) } else { (f64::NAN, f64::NAN) };
            }
        }
        (low, high)
    }
}

/// Interval of F, 0 < F < 1.
#[inline(always)]
fn band<R: Real>(f: R, se: R, z: f64) -> (R, R) {
    let one = R::splat(1.0);
    let s = one.sub(f);
    let log = ln_lanes(s);
    let width = R::splat(z).mul(se).div(s.mul(log));
    let (wider, narrower) = (exp_lanes(width), exp_lanes(R::splat(0.0).sub(width)));
    let (a, b) = (one.sub(exp_lanes(log.mul(wider))), one.sub(exp_lanes(log.mul(narrower))));
    // log is negative, so the larger exponent gives the larger F.
    (a.min(b), a.max(b))
}
