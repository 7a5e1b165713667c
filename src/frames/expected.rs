//! The columns that each role names, announced before any file is read.

use super::files::{Tables, Wanted};
use crate::config::{Config, CutoffsSpec, EventsSpec, LeadsFrom, LookupSpec, StagesSpec, place_of};
use crate::error::Result;
use crate::schema::is_pattern;

impl Config {
    /// Registers with `tables` the columns that the roles use, and how their files are read.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] if two roles of one file contradict each other.
    pub fn expect(&self, tables: &mut Tables) -> Result<()> {
        let leads = &self.leads;
        let named = leads.roles().chain(&leads.include).chain(&leads.categories).chain(leads.common.columns());
        let wanted = match &leads.fields {
            Some(fields) => Wanted::named(named.chain(fields)),
            None => Wanted::all_but(named, leads.ignore.iter().filter(|entry| !is_pattern(entry))),
        };
        match &leads.from {
            Some(LeadsFrom::Tables(events)) => Self::expect_rows(events, &[], tables)?,
            Some(LeadsFrom::Events(_)) => {}
            None => {
                tables.expect(&leads.table, wanted, &leads.common.reading, "leads")?;
            }
        }
        if let Some(accounts) = &self.accounts {
            let wanted = match &accounts.fields {
                // Columns that were taken back are named elsewhere.
                Some(_) if self.leads.include.is_empty() => Wanted::named(accounts.columns()),
                _ => Wanted::all_but(accounts.columns(), []),
            };
            tables.expect(&accounts.table, wanted, &accounts.common.reading, "accounts")?;
        }
        for (i, fields) in self.fields.iter().enumerate() {
            let long = fields.name.is_some() && fields.value.is_some();
            let wanted = if long { Wanted::named(fields.columns()) } else { Wanted::all_but(fields.columns(), []) };
            let place = place_of("fields", i, self.fields.len());
            tables.expect(&fields.table, wanted, &fields.common.reading, &place)?;
            expect_lookups(fields.lead.lookups(), tables, &place)?;
        }
        Self::expect_rows(&self.events, &self.stages, tables)
    }

    /// As [`Config::expect`], for events and stages.
    ///
    /// # Errors
    /// As [`Config::expect`].
    pub fn expect_rows(events: &[EventsSpec], stages: &[StagesSpec], tables: &mut Tables) -> Result<()> {
        for (i, spec) in events.iter().enumerate() {
            let place = place_of("events", i, events.len());
            tables.expect(&spec.table, Wanted::named(spec.columns()), &spec.common.reading, &place)?;
            expect_lookups(spec.lookups(), tables, &place)?;
        }
        for (i, spec) in stages.iter().enumerate() {
            let place = place_of("stages", i, stages.len());
            tables.expect(&spec.table, Wanted::named(spec.columns()), &spec.common.reading, &place)?;
            expect_lookups(spec.lookups(), tables, &place)?;
        }
        Ok(())
    }
}

fn expect_lookups<'a>(
    lookups: impl IntoIterator<Item = &'a LookupSpec>,
    tables: &mut Tables,
    place: &str,
) -> Result<()> {
    let place = format!("{place}.lookup");
    lookups
        .into_iter()
        .try_for_each(|spec| tables.expect(&spec.table, Wanted::named(spec.columns()), &spec.reading, &place))
}

impl CutoffsSpec {
    /// Registers with `tables` the columns it uses, and how its file is read.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] if an option of reading is wrong.
    pub fn expect(&self, tables: &mut Tables) -> Result<()> {
        tables.expect(&self.table, Wanted::named(self.columns()), &self.common.reading, "cutoffs")
    }
}
