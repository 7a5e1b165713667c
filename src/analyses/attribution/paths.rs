//! Paths: the touches of a lead before each conversion, or of one that did not convert.

use std::ops::Range;

use crate::encoding::MISSING;
use crate::error::{Error, Result};
use crate::journeys::{CodeSlice, DayMoment, Journeys, Measure, Status, WinFinder, Wins, lost_since, status_log};
use crate::query::Matcher;
use crate::schema::{Kind, NONE, Side};
use crate::time::{NO_TIME, Span};

use super::labels::{channel_name, channels_like};
use super::spec::{AttributionSpec, Conversions, Method, NullPaths, PathForm};

/// One touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) channel: u32,
    pub(super) at: i64,
    /// Whether only the day is known.
    pub(super) day: bool,
}

/// A path, ready.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    pub(super) touches: &'a [Touch],
    /// Time of its end.
    pub(super) end: i64,
    /// Value of the conversion, 0 if it is not known; `None` if it did not convert.
    pub(super) value: Option<f64>,
    /// Whether the value is known.
    pub(super) is_valued: bool,
    pub(super) milestones: Milestones,
}

/// Which touches of a path made the lead and the opportunity: the last up to each of these times, that of its end
/// included. Repeats of such a touch that are one with it count as it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Milestones {
    pub(super) lead: Option<usize>,
    pub(super) opportunity: Option<usize>,
}

/// A conversion, or an entry of the stage of the opportunity.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: i64,
    day: bool,
    deal: u32,
    amount: Option<f64>,
}

/// What gets the credit.
#[derive(Debug, Clone, Copy)]
enum PathBy {
    Channel,
    Kind,
    /// The property of this number.
    Prop(usize),
}

/// What makes paths of journeys.
#[derive(Debug)]
pub(super) struct PathExtractor<'a> {
    journeys: &'a Journeys,
    by: PathBy,
    /// Names that codes stand for.
    pub(super) names: Vec<String>,
    /// The code of touches without a value; it follows the codes of names in the data.
    missing: u32,
    allowed: Vec<bool>,
    /// What events of each kind are, as bits.
    roles: Vec<u8>,
    asks_opportunity: bool,
    matcher: Option<Matcher<'a>>,
    every: bool,
    lookback: Option<i64>,
    form: PathForm,
    nulls: NullPaths,
    finder: WinFinder<'a>,
    measure: Measure<'a>,
    won: std::collections::BTreeSet<u32>,
    lost: std::collections::BTreeSet<u32>,
}

/// A conversion.
const TARGET: u8 = 1;
/// The entry of the stage of the opportunity.
const OPPORTUNITY: u8 = 2;
/// A touch, where nothing else decides.
const TOUCH: u8 = 4;
/// Of a kind of which some rows are known to the day only.
const WHOLE_DAY: u8 = 8;

/// Room for the paths of one lead.
#[derive(Debug, Default)]
pub(super) struct PathRoom {
    /// As long as the longest list of touches so far.
    touches: Vec<Touch>,
    shaped: Vec<Touch>,
    seen: Vec<u32>,
    log: Vec<(i64, Status)>,
    /// Places and roles of conversions and opportunities.
    marks: Vec<(usize, u8)>,
    conversions: Vec<Mark>,
    opportunities: Vec<Mark>,
    wins: Wins,
}

impl<'a> PathExtractor<'a> {
    pub(super) fn new(journeys: &'a Journeys, spec: &AttributionSpec) -> Result<Self> {
        let (by, names): (PathBy, Vec<String>) = match spec.by.as_str() {
            "channel" => (PathBy::Channel, journeys.channels.iter().map(ToOwned::to_owned).collect()),
            "kind" => (PathBy::Kind, journeys.kinds.iter().map(Kind::name).collect()),
            name => {
                let found = journeys.props.iter().enumerate().find(|(_, (n, _))| n == name);
                let Some((p, (_, texts))) = found else {
                    let known = journeys.props.iter().map(|(n, _)| n.as_str()).chain(["channel", "kind"]);
                    return Err(Error::unknown("property of events", name, known));
                };
                (PathBy::Prop(p), texts.iter().map(ToOwned::to_owned).collect())
            }
        };
        let target = if spec.target.is_empty() { &journeys.won } else { &spec.target };
        if target.is_empty() {
            return Err(journeys.no_target("attribution"));
        }
        let missing = names.len() as u32;
        let has_missing = !matches!(by, PathBy::Kind);
        let include = channels_like(&spec.include, &names, has_missing)?;
        let exclude = channels_like(&spec.exclude, &names, has_missing)?;
        let mut allowed: Vec<bool> =
            include.iter().zip(&exclude).map(|(yes, no)| (spec.include.is_empty() || *yes) && !no).collect();
        allowed.resize(names.len() + 1, false);
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
        let targets = journeys.codes_of("target", target)?;
        let opportunity = opportunity(journeys, spec)?;
        let opportunities = opportunity.iter().cloned().collect::<Vec<_>>();
        let opportunities = journeys.codes_of("opportunity", &opportunities)?;
        // Where a table has no channels at all, its events do not count as touches unless requested.
        let has_value = match by {
            PathBy::Channel => journeys.kinds_with(journeys.timeline.channel.as_ref()),
            PathBy::Kind => vec![true; journeys.kinds.len()],
            PathBy::Prop(p) => journeys.kinds_with(journeys.timeline.props.get(p)),
        };
        let role = |((kind, code), has_value): ((&Kind, u32), &bool)| {
            let is = |yes: bool, role: u8| if yes { role } else { 0 };
            let target = targets.contains(&code);
            is(target, TARGET)
                | is(opportunities.contains(&code), OPPORTUNITY)
                | is(!target && !kind.stage && kind.side != Side::Sales && *has_value, TOUCH)
                | is(journeys.days.kinds.contains(&code), WHOLE_DAY)
        };
        Ok(Self {
            journeys,
            by,
            names: (names.iter().map(|name| channel_name(name)))
                .chain((has_missing && missing > 0).then(|| MISSING.to_owned()))
                .collect(),
            missing,
            allowed,
            roles: journeys.kinds.iter().zip(0..).zip(&has_value).map(role).collect(),
            asks_opportunity: opportunity.is_some(),
            matcher,
            every: spec.conversions == Conversions::Every,
            lookback: spec.lookback.map(Span::as_micros),
            form: spec.path,
            nulls: spec.nulls,
            finder: WinFinder::new(journeys, targets),
            measure: journeys.measure(),
            won: journeys.codes_known(&journeys.won),
            lost: journeys.codes_known(&journeys.lost),
        })
    }

    fn channel(&self, i: usize) -> u32 {
        let timeline = &self.journeys.timeline;
        let code = match self.by {
            PathBy::Channel => timeline.channel.as_ref().map_or(NONE, |c| c.get(i)),
            PathBy::Kind => timeline.kind.get(i),
            PathBy::Prop(p) => timeline.props.get(p).map_or(NONE, |c| c.get(i)),
        };
        code.min(self.missing)
    }

    /// The first touch of `lead`, converted or not.
    pub(super) fn first_touch(&self, lead: u32) -> Option<Touch> {
        let timeline = &self.journeys.timeline;
        let until = self.journeys.observed_until;
        timeline.range(lead).find_map(|i| {
            let at = timeline.at.get(i).copied().filter(|at| *at < until)?;
            let channel = self.channel(i);
            let day = || self.is_day(self.role(i), at);
            self.is_touch(i, channel).then(|| Touch { channel, at, day: day() })
        })
    }

    /// What the event at `i` is.
    fn role(&self, i: usize) -> u8 {
        self.roles.get(self.journeys.timeline.kind.get(i) as usize).copied().unwrap_or(0)
    }

    /// Whether something of this role at this time is known to the day only.
    fn is_day(&self, role: u8, at: i64) -> bool {
        let days = &self.journeys.days;
        role & WHOLE_DAY != 0 && (days.mixed.is_empty() || days.dates.contains_key(&at))
    }

    /// Whether the event at `i`, of `channel`, is a touch.
    fn is_touch(&self, i: usize, channel: u32) -> bool {
        let role = self.role(i);
        let touches = match &self.matcher {
            None => role & TOUCH != 0,
            Some(matcher) => role & TARGET == 0 && matcher.bits(i) != 0,
        };
        touches & self.allowed.get(channel as usize).copied().unwrap_or(false)
    }

    /// Gives every path of `lead` to `take`. Conversions without a touch are paths of no touches; leads that did not
    /// convert and were not touched make no path.
    pub(super) fn paths(&self, lead: u32, room: &mut PathRoom, mut take: impl FnMut(Path<'_>)) {
        let timeline = &self.journeys.timeline;
        let until = self.journeys.observed_until;
        let range = timeline.range(lead);
        let at = timeline.at.get(range.clone()).unwrap_or(&[]);
        let mut events = match at.last() {
            Some(last) if *last >= until => at.partition_point(|t| *t < until),
            _ => at.len(),
        };
        let kinds = timeline.kind.slice(range.start..range.start + events);
        // What comes after the one conversion that counts is on no path.
        let only_first = !self.every && !self.asks_opportunity;
        match kinds {
            CodeSlice::U8(kinds) => marks(kinds, &self.roles, only_first, &mut room.marks),
            CodeSlice::U16(kinds) => marks(kinds, &self.roles, only_first, &mut room.marks),
            CodeSlice::U32(kinds) => marks(kinds, &self.roles, only_first, &mut room.marks),
        }
        room.conversions.clear();
        room.opportunities.clear();
        if room.marks.iter().any(|(_, role)| role & TARGET != 0) {
            self.finder.find(lead, &mut room.wins);
        }
        for (place, role) in &room.marks {
            let Some(t) = at.get(*place).copied() else { continue };
            let position = range.start + place;
            let deal = if self.asks_opportunity { self.journeys.deal_at(lead, position) } else { NONE };
            if role & OPPORTUNITY != 0 {
                room.opportunities.push(Mark { at: t, day: self.is_day(*role, t), deal, amount: None });
            }
            if role & TARGET != 0 && (self.every || room.conversions.is_empty()) && room.wins.is_first(position) {
                // Of a lead that converts once, all that it won at that instant is the value.
                let amount =
                    if self.every { room.wins.amount(position) } else { room.wins.amount_of_instant(position) };
                room.conversions.push(Mark { at: t, day: self.is_day(*role, t), deal, amount });
                if only_first {
                    events = place + at.iter().take(events).skip(*place).take_while(|other| **other == t).count();
                }
            }
        }
        if room.touches.len() < events {
            room.touches.resize(events, Touch { channel: NONE, at: NO_TIME, day: false });
        }
        // Deals won at one instant in an order that does not depend on that of rows, so sums have the same bits.
        let amount = |mark: &Mark| mark.amount.unwrap_or(f64::NEG_INFINITY);
        room.conversions.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| amount(a).total_cmp(&amount(b))));
        let touches = self.pick_touches(range.start..range.start + events, &mut room.touches);
        let created = Some(self.journeys.leads.created_at(lead)).filter(|t| *t != NO_TIME);
        let PathRoom { touches: all, shaped, seen, log, conversions, opportunities, .. } = room;
        let touches = all.get(..touches).unwrap_or(&[]);
        // Conversions of one instant share the touches before it.
        let (mut from, mut next, mut before, mut now) = (0, 0, i64::MIN, i64::MIN);
        for conversion in conversions.iter() {
            let end = conversion.at;
            if end > now {
                (from, before, now) = (next, now, end);
            }
            // A touch of the same instant came with the conversion.
            let to = touches.partition_point(|t| t.at <= end).max(from);
            let mine = touches.get(from..to).unwrap_or(&[]);
            let times = [created, opportunity_of(conversion, opportunities, before)];
            let milestones = self.shape(mine, DayMoment { at: end, day: conversion.day }, times, shaped, seen);
            let (value, is_valued) = (conversion.amount.unwrap_or(0.0), conversion.amount.is_some());
            take(Path { touches: shaped, end, value: Some(value), is_valued, milestones });
            next = to;
        }
        if !conversions.is_empty() || touches.is_empty() || self.nulls == NullPaths::None {
            return;
        }
        let mut end =
            touches.last().map_or(DayMoment { at: until, day: false }, |t| DayMoment { at: t.at, day: t.day });
        if self.nulls == NullPaths::Lost {
            status_log(timeline, lead, &self.won, &self.lost, log);
            let Some(at) = lost_since(log, until) else { return };
            end = self.measure.of_kinds(self.lost.iter(), at);
        }
        let to = touches.partition_point(|t| t.at <= end.at);
        let milestones = self.shape(touches.get(..to).unwrap_or(&[]), end, [created, None], shaped, seen);
        if !shaped.is_empty() {
            take(Path { touches: shaped, end: end.at, value: None, is_valued: false, milestones });
        }
    }

    /// Writes the touches among some events to the start of `touches`; how many there are.
    fn pick_touches(&self, events: Range<usize>, touches: &mut [Touch]) -> usize {
        let timeline = &self.journeys.timeline;
        if self.matcher.is_some() {
            let mut n = 0;
            for i in events {
                let channel = self.channel(i);
                if let (Some(touch), Some(at)) = (touches.get_mut(n), timeline.at.get(i)) {
                    *touch = Touch { channel, at: *at, day: self.is_day(self.role(i), *at) };
                }
                n += usize::from(self.is_touch(i, channel));
            }
            return n;
        }
        let channels = match self.by {
            PathBy::Channel => timeline.channel.as_ref(),
            PathBy::Kind => Some(&timeline.kind),
            PathBy::Prop(p) => timeline.props.get(p),
        };
        let Some(channels) = channels.map(|codes| codes.slice(events.clone())) else { return 0 };
        let at = timeline.at.get(events.clone()).unwrap_or(&[]);
        match timeline.kind.slice(events) {
            CodeSlice::U8(kinds) => self.pick_of(at, kinds, channels, touches),
            CodeSlice::U16(kinds) => self.pick_of(at, kinds, channels, touches),
            CodeSlice::U32(kinds) => self.pick_of(at, kinds, channels, touches),
        }
    }

    fn pick_of<K: ChannelCode>(
        &self,
        at: &[i64],
        kinds: &[K],
        channels: CodeSlice<'_>,
        touches: &mut [Touch],
    ) -> usize {
        match channels {
            CodeSlice::U8(channels) => pick(at, kinds, channels, &self.roles, self.missing, &self.allowed, touches),
            CodeSlice::U16(channels) => pick(at, kinds, channels, &self.roles, self.missing, &self.allowed, touches),
            CodeSlice::U32(channels) => pick(at, kinds, channels, &self.roles, self.missing, &self.allowed, touches),
        }
    }

    /// Writes the touches that count to `shaped`; which of them are the milestones of two times, those of the lead and the
    /// opportunity.
    fn shape(
        &self,
        touches: &[Touch],
        end: DayMoment,
        times: [Option<i64>; 2],
        shaped: &mut Vec<Touch>,
        seen: &mut Vec<u32>,
    ) -> Milestones {
        shaped.clear();
        let age = |t: &Touch| self.measure.between(DayMoment { at: t.at, day: t.day }, end);
        let old = self.lookback.map_or(0, |w| touches.partition_point(|t| age(t) > w));
        let recent = touches.get(old..).unwrap_or(&[]);
        // Events after the end are not milestones of the path.
        let [lead, opportunity] = times
            .map(|t| t.filter(|t| *t <= end.at).and_then(|t| recent.partition_point(|x| x.at <= t).checked_sub(1)));
        let mut places = [lead, opportunity];
        match self.form {
            PathForm::All => shaped.extend_from_slice(recent),
            PathForm::Collapse => {
                for (i, t) in recent.iter().enumerate() {
                    match shaped.last_mut() {
                        Some(last) if last.channel == t.channel => *last = *t,
                        _ => shaped.push(*t),
                    }
                    for (place, old) in places.iter_mut().zip([lead, opportunity]) {
                        *place = if old == Some(i) { Some(shaped.len() - 1) } else { *place };
                    }
                }
            }
            PathForm::Unique => {
                // Usually few channels; the list belongs to one lead.
                seen.clear();
                for t in recent {
                    if let Err(place) = seen.binary_search(&t.channel) {
                        seen.insert(place, t.channel);
                        shaped.push(*t);
                    }
                }
                for place in &mut places {
                    let channel = place.and_then(|i| recent.get(i)).map(|t| t.channel);
                    *place = channel.and_then(|channel| shaped.iter().position(|t| t.channel == channel));
                }
            }
        }
        if self.measure.has_days() {
            // Rules weigh touches by their age: where days are known only, as many calendar days before the end.
            for t in shaped.iter_mut() {
                t.at = end.at - age(t);
            }
        }
        let [lead, opportunity] = places;
        Milestones { lead, opportunity }
    }
}

/// When the opportunity of a conversion was entered: that of its deal, or one of no deal since the conversion `before`.
fn opportunity_of(conversion: &Mark, opportunities: &[Mark], before: i64) -> Option<i64> {
    let is_own = |mark: &&Mark| {
        let same_deal = mark.deal != NONE && mark.deal == conversion.deal;
        let of_no_deal = (mark.deal == NONE || conversion.deal == NONE) && mark.at > before;
        mark.at <= conversion.at && (same_deal || of_no_deal)
    };
    opportunities.iter().find(is_own).map(|mark| mark.at)
}

/// A code of some width.
trait ChannelCode: Copy + Into<u32> {}
impl<T: Copy + Into<u32>> ChannelCode for T {}

/// Places and roles of the events that are conversions or opportunities, up to the first conversion if that is all that
/// counts.
#[inline(never)]
fn marks<K: ChannelCode>(kinds: &[K], roles: &[u8], only_first: bool, marks: &mut Vec<(usize, u8)>) {
    marks.clear();
    let role = |kind: &K| roles.get((*kind).into() as usize).copied().unwrap_or(0);
    let asked = if only_first { TARGET } else { TARGET | OPPORTUNITY };
    for (place, role) in kinds.iter().map(role).enumerate().filter(|(_, role)| role & asked != 0) {
        marks.push((place, role));
        if only_first {
            return;
        }
    }
}

/// Writes the touches to the start of `touches`, without a branch, which would be mispredicted.
#[inline(never)]
fn pick<K: ChannelCode, C: ChannelCode>(
    at: &[i64],
    kinds: &[K],
    channels: &[C],
    roles: &[u8],
    missing: u32,
    allowed: &[bool],
    touches: &mut [Touch],
) -> usize {
    let mut n = 0;
    for ((at, kind), channel) in at.iter().zip(kinds).zip(channels) {
        // The largest code of each width lies beyond the channels and stands for a missing one.
        let (kind, channel) = ((*kind).into() as usize, (*channel).into().min(missing));
        let role = roles.get(kind).copied().unwrap_or(0);
        if let Some(touch) = touches.get_mut(n) {
            *touch = Touch { channel, at: *at, day: role & WHOLE_DAY != 0 };
        }
        n += usize::from((role & TOUCH != 0) & allowed.get(channel as usize).copied().unwrap_or(false));
    }
    n
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
    // Lost stages are not milestones.
    let known = journeys.pipeline.iter().rev().filter(|s| !journeys.lost.contains(s)).nth(1).cloned();
    let missing = || {
        let problem = format!("{method} needs the opportunity stage; set opportunity=, or Journeys(pipeline=…)");
        Error::option("opportunity", problem)
    };
    known.map(Some).ok_or_else(missing)
}
