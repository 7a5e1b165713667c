//! A whole declaration, read role by role.

use super::parse::{Fault, json_problem};
use super::place::{check, declared};
use super::{AccountsSpec, Config, EventsSpec, FieldsSpec, LeadsSpec, StagesSpec};

impl Config {
    /// Reads a declaration, looking at each role first.
    ///
    /// # Errors
    /// The first [`Fault`].
    pub fn declared(value: &serde_json::Value) -> std::result::Result<Self, Fault> {
        for role in ["events", "stages", "fields"] {
            if value.get(role).is_some_and(serde_json::Value::is_object) {
                return Err(Fault::new("", format!("{role} takes a list of tables; write [[{role}]]")));
            }
        }
        let given = |role: &str| value.get(role).filter(|given| !given.is_null());
        given("leads").map_or(Ok(()), |leads| check::<LeadsSpec>(leads, "leads"))?;
        given("accounts").map_or(Ok(()), |accounts| check::<AccountsSpec>(accounts, "accounts"))?;
        given("events").map_or(Ok(()), |all| declared::<EventsSpec>("events", all).map(drop))?;
        given("stages").map_or(Ok(()), |all| declared::<StagesSpec>("stages", all).map(drop))?;
        given("fields").map_or(Ok(()), |all| declared::<FieldsSpec>("fields", all).map(drop))?;
        serde_path_to_error::deserialize(value).map_err(|e| {
            let place = e.path().to_string();
            Fault::new(if place == "." { "" } else { &place }, json_problem(e.inner()))
        })
    }
}
