//! Fields of the leads beside their scores.

use polars::prelude::*;

use super::columns::{frame, optional_texts, times, values_column};
use crate::error::{Error, Result};
use crate::journeys::{Leads, StringTable};
use crate::schema::NONE;
use crate::snapshot::{Row, Snapshot};

/// Names of columns that a table of leads gives to a role, and that can be asked for by the word of the role.
const ROLES: [&str; 3] = ["owner", "account", "created"];

/// Columns `fields` of the leads of these rows, by number: fields, withheld ones too, and the owner, account and time of
/// creation by these words. A field with a history has its value at the cutoff. A field with the name of a column of scores
/// is called `lead.<name>`.
///
/// # Errors
/// [`Error::UnknownName`] for a name that the leads do not have.
pub fn lead_fields_frame(snapshot: &Snapshot, fields: &[String], rows: &[usize]) -> Result<DataFrame> {
    let rows: Vec<&Row> = rows.iter().filter_map(|row| snapshot.rows.get(*row)).collect();
    if let Some(name) = fields.iter().enumerate().find_map(|(i, f)| fields.iter().take(i).any(|o| o == f).then_some(f))
    {
        return Err(Error::option("fields", format!("'{name}' is listed twice")));
    }
    let column = |name: &String| {
        let column = column(&snapshot.journeys.leads, name, &rows)?;
        Ok(column.with_name(field_name(name).into()))
    };
    frame(fields.iter().map(column).collect::<Result<_>>()?)
}

/// A table of scores with these columns after the ids; a column that the table has too moves there.
///
/// # Errors
/// As [`lead_fields_frame`].
pub fn with_lead_fields(scores: &DataFrame, snapshot: &Snapshot, fields: &[String]) -> Result<DataFrame> {
    let rows: Vec<usize> = (0..snapshot.len()).collect();
    let fields = lead_fields_frame(snapshot, fields, &rows)?;
    let is_new = |c: &&Column| fields.column(c.name()).is_err();
    let mut columns: Vec<Column> = scores.columns().iter().filter(is_new).cloned().collect();
    let first = columns.len().min(1);
    columns.splice(first..first, fields.columns().iter().cloned());
    frame(columns)
}

/// Columns of scores, besides the owner, which is a field.
const OF_SCORES: [&str; 20] = [
    "lead_id",
    "as_of",
    "probability",
    "low",
    "high",
    "score",
    "batch_percentile",
    "grade",
    "grid",
    "log_odds",
    "fit",
    "engagement",
    "sales",
    "time",
    "joint",
    "out_of_range",
    "outside",
    "value",
    "reasons",
    "in_words",
];

/// The name of a field's column beside scores.
pub(super) fn field_name(name: &str) -> String {
    if OF_SCORES.contains(&name) { format!("lead.{name}") } else { name.to_owned() }
}

fn column(leads: &Leads, name: &str, rows: &[&Row]) -> Result<Column> {
    let of_leads = || rows.iter().map(|row| row.lead).collect::<Vec<u32>>();
    if let Some(field) = leads.field(name) {
        return Ok(values_column(name, field.column.take(&of_leads())));
    }
    if let Some(history) = leads.histories.iter().find(|h| h.name == name) {
        let known = |r: &&Row| history.row_as_of(r.lead as usize, leads.created_at(r.lead), r.cutoff);
        // A row out of range is missing.
        let known: Vec<u32> = rows.iter().map(|r| known(r).unwrap_or(NONE)).collect();
        return Ok(values_column(name, history.values.take(&known)));
    }
    let texts = |(codes, names): &(Vec<u32>, StringTable)| {
        let text = |lead: u32| codes.get(lead as usize).filter(|c| **c != NONE).map(|c| names.get(*c).to_owned());
        optional_texts(name, rows.iter().map(|row| text(row.lead)))
    };
    let found = match name {
        "owner" => leads.owner.as_ref().map(texts),
        "account" => leads.account.as_ref().map(texts),
        "created" => Some(times(name, rows.iter().map(|row| leads.created_at(row.lead)))),
        _ => None,
    };
    found.ok_or_else(|| {
        let roles = ROLES.into_iter().filter(|role| match *role {
            "owner" => leads.owner.is_some(),
            "account" => leads.account.is_some(),
            _ => true,
        });
        let hidden = leads.hidden.iter().map(|f| f.name.as_str());
        Error::unknown("lead field", name, leads.field_names().chain(hidden).chain(roles))
    })
}
