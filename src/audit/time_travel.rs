//! Time travel: a field equals a later fact of the journey more often than the best prediction of it.
//!
//! A field that was known at the cutoff cannot say what the journey says only afterwards. For each fact that changes
//! after the cutoff for some leads, the field is compared with the later value. The prediction it has to beat is the most
//! frequent later value among other leads (five folds) whose journey looks the same at the cutoff; the best of three such
//! tables is taken. The test is McNemar's, exact: of the leads where one of the two is right and the other wrong, how many
//! are those where the field is right? It is one-sided, and Bonferroni's correction covers the facts of one field. A field
//! must also be right for most leads whose fact changed, and for most of the others: a good predictor is not a copy.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::facts::{Fact, MISSING, Shape, as_fact};
use super::finding::{AuditCheck, Finding, Severity};
use super::sample::{Audited, Sample};
use super::tails::binomial_tail;
use crate::error::Result;
use crate::progress::Task;

/// Fewest leads whose fact changed.
const CHANGED: usize = 10;
const FOLDS: usize = 5;

/// How often a field equals a fact.
struct Agreement {
    changed: usize,
    right_of_changed: usize,
    others: usize,
    right_of_others: usize,
}

impl Agreement {
    fn of(values: &[i64], fact: &Fact) -> Self {
        let mut a = Self { changed: 0, right_of_changed: 0, others: 0, right_of_others: 0 };
        for ((value, before), all) in values.iter().zip(&fact.before).zip(&fact.all) {
            if *value == MISSING {
                continue;
            }
            let right = usize::from(value == all);
            if before == all {
                a.others += 1;
                a.right_of_others += right;
            } else {
                a.changed += 1;
                a.right_of_changed += right;
            }
        }
        a
    }

    /// Whether it may be a copy: a fact of two values is easily right.
    fn may_be_a_copy(&self, shape: Shape) -> bool {
        let least = if shape == Shape::Flag { 0.9 } else { 0.5 };
        let enough = |right: usize, of: usize| right as f64 >= least * of as f64;
        self.changed >= CHANGED
            && enough(self.right_of_changed, self.changed)
            && enough(self.right_of_others, self.others)
    }
}

/// The test of one field; `None` if no fact can be compared with it.
fn of_field(field: &Audited<'_>, facts: &[Fact], sample: &Sample<'_>) -> Option<Finding> {
    let shape = |shape| as_fact(&field.values, shape, sample.journeys);
    let (flag, count, state) = (shape(Shape::Flag), shape(Shape::Count), shape(Shape::State));
    let values = |fact: &Fact| match fact.shape {
        Shape::Flag => flag.as_deref(),
        Shape::Count => count.as_deref(),
        Shape::State => state.as_deref(),
    };
    let (mut compared, mut best): (usize, Option<(f64, &Fact, Agreement, usize)>) = (0, None);
    for fact in facts {
        let Some(values) = values(fact) else { continue };
        compared += 1;
        let agreement = Agreement::of(values, fact);
        if !agreement.may_be_a_copy(fact.shape) {
            continue;
        }
        let predicted = predictions(fact, facts, sample);
        let (mut only_field, mut only_predicted, mut right) = (0, 0, 0);
        for ((value, all), predicted) in
            values.iter().zip(&fact.all).zip(&predicted).filter(|((v, _), _)| **v != MISSING)
        {
            right += usize::from(predicted == all);
            only_field += usize::from(value == all && predicted != all);
            only_predicted += usize::from(value != all && predicted == all);
        }
        let p = binomial_tail(only_field, only_field + only_predicted, 0.5);
        if best.as_ref().is_none_or(|(least, ..)| p < *least) {
            best = Some((p, fact, agreement, right));
        }
    }
    (compared > 0).then(|| finding(field, compared, best))
}

fn finding(field: &Audited<'_>, compared: usize, best: Option<(f64, &Fact, Agreement, usize)>) -> Finding {
    let Some((p, fact, a, right)) = best else {
        let nothing = Finding::rule(field.name(), AuditCheck::TimeTravel, 0, String::new(), String::new());
        return nothing.tested(1.0, Severity::Critical);
    };
    let all = a.changed + a.others;
    let evidence = format!(
        "equals {} over all data for {} of {} leads where it changed after the cutoff, and for {} of all {all}, where the \
         best prediction at the cutoff is right for {right}",
        fact.name,
        a.right_of_changed,
        a.changed,
        a.right_of_changed + a.right_of_others,
    );
    let remedy = field.remedy(", or declare its history as Fields");
    Finding::rule(field.name(), AuditCheck::TimeTravel, a.right_of_changed, evidence, remedy)
        .tested(p * compared as f64, Severity::Critical)
}

/// The most frequent later value among other leads that look the same at the cutoff, by the table that is right most often.
fn predictions(fact: &Fact, facts: &[Fact], sample: &Sample<'_>) -> Vec<i64> {
    let find = |shape: Shape, name: &str| facts.iter().find(|f| f.shape == shape && f.name.contains(name));
    let stage = find(Shape::State, "the last stage");
    let events = find(Shape::Count, "any event");
    let bucket = |n: i64| i64::from(64 - n.max(0).leading_zeros());
    let none = |_: usize| 0;
    let by_stage = |i: usize| stage.and_then(|f| f.before.get(i)).copied().unwrap_or(0);
    let by_events = |i: usize| events.and_then(|f| f.before.get(i)).map_or(0, |n| bucket(*n));
    let tables: [&dyn Fn(usize) -> i64; 3] = [&none, &by_stage, &by_events];
    let right = |predicted: &[i64]| predicted.iter().zip(&fact.all).filter(|(p, a)| p == a).count();
    let mut best: Option<(usize, Vec<i64>)> = None;
    for table in tables {
        let predicted = by_table(fact, table, sample.leads.len());
        let hits = right(&predicted);
        if best.as_ref().is_none_or(|(most, _)| hits > *most) {
            best = Some((hits, predicted));
        }
    }
    best.map_or_else(|| fact.before.clone(), |(_, predicted)| predicted)
}

fn by_table(fact: &Fact, key: &dyn Fn(usize) -> i64, leads: usize) -> Vec<i64> {
    let mut cells: BTreeMap<(i64, i64), BTreeMap<i64, [u32; FOLDS]>> = BTreeMap::new();
    let cell = |i: usize| (fact.before.get(i).copied().unwrap_or(MISSING), key(i));
    for (i, all) in fact.all.iter().enumerate() {
        if let Some(n) = cells.entry(cell(i)).or_default().entry(*all).or_default().get_mut(i % FOLDS) {
            *n += 1;
        }
    }
    let likeliest = |values: &BTreeMap<i64, [u32; FOLDS]>, fold: usize| {
        let others = |n: &[u32; FOLDS]| n.iter().sum::<u32>() - n.get(fold).copied().unwrap_or(0);
        let most = values.iter().map(|(value, n)| (others(n), *value)).filter(|(n, _)| *n > 0);
        most.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, value)| value)
    };
    let choose = |values: &BTreeMap<i64, [u32; FOLDS]>| std::array::from_fn(|fold| likeliest(values, fold));
    let chosen: BTreeMap<(i64, i64), [Option<i64>; FOLDS]> = cells.iter().map(|(at, v)| (*at, choose(v))).collect();
    let predicted = |i: usize| {
        let (before, at) = cell(i);
        let found = chosen.get(&(before, at)).and_then(|by_fold| by_fold.get(i % FOLDS).copied().flatten());
        found.unwrap_or(before)
    };
    (0..leads).map(predicted).collect()
}

/// The test of each field that can hold a fact.
pub(super) fn tests(fields: &[Audited<'_>], facts: &[Fact], sample: &Sample<'_>, task: &Task) -> Result<Vec<Finding>> {
    let test = |field: &Audited<'_>| task.check().map(|()| of_field(field, facts, sample));
    let found: Result<Vec<Option<Finding>>> = fields.par_iter().map(test).collect();
    Ok(found?.into_iter().flatten().collect())
}
