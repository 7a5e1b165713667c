//! The audit of the input rows as text and HTML.

use super::body::{Body, Shown};
use super::markup::{HtmlCell, captioned, sentence};
use crate::counted::counted;
use crate::journeys::{Audit, Journeys, TableAudit};

/// The rows of an audit as text lines, with the remarks after them.
#[must_use]
pub fn check_text(journeys: &Journeys) -> String {
    let audit = journeys.audit();
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
    let audit = journeys.audit();
    let (table, sentences) = (table(audit, Some(&journeys.describe())), sentences(audit));
    let notebook = format!("<div>{table}{}</div>", sentences.map(|s| sentence(&s)).collect::<String>());
    Shown { text: check_text(journeys), section: super::html::audit(audit), notebook }
}

/// What became of the rows of each table.
pub(super) fn table(audit: &Audit, caption: Option<&str>) -> String {
    let rows: Vec<Vec<HtmlCell>> = audit.tables.iter().flat_map(lines).collect();
    captioned(caption, &["table", "", "rows", "example"], &rows)
}

fn lines(t: &TableAudit) -> Vec<Vec<HtmlCell>> {
    let row = |table: String, what: String, n: usize, example: String| {
        vec![HtmlCell::Words(table), HtmlCell::Words(what), HtmlCell::Text(n.to_string()), HtmlCell::Words(example)]
    };
    let plain = |what: String, n: usize| row(String::new(), what, n, String::new());
    let mut rows = vec![row(format!("{} as {}", t.table, t.role), "read".into(), t.rows, String::new())];
    rows.push(plain("used".into(), t.used));
    if t.filtered > 0 {
        rows.push(plain("filtered by where=".into(), t.filtered));
    }
    rows.extend(t.quarantined.iter().map(|(why, q)| {
        let example = q.examples.first().map(|(row, v)| format!("row {row}: {v}"));
        row(String::new(), format!("quarantined: {why}"), q.rows, example.unwrap_or_default())
    }));
    rows.extend(t.notes().into_iter().map(|(what, n)| plain(format!("noted: {what}"), n)));
    rows
}

/// Warnings, suspects and remarks.
pub(super) fn sentences(audit: &Audit) -> impl Iterator<Item = String> {
    let warnings = audit.warnings.iter().map(|w| format!("Warning: {w}"));
    let suspects = audit.suspects.iter().map(|s| format!("Suspect: {s}"));
    warnings.chain(suspects).chain(audit.tables.iter().flat_map(|t| &t.remarks).chain(&audit.remarks).cloned())
}
