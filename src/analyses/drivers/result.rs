//! Drivers of drop-off: what differs between leads that went on and others.

use serde::{Deserialize, Serialize};

use super::spec::DriversSpec;
use crate::math::Interval;

/// Where a property of a lead is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Factor {
    /// A lead field has a value.
    Field,
    /// The event of the step has a channel.
    Channel,
    /// An event of a kind came before the event of the step.
    Before,
    /// An event of a kind came after it, before the lead went on or its time was over.
    After,
}

/// One property at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// The step that leads are at.
    pub step: String,
    /// The step that they go on to.
    pub next: String,
    /// Where the property is found.
    pub factor: Factor,
    /// Field, `channel`, or event kind.
    pub name: String,
    /// Value of the field or channel; empty for events.
    pub value: String,
    /// Leads with it.
    pub leads: u64,
    /// How many of them went on.
    pub went_on: u64,
    /// Leads without it.
    pub other_leads: u64,
    /// How many of them went on.
    pub others_went_on: u64,
    /// Odds of going on with it by those without, one added to each count; `None` for events after the step.
    pub odds_ratio: Option<f64>,
    /// For events after the step: pace of going on after the event by that before it or without it.
    pub hazard_ratio: Option<f64>,
    /// 95 % interval of that ratio.
    pub interval: Interval,
    /// Fisher's exact probability, with accounts at least that of the test clustered by them; Mantel–Byar's for events after
    /// the step.
    pub p_value: f64,
    /// The same, adjusted for all properties looked at (false discovery rate); events after a step are a family of their own.
    pub q_value: f64,
}

impl Driver {
    /// Odds ratio or hazard ratio.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.odds_ratio.or(self.hazard_ratio).unwrap_or(f64::NAN)
    }
}

/// Drivers of drop-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drivers {
    /// The options of the analysis.
    pub spec: DriversSpec,
    /// Properties with enough support: by step, the surest and strongest first.
    pub drivers: Vec<Driver>,
    /// Properties with too little support.
    pub unsupported: usize,
    /// Entrants left out because they entered before outcomes were recorded.
    pub before_outcomes: u64,
    /// What to know when reading them.
    pub remarks: Vec<String>,
}
