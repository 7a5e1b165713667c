//! A table of events.

use serde::{Deserialize, Serialize};

use super::{Attribute, Common, LeadCells, LeadKey, LookupSpec, Renames};
use crate::schema::Side;

/// A table of events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EventsSpec {
    /// Key of the table.
    pub table: String,
    /// Column or lookup of the lead.
    pub lead: LeadKey,
    /// Column of the time.
    pub at: String,
    /// Column, literal or lookup of the kind.
    pub kind: Attribute,
    /// Name of the source; the literal kind, else the kind column, if not given.
    #[serde(default)]
    pub name: Option<String>,
    /// Id of the event: the second row with an id is dropped.
    #[serde(default)]
    pub id: Option<String>,
    /// Column, literal or lookup of the channel.
    #[serde(default)]
    pub channel: Option<Attribute>,
    /// Column, literal or lookup of the campaign.
    #[serde(default)]
    pub campaign: Option<Attribute>,
    /// Who acts.
    #[serde(default = "buyer")]
    pub side: Side,
    /// Column, literal or lookup of the sales rep.
    #[serde(default)]
    pub rep: Option<Attribute>,
    /// Names of kinds, channels, campaigns and reps in the table → names here.
    #[serde(default)]
    pub names: Renames,
    /// Number columns.
    #[serde(default)]
    pub values: Vec<String>,
    /// Text columns.
    #[serde(default)]
    pub props: Vec<String>,
    /// How cells name leads.
    #[serde(flatten)]
    pub cells: LeadCells,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

fn buyer() -> Side {
    Side::Buyer
}

impl EventsSpec {
    /// Every column it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        (self.lead.columns().into_iter().chain([&self.at]))
            .chain(&self.id)
            .chain(self.attributes().filter_map(|(_, attribute)| attribute.column()))
            .chain(self.values.iter().chain(&self.props))
            .chain(self.common.columns())
    }

    /// Its attributes, by their names.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &Attribute)> {
        let given = [("channel", &self.channel), ("campaign", &self.campaign), ("rep", &self.rep)];
        let given = given.into_iter().filter_map(|(name, attribute)| Some((name, attribute.as_ref()?)));
        [("kind", &self.kind)].into_iter().chain(given)
    }

    /// Every lookup it names.
    pub fn lookups(&self) -> impl Iterator<Item = &LookupSpec> {
        let of_attributes = self.attributes().filter_map(|(_, attribute)| attribute.lookup());
        self.lead.lookups().into_iter().chain(of_attributes.flat_map(LookupSpec::lookups))
    }
}
