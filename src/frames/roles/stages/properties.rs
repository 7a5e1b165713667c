//! Properties of stage entries: currency, reason, rep, and the stage before.

use std::collections::BTreeSet;

use super::entries::Entries;
use crate::config::StagesSpec;
use crate::frames::columns::text::TextColumn;
use crate::frames::dictionaries::Dictionaries;
use crate::frames::roles::events::pick;
use crate::journeys::TableCheck;
use crate::schema::NONE;

/// A property of some rows of a table: its number, and a code per row.
pub(super) fn read_prop(texts: &TextColumn, name: &str, rows: &[u32], dict: &mut Dictionaries) -> (usize, Vec<u32>) {
    let number = dict.prop(name);
    let codes = dict.props.get_mut(number).map(|(_, levels)| texts.intern(levels)).unwrap_or_default();
    (number, pick(codes, rows))
}

/// What to say of amounts in several currencies.
pub(super) fn mixed_currencies(
    (prop, codes): &(usize, Vec<u32>),
    amounts: &[f64],
    dict: &Dictionaries,
) -> Option<String> {
    let known = codes.iter().zip(amounts).filter(|(code, amount)| **code != NONE && !amount.is_nan());
    let used: BTreeSet<u32> = known.map(|(code, _)| *code).collect();
    let (_, names) = dict.props.get(*prop)?;
    let some: Vec<&str> = used.iter().take(5).map(|code| names.get(*code)).collect();
    (used.len() > 1).then(|| {
        let list = some.join(", ");
        format!(
            "amounts are in {} currencies ({list}) and are added without conversion; convert them first",
            used.len()
        )
    })
}

/// Counts entries whose column of the stage before, `said`, is not the stage the log had before.
pub(super) fn check_previous(
    said: &[Option<String>],
    spec: &StagesSpec,
    entries: &Entries,
    dict: &Dictionaries,
    audit: &mut TableCheck,
) {
    let rows = &entries.rows;
    let mut order: Vec<usize> = (0..entries.used.len()).collect();
    let owner = |i: usize| (rows.lead.get(i).copied(), entries.deals.get(i).copied());
    order.sort_by_key(|i| (owner(*i), rows.at.get(*i).copied(), rows.order.get(*i).copied()));
    let mut before: Option<usize> = None;
    let mut differs = 0;
    for i in order {
        let last = before.filter(|b| owner(*b) == owner(i)).and_then(|b| rows.kind.get(b));
        let said = entries.used.get(i).and_then(|row| said.get(*row as usize)?.as_deref());
        let said = said.map(|s| spec.names.name("stage", s).unwrap_or(s));
        if let (Some(last), Some(said)) = (last.and_then(|k| dict.kinds.get(*k as usize)), said)
            && last.plain != said
        {
            differs += 1;
        }
        before = Some(i);
    }
    audit.note("previous stage differs from the log", differs);
}
