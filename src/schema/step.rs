//! Events that are meant: a kind or stage, a channel, conditions on values and properties.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::condition::Condition;
use crate::error::{Error, Result};
use crate::time::Span;

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
    /// Whether an event is meant where `created` could also be the creation of leads.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub event: bool,
}

/// What an event must be to count for a step: all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    /// Event kind or stage; `*` and `?` are wildcards. `created`, as the first step, means the lead's creation.
    #[serde(deserialize_with = "name")]
    pub kind: Option<String>,
    /// Stage, where an event kind has the same name.
    #[serde(deserialize_with = "name")]
    pub stage: Option<String>,
    /// Channel; wildcards allowed.
    #[serde(deserialize_with = "name")]
    pub channel: Option<String>,
    /// Conditions on values and properties by name, as those on fields of leads are.
    #[serde(rename = "where")]
    pub conditions: BTreeMap<String, Condition>,
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
            event: false,
        }
    }

    /// # Errors
    /// [`Error::InvalidOption`] naming `option` if it is optional or has a time, which only steps of a funnel can be.
    pub(crate) fn plain(&self, option: &str) -> Result<&Self> {
        if self.optional || self.within.is_some() {
            let problem = format!("'{}': optional= and within= apply only to funnel steps", self.name);
            return Err(Error::option(option, problem));
        }
        Ok(self)
    }

    fn of(choices: Vec<Choice>) -> Self {
        let name = choices.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
        Self { name, any: choices, optional: false, within: None, event: false }
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
                (true, Some(_)) => {
                    return Err(format!(
                        "{name}= is given for a step and for one of its choices; leave one of them out"
                    ));
                }
                (false, Some(_)) => mine.clone_from(theirs),
                (_, None) => {}
            }
        }
        for (name, condition) in &other.conditions {
            if self.conditions.insert(name.clone(), condition.clone()).is_some() {
                return Err(format!(
                    "a condition on '{name}' is given for a step and for one of its choices; leave one of them out"
                ));
            }
        }
        Ok(self)
    }
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
        parts.extend(self.conditions.iter().map(|(name, condition)| match condition {
            Condition::Text(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        }));
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
    #[serde(default)]
    event: bool,
    #[serde(default, deserialize_with = "name")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "name")]
    stage: Option<String>,
    #[serde(default, deserialize_with = "name")]
    channel: Option<String>,
    #[serde(rename = "where", default)]
    conditions: BTreeMap<String, Condition>,
}

/// A name; a number or boolean is the name that cells of such a type have.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name")]
    enum StepForm {
        Text(String),
        Bool(bool),
        Integer(i64),
        Number(f64),
    }
    Ok(Option::<StepForm>::deserialize(deserializer)?.map(|given| match given {
        StepForm::Text(text) => text,
        StepForm::Bool(flag) => flag.to_string(),
        StepForm::Integer(whole) => whole.to_string(),
        StepForm::Number(x) => x.to_string(),
    }))
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

            fn visit_bool<E: serde::de::Error>(self, flag: bool) -> std::result::Result<Step, E> {
                Ok(Step::kind(&flag.to_string()))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> std::result::Result<Step, E> {
                Ok(Step::kind(&number.to_string()))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> std::result::Result<Step, E> {
                Ok(Step::kind(&number.to_string()))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> std::result::Result<Step, E> {
                Ok(Step::kind(&number.to_string()))
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
                        format!("'{}' is one choice of a step; set optional= and within= on the step", s.name);
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
                (step.optional, step.within, step.event) = (t.optional, t.within, t.event);
                Ok(step)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

/// The target of a label: stages or event kinds by name, or events that meet conditions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Target {
    /// Stages or event kinds.
    Names(Vec<String>),
    /// Events that meet conditions.
    Step(Step),
}

impl Default for Target {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Target {
    /// All forms of a step; one that says only what events are called is their names.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let step = Step::deserialize(deserializer)?;
        let name = |choice: &Choice| {
            let plain = Choice { kind: choice.kind.clone(), ..Choice::default() };
            choice.kind.clone().filter(|_| *choice == plain)
        };
        let names: Option<Vec<String>> = step.any.iter().map(name).collect();
        Ok(match names {
            Some(names) if step == Step::of(step.any.clone()) => Self::Names(names),
            _ => Self::Step(step),
        })
    }
}

impl Target {
    /// Whether nothing is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Names(names) if names.is_empty())
    }

    /// What it is called.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Names(names) => names.clone(),
            Self::Step(step) => vec![step.name.clone()],
        }
    }
}
