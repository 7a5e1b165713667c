//! Cohort at export: a field differs among the leads that were young when the data was exported.
//!
//! A field known at creation does not care when the data is exported. One that is filled in later is emptier, or lower,
//! for the leads created just before. Leads are cut by creation into windows of equal size. The mean of the field in each
//! window is predicted by a straight line through the eight windows before it, as if the data had been exported at its
//! end. The error of the last window is compared with those of all earlier pseudo-exports by a t-test; their overlap
//! halves its degrees of freedom. Numbers enter as ranks, other fields by their frequent levels; missing is a level.

use rayon::prelude::*;

use super::finding::{AuditCheck, Finding, Severity};
use super::sample::Audited;
use crate::error::Result;
use crate::journeys::Journeys;
use crate::math::student_tail;
use crate::progress::Task;
use crate::schema::{Column, NONE};
use crate::time::NO_TIME;

const WINDOWS: usize = 40;
/// Fewest windows, and fewest leads in each.
const FEWEST: usize = 24;
const LEADS: usize = 25;
/// Windows that the line goes through.
const LINE: usize = 8;
/// Levels judged one by one, the most frequent ones.
const LEVELS: usize = 5;

/// Leads in order of creation, cut into windows; `None` if none was young at export, or there are too few.
pub(super) fn windows(journeys: &Journeys) -> Option<Vec<Vec<u32>>> {
    let created = &journeys.leads.created;
    let mut order: Vec<(i64, u32)> = created.iter().copied().zip(0u32..).filter(|(t, _)| *t != NO_TIME).collect();
    order.sort_unstable();
    let count = (order.len() / LEADS).min(WINDOWS);
    let (first, last) = (order.first()?.0, order.last()?.0);
    // Long after the last creation no lead is young.
    let young = journeys.observed_until != NO_TIME && journeys.observed_until - last <= (last - first) / 10;
    if count < FEWEST || !young {
        return None;
    }
    let at = |k: usize| k * order.len() / count;
    let window = |k: usize| order.get(at(k)..at(k + 1)).unwrap_or(&[]).iter().map(|(_, lead)| *lead).collect();
    Some((0..count).map(window).collect())
}

/// What is averaged: ranks, or whether a level is present.
fn series(column: &Column) -> Vec<(String, Vec<f64>)> {
    let n = column.len();
    let mut series = Vec::new();
    let missing: Vec<f64> = match column {
        Column::Number(v) => v.iter().map(|x| f64::from(u8::from(x.is_nan()))).collect(),
        Column::Time(v) => v.iter().map(|t| f64::from(u8::from(*t == NO_TIME))).collect(),
        Column::Category { codes, .. } => codes.iter().map(|c| f64::from(u8::from(*c == NONE))).collect(),
    };
    series.push(("is missing".to_owned(), missing));
    match column {
        Column::Number(values) => series.push(("is larger".to_owned(), ranks(values))),
        // The time of an event moves with creation by its nature.
        Column::Time(_) => {}
        Column::Category { codes, levels } => {
            let mut counts = vec![0usize; levels.len()];
            for code in codes {
                if let Some(k) = counts.get_mut(*code as usize) {
                    *k += 1;
                }
            }
            let mut frequent: Vec<(usize, u32)> = counts.into_iter().zip(0u32..).collect();
            frequent.sort_by_key(|(k, code)| (std::cmp::Reverse(*k), *code));
            for (_, level) in frequent.into_iter().take(LEVELS) {
                let name = levels.get(level as usize).map_or("", String::as_str);
                let is = codes.iter().map(|c| f64::from(u8::from(*c == level))).collect();
                series.push((format!("is '{name}'"), is));
            }
        }
    }
    let common = |values: &[f64]| {
        let share = values.iter().filter(|x| **x > 0.0).count() as f64 / n.max(1) as f64;
        (0.05..=0.95).contains(&share)
    };
    series.retain(|(what, values)| what == "is larger" || common(values));
    series
}

/// Ranks from 0 to 1, mean ranks for ties; NaN where missing.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len().max(1) as f64;
    let rank = |x: f64| {
        let (low, high) = (sorted.partition_point(|y| *y < x), sorted.partition_point(|y| *y <= x));
        (low + high) as f64 / 2.0 / n
    };
    values.iter().map(|x| if x.is_nan() { f64::NAN } else { rank(*x) }).collect()
}

/// p of the last window's error against those of the others, with the mean of the last window and its prediction.
fn last_against_others(means: &[f64]) -> Option<(f64, f64, f64)> {
    let centre = (LINE as f64 - 1.0) / 2.0;
    let spread: f64 = (0..LINE).map(|i| (i as f64 - centre) * (i as f64 - centre)).sum();
    let predict = |line: &[f64]| {
        let mean = line.iter().sum::<f64>() / LINE as f64;
        let slope = line.iter().enumerate().map(|(i, y)| (i as f64 - centre) * y).sum::<f64>() / spread;
        mean + slope * (LINE as f64 - centre)
    };
    let errors: Vec<(f64, f64, f64)> = means
        .windows(LINE + 1)
        .filter_map(|w| {
            let (last, line) = w.split_last()?;
            let predicted = predict(line);
            Some((last - predicted, *last, predicted))
        })
        .collect();
    let ((error, seen, predicted), earlier) = errors.split_last()?;
    let variance = earlier.iter().map(|e| e.0 * e.0).sum::<f64>() / earlier.len() as f64;
    if !variance.is_finite() || variance <= 1e-18 {
        return None;
    }
    let p = 2.0 * student_tail(error.abs() / variance.sqrt(), earlier.len() as f64 / 2.0);
    Some((p.min(1.0), *seen, *predicted))
}

fn of_field(field: &Audited<'_>, windows: &[Vec<u32>]) -> Option<Finding> {
    let mut best: Option<(f64, String, f64, f64)> = None;
    let mut compared = 0;
    for (what, values) in series(&field.field.column) {
        let mean = |window: &Vec<u32>| {
            let known = window.iter().filter_map(|l| values.get(*l as usize)).filter(|x| !x.is_nan());
            let (sum, n) = known.fold((0.0, 0usize), |(sum, n), x| (sum + x, n + 1));
            if n == 0 { f64::NAN } else { sum / n as f64 }
        };
        let means: Vec<f64> = windows.iter().map(mean).collect();
        let Some((p, seen, predicted)) = last_against_others(&means) else { continue };
        compared += 1;
        if best.as_ref().is_none_or(|(least, ..)| p < *least) {
            best = Some((p, what, seen, predicted));
        }
    }
    let (p, what, seen, predicted) = best?;
    let leads = windows.last().map_or(0, Vec::len);
    let shown = if what == "is larger" {
        format!("has a mean rank of {seen:.2}")
    } else {
        format!("{what} for {:.1} %", 100.0 * seen)
    };
    let expected = if what == "is larger" { format!("{predicted:.2}") } else { format!("{:.1} %", 100.0 * predicted) };
    let evidence = format!(
        "{shown} of the {leads} leads created last before the export, where the leads before suggest {expected}"
    );
    let remedy = field.remedy(" if it is filled in or changed after creation, or declare its history as Fields");
    let finding = Finding::rule(field.name(), AuditCheck::Cohort, leads, evidence, remedy);
    Some(finding.tested(p * f64::from(compared), Severity::Critical))
}

/// The test of each field.
pub(super) fn tests(fields: &[Audited<'_>], windows: &[Vec<u32>], task: &Task) -> Result<Vec<Finding>> {
    let test = |field: &Audited<'_>| task.check().map(|()| of_field(field, windows));
    let found: Result<Vec<Option<Finding>>> = fields.par_iter().map(test).collect();
    Ok(found?.into_iter().flatten().collect())
}
