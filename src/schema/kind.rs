//! Kinds of events, and who acts in them.

use serde::{Deserialize, Serialize};

use crate::schema::canonical::canonical_text;

/// Who acts in an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The lead itself.
    #[default]
    Buyer,
    /// Marketing, towards the lead.
    Marketing,
    /// Sales, towards the lead.
    Sales,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Buyer => "buyer",
            Self::Marketing => "marketing",
            Self::Sales => "sales",
        })
    }
}

/// A kind of event, or a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Name as in the data.
    pub plain: String,
    /// Name of the source of events; empty for stages.
    pub source: String,
    /// Who acts.
    pub side: Side,
    /// True if it is a stage.
    pub stage: bool,
    /// True if another source has a kind of the same name, so it reads `source:kind`.
    pub shared: bool,
}

impl Kind {
    /// The name used in features and funnels: `kind`, or `source:kind` where two sources share it.
    #[must_use]
    pub fn name(&self) -> String {
        if self.shared { format!("{}:{}", self.source, self.plain) } else { self.plain.clone() }
    }

    /// True if `name` means this kind: its name, `source:kind`, or `stage:stage`.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let is_plain = |name: &str| self.plain == name || self.plain == canonical_text(name);
        if !self.shared && is_plain(name) {
            return true;
        }
        let source = if self.stage { "stage" } else { &self.source };
        name.split_once(':').is_some_and(|(s, k)| s == source && is_plain(k))
    }
}
