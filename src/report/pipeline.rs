//! Stage funnels as plain text.

use super::text::{duration, percent, table_text};
use crate::pipeline::{StageFunnel, StageRow};

fn rows(stages: &[StageRow]) -> Vec<Vec<String>> {
    let row = |r: &StageRow| {
        vec![
            r.stage.clone(),
            r.reached.to_string(),
            percent(r.of_first),
            percent(r.of_previous),
            format!("{} to {}", percent(r.of_previous_interval.low), percent(r.of_previous_interval.high)),
            r.skipped.to_string(),
            r.lost.to_string(),
            r.open.to_string(),
        ]
    };
    stages.iter().map(row).collect()
}

/// A stage funnel.
#[must_use]
pub fn stage_funnel_text(f: &StageFunnel) -> String {
    let header = ["stage", "reached", "of first", "of previous", "95 % interval", "skipped", "lost here", "open here"];
    let mut lines = vec![format!("Stage funnel: {} cycles of {} leads", f.cycles, f.leads)];
    lines.push(table_text(&header, &rows(&f.stages)));
    let days = |x: Option<f64>| duration(x.unwrap_or(f64::NAN));
    let times: Vec<Vec<String>> = f
        .times
        .iter()
        .map(|t| {
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
        })
        .collect();
    lines.push(String::new());
    lines.push(table_text(
        &["time in stage", "visits", "still in", "quarter left by", "half by", "three quarters by"],
        &times,
    ));
    let v = &f.velocity;
    lines.push(String::new());
    let mut pace = match (f.can_lose, v.win_rate.is_nan()) {
        (false, _) => "no win rate, as no stage means lost (Journeys(lost=…))".to_owned(),
        (true, true) => "no opportunity is closed yet".to_owned(),
        (true, false) => format!(
            "win rate {} ({} to {}) of closed opportunities",
            percent(v.win_rate),
            percent(v.win_rate_interval.low),
            percent(v.win_rate_interval.high)
        ),
    };
    pace += &format!("; {} open", v.opportunities);
    if !v.cycle_days.is_nan() {
        pace += &format!(", {} to the win", duration(v.cycle_days));
    }
    if !v.value.is_nan() {
        pace += &format!("; mean value {:.0}", v.value);
    }
    if !v.per_day.is_nan() {
        pace += &format!(", velocity {:.0} a day", v.per_day);
    }
    lines.push(pace);
    for (n, what) in [
        (f.no_start, "leads never entered the pipeline"),
        (f.immature, "cycles are too young and left out"),
        (f.recycled, "cycles are of recycled leads"),
        (f.regressions, "moves to an earlier stage"),
        (f.reopened, "re-opened after a loss"),
        (f.more_wins, "wins of leads that were won before are not counted (recycle_after= makes them cycles)"),
    ] {
        if n > 0 {
            lines.push(format!("{n} {what}"));
        }
    }
    for (value, stages) in &f.groups {
        lines.push(format!("\n{} = {value}", f.spec.by.as_deref().unwrap_or("")));
        lines.push(table_text(&header, &rows(stages)));
    }
    lines.join("\n")
}
