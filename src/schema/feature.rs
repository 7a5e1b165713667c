//! The catalogue: every feature, its name, and the part of the score it belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::kind::{Kind, Side};
use super::selector::{Selector, quoted, unquoted};
use crate::error::{Error, Result, nearest};
use crate::serde_str::text_form;
use crate::time::Span;

/// The named parts that the log-odds is the sum of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Who the lead is: its fields.
    Fit,
    /// What the buyer did.
    Engagement,
    /// What sales did: stages and reps' activity.
    Sales,
    /// How old the lead is.
    Time,
    /// Terms that join a field and behaviour.
    Joint,
}

impl Part {
    /// All parts, in the order of the columns of a score table.
    pub const ALL: [Self; 5] = [Self::Fit, Self::Engagement, Self::Sales, Self::Time, Self::Joint];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Engagement => "engagement",
            Self::Sales => "sales",
            Self::Time => "time",
            Self::Joint => "joint",
        }
    }
}

/// What is done with the values of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueOp {
    /// Sum; 0 without events.
    Sum,
    /// Largest; missing without events.
    Max,
    /// Latest; missing without events.
    Last,
}

impl ValueOp {
    fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Max => "max",
            Self::Last => "last",
        }
    }
}

/// One feature. Events are those before the cutoff `t`; a window `w` keeps those at or after `t − w`.
///
/// The text form (`count(email_open, 30d)`) is the name in tables, models and configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// `count(kind[, window])`: number of events, after the daily cap.
    Count(Selector, Option<Span>),
    /// `active_days(kind[, window])`: calendar days with an event.
    ActiveDays(Selector, Option<Span>),
    /// `days_since_first(kind)`: days from the first event to the cutoff; missing if there is none.
    DaysSinceFirst(Selector),
    /// `days_since_last(kind)`: days from the last event to the cutoff; missing if there is none.
    DaysSinceLast(Selector),
    /// `decayed(kind, half-life)`: Σ 2^(−age/half-life) after the daily cap.
    Decayed(Selector, Span),
    /// `momentum(kind)`: events of the last 7 days minus a third of the events of the 21 days before, after the cap.
    Momentum(Selector),
    /// `sum(kind.value[, window])`, `max(…)`, `last(…)`: over a value of the events.
    Value(ValueOp, Selector, String, Option<Span>),
    /// `distinct_channels(kind)`: number of different channels.
    DistinctChannels(Selector),
    /// `first_channel`: channel of the first event that has one and is not by sales.
    FirstChannel,
    /// `last_channel`: channel of the last such event.
    LastChannel,
    /// `stage`: the latest stage.
    Stage,
    /// `days_in_stage`: days since it was entered.
    DaysInStage,
    /// `age_days`: days since the lead was created.
    AgeDays,
    /// A field of the lead, under its own name.
    Field(String),
    /// `days_since(field)`: days from a date field to the cutoff.
    DaysSinceField(String),
}

impl Feature {
    /// Whether it counts something: it is not negative, and most leads have little of it.
    #[must_use]
    pub fn is_count(&self) -> bool {
        matches!(self, Self::Count(..) | Self::ActiveDays(..) | Self::Decayed(..) | Self::DistinctChannels(_))
    }

    /// Whether it is a number for every lead, 0 where nothing happened.
    #[must_use]
    pub fn is_never_missing(&self) -> bool {
        self.is_count() || matches!(self, Self::Momentum(_) | Self::Value(ValueOp::Sum, ..))
    }

    /// The events it looks at, if it looks at a choice of them.
    #[must_use]
    pub fn selector(&self) -> Option<&Selector> {
        match self {
            Self::Count(s, _)
            | Self::ActiveDays(s, _)
            | Self::DaysSinceFirst(s)
            | Self::DaysSinceLast(s)
            | Self::Decayed(s, _)
            | Self::Momentum(s)
            | Self::Value(_, s, ..)
            | Self::DistinctChannels(s) => Some(s),
            _ => None,
        }
    }

    /// Differences of its values below this say nothing: of days, those below a minute. At one age all leads have
    /// nearly the same days since their creation, and a model of the rest would explode at any other age.
    #[must_use]
    pub fn resolution(&self) -> f64 {
        const MINUTE: f64 = 1.0 / 1440.0;
        match self {
            Self::DaysSinceFirst(_)
            | Self::DaysSinceLast(_)
            | Self::DaysInStage
            | Self::AgeDays
            | Self::DaysSinceField(_) => MINUTE,
            _ => 0.0,
        }
    }

    /// The part of the score it belongs to. `kinds` say who acts.
    #[must_use]
    pub fn part(&self, kinds: &[Kind]) -> Part {
        match self {
            Self::Field(_) | Self::DaysSinceField(_) => Part::Fit,
            Self::AgeDays => Part::Time,
            Self::Stage | Self::DaysInStage => Part::Sales,
            Self::FirstChannel | Self::LastChannel => Part::Engagement,
            _ => {
                let sales = |k: &Kind| k.stage || k.side == Side::Sales;
                let mut chosen = kinds.iter().filter(|k| self.selector().is_some_and(|s| s.chooses(k))).peekable();
                if chosen.peek().is_some() && chosen.all(sales) { Part::Sales } else { Part::Engagement }
            }
        }
    }
}

/// Words that are a feature by themselves; a field of that name is written `field(name)`.
const WORDS: [&str; 5] = ["first_channel", "last_channel", "stage", "days_in_stage", "age_days"];
/// Columns of a snapshot's table; a field of that name is written `field(name)`.
const RESERVED: [&str; 4] = ["lead_id", "cutoff", "label", "weight"];
const FUNCTIONS: [&str; 13] = [
    "count",
    "active_days",
    "days_since_first",
    "days_since_last",
    "decayed",
    "momentum",
    "sum",
    "max",
    "last",
    "distinct_channels",
    "days_since",
    "field",
    // There is none; but it reads as one, not as a field.
    "min",
];

fn call(text: &str) -> Option<(&str, &str)> {
    let (function, rest) = text.split_once('(')?;
    let arguments = rest.strip_suffix(')')?;
    FUNCTIONS.contains(&function).then_some((function, arguments))
}

/// Whether the bare name of a field would not be read as that field.
fn reads_otherwise(name: &str) -> bool {
    let text = name.trim();
    text.is_empty() || WORDS.iter().chain(&RESERVED).any(|word| *word == text) || call(text).is_some()
}

impl Feature {
    /// The error of a name that is neither a feature nor one of the `known` fields: of a function, if it reads as one
    /// with a slip.
    pub(crate) fn unknown_field<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
        let function = name.split_once('(').filter(|_| name.ends_with(')')).map(|(function, _)| function);
        match function.filter(|function| nearest(function, FUNCTIONS).is_some()) {
            Some(function) => Error::unknown("feature", function, FUNCTIONS),
            None => Error::unknown("field", name, known),
        }
    }
}

/// Splits at the last dot that is not inside quotes.
fn last_dot(text: &str) -> Option<(&str, &str)> {
    let (mut inside, mut escaped, mut found) = (false, false, None);
    for (i, c) in text.char_indices() {
        match c {
            '"' if !escaped => inside = !inside,
            '.' if !inside => found = Some(i),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    found.and_then(|i| Some((text.get(..i)?, text.get(i + 1..)?)))
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windowed =
            |f: &mut fmt::Formatter<'_>, name: &str, of: &dyn fmt::Display, window: &Option<Span>| match window {
                Some(w) => write!(f, "{name}({of}, {w})"),
                None => write!(f, "{name}({of})"),
            };
        match self {
            Self::Count(s, w) => windowed(f, "count", s, w),
            Self::ActiveDays(s, w) => windowed(f, "active_days", s, w),
            Self::DaysSinceFirst(s) => write!(f, "days_since_first({s})"),
            Self::DaysSinceLast(s) => write!(f, "days_since_last({s})"),
            Self::Decayed(s, h) => write!(f, "decayed({s}, {h})"),
            Self::Momentum(s) => write!(f, "momentum({s})"),
            Self::Value(op, s, value, w) => windowed(f, op.name(), &format!("{s}.{}", quoted(value)), w),
            Self::DistinctChannels(s) => write!(f, "distinct_channels({s})"),
            Self::FirstChannel => f.write_str("first_channel"),
            Self::LastChannel => f.write_str("last_channel"),
            Self::Stage => f.write_str("stage"),
            Self::DaysInStage => f.write_str("days_in_stage"),
            Self::AgeDays => f.write_str("age_days"),
            Self::Field(name) if reads_otherwise(name) => write!(f, "field({name})"),
            Self::Field(name) => f.write_str(name),
            Self::DaysSinceField(name) => write!(f, "days_since({name})"),
        }
    }
}

impl FromStr for Feature {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim() {
            "first_channel" => return Ok(Self::FirstChannel),
            "last_channel" => return Ok(Self::LastChannel),
            "stage" => return Ok(Self::Stage),
            "days_in_stage" => return Ok(Self::DaysInStage),
            "age_days" => return Ok(Self::AgeDays),
            "" => return Err(Error::option("feature", "an empty name")),
            _ => {}
        }
        let Some((function, arguments)) = call(text.trim()) else { return Ok(Self::Field(text.to_owned())) };
        let bad = |why: &str| Error::option("feature", format!("'{text}': {why}"));
        if function == "field" {
            return Ok(Self::Field(arguments.to_owned()));
        }
        if function == "days_since" {
            return Ok(Self::DaysSinceField(arguments.to_owned()));
        }
        // The last argument is a span if it reads as one; kinds may contain commas.
        let (of, span) = match arguments.rsplit_once(',') {
            Some((of, last)) if last.trim().parse::<Span>().is_ok() => (of.trim(), Some(last.trim().parse::<Span>()?)),
            _ => (arguments.trim(), None),
        };
        if let Some(s) = span {
            s.positive("feature window")?;
        }
        let plain = |s: Option<Span>| if s.is_some() { Err(bad("does not take a window")) } else { Ok(()) };
        let value = |op: ValueOp| -> Result<Self> {
            let (of, value) = last_dot(of).ok_or_else(|| bad("needs an argument of the form kind.value"))?;
            let value = if value.starts_with('"') { unquoted(value)? } else { value.to_owned() };
            Ok(Self::Value(op, of.parse()?, value, span))
        };
        match function {
            "count" => Ok(Self::Count(of.parse()?, span)),
            "active_days" => Ok(Self::ActiveDays(of.parse()?, span)),
            "decayed" => Ok(Self::Decayed(of.parse()?, span.ok_or_else(|| bad("needs a half-life such as 14d"))?)),
            "sum" => value(ValueOp::Sum),
            "max" => value(ValueOp::Max),
            "last" => value(ValueOp::Last),
            "days_since_first" => plain(span).and_then(|()| Ok(Self::DaysSinceFirst(of.parse()?))),
            "days_since_last" => plain(span).and_then(|()| Ok(Self::DaysSinceLast(of.parse()?))),
            "momentum" => plain(span).and_then(|()| Ok(Self::Momentum(of.parse()?))),
            "distinct_channels" => plain(span).and_then(|()| Ok(Self::DistinctChannels(of.parse()?))),
            _ => Err(Error::unknown("feature", function, FUNCTIONS.into_iter().filter(|f| *f != function))),
        }
    }
}

text_form!(Feature);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in [
            "count(email_open, 30d)",
            "count(*)",
            "count(touches:*)",
            "count(@sales, 7d)",
            "active_days(*, 30d)",
            "days_since_last(demo)",
            "days_since_first(*)",
            "decayed(email_open, 14d)",
            "momentum(*)",
            "sum(session.page_views)",
            "max(session.page_views, 30d)",
            "last(touches:web.value)",
            "distinct_channels(*)",
            "first_channel",
            "last_channel",
            "stage",
            "days_in_stage",
            "age_days",
            "Lead Source",
            "days_since(trial start)",
            "field(stage)",
            "field(count(x))",
            "field()",
            "field( )",
            "field( stage)",
            "field(count(x) )",
            "days_since()",
            "weird (x)",
            " padded ",
            "count(\"a, 1d\")",
            "count(\"a, 1d\", 30d)",
            "sum(events:*.\"properties.amount\")",
            "count(\"*\")",
            "max(\"a.b\".\"c \\\" d\", 7d)",
            "count(\"@sales\")",
        ] {
            let feature: Feature = name.parse().unwrap();
            assert_eq!(feature.to_string(), name);
            assert_eq!(feature.to_string().parse::<Feature>().unwrap(), feature);
        }
        assert_eq!("count(a, b)".parse::<Feature>().unwrap(), Feature::Count(Selector::Kind("a, b".into()), None));
        for bad in ["", "count()", "decayed(x)", "momentum(*, 3d)", "sum(x)", "count(@x)", "min(x.y)", "count(x, 0d)"] {
            assert!(bad.parse::<Feature>().is_err(), "{bad}");
        }
    }
}
