//! Cycles of a lead through the pipeline: its visits to stages, from start to win, loss or now.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::journeys::{DayMoment, FIRST_STAGE, Journeys, StageOrder, Status, WinFinder, Wins, status_log};
use crate::schema::NONE;
use crate::time::NO_TIME;

/// How a visit to a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// A later stage.
    Forward,
    /// An earlier one.
    Back,
    /// The lead was lost.
    Lost,
    /// It started again.
    Recycled,
    /// Not yet.
    Open,
}

/// One visit to a stage.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub(super) stage: usize,
    pub(super) from: DayMoment,
    pub(super) to: DayMoment,
    pub(super) exit: Exit,
}

/// How a cycle stands at the end of observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    Won(DayMoment),
    Lost(i64),
    /// Neither won nor lost when the lead started again.
    Recycled,
}

/// One way of a lead through the pipeline.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    pub(super) start: DayMoment,
    /// First entry into each stage.
    pub(super) entered: Vec<Option<DayMoment>>,
    pub(super) furthest: usize,
    pub(super) standing: Standing,
    pub(super) visits: Vec<Visit>,
    pub(super) regressions: u64,
    /// When its standing changed, and to what.
    pub(super) turns: Vec<(DayMoment, Standing)>,
    /// Value of the win, if known.
    pub(super) value: Option<f64>,
    /// Wins after the first.
    pub(super) more_wins: u64,
    last_event: DayMoment,
    /// Deal of the visit it is in.
    deal: u32,
}

impl Cycle {
    fn new(stages: usize, start: DayMoment) -> Self {
        Self {
            start,
            entered: vec![None; stages],
            furthest: 0,
            standing: Standing::Open,
            visits: Vec::new(),
            regressions: 0,
            turns: Vec::new(),
            value: None,
            more_wins: 0,
            last_event: start,
            deal: NONE,
        }
    }

    /// The stage the lead is in.
    fn position(&self) -> Option<usize> {
        self.visits.last().map(|v| v.stage)
    }

    fn turn(&mut self, at: DayMoment, standing: Standing) {
        self.standing = standing;
        self.turns.push((at, standing));
    }

    /// How often it went on after a loss.
    pub(super) fn reopened(&self) -> u64 {
        self.turns.iter().filter(|(_, s)| *s == Standing::Open).count() as u64
    }

    fn leave(&mut self, at: DayMoment, exit: Exit) {
        if let Some(v) = self.visits.last_mut().filter(|v| v.exit == Exit::Open) {
            (v.to, v.exit) = (at, exit);
        }
    }

    fn enter(&mut self, stage: usize, at: DayMoment, deal: u32) {
        let open = self.visits.last().is_some_and(|v| v.exit == Exit::Open);
        match self.position().filter(|_| open) {
            Some(now) if now == stage => return,
            // Another deal that is not so far takes the lead nowhere.
            Some(now) if stage < now && deal != self.deal && deal != NONE && self.deal != NONE => {
                if let Some(first) = self.entered.get_mut(stage).filter(|t| t.is_none()) {
                    *first = Some(at);
                }
                return;
            }
            Some(now) if stage < now => {
                self.regressions += 1;
                self.leave(at, Exit::Back);
            }
            _ => self.leave(at, Exit::Forward),
        }
        self.deal = deal;
        if let Some(first) = self.entered.get_mut(stage).filter(|t| t.is_none()) {
            *first = Some(at);
        }
        self.furthest = self.furthest.max(stage);
        self.visits.push(Visit { stage, from: at, to: at, exit: Exit::Open });
    }
}

/// An entry into a stage, or one that closes the lead.
#[derive(Debug, Clone, Copy)]
struct CycleStep {
    at: i64,
    /// Rank at its instant before the pipeline says.
    order: u64,
    /// In the timeline.
    position: usize,
    stage: Option<usize>,
    /// Status of the lead after it, if it is a stage entry.
    status: Option<Status>,
    deal: u32,
}

/// What makes cycles of journeys.
#[derive(Debug)]
pub(super) struct CycleMaker<'a> {
    journeys: &'a Journeys,
    pub(super) names: Vec<String>,
    /// Stage of each kind.
    stage_of: Vec<Option<usize>>,
    /// Whether the first stage is the lead's creation.
    from_creation: bool,
    won: BTreeSet<u32>,
    lost: BTreeSet<u32>,
    finder: WinFinder<'a>,
    recycle_after: Option<i64>,
}

impl<'a> CycleMaker<'a> {
    /// # Errors
    /// [`Error::InvalidOption`] without a pipeline, [`Error::UnknownName`] for a stage that the data does not have.
    pub(super) fn new(journeys: &'a Journeys, pipeline: &[String], recycle_after: Option<i64>) -> Result<Self> {
        let names = if pipeline.is_empty() { journeys.pipeline.clone() } else { pipeline.to_vec() };
        if names.len() < 2 {
            let has_stages = journeys.kinds.iter().any(|k| k.stage);
            return Err(match (names.len(), has_stages) {
                (1, _) => Error::option("pipeline", "must list at least two stages, first to last"),
                (_, false) => Error::option("stage_funnel", "the journeys have no stages; set Journeys(stages=…)"),
                (_, true) => {
                    let problem = "needs the stages in order, first to last; set pipeline=, here or in Journeys";
                    Error::option("stage_funnel", problem.to_owned() + &journeys.stages_known())
                }
            });
        }
        let lost = journeys.codes_known(&journeys.lost);
        let mut stage_of = vec![None; journeys.kinds.len()];
        let mut from_creation = false;
        for (stage, name) in names.iter().enumerate() {
            if stage == 0 && journeys.means_creation("pipeline", name, FIRST_STAGE)? {
                from_creation = true;
                continue;
            }
            for code in journeys.codes_of("stage", std::slice::from_ref(name))? {
                if lost.contains(&code) {
                    let problem = format!("'{name}' is a lost stage and cannot be part of the pipeline");
                    return Err(Error::option("pipeline", problem));
                }
                if let Some(slot) = stage_of.get_mut(code as usize) {
                    if slot.is_some() {
                        return Err(Error::option("pipeline", format!("'{name}' is listed twice")));
                    }
                    *slot = Some(stage);
                }
            }
        }
        let won = journeys.codes_known(&journeys.won);
        // Where no stage is declared as won, reaching the last one wins.
        let last = stage_of.iter().zip(0u32..).filter(|(stage, _)| **stage == Some(names.len() - 1));
        let wins = if journeys.won.is_empty() { last.map(|(_, code)| code).collect() } else { won.clone() };
        Ok(Self {
            journeys,
            names,
            stage_of,
            from_creation,
            won,
            lost,
            finder: WinFinder::new(journeys, wins),
            recycle_after,
        })
    }

    /// Writes the cycles of `lead` to `cycles`. Entries of one instant are taken in the order of their order column, or of
    /// the pipeline. Stages entered before creation, where that is the first stage, are entered at creation.
    pub(super) fn cycles(&self, lead: u32, log: &mut Vec<(i64, Status)>, found: &mut Wins, cycles: &mut Vec<Cycle>) {
        cycles.clear();
        let timeline = &self.journeys.timeline;
        let until = self.journeys.observed_until;
        status_log(timeline, lead, &self.won, &self.lost, log);
        let mut events: Vec<CycleStep> = Vec::new();
        let mut statuses = log.iter();
        let mut entries = timeline.stage_range(lead).peekable();
        for i in timeline.range(lead) {
            let Some(at) = timeline.at.get(i).copied().filter(|at| *at < until) else { break };
            let entry = entries.next_if(|e| timeline.stages.position.get(*e) == Some(&(i as u32)));
            let status = entry.and_then(|_| statuses.next()).map(|(_, s)| *s);
            let deal = entry.map_or(NONE, |e| timeline.stages.deal.get(e));
            let stage = self.stage_of.get(timeline.kind.get(i) as usize).copied().flatten();
            if stage.is_some() || status.is_some() {
                events.push(CycleStep { at, order: self.order(i, entry), position: i, stage, status, deal });
            }
        }
        let created = self.journeys.leads.created_at(lead);
        if self.from_creation && created == NO_TIME {
            return;
        }
        if self.from_creation && created < until {
            let start = self.journeys.measure().creation(lead, created);
            let mut first = Cycle::new(self.names.len(), start);
            first.enter(0, start, NONE);
            cycles.push(first);
        }
        // Of deals that close at one instant the one that is won decides.
        events.sort_by_key(|e| (e.at, e.order, e.stage.unwrap_or(usize::MAX), self.is_lost(e.position)));
        self.finder.find(lead, found);
        for step in events {
            self.take(step, found, cycles);
        }
    }

    /// Whether a lead was won or lost before its creation, which is the first stage: it was in no stage after that.
    pub(super) fn closed_before_creation(&self, lead: u32, log: &[(i64, Status)]) -> bool {
        let created = self.journeys.leads.created_at(lead);
        if !self.from_creation || created == NO_TIME {
            return false;
        }
        let timeline = &self.journeys.timeline;
        let before = timeline.range(lead).take_while(|i| timeline.at.get(*i).is_some_and(|at| *at < created));
        let final_stage = self.names.len() - 1;
        before.clone().any(|i| {
            let stage = self.stage_of.get(timeline.kind.get(i) as usize).copied().flatten();
            self.is_won(i) || stage == Some(final_stage) && self.is_end(i)
        }) || log.iter().any(|(at, status)| *at < created && *status == Status::Lost)
    }

    /// Rank at its instant of the row at `position`, which may be a stage entry, if an order column decides.
    fn order(&self, position: usize, entry: Option<usize>) -> u64 {
        let of_column = || u64::from(self.journeys.timeline.order_code(position, entry).wrapping_add(1));
        match self.journeys.stage_order {
            StageOrder::Pipeline => 0,
            StageOrder::Column => u64::from(entry.is_some()) << 32 | of_column(),
            StageOrder::Shared => of_column(),
        }
    }

    fn take(&self, step: CycleStep, found: &Wins, cycles: &mut Vec<Cycle>) {
        let CycleStep { at, position, stage, status, deal, .. } = step;
        let mut moment = self.journeys.moment(position).unwrap_or(DayMoment { at, day: false });
        if let Some(first) = cycles.first().filter(|first| self.from_creation && at < first.start.at) {
            moment = first.start;
        }
        let final_stage = self.names.len() - 1;
        let wins = stage == Some(final_stage) && self.is_end(position) || self.is_won(position);
        let restarts = stage.is_some_and(|s| {
            cycles.last().is_some_and(|c| {
                let quiet =
                    self.recycle_after.is_some_and(|r| self.journeys.measure().between(c.last_event, moment) >= r);
                let behind = c.position().is_some_and(|now| s <= now);
                quiet && (c.standing != Standing::Open || behind)
            })
        });
        if let Some(before) = cycles.last_mut().filter(|c| restarts && c.standing == Standing::Open) {
            before.leave(moment, Exit::Recycled);
            before.turn(moment, Standing::Recycled);
        }
        if restarts || (cycles.is_empty() && stage.is_some()) {
            cycles.push(Cycle::new(self.names.len(), moment));
        }
        let Some(cycle) = cycles.last_mut() else { return };
        cycle.last_event = moment;
        if matches!(cycle.standing, Standing::Won(_)) {
            // A deal is won once.
            cycle.more_wins += u64::from(wins && found.is_first(position));
            return;
        }
        // What goes on in a stage that the pipeline does not name is open as well.
        let goes_on = status == Some(Status::Open);
        if goes_on && matches!(cycle.standing, Standing::Lost(_)) {
            cycle.turn(moment, Standing::Open);
        }
        if let Some(stage) = stage {
            cycle.enter(stage, moment, deal);
        }
        if wins {
            // A win outside the pipeline ends the visit to its last stage.
            if stage != Some(final_stage) {
                cycle.leave(moment, Exit::Forward);
            }
            cycle.turn(moment, Standing::Won(moment));
            cycle.value = found.amount_of_instant(position);
        } else if status == Some(Status::Lost) && cycle.standing == Standing::Open {
            cycle.leave(moment, Exit::Lost);
            cycle.turn(moment, Standing::Lost(at));
        }
    }

    /// Whether some entry into a stage, or end, is known to the day only.
    pub(super) fn has_days(&self) -> bool {
        let of_stage = |kind: &u32| self.stage_of.get(*kind as usize).is_some_and(Option::is_some);
        let days = &self.journeys.days.kinds;
        days.iter().any(|kind| of_stage(kind) || self.won.contains(kind) || self.lost.contains(kind))
    }

    /// Whether an entry into the last stage wins: where no stage is declared as won, reaching it does.
    fn is_end(&self, position: usize) -> bool {
        self.journeys.won.is_empty() || self.is_won(position)
    }

    fn is_lost(&self, position: usize) -> bool {
        self.lost.contains(&self.journeys.timeline.kind.get(position))
    }

    /// Whether an entry is a win, independent of other open deals of the lead.
    fn is_won(&self, position: usize) -> bool {
        self.won.contains(&self.journeys.timeline.kind.get(position))
    }
}
