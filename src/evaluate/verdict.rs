//! What an evaluation comes to, in words.
//!
//! Four checks, each a number with a 95 % interval: does the order of the scores separate positives from negatives (ROC-AUC
//! against ½), is the level of the probabilities right (observed / expected against 1), is their spread right (slope of the
//! logistic recalibration against 1), and are the best tenth better than average (lift against 1). A finding needs an
//! interval that leaves out the neutral value; of level and spread also a deviation that matters.
//!
//! Intervals come from the evaluation and are clustered (by lead or account), so rows of one lead do not count as so
//! many leads. The slope is that of D. Cox, "Two further applications of a model for binary regression", Biometrika 45, 1958.

use serde::{Deserialize, Serialize};

use crate::counted::counted;

use super::estimates::{Estimate, observed_to_expected};
use super::influence::{InfluenceRows, Sample};

/// What a check finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Above the neutral value.
    Above,
    /// Below it.
    Below,
    /// The interval holds the neutral value, or the deviation does not matter.
    Neutral,
    /// Too few rows of a class, or scores that are all equal.
    Unknown,
}

/// One question put to the scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// `ranking`, `level`, `spread` or `top_tenth`.
    pub name: String,
    /// The measure.
    pub measure: String,
    /// Its value; none where it is not defined.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// What it is found to be.
    pub finding: Finding,
    /// The same in words.
    pub words: String,
}

/// The findings together, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// One sentence.
    pub summary: String,
    /// Its reasons.
    pub checks: Vec<Check>,
    /// What to do, most important first.
    pub advice: Vec<String>,
}

/// Fewest leads, or accounts, of each class for a finding.
const ENOUGH: usize = 10;
/// Classes with fewer have wide intervals.
const COMFORTABLE: usize = 50;
/// Deviations of level and spread below these do not matter.
const LEVEL_MATTERS: f64 = 0.05;
const SPREAD_MATTERS: f64 = 0.1;

impl Verdict {
    /// `unit` is what counts as independent, such as leads.
    pub(super) fn of(rows: &InfluenceRows<'_>, sample: Sample, estimates: &[Estimate], unit: &str) -> Self {
        let enough = sample.positives.min(sample.negatives) >= ENOUGH;
        let of = |name: &str| estimates.iter().find(|e| e.measure == name);
        let checks = [
            ranking(of("roc_auc"), enough),
            level(&observed_to_expected(rows), enough),
            spread(of("calibration_slope"), enough),
            top_tenth(of("lift_top_tenth"), enough),
        ];
        let finding = |i: usize| checks.get(i).map_or(Finding::Unknown, |c| c.finding);
        let (rank, level, spread, top) = (finding(0), finding(1), finding(2), finding(3));
        let rate = rows.rate();
        let mut advice = Vec::new();
        let few = match unit {
            "leads" => {
                format!("{} converted and {}", sample.positives, counted(sample.negatives, "other lead", "other leads"))
            }
            _ => format!(
                "{} {unit} with and {} without a conversion",
                sample.positives,
                rows.clusters() - sample.positives
            ),
        };
        let summary = if enough {
            match rank {
                Finding::Below => {
                    advice.push("do not use these scores; check the target and the labels".into());
                    "The scores rank leads in reverse: high scores convert less often.".to_owned()
                }
                Finding::Neutral | Finding::Unknown => {
                    let wide = checks.first().and_then(|c| c.high).is_some_and(|high| high >= 0.6);
                    advice.push(if wide {
                        format!("collect more data; the interval is wide with {few}")
                    } else {
                        "train on features that differ between converting and other leads".to_owned()
                    });
                    "The scores do not rank leads better than chance.".to_owned()
                }
                Finding::Above => ranked(level, spread, rate, &mut advice),
            }
        } else {
            advice.push(format!("collect more data; {few} are too few, at least {COMFORTABLE} of each are needed"));
            format!("Too few {unit} to judge the scores: {few}.")
        };
        if enough && rank == Finding::Above && top != Finding::Above {
            advice.push("the best tenth is not significantly better than average; work longer lists".to_owned());
        }
        if enough && sample.positives.min(sample.negatives) < COMFORTABLE && rank == Finding::Above {
            advice.push(format!("collect more data; the intervals are wide with {few}"));
        }
        if advice.is_empty() {
            advice.push("use the scores and probabilities as they are".to_owned());
        }
        Self { summary, checks: checks.into(), advice }
    }

    /// Summary, checks and advice as lines of text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![format!("Verdict: {}", self.summary)];
        for c in &self.checks {
            let number = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{v:.2}"));
            lines.push(match c.value {
                Some(_) => format!(
                    "  {} {} (95 % interval {} to {}): {}",
                    c.measure,
                    number(c.value),
                    number(c.low),
                    number(c.high),
                    c.words
                ),
                None => format!("  {}: {}", c.measure, c.words),
            });
        }
        lines.extend(self.advice.iter().map(|a| format!("  what to do: {a}")));
        lines.join("\n")
    }
}

/// The summary of scores that rank.
fn ranked(level: Finding, spread: Finding, rate: f64, advice: &mut Vec<String>) -> String {
    let recalibrate = "recalibrate: fit with calibration=\"sigmoid\" on newer data";
    let base = format!("correct the level with with_base_rate({rate:.4}), the observed rate");
    let level_words = match level {
        Finding::Above => Some("too low"),
        Finding::Below => Some("too high"),
        _ => None,
    };
    match (spread, level_words) {
        (Finding::Below, level) => {
            advice.push(format!("{recalibrate}, or with a smaller C; the scores are too extreme"));
            match level {
                Some(level) => format!("The scores rank leads, but probabilities are {level} and too extreme."),
                None => "The scores rank leads, but probabilities are too extreme.".to_owned(),
            }
        }
        (Finding::Above, level) => {
            advice.push(format!("{recalibrate}, or with a larger C; the scores are too cautious"));
            match level {
                Some(level) => {
                    format!("The scores rank leads, but probabilities are {level} and too close to the mean.")
                }
                None => "The scores rank leads, but probabilities are too close to the mean.".to_owned(),
            }
        }
        (_, Some(level)) => {
            advice.push(base);
            format!("The scores rank leads, but all probabilities are {level}.")
        }
        (_, None) => "The scores rank leads, and the probabilities agree with the observed rates.".to_owned(),
    }
}

/// A check of an estimate against the value that is right, or average; deviations less than `matters` are neutral. `words`
/// are for above, below and neutral.
fn check(
    (name, measure): (&str, &str),
    estimate: Option<&Estimate>,
    (neutral, matters): (f64, f64),
    enough: bool,
    words: [&str; 3],
) -> Check {
    let [above, below, right] = words;
    let (finding, words) = match estimate.map(|e| (e.value, e.low, e.high)) {
        Some((Some(value), Some(low), Some(high))) if enough => {
            if low > neutral && value - neutral >= matters {
                (Finding::Above, above)
            } else if high < neutral && neutral - value >= matters {
                (Finding::Below, below)
            } else {
                (Finding::Neutral, right)
            }
        }
        Some((Some(_), ..)) => (Finding::Unknown, "too few"),
        _ => (Finding::Unknown, "not defined because all scores are equal or separate the classes"),
    };
    Check {
        name: name.to_owned(),
        measure: measure.to_owned(),
        value: estimate.and_then(|e| e.value),
        low: estimate.and_then(|e| e.low),
        high: estimate.and_then(|e| e.high),
        finding,
        words: words.to_owned(),
    }
}

fn ranking(auc: Option<&Estimate>, enough: bool) -> Check {
    let words = ["ranks better than chance", "ranks in reverse", "is not distinguishable from chance"];
    check(("ranking", "ROC-AUC"), auc, (0.5, 0.0), enough, words)
}

fn level(ratio: &Estimate, enough: bool) -> Check {
    let words = ["probabilities are too low", "probabilities are too high", "the level is right"];
    check(("level", "observed / expected"), Some(ratio), (1.0, LEVEL_MATTERS), enough, words)
}

fn spread(slope: Option<&Estimate>, enough: bool) -> Check {
    let words = ["probabilities are too close to the mean", "probabilities are too extreme", "the spread is right"];
    check(("spread", "calibration slope"), slope, (1.0, SPREAD_MATTERS), enough, words)
}

fn top_tenth(lift: Option<&Estimate>, enough: bool) -> Check {
    let words = ["better than average", "worse than average", "is not distinguishable from the average"];
    check(("top_tenth", "lift of the best tenth"), lift, (1.0, 0.0), enough, words)
}
