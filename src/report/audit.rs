//! The audit of a training set as text and HTML.

use super::body::{Body, Show};
use super::numbers::scientific;
use crate::audit::{Audit, Finding, Severity};
use crate::counted::counted;

/// A heading of findings of one severity.
fn heading(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical: tests show that these fields hold what came after the cutoff",
        Severity::Suspect => {
            "Suspect: rules apply to these fields; someone who knows the data must say whether they leak"
        }
        Severity::Warning => "Warnings",
    }
}

impl Show for Audit {
    const TITLE: &'static str = "Audit of the training set";

    fn body(&self) -> Body {
        let mut body = Body::new(format!(
            "Audit: {} in {} ({} positive), {}, {} at level {}",
            counted(self.findings.len(), "finding", "findings"),
            counted(self.leads, "lead", "leads"),
            self.positives,
            counted(self.fields.len(), "field", "fields"),
            counted(self.tests, "test", "tests"),
            self.spec.alpha
        ));
        for findings in self.findings.chunk_by(|a, b| a.severity == b.severity) {
            if let Some(first) = findings.first() {
                body.heading(heading(first.severity).to_owned());
            }
            let row = |f: &Finding| {
                vec![
                    f.field.clone().unwrap_or_else(|| "–".to_owned()),
                    f.check.to_string(),
                    f.evidence.clone(),
                    f.q_value.map_or_else(|| "–".to_owned(), scientific),
                    f.remedy.clone(),
                ]
            };
            body.table(&["field", "check", "evidence", "q", "what to do"], findings.iter().map(row).collect());
        }
        body.remarks(&self.remarks);
        body
    }
}
