//! The set of features to compute, declared once.

use serde::{Deserialize, Serialize};

use super::feature::Feature;
use super::wildcard::like;
use crate::time::Span;

/// Which features of the catalogue to compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureSet {
    /// Windows of counts over all events, each side and each source.
    pub windows: Vec<Span>,
    /// Windows of counts of one kind.
    pub kind_windows: Vec<Span>,
    /// Half-lives of decayed counts.
    pub half_lives: Vec<Span>,
    /// Whether every kind has features of its own, besides all events, each side and each source.
    pub per_kind: bool,
    /// At most this many kinds, by number of leads; the rest count in `*` only.
    pub max_kinds: usize,
    /// Events of one kind on one calendar day beyond this number do not count; `None` for no cap.
    pub daily_cap: Option<u32>,
    /// Whether to use the fields of leads.
    pub fields: bool,
    /// Whether to use stages and what sales did.
    pub sales: bool,
    /// If not empty, exactly these features, by name.
    pub only: Vec<Feature>,
    /// Features to leave out, by name (wildcards allowed; an exact name comes first).
    pub without: Vec<String>,
}

impl Default for FeatureSet {
    fn default() -> Self {
        Self {
            windows: vec![Span::days(7), Span::days(30), Span::days(90)],
            kind_windows: vec![Span::days(30)],
            half_lives: vec![Span::days(14)],
            per_kind: true,
            max_kinds: 30,
            daily_cap: Some(20),
            fields: true,
            sales: true,
            only: Vec::new(),
            without: Vec::new(),
        }
    }
}

impl FeatureSet {
    /// Whether an entry of `without` is the name of this feature, or a pattern that its name is like.
    #[must_use]
    pub fn leaves_out(&self, feature: &Feature) -> bool {
        let is = |entry: &String| entry.parse::<Feature>().is_ok_and(|named| named == *feature);
        self.without.iter().any(|entry| is(entry) || like(entry, &[feature.to_string()]).contains(&true))
    }
}
