//! Stage funnels as plain text.

use super::text::{percent, table_text};
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
    let days = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |d| format!("{d:.1} d"));
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
    let mut pace = format!(
        "win rate {} ({} to {}) of closed opportunities; {} open, {:.1} days to the win",
        percent(v.win_rate),
        percent(v.win_rate_interval.low),
        percent(v.win_rate_interval.high),
        v.opportunities,
        v.cycle_days
    );
    if !v.value.is_nan() {
        pace += &format!("; mean value {:.0}, velocity {:.0} a day", v.value, v.per_day);
    }
    lines.push(pace);
    for (n, what) in [
        (f.no_start, "leads never entered the pipeline"),
        (f.immature, "cycles are too young and left out"),
        (f.recycled, "cycles are of recycled leads"),
        (f.regressions, "moves to an earlier stage"),
        (f.reopened, "re-opened after a loss"),
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
