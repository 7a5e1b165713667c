//! Base rate: the trend of the target over the cutoffs, by the test of Cochran and Armitage on ranks of time.

use super::finding::{AuditCheck, Finding, Severity};
use super::sample::Sample;
use crate::math::normal_tail;
use crate::time::NO_TIME;

/// The test; `None` without times, or if all cutoffs are one.
pub(super) fn test(sample: &Sample<'_>) -> Option<Finding> {
    let sample = sample.apart();
    let created = |lead: &u32| sample.journeys.leads.created_at(*lead);
    let rows = sample.leads.iter().zip(&sample.cutoff).zip(&sample.label);
    let at = |lead, cutoff| if cutoff == NO_TIME { created(lead) } else { cutoff };
    let mut rows: Vec<(i64, f64)> =
        rows.map(|((lead, cutoff), label)| (at(lead, *cutoff), f64::from(u8::from(*label)))).collect();
    rows.retain(|(t, _)| *t != NO_TIME);
    rows.sort_by_key(|r| r.0);
    let n = rows.len() as f64;
    let (first, last) = (rows.first()?.0, rows.last()?.0);
    if first == last || n < 100.0 {
        return None;
    }
    let times: Vec<i64> = rows.iter().map(|r| r.0).collect();
    let rank = |t: i64| (times.partition_point(|x| *x < t) + times.partition_point(|x| *x <= t)) as f64 / 2.0 / n - 0.5;
    let mean = rows.iter().map(|r| r.1).sum::<f64>() / n;
    let (mut sxy, mut sxx) = (0.0, 0.0);
    for (t, y) in &rows {
        let x = rank(*t);
        sxy += x * (y - mean);
        sxx += x * x;
    }
    let variance = sxx * mean * (1.0 - mean);
    if variance <= 0.0 {
        return None;
    }
    let z = sxy / variance.sqrt();
    let half = rows.len() / 2;
    let rate = |rows: &[(i64, f64)]| 100.0 * rows.iter().map(|r| r.1).sum::<f64>() / rows.len().max(1) as f64;
    let (early, late) = rows.split_at(half);
    let evidence = format!(
        "the rate of the target moves from {:.1} % in the earlier half to {:.1} % in the later half of the leads",
        rate(early),
        rate(late)
    );
    let remedy = "train on recent leads, and evaluate on the latest ones: split(by='time')";
    let finding = Finding::warning(AuditCheck::BaseRate, rows.len(), evidence, remedy);
    Some(finding.tested(2.0 * normal_tail(z.abs()), Severity::Warning))
}
