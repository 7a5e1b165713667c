//! Snapshots: which leads are looked at when, and what became of them after.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Journeys;
use super::split::Split;
use super::status::{Status, status_before};
use crate::design::{Anchor, CutoffRule, FeatureSet, Maturity, NONE, SnapshotSpec, Weighting};
use crate::error::{Error, Result};
use crate::math;
use crate::task::Task;
use crate::time::{DAY, NO_TIME, Span, Timestamp};

/// One lead at one cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Number of the lead.
    pub lead: u32,
    /// UTC microseconds; events before it are visible. [`NO_TIME`] for leads without times.
    pub cutoff: i64,
}

/// How many (lead, cutoff) pairs there were, and why some are no rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotCounts {
    /// Leads of the journeys.
    pub leads: usize,
    /// Pairs that the cutoff rule names.
    pub candidates: usize,
    /// Leads that never reach the stage or event of an `at=` rule, or are not in the table of cutoffs.
    pub without_cutoff: usize,
    /// Pairs outside `since=` and `until=`.
    pub outside_period: usize,
    /// Pairs before the lead was created.
    pub not_created: usize,
    /// Pairs at which the target was reached already.
    pub already_target: usize,
    /// Pairs at which the lead was closed as won (for another target than won).
    pub closed_won: usize,
    /// Pairs at which the lead was closed as lost.
    pub closed_lost: usize,
    /// Pairs older than `by_age=`.
    pub past_age: usize,
    /// Pairs whose label window starts before `outcomes_from`.
    pub before_outcomes: usize,
    /// Pairs whose label window is not over at the end of observation.
    pub immature: usize,
    /// Leads whose outcome is not known, for tables with an outcome column.
    pub without_outcome: usize,
    /// Rows of the snapshot.
    pub rows: usize,
    /// Leads that have a row.
    pub leads_with_rows: usize,
    /// Positive rows.
    pub positives: usize,
    /// Leads with a positive row.
    pub positive_leads: usize,
}

impl SnapshotCounts {
    /// Reasons and counts of excluded pairs that are not zero.
    #[must_use]
    pub fn excluded(&self) -> Vec<(&'static str, usize)> {
        [
            ("without a cutoff", self.without_cutoff),
            ("outside since= and until=", self.outside_period),
            ("not created yet", self.not_created),
            ("target already reached", self.already_target),
            ("closed as won", self.closed_won),
            ("closed as lost", self.closed_lost),
            ("older than by_age=", self.past_age),
            ("before outcomes_from", self.before_outcomes),
            ("immature", self.immature),
            ("without an outcome", self.without_outcome),
        ]
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .collect()
    }

    /// One line that says what was excluded and why.
    #[must_use]
    pub fn why(&self) -> String {
        let parts: Vec<String> = self.excluded().iter().map(|(what, n)| format!("{n} {what}")).collect();
        format!(
            "{} candidates: {}",
            self.candidates,
            if parts.is_empty() { "none excluded".into() } else { parts.join(", ") }
        )
    }
}

/// Leads at cutoffs, with labels where a label window was asked for. Features are computed on demand.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The journeys it looks at.
    pub journeys: Arc<Journeys>,
    /// Rows in order of lead, then cutoff.
    pub rows: Vec<Row>,
    /// Whether the target was reached within the label window.
    pub label: Option<Vec<bool>>,
    /// Weight of each row.
    pub weight: Vec<f64>,
    /// What was asked for.
    pub spec: SnapshotSpec,
    /// The cutoff rule.
    pub rule: CutoffRule,
    /// Names of the target; `outcome` for an outcome column.
    pub target: Vec<String>,
    /// The features to compute.
    pub features: FeatureSet,
    /// What was excluded and why.
    pub counts: SnapshotCounts,
    /// If it is one side of a split, which.
    pub split: Option<Split>,
}

enum Verdict {
    Row { event: Option<i64>, observed: i64, window: i64 },
    AlreadyTarget,
    ClosedWon,
    ClosedLost,
    PastAge,
    BeforeOutcomes,
    Immature,
    NotCreated,
    OutsidePeriod,
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
        let rule = spec.rule(cutoffs.is_some(), has_times)?;
        if rule == CutoffRule::Once {
            return self.snapshot_once(spec, features);
        }
        let labelled = spec.horizon.is_some() || spec.by_age.is_some();
        let target = if spec.target.is_empty() { self.won.clone() } else { spec.target.clone() };
        if labelled && target.is_empty() {
            return Err(Error::option("target", "say which stage means won (Journeys(won=…)), or give target="));
        }
        let target_codes = if labelled { self.codes_of("target", &target)? } else { self.codes_known(&target) };
        let end = spec.known_by.map_or(self.observed_until, |k| k.0.min(self.observed_until));
        let view = View {
            journeys: self,
            spec,
            target: target_codes,
            won: self.codes_known(&self.won),
            lost: self.codes_known(&self.lost),
            end,
            ipcw: spec.maturity == Maturity::Ipcw && labelled,
        };
        let mut counts = SnapshotCounts { leads: self.leads.len(), ..SnapshotCounts::default() };
        let planned = view.plan(&rule, cutoffs, &mut counts)?;
        task.begin("taking the snapshot", planned.len());
        let verdicts: Vec<Verdict> = planned
            .par_chunks(4096)
            .map(|chunk| {
                task.check()?;
                task.advance(chunk.len());
                Ok(chunk.iter().map(|row| view.judge(*row)).collect::<Vec<_>>())
            })
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect();
        counts.candidates = planned.len();
        let (mut rows, mut outcome) = (Vec::new(), Vec::new());
        for (row, verdict) in planned.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Row { event, observed, window } => {
                    rows.push(row);
                    outcome.push((event, observed, window));
                }
                Verdict::AlreadyTarget => counts.already_target += 1,
                Verdict::ClosedWon => counts.closed_won += 1,
                Verdict::ClosedLost => counts.closed_lost += 1,
                Verdict::PastAge => counts.past_age += 1,
                Verdict::BeforeOutcomes => counts.before_outcomes += 1,
                Verdict::Immature => counts.immature += 1,
                Verdict::NotCreated => counts.not_created += 1,
                Verdict::OutsidePeriod => counts.outside_period += 1,
            }
        }
        let mut weight = vec![1.0; rows.len()];
        let mut label =
            labelled.then(|| outcome.iter().map(|(e, _, w)| e.is_some_and(|e| e < *w)).collect::<Vec<bool>>());
        if view.ipcw {
            let keep = censoring_weights(&outcome, &mut weight)?;
            counts.immature = keep.iter().filter(|k| !**k).count();
            retain(&mut rows, &keep);
            retain(&mut weight, &keep);
            if let Some(l) = label.as_mut() {
                retain(l, &keep);
            }
        }
        if spec.weight == Weighting::Lead {
            weigh_by_lead(&rows, &mut weight);
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
        };
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
                "the leads have no creation times, so horizon=, since= and known_by= mean nothing here",
            ));
        }
        let n = self.leads.len();
        let mut counts = SnapshotCounts { leads: n, candidates: n, ..SnapshotCounts::default() };
        let all = (0..n as u32).map(|lead| Row { lead, cutoff: NO_TIME });
        let (rows, label): (Vec<Row>, Option<Vec<bool>>) = match &self.leads.outcome {
            Some(outcome) => {
                let known: Vec<(Row, bool)> = all.zip(outcome).filter_map(|(r, o)| o.map(|o| (r, o))).collect();
                counts.without_outcome = n - known.len();
                let (rows, label) = known.into_iter().unzip();
                (rows, Some(label))
            }
            None => (all.collect(), None),
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
        };
        snapshot.recount();
        Ok(snapshot)
    }
}

fn retain<T: Copy>(values: &mut Vec<T>, keep: &[bool]) {
    let mut flags = keep.iter();
    values.retain(|_| flags.next().copied().unwrap_or(false));
}

/// Rows of one lead, which stand side by side, share its weight.
fn weigh_by_lead(rows: &[Row], weight: &mut [f64]) {
    let mut start = 0;
    while let Some(first) = rows.get(start) {
        let len = rows.get(start..).unwrap_or(&[]).iter().take_while(|r| r.lead == first.lead).count();
        for w in weight.iter_mut().skip(start).take(len) {
            *w /= len as f64;
        }
        start += len;
    }
}

/// Inverse-probability-of-censoring weights: the time under observation C is known for every row, G(u) is the
/// share of rows with C ≥ u, a row resolved at min(T, horizon) ≤ C weighs 1/G of that time, others are dropped.
fn censoring_weights(outcome: &[(Option<i64>, i64, i64)], weight: &mut [f64]) -> Result<Vec<bool>> {
    let mut observed: Vec<i64> = outcome.iter().map(|(_, observed, _)| *observed).collect();
    observed.sort_unstable();
    let n = observed.len();
    let share = |u: i64| (n - observed.partition_point(|c| *c < u)) as f64 / n as f64;
    let longest = outcome.iter().map(|(.., w)| *w).max().unwrap_or(0);
    if n > 0 && share(longest) < 0.05 {
        return Err(Error::option(
            "maturity",
            format!(
                "'ipcw' needs at least 5 % of rows observed for the whole horizon, here {:.1} %; take a shorter horizon",
                100.0 * share(longest)
            ),
        ));
    }
    Ok(outcome
        .iter()
        .zip(weight)
        .map(|((event, observed, window), w)| {
            let resolved = event.map_or(*window, |e| e.min(*window));
            let known = resolved <= *observed;
            if known {
                *w = 1.0 / share(resolved);
            }
            known
        })
        .collect())
}

struct View<'a> {
    journeys: &'a Journeys,
    spec: &'a SnapshotSpec,
    target: BTreeSet<u32>,
    won: BTreeSet<u32>,
    lost: BTreeSet<u32>,
    end: i64,
    ipcw: bool,
}

impl View<'_> {
    /// All (lead, cutoff) pairs of the rule, in order of lead, then cutoff.
    fn plan(&self, rule: &CutoffRule, table: Option<&[(u32, i64)]>, counts: &mut SnapshotCounts) -> Result<Vec<Row>> {
        let created = &self.journeys.leads.created;
        let leads = || created.iter().zip(0u32..).map(|(c, lead)| (lead, *c));
        let mut rows = Vec::new();
        match rule {
            CutoffRule::Once => {}
            CutoffRule::AsOf(t) => rows.extend(leads().map(|(lead, _)| Row { lead, cutoff: t.0 })),
            CutoffRule::After(span) => {
                rows.extend(
                    leads()
                        .filter(|l| l.1 != NO_TIME)
                        .map(|(lead, c)| Row { lead, cutoff: c.saturating_add(span.as_micros()) }),
                );
            }
            CutoffRule::At { name, inclusive } => {
                let codes = self.journeys.codes_of("stage or event", std::slice::from_ref(name))?;
                for (lead, _) in leads() {
                    match self.first(lead, i64::MIN, &codes) {
                        Some(t) if t < self.end => rows.push(Row { lead, cutoff: t + i64::from(*inclusive) }),
                        _ => counts.without_cutoff += 1,
                    }
                }
            }
            CutoffRule::Table => {
                let mut pairs = table.unwrap_or(&[]).to_vec();
                pairs.sort_unstable();
                pairs.dedup();
                let mut named: Vec<u32> = pairs.iter().map(|p| p.0).collect();
                named.dedup();
                counts.without_cutoff = created.len() - named.len();
                rows.extend(pairs.into_iter().map(|(lead, cutoff)| Row { lead, cutoff }));
            }
            CutoffRule::Every { span, anchor } => self.plan_grid(*span, *anchor, &mut rows)?,
        }
        Ok(rows)
    }

    fn plan_grid(&self, span: Span, anchor: Anchor, rows: &mut Vec<Row>) -> Result<()> {
        let created = &self.journeys.leads.created;
        let known: Vec<i64> = created.iter().copied().filter(|c| *c != NO_TIME).collect();
        let Some(first) = known.iter().min().copied() else { return Ok(()) };
        let low = self.spec.since.map_or(first, |s| s.0.max(first));
        // Cutoffs up to the end of observation: those without a complete label window are counted as immature.
        let last = self.end - 1;
        let high = self.spec.until.map_or(last, |u| (u.0 - 1).min(last));
        let too_many = |n: i64| n > 100_000;
        if too_many((high - low) / span.as_micros()) {
            return Err(Error::option(
                "every",
                format!("'{span}' gives more than 100,000 cutoffs between {} and {}", Timestamp(low), Timestamp(high)),
            ));
        }
        let grid = match anchor {
            Anchor::Calendar => calendar_grid(&self.journeys.calendar_zone, span, low, high),
            Anchor::Created => Vec::new(),
        };
        for (c, lead) in created.iter().zip(0u32..) {
            if *c == NO_TIME {
                continue;
            }
            match anchor {
                Anchor::Calendar => {
                    let from = grid.partition_point(|t| t < c);
                    rows.extend(grid.iter().skip(from).map(|t| Row { lead, cutoff: *t }));
                }
                Anchor::Created => {
                    let skip = (low - c).max(0).div_euclid(span.as_micros())
                        + i64::from((low - c).max(0) % span.as_micros() != 0);
                    let mut t = c + skip * span.as_micros();
                    while t <= high {
                        rows.push(Row { lead, cutoff: t });
                        t += span.as_micros();
                    }
                }
            }
        }
        Ok(())
    }

    fn judge(&self, row: Row) -> Verdict {
        let created = self.journeys.leads.created_at(row.lead);
        let t = row.cutoff;
        if created == NO_TIME || created > t {
            return Verdict::NotCreated;
        }
        if self.spec.since.is_some_and(|s| t < s.0)
            || self.spec.until.is_some_and(|u| t >= u.0)
            || self.spec.known_by.is_some_and(|k| t > k.0)
        {
            return Verdict::OutsidePeriod;
        }
        let timeline = &self.journeys.timeline;
        if self.first(row.lead, i64::MIN, &self.target).is_some_and(|at| at < t) {
            return Verdict::AlreadyTarget;
        }
        match status_before(timeline, row.lead, t, &self.won, &self.lost) {
            Status::Open => {}
            Status::Won => return Verdict::ClosedWon,
            Status::Lost => return Verdict::ClosedLost,
        }
        let window = match (self.spec.horizon, self.spec.by_age) {
            (Some(h), _) => h.as_micros(),
            (None, Some(age)) => created.saturating_add(age.as_micros()).saturating_sub(t),
            (None, None) => return Verdict::Row { event: None, observed: 0, window: 0 },
        };
        if window <= 0 {
            return Verdict::PastAge;
        }
        if self.journeys.outcomes_from != NO_TIME && t < self.journeys.outcomes_from {
            return Verdict::BeforeOutcomes;
        }
        let observed = self.end.saturating_sub(t);
        if observed <= 0 || (!self.ipcw && window > observed) {
            return Verdict::Immature;
        }
        // Under known_by nothing at or after the end exists.
        let event = self.first(row.lead, t, &self.target).filter(|at| *at < self.end).map(|at| at - t);
        Verdict::Row { event, observed, window }
    }

    /// First time at or after `from` at which `lead` reaches one of `codes`.
    fn first(&self, lead: u32, from: i64, codes: &BTreeSet<u32>) -> Option<i64> {
        let timeline = &self.journeys.timeline;
        timeline
            .range(lead)
            .filter_map(|i| Some((*timeline.at.get(i)?, timeline.kind.get(i))))
            .find(|(at, kind)| *at >= from && *kind != NONE && codes.contains(kind))
            .map(|(at, _)| at)
    }
}

/// The first Monday, 1970-01-05, as a day number.
const MONDAY: i64 = 4;

/// Grid of cutoffs in `[low, high]`. Spans of whole days step local midnights; weeks start on Monday.
fn calendar_grid(zone: &crate::time::Zone, span: Span, low: i64, high: i64) -> Vec<i64> {
    let step = span.as_micros();
    let mut grid = Vec::new();
    if step % DAY == 0 {
        let days = step / DAY;
        let mut day = MONDAY + (zone.day(low) - MONDAY).div_euclid(days) * days;
        while let Some(t) = zone.day_start(day) {
            if t > high {
                break;
            }
            if t >= low {
                grid.push(t);
            }
            day += days;
        }
    } else {
        let mut t = low.div_euclid(step) * step;
        while t <= high {
            if t >= low {
                grid.push(t);
            }
            t += step;
        }
    }
    grid
}

impl Snapshot {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if it has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Age of the lead at the cutoff of row `i`, in days; NaN without times.
    #[must_use]
    pub fn age_days(&self, i: usize) -> f64 {
        match self.rows.get(i) {
            Some(row) if row.cutoff != NO_TIME => {
                (row.cutoff - self.journeys.leads.created_at(row.lead)) as f64 / DAY as f64
            }
            _ => f64::NAN,
        }
    }

    /// The rows at `positions`, ascending, as a snapshot of its own.
    #[must_use]
    pub fn take(&self, positions: &[usize]) -> Self {
        fn pick<T: Copy>(values: &[T], positions: &[usize]) -> Vec<T> {
            positions.iter().filter_map(|p| values.get(*p).copied()).collect()
        }
        let mut weight = pick(&self.weight, positions);
        let rows = pick(&self.rows, positions);
        if self.spec.weight == Weighting::Lead && self.spec.maturity == Maturity::Drop {
            weight.fill(1.0);
            weigh_by_lead(&rows, &mut weight);
        }
        let mut part = Self {
            journeys: Arc::clone(&self.journeys),
            label: self.label.as_ref().map(|l| pick(l, positions)),
            rows,
            weight,
            spec: self.spec.clone(),
            rule: self.rule.clone(),
            target: self.target.clone(),
            features: self.features.clone(),
            counts: self.counts.clone(),
            split: self.split.clone(),
        };
        part.recount();
        part
    }

    fn recount(&mut self) {
        self.counts.rows = self.rows.len();
        self.counts.leads_with_rows = distinct(self.rows.iter().map(|r| r.lead));
        if let Some(label) = &self.label {
            self.counts.positives = label.iter().filter(|l| **l).count();
            self.counts.positive_leads =
                distinct(self.rows.iter().zip(label).filter(|(_, l)| **l).map(|(r, _)| r.lead));
        }
    }

    /// Share of positives, by weight; `None` without labels or rows.
    #[must_use]
    pub fn base_rate(&self) -> Option<f64> {
        let label = self.label.as_ref()?;
        let total = math::sum(&self.weight);
        let hits = math::sum_by(label.len(), |i| match (label.get(i), self.weight.get(i)) {
            (Some(true), Some(w)) => *w,
            _ => 0.0,
        });
        (total > 0.0).then(|| hits / total)
    }
}

/// Number of distinct values of an ascending sequence.
fn distinct(values: impl Iterator<Item = u32>) -> usize {
    let mut last = None;
    values.filter(|v| last.replace(*v) != Some(*v)).count()
}
