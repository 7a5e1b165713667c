//! What a pass over paths counts: it joins with that of other leads, can be saved, and becomes the result.

use std::cmp::Reverse;

use foldhash::fast::FixedState;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::result::{Ending, Loop, PathRow, Paths, SessionFacts, StepShare, Transition};
use super::spec::{PathUnit, PathsSpec};
use crate::analyses::funnel::Spread;
use crate::error::{Error, Result};
use crate::journeys::StringTable;
use crate::progress::Task;
use crate::query::{before_outcomes_remark, open_remark};
use crate::schema::shown;

/// Codes of the places without a label.
pub(super) const ENTRY: u32 = u32::MAX;
pub(super) const EXIT: u32 = u32::MAX - 1;
pub(super) const ENDED: u32 = u32::MAX - 2;
pub(super) const WON: u32 = u32::MAX - 3;
pub(super) const LOST: u32 = u32::MAX - 4;
pub(super) const OPEN: u32 = u32::MAX - 5;
/// Events without a channel, or what else places are.
pub(super) const MISSING: u32 = u32::MAX - 6;

/// Their names.
const ENDS: [(u32, &str); 7] = [
    (ENTRY, "(entry)"),
    (EXIT, "(exit)"),
    (ENDED, "(ended)"),
    (WON, "(won)"),
    (LOST, "(lost)"),
    (OPEN, "(open)"),
    (MISSING, crate::encoding::MISSING),
];

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
/// Places of a path; few of them are kept in the map itself.
pub(super) type Way = SmallVec<[u32; 6]>;

/// Times in microseconds, in runs that are joined once, where they are sorted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Times(Vec<Vec<i64>>);

impl Times {
    pub(super) fn push(&mut self, time: i64) {
        match self.0.last_mut() {
            Some(run) => run.push(time),
            None => self.0.push(vec![time]),
        }
    }

    fn join(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    fn spread(self) -> Spread {
        Spread::of(self.0.concat())
    }
}

/// Counts with codes of places as keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PlaceCounts {
    pub(super) paths: u64,
    /// Count and times between.
    #[serde(with = "pairs")]
    pub(super) transitions: Map<(u32, u32), (u64, Times)>,
    #[serde(with = "pairs")]
    pub(super) ways: Map<Way, Endings>,
    #[serde(with = "pairs")]
    pub(super) steps: Map<(usize, u32), u64>,
    /// Count, paths, paths won.
    #[serde(with = "pairs")]
    pub(super) loops: Map<Way, (u64, u64, u64)>,
    pub(super) leads: u64,
    /// Leads left out because they started before outcomes were recorded.
    pub(super) before_outcomes: u64,
    pub(super) single: u64,
    pub(super) events: u64,
    pub(super) lengths: Times,
    pub(super) between: Times,
}

/// JSON keys are texts: maps by other keys are written as lists of pairs, in order.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use std::hash::Hash;

    use super::Map;

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

impl PlaceCounts {
    /// The counts of both; `code` is what a place of the later ones is here. If `task` is to end, of a part.
    pub(super) fn join(mut self, later: Self, code: impl Fn(u32) -> u32, task: &Task) -> Self {
        let list = |mut codes: Way| {
            codes.iter_mut().for_each(|c| *c = code(*c));
            codes
        };
        self.paths += later.paths;
        self.before_outcomes += later.before_outcomes;
        for ((from, to), (n, times)) in later.transitions {
            let mine = self.transitions.entry((code(from), code(to))).or_default();
            mine.0 += n;
            mine.1.join(times);
        }
        for (number, (key, n)) in later.ways.into_iter().enumerate() {
            if number % 4096 == 0 && task.check().is_err() {
                break;
            }
            let mine = self.ways.entry(list(key)).or_default();
            *mine = (mine.0 + n.0, mine.1 + n.1, mine.2 + n.2);
        }
        later.steps.into_iter().for_each(|((step, key), n)| *self.steps.entry((step, code(key))).or_default() += n);
        for (key, n) in later.loops {
            let mine = self.loops.entry(list(key)).or_default();
            *mine = (mine.0 + n.0, mine.1 + n.1, mine.2 + n.2);
        }
        self.leads += later.leads;
        self.single += later.single;
        self.events += later.events;
        self.lengths.join(later.lengths);
        self.between.join(later.between);
        self
    }
}

/// Counts over some leads: serialisable, mergeable with the counts of other leads, and turned into [`Paths`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathsTally {
    spec: PathsSpec,
    /// Names of places by their codes, each once.
    names: Vec<String>,
    part: PlaceCounts,
}

impl PathsTally {
    /// Counts of places that have these labels.
    pub(super) fn new(spec: &PathsSpec, labels: &[String], part: PlaceCounts) -> Self {
        let names: Vec<String> = labels.iter().map(|label| shown(label, &ENDS.map(|(_, name)| name))).collect();
        let tally = Self { spec: spec.clone(), names: Vec::new(), part: PlaceCounts::default() };
        // Two labels can be shown alike: they are one place.
        tally.joined(&names, part, &Task::new())
    }

    fn joined(mut self, names: &[String], part: PlaceCounts, task: &Task) -> Self {
        let first = self.names.is_empty();
        let mut known: StringTable = self.names.iter().map(String::as_str).collect();
        let codes: Vec<u32> = names.iter().map(|name| known.intern(name)).collect();
        self.names = known.iter().map(str::to_owned).collect();
        if first && codes.iter().copied().eq(0..codes.len() as u32) {
            self.part = part;
            return self;
        }
        // The codes of ends are the same everywhere.
        self.part = self.part.join(part, |place| codes.get(place as usize).copied().unwrap_or(place), task);
        self
    }

    /// The counts of both. Leads must not be in both.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are of different questions.
    pub fn merge(self, later: Self) -> Result<Self> {
        if self.spec != later.spec {
            return Err(Error::option("tally", "the counts belong to different analyses of paths"));
        }
        Ok(self.joined(&later.names, later.part, &Task::new()))
    }

    /// The paths.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn finish(self, task: &Task) -> Result<Paths> {
        let Self { spec, names, part } = self;
        let places = Places::new(names);
        let mut from: Map<u32, u64> = Map::default();
        part.transitions.iter().for_each(|((a, _), (n, _))| *from.entry(*a).or_default() += n);
        let mut transitions: Vec<_> = part.transitions.into_iter().collect();
        let outflow = |a: u32| from.get(&a).copied().unwrap_or(0);
        transitions.sort_unstable_by_key(|((from, to), (n, _))| {
            (Reverse(outflow(*from)), places.rank(*from), Reverse(*n), places.rank(*to))
        });
        let transition = |((from, to), (count, times)): ((u32, u32), (u64, Times))| {
            task.check()?;
            Ok(Transition {
                from: places.name(from),
                to: places.name(to),
                count,
                probability: count as f64 / outflow(from) as f64,
                time: times.spread(),
            })
        };
        let transitions = transitions.into_par_iter().map(transition).collect::<Result<_>>()?;
        let different_ways = part.ways.len() as u64;
        let open = if spec.unit == PathUnit::Lead { part.ways.values().map(|(_, _, open)| *open).sum() } else { 0 };
        task.check()?;
        let ways = most_frequent(part.ways.into_iter().collect(), spec.top, &places);
        let way = |(path, (won, lost, open))| PathRow { path: places.names(path), won, lost, open };
        let paths = part.paths;
        let mut steps: Vec<_> = part.steps.into_iter().collect();
        steps.sort_unstable_by_key(|((step, place), count)| (*step, Reverse(*count), places.rank(*place)));
        let step = |((step, place), count)| StepShare {
            step,
            place: places.name(place),
            count,
            share: count as f64 / paths as f64,
        };
        task.check()?;
        let mut loops: Vec<_> = part.loops.into_iter().collect();
        loops.sort_unstable_by(|(a, n), (b, m)| m.0.cmp(&n.0).then_with(|| places.compare(a, b)));
        loops.truncate(spec.top);
        let round = |(path, (count, paths, won))| Loop { places: places.names(path), count, paths, won };
        let sessions = spec.session_gap.map(|_| {
            let n = part.lengths.len();
            SessionFacts {
                sessions: n as u64,
                leads: part.leads,
                single: part.single,
                mean_events: part.events as f64 / n as f64,
                length: part.lengths.spread(),
                between: part.between.spread(),
            }
        });
        let remarks = [
            open_remark(open, "path belongs to a lead", "paths belong to leads"),
            before_outcomes_remark(part.before_outcomes, "lead started", "leads started"),
        ];
        Ok(Paths {
            remarks: remarks.into_iter().flatten().collect(),
            paths,
            transitions,
            ways: ways.into_iter().map(way).collect(),
            different_ways,
            steps: steps.into_iter().map(step).collect(),
            loops: loops.into_iter().map(round).collect(),
            before_outcomes: part.before_outcomes,
            sessions,
            spec,
        })
    }
}

/// Names of places, and their alphabetical order.
struct Places {
    names: Vec<String>,
    ranks: Vec<usize>,
}

impl Places {
    fn new(mut names: Vec<String>) -> Self {
        names.extend(ENDS.iter().map(|(_, name)| (*name).to_owned()));
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_unstable_by_key(|i| names.get(*i));
        let mut ranks = vec![0; names.len()];
        for (rank, i) in order.into_iter().enumerate() {
            if let Some(slot) = ranks.get_mut(i) {
                *slot = rank;
            }
        }
        Self { names, ranks }
    }

    /// Ends are behind the others.
    fn index(&self, place: u32) -> usize {
        match ENDS.iter().position(|(code, _)| *code == place) {
            Some(end) => self.names.len() - ENDS.len() + end,
            None => place as usize,
        }
    }

    fn rank(&self, place: u32) -> usize {
        self.ranks.get(self.index(place)).copied().unwrap_or(0)
    }

    fn compare(&self, a: &[u32], b: &[u32]) -> std::cmp::Ordering {
        a.iter().map(|place| self.rank(*place)).cmp(b.iter().map(|place| self.rank(*place)))
    }

    fn name(&self, place: u32) -> String {
        self.names.get(self.index(place)).cloned().unwrap_or_default()
    }

    fn names(&self, path: Way) -> Vec<String> {
        path.into_iter().map(|place| self.name(place)).collect()
    }
}

/// The ways that are among the `top` of all, of those to won, or of those to lost; most frequent first.
fn most_frequent(mut ways: Vec<(Way, Endings)>, top: usize, places: &Places) -> Vec<(Way, Endings)> {
    let values = |(won, lost, open): Endings| [won + lost + open, won, lost];
    let mut limits = [u64::MAX; 3];
    for (i, limit) in limits.iter_mut().enumerate().filter(|_| top > 0) {
        let mut counts: Vec<u64> = ways.iter().filter_map(|(_, n)| values(*n).get(i).copied()).collect();
        let last = counts.len().min(top).saturating_sub(1);
        let at_last = (!counts.is_empty()).then(|| *counts.select_nth_unstable_by(last, |a, b| b.cmp(a)).1);
        *limit = at_last.filter(|_| ways.len() >= top).unwrap_or(0).max(1);
    }
    ways.retain(|(_, n)| values(*n).iter().zip(&limits).any(|(value, limit)| value >= limit));
    ways.par_sort_unstable_by(|(a, n), (b, m)| {
        (values(*m)[0], m.0).cmp(&(values(*n)[0], n.0)).then_with(|| places.compare(a, b))
    });
    // If many ways tie at the limit the list is cut in order.
    let mut kept = [0; 3];
    ways.retain(|(_, n)| {
        let mut keep = false;
        for ((value, limit), count) in values(*n).into_iter().zip(limits).zip(&mut kept) {
            if value > limit || (value == limit && *count < top) {
                *count += 1;
                keep = true;
            }
        }
        keep
    });
    ways
}
