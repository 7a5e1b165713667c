//! The pass that follows leads from place to place.

use super::result::{Ending, Paths};
use super::spec::{PathUnit, PathsSpec};
use super::tally::{ENDED, ENTRY, EXIT, LOST, MISSING, OPEN, PathsTally, PlaceCounts, WON, Way, end};
use crate::error::{Error, Result};
use crate::journeys::{DayMoment, Journeys, Measure, Status, lost_since, status_log};
use crate::progress::Task;
use crate::query::{Matcher, no_channels};
use crate::schema::{Kind, NONE, Side};
use crate::time::Span;

/// What a place is.
#[derive(Debug, Clone, Copy)]
enum PlaceBy {
    Kind,
    Channel,
    Prop(usize),
}

struct Follower<'a> {
    journeys: &'a Journeys,
    spec: &'a PathsSpec,
    by: PlaceBy,
    labels: Vec<String>,
    kinds: Vec<bool>,
    matcher: Option<Matcher<'a>>,
    target: Vec<bool>,
    won: std::collections::BTreeSet<u32>,
    lost: std::collections::BTreeSet<u32>,
    gap: Option<i64>,
    measure: Measure<'a>,
}

/// Room for one lead.
#[derive(Default)]
struct PlaceRoom {
    places: Vec<(DayMoment, u32)>,
    ways: Ways,
    log: Vec<(i64, Status)>,
}

/// Room for one path.
#[derive(Default)]
struct Ways {
    way: Vec<u32>,
    /// A place, and the one it goes back from, if it is another.
    found: Vec<(u32, Option<u32>)>,
}

impl Journeys {
    /// Follows leads (or sessions) from place to place: transitions with entry and exit, the most frequent ways to win and
    /// loss, where paths are step by step, and loops.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for names that the data does not have, [`Error::InvalidOption`], [`Error::Interrupted`].
    pub fn paths(&self, spec: &PathsSpec, task: &Task) -> Result<Paths> {
        self.paths_tally(spec, task)?.finish(task)
    }

    /// The counts of paths, to be merged with other leads.
    ///
    /// # Errors
    /// As [`Journeys::paths`].
    pub fn paths_tally(&self, spec: &PathsSpec, task: &Task) -> Result<PathsTally> {
        let follower = Follower::new(self, spec)?;
        let population = self.population(&spec.filter)?;
        let (part, _) = self.fold(
            "following paths",
            task,
            || (PlaceCounts::default(), PlaceRoom::default()),
            |(part, room), lead| {
                if !population.has(lead) {
                } else if self.started_before_outcomes(lead) {
                    part.before_outcomes += 1;
                } else {
                    follower.follow(lead, room, part);
                }
                Ok(())
            },
            |(a, room), (b, _)| (a.join(b, |place| place, task), room),
        )?;
        Ok(PathsTally::new(spec, &follower.labels, part))
    }
}

impl<'a> Follower<'a> {
    fn new(journeys: &'a Journeys, spec: &'a PathsSpec) -> Result<Self> {
        if spec.unit == PathUnit::Session && spec.session_gap.is_none() {
            return Err(Error::option("session_gap", "sessions need a gap such as '30m'; set session_gap="));
        }
        if let Some(gap) = spec.session_gap {
            gap.positive("session_gap")?;
        }
        if spec.length == 0 || spec.length > 100 {
            return Err(Error::option("length", format!("must be from 1 to 100, not {}", spec.length)));
        }
        let (by, labels) = match spec.by.as_str() {
            "kind" => (PlaceBy::Kind, journeys.kinds.iter().map(Kind::name).collect()),
            "channel" if journeys.channels.is_empty() => return Err(no_channels(journeys, "by", "")),
            "channel" => (PlaceBy::Channel, journeys.channels.iter().map(ToOwned::to_owned).collect()),
            name => {
                let found = journeys.props.iter().enumerate().find(|(_, (n, _))| n == name);
                let Some((p, (_, texts))) = found else {
                    let known = journeys.props.iter().map(|(n, _)| n.as_str()).chain(["kind", "channel"]);
                    return Err(Error::unknown("property of events", name, known));
                };
                (PlaceBy::Prop(p), texts.iter().map(ToOwned::to_owned).collect::<Vec<String>>())
            }
        };
        let matcher = match &spec.events {
            None => None,
            Some(step) => {
                let mut matcher = Matcher::new(journeys);
                matcher.add(step.plain("events")?, 1)?;
                Some(matcher)
            }
        };
        let target = if spec.target.is_empty() {
            journeys.codes_known(&journeys.won)
        } else {
            journeys.codes_of("target", &spec.target)?
        };
        // Where a table has no channels at all, its events are at no place unless they are asked for.
        let has_value = match by {
            PlaceBy::Kind => vec![true; journeys.kinds.len()],
            PlaceBy::Channel => journeys.kinds_with(journeys.timeline.channel.as_ref()),
            PlaceBy::Prop(p) => journeys.kinds_with(journeys.timeline.props.get(p)),
        };
        let counts = |(k, has_value): (&Kind, &bool)| !k.stage && k.side != Side::Sales && *has_value;
        Ok(Self {
            journeys,
            spec,
            by,
            labels,
            kinds: journeys.kinds.iter().zip(&has_value).map(counts).collect(),
            matcher,
            target: (0..journeys.kinds.len() as u32).map(|c| target.contains(&c)).collect(),
            won: journeys.codes_known(&journeys.won),
            lost: journeys.codes_known(&journeys.lost),
            gap: spec.session_gap.map(Span::as_micros),
            measure: journeys.measure(),
        })
    }

    fn follow(&self, lead: u32, room: &mut PlaceRoom, part: &mut PlaceCounts) {
        let timeline = &self.journeys.timeline;
        let until = self.journeys.observed_until;
        let flag = |flags: &[bool], code: u32| flags.get(code as usize).copied().unwrap_or(false);
        status_log(timeline, lead, &self.won, &self.lost, &mut room.log);
        let lost = lost_since(&room.log, until);
        room.places.clear();
        let mut ending = if lost.is_some() { Ending::Lost } else { Ending::Open };
        // The last instant that is part of the path: events at the instant of a win belong to it.
        let mut last = until - 1;
        for i in timeline.range(lead) {
            let Some(at) = timeline.at.get(i).copied().filter(|at| *at <= last) else { break };
            let kind = timeline.kind.get(i);
            if flag(&self.target, kind) {
                (ending, last) = (Ending::Won, at);
                continue;
            }
            let counts = self.matcher.as_ref().map_or_else(|| flag(&self.kinds, kind), |m| m.bits(i) != 0);
            let place = match self.by {
                PlaceBy::Kind => kind,
                PlaceBy::Channel => timeline.channel.as_ref().map_or(NONE, |c| c.get(i)),
                PlaceBy::Prop(p) => timeline.props.get(p).map_or(NONE, |c| c.get(i)),
            };
            if counts {
                let moment = self.measure.of_kind(kind, at);
                room.places.push((moment, if place == NONE { MISSING } else { place }));
            }
        }
        if let (Ending::Lost, Some(at)) = (ending, lost) {
            room.places.truncate(room.places.partition_point(|p| p.0.at <= at));
        }
        if room.places.is_empty() {
            return;
        }
        part.leads += 1;
        let PlaceRoom { places, ways, .. } = room;
        if let Some(gap) = self.gap {
            let mut before: Option<DayMoment> = None;
            let mut sessions = places.chunk_by(|a, b| self.between(a.0, b.0) <= gap).peekable();
            while let Some(session) = sessions.next() {
                let (Some(first), Some(last)) = (session.first(), session.last()) else { continue };
                part.single += u64::from(session.len() == 1);
                part.events += session.len() as u64;
                part.lengths.push(self.between(first.0, last.0));
                before.into_iter().for_each(|b| part.between.push(self.between(b, first.0)));
                before = Some(last.0);
                if self.spec.unit == PathUnit::Session {
                    // Only the last can have led to the end.
                    let ending = if sessions.peek().is_none() { ending } else { Ending::Open };
                    self.count(session, ending, EXIT, ways, part);
                }
            }
        }
        if self.spec.unit == PathUnit::Lead {
            let exit = match ending {
                Ending::Won => WON,
                Ending::Lost => LOST,
                Ending::Open => OPEN,
            };
            self.count(places, ending, exit, ways, part);
        }
    }

    /// Time from one place to the next; in calendar days where one of the two is known to the day only.
    fn between(&self, from: DayMoment, to: DayMoment) -> i64 {
        self.measure.between(from, to).max(0)
    }

    /// Counts one path.
    fn count(&self, places: &[(DayMoment, u32)], ending: Ending, exit: u32, ways: &mut Ways, part: &mut PlaceCounts) {
        let Ways { way, found } = ways;
        part.paths += 1;
        let mut before: Option<(DayMoment, u32)> = None;
        for (at, place) in places.iter().copied() {
            let from = before.map_or(ENTRY, |b| b.1);
            let t = part.transitions.entry((from, place)).or_default();
            t.0 += 1;
            before.into_iter().for_each(|b| t.1.push(self.between(b.0, at)));
            before = Some((at, place));
        }
        if let Some((_, last)) = before {
            part.transitions.entry((last, exit)).or_default().0 += 1;
        }
        way.clear();
        for (_, place) in places {
            if !(self.spec.collapse && way.last() == Some(place)) {
                way.push(*place);
            }
        }
        for step in 1..=self.spec.length {
            let place = way.get(step - 1).copied().unwrap_or(ENDED);
            *part.steps.entry((step, place)).or_default() += 1;
        }
        let tail = way.get(way.len().saturating_sub(self.spec.length)..).unwrap_or(&[]);
        end(part.ways.entry(Way::from_slice(tail)).or_default(), ending);
        way.dedup();
        count_loops(places, way, ending, found, part);
    }
}

/// Repeats in a row, and there and back. `way` has no repeats.
fn count_loops(
    places: &[(DayMoment, u32)],
    way: &[u32],
    ending: Ending,
    found: &mut Vec<(u32, Option<u32>)>,
    part: &mut PlaceCounts,
) {
    found.clear();
    let pairs = places.iter().zip(places.get(1..).unwrap_or(&[]));
    found.extend(pairs.filter(|(a, b)| a.1 == b.1).map(|(a, _)| (a.1, None)));
    for triple in way.windows(3) {
        if let [a, b, c] = triple
            && a == c
        {
            found.push((*a, Some(*b)));
        }
    }
    found.sort_unstable();
    for same in found.chunk_by(|a, b| a == b) {
        let count = match same {
            [(a, None), ..] => part.loops.entry(Way::from_slice(&[*a])).or_default(),
            [(a, Some(b)), ..] => part.loops.entry(Way::from_slice(&[*a, *b])).or_default(),
            [] => continue,
        };
        *count = (count.0 + same.len() as u64, count.1 + 1, count.2 + u64::from(ending == Ending::Won));
    }
}
