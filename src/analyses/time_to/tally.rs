//! Spells that merge, and the curves of them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::grouped::GroupedSubjects;
use super::remarks::{entered_late, naive, on_left_out, on_test};
use super::result::{TimeTo, TimeToGroup};
use super::spec::TimeToSpec;
use super::subjects::Subjects;
use crate::error::{Error, Result};
use crate::math::few_clusters;
use crate::progress::Task;
use crate::query::{before_outcomes_remark, open_remark};
use crate::schema::ALL;
use crate::survival::{Blocks, Curve, ceiling, compared};
use crate::time::Span;

/// Spells of some leads: serialisable, mergeable with the spells of other leads, and turned into a [`TimeTo`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeToTally {
    pub(super) spec: TimeToSpec,
    pub(super) competes: bool,
    pub(super) part: GroupedSubjects,
}

impl TimeToTally {
    /// The spells of both. Leads must not be in both.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are of different questions.
    pub fn merge(self, later: Self) -> Result<Self> {
        if self.spec != later.spec || self.competes != later.competes {
            return Err(Error::option("tally", "the spells belong to different analyses"));
        }
        let mut part = self.part;
        part.join(&later.part.names, later.part.runs, later.part.clusters, later.part.left_out);
        Ok(Self { part, ..self })
    }

    /// The curves.
    ///
    /// # Errors
    /// [`Error::NoRows`] if no lead is left, [`Error::InvalidOption`] for more than 100 groups, [`Error::Interrupted`].
    pub fn finish(self, task: &Task) -> Result<TimeTo> {
        let Self { spec, competes, part } = self;
        let counts = part.counts();
        let order = part.ordered(&counts)?;
        let mut remarks = Vec::new();
        let subjects = Subjects::new(&part, &spec, &counts, &order, &mut remarks)?;
        let pooled = subjects.pooled(&part, &spec, &order)?;
        let blocks = (!part.clusters.is_empty()).then(|| part.blocks(&order));
        remarks.extend(blocks.as_ref().and_then(|b| few_clusters(b.accounts, b.effective_accounts, "accounts")));
        let compare = || match &blocks {
            Some(blocks) => blocks.test(subjects.named.len(), competes, task),
            None => compared(&pooled, competes, task),
        };
        let (curves, test) =
            rayon::join(|| subjects.curves(&pooled, spec.confidence), || (subjects.named.len() > 1).then(compare));
        let curves = curves?;
        let until = spec.until.map_or_else(|| known_by_all(&curves), Span::as_days);
        let groups = groups(&subjects, curves, blocks.as_ref(), &spec, until, task)?;
        if spec.until.is_some() && groups.iter().any(|g| g.restricted_mean.is_none()) {
            remarks.push(format!("mean times are missing for groups that were not observed from 0 to {until:.0} days"));
        }
        let test = match test.transpose() {
            Ok(test) => test,
            Err(Error::Undefined { why, .. }) => {
                remarks.push(format!("the groups are not compared: {why}"));
                None
            }
            Err(e) => return Err(e),
        };
        remarks.extend(test.iter().flat_map(|test| on_test(test, subjects.named.len())));
        remarks.extend(groups.iter().filter(|g| !subjects.moved.contains(&g.value)).filter_map(entered_late));
        remarks.extend(groups.first().filter(|_| competes).and_then(naive));
        remarks.extend(on_left_out(&spec, &part.left_out));
        let open = groups.first().map_or(0, |all| all.censored);
        remarks.extend(open_remark(open, "lead is", "leads are"));
        remarks.extend(before_outcomes_remark(
            part.left_out.before_outcomes,
            "lead started or ended",
            "leads started or ended",
        ));
        Ok(TimeTo {
            spec,
            competes,
            groups,
            test,
            no_start: part.left_out.no_start,
            ended_before: part.left_out.ended_before,
            event_after_competing: part.left_out.event_after_competing,
            before_outcomes: part.left_out.before_outcomes,
            remarks,
        })
    }
}

/// The age to which every curve is known. Curves of groups without leads at risk extend to later ages.
fn known_by_all(curves: &[Curve]) -> f64 {
    let common = curves.iter().map(Curve::known_until).fold(f64::INFINITY, f64::min);
    if common.is_finite() { common } else { curves.iter().filter_map(|c| c.time.last().copied()).fold(0.0, f64::max) }
}

/// One group per curve, the first of all leads; widened by blocks of accounts, with ceilings where they are asked for.
fn groups(
    subjects: &Subjects,
    mut curves: Vec<Curve>,
    blocks: Option<&Blocks>,
    spec: &TimeToSpec,
    until: f64,
    task: &Task,
) -> Result<Vec<TimeToGroup>> {
    let mut mean_errors = vec![None; curves.len()];
    if let Some(blocks) = blocks {
        let places = [None].into_iter().chain((0..).map(Some));
        for ((curve, error), place) in curves.iter_mut().zip(&mut mean_errors).zip(places) {
            task.check()?;
            *error = blocks.widen(curve, place, spec.confidence, until);
        }
    }
    let mut ceilings = Vec::new();
    if let Some(family) = spec.ceiling {
        task.begin("fitting curves", curves.len());
        for spells in [&subjects.all].into_iter().chain(subjects.named.iter().map(|(_, spells)| spells)) {
            ceilings.push(ceiling(spells, family, spec.confidence, task)?);
            task.advance(1);
        }
    }
    let names: Vec<&str> = [ALL].into_iter().chain(subjects.named.iter().map(|(value, _)| value.as_str())).collect();
    let mut groups: Vec<TimeToGroup> =
        names.into_par_iter().zip(curves).map(|(value, curve)| TimeToGroup::new(value, spec, until, curve)).collect();
    for (group, error) in groups.iter_mut().zip(mean_errors) {
        if let (Some(mean), Some(error)) = (group.restricted_mean.as_mut(), error) {
            mean.standard_error = mean.standard_error.max(error);
        }
    }
    groups.iter_mut().zip(ceilings).for_each(|(group, ceiling)| group.ceiling = Some(ceiling));
    Ok(groups)
}
