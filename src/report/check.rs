//! The check of the input rows as text and HTML.

use super::body::{Body, Shown};
use super::markup::{self, HtmlCell, captioned, notes, sentence};
use crate::counted::counted;
use crate::journeys::{Check, Journeys, TableCheck};

/// The rows of an audit as text lines, with the remarks after them.
#[must_use]
pub fn check_text(journeys: &Journeys) -> String {
    let audit = journeys.check();
    let mut body = Body::new(journeys.describe());
    for t in &audit.tables {
        body.line(format!("{} as {}: {} read, {} used", t.table, t.role, counted(t.rows, "row", "rows"), t.used));
        if t.filtered > 0 {
            body.line(format!("    {} filtered by where=", t.filtered));
        }
        for (reason, q) in &t.quarantined {
            let example = q.examples.first().map(|(row, v)| format!(" (row {row}: {v})")).unwrap_or_default();
            body.line(format!("    {} quarantined: {reason}{example}", q.rows));
        }
        body.lines(t.notes().into_iter().map(|(what, n)| format!("    {n} noted: {what}")));
        body.lines(t.remarks.iter().map(|r| format!("    {r}")));
    }
    body.lines(audit.warnings.iter().map(|w| format!("warning: {w}")));
    body.lines(audit.remarks.iter().cloned());
    body.lines(audit.suspects.iter().map(|s| format!("suspect: {s}")));
    body.text()
}

/// The audit as text, and as HTML with one row per table, reason and note.
#[must_use]
pub fn check_shown(journeys: &Journeys) -> Shown {
    let audit = journeys.check();
    let (table, sentences) = (table(audit, Some(&journeys.describe())), sentences(audit));
    let notebook = format!("<div>{table}{}</div>", sentences.map(|s| sentence(&s)).collect::<String>());
    Shown { text: check_text(journeys), section: section(audit), notebook }
}

/// The audit as a section of a page.
pub(super) fn section(audit: &Check) -> String {
    markup::section("Input tables", &(table(audit, None) + &notes(sentences(audit))))
}

/// What became of the rows of each table.
fn table(audit: &Check, caption: Option<&str>) -> String {
    let rows: Vec<CheckLine> = audit.tables.iter().flat_map(lines).collect();
    let has_examples = rows.iter().any(|row| !row.example.is_empty());
    let cells = |row: CheckLine| {
        let rows = row.rows.map_or_else(String::new, |n| n.to_string());
        let mut cells = vec![HtmlCell::Words(row.table), HtmlCell::Words(row.what), HtmlCell::Text(rows)];
        cells.extend(has_examples.then_some(HtmlCell::Words(row.example)));
        cells
    };
    let header = ["table", "", "rows", "example"];
    let header = if has_examples { &header[..] } else { header.split_last().map_or(&header[..], |(_, rest)| rest) };
    captioned(caption, header, &rows.into_iter().map(cells).collect::<Vec<_>>())
}

/// A row of the table of an audit.
struct CheckLine {
    table: String,
    what: String,
    rows: Option<usize>,
    example: String,
}

fn lines(t: &TableCheck) -> Vec<CheckLine> {
    let line =
        |what: String, rows: Option<usize>| CheckLine { table: String::new(), what, rows, example: String::new() };
    let mut lines =
        vec![CheckLine { table: format!("{} as {}", t.table, t.role), ..line("read".into(), Some(t.rows)) }];
    lines.push(line("used".into(), Some(t.used)));
    if t.filtered > 0 {
        lines.push(line("filtered by where=".into(), Some(t.filtered)));
    }
    lines.extend(t.quarantined.iter().map(|(why, q)| {
        let example = q.examples.first().map(|(row, v)| format!("row {row}: {v}")).unwrap_or_default();
        CheckLine { example, ..line(format!("quarantined: {why}"), Some(q.rows)) }
    }));
    lines.extend(t.notes().into_iter().map(|(what, n)| line(format!("noted: {what}"), Some(n))));
    lines.extend(t.remarks.iter().map(|remark| line(remark.clone(), None)));
    lines
}

/// Warnings, suspects and remarks.
fn sentences(audit: &Check) -> impl Iterator<Item = String> {
    let warnings = audit.warnings.iter().map(|w| format!("Warning: {w}"));
    let suspects = audit.suspects.iter().map(|s| format!("Suspect: {s}"));
    warnings.chain(suspects).chain(audit.remarks.iter().cloned())
}
