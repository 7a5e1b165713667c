//! Drift: Pearson's χ² test of the distribution of each field in train and in test.
//!
//! Numbers are cut at the quintiles of train. Levels and bins with fewer than five leads expected on a side are pooled. One
//! lead per account is compared, because leads of one account are not independent.

use rayon::prelude::*;

use super::finding::{AuditCheck, Finding, Severity};
use super::sample::{Audited, Sample};
use crate::error::Result;
use crate::math::{chi_square_tail, quantile_sorted};
use crate::progress::Task;
use crate::schema::{Column, NONE};
use crate::snapshot::Snapshot;

/// Bins of the values of two samples: a number per lead, with missing last.
fn bins(train: &Column, test: &Column) -> Option<(Vec<usize>, Vec<usize>, usize)> {
    match (train, test) {
        (Column::Number(a), Column::Number(b)) => {
            let mut known: Vec<f64> = a.iter().copied().filter(|x| !x.is_nan()).collect();
            known.sort_by(f64::total_cmp);
            let mut cuts: Vec<f64> = [0.2, 0.4, 0.6, 0.8].map(|q| quantile_sorted(&known, q)).to_vec();
            cuts.dedup();
            let missing = cuts.len() + 1;
            let bin = |x: &f64| if x.is_nan() { missing } else { cuts.partition_point(|c| c < x) };
            Some((a.iter().map(bin).collect(), b.iter().map(bin).collect(), missing + 1))
        }
        (Column::Category { codes: a, levels }, Column::Category { codes: b, .. }) => {
            let bin = |c: &u32| if *c == NONE { levels.len() } else { *c as usize };
            Some((a.iter().map(bin).collect(), b.iter().map(bin).collect(), levels.len() + 1))
        }
        _ => None,
    }
}

/// χ² and its degrees of freedom.
fn chi_square(train: &[usize], test: &[usize], bins: usize) -> Option<(f64, usize)> {
    let mut counts = vec![[0.0f64; 2]; bins];
    for (side, values) in [train, test].into_iter().enumerate() {
        for bin in values {
            if let Some(n) = counts.get_mut(*bin).and_then(|n| n.get_mut(side)) {
                *n += 1.0;
            }
        }
    }
    let (n, m) = (train.len() as f64, test.len() as f64);
    let least = |[a, b]: &[f64; 2]| (a + b) * n.min(m) / (n + m);
    let (kept, rare): (Vec<[f64; 2]>, Vec<[f64; 2]>) = counts.into_iter().partition(|c| least(c) >= 5.0);
    let pooled = rare.iter().fold([0.0, 0.0], |[a, b], [x, y]| [a + x, b + y]);
    let cells: Vec<[f64; 2]> = kept.into_iter().chain((least(&pooled) >= 5.0).then_some(pooled)).collect();
    let [n, m] = cells.iter().fold([0.0, 0.0], |[a, b], [x, y]| [a + x, b + y]);
    let sum = cells.iter().map(|[a, b]| {
        let (e, f) = ((a + b) * n / (n + m), (a + b) * m / (n + m));
        (a - e) * (a - e) / e + (b - f) * (b - f) / f
    });
    (cells.len() > 1).then(|| (sum.sum(), cells.len() - 1))
}

/// The test of each field.
pub(super) fn tests(fields: &[Audited<'_>], train: &Sample<'_>, test: &Snapshot, task: &Task) -> Result<Vec<Finding>> {
    let (train, test) = (train.apart(), Sample::of(test).apart());
    let of_field = |field: &Audited<'_>| -> Result<Option<Finding>> {
        task.check()?;
        if field.withheld {
            return Ok(None);
        }
        let (a, b) = (field.field.column.take(&train.leads), field.field.column.take(&test.leads));
        let found = bins(&a, &b).and_then(|(a, b, n)| chi_square(&a, &b, n));
        Ok(found.map(|(x, degrees)| {
            let evidence = format!(
                "differs between the {} leads of train and the {} of test (χ² {x:.1} at {degrees} degrees of freedom)",
                train.leads.len(),
                test.leads.len()
            );
            let remedy = "train on recent leads, or exclude the field if its definition changed";
            let finding = Finding::warning(AuditCheck::Drift, test.leads.len(), evidence, remedy).of(field.name());
            finding.tested(chi_square_tail(x, degrees), Severity::Warning)
        }))
    };
    let found: Result<Vec<Option<Finding>>> = fields.par_iter().map(of_field).collect();
    Ok(found?.into_iter().flatten().collect())
}
