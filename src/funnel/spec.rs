//! A funnel as asked for: steps, windows, order, entries, exclusions, breakdown.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Result};
use crate::journeys::{By, Where};
use crate::text_form::text_form;
use crate::time::{Period, Span};

/// A funnel as asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FunnelSpec {
    /// Steps, first to last.
    pub steps: Vec<Step>,
    /// Time from step 1 within which the last step must happen (inclusive); `None` for no limit.
    pub window: Option<Span>,
    /// Which events may lie between steps, and whether steps have an order.
    pub order: Order,
    /// Which entries into step 1 count.
    pub entry: Entry,
    /// Events that end an attempt while it lies between two steps.
    pub exclude: Vec<Exclusion>,
    /// Event property or `channel` that must have one value in all steps.
    pub hold: Option<String>,
    /// Lead fields, or an event property or `channel`, to break down by.
    pub by: Option<By>,
    /// Leads that count.
    #[serde(rename = "where")]
    pub filter: Where,
    /// Which step's property counts, for a breakdown by one of events.
    pub attribution: Attribution,
    /// Conversion over time: calendar period of entry.
    pub over: Option<Period>,
    /// Whether times from step to step are taken.
    pub times: bool,
    /// Another system's rules instead of these.
    pub compat: Option<Compat>,
    /// Its modes.
    pub modes: Vec<Mode>,
}

impl Default for FunnelSpec {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            window: None,
            order: Order::Sequential,
            entry: Entry::Best,
            exclude: Vec::new(),
            hold: None,
            by: None,
            filter: Where::default(),
            attribution: Attribution::First,
            over: None,
            times: true,
            compat: None,
            modes: Vec::new(),
        }
    }
}

/// Which events may lie between steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Any others.
    #[default]
    Sequential,
    /// None: a step is the lead's very next event.
    Strict,
    /// Steps in any order within the window, which starts with whichever comes first.
    Any,
}

/// Which entries into step 1 count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// The lead's first entry.
    First,
    /// Every entry is tried; the one that gets furthest counts.
    #[default]
    Best,
    /// Every attempt counts; the next starts after the one before has ended.
    Totals,
}

/// Which event's property is the value of a lead in a breakdown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Attribution {
    /// The first value along the steps.
    #[default]
    First,
    /// The last value along the steps.
    Last,
    /// Every value: the funnel is walked once per value, over events that have it.
    All,
    /// The value at this step, from 1; leads that did not reach it or have no value there are left out.
    Step(usize),
}

/// Another system whose rules are followed exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compat {
    /// `windowFunnel` of ClickHouse 26.9.
    ClickHouse,
}

/// Modes of `windowFunnel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A step that was already reached ends the chain.
    StrictDeduplication,
    /// Events that meet no step, or come out of order, end the chain.
    StrictOrder,
    /// Times must increase.
    StrictIncrease,
    /// A row serves one step of a chain only.
    StrictOnce,
    /// With `strict_order`: a step out of order is passed over.
    AllowReentry,
}

/// Events that end an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The events.
    pub event: Step,
    /// The step after which they do; the first if not given.
    #[serde(default)]
    pub after: Option<StepRef>,
    /// The step until which they do; the last if not given.
    #[serde(default)]
    pub before: Option<StepRef>,
    /// Whether the lead leaves the funnel altogether.
    #[serde(default)]
    pub removes: bool,
}

/// A step by its number, from 1, or its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StepRef {
    /// Its number.
    Number(usize),
    /// Its name.
    Name(String),
}

impl StepRef {
    /// Position in `steps`, from 0.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if there is no such step, or more than one of the name.
    pub fn position(&self, steps: &[Step]) -> Result<usize> {
        match self {
            Self::Number(k) if (1..=steps.len()).contains(k) => Ok(k - 1),
            Self::Number(k) => Err(Error::option("step", format!("there is no step {k}; there are {}", steps.len()))),
            Self::Name(name) => {
                if steps.iter().filter(|s| s.name == *name).count() > 1 {
                    return Err(Error::option("step", format!("several steps are called '{name}'; give a number")));
                }
                let names = names_of(steps);
                let place = names.iter().position(|n| n == name);
                place.ok_or_else(|| Error::unknown("step", name, names.iter().map(String::as_str)))
            }
        }
    }
}

/// One step: events of any of its choices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its name in results.
    pub name: String,
    /// What an event must be.
    pub any: Vec<Choice>,
    /// Whether leads may pass it over.
    pub optional: bool,
    /// Time from the step before, inclusive.
    pub within: Option<Span>,
}

/// What an event must be to count for a step: all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    /// Event kind or stage; `*` and `?` are wildcards. `created`, as the first step, means the lead's creation.
    pub kind: Option<String>,
    /// Stage, where an event kind has the same name.
    pub stage: Option<String>,
    /// Channel; wildcards allowed.
    pub channel: Option<String>,
    /// Conditions on values (`">= 3"`) and properties (text, wildcards allowed) by name.
    #[serde(rename = "where")]
    pub conditions: BTreeMap<String, String>,
}

impl Step {
    /// A step of one event kind or stage.
    #[must_use]
    pub fn kind(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            any: vec![Choice { kind: Some(name.to_owned()), ..Choice::default() }],
            optional: false,
            within: None,
        }
    }

    /// # Errors
    /// [`Error::InvalidOption`] naming `option` if it is optional or has a time, which only steps of a funnel can be.
    pub(crate) fn plain(&self, option: &str) -> Result<&Self> {
        if self.optional || self.within.is_some() {
            let problem = format!("'{}' is no step of a funnel: it cannot be optional or have a time", self.name);
            return Err(Error::option(option, problem));
        }
        Ok(self)
    }

    fn of(choices: Vec<Choice>) -> Self {
        let name = choices.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
        Self { name, any: choices, optional: false, within: None }
    }
}

impl Choice {
    /// What meets both.
    fn and(mut self, other: &Self) -> std::result::Result<Self, String> {
        let pairs = [
            (&mut self.kind, &other.kind, "kind"),
            (&mut self.stage, &other.stage, "stage"),
            (&mut self.channel, &other.channel, "channel"),
        ];
        for (mine, theirs, name) in pairs {
            match (mine.is_some(), theirs) {
                (true, Some(_)) => return Err(format!("a step and one of its choices both have a {name}")),
                (false, Some(_)) => mine.clone_from(theirs),
                (_, None) => {}
            }
        }
        for (name, condition) in &other.conditions {
            if self.conditions.insert(name.clone(), condition.clone()).is_some() {
                return Err(format!("a step and one of its choices both have a condition on '{name}'"));
            }
        }
        Ok(self)
    }
}

impl FunnelSpec {
    /// Names of the steps, one each: a second step of a name has its place behind it.
    #[must_use]
    pub fn step_names(&self) -> Vec<String> {
        names_of(&self.steps)
    }
}

/// Names of steps in results; a number is put behind one that another step has.
fn names_of(steps: &[Step]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(steps.len());
    for (k, step) in steps.iter().enumerate() {
        let is_taken = |name: &String, names: &[String]| {
            names.contains(name) || steps.iter().skip(k + 1).any(|s| s.name == *name && s.name != step.name)
        };
        let mut name = step.name.clone();
        let mut number = 1;
        while is_taken(&name, &names) {
            number += 1;
            name = format!("{} ({number})", step.name);
        }
        names.push(name);
    }
    names
}

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self::kind(name)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.kind.clone());
        parts.extend(self.stage.clone());
        parts.extend(self.channel.as_ref().map(|c| format!("channel {c}")));
        parts.extend(self.conditions.iter().map(|(name, c)| format!("{name} {c}")));
        f.write_str(&parts.join(", "))
    }
}

/// A step written as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    name: Option<String>,
    #[serde(default)]
    any: Vec<Step>,
    #[serde(default)]
    optional: bool,
    within: Option<Span>,
    kind: Option<String>,
    stage: Option<String>,
    channel: Option<String>,
    #[serde(rename = "where", default)]
    conditions: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Step {
    /// A name; a list of steps, any of which counts; or a table with `kind`, `stage`, `channel`, `where` or `any`, and
    /// `name`, `optional`, `within`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a step: a name, a list of names, or a table")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> std::result::Result<Step, E> {
                Ok(Step::kind(name))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Step, A::Error> {
                let mut choices = Vec::new();
                while let Some(step) = list.next_element::<Step>()? {
                    choices.extend(step.any);
                }
                Ok(Step::of(choices))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Step, A::Error> {
                let t = StepTable::deserialize(MapAccessDeserializer::new(map))?;
                let own = Choice { kind: t.kind, stage: t.stage, channel: t.channel, conditions: t.conditions };
                if let Some(s) = t.any.iter().find(|s| s.optional || s.within.is_some()) {
                    let problem =
                        format!("'{}' is one choice of a step: optional and within belong to the step", s.name);
                    return Err(serde::de::Error::custom(problem));
                }
                let mut choices: Vec<Choice> = t.any.into_iter().flat_map(|s| s.any).collect();
                if choices.is_empty() && own != Choice::default() {
                    choices.push(own);
                } else {
                    for choice in &mut choices {
                        *choice = choice.clone().and(&own).map_err(serde::de::Error::custom)?;
                    }
                }
                let mut step = Step::of(choices);
                step.name = t.name.unwrap_or(step.name);
                (step.optional, step.within) = (t.optional, t.within);
                Ok(step)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl FromStr for Attribution {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "first" => Self::First,
            "last" => Self::Last,
            "all" => Self::All,
            _ => match text.strip_prefix("step ").and_then(|n| n.parse().ok()) {
                Some(n) if n >= 1 => Self::Step(n),
                _ => return Err(Error::unknown("attribution", text, ["first", "last", "all", "step 1"])),
            },
        })
    }
}

impl fmt::Display for Attribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::All => f.write_str("all"),
            Self::Step(n) => write!(f, "step {n}"),
        }
    }
}

text_form!(Attribution);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_step() {
        let read = |json: &str| serde_json::from_str::<Step>(json);
        assert_eq!(read("\"visit\"").unwrap(), Step::kind("visit"));
        let any = read(r#"["visit", {"channel": "ads"}]"#).unwrap();
        assert_eq!((any.name.as_str(), any.any.len()), ("visit | channel ads", 2));
        let full = read(r#"{"kind": "visit", "where": {"pages": ">= 3"}, "optional": true, "within": "7d"}"#).unwrap();
        assert_eq!((full.name.as_str(), full.optional, full.within), ("visit, pages >= 3", true, Some(Span::days(7))));
        // What is written is read back.
        for step in [any, full] {
            assert_eq!(read(&serde_json::to_string(&step).unwrap()).unwrap(), step);
        }
        assert!(read(r#"{"knd": "visit"}"#).unwrap_err().to_string().contains("unknown field `knd`"));
        assert!(read("3").unwrap_err().to_string().contains("a step: a name"));
        let spec: FunnelSpec = serde_json::from_str(r#"{"steps": ["a"], "attribution": "step 2"}"#).unwrap();
        assert_eq!(spec.attribution, Attribution::Step(2));
        assert_eq!("frst".parse::<Attribution>().unwrap_err().kind(), "unknown_name");
    }
}
