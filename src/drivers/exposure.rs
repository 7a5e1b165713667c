//! Behaviour as an exposure that begins in time: whether leads go on faster after it than before it.

use crate::math::{Interval, exp, student_quantile, student_tail};

/// Time of one lead at one step, from when it got there, and its first event of a kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stay {
    /// Microseconds at risk: until it went on, was closed, or its time was over.
    pub(super) end: i64,
    /// Whether it went on then.
    pub(super) went_on: bool,
    /// When the first event of the kind was, if before the end.
    pub(super) exposed: Option<i64>,
    /// Number of its account, or its own.
    pub(super) cluster: u64,
}

/// Stays of all leads at a step, and their first events by kind.
#[derive(Debug, Clone)]
pub(super) struct Stays {
    stays: Vec<Stay>,
    /// Per kind: which stay, and when.
    firsts: Vec<Vec<(u32, i64)>>,
}

impl Stays {
    pub(super) fn new(kinds: usize) -> Self {
        Self { stays: Vec::new(), firsts: vec![Vec::new(); kinds] }
    }

    /// The next lead, and how long after it got to the step it was at risk.
    pub(super) fn begin(&mut self, end: i64, went_on: bool, cluster: u64) {
        self.stays.push(Stay { end, went_on, exposed: None, cluster });
    }

    /// Something that this lead did, microseconds after it got to the step: in order of time.
    pub(super) fn happens(&mut self, kind: u32, after: i64) {
        let stay = (self.stays.len() as u32).wrapping_sub(1);
        if let Some(firsts) = self.firsts.get_mut(kind as usize)
            && firsts.last().is_none_or(|(last, _)| *last != stay)
        {
            firsts.push((stay, after));
        }
    }

    /// The stays with the first event of a kind as exposure.
    pub(super) fn of(&self, kind: u32) -> Vec<Stay> {
        let mut stays = self.stays.clone();
        for (stay, after) in self.firsts.get(kind as usize).into_iter().flatten() {
            if let Some(stay) = stays.get_mut(*stay as usize) {
                stay.exposed = Some(*after);
            }
        }
        stays
    }
}

/// What is at risk at one time at which leads go on.
#[derive(Debug, Clone, Copy)]
struct Instant {
    at: i64,
    /// At risk, and those of them that are exposed.
    n: f64,
    exposed: f64,
    /// Those that go on, and those of them that are exposed.
    went: f64,
    exposed_went: f64,
}

/// The test of an exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exposure {
    /// Leads that were ever exposed, and those of them that went on.
    pub(super) exposed: (u64, u64),
    pub(super) hazard_ratio: f64,
    pub(super) interval: Interval,
    pub(super) p: f64,
}

fn instants(stays: &[Stay]) -> Vec<Instant> {
    let mut ends: Vec<&Stay> = stays.iter().collect();
    ends.sort_by_key(|s| s.end);
    let mut exposures: Vec<i64> = stays.iter().filter_map(|s| s.exposed).collect();
    exposures.sort_unstable();
    let mut begun = exposures.into_iter().peekable();
    let (mut n, mut exposed) = (ends.len() as f64, 0.0);
    let mut instants = Vec::new();
    for same in ends.chunk_by(|a, b| a.end == b.end) {
        let at = same.first().map_or(0, |s| s.end);
        // Who is exposed at the very instant is not yet.
        while begun.next_if(|e| *e < at).is_some() {
            exposed += 1.0;
        }
        let now = |s: &&&Stay| s.exposed.is_some_and(|e| e < at);
        let went = same.iter().filter(|s| s.went_on).count() as f64;
        let exposed_went = same.iter().filter(|s| s.went_on).filter(now).count() as f64;
        if went > 0.0 {
            instants.push(Instant { at, n, exposed, went, exposed_went });
        }
        n -= same.len() as f64;
        exposed -= same.iter().filter(now).count() as f64;
    }
    instants
}

/// Score of the log hazard ratio `beta`, and its information (Breslow's ties).
fn score(instants: &[Instant], beta: f64) -> (f64, f64, f64) {
    let ratio = exp(beta);
    instants.iter().fold((0.0, 0.0, 0.0), |(score, information, change), t| {
        let share = t.exposed * ratio / (t.exposed * ratio + t.n - t.exposed);
        let spread = t.went * share * (1.0 - share);
        (score + t.exposed_went - t.went * share, information + spread, change + spread * (1.0 - 2.0 * share))
    })
}

/// The log hazard ratio at which the score is 0; where it has none, with Firth's penalty.
fn estimate(instants: &[Instant]) -> f64 {
    let solve = |penalty: f64| {
        let (mut low, mut high) = (-20.0, 20.0);
        for _ in 0..80 {
            let middle = f64::midpoint(low, high);
            let (u, information, change) = score(instants, middle);
            let correction = if information > 0.0 { penalty * change / information / 2.0 } else { 0.0 };
            if u + correction > 0.0 { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    };
    let plain = solve(0.0);
    if plain.abs() < 15.0 { plain } else { solve(1.0) }
}

/// What each lead adds to the score at `beta`: its own going on, less what its time at risk made expected. Summed by
/// account.
fn influences(instants: &[Instant], stays: &[Stay], beta: f64) -> Vec<f64> {
    let ratio = exp(beta);
    // By time: hazard of those not exposed, and its product with the share of risk that is exposed.
    let mut sums = vec![(0.0, 0.0)];
    let mut shares = Vec::with_capacity(instants.len());
    for t in instants {
        let risk = t.exposed * ratio + t.n - t.exposed;
        let share = t.exposed * ratio / risk;
        let (hazard, shared) = sums.last().copied().unwrap_or((0.0, 0.0));
        sums.push((hazard + t.went / risk, shared + share * t.went / risk));
        shares.push(share);
    }
    let until = |at: i64| sums.get(instants.partition_point(|t| t.at <= at)).copied().unwrap_or((0.0, 0.0));
    let mut sorted: Vec<&Stay> = stays.iter().collect();
    sorted.sort_by_key(|s| s.cluster);
    let of = |s: &Stay| {
        let (end, begin) = (until(s.end), until(s.exposed.unwrap_or(s.end)));
        let share = shares.get(instants.partition_point(|t| t.at < s.end)).copied().unwrap_or(0.0);
        let is = if s.exposed.is_some_and(|e| e < s.end) { 1.0 } else { 0.0 };
        let own = if s.went_on { is - share } else { 0.0 };
        // Not exposed: −∫ (0 − share) dΛ; exposed, with the ratio: −∫ (1 − share)·ratio dΛ.
        own + begin.1 - ratio * ((end.0 - begin.0) - (end.1 - begin.1))
    };
    sorted.chunk_by(|a, b| a.cluster == b.cluster).map(|same| same.iter().map(|s| of(s)).sum()).collect()
}

/// Effective number of accounts of leads, (Σn)²/Σn².
fn effective<'a>(stays: impl Iterator<Item = &'a Stay>) -> f64 {
    let mut clusters: Vec<u64> = stays.map(|s| s.cluster).collect();
    clusters.sort_unstable();
    let squares: f64 = clusters.chunk_by(|a, b| a == b).map(|same| (same.len() as f64).powi(2)).sum();
    (clusters.len() as f64).powi(2) / squares
}

/// Tests whether leads go on at another pace once they are exposed.
///
/// Score: Σ over times at which leads go on of those exposed among them, less the share of those at risk that is exposed
/// then; its variance is Σ d·p(1 − p)(n − d)/(n − 1) (N. Mantel, D. P. Byar, "Evaluation of response-time data involving
/// transient states", JASA 69 (1974)), with accounts that of the sums of what their leads add (D. Y. Lin, L. J. Wei,
/// "The robust inference for the Cox proportional hazards model", JASA 84 (1989)), with Student's t. The hazard ratio is
/// that of Cox's model with the exposure as a covariate that depends on time.
pub(super) fn exposure(stays: &[Stay], clustered: bool, confidence: f64) -> Exposure {
    let instants = instants(stays);
    let ever: Vec<&Stay> = stays.iter().filter(|s| s.exposed.is_some_and(|e| e < s.end)).collect();
    let exposed = (ever.len() as u64, ever.iter().filter(|s| s.went_on).count() as u64);
    let (u, ..) = score(&instants, 0.0);
    let variance = |t: &Instant| {
        let share = t.exposed / t.n;
        let ties = if t.n > 1.0 { (t.n - t.went) / (t.n - 1.0) } else { 0.0 };
        t.went * share * (1.0 - share) * ties
    };
    let null: f64 = instants.iter().map(variance).sum();
    let beta = estimate(&instants);
    let (_, information, _) = score(&instants, beta);
    let (null, error, degrees) = if clustered {
        let factor = |g: f64| if g > 1.0 { g / (g - 1.0) } else { f64::NAN };
        let squares = |beta: f64| influences(&instants, stays, beta).iter().map(|x| x * x).sum::<f64>();
        let (all, among) = (effective(stays.iter()), effective(ever.iter().copied()));
        // What is alike by chance makes nothing surer than independent leads would be.
        let at_null = (squares(0.0) * factor(all)).max(null);
        let at_beta = (squares(beta) * factor(all)).max(information).sqrt() / information;
        (at_null, at_beta, (all.min(among) - 1.0).max(1.0))
    } else {
        (null, 1.0 / information.sqrt(), 1e9)
    };
    let width = student_quantile((1.0 - confidence) / 2.0, degrees) * error;
    Exposure {
        exposed,
        hazard_ratio: exp(beta),
        interval: Interval { low: exp(beta - width), high: exp(beta + width) },
        p: if null > 0.0 { 2.0 * student_tail((u / null.sqrt()).abs(), degrees) } else { 1.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stay(end: i64, went_on: bool, exposed: Option<i64>) -> Stay {
        Stay { end, went_on, exposed, cluster: end as u64 }
    }

    /// By hand: at 3 one of four at risk is exposed, at 5 two of three, at 9 one of one.
    #[test]
    fn mantel_byar_by_hand() {
        let stays = [stay(3, true, None), stay(5, true, Some(2)), stay(7, false, Some(4)), stay(9, true, Some(8))];
        let found = instants(&stays);
        let counts: Vec<(f64, f64, f64)> = found.iter().map(|t| (t.n, t.exposed, t.exposed_went)).collect();
        assert_eq!(counts, [(4.0, 1.0, 0.0), (3.0, 2.0, 1.0), (1.0, 1.0, 1.0)]);
        let (u, information, _) = score(&found, 0.0);
        assert!((u - (2.0 - 0.25 - 2.0 / 3.0 - 1.0)).abs() < 1e-12);
        assert!((information - (0.25 * 0.75 + 2.0 / 9.0)).abs() < 1e-12);
        let test = exposure(&stays, false, 0.95);
        assert_eq!(test.exposed, (3, 2));
        assert!(test.interval.low < test.hazard_ratio && test.hazard_ratio < test.interval.high);
    }

    /// What leads add sums to the score, at the estimate to 0.
    #[test]
    fn influences_sum_to_the_score() {
        let stays: Vec<Stay> =
            (1..60).map(|i| stay(i * 7 % 53, i % 3 != 0, (i % 2 == 0).then_some(i * 5 % 31))).collect();
        let stays: Vec<Stay> =
            stays.into_iter().map(|s| Stay { exposed: s.exposed.filter(|e| *e < s.end), ..s }).collect();
        let found = instants(&stays);
        for beta in [0.0, estimate(&found)] {
            let sum: f64 = influences(&found, &stays, beta).iter().sum();
            assert!((sum - score(&found, beta).0).abs() < 1e-9, "{sum}");
        }
        assert!(score(&found, estimate(&found)).0.abs() < 1e-6);
    }
}
