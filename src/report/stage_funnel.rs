//! Stage funnels as plain text.

use super::body::{Body, Show, TextTable};
use super::numbers::{duration, interval, percent, rounded};
use super::options::options_line;
use super::text::by_name;
use crate::analyses::stage_funnel::{StageFunnel, StageGroup, StageRow, StageTime};
use crate::counted::counted;

fn rows(stages: &[StageRow]) -> Vec<Vec<String>> {
    let row = |r: &StageRow| {
        vec![
            r.stage.clone(),
            r.reached.to_string(),
            percent(r.of_first),
            percent(r.of_previous),
            interval(Some(r.of_previous_interval.low), Some(r.of_previous_interval.high), percent),
            r.skipped.to_string(),
            r.lost.to_string(),
            r.open.to_string(),
        ]
    };
    stages.iter().map(row).collect()
}

fn time_rows(times: &[StageTime]) -> Vec<Vec<String>> {
    let days = |x: Option<f64>| duration(x.unwrap_or(f64::NAN));
    let row = |t: &StageTime| {
        let [quarter, half, most] = t.quantiles;
        let first = |ages: [Option<f64>; 3]| ages.first().copied().flatten();
        vec![
            t.stage.clone(),
            t.visits.to_string(),
            t.still_in.to_string(),
            days(first(quarter)),
            days(first(half)),
            days(first(most)),
        ]
    };
    times.iter().map(row).collect()
}

/// Win rate, value and velocity of each group.
fn summary(f: &StageFunnel, body: &mut Body) {
    let by = &by_name(f.spec.by.as_ref());
    let rate = format!("won of {}", f.win_rate_of);
    let header =
        [by, "open now", "won", &rate, "95 % interval", "value won", "mean value", "days to win", "value per day"];
    let row = |g: &StageGroup| {
        let v = &g.velocity;
        vec![
            g.value.clone(),
            v.open_now.to_string(),
            v.won.to_string(),
            percent(v.win_rate),
            interval(Some(v.win_rate_interval.low), Some(v.win_rate_interval.high), percent),
            rounded(v.value_won, 0),
            rounded(v.value, 0),
            duration(v.cycle_days),
            rounded(v.per_day, 0),
        ]
    };
    body.captioned("Groups", &header, f.all_and_groups().map(row).collect());
}

/// The win rate with its denominator, and the velocity of the pipeline.
fn pace(f: &StageFunnel) -> String {
    let v = &f.all.velocity;
    let mut pace = if v.win_rate.is_nan() {
        format!("win rate not available: 0 {}", f.win_rate_of)
    } else {
        let (low, high) = (percent(v.win_rate_interval.low), percent(v.win_rate_interval.high));
        format!("win rate {} ({low} to {high}): {} won of {} {}", percent(v.win_rate), v.won, v.of, f.win_rate_of)
    };
    if !f.can_lose {
        pace += ", including open ones because no lost stage is set (Journeys(lost=…))";
    }
    if let Some(within) = f.spec.window {
        pace += &format!("; {} still open {within} after their start", v.open);
    }
    pace += &format!("; {} open now", v.open_now);
    if !v.cycle_days.is_nan() {
        pace += &format!(", {} to the win", duration(v.cycle_days));
        if v.days_known < v.won {
            pace += &format!(
                " ({} of {}; the others skipped the first stage)",
                v.days_known,
                counted(v.won, "win", "wins")
            );
        }
    }
    if !v.value.is_nan() {
        pace += &format!("; mean value {}", rounded(v.value, 0));
    }
    if !v.per_day.is_nan() {
        pace += &format!(", velocity {} per day", rounded(v.per_day, 0));
    }
    pace
}

impl Show for StageFunnel {
    const TITLE: &'static str = "Pipeline";

    fn body(&self) -> Body {
        let f = self;
        let header =
            ["stage", "reached", "of first", "of previous", "95 % interval", "skipped", "lost here", "open here"];
        let mut body = Body::new(format!(
            "Stage funnel: {} of {}{}{}",
            counted(f.all.cycles, "cycle", "cycles"),
            counted(f.leads, "lead", "leads"),
            f.spec.by.as_ref().map_or_else(String::new, |by| format!(", by {by}")),
            f.spec.filter.suffix()
        ));
        body.lines(options_line(&f.spec, &["pipeline", "by", "where"]));
        let stages = |stages: &[StageRow]| TextTable::new(&header, rows(stages));
        let shares = f.all.stages.iter().map(|r| r.of_first).collect();
        body.table_with_bars(&header, rows(&f.all.stages), 2, shares);
        body.gap();
        body.captioned(
            "Time in stage",
            &["time in stage", "visits", "still there", "25 % left by", "50 % left by", "75 % left by"],
            time_rows(&f.all.times),
        );
        body.gap();
        body.line(pace(f));
        body.lines(f.remarks.iter().cloned());
        if !f.groups.is_empty() {
            body.gap();
            summary(f, &mut body);
        }
        let by = by_name(f.spec.by.as_ref());
        let tall = f.groups.iter().map(|g| (format!("{by} = {}", g.value), stages(&g.stages)));
        body.groups(wide(f, &by), tall.collect());
        body
    }
}

/// One row per group: how many reached each stage.
fn wide(f: &StageFunnel, by: &str) -> TextTable {
    let header: Vec<&str> = [by].into_iter().chain(f.all.stages.iter().map(|r| r.stage.as_str())).collect();
    let row = |g: &StageGroup| {
        let reached = g.stages.iter().enumerate().map(|(i, r)| match i {
            0 => r.reached.to_string(),
            _ => format!("{} ({})", r.reached, percent(r.of_first)),
        });
        [g.value.clone()].into_iter().chain(reached).collect()
    };
    TextTable::new(&header, f.groups.iter().map(row).collect()).titled("Reached, and of first".to_owned())
}
