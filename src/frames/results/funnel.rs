//! Funnels as tables.

use polars::prelude::*;

use crate::analyses::funnel::{Funnel, FunnelSpec, FunnelStep, LeadProgress, Order, Spread};
use crate::error::Result;
use crate::frames::results::columns::{counts, frame, optional, optional_texts, texts, times};
use crate::journeys::Journeys;
use crate::schema::ALL;
use crate::time::NO_TIME;

/// All leads, then each value of the breakdown.
fn rows(funnel: &Funnel) -> Vec<(&str, &FunnelStep)> {
    let all = funnel.steps.iter().map(|s| (ALL, s));
    let groups = funnel.groups.iter().flat_map(|g| g.steps.iter().map(|s| (g.value.as_str(), s)));
    all.chain(groups).collect()
}

/// The column of the breakdown, if there is one.
fn by(funnel: &Funnel, values: impl Iterator<Item = String>) -> Option<Column> {
    funnel.spec.by.as_ref().map(|_| texts("group", values))
}

/// A funnel, long: by value of the breakdown (`(all)` for all leads) and step; median times in days if they were taken.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn funnel_frame(funnel: &Funnel) -> Result<DataFrame> {
    let rows = rows(funnel);
    let column = |name: &str, get: fn(&FunnelStep) -> f64| optional(name, rows.iter().map(|r| Some(get(r.1))));
    let mut columns: Vec<Column> = by(funnel, rows.iter().map(|r| r.0.to_owned())).into_iter().collect();
    columns.extend([
        texts("step", rows.iter().map(|r| r.1.step.clone())),
        counts("leads", rows.iter().map(|r| r.1.leads as usize)),
        column("of_first", |s| s.of_first),
        column("of_first_low", |s| s.of_first_interval.low),
        column("of_first_high", |s| s.of_first_interval.high),
        column("of_previous", |s| s.of_previous),
        column("of_previous_low", |s| s.of_previous_interval.low),
        column("of_previous_high", |s| s.of_previous_interval.high),
    ]);
    if funnel.steps.iter().any(|s| s.times.is_some()) {
        let median = |name: &str, get: fn(&crate::analyses::funnel::StepTimes) -> f64| {
            optional(name, rows.iter().map(|r| r.1.times.as_ref().map(get)))
        };
        columns.push(median("median_days", |t| t.from_previous.median));
        columns.push(median("median_days_from_first", |t| t.from_first.median));
    }
    frame(columns)
}

/// Times of a funnel in days, long: by value, step, and whether since the step before or since step 1.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn funnel_times_frame(funnel: &Funnel) -> Result<DataFrame> {
    let mut lines: Vec<(&str, &str, &str, Spread)> = Vec::new();
    for (value, step) in rows(funnel) {
        if let Some(t) = &step.times {
            lines.push((value, &step.step, "previous", t.from_previous));
            lines.push((value, &step.step, "first", t.from_first));
        }
    }
    let column = |name: &str, get: fn(&Spread) -> f64| optional(name, lines.iter().map(|l| Some(get(&l.3))));
    let mut columns: Vec<Column> = by(funnel, lines.iter().map(|l| l.0.to_owned())).into_iter().collect();
    columns.extend([
        texts("step", lines.iter().map(|l| l.1.to_owned())),
        texts("since", lines.iter().map(|l| l.2.to_owned())),
        counts("n", lines.iter().map(|l| l.3.n as usize)),
        column("mean", |s| s.mean),
        column("p10", |s| s.p10),
        column("p25", |s| s.p25),
        column("median", |s| s.median),
        column("p75", |s| s.p75),
        column("p90", |s| s.p90),
    ]);
    frame(columns)
}

/// A funnel over time, long: by first day of the period of entry, and step. Periods in which entrants are left out
/// because their window is not over, or began before outcomes were recorded, are marked.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn funnel_periods_frame(funnel: &Funnel) -> Result<DataFrame> {
    let groups = funnel.groups.iter().map(|g| (g.value.as_str(), &g.periods));
    let mut values = Vec::new();
    let mut days: Vec<i32> = Vec::new();
    let (mut steps, mut leads, mut share) = (Vec::new(), Vec::new(), Vec::new());
    let (mut low, mut high, mut immature, mut early) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (value, period) in
        [(ALL, &funnel.periods)].into_iter().chain(groups).flat_map(|(v, list)| list.iter().map(move |p| (v, p)))
    {
        let first = period.leads.first().copied().unwrap_or(0);
        for ((step, n), interval) in funnel.steps.iter().zip(&period.leads).zip(&period.of_first_intervals) {
            values.push(value.to_owned());
            days.push(period.start_day as i32);
            steps.push(step.step.clone());
            leads.push(*n as usize);
            share.push(if first == 0 { f64::NAN } else { *n as f64 / first as f64 });
            low.push(interval.low);
            high.push(interval.high);
            immature.push(period.immature as usize);
            early.push(period.before_outcomes as usize);
        }
    }
    let periods = Int32Chunked::from_vec("period".into(), days).into_date().into_series().into_column();
    let mut columns: Vec<Column> = by(funnel, values.into_iter()).into_iter().collect();
    columns.extend([
        periods,
        texts("step", steps),
        counts("leads", leads),
        optional("of_first", share.into_iter().map(Some)),
        optional("of_first_low", low.into_iter().map(Some)),
        optional("of_first_high", high.into_iter().map(Some)),
        counts("immature", immature),
        counts("before_outcomes", early),
    ]);
    frame(columns)
}

/// How far each lead got: lead, number and name of the last step done, times of entry and of that step.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn funnel_leads_frame(journeys: &Journeys, spec: &FunnelSpec, progress: &[LeadProgress]) -> Result<DataFrame> {
    let mut ids = StringChunkedBuilder::new("lead_id".into(), progress.len());
    progress.iter().for_each(|p| ids.append_value(journeys.leads.ids.get(p.lead)));
    let time = |p: &LeadProgress, k: usize| p.times.get(k).copied().unwrap_or(NO_TIME);
    let names = spec.step_names();
    let name = |p: &LeadProgress| names.get(p.last()).cloned().filter(|_| spec.order != Order::Any);
    frame(vec![
        ids.finish().into_series().into_column(),
        counts("reached", progress.iter().map(|p| p.last() + 1)),
        optional_texts("step", progress.iter().map(name)),
        times("entered_at", progress.iter().map(|p| time(p, 0))),
        times("reached_at", progress.iter().map(|p| time(p, p.last()))),
    ])
}
