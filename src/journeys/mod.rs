//! The index of all journeys.

mod check;
mod column_words;
mod creation;
mod days;
mod deals;
mod declared_names;
mod extend;
mod identifiers;
mod index;
mod leads;
mod leakage;
mod moments;
mod normalize;
mod open_deals;
mod parallel_fold;
mod parts;
mod quarantine;
mod row_batch;
mod stage_order;
mod status;
mod string_table;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

pub use check::{Check, NotNumbers, Quarantine, TableCheck};
pub(crate) use column_words::words_of;
pub(crate) use creation::{CREATED, FIRST_STAGE};
pub use days::{DayLeads, DayMoment, Days, Measure};
pub use deals::{Reversed, WinFinder, Wins};
pub use extend::Arrivals;

pub use identifiers::code_word;
pub(crate) use index::CodeSlice;
pub use index::{
    Block, Bytes, Codes, Edits, Extended, IndexBuilder, MappedColumn, OrderNumbers, Orders, Partitioning, Renumbering,
    Rows, Sizes, StageLog, Timeline, build as build_timeline,
};
pub use leads::{Field, FieldHistory, Leads};
pub use string_table::{StringTable, canonical_order, id_number};

pub use normalize::{Normalize, normalized};
pub use open_deals::open_amounts;
pub use parts::JourneysParts;

pub use quarantine::MaxBad;

pub use leakage::{Closed, Suspect, Suspicion, Withholding, misread, names_outcome, separation, suspect, withhold};
pub use stage_order::{Ranks, StageOrder};
pub use status::{Status, lost_since, status_before, status_log};

pub(crate) use row_batch::{ROWS, number_rows};

use crate::counted::counted;
use crate::error::{Error, Result};
use crate::schema::{Kind, NONE, canonical_id};
use crate::time::{NO_TIME, Timestamp, Zone};

/// All journeys: leads, their events, and their stages. Made from tables, or from [`JourneysParts`]; they never change.
#[derive(Debug, Clone)]
pub struct Journeys {
    /// The leads.
    pub(crate) leads: Leads,
    /// Events and stage entries of all leads.
    pub(crate) timeline: Timeline,
    /// Event kinds and stages, by code.
    pub(crate) kinds: Vec<Kind>,
    /// Channels, by code.
    pub(crate) channels: StringTable,
    /// Deals, by code.
    pub(crate) deals: StringTable,
    /// Names of event values, by number.
    pub(crate) value_names: Vec<String>,
    /// Names and levels of event properties (campaign, rep and others), by number.
    pub(crate) props: Vec<(String, StringTable)>,
    /// Stages in order, from the first to the last.
    pub(crate) pipeline: Vec<String>,
    /// Stages that mean won.
    pub(crate) won: Vec<String>,
    /// Stages that mean lost.
    pub(crate) lost: Vec<String>,
    /// End of observation (exclusive), UTC microseconds; [`NO_TIME`] without times.
    pub(crate) observed_until: i64,
    /// Start of the period in which outcomes were recorded, [`NO_TIME`] if always.
    pub(crate) outcomes_from: i64,
    /// Zone of naive times, in tables that do not say their own and in options.
    pub(crate) timezone: Zone,
    /// Zone of calendar days.
    pub(crate) calendar_zone: Zone,
    /// Kinds and instants known only to the day.
    pub(crate) days: Days,
    /// What orders stage entries of one instant.
    pub(crate) stage_order: StageOrder,
    /// The check: what happened to every input row.
    pub(crate) check: Check,
    /// Hashes of (source, id) of events whose source names an id column.
    pub(crate) event_ids: HashSet<u128>,
}

/// Hash of an event's id within its source; of 10⁹ ids two collide with a chance below 10⁻²⁰.
#[must_use]
pub fn event_id(source: &str, id: &str) -> u128 {
    use std::hash::BuildHasher;
    let half = |seed: u64| foldhash::quality::FixedState::with_seed(seed).hash_one((source, id));
    u128::from(half(1)) << 64 | u128::from(half(2))
}

impl Journeys {
    /// Marks kinds whose plain name occurs in more than one source. Stages keep their plain names.
    pub fn mark_shared(kinds: &mut [Kind]) {
        let mut count: HashMap<String, usize> = HashMap::new();
        for kind in kinds.iter() {
            *count.entry(kind.plain.clone()).or_default() += 1;
        }
        for kind in kinds {
            kind.shared = !kind.stage && count.get(&kind.plain).is_some_and(|n| *n > 1);
        }
    }

    /// Number of the stage entry of `lead` at `position` of the timeline; `None` for an event.
    pub(crate) fn stage_entry(&self, lead: u32, position: usize) -> Option<usize> {
        let range = self.timeline.stage_range(lead);
        let positions = self.timeline.stages.position.get(range.clone())?;
        Some(range.start + positions.binary_search(&(position as u32)).ok()?)
    }

    /// Deal of the stage entry of `lead` at `position` of the timeline; [`NONE`] for one of no deal, and for events.
    #[must_use]
    pub fn deal_at(&self, lead: u32, position: usize) -> u32 {
        self.stage_entry(lead, position).map_or(NONE, |entry| self.timeline.stages.deal.get(entry))
    }

    /// State at the end of observation.
    pub(in crate::journeys) fn known_until(&self) -> i64 {
        if self.observed_until == NO_TIME { i64::MAX } else { self.observed_until }
    }

    /// Amount of a stage entry as it is known just before `until`: the last that it was edited to, else its own.
    pub(in crate::journeys) fn known_amount(&self, entry: usize, until: i64) -> Option<f64> {
        let stages = &self.timeline.stages;
        let amount = stages.edits.amount_before(entry, until).or_else(|| stages.amount.get(entry).copied());
        amount.filter(|a| !a.is_nan())
    }

    /// The timeline of one lead: time, kind, and details of each entry.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if the lead does not exist.
    pub fn show(&self, id: &str) -> Result<Vec<TimelineEntry>> {
        let lead = self
            .leads
            .find(canonical_id(id))
            .ok_or_else(|| Error::unknown("lead", id, self.leads.ids.iter().take(10_000)))?;
        let created = self.leads.created_at(lead);
        let mut entries = Vec::new();
        if created != NO_TIME {
            entries.push(TimelineEntry {
                at: created,
                what: "created".into(),
                source: String::new(),
                channel: None,
                deal: None,
                amount: None,
            });
        }
        let mut stages = self.timeline.stage_range(lead).peekable();
        for i in self.timeline.range(lead) {
            let code = self.timeline.kind.get(i);
            let Some(kind) = self.kinds.get(code as usize) else { continue };
            let mut entry = TimelineEntry {
                at: self.timeline.at.get(i).copied().unwrap_or(NO_TIME),
                what: kind.name(),
                source: if kind.stage { "stage".into() } else { kind.source.clone() },
                channel: None,
                deal: None,
                amount: None,
            };
            if let Some(c) = self.timeline.channel.as_ref().map(|c| c.get(i)).filter(|c| *c != NONE) {
                entry.channel = Some(self.channels.get(c).to_owned());
            }
            if let Some(s) = stages.next_if(|s| self.timeline.stages.position.get(*s) == Some(&(i as u32))) {
                let deal = self.timeline.stages.deal.get(s);
                entry.deal = (deal != NONE).then(|| self.deals.get(deal).to_owned());
                entry.amount = self.known_amount(s, self.known_until());
            }
            entries.push(entry);
        }
        // Creation comes first among entries of its instant, but events before creation stay before it.
        entries.sort_by_key(|e| e.at);
        Ok(entries)
    }

    /// A short description.
    #[must_use]
    pub fn describe(&self) -> String {
        let until =
            if self.observed_until == NO_TIME { "-".into() } else { Timestamp(self.observed_until).to_string() };
        format!(
            "Journeys: {}, {}, {}, {}, observed until {until}",
            counted(self.leads.len(), "lead", "leads"),
            counted(self.timeline.len() - self.timeline.stages.position.len(), "event", "events"),
            counted(self.timeline.stages.position.len(), "stage entry", "stage entries"),
            counted(self.kinds.len(), "kind", "kinds"),
        )
    }

    /// Shares the index, so snapshots of it are cheap.
    #[must_use]
    pub fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}

/// One line of a lead's timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimelineEntry {
    /// UTC microseconds.
    pub at: i64,
    /// Kind or stage.
    pub what: String,
    /// Source, or `stage`.
    pub source: String,
    /// Channel, if any.
    pub channel: Option<String>,
    /// Deal, if any.
    pub deal: Option<String>,
    /// Amount, if any.
    pub amount: Option<f64>,
}
