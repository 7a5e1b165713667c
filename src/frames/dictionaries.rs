//! Kinds, channels and other texts that rows point into, and facts about kinds, while tables are read.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::error::{Error, Result};
use crate::frames::columns::time::DayCells;
use crate::journeys::{Days, Journeys, StringTable};
use crate::schema::{Kind, Side};

/// Dictionaries that rows point into while tables are read.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    pub(super) kinds: Vec<Kind>,
    by_name: HashMap<(String, String, bool), u32>,
    pub(super) channels: StringTable,
    pub(super) deals: StringTable,
    pub(super) value_names: Vec<String>,
    pub(super) props: Vec<(String, StringTable)>,
    /// Hashes of (source, id) of all events with an id.
    pub(super) event_ids: HashSet<u128>,
    /// Events of one source come from tables of one side.
    sides: HashMap<String, Side>,
    /// Kinds and instants known only to the day.
    pub(super) days: Days,
    /// Kinds that have rows with a time of day.
    timed: BTreeSet<u32>,
}

impl Dictionaries {
    /// Empty ones, where some leads are created on a day.
    pub(super) fn with(days: Days) -> Self {
        Self { days, ..Self::default() }
    }

    pub(super) fn of(journeys: &Journeys) -> Self {
        let key = |(k, code): (&Kind, u32)| ((k.source.clone(), k.plain.clone(), k.stage), code);
        Self {
            kinds: journeys.kinds.clone(),
            by_name: journeys.kinds.iter().zip(0u32..).map(key).collect(),
            channels: journeys.channels.clone(),
            deals: journeys.deals.clone(),
            value_names: journeys.value_names.clone(),
            props: journeys.props.clone(),
            event_ids: journeys.event_ids.clone(),
            sides: journeys.kinds.iter().filter(|k| !k.stage).map(|k| (k.source.clone(), k.side)).collect(),
            timed: (0..journeys.kinds.len() as u32).filter(|kind| !journeys.days.kinds.contains(kind)).collect(),
            days: journeys.days.clone(),
        }
    }

    /// Declares a source of events.
    ///
    /// # Errors
    /// [`Error::Schema`] if another table of that name has another side.
    pub(super) fn source(&mut self, table: &str, source: &str, side: Side) -> Result<()> {
        match *self.sides.entry(source.to_owned()).or_insert(side) {
            known if known == side => Ok(()),
            known => Err(Error::schema(
                table,
                None,
                format!(
                    "source name '{source}' is already used with side='{known}', but this table has side='{side}'; set name="
                ),
            )),
        }
    }

    /// Code of a kind, new if it has none.
    pub(super) fn kind(&mut self, plain: &str, source: &str, side: Side, stage: bool) -> u32 {
        let kinds = &mut self.kinds;
        *self.by_name.entry((source.to_owned(), plain.to_owned(), stage)).or_insert_with(|| {
            kinds.push(Kind { plain: plain.to_owned(), source: source.to_owned(), side, stage, shared: false });
            kinds.len() as u32 - 1
        })
    }

    /// Says of events of a source that some are known to the day only, or have a time of day.
    pub(super) fn saw_source(&mut self, source: &str, cells: DayCells) {
        let own = self.kinds.iter().zip(0u32..).filter(|(k, _)| !k.stage && k.source == source);
        let own: Vec<u32> = own.map(|(_, code)| code).collect();
        if cells.has_days() {
            self.days.kinds.extend(&own);
        }
        if cells.has_times {
            self.timed.extend(&own);
        }
        cells.dates.into_iter().for_each(|(at, date)| self.days.note(at, date));
    }

    /// Says that something of a kind happened at `at`, which stands for a day if a date is given.
    pub(super) fn saw(&mut self, kind: u32, at: i64, date: Option<i64>) {
        match date {
            Some(date) => {
                self.days.kinds.insert(kind);
                self.days.note(at, date);
            }
            None => {
                self.timed.insert(kind);
            }
        }
    }

    /// Kinds and instants known only to the day, over all rows.
    pub(super) fn all_days(&mut self) -> Days {
        self.days.mixed.extend(self.days.kinds.intersection(&self.timed));
        std::mem::take(&mut self.days)
    }

    pub(super) fn value(&mut self, name: &str) -> usize {
        position_or_push(&mut self.value_names, |v| v == name, || name.to_owned())
    }

    pub(super) fn prop(&mut self, name: &str) -> usize {
        position_or_push(&mut self.props, |p| p.0 == name, || (name.to_owned(), StringTable::new()))
    }
}

fn position_or_push<T>(list: &mut Vec<T>, is: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    list.iter().position(is).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    })
}
