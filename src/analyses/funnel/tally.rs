//! What a pass over leads counts: it can be joined with that of other leads, saved, and made into a funnel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::result::{Funnel, FunnelGroup, FunnelPeriod, FunnelStep, Spread, StepTimes};
use super::spec::{Entry, FunnelSpec, Order};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::journeys::{DayMoment, Measure};
use crate::math::{ClusteredShare, Interval, wilson};
use crate::progress::Task;
use crate::query::{ClusterCounts, before_outcomes_remark, immature_remark};

/// Counts and times of one group of leads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct GroupCounts {
    /// Leads (or attempts) that did each step.
    reached: Vec<u64>,
    /// Per step, microseconds since the step before of all that did it.
    from_previous: Vec<Vec<i64>>,
    /// Per step, microseconds since step 1.
    from_first: Vec<Vec<i64>>,
    /// By first day of the period of entry.
    periods: BTreeMap<i64, PeriodCounts>,
    /// Leads that did each step by the number of their account, where accounts are declared; attempts by lead where each
    /// counts.
    #[serde(default, skip_serializing_if = "ClusterCounts::is_empty")]
    clusters: ClusterCounts,
}

/// Whether some cluster has several of the rows that are (hits, rows).
pub(crate) fn depend(mut counts: impl Iterator<Item = (u64, u64)>) -> bool {
    counts.any(|(_, rows)| rows > 1)
}

/// Wilson's 95 % interval of the share; of leads of accounts, and of attempts of leads, for their effective number.
pub(crate) fn share_interval(counts: (u64, u64), clusters: &ClusterCounts, k: usize, of: usize) -> Interval {
    if !depend(clusters.shares(k, of)) {
        return wilson(counts.0, counts.1, 0.95);
    }
    ClusteredShare::new(clusters.shares(k, of)).interval(0.95)
}

impl GroupCounts {
    /// Adds one attempt of a lead of `cluster`: the steps done, and their times if they are to be kept.
    pub(super) fn add(
        &mut self,
        steps: usize,
        done: u32,
        cluster: Option<u64>,
        times: Option<(&[DayMoment], Measure<'_>)>,
    ) {
        self.clusters.add(cluster, steps, |k| done >> k & 1 != 0);
        self.reached.resize(steps, 0);
        for (k, n) in self.reached.iter_mut().enumerate() {
            *n += u64::from(done >> k & 1);
        }
        let Some((times, measure)) = times else { return };
        self.from_previous.resize(steps, Vec::new());
        self.from_first.resize(steps, Vec::new());
        let Some(start) = times.first().copied() else { return };
        let mut before = start;
        let lists = self.from_previous.iter_mut().zip(&mut self.from_first);
        for (k, ((previous, first), at)) in lists.zip(times).enumerate().skip(1) {
            if done >> k & 1 != 0 {
                previous.push(measure.between(before, *at));
                first.push(measure.between(start, *at));
                before = *at;
            }
        }
    }

    /// Adds a lead that did the first `done` steps to its account's.
    pub(super) fn add_cluster(&mut self, steps: usize, cluster: u64, done: usize) {
        self.clusters.add(Some(cluster), steps, |k| k < done);
    }

    /// Adds leads that did at least one step, at least two, and so on.
    pub(super) fn add_reached(&mut self, steps: usize, leads: &[u64]) {
        self.reached.resize(steps, 0);
        self.reached.iter_mut().zip(leads).for_each(|(mine, more)| *mine += more);
    }

    /// Counts an entry in the period that starts on `day`; one that did no step is immature.
    pub(super) fn enter(&mut self, day: i64, steps: usize, done: u32, cluster: Option<u64>) {
        let period = self.periods.entry(day).or_default();
        if done != 0 {
            period.clusters.add(cluster, steps, |k| done >> k & 1 != 0);
        }
        period.reached.resize(steps, 0);
        for (k, n) in period.reached.iter_mut().enumerate() {
            *n += u64::from(done >> k & 1);
        }
        period.immature += u64::from(done == 0);
    }

    /// Counts an entry that is left out because outcomes were not recorded yet.
    pub(super) fn enter_early(&mut self, day: i64) {
        self.periods.entry(day).or_default().before_outcomes += 1;
    }

    fn join(&mut self, later: Self) {
        for (day, counts) in later.periods {
            let period = self.periods.entry(day).or_default();
            period.reached.resize(period.reached.len().max(counts.reached.len()), 0);
            period.reached.iter_mut().zip(counts.reached).for_each(|(a, b)| *a += b);
            period.immature += counts.immature;
            period.before_outcomes += counts.before_outcomes;
            period.clusters.join(&counts.clusters);
        }
        self.clusters.join(&later.clusters);
        self.reached.resize(self.reached.len().max(later.reached.len()), 0);
        self.reached.iter_mut().zip(later.reached).for_each(|(a, b)| *a += b);
        for (mine, theirs) in [(&mut self.from_previous, later.from_previous), (&mut self.from_first, later.from_first)]
        {
            mine.resize(mine.len().max(theirs.len()), Vec::new());
            mine.iter_mut().zip(theirs).for_each(|(a, b)| a.extend(b));
        }
    }

    /// Puts clusters in order.
    fn settle(&mut self) {
        self.clusters.settle();
        self.periods.values_mut().for_each(|period| period.clusters.settle());
    }

    /// The steps, the periods of entry, and the accounts.
    fn finish(mut self, spec: &FunnelSpec) -> (Vec<FunnelStep>, Vec<FunnelPeriod>, ClusterCounts) {
        let n = spec.steps.len();
        let period = |(start_day, counts): (i64, PeriodCounts)| {
            let mut leads = counts.reached;
            leads.resize(n, 0);
            let first = leads.first().copied().unwrap_or(0);
            let intervals = leads.iter().enumerate().map(|(k, n)| share_interval((*n, first), &counts.clusters, k, 0));
            FunnelPeriod {
                start_day,
                of_first_intervals: intervals.collect(),
                leads,
                immature: counts.immature,
                before_outcomes: counts.before_outcomes,
            }
        };
        let periods = std::mem::take(&mut self.periods).into_iter().map(period).collect();
        let clusters = std::mem::take(&mut self.clusters);
        (self.steps(spec, &clusters), periods, clusters)
    }

    fn steps(self, spec: &FunnelSpec, clusters: &ClusterCounts) -> Vec<FunnelStep> {
        let reached = |k: usize| self.reached.get(k).copied().unwrap_or(0);
        let first = reached(0);
        let (mut previous, mut before) = (first, 0);
        let n = spec.steps.len();
        let timed = spec.times && spec.compat.is_none();
        let mut from_previous = self.from_previous.into_iter();
        let mut from_first = self.from_first.into_iter();
        let names = spec.step_names();
        let rows = spec.steps.iter().zip(names).enumerate().map(|(k, (step, name))| {
            let leads = reached(k);
            let share = |of: u64| if of == 0 { f64::NAN } else { leads as f64 / of as f64 };
            let lists = (from_previous.next().unwrap_or_default(), from_first.next().unwrap_or_default());
            let times = (timed && k > 0)
                .then(|| StepTimes { from_previous: Spread::of(lists.0), from_first: Spread::of(lists.1) });
            let row = FunnelStep {
                step: match spec.order {
                    Order::Any if k + 1 == n => format!("all {n}"),
                    Order::Any => format!("any {} of {n}", k + 1),
                    _ => name,
                },
                optional: step.optional,
                leads,
                of_first: share(first),
                of_first_interval: share_interval((leads, first), clusters, k, 0),
                of_previous: share(previous),
                of_previous_interval: share_interval((leads, previous), clusters, k, before),
                times,
            };
            // Optional steps are not compared with.
            (previous, before) = if step.optional { (previous, before) } else { (leads, k) };
            row
        });
        rows.collect()
    }
}

/// Entries of one calendar period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct PeriodCounts {
    reached: Vec<u64>,
    immature: u64,
    before_outcomes: u64,
    #[serde(default, skip_serializing_if = "ClusterCounts::is_empty")]
    clusters: ClusterCounts,
}

/// Counts of a pass, by value of the breakdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PassCounts<K: Ord> {
    pub(super) all: GroupCounts,
    pub(super) groups: BTreeMap<K, GroupCounts>,
    pub(super) immature: u64,
    pub(super) before_outcomes: u64,
    pub(super) never_entered: u64,
    pub(super) removed: u64,
}

impl<K: Ord> PassCounts<K> {
    pub(super) fn new() -> Self {
        Self {
            all: GroupCounts::default(),
            groups: BTreeMap::new(),
            immature: 0,
            before_outcomes: 0,
            never_entered: 0,
            removed: 0,
        }
    }

    /// Counts of all, and of a group.
    pub(super) fn all_and(&mut self, group: Option<K>) -> impl Iterator<Item = &mut GroupCounts> {
        std::iter::once(&mut self.all).chain(group.map(|g| self.groups.entry(g).or_default()))
    }

    /// The counts of both; once the task is to end, only some of them.
    pub(super) fn join(mut self, later: Self, task: &Task) -> Self {
        self.all.join(later.all);
        for (key, counts) in later.groups {
            if task.check().is_err() {
                break;
            }
            self.groups.entry(key).or_default().join(counts);
        }
        self.immature += later.immature;
        self.before_outcomes += later.before_outcomes;
        self.never_entered += later.never_entered;
        self.removed += later.removed;
        self
    }

    /// The same with keys that other parts of the data know.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub(super) fn named<N: Ord>(self, name: impl Fn(K) -> N, task: &Task) -> Result<PassCounts<N>> {
        let mut groups = BTreeMap::<N, GroupCounts>::new();
        for (key, counts) in self.groups {
            task.check()?;
            groups.entry(name(key)).or_default().join(counts);
        }
        let part = PassCounts {
            all: self.all,
            groups,
            immature: self.immature,
            before_outcomes: self.before_outcomes,
            never_entered: self.never_entered,
            removed: self.removed,
        };
        Ok(part.settled())
    }

    /// The same with clusters in order.
    fn settled(mut self) -> Self {
        self.all.settle();
        self.groups.values_mut().for_each(GroupCounts::settle);
        self
    }
}

/// Counts over some leads: serialisable, mergeable with the counts of other leads, and turned into a [`Funnel`].
///
/// ```
/// # use leadlens::{Task, analyses::funnel::FunnelTally};
/// # fn joined(parts: Vec<FunnelTally>) -> leadlens::Result<Option<leadlens::analyses::funnel::Funnel>> {
/// let mut whole: Option<FunnelTally> = None;
/// for part in parts {
///     whole = Some(match whole {
///         Some(before) => before.merge(part)?,
///         None => part,
///     });
/// }
/// # whole.map(|whole| whole.finish(&Task::new())).transpose()
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelTally {
    pub(super) spec: FunnelSpec,
    /// Whether accounts are declared.
    #[serde(default)]
    pub(super) accounts: bool,
    pub(super) part: PassCounts<String>,
}

impl FunnelTally {
    /// The counts of both. Leads must not be in both.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are of different funnels.
    pub fn merge(self, later: Self) -> Result<Self> {
        if self.spec != later.spec {
            return Err(Error::option("tally", "the counts belong to different funnels"));
        }
        Ok(Self {
            spec: self.spec,
            accounts: self.accounts || later.accounts,
            part: self.part.join(later.part, &Task::new()).settled(),
        })
    }

    /// The funnel.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn finish(self, task: &Task) -> Result<Funnel> {
        let Self { spec, accounts, mut part } = self;
        let group = |(value, counts): (String, GroupCounts)| {
            task.check()?;
            let (steps, periods, clusters) = counts.finish(&spec);
            Ok(FunnelGroup { value, steps, periods, clusters })
        };
        let counted = std::mem::take(&mut part.groups).into_iter();
        let mut groups: Vec<FunnelGroup> = counted.map(group).collect::<Result<_>>()?;
        let entered = |g: &FunnelGroup| g.steps.first().map_or(0, |s| s.leads);
        groups.sort_by(|a, b| entered(b).cmp(&entered(a)).then_with(|| a.value.cmp(&b.value)));
        let (steps, periods, clusters) = std::mem::take(&mut part.all).finish(&spec);
        let mut remarks = remarks(&spec, &part);
        let unit = if accounts { Some("accounts") } else { (spec.entry == Entry::Totals).then_some("leads") };
        remarks.extend(unit.and_then(|unit| clusters.few(unit)));
        Ok(Funnel {
            clusters,
            remarks,
            steps,
            groups,
            periods,
            immature: part.immature,
            before_outcomes: part.before_outcomes,
            never_entered: part.never_entered,
            removed: part.removed,
            spec,
        })
    }
}

/// Remarks on exclusions, one sentence each.
fn remarks<K: Ord>(spec: &FunnelSpec, part: &PassCounts<K>) -> Vec<String> {
    let (one, more) = if spec.entry == Entry::Totals {
        ("attempt entered", "attempts entered")
    } else {
        ("lead entered", "leads entered")
    };
    let mut remarks = Vec::new();
    remarks.extend(immature_remark(part.immature, one, more));
    remarks.extend(before_outcomes_remark(part.before_outcomes, one, more));
    if spec.compat.is_some() {
        remarks.push("windowFunnel ignores observed_until and outcomes_from".to_owned());
    }
    if part.removed > 0 {
        remarks.push(counted(part.removed, "lead was removed by an exclusion", "leads were removed by an exclusion"));
    }
    remarks
}
