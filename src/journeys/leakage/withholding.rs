//! Which columns of a lead table must not become features unasked.
//!
//! A plain column is believed to be known at creation. Columns that name an outcome or a stage, dates after
//! creation, and columns that all but repeat the outcome are not.

use crate::counted::counted;
use crate::journeys::Leads;
use crate::journeys::column_words::words_of;
use crate::journeys::identifiers::are_serial_numbers;
use crate::schema::{Column, NONE};
use crate::time::{DAY, NO_TIME};

/// Words that name an outcome wherever they stand.
const OUTCOME_WORDS: [&str; 14] = [
    "lifecyclestage",
    "convert",
    "converted",
    "conversion",
    "won",
    "lost",
    "closed",
    "outcome",
    "disposition",
    "churned",
    "mql",
    "sal",
    "sql",
    "sqo",
];
/// Words that name one only beside words of the next list: `lead_status`, not `marital_status`.
const STATE_WORDS: [&str; 8] = ["forecast", "status", "stage", "substage", "label", "target", "win", "close"];
const STATE_OF: [&str; 21] = [
    "lead",
    "current",
    "deal",
    "opportunity",
    "opp",
    "sales",
    "crm",
    "pipeline",
    "last",
    "final",
    "date",
    "is",
    "at",
    "name",
    "id",
    "code",
    "reason",
    "hs",
    "lifecycle",
    "category",
    "type",
];
/// Stage names that are too common to suggest an outcome in the name of a column.
const PLAIN_STAGES: [&str; 8] = ["lead", "leads", "contact", "account", "created", "open", "new", "inquiry"];

/// Leads needed on each side before a column is judged by how well it separates them.
pub(in crate::journeys) const ENOUGH: usize = 40;

/// Why a column is withheld from the features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withholding {
    /// The reason, in words.
    pub reason: String,
    /// Whether its values identify leads.
    pub identifier: bool,
}

/// The word of a column's name that suggests an outcome or a stage, if one does. `stages` are the names of the pipeline.
#[must_use]
pub fn names_outcome(name: &str, stages: &[String]) -> Option<String> {
    let words = words_of(name);
    let names_stage =
        |w: &String| !PLAIN_STAGES.contains(&w.as_str()) && stages.iter().any(|s| words_of(s).join("_") == *w);
    let state_alone = words.iter().all(|w| STATE_WORDS.contains(&w.as_str()) || STATE_OF.contains(&w.as_str()));
    let says = |w: &&String| {
        OUTCOME_WORDS.contains(&w.as_str()) || names_stage(w) || (state_alone && STATE_WORDS.contains(&w.as_str()))
    };
    words.iter().find(says).cloned()
}

/// Reason to withhold `column` from the features, if there is one.
///
/// `stages` are the names of the pipeline, `auc` says how well the column separates by itself ([`separation`]).
#[must_use]
pub fn withhold(
    name: &str,
    column: &Column,
    leads: &Leads,
    stages: &[String],
    auc: impl FnOnce() -> Option<f64>,
) -> Option<Withholding> {
    let because = |reason: String| Some(Withholding { reason, identifier: false });
    let identifies = |reason: String| Some(Withholding { reason, identifier: true });
    if let Some(word) = names_outcome(name, stages) {
        return because(format!("'{word}' in its name suggests an outcome or a stage"));
    }
    if let Column::Time(times) = column {
        let after = times
            .iter()
            .zip(&leads.created)
            .filter(|(t, c)| **t != NO_TIME && **c != NO_TIME && **t > **c + DAY)
            .count();
        if after > 0 {
            return because(format!(
                "{} later than the lead's creation",
                counted(after, "of its times is", "of its times are")
            ));
        }
    }
    let known = column.len() - column.missing();
    if let Column::Category { levels, .. } = column
        && levels.len() > 50
        && levels.len() * 2 > known
    {
        return identifies(format!("{} distinct texts in {known} rows look like an identifier", levels.len()));
    }
    if let Column::Number(values) = column
        && are_serial_numbers(name, values)
    {
        return identifies(format!("its {known} distinct integers look like an identifier"));
    }
    let auc = auc().filter(|auc| *auc >= 0.95)?;
    because(format!("it separates won from other leads on its own (AUC {auc:.3}) and may be known only afterwards"))
}

/// AUC of the best ordering of the column's values (missing is a value; levels with fewer than 5 leads are one).
///
/// `won` says per lead whether it was ever won (or its outcome); `None` with fewer than 40 leads on either side.
#[must_use]
pub fn separation(column: &Column, won: &[bool]) -> Option<f64> {
    let positives = won.iter().filter(|w| **w).count();
    if positives < ENOUGH || won.len() - positives < ENOUGH {
        return None;
    }
    // (score, is positive): numbers by value, missing tried at either end; levels by their rate.
    match column {
        Column::Number(values) => Some(auc_either_way(&values.iter().copied().zip(won.iter().copied()))),
        Column::Time(values) => Some(auc_either_way(
            &values.iter().map(|t| if *t == NO_TIME { f64::NAN } else { 0.0 }).zip(won.iter().copied()),
        )),
        Column::Category { codes, levels } => {
            let slot = |c: u32| if c == NONE { levels.len() } else { c as usize };
            // Rates of levels come from every other lead and are judged on the rest, so levels of few leads do
            // not reveal their own outcome.
            let mut counts = vec![(0usize, 0usize); levels.len() + 1];
            for (c, w) in codes.iter().zip(won).step_by(2) {
                if let Some(n) = counts.get_mut(slot(*c)) {
                    n.0 += 1;
                    n.1 += usize::from(*w);
                }
            }
            let rare = counts.iter().filter(|n| n.0 < 3).fold((0, 0), |a, n| (a.0 + n.0, a.1 + n.1));
            let rate = |n: &(usize, usize)| {
                let (all, hits) = if n.0 < 3 { rare } else { *n };
                hits as f64 / all.max(1) as f64
            };
            let rates: Vec<f64> = counts.iter().map(rate).collect();
            let judged = codes.iter().zip(won).skip(1).step_by(2);
            Some(auc_either_way(&judged.map(|(c, w)| (rates.get(slot(*c)).copied().unwrap_or(0.0), *w))))
        }
    }
}

fn auc_either_way(pairs: &(impl Iterator<Item = (f64, bool)> + Clone)) -> f64 {
    let auc = |missing: f64| {
        let (p, y): (Vec<f64>, Vec<bool>) =
            pairs.clone().map(|(v, w)| (if v.is_nan() { missing } else { v }, w)).unzip();
        crate::evaluate::roc_auc(&y, &p, None).unwrap_or(0.5)
    };
    [auc(-1e300), auc(1e300)].into_iter().map(|a| a.max(1.0 - a)).fold(0.5, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn names() {
        let leads = Leads::default();
        let c = Column::Number(vec![1.0]);
        let stages = vec!["lead".to_owned(), "sql".to_owned()];
        for bad in [
            "StageName",
            "hs_lead_status",
            "lifecyclestage",
            "lifecycle_stage",
            "stage_id",
            "SQLDate",
            "ForecastCategory",
            "is_sql",
            "current_stage",
            "Lead Status",
            "status",
            "conversion_timestamp",
            "Converted Account ID",
            "closeDate",
        ] {
            assert!(withhold(bad, &c, &leads, &stages, || None).is_some(), "{bad}");
        }
        for good in ["industry", "lead_source", "sqlite_version", "winter_campaign", "marital_status", "target_market"]
        {
            assert!(withhold(good, &c, &leads, &stages, || None).is_none(), "{good}");
        }
    }

    #[test]
    fn a_field_filled_for_won_leads_only() {
        let won: Vec<bool> = (0..200).map(|i| i % 3 == 0).collect();
        let codes = won.iter().map(|w| if *w { 0 } else { NONE }).collect();
        let column = Column::Category { codes, levels: Arc::from(["x".to_owned()]) };
        assert!(withhold("segment", &column, &Leads::default(), &[], || separation(&column, &won)).is_some());
        // Many levels of few leads at a low rate do not separate outcomes.
        let rarely: Vec<bool> = (0..4000).map(|i| i * 7919 % 4000 < 60).collect();
        let cities = Column::Category {
            codes: (0..4000).map(|i| i * 104_729 % 800).collect(),
            levels: (0..800).map(|i| format!("city {i}")).collect(),
        };
        assert_eq!(withhold("city", &cities, &Leads::default(), &[], || separation(&cities, &rarely)), None);
        let noise = Column::Number((0..200).map(|i| f64::from(i * 7919 % 200)).collect());
        assert!(withhold("employees", &noise, &Leads::default(), &[], || separation(&noise, &won)).is_none());
    }
}
