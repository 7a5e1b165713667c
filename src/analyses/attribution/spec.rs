//! An attribution as asked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::analyses::funnel::Step;
use crate::error::{Error, Result};
use crate::query::Where;
use crate::time::Span;

/// An attribution as asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttributionSpec {
    /// Methods, compared side by side.
    pub methods: Vec<Method>,
    /// What gets the credit: `channel`, `kind`, or a property of events such as `campaign`.
    pub by: String,
    /// Leads that count.
    #[serde(rename = "where")]
    pub filter: Where,
    /// Stages or event kinds that are conversions; the won stages if empty.
    pub target: Vec<String>,
    /// Whether a lead's first conversion counts, or every one.
    pub conversions: Conversions,
    /// Events that are touches; what the buyer and marketing did if not given.
    pub touches: Option<Step>,
    /// Values of `by` that count (wildcards allowed); all if empty.
    pub include: Vec<String>,
    /// Values of `by` that do not.
    pub exclude: Vec<String>,
    /// Touches older than this before the end of the path do not count.
    pub lookback: Option<Span>,
    /// How repeats are taken.
    pub path: PathForm,
    /// Which paths that did not convert count, for the methods that use them.
    pub nulls: NullPaths,
    /// Values of `by` that are passed over by `last_non_direct`.
    pub direct: Vec<String>,
    /// Stage whose entry is the milestone of the opportunity; the last but one of the pipeline if not given.
    pub opportunity: Option<String>,
    /// Half-life of `time_decay`.
    pub half_life: Span,
    /// Number of bootstrap samples of leads (of accounts, if given); 0 for no intervals.
    pub bootstrap: usize,
    /// Seed of the samples.
    pub seed: u64,
}

impl Default for AttributionSpec {
    fn default() -> Self {
        Self {
            methods: vec![Method::Linear],
            by: "channel".into(),
            filter: Where::default(),
            target: Vec::new(),
            conversions: Conversions::First,
            touches: None,
            include: Vec::new(),
            exclude: Vec::new(),
            lookback: None,
            path: PathForm::All,
            nulls: NullPaths::All,
            direct: vec!["direct".into(), "Direct".into(), "(direct)".into(), "(none)".into()],
            opportunity: None,
            half_life: Span::days(7),
            bootstrap: 0,
            seed: 0,
        }
    }
}

/// Which conversions of a lead count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conversions {
    /// The first.
    #[default]
    First,
    /// Every one, with the touches since the one before.
    Every,
}

/// How repeats of a channel in a path are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PathForm {
    /// As they are.
    #[default]
    All,
    /// Touches of one channel in a row are one, the last of them.
    Collapse,
    /// Each channel once, where it first occurs.
    Unique,
}

/// Which paths that did not convert count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NullPaths {
    /// All: lost leads and open ones.
    #[default]
    All,
    /// The paths of lost leads.
    Lost,
    /// None: every path converts.
    None,
}

/// Shares of the credit by milestone; the rest of the touches share `middle`. They add up to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// The first touch.
    pub first: f64,
    /// The last touch up to the creation of the lead, if that is not after the path's end.
    pub lead: f64,
    /// The last touch up to the entry into the stage of the opportunity: that of the conversion's deal, or one of no deal
    /// since the conversion before, if it is not after the path's end.
    pub opportunity: f64,
    /// The last touch.
    pub last: f64,
    /// All touches other than milestones, in equal parts.
    pub middle: f64,
}

impl Weights {
    /// # Errors
    /// [`Error::InvalidOption`] unless all are at least 0 and add up to 1.
    pub fn checked(self, name: &str) -> Result<Self> {
        let all = [self.first, self.lead, self.opportunity, self.last, self.middle];
        let total: f64 = all.iter().sum();
        if all.iter().any(|w| w.is_nan() || *w < 0.0) || (total - 1.0).abs() > 1e-9 {
            let problem = format!("shares of rule '{name}' must be non-negative and add up to 1, not {total}");
            return Err(Error::option("method", problem));
        }
        Ok(self)
    }
}

/// Shares of the credit by milestone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomRule {
    /// Its name in results.
    pub name: String,
    /// The shares.
    #[serde(flatten)]
    pub weights: Weights,
}

/// A method.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// All to the first touch.
    First,
    /// All to the last.
    Last,
    /// All to the last that is not direct.
    LastNonDirect,
    /// The same to each.
    Linear,
    /// 40 % to the first, 40 % to the last, 20 % to those between.
    Position,
    /// 40 % to the first, 40 % to the one that made the lead, 20 % to the others.
    UShaped,
    /// 30 % each to the first, the one that made the lead and the one that made the opportunity; 10 % to the others.
    WShaped,
    /// 22.5 % each to those three and the last; 10 % to the others.
    FullPath,
    /// 2^(−age/half-life) to each.
    TimeDecay,
    /// Shares given by hand.
    Custom(CustomRule),
    /// Removal effects of a Markov chain of this order.
    Markov(usize),
    /// Shapley values of v(S) = conversions whose channels all lie in S.
    Shapley,
    /// Shapley values of v(S) = conversions whose channels are exactly S.
    ShapleyExact,
}

const NAMES: [(&str, Method); 14] = [
    ("first", Method::First),
    ("last", Method::Last),
    ("last_non_direct", Method::LastNonDirect),
    ("linear", Method::Linear),
    ("position", Method::Position),
    ("u_shaped", Method::UShaped),
    ("w_shaped", Method::WShaped),
    ("full_path", Method::FullPath),
    ("time_decay", Method::TimeDecay),
    ("markov", Method::Markov(1)),
    ("markov 2", Method::Markov(2)),
    ("markov 3", Method::Markov(3)),
    ("shapley", Method::Shapley),
    ("shapley_exact", Method::ShapleyExact),
];

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(rule) => f.write_str(&rule.name),
            other => f.write_str(NAMES.iter().find(|(_, m)| m == other).map_or("", |(name, _)| name)),
        }
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = NAMES.iter().find(|(name, _)| *name == text).map(|(_, m)| m.clone());
        found.ok_or_else(|| Error::unknown("method", text, NAMES.iter().map(|(name, _)| *name)))
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Custom(rule) => rule.serialize(serializer),
            named => serializer.collect_str(named),
        }
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected the name of a method, or a rule with shares")]
        enum SpecForm {
            Name(String),
            Custom(CustomRule),
        }
        match SpecForm::deserialize(deserializer)? {
            SpecForm::Name(name) => name.parse().map_err(serde::de::Error::custom),
            SpecForm::Custom(rule) => Ok(Self::Custom(rule)),
        }
    }
}
