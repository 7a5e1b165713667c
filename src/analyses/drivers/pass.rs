//! Drivers of drop-off: the pass over leads that reached a step.

use std::collections::BTreeSet;

use super::at_risk::AtRisk;
use super::counts::{PropertyCounts, StepPair};
use super::dependence::{Gathering, by_account};
use super::exposure::Stays;
use super::factors::FactorTests;
use super::fields::{FieldCodes, MOST_LEVELS};
use super::result::Drivers;
use super::spec::DriversSpec;
use crate::analyses::funnel::{Compat, Entry, FunnelSpec, LeadProgress, Order};
use crate::error::{Error, Result};
use crate::journeys::{DayMoment, Journeys, Status, status_before, status_log};
use crate::progress::Task;
use crate::schema::NONE;
use crate::time::NO_TIME;

/// The lead at hand.
struct LeadAtHand {
    lead: u32,
    /// First time of each kind.
    first: Vec<i64>,
    status: Vec<(i64, Status)>,
}

struct DriversPass<'a> {
    journeys: &'a Journeys,
    spec: &'a DriversSpec,
    fields: &'a [FieldCodes<'a>],
    pairs: &'a [StepPair<'a>],
    /// Cluster of each lead, if leads are not independent.
    clusters: Option<Vec<u64>>,
    /// Kinds that close a lead.
    won: BTreeSet<u32>,
    lost: BTreeSet<u32>,
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
        let mut list = self.funnel_leads(f, task)?;
        // Attempts of one lead are not independent.
        let each_lead = || (f.entry == Entry::Totals).then(|| (0..self.leads.len() as u64).collect());
        let clusters = self.leads.clusters().or_else(each_lead);
        by_account(&mut list, clusters.as_ref());
        // Exclusions, in numbers and words.
        let whole = self.funnel(&FunnelSpec { times: false, by: None, period: None, ..f.clone() }, task)?;
        let required: Vec<usize> =
            (0..f.steps.len()).filter(|k| f.steps.get(*k).is_some_and(|s| !s.optional)).collect();
        let pairs = required.iter().copied().zip(required.iter().copied().skip(1));
        let pairs = pairs.map(|(step, next)| Ok(StepPair { step, next, at_risk: AtRisk::new(self, f, step, next)? }));
        let pairs: Vec<StepPair<'_>> = pairs.collect::<Result<_>>()?;
        let (won, lost) = (self.codes_known(&self.won), self.codes_known(&self.lost));
        let pass = DriversPass { journeys: self, spec, fields: &fields, pairs: &pairs, clusters, won, lost };
        let counts = pass.count(&list, task)?;
        let tests = FactorTests { journeys: self, spec, fields: &fields, pairs: &pairs, counts: &counts };
        let mut found = tests.drivers(task)?;
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
}

impl DriversPass<'_> {
    /// Counts per pair of steps.
    fn count(&self, list: &[LeadProgress], task: &Task) -> Result<Vec<PropertyCounts>> {
        let journeys = self.journeys;
        let kinds = journeys.kinds.len();
        let levels = self.fields.iter().map(|f| f.levels.len() + 1).sum::<usize>();
        let places = levels + journeys.channels.len() + kinds;
        let gathering = self.clusters.as_ref().map(|_| Gathering::new(places));
        let zero = PropertyCounts { all: (0, 0), with: vec![(0, 0); places], gathering, stays: Stays::new(kinds) };
        let mut counts = vec![zero; self.pairs.len()];
        task.begin("comparing leads", list.len());
        let mut at_hand = LeadAtHand { lead: NONE, first: Vec::new(), status: Vec::new() };
        for (n, progress) in list.iter().enumerate() {
            if n % 4096 == 0 {
                task.check()?;
                task.advance(4096.min(list.len() - n));
            }
            if at_hand.lead != progress.lead {
                (at_hand.lead, at_hand.first) = (progress.lead, journeys.first_times(progress.lead));
                status_log(&journeys.timeline, progress.lead, &self.won, &self.lost, &mut at_hand.status);
            }
            for (pair, counts) in self.pairs.iter().zip(&mut counts) {
                if progress.done >> pair.step & 1 != 0 {
                    self.add(progress, pair, &at_hand, counts);
                }
            }
        }
        counts.iter_mut().filter_map(|c| c.gathering.as_mut()).for_each(Gathering::close);
        Ok(counts)
    }

    /// Adds a lead that reached a step: its properties there, and how long it stayed.
    fn add(&self, progress: &LeadProgress, pair: &StepPair<'_>, at_hand: &LeadAtHand, counts: &mut PropertyCounts) {
        let journeys = self.journeys;
        let account = self.clusters.as_ref().and_then(|c| c.get(progress.lead as usize)).copied();
        let went_on = progress.done >> pair.next & 1 != 0;
        counts.begin(account, went_on);
        let mut place = 0;
        let (at, event) = progress.reached.get(pair.step).copied().unwrap_or((NO_TIME, u32::MAX));
        let (created, event) = (journeys.leads.created_at(progress.lead), event as usize);
        for field in self.fields {
            counts.add(place + field.code(progress.lead, created, at), went_on);
            place += field.levels.len() + 1;
        }
        let channel = journeys.timeline.channel.as_ref().map_or(NONE, |c| c.get(event));
        if channel != NONE {
            counts.add(place + channel as usize, went_on);
        }
        place += journeys.channels.len();
        let closes = |kind: u32| self.won.contains(&kind) || self.lost.contains(&kind);
        for (kind, before) in at_hand.first.iter().enumerate() {
            if *before < at && !closes(kind as u32) {
                counts.add(place + kind, went_on);
            }
        }
        let cluster = account.unwrap_or_else(|| u64::from(progress.lead));
        let went_on = progress.reached.get(pair.next).map(|(at, _)| *at).filter(|_| went_on);
        let periods = pair.at_risk.periods(progress, went_on, &at_hand.status);
        let here = journeys.moment_of(progress.lead, at, event);
        let passed = |at: i64| journeys.passed(here, at);
        let measured = periods.iter().map(|(from, to)| (passed(*from), passed(*to), went_on == Some(*to)));
        counts.stays.begin(measured, went_on.is_some(), cluster);
        // With steps in strict order the very next event goes on or ends the attempt: nothing lies between.
        if let Some((_, end)) = periods.last().filter(|_| self.spec.funnel.order != Order::Strict) {
            // The last instant of a window is part of it; that of going on or a closing is not.
            let open = status_before(&at_hand.status, end.saturating_add(1)) == Status::Open;
            let in_time = went_on.is_none() && open;
            journeys.events_after(progress.lead, here, end + i64::from(in_time), &mut counts.stays);
        }
    }
}
