//! The pass of a funnel over all journeys.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::any_order;
use super::attempt::{Attempt, Walked};
use super::chains::Chains;
use super::plan::{FunnelPlan, MAX_STEPS, ValueOf};
use super::result::Funnel;
use super::spec::{Entry, FunnelSpec, Order, StepAttribution};
use super::tally::{FunnelTally, GroupCounts, PassCounts};
use super::window_funnel::WindowFunnel;
use crate::analyses::funnel::fast_path::{self, Quick};
use crate::analyses::funnel::matched_events::{CREATION, MatchedEvents, collect};
use crate::analyses::funnel::step_matching::Classes;
use crate::error::Result;
use crate::journeys::{DayMoment, Journeys};
use crate::progress::Task;
use crate::schema::NONE;

impl Journeys {
    /// Counts how far leads get along `spec.steps`.
    ///
    /// A lead reaches step k if events of steps 1 … k follow one another, each a different event, and the last is at
    /// most the window after the first (inclusive). Which entries into step 1 count, and which events may lie between,
    /// is said by `spec`. Events of one instant are taken in the order of the steps. Entries whose window is not over
    /// at the end of observation are left out and counted. Times belong to the attempt that counts: the one that
    /// gets furthest, of those the first to get there, of those the last to start.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] for options that do not go together, [`crate::Error::UnknownName`] for a step or
    /// field that the data does not have, [`crate::Error::Interrupted`].
    pub fn funnel(&self, spec: &FunnelSpec, task: &Task) -> Result<Funnel> {
        self.funnel_tally(spec, task)?.finish(task)
    }

    /// The counts of a funnel, to be merged with other leads.
    ///
    /// # Errors
    /// As [`Journeys::funnel`].
    pub fn funnel_tally(&self, spec: &FunnelSpec, task: &Task) -> Result<FunnelTally> {
        let plan = FunnelPlan::new(self, spec)?;
        let quick =
            Quick::new(&plan).filter(|_| spec.period.is_none() && matches!(plan.by, None | Some(ValueOf::Lead(_))));
        let quick = quick.filter(|_| plan.population.is_whole());
        let new = || (PassCounts::new(), Walker::new(&plan));
        let join =
            |(a, walker): (PassCounts<u32>, Walker), (b, _): (PassCounts<u32>, Walker)| (a.join(b, task), walker);
        let label = "walking the funnel";
        let (part, _) = match &quick {
            Some(quick) => self.fold_parts(
                label,
                task,
                new,
                |(part, walker), leads| {
                    walker.count_quickly(&plan, spec, quick, leads, part);
                    Ok(())
                },
                join,
            )?,
            None => self.fold(
                label,
                task,
                new,
                |(part, walker), lead| {
                    if !plan.population.has(lead) {
                        return Ok(());
                    }
                    let outcome = walker.go(&plan, lead);
                    walker.count(&plan, spec, lead, &outcome, part);
                    Ok(())
                },
                join,
            )?,
        };
        let accounts = self.leads.account.is_some();
        Ok(FunnelTally { spec: spec.clone(), accounts, part: part.named(|code| plan.name_of(code), task)? })
    }

    /// How far each lead got: one entry per attempt that counts, by lead.
    ///
    /// # Errors
    /// As [`Journeys::funnel`].
    pub fn funnel_leads(&self, spec: &FunnelSpec, task: &Task) -> Result<Vec<LeadProgress>> {
        let plan = FunnelPlan::new(self, spec)?;
        let (list, _) = self.fold(
            "walking the funnel",
            task,
            || (Vec::new(), Walker::new(&plan)),
            |(list, walker), lead| {
                if !plan.population.has(lead) {
                    return Ok(());
                }
                match walker.go(&plan, lead) {
                    AttemptOutcome::Level(level) => {
                        let done = u32::MAX >> (MAX_STEPS - level);
                        list.push(LeadProgress { lead, done, times: Vec::new(), reached: Vec::new() });
                    }
                    AttemptOutcome::Walked => list.extend(walker.walked.attempts.iter().map(|a| {
                        let times = walker.events(&plan, &a.path).map(|event| event.at).collect();
                        let reached = walker.events(&plan, &a.reached).map(|event| (event.at, event.event)).collect();
                        LeadProgress { lead, done: a.done, times, reached }
                    })),
                    AttemptOutcome::Never => {}
                }
                Ok(())
            },
            |(mut a, walker), (b, _)| {
                a.extend(b);
                (a, walker)
            },
        )?;
        Ok(list)
    }
}

/// How far one lead got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadProgress {
    /// Its number.
    pub lead: u32,
    /// Steps done, as bits; of steps in any order their number.
    pub done: u32,
    /// UTC microseconds of each step, undefined for steps that were not reached; empty with another system's rules.
    pub times: Vec<i64>,
    /// The event by which each step was first reached, in any attempt: its time, and its position in the timeline,
    /// `u32::MAX` for a creation. The events in `times` may be later, to keep the next step in time.
    pub reached: Vec<(i64, u32)>,
}

impl LeadProgress {
    /// Position of the last step done.
    #[must_use]
    pub fn last(&self) -> usize {
        31usize.saturating_sub(self.done.leading_zeros() as usize)
    }
}

/// What the walk along a lead gave.
enum AttemptOutcome {
    /// Steps 1 to this one, nothing else is known.
    Level(usize),
    /// It is in the walker.
    Walked,
    /// It never entered.
    Never,
}

/// Room for the walk along one lead.
struct Walker {
    seen: Vec<MatchedEvents>,
    /// The same by value of a property.
    sorted: Vec<(u32, MatchedEvents)>,
    group: Vec<MatchedEvents>,
    /// Events without a value, which are part of every value.
    always: Vec<MatchedEvents>,
    chains: Chains,
    classes: Classes,
    walked: Walked,
    clickhouse: Option<WindowFunnel>,
}

impl Walker {
    fn new(plan: &FunnelPlan<'_>) -> Self {
        Self {
            seen: Vec::new(),
            sorted: Vec::new(),
            group: Vec::new(),
            always: Vec::new(),
            chains: Chains::new(plan),
            classes: Classes::default(),
            walked: Walked::default(),
            clickhouse: plan.clickhouse.as_ref().map(|modes| WindowFunnel::new(plan, modes)),
        }
    }

    /// Counts leads by how far they got, and walks with care along those that need it.
    fn count_quickly(
        &mut self,
        plan: &FunnelPlan<'_>,
        spec: &FunnelSpec,
        quick: &Quick,
        leads: Range<u32>,
        part: &mut PassCounts<u32>,
    ) {
        let mut tied = Vec::new();
        // Leads that did at least one step, at least two, and so on: in all, and by value of the breakdown.
        let mut all = [0u64; fast_path::MOST];
        let mut groups: BTreeMap<u32, [u64; fast_path::MOST]> = BTreeMap::new();
        quick.each(plan, leads, |tile| {
            all.iter_mut().zip(tile.reached).for_each(|(all, leads)| *all += u64::from(leads));
            let group = match &plan.by {
                Some(ValueOf::Lead(group)) => Some(group),
                _ => None,
            };
            if group.is_some() || plan.has_clusters() {
                let apart = tile.tied | tile.immature;
                for (lead, row) in tile.leads.clone().zip(0..).filter(|(_, row)| apart >> row & 1 == 0) {
                    let done = tile.done(row);
                    if done == 0 {
                        continue;
                    }
                    let group = group.map(|group| group.of(lead));
                    if let Some(group) = group {
                        let own = groups.entry(group).or_default();
                        own.iter_mut().take(done).for_each(|n| *n += 1);
                    }
                    if let Some(cluster) = plan.cluster(lead) {
                        part.all_and(group).for_each(|counts| counts.add_cluster(plan.steps, cluster, done));
                    }
                }
            }
            let [entered, ..] = tile.reached;
            let apart = tile.immature.count_ones() + tile.tied.count_ones();
            let early = tile.early.count_ones();
            part.never_entered += u64::from(tile.leads.len() as u32 - apart - entered - early);
            part.immature += u64::from(tile.immature.count_ones());
            part.before_outcomes += u64::from(early);
            if tile.tied != 0 {
                tied.extend(fast_path::rows_of(tile.tied).map(|row| tile.leads.start + row as u32));
            }
        });
        part.all.add_reached(plan.steps, &all);
        for (group, own) in groups {
            part.groups.entry(group).or_default().add_reached(plan.steps, &own);
        }
        for lead in tied {
            let outcome = self.go(plan, lead);
            self.count(plan, spec, lead, &outcome, part);
        }
    }

    fn go(&mut self, plan: &FunnelPlan<'_>, lead: u32) -> AttemptOutcome {
        if let Some(rules) = &mut self.clickhouse {
            return match rules.level(plan, lead) {
                0 => AttemptOutcome::Never,
                level => AttemptOutcome::Level(level),
            };
        }
        if !collect(plan, lead, &mut self.seen) {
            return AttemptOutcome::Never;
        }
        self.walked.clear();
        match &plan.hold {
            None => {
                let seen = std::mem::take(&mut self.seen);
                self.walk(plan, &seen);
                self.seen = seen;
            }
            Some(hold) => self.walk_by_value(plan, hold),
        }
        AttemptOutcome::Walked
    }

    fn count(
        &mut self,
        plan: &FunnelPlan<'_>,
        spec: &FunnelSpec,
        lead: u32,
        outcome: &AttemptOutcome,
        part: &mut PassCounts<u32>,
    ) {
        match outcome {
            AttemptOutcome::Walked => {}
            AttemptOutcome::Never => {
                part.never_entered += 1;
                return;
            }
            AttemptOutcome::Level(level) => {
                let done = u32::MAX >> (MAX_STEPS - level);
                part.all.add(plan.steps, done, plan.cluster(lead), None);
                if let Some(ValueOf::Lead(groups)) = &plan.by {
                    part.groups.entry(groups.of(lead)).or_default().add(plan.steps, done, plan.cluster(lead), None);
                }
                return;
            }
        }
        // Of an entrant that is left out only a lead field has a value.
        let group = match &plan.by {
            Some(ValueOf::Lead(groups)) => Some(groups.of(lead)),
            _ => None,
        };
        let cluster = plan.cluster(lead);
        let period = |at: i64| spec.period.map(|p| p.start_day(&plan.journeys.calendar_zone, at));
        if self.walked.removed {
            part.removed += 1;
        } else if self.walked.attempts.is_empty() && self.walked.immature.is_none() && self.walked.early.is_empty() {
            part.never_entered += 1;
        }
        let totals = plan.entry == Entry::Totals;
        if !self.walked.removed && (totals || self.walked.attempts.is_empty() && self.walked.immature.is_none()) {
            for at in self.walked.early.iter().take(if totals { usize::MAX } else { 1 }) {
                part.before_outcomes += 1;
                if let Some(day) = period(*at) {
                    part.all_and(group).for_each(|counts| counts.enter_early(day));
                }
            }
        }
        if let Some(at) = self.walked.immature
            && (self.walked.attempts.is_empty() || plan.entry == Entry::Totals)
            && !self.walked.removed
        {
            part.immature += 1;
            if let Some(day) = period(at) {
                part.all_and(group).for_each(|counts| counts.enter(day, plan.steps, 0, None));
            }
        }
        for attempt in &self.walked.attempts {
            let times = self.times(plan, attempt);
            let moments = self.moments(plan, attempt);
            let kept = plan.times.then(|| (moments.get(..plan.steps).unwrap_or(&[]), plan.measure));
            let day = times.first().copied().and_then(period);
            let add = |counts: &mut GroupCounts| {
                counts.add(plan.steps, attempt.done, cluster, kept);
                if let Some(day) = day {
                    counts.enter(day, plan.steps, attempt.done, cluster);
                }
            };
            add(&mut part.all);
            let value = match (&plan.by, plan.attribution) {
                (None, _) | (Some(ValueOf::Channel | ValueOf::Prop(_)), StepAttribution::All) => continue,
                (Some(ValueOf::Lead(groups)), _) => Some(groups.of(lead)),
                (Some(by), _) => self.value(plan, by, lead, attempt),
            };
            if let Some(value) = value {
                add(part.groups.entry(value).or_default());
            }
        }
        if let (Some(by @ (ValueOf::Channel | ValueOf::Prop(_))), StepAttribution::All) = (&plan.by, plan.attribution)
            && !self.walked.removed
        {
            self.count_every_value(plan, by, lead, part, &period);
        }
    }

    fn walk(&mut self, plan: &FunnelPlan<'_>, seen: &[MatchedEvents]) {
        if plan.order == Order::Any {
            any_order::walk(plan, seen, &mut self.classes, &mut self.walked);
        } else {
            self.chains.walk(plan, seen, &mut self.walked);
        }
    }

    /// Sorts the events by value of a property. Creation, which has none, is part of every value; exclusions end attempts
    /// with any value.
    fn sort(&mut self, plan: &FunnelPlan<'_>, of: &ValueOf) -> Option<MatchedEvents> {
        let creation = self.seen.iter().find(|s| s.event == CREATION).copied();
        self.always.clear();
        self.always.extend(creation);
        self.always.extend(self.seen.iter().filter(|s| s.hits != 0).map(|s| MatchedEvents { steps: 0, ..*s }));
        self.always.sort_by_key(|s| s.seq);
        self.sorted.clear();
        let events = self.seen.iter().filter(|s| s.event != CREATION && s.steps != 0);
        self.sorted.extend(events.map(|s| (plan.value_at(of, s.event as usize), *s)).filter(|(v, _)| *v != NONE));
        self.sorted.sort_by_key(|(value, _)| *value);
        creation
    }

    /// Walks the events of each value by itself. Of `first` and `best` entries one is kept.
    fn walk_by_value(&mut self, plan: &FunnelPlan<'_>, hold: &ValueOf) {
        // The first entry, with others of its instant, decides which values are held; a creation has none, so every value is
        // tried.
        let entries = self.seen.iter().filter(|s| s.steps & 1 != 0 || plan.order == Order::Any);
        let mut entries = entries
            .filter(|s| s.event != CREATION)
            .map(|s| (s.at, plan.value_at(hold, s.event as usize)))
            .filter(|(_, value)| *value != NONE)
            .peekable();
        let first = entries.peek().map(|(at, _)| *at).filter(|_| plan.entry == Entry::First);
        let first: Option<Vec<u32>> =
            first.map(|first| entries.take_while(|(at, _)| *at == first).map(|(_, value)| value).collect());
        let creation = self.sort(plan, hold);
        let only = first.filter(|_| creation.is_none());
        let sorted = std::mem::take(&mut self.sorted);
        let mut group = std::mem::take(&mut self.group);
        let mut kept: Vec<(Attempt, Vec<MatchedEvents>)> = Vec::new();
        for run in sorted.chunk_by(|a, b| a.0 == b.0) {
            if only.as_ref().is_some_and(|only| run.first().is_some_and(|(value, _)| !only.contains(value))) {
                continue;
            }
            gather(&mut group, &self.always, run);
            self.walk(plan, &group);
            let taken = |a: &Attempt| -> Vec<MatchedEvents> {
                let places = a.path.iter().take(plan.steps).chain(a.reached.iter().take(plan.steps));
                places.map(|p| group.get(*p as usize).copied().unwrap_or(NO_EVENT)).collect()
            };
            kept.extend(self.walked.attempts.drain(..).map(|a| (a, taken(&a))));
        }
        if sorted.is_empty()
            && let Some(creation) = creation
        {
            gather(&mut group, &self.always, &[]);
            self.walk(plan, &group);
            kept.extend(self.walked.attempts.drain(..).map(|a| (a, vec![creation; 2 * plan.steps])));
        }
        if self.walked.removed {
            kept.clear();
        }
        if plan.entry != Entry::Totals {
            // As among the attempts of one walk: of equals the one that passed over later steps, with the first instance of
            // each step.
            let rank = |(a, events): &(Attempt, Vec<MatchedEvents>)| {
                let last = 31 - a.done.leading_zeros() as usize;
                let at = |k: usize| events.get(k).map_or(0, |s| s.at);
                let times: Vec<i64> = (0..plan.steps).filter(|k| a.done >> k & 1 != 0).map(at).collect();
                (last, a.done.count_ones(), Reverse(at(last)), at(0), Reverse(a.done), Reverse(times))
            };
            // Of equals the lowest value.
            kept.reverse();
            kept = kept.into_iter().max_by_key(rank).into_iter().collect();
        }
        // Attempts point into one list again.
        self.seen.clear();
        for (mut attempt, events) in kept {
            let offset = self.seen.len() as u32;
            let places = attempt.path.iter_mut().take(plan.steps).chain(attempt.reached.iter_mut().take(plan.steps));
            (offset..).zip(places).for_each(|(i, p)| *p = i);
            self.seen.extend(events);
            self.walked.attempts.push(attempt);
        }
        (self.sorted, self.group) = (sorted, group);
    }

    /// Counts each value's funnel over the events that have it.
    fn count_every_value(
        &mut self,
        plan: &FunnelPlan<'_>,
        by: &ValueOf,
        lead: u32,
        part: &mut PassCounts<u32>,
        period: &impl Fn(i64) -> Option<i64>,
    ) {
        self.sort(plan, by);
        let sorted = std::mem::take(&mut self.sorted);
        let mut group = std::mem::take(&mut self.group);
        for run in sorted.chunk_by(|a, b| a.0 == b.0) {
            gather(&mut group, &self.always, run);
            self.walked.clear();
            self.walk(plan, &group);
            let value = run.first().map_or(NONE, |(value, _)| *value);
            for a in &self.walked.attempts {
                let moment = |p: &u32| group.get(*p as usize).unwrap_or(&NO_EVENT).moment();
                let times: Vec<DayMoment> = a.path.iter().take(plan.steps).map(moment).collect();
                let counts = part.groups.entry(value).or_default();
                counts.add(
                    plan.steps,
                    a.done,
                    plan.cluster(lead),
                    plan.times.then_some((times.as_slice(), plan.measure)),
                );
                if let Some(day) = times.first().and_then(|start| period(start.at)) {
                    counts.enter(day, plan.steps, a.done, plan.cluster(lead));
                }
            }
        }
        (self.sorted, self.group) = (sorted, group);
    }

    /// The events at some places, one per step.
    fn events<'a>(&'a self, plan: &FunnelPlan<'_>, places: &'a [u32]) -> impl Iterator<Item = &'a MatchedEvents> {
        places.iter().take(plan.steps).map(|p| self.seen.get(*p as usize).unwrap_or(&NO_EVENT))
    }

    fn times(&self, plan: &FunnelPlan<'_>, attempt: &Attempt) -> [i64; MAX_STEPS] {
        let mut times = [0; MAX_STEPS];
        times.iter_mut().zip(self.events(plan, &attempt.path)).for_each(|(t, event)| *t = event.at);
        times
    }

    fn moments(&self, plan: &FunnelPlan<'_>, attempt: &Attempt) -> [DayMoment; MAX_STEPS] {
        let mut moments = [NO_EVENT.moment(); MAX_STEPS];
        moments.iter_mut().zip(self.events(plan, &attempt.path)).for_each(|(t, event)| *t = event.moment());
        moments
    }

    /// The value that an attempt has by the rule of attribution; `None` leaves it out.
    fn value(&self, plan: &FunnelPlan<'_>, by: &ValueOf, lead: u32, attempt: &Attempt) -> Option<u32> {
        let at = |k: usize| {
            let event = attempt.path.get(k).and_then(|p| self.seen.get(*p as usize)).map(|s| s.event)?;
            let value = if event == CREATION {
                // What brought the lead: the last value up to its creation. What came after may depend on what it did.
                let created = plan.journeys.leads.created_at(lead);
                let timeline = &plan.journeys.timeline;
                let known = timeline.range(lead).take_while(|i| timeline.at.get(*i).is_some_and(|t| *t <= created));
                known.map(|i| plan.value_at(by, i)).filter(|v| *v != NONE).last()?
            } else {
                plan.value_at(by, event as usize)
            };
            (value != NONE).then_some(value)
        };
        let mut done = (0..plan.steps).filter(|k| attempt.done >> k & 1 != 0);
        match plan.attribution {
            StepAttribution::First | StepAttribution::All => Some(done.find_map(at).unwrap_or(NONE)),
            StepAttribution::Last => Some(done.rev().find_map(at).unwrap_or(NONE)),
            StepAttribution::Step(k) => done.find(|d| d + 1 == k).and_then(at),
        }
    }
}

const NO_EVENT: MatchedEvents = MatchedEvents { at: 0, day: false, event: CREATION, seq: 0, steps: 0, hits: 0 };

/// The events of one value, merged in order with the events of every value.
fn gather(group: &mut Vec<MatchedEvents>, always: &[MatchedEvents], run: &[(u32, MatchedEvents)]) {
    group.clear();
    let mut always = always.iter().peekable();
    for (_, event) in run {
        while let Some(other) = always.next_if(|o| o.seq < event.seq) {
            group.push(*other);
        }
        // The event itself, if it is an exclusion as well.
        always.next_if(|o| o.seq == event.seq);
        group.push(*event);
    }
    group.extend(always);
}
