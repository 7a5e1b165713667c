//! The share of leads that will eventually convert: a parametric curve with a ceiling, where the data identifies it.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::risk::{End, Subject};
use crate::error::Result;
use crate::math::{Interval, Minimum, chi_square_quantile, exp, ln, minimize, sum_by};
use crate::progress::Task;
use crate::survival::generalized_gamma::{EventTimes, Family};

/// Largest probability of a plateau as flat by chance.
const PLATEAU: f64 = 0.05;
/// Least share of eventual converters that must have had enough follow-up.
const SEEN: f64 = 0.95;
/// Fewest events for a curve of four parameters.
const LEAST_EVENTS: usize = 20;
/// Distinct ages above which ages are rounded to three digits.
const DISTINCT: usize = 5_000;

/// Whether follow-up was long enough to see the curve level off.
///
/// With t the longest time that a lead was seen, and e the last event, N events lie in the last stretch of length t − e
/// before e. If events still came at that pace after e, none in the stretch of the same length behind it would have a
/// chance of α = (1 − N/n)ⁿ. R. A. Maller, S. Zhou, "Estimating the proportion of immunes in a censored sample",
/// Biometrika 79 (1992).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Age of the last event, days.
    pub last_event: f64,
    /// Longest time a lead was seen, days.
    pub longest: f64,
    /// Events in the stretch before the last one.
    pub events_before: u64,
    /// Maller and Zhou's α.
    pub chance: f64,
}

impl Plateau {
    /// The test of spells; `None` without an event.
    #[must_use]
    pub fn new(spells: &[Subject]) -> Option<Self> {
        let events = || spells.iter().filter(|s| s.end == End::Event).map(|s| s.exit);
        let last_event = events().reduce(f64::max)?;
        let longest = spells.iter().map(|s| s.exit).reduce(f64::max)?;
        let from = 2.0 * last_event - longest;
        let events_before = events().filter(|e| *e > from).count();
        // With a stretch of no length there is nothing to compare.
        let events_before = if longest > last_event { events_before } else { 0 };
        let n = spells.len() as f64;
        let chance = exp(n * libm::log1p(-(events_before as f64) / n));
        Some(Self { last_event, longest, events_before: events_before as u64, chance })
    }

    /// Whether the curve is seen to level off.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.chance < PLATEAU
    }
}

/// A parametric curve: F(t) = share · G(t), and likewise of competing ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParametricFit {
    /// The family of G.
    pub family: Family,
    /// Share that ever has the event.
    pub share: f64,
    /// Time of the event, if it happens.
    pub times: EventTimes,
    /// Share and times of competing ends, if something competes.
    pub competing: Option<(f64, EventTimes)>,
    /// Σ of the logarithms of densities and chances, times in days.
    pub log_likelihood: f64,
}

/// The estimate of the share of leads that will eventually convert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Family asked for.
    pub family: Family,
    /// The curve and the interval of its share, by profile likelihood; `None` if not identified.
    pub fit: Option<(ParametricFit, Interval)>,
    /// Whether the observed curve levels off.
    pub plateau: Option<Plateau>,
    /// Why the fit failed; empty if it succeeded.
    pub why_not: String,
}

/// Spells with the same age and end, together.
struct AgeTable {
    /// Age, how many, and how they end.
    rows: Vec<(f64, f64, End)>,
    /// Ages of late entries, and how many.
    entries: Vec<(f64, f64, ())>,
    /// Ages of 0 are known to be below this one only.
    least: f64,
    competes: bool,
}

/// Distinct ages with their key and count, by key, then by age.
fn counted<K>(ages: impl Iterator<Item = (f64, u8, K)>) -> Vec<(f64, f64, K)> {
    let mut sorted: Vec<(f64, u8, K)> = ages.collect();
    sorted.sort_unstable_by(|a, b| a.1.cmp(&b.1).then(a.0.total_cmp(&b.0)));
    let mut counted: Vec<(f64, f64, K)> = Vec::new();
    let mut last = None;
    for (age, order, kind) in sorted {
        match counted.last_mut() {
            Some(row) if last == Some((age, order)) => row.1 += 1.0,
            _ => counted.push((age, 1.0, kind)),
        }
        last = Some((age, order));
    }
    counted
}

impl AgeTable {
    fn new(spells: &[Subject]) -> Self {
        let positive = || spells.iter().map(|s| s.exit).filter(|t| *t > 0.0);
        let least = positive().reduce(f64::min).unwrap_or(1.0);
        let mut distinct: Vec<f64> = positive().collect();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        let rounded = |t: f64| -> f64 {
            if distinct.len() <= DISTINCT || t <= 0.0 {
                return t;
            }
            let step = 10f64.powi(t.log10().floor() as i32 - 2);
            (t / step).round() * step
        };
        let rows = counted(spells.iter().map(|s| (rounded(s.exit), s.end as u8, s.end)));
        let entries = counted(spells.iter().filter_map(|s| s.entry).filter(|e| *e > 0.0).map(|e| (rounded(e), 0, ())));
        Self { rows, entries, least, competes: spells.iter().any(|s| s.end == End::Competing) }
    }

    fn log_likelihood(&self, fit: &Parameters) -> f64 {
        let open = |t: f64| {
            // 1 − c₁·G₁ − c₂·G₂ from tails, so nothing cancels.
            let rest = 1.0 - fit.share - fit.competing.map_or(0.0, |(c, _)| c);
            let own = fit.share * fit.times.shares(t).1;
            rest.max(0.0) + own + fit.competing.map_or(0.0, |(c, times)| c * times.shares(t).1)
        };
        let of = |share: f64, times: &EventTimes, t: f64| {
            ln(share) + if t > 0.0 { times.log_density(t) } else { ln(times.shares(self.least).0) }
        };
        let terms: Vec<f64> = self
            .rows
            .par_iter()
            .map(|(t, n, end)| {
                let log = match (end, &fit.competing) {
                    (End::Event, _) => of(fit.share, &fit.times, *t),
                    (End::Competing, Some((share, times))) => of(*share, times, *t),
                    (End::Competing, None) | (End::Censored, _) => ln(open(*t)),
                };
                n * log
            })
            .collect();
        let entered: f64 = self.entries.iter().map(|(t, n, ())| n * ln(open(*t))).sum();
        sum_by(terms.len(), |i| terms.get(i).copied().unwrap_or(0.0)) - entered
    }
}

/// A curve and its competitor's.
#[derive(Clone, Copy)]
struct Parameters {
    share: f64,
    times: EventTimes,
    competing: Option<(f64, EventTimes)>,
}

/// How parameters are laid out for the search.
#[derive(Clone, Copy)]
struct CureParameters {
    family: Family,
    competes: bool,
    /// The share, if it is given and not searched for.
    share: Option<f64>,
}

impl CureParameters {
    fn read(self, x: &[f64]) -> Parameters {
        let mut x = x.iter().copied();
        let mut next = || x.next().unwrap_or(0.0);
        let mut times = || {
            let (mu, log_sigma) = (next(), next());
            let q = match self.family {
                Family::GeneralizedGamma => next(),
                Family::Weibull => 1.0,
                Family::LogNormal => 0.0,
            };
            EventTimes { mu, sigma: exp(log_sigma), q }
        };
        let own = times();
        let other = self.competes.then(&mut times);
        let share = self.share.unwrap_or_else(|| crate::math::sigmoid(next()));
        let competing = other.map(|times| ((1.0 - share) * crate::math::sigmoid(next()), times));
        Parameters { share, times: own, competing }
    }

    fn start(self, table: &AgeTable, q: f64) -> Vec<f64> {
        let mut x = Vec::new();
        let total: f64 = table.rows.iter().map(|r| r.1).sum();
        let mut shares = Vec::new();
        for end in [Some(End::Event), self.competes.then_some(End::Competing)].into_iter().flatten() {
            let logs = || table.rows.iter().filter(|r| r.2 == end).map(|(t, n, _)| (ln(t.max(table.least / 2.0)), *n));
            let n: f64 = logs().map(|(_, n)| n).sum();
            let mean = logs().map(|(l, n)| l * n).sum::<f64>() / n;
            let variance = logs().map(|(l, n)| (l - mean) * (l - mean) * n).sum::<f64>() / n;
            x.extend([mean, ln(variance.sqrt().max(0.05))]);
            if self.family == Family::GeneralizedGamma {
                x.push(q);
            }
            shares.push(n / total);
        }
        let logit = |p: f64| crate::math::logit(p.clamp(0.01, 0.99));
        let first = shares.first().copied().unwrap_or(0.5);
        if self.share.is_none() {
            x.push(logit(first));
        }
        x.extend(shares.get(1).map(|other| logit(other / (1.0 - first).max(1e-9))));
        x
    }

    fn search(self, table: &AgeTable, start: &[f64], task: &Task) -> Result<Minimum> {
        minimize(start, |x| {
            task.check()?;
            Ok(-table.log_likelihood(&self.read(x)))
        })
    }

    fn best(self, table: &AgeTable, task: &Task) -> Result<Minimum> {
        let shapes: &[f64] = if self.family == Family::GeneralizedGamma { &[0.3, 1.0, -0.5] } else { &[0.0] };
        let mut best: Option<Minimum> = None;
        for q in shapes {
            let found = self.search(table, &self.start(table, *q), task)?;
            if best.as_ref().is_none_or(|b| found.value < b.value) {
                best = Some(found);
            }
        }
        Ok(best.unwrap_or(Minimum { at: Vec::new(), value: f64::NAN, converged: false }))
    }

    fn fit(self, found: &Minimum) -> ParametricFit {
        let p = self.read(&found.at);
        ParametricFit {
            family: self.family,
            share: p.share,
            times: p.times,
            competing: p.competing,
            log_likelihood: -found.value,
        }
    }
}

/// Fits a parametric curve by maximum likelihood: F(t) = share·G(t), with a free `share`, or 1 for "every lead has
/// the event in the end" (then nothing may compete).
///
/// Σ ln(share·g(t)) over events, likewise over competing ends, and Σ ln(1 − F₁(t) − F₂(t)) over open spells, less the
/// same at late entries. Ages of 0 are known to be below the smallest other age only. Of more than 5,000 distinct ages,
/// three digits count.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn fit_parametric(spells: &[Subject], family: Family, with_ceiling: bool, task: &Task) -> Result<ParametricFit> {
    let table = AgeTable::new(spells);
    let layout =
        CureParameters { family, competes: with_ceiling && table.competes, share: (!with_ceiling).then_some(1.0) };
    let found = layout.best(&table, task)?;
    Ok(layout.fit(&found))
}

/// The share that will eventually have the event, if follow-up was long enough: the curve levels off ([`Plateau`],
/// α < 0.05), and by the fit at least 95 % of all events happen within the longest time that a lead
/// was seen. (α alone is small too often: the stretch behind the last event is long by chance.) The interval is that of
/// the profile likelihood, {c: 2·(ℓ(ĉ) − max ℓ(c)) ≤ χ²₁}.
///
/// # Errors
/// As [`fit_parametric`].
pub fn ceiling(spells: &[Subject], family: Family, confidence: f64, task: &Task) -> Result<Ceiling> {
    let plateau = Plateau::new(spells);
    let not = |why_not: String| Ceiling { family, fit: None, plateau, why_not };
    let events = spells.iter().filter(|s| s.end == End::Event).count();
    if events < LEAST_EVENTS {
        return Ok(not(format!("{events} events; at least {LEAST_EVENTS} are needed")));
    }
    if let Some(p) = plateau.filter(|p| !p.reached()) {
        return Ok(not(format!(
            "the curve does not visibly level off; the last event was at {:.1} of {:.1} days (α = {:.2}, Maller–Zhou)",
            p.last_event, p.longest, p.chance
        )));
    }
    let table = AgeTable::new(spells);
    let layout = CureParameters { family, competes: table.competes, share: None };
    let found = layout.best(&table, task)?;
    if !found.converged {
        return Ok(not("the search found no maximum of the likelihood".into()));
    }
    let fit = layout.fit(&found);
    let longest = plateau.map_or(0.0, |p| p.longest);
    let seen = fit.times.shares(longest).0;
    if seen < SEEN {
        return Ok(not(format!(
            "by the fit, {:.0} % of all events happen within {longest:.1} days, the longest time that a \
             lead was observed; {:.0} % are needed",
            100.0 * seen,
            100.0 * SEEN
        )));
    }
    let Some(interval) = profile(&table, layout, &found, confidence, task)? else {
        return Ok(not("the likelihood is nearly flat in the share".into()));
    };
    Ok(Ceiling { family, fit: Some((fit, interval)), plateau, why_not: String::new() })
}

/// The shares whose best likelihood is not much below the best of all; `None` if it has no lower end.
fn profile(
    table: &AgeTable,
    layout: CureParameters,
    best: &Minimum,
    confidence: f64,
    task: &Task,
) -> Result<Option<Interval>> {
    let limit = best.value + chi_square_quantile(1.0 - confidence, 1) / 2.0;
    let place = layout.start(table, 0.0).len() - 1 - usize::from(layout.competes);
    let share = layout.read(&best.at).share;
    let free: Vec<f64> = best.at.iter().enumerate().filter(|(i, _)| *i != place).map(|(_, x)| *x).collect();
    let side = |up: bool| -> Result<Option<f64>> {
        let mut start = free.clone();
        // On the logit scale, from inside outwards, then between.
        let (mut inside, mut outside) = (crate::math::logit(share.min(1.0 - 1e-9)), None);
        let mut step = 0.1;
        for _ in 0..60 {
            let next = match outside {
                None => inside + if up { step } else { -step },
                Some(far) => f64::midpoint(inside, far),
            };
            let at = crate::math::sigmoid(next);
            let fixed = CureParameters { share: Some(at), ..layout };
            let found = fixed.search(table, &start, task)?;
            if found.value <= limit {
                (inside, start) = (next, found.at);
                step *= 2.0;
                if up && at > 1.0 - 1e-6 {
                    return Ok(Some(1.0));
                }
                if !up && at < 1e-9 {
                    return Ok(None);
                }
            } else {
                outside = Some(next);
            }
            if outside.is_some_and(|far: f64| (far - inside).abs() < 1e-3) {
                break;
            }
        }
        Ok(Some(crate::math::sigmoid(inside)))
    };
    Ok(match (side(false)?, side(true)?) {
        (Some(low), Some(high)) => Some(Interval { low, high }),
        _ => None,
    })
}
