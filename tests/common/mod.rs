//! Small journeys made in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]
#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;

use leadlens::journeys::{
    Check, Days, Journeys, JourneysParts, Leads, Rows, Sizes, StageOrder, StringTable, build_timeline,
};
use leadlens::schema::{Kind, NONE, Side};
use leadlens::{NO_TIME, Task, Zone};

pub(crate) const DAY: i64 = leadlens::DAY;

/// One event or stage entry.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    pub(crate) lead: u32,
    pub(crate) at: i64,
    pub(crate) kind: u32,
    pub(crate) channel: Option<u32>,
    pub(crate) value: Option<f64>,
    pub(crate) deal: Option<u32>,
}

pub(crate) fn event(lead: u32, at: i64, kind: u32) -> Happening {
    Happening { lead, at, kind, channel: None, value: None, deal: None }
}

/// Kinds 0 and 1 are the buyer's, 2 is by sales; 3, 4 and 5 are the stages open, won and lost.
pub(crate) fn kinds() -> Vec<Kind> {
    let kind = |plain: &str, source: &str, side, stage| Kind {
        plain: plain.into(),
        source: source.into(),
        side,
        stage,
        shared: false,
    };
    vec![
        kind("visit", "web", Side::Buyer, false),
        kind("mail", "web", Side::Buyer, false),
        kind("call", "phone", Side::Sales, false),
        kind("open", "", Side::Sales, true),
        kind("won", "", Side::Sales, true),
        kind("lost", "", Side::Sales, true),
    ]
}

pub(crate) const VISIT: u32 = 0;
pub(crate) const MAIL: u32 = 1;
pub(crate) const CALL: u32 = 2;
pub(crate) const OPEN: u32 = 3;
pub(crate) const WON: u32 = 4;
pub(crate) const LOST: u32 = 5;

/// Journeys of leads `0..created.len()`, whose ids are zero-padded numbers. Stages of one instant are in the order of rows.
pub(crate) fn journeys(created: &[i64], happenings: &[Happening], observed_until: i64, zone: &str) -> Arc<Journeys> {
    journeys_ranked(created, happenings, observed_until, zone, Vec::new())
}

/// The same, with stages of one instant in the order of these classes of kinds.
pub(crate) fn journeys_ranked(
    created: &[i64],
    happenings: &[Happening],
    observed_until: i64,
    zone: &str,
    classes: Vec<u32>,
) -> Arc<Journeys> {
    let stage = |h: &&Happening| h.kind >= OPEN;
    let rows = |list: Vec<&Happening>, stages: bool, first: u32| Rows {
        lead: list.iter().map(|h| h.lead).collect(),
        at: list.iter().map(|h| h.at).collect(),
        order: (first..first + list.len() as u32).collect(),
        ordered: None,
        kind: list.iter().map(|h| h.kind).collect(),
        channel: list.iter().map(|h| h.channel.unwrap_or(NONE)).collect(),
        values: vec![(0, list.iter().map(|h| h.value.unwrap_or(f64::NAN)).collect())],
        props: Vec::new(),
        stage: stages.then(|| (list.iter().map(|h| h.deal.unwrap_or(NONE)).collect(), vec![f64::NAN; list.len()])),
    };
    let events: Vec<&Happening> = happenings.iter().filter(|h| !stage(h)).collect();
    let stages: Vec<&Happening> = happenings.iter().filter(stage).collect();
    let first = events.len() as u32;
    let tables = vec![rows(events, false, 0), rows(stages, true, first)];
    let sizes = Sizes { leads: created.len(), kinds: 6, channels: 3, deals: 4, values: 1, classes, ..Sizes::default() };
    let timeline = build_timeline(tables, &sizes, &Task::new()).unwrap();
    let ids: Vec<String> = (0..created.len()).map(|i| format!("lead{i:05}")).collect();
    Arc::new(Journeys::from(JourneysParts {
        leads: Leads {
            ids: ids.iter().map(String::as_str).collect::<StringTable>(),
            created: created.to_vec(),
            source_row: (0..created.len() as u32).collect(),
            ..Leads::default()
        },
        timeline,
        kinds: kinds(),
        channels: ["ads", "mail", "organic"].into_iter().collect(),
        deals: ["d0", "d1", "d2", "d3"].into_iter().collect(),
        value_names: vec!["pages".into()],
        props: Vec::new(),
        pipeline: vec!["open".into(), "won".into()],
        won: vec!["won".into()],
        lost: vec!["lost".into()],
        observed_until,
        outcomes_from: NO_TIME,
        timezone: leadlens::time::Zone::utc(),
        calendar_zone: Zone::new(zone).unwrap(),
        check: Check::default(),
        days: Days::default(),
        stage_order: StageOrder::default(),
        event_ids: std::collections::HashSet::new(),
    }))
}

/// The parts of journeys, to be changed.
#[allow(dead_code, reason = "not every test changes journeys")]
pub(crate) fn parts(journeys: &Journeys) -> JourneysParts {
    journeys.clone().into()
}

/// A small generator of pseudo-random numbers, the same on every machine.
#[allow(dead_code, reason = "not every test draws")]
pub(crate) struct Draw(pub(crate) u64);

#[allow(dead_code, reason = "not every test draws")]
impl Draw {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}
