//! Barriers: at which step which segment loses most against a reference.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::compare::compare_groups;
use crate::analyses::funnel::{Entry, Funnel, FunnelGroup, FunnelSpec, StepAttribution};
use crate::error::{Error, Result};
use crate::journeys::{Journeys, WinFinder, Wins};
use crate::math::{Interval, false_discovery};
use crate::progress::Task;
use crate::query::{ClusterCounts, Where};
use crate::schema::named;

/// Smallest number of leads of a segment at a step, by default.
pub const MIN_SUPPORT: u64 = 25;

/// The options of the analysis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BarriersSpec {
    /// The funnel, broken down by the segments.
    pub funnel: FunnelSpec,
    /// Segment to compare with; all other leads by default.
    pub reference: Option<String>,
    /// Value of one lead at the last step, above 0; the mean amount of won leads if not given.
    pub value: Option<f64>,
    /// Fewest leads of a segment at a step, 25 if not given.
    pub min_support: Option<u64>,
}

/// One segment at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Barrier {
    /// The step that leads are at.
    pub step: String,
    /// The step that they go on to.
    pub next: String,
    /// Value of the breakdown.
    pub segment: String,
    /// Leads of the segment at the step.
    pub leads: u64,
    /// Share that went on.
    pub rate: f64,
    /// Share of the reference that went on.
    pub reference_rate: f64,
    /// Leads that did not go on, and would have at the rate of the reference.
    pub leads_lost: f64,
    /// Newcombe's interval of that number, of a level at which all intervals of the table hold together in 95 %: that of
    /// the row ranked first holds as well.
    pub leads_lost_interval: Interval,
    /// Leads lost at the last step: those, by the reference's rate from the next step to the last.
    pub conversions_lost: f64,
    /// Its interval, the later rate taken as known.
    pub conversions_lost_interval: Interval,
    /// Expected value of those conversions, if a value is known.
    pub value_lost: Option<f64>,
    /// Its interval.
    pub value_lost_interval: Option<Interval>,
    /// Share of the observed difference that is expected to last, 0 to 1: what the spread of all segments of the step says.
    pub shrinkage: f64,
    /// Conversions lost, shrunk by it: what the rows are ranked by.
    pub conversions_lost_shrunk: f64,
    /// Probability of such a difference of rates by chance.
    pub p_value: f64,
    /// The same, adjusted for all rows (false discovery rate).
    pub q_value: f64,
}

/// Barriers, most expected loss first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Barriers {
    /// The options of the analysis.
    pub spec: BarriersSpec,
    /// Value of one lead at the last step.
    pub value: Option<f64>,
    /// Segments that lose compared with the reference, and segments that gain, with negative losses.
    pub barriers: Vec<Barrier>,
    /// Segments at steps with too few leads.
    pub unsupported: usize,
    /// Entrants left out because their window was not over at the end of observation.
    pub immature: u64,
    /// Entrants left out because they entered before outcomes were recorded.
    pub before_outcomes: u64,
    /// Remarks on exclusions and assumptions.
    pub remarks: Vec<String>,
}

impl Journeys {
    /// Steps by segments, ranked by what the segment loses against a reference.
    ///
    /// loss = leads at the step × (reference's rate − rate) × reference's rate from the next step to the last × value.
    /// Rows are ranked by that loss shrunk by what the spread of all segments says, and intervals hold for all rows together.
    /// A segment differs from its reference in more than the step: the loss is what would be won if it did as well.
    ///
    /// # Errors
    /// As [`Journeys::funnel`]; [`Error::InvalidOption`] without a breakdown, [`Error::UnknownName`] for a reference that
    /// is not among the segments.
    pub fn barriers(&self, spec: &BarriersSpec, task: &Task) -> Result<Barriers> {
        if spec.funnel.by.is_none() {
            return Err(Error::option("by", "must name the lead field or property that defines the segments"));
        }
        if spec.funnel.steps.len() < 2 {
            return Err(Error::option("steps", "must have at least two steps"));
        }
        if let Some(value) = spec.value.filter(|v| !v.is_finite() || *v <= 0.0) {
            return Err(Error::option("value", format!("must be a finite number above 0, not {value}")));
        }
        let funnel = self.funnel(&FunnelSpec { times: false, ..spec.funnel.clone() }, task)?;
        let against = match &spec.reference {
            Some(name) => {
                let known: Vec<&str> = funnel.groups.iter().map(|g| g.value.as_str()).collect();
                let found = named(name, &known).and_then(|at| funnel.groups.get(at));
                Some(found.ok_or_else(|| Error::unknown("segment", name, known))?)
            }
            None => None,
        };
        let value = match spec.value {
            Some(value) => Some(value),
            None => self.mean_win(&spec.funnel.filter)?,
        };
        let (pairs, unsupported) = pairs(&funnel, against, spec);
        // All intervals hold together: the first is chosen for being extreme. Z. Šidák, JASA 62 (1967).
        let confidence = 0.95f64.powf(1.0 / pairs.len().max(1) as f64);
        let barrier = |pair: &Pair<'_>| {
            task.check()?;
            Ok(pair.barrier(confidence, value))
        };
        let mut barriers: Vec<Barrier> = pairs.iter().map(barrier).collect::<Result<_>>()?;
        shrink(&mut barriers);
        let p: Vec<f64> = barriers.iter().map(|b| b.p_value).collect();
        barriers.iter_mut().zip(false_discovery(&p)).for_each(|(b, q)| b.q_value = q);
        barriers.sort_by(|a, b| {
            let shrunk = b.conversions_lost_shrunk.total_cmp(&a.conversions_lost_shrunk);
            shrunk
                .then_with(|| b.conversions_lost.total_cmp(&a.conversions_lost))
                .then_with(|| a.segment.cmp(&b.segment))
        });
        let mut remarks = funnel.remarks.clone();
        remarks.extend(first_by_chance(&barriers));
        if unsupported > 0 {
            remarks.push(format!("segments at steps with too few leads (min_support=): {unsupported}"));
        }
        let (immature, before_outcomes) = (funnel.immature, funnel.before_outcomes);
        Ok(Barriers { spec: spec.clone(), value, barriers, unsupported, immature, before_outcomes, remarks })
    }

    /// Mean amount of won leads that count and for which one is known: that of all their deals won by the end of
    /// observation, each once.
    fn mean_win(&self, filter: &Where) -> Result<Option<f64>> {
        let population = self.population(filter)?;
        let counts = |lead: &u32| population.has(*lead) && !self.started_before_outcomes(*lead);
        let (finder, mut wins) = (WinFinder::new(self, self.codes_known(&self.won)), Wins::default());
        let mut of_lead = |lead: u32| -> Option<f64> {
            finder.find(lead, &mut wins);
            let amounts: Vec<f64> = wins.amounts().collect();
            (!amounts.is_empty()).then(|| crate::math::sum(&amounts))
        };
        let leads = (0..self.leads.len() as u32).filter(counts);
        let amounts: Vec<f64> = leads.filter_map(&mut of_lead).collect();
        Ok((!amounts.is_empty()).then(|| crate::math::sum(&amounts) / amounts.len() as f64))
    }
}

/// A segment at a step with enough leads, and what it is compared with.
struct Pair<'a> {
    group: &'a FunnelGroup,
    reference: Rc<FunnelGroup>,
    step: usize,
    next: usize,
    /// The last step that is not optional.
    last: usize,
}

/// Segments at steps, and how many have too few leads.
fn pairs<'a>(funnel: &'a Funnel, against: Option<&FunnelGroup>, spec: &BarriersSpec) -> (Vec<Pair<'a>>, usize) {
    let (mut pairs, mut unsupported) = (Vec::new(), 0);
    for group in &funnel.groups {
        if against.is_some_and(|against| against.value == group.value) {
            continue;
        }
        let reference = Rc::new(against.cloned().unwrap_or_else(|| others(funnel, spec, group)));
        let required = |k: &usize| group.steps.get(*k).is_some_and(|s| !s.optional);
        let steps: Vec<usize> = (0..group.steps.len()).filter(required).collect();
        let last = steps.last().copied().unwrap_or(0);
        for (step, next) in steps.iter().copied().zip(steps.iter().copied().skip(1)) {
            let (n, m) = (leads(group, step), leads(&reference, step));
            if n < spec.min_support.unwrap_or(MIN_SUPPORT).max(1) || m == 0 {
                unsupported += usize::from(n > 0);
                continue;
            }
            pairs.push(Pair { group, reference: Rc::clone(&reference), step, next, last });
        }
    }
    (pairs, unsupported)
}

fn leads(group: &FunnelGroup, k: usize) -> u64 {
    group.steps.get(k).map_or(0, |s| s.leads)
}

impl Pair<'_> {
    fn barrier(&self, confidence: f64, value: Option<f64>) -> Barrier {
        let Self { group, reference, step, next, last } = self;
        let (n, others) = (leads(group, *step), leads(reference, *next));
        let c = compare_groups((reference, group), (*next, *step), confidence);
        let later = if others == 0 { 0.0 } else { leads(reference, *last) as f64 / others as f64 };
        let scaled = |by: f64| Interval { low: c.interval.low * by, high: c.interval.high * by };
        let n_leads = n as f64;
        let name = |k: usize| group.steps.get(k).map_or_else(String::new, |s| s.step.clone());
        Barrier {
            step: name(*step),
            next: name(*next),
            segment: group.value.clone(),
            leads: n,
            rate: c.second,
            reference_rate: c.first,
            leads_lost: n_leads * c.difference,
            leads_lost_interval: scaled(n_leads),
            conversions_lost: n_leads * c.difference * later,
            conversions_lost_interval: scaled(n_leads * later),
            value_lost: value.map(|v| n_leads * c.difference * later * v),
            value_lost_interval: value.map(|v| scaled(n_leads * later * v)),
            // Until all are known: the variance of the difference, from its test.
            shrinkage: (c.difference / c.z).powi(2),
            conversions_lost_shrunk: 0.0,
            p_value: c.p_value,
            q_value: 1.0,
        }
    }
}

/// Shrinks the differences of each step towards none: true differences are taken as normal around 0 with variance τ², so
/// that B = τ²/(τ² + V) of an observed one with variance V is expected to last. τ² solves Σ d²/(V + τ²) = m, 0 if that has
/// no solution (C. N. Morris, "Parametric empirical Bayes inference", JASA 78 (1983); R. C. Paule, J. Mandel, J. Research
/// NBS 87 (1982)). No value is shrunk out of its interval: one real barrier among many segments without any is not
/// shrunk away (B. Efron, C. N. Morris, "Limiting the risk of Bayes and empirical Bayes estimators", JASA 67 (1972)).
fn shrink(barriers: &mut [Barrier]) {
    let steps: BTreeSet<String> = barriers.iter().map(|b| b.step.clone()).collect();
    for step in steps {
        let mut rows: Vec<&mut Barrier> = barriers.iter_mut().filter(|b| b.step == step).collect();
        let known: Vec<(f64, f64)> = rows
            .iter()
            .map(|b| (b.reference_rate - b.rate, b.shrinkage))
            .filter(|(_, v)| v.is_finite() && *v > 0.0)
            .collect();
        let excess = |tau: f64| known.iter().map(|(d, v)| d * d / (v + tau)).sum::<f64>() - known.len() as f64;
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if excess(middle) > 0.0 { low = middle } else { high = middle }
        }
        let tau = if excess(0.0) > 0.0 { f64::midpoint(low, high) } else { 0.0 };
        for b in &mut rows {
            let variance = b.shrinkage;
            // Without a difference nothing is shrunk.
            let lasting = if variance.is_finite() { tau / (tau + variance) } else { 1.0 };
            let Interval { low, high } = b.leads_lost_interval;
            let shrunk = (b.leads_lost * lasting).clamp(low.min(b.leads_lost), high.max(b.leads_lost));
            b.shrinkage = if b.leads_lost == 0.0 { lasting } else { shrunk / b.leads_lost };
            b.conversions_lost_shrunk = b.conversions_lost * b.shrinkage;
        }
    }
}

/// What to know where the first row is first by chance.
fn first_by_chance(barriers: &[Barrier]) -> Option<String> {
    let first = barriers.first().filter(|b| b.conversions_lost > 0.0 && (b.q_value >= 0.05 || b.p_value.is_nan()))?;
    Some(format!(
        "{} at {} → {} ranks first, but this may be chance: among {} rows without true differences, one as bad is common \
         (q = {:.2}); collect more leads before acting on it",
        first.segment,
        first.step,
        first.next,
        barriers.len(),
        first.q_value
    ))
}

/// All leads outside a segment, as if they were one.
fn others(funnel: &Funnel, spec: &BarriersSpec, segment: &FunnelGroup) -> FunnelGroup {
    // Where one lead can be in several segments, or in none, the others are all groups but this one.
    let apart = !matches!(spec.funnel.attribution, StepAttribution::First | StepAttribution::Last)
        || spec.funnel.entry == Entry::Totals;
    let mut others = segment.clone();
    let groups = || funnel.groups.iter().filter(|g| g.value != segment.value);
    for (k, step) in others.steps.iter_mut().enumerate() {
        let all = funnel.steps.get(k).map_or(0, |s| s.leads);
        step.leads = if apart { groups().map(|g| leads(g, k)).sum() } else { all.saturating_sub(leads(segment, k)) };
    }
    if apart {
        others.clusters = ClusterCounts::default();
        groups().for_each(|g| others.clusters.join(&g.clusters));
        others.clusters.settle();
    } else {
        others.clusters = funnel.clusters.clone().less(&segment.clusters);
    }
    others
}
