//! Drivers of drop-off: at each step, which properties are more, or less, frequent among leads that went on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::at_risk::AtRisk;
use super::dependence::{Dependence, Gathering, by_account};
use super::exposure::{Stays, exposure};
use crate::analyses::funnel::{Compat, Entry, FunnelSpec, Order};
use crate::encoding::MISSING;
use crate::error::{Error, Result};
use crate::journeys::{DayMoment, FieldHistory, Journeys, Status, status_before, status_log};
use crate::math::{Interval, false_discovery, fisher_exact, quantile_sorted, smoothed_odds_ratio};
use crate::progress::Task;
use crate::query::Matcher;
use crate::schema::{Column, NONE, shown};
use crate::time::NO_TIME;

/// The options of the analysis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DriversSpec {
    /// The funnel. Properties refer to the time when a lead first reached a step, so they do not depend on which of its
    /// entries is the best.
    pub funnel: FunnelSpec,
    /// Lead fields to compare, with their values at the step if they change over time; all if empty.
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
    /// How many of them went on.
    pub went_on: u64,
    /// Leads without it.
    pub other_leads: u64,
    /// How many of them went on.
    pub others_went_on: u64,
    /// Odds of going on with it by those without, one added to each count; `None` for events after the step.
    pub odds_ratio: Option<f64>,
    /// For events after the step: pace of going on after the event by that before it or without it.
    pub hazard_ratio: Option<f64>,
    /// 95 % interval of that ratio.
    pub interval: Interval,
    /// Fisher's exact probability, with accounts at least that of the test clustered by them; Mantel–Byar's for events after
    /// the step.
    pub p_value: f64,
    /// The same, adjusted for all properties looked at (false discovery rate); events after a step are a family of their own.
    pub q_value: f64,
}

/// Drivers of drop-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drivers {
    /// The options of the analysis.
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

/// Fields with more values are not compared.
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

/// Counts per step: leads and how many went on, in all and with each property.
#[derive(Clone)]
struct PropertyCounts {
    all: (u64, u64),
    with: Vec<(u64, u64)>,
    /// The same by account, if accounts are declared.
    gathering: Option<Gathering>,
    /// How long leads were at the step, and what they did there.
    stays: Stays,
}

impl PropertyCounts {
    /// A lead, and whether it went on.
    fn begin(&mut self, account: Option<u64>, went_on: bool) {
        self.all = (self.all.0 + 1, self.all.1 + u64::from(went_on));
        if let (Some(gathering), Some(account)) = (&mut self.gathering, account) {
            gathering.begin(account, went_on);
        }
    }

    /// A property of that lead.
    fn add(&mut self, place: usize, went_on: bool) {
        if let Some(c) = self.with.get_mut(place) {
            *c = (c.0 + 1, c.1 + u64::from(went_on));
        }
        if let Some(gathering) = &mut self.gathering {
            gathering.add(place, went_on);
        }
    }
}

impl Driver {
    /// Odds ratio or hazard ratio.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.odds_ratio.or(self.hazard_ratio).unwrap_or(f64::NAN)
    }
}

impl Journeys {
    /// Compares the leads that went on at each step of a funnel with the leads that dropped off: values of lead
    /// fields, channels, and events before and after the step. Stages that mean won or lost, which say how it ended, are
    /// not looked at.
    ///
    /// Odds ratios have one added to each count: (s + 1)(F − f + 1)/((S − s + 1)(f + 1)) for s of S that went on and f of F
    /// that did not. Tests are Fisher's, adjusted together for the share of false discoveries. The findings are associated with
    /// going on; it need not have caused it.
    ///
    /// Leads that stay longer do more, so an event after the step is tested in time: of the leads at risk whenever one
    /// goes on, those with the event already are compared with those without it yet (Mantel–Byar). A lead is at risk until
    /// it goes on, is closed otherwise (again when it is re-opened), or the windows of its entries are over. Stages and optional steps between the two steps are not
    /// looked at: they lie on the way. Where accounts are declared all tests and intervals are clustered by them.
    ///
    /// # Errors
    /// As [`Journeys::funnel`]; [`Error::InvalidOption`] for steps in any order, or fewer than two.
    pub fn drivers(&self, spec: &DriversSpec, task: &Task) -> Result<Drivers> {
        let f = &spec.funnel;
        if f.order == Order::Any || f.compat == Some(Compat::ClickHouse) {
            return Err(Error::option(
                "order",
                "drivers need ordered steps with times; use order='sequential' or 'strict'",
            ));
        }
        if f.steps.len() < 2 {
            return Err(Error::option("steps", "must have at least two steps"));
        }
        let (fields, passed_over) = self.field_codes(spec, task)?;
        let kinds = self.kinds.len();
        let channels = self.channels.len();
        let places = fields.iter().map(|f| f.levels.len() + 1).sum::<usize>() + channels + kinds;
        let mut list = self.funnel_leads(f, task)?;
        // Attempts of one lead are not independent.
        let each_lead = || (f.entry == Entry::Totals).then(|| (0..self.leads.len() as u64).collect());
        let clusters = self.leads.clusters().or_else(each_lead);
        by_account(&mut list, clusters.as_ref());
        // Exclusions, in numbers and words.
        let whole = self.funnel(&FunnelSpec { times: false, by: None, period: None, ..f.clone() }, task)?;
        // The next step that is not optional, of each step that is not.
        let required: Vec<usize> =
            (0..f.steps.len()).filter(|k| f.steps.get(*k).is_some_and(|s| !s.optional)).collect();
        let pairs: Vec<(usize, usize)> = required.iter().copied().zip(required.iter().copied().skip(1)).collect();
        let at_risk: Vec<AtRisk<'_>> =
            pairs.iter().map(|(step, next)| AtRisk::new(self, f, *step, *next)).collect::<Result<_>>()?;
        let gathering = clusters.as_ref().map(|_| Gathering::new(places));
        let zero = PropertyCounts { all: (0, 0), with: vec![(0, 0); places], gathering, stays: Stays::new(kinds) };
        let mut counts = vec![zero; pairs.len()];
        task.begin("comparing leads", list.len());
        let ends: Vec<u32> = self.codes_known(&self.won).into_iter().chain(self.codes_known(&self.lost)).collect();
        // Of the lead at hand: first time of each kind, and its status.
        let mut first: (u32, Vec<i64>) = (NONE, Vec::new());
        let (mut log, won, lost) = (Vec::new(), self.codes_known(&self.won), self.codes_known(&self.lost));
        for (n, progress) in list.iter().enumerate() {
            if n % 4096 == 0 {
                task.check()?;
                task.advance(4096.min(list.len() - n));
            }
            if first.0 != progress.lead {
                first = (progress.lead, self.first_times(progress.lead));
                status_log(&self.timeline, progress.lead, &won, &lost, &mut log);
            }
            let account = clusters.as_ref().and_then(|c| c.get(progress.lead as usize)).copied();
            for (((step, next), counts), at_risk) in pairs.iter().zip(&mut counts).zip(&at_risk) {
                if progress.done >> step & 1 == 0 {
                    continue;
                }
                let went_on = progress.done >> next & 1 != 0;
                counts.begin(account, went_on);
                let mut place = 0;
                let (at, event) = progress.reached.get(*step).copied().unwrap_or((NO_TIME, u32::MAX));
                let (created, event) = (self.leads.created_at(progress.lead), event as usize);
                for field in &fields {
                    counts.add(place + field.code(progress.lead, created, at), went_on);
                    place += field.levels.len() + 1;
                }
                let channel = self.timeline.channel.as_ref().map_or(NONE, |c| c.get(event));
                if channel != NONE {
                    counts.add(place + channel as usize, went_on);
                }
                place += channels;
                for (kind, before) in first.1.iter().enumerate() {
                    if *before < at && !ends.contains(&(kind as u32)) {
                        counts.add(place + kind, went_on);
                    }
                }
                let cluster = account.unwrap_or_else(|| u64::from(progress.lead));
                let went_on = progress.reached.get(*next).map(|(at, _)| *at).filter(|_| went_on);
                let periods = at_risk.periods(progress, went_on, &log);
                let here = self.moment_of(progress.lead, at, event);
                let measured = periods
                    .iter()
                    .map(|(from, to)| (self.passed(here, *from), self.passed(here, *to), went_on == Some(*to)));
                counts.stays.begin(measured, went_on.is_some(), cluster);
                // With steps in strict order the very next event goes on or ends the attempt: nothing lies between.
                if let Some((_, end)) = periods.last().filter(|_| f.order != Order::Strict) {
                    // The last instant of a window is part of it; that of going on or a closing is not.
                    let in_time = went_on.is_none() && status_before(&log, end.saturating_add(1)) == Status::Open;
                    self.events_after(progress.lead, here, end + i64::from(in_time), &mut counts.stays);
                }
            }
        }
        counts.iter_mut().filter_map(|c| c.gathering.as_mut()).for_each(Gathering::close);
        let mut found = self.summarise(spec, &fields, &pairs, &at_risk, &counts, task)?;
        found.before_outcomes = whole.before_outcomes;
        found.remarks.splice(0..0, whole.remarks);
        if !passed_over.is_empty() {
            let list = passed_over.join(", ");
            found.remarks.push(format!("not compared: {list} (times, or more than {MOST_LEVELS} values)"));
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

    /// When an event of the timeline happened, or, past its end, the lead was created.
    fn moment_of(&self, lead: u32, at: i64, event: usize) -> DayMoment {
        self.moment(event).unwrap_or_else(|| self.measure().creation(lead, at))
    }

    /// Time from `here` on; in calendar days where one of the two is known to the day only.
    fn passed(&self, here: DayMoment, at: i64) -> i64 {
        let day = self.days.dates.contains_key(&at);
        if here.day || day { self.measure().between(here, DayMoment { at, day }).max(0) } else { at - here.at }
    }

    /// First times of kinds in the journey of `lead` after `here` and before `end`.
    fn events_after(&self, lead: u32, here: DayMoment, end: i64, stays: &mut Stays) {
        let range = self.timeline.range(lead);
        let times = self.timeline.at.get(range.clone()).unwrap_or(&[]);
        let from = range.start + times.partition_point(|at| *at <= here.at);
        for i in from..range.end {
            match self.timeline.at.get(i) {
                Some(at) if *at < end => stays.happens(self.timeline.kind.get(i), self.passed(here, *at)),
                _ => break,
            }
        }
    }

    /// Kinds that lie between two steps, and kinds that end the way.
    fn on_the_way(&self, spec: &FunnelSpec, step: usize, next: usize) -> Result<BTreeSet<u32>> {
        let kinds_of = |k: usize| -> Result<BTreeSet<u32>> {
            let mut matcher = Matcher::new(self);
            if let Some(s) = spec.steps.get(k)
                && !(k == 0 && self.is_creation("steps", s)?)
            {
                matcher.add(s, 1)?;
            }
            Ok(matcher.kind_bits.iter().zip(0u32..).filter(|(bits, _)| **bits != 0).map(|(_, kind)| kind).collect())
        };
        let place = |kind: u32| {
            let kind = self.kinds.get(kind as usize)?;
            self.pipeline.iter().position(|stage| kind.is_called(stage))
        };
        let mut between: BTreeSet<u32> = self.codes_known(&self.won);
        between.extend(self.codes_known(&self.lost));
        for k in step + 1..next {
            between.extend(kinds_of(k)?);
        }
        let (from, to) = (kinds_of(step)?, kinds_of(next)?);
        let is_stage = |kind: &u32| self.kinds.get(*kind as usize).is_some_and(|k| k.stage);
        if !to.is_empty() && to.iter().all(is_stage) {
            let (low, high) = (from.iter().filter_map(|k| place(*k)).max(), to.iter().filter_map(|k| place(*k)).max());
            let lies_between = |kind: &u32| match (place(*kind), high) {
                (Some(at), Some(high)) => at < high && low.is_none_or(|low| at > low),
                // Without an order every stage may lie on the way.
                _ => self.pipeline.is_empty() && !from.contains(kind),
            };
            between.extend((0..self.kinds.len() as u32).filter(is_stage).filter(lies_between));
        }
        Ok(between)
    }

    /// The fields to look at, and the names of those passed over.
    fn field_codes(&self, spec: &DriversSpec, task: &Task) -> Result<(Vec<FieldCodes<'_>>, Vec<String>)> {
        let names: Vec<String> = if spec.fields.is_empty() {
            self.leads.field_names().map(str::to_owned).collect()
        } else {
            // Each once; duplicates would count twice among the tests.
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
                    let problem = format!("'{name}' has {} values; at most {MOST_LEVELS} are supported", levels.len());
                    return Err(Error::option("fields", problem));
                }
                Column::Time(_) => {
                    return Err(Error::option("fields", format!("'{name}' is a time; use a text or numeric field")));
                }
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
        at_risk: &[AtRisk<'_>],
        counts: &[PropertyCounts],
        task: &Task,
    ) -> Result<Drivers> {
        let mut places: Vec<(Factor, String, String)> = Vec::new();
        for f in fields {
            let levels = f.levels.iter().cloned().chain([MISSING.to_owned()]);
            places.extend(levels.map(|l| (Factor::Field, f.name.clone(), l)));
        }
        places.extend(self.channels.iter().map(|c| (Factor::Channel, "channel".to_owned(), c.to_owned())));
        places.extend(self.kinds.iter().map(|k| (Factor::Before, k.name(), String::new())));
        let names = spec.funnel.step_names();
        let (mut drivers, mut unsupported, mut remarks) = (Vec::new(), 0, Vec::new());
        for (((step, next), c), at_risk) in pairs.iter().zip(counts).zip(at_risk) {
            let name = |k: &usize| names.get(*k).cloned().unwrap_or_default();
            let (n, went) = c.all;
            let least = spec.min_support.unwrap_or(25.min(n.div_ceil(50))).max(1);
            let (few, many) = (went.min(n - went), went.max(n - went));
            if n > 0 && few * 10 < many {
                remarks.push(format!(
                    "{} → {}: {went} of {n} went on; with so uneven a split, odds ratios are uncertain",
                    name(step),
                    name(next)
                ));
            }
            for (place, ((factor, property, value), (with, hits))) in places.iter().zip(&c.with).enumerate() {
                task.check()?;
                if *with == 0 {
                    continue;
                }
                let (others, other_hits) = (n - with, went - hits);
                if *with < least || others < least {
                    unsupported += 1;
                    continue;
                }
                let cells = ((*hits, *with), (other_hits, others));
                let mut p = fisher_exact([[*hits, with - hits], [other_hits, others - other_hits]]);
                let (odds_ratio, mut interval) = smoothed_odds_ratio(cells.0, cells.1, 0.95);
                if let Some((products, whole)) =
                    c.gathering.as_ref().and_then(|g| Some((g.products.get(place)?, &g.whole)))
                {
                    let found = Dependence::new((*with, *hits), (n, went), products, whole);
                    p = p.max(found.p_value);
                    interval = found.widened(odds_ratio, interval);
                }
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
                    odds_ratio: Some(odds_ratio),
                    hazard_ratio: None,
                    interval,
                    p_value: p,
                    q_value: 1.0,
                });
            }
            let mut between = self.on_the_way(&spec.funnel, *step, *next)?;
            between.extend(at_risk.excludes());
            let leave_unseen = self.codes_known(&self.lost).is_empty();
            for (kind, code) in self.kinds.iter().zip(0u32..).filter(|(_, code)| !between.contains(code)) {
                task.check()?;
                let (with, hits) = c.stays.exposed(code);
                if with == 0 {
                    continue;
                }
                let others = n - with;
                if with < least || others < least {
                    unsupported += 1;
                    continue;
                }
                let found = exposure(&c.stays.of(code), c.gathering.is_some(), 0.95);
                // A lead that left without a word is at risk to the end, and whoever does anything has not left: that raises
                // the ratio of any event, so only a lower one is evidence.
                let p = if leave_unseen && found.hazard_ratio > 1.0 { 1.0 } else { found.p_value };
                drivers.push(Driver {
                    step: name(step),
                    next: name(next),
                    factor: Factor::After,
                    name: kind.name(),
                    value: String::new(),
                    leads: with,
                    went_on: hits,
                    other_leads: others,
                    others_went_on: went - hits,
                    odds_ratio: None,
                    hazard_ratio: Some(found.hazard_ratio),
                    interval: found.interval,
                    p_value: p,
                    q_value: 1.0,
                });
            }
        }
        for after in [false, true] {
            let mut family: Vec<&mut Driver> =
                drivers.iter_mut().filter(|d| (d.factor == Factor::After) == after).collect();
            let p: Vec<f64> = family.iter().map(|d| d.p_value).collect();
            family.iter_mut().zip(false_discovery(&p)).for_each(|(d, q)| d.q_value = q);
        }
        let order = |name: &str| names.iter().position(|s| s == name);
        drivers.sort_by(|a, b| {
            let strength = |d: &Driver| crate::math::ln(d.ratio()).abs();
            order(&a.step)
                .cmp(&order(&b.step))
                .then_with(|| (a.q_value >= 0.05).cmp(&(b.q_value >= 0.05)))
                .then_with(|| strength(b).total_cmp(&strength(a)))
                .then_with(|| (&a.name, &a.value).cmp(&(&b.name, &b.value)))
        });
        if drivers.iter().any(|d| d.factor == Factor::After) {
            remarks.push(
                "leads that stay longer at a step do more there, so events after a step are compared over time by hazard \
                 ratios: leads with the event so far against leads without it; rely on these rather than on the rates"
                    .to_owned(),
            );
            if self.codes_known(&self.lost).is_empty() {
                remarks.push(
                    "lost= is not set, so leads that left count as at risk and any event marks a lead that \
                     is still active; hazard ratios of events after a step are too high, and those above 1 are not tested (p = 1)"
                        .to_owned(),
                );
            }
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
