//! The one pass: all event features of one lead at one cutoff, from the events before it.

use crate::design::{Feature, Kind, NONE, Side, ValueOp};
use crate::math::exp2;
use crate::time::{DAY, NO_TIME, Span, Zone};

/// The events of one lead, in order.
pub trait JourneyView {
    /// Number of events.
    fn len(&self) -> usize;
    /// True if there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Time of event `i`.
    fn at(&self, i: usize) -> i64;
    /// Kind code of event `i`.
    fn kind(&self, i: usize) -> u32;
    /// Channel code of event `i`, [`NONE`] if it has none.
    fn channel(&self, i: usize) -> u32;
    /// Value number `value` of event `i`, NaN if it has none.
    fn value(&self, value: usize, i: usize) -> f64;
}

/// The value of a feature before it is encoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A number; NaN is missing.
    Number(f64),
    /// Code of a channel; [`NONE`] is missing.
    Channel(u32),
    /// Code of a stage; [`NONE`] is missing.
    Stage(u32),
    /// The feature is a field of the lead, which the journey does not know.
    Field,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Op {
    Count(Option<i64>),
    ActiveDays(Option<i64>),
    First,
    Last,
    Decayed(f64),
    Momentum,
    Value(ValueOp, usize, Option<i64>),
    DistinctChannels(usize),
    FirstChannel,
    LastChannel,
    Stage,
    DaysInStage,
    Age,
    Field,
}

/// What an op has gathered so far.
#[derive(Debug, Clone, Copy)]
struct State {
    a: f64,
    n: i64,
}

/// Features made ready for a dictionary of kinds and values.
#[derive(Debug, Clone)]
pub struct Plan {
    ops: Vec<Op>,
    /// Per kind code, the ops that look at its events.
    by_kind: Vec<Vec<u32>>,
    sets: usize,
    cap: Option<u32>,
    needs_days: bool,
    zone: Zone,
}

/// Working memory of [`Plan::row`]; keeps its allocations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Working {
    states: Vec<State>,
    channels: Vec<Vec<u32>>,
    days: Vec<i64>,
    counted: Vec<bool>,
    /// Per kind: the day and number of its latest events.
    caps: Vec<(i64, u32)>,
}

impl Plan {
    /// Makes `features` ready for events of `kinds`. `known` gives the kind as the features' names mean it (a model's
    /// own, which may be called differently where the data has grown a source); events of a kind without one are
    /// ignored by every feature.
    #[must_use]
    pub fn new(
        features: &[Feature],
        kinds: &[Kind],
        known: impl Fn(&Kind) -> Option<Kind>,
        values: &[String],
        cap: Option<u32>,
        zone: &Zone,
    ) -> Self {
        let mut sets = 0;
        let micros = |w: &Option<Span>| w.map(Span::as_micros);
        let ops: Vec<Op> = features
            .iter()
            .map(|f| match f {
                Feature::Count(_, w) => Op::Count(micros(w)),
                Feature::ActiveDays(_, w) => Op::ActiveDays(micros(w)),
                Feature::DaysSinceFirst(_) => Op::First,
                Feature::DaysSinceLast(_) => Op::Last,
                Feature::Decayed(_, half_life) => Op::Decayed(half_life.as_micros() as f64),
                Feature::Momentum(_) => Op::Momentum,
                Feature::Value(op, _, value, w) => {
                    Op::Value(*op, values.iter().position(|v| v == value).unwrap_or(usize::MAX), micros(w))
                }
                Feature::DistinctChannels(_) => {
                    sets += 1;
                    Op::DistinctChannels(sets - 1)
                }
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
        let by_kind = kinds
            .iter()
            .map(|kind| {
                let Some(kind) = known(kind) else { return Vec::new() };
                features.iter().zip(0u32..).filter(|(f, _)| looks(f, &kind)).map(|(_, op)| op).collect()
            })
            .collect();
        let needs_days = cap.is_some() || ops.iter().any(|o| matches!(o, Op::ActiveDays(_)));
        Self { ops, by_kind, sets, cap, needs_days, zone: zone.clone() }
    }

    /// Reads a lead's journey once: local days, and which events are within the daily cap of their kind.
    pub(crate) fn open<J: JourneyView>(&self, journey: &J, w: &mut Working) {
        w.days.clear();
        w.counted.clear();
        if !self.needs_days {
            return;
        }
        w.caps.clear();
        w.caps.resize(self.by_kind.len(), (NO_TIME, 0));
        // A day's start and end are looked up once per day, not per event.
        let (mut day, mut from, mut to) = (0, i64::MAX, i64::MIN);
        for i in 0..journey.len() {
            let at = journey.at(i);
            if at < from || at >= to {
                day = self.zone.day(at);
                from = self.zone.day_start(day).unwrap_or(i64::MIN);
                to = self.zone.day_start(day + 1).unwrap_or(i64::MAX);
            }
            w.days.push(day);
            let Some(cap) = self.cap else {
                w.counted.push(true);
                continue;
            };
            match w.caps.get_mut(journey.kind(i) as usize) {
                Some(c) => {
                    *c = if c.0 == day { (day, c.1 + 1) } else { (day, 1) };
                    w.counted.push(c.1 <= cap);
                }
                None => w.counted.push(true),
            }
        }
    }

    /// Computes all features at `cutoff`; [`Plan::open`] must have read the journey.
    pub(crate) fn row<J: JourneyView>(
        &self,
        journey: &J,
        created: i64,
        cutoff: i64,
        w: &mut Working,
        out: &mut Vec<Value>,
    ) {
        w.states.clear();
        w.states.extend(self.ops.iter().map(|op| match op {
            Op::ActiveDays(_) | Op::First | Op::Last | Op::Decayed(_) => State { a: 0.0, n: NO_TIME },
            Op::Value(ValueOp::Max | ValueOp::Last, ..) => State { a: f64::NAN, n: 0 },
            Op::FirstChannel | Op::LastChannel | Op::Stage | Op::DaysInStage => {
                State { a: f64::NAN, n: i64::from(NONE) }
            }
            _ => State { a: 0.0, n: 0 },
        }));
        w.channels.resize(self.sets, Vec::new());
        w.channels.iter_mut().for_each(Vec::clear);
        for i in 0..journey.len() {
            let at = journey.at(i);
            if at >= cutoff {
                break;
            }
            let kind = journey.kind(i);
            let Some(ops) = self.by_kind.get(kind as usize) else { continue };
            let counted = w.counted.get(i).copied().unwrap_or(true);
            let age = cutoff - at;
            let within = |window: Option<i64>| window.is_none_or(|w| age <= w);
            for op in ops {
                let (Some(op), Some(s)) = (self.ops.get(*op as usize), w.states.get_mut(*op as usize)) else {
                    continue;
                };
                match *op {
                    Op::Count(window) => s.n += i64::from(counted && within(window)),
                    Op::ActiveDays(window) => {
                        let day = w.days.get(i).copied().unwrap_or(NO_TIME);
                        if within(window) && s.n != day {
                            s.a += 1.0;
                            s.n = day;
                        }
                    }
                    Op::First => {
                        if s.n == NO_TIME {
                            s.n = at;
                        }
                    }
                    Op::Last => s.n = at,
                    Op::Decayed(half_life) => {
                        if counted {
                            if s.n != NO_TIME {
                                s.a *= exp2(-((at - s.n) as f64) / half_life);
                            }
                            s.a += 1.0;
                            s.n = at;
                        }
                    }
                    Op::Momentum => {
                        if counted && age <= 7 * DAY {
                            s.a += 1.0;
                        } else if counted && age <= 28 * DAY {
                            s.n += 1;
                        }
                    }
                    Op::Value(what, value, window) => {
                        let v = journey.value(value, i);
                        if !v.is_nan() && within(window) {
                            s.a = match what {
                                ValueOp::Sum => s.a + v,
                                ValueOp::Max => s.a.max(v),
                                ValueOp::Last => v,
                            };
                        }
                    }
                    Op::DistinctChannels(set) => {
                        let channel = journey.channel(i);
                        if let Some(set) = w.channels.get_mut(set).filter(|_| channel != NONE) {
                            set.push(channel);
                        }
                    }
                    Op::FirstChannel => {
                        if s.n == i64::from(NONE) {
                            s.n = i64::from(journey.channel(i));
                        }
                    }
                    Op::LastChannel => {
                        let channel = journey.channel(i);
                        if channel != NONE {
                            s.n = i64::from(channel);
                        }
                    }
                    Op::Stage | Op::DaysInStage => {
                        if s.n != i64::from(kind) {
                            *s = State { a: at as f64, n: i64::from(kind) };
                        }
                    }
                    Op::Age | Op::Field => {}
                }
            }
        }
        let days = |from: i64| if from == NO_TIME { f64::NAN } else { (cutoff - from) as f64 / DAY as f64 };
        out.clear();
        for (op, s) in self.ops.iter().zip(&w.states) {
            out.push(match *op {
                Op::Count(_) => Value::Number(s.n as f64),
                Op::ActiveDays(_) | Op::Value(..) => Value::Number(s.a),
                Op::First | Op::Last => Value::Number(days(s.n)),
                Op::Decayed(half_life) => Value::Number(match s.n {
                    NO_TIME => 0.0,
                    last => s.a * exp2(-((cutoff - last) as f64) / half_life),
                }),
                Op::Momentum => Value::Number(s.a - s.n as f64 / 3.0),
                Op::DistinctChannels(set) => Value::Number(w.channels.get_mut(set).map_or(0.0, |set| {
                    set.sort_unstable();
                    set.dedup();
                    set.len() as f64
                })),
                Op::FirstChannel | Op::LastChannel => Value::Channel(s.n as u32),
                Op::Stage => Value::Stage(s.n as u32),
                Op::DaysInStage => Value::Number((cutoff as f64 - s.a) / DAY as f64),
                Op::Age => Value::Number(days(created)),
                Op::Field => Value::Field,
            });
        }
    }
}
