//! The pass of an attribution over all journeys.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use super::chain::ChainCounter;
use super::labels::channel_name;
use super::paths::{Path, PathExtractor, PathRoom};
use super::result::Attribution;
use super::rules::Rule;
use super::spec::{AttributionSpec, Method, Weights};
use super::spend::{Months, Spend, add, bring, cost_remarks, join};
use super::tally::{AttributionTally, ChannelCounts};
use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::math::exp;
use crate::progress::Task;
use crate::query::{Population, no_channels};

/// Most values of `by`; beyond, removal effects take too long and say too little.
const MOST: usize = 2_000;
/// Most bootstrap samples.
const MOST_SAMPLES: usize = 10_000;

impl Journeys {
    /// Gives credit for conversions and their value to channels.
    ///
    /// A path is the touches of a lead before its conversion, or of a lead that did not convert. Conversions without a
    /// touch are a row of their own, so credits add up to all conversions. Credit is not cause.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for names that the data does not have, [`Error::InvalidOption`], [`Error::Interrupted`].
    pub fn attribution(&self, spec: &AttributionSpec, task: &Task) -> Result<Attribution> {
        self.attribution_tally(spec, task)?.finish(task)
    }

    /// An attribution with unit costs: spend beside leads and credit by channel and period, credit being that of the
    /// first method in the period of the touch; `qualified` is a stage whose leads have a cost of their own.
    ///
    /// # Errors
    /// As [`Journeys::attribution`].
    pub fn attribution_with_spend(
        &self,
        spec: &AttributionSpec,
        spend: &Spend,
        qualified: Option<&String>,
        task: &Task,
    ) -> Result<Attribution> {
        let worker = Worker::new(self, spec)?;
        let mut result = worker.tally(spec, task)?.finish(task)?;
        let stage = match qualified {
            Some(name) => self.codes_of("stage", std::slice::from_ref(name))?,
            None => std::collections::BTreeSet::new(),
        };
        let rule = worker.rules.first().and_then(Option::as_ref).cloned();
        let by_touch = rule.is_some();
        let rule = rule.unwrap_or(Rule::Milestones(Weights { middle: 1.0, ..Weights::default() }));
        let (months, _, _) = self.fold(
            "joining spend",
            task,
            || (Months::new(), PathRoom::default(), Vec::new()),
            |(months, room, shares), lead| {
                if !worker.population.has(lead) || self.started_before_outcomes(lead) {
                    return Ok(());
                }
                let timeline = &self.timeline;
                let reached = timeline.range(lead).any(|i| {
                    timeline.at.get(i).is_some_and(|t| *t < self.observed_until)
                        && stage.contains(&timeline.kind.get(i))
                });
                if let Some(first) = worker.maker.first_touch(lead) {
                    bring(self, spend.period, first, reached, months);
                }
                worker.maker.paths(lead, room, |path| {
                    rule.share(&path, shares);
                    add(self, spend.period, &path, shares, months);
                });
                Ok(())
            },
            |(mut a, room, shares), (b, _, _)| {
                for (key, theirs) in b {
                    let mine = a.entry(key).or_default();
                    mine.leads += theirs.leads;
                    mine.qualified += theirs.qualified;
                    mine.conversions += theirs.conversions;
                    mine.value += theirs.value;
                    mine.presence += theirs.presence;
                }
                (a, room, shares)
            },
        )?;
        let given: Option<Vec<(f64, f64)>> = result.methods.first().filter(|_| !by_touch).map(|m| {
            let of = |name: &String| {
                m.credits.iter().find(|c| c.channel == *name).map_or((0.0, 0.0), |c| (c.conversions, c.value))
            };
            worker.maker.names.iter().map(of).collect()
        });
        let (rows, left_out) = spend.observed(self);
        let costs = join(&worker.maker.names, &months, given.as_deref(), &rows, qualified);
        result.remarks.extend(left_out);
        result.remarks.extend(cost_remarks(&costs, &spec.filter));
        result.costs = Some(costs);
        Ok(result)
    }

    /// The counts of an attribution, to be merged with other leads.
    ///
    /// # Errors
    /// As [`Journeys::attribution`].
    pub fn attribution_tally(&self, spec: &AttributionSpec, task: &Task) -> Result<AttributionTally> {
        Worker::new(self, spec)?.tally(spec, task)
    }
}

/// A bootstrap sample: each lead (or account) counts as often as a Poisson number of mean 1 says, which its id draws.
#[derive(Clone, Copy)]
struct Draw<'a> {
    clusters: &'a [u64],
    seed: u64,
    sample: u64,
}

impl Draw<'_> {
    fn weight(&self, lead: u32) -> u64 {
        let id = self.clusters.get(lead as usize).copied().unwrap_or(0);
        let hash = foldhash::quality::FixedState::with_seed(self.seed).hash_one((self.sample, id));
        let u = (hash >> 11) as f64 / (1u64 << 53) as f64;
        let (mut k, mut p, mut below) = (0u64, exp(-1.0), 0.0);
        loop {
            below += p;
            if u < below || k >= 20 {
                return k;
            }
            k += 1;
            p /= k as f64;
        }
    }
}

struct Worker<'a> {
    journeys: &'a Journeys,
    maker: PathExtractor<'a>,
    population: Population,
    methods: &'a [Method],
    /// Per method its rule, `None` for models.
    rules: Vec<Option<Rule>>,
    orders: Vec<usize>,
    exact: bool,
}

/// Counters kept during the pass.
struct PassState {
    counts: ChannelCounts,
    chains: Vec<(usize, ChainCounter)>,
    room: PathRoom,
    shares: Vec<f64>,
    set: ChannelSet,
}

/// The channels of a path, each once.
struct ChannelSet {
    /// Only where a method asks for them.
    channels: Vec<u32>,
    asked: bool,
    /// Number of the last path that each channel was in.
    last: Vec<u64>,
    path: u64,
}

impl ChannelSet {
    fn new(channels: usize, asked: bool) -> Self {
        Self { channels: Vec::new(), asked, last: vec![0; channels], path: 0 }
    }

    /// Starts the set of the next path.
    fn start(&mut self) {
        self.channels.clear();
        self.path += 1;
    }

    /// Adds a channel; true if it was not there.
    fn add(&mut self, channel: u32) -> bool {
        let Some(last) = self.last.get_mut(channel as usize) else { return false };
        let new = *last != self.path;
        *last = self.path;
        if self.asked && new {
            self.channels.push(channel);
        }
        new
    }
}

impl<'a> Worker<'a> {
    fn new(journeys: &'a Journeys, spec: &'a AttributionSpec) -> Result<Self> {
        if spec.methods.is_empty() {
            return Err(Error::option("method", "at least one method is required"));
        }
        spec.half_life.positive("half_life")?;
        if spec.bootstrap > MOST_SAMPLES {
            let problem = format!("must be at most {MOST_SAMPLES}, not {} (200 recommended)", spec.bootstrap);
            return Err(Error::option("bootstrap", problem));
        }
        let names: std::collections::BTreeSet<String> = spec.methods.iter().map(ToString::to_string).collect();
        if names.len() < spec.methods.len() {
            return Err(Error::option("method", "two methods have the same name; set name= of each rule"));
        }
        if spec.bootstrap == 1 {
            return Err(Error::option("bootstrap", "must be 0 or at least 2, not 1 (200 recommended)"));
        }
        let maker = PathExtractor::new(journeys, spec)?;
        if maker.names.is_empty() {
            return Err(match spec.by.as_str() {
                // It is the default, so by= need not be at fault.
                "channel" => no_channels(journeys, "attribution", ", or by= to a property of events or 'kind'"),
                by => Error::option("by", format!("the events have no {by}")),
            });
        }
        if maker.names.len() > MOST {
            let problem = format!(
                "'{}' has {} values; at most {MOST} are supported, so group the rare ones",
                spec.by,
                maker.names.len()
            );
            return Err(Error::option("by", problem));
        }
        let own = |direct: &String| if maker.names.contains(direct) { direct.clone() } else { channel_name(direct) };
        let direct: Vec<String> = spec.direct.iter().map(own).collect();
        let is_direct = |name: &String| direct.contains(name);
        let direct: Vec<bool> = maker.names.iter().map(is_direct).collect();
        let rules = spec.methods.iter().map(|m| Rule::of(m, spec.half_life, &direct)).collect::<Result<Vec<_>>>()?;
        let mut orders: Vec<usize> = spec
            .methods
            .iter()
            .filter_map(|m| if let Method::Markov(order) = m { Some(*order) } else { None })
            .collect();
        orders.sort_unstable();
        orders.dedup();
        Ok(Self {
            journeys,
            maker,
            rules,
            orders,
            population: journeys.population(&spec.filter)?,
            exact: spec.methods.contains(&Method::ShapleyExact),
            methods: &spec.methods,
        })
    }

    fn tally(&self, spec: &AttributionSpec, task: &Task) -> Result<AttributionTally> {
        let counts = self.count(None, task)?;
        let clusters = if spec.bootstrap > 0 { self.journeys.leads.cluster_keys() } else { Vec::new() };
        let draw = |sample: usize| Draw { clusters: &clusters, seed: spec.seed, sample: sample as u64 };
        let samples = (0..spec.bootstrap).map(|sample| self.count(Some(draw(sample)), task)).collect::<Result<_>>()?;
        Ok(AttributionTally { spec: spec.clone(), counts, samples })
    }

    fn count(&self, draw: Option<Draw<'_>>, task: &Task) -> Result<ChannelCounts> {
        let n = self.maker.names.len();
        let given = self.methods.iter().filter(|m| !matches!(m, Method::Markov(_) | Method::ShapleyExact)).count();
        let new = || PassState {
            counts: ChannelCounts {
                credits: vec![vec![(0.0, 0.0); n]; given],
                touches: vec![0; n],
                paths: vec![0; n],
                ..ChannelCounts::default()
            },
            chains: self.orders.iter().map(|k| (*k, ChainCounter::new(*k, n))).collect(),
            room: PathRoom::default(),
            shares: Vec::new(),
            set: ChannelSet::new(n, self.exact || self.methods.contains(&Method::Shapley)),
        };
        let state = self.journeys.fold(
            "following paths",
            task,
            new,
            |state, lead| {
                if !self.population.has(lead) {
                    return Ok(());
                }
                let weight = draw.map_or(1, |d| d.weight(lead));
                if self.journeys.started_before_outcomes(lead) {
                    state.counts.before_outcomes += weight;
                } else if weight > 0 {
                    let PassState { counts, chains, room, shares, set } = state;
                    self.maker.paths(lead, room, |path| self.add(&path, weight, counts, chains, shares, set));
                }
                Ok(())
            },
            |mut a, b| {
                a.counts = a.counts.join(b.counts);
                a.chains = a.chains.into_iter().zip(b.chains).map(|((k, a), (_, b))| (k, a.join(b, task))).collect();
                a
            },
        )?;
        let chains: BTreeMap<_, _> = state.chains.into_iter().map(|(k, c)| (k, c.states())).collect();
        Ok(ChannelCounts { names: self.maker.names.clone(), chains, ..state.counts })
    }

    fn add(
        &self,
        path: &Path<'_>,
        weight: u64,
        counts: &mut ChannelCounts,
        chains: &mut [(usize, ChainCounter)],
        shares: &mut Vec<f64>,
        set: &mut ChannelSet,
    ) {
        let w = weight as f64;
        if let Some(value) = path.value {
            counts.conversions += weight;
            counts.value += w * value;
            counts.valued += weight * u64::from(path.is_valued);
            if path.touches.is_empty() {
                counts.untouched += weight;
                counts.untouched_value += w * value;
                return;
            }
        } else {
            counts.nulls += weight;
        }
        for (_, chain) in chains {
            chain.add(path.touches, path.value, weight);
        }
        set.start();
        for t in path.touches {
            let (channel, new) = (t.channel as usize, set.add(t.channel));
            if let (Some(touches), Some(paths)) = (counts.touches.get_mut(channel), counts.paths.get_mut(channel)) {
                *touches += weight;
                *paths += weight * u64::from(new);
            }
        }
        let Some(value) = path.value else { return };
        let set = &mut set.channels;
        if self.exact {
            set.sort_unstable();
            let worth = counts.sets.entry(set.clone()).or_default();
            *worth = (worth.0 + weight, worth.1 + w * value);
        }
        let mut credits = counts.credits.iter_mut();
        for (method, rule) in self.methods.iter().zip(&self.rules) {
            let give = |credits: &mut Vec<(f64, f64)>, channel: u32, share: f64| {
                if let Some(c) = credits.get_mut(channel as usize) {
                    *c = (c.0 + w * share, c.1 + w * share * value);
                }
            };
            match (rule, method) {
                (Some(rule), _) => {
                    let Some(mine) = credits.next() else { return };
                    rule.share(path, shares);
                    path.touches.iter().zip(shares.iter()).for_each(|(t, s)| give(mine, t.channel, *s));
                }
                (None, Method::Shapley) => {
                    let Some(mine) = credits.next() else { return };
                    set.iter().for_each(|c| give(mine, *c, 1.0 / set.len() as f64));
                }
                _ => {}
            }
        }
    }
}
