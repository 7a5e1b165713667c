//! The lead table inside the index: ids in canonical order, creation times, fields, accounts, outcomes.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use super::normalize::Normalize;
use crate::journeys::string_table::StringTable;
use crate::schema::{Column, NONE};
use crate::time::{NO_TIME, Zone};

/// A field of the leads, known at creation.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name; fields of accounts are `account.name`.
    pub name: String,
    /// One value per lead.
    pub column: Column,
    /// True if the user named it, so it is not withheld.
    pub asked: bool,
}

/// A field whose value changes over time: rows of all leads, joined as of a cutoff.
#[derive(Debug, Clone)]
pub struct FieldHistory {
    /// Its name.
    pub name: String,
    /// Where each lead's rows start in the columns below; one more than leads.
    pub offsets: Vec<usize>,
    /// From when the value holds, ascending within a lead.
    pub valid_from: Vec<i64>,
    /// Until when (exclusive), [`NO_TIME`] if open.
    pub valid_to: Vec<i64>,
    /// The values.
    pub values: Column,
}

impl FieldHistory {
    /// Row of the value known at `cutoff` for lead `lead`, created at `created`.
    ///
    /// That is the latest row with `valid_from < cutoff` (a value set by the time of creation counts as known
    /// at creation) unless it ended before the cutoff.
    #[must_use]
    pub fn row_as_of(&self, lead: usize, created: i64, cutoff: i64) -> Option<u32> {
        let (start, end) = (*self.offsets.get(lead)?, *self.offsets.get(lead + 1)?);
        let from = self.valid_from.get(start..end)?;
        let known = from.partition_point(|f| *f < cutoff || *f <= created);
        let row = start + known.checked_sub(1)?;
        let to = *self.valid_to.get(row)?;
        (to == NO_TIME || to >= cutoff).then_some(row as u32)
    }
}

/// All leads; position in these columns is the lead's number.
#[derive(Debug, Clone, Default)]
pub struct Leads {
    /// Ids; number = position.
    pub ids: StringTable,
    /// How ids are written.
    pub normalize: Option<Normalize>,
    /// Creation, UTC microseconds, [`NO_TIME`] where the table has no times.
    pub created: Vec<i64>,
    /// Row number in the source table.
    pub source_row: Vec<u32>,
    /// Order column, if one was declared: ascending rank.
    pub order: Option<Vec<u32>>,
    /// Account number per lead, [`NONE`] if none.
    pub account: Option<(Vec<u32>, StringTable)>,
    /// Owner per lead.
    pub owner: Option<(Vec<u32>, StringTable)>,
    /// Known outcome per lead, for tables without times.
    pub outcome: Option<Vec<Option<bool>>>,
    /// Fields known at creation.
    pub fields: Vec<Field>,
    /// Fields with a history.
    pub histories: Vec<FieldHistory>,
    /// Zones of the tables of fields that say their own, by field: a day in a condition is a day there.
    pub zones: BTreeMap<String, Zone>,
    /// Columns that are used only on request, with the reason.
    pub withheld: Vec<(String, String)>,
    /// The fields among them: a model trained on one can still read it.
    pub hidden: Vec<Field>,
}

impl Leads {
    /// Number of leads.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True if it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The lead of an id; an exact match comes first.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<u32> {
        self.ids.find(id).or_else(|| self.ids.find(&self.normalize?.apply(id)?))
    }

    /// Creation time of `lead`.
    #[must_use]
    pub fn created_at(&self, lead: u32) -> i64 {
        self.created.get(lead as usize).copied().unwrap_or(NO_TIME)
    }

    /// The field called `name`, withheld or not.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().chain(&self.hidden).find(|f| f.name == name)
    }

    /// Names of the fields that features can be made of, those with a history last.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|f| f.name.as_str()).chain(self.histories.iter().map(|h| h.name.as_str()))
    }

    /// A number per lead, equal for leads of one account in any part of the data; `None` if no account is
    /// declared, and leads are independent.
    #[must_use]
    pub fn clusters(&self) -> Option<Vec<u64>> {
        self.account.is_some().then(|| self.cluster_keys())
    }

    /// A number per lead over all data; a lead without an account has its own.
    #[must_use]
    pub fn cluster_keys(&self) -> Vec<u64> {
        let hasher = foldhash::quality::FixedState::with_seed(0);
        let account = |lead: u32| {
            let (codes, names) = self.account.as_ref()?;
            codes.get(lead as usize).filter(|c| **c != NONE).map(|c| names.get(*c))
        };
        let key = |lead: u32| match account(lead) {
            Some(account) => hasher.hash_one(("account", account)),
            None => hasher.hash_one(("lead", self.ids.get(lead))),
        };
        (0..self.len() as u32).map(key).collect()
    }

    /// Number of the group that rows of `lead` belong to when leads must not be split: its account, else itself.
    #[must_use]
    pub fn group(&self, lead: u32) -> u64 {
        match &self.account {
            Some((codes, _)) => match codes.get(lead as usize) {
                Some(code) if *code != NONE => u64::from(*code),
                _ => (1 << 32) | u64::from(lead),
            },
            None => u64::from(lead),
        }
    }
}
