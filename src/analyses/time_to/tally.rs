//! How long leads take: the pass that makes spells of journeys, and its result.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::gathered::{Gathered, LeftOut};
use super::spec::{CompetingAs, TimeToSpec};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::journeys::{Journeys, Texts};
use crate::math::{Interval, few_clusters};
use crate::progress::Task;
use crate::query::{before_outcomes_remark, open_remark};
use crate::schema::{ALL, NONE};
use crate::survival::{
    Blocks, Ceiling, Curve, GroupTest, Pooled, RestrictedMean, RiskTable, Spell, ceiling, gray_pooled, late_start,
    log_rank_pooled,
};
use crate::time::{DAY, NO_TIME, Span};

/// The share at one age.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtAge {
    /// Age, days.
    pub days: f64,
    /// Share with the event by then.
    pub incidence: f64,
    /// Its interval.
    pub interval: Interval,
    /// Leads at risk then.
    pub at_risk: u64,
}

/// One group of leads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeToGroup {
    /// Its value; `(all)` for all leads.
    pub value: String,
    /// Number of leads.
    pub leads: u64,
    /// Number of events.
    pub events: u64,
    /// Competing ends.
    pub competing: u64,
    /// Still open.
    pub censored: u64,
    /// Share at the end of the curve, and its interval.
    pub last: AtAge,
    /// Shares at the ages asked for, as far as the group was observed.
    pub at: Vec<AtAge>,
    /// Ages in days by which a quarter, a half and three quarters have the event, with their intervals.
    pub quantiles: Vec<(f64, [Option<f64>; 3])>,
    /// Mean time without the event.
    pub restricted_mean: Option<RestrictedMean>,
    /// The share that will ever have the event, if it was asked for.
    pub ceiling: Option<Ceiling>,
    /// The curve, ages in days.
    #[serde(skip)]
    pub curve: Curve,
}

/// How long leads take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeTo {
    /// The options of the analysis.
    pub spec: TimeToSpec,
    /// Whether something competes, so curves are Aalen–Johansen's; else they are one minus Kaplan–Meier's.
    pub competes: bool,
    /// All leads, then each group, most leads first.
    pub groups: Vec<TimeToGroup>,
    /// Gray's test of the groups, or the log-rank test where nothing competes.
    pub test: Option<GroupTest>,
    /// Leads without a start, or one after the end of observation.
    pub no_start: u64,
    /// Leads that had the event, or were closed, before their start.
    pub ended_before: u64,
    /// Leads that had the event after a competing end: the competing end counts.
    pub event_after_competing: u64,
    /// Leads left out because they started, or ended, before outcomes were recorded.
    pub before_outcomes: u64,
    /// What else to know.
    pub remarks: Vec<String>,
}

/// Spells of some leads: serialisable, mergeable with the spells of other leads, and turned into a [`TimeTo`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeToTally {
    spec: TimeToSpec,
    competes: bool,
    part: Part,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Part {
    /// Names of groups, each once.
    names: Vec<String>,
    /// Spells with the numbers of their groups, as they were gathered.
    runs: Vec<Vec<(u32, Spell)>>,
    /// The accounts of the spells, if accounts are declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clusters: Vec<Vec<u64>>,
    left_out: LeftOut,
}

impl Part {
    /// Adds spells of groups that are called so.
    fn join(
        &mut self,
        names: &[String],
        mut runs: Vec<Vec<(u32, Spell)>>,
        mut clusters: Vec<Vec<u64>>,
        left_out: LeftOut,
    ) {
        let mut known: Texts = self.names.iter().map(String::as_str).collect();
        let numbers: Vec<u32> = names.iter().map(|name| known.intern(name)).collect();
        self.names = known.iter().map(str::to_owned).collect();
        if !numbers.iter().copied().eq(0..numbers.len() as u32) {
            let renumber = |group: &mut u32| *group = numbers.get(*group as usize).copied().unwrap_or(*group);
            runs.par_iter_mut().for_each(|run| run.iter_mut().for_each(|(group, _)| renumber(group)));
        }
        self.runs.append(&mut runs);
        self.clusters.append(&mut clusters);
        self.left_out.add(left_out);
    }

    /// Spells in blocks of accounts, groups in their order of size.
    fn blocks(&self, order: &[(u64, &str, u32)]) -> Blocks {
        let mut places = vec![0u32; self.names.len()];
        for ((.., i), place) in order.iter().zip(0..) {
            places.iter_mut().skip(*i as usize).take(1).for_each(|slot| *slot = place);
        }
        Blocks::new(&self.runs, &self.clusters, &places)
    }

    /// Spells of each group.
    fn counts(&self) -> Vec<u64> {
        let counted = self.runs.par_iter().map(|run| {
            let mut counts = vec![0u64; self.names.len()];
            for (group, _) in run {
                counts.iter_mut().skip(*group as usize).take(1).for_each(|n| *n += 1);
            }
            counts
        });
        let add = |mut a: Vec<u64>, b: Vec<u64>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        counted.reduce(|| vec![0; self.names.len()], add)
    }

    /// The spells of each group, in the order in which they were gathered.
    fn lists(&self, counts: &[u64]) -> Vec<Vec<Spell>> {
        let mut lists: Vec<Vec<Spell>> = counts.iter().map(|n| Vec::with_capacity(*n as usize)).collect();
        for (group, spell) in self.runs.iter().flatten() {
            lists.iter_mut().skip(*group as usize).take(1).for_each(|list| list.push(*spell));
        }
        lists
    }
}

/// Fewest at risk where a curve starts whose early risk set empties.
const LEAST_AT_RISK: u64 = 30;
/// Most groups.
const MOST_GROUPS: usize = 100;

impl Journeys {
    /// How long leads take to an event: cumulative incidence by age with intervals, quantiles, mean times, and a test of
    /// groups.
    ///
    /// The clock of a lead starts with its creation (or `start`) and ends with the event, a competing end, or the end of
    /// observation. Where losing competes, the share is Aalen–Johansen's: one minus Kaplan–Meier with lost leads censored
    /// (`competing_as`) gives the share that would convert if no lead could be lost. A loss counts if the lead is still lost at the
    /// end of observation; after a re-opening it is at risk again.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for names that the data does not have, [`Error::InvalidOption`], [`Error::NoRows`] if no
    /// lead is left, [`Error::Interrupted`].
    pub fn time_to(&self, spec: &TimeToSpec, task: &Task) -> Result<TimeTo> {
        self.time_to_tally(spec, task)?.finish(task)
    }

    /// The spells of an analysis, to be merged with other leads.
    ///
    /// # Errors
    /// As [`Journeys::time_to`].
    pub fn time_to_tally(&self, spec: &TimeToSpec, task: &Task) -> Result<TimeToTally> {
        if !(spec.confidence > 0.0 && spec.confidence < 1.0) {
            return Err(Error::option("confidence", format!("must be between 0 and 1, not {}", spec.confidence)));
        }
        for span in &spec.at {
            span.positive("at")?;
        }
        if let Some(until) = spec.until {
            until.positive("until")?;
        }
        let clock = Clock::new(self, spec)?;
        if spec.late_entry && self.outcomes_from == NO_TIME {
            let problem = "applies to leads from before outcomes were recorded; set Journeys(outcomes_from=…)";
            return Err(Error::option("late_entry", problem));
        }
        let population = self.population(&spec.filter)?;
        let gathered = self.fold(
            "measuring times",
            task,
            Gathered::new,
            |gathered, lead| {
                if population.has(lead) {
                    clock.measure(lead, gathered);
                }
                Ok(())
            },
            Gathered::join,
        )?;
        let names: Vec<String> = match &clock.groups {
            // The last is that of leads without a value.
            Some(groups) => (0..groups.levels.len() as u32).chain([NONE]).map(|code| groups.name(code)).collect(),
            None => vec![String::new()],
        };
        let mut part = Part::default();
        let clusters = if self.leads.account.is_some() { gathered.clusters } else { Vec::new() };
        part.join(&names, gathered.runs, clusters, gathered.left_out);
        // Where competing ends are censored nothing competes.
        let competes = clock.competes && spec.competing_as == CompetingAs::Event;
        Ok(TimeToTally { spec: spec.clone(), competes, part })
    }
}

impl TimeToTally {
    /// The spells of both. Leads must not be in both.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are of different questions.
    pub fn merge(self, later: Self) -> Result<Self> {
        if self.spec != later.spec || self.competes != later.competes {
            return Err(Error::option("tally", "the spells belong to different analyses"));
        }
        let mut part = self.part;
        part.join(&later.part.names, later.part.runs, later.part.clusters, later.part.left_out);
        Ok(Self { part, ..self })
    }

    /// The curves.
    ///
    /// # Errors
    /// [`Error::NoRows`] if no lead is left, [`Error::InvalidOption`] for more than 100 groups, [`Error::Interrupted`].
    pub fn finish(self, task: &Task) -> Result<TimeTo> {
        let Self { spec, competes, part } = self;
        let counts = part.counts();
        if counts.iter().all(|n| *n == 0) {
            let why = format!(
                "{} without a start, {} ended before it, {} before outcomes were recorded",
                part.left_out.no_start, part.left_out.ended_before, part.left_out.before_outcomes
            );
            return Err(Error::NoRows { what: "time to an event", why });
        }
        // Groups that have spells, most first.
        let mut order: Vec<(u64, &str, u32)> =
            counts.iter().zip(&part.names).zip(0..).map(|((n, name), i)| (*n, name.as_str(), i)).collect();
        order.retain(|(n, ..)| *n > 0);
        order.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        if order.len() > MOST_GROUPS {
            let problem = format!("the field has {} values; use one with at most {MOST_GROUPS}", order.len());
            return Err(Error::option("by", problem));
        }
        let mut remarks = Vec::new();
        // If few leads have entered, all leads at risk can end; curves then start later, each at its own age.
        let late = part.runs.par_iter().any(|run| run.iter().any(|(_, s)| s.entry.is_some()));
        // Otherwise the spells of a group are not needed together.
        let mut named: Vec<(String, Vec<Spell>)> = if late || spec.ceiling.is_some() {
            let mut lists = part.lists(&counts);
            let mut list = |i: u32| lists.get_mut(i as usize).map(std::mem::take).unwrap_or_default();
            order.iter().map(|(_, name, i)| ((*name).to_owned(), list(*i))).collect()
        } else {
            order.iter().map(|(_, name, _)| ((*name).to_owned(), Vec::new())).collect()
        };
        let mut all: Vec<Spell> = named.iter().flat_map(|(_, spells)| spells).copied().collect();
        if spec.by.is_none() {
            named.clear();
        }
        // Groups whose curves start later than their spells.
        let mut moved = BTreeSet::new();
        for (value, spells) in [(ALL, &mut all)].into_iter().chain(named.iter_mut().map(|(v, s)| (v.as_str(), s))) {
            if start_late(value, spells, &mut remarks)? {
                moved.insert(value.to_owned());
            }
        }
        let pooled = if !late {
            let mut numbers = vec![0u32; part.names.len()];
            for (number, (.., i)) in order.iter().enumerate() {
                numbers.iter_mut().skip(*i as usize).take(1).for_each(|slot| *slot = number as u32);
            }
            Pooled::of_runs(&part.runs, &numbers, order.iter().map(|(n, ..)| *n as usize).collect())?
        } else if spec.by.is_some() {
            Pooled::new(&named.iter().map(|(_, spells)| spells.as_slice()).collect::<Vec<_>>())?
        } else {
            Pooled::new(&[&all])?
        };
        let tables = || -> Result<(RiskTable, Vec<RiskTable>)> {
            let first = || if late { RiskTable::new(&all) } else { Ok(pooled.together()) };
            let (first, others) = rayon::join(first, || if named.is_empty() { Vec::new() } else { pooled.apart() });
            Ok((first?, others))
        };
        let curves = || -> Result<Vec<Curve>> {
            let (first, others) = tables()?;
            let tables: Vec<RiskTable> = [first].into_iter().chain(others).collect();
            Ok(tables.into_par_iter().map(|t| Curve::new(t, spec.confidence)).collect())
        };
        let blocks = (!part.clusters.is_empty()).then(|| part.blocks(&order));
        remarks.extend(blocks.as_ref().and_then(|b| few_clusters(b.accounts, "accounts")));
        let compare = || match &blocks {
            Some(blocks) => blocks.test(named.len(), competes, task),
            None if competes => gray_pooled(&pooled, task),
            None => log_rank_pooled(&pooled, task),
        };
        let (curves, test) = rayon::join(curves, || (named.len() > 1).then(compare));
        let mut curves = curves?;
        // Curves of groups without leads at risk extend to later ages.
        let common = curves.iter().map(Curve::known_until).fold(f64::INFINITY, f64::min);
        let last = curves.iter().filter_map(|c| c.time.last().copied()).fold(0.0, f64::max);
        let common = if common.is_finite() { common } else { last };
        let until = spec.until.map_or(common, Span::as_days);
        let mut mean_errors = vec![None; curves.len()];
        if let Some(blocks) = &blocks {
            let places = [None].into_iter().chain((0..).map(Some));
            for ((curve, error), place) in curves.iter_mut().zip(&mut mean_errors).zip(places) {
                task.check()?;
                *error = blocks.widen(curve, place, spec.confidence, until);
            }
        }
        let mut ceilings = Vec::new();
        if let Some(family) = spec.ceiling {
            task.begin("fitting curves", curves.len());
            for spells in [&all].into_iter().chain(named.iter().map(|(_, spells)| spells)) {
                ceilings.push(ceiling(spells, family, spec.confidence, task)?);
                task.advance(1);
            }
        }
        let names: Vec<&str> = [ALL].into_iter().chain(named.iter().map(|(value, _)| value.as_str())).collect();
        let mut groups: Vec<TimeToGroup> =
            names.into_par_iter().zip(curves).map(|(value, curve)| group(value, &spec, until, curve)).collect();
        for (group, error) in groups.iter_mut().zip(mean_errors) {
            if let (Some(mean), Some(error)) = (group.restricted_mean.as_mut(), error) {
                mean.standard_error = mean.standard_error.max(error);
            }
        }
        groups.iter_mut().zip(ceilings).for_each(|(group, ceiling)| group.ceiling = Some(ceiling));
        if spec.until.is_some() && groups.iter().any(|g| g.restricted_mean.is_none()) {
            remarks.push(format!("mean times are missing for groups that were not observed from 0 to {until:.0} days"));
        }
        let test = match test.transpose() {
            Ok(test) => test,
            Err(Error::Undefined { why, .. }) => {
                remarks.push(format!("the groups are not compared: {why}"));
                None
            }
            Err(e) => return Err(e),
        };
        if let Some(test) = test.as_ref().filter(|t| t.sparse > 0) {
            remarks.push(format!(
                "{} test: {} of {} groups have fewer than 5 expected events, so the p-value is approximate; pool small groups or \
                 compare fewer",
                test.test,
                test.sparse,
                named.len()
            ));
        }
        if test.as_ref().is_some_and(|t| t.coarse) {
            remarks.push(
                "Gray test: more than a quarter of the leads at risk end at one time, so the p-value is too small; use times to the \
                 day or finer"
                    .to_owned(),
            );
        }
        for g in groups.iter().filter(|g| g.curve.known_from() > 0.0) {
            if !moved.contains(&g.value) {
                remarks.push(format!(
                    "{}: all leads entered late, from {:.1} days on; shares refer to leads still open then, without earlier ages or mean \
                     times",
                    g.value,
                    g.curve.known_from()
                ));
            }
        }
        if let Some(all) = groups.first().filter(|_| competes) {
            remarks.extend(naive(all));
        }
        if spec.competing_as == CompetingAs::Censored {
            let n = part.left_out.censored_by_competing;
            remarks.push(format!(
                "{} censored at it; shares are one minus Kaplan–Meier, as if competing ends did not occur",
                counted(n, "lead with a competing end is", "leads with a competing end are")
            ));
        }
        if part.left_out.reversed > 0 {
            let n = part.left_out.reversed;
            remarks.push(counted(
                n,
                "deal was won and later lost or re-opened; its first win counts",
                "deals were won and later lost or re-opened; their first win counts",
            ));
        }
        let open = groups.first().map_or(0, |all| all.censored);
        remarks.extend(open_remark(open, "lead is", "leads are"));
        remarks.extend(before_outcomes_remark(
            part.left_out.before_outcomes,
            "lead started or ended",
            "leads started or ended",
        ));
        Ok(TimeTo {
            spec,
            competes,
            groups,
            test,
            no_start: part.left_out.no_start,
            ended_before: part.left_out.ended_before,
            event_after_competing: part.left_out.event_after_competing,
            before_outcomes: part.left_out.before_outcomes,
            remarks,
        })
    }
}

/// Lets the curve of spells start where at least 30 are at risk, if its early risk set empties; says so. Whether it did.
fn start_late(value: &str, spells: &mut Vec<Spell>, remarks: &mut Vec<String>) -> Result<bool> {
    let Some(age) = late_start(spells, LEAST_AT_RISK)? else { return Ok(false) };
    let before = spells.len();
    spells.retain(|s| s.exit >= age);
    let at_risk = spells.iter().filter(|s| s.entry.is_none_or(|e| e < age)).count() as u64;
    let least = at_risk.min(LEAST_AT_RISK);
    let just_before = age - 1.0 / DAY as f64;
    for s in spells.iter_mut() {
        s.entry = Some(s.entry.map_or(just_before, |e| e.max(just_before)));
    }
    remarks.push(format!(
        "{value}: the few leads that entered early had all ended; the curve starts at {age:.1} days, the first \
         age with at least {least} at risk, and refers to leads still open then ({} ended before)",
        counted(before - spells.len(), "lead", "leads")
    ));
    Ok(true)
}

/// What would have been said with competing ends censored.
fn naive(all: &TimeToGroup) -> Option<String> {
    let curve = &all.curve;
    let table = RiskTable {
        time: curve.time.clone(),
        at_risk: curve.at_risk.clone(),
        events: curve.events.clone(),
        competing: vec![0; curve.competing.len()],
        censored: curve.censored.iter().zip(&curve.competing).map(|(a, b)| a + b).collect(),
        entries: curve.entries.clone(),
    };
    let last = Curve::new(table, 0.95).incidence.last().copied().unwrap_or(0.0);
    let ours = all.last.incidence;
    (last > ours + 0.005).then(|| {
        format!(
            "with competing ends censored (competing_as='censored'), the share at the end would be {:.1} % instead of {:.1} %",
            100.0 * last,
            100.0 * ours
        )
    })
}

fn group(value: &str, spec: &TimeToSpec, until: f64, curve: Curve) -> TimeToGroup {
    let total = |counts: &[u64]| counts.iter().sum::<u64>();
    let (events, competing, censored) = (total(&curve.events), total(&curve.competing), total(&curve.censored));
    let end = curve.time.last().copied().unwrap_or(0.0);
    let at = |days: f64| {
        let (incidence, interval) = curve.by(days);
        AtAge { days, incidence, interval, at_risk: curve.at_risk_at(days) }
    };
    let (from, known) = (curve.known_from(), curve.known_until());
    let is_known = |days: &f64| *days <= known && (*days > from || from == 0.0);
    let ages: Vec<f64> = spec.at.iter().map(|s| s.as_days()).filter(is_known).collect();
    TimeToGroup {
        value: value.to_owned(),
        leads: events + competing + censored,
        events,
        competing,
        censored,
        last: at(end),
        at: ages.into_iter().map(at).collect(),
        quantiles: [0.25, 0.5, 0.75].map(|q| (q, curve.quantile(q))).to_vec(),
        ceiling: None,
        restricted_mean: (until <= known && until > 0.0 && from == 0.0).then(|| curve.restricted_mean(until)),
        curve,
    }
}
