//! Behaviour as an exposure that begins in time: whether leads go on faster after it than before it.

use crate::math::{Interval, exp, student_quantile, student_tail};

/// A period in which one lead is at risk at a step, in microseconds from when it first got there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stay {
    /// From when on (exclusive).
    pub(super) begin: i64,
    /// Until when (inclusive): it went on, was closed, or its time was over.
    pub(super) end: i64,
    /// Whether it went on then.
    pub(super) went_on: bool,
    /// When the first event of the kind was, if before the end.
    pub(super) exposed: Option<i64>,
    /// Number of its account, or its own.
    pub(super) cluster: u64,
}

impl Stay {
    /// From when on it is exposed: its end if it is not.
    fn exposed_from(&self) -> i64 {
        self.exposed.map_or(self.end, |e| e.clamp(self.begin, self.end))
    }
}

/// Stays of all leads at a step, and their first events by kind.
#[derive(Debug, Clone)]
pub(super) struct Stays {
    /// Of each lead, whether it went on.
    leads: Vec<bool>,
    /// Which lead, and its stay.
    periods: Vec<(u32, Stay)>,
    /// Per kind: which lead, and when.
    firsts: Vec<Vec<(u32, i64)>>,
}

impl Stays {
    pub(super) fn new(kinds: usize) -> Self {
        Self { leads: Vec::new(), periods: Vec::new(), firsts: vec![Vec::new(); kinds] }
    }

    /// The next lead, with its periods at risk since it got to the step, and whether it went on at the end of each.
    pub(super) fn begin(&mut self, periods: impl Iterator<Item = (i64, i64, bool)>, went_on: bool, cluster: u64) {
        let lead = self.leads.len() as u32;
        self.leads.push(went_on);
        // Where days are known only, a period may begin and end on one.
        let stays = periods.filter(|(begin, end, _)| begin < end);
        self.periods
            .extend(stays.map(|(begin, end, went_on)| (lead, Stay { begin, end, went_on, exposed: None, cluster })));
    }

    /// Something that this lead did, microseconds after it got to the step: in order of time.
    pub(super) fn happens(&mut self, kind: u32, after: i64) {
        let lead = (self.leads.len() as u32).wrapping_sub(1);
        if let Some(firsts) = self.firsts.get_mut(kind as usize)
            && firsts.last().is_none_or(|(last, _)| *last != lead)
        {
            firsts.push((lead, after));
        }
    }

    /// Leads with an event of a kind, and how many of them went on.
    pub(super) fn exposed(&self, kind: u32) -> (u64, u64) {
        let firsts = self.firsts.get(kind as usize).map_or(&[][..], Vec::as_slice);
        let went = firsts.iter().filter(|(lead, _)| self.leads.get(*lead as usize).copied().unwrap_or(false));
        (firsts.len() as u64, went.count() as u64)
    }

    /// The stays with the first event of a kind as exposure.
    pub(super) fn of(&self, kind: u32) -> Vec<Stay> {
        let mut firsts = self.firsts.get(kind as usize).into_iter().flatten().copied().peekable();
        let exposed = |(lead, stay): &(u32, Stay)| {
            while firsts.next_if(|(other, _)| other < lead).is_some() {}
            let exposed = firsts.peek().filter(|(other, _)| other == lead).map(|(_, at)| *at);
            Stay { exposed, ..*stay }
        };
        self.periods.iter().map(exposed).collect()
    }
}

/// The risk set at a time at which leads go on.
#[derive(Debug, Clone, Copy)]
struct ExposureInstant {
    at: i64,
    /// Number at risk, and how many of them are exposed.
    n: f64,
    exposed: f64,
    /// Number that go on, and how many of them are exposed.
    went: f64,
    exposed_went: f64,
}

/// The test of an exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exposure {
    pub(super) hazard_ratio: f64,
    pub(super) interval: Interval,
    pub(super) p_value: f64,
}

fn instants(stays: &[Stay]) -> Vec<ExposureInstant> {
    let mut ends: Vec<&Stay> = stays.iter().collect();
    ends.sort_by_key(|s| s.end);
    let sorted = |mut times: Vec<i64>| {
        times.sort_unstable();
        times.into_iter().peekable()
    };
    let mut begun = sorted(stays.iter().map(|s| s.begin).collect());
    let is_exposed = |s: &Stay| s.exposed_from() < s.end;
    let mut exposures = sorted(stays.iter().filter(|s| is_exposed(s)).map(Stay::exposed_from).collect());
    let (mut n, mut exposed) = (0.0, 0.0);
    let mut instants = Vec::new();
    for same in ends.chunk_by(|a, b| a.end == b.end) {
        let at = same.first().map_or(0, |s| s.end);
        // Who gets here, or is exposed, at the very instant is not yet.
        while begun.next_if(|begin| *begin < at).is_some() {
            n += 1.0;
        }
        while exposures.next_if(|e| *e < at).is_some() {
            exposed += 1.0;
        }
        let count = |of: &dyn Fn(&Stay) -> bool| same.iter().filter(|s| of(s)).count() as f64;
        let (went, exposed_went) = (count(&|s| s.went_on), count(&|s| s.went_on && is_exposed(s)));
        if went > 0.0 {
            instants.push(ExposureInstant { at, n, exposed, went, exposed_went });
        }
        n -= same.len() as f64;
        exposed -= count(&is_exposed);
    }
    instants
}

/// How leads that go on at one instant share its risk.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ties {
    /// Each goes on from among all: the score of Mantel and Byar.
    Breslow,
    /// One after the other, each of the rest taken as going first as often: less biased where many go on in one day.
    Efron,
}

impl ExposureInstant {
    /// Risk of those left after each of the tied has gone, the share of it that is exposed, and the share of the tied that
    /// is gone.
    fn turns(&self, ratio: f64, ties: Ties) -> impl Iterator<Item = (f64, f64, f64)> {
        let Self { n, exposed, went, exposed_went, .. } = *self;
        (0..went as u64).map(move |turn| {
            let gone = if ties == Ties::Efron { turn as f64 / went } else { 0.0 };
            let of_exposed = (exposed - gone * exposed_went) * ratio;
            let risk = of_exposed + n - exposed - gone * (went - exposed_went);
            (risk, of_exposed / risk, gone)
        })
    }
}

/// Score of the log hazard ratio `beta`, its information, and that of how it changes.
fn score(instants: &[ExposureInstant], beta: f64, ties: Ties) -> (f64, f64, f64) {
    let ratio = exp(beta);
    instants.iter().fold((0.0, 0.0, 0.0), |(mut score, mut information, mut change), t| {
        score += t.exposed_went;
        for (_, share, _) in t.turns(ratio, ties) {
            let spread = share * (1.0 - share);
            score -= share;
            information += spread;
            change += spread * (1.0 - 2.0 * share);
        }
        (score, information, change)
    })
}

/// The log hazard ratio at which the score is 0; where it has none, with Firth's penalty.
fn estimate(instants: &[ExposureInstant]) -> f64 {
    let solve = |penalty: f64| {
        let (mut low, mut high) = (-20.0, 20.0);
        for _ in 0..80 {
            let middle = f64::midpoint(low, high);
            let (u, information, change) = score(instants, middle, Ties::Efron);
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
fn influences(instants: &[ExposureInstant], stays: &[Stay], beta: f64, ties: Ties) -> Vec<f64> {
    let ratio = exp(beta);
    // By time: hazard of those not exposed, and its product with the share of risk that is exposed.
    let mut sums = vec![(0.0, 0.0)];
    // At each time: the mean share, and the part of hazard and product that those who go on then are spared.
    let mut own = Vec::with_capacity(instants.len());
    for t in instants {
        let (mut hazard, mut shared) = sums.last().copied().unwrap_or((0.0, 0.0));
        let (mut mean, mut spared, mut spared_shared) = (0.0, 0.0, 0.0);
        for (risk, share, gone) in t.turns(ratio, ties) {
            hazard += 1.0 / risk;
            shared += share / risk;
            mean += share / t.went;
            spared += gone / risk;
            spared_shared += gone * share / risk;
        }
        sums.push((hazard, shared));
        own.push((mean, spared, spared_shared));
    }
    let until = |at: i64| sums.get(instants.partition_point(|t| t.at <= at)).copied().unwrap_or((0.0, 0.0));
    let mut sorted: Vec<&Stay> = stays.iter().collect();
    sorted.sort_by_key(|s| s.cluster);
    let of = |s: &Stay| {
        let from = s.exposed_from();
        let (begin, change, end) = (until(s.begin), until(from), until(s.end));
        // Not exposed: −∫ (0 − share) dΛ; exposed, with the ratio: −∫ (1 − share)·ratio dΛ.
        let expected = change.1 - begin.1 - ratio * ((end.0 - change.0) - (end.1 - change.1));
        if !s.went_on {
            return expected;
        }
        let (mean, spared, spared_shared) =
            own.get(instants.partition_point(|t| t.at < s.end)).copied().unwrap_or((0.0, 0.0, 0.0));
        let exposed = from < s.end;
        let spared = if exposed { ratio * (spared - spared_shared) } else { -spared_shared };
        f64::from(exposed) - mean + expected + spared
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
/// that of Cox's model with the exposure as a covariate that depends on time, with Efron's ties; a lead may be at risk in
/// several periods (P. K. Andersen, R. D. Gill, "Cox's regression model for counting processes", Annals of Statistics 10
/// (1982)).
pub(super) fn exposure(stays: &[Stay], clustered: bool, confidence: f64) -> Exposure {
    let instants = instants(stays);
    let (u, ..) = score(&instants, 0.0, Ties::Breslow);
    let variance = |t: &ExposureInstant| {
        let share = t.exposed / t.n;
        let ties = if t.n > 1.0 { (t.n - t.went) / (t.n - 1.0) } else { 0.0 };
        t.went * share * (1.0 - share) * ties
    };
    let null: f64 = instants.iter().map(variance).sum();
    let beta = estimate(&instants);
    let (_, information, _) = score(&instants, beta, Ties::Efron);
    let (null, error, degrees) = if clustered {
        let factor = |g: f64| if g > 1.0 { g / (g - 1.0) } else { f64::NAN };
        let squares = |beta: f64, ties| influences(&instants, stays, beta, ties).iter().map(|x| x * x).sum::<f64>();
        let exposed = stays.iter().filter(|s| s.exposed_from() < s.end);
        let (all, among) = (effective(stays.iter()), effective(exposed));
        // Chance similarity does not lower the variance below independence.
        let at_null = (squares(0.0, Ties::Breslow) * factor(all)).max(null);
        let at_beta = (squares(beta, Ties::Efron) * factor(all)).max(information).sqrt() / information;
        (at_null, at_beta, (all.min(among) - 1.0).max(1.0))
    } else {
        (null, 1.0 / information.sqrt(), 1e9)
    };
    let width = student_quantile((1.0 - confidence) / 2.0, degrees) * error;
    Exposure {
        hazard_ratio: exp(beta),
        interval: Interval { low: exp(beta - width), high: exp(beta + width) },
        p_value: if null > 0.0 { 2.0 * student_tail((u / null.sqrt()).abs(), degrees) } else { 1.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stay(end: i64, went_on: bool, exposed: Option<i64>) -> Stay {
        Stay { begin: 0, end, went_on, exposed, cluster: end as u64 }
    }

    /// By hand: at 3 one of four at risk is exposed, at 5 two of three, at 9 one of one.
    #[test]
    fn mantel_byar_by_hand() {
        let stays = [stay(3, true, None), stay(5, true, Some(2)), stay(7, false, Some(4)), stay(9, true, Some(8))];
        let found = instants(&stays);
        let counts: Vec<(f64, f64, f64)> = found.iter().map(|t| (t.n, t.exposed, t.exposed_went)).collect();
        assert_eq!(counts, [(4.0, 1.0, 0.0), (3.0, 2.0, 1.0), (1.0, 1.0, 1.0)]);
        let (u, information, _) = score(&found, 0.0, Ties::Breslow);
        assert!((u - (2.0 - 0.25 - 2.0 / 3.0 - 1.0)).abs() < 1e-12);
        assert!((information - (0.25 * 0.75 + 2.0 / 9.0)).abs() < 1e-12);
        let test = exposure(&stays, false, 0.95);
        assert!(test.interval.low < test.hazard_ratio && test.hazard_ratio < test.interval.high);
    }

    /// Away between 3 and 6: not at risk at 5, and exposed on return.
    #[test]
    fn a_lead_that_comes_back_is_at_risk_again() {
        let away = |begin, end, went_on| Stay { begin, end, went_on, exposed: Some(4), cluster: 0 };
        let stays =
            [away(0, 3, false), away(6, 9, true), stay(5, true, None), stay(8, true, None), stay(9, false, None)];
        let counts: Vec<(f64, f64)> = instants(&stays).iter().map(|t| (t.n, t.exposed)).collect();
        assert_eq!(counts, [(3.0, 0.0), (3.0, 1.0), (2.0, 1.0)]);
    }

    /// Leads, their periods and first events by kind.
    #[test]
    fn exposures_are_of_leads() {
        let mut stays = Stays::new(2);
        stays.begin([(0, 10, false), (20, 30, true), (30, 30, false)].into_iter(), true, 7);
        stays.happens(1, 5);
        stays.happens(1, 8);
        stays.begin([(0, 10, false)].into_iter(), false, 8);
        assert_eq!((stays.exposed(0), stays.exposed(1)), ((0, 0), (1, 1)));
        let found: Vec<_> = stays.of(1).iter().map(|s| (s.begin, s.end, s.went_on, s.exposed)).collect();
        assert_eq!(found, [(0, 10, false, Some(5)), (20, 30, true, Some(5)), (0, 10, false, None)]);
    }

    /// What leads add sums to the score, at the estimate to 0; many go on at once, and some come back.
    #[test]
    fn influences_sum_to_the_score() {
        let stays: Vec<Stay> = (1..60)
            .map(|i| Stay { begin: i * 3 % 5, ..stay(6 + i * 7 % 23, i % 3 != 0, (i % 2 == 0).then_some(i * 5 % 31)) })
            .collect();
        let found = instants(&stays);
        assert!(found.iter().any(|t| t.went > 1.0));
        let beta = estimate(&found);
        for (beta, ties) in [(0.0, Ties::Breslow), (0.7, Ties::Breslow), (beta, Ties::Efron), (-0.4, Ties::Efron)] {
            let sum: f64 = influences(&found, &stays, beta, ties).iter().sum();
            assert!((sum - score(&found, beta, ties).0).abs() < 1e-9, "{sum}");
        }
        assert!(score(&found, beta, Ties::Efron).0.abs() < 1e-6);
    }
}
