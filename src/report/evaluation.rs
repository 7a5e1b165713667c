//! Evaluations and comparisons of scores as text.

use super::text::{percent, table_text};
use crate::counted::counted;
use crate::evaluate::{Estimate, Evaluation, ScoreComparison};

/// A number with four decimals, or a dash.
fn four(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"))
}

/// The label of a measure.
fn name(measure: &str) -> String {
    match measure {
        "roc_auc" => "ROC-AUC".to_owned(),
        "pr_auc" => "PR-AUC".to_owned(),
        "log_loss" => "log loss".to_owned(),
        "brier" => "Brier".to_owned(),
        "calibration_intercept" => "calibration intercept".to_owned(),
        "calibration_slope" => "calibration slope".to_owned(),
        "lift_top_tenth" => "lift of the best tenth".to_owned(),
        other => match other.strip_prefix("precision_at_") {
            Some(k) => format!("precision of the best {k}"),
            None => other.to_owned(),
        },
    }
}

/// The benchmark of a measure.
fn beside(measure: &str, e: &Evaluation) -> String {
    match measure {
        "roc_auc" => format!("by chance 0.5; Gini {:.4}, KS {:.4}", e.gini, e.ks),
        "pr_auc" => format!("by chance {:.4}", e.base_rate),
        "brier" => format!("of a constant base rate {:.4}", e.brier_base),
        "calibration_intercept" => "0 if the level is right".to_owned(),
        "calibration_slope" => "1 if the spread is right".to_owned(),
        "lift_top_tenth" => "1 by chance".to_owned(),
        _ => String::new(),
    }
}

/// Measure, value, interval and benchmark.
pub(super) fn estimate_rows(e: &Evaluation) -> Vec<Vec<String>> {
    let interval = |x: &Estimate| match (x.low, x.high) {
        (Some(low), Some(high)) => format!("{low:.4} to {high:.4}"),
        _ => "–".to_owned(),
    };
    let row = |x: &Estimate| vec![name(&x.measure), four(x.value), interval(x), beside(&x.measure, e)];
    e.estimates.iter().map(row).collect()
}

/// The calibration error and its expectation by chance.
pub(super) fn calibration_words(e: &Evaluation) -> String {
    format!(
        "predicted {} on average, observed {}; calibration error (ECE) {:.4}, by chance about {:.4}",
        percent(e.mean_predicted),
        percent(e.base_rate),
        e.ece,
        e.ece_by_chance
    )
}

/// The measures of an evaluation.
#[must_use]
pub fn evaluation_text(e: &Evaluation) -> String {
    let share = e.positives as f64 / e.rows as f64;
    let weighted = if (share - e.base_rate).abs() < 1e-9 { "" } else { " by weight" };
    let of = if e.clusters == e.rows { String::new() } else { format!(" of {} {}", e.clusters, e.unit) };
    let mut lines = vec![format!(
        "Evaluation on {}{of}, {} positive; base rate {}{}",
        counted(e.rows, "row", "rows"),
        e.positives,
        percent(e.base_rate),
        weighted
    )];
    lines.push(table_text(&["measure", "value", "95 % interval", ""], &estimate_rows(e)));
    lines.push(format!("  {}", calibration_words(e)));
    lines.extend(e.remarks.iter().map(|r| format!("  note: {r}")));
    let lift: Vec<Vec<String>> = e
        .lift
        .iter()
        .map(|r| {
            vec![
                r.slice.to_string(),
                percent(r.rate),
                format!("{:.2}", r.lift),
                format!("{:.2} to {:.2}", r.lift_low, r.lift_high),
                percent(r.captured),
                format!("{:.2}", r.cumulative_lift),
            ]
        })
        .collect();
    lines.push(String::new());
    lines.push(table_text(&["tenth", "rate", "lift", "95 % interval", "captured", "cumulative lift"], &lift));
    let bins: Vec<Vec<String>> = e
        .calibration
        .iter()
        .map(|b| {
            vec![
                format!("{:.3} to {:.3}", b.low, b.high),
                b.rows.to_string(),
                percent(b.predicted),
                percent(b.observed),
                format!("{} to {}", percent(b.interval.low), percent(b.interval.high)),
            ]
        })
        .collect();
    lines.push(String::new());
    lines.push(table_text(&["probability", "rows", "predicted", "observed", "95 % interval"], &bins));
    if let Some(by) = &e.by {
        lines.push(String::new());
        lines.push(group_table(by, e));
    }
    lines.push(String::new());
    lines.push(e.verdict.text());
    lines.join("\n")
}

fn group_table(by: &str, e: &Evaluation) -> String {
    let rows: Vec<Vec<String>> = e
        .groups
        .iter()
        .map(|g| {
            let three = |a: Option<f64>| a.map_or_else(|| "–".to_owned(), |a| format!("{a:.3}"));
            let auc = match (g.roc_auc_low, g.roc_auc_high) {
                (Some(low), Some(high)) => format!("{} ({low:.3} to {high:.3})", three(g.roc_auc)),
                _ => three(g.roc_auc),
            };
            vec![
                g.name.clone(),
                g.rows.to_string(),
                g.positives.to_string(),
                percent(g.predicted),
                percent(g.observed),
                format!("{} to {}", percent(g.observed_low), percent(g.observed_high)),
                auc,
            ]
        })
        .collect();
    table_text(&[by, "rows", "positives", "predicted", "observed", "95 % interval", "AUC"], &rows)
}

/// Two scorers on the same rows.
#[must_use]
pub fn comparison_text(c: &ScoreComparison) -> String {
    let of = if c.clusters == c.rows { String::new() } else { format!(" of {} {}", c.clusters, c.unit) };
    let mut lines = vec![format!("Comparison on {}{of}, {} positive", counted(c.rows, "row", "rows"), c.positives)];
    let rows: Vec<Vec<String>> = c
        .measures
        .iter()
        .map(|d| {
            let interval = match (d.low, d.high) {
                (Some(low), Some(high)) => format!("{low:+.4} to {high:+.4}"),
                _ => "–".to_owned(),
            };
            vec![
                name(&d.measure),
                four(d.first),
                four(d.second),
                d.difference.map_or_else(|| "–".to_owned(), |v| format!("{v:+.4}")),
                interval,
                d.p_value.map_or_else(|| "–".to_owned(), |v| format!("{v:.3}")),
                d.better.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let header = ["measure", "first", "second", "difference", "95 % interval", "p-value", "better"];
    lines.push(table_text(&header, &rows));
    lines.extend(c.remarks.iter().map(|r| format!("  note: {r}")));
    lines.join("\n")
}
