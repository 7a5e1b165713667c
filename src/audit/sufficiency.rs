//! Sufficiency: enough leads of both classes, and enough positive leads for the number of parameters.

use super::finding::{AuditCheck, Finding};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::features::compute;
use crate::progress::Task;
use crate::schema::{Column, Feature};
use crate::snapshot::Snapshot;

/// Fewest leads of a class that an audit accepts, and fewest without a warning.
pub(super) const MINIMUM: usize = 40;
const ENOUGH: usize = 100;
/// Fewest positive leads per parameter: P. Peduzzi and others, "A simulation study of the number of events per variable in
/// logistic regression analysis", Journal of Clinical Epidemiology 49, 1996.
const PER_PARAMETER: f64 = 10.0;
/// Rows that a level needs to have a parameter of its own.
const LEVEL: usize = 20;

/// Parameters of a model of these columns: one per number, one per frequent level but one.
fn parameters(columns: &[Column]) -> usize {
    let of = |column: &Column| match column {
        Column::Number(values) => usize::from(values.iter().any(|x| !x.is_nan())),
        Column::Time(_) => 1,
        Column::Category { codes, levels } => {
            let mut counts = vec![0usize; levels.len()];
            for code in codes {
                if let Some(n) = counts.get_mut(*code as usize) {
                    *n += 1;
                }
            }
            counts.iter().filter(|n| **n >= LEVEL).count().saturating_sub(1)
        }
    };
    columns.iter().map(of).sum()
}

/// Warnings about the number of leads.
///
/// # Errors
/// [`Error::TooFew`] with fewer than 40 leads of a class; what the features say.
pub(super) fn findings(snapshot: &Snapshot, task: &Task) -> Result<Vec<Finding>> {
    let counts = &snapshot.counts;
    let (positives, negatives) = (counts.positive_leads, counts.leads_with_rows - counts.positive_leads);
    if positives.min(negatives) < MINIMUM {
        return Err(Error::TooFew { positives, negatives, minimum: MINIMUM });
    }
    let mut found = Vec::new();
    if positives.min(negatives) < ENOUGH {
        let evidence = format!(
            "{} and {} are below 100 each",
            counted(positives, "positive lead", "positive leads"),
            counted(negatives, "other lead", "other leads")
        );
        let remedy = "collect more leads, or expect wide intervals of all measures";
        found.push(Finding::warning(AuditCheck::Sufficiency, positives.min(negatives), evidence, remedy));
    }
    let features: Vec<Feature> = snapshot.features.resolve(snapshot)?;
    let (cap, zone) = (snapshot.features.daily_cap, snapshot.journeys.calendar_zone());
    let columns = compute(snapshot, &features, |k| Some(k.clone()), cap, zone, task)?;
    let parameters = parameters(&columns);
    let each = positives as f64 / parameters.max(1) as f64;
    if parameters > 0 && each < PER_PARAMETER {
        let evidence = format!("{positives} positive leads for {parameters} parameters are {each:.1} each, below 10");
        let remedy = "use fewer features, or a strong penalty (a small C, or C='cv')";
        found.push(Finding::warning(AuditCheck::Sufficiency, positives, evidence, remedy));
    }
    Ok(found)
}
