//! Rules: names and meanings, times after the cutoff, fields of one class. They claim no rate of false alarms.

use std::collections::BTreeMap;

use super::finding::{AuditCheck, Finding};
use super::lexicon;
use super::sample::{Audited, Sample};
use crate::journeys::{Suspicion, names_outcome, separation, withhold};
use crate::schema::{Column, NONE};
use crate::time::NO_TIME;

/// Fewest leads expected in a class before their absence is evidence.
const EXPECTED: f64 = 20.0;

/// Findings by rule on all fields.
pub(super) fn findings(
    fields: &[Audited<'_>],
    sample: &Sample<'_>,
    dictionary: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let journeys = sample.journeys;
    let stages: Vec<String> = journeys
        .pipeline
        .iter()
        .chain(&journeys.won)
        .chain(&journeys.lost)
        .cloned()
        .chain(journeys.kinds.iter().filter(|k| k.stage).map(|k| k.plain.clone()))
        .collect();
    let mut found = Vec::new();
    for field in fields {
        let before = found.len();
        found.extend(by_name(field, &stages));
        let plain = field.name().strip_prefix("account.").unwrap_or(field.name());
        let meaning = dictionary.get(field.name()).or_else(|| dictionary.get(plain));
        if found.len() == before {
            found.extend(meaning.and_then(|meaning| by_meaning(field, meaning)));
        }
        found.extend(after_cutoff(field, sample));
        found.extend(one_sided(field, sample));
        if field.withheld && found.len() == before {
            let auc = || separation(&field.values, &sample.label);
            let why = withhold(field.name(), &field.field.column, &journeys.leads, &stages, auc);
            if let Some(why) = why.filter(|why| !why.identifier) {
                let leads = field.values.len() - field.values.missing();
                let evidence = format!("is withheld because {}", why.reason);
                found.push(Finding::rule(field.name(), AuditCheck::Separates, leads, evidence, field.remedy("")));
            }
        }
    }
    for suspect in &journeys.check.suspects {
        let check = match suspect.suspicion {
            Suspicion::OpenOnly | Suspicion::ClosedOnly => AuditCheck::OneSided,
            Suspicion::Separates => AuditCheck::Separates,
            Suspicion::Numbered | Suspicion::Dates | Suspicion::Numbers => continue,
        };
        let known = found.iter().any(|f| f.field.as_ref() == Some(&suspect.column) && f.check == check);
        if !known && fields.iter().any(|f| f.name() == suspect.column) {
            let (evidence, remedy) = (suspect.evidence.clone(), suspect.remedy.clone());
            found.push(Finding::rule(&suspect.column, check, suspect.leads, evidence, remedy));
        }
    }
    found
}

fn by_name(field: &Audited<'_>, stages: &[String]) -> Option<Finding> {
    let leads = field.values.len() - field.values.missing();
    let evidence = match names_outcome(field.name(), stages) {
        Some(word) => format!("has '{word}' in its name, which suggests an outcome or a stage"),
        None => {
            let (words, says) = lexicon::of_name(field.name())?;
            format!("has '{words}' in its name: {says}")
        }
    };
    let remedy = field.remedy(" if it is written after the cutoff, or declare its history as Fields");
    Some(Finding::rule(field.name(), AuditCheck::Name, leads, evidence, remedy))
}

fn by_meaning(field: &Audited<'_>, meaning: &str) -> Option<Finding> {
    let (words, says) = lexicon::of_meaning(meaning).or_else(|| lexicon::of_name(meaning))?;
    let leads = field.values.len() - field.values.missing();
    let evidence = format!("means '{meaning}', with '{words}': {says}");
    let remedy = field.remedy(" if it is written after the cutoff, or declare its history as Fields");
    Some(Finding::rule(field.name(), AuditCheck::Name, leads, evidence, remedy))
}

/// Times at or after the cutoff of their lead.
fn after_cutoff(field: &Audited<'_>, sample: &Sample<'_>) -> Option<Finding> {
    let Column::Time(times) = &field.values else { return None };
    let known = times.iter().filter(|t| **t != NO_TIME).count();
    let is_after = |(t, cutoff): &(&i64, &i64)| **t != NO_TIME && **cutoff != NO_TIME && t >= cutoff;
    let after = times.iter().zip(&sample.cutoff).filter(is_after).count();
    if after == 0 {
        return None;
    }
    let evidence = format!("has {after} of {known} times at or after the cutoff of their lead");
    let remedy = field.remedy(" unless the times were planned before the cutoff");
    Some(Finding::rule(field.name(), AuditCheck::Timestamp, after, evidence, remedy))
}

/// A field that is filled in for one class only.
fn one_sided(field: &Audited<'_>, sample: &Sample<'_>) -> Option<Finding> {
    let is_known: Vec<bool> = match &field.values {
        Column::Number(v) => v.iter().map(|x| !x.is_nan()).collect(),
        Column::Time(v) => v.iter().map(|t| *t != NO_TIME).collect(),
        Column::Category { codes, .. } => codes.iter().map(|c| *c != NONE).collect(),
    };
    let mut filled = [0usize; 2];
    let mut all = [0usize; 2];
    for (known, positive) in is_known.iter().zip(&sample.label) {
        let class = usize::from(*positive);
        if let (Some(f), Some(n)) = (filled.get_mut(class), all.get_mut(class)) {
            *f += usize::from(*known);
            *n += 1;
        }
    }
    let [[other_filled, filled], [others, positives]] = [filled, all];
    if filled + other_filled == is_known.len() {
        return None;
    }
    let total = (filled + other_filled) as f64 / is_known.len().max(1) as f64;
    let few = |n: usize, of: usize| n as f64 <= 0.01 * of as f64;
    let expected = |of: usize| total * of as f64 >= EXPECTED;
    let (side, n, of, against, m, total) = if few(other_filled, others) && expected(others) {
        ("positive", filled, positives, "other", other_filled, others)
    } else if few(filled, positives) && expected(positives) {
        ("negative", other_filled, others, "positive", filled, positives)
    } else {
        return None;
    };
    let evidence = format!("is filled in for {n} of {of} {side} leads and for {m} of {total} {against} leads");
    let remedy = field.remedy(" if it is filled in when a lead converts or closes");
    Some(Finding::rule(field.name(), AuditCheck::OneSided, n, evidence, remedy))
}
