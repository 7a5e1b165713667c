//! Duplicates: leads of train that occur in test too, by id, or as another lead with the same values.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

use super::finding::{AuditCheck, Finding};
use super::sample::Audited;
use crate::counted::counted;
use crate::schema::{Column, NONE};
use crate::snapshot::Snapshot;
use crate::time::NO_TIME;

/// Fewest values that two leads must share to be called one.
const VALUES: usize = 5;

fn leads(snapshot: &Snapshot) -> Vec<u32> {
    let mut leads: Vec<u32> = snapshot.rows.iter().map(|r| r.lead).collect();
    leads.dedup();
    leads
}

/// A hash of all values of a lead; `None` if few are known.
fn key(fields: &[Audited<'_>], lead: u32) -> Option<u64> {
    let mut hasher = foldhash::quality::FixedState::with_seed(7).build_hasher();
    let mut known = 0;
    for field in fields.iter().filter(|f| !f.withheld && !f.name().starts_with("account.")) {
        let bits = match &field.field.column {
            Column::Number(v) => v.get(lead as usize).filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_bits()),
            Column::Time(v) => v.get(lead as usize).filter(|t| **t != NO_TIME).map(|t| t.cast_unsigned()),
            Column::Category { codes, .. } => codes.get(lead as usize).filter(|c| **c != NONE).map(|c| u64::from(*c)),
        };
        known += usize::from(bits.is_some());
        bits.hash_into(&mut hasher);
    }
    (known >= VALUES).then(|| hasher.finish())
}

trait HashInto {
    fn hash_into(&self, hasher: &mut impl Hasher);
}

impl HashInto for Option<u64> {
    fn hash_into(&self, hasher: &mut impl Hasher) {
        hasher.write_u8(u8::from(self.is_some()));
        hasher.write_u64(self.unwrap_or(0));
    }
}

/// Warnings about leads on both sides.
pub(super) fn findings(fields: &[Audited<'_>], train: &Snapshot, test: &Snapshot) -> Vec<Finding> {
    let (trained, tested) = (leads(train), leads(test));
    let of_train: HashSet<u32> = trained.iter().copied().collect();
    let mut found = Vec::new();
    let same = tested.iter().filter(|lead| of_train.contains(lead)).count();
    if same > 0 {
        let evidence = format!("{} of {} in test are in train too", counted(same, "lead", "leads"), tested.len());
        let remedy = "split by group so that all rows of a lead are on one side: split(by='group')";
        found.push(Finding::warning(AuditCheck::Duplicates, same, evidence, remedy));
    }
    // Values that many leads share do not identify a person: each must be rare.
    let varied = fields.iter().filter(|f| !f.withheld).any(|f| match &f.field.column {
        Column::Number(_) | Column::Time(_) => true,
        Column::Category { levels, .. } => levels.len() > 50,
    });
    if varied {
        let keys: HashSet<u64> = trained.iter().filter_map(|lead| key(fields, *lead)).collect();
        let others = tested.iter().filter(|lead| !of_train.contains(lead));
        let again = others.filter(|lead| key(fields, **lead).is_some_and(|k| keys.contains(&k))).count();
        if again as f64 > 0.01 * tested.len() as f64 {
            let evidence =
                format!("{again} of {} leads in test have the values of a lead in train in all fields", tested.len());
            let remedy = "merge duplicate leads, or give them one account and split by group";
            found.push(Finding::warning(AuditCheck::Duplicates, again, evidence, remedy));
        }
    }
    let groups: HashSet<u64> = trained.iter().map(|lead| train.journeys.leads.group(*lead)).collect();
    if train.journeys.leads.account.is_some() {
        let shared =
            tested.iter().filter(|l| !of_train.contains(l) && groups.contains(&train.journeys.leads.group(**l)));
        let shared = shared.count();
        if shared > 0 {
            let evidence = format!("{shared} of {} leads in test belong to an account of train", tested.len());
            let remedy = "split whole accounts with split(by='group') if scores are for new accounts";
            found.push(Finding::warning(AuditCheck::Duplicates, shared, evidence, remedy));
        }
    }
    found
}
