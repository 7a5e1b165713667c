//! The audit of a training set: what to look at before a model is trusted.
//!
//! Some checks are rules: they say where to look and claim no rate of false alarms. The others are tests, made possible by
//! journeys that hold what came after the cutoff as well; their p-values are corrected over all fields and checks by Holm's
//! method (S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979).

mod base_rate;
mod cohort;
mod drift;
mod duplicates;
mod facts;
mod finding;
mod lexicon;
mod maturity;
mod noise_ceiling;
mod previous_export;
mod rules;
mod sample;
mod sufficiency;
mod tails;
mod time_travel;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use finding::{AuditCheck, Finding, Severity};

use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::progress::Task;
use crate::schema::Feature;
use crate::snapshot::Snapshot;
use finding::Tests;
use sample::{Audited, Sample};

/// Options of an audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSpec {
    /// Largest chance that any test finds something in clean data.
    pub alpha: f64,
    /// The features whose fields are audited; empty for all fields, withheld ones included.
    pub features: Vec<Feature>,
    /// Meaning of fields, by name.
    pub dictionary: BTreeMap<String, String>,
    /// Fields whose findings are known and not listed.
    pub allow: Vec<String>,
}

impl Default for AuditSpec {
    fn default() -> Self {
        Self { alpha: 0.05, features: Vec::new(), dictionary: BTreeMap::new(), allow: Vec::new() }
    }
}

/// The result of an audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// The options.
    pub spec: AuditSpec,
    /// Leads of the training set, and those of them that are positive.
    pub leads: usize,
    /// Positive leads.
    pub positives: usize,
    /// Fields that were audited.
    pub fields: Vec<String>,
    /// Tests that were made.
    pub tests: usize,
    /// Findings, the gravest first.
    pub findings: Vec<Finding>,
    /// Remarks: checks that could not be made, and why.
    pub remarks: Vec<String>,
}

/// Audits a labelled snapshot, with the test side of its split and an earlier export of the leads where they exist.
///
/// # Errors
/// [`Error::InvalidOption`] for options out of range and a snapshot without labels, [`Error::TooFew`] with fewer than 40
/// leads of a class, [`Error::UnknownName`] for an unknown field in `allow`, [`Error::Interrupted`].
pub fn audit(
    train: &Snapshot,
    test: Option<&Snapshot>,
    previous_export: Option<&Journeys>,
    spec: &AuditSpec,
    task: &Task,
) -> Result<Audit> {
    let sample = Sample::of(train);
    let mut fields = sample.fields(train);
    check(train, test, &fields, spec)?;
    if !spec.features.is_empty() {
        let is = |feature: &Feature, name: &str| matches!(feature, Feature::Field(f) | Feature::DaysSinceField(f) if f == name);
        fields.retain(|f| spec.features.iter().any(|feature| is(feature, f.name())));
    }
    let mut remarks = Vec::new();
    let mut findings = sufficiency::findings(train, task)?;
    findings.extend(rules::findings(&fields, &sample, &spec.dictionary));
    findings.extend(maturity::findings(train, &sample));
    if let Some(test) = test {
        findings.extend(duplicates::findings(&fields, train, test));
    }
    let mut tests = Tests::default();
    for finding in tested(train, test, previous_export, (&fields, &sample), &mut remarks, task)? {
        tests.add(finding);
    }
    let count = tests.len();
    findings.extend(tests.holding(spec.alpha));
    let allowed = |f: &Finding| f.field.as_ref().is_some_and(|field| spec.allow.contains(field));
    let before = findings.len();
    findings.retain(|f| !allowed(f));
    if findings.len() < before {
        remarks.push(format!("{} of allowed fields are not listed", counted_findings(before - findings.len())));
    }
    findings.sort_by(|a, b| (a.severity, a.check).cmp(&(b.severity, b.check)).then_with(|| a.field.cmp(&b.field)));
    if sample.leads.len() < sample.of {
        remarks.push(format!("rules and tests looked at {} of {} leads, evenly spread", sample.leads.len(), sample.of));
    }
    let unknown: Vec<&str> =
        spec.dictionary.keys().filter(|k| fields.iter().all(|f| !is_called(f, k))).map(String::as_str).collect();
    if !unknown.is_empty() {
        remarks.push(format!("the dictionary has entries of columns that are not fields: {}", unknown.join(", ")));
    }
    Ok(Audit {
        spec: spec.clone(),
        leads: train.counts.leads_with_rows,
        positives: train.counts.positive_leads,
        fields: fields.iter().map(|f| f.name().to_owned()).collect(),
        tests: count,
        findings,
        remarks,
    })
}

fn counted_findings(n: usize) -> String {
    crate::counted::counted(n, "finding", "findings")
}

fn is_called(field: &Audited<'_>, name: &str) -> bool {
    field.name() == name || field.name().strip_prefix("account.") == Some(name)
}

/// Whether the options and snapshots can be used.
fn check(train: &Snapshot, test: Option<&Snapshot>, fields: &[Audited<'_>], spec: &AuditSpec) -> Result<()> {
    if !(spec.alpha > 0.0 && spec.alpha < 1.0) {
        return Err(Error::option("alpha", format!("{} is not between 0 and 1", spec.alpha)));
    }
    if train.label.is_none() {
        let problem = "the snapshot has no labels to audit fields against; set horizon=, or an outcome column";
        return Err(Error::option("train", problem));
    }
    if test.is_some_and(|test| !std::sync::Arc::ptr_eq(&test.journeys, &train.journeys)) {
        return Err(Error::option(
            "test",
            "it is a snapshot of other journeys than train; split one snapshot into both",
        ));
    }
    match spec.allow.iter().find(|name| fields.iter().all(|f| f.name() != name.as_str())) {
        Some(name) => Err(Error::unknown("field", name, fields.iter().map(Audited::name))),
        None => Ok(()),
    }
}

/// All tests, and remarks on those that cannot be made.
fn tested(
    train: &Snapshot,
    test: Option<&Snapshot>,
    previous_export: Option<&Journeys>,
    (fields, sample): (&[Audited<'_>], &Sample<'_>),
    remarks: &mut Vec<String>,
    task: &Task,
) -> Result<Vec<Finding>> {
    let journeys = &train.journeys;
    let mut found = Vec::new();
    let facts = facts::facts(sample);
    if facts.is_empty() {
        remarks.push(
            "time travel and noise ceiling were not tested: no event or stage of these leads lies after their cutoff"
                .to_owned(),
        );
    } else {
        found.extend(time_travel::tests(fields, &facts, sample, task)?);
        found.extend(noise_ceiling::tests(fields, &facts, task)?);
    }
    match cohort::windows(journeys) {
        Some(windows) => found.extend(cohort::tests(fields, &windows, task)?),
        None => remarks.push(
            "cohorts at export were not tested: that needs 600 leads with creation times, some of them created shortly \
             before the end of observation"
                .to_owned(),
        ),
    }
    if let Some(before) = previous_export {
        let (tests, remark) = previous_export::tests(fields, journeys, before);
        found.extend(tests);
        remarks.push(remark);
    }
    if let Some(test) = test {
        found.extend(drift::tests(fields, sample, test, task)?);
    }
    found.extend(base_rate::test(sample));
    Ok(found)
}
