//! What the reader of curves should know besides.

use super::gathered::LeadsLeftOut;
use super::result::TimeToGroup;
use super::spec::{CompetingAs, TimeToSpec};
use crate::counted::counted;
use crate::survival::{Curve, GroupTest, RiskTable};

/// Why the p-value of a test of `groups` groups is approximate.
pub(super) fn on_test(test: &GroupTest, groups: usize) -> Vec<String> {
    let mut remarks = Vec::new();
    if test.permutations > 0 {
        remarks.push(format!(
            "{} test: p-value from {} permutations of leads among groups, because χ² would reject too often with so few events per \
             group or so many ends at one time",
            test.test,
            test.permutations
        ));
        return remarks;
    }
    if test.sparse > 0 {
        remarks.push(format!(
            "{} test: {} of {groups} groups have fewer than 5 expected events, so the p-value is approximate; pool small groups or \
             compare fewer",
            test.test, test.sparse
        ));
    }
    if test.coarse {
        remarks.push(
            "Gray test: more than a quarter of the leads at risk end at one time, so the p-value is too small; use times to the day \
             or finer"
                .to_owned(),
        );
    }
    remarks
}

/// That all leads of a group entered late.
pub(super) fn entered_late(group: &TimeToGroup) -> Option<String> {
    let from = group.curve.known_from();
    (from > 0.0).then(|| {
        format!(
            "{}: all leads entered late, from {from:.1} days on; shares refer to leads still open then, without earlier ages or mean \
             times",
            group.value
        )
    })
}

/// Competing ends that are censored, and wins that were taken back.
pub(super) fn on_left_out(spec: &TimeToSpec, left_out: &LeadsLeftOut) -> Vec<String> {
    let mut remarks = Vec::new();
    if spec.competing_as == CompetingAs::Censored {
        remarks.push(format!(
            "{} censored at it; shares are one minus Kaplan–Meier, as if competing ends did not occur",
            counted(left_out.censored_by_competing, "lead with a competing end is", "leads with a competing end are")
        ));
    }
    if left_out.reversed > 0 {
        remarks.push(counted(
            left_out.reversed,
            "deal was won and later lost or re-opened; its first win counts",
            "deals were won and later lost or re-opened; their first win counts",
        ));
    }
    remarks
}

/// What would have been said with competing ends censored.
pub(super) fn naive(all: &TimeToGroup) -> Option<String> {
    let curve = &all.curve;
    let table = RiskTable {
        time: curve.time.clone(),
        at_risk: curve.at_risk.clone(),
        events: curve.events.clone(),
        competing: vec![0; curve.competing.len()],
        censored: curve.censored.iter().zip(&curve.competing).map(|(a, b)| a + b).collect(),
        entries: curve.entries.clone(),
    };
    let last = Curve::new(table, 0.95).incidence.last().copied().unwrap_or(0.0);
    let ours = all.last.incidence;
    (last > ours + 0.005).then(|| {
        format!(
            "with competing ends censored (competing_as='censored'), the share at the end would be {:.1} % instead of {:.1} %",
            100.0 * last,
            100.0 * ours
        )
    })
}
