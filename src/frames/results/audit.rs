//! The audit as a table.

use polars::prelude::*;

use crate::audit::Audit;
use crate::error::Result;
use crate::frames::results::columns::{counts, frame, optional, optional_texts, texts};

/// Table of findings, the gravest first.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn audit_frame(audit: &Audit) -> Result<DataFrame> {
    let f = &audit.findings;
    frame(vec![
        optional_texts("field", f.iter().map(|x| x.field.clone())),
        texts("check", f.iter().map(|x| x.check.to_string())),
        texts("severity", f.iter().map(|x| x.severity.to_string())),
        counts("leads", f.iter().map(|x| x.leads)),
        texts("evidence", f.iter().map(|x| x.evidence.clone())),
        optional("p_value", f.iter().map(|x| x.p_value)),
        optional("q_value", f.iter().map(|x| x.q_value)),
        texts("remedy", f.iter().map(|x| x.remedy.clone())),
    ])
}
