//! The pass of a snapshot over all leads: their cutoffs, and outcomes afterwards.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use super::censoring::Outcome;
use super::counts::SnapshotCounts;
use super::grid::calendar_grid;
use super::row::Row;
use crate::error::{Error, Result};
use crate::journeys::{Journeys, Status, status_before, status_log};
use crate::progress::Task;
use crate::query::Matcher;
use crate::schema::{Anchor, CutoffRule, Maturity, SnapshotSpec, Target};
use crate::time::{NO_TIME, Timestamp};

/// Leads per task.
const CHUNK: u32 = 1024;

/// Rows of some leads, and exclusions.
#[derive(Default)]
pub(super) struct RowsOfLeads {
    pub(super) rows: Vec<Row>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) counts: SnapshotCounts,
}

/// Working memory for one lead, reused for the next.
#[derive(Default)]
struct LeadView {
    lead: u32,
    created: i64,
    cutoffs: Vec<i64>,
    /// Times at which the target is reached, ascending.
    targets: Vec<i64>,
    status: Vec<(i64, Status)>,
}

/// Events by which the target is reached.
enum Reached<'a> {
    Kinds(BTreeSet<u32>),
    Step(Matcher<'a>),
}

pub(super) struct SnapshotPass<'a> {
    journeys: &'a Journeys,
    spec: &'a SnapshotSpec,
    rule: &'a CutoffRule,
    target: Reached<'a>,
    /// Kinds that an `at=` rule waits for.
    at: BTreeSet<u32>,
    won: BTreeSet<u32>,
    lost: BTreeSet<u32>,
    /// Calendar grid of an `every=` rule.
    grid: Vec<i64>,
    /// Cutoffs of each lead, for the table rule.
    table: HashMap<u32, Vec<i64>>,
    /// Cutoffs that the table names more than once.
    pub(super) repeated: usize,
    /// The limits of cutoffs, and the end of known data.
    since: Option<i64>,
    until: Option<i64>,
    known_by: Option<i64>,
    end: i64,
    pub(super) ipcw: bool,
}

impl<'a> SnapshotPass<'a> {
    /// Finds the kinds and limits that the options name. `target` are the names of stages and events that are the target.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if the target or the stage of `at` is not in the data, [`Error::InvalidOption`] for too many
    /// cutoffs.
    pub(super) fn new(
        journeys: &'a Journeys,
        spec: &'a SnapshotSpec,
        rule: &'a CutoffRule,
        target: &[String],
        cutoffs: Option<&[(u32, i64)]>,
    ) -> Result<Self> {
        let [since, until, known_by] =
            [spec.since, spec.until, spec.known_by].map(|t| t.map(|t| t.at(&journeys.timezone).0));
        let labelled = spec.horizon.is_some() || spec.by_age.is_some();
        let target = match &spec.target {
            Target::Step(step) => {
                let mut matcher = Matcher::new(journeys);
                matcher.add(step.plain("target")?, 1)?;
                Reached::Step(matcher)
            }
            Target::Names(_) if labelled => Reached::Kinds(journeys.codes_of("target", target)?),
            Target::Names(_) => Reached::Kinds(journeys.codes_known(target)),
        };
        let end = known_by.map_or(journeys.observed_until, |k| k.min(journeys.observed_until));
        let table = cutoffs.map(by_lead).unwrap_or_default();
        Ok(Self {
            journeys,
            spec,
            rule,
            target,
            at: match rule {
                CutoffRule::At { name, .. } => journeys.codes_of("stage or event", std::slice::from_ref(name))?,
                _ => BTreeSet::new(),
            },
            won: journeys.codes_known(&journeys.won),
            lost: journeys.codes_known(&journeys.lost),
            grid: journeys.grid(rule, (since, until), end)?,
            repeated: cutoffs.map_or(0, <[_]>::len) - table.values().map(Vec::len).sum::<usize>(),
            since,
            until,
            known_by,
            table,
            end,
            ipcw: spec.maturity == Maturity::Ipcw && labelled,
        })
    }

    /// The rows of all leads, in parts.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub(super) fn rows(&self, task: &Task) -> Result<Vec<RowsOfLeads>> {
        let leads = self.journeys.leads.len() as u32;
        task.begin("taking the snapshot", self.journeys.leads.len());
        let part = |chunk| {
            task.check()?;
            let leads = chunk * CHUNK..leads.min((chunk + 1) * CHUNK);
            let mut part = RowsOfLeads { rows: Vec::with_capacity(leads.len()), ..RowsOfLeads::default() };
            let mut lead_view = LeadView::default();
            for lead in leads.clone() {
                self.look_at(lead, &mut lead_view, &mut part);
            }
            task.advance(leads.len());
            Ok(part)
        };
        (0..leads.div_ceil(CHUNK)).into_par_iter().map(part).collect()
    }
}

impl SnapshotPass<'_> {
    /// Adds the rows of one lead to `part`, and counts its other cutoffs by reason; what is known of it is written to
    /// `view`.
    fn look_at(&self, lead: u32, view: &mut LeadView, part: &mut RowsOfLeads) {
        (view.lead, view.created) = (lead, self.journeys.leads.created_at(lead));
        self.cutoffs(lead, view.created, &mut part.counts, &mut view.cutoffs);
        part.counts.candidates += view.cutoffs.len();
        if view.cutoffs.is_empty() {
            return;
        }
        view.targets.clear();
        match &self.target {
            Reached::Kinds(kinds) => view.targets.extend(self.times(lead, kinds)),
            Reached::Step(matcher) => {
                let timeline = &self.journeys.timeline;
                let events = timeline.range(lead).filter(|i| matcher.bits(*i) != 0);
                view.targets.extend(events.filter_map(|i| timeline.at.get(i).copied()));
            }
        }
        status_log(&self.journeys.timeline, lead, &self.won, &self.lost, &mut view.status);
        for cutoff in &view.cutoffs {
            self.judge(*cutoff, view, part);
        }
    }

    /// Writes the cutoffs that the rule names for a lead to `out`, ascending.
    fn cutoffs(&self, lead: u32, created: i64, counts: &mut SnapshotCounts, out: &mut Vec<i64>) {
        out.clear();
        match self.rule {
            CutoffRule::Once => {}
            CutoffRule::AsOf(t) => out.push(t.0),
            CutoffRule::After(_) | CutoffRule::Every { .. } if created == NO_TIME => counts.without_cutoff += 1,
            CutoffRule::After(span) => out.push(created + span.as_micros()),
            CutoffRule::At { inclusive, .. } => match self.times(lead, &self.at).next().filter(|t| *t < self.end) {
                Some(t) => out.push(t + i64::from(*inclusive)),
                None => counts.without_cutoff += 1,
            },
            CutoffRule::Table => match self.table.get(&lead) {
                Some(cutoffs) => out.extend_from_slice(cutoffs),
                None => counts.without_cutoff += 1,
            },
            CutoffRule::Every { anchor: Anchor::Calendar, .. } => {
                let from = self.grid.partition_point(|t| *t < created);
                out.extend_from_slice(self.grid.get(from..).unwrap_or(&[]));
            }
            CutoffRule::Every { span, anchor: Anchor::Created } => {
                let step = span.as_micros();
                let low = self.since.map_or(created, |s| s.max(created));
                let high = self.until.map_or(self.end - 1, |u| (u - 1).min(self.end - 1));
                // The first cutoff at or after `low`.
                let first = created + ((low - created) + step - 1).div_euclid(step) * step;
                out.extend(std::iter::successors(Some(first), |t| Some(t + step)).take_while(|t| *t <= high));
            }
        }
    }

    fn judge(&self, t: i64, view: &LeadView, part: &mut RowsOfLeads) {
        let LeadView { lead, created, targets, status, .. } = view;
        let (row, created, counts) = (Row { lead: *lead, cutoff: t }, *created, &mut part.counts);
        if created == NO_TIME || created > t {
            counts.not_created += 1;
            return;
        }
        let after = |limit: Option<i64>| limit.is_some_and(|l| t >= l);
        if self.since.is_some_and(|s| t < s) || after(self.until) || self.known_by.is_some_and(|k| t > k) {
            counts.outside_period += 1;
            return;
        }
        if targets.first().is_some_and(|at| *at < t) {
            counts.already_target += 1;
            return;
        }
        match status_before(status, t) {
            Status::Open => {}
            Status::Won => {
                counts.closed_won += 1;
                return;
            }
            Status::Lost => {
                counts.closed_lost += 1;
                return;
            }
        }
        let window = match (self.spec.horizon, self.spec.by_age) {
            (Some(h), _) => h.as_micros(),
            (None, Some(age)) => created + age.as_micros() - t,
            (None, None) => {
                // Events after the end are unknown, and the lead would look idle. Fields alone have no end of observation.
                let idle = t > self.end && !self.journeys.timeline.is_empty();
                if idle && !matches!(self.rule, CutoffRule::AsOf(_)) {
                    counts.not_observed += 1;
                } else {
                    part.rows.push(row);
                }
                return;
            }
        };
        if window <= 0 {
            counts.past_age += 1;
            return;
        }
        if self.journeys.outcomes_from != NO_TIME && t < self.journeys.outcomes_from {
            counts.before_outcomes += 1;
            return;
        }
        let observed = self.end - t;
        if observed <= 0 || (!self.ipcw && window > observed) {
            counts.immature += 1;
            return;
        }
        // Under known_by nothing at or after the end exists. No target lies before t, so the first is the next one.
        let event = targets.first().filter(|at| **at < self.end).map(|at| at - t);
        part.rows.push(row);
        part.outcomes.push(Outcome { event, observed, window });
    }

    /// Times at which `lead` reaches one of `codes`, ascending.
    fn times<'b>(&'b self, lead: u32, codes: &'b BTreeSet<u32>) -> impl Iterator<Item = i64> + 'b {
        let timeline = &self.journeys.timeline;
        let events = if codes.is_empty() { 0..0 } else { timeline.range(lead) };
        events.filter(|i| codes.contains(&timeline.kind.get(*i))).filter_map(|i| timeline.at.get(i).copied())
    }
}

/// Pairs of lead and cutoff, by lead, ascending and without repeats.
fn by_lead(pairs: &[(u32, i64)]) -> HashMap<u32, Vec<i64>> {
    let mut table: HashMap<u32, Vec<i64>> = HashMap::new();
    for (lead, cutoff) in pairs {
        table.entry(*lead).or_default().push(*cutoff);
    }
    for cutoffs in table.values_mut() {
        cutoffs.sort_unstable();
        cutoffs.dedup();
    }
    table
}

impl Journeys {
    /// The cutoffs of a calendar grid, for the rule that has one.
    fn grid(&self, rule: &CutoffRule, (since, until): (Option<i64>, Option<i64>), end: i64) -> Result<Vec<i64>> {
        let CutoffRule::Every { span, anchor } = rule else { return Ok(Vec::new()) };
        let known = || self.leads.created.iter().copied().filter(|c| *c != NO_TIME);
        let (Some(first), Some(last)) = (known().min(), end.checked_sub(1)) else { return Ok(Vec::new()) };
        let low = since.map_or(first, |s| s.max(first));
        // Cutoffs up to the end of observation: those without a complete label window are counted as immature.
        let high = until.map_or(last, |u| (u - 1).min(last));
        if (high.saturating_sub(low)) / span.as_micros() > 100_000 {
            let period = format!("{} and {}", Timestamp(low), Timestamp(high));
            return Err(Error::option("every", format!("'{span}' makes more than 100,000 cutoffs between {period}")));
        }
        Ok(match anchor {
            Anchor::Calendar => calendar_grid(&self.calendar_zone, *span, low, high),
            Anchor::Created => Vec::new(),
        })
    }
}
