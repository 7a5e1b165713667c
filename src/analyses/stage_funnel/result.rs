//! A stage funnel as counted.

use serde::{Deserialize, Serialize};

use super::spec::{StageFunnelSpec, win_rate_of};

use crate::analyses::funnel::Spread;
use crate::math::Interval;

/// One stage, of cycles that started together. `reached` = `moved_on` + `lost` + `recycled` + `open` + `won`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRow {
    /// Its name.
    pub stage: String,
    /// Cycles that entered it or a later stage.
    pub reached: u64,
    /// Cycles that entered it.
    pub entered: u64,
    /// Cycles that entered a later stage without it.
    pub skipped: u64,
    /// Cycles that entered a later stage.
    pub moved_on: u64,
    /// Cycles lost that got no further.
    pub lost: u64,
    /// Cycles that got no further before the lead started again.
    pub recycled: u64,
    /// Cycles open that got no further.
    pub open: u64,
    /// Cycles won at this stage, the last one they reached.
    pub won: u64,
    /// Share of the first stage.
    pub of_first: f64,
    /// Wilson's 95 % interval, for the effective number where leads have accounts or are recycled.
    pub of_first_interval: Interval,
    /// Share of the stage before.
    pub of_previous: f64,
    /// Wilson's 95 % interval, for the effective number where leads have accounts or are recycled.
    pub of_previous_interval: Interval,
}

/// Cycles that started in one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// First day of the period, local day number.
    pub start_day: i64,
    /// Number of cycles.
    pub cycles: u64,
    /// How many of them are open.
    pub open: u64,
    /// Cycles of the period that are left out, because they started less than `window` before the end of observation.
    pub immature: u64,
    /// Cycles of the period that are left out, because they started before outcomes were recorded.
    pub before_outcomes: u64,
    /// Counts per stage.
    pub stages: Vec<StageRow>,
}

impl Cohort {
    /// Whether its rates are final: no cycle is open, or with `window`, none is left out as too young.
    #[must_use]
    pub fn is_mature(&self, spec: &StageFunnelSpec) -> bool {
        if spec.window.is_some() { self.immature == 0 } else { self.open == 0 }
    }
}

/// What happened at one stage in one period. The stock grows by what entered and shrinks by what left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowRow {
    /// First day of the period.
    pub start_day: i64,
    /// Name of the stage.
    pub stage: String,
    /// Visits that began.
    pub entered: u64,
    /// Visits that ended in a later stage.
    pub moved_on: u64,
    /// Visits that ended in an earlier stage.
    pub moved_back: u64,
    /// Visits that ended in a loss.
    pub lost: u64,
    /// Visits that ended because the lead started again.
    pub recycled: u64,
    /// In the stage at the end of the period.
    pub stock: u64,
}

/// Win rate among cycles closed in one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WinRow {
    /// First day of the period.
    pub start_day: i64,
    /// Cycles won that reached the opportunity's stage.
    pub won: u64,
    /// Those lost.
    pub lost: u64,
    /// won / (won + lost); NaN if nothing was closed, or no stage means lost.
    pub win_rate: f64,
    /// Wilson's 95 % interval, for the effective number where leads have accounts or are recycled.
    pub interval: Interval,
    /// Value won, where one is known.
    pub value: Option<f64>,
}

/// Time in one stage, days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// Name of the stage.
    pub stage: String,
    /// Number of visits.
    pub visits: u64,
    /// Visits that have not ended.
    pub still_in: u64,
    /// Length of ended visits.
    pub left: Spread,
    /// Quarter, half and three quarters have left by, with visits that go on taken as such (Kaplan–Meier), and intervals,
    /// where accounts are declared, or a lead was here more than once, by leaving out accounts or leads.
    pub quantiles: [[Option<f64>; 3]; 3],
}

/// How many opportunities are won, and how fast the pipeline makes value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Velocity {
    /// Cycles that reached the opportunity's stage. `won`, `lost` and `open` add up to them, with cycles that started again
    /// while they were open.
    pub opportunities: u64,
    /// Cycles won.
    pub won: u64,
    /// Cycles lost.
    pub lost: u64,
    /// Cycles open at the end of observation, or at the end of `window`.
    pub open: u64,
    /// Cycles that reached the opportunity's stage and are open at the end of observation, also with `window`, the cycles that
    /// are too young for it included. They make the pace.
    pub open_now: u64,
    /// Cycles that the win rate is of ([`StageFunnel::win_rate_of`]).
    pub of: u64,
    /// won / of; NaN if there are none.
    pub win_rate: f64,
    /// Wilson's 95 % interval, for the effective number where leads have accounts or are recycled.
    pub win_rate_interval: Interval,
    /// Value of the wins whose value is known.
    pub value_won: f64,
    /// Wins whose value is known.
    pub values_known: u64,
    /// Mean value of those wins.
    pub value: f64,
    /// Wins of cycles that entered that stage: those with days to the win.
    pub days_known: u64,
    /// Mean days from that stage to the win, of wins that did not skip it.
    pub cycle_days: f64,
    /// Value per day; NaN if no stage means lost.
    pub per_day: f64,
}

/// Pipeline velocity: open opportunities × win rate × mean value / days of a cycle.
///
/// ```
/// let per_day = leadlens::analyses::stage_funnel::velocity(50.0, 0.25, 25_000.0, 60.0);
/// assert!((per_day - 5_208.33).abs() < 0.01);
/// ```
#[must_use]
pub fn velocity(opportunities: f64, win_rate: f64, value: f64, cycle_days: f64) -> f64 {
    opportunities * win_rate * value / cycle_days
}

/// Counts of all leads, or of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageGroup {
    /// Value of the breakdown; `(all)` for all leads.
    pub value: String,
    /// Cycles counted.
    pub cycles: u64,
    /// Stages of all cycles.
    pub stages: Vec<StageRow>,
    /// By period of start.
    pub cohorts: Vec<Cohort>,
    /// By period in which it happened.
    pub flow: Vec<FlowRow>,
    /// Wins by period of closing.
    pub wins: Vec<WinRow>,
    /// Time in each stage.
    pub times: Vec<StageTime>,
    /// Win rate, value and velocity.
    pub velocity: Velocity,
}

/// A stage funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageFunnel {
    /// The options of the analysis.
    pub spec: StageFunnelSpec,
    /// What the win rate is of, such as `closed leads` or `all leads that reached 'sql'`.
    pub win_rate_of: String,
    /// All leads.
    pub all: StageGroup,
    /// By value of the breakdown, most cycles first; groups add up to all.
    pub groups: Vec<StageGroup>,
    /// Whether a stage is declared as lost.
    pub can_lose: bool,
    /// Leads with at least one cycle; `leads` + `recycled` − `immature` − `before_outcomes` cycles are counted.
    pub leads: u64,
    /// Cycles beyond a lead's first.
    pub recycled: u64,
    /// Moves to an earlier stage.
    pub regressions: u64,
    /// Cycles that went on after they were lost.
    pub reopened: u64,
    /// Leads that never entered the pipeline.
    pub no_start: u64,
    /// Cycles left out because they started less than `window` before the end of observation.
    pub immature: u64,
    /// Cycles left out because they started before outcomes were recorded.
    pub before_outcomes: u64,
    /// Leads left out because they were won or lost before their creation, which is the first stage.
    pub ended_before: u64,
    /// Wins of cycles that were won before: they, and their value, are not counted.
    pub more_wins: u64,
    /// Remarks on exclusions and assumptions.
    pub remarks: Vec<String>,
}

impl StageFunnel {
    /// All leads, then each group.
    pub fn all_and_groups(&self) -> impl Iterator<Item = &StageGroup> {
        std::iter::once(&self.all).chain(&self.groups)
    }

    /// What the win rates of periods are of: closed cycles, of the period in which they were closed.
    #[must_use]
    pub fn wins_of(&self) -> String {
        format!("{}, by period of close", win_rate_of(&self.spec, true))
    }
}
