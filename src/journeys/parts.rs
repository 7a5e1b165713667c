//! What journeys are made of, for those who build them from data of their own.

use std::collections::HashSet;

use super::{Check, Days, Journeys, Leads, StageOrder, StringTable, Timeline};
use crate::schema::Kind;
use crate::time::{NO_TIME, Timestamp, Zone};

/// The parts of [`Journeys`]: change them in one, and make the other from them.
#[derive(Debug, Clone)]
pub struct JourneysParts {
    /// The leads.
    pub leads: Leads,
    /// Events and stage entries of all leads.
    pub timeline: Timeline,
    /// Event kinds and stages, by code.
    pub kinds: Vec<Kind>,
    /// Channels, by code.
    pub channels: StringTable,
    /// Deals, by code.
    pub deals: StringTable,
    /// Names of event values, by number.
    pub value_names: Vec<String>,
    /// Names and levels of event properties (campaign, rep and others), by number.
    pub props: Vec<(String, StringTable)>,
    /// Stages in order, from the first to the last.
    pub pipeline: Vec<String>,
    /// Stages that mean won.
    pub won: Vec<String>,
    /// Stages that mean lost.
    pub lost: Vec<String>,
    /// End of observation (exclusive), UTC microseconds; [`crate::NO_TIME`] without times.
    pub observed_until: i64,
    /// Start of the period in which outcomes were recorded, [`crate::NO_TIME`] if always.
    pub outcomes_from: i64,
    /// Zone of naive times, in tables that do not say their own and in options.
    pub timezone: Zone,
    /// Zone of calendar days.
    pub calendar_zone: Zone,
    /// Kinds and instants known only to the day.
    pub days: Days,
    /// What orders stage entries of one instant.
    pub stage_order: StageOrder,
    /// The check: what happened to every input row.
    pub check: Check,
    /// Hashes of (source, id) of events whose source names an id column.
    pub event_ids: HashSet<u128>,
}

/// Both have the same fields.
macro_rules! made_from {
    ($from:ident, $to:ident) => {
        impl From<$from> for $to {
            fn from(all: $from) -> Self {
                let $from {
                    leads,
                    timeline,
                    kinds,
                    channels,
                    deals,
                    value_names,
                    props,
                    pipeline,
                    won,
                    lost,
                    observed_until,
                    outcomes_from,
                    timezone,
                    calendar_zone,
                    days,
                    stage_order,
                    check,
                    event_ids,
                } = all;
                Self {
                    leads,
                    timeline,
                    kinds,
                    channels,
                    deals,
                    value_names,
                    props,
                    pipeline,
                    won,
                    lost,
                    observed_until,
                    outcomes_from,
                    timezone,
                    calendar_zone,
                    days,
                    stage_order,
                    check,
                    event_ids,
                }
            }
        }
    };
}

made_from!(JourneysParts, Journeys);
made_from!(Journeys, JourneysParts);

impl Journeys {
    /// The leads.
    #[must_use]
    pub fn leads(&self) -> &Leads {
        &self.leads
    }

    /// Events and stage entries of all leads.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Event kinds and stages, by code.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Channels, by code.
    #[must_use]
    pub fn channels(&self) -> &StringTable {
        &self.channels
    }

    /// End of observation (exclusive); `None` without times.
    #[must_use]
    pub fn observed_until(&self) -> Option<Timestamp> {
        (self.observed_until != NO_TIME).then_some(Timestamp(self.observed_until))
    }

    /// Start of the period in which outcomes were recorded; `None` if they always were.
    #[must_use]
    pub fn outcomes_from(&self) -> Option<Timestamp> {
        (self.outcomes_from != NO_TIME).then_some(Timestamp(self.outcomes_from))
    }

    /// Zone of calendar days.
    #[must_use]
    pub fn calendar_zone(&self) -> &Zone {
        &self.calendar_zone
    }

    /// The check: what happened to every input row.
    #[must_use]
    pub fn check(&self) -> &Check {
        &self.check
    }
}
