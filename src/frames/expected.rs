//! The columns that each role names, announced before any file is read.

use super::files::{Tables, Wanted};
use crate::config::{
    AccountsSpec, Config, CutoffsSpec, EventsSpec, FieldsSpec, LeadsFrom, LeadsSpec, LookupSpec, StagesSpec, place_of,
    within,
};
use crate::error::Result;

impl Config {
    /// Tells `tables` which columns the roles use, and how their files are read.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] if two roles of one file contradict each other.
    pub fn expect(&self, tables: &mut Tables) -> Result<()> {
        let leads = &self.leads;
        let named = leads.roles().chain(&leads.include).chain(&leads.categories).chain(leads.common.columns());
        let wanted = match &leads.fields {
            Some(fields) => Wanted::named(named.chain(fields)),
            None => Wanted::all_but(named, &leads.ignore),
        };
        match &leads.from {
            Some(LeadsFrom::Tables(events)) => Self::expect_rows(events, &[], tables)?,
            Some(LeadsFrom::Events(_)) => {}
            None => {
                let expected = tables.expect(&leads.table, wanted, &leads.common.reading);
                expected.map_err(|e| within::<LeadsSpec>(e, "leads"))?;
            }
        }
        if let Some(accounts) = &self.accounts {
            let wanted = match &accounts.fields {
                // Columns that were taken back are named elsewhere.
                Some(_) if self.leads.include.is_empty() => Wanted::named(accounts.columns()),
                _ => Wanted::all_but(accounts.columns(), []),
            };
            let expected = tables.expect(&accounts.table, wanted, &accounts.common.reading);
            expected.map_err(|e| within::<AccountsSpec>(e, "accounts"))?;
        }
        for (i, fields) in self.fields.iter().enumerate() {
            let long = fields.name.is_some() && fields.value.is_some();
            let wanted = if long { Wanted::named(fields.columns()) } else { Wanted::all_but(fields.columns(), []) };
            let expected = tables.expect(&fields.table, wanted, &fields.common.reading);
            let place = place_of("fields", i, self.fields.len());
            expected.map_err(|e| within::<FieldsSpec>(e, &place))?;
            expect_lookups(fields.lead.lookups(), tables).map_err(|e| within::<FieldsSpec>(e, &place))?;
        }
        Self::expect_rows(&self.events, &self.stages, tables)
    }

    /// As [`Config::expect`], for events and stages.
    ///
    /// # Errors
    /// As [`Config::expect`].
    pub fn expect_rows(events: &[EventsSpec], stages: &[StagesSpec], tables: &mut Tables) -> Result<()> {
        for (i, spec) in events.iter().enumerate() {
            let expected = tables.expect(&spec.table, Wanted::named(spec.columns()), &spec.common.reading);
            let expected = expected.and_then(|()| expect_lookups(spec.lookups(), tables));
            expected.map_err(|e| within::<EventsSpec>(e, &place_of("events", i, events.len())))?;
        }
        for (i, spec) in stages.iter().enumerate() {
            let expected = tables.expect(&spec.table, Wanted::named(spec.columns()), &spec.common.reading);
            let expected = expected.and_then(|()| expect_lookups(spec.lookups(), tables));
            expected.map_err(|e| within::<StagesSpec>(e, &place_of("stages", i, stages.len())))?;
        }
        Ok(())
    }
}

fn expect_lookups<'a>(lookups: impl IntoIterator<Item = &'a LookupSpec>, tables: &mut Tables) -> Result<()> {
    for spec in lookups {
        let expected = tables.expect(&spec.table, Wanted::named(spec.columns()), &spec.reading);
        expected.map_err(|e| within::<LookupSpec>(e, "lookup"))?;
    }
    Ok(())
}

impl CutoffsSpec {
    /// Tells `tables` which columns it uses, and how its file is read.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] if an option of reading is wrong.
    pub fn expect(&self, tables: &mut Tables) -> Result<()> {
        let expected = tables.expect(&self.table, Wanted::named(self.columns()), &self.common.reading);
        expected.map_err(|e| within::<Self>(e, "cutoffs"))
    }
}
