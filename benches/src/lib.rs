//! Synthetic data for the benchmarks; the same on every machine.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "made of constants")]

use std::collections::HashSet;
use std::sync::Arc;

use leadlens::journeys::{Check, Days, JourneysParts, Leads, Rows, Sizes, StageOrder, StringTable, build_timeline};
use leadlens::schema::{Kind, Side};
use leadlens::{DAY, Journeys, NO_TIME, Task, Zone};

/// Leads.
pub const LEADS: usize = 100_000;
/// Events.
pub const EVENTS: usize = 1_000_000;
/// Kinds of events.
pub const KINDS: usize = 10;

/// A small generator of pseudo-random numbers.
#[derive(Debug)]
pub struct Draw(pub u64);

impl Draw {
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Events of random leads, times and kinds.
#[must_use]
pub fn rows() -> Rows {
    let mut draw = Draw(1);
    Rows {
        lead: (0..EVENTS).map(|_| draw.below(LEADS as u64) as u32).collect(),
        at: (0..EVENTS).map(|_| draw.below(365 * DAY as u64) as i64).collect(),
        order: (0..EVENTS as u32).collect(),
        kind: (0..EVENTS).map(|_| draw.below(KINDS as u64) as u32).collect(),
        channel: (0..EVENTS).map(|_| draw.below(6) as u32).collect(),
        ..Rows::default()
    }
}

/// Sizes of the dictionaries.
#[must_use]
pub fn sizes() -> Sizes {
    Sizes { leads: LEADS, kinds: KINDS, channels: 6, ..Sizes::default() }
}

/// The index of [`rows`].
#[must_use]
pub fn journeys() -> Arc<Journeys> {
    let ids: Vec<String> = (0..LEADS).map(|i| i.to_string()).collect();
    let kind = |k: usize| Kind {
        plain: format!("k{k}"),
        source: "web".into(),
        side: Side::Buyer,
        stage: false,
        shared: false,
    };
    Arc::new(Journeys::from(JourneysParts {
        leads: Leads {
            ids: ids.iter().map(String::as_str).collect::<StringTable>(),
            created: vec![0; LEADS],
            source_row: (0..LEADS as u32).collect(),
            ..Leads::default()
        },
        timeline: build_timeline(vec![rows()], &sizes(), &Task::new()).unwrap(),
        kinds: (0..KINDS).map(kind).collect(),
        channels: ["a", "b", "c", "d", "e", "f"].into_iter().collect(),
        deals: StringTable::new(),
        value_names: Vec::new(),
        props: Vec::new(),
        pipeline: Vec::new(),
        won: Vec::new(),
        lost: Vec::new(),
        observed_until: 365 * DAY,
        outcomes_from: NO_TIME,
        timezone: leadlens::time::Zone::utc(),
        calendar_zone: Zone::utc(),
        check: Check::default(),
        days: Days::default(),
        stage_order: StageOrder::default(),
        event_ids: HashSet::new(),
    }))
}
