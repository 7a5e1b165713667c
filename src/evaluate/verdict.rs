//! What an evaluation comes to, in words.
//!
//! Four checks, each a number with a 95 % interval: does the order of the scores tell positives from negatives (ROC-AUC
//! against ½), is the level of the probabilities right (observed / expected against 1), is their spread right (slope of the
//! logistic recalibration against 1), and are the best tenth better than average (lift against 1). A finding needs an
//! interval that leaves out the neutral value; of level and spread also a deviation that matters.
//!
//! Intervals are by sums of influences over clusters (leads, or accounts), so that rows of one lead are not taken for so many
//! leads: E. DeLong et al., Biometrics 44, 1988, and N. Obuchowski, Biometrics 53, 1997, for the AUC; D. Cox, "Two further
//! applications of a model for binary regression", Biometrika 45, 1958, for the slope.

use serde::{Deserialize, Serialize};

use super::influence::{Rows, Sample};
use crate::math::{exp, ln, logit, normal_quantile, sigmoid, wilson_of_share};

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
    /// What is measured.
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

/// Fewest leads of each class for a finding.
const ENOUGH: usize = 10;
/// Classes with fewer leads have wide intervals.
const COMFORTABLE: usize = 50;
/// Deviations of level and spread below these do not matter.
const LEVEL_MATTERS: f64 = 0.05;
const SPREAD_MATTERS: f64 = 0.1;
/// Probabilities are taken to lie so far from 0 and 1.
const MARGIN: f64 = 1e-9;

impl Verdict {
    pub(super) fn of(rows: &Rows<'_>) -> Self {
        let sample = rows.sample();
        let enough = sample.positives.min(sample.negatives) >= ENOUGH;
        let checks = [ranking(rows, &sample), level(rows, enough), spread(rows, enough), top_tenth(rows, enough)];
        let finding = |i: usize| checks.get(i).map_or(Finding::Unknown, |c| c.finding);
        let (rank, level, spread, top) = (finding(0), finding(1), finding(2), finding(3));
        let rate = rows.rate();
        let mut advice = Vec::new();
        let few = format!("{} converted and {} other leads", sample.positives, sample.negatives);
        let summary = if enough {
            match rank {
                Finding::Below => {
                    advice.push(
                        "do not use these scores; check that the target, and the labels, mean what they should".into(),
                    );
                    "The scores rank in reverse: leads with high scores convert less often.".to_owned()
                }
                Finding::Neutral | Finding::Unknown => {
                    let wide = checks.first().and_then(|c| c.high).is_some_and(|high| high >= 0.6);
                    advice.push(if wide {
                        format!("collect more data: with {few} the interval is wide")
                    } else {
                        "train on features that differ between leads that convert and others".to_owned()
                    });
                    "The scores do not rank leads better than chance.".to_owned()
                }
                Finding::Above => ranked(level, spread, rate, &mut advice),
            }
        } else {
            advice.push(format!("collect more data: {few} are too few; at least {COMFORTABLE} of each are needed"));
            format!("Too few leads to judge the scores: {few}.")
        };
        if enough && rank == Finding::Above && top != Finding::Above {
            advice.push("the best tenth is not shown to be better than average; work longer lists".to_owned());
        }
        if enough && sample.positives.min(sample.negatives) < COMFORTABLE && rank == Finding::Above {
            advice.push(format!("collect more data: {few} leave wide intervals"));
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
            advice.push(format!("{recalibrate}, or with a smaller C: the scores are too extreme"));
            match level {
                Some(level) => format!("The scores rank leads, but probabilities are {level} and too extreme."),
                None => "The scores rank leads, but probabilities are too extreme.".to_owned(),
            }
        }
        (Finding::Above, level) => {
            advice.push(format!("{recalibrate}, or with a larger C: the scores are too cautious"));
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
        (_, None) => "The scores rank leads, and the probabilities agree with what was observed.".to_owned(),
    }
}

fn check(name: &str, measure: &str, value: f64, interval: (f64, f64), finding: Finding, words: &str) -> Check {
    let known = |v: f64| v.is_finite().then_some(v);
    Check {
        name: name.to_owned(),
        measure: measure.to_owned(),
        value: known(value),
        low: known(interval.0),
        high: known(interval.1),
        finding,
        words: words.to_owned(),
    }
}

fn against(neutral: f64, (low, high): (f64, f64)) -> Finding {
    if low > neutral {
        Finding::Above
    } else if high < neutral {
        Finding::Below
    } else {
        Finding::Neutral
    }
}

fn z95() -> f64 {
    normal_quantile(0.975)
}

fn ranking(rows: &Rows<'_>, sample: &Sample) -> Check {
    let (auc, error) = rows.auc();
    let few = sample.positives.min(sample.negatives);
    // Without an error among so many pairs, Clopper and Pearson's end for no failure.
    let all = exp(ln(0.025) / few.max(1) as f64);
    let interval = if auc >= 1.0 {
        (all, 1.0)
    } else if auc <= 0.0 {
        (0.0, 1.0 - all)
    } else {
        let half = z95() * error / (auc * (1.0 - auc));
        (sigmoid(logit(auc) - half), sigmoid(logit(auc) + half))
    };
    let finding = if few < ENOUGH { Finding::Unknown } else { against(0.5, interval) };
    let words = match finding {
        Finding::Above => "ranks better than chance",
        Finding::Below => "ranks in reverse",
        Finding::Neutral => "cannot be told from chance",
        Finding::Unknown => "too few leads to tell",
    };
    check("ranking", "ROC-AUC", auc, interval, finding, words)
}

fn level(rows: &Rows<'_>, enough: bool) -> Check {
    let (ratio, error) = rows.observed_to_expected(MARGIN);
    let half = z95() * error;
    let interval = (ratio * exp(-half), ratio * exp(half));
    let finding = match against(1.0, interval) {
        _ if !enough => Finding::Unknown,
        finding if (ratio - 1.0).abs() >= LEVEL_MATTERS => finding,
        _ => Finding::Neutral,
    };
    let words = match finding {
        Finding::Above => "probabilities are too low",
        Finding::Below => "probabilities are too high",
        Finding::Neutral => "the level is right",
        Finding::Unknown => "too few leads to tell",
    };
    check("level", "observed / expected", ratio, interval, finding, words)
}

fn spread(rows: &Rows<'_>, enough: bool) -> Check {
    let Some((slope, error)) = rows.slope(MARGIN) else {
        let words = "not defined: scores are all equal, or separate the classes";
        return check("spread", "calibration slope", f64::NAN, (f64::NAN, f64::NAN), Finding::Unknown, words);
    };
    let interval = (slope - z95() * error, slope + z95() * error);
    let finding = match against(1.0, interval) {
        _ if !enough => Finding::Unknown,
        finding if (slope - 1.0).abs() >= SPREAD_MATTERS => finding,
        _ => Finding::Neutral,
    };
    let words = match finding {
        Finding::Above => "probabilities are too close to the mean",
        Finding::Below => "probabilities are too extreme",
        Finding::Neutral => "the spread is right",
        Finding::Unknown => "too few leads to tell",
    };
    check("spread", "calibration slope", slope, interval, finding, words)
}

fn top_tenth(rows: &Rows<'_>, enough: bool) -> Check {
    let (share, effective) = rows.best(0.1);
    let rate = rows.rate();
    let ends = wilson_of_share(share, effective, 0.95);
    let interval = (ends.low / rate, ends.high / rate);
    let finding = if enough { against(1.0, interval) } else { Finding::Unknown };
    let words = match finding {
        Finding::Above => "better than average",
        Finding::Below => "worse than average",
        Finding::Neutral => "cannot be told from the average",
        Finding::Unknown => "too few leads to tell",
    };
    check("top_tenth", "lift of the best tenth", share / rate, interval, finding, words)
}
