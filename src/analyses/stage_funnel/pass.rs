//! The pass of a stage funnel over all journeys.

use super::counts::{CycleCounts, Flow, Started};
use super::cycles::{Cycle, CycleMaker, Exit, Standing};
use super::result::StageFunnel;
use super::spec::StageFunnelSpec;
use super::tally::{PassTally, StageTally};
use crate::error::{Error, Result};
use crate::journeys::{DayMoment, Journeys, Wins};
use crate::progress::Task;
use crate::survival::{End, Subject};
use crate::time::{DAY, Span};

/// Most stages.
const MOST: usize = 64;

impl Journeys {
    /// Counts how leads move through the pipeline.
    ///
    /// A cycle reaches a stage when it enters it or a later one: stages that are skipped count as reached, and are
    /// reported. Going back to an earlier stage is a regression; stages reached stay reached. A stage entered after a
    /// loss re-opens the cycle, or starts a new one after `recycle_after`, which ends the one before. The first win of a
    /// cycle is its end, whether or not other deals are open; losing means that all deals of the lead are closed and the
    /// last was lost.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] without a pipeline, [`Error::UnknownName`] for names that the data does not have,
    /// [`Error::Interrupted`].
    pub fn stage_funnel(&self, spec: &StageFunnelSpec, task: &Task) -> Result<StageFunnel> {
        self.stage_tally(spec, task)?.finish(task)
    }

    /// The counts of a stage funnel, to be merged with other leads.
    ///
    /// # Errors
    /// As [`Journeys::stage_funnel`].
    pub fn stage_tally(&self, spec: &StageFunnelSpec, task: &Task) -> Result<StageTally> {
        for (option, span) in [("recycle_after", spec.recycle_after), ("window", spec.window)] {
            if let Some(span) = span {
                span.positive(option)?;
            }
        }
        let maker = CycleMaker::new(self, &spec.pipeline, spec.recycle_after.map(Span::as_micros))?;
        let stages = maker.names.len();
        if stages > MOST {
            return Err(Error::option("pipeline", format!("must have at most {MOST} stages, not {stages}")));
        }
        let opportunity = match &spec.opportunity {
            None => 0,
            Some(name) => maker
                .names
                .iter()
                .position(|n| n == name)
                .ok_or_else(|| Error::unknown("stage", name, maker.names.iter().map(String::as_str)))?,
        };
        let groups = spec.by.as_ref().map(|by| self.groups("by", by)).transpose()?;
        let population = self.population(&spec.filter)?;
        let (clusters, accounts) = (self.leads.cluster_keys(), self.leads.account.is_some());
        // Cycles of one lead are not independent; without them each lead counts once.
        let several = accounts || spec.recycle_after.is_some();
        let won = self.codes_known(&self.won);
        let counter = Counter { journeys: self, spec, stages, opportunity, has_days: maker.has_days(), several };
        let (part, ..) = self.fold(
            "following stages",
            task,
            || (PassTally::<u32>::new(stages), Vec::new(), Wins::default(), Vec::new()),
            |(part, log, found, cycles), lead| {
                if !population.has(lead) {
                    return Ok(());
                }
                maker.cycles(lead, log, found, cycles);
                if cycles.is_empty() {
                    part.noted.no_start += 1;
                    return Ok(());
                }
                if maker.closed_before_creation(lead, log) {
                    part.noted.ended_before += 1;
                    return Ok(());
                }
                part.noted.leads += 1;
                part.noted.recycled += cycles.len() as u64 - 1;
                part.noted.reversed += self.reversed_of(lead, &won).count() as u64;
                let group = groups.as_ref().map(|g| g.of(lead));
                let cluster = clusters.get(lead as usize).copied().unwrap_or(0);
                for cycle in cycles.iter_mut() {
                    counter.add(cycle, group, cluster, part);
                }
                Ok(())
            },
            |(a, log, found, cycles), (b, ..)| (a.join(b), log, found, cycles),
        )?;
        let name = |code: u32| groups.as_ref().map_or_else(String::new, |g| g.name(code));
        let last_day = spec.period.start_day(&self.calendar_zone, self.observed_until.saturating_sub(1));
        let can_lose = !self.lost.is_empty();
        Ok(StageTally { spec: spec.clone(), names: maker.names, can_lose, accounts, last_day, part: part.named(name) })
    }
}

struct Counter<'a> {
    journeys: &'a Journeys,
    spec: &'a StageFunnelSpec,
    stages: usize,
    opportunity: usize,
    /// Whether some entry into a stage is known to the day only.
    has_days: bool,
    /// Whether cycles depend on each other: of an account, or of a lead.
    several: bool,
}

impl Counter<'_> {
    /// When `window` of a cycle that starts at `start` is over.
    fn end(&self, start: DayMoment, window: Span) -> Option<i64> {
        let window = window.as_micros();
        if start.day || self.has_days {
            self.journeys.measure().over(start, window, self.has_days)
        } else {
            start.at.checked_add(window)
        }
    }

    /// Whether something happens later than `window` after the start of its cycle.
    fn is_over(&self, start: DayMoment, window: Span, then: DayMoment) -> bool {
        let passed = self.journeys.measure().between(start, then);
        if start.day || then.day { passed > window.as_micros() } else { passed >= window.as_micros() }
    }

    fn add(&self, cycle: &mut Cycle, group: Option<u32>, cluster: u64, part: &mut PassTally<u32>) {
        let until = self.journeys.observed_until;
        let day = |at: i64| self.spec.period.start_day(&self.journeys.calendar_zone, at);
        if !self.journeys.records_outcomes_of(cycle.start.at) {
            part.noted.before_outcomes += 1;
            part.of(group, self.stages).for_each(|counts| counts.cohort(day(cycle.start.at)).before_outcomes += 1);
            return;
        }
        // Open now, independent of `window`.
        if cycle.standing == Standing::Open && cycle.furthest >= self.opportunity {
            part.of(group, self.stages).for_each(|counts| counts.opportunities.open_now += 1);
        }
        if let Some(window) = self.spec.window {
            if self.end(cycle.start, window).is_none_or(|end| end > until) {
                part.noted.immature += 1;
                part.of(group, self.stages).for_each(|counts| counts.cohort(day(cycle.start.at)).immature += 1);
                return;
            }
            let start = cycle.start;
            cut(cycle, |then| self.is_over(start, window, then));
        }
        part.noted.more_wins += cycle.more_wins;
        part.noted.regressions += cycle.regressions;
        part.noted.reopened += cycle.reopened();
        part.of(group, self.stages).for_each(|counts| self.count(cycle, cluster, &day, counts));
    }

    /// Counts a cycle among all cycles or its group.
    fn count(&self, cycle: &Cycle, visitor: u64, day: &impl Fn(i64) -> i64, counts: &mut CycleCounts) {
        let cluster = self.several.then_some(visitor);
        add_start(cycle, cluster, &mut counts.started);
        add_start(cycle, cluster, counts.cohort(day(cycle.start.at)));
        self.add_visits(cycle, visitor, day, counts);
        let closed = match cycle.standing {
            Standing::Won(t) => Some(t.at),
            Standing::Lost(at) => Some(at),
            Standing::Open | Standing::Recycled => None,
        };
        if let Some(at) = closed.filter(|_| cycle.furthest >= self.opportunity) {
            let f = counts.flow.entry(day(at)).or_insert_with(|| Flow::new(self.stages));
            let won = matches!(cycle.standing, Standing::Won(_));
            f.cycles_won += u64::from(won);
            f.cycles_lost += u64::from(!won);
            f.value += cycle.value.unwrap_or(0.0);
            f.values_known += u64::from(won && cycle.value.is_some());
            f.clusters.add(cluster, 2, |k| won || k == 1);
        }
        if cycle.furthest < self.opportunity {
            return;
        }
        let opportunities = &mut counts.opportunities;
        opportunities.all += 1;
        // Won, closed, all.
        opportunities.clusters.add(cluster, 3, |k| match cycle.standing {
            Standing::Open | Standing::Recycled => k == 2,
            Standing::Lost(_) => k >= 1,
            Standing::Won(_) => true,
        });
        match cycle.standing {
            Standing::Open => opportunities.open += 1,
            Standing::Recycled => {}
            Standing::Lost(_) => opportunities.lost += 1,
            Standing::Won(won) => {
                opportunities.won += 1;
                opportunities.value_won += cycle.value.unwrap_or(0.0);
                opportunities.values_known += u64::from(cycle.value.is_some());
                // A stage that was skipped has no time of entry to count from.
                let entered = cycle.entered.get(self.opportunity).copied().flatten();
                let days = |from| self.journeys.measure().between(from, won) as f64 / DAY as f64;
                opportunities.to_win.extend(entered.map(days));
            }
        }
    }

    fn add_visits(&self, cycle: &Cycle, visitor: u64, day: &impl Fn(i64) -> i64, counts: &mut CycleCounts) {
        let now = match self.spec.window {
            Some(window) => self.end(cycle.start, window).unwrap_or(self.journeys.observed_until) - 1,
            None => self.journeys.observed_until - 1,
        };
        // A win ends the pipeline, so no lead leaves the last stage.
        let won = matches!(cycle.standing, Standing::Won(_));
        let now = DayMoment { at: now, day: false };
        for v in &cycle.visits {
            let f = counts.flow.entry(day(v.from.at)).or_insert_with(|| Flow::new(self.stages));
            if let Some(n) = f.entered.get_mut(v.stage) {
                *n += 1;
            }
            if v.exit != Exit::Open {
                let f = counts.flow.entry(day(v.to.at)).or_insert_with(|| Flow::new(self.stages));
                let list = match v.exit {
                    Exit::Forward => &mut f.forward,
                    Exit::Back => &mut f.back,
                    Exit::Recycled => &mut f.recycled,
                    Exit::Lost | Exit::Open => &mut f.lost,
                };
                if let Some(n) = list.get_mut(v.stage) {
                    *n += 1;
                }
            }
            if won && v.exit == Exit::Open {
                continue;
            }
            let (to, end) = if v.exit == Exit::Open { (now, End::Censored) } else { (v.to, End::Event) };
            let days = self.journeys.measure().between(v.from, to).max(0) as f64 / DAY as f64;
            counts.visit(v.stage, Subject { entry: None, exit: days, end }, visitor);
        }
    }
}

/// Counts a cycle among the cycles that started in the same period.
fn add_start(cycle: &Cycle, cluster: Option<u64>, started: &mut Started) {
    started.cycles += 1;
    let stages = started.entered.len();
    started.clusters.add(cluster, stages, |k| k <= cycle.furthest);
    let list = match cycle.standing {
        Standing::Open => &mut started.open,
        Standing::Won(_) => &mut started.won,
        Standing::Lost(_) => &mut started.lost,
        Standing::Recycled => &mut started.recycled,
    };
    if let Some(n) = list.get_mut(cycle.furthest) {
        *n += 1;
    }
    for (n, at) in started.entered.iter_mut().zip(&cycle.entered) {
        *n += u64::from(at.is_some());
    }
}

/// Forgets what a cycle did when its time was over.
fn cut(cycle: &mut Cycle, is_over: impl Fn(DayMoment) -> bool) {
    for t in cycle.entered.iter_mut().filter(|t| t.is_some_and(&is_over)) {
        *t = None;
    }
    cycle.furthest = cycle.entered.iter().rposition(Option::is_some).unwrap_or(0);
    cycle.turns.retain(|(then, _)| !is_over(*then));
    cycle.standing = cycle.turns.last().map_or(Standing::Open, |(_, standing)| *standing);
    if !matches!(cycle.standing, Standing::Won(_)) {
        cycle.value = None;
    }
    // Later wins are not distinguished.
    cycle.more_wins = 0;
    cycle.visits.retain(|v| !is_over(v.from));
    for v in cycle.visits.iter_mut().filter(|v| is_over(v.to)) {
        v.exit = Exit::Open;
    }
    cycle.regressions = cycle.visits.iter().filter(|v| v.exit == Exit::Back).count() as u64;
}
