//! Previous export: values that changed between two exports are written after creation.
//!
//! A field that is known at creation keeps its value. Some corrections are normal: the test is binomial, one-sided, against
//! changes in one lead of a hundred.

use std::collections::HashMap;

use super::finding::{AuditCheck, Finding, Severity};
use super::sample::Audited;
use super::tails::binomial_tail;
use crate::journeys::Journeys;
use crate::schema::{Column, NONE};
use crate::time::{NO_TIME, Timestamp};

/// Share of leads whose value may be corrected.
const CORRECTED: f64 = 0.01;

/// Leads of both exports: their numbers now and then.
fn pairs(now: &Journeys, before: &Journeys) -> (Vec<u32>, Vec<u32>) {
    let find = |lead: u32| before.leads.find(now.leads.ids.get(lead)).map(|other| (lead, other));
    (0..now.leads.len() as u32).filter_map(find).unzip()
}

fn text(column: &Column, i: usize) -> Option<String> {
    match column {
        Column::Number(v) => v.get(i).filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_string()),
        Column::Time(v) => v.get(i).filter(|t| **t != NO_TIME).map(|t| Timestamp(*t).to_string()),
        Column::Category { codes, levels } => {
            codes.get(i).filter(|c| **c != NONE).and_then(|c| levels.get(*c as usize)).cloned()
        }
    }
}

/// Leads whose value changed, those whose value is new, and the first change.
fn changes(now: &Column, then: &Column) -> (usize, usize, Option<String>) {
    let (mut changed, mut new, mut example) = (0, 0, None);
    for i in 0..now.len() {
        let (now, then) = (text(now, i), text(then, i));
        if now == then {
            continue;
        }
        changed += 1;
        new += usize::from(then.is_none());
        let shown = |value: &Option<String>| value.as_ref().map_or("missing".to_owned(), |v| format!("'{v}'"));
        example.get_or_insert_with(|| format!("{} became {}", shown(&then), shown(&now)));
    }
    (changed, new, example)
}

/// The test of each field of both exports, and a remark.
pub(super) fn tests(fields: &[Audited<'_>], now: &Journeys, before: &Journeys) -> (Vec<Finding>, String) {
    let (leads, others) = pairs(now, before);
    let by_name: HashMap<&str, &Column> =
        before.leads.fields.iter().chain(&before.leads.hidden).map(|f| (f.name.as_str(), &f.column)).collect();
    let n = leads.len();
    let mut found = Vec::new();
    let mut only_now = Vec::new();
    for field in fields {
        let Some(then) = by_name.get(field.name()) else {
            only_now.push(field.name());
            continue;
        };
        let (changed, new, example) = changes(&field.field.column.take(&leads), &then.take(&others));
        let evidence = format!(
            "differs from the previous export for {changed} of {n} leads, {new} of them without a value then (first: {})",
            example.unwrap_or_default()
        );
        let remedy = field.remedy(", or declare its history as Fields");
        let finding = Finding::rule(field.name(), AuditCheck::PreviousExport, changed, evidence, remedy);
        found.push(finding.tested(binomial_tail(changed, n, CORRECTED), Severity::Critical));
    }
    let mut remark = format!("{n} of {} leads are in the previous export too", now.leads.len());
    if !only_now.is_empty() {
        remark += &format!("; it does not have the fields {}", only_now.join(", "));
    }
    (found, remark)
}
