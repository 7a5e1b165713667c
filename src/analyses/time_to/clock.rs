//! What starts and ends the clock of a lead.

use super::gathered::Gathered;
use super::spec::TimeToSpec;
use crate::error::Result;
use crate::journeys::{CREATED, CodeSlice, DayMoment, Journeys, Measure, lost_since, status_log};
use crate::query::Groups;
use crate::survival::{End, Subject};
use crate::time::{DAY, NO_TIME};

/// What starts and ends a lead's clock.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own, none excludes another")]
pub(crate) struct Clock<'a> {
    journeys: &'a Journeys,
    target: Vec<bool>,
    /// Kinds that compete; `None` for losing.
    competing: Option<Vec<bool>>,
    pub(crate) competes: bool,
    start: Option<Vec<bool>>,
    pub(crate) groups: Option<Groups>,
    won: std::collections::BTreeSet<u32>,
    lost: std::collections::BTreeSet<u32>,
    late_entry: bool,
    /// The account of each lead, if accounts are declared.
    clusters: Option<Vec<u64>>,
    measure: Measure<'a>,
    targets_are_days: bool,
    /// What a competing end is.
    competing_end: End,
}

impl<'a> Clock<'a> {
    pub(crate) fn new(journeys: &'a Journeys, spec: &TimeToSpec) -> Result<Self> {
        let flags = |what: &'static str, names: &[String]| -> Result<Vec<bool>> {
            let codes = journeys.codes_of(what, names)?;
            Ok((0..journeys.kinds.len() as u32).map(|c| codes.contains(&c)).collect())
        };
        let target = if spec.target.is_empty() { &journeys.won } else { &spec.target };
        if target.is_empty() {
            return Err(journeys.no_target("time_to"));
        }
        let start = match &spec.start {
            Some(name) if !journeys.means_creation("start", name, CREATED)? => Some(name),
            Some(_) => None,
            None => {
                let problem = "time runs from creation, which the leads do not have; set Leads(created=…), or start= to a stage or event";
                journeys.creation_for("time_to", problem)?;
                None
            }
        };
        let lost = journeys.codes_known(&journeys.lost);
        let competing = match &spec.competing {
            None if lost.is_empty() => Some(vec![false; journeys.kinds.len()]),
            None => None,
            // The word means losing where the data says what that is.
            Some(names) if names == &["lost"] && !lost.is_empty() => None,
            // No lead is lost yet.
            Some(names) if names == &["lost"] && !journeys.lost.is_empty() => Some(vec![false; journeys.kinds.len()]),
            Some(names) => Some(flags("competing", names)?),
        };
        let target = flags("target", target)?;
        let days = &journeys.days.kinds;
        Ok(Self {
            journeys,
            targets_are_days: days.iter().any(|kind| target.get(*kind as usize) == Some(&true)),
            measure: journeys.measure(),
            competing_end: spec.competing_as.into(),
            target,
            competes: competing.as_ref().is_none_or(|flags| flags.contains(&true)),
            competing,
            start: start.map(|s| flags("start", std::slice::from_ref(s))).transpose()?,
            groups: spec.by.as_ref().map(|by| journeys.groups("by", by)).transpose()?,
            won: journeys.codes_known(&journeys.won),
            lost,
            late_entry: spec.late_entry,
            clusters: journeys.leads.clusters(),
        })
    }

    /// When one of `kinds` happens first.
    fn first(&self, lead: u32, kinds: &[bool]) -> Option<DayMoment> {
        fn first<T: Copy + Into<u32>>(at: &[i64], codes: &[T], kinds: &[bool]) -> Option<(i64, u32)> {
            let wanted = |code: T| kinds.get(code.into() as usize).copied().unwrap_or(false);
            at.iter().zip(codes).find(|(_, code)| wanted(**code)).map(|(at, code)| (*at, (*code).into()))
        }
        let timeline = &self.journeys.timeline;
        let range = timeline.range(lead);
        let at = timeline.at.get(range.clone()).unwrap_or(&[]);
        let found = match timeline.kind.slice(range) {
            CodeSlice::U8(codes) => first(at, codes, kinds),
            CodeSlice::U16(codes) => first(at, codes, kinds),
            CodeSlice::U32(codes) => first(at, codes, kinds),
        };
        found.map(|(at, kind)| self.measure.of_kind(kind, at))
    }

    pub(crate) fn measure(&self, lead: u32, part: &mut Gathered) {
        let until = self.journeys.observed_until;
        let start = match &self.start {
            None => Some(self.measure.creation(lead, self.journeys.leads.created_at(lead))),
            Some(kinds) => self.first(lead, kinds),
        };
        let Some(start) = start.filter(|t| t.at != NO_TIME && t.at < until) else {
            part.left_out.no_start += 1;
            return;
        };
        let recorded = self.journeys.outcomes_from;
        if recorded != NO_TIME && start.at < recorded && !self.late_entry {
            part.left_out.before_outcomes += 1;
            return;
        }
        if self.won.iter().any(|kind| self.target.get(*kind as usize) == Some(&true)) {
            part.left_out.reversed += self.journeys.reversed_of(lead, &self.won).count() as u64;
        }
        let target = self.first(lead, &self.target);
        let competing = match &self.competing {
            Some(kinds) if self.competes => self.first(lead, kinds),
            Some(_) => None,
            None => {
                // A lead that was lost and re-opened is at risk again.
                status_log(&self.journeys.timeline, lead, &self.won, &self.lost, &mut part.log);
                lost_since(&part.log, until).map(|at| self.measure.of_kinds(self.lost.iter(), at))
            }
        };
        if target.is_some_and(|t| t.at < start.at) || competing.is_some_and(|t| t.at < start.at) {
            part.left_out.ended_before += 1;
            return;
        }
        // The last instant at which an end would have been seen.
        let seen = until - 1;
        let (target, competing) = (target.filter(|t| t.at <= seen), competing.filter(|t| t.at <= seen));
        let (exit, end) = match (target, competing) {
            (Some(t), Some(c)) if c.at < t.at => (c, self.competing_end),
            (Some(t), _) => (t, End::Event),
            (None, Some(c)) => (c, self.competing_end),
            // Ends that are known to the day only are compared with a day.
            (None, None) => (DayMoment { at: seen, day: self.targets_are_days }, End::Censored),
        };
        let days = |t: DayMoment| self.measure.between(start, t).max(0) as f64 / DAY as f64;
        let entry =
            (recorded != NO_TIME && start.at < recorded).then(|| days(DayMoment { at: recorded - 1, day: false }));
        if entry.is_some_and(|e| e >= days(exit)) {
            part.left_out.before_outcomes += 1;
            return;
        }
        part.left_out.event_after_competing += u64::from(target.is_some() && end != End::Event);
        part.left_out.censored_by_competing += u64::from(competing.is_some() && end == End::Censored);
        let group = self.groups.as_ref().map_or(0, |g| g.of(lead).min(g.levels.len() as u32));
        let cluster = self.clusters.as_ref().and_then(|c| c.get(lead as usize)).copied();
        part.push(group, Subject { entry, exit: days(exit), end }, cluster);
    }
}
