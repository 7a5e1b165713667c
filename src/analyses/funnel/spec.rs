//! A funnel as asked for: steps, windows, order, entries, exclusions, breakdown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::query::{By, Where};
use crate::schema::Step;
use crate::serde_str::text_form;
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
    pub attribution: StepAttribution,
    /// Conversion over time: calendar period of entry.
    pub period: Option<Period>,
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
            attribution: StepAttribution::First,
            period: None,
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
pub enum StepAttribution {
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
#[serde(untagged, expecting = "expected the number or name of a step")]
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
    /// [`Error::InvalidOption`] if the step does not exist, or its name is ambiguous.
    pub fn position(&self, steps: &[Step]) -> Result<usize> {
        match self {
            Self::Number(k) if (1..=steps.len()).contains(k) => Ok(k - 1),
            Self::Number(k) => {
                Err(Error::option("step", format!("step {k} does not exist; the funnel has {} steps", steps.len())))
            }
            Self::Name(name) => {
                if steps.iter().filter(|s| s.name == *name).count() > 1 {
                    return Err(Error::option(
                        "step",
                        format!("several steps are named '{name}'; refer to one by its number"),
                    ));
                }
                let names = names_of(steps);
                let place = names.iter().position(|n| n == name);
                place.ok_or_else(|| Error::unknown("step", name, names.iter().map(String::as_str)))
            }
        }
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

impl FromStr for StepAttribution {
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

impl fmt::Display for StepAttribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::All => f.write_str("all"),
            Self::Step(n) => write!(f, "step {n}"),
        }
    }
}

text_form!(StepAttribution);

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
        // The output is read back.
        for step in [any, full] {
            assert_eq!(read(&serde_json::to_string(&step).unwrap()).unwrap(), step);
        }
        assert!(read(r#"{"knd": "visit"}"#).unwrap_err().to_string().contains("unknown field `knd`"));
        assert_eq!(read("true").unwrap(), Step::kind("true"));
        assert_eq!(read("7.0").unwrap(), Step::kind("7"));
        assert!(read("null").unwrap_err().to_string().contains("a step: a name"));
        let spec: FunnelSpec = serde_json::from_str(r#"{"steps": ["a"], "attribution": "step 2"}"#).unwrap();
        assert_eq!(spec.attribution, StepAttribution::Step(2));
        assert_eq!("frst".parse::<StepAttribution>().unwrap_err().kind(), "unknown_name");
    }
}
