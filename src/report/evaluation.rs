//! Evaluations and comparisons of scores as text.

use super::body::{Body, Show};
use super::numbers::{interval, percent, rounded, signed, with_interval};
use crate::counted::counted;
use crate::evaluate::{Estimate, Evaluation, ScoreComparison};

/// A number with four decimals, or a dash.
fn four(value: Option<f64>) -> String {
    rounded(value.unwrap_or(f64::NAN), 4)
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
        "roc_auc" => format!("by chance 0.5; Gini {}, KS {}", four(Some(e.gini)), four(Some(e.ks))),
        "pr_auc" => format!("by chance {}", four(Some(e.base_rate))),
        "brier" => format!("of a constant base rate {}", four(Some(e.brier_base))),
        "calibration_intercept" => "0 if the level is right".to_owned(),
        "calibration_slope" => "1 if the spread is right".to_owned(),
        "lift_top_tenth" => "1 by chance".to_owned(),
        _ => String::new(),
    }
}

/// Measure, value, interval and benchmark.
pub(super) fn estimate_rows(e: &Evaluation) -> Vec<Vec<String>> {
    let row = |x: &Estimate| {
        vec![name(&x.measure), four(x.value), interval(x.low, x.high, |x| rounded(x, 4)), beside(&x.measure, e)]
    };
    e.estimates.iter().map(row).collect()
}

/// The calibration error and its expectation by chance.
pub(super) fn calibration_words(e: &Evaluation) -> String {
    format!(
        "predicted {} on average, observed {}; calibration error (ECE) {}, by chance about {}",
        percent(e.mean_predicted),
        percent(e.base_rate),
        four(Some(e.ece)),
        four(Some(e.ece_by_chance))
    )
}

impl Show for Evaluation {
    const TITLE: &'static str = "Evaluation";

    fn body(&self) -> Body {
        let e = self;
        let share = e.positives as f64 / e.rows as f64;
        let weighted = if (share - e.base_rate).abs() < 1e-9 { "" } else { " by weight" };
        let of = if e.clusters == e.rows { String::new() } else { format!(" of {} {}", e.clusters, e.unit) };
        let mut body = Body::new(format!(
            "Evaluation on {}{of}, {} positive; base rate {}{}",
            counted(e.rows, "row", "rows"),
            e.positives,
            percent(e.base_rate),
            weighted
        ));
        body.table(&["measure", "value", "95 % interval", ""], estimate_rows(e));
        body.line(format!("  {}", calibration_words(e)));
        body.lines(e.remarks.iter().map(|r| format!("  note: {r}")));
        let lift: Vec<Vec<String>> = e
            .lift
            .iter()
            .map(|r| {
                vec![
                    r.slice.to_string(),
                    percent(r.rate),
                    rounded(r.lift, 2),
                    interval(Some(r.lift_low), Some(r.lift_high), |x| rounded(x, 2)),
                    percent(r.captured),
                    rounded(r.cumulative_lift, 2),
                ]
            })
            .collect();
        body.gap();
        body.captioned("Lift", &["tenth", "rate", "lift", "95 % interval", "captured", "cumulative lift"], lift);
        body.gap();
        body.captioned(
            "Calibration",
            &["probability", "rows", "predicted", "observed", "95 % interval"],
            calibration_rows(e),
        );
        if let Some(by) = &e.by {
            body.gap();
            let header: Vec<&str> = [by.as_str()].into_iter().chain(GROUP_HEADER).collect();
            body.captioned(&format!("By {by}"), &header, group_rows(e));
        }
        body.gap();
        body.lines(e.verdict.text().lines().map(ToOwned::to_owned));
        body
    }
}

/// The bins of the calibration: range, rows, predicted and observed rate, interval.
pub(super) fn calibration_rows(e: &Evaluation) -> Vec<Vec<String>> {
    e.calibration
        .iter()
        .map(|b| {
            vec![
                interval(Some(b.low), Some(b.high), |x| rounded(x, 3)),
                b.rows.to_string(),
                percent(b.predicted),
                percent(b.observed),
                interval(Some(b.interval.low), Some(b.interval.high), percent),
            ]
        })
        .collect()
}

/// Header of [`group_rows`] after what groups are by.
pub(super) const GROUP_HEADER: [&str; 6] = ["rows", "positives", "predicted", "observed", "95 % interval", "AUC"];

/// The groups of an evaluation: name, rows, positives, predicted and observed rate, interval, ROC-AUC.
pub(super) fn group_rows(e: &Evaluation) -> Vec<Vec<String>> {
    e.groups
        .iter()
        .map(|g| {
            let auc = with_interval(g.roc_auc, g.roc_auc_low, g.roc_auc_high, |x| rounded(x, 3));
            vec![
                g.name.clone(),
                g.rows.to_string(),
                g.positives.to_string(),
                percent(g.predicted),
                percent(g.observed),
                interval(Some(g.observed_low), Some(g.observed_high), percent),
                auc,
            ]
        })
        .collect()
}

impl Show for ScoreComparison {
    const TITLE: &'static str = "Comparison";

    fn body(&self) -> Body {
        let c = self;
        let of = if c.clusters == c.rows { String::new() } else { format!(" of {} {}", c.clusters, c.unit) };
        let title = format!("Comparison on {}{of}, {} positive", counted(c.rows, "row", "rows"), c.positives);
        let mut body = Body::new(title);
        let rows: Vec<Vec<String>> = c
            .measures
            .iter()
            .map(|d| {
                vec![
                    name(&d.measure),
                    four(d.first),
                    four(d.second),
                    signed(d.difference.unwrap_or(f64::NAN), 4),
                    interval(d.low, d.high, |x| signed(x, 4)),
                    rounded(d.p_value.unwrap_or(f64::NAN), 3),
                    d.better.clone().unwrap_or_default(),
                ]
            })
            .collect();
        let header = ["measure", "first", "second", "difference", "95 % interval", "p-value", "better"];
        body.table(&header, rows);
        body.lines(c.remarks.iter().map(|r| format!("  note: {r}")));
        body
    }
}
