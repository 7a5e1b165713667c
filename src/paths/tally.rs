//! What a pass over paths counts: it joins with that of other leads, can be saved, and becomes the result.

use std::hash::Hash;

use foldhash::fast::FixedState;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::pass::PathsSpec;
use super::result::{Ending, Loop, PathRow, Paths, SessionFacts, StepShare, Transition};
use crate::error::{Error, Result};
use crate::funnel::Spread;

/// Codes of the places that are no label.
pub(super) const ENTRY: u32 = u32::MAX;
pub(super) const EXIT: u32 = u32::MAX - 1;
pub(super) const ENDED: u32 = u32::MAX - 2;
pub(super) const WON: u32 = u32::MAX - 3;
pub(super) const LOST: u32 = u32::MAX - 4;
pub(super) const OPEN: u32 = u32::MAX - 5;

/// Name of a place.
pub(super) fn name_of(place: u32, labels: &[String]) -> String {
    match place {
        ENTRY => "(entry)".to_owned(),
        EXIT => "(exit)".to_owned(),
        ENDED => "(ended)".to_owned(),
        WON => "(won)".to_owned(),
        LOST => "(lost)".to_owned(),
        OPEN => "(open)".to_owned(),
        code => match labels.get(code as usize) {
            // A label that is called like an end is none.
            Some(label) if label.starts_with('(') && label.ends_with(')') => format!("'{label}'"),
            Some(label) => label.clone(),
            None => String::new(),
        },
    }
}

/// Paths by ending: won, lost, open.
type Endings = (u64, u64, u64);

pub(super) fn end(counts: &mut Endings, ending: Ending) {
    match ending {
        Ending::Won => counts.0 += 1,
        Ending::Lost => counts.1 += 1,
        Ending::Open => counts.2 += 1,
    }
}

type Map<K, V> = hashbrown::HashMap<K, V, FixedState>;

/// Counts with places as keys: codes in a pass, names when they leave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "K: Ord + Hash + Serialize", deserialize = "K: Ord + Hash + Deserialize<'de>"))]
pub(super) struct Part<K: Ord + Hash> {
    pub(super) paths: u64,
    /// Count and times between, microseconds.
    #[serde(with = "pairs")]
    pub(super) transitions: Map<(K, K), (u64, Vec<i64>)>,
    #[serde(with = "pairs")]
    pub(super) ways: Map<Vec<K>, Endings>,
    #[serde(with = "pairs")]
    pub(super) steps: Map<(usize, K), u64>,
    /// Count, paths, paths won.
    #[serde(with = "pairs")]
    pub(super) loops: Map<Vec<K>, (u64, u64, u64)>,
    pub(super) leads: u64,
    pub(super) single: u64,
    pub(super) events: u64,
    pub(super) lengths: Vec<i64>,
    pub(super) between: Vec<i64>,
}

/// JSON keys are texts: maps by other keys are written as lists of pairs, in order.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Hash, Map};

    pub(super) fn serialize<K: Ord + Serialize, V: Serialize, S: Serializer>(
        map: &Map<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut pairs: Vec<(&K, &V)> = map.iter().collect();
        pairs.sort_unstable_by(|a, b| a.0.cmp(b.0));
        serializer.collect_seq(pairs)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<Map<K, V>, D::Error>
    where
        K: Eq + Hash + Deserialize<'de>,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl<K: Ord + Hash> Part<K> {
    pub(super) fn new() -> Self {
        Self {
            paths: 0,
            transitions: Map::default(),
            ways: Map::default(),
            steps: Map::default(),
            loops: Map::default(),
            leads: 0,
            single: 0,
            events: 0,
            lengths: Vec::new(),
            between: Vec::new(),
        }
    }

    pub(super) fn join(mut self, later: Self) -> Self {
        self.paths += later.paths;
        for (key, (n, times)) in later.transitions {
            let mine = self.transitions.entry(key).or_default();
            mine.0 += n;
            mine.1.extend(times);
        }
        for (key, n) in later.ways {
            let mine = self.ways.entry(key).or_default();
            *mine = (mine.0 + n.0, mine.1 + n.1, mine.2 + n.2);
        }
        later.steps.into_iter().for_each(|(key, n)| *self.steps.entry(key).or_default() += n);
        for (key, n) in later.loops {
            let mine = self.loops.entry(key).or_default();
            *mine = (mine.0 + n.0, mine.1 + n.1, mine.2 + n.2);
        }
        self.leads += later.leads;
        self.single += later.single;
        self.events += later.events;
        self.lengths.extend(later.lengths);
        self.between.extend(later.between);
        self
    }

    pub(super) fn named<N: Ord + Hash>(self, name: impl Fn(K) -> N) -> Part<N> {
        let list = |keys: Vec<K>| keys.into_iter().map(&name).collect::<Vec<N>>();
        Part {
            paths: self.paths,
            transitions: self.transitions.into_iter().map(|((a, b), v)| ((name(a), name(b)), v)).collect(),
            ways: self.ways.into_iter().map(|(k, v)| (list(k), v)).collect(),
            steps: self.steps.into_iter().map(|((s, k), v)| ((s, name(k)), v)).collect(),
            loops: self.loops.into_iter().map(|(k, v)| (list(k), v)).collect(),
            leads: self.leads,
            single: self.single,
            events: self.events,
            lengths: self.lengths,
            between: self.between,
        }
    }
}

/// Counts over some leads: serialisable, joins with those of other leads, becomes [`Paths`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathsTally {
    pub(super) spec: PathsSpec,
    pub(super) part: Part<String>,
}

impl PathsTally {
    /// The counts of both. Leads must not be in both.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are of different questions.
    pub fn merge(self, later: Self) -> Result<Self> {
        if self.spec != later.spec {
            return Err(Error::option("tally", "the counts are of different paths"));
        }
        Ok(Self { part: self.part.join(later.part), spec: self.spec })
    }

    /// The paths.
    #[must_use]
    pub fn finish(self) -> Paths {
        let Self { spec, part } = self;
        let mut from: Map<String, u64> = Map::default();
        part.transitions.iter().for_each(|((a, _), (n, _))| *from.entry_ref(a).or_default() += n);
        let outflow = |a: &String| from.get(a).copied().unwrap_or(0);
        let transitions: Vec<_> = part.transitions.into_iter().collect();
        let mut transitions: Vec<(u64, Transition)> = transitions
            .into_par_iter()
            .map(|((from, to), (count, times))| {
                let all = outflow(&from);
                let probability = count as f64 / all as f64;
                (all, Transition { from, to, count, probability, time: Spread::of(times) })
            })
            .collect();
        transitions.sort_by(|(n, a), (m, b)| {
            m.cmp(n).then_with(|| a.from.cmp(&b.from)).then(b.count.cmp(&a.count)).then_with(|| a.to.cmp(&b.to))
        });
        let mut ways: Vec<PathRow> =
            part.ways.into_iter().map(|(path, (won, lost, open))| PathRow { path, won, lost, open }).collect();
        let different_ways = ways.len() as u64;
        ways = most_frequent(ways, spec.top);
        let paths = part.paths;
        let mut steps: Vec<StepShare> = part
            .steps
            .into_iter()
            .map(|((step, place), count)| StepShare { step, place, count, share: count as f64 / paths as f64 })
            .collect();
        steps.sort_by(|a, b| a.step.cmp(&b.step).then(b.count.cmp(&a.count)).then_with(|| a.place.cmp(&b.place)));
        let mut loops: Vec<Loop> =
            part.loops.into_iter().map(|(places, (count, paths, won))| Loop { places, count, paths, won }).collect();
        loops.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.places.cmp(&b.places)));
        loops.truncate(spec.top);
        let sessions = spec.gap.map(|_| SessionFacts {
            sessions: part.lengths.len() as u64,
            leads: part.leads,
            single: part.single,
            mean_events: part.events as f64 / part.lengths.len() as f64,
            length: Spread::of(part.lengths),
            between: Spread::of(part.between),
        });
        Paths {
            paths,
            transitions: transitions.into_iter().map(|(_, t)| t).collect(),
            ways,
            different_ways,
            steps,
            loops,
            sessions,
            spec,
        }
    }
}

/// The ways that are among the `top` of all, of those to won, or of those to lost.
fn most_frequent(mut ways: Vec<PathRow>, top: usize) -> Vec<PathRow> {
    let total = |w: &PathRow| w.won + w.lost + w.open;
    let least = |get: &dyn Fn(&PathRow) -> u64| {
        let mut counts: Vec<u64> = ways.iter().map(get).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        top.checked_sub(1).map_or(u64::MAX, |last| counts.get(last).copied().unwrap_or(0).max(1))
    };
    let limits = (least(&total), least(&|w| w.won), least(&|w| w.lost));
    // A limit that many ways share is no list of the most frequent: ties are cut in order.
    ways.sort_by(|a, b| total(b).cmp(&total(a)).then(b.won.cmp(&a.won)).then_with(|| a.path.cmp(&b.path)));
    let mut kept = (0, 0, 0);
    ways.retain(|w| {
        let mut keep = false;
        for (value, limit, count) in
            [(total(w), limits.0, &mut kept.0), (w.won, limits.1, &mut kept.1), (w.lost, limits.2, &mut kept.2)]
        {
            if value > limit || (value == limit && *count < top) {
                *count += 1;
                keep = true;
            }
        }
        keep
    });
    ways
}
