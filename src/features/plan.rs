//! Features made ready for a dictionary of kinds and values: what each looks at, and what it needs to know of it.

use std::collections::HashMap;

use crate::features::kernels::Bin;
use crate::journeys::CodeSlice;
use crate::schema::{Feature, Kind, Side, ValueOp};
use crate::time::{DAY, Span, Zone};

/// Events in order, of one lead after the other.
pub(crate) trait JourneyView {
    /// Times, ascending within a lead.
    fn at(&self) -> &[i64];
    /// Kind code of event `i`.
    fn kind(&self, i: usize) -> u32;
    /// Kind code of each event.
    fn kinds(&self) -> CodeSlice<'_>;
    /// Channel code of event `i`, [`crate::schema::NONE`] if it has none.
    fn channel(&self, i: usize) -> u32;
    /// Channel code of each event; empty if no event has one.
    fn channels(&self) -> CodeSlice<'_>;
    /// Value number `value` of each event, NaN if it has none; empty if no event has it.
    fn value(&self, value: usize) -> &[f64];
}

/// What a feature is computed from. Windows and half-lives are numbers in the plan's lists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    /// Within a window.
    Count(usize),
    ActiveDays(Option<i64>),
    First,
    Last,
    Decayed(usize),
    /// Windows of a week and of four.
    Momentum(usize, usize),
    Value(ValueOp, usize, Option<i64>),
    DistinctChannels,
    FirstChannel,
    LastChannel,
    Stage,
    DaysInStage,
    Age,
    Field,
}

/// Kinds that a feature looks at, as classes.
#[derive(Debug, Clone)]
pub(super) struct ReadsOf {
    pub(super) classes: Vec<usize>,
    /// Per class: all bits if it is one of them, else none.
    pub(super) mask: Vec<u64>,
}

/// Features made ready.
#[derive(Debug, Clone)]
pub(super) struct FeaturePlan {
    pub(super) ops: Vec<(Op, ReadsOf)>,
    /// First bin of each kind's class: kinds that the same features look at are counted together. No feature looks at
    /// class 0.
    pub(super) first_bins: Vec<Bin>,
    pub(super) classes: usize,
    /// Windows of counts in microseconds, two and two, at least one pair; negative for a missing one.
    pub(super) windows: Vec<[f64; 2]>,
    /// Exponent of decay per microsecond: −ln 2 / half-life.
    pub(super) decays: Vec<f64>,
    pub(super) cap: Option<u32>,
    pub(super) needs_days: bool,
    pub(super) needs_first: bool,
    pub(super) zone: Zone,
}

impl FeaturePlan {
    /// Makes `features` ready for events of `kinds`. `known` gives the kind as the features' names mean it (a model's
    /// own, which may be called differently where the data has grown a source); events of a kind without one are
    /// ignored by every feature.
    #[must_use]
    pub(super) fn new(
        features: &[Feature],
        kinds: &[Kind],
        known: impl Fn(&Kind) -> Option<Kind>,
        values: &[String],
        cap: Option<u32>,
        zone: &Zone,
    ) -> Self {
        let (mut windows, mut decays): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let micros = |w: &Option<Span>| w.map(Span::as_micros);
        let ops: Vec<Op> = features
            .iter()
            .map(|f| match f {
                Feature::Count(_, w) => {
                    Op::Count(place(&mut windows, w.map_or(f64::INFINITY, |w| w.as_micros() as f64)))
                }
                Feature::ActiveDays(_, w) => Op::ActiveDays(micros(w)),
                Feature::DaysSinceFirst(_) => Op::First,
                Feature::DaysSinceLast(_) => Op::Last,
                Feature::Decayed(_, half_life) => {
                    Op::Decayed(place(&mut decays, -std::f64::consts::LN_2 / half_life.as_micros() as f64))
                }
                Feature::Momentum(_) => {
                    Op::Momentum(place(&mut windows, (7 * DAY) as f64), place(&mut windows, (28 * DAY) as f64))
                }
                Feature::Value(op, _, value, w) => {
                    Op::Value(*op, values.iter().position(|v| v == value).unwrap_or(usize::MAX), micros(w))
                }
                Feature::DistinctChannels(_) => Op::DistinctChannels,
                Feature::FirstChannel => Op::FirstChannel,
                Feature::LastChannel => Op::LastChannel,
                Feature::Stage => Op::Stage,
                Feature::DaysInStage => Op::DaysInStage,
                Feature::AgeDays => Op::Age,
                Feature::Field(_) | Feature::DaysSinceField(_) => Op::Field,
            })
            .collect();
        let looks = |feature: &Feature, kind: &Kind| match feature {
            Feature::FirstChannel | Feature::LastChannel => !kind.stage && kind.side != Side::Sales,
            Feature::Stage | Feature::DaysInStage => kind.stage,
            _ => feature.selector().is_some_and(|s| s.chooses(kind)),
        };
        // Numbers of the features that look at a kind → class.
        let mut by_features: HashMap<Vec<u32>, usize> = HashMap::from([(Vec::new(), 0)]);
        let first_bins = kinds
            .iter()
            .map(|kind| {
                let Some(kind) = known(kind) else { return Bin::default() };
                let lookers = features.iter().zip(0u32..).filter(|(f, _)| looks(f, &kind)).map(|(_, op)| op);
                let next = by_features.len();
                Bin::first_of(*by_features.entry(lookers.collect()).or_insert(next))
            })
            .collect();
        let classes = by_features.len();
        let mut sets = vec![ReadsOf { classes: Vec::new(), mask: vec![0; classes] }; features.len()];
        let mut ordered: Vec<(usize, &Vec<u32>)> =
            by_features.iter().map(|(lookers, class)| (*class, lookers)).collect();
        ordered.sort_unstable();
        for (class, lookers) in ordered {
            for set in lookers {
                if let Some(set) = sets.get_mut(*set as usize) {
                    set.classes.push(class);
                    if let Some(mask) = set.mask.get_mut(class) {
                        *mask = u64::MAX;
                    }
                }
            }
        }
        Self {
            needs_days: cap.is_some() || ops.iter().any(|o| matches!(o, Op::ActiveDays(_))),
            needs_first: ops.contains(&Op::First),
            ops: ops.into_iter().zip(sets).collect(),
            first_bins,
            classes,
            windows: pairs(&windows),
            decays,
            cap,
            zone: zone.clone(),
        }
    }
}

/// Windows two and two, at least one pair.
fn pairs(windows: &[f64]) -> Vec<[f64; 2]> {
    let window = |i: usize| windows.get(i).copied().unwrap_or(-1.0);
    (0..windows.len().div_ceil(2).max(1)).map(|i| [window(2 * i), window(2 * i + 1)]).collect()
}

/// Place of `x` in a list, where it is put if it is not there.
fn place<T: PartialEq>(list: &mut Vec<T>, x: T) -> usize {
    list.iter().position(|y| *y == x).unwrap_or_else(|| {
        list.push(x);
        list.len() - 1
    })
}
