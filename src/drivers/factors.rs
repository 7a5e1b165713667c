//! Drivers of drop-off: at each step, what those that went on have more, or less, often than those that did not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::design::{Column, MISSING, NONE, shown};
use crate::error::{Error, Result};
use crate::funnel::{Compat, FunnelSpec, LeadProgress, Order};
use crate::journeys::{FieldHistory, Journeys};
use crate::math::{Interval, false_discovery, fisher_exact, quantile_sorted, smoothed_odds_ratio};
use crate::task::Task;
use crate::time::{NO_TIME, Span};

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DriversSpec {
    /// The funnel. Follow first entries ([`crate::funnel::Entry::First`]): which of several is the best depends on what came
    /// of it, and so does all that lies before it.
    pub funnel: FunnelSpec,
    /// Lead fields to look at, those that change over time as they were at the step; all if empty.
    pub fields: Vec<String>,
    /// Fewest leads with, and without, a property; the smaller of 25 and 2 % of those at the step if not given.
    pub min_support: Option<u64>,
}

/// Where a property of a lead is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Factor {
    /// A lead field has a value.
    Field,
    /// The event of the step has a channel.
    Channel,
    /// An event of a kind came before the event of the step.
    Before,
    /// An event of a kind came after it, before the lead went on or its time was over.
    After,
}

/// One property at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// The step that leads are at.
    pub step: String,
    /// The step that they go on to.
    pub next: String,
    /// Where the property is found.
    pub factor: Factor,
    /// Field, `channel`, or event kind.
    pub name: String,
    /// Value of the field or channel; empty for events.
    pub value: String,
    /// Leads with it.
    pub leads: u64,
    /// Those of them that went on.
    pub went_on: u64,
    /// Leads without it.
    pub other_leads: u64,
    /// Those of them that went on.
    pub others_went_on: u64,
    /// Odds of going on with it by those without, one added to each count.
    pub odds_ratio: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Fisher's exact probability.
    pub p: f64,
    /// The same, adjusted for all properties looked at (false discovery rate).
    pub q: f64,
}

/// Drivers of drop-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drivers {
    /// What was asked for.
    pub spec: DriversSpec,
    /// Properties with enough support: by step, the surest and strongest first.
    pub drivers: Vec<Driver>,
    /// Properties with too little support.
    pub unsupported: usize,
    /// Entrants left out because they entered before outcomes were recorded.
    pub before_outcomes: u64,
    /// What to know when reading them.
    pub remarks: Vec<String>,
}

/// A field with more values says nothing of one.
const MOST_LEVELS: usize = 200;

/// A lead field as codes.
struct FieldCodes<'a> {
    name: String,
    /// One per lead, or per row of the history.
    codes: Vec<u32>,
    levels: Vec<String>,
    history: Option<&'a FieldHistory>,
}

impl FieldCodes<'_> {
    /// Code of what a lead, created at `created`, had at a time; one past the levels if nothing is known.
    fn code(&self, lead: u32, created: i64, at: i64) -> usize {
        let row = match self.history {
            None => Some(lead),
            Some(history) => history.row_as_of(lead as usize, created, at),
        };
        let code = row.and_then(|row| self.codes.get(row as usize)).copied().unwrap_or(NONE) as usize;
        code.min(self.levels.len())
    }
}

/// Counts per step: leads and those that went on, in all and with each property.
#[derive(Clone)]
struct Counts {
    all: (u64, u64),
    with: Vec<(u64, u64)>,
}

impl Journeys {
    /// What separates the leads that went on from those that dropped off, at each step of a funnel: values of lead
    /// fields, channels, and events before and after the step. Stages that mean won or lost, which say how it ended, are
    /// not looked at.
    ///
    /// Odds ratios have one added to each count: (s + 1)(F − f + 1)/((S − s + 1)(f + 1)) for s of S that went on and f of F
    /// that did not. Tests are Fisher's, adjusted together for the share of false discoveries. What is found went with
    /// going on; it need not have caused it.
    ///
    /// # Errors
    /// As [`Journeys::funnel`]; [`Error::InvalidOption`] for steps in any order, or fewer than two.
    pub fn drivers(&self, spec: &DriversSpec, task: &Task) -> Result<Drivers> {
        let f = &spec.funnel;
        if f.order == Order::Any || f.compat == Some(Compat::ClickHouse) {
            return Err(Error::option("order", "drivers need steps in order, with their times"));
        }
        if f.steps.len() < 2 {
            return Err(Error::option("steps", "give at least two"));
        }
        let (fields, passed_over) = self.field_codes(spec, task)?;
        let kinds = self.kinds.len();
        let channels = self.channels.len();
        let places = fields.iter().map(|f| f.levels.len() + 1).sum::<usize>() + channels + 2 * kinds;
        let list = self.funnel_leads(f, task)?;
        // What is left out, in numbers and words.
        let whole = self.funnel(&FunnelSpec { times: false, by: None, over: None, ..f.clone() }, task)?;
        // The next step that is not optional, of each step that is not.
        let required: Vec<usize> =
            (0..f.steps.len()).filter(|k| f.steps.get(*k).is_some_and(|s| !s.optional)).collect();
        let pairs: Vec<(usize, usize)> = required.iter().copied().zip(required.iter().copied().skip(1)).collect();
        let zero = Counts { all: (0, 0), with: vec![(0, 0); places] };
        let mut counts = vec![zero; pairs.len()];
        task.begin("comparing leads", list.len());
        let mut flags = vec![false; 2 * kinds];
        let ends: Vec<u32> = self.codes_known(&self.won).into_iter().chain(self.codes_known(&self.lost)).collect();
        // Of the lead at hand: first time of each kind.
        let mut first: (u32, Vec<i64>) = (NONE, Vec::new());
        for (n, progress) in list.iter().enumerate() {
            if n % 4096 == 0 {
                task.check()?;
                task.advance(4096.min(list.len() - n));
            }
            if first.0 != progress.lead {
                first = (progress.lead, self.first_times(progress.lead));
            }
            for ((step, next), counts) in pairs.iter().zip(&mut counts) {
                if progress.done >> step & 1 == 0 {
                    continue;
                }
                let went_on = progress.done >> next & 1 != 0;
                let mut add = |place: usize| {
                    if let Some(c) = counts.with.get_mut(place) {
                        *c = (c.0 + 1, c.1 + u64::from(went_on));
                    }
                };
                let mut place = 0;
                let (at, event) = progress.reached.get(*step).copied().unwrap_or((NO_TIME, u32::MAX));
                let (created, event) = (self.leads.created_at(progress.lead), event as usize);
                for field in &fields {
                    add(place + field.code(progress.lead, created, at));
                    place += field.levels.len() + 1;
                }
                self.events_around(progress, &first.1, *step, went_on.then_some(*next), f, &mut flags);
                for end in &ends {
                    let (before, after) = flags.split_at_mut(kinds);
                    for flag in [before, after].into_iter().filter_map(|flags| flags.get_mut(*end as usize)) {
                        *flag = false;
                    }
                }
                let channel = self.timeline.channel.as_ref().map_or(NONE, |c| c.get(event));
                if channel != NONE {
                    add(place + channel as usize);
                }
                place += channels;
                for (k, flag) in flags.iter().enumerate() {
                    if *flag {
                        add(place + k);
                    }
                }
                counts.all = (counts.all.0 + 1, counts.all.1 + u64::from(went_on));
            }
        }
        let mut found = self.summarise(spec, &fields, &pairs, &counts, task)?;
        found.before_outcomes = whole.before_outcomes;
        found.remarks.splice(0..0, whole.remarks);
        if !passed_over.is_empty() {
            let list = passed_over.join(", ");
            found.remarks.push(format!("not compared: {list} (dates, or more than {MOST_LEVELS} values)"));
        }
        Ok(found)
    }

    /// First time of each kind in the journey of `lead`.
    fn first_times(&self, lead: u32) -> Vec<i64> {
        let mut first = vec![i64::MAX; self.kinds.len()];
        for i in self.timeline.range(lead).rev() {
            let kind = self.timeline.kind.get(i) as usize;
            if let (Some(slot), Some(at)) = (first.get_mut(kind), self.timeline.at.get(i)) {
                *slot = *at;
            }
        }
        first
    }

    /// Sets the flags of kinds with an event before, and after, the one of `step`.
    fn events_around(
        &self,
        progress: &LeadProgress,
        first: &[i64],
        step: usize,
        next: Option<usize>,
        spec: &FunnelSpec,
        flags: &mut [bool],
    ) {
        flags.fill(false);
        let kinds = self.kinds.len();
        // When a lead first got to a step does not depend on what came of it.
        let time = |k: usize| progress.reached.get(k).map_or(i64::MAX, |(at, _)| *at);
        let start = progress.times.first().copied().unwrap_or(i64::MAX);
        let here = time(step);
        let limit = spec.window.map_or(self.observed_until, |w| start.saturating_add(w.as_micros() + 1));
        let within = spec.steps.iter().skip(step + 1).find(|s| !s.optional).and_then(|s| s.within);
        let limit = within.map_or(limit, |w: Span| limit.min(here.saturating_add(w.as_micros() + 1)));
        // The same limit for all: a lead that goes on from a later event of the step is not watched longer than others.
        let end = next.map_or(limit, |next| time(next).min(limit)).min(self.observed_until);
        for (flag, at) in flags.iter_mut().zip(first) {
            *flag = *at < here;
        }
        let range = self.timeline.range(progress.lead);
        let times = self.timeline.at.get(range.clone()).unwrap_or(&[]);
        let from = range.start + times.partition_point(|at| *at <= here);
        for i in from..range.end {
            if self.timeline.at.get(i).is_none_or(|at| *at >= end) {
                break;
            }
            if let Some(flag) = flags.get_mut(kinds + self.timeline.kind.get(i) as usize) {
                *flag = true;
            }
        }
    }

    /// The fields to look at, and the names of those passed over.
    fn field_codes(&self, spec: &DriversSpec, task: &Task) -> Result<(Vec<FieldCodes<'_>>, Vec<String>)> {
        let names: Vec<String> = if spec.fields.is_empty() {
            self.leads.field_names().map(str::to_owned).collect()
        } else {
            // Each once: what is looked at twice is counted twice among the false discoveries.
            let mut seen = BTreeSet::new();
            spec.fields.iter().filter(|name| seen.insert(*name)).cloned().collect()
        };
        let (mut fields, mut passed_over) = (Vec::new(), Vec::new());
        for name in names {
            task.check()?;
            let history = self.leads.histories.iter().find(|h| h.name == name);
            let own = self.leads.field(&name).map(|f| &f.column);
            let Some(column) = own.or_else(|| history.map(|h| &h.values)) else {
                return Err(Error::unknown("field", &name, self.leads.field_names()));
            };
            let history = history.filter(|_| own.is_none());
            let (codes, levels) = match column {
                Column::Category { codes, levels } if levels.len() <= MOST_LEVELS => {
                    (codes.clone(), levels.iter().map(|level| shown(level, &[MISSING])).collect())
                }
                Column::Number(values) => quartiles(values),
                Column::Category { .. } | Column::Time(_) if spec.fields.is_empty() => {
                    passed_over.push(name);
                    continue;
                }
                Column::Category { levels, .. } => {
                    let problem = format!("'{name}' has {} values; at most {MOST_LEVELS}", levels.len());
                    return Err(Error::option("fields", problem));
                }
                Column::Time(_) => return Err(Error::option("fields", format!("'{name}' is a date"))),
            };
            fields.push(FieldCodes { name, codes, levels, history });
        }
        Ok((fields, passed_over))
    }

    fn summarise(
        &self,
        spec: &DriversSpec,
        fields: &[FieldCodes<'_>],
        pairs: &[(usize, usize)],
        counts: &[Counts],
        task: &Task,
    ) -> Result<Drivers> {
        let mut places: Vec<(Factor, String, String)> = Vec::new();
        for f in fields {
            let levels = f.levels.iter().cloned().chain([MISSING.to_owned()]);
            places.extend(levels.map(|l| (Factor::Field, f.name.clone(), l)));
        }
        places.extend(self.channels.iter().map(|c| (Factor::Channel, "channel".to_owned(), c.to_owned())));
        for factor in [Factor::Before, Factor::After] {
            places.extend(self.kinds.iter().map(|k| (factor, k.name(), String::new())));
        }
        let names = spec.funnel.step_names();
        let (mut drivers, mut unsupported, mut remarks) = (Vec::new(), 0, Vec::new());
        for ((step, next), c) in pairs.iter().zip(counts) {
            let name = |k: &usize| names.get(*k).cloned().unwrap_or_default();
            let (n, went) = c.all;
            let least = spec.min_support.unwrap_or(25.min(n.div_ceil(50))).max(1);
            let (few, many) = (went.min(n - went), went.max(n - went));
            if n > 0 && few * 10 < many {
                remarks.push(format!(
                    "{} → {}: {went} of {n} went on; so uneven, odds ratios are uncertain",
                    name(step),
                    name(next)
                ));
            }
            for ((factor, property, value), (with, hits)) in places.iter().zip(&c.with) {
                task.check()?;
                if *with == 0 {
                    continue;
                }
                let (others, other_hits) = (n - with, went - hits);
                if *with < least || others < least {
                    unsupported += 1;
                    continue;
                }
                let (odds_ratio, interval) = smoothed_odds_ratio((*hits, *with), (other_hits, others), 0.95);
                drivers.push(Driver {
                    step: name(step),
                    next: name(next),
                    factor: *factor,
                    name: property.clone(),
                    value: value.clone(),
                    leads: *with,
                    went_on: *hits,
                    other_leads: others,
                    others_went_on: other_hits,
                    odds_ratio,
                    interval,
                    p: fisher_exact([[*hits, with - hits], [other_hits, others - other_hits]]),
                    q: 1.0,
                });
            }
        }
        let p: Vec<f64> = drivers.iter().map(|d| d.p).collect();
        drivers.iter_mut().zip(false_discovery(&p)).for_each(|(d, q)| d.q = q);
        let order = |name: &str| names.iter().position(|s| s == name);
        drivers.sort_by(|a, b| {
            let strength = |d: &Driver| crate::math::ln(d.odds_ratio).abs();
            order(&a.step)
                .cmp(&order(&b.step))
                .then_with(|| (a.q >= 0.05).cmp(&(b.q >= 0.05)))
                .then_with(|| strength(b).total_cmp(&strength(a)))
        });
        if drivers.iter().any(|d| d.factor == Factor::After) {
            remarks.push(
                "leads that went on had less time for events after a step than those that did not: such events are seen \
                 less often with them even where they matter nothing"
                    .to_owned(),
            );
        }
        Ok(Drivers { spec: spec.clone(), drivers, unsupported, before_outcomes: 0, remarks })
    }
}

/// Numbers by quarter; those with few values by value.
fn quartiles(values: &[f64]) -> (Vec<u32>, Vec<String>) {
    // −0 is 0.
    let mut sorted: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| v + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = sorted.clone();
    edges.dedup();
    if edges.len() <= 8 {
        let code = |v: &f64| edges.iter().position(|e| e == v).map_or(NONE, |i| i as u32);
        return (values.iter().map(code).collect(), edges.iter().map(f64::to_string).collect());
    }
    let mut cuts: Vec<f64> = [0.25, 0.5, 0.75].map(|q| quantile_sorted(&sorted, q)).to_vec();
    cuts.dedup();
    let code = |v: &f64| if v.is_nan() { NONE } else { cuts.partition_point(|c| c < v) as u32 };
    let name = |i: usize| match (i.checked_sub(1).and_then(|j| cuts.get(j)), cuts.get(i)) {
        (None, Some(high)) => format!("≤ {high}"),
        (Some(low), Some(high)) => format!("{low} – {high}"),
        (Some(low), None) => format!("> {low}"),
        (None, None) => String::new(),
    };
    (values.iter().map(code).collect(), (0..=cuts.len()).map(name).collect())
}
