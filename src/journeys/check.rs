//! The check: what happened to every input row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::counted::counted;
use crate::journeys::leakage::{Suspect, is_marked_number};

/// Rows of one table in one role that were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantine {
    /// How many.
    pub rows: usize,
    /// Row numbers (from 0) and the offending value of the first few.
    pub examples: Vec<(usize, String)>,
}

/// One table in one role: rows in = rows used + rows quarantined + rows filtered out by `where`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableCheck {
    /// Name of the table.
    pub table: String,
    /// `leads`, `events`, `stages`, `fields` or `accounts`.
    pub role: String,
    /// Rows read; a wide stage table counts once per stage column.
    pub rows: usize,
    /// Rows used.
    pub used: usize,
    /// Rows that `where` filters out.
    pub filtered: usize,
    /// Rows left out, by reason.
    pub quarantined: BTreeMap<String, Quarantine>,
    /// Notes: rows that are used, with something worth knowing, by description.
    pub noted: BTreeMap<String, usize>,
    /// Remarks: detected formats, zones, day resolution, columns withheld.
    pub remarks: Vec<String>,
    /// Earliest and latest time used, UTC microseconds.
    pub span: Option<(i64, i64)>,
    /// Columns of times that have whole days.
    pub days: BTreeSet<String>,
    /// Keys that were looked up in another table, by what they refer to: how many were not found, and how many in all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, (usize, usize)>,
    /// Cells other than numbers in numeric columns, by column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_numbers: BTreeMap<String, NotNumbers>,
}

/// Cells of a numeric column that are not numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotNumbers {
    /// How many.
    pub rows: usize,
    /// Cells that are not empty.
    pub known: usize,
    /// The first of them.
    pub example: Option<String>,
}

impl NotNumbers {
    fn merge(&mut self, later: Self) {
        self.rows += later.rows;
        self.known += later.known;
        self.example = self.example.take().or(later.example);
    }
}

impl fmt::Display for NotNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, known, example } = self;
        let are = if *rows == 1 { "is not a finite number" } else { "are not finite numbers" };
        let example = example.as_deref().unwrap_or_default();
        write!(f, "{rows} of {known} values {are} (first: '{example}')")?;
        if is_marked_number(example) {
            f.write_str("; set decimal= and thousands= of the table if its numbers are written with marks")?;
        }
        Ok(())
    }
}

/// Most examples of one reason.
const EXAMPLES: usize = 5;

impl TableCheck {
    /// A check of `rows` rows of `table`.
    #[must_use]
    pub fn new(table: &str, role: &str, rows: usize) -> Self {
        Self { table: table.to_owned(), role: role.to_owned(), rows, ..Self::default() }
    }

    /// Counts a row as left out because of `reason`.
    pub fn quarantine(&mut self, reason: &str, row: usize, value: impl FnOnce() -> String) {
        let entry =
            self.quarantined.entry(reason.to_owned()).or_insert_with(|| Quarantine { rows: 0, examples: Vec::new() });
        entry.rows += 1;
        if entry.examples.len() < EXAMPLES {
            entry.examples.push((row, value()));
        }
    }

    /// Adds the check of later rows of the same table.
    pub fn merge(&mut self, later: Self) {
        self.used += later.used;
        self.filtered += later.filtered;
        later.noted.iter().for_each(|(what, rows)| self.note(what, *rows));
        later.keys.iter().for_each(|(what, keys)| self.looked_up(what, *keys));
        for (column, cells) in later.not_numbers {
            self.not_numbers.entry(column).or_default().merge(cells);
        }
        for at in later.span.iter().flat_map(|(low, high)| [low, high]) {
            self.saw(*at);
        }
        for (reason, q) in later.quarantined {
            let entry = self.quarantined.entry(reason).or_insert_with(|| Quarantine { rows: 0, examples: Vec::new() });
            entry.rows += q.rows;
            let more = EXAMPLES.saturating_sub(entry.examples.len());
            entry.examples.extend(q.examples.into_iter().take(more));
        }
    }

    /// Counts a row that is used or skipped as intended, but worth knowing.
    pub fn note(&mut self, what: &str, rows: usize) {
        if rows > 0 {
            *self.noted.entry(what.to_owned()).or_default() += rows;
        }
    }

    /// Counts cells of a numeric column that are not numbers and are read as missing.
    pub fn not_numbers(&mut self, column: &str, cells: NotNumbers) {
        if cells.known > 0 {
            self.not_numbers.entry(column.to_owned()).or_default().merge(cells);
        }
    }

    /// Notes by description, including cells other than numbers.
    #[must_use]
    pub fn notes(&self) -> Vec<(String, usize)> {
        let noted = self.noted.iter().map(|(what, rows)| (what.clone(), *rows));
        let cells = self.not_numbers.iter().filter(|(_, cells)| cells.rows > 0).map(|(column, cells)| {
            let example = cells.example.as_deref().unwrap_or_default();
            (format!("{column}: not a finite number (first: '{example}'); read as missing"), cells.rows)
        });
        noted.chain(cells).collect()
    }

    /// Counts keys looked up in another table: how many were not found, and how many in all.
    pub fn looked_up(&mut self, what: &str, (unmatched, all): (usize, usize)) {
        if all > 0 {
            let keys = self.keys.entry(what.to_owned()).or_default();
            *keys = (keys.0 + unmatched, keys.1 + all);
        }
    }

    /// Rows left out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.quarantined.values().map(|q| q.rows).sum()
    }

    /// Likely mistakes: more rows left out than used, or more keys not found than found.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        // Duplicates are used once.
        let again: usize =
            self.quarantined.iter().filter(|(why, _)| why.starts_with("duplicate")).map(|(_, q)| q.rows).sum();
        let (used, left_out) = (self.used, self.left_out() - again);
        let most = self.quarantined.iter().map(|(why, q)| (why, q.rows)).max_by_key(|(_, rows)| *rows);
        let (table, role) = (&self.table, &self.role);
        if let Some((most, rows)) = most.filter(|_| left_out > used) {
            let n = used + left_out;
            warnings.push(format!(
                "table '{table}' ({role}): {used} of {} used; {} left out because of: {most}. Check the \
                 key columns",
                counted(n, "row is", "rows are"),
                counted(rows, "was", "were")
            ));
        }
        if used == 0 && self.filtered > 0 {
            warnings.push(format!(
                "table '{table}' ({role}): no rows are left of {} read: {} filtered by where=, {left_out} quarantined. \
                 Check where=",
                self.rows, self.filtered
            ));
        }
        for (what, (unmatched, all)) in self.keys.iter().filter(|(_, (unmatched, all))| 2 * unmatched > *all) {
            let found = all - unmatched;
            warnings.push(format!(
                "table '{table}' ({role}): {what}: {found} of {} found. Check the key columns",
                counted(*all, "key is", "keys are")
            ));
        }
        for (column, cells) in
            self.not_numbers.iter().filter(|(_, cells)| 2 * cells.rows >= cells.known && cells.rows > 0)
        {
            warnings.push(format!("table '{table}' ({role}): {column}: {cells}"));
        }
        warnings
    }

    /// Extends the span of times used.
    pub fn saw(&mut self, at: i64) {
        self.span = Some(match self.span {
            Some((low, high)) => (low.min(at), high.max(at)),
            None => (at, at),
        });
    }
}

/// The checks of all tables, and remarks on the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// One entry per table and role, in order of declaration.
    pub tables: Vec<TableCheck>,
    /// Remarks on the whole: end of observation, times that tie, outcomes.
    pub remarks: Vec<String>,
    /// Fields that look like leaks or misread types.
    pub suspects: Vec<Suspect>,
    /// Likely mistakes: tables that rarely match, or end early.
    pub warnings: Vec<String>,
}
