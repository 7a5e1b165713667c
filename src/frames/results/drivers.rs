//! Drivers, barriers and comparisons as tables.

use polars::prelude::*;

use crate::analyses::drivers::{Barrier, Barriers, Driver, Drivers, StepComparison};
use crate::error::Result;
use crate::frames::results::columns::{counts, frame, numbers, optional, texts};

/// Drivers of drop-off.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn drivers_frame(d: &Drivers) -> Result<DataFrame> {
    let rows = &d.drivers;
    let column = |name: &str, get: fn(&Driver) -> f64| numbers(name, rows.iter().map(get).collect());
    let count = |name: &str, get: fn(&Driver) -> u64| counts(name, rows.iter().map(|r| get(r) as usize));
    let rate = |hits: u64, n: u64| if n == 0 { f64::NAN } else { hits as f64 / n as f64 };
    frame(vec![
        texts("step", rows.iter().map(|r| r.step.clone())),
        texts("next", rows.iter().map(|r| r.next.clone())),
        texts("factor", rows.iter().map(|r| format!("{:?}", r.factor).to_lowercase())),
        texts("name", rows.iter().map(|r| r.name.clone())),
        texts("value", rows.iter().map(|r| r.value.clone())),
        count("leads", |r| r.leads),
        count("went_on", |r| r.went_on),
        numbers("rate", rows.iter().map(|r| rate(r.went_on, r.leads)).collect()),
        count("other_leads", |r| r.other_leads),
        numbers("other_rate", rows.iter().map(|r| rate(r.others_went_on, r.other_leads)).collect()),
        optional("odds_ratio", rows.iter().map(|r| r.odds_ratio)),
        optional("odds_ratio_low", rows.iter().map(|r| r.odds_ratio.map(|_| r.interval.low))),
        optional("odds_ratio_high", rows.iter().map(|r| r.odds_ratio.map(|_| r.interval.high))),
        optional("hazard_ratio", rows.iter().map(|r| r.hazard_ratio)),
        optional("hazard_ratio_low", rows.iter().map(|r| r.hazard_ratio.map(|_| r.interval.low))),
        optional("hazard_ratio_high", rows.iter().map(|r| r.hazard_ratio.map(|_| r.interval.high))),
        column("p_value", |r| r.p_value),
        column("q_value", |r| r.q_value),
    ])
}

/// Table of barriers, one row per segment and step.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn barriers_frame(b: &Barriers) -> Result<DataFrame> {
    let rows = &b.barriers;
    let column = |name: &str, get: fn(&Barrier) -> f64| numbers(name, rows.iter().map(get).collect());
    frame(vec![
        texts("step", rows.iter().map(|r| r.step.clone())),
        texts("next", rows.iter().map(|r| r.next.clone())),
        texts("group", rows.iter().map(|r| r.segment.clone())),
        counts("leads", rows.iter().map(|r| r.leads as usize)),
        column("rate", |r| r.rate),
        column("reference_rate", |r| r.reference_rate),
        column("leads_lost", |r| r.leads_lost),
        column("leads_lost_low", |r| r.leads_lost_interval.low),
        column("leads_lost_high", |r| r.leads_lost_interval.high),
        column("conversions_lost", |r| r.conversions_lost),
        column("conversions_lost_low", |r| r.conversions_lost_interval.low),
        column("conversions_lost_high", |r| r.conversions_lost_interval.high),
        optional("value_lost", rows.iter().map(|r| r.value_lost)),
        optional("value_lost_low", rows.iter().map(|r| r.value_lost_interval.map(|i| i.low))),
        optional("value_lost_high", rows.iter().map(|r| r.value_lost_interval.map(|i| i.high))),
        column("shrinkage", |r| r.shrinkage),
        column("conversions_lost_shrunk", |r| r.conversions_lost_shrunk),
        column("p_value", |r| r.p_value),
        column("q_value", |r| r.q_value),
    ])
}

/// Two groups of a funnel side by side.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn comparison_frame(rows: &[StepComparison]) -> Result<DataFrame> {
    let column = |name: &str, get: fn(&StepComparison) -> f64| numbers(name, rows.iter().map(get).collect());
    let count = |name: &str, get: fn(&StepComparison) -> u64| counts(name, rows.iter().map(|r| get(r) as usize));
    frame(vec![
        texts("step", rows.iter().map(|r| r.step.clone())),
        count("first_entered", |r| r.first.0),
        count("first_leads", |r| r.first.1),
        column("first_rate", |r| r.of_first.first),
        count("second_entered", |r| r.second.0),
        count("second_leads", |r| r.second.1),
        column("second_rate", |r| r.of_first.second),
        column("difference", |r| r.of_first.difference),
        column("difference_low", |r| r.of_first.interval.low),
        column("difference_high", |r| r.of_first.interval.high),
        column("ratio", |r| r.of_first.ratio),
        column("z", |r| r.of_first.z),
        column("p_value", |r| r.of_first.p_value),
    ])
}
