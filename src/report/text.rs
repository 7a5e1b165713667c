//! Results as plain text.

use super::body::{Body, Show, Shown};
use super::numbers::{percent, rounded, scientific, signed};
use super::options::options;
use crate::counted::counted;
use crate::model::{LeadModel, Term};
use crate::query::By;
use crate::schema::{CutoffRule, SnapshotSpec};
use crate::snapshot::Snapshot;
use crate::time::{NO_TIME, Timestamp};

/// The breakdown of a result; empty without one.
pub(super) fn by_name(by: Option<&By>) -> String {
    by.map_or_else(String::new, ToString::to_string)
}

impl Show for Snapshot {
    const TITLE: &'static str = "Snapshot";

    fn body(&self) -> Body {
        let s = self;
        let c = &s.counts;
        let mut body = Body::new(format!(
            "Snapshot: {} of {} (of {})",
            counted(c.rows, "row", "rows"),
            counted(c.leads_with_rows, "lead", "leads"),
            c.leads
        ));
        let mut lines = Vec::new();
        if let Some(rate) = s.base_rate() {
            lines.push(format!(
                "  {} of {}; base rate {}",
                counted(c.positives, "positive row", "positive rows"),
                counted(c.positive_leads, "lead", "leads"),
                percent(rate)
            ));
        }
        let label = if s.label.is_some() { format!("; label: {}", s.target.join(", ")) } else { String::new() };
        let table = matches!(s.rule, CutoffRule::Table).then(|| "cutoffs=table".to_owned());
        let given: Vec<String> = table.into_iter().chain(options(&s.spec, &["target"])).collect();
        if !given.is_empty() {
            lines.push(format!("  options: {}{label}", given.join(", ")));
        }
        lines.extend(options(&s.features, &[]).map(|options| format!("  features: {options}")));
        let until = s.journeys.observed_until;
        let as_of = s.spec.as_of.map(|t| t.at(&s.journeys.timezone));
        if let Some(as_of) = as_of.filter(|t| until != NO_TIME && t.0 > until) {
            lines.push(format!(
                "  as of {as_of}, but observed only until {}; events in between are unknown, so leads look idle",
                Timestamp(until)
            ));
        }
        if let Some(split) = &s.split {
            lines.push(format!(
                "  {} set of a split by {}: {}",
                if split.test { "test" } else { "training" },
                format!("{:?}", split.by).to_lowercase(),
                split.remark
            ));
            if split.in_gap > 0 {
                lines.push(format!(
                    "  {} into the test period",
                    counted(
                        split.in_gap,
                        "row is in neither set because its label window reaches",
                        "rows are in neither set because their label windows reach",
                    )
                ));
            }
        } else {
            lines.extend(c.excluded().iter().map(|(why, n)| format!("  {n} left out: {why}")));
        }
        lines.extend(s.remarks().into_iter().map(|remark| format!("  note: {remark}")));
        if s.label.is_some() {
            lines.extend(s.suspects().map(|suspect| format!("  suspect: {suspect}")));
        }
        body.lines(lines);
        body
    }
}

/// Most features that a model names.
const NAMED: usize = 8;

/// What a model was trained for and on: target, label window, rows, features.
#[must_use]
pub fn trained_on(model: &LeadModel) -> [String; 2] {
    let t = &model.data().training;
    let rows = format!(
        "Model of {}, trained on {} of {}, base rate {}",
        question(model),
        counted(t.rows, "row", "rows"),
        counted(t.leads, "lead", "leads"),
        percent(t.base_rate)
    );
    let mut features: Vec<String> = model.terms().iter().map(|t| t.feature.to_string()).collect();
    let count = counted(features.len(), "feature", "features");
    if features.len() > NAMED + 1 {
        let more = format!("and {} more", features.len() - NAMED);
        features.truncate(NAMED);
        features.push(more);
    }
    let names = if features.is_empty() { String::new() } else { format!(": {}", features.join(", ")) };
    let joint = match model.interactions().len() {
        0 => String::new(),
        n => format!("; {}", counted(n, "interaction", "interactions")),
    };
    [rows, format!("{count}{names}{joint}")]
}

/// The event that the probability of a model refers to.
pub(super) fn question(model: &LeadModel) -> String {
    let training = &model.data().training;
    let target = training.target.join(" or ");
    let SnapshotSpec { horizon, by_age, .. } = &training.snapshot;
    match (horizon, by_age) {
        (Some(horizon), _) => format!("{target} within {horizon}"),
        (None, Some(age)) => format!("{target} by age {age}"),
        (None, None) if target == "outcome" => "a positive outcome".to_owned(),
        (None, None) => target,
    }
}

/// A model: its training data and strongest columns.
#[must_use]
pub fn model_text(model: &LeadModel, strongest: usize) -> String {
    model_body(model, strongest).text()
}

/// A model: its training data and strongest columns as text and HTML.
#[must_use]
pub fn model_shown(model: &LeadModel, strongest: usize) -> Shown {
    model_body(model, strongest).shown("Model")
}

fn model_body(model: &LeadModel, strongest: usize) -> Body {
    let t = &model.data().training;
    let [rows, features] = trained_on(model);
    let mut body = Body::new(rows);
    body.line(format!("  {features}"));
    body.line(format!(
        "  solver {}, C {}, {}, gradient {}, {}",
        t.solver,
        penalty(model),
        counted(t.iterations, "iteration", "iterations"),
        scientific(t.gradient),
        if t.converged { "converged" } else { "NOT CONVERGED" }
    ));
    body.lines(training_notes(model).into_iter().map(|n| format!("  {n}")));
    body.table(&["strongest columns", "part", "coefficient", "odds ratio"], strongest_columns(model, strongest));
    if !model.interactions().is_empty() {
        body.table(&["interaction", "part", "lowest", "highest", "spread"], interaction_rows(model));
    }
    if !t.dropped.is_empty() {
        body.line(format!(
            "{} dropped because constant or equal to another feature in every row",
            counted(t.dropped.len(), "feature was", "features were")
        ));
    }
    body
}

/// Notes on the training of the model, one sentence each.
pub(super) fn training_notes(model: &LeadModel) -> Vec<String> {
    let t = &model.data().training;
    let mut notes = Vec::new();
    let label = t.target.join(", ");
    notes.extend(options(&t.snapshot, &["target"]).map(|options| format!("snapshot: {options}; label: {label}")));
    if let Some((low, high)) = t.ages {
        notes.push(format!("ages of leads at the cutoffs: {low:.1} to {high:.1} days"));
    }
    if let Some(v) = &t.validation {
        notes.push(format!("C chosen by log loss on {}", v.folds));
    }
    if let Some(n) = &t.nonlinear {
        notes.push(format!("effects of numbers: {n}"));
    }
    if let Some(i) = &t.interactions {
        notes.push(format!("interactions: {i}"));
    }
    if let Some(c) = &t.calibration {
        notes.push(if c.method == "none" {
            c.remark.clone()
        } else {
            format!(
                "{} calibration, {} ({}, {} positive)",
                c.method,
                c.remark,
                counted(c.rows, "row", "rows"),
                c.positives
            )
        });
    }
    if let Some(what) = &t.inference {
        notes.push(format!("standard errors {what}"));
    }
    notes.extend(t.remarks.iter().cloned());
    notes
}

fn penalty(model: &LeadModel) -> String {
    let t = &model.data().training;
    let c = t.c.map_or_else(|| "infinite".to_owned(), |c| c.to_string());
    if t.l1_ratio > 0.0 { format!("{c} (L1 ratio {})", t.l1_ratio) } else { c }
}

/// Each interaction: its part, its lowest and highest effect among cells with training rows, and the standard deviation
/// of its contribution in training.
pub(super) fn interaction_rows(model: &LeadModel) -> Vec<Vec<String>> {
    let names = model.names();
    let joint = model.interactions().iter().zip(names.into_iter().skip(model.terms().len()));
    joint
        .map(|(i, name)| {
            let seen = || i.effects.iter().zip(&i.weights).filter(|(_, w)| **w > 0.0);
            let (squares, total) = seen().fold((0.0, 0.0), |s, (e, w)| (s.0 + w * e * e, s.1 + w));
            let lowest = seen().fold(f64::NAN, |m, (e, _)| m.min(*e));
            let highest = seen().fold(f64::NAN, |m, (e, _)| m.max(*e));
            vec![
                name,
                i.part.name().to_owned(),
                signed(lowest, 3),
                signed(highest, 3),
                rounded((squares / total).sqrt(), 3),
            ]
        })
        .collect()
}

/// The columns with the largest coefficients: name, part, coefficient, odds ratio.
pub(super) fn strongest_columns(model: &LeadModel, most: usize) -> Vec<Vec<String>> {
    let mut columns: Vec<(String, &'static str, f64)> = model.terms().iter().flat_map(named_columns).collect();
    columns.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    columns.truncate(most);
    let row = |(name, part, c): (String, &str, f64)| {
        vec![name, part.to_owned(), signed(c, 3), rounded(crate::math::exp(c), 2)]
    };
    columns.into_iter().map(row).collect()
}

/// Columns of a term: name, part, coefficient. Levels of a text are compared with the most frequent one.
fn named_columns(t: &Term) -> Vec<(String, &'static str, f64)> {
    let reference = t.reference(None).ok().flatten();
    let mut columns = Vec::new();
    for (i, level) in t.encoder.column_names().into_iter().enumerate() {
        let own = t.coefficients.get(i).copied().unwrap_or(0.0);
        match &reference {
            Some(r) if r.column == Some(i) => {}
            Some(r) => {
                let name = format!("{} = {level} against '{}'", t.feature, r.level);
                columns.push((name, t.part.name(), t.contrast(i, r)));
            }
            None if level.is_empty() => columns.push((t.feature.to_string(), t.part.name(), own)),
            None => columns.push((format!("{} = {level}", t.feature), t.part.name(), own)),
        }
    }
    columns
}
