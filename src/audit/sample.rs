//! The leads that are audited: one row each, at its first cutoff.

use crate::journeys::{Field, Journeys};
use crate::schema::Column;
use crate::snapshot::Snapshot;

/// Most leads that tests look at; more add no power that matters.
const MOST: usize = 20_000;

/// A field of the leads of a sample.
pub(super) struct Audited<'a> {
    /// The field of all leads.
    pub(super) field: &'a Field,
    /// Its values of the sample.
    pub(super) values: Column,
    /// Whether it is withheld from the features.
    pub(super) withheld: bool,
}

impl Audited<'_> {
    pub(super) fn name(&self) -> &str {
        &self.field.name
    }

    /// What to do about it.
    pub(super) fn remedy(&self, why: &str) -> String {
        if self.withheld {
            return "it is withheld from the features".to_owned();
        }
        let plain = self.name().strip_prefix("account.").unwrap_or(self.name());
        format!("exclude it with ignore=['{plain}']{why}")
    }
}

/// Leads with their first cutoff, and whether any of their rows is positive.
pub(super) struct Sample<'a> {
    pub(super) journeys: &'a Journeys,
    pub(super) leads: Vec<u32>,
    pub(super) cutoff: Vec<i64>,
    pub(super) label: Vec<bool>,
    /// Leads of the snapshot; more than in the sample if it is large.
    pub(super) of: usize,
}

impl<'a> Sample<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let labels = snapshot.label.as_deref().unwrap_or(&[]);
        let mut rows: Vec<(u32, i64, bool)> = Vec::new();
        for (i, row) in snapshot.rows.iter().enumerate() {
            let positive = labels.get(i).copied().unwrap_or(false);
            match rows.last_mut() {
                Some(last) if last.0 == row.lead => last.2 |= positive,
                _ => rows.push((row.lead, row.cutoff, positive)),
            }
        }
        let of = rows.len();
        let picked: Vec<(u32, i64, bool)> =
            if of > MOST { (0..MOST).filter_map(|i| rows.get(i * of / MOST).copied()).collect() } else { rows };
        Self {
            journeys: &snapshot.journeys,
            leads: picked.iter().map(|r| r.0).collect(),
            cutoff: picked.iter().map(|r| r.1).collect(),
            label: picked.iter().map(|r| r.2).collect(),
            of,
        }
    }

    /// One lead per account: leads of one account are not independent.
    pub(super) fn apart(&self) -> Self {
        let mut seen = std::collections::HashSet::new();
        let first: Vec<usize> = self
            .leads
            .iter()
            .enumerate()
            .filter(|(_, lead)| seen.insert(self.journeys.leads.group(**lead)))
            .map(|(i, _)| i)
            .collect();
        Self {
            journeys: self.journeys,
            leads: first.iter().filter_map(|i| self.leads.get(*i).copied()).collect(),
            cutoff: first.iter().filter_map(|i| self.cutoff.get(*i).copied()).collect(),
            label: first.iter().filter_map(|i| self.label.get(*i).copied()).collect(),
            of: self.of,
        }
    }

    /// The fields that features may use, and those that are withheld from them.
    pub(super) fn fields(&self, snapshot: &Snapshot) -> Vec<Audited<'a>> {
        let leads = &self.journeys.leads;
        let used = leads.fields.iter().filter(|f| snapshot.uses_field(&f.name)).map(|f| (f, false));
        let withheld = leads.hidden.iter().map(|f| (f, true));
        let audited = |(field, withheld): (&'a Field, bool)| Audited {
            field,
            values: field.column.take(&self.leads),
            withheld: withheld && !snapshot.names_field(&field.name),
        };
        used.chain(withheld).map(audited).collect()
    }
}
