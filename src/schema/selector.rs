//! Which events a feature looks at.

use std::fmt;
use std::str::FromStr;

use super::kind::{Kind, Side};
use crate::error::{Error, Result};

/// A choice of event kinds, with the name it has inside a feature's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// `*`: what the buyer and marketing did; not sales' own work, not stages.
    All,
    /// `@sales`, `@marketing`, `@buyer`: events of one side.
    Side(Side),
    /// `source:*`: events of one source.
    Source(String),
    /// One kind, by its name.
    Kind(String),
}

impl Selector {
    /// True if events of `kind` are chosen.
    #[must_use]
    pub fn chooses(&self, kind: &Kind) -> bool {
        match self {
            Self::All => !kind.stage && kind.side != Side::Sales,
            Self::Side(side) => !kind.stage && kind.side == *side,
            Self::Source(source) => !kind.stage && kind.source == *source,
            Self::Kind(name) => kind.is_called(name),
        }
    }
}

/// A name as it stands inside the name of a feature: in quotes (JSON) where it could be read as something else.
pub(crate) fn quoted(name: &str) -> String {
    let plain = !name.is_empty()
        && !name.contains([',', '(', ')', '.', '"', '*'])
        && !name.starts_with('@')
        && name.trim() == name;
    if plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

/// The name in a text that is one quoted name.
pub(crate) fn unquoted(text: &str) -> Result<String> {
    serde_json::from_str(text).map_err(|e| Error::option("feature", format!("{text}: not a quoted name ({e})")))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Side(side) => write!(f, "@{side}"),
            Self::Source(source) => write!(f, "{source}:*"),
            Self::Kind(name) => f.write_str(&quoted(name)),
        }
    }
}

impl FromStr for Selector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "*" => Self::All,
            "@buyer" => Self::Side(Side::Buyer),
            "@marketing" => Self::Side(Side::Marketing),
            "@sales" => Self::Side(Side::Sales),
            _ if text.starts_with('@') => {
                return Err(Error::unknown("side", text, ["@buyer", "@marketing", "@sales"]));
            }
            "" => return Err(Error::option("feature", "an empty event kind")),
            _ if text.starts_with('"') => Self::Kind(unquoted(text)?),
            _ => match text.strip_suffix(":*") {
                Some(source) => Self::Source(source.to_owned()),
                None => Self::Kind(text.to_owned()),
            },
        })
    }
}
