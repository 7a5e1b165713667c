//! Matching of events to steps, with conditions prepared for one data set.

use super::conditions::{ConditionedColumn, One, Ready};
use super::groups::no_channels;
use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::schema::{Choice, NONE, Step, is_pattern, like, wildcard};

/// Conditions that one event must meet beside its kind.
#[derive(Debug)]
struct StepCondition {
    /// Bits that it sets.
    bits: u64,
    kinds: Vec<bool>,
    channels: Option<Vec<bool>>,
    values: Vec<(usize, Ready)>,
    props: Vec<(usize, Ready)>,
}

/// Prepared steps: gives each event the bits of the steps it matches.
#[derive(Debug)]
pub(crate) struct Matcher<'a> {
    journeys: &'a Journeys,
    /// Bits that follow from the kind alone.
    pub(crate) kind_bits: Vec<u64>,
    conditions: Vec<StepCondition>,
}

impl<'a> Matcher<'a> {
    /// One without steps.
    pub(crate) fn new(journeys: &'a Journeys) -> Self {
        Self { journeys, kind_bits: vec![0; journeys.kinds.len()], conditions: Vec::new() }
    }

    /// Events of `step` get `bits`.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for names that the data does not have, [`Error::InvalidOption`].
    pub(crate) fn add(&mut self, step: &Step, bits: u64) -> Result<()> {
        if step.any.is_empty() {
            return Err(Error::option("steps", format!("step '{}' has no event; name at least one", step.name)));
        }
        for choice in &step.any {
            let kinds = kinds_of(self.journeys, choice)?;
            if choice.channel.is_none() && choice.conditions.is_empty() {
                for (mask, _) in self.kind_bits.iter_mut().zip(&kinds).filter(|(_, chosen)| **chosen) {
                    *mask |= bits;
                }
                continue;
            }
            let mut condition = StepCondition { bits, kinds, channels: None, values: Vec::new(), props: Vec::new() };
            if let Some(channel) = &choice.channel {
                let names: Vec<&str> = self.journeys.channels.iter().collect();
                if names.is_empty() {
                    return Err(no_channels(self.journeys, "channel", ""));
                }
                condition.channels = Some(levels_like("channel", channel, &names)?);
            }
            let zone = &self.journeys.timezone;
            for (name, wanted) in &choice.conditions {
                if let Some(v) = self.journeys.value_names.iter().position(|n| n == name) {
                    let values = self.journeys.timeline.values.get(v).map_or(&[][..], |values| values);
                    condition
                        .values
                        .push((v, Ready::new::<&str>(name, wanted, &ConditionedColumn::Numbers(values), zone)?));
                } else if let Some(p) = self.journeys.props.iter().position(|(n, _)| n == name) {
                    let levels: Vec<&str> = self.journeys.props.get(p).map_or(Vec::new(), |(_, t)| t.iter().collect());
                    condition.props.push((p, Ready::new(name, wanted, &ConditionedColumn::Levels(&levels), zone)?));
                } else if self.journeys.value_names.is_empty() && self.journeys.props.is_empty() {
                    let remedy = match name.as_str() {
                        "channel" => "set channel= of the step",
                        _ => "set Events(values=…) or Events(props=…)",
                    };
                    let problem = "is not a value or property of events, and the events have none";
                    return Err(Error::option("where", format!("'{name}' {problem}; {remedy}")));
                } else {
                    let known = self.journeys.value_names.iter().chain(self.journeys.props.iter().map(|(n, _)| n));
                    return Err(Error::unknown("value or property", name, known.map(String::as_str)));
                }
            }
            self.conditions.push(condition);
        }
        Ok(())
    }

    /// Bits of the event at position `i` of the timeline.
    pub(crate) fn bits(&self, i: usize) -> u64 {
        let timeline = &self.journeys.timeline;
        let kind = timeline.kind.get(i) as usize;
        let mut bits = self.kind_bits.get(kind).copied().unwrap_or(0);
        for c in &self.conditions {
            let flag = |flags: &[bool], code: u32| flags.get(code as usize).copied().unwrap_or(false);
            let holds = c.kinds.get(kind).copied().unwrap_or(false)
                && c.channels.as_ref().is_none_or(|f| flag(f, timeline.channel.as_ref().map_or(NONE, |t| t.get(i))))
                && c.values.iter().all(|(v, ready)| {
                    let value = timeline.values.get(*v).and_then(|v| v.get(i)).copied().unwrap_or(f64::NAN);
                    ready.holds(One::Number(value))
                })
                && c.props
                    .iter()
                    .all(|(p, ready)| ready.holds(One::Level(timeline.props.get(*p).map_or(NONE, |t| t.get(i)))));
            bits |= if holds { c.bits } else { 0 };
        }
        bits
    }

    /// Whether bits depend on the kind alone.
    pub(crate) fn by_kind_only(&self) -> bool {
        self.conditions.is_empty()
    }
}

fn kinds_of(journeys: &Journeys, choice: &Choice) -> Result<Vec<bool>> {
    let kinds = &journeys.kinds;
    let mut chosen = vec![true; kinds.len()];
    for (name, stage) in [(&choice.kind, false), (&choice.stage, true)] {
        let Some(name) = name else { continue };
        let is_one = |k: &crate::schema::Kind| !stage || k.stage;
        let mut flags: Vec<bool> = kinds.iter().map(|k| is_one(k) && k.is_called(name)).collect();
        // Names that occur, and names of declared stages, are taken literally.
        if !flags.contains(&true) && is_pattern(name) && !journeys.is_to_come(name) {
            flags = kinds.iter().map(|k| is_one(k) && wildcard(name, &k.name())).collect();
        }
        // A declared stage need not have occurred yet.
        if !flags.contains(&true) && !journeys.is_to_come(name) {
            let known: Vec<String> =
                kinds.iter().filter(|k| !stage || k.stage).map(crate::schema::Kind::name).collect();
            let what = if stage { "stage" } else { "step" };
            return Err(Error::unknown(what, name, known.iter().map(String::as_str)));
        }
        chosen.iter_mut().zip(flags).for_each(|(c, f)| *c &= f);
    }
    Ok(chosen)
}

fn levels_like(what: &'static str, pattern: &str, levels: &[&str]) -> Result<Vec<bool>> {
    let flags = like(pattern, levels);
    if flags.contains(&true) {
        Ok(flags)
    } else {
        Err(Error::unknown(what, pattern, levels.iter().copied().take(10_000)))
    }
}
