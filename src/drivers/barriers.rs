//! Barriers: at which step which segment loses most against a reference.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::funnel::{Attribution, Entry, Funnel, FunnelSpec, FunnelStep};
use crate::journeys::Journeys;
use crate::math::{Interval, compare_rates};
use crate::task::Task;

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BarriersSpec {
    /// The funnel, broken down by the segments.
    pub funnel: FunnelSpec,
    /// Segment that the others are compared with; all other leads together if not given.
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
    /// Segment.
    pub segment: String,
    /// Leads of the segment at the step.
    pub leads: u64,
    /// Share that went on.
    pub rate: f64,
    /// Share of the reference that went on.
    pub reference_rate: f64,
    /// Leads that did not go on, and would have at the rate of the reference.
    pub leads_lost: f64,
    /// Newcombe's 95 % interval of that number.
    pub leads_lost_interval: Interval,
    /// Leads lost at the last step: those, by the reference's rate from the next step to the last.
    pub conversions_lost: f64,
    /// Its interval, the later rate taken as known.
    pub conversions_lost_interval: Interval,
    /// Expected value of those conversions, if a value is known.
    pub value_lost: Option<f64>,
    /// Its interval.
    pub value_lost_interval: Option<Interval>,
    /// Probability of such a difference of rates by chance.
    pub p: f64,
}

/// Barriers, most loss first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Barriers {
    /// What was asked for.
    pub spec: BarriersSpec,
    /// Value of one lead at the last step.
    pub value: Option<f64>,
    /// Segments that lose against the reference, and those that gain, which have negative losses.
    pub barriers: Vec<Barrier>,
    /// Segments at steps with too few leads.
    pub unsupported: usize,
    /// Entrants left out because their window was not over at the end of observation.
    pub immature: u64,
    /// Entrants left out because they entered before outcomes were recorded.
    pub before_outcomes: u64,
    /// What is left out, and what else to know.
    pub remarks: Vec<String>,
}

impl Journeys {
    /// Steps by segments, ranked by what the segment loses against a reference.
    ///
    /// loss = leads at the step × (reference's rate − rate) × reference's rate from the next step to the last × value.
    /// A segment differs from its reference in more than the step: the loss is what would be won if it did as well.
    ///
    /// # Errors
    /// As [`Journeys::funnel`]; [`Error::InvalidOption`] without a breakdown, [`Error::UnknownName`] for a reference that
    /// is not among the segments.
    pub fn barriers(&self, spec: &BarriersSpec, task: &Task) -> Result<Barriers> {
        if spec.funnel.by.is_none() {
            return Err(Error::option("by", "name the lead field or property that makes segments"));
        }
        if spec.funnel.steps.len() < 2 {
            return Err(Error::option("steps", "give at least two"));
        }
        if let Some(value) = spec.value.filter(|v| !v.is_finite() || *v <= 0.0) {
            return Err(Error::option("value", format!("{value} is not a finite number above 0")));
        }
        let funnel = self.funnel(&FunnelSpec { times: false, ..spec.funnel.clone() }, task)?;
        if let Some(name) = &spec.reference
            && !funnel.groups.iter().any(|g| g.value == *name)
        {
            return Err(Error::unknown("segment", name, funnel.groups.iter().map(|g| g.value.as_str())));
        }
        let value = match spec.value {
            Some(value) => Some(value),
            None => self.mean_win(),
        };
        let (mut barriers, mut unsupported) = (Vec::new(), 0);
        for group in &funnel.groups {
            if spec.reference.as_ref().is_some_and(|r| *r == group.value) {
                continue;
            }
            let reference = reference(&funnel, spec, &group.steps);
            let required = |k: &usize| group.steps.get(*k).is_some_and(|s| !s.optional);
            let steps: Vec<usize> = (0..group.steps.len()).filter(required).collect();
            let last = reference.get(steps.last().copied().unwrap_or(0)).copied().unwrap_or(0);
            for (step, next) in steps.iter().zip(steps.iter().skip(1)) {
                let of = |k: &usize| group.steps.get(*k).map_or(0, |s| s.leads);
                let other = |k: &usize| reference.get(*k).copied().unwrap_or(0);
                let (n, m) = (of(step), other(step));
                if n < spec.min_support.unwrap_or(25).max(1) || m == 0 {
                    unsupported += usize::from(n > 0);
                    continue;
                }
                let c = compare_rates((other(next), m), (of(next), n), 0.95);
                let later = if other(next) == 0 { 0.0 } else { last as f64 / other(next) as f64 };
                let scaled = |by: f64| Interval { low: c.interval.low * by, high: c.interval.high * by };
                let leads = n as f64;
                let name = |k: &usize| group.steps.get(*k).map_or_else(String::new, |s| s.step.clone());
                barriers.push(Barrier {
                    step: name(step),
                    next: name(next),
                    segment: group.value.clone(),
                    leads: n,
                    rate: c.second,
                    reference_rate: c.first,
                    leads_lost: leads * c.difference,
                    leads_lost_interval: scaled(leads),
                    conversions_lost: leads * c.difference * later,
                    conversions_lost_interval: scaled(leads * later),
                    value_lost: value.map(|v| leads * c.difference * later * v),
                    value_lost_interval: value.map(|v| scaled(leads * later * v)),
                    p: c.p,
                });
            }
        }
        barriers
            .sort_by(|a, b| b.conversions_lost.total_cmp(&a.conversions_lost).then_with(|| a.segment.cmp(&b.segment)));
        let (immature, before_outcomes) = (funnel.immature, funnel.before_outcomes);
        let mut remarks = funnel.remarks;
        if unsupported > 0 {
            remarks.push(format!("{unsupported} segments at steps have too few leads (min_support=)"));
        }
        Ok(Barriers { spec: spec.clone(), value, barriers, unsupported, immature, before_outcomes, remarks })
    }

    /// Mean amount of won leads for which one is known: that of all their deals won by the end of observation, each once.
    fn mean_win(&self) -> Option<f64> {
        let (won, stages) = (self.codes_known(&self.won), &self.timeline.stages);
        let of_lead = |lead: u32| -> Option<f64> {
            let (mut deals, mut amounts) = (BTreeSet::new(), Vec::new());
            for entry in self.timeline.stage_range(lead) {
                let position = *stages.position.get(entry)? as usize;
                let seen = self.timeline.at.get(position).is_some_and(|at| *at < self.observed_until);
                if seen && won.contains(&self.timeline.kind.get(position)) && deals.insert(stages.deal.get(entry)) {
                    amounts.extend(self.amount_at(lead, position));
                }
            }
            (!amounts.is_empty()).then(|| crate::math::sum(&amounts))
        };
        let amounts: Vec<f64> = (0..self.leads.len() as u32).filter_map(of_lead).collect();
        (!amounts.is_empty()).then(|| crate::math::sum(&amounts) / amounts.len() as f64)
    }
}

/// Leads per step of what a segment is compared with.
fn reference(funnel: &Funnel, spec: &BarriersSpec, segment: &[FunnelStep]) -> Vec<u64> {
    match &spec.reference {
        Some(name) => funnel
            .groups
            .iter()
            .find(|g| g.value == *name)
            .map_or_else(Vec::new, |g| g.steps.iter().map(|s| s.leads).collect()),
        None => {
            // Where one lead can be in several segments, or in none, the others are all groups but this one.
            let apart = !matches!(spec.funnel.attribution, Attribution::First | Attribution::Last)
                || spec.funnel.entry == Entry::Totals;
            let all: Vec<u64> = if apart {
                (0..segment.len())
                    .map(|k| funnel.groups.iter().filter_map(|g| g.steps.get(k)).map(|s| s.leads).sum())
                    .collect()
            } else {
                funnel.steps.iter().map(|s| s.leads).collect()
            };
            all.iter().zip(segment).map(|(a, s)| a.saturating_sub(s.leads)).collect()
        }
    }
}
