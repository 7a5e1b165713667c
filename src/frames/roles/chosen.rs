//! Columns that a list of names and patterns chooses.

use std::collections::BTreeSet;

use crate::error::{Error, Result, nearest};
use crate::schema::like;

/// The names out of `all` that the entries of the option `option=` choose; `place` is the table, and the column at fault.
///
/// # Errors
/// [`Error::Schema`] for an entry that chooses none.
pub(super) fn chosen<'a>(
    (table, column): (&str, Option<&str>),
    option: &str,
    entries: &[String],
    all: &[&'a str],
) -> Result<BTreeSet<&'a str>> {
    let mut chosen = BTreeSet::new();
    for entry in entries {
        let flags = like(entry, all);
        if !flags.contains(&true) {
            let near = nearest(entry, all.iter().copied());
            let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
            let problem = format!("{option}= contains '{entry}', which matches none of the table's fields{near}");
            return Err(Error::schema(table, column, problem));
        }
        chosen.extend(all.iter().zip(flags).filter(|(_, flag)| *flag).map(|(name, _)| *name));
    }
    Ok(chosen)
}
