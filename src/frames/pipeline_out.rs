//! Stage funnels as tables.

use polars::prelude::*;

use super::tables_out::{counts, frame, optional, texts};
use crate::design::ALL;
use crate::error::Result;
use crate::pipeline::{StageFunnel, StageRow, StageTime};

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

/// Stages of all cycles, then of each value of the breakdown.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_funnel_frame(f: &StageFunnel) -> Result<DataFrame> {
    let all = f.stages.iter().map(|r| (ALL, r));
    let groups = f.groups.iter().flat_map(|(value, rows)| rows.iter().map(move |r| (value.as_str(), r)));
    let rows: Vec<(&str, &StageRow)> = all.chain(groups).collect();
    let mut columns = vec![texts("group", rows.iter().map(|r| r.0.to_owned()))];
    columns.extend(stage_columns(&rows.iter().map(|r| r.1).collect::<Vec<_>>()));
    frame(columns)
}

/// Stages by period of start; `mature` says that their rates are final.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_cohorts_frame(f: &StageFunnel) -> Result<DataFrame> {
    let rows: Vec<_> = f.cohorts.iter().flat_map(|c| c.stages.iter().map(move |r| (c, r))).collect();
    let mut columns = vec![
        dates("period", rows.iter().map(|r| r.0.start_day)),
        counts("cycles", rows.iter().map(|r| r.0.cycles as usize)),
        counts("cycles_open", rows.iter().map(|r| r.0.open as usize)),
        counts("immature", rows.iter().map(|r| r.0.immature as usize)),
        Column::new("mature".into(), rows.iter().map(|r| r.0.is_mature(&f.spec)).collect::<Vec<bool>>()),
    ];
    columns.extend(stage_columns(&rows.iter().map(|r| r.1).collect::<Vec<_>>()));
    frame(columns)
}

/// What happened at each stage in each period.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_flow_frame(f: &StageFunnel) -> Result<DataFrame> {
    let r = &f.flow;
    frame(vec![
        dates("period", r.iter().map(|x| x.start_day)),
        texts("stage", r.iter().map(|x| x.stage.clone())),
        counts("entered", r.iter().map(|x| x.entered as usize)),
        counts("moved_on", r.iter().map(|x| x.moved_on as usize)),
        counts("moved_back", r.iter().map(|x| x.moved_back as usize)),
        counts("lost", r.iter().map(|x| x.lost as usize)),
        counts("recycled", r.iter().map(|x| x.recycled as usize)),
        counts("stock", r.iter().map(|x| x.stock as usize)),
    ])
}

/// Wins among what was closed in each period.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_wins_frame(f: &StageFunnel) -> Result<DataFrame> {
    let w = &f.wins;
    frame(vec![
        dates("period", w.iter().map(|x| x.start_day)),
        counts("won", w.iter().map(|x| x.won as usize)),
        counts("lost", w.iter().map(|x| x.lost as usize)),
        optional("win_rate", w.iter().map(|x| Some(x.win_rate))),
        optional("win_rate_low", w.iter().map(|x| Some(x.interval.low))),
        optional("win_rate_high", w.iter().map(|x| Some(x.interval.high))),
        optional("value", w.iter().map(|x| x.value)),
    ])
}

/// Time in each stage, days.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn stage_times_frame(f: &StageFunnel) -> Result<DataFrame> {
    let t = &f.times;
    let quantile = |name: &str, q: usize, part: usize| {
        optional(name, t.iter().map(|x| x.quantiles.get(q).and_then(|ages| ages.get(part)).copied().flatten()))
    };
    let left = |name: &str, get: fn(&StageTime) -> f64| optional(name, t.iter().map(|x| Some(get(x))));
    frame(vec![
        texts("stage", t.iter().map(|x| x.stage.clone())),
        counts("visits", t.iter().map(|x| x.visits as usize)),
        counts("still_in", t.iter().map(|x| x.still_in as usize)),
        quantile("quarter_days", 0, 0),
        quantile("median_days", 1, 0),
        quantile("median_low", 1, 1),
        quantile("median_high", 1, 2),
        quantile("three_quarters_days", 2, 0),
        left("mean_of_left", |x| x.left.mean),
        left("p90_of_left", |x| x.left.p90),
    ])
}
