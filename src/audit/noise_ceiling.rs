//! Noise ceiling: a field explains more of a later count than its chance allows.
//!
//! If the events of a buyer after the cutoff are a Poisson count N whose rate λ may depend on everything known at the
//! cutoff, then Var N = Var λ + E λ, so nothing known at the cutoff has an R² on N above Var λ / Var N = 1 − mean/variance.
//! The test is one-sided for R² − (1 − mean/variance) > 0, with the standard error from its influence function. It is made
//! for buyers' events alone, because sales works by rules that spread less than chance, and only for counts that spread
//! more than a Poisson count.

use rayon::prelude::*;

use super::facts::{Fact, Shape};
use super::finding::{AuditCheck, Finding, Severity};
use super::sample::Audited;
use crate::error::Result;
use crate::math::normal_tail;
use crate::progress::Task;
use crate::schema::Column;

/// Fewest leads with a value.
const LEADS: usize = 100;
/// The count must vary at least this much, so that its mean and variance are known.
const LARGEST: i64 = 3;

struct Excess {
    r2: f64,
    ceiling: f64,
    p: f64,
    leads: usize,
}

/// How far R² of `x` on `y` lies above the ceiling; `None` if that cannot be said.
fn excess(pairs: &[(f64, f64)]) -> Option<Excess> {
    let n = pairs.len() as f64;
    let mean = |get: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(get).sum::<f64>() / n;
    let (mx, my) = (mean(&|p| p.0), mean(&|p| p.1));
    let sxx = mean(&|p| (p.0 - mx) * (p.0 - mx));
    let syy = mean(&|p| (p.1 - my) * (p.1 - my));
    let sxy = mean(&|p| (p.0 - mx) * (p.1 - my));
    if sxx <= 0.0 || my <= 0.0 || syy <= 1.05 * my || sxy == 0.0 {
        return None;
    }
    let (r2, ceiling) = (sxy * sxy / (sxx * syy), 1.0 - my / syy);
    let influence = |(x, y): &(f64, f64)| {
        let (dx, dy) = (x - mx, y - my);
        let of_r2 = r2 * (2.0 * (dx * dy - sxy) / sxy - (dx * dx - sxx) / sxx - (dy * dy - syy) / syy);
        of_r2 + dy / syy - my * (dy * dy - syy) / (syy * syy)
    };
    let variance = pairs.iter().map(|p| influence(p) * influence(p)).sum::<f64>() / n;
    let error = (variance / n).sqrt();
    if error <= 0.0 {
        return None;
    }
    Some(Excess { r2, ceiling, p: normal_tail((r2 - ceiling) / error), leads: pairs.len() })
}

fn of_field(field: &Audited<'_>, facts: &[Fact]) -> Option<Finding> {
    let Column::Number(values) = &field.values else { return None };
    let (mut compared, mut best): (usize, Option<(Excess, &Fact)>) = (0, None);
    for fact in facts.iter().filter(|f| f.buyer && f.shape == Shape::Count) {
        let later = fact.all.iter().zip(&fact.before).map(|(all, before)| all - before);
        let pairs: Vec<(f64, f64)> =
            values.iter().zip(later).filter(|(x, _)| !x.is_nan()).map(|(x, n)| (*x, n as f64)).collect();
        if pairs.len() < LEADS || pairs.iter().all(|p| p.1 < LARGEST as f64) {
            continue;
        }
        let Some(found) = excess(&pairs) else { continue };
        compared += 1;
        if best.as_ref().is_none_or(|(least, _)| found.p < least.p) {
            best = Some((found, fact));
        }
    }
    let (found, fact) = best?;
    let evidence = format!(
        "explains {:.1} % of the variance of {} after the cutoff; nothing known at the cutoff explains more than {:.1} %",
        100.0 * found.r2,
        fact.name,
        100.0 * found.ceiling
    );
    let remedy = field.remedy(", or declare its history as Fields");
    let finding = Finding::rule(field.name(), AuditCheck::NoiseCeiling, found.leads, evidence, remedy);
    Some(finding.tested(found.p * compared as f64, Severity::Critical))
}

/// The test of each number.
pub(super) fn tests(fields: &[Audited<'_>], facts: &[Fact], task: &Task) -> Result<Vec<Finding>> {
    let test = |field: &Audited<'_>| task.check().map(|()| of_field(field, facts));
    let found: Result<Vec<Option<Finding>>> = fields.par_iter().map(test).collect();
    Ok(found?.into_iter().flatten().collect())
}
