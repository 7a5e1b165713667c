//! Facts of journeys, before the cutoff and over all data.

use rayon::prelude::*;

use super::sample::Sample;
use crate::journeys::{Journeys, words_of};
use crate::schema::{Column, Kind, NONE, Side};

/// Most kinds that have facts of their own, by number of events in the sample.
const KINDS: usize = 64;
/// A missing value.
pub(super) const MISSING: i64 = -1;
/// No stage or event; also a level that names none, such as `new`.
const NOTHING: i64 = -2;

/// What the values of a fact are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// 1 if it happened, else 0.
    Flag,
    /// How often.
    Count,
    /// Code of a kind, [`NOTHING`] for none.
    State,
}

/// A fact of each lead of a sample.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) shape: Shape,
    /// Whether only buyers bring it about.
    pub(super) buyer: bool,
    pub(super) before: Vec<i64>,
    pub(super) all: Vec<i64>,
}

/// Which events a fact counts.
enum Counted {
    Kind(u32),
    Events(Option<Side>),
    Source(String),
}

impl Counted {
    fn counts(&self, journeys: &Journeys, code: u32) -> bool {
        let kind = journeys.kinds.get(code as usize);
        match self {
            Self::Kind(own) => *own == code,
            Self::Events(side) => kind.is_some_and(|k| !k.stage && side.is_none_or(|s| k.side == s)),
            Self::Source(source) => kind.is_some_and(|k| !k.stage && k.source == *source),
        }
    }
}

/// The facts of the leads of a sample.
pub(super) fn facts(sample: &Sample<'_>) -> Vec<Fact> {
    let journeys = sample.journeys;
    let mut seen = vec![0usize; journeys.kinds.len()];
    for lead in &sample.leads {
        for i in journeys.timeline.range(*lead) {
            if let Some(n) = seen.get_mut(journeys.timeline.kind.get(i) as usize) {
                *n += 1;
            }
        }
    }
    let mut kinds: Vec<(usize, u32)> = seen.iter().copied().zip(0u32..).filter(|(n, _)| *n > 0).collect();
    kinds.sort_by_key(|(n, code)| (std::cmp::Reverse(*n), *code));
    kinds.truncate(KINDS);
    let mut counted: Vec<(String, bool, Counted)> = Vec::new();
    let mut sources: Vec<String> = Vec::new();
    for (_, code) in &kinds {
        let Some(kind) = journeys.kinds.get(*code as usize) else { continue };
        counted.push((format!("'{}'", kind.name()), !kind.stage && kind.side == Side::Buyer, Counted::Kind(*code)));
        if !kind.stage && !sources.contains(&kind.source) {
            sources.push(kind.source.clone());
        }
    }
    if !sources.is_empty() {
        counted.push(("any event".to_owned(), false, Counted::Events(None)));
        for side in [Side::Buyer, Side::Marketing, Side::Sales] {
            counted.push((format!("any event of {side}"), side == Side::Buyer, Counted::Events(Some(side))));
        }
        if sources.len() > 1 {
            counted.extend(sources.into_iter().map(|s| (format!("any event of '{s}'"), false, Counted::Source(s))));
        }
    }
    let mut facts: Vec<Fact> = counted.into_par_iter().flat_map_iter(|c| counts(sample, c)).collect();
    facts.push(state(sample, "the last stage", true));
    facts.push(state(sample, "the last event", false));
    facts.retain(|fact| fact.before != fact.all);
    facts
}

/// How often something happened, and whether it did.
fn counts(sample: &Sample<'_>, (name, buyer, counted): (String, bool, Counted)) -> [Fact; 2] {
    let journeys = sample.journeys;
    let selected: Vec<bool> = (0..journeys.kinds.len() as u32).map(|code| counted.counts(journeys, code)).collect();
    let of = |(lead, cutoff): (&u32, &i64)| {
        let (mut before, mut all) = (0, 0);
        for i in journeys.timeline.range(*lead) {
            if selected.get(journeys.timeline.kind.get(i) as usize).copied().unwrap_or(false) {
                all += 1;
                before += i64::from(journeys.timeline.at.get(i).is_some_and(|at| at < cutoff));
            }
        }
        (before, all)
    };
    let (before, all): (Vec<i64>, Vec<i64>) = sample.leads.iter().zip(&sample.cutoff).map(of).unzip();
    let flag = |counts: &[i64]| counts.iter().map(|n| i64::from(*n > 0)).collect();
    let ever = Fact {
        name: format!("whether {name} happened"),
        shape: Shape::Flag,
        buyer,
        before: flag(&before),
        all: flag(&all),
    };
    [ever, Fact { name: format!("the count of {name}"), shape: Shape::Count, buyer, before, all }]
}

/// The last stage, or the last event.
fn state(sample: &Sample<'_>, name: &str, stages: bool) -> Fact {
    let journeys = sample.journeys;
    let of = |(lead, cutoff): (&u32, &i64)| {
        let (mut before, mut all) = (NOTHING, NOTHING);
        for i in journeys.timeline.range(*lead) {
            let code = journeys.timeline.kind.get(i);
            if journeys.kinds.get(code as usize).is_some_and(|k| k.stage == stages) {
                all = i64::from(code);
                if journeys.timeline.at.get(i).is_some_and(|at| at < cutoff) {
                    before = all;
                }
            }
        }
        (before, all)
    };
    let (before, all) = sample.leads.iter().zip(&sample.cutoff).map(of).unzip();
    Fact { name: name.to_owned(), shape: Shape::State, buyer: false, before, all }
}

/// The values of a field as those of facts of a shape; `None` if it cannot hold such facts.
pub(super) fn as_fact(column: &Column, shape: Shape, journeys: &Journeys) -> Option<Vec<i64>> {
    match (column, shape) {
        (Column::Number(values), Shape::Flag) => {
            let known = || values.iter().filter(|x| !x.is_nan());
            let both =
                known().any(|x| *x == 0.0) && known().any(|x| *x == 1.0) && known().all(|x| *x == 0.0 || *x == 1.0);
            if both { Some(values.iter().map(|x| whole(*x)).collect()) } else { filled(column) }
        }
        (Column::Number(values), Shape::Count) => {
            let known = || values.iter().filter(|x| !x.is_nan());
            let are_counts = known().all(|x| *x >= 0.0 && x.fract() == 0.0 && *x < 1e9) && known().any(|x| *x > 1.0);
            are_counts.then(|| values.iter().map(|x| whole(*x)).collect())
        }
        (Column::Category { codes, levels }, Shape::Flag) => {
            let means = |level: &String| match level.to_lowercase().as_str() {
                "true" | "yes" | "y" | "t" | "1" => Some(1),
                "false" | "no" | "n" | "f" | "0" => Some(0),
                _ => None,
            };
            let values: Option<Vec<i64>> = levels.iter().map(means).collect();
            match values {
                Some(values) if values.contains(&1) => Some(coded(codes, &values)),
                _ => filled(column),
            }
        }
        (Column::Category { codes, levels }, Shape::State) => {
            let same = |level: &String, name: &str| words_of(level) == words_of(name);
            let means = |level: &String| {
                let find = |stage: bool| {
                    let is = |k: &Kind| k.stage == stage && (k.is_called(level) || same(level, &k.plain));
                    journeys.kinds.iter().position(is)
                };
                find(true).or_else(|| find(false)).map_or(NOTHING, |code| code as i64)
            };
            let values: Vec<i64> = levels.iter().map(means).collect();
            values.iter().any(|v| *v >= 0).then(|| coded(codes, &values))
        }
        (_, Shape::Flag) => filled(column),
        _ => None,
    }
}

fn whole(x: f64) -> i64 {
    if x.is_nan() { MISSING } else { x as i64 }
}

fn coded(codes: &[u32], values: &[i64]) -> Vec<i64> {
    codes.iter().map(|code| values.get(*code as usize).copied().unwrap_or(MISSING)).collect()
}

/// Whether a value is there, for a field with missing values.
fn filled(column: &Column) -> Option<Vec<i64>> {
    let missing = column.missing();
    if missing == 0 || missing == column.len() {
        return None;
    }
    Some(match column {
        Column::Number(values) => values.iter().map(|x| i64::from(!x.is_nan())).collect(),
        Column::Time(values) => values.iter().map(|t| i64::from(*t != crate::time::NO_TIME)).collect(),
        Column::Category { codes, .. } => codes.iter().map(|c| i64::from(*c != NONE)).collect(),
    })
}
