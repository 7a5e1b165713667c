//! Taking a snapshot: the cutoffs of each lead, and its outcomes afterwards.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::censoring::{Candidates, Outcome};
use super::counts::SnapshotCounts;
use super::grid::calendar_grid;
use super::row::{Row, retain};
use super::rows::Snapshot;
use super::weights::{is_by_lead, weigh_by_lead};
use crate::error::{Error, Result};
use crate::journeys::{Journeys, Status, status_before, status_log};
use crate::progress::Task;
use crate::query::Matcher;
use crate::schema::{Anchor, CutoffRule, FeatureSet, Maturity, OutcomeRows, SnapshotSpec, Target};
use crate::time::{NO_TIME, Timestamp};

/// Leads per task.
const CHUNK: u32 = 1024;

/// Rows of some leads, and exclusions.
#[derive(Default)]
struct RowsOfLeads {
    rows: Vec<Row>,
    outcomes: Vec<Outcome>,
    counts: SnapshotCounts,
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

impl Journeys {
    /// Takes a snapshot. `cutoffs` are pairs of lead number and UTC microseconds for the table rule.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the rule is not one of the five or a span is not positive,
    /// [`Error::UnknownName`] if the target or the stage of `at` is not in the data, [`Error::Interrupted`].
    pub fn snapshot(
        self: &Arc<Self>,
        spec: &SnapshotSpec,
        cutoffs: Option<&[(u32, i64)]>,
        features: FeatureSet,
        task: &Task,
    ) -> Result<Snapshot> {
        let has_times = self.leads.created.iter().any(|c| *c != NO_TIME);
        let rule = spec.rule(cutoffs.is_some(), has_times, &self.timezone)?;
        let [since, until, known_by] =
            [spec.since, spec.until, spec.known_by].map(|t| t.map(|t| t.at(&self.timezone).0));
        if rule == CutoffRule::Once {
            return self.snapshot_once(spec, features);
        }
        let labelled = spec.horizon.is_some() || spec.by_age.is_some();
        let target = spec.target.names();
        let target = if target.is_empty() { self.won.clone() } else { target };
        if labelled && target.is_empty() {
            return Err(Error::option("target", "set target=, or the won stages with Journeys(won=…)"));
        }
        let reached = match &spec.target {
            Target::Step(step) => {
                let mut matcher = Matcher::new(self);
                matcher.add(step.plain("target")?, 1)?;
                Reached::Step(matcher)
            }
            Target::Names(_) if labelled => Reached::Kinds(self.codes_of("target", &target)?),
            Target::Names(_) => Reached::Kinds(self.codes_known(&target)),
        };
        let end = known_by.map_or(self.observed_until, |k| k.min(self.observed_until));
        let table = cutoffs.map(by_lead).unwrap_or_default();
        let repeated = cutoffs.map_or(0, <[_]>::len) - table.values().map(Vec::len).sum::<usize>();
        let view = SnapshotPass {
            journeys: self,
            spec,
            rule: &rule,
            target: reached,
            at: match &rule {
                CutoffRule::At { name, .. } => self.codes_of("stage or event", std::slice::from_ref(name))?,
                _ => BTreeSet::new(),
            },
            won: self.codes_known(&self.won),
            lost: self.codes_known(&self.lost),
            grid: self.grid(&rule, (since, until), end)?,
            since,
            until,
            known_by,
            table,
            end,
            ipcw: spec.maturity == Maturity::Ipcw && labelled,
        };
        let leads = self.leads.len() as u32;
        task.begin("taking the snapshot", self.leads.len());
        let parts: Vec<RowsOfLeads> = (0..leads.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                task.check()?;
                let leads = chunk * CHUNK..leads.min((chunk + 1) * CHUNK);
                let mut part = RowsOfLeads { rows: Vec::with_capacity(leads.len()), ..RowsOfLeads::default() };
                let mut lead_view = LeadView::default();
                for lead in leads.clone() {
                    view.look_at(lead, &mut lead_view, &mut part);
                }
                task.advance(leads.len());
                Ok(part)
            })
            .collect::<Result<_>>()?;
        let mut counts = SnapshotCounts { leads: self.leads.len(), repeated, ..SnapshotCounts::default() };
        parts.iter().for_each(|part| counts.add(&part.counts));
        let (mut rows, outcomes, mut label) = gather(parts, labelled, view.ipcw, task)?;
        let mut weight = vec![1.0; rows.len()];
        let by_lead = is_by_lead(spec, &rule);
        if by_lead {
            weigh_by_lead(&rows, &mut weight);
        }
        task.check()?;
        let mut candidates = None;
        if view.ipcw {
            let created = |r: &Row| self.leads.created_at(r.lead);
            let ages = rows.iter().map(|r| r.cutoff - created(r)).collect();
            let all = Arc::new(Candidates { rows, ages, outcomes, weight });
            let resolved = all.resolve(&mut counts, &task.stopped())?;
            (rows, weight, label) = (resolved.rows, resolved.weight, Some(resolved.label));
            candidates = Some(all);
        }
        task.check()?;
        let mut target = target;
        if let (Some(outcome), false) = (&self.leads.outcome, labelled) {
            // Outcomes without a time: known ones are labels; with as_of= they mean that the lead is closed.
            let wanted = match (&rule, spec.outcome) {
                (CutoffRule::AsOf(_), OutcomeRows::Known) => OutcomeRows::Open,
                (_, asked) => asked,
            };
            let of = |r: &Row| outcome.get(r.lead as usize).copied().flatten();
            let keep: Vec<bool> = rows
                .iter()
                .map(|r| match wanted {
                    OutcomeRows::Known => of(r).is_some(),
                    OutcomeRows::Open => of(r).is_none(),
                    OutcomeRows::Any => true,
                })
                .collect();
            let left_out = keep.iter().filter(|k| !**k).count();
            retain(&mut rows, &keep);
            weight = vec![1.0; rows.len()];
            if by_lead {
                weigh_by_lead(&rows, &mut weight);
            }
            match wanted {
                OutcomeRows::Known => {
                    counts.without_outcome = left_out;
                    label = Some(rows.iter().map(|r| of(r) == Some(true)).collect());
                    target = vec!["outcome".into()];
                }
                _ => counts.with_outcome = left_out,
            }
        }
        let mut snapshot = Snapshot {
            journeys: Arc::clone(self),
            rows,
            label,
            weight,
            spec: spec.clone(),
            rule,
            target,
            features,
            counts,
            split: None,
            candidates,
        };
        task.check()?;
        snapshot.recount();
        Ok(snapshot)
    }

    /// The snapshot of leads without times: one row per lead, labelled by the outcome column if there is one.
    fn snapshot_once(self: &Arc<Self>, spec: &SnapshotSpec, features: FeatureSet) -> Result<Snapshot> {
        if spec.horizon.is_some()
            || spec.by_age.is_some()
            || spec.since.is_some()
            || spec.until.is_some()
            || spec.known_by.is_some()
        {
            return Err(Error::option(
                "snapshot",
                "horizon=, since= and known_by= need the creation times of leads; set Leads(created=…)",
            ));
        }
        let n = self.leads.len();
        let mut counts = SnapshotCounts { leads: n, candidates: n, ..SnapshotCounts::default() };
        let all = (0..n as u32).map(|lead| Row { lead, cutoff: NO_TIME });
        let (rows, label): (Vec<Row>, Option<Vec<bool>>) = match (&self.leads.outcome, spec.outcome) {
            (Some(outcome), OutcomeRows::Known) => {
                let known: Vec<(Row, bool)> = all.zip(outcome).filter_map(|(r, o)| o.map(|o| (r, o))).collect();
                counts.without_outcome = n - known.len();
                let (rows, label) = known.into_iter().unzip();
                (rows, Some(label))
            }
            (Some(outcome), OutcomeRows::Open) => {
                let open: Vec<Row> = all.zip(outcome).filter(|(_, o)| o.is_none()).map(|(r, _)| r).collect();
                counts.with_outcome = n - open.len();
                (open, None)
            }
            (None, _) | (Some(_), OutcomeRows::Any) => (all.collect(), None),
        };
        let mut snapshot = Snapshot {
            journeys: Arc::clone(self),
            weight: vec![1.0; rows.len()],
            rows,
            label,
            spec: spec.clone(),
            rule: CutoffRule::Once,
            target: vec!["outcome".into()],
            features,
            counts,
            split: None,
            candidates: None,
        };
        snapshot.recount();
        Ok(snapshot)
    }
}

/// Rows in order, their outcomes where weights need them, and labels.
type TakenRows = (Vec<Row>, Vec<Outcome>, Option<Vec<bool>>);

/// The rows of all parts.
fn gather(parts: Vec<RowsOfLeads>, labelled: bool, with_outcomes: bool, task: &Task) -> Result<TakenRows> {
    let n = parts.iter().map(|part| part.rows.len()).sum();
    let mut rows = Vec::with_capacity(n);
    let mut outcomes = Vec::with_capacity(if with_outcomes { n } else { 0 });
    let mut label = labelled.then(|| Vec::with_capacity(n));
    for part in parts {
        task.check()?;
        rows.extend_from_slice(&part.rows);
        if let Some(label) = &mut label {
            label.extend(part.outcomes.iter().map(Outcome::label));
        }
        if with_outcomes {
            outcomes.extend_from_slice(&part.outcomes);
        }
    }
    Ok((rows, outcomes, label))
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

/// Events by which the target is reached.
enum Reached<'a> {
    Kinds(BTreeSet<u32>),
    Step(Matcher<'a>),
}

struct SnapshotPass<'a> {
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
    table: HashMap<u32, Vec<i64>>,
    /// The limits of cutoffs, and the end of known data.
    since: Option<i64>,
    until: Option<i64>,
    known_by: Option<i64>,
    end: i64,
    ipcw: bool,
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
