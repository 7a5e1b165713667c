//! Names in a table → names here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, nearest};
use crate::schema::{canonical_text, is_pattern, wildcard};

/// Names in a table → names here: for all parts of a row, or by part (`channel = { "g-ads" = "google" }`). A name that is
/// listed is taken literally; of several matching patterns the one with the most characters besides wildcards wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Renames(BTreeMap<String, To>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a mapping of names to names, or such mappings by part")]
enum To {
    Name(String),
    Part(BTreeMap<String, String>),
}

impl Renames {
    /// No names.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// True if no name is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names and patterns that are listed for `part`, and what they become.
    fn of<'a>(&'a self, part: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let own = match self.0.get(part) {
            Some(To::Part(names)) => Some(names),
            _ => None,
        };
        let own = own.into_iter().flatten().map(|(from, to)| (from.as_str(), to.as_str()));
        own.chain(self.0.iter().filter_map(|(from, to)| match to {
            To::Name(to) => Some((from.as_str(), to.as_str())),
            To::Part(_) => None,
        }))
    }

    /// The names and patterns that are listed for `part`.
    pub fn listed<'a>(&'a self, part: &'a str) -> impl Iterator<Item = &'a str> {
        self.of(part).map(|(from, _)| from)
    }

    /// What `name` becomes; `None` if it is not listed.
    #[must_use]
    pub fn name<'a>(&'a self, part: &'a str, name: &str) -> Option<&'a str> {
        if self.is_empty() {
            return None;
        }
        if let Some((_, to)) = self.of(part).find(|(from, _)| *from == name || canonical_text(from) == name) {
            return Some(to);
        }
        let said = |pattern: &str| pattern.chars().filter(|c| !matches!(c, '*' | '?')).count();
        let like = self.of(part).filter(|(from, _)| is_pattern(from) && wildcard(from, name));
        // Of equal ones, the first in the order of the alphabet.
        like.min_by_key(|(from, _)| (std::cmp::Reverse(said(from)), *from)).map(|(_, to)| to)
    }

    /// Refuses names of an unknown part.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub fn check(&self, parts: &[&str]) -> Result<()> {
        let unknown = |(key, to): &(&String, &To)| matches!(to, To::Part(_)) && !parts.contains(&key.as_str());
        match self.0.iter().find(unknown) {
            None => Ok(()),
            Some((key, _)) => {
                let near = nearest(key, parts.iter().copied());
                let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                Err(Error::option("names", format!("'{key}' is not one of {}{near}", parts.join(", "))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_names_beat_patterns_and_longer_patterns_shorter_ones() {
        let names: Renames = serde_json::from_str(
            r#"{"*": "other", "g*": "google", "g-maps*": "maps", "g-*ps?": "tie", "g?": "gx", "g*d": "literal g*d",
                "channel": {"gads": "google ads", "x*": "own"}, "x*": "all"}"#,
        )
        .unwrap();
        let name = |part, name| names.name(part, name).unwrap();
        assert_eq!(name("kind", "gads"), "google");
        assert_eq!(name("channel", "gads"), "google ads");
        assert_eq!(name("kind", "g-maps1"), "maps");
        assert_eq!(name("kind", "g1"), "google");
        assert_eq!(name("kind", "g*d"), "literal g*d");
        assert_eq!(name("kind", "gold"), "literal g*d");
        assert_eq!(name("kind", "tv"), "other");
        assert_eq!(name("kind", "xy"), "all");
        assert!(names.check(&["kind", "channel"]).is_ok());
        assert!(names.check(&["kind", "chanel"]).is_err());
        assert_eq!(Renames::default().name("kind", "a"), None);
    }
}
