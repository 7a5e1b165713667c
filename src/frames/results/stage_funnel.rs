//! Stage funnels as tables.

use polars::prelude::*;

use crate::analyses::stage_funnel::{FlowRow, StageFunnel, StageGroup, StageRow, StageTime, Velocity, WinRow};
use crate::error::Result;
use crate::frames::results::columns::{counts, frame, optional, texts};

fn dates(name: &str, days: impl Iterator<Item = i64>) -> Column {
    let days: Vec<i32> = days.map(|d| d as i32).collect();
    Int32Chunked::from_vec(name.into(), days).into_date().into_series().into_column()
}

fn stage_columns(rows: &[&StageRow]) -> Vec<Column> {
    let count = |name: &str, get: fn(&StageRow) -> u64| counts(name, rows.iter().map(|r| get(r) as usize));
    let column = |name: &str, get: fn(&StageRow) -> f64| optional(name, rows.iter().map(|r| Some(get(r))));
    vec![
        texts("stage", rows.iter().map(|r| r.stage.clone())),
        count("reached", |r| r.reached),
        count("entered", |r| r.entered),
        count("skipped", |r| r.skipped),
        count("moved_on", |r| r.moved_on),
        count("lost", |r| r.lost),
        count("recycled", |r| r.recycled),
        count("open", |r| r.open),
        count("won", |r| r.won),
        column("of_first", |r| r.of_first),
        column("of_first_low", |r| r.of_first_interval.low),
        column("of_first_high", |r| r.of_first_interval.high),
        column("of_previous", |r| r.of_previous),
        column("of_previous_low", |r| r.of_previous_interval.low),
        column("of_previous_high", |r| r.of_previous_interval.high),
    ]
}

/// Rows of all leads, then of each group, with the name of the group.
fn rows<T>(f: &StageFunnel, of: fn(&StageGroup) -> &[T]) -> Vec<(&str, &T)> {
    f.all_and_groups().flat_map(|g| of(g).iter().map(|row| (g.value.as_str(), row))).collect()
}

fn groups<T>(rows: &[(&str, T)]) -> Column {
    texts("group", rows.iter().map(|r| r.0.to_owned()))
}

/// Stages of all cycles, then of each value of the breakdown.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_funnel_frame(f: &StageFunnel) -> Result<DataFrame> {
    let rows = rows(f, |g| &g.stages);
    let mut columns = vec![groups(&rows)];
    columns.extend(stage_columns(&rows.iter().map(|r| r.1).collect::<Vec<_>>()));
    frame(columns)
}

/// One row for all leads and one per value of the breakdown: win rate, what it is of, value and velocity.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_summary_frame(f: &StageFunnel) -> Result<DataFrame> {
    let rows: Vec<&StageGroup> = f.all_and_groups().collect();
    let count = |name: &str, get: fn(&Velocity) -> u64| counts(name, rows.iter().map(|r| get(&r.velocity) as usize));
    let column = |name: &str, get: fn(&Velocity) -> f64| optional(name, rows.iter().map(|r| Some(get(&r.velocity))));
    frame(vec![
        texts("group", rows.iter().map(|r| r.value.clone())),
        counts("cycles", rows.iter().map(|r| r.cycles as usize)),
        count("opportunities", |v| v.opportunities),
        count("won", |v| v.won),
        count("lost", |v| v.lost),
        count("open", |v| v.open),
        count("open_now", |v| v.open_now),
        column("win_rate", |v| v.win_rate),
        column("win_rate_low", |v| v.win_rate_interval.low),
        column("win_rate_high", |v| v.win_rate_interval.high),
        texts("win_rate_of", rows.iter().map(|_| f.win_rate_of.clone())),
        column("value", |v| v.value_won),
        count("values_known", |v| v.values_known),
        column("mean_value", |v| v.value),
        count("days_known", |v| v.days_known),
        column("days_to_win", |v| v.cycle_days),
        column("value_per_day", |v| v.per_day),
    ])
}

/// Stages by period of start; `mature` says that their rates are final.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_cohorts_frame(f: &StageFunnel) -> Result<DataFrame> {
    let rows: Vec<_> =
        rows(f, |g| &g.cohorts).into_iter().flat_map(|(g, c)| c.stages.iter().map(move |r| (g, c, r))).collect();
    let mut columns = vec![
        texts("group", rows.iter().map(|r| r.0.to_owned())),
        dates("period", rows.iter().map(|r| r.1.start_day)),
        counts("cycles", rows.iter().map(|r| r.1.cycles as usize)),
        counts("cycles_open", rows.iter().map(|r| r.1.open as usize)),
        counts("immature", rows.iter().map(|r| r.1.immature as usize)),
        counts("before_outcomes", rows.iter().map(|r| r.1.before_outcomes as usize)),
        Column::new("mature".into(), rows.iter().map(|r| r.1.is_mature(&f.spec)).collect::<Vec<bool>>()),
    ];
    columns.extend(stage_columns(&rows.iter().map(|r| r.2).collect::<Vec<_>>()));
    frame(columns)
}

/// What happened at each stage in each period.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_flow_frame(f: &StageFunnel) -> Result<DataFrame> {
    let rows = rows(f, |g| &g.flow);
    let count = |name: &str, get: fn(&FlowRow) -> u64| counts(name, rows.iter().map(|r| get(r.1) as usize));
    frame(vec![
        groups(&rows),
        dates("period", rows.iter().map(|r| r.1.start_day)),
        texts("stage", rows.iter().map(|r| r.1.stage.clone())),
        count("entered", |x| x.entered),
        count("moved_on", |x| x.moved_on),
        count("moved_back", |x| x.moved_back),
        count("lost", |x| x.lost),
        count("recycled", |x| x.recycled),
        count("stock", |x| x.stock),
    ])
}

/// Win rate among cycles closed in each period.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_wins_frame(f: &StageFunnel) -> Result<DataFrame> {
    let rows = rows(f, |g| &g.wins);
    let column = |name: &str, get: fn(&WinRow) -> f64| optional(name, rows.iter().map(|r| Some(get(r.1))));
    frame(vec![
        groups(&rows),
        dates("period", rows.iter().map(|r| r.1.start_day)),
        counts("won", rows.iter().map(|r| r.1.won as usize)),
        counts("lost", rows.iter().map(|r| r.1.lost as usize)),
        column("win_rate", |x| x.win_rate),
        column("win_rate_low", |x| x.interval.low),
        column("win_rate_high", |x| x.interval.high),
        texts("win_rate_of", rows.iter().map(|_| f.wins_of())),
        optional("value", rows.iter().map(|r| r.1.value)),
    ])
}

/// Time in each stage, days.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_times_frame(f: &StageFunnel) -> Result<DataFrame> {
    let rows = rows(f, |g| &g.times);
    let quantile = |name: &str, q: usize, part: usize| {
        optional(name, rows.iter().map(|r| r.1.quantiles.get(q).and_then(|ages| ages.get(part)).copied().flatten()))
    };
    let left = |name: &str, get: fn(&StageTime) -> f64| optional(name, rows.iter().map(|r| Some(get(r.1))));
    frame(vec![
        groups(&rows),
        texts("stage", rows.iter().map(|r| r.1.stage.clone())),
        counts("visits", rows.iter().map(|r| r.1.visits as usize)),
        counts("still_in", rows.iter().map(|r| r.1.still_in as usize)),
        quantile("quarter_days", 0, 0),
        quantile("median_days", 1, 0),
        quantile("median_days_low", 1, 1),
        quantile("median_days_high", 1, 2),
        quantile("three_quarters_days", 2, 0),
        left("mean_of_left", |x| x.left.mean),
        left("p90_of_left", |x| x.left.p90),
    ])
}
