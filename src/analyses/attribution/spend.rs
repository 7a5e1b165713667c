//! Unit costs: spend beside what a channel is given credit for, by month.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::labels::channel_name;
use super::paths::{Path, Touch};
use crate::counted::counted;
use crate::encoding::MISSING;
use crate::journeys::Journeys;
use crate::query::Where;
use crate::time::{DAY, NO_TIME, Period, Timestamp};

/// Money spent on a channel over some days, the same on each.
#[derive(Debug, Clone, PartialEq)]
pub struct SpendRow {
    /// First day, local day number.
    pub from: i64,
    /// The day after the last.
    pub until: i64,
    /// Channel (or campaign); `None` for spend on none in particular.
    pub channel: Option<String>,
    /// Amount spent.
    pub amount: f64,
}

/// Spend, and the period by which it is joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Spend {
    /// Rows of all spend tables.
    pub rows: Vec<SpendRow>,
    /// Calendar period.
    pub period: Period,
    /// What to know when reading it.
    pub remarks: Vec<String>,
}

/// Spend on a channel in a period.
#[derive(Debug, Clone)]
pub(super) struct PeriodSpend {
    /// First day of the period.
    day: i64,
    channel: Option<String>,
    amount: f64,
}

impl Spend {
    /// Spend by period, of the days whose leads are counted: from the period of the first entry, or the day from which
    /// outcomes are known, up to the end of observation. Remarks on exclusions.
    pub(super) fn observed(&self, journeys: &Journeys) -> (Vec<PeriodSpend>, Vec<String>) {
        let zone = &journeys.calendar_zone;
        let created = journeys.leads.created.iter().copied().filter(|t| *t != NO_TIME).min();
        let earliest = created.into_iter().chain(journeys.timeline.at.iter().copied().min()).min();
        let (first, end) = match earliest {
            Some(earliest) if journeys.observed_until != NO_TIME => {
                (self.period.start_day(zone, earliest), zone.day(journeys.observed_until - 1) + 1)
            }
            _ => (i64::MIN, i64::MAX),
        };
        let outcomes = (journeys.outcomes_from != NO_TIME).then(|| zone.day(journeys.outcomes_from));
        let by_outcomes = outcomes.is_some_and(|day| day > first);
        let first = outcomes.map_or(first, |day| day.max(first));
        let mut remarks = self.remarks.clone();
        let (mut rows, mut outside, mut left_out) = (Vec::new(), 0usize, 0.0);
        for row in &self.rows {
            let (from, until) = (row.from.max(first), row.until.min(end));
            let daily = row.amount / (row.until - row.from) as f64;
            if from > row.from || until < row.until {
                outside += 1;
                left_out += daily * ((row.until - row.from) - (until - from).max(0)) as f64;
            }
            let mut day = from;
            while day < until {
                let start = zone.day_start(day).map_or(day, |t| self.period.start_day(zone, t));
                let next = self.period.next_day(start).min(until);
                let whole = day == row.from && next == row.until;
                let amount = if whole { row.amount } else { daily * (next - day) as f64 };
                rows.push(PeriodSpend { day: start, channel: row.channel.as_deref().map(channel_name), amount });
                day = next;
            }
        }
        if outside > 0 {
            let date = |day: i64| Timestamp(day.saturating_mul(DAY)).to_string().chars().take(10).collect::<String>();
            let period = if by_outcomes { "period with known outcomes" } else { "observed period" };
            remarks.push(format!(
                "{left_out:.2} of spend ({}) lies outside the {period}, {} to {}, and is left out",
                counted(outside, "row", "rows"),
                date(first),
                date(end - 1)
            ));
        }
        (rows, remarks)
    }
}

/// Costs of one channel in one period (or in all).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitCost {
    /// Name of the channel.
    pub channel: String,
    /// First day of the period, local day number; `None` for all periods together.
    pub day: Option<i64>,
    /// Spend; `None` without a row of spend.
    pub spend: Option<f64>,
    /// Leads whose first touch was the channel's, in the period.
    pub leads: u64,
    /// How many of them reached the stage of `qualified`.
    pub qualified: u64,
    /// Conversions, by the first method asked for, in the period of the touch.
    pub conversions: f64,
    /// Value likewise.
    pub value: f64,
    /// What unit costs divide the spend by: leads, qualified, conversions and value of the periods for which spend of any
    /// channel is given. Spend in other periods is unknown.
    pub costed: Costed,
}

/// What the spend of a channel brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Costed {
    /// Number of leads.
    pub leads: u64,
    /// Leads that reached the stage of `qualified`.
    pub qualified: u64,
    /// Conversions credited to the channel.
    pub conversions: f64,
    /// Value of the credited conversions.
    pub value: f64,
}

impl Costed {
    fn add(&mut self, other: Self) {
        self.leads += other.leads;
        self.qualified += other.qualified;
        self.conversions += other.conversions;
        self.value += other.value;
    }
}

impl UnitCost {
    fn per(&self, n: f64) -> Option<f64> {
        self.spend.filter(|_| n > 0.0).map(|spend| spend / n)
    }

    /// Spend per lead.
    #[must_use]
    pub fn per_lead(&self) -> Option<f64> {
        self.per(self.costed.leads as f64)
    }

    /// Spend per qualified lead.
    #[must_use]
    pub fn per_qualified(&self) -> Option<f64> {
        self.per(self.costed.qualified as f64)
    }

    /// Spend per conversion: customer acquisition cost.
    #[must_use]
    pub fn per_conversion(&self) -> Option<f64> {
        self.per(self.costed.conversions)
    }

    /// Value per unit of spend: return on advertising spend.
    #[must_use]
    pub fn return_on_spend(&self) -> Option<f64> {
        self.spend.filter(|spend| *spend > 0.0).map(|spend| self.costed.value / spend)
    }
}

/// Unit costs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitCosts {
    /// All periods together, most spend first.
    pub total: Vec<UnitCost>,
    /// By channel and period.
    pub by_period: Vec<UnitCost>,
    /// Spend on channels that no touch has.
    pub unmatched: f64,
    /// Those channels.
    pub unmatched_channels: Vec<String>,
    /// The stage of `qualified`.
    pub qualified: Option<String>,
}

/// What touches of a month brought, per channel.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brought {
    pub(super) leads: u64,
    pub(super) qualified: u64,
    pub(super) conversions: f64,
    pub(super) value: f64,
    /// Shares of all paths, whether or not they converted.
    pub(super) presence: f64,
}

/// By channel and first day of the period.
pub(super) type Months = BTreeMap<(u32, i64), Brought>;

/// Counts a lead for its first touch.
pub(super) fn bring(journeys: &Journeys, period: Period, first: Touch, qualified: bool, months: &mut Months) {
    let month = period.start_day(&journeys.calendar_zone, first.at);
    let b = months.entry((first.channel, month)).or_default();
    b.leads += 1;
    b.qualified += u64::from(qualified);
}

/// Adds a path: each touch brought its share of the conversion.
pub(super) fn add(journeys: &Journeys, period: Period, path: &Path<'_>, shares: &[f64], months: &mut Months) {
    for (t, share) in path.touches.iter().zip(shares).filter(|(_, s)| **s != 0.0) {
        let month = period.start_day(&journeys.calendar_zone, t.at);
        let b = months.entry((t.channel, month)).or_default();
        b.presence += share;
        if let Some(value) = path.value {
            b.conversions += share;
            b.value += share * value;
        }
    }
}

/// Joins spend with credited conversions. `credits` are the totals of a method that gives no credit to single touches: they
/// are spread over months like linear credit, or like its share of all paths where a channel has none of it.
pub(super) fn join(
    names: &[String],
    months: &Months,
    credits: Option<&[(f64, f64)]>,
    spend: &[PeriodSpend],
    qualified: Option<&String>,
) -> UnitCosts {
    let mut linear: BTreeMap<u32, Brought> = BTreeMap::new();
    for ((channel, _), b) in months {
        let sum = linear.entry(*channel).or_default();
        sum.conversions += b.conversions;
        sum.value += b.value;
        sum.presence += b.presence;
    }
    let mut rows: BTreeMap<(String, i64), UnitCost> = BTreeMap::new();
    for ((channel, day), b) in months {
        let name = names.get(*channel as usize).cloned().unwrap_or_default();
        let (mut conversions, mut value) = (b.conversions, b.value);
        if let (Some(given), Some(sum)) = (credits.and_then(|c| c.get(*channel as usize)), linear.get(channel)) {
            let present = if sum.presence > 0.0 { b.presence / sum.presence } else { 0.0 };
            let share = if sum.conversions > 0.0 { b.conversions / sum.conversions } else { present };
            conversions = given.0 * share;
            value = given.1 * if sum.value == 0.0 { share } else { b.value / sum.value };
        }
        let row = rows.entry((name.clone(), *day)).or_default();
        *row = UnitCost {
            channel: name,
            day: Some(*day),
            spend: None,
            leads: b.leads,
            qualified: b.qualified,
            conversions,
            value,
            costed: Costed::default(),
        };
    }
    // Spend without a channel is what touches without one cost, if there are some.
    let missing = rows.keys().any(|(name, _)| name == MISSING);
    let known: BTreeSet<&String> = names.iter().filter(|name| missing || *name != MISSING).collect();
    let mut costs = UnitCosts { qualified: qualified.cloned(), ..UnitCosts::default() };
    for s in spend {
        let name = s.channel.clone().unwrap_or_else(|| MISSING.to_owned());
        if known.contains(&name) {
            let row = rows.entry((name.clone(), s.day)).or_default();
            (row.channel, row.day) = (name, Some(s.day));
            row.spend = Some(row.spend.unwrap_or(0.0) + s.amount);
        } else {
            costs.unmatched += s.amount;
            if !costs.unmatched_channels.contains(&name) {
                costs.unmatched_channels.push(name);
            }
        }
    }
    // Periods in which a channel was only on paths without a conversion are left out.
    let is_empty = |c: &UnitCost| c.spend.is_none() && c.leads == 0 && c.conversions == 0.0 && c.value == 0.0;
    rows.retain(|_, row| !is_empty(row));
    let given: BTreeSet<i64> = spend.iter().map(|s| s.day).collect();
    for (_, row) in rows.iter_mut().filter(|((_, day), _)| given.contains(day)) {
        let UnitCost { leads, qualified, conversions, value, .. } = *row;
        row.costed = Costed { leads, qualified, conversions, value };
    }
    let mut totals: BTreeMap<String, UnitCost> = BTreeMap::new();
    for row in rows.values() {
        let t = totals.entry(row.channel.clone()).or_default();
        t.channel.clone_from(&row.channel);
        t.spend = row.spend.map_or(t.spend, |spend| Some(t.spend.unwrap_or(0.0) + spend));
        t.leads += row.leads;
        t.qualified += row.qualified;
        t.conversions += row.conversions;
        t.value += row.value;
        t.costed.add(row.costed);
    }
    costs.by_period = rows.into_values().collect();
    costs.total = totals.into_values().collect();
    costs.total.sort_by(|a, b| {
        b.spend.unwrap_or(-1.0).total_cmp(&a.spend.unwrap_or(-1.0)).then_with(|| a.channel.cmp(&b.channel))
    });
    costs
}

/// What to know of unit costs where spend is not given for all that it is set beside.
pub(super) fn cost_remarks(costs: &UnitCosts, filter: &Where) -> Vec<String> {
    let mut remarks = Vec::new();
    let costly = |channel: &String| costs.total.iter().any(|c| c.channel == *channel && c.spend.is_some());
    let periods = |costed: bool| -> usize {
        let rows = costs.by_period.iter().filter(|c| costly(&c.channel) && (c.leads > 0 || c.conversions > 0.0));
        let days: BTreeSet<Option<i64>> =
            rows.filter(|c| !costed || c.costed.leads > 0 || c.costed.conversions > 0.0).map(|c| c.day).collect();
        days.len()
    };
    let (given, all) = (periods(true), periods(false));
    if given < all {
        remarks.push(format!(
            "spend covers {given} of {all} periods with leads or conversions; unit costs leave out the other periods"
        ));
    }
    if !filter.is_empty() {
        remarks.push(format!(
            "unit costs divide all spend by the leads where {filter}; give the spend on these leads only"
        ));
    }
    remarks
}
