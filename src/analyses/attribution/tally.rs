//! What a pass over paths counts: it can be joined with that of other leads, saved, and made into credits.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::chain::{ChannelState, Outflow, merge};
use super::labels::UNATTRIBUTED;
use super::markov::removal;
use super::result::{Attribution, Credit, MethodCredits};
use super::shapley::{Sets, exact};
use super::spec::{AttributionSpec, Method, NullPaths};
use crate::counted::counted;
use crate::encoding::MISSING;
use crate::error::{Error, Result};
use crate::progress::Task;
use crate::query::before_outcomes_remark;

/// Counts of a pass. Channels are places in `names`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ChannelCounts {
    pub(super) names: Vec<String>,
    /// Per method that is a rule (or plain Shapley), per channel: conversions and value.
    pub(super) credits: Vec<Vec<(f64, f64)>>,
    /// Counts of the chain, by order.
    #[serde(with = "as_list")]
    pub(super) chains: BTreeMap<usize, BTreeMap<ChannelState, Outflow>>,
    #[serde(with = "sets_as_list")]
    pub(super) sets: Sets,
    /// Touches, and paths with at least one, per channel.
    pub(super) touches: Vec<u64>,
    pub(super) paths: Vec<u64>,
    pub(super) conversions: u64,
    pub(super) value: f64,
    /// Conversions whose value is known.
    pub(super) valued: u64,
    /// Conversions without a touch.
    pub(super) untouched: u64,
    pub(super) untouched_value: f64,
    /// Paths that did not convert.
    pub(super) nulls: u64,
    /// Leads left out because they started before outcomes were recorded.
    pub(super) before_outcomes: u64,
}

/// JSON keys are texts: maps by lists are written as lists of pairs.
mod as_list {
    use super::{BTreeMap, ChannelState, Outflow};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Chains = BTreeMap<usize, BTreeMap<ChannelState, Outflow>>;

    pub(super) fn serialize<S: Serializer>(chains: &Chains, serializer: S) -> Result<S::Ok, S::Error> {
        let list: Vec<(usize, Vec<(&ChannelState, &Outflow)>)> =
            chains.iter().map(|(k, c)| (*k, c.iter().collect())).collect();
        list.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Chains, D::Error> {
        let list = Vec::<(usize, Vec<(ChannelState, Outflow)>)>::deserialize(deserializer)?;
        Ok(list.into_iter().map(|(k, c)| (k, c.into_iter().collect())).collect())
    }
}

mod sets_as_list {
    use super::Sets;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(sets: &Sets, serializer: S) -> Result<S::Ok, S::Error> {
        sets.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sets, D::Error> {
        Ok(Vec::<(Vec<u32>, (u64, f64))>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl ChannelCounts {
    pub(super) fn join(mut self, later: Self) -> Self {
        for (mine, theirs) in self.credits.iter_mut().zip(later.credits) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a = (a.0 + b.0, a.1 + b.1));
        }
        for (order, chain) in later.chains {
            let mine = self.chains.entry(order).or_default();
            for (state, out) in chain {
                merge(mine.entry(state).or_default(), out);
            }
        }
        for (set, (n, value)) in later.sets {
            let mine = self.sets.entry(set).or_default();
            *mine = (mine.0 + n, mine.1 + value);
        }
        self.touches.iter_mut().zip(later.touches).for_each(|(a, b)| *a += b);
        self.paths.iter_mut().zip(later.paths).for_each(|(a, b)| *a += b);
        self.conversions += later.conversions;
        self.value += later.value;
        self.valued += later.valued;
        self.untouched += later.untouched;
        self.untouched_value += later.untouched_value;
        self.nulls += later.nulls;
        self.before_outcomes += later.before_outcomes;
        self
    }

    /// The same counts with channels at the places `to` that they have in `names`, which holds all of them.
    fn moved(self, names: &[String], to: &[u32]) -> Self {
        if to.len() == names.len() && to.iter().copied().eq(0..names.len() as u32) {
            return self;
        }
        let place = |c: u32| to.get(c as usize).copied().unwrap_or(0);
        let outflow = |o: Outflow| Outflow { next: o.next.into_iter().map(|(c, n)| (place(c), n)).collect(), ..o };
        let state = |s: ChannelState| s.into_iter().map(place).collect::<ChannelState>();
        Self {
            credits: self.credits.iter().map(|c| spread(c, to, names.len())).collect(),
            chains: self
                .chains
                .into_iter()
                .map(|(k, chain)| (k, chain.into_iter().map(|(s, o)| (state(s), outflow(o))).collect()))
                .collect(),
            sets: self
                .sets
                .into_iter()
                .map(|(set, worth)| {
                    let mut set: Vec<u32> = set.into_iter().map(place).collect();
                    set.sort_unstable();
                    (set, worth)
                })
                .collect(),
            touches: spread(&self.touches, to, names.len()),
            paths: spread(&self.paths, to, names.len()),
            names: names.to_vec(),
            ..self
        }
    }

    /// Conversions and value of each channel, by method; and removal effects with the chance of converting.
    pub(super) fn credit(&self, methods: &[Method], task: &Task) -> Result<Vec<Given>> {
        let touched = (self.conversions - self.untouched) as f64;
        let value = self.value - self.untouched_value;
        let n = self.names.len();
        let mut rules = self.credits.iter();
        let mut all = Vec::with_capacity(methods.len());
        for method in methods {
            all.push(match method {
                Method::Markov(order) => {
                    let empty = BTreeMap::new();
                    let counts = self.chains.get(order).unwrap_or(&empty);
                    if counts.is_empty() {
                        Given { credits: vec![(0.0, 0.0); n], effect: None, rate: None }
                    } else {
                        let r = removal(counts, *order, n, task)?;
                        let share = |effects: &[f64], of: f64| -> Vec<f64> {
                            let total: f64 = effects.iter().sum();
                            effects.iter().map(|e| if total > 0.0 { of * e / total } else { 0.0 }).collect()
                        };
                        let (c, v) = (share(&r.effect, touched), share(&r.value_effect, value));
                        Given { credits: c.into_iter().zip(v).collect(), effect: Some(r.effect), rate: Some(r.rate) }
                    }
                }
                Method::ShapleyExact => {
                    let players: Vec<u32> =
                        (0u32..).zip(&self.paths).filter(|(_, paths)| **paths > 0).map(|(c, _)| c).collect();
                    let (c, v) = exact(&self.sets, &players, n);
                    Given { credits: c.into_iter().zip(v).collect(), effect: None, rate: None }
                }
                _ => Given { credits: rules.next().cloned().unwrap_or_default(), effect: None, rate: None },
            });
        }
        Ok(all)
    }
}

/// Where channels are in a list of names that holds all of them.
struct Places<'a> {
    names: &'a [String],
    of: HashMap<&'a str, u32>,
    /// The last list of channels, which samples share, and where its channels are.
    last: Option<(Vec<String>, Vec<u32>)>,
}

impl<'a> Places<'a> {
    fn new(names: &'a [String]) -> Self {
        Self { names, of: names.iter().map(String::as_str).zip(0..).collect(), last: None }
    }

    /// The same counts with channels at these places.
    fn moved(&mut self, counts: ChannelCounts) -> ChannelCounts {
        let (names, to) = match self.last.take() {
            Some(last) if last.0 == counts.names => last,
            _ => {
                let to = counts.names.iter().map(|name| self.of.get(name.as_str()).copied().unwrap_or(0)).collect();
                (counts.names.clone(), to)
            }
        };
        let moved = counts.moved(self.names, &to);
        self.last = Some((names, to));
        moved
    }
}

/// Values at other places in a longer list.
fn spread<T: Clone + Default>(values: &[T], to: &[u32], len: usize) -> Vec<T> {
    let mut out = vec![T::default(); len];
    for (v, place) in values.iter().zip(to) {
        if let Some(slot) = out.get_mut(*place as usize) {
            slot.clone_from(v);
        }
    }
    out
}

/// What one method gives.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) credits: Vec<(f64, f64)>,
    pub(super) effect: Option<Vec<f64>>,
    pub(super) rate: Option<f64>,
}

/// Counts over some leads: serialisable, mergeable with the counts of other leads, and turned into an [`Attribution`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributionTally {
    pub(super) spec: AttributionSpec,
    pub(super) counts: ChannelCounts,
    /// Counts of each bootstrap sample.
    pub(super) samples: Vec<ChannelCounts>,
}

impl AttributionTally {
    /// The counts of both. Leads must not be in both; leads of one account should be together.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are of different questions.
    pub fn merge(self, later: Self) -> Result<Self> {
        if self.spec != later.spec {
            return Err(Error::option("tally", "the counts belong to different attributions"));
        }
        let mut names = self.counts.names.clone();
        let known: HashSet<&String> = self.counts.names.iter().collect();
        names.extend(later.counts.names.iter().filter(|name| !known.contains(name)).cloned());
        let (mut mine, mut theirs) = (Places::new(&names), Places::new(&names));
        let mut join = |a: ChannelCounts, b: ChannelCounts| mine.moved(a).join(theirs.moved(b));
        Ok(Self {
            counts: join(self.counts, later.counts),
            samples: self.samples.into_iter().zip(later.samples).map(|(a, b)| join(a, b)).collect(),
            spec: self.spec,
        })
    }

    /// The credits.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if a chain cannot be solved, [`Error::Interrupted`].
    pub fn finish(self, task: &Task) -> Result<Attribution> {
        let Self { spec, counts, samples } = self;
        // Sums over channels run in the order of their names, so the order of rows changes no bit.
        let mut names = counts.names.clone();
        names.sort_unstable();
        let mut places = Places::new(&names);
        let counts = places.moved(counts);
        let given = counts.credit(&spec.methods, task)?;
        task.begin("bootstrap intervals", samples.len());
        let mut drawn: Vec<Vec<Given>> = Vec::with_capacity(samples.len());
        for sample in samples {
            task.check()?;
            drawn.push(places.moved(sample).credit(&spec.methods, task)?);
            task.advance(1);
        }
        let seen: Vec<usize> =
            (0..counts.names.len()).filter(|c| counts.paths.get(*c).is_some_and(|p| *p > 0)).collect();
        let total = counts.conversions as f64;
        let methods = spec
            .methods
            .iter()
            .enumerate()
            .zip(&given)
            .map(|((m, method), g)| {
                let mut rows: Vec<Credit> = seen
                    .iter()
                    .map(|c| {
                        let of = |g: &Given| g.credits.get(*c).copied().unwrap_or_default();
                        let spread: Vec<(f64, f64)> = drawn.iter().filter_map(|d| d.get(m)).map(of).collect();
                        let (conversions, value) = of(g);
                        Credit {
                            channel: counts.names.get(*c).cloned().unwrap_or_default(),
                            touches: counts.touches.get(*c).copied().unwrap_or(0),
                            paths: counts.paths.get(*c).copied().unwrap_or(0),
                            conversions,
                            conversions_range: super::result::range(spread.iter().map(|s| s.0)),
                            value,
                            value_range: super::result::range(spread.iter().map(|s| s.1)),
                            share: if total > 0.0 { conversions / total } else { 0.0 },
                            removal_effect: g.effect.as_ref().and_then(|e| e.get(*c)).copied(),
                        }
                    })
                    .collect();
                rows.sort_by(|a, b| b.conversions.total_cmp(&a.conversions).then_with(|| a.channel.cmp(&b.channel)));
                if counts.untouched > 0 {
                    rows.push(Credit {
                        channel: UNATTRIBUTED.to_owned(),
                        touches: 0,
                        paths: counts.untouched,
                        conversions: counts.untouched as f64,
                        conversions_range: None,
                        value: counts.untouched_value,
                        value_range: None,
                        share: counts.untouched as f64 / total,
                        removal_effect: None,
                    });
                }
                MethodCredits { method: method.to_string(), chance: g.rate, credits: rows }
            })
            .collect();
        let remarks = remarks(&spec, &counts);
        Ok(Attribution {
            methods,
            conversions: counts.conversions,
            value: counts.value,
            valued: counts.valued,
            unattributed: counts.untouched,
            null_paths: counts.nulls,
            before_outcomes: counts.before_outcomes,
            remarks,
            costs: None,
            spec,
        })
    }
}

fn remarks(spec: &AttributionSpec, counts: &ChannelCounts) -> Vec<String> {
    let mut remarks = vec![
        "credit measures association, not cause; channels that reach leads who would convert anyway get credit too"
            .to_owned(),
    ];
    if counts.nulls > 0 && spec.nulls == NullPaths::All {
        remarks.push("paths without a conversion include leads still open at observed_until".into());
    }
    remarks.extend(before_outcomes_remark(counts.before_outcomes, "lead started", "leads started"));
    let missing = counts.names.iter().zip(&counts.touches).find(|(name, n)| *name == MISSING && **n > 0);
    if let Some((_, touches)) = missing {
        remarks.push(format!(
            "{} a missing {} and count as '{MISSING}'; set exclude='{MISSING}' to leave them out",
            counted(*touches, "touch has", "touches have"),
            spec.by
        ));
    }
    let markov = spec.methods.iter().any(|m| matches!(m, Method::Markov(_)));
    if markov && (spec.nulls == NullPaths::None || counts.nulls == 0) {
        remarks.push("every path converts, so removal effects of the Markov chain are not informative".into());
    }
    if markov && counts.chains.values().flat_map(BTreeMap::values).any(|o| o.negative) {
        remarks.push("some conversions have a negative value; Markov chains distribute value like conversions".into());
    }
    if spec.methods.contains(&Method::Shapley) {
        remarks
            .push("shapley, the sum over subsets, equals linear credit over the distinct channels of each path".into());
    }
    if spec.methods.contains(&Method::ShapleyExact) {
        remarks.push(
            "shapley_exact values a set of channels by the conversions of exactly that set; credit can be negative and adds \
             up to the conversions of paths with all channels"
                .into(),
        );
    }
    remarks
}
