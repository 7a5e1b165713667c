//! Paths: the touches of a lead before each conversion, or of one that did not convert.

use crate::design::{NONE, Side, wildcard};
use crate::error::{Error, Result};
use crate::funnel::Matcher;
use crate::journeys::{Journeys, Status, lost_since, status_log};
use crate::time::{NO_TIME, Span};

use super::spec::{AttributionSpec, Conversions, Method, NullPaths, PathForm};

/// One touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) channel: u32,
    pub(super) at: i64,
}

/// A path, ready.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    pub(super) touches: &'a [Touch],
    /// Time of its end.
    pub(super) end: i64,
    /// Value of the conversion; `None` if it did not convert.
    pub(super) value: Option<f64>,
    pub(super) created: Option<i64>,
    pub(super) opportunity: Option<i64>,
}

/// What gets the credit.
#[derive(Debug, Clone, Copy)]
enum By {
    Channel,
    Kind,
    /// The property of this number.
    Prop(usize),
}

/// What makes paths of journeys.
#[derive(Debug)]
pub(super) struct PathMaker<'a> {
    journeys: &'a Journeys,
    by: By,
    /// Names that codes stand for.
    pub(super) names: Vec<String>,
    allowed: Vec<bool>,
    target: Vec<bool>,
    opportunity: Option<Vec<bool>>,
    /// Kinds whose events are touches, where nothing else decides.
    kinds: Vec<bool>,
    matcher: Option<Matcher<'a>>,
    every: bool,
    lookback: Option<i64>,
    form: PathForm,
    nulls: NullPaths,
    won: std::collections::BTreeSet<u32>,
    lost: std::collections::BTreeSet<u32>,
}

/// Room for the paths of one lead.
#[derive(Debug, Default)]
pub(super) struct Room {
    touches: Vec<Touch>,
    shaped: Vec<Touch>,
    seen: Vec<u32>,
    log: Vec<(i64, Status)>,
    conversions: Vec<(i64, f64)>,
}

impl<'a> PathMaker<'a> {
    pub(super) fn new(journeys: &'a Journeys, spec: &AttributionSpec) -> Result<Self> {
        let (by, names): (By, Vec<String>) = match spec.by.as_str() {
            "channel" => (By::Channel, journeys.channels.iter().map(ToOwned::to_owned).collect()),
            "kind" => (By::Kind, journeys.kinds.iter().map(crate::design::Kind::name).collect()),
            name => {
                let found = journeys.props.iter().enumerate().find(|(_, (n, _))| n == name);
                let Some((p, (_, texts))) = found else {
                    let known = journeys.props.iter().map(|(n, _)| n.as_str()).chain(["channel", "kind"]);
                    return Err(Error::unknown("property of events", name, known));
                };
                (By::Prop(p), texts.iter().map(ToOwned::to_owned).collect())
            }
        };
        let flags = |what: &'static str, wanted: &[String]| -> Result<Vec<bool>> {
            let codes = journeys.codes_of(what, wanted)?;
            Ok((0..journeys.kinds.len() as u32).map(|c| codes.contains(&c)).collect())
        };
        let target = if spec.target.is_empty() { &journeys.won } else { &spec.target };
        if target.is_empty() {
            return Err(Error::option("target", "name the stage or event kind; the journeys have no won stage"));
        }
        for pattern in spec.include.iter().chain(&spec.exclude) {
            if !names.iter().any(|n| wildcard(pattern, n)) {
                return Err(Error::unknown("channel", pattern, names.iter().map(String::as_str)));
            }
        }
        let like = |patterns: &[String], name: &str| patterns.iter().any(|p| wildcard(p, name));
        let allowed = names
            .iter()
            .map(|n| (spec.include.is_empty() || like(&spec.include, n)) && !like(&spec.exclude, n))
            .collect();
        let matcher = match &spec.touches {
            None => None,
            Some(step) => {
                let mut matcher = Matcher::new(journeys);
                matcher.add(step.plain("touches")?, 1)?;
                Some(matcher)
            }
        };
        if let Some(w) = spec.lookback {
            w.positive("lookback")?;
        }
        Ok(Self {
            journeys,
            by,
            names,
            allowed,
            target: flags("target", target)?,
            opportunity: opportunity(journeys, spec)?.map(|o| flags("opportunity", &[o])).transpose()?,
            kinds: journeys.kinds.iter().map(|k| !k.stage && k.side != Side::Sales).collect(),
            matcher,
            every: spec.conversions == Conversions::Every,
            lookback: spec.lookback.map(Span::as_micros),
            form: spec.path,
            nulls: spec.nulls,
            won: journeys.codes_known(&journeys.won),
            lost: journeys.codes_known(&journeys.lost),
        })
    }

    fn channel(&self, i: usize) -> u32 {
        let timeline = &self.journeys.timeline;
        match self.by {
            By::Channel => timeline.channel.as_ref().map_or(NONE, |c| c.get(i)),
            By::Kind => timeline.kind.get(i),
            By::Prop(p) => timeline.props.get(p).map_or(NONE, |c| c.get(i)),
        }
    }

    /// The first touch of `lead`, whatever came of it.
    pub(super) fn first_touch(&self, lead: u32) -> Option<Touch> {
        let timeline = &self.journeys.timeline;
        let until = self.journeys.observed_until;
        timeline.range(lead).find_map(|i| {
            let at = timeline.at.get(i).copied().filter(|at| *at < until)?;
            self.touch(i, at)
        })
    }

    /// The touch that the event at `i` is.
    fn touch(&self, i: usize, at: i64) -> Option<Touch> {
        let kind = self.journeys.timeline.kind.get(i);
        let flag = |flags: &[bool], code: u32| flags.get(code as usize).copied().unwrap_or(false);
        if flag(&self.target, kind) {
            return None;
        }
        let touches = self.matcher.as_ref().map_or_else(|| flag(&self.kinds, kind), |m| m.bits(i) != 0);
        let channel = self.channel(i);
        (touches && flag(&self.allowed, channel)).then_some(Touch { channel, at })
    }

    /// Gives every path of `lead` to `take`. Conversions without a touch are paths of no touches; leads that did not
    /// convert and were not touched are no paths.
    pub(super) fn paths(&self, lead: u32, room: &mut Room, mut take: impl FnMut(Path<'_>)) {
        let timeline = &self.journeys.timeline;
        let until = self.journeys.observed_until;
        let flag = |flags: &[bool], code: u32| flags.get(code as usize).copied().unwrap_or(false);
        room.touches.clear();
        room.conversions.clear();
        let mut opportunity = None;
        for i in timeline.range(lead) {
            let Some(at) = timeline.at.get(i).copied().filter(|at| *at < until) else { break };
            // What comes after the one conversion that counts is on no path.
            if !self.every && self.opportunity.is_none() && room.conversions.first().is_some_and(|c| at > c.0) {
                break;
            }
            let kind = timeline.kind.get(i);
            if opportunity.is_none() && self.opportunity.as_ref().is_some_and(|o| flag(o, kind)) {
                opportunity = Some(at);
            }
            if flag(&self.target, kind) {
                if self.every || room.conversions.is_empty() {
                    room.conversions.push((at, self.journeys.amount_at(lead, i).unwrap_or(0.0)));
                }
                continue;
            }
            room.touches.extend(self.touch(i, at));
        }
        let created = Some(self.journeys.leads.created_at(lead)).filter(|t| *t != NO_TIME);
        let Room { touches, shaped, seen, log, conversions } = room;
        let mut from = 0;
        for (end, value) in conversions.iter().copied() {
            // A touch of the same instant came with the conversion.
            let to = touches.partition_point(|t| t.at <= end).max(from);
            let mine = touches.get(from..to).unwrap_or(&[]);
            self.shape(mine, end, shaped, seen);
            take(Path { touches: shaped, end, value: Some(value), created, opportunity });
            from = to;
        }
        if !conversions.is_empty() || touches.is_empty() || self.nulls == NullPaths::None {
            return;
        }
        let mut end = touches.last().map_or(until, |t| t.at);
        if self.nulls == NullPaths::Lost {
            status_log(timeline, lead, &self.won, &self.lost, log);
            let Some(at) = lost_since(log, until) else { return };
            end = at;
        }
        let to = touches.partition_point(|t| t.at <= end);
        self.shape(touches.get(..to).unwrap_or(&[]), end, shaped, seen);
        if !shaped.is_empty() {
            take(Path { touches: shaped, end, value: None, created, opportunity });
        }
    }

    fn shape(&self, touches: &[Touch], end: i64, shaped: &mut Vec<Touch>, seen: &mut Vec<u32>) {
        shaped.clear();
        let oldest = self.lookback.map_or(i64::MIN, |w| end.saturating_sub(w));
        let recent = touches.iter().filter(|t| t.at >= oldest);
        match self.form {
            PathForm::All => shaped.extend(recent),
            PathForm::Collapse => {
                for t in recent {
                    match shaped.last_mut() {
                        Some(last) if last.channel == t.channel => *last = *t,
                        _ => shaped.push(*t),
                    }
                }
            }
            PathForm::Unique => {
                // Few channels as a rule; the list is that of one lead.
                seen.clear();
                for t in recent {
                    if let Err(place) = seen.binary_search(&t.channel) {
                        seen.insert(place, t.channel);
                        shaped.push(*t);
                    }
                }
            }
        }
    }
}

/// The stage of the opportunity: the one asked for, else the last but one of the pipeline, if a method gives it a share.
fn opportunity(journeys: &Journeys, spec: &AttributionSpec) -> Result<Option<String>> {
    if spec.opportunity.is_some() {
        return Ok(spec.opportunity.clone());
    }
    let shares = |m: &Method| match m {
        Method::WShaped | Method::FullPath => true,
        Method::Custom(rule) => rule.weights.opportunity > 0.0,
        _ => false,
    };
    let Some(method) = spec.methods.iter().find(|m| shares(m)) else { return Ok(None) };
    let last_but_one = journeys.pipeline.iter().rev().nth(1).cloned();
    let known = last_but_one.filter(|s| !journeys.codes_known(std::slice::from_ref(s)).is_empty());
    let missing = || {
        let problem =
            format!("{method} gives a share to the opportunity: name its stage, or a pipeline for the journeys");
        Error::option("opportunity", problem)
    };
    known.map(Some).ok_or_else(missing)
}
