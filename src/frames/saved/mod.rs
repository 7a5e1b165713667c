//! Journeys on disk: a folder of Arrow IPC files, of which the events are memory-mapped rather than read.
//!
//! | file | rows | columns |
//! |---|---|---|
//! | `journeys.json` | | kinds, names, settings, the audit |
//! | `leads.arrow` | leads | ids, creation, fields |
//! | `offsets.arrow` | leads + 1 | where each lead's events and stage entries start |
//! | `events.arrow` | events | time, kind, channel, values, properties |
//! | `stages.arrow` | stage entries | position among the events, deal, amount |
//! | `edits.arrow` | edits of them | entry, the entry before it, time, amount, properties |
//! | `texts.arrow` | texts | dictionaries that codes point into |
//! | `event_ids.arrow` | events with an id | hashes of ids |
//! | `history<i>.arrow`, `history<i>_offsets.arrow` | | fields that change over time |
//! | `checksums.json` | | of all other files |

mod checksums;
mod edits;
mod leads;
mod open;
mod orders;
mod save;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::journeys::{Check, Days, Normalize, StageOrder};
use crate::schema::Kind;
use crate::time::Zone;

pub use open::open;
pub use save::save;

/// The version of the format.
const FORMAT: u32 = 3;
const META: &str = "journeys.json";
const SUMS: &str = "checksums.json";
/// All files except histories.
const FILES: [&str; 9] = [
    META,
    SUMS,
    "leads.arrow",
    "offsets.arrow",
    "events.arrow",
    "stages.arrow",
    "edits.arrow",
    "texts.arrow",
    "event_ids.arrow",
];

/// Data besides columns.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    format: u32,
    kinds: Vec<Kind>,
    value_names: Vec<String>,
    props: Vec<String>,
    pipeline: Vec<String>,
    won: Vec<String>,
    lost: Vec<String>,
    observed_until: i64,
    outcomes_from: i64,
    timezone: Zone,
    calendar_zone: Zone,
    days: Days,
    stage_order: StageOrder,
    /// Rows of stages that were given twice.
    repeated: usize,
    #[serde(rename = "audit")]
    check: Check,
    fields: Vec<FieldMeta>,
    histories: Vec<String>,
    /// Zones of fields whose tables say their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    field_zones: BTreeMap<String, Zone>,
    withheld: Vec<(String, String)>,
    /// Name and length of each dictionary, in the order of the texts.
    dictionaries: Vec<(String, usize)>,
    /// How ids of leads are written.
    normalize: Option<Normalize>,
    /// What the caller keeps with it.
    kept: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldMeta {
    name: String,
    asked: bool,
    hidden: bool,
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}
